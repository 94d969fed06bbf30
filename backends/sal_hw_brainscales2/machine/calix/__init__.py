"""Calibrations by calix: what they are asked for, and what they tell."""
