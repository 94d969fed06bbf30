"""Cells (pynn-brainscales, brainscales2/pynn_brainscales/brainscales2/standardmodels/cells.py)."""

from __future__ import annotations

from typing import Any

#: events per second of a background generator at most (cells.py: background_source_clock_freq)
CLOCK_HZ = 125e6


class HXNeuron:
    """A neuron circuit; without parameters, it takes its settings from setup()'s initial_config."""

    recordable = ("spikes", "v", "exc_synin", "inh_synin", "adaptation")

    def __init__(self, **parameters: Any) -> None:
        if parameters:
            raise KeyError(f"no parameters of a circuit: {sorted(parameters)}")

    def check(self, size: int) -> None:
        """Accept any size."""


class SpikeSourcePoissonOnChip:
    """A background generator: one rate (hardware Hz) and one seed for all trains."""

    recordable = ("spikes",)

    def __init__(self, rate: float, seed: int) -> None:
        if not isinstance(rate, float) or not isinstance(seed, int) or not 0 < seed < 2**32:
            raise TypeError("a generator has one rate and one seed of 32 bits that is not 0")
        self.rate, self.seed = rate, seed

    def check(self, size: int) -> None:
        """Refuse sizes that the generator's mask cannot tell apart, and rates that it does not reach."""
        if size > 256 or size & (size - 1):
            raise RuntimeError("Placement unsuccessful.")
        if self.rate * size > CLOCK_HZ:
            raise RuntimeError("The chosen Poisson rate can not be realized on hardware.")


class SpikeSourceArray:
    """Given spikes, in hardware ms, one list per neuron."""

    recordable = ("spikes",)

    def __init__(self, spike_times: list[list[float]]) -> None:
        self.spike_times = spike_times

    def check(self, size: int) -> None:
        """Refuse lists that do not fit."""
        if len(self.spike_times) != size or any(list(each) != sorted(each) for each in self.spike_times):
            raise ValueError("spike_times: one list per neuron, in order")
