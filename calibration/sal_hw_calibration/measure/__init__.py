"""One module per group of quantities: each runs networks on a bench and returns tables."""
