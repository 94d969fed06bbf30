"""Runs in chunks, between which the host learns."""
