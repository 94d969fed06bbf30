"""A BrainScaleS-2 chip in software: its deviations, its circuits and sensors, on the bench and in runs."""
