"""Microcircuit engine: pyramidal neurons with two dendrites, interneurons, and learning at both dendrites."""

from sal_hw_studies.engines.microcircuit.model import MicrocircuitModel, Phase
from sal_hw_studies.engines.microcircuit.simulate import show_pattern
from sal_hw_studies.engines.microcircuit.state import MicrocircuitState, split_weights

__all__ = ["MicrocircuitModel", "MicrocircuitState", "Phase", "show_pattern", "split_weights"]
