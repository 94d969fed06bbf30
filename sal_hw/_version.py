"""The version of sal-hw, in one place."""

__version__ = "0.1.0"
