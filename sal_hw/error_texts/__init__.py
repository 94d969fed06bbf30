"""Title, text and example of every error code."""
