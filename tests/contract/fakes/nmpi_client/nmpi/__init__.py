"""Stands for the client of the neuromorphic platform's queue: hbp-neuromorphic-platform 0.11.2, nmpi/__init__.py."""
