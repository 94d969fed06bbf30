"""Learning rules as small integer programs, with the arithmetic of a chip's plasticity processor."""
