"""Learning rules as C++ for the plasticity processors."""
