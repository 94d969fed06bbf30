"""The ``sweep`` study: one recipe run many times, with overrides and seeds of its members."""
