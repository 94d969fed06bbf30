"""Timers and rules (pynn-brainscales, brainscales2/pynn_brainscales/brainscales2/plasticity_rules.py)."""

from __future__ import annotations

from enum import Enum, auto
from math import ceil
from typing import Any

from pynn_brainscales.brainscales2 import simulator


class Timer:
    """When a rule runs; hardware ms."""

    def __init__(self, **parameters: Any) -> None:
        self.start, self.period = parameters.pop("start"), parameters.pop("period")
        self.num_periods = parameters.pop("num_periods")
        if parameters:
            raise TypeError(f"no such parameters of a timer: {sorted(parameters)}")

    def periods_until(self, begin: float, end: float) -> int:
        """Return how often it runs in a snippet (method to_grenade)."""
        before = ceil(max(begin - self.start, 0) / self.period)
        return int(min(self.num_periods, ceil(max(end - self.start, 0) / self.period) - before))


class ObservablePerSynapse:
    """A number per synapse and update (grenade, network/abstract/plasticity_rule.h)."""

    class Type(Enum):
        """Of the number."""

        int8, uint8, int16, uint16 = auto(), auto(), auto(), auto()

    class LayoutPerRow(Enum):
        """How a row is stored."""

        complete_rows, packed_active_columns = auto(), auto()

    def __init__(self, kind: Type, layout: LayoutPerRow) -> None:
        if not isinstance(kind, ObservablePerSynapse.Type) or not isinstance(layout, ObservablePerSynapse.LayoutPerRow):
            raise TypeError("__init__(): incompatible constructor arguments")


class PlasticityRule:
    """Base of rules."""

    ObservablePerSynapse = ObservablePerSynapse

    def __init__(self, timer: Timer, observables: dict[str, Any] | None = None, same_id: int = 0) -> None:
        if not isinstance(timer, Timer):
            raise TypeError("a rule takes a timer")
        self._timer, self.observables, self.same_id = timer, dict(observables or {}), same_id
        self.changed_input_data = True
        self.projections: list[Any] = []
        self.periods = 0
        self.recording: dict[str, list[Any]] | None = None
        simulator.current().plasticity_rules.append(self)

    @property
    def timer(self) -> Timer:
        """Return the timer; who has it might change it."""
        self.changed_input_data = True
        return self._timer

    @timer.setter
    def timer(self, timer: Timer) -> None:
        self._timer, self.changed_input_data = timer, True

    def generate_kernel(self) -> str:
        """Return an empty kernel, in place of which a rule has its own."""
        return "template <size_t N> void PLASTICITY_RULE_KERNEL(std::array<SynapseArrayViewHandle, N>&) {}"

    def add_to_input_data(self, begin: float, end: float) -> None:
        """Make the timer's periods of a snippet."""
        self.periods = self._timer.periods_until(begin, end)
