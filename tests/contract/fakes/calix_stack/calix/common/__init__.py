"""calix, src/py/calix/common."""
