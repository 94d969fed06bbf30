"""A stand-in; see ``fake_machine.py``."""
