# ruff: noqa: N999 - the name is given
"""A stand-in; see ``fake_machine.py``."""
