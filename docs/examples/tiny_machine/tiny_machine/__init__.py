"""A made-up machine: sixteen LIF neurons, and weights that end at 1 mV."""
