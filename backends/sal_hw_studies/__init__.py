"""Studies: experiments of the literature that have an engine of their own instead of a network."""
