"""What kinds of machines offer, as data."""
