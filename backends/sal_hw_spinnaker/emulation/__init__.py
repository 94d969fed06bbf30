"""Both machines in software, number for number."""
