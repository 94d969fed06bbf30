"""Checks that look at more than one field."""
