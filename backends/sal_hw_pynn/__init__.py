"""Reference simulators through PyNN: Brian2 and NEST, with standard cells, standard synapses and their pair STDP."""
