"""Self-contained Python files that run a program with the vendor's software."""
