"""What the user wants, in model units; no hardware words."""
