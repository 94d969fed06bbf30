"""Sampling engine: networks of stochastic neurons in discrete time, with pair sums and state counts."""

from sal_hw_emulator.engines.sampling.model import PairWindow, SamplingModel, SamplingStatistics
from sal_hw_emulator.engines.sampling.simulate import choose_algorithm, simulate
from sal_hw_emulator.engines.sampling.state import SamplingState

__all__ = [
    "PairWindow",
    "SamplingModel",
    "SamplingState",
    "SamplingStatistics",
    "choose_algorithm",
    "simulate",
]
