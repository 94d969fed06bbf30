"""Synapses (pynn-brainscales, brainscales2/pynn_brainscales/brainscales2/standardmodels/synapses.py; PyNN)."""

from __future__ import annotations

from pynn_brainscales.brainscales2.plasticity_rules import PlasticityRule


class StaticSynapse:
    """A synapse whose weight stays."""

    plasticity_rule: PlasticityRule | None = None

    def __init__(self, weight: float = 0.0, delay: float = 0.0) -> None:
        if delay != 0:
            raise ValueError("Setting the delay unequal 0 is not supported.")
        self.weight = weight


class PlasticSynapse(StaticSynapse):
    """A synapse that a rule changes."""

    def __init__(self, weight: float = 0.0, delay: float = 0.0, plasticity_rule: PlasticityRule | None = None) -> None:
        super().__init__(weight=weight, delay=delay)
        self.plasticity_rule = plasticity_rule
