"""What a user does, as functions: load, check, compile, run, import; the Python interface."""
