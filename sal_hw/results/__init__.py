"""What a run gave, and the folder that it is kept in."""
