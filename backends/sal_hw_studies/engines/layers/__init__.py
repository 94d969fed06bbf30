"""Layer engine: stacks of layers of stochastic neurons, and the spike pairs that align their feedback weights."""

from sal_hw_studies.engines.layers.learning import LayerLearning
from sal_hw_studies.engines.layers.model import LayerModel, exponential_window
from sal_hw_studies.engines.layers.simulate import ChainResult, simulate
from sal_hw_studies.engines.layers.state import ChainState

__all__ = ["ChainResult", "ChainState", "LayerLearning", "LayerModel", "exponential_window", "simulate"]
