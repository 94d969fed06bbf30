"""What stands for the compiled modules of the BrainScaleS-2 software."""
