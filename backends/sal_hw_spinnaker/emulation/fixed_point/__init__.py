"""LIF neurons and pair STDP in whole numbers, as digital machines with 16-bit synaptic words compute them."""
