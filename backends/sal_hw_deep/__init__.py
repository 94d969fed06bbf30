"""Deep classifiers whose feedback weights are aligned by spiking neurons, beside other ways of weight transport."""
