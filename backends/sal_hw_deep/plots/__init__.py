"""Figures of deep classifiers."""
