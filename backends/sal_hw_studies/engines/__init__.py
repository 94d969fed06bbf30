"""Engines of studies: compiled loops and exact calculations."""
