"""State of a simulation (pynn-brainscales, brainscales2/pynn_brainscales/brainscales2/simulator.py: class State)."""

from __future__ import annotations

from typing import Any


class State:
    """What has been described and run since setup().

    As in grenade's ``network/abstract/frontend``, an element's input data are made once, and again only if the element
    was changed: by PREPARE, which ends at time 0, and by the run.
    """

    def __init__(self) -> None:
        self.populations: list[Any] = []
        self.projections: list[Any] = []
        self.plasticity_rules: list[Any] = []
        self.neuron_permutation: list[int] = list(range(512))
        self.background_permutation: list[int] = [0, 1, 2, 3]
        self.initial_config: Any = None
        self.injected_config: Any = None
        self.injected_readout: Any = None
        self.sites: dict[Any, list[int]] = {}
        self.prepared = False
        self.running = False
        self.runtime = 0.0
        self.ppu_symbols_read: dict[Any, Any] = {}
        self.execution_instance_data: Any = None

    def fill(self, end: float) -> None:
        """Make the input data of changed elements for a snippet from 0 to `end`, in ms."""
        for element in (*self.populations, *self.projections, *self.plasticity_rules):
            if element.changed_input_data:
                element.add_to_input_data(0.0, end)
                element.changed_input_data = False


state: State | None = None


def current() -> State:
    """Return the state; without setup() there is none, and the vendor's code fails on None."""
    if state is None:
        raise AttributeError("'NoneType' object has no attribute 'grenade_experiment'")
    return state
