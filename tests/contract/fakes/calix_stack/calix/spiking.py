"""calix, src/py/calix/spiking/__init__.py: the target and the options come from pyccalix."""

from pyccalix import SpikingCalibOptions, SpikingCalibTarget

__all__ = ["SpikingCalibOptions", "SpikingCalibTarget"]
