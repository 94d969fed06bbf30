"""Experiment protocols over any backend, and their metrics."""
