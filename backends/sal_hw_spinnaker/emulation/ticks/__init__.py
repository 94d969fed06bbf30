"""LIF neurons tick by tick in single precision with whole-number weights, as SpiNNaker2 computes them."""
