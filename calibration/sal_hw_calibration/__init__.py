"""Calibration of chips: an instrument is driven through measurements, and what they say becomes a snapshot."""
