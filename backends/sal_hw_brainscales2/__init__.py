"""BrainScaleS-2: what the chip offers, and how programs are made for it."""
