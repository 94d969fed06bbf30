"""Networks (grenade, include/grenade/vx/network: plasticity_rule.h, background_source_population.h, network_graph.h).

What one is made of besides is between grenade and hxtorch, so that it is plain here: a list of what was added.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

from dlens_vx_v3 import halco
from dlens_vx_v3.hal import BackgroundSpikeSource
from dlens_vx_v3.halco import HemisphereOnDLS, PADIBusOnPADIBusBlock, Ranged

from pygrenade_vx.common import ExecutionInstanceID
from pygrenade_vx.network import routing

__all__ = ["BackgroundSourcePopulation", "NetworkBuilder", "NetworkGraph", "PlasticityRule", "routing"]


class Closed:
    """An object of C++: no attributes but those that it has, of the types that they have."""

    def __setattr__(self, name: str, value: Any) -> None:
        kind = type(self).fields.get(name)
        if kind is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if not isinstance(value, kind):
            raise TypeError(f"{name}: incompatible function arguments: {type(value).__name__}")
        object.__setattr__(self, name, value)

    fields: ClassVar[dict[str, type]] = {}


class PlasticityRule(Closed):
    """A kernel and when it runs."""

    class ID(Ranged):
        """Rules of one identity share their state."""

    class Timer(Closed):
        """When."""

        class Value(Ranged):
            """Cycles of the processors."""

            highest = 2**64 - 1

        fields: ClassVar[dict[str, type]] = {"start": Value, "period": Value, "num_periods": int}

    fields: ClassVar[dict[str, type]] = {
        "timer": Timer,
        "kernel": str,
        "id": ID,
        "projections": tuple,
        "populations": tuple,
    }

    def __init__(self) -> None:
        self.timer, self.kernel, self.id = PlasticityRule.Timer(), "", PlasticityRule.ID()
        self.projections, self.populations = (), ()


class BackgroundSourcePopulation:
    """Trains of a generator."""

    class Neuron:
        """A train."""

        def __init__(self, enable_record_spikes: bool = False) -> None:
            self.enable_record_spikes = enable_record_spikes

    class Config(Closed):
        """Settings of the generator."""

        fields: ClassVar[dict[str, type]] = {
            "period": BackgroundSpikeSource.Period,
            "rate": BackgroundSpikeSource.Rate,
            "seed": BackgroundSpikeSource.Seed,
            "enable_random": bool,
        }

    def __init__(self, neurons: list[Neuron], coordinate: dict[Any, Any], config: Config) -> None:
        fits = all(isinstance(each, BackgroundSourcePopulation.Neuron) for each in neurons)
        for half, bus in coordinate.items():
            fits &= isinstance(half, HemisphereOnDLS) and isinstance(bus, PADIBusOnPADIBusBlock)
        if not fits or not isinstance(config, BackgroundSourcePopulation.Config):
            raise TypeError("__init__(): incompatible constructor arguments")
        self.neurons, self.coordinate, self.config = neurons, coordinate, config


class NetworkBuilder:
    """Takes the parts of a network; parts are known by their number."""

    def __init__(self) -> None:
        self.parts: list[Any] = []

    def add(self, part: Any, instance: ExecutionInstanceID) -> int:
        """Add a part."""
        if not isinstance(instance, ExecutionInstanceID):
            raise TypeError("add(): incompatible function arguments")
        self.parts.append(part)
        return len(self.parts) - 1


class NetworkGraph:
    """A placed network; hxtorch keeps the one that ran."""

    def __init__(self, places: dict[int, list[list[tuple[int, int, int]]]]) -> None:
        self.places = places

    def get_placed_connections(self, descriptor: int) -> list[list[Any]]:
        """Return the synapses of each connection, in the order of the connections."""
        return [
            [
                SimpleNamespace(
                    weight=None,
                    synapse_row=halco.SynapseRowOnDLS(halco.SynapseRowOnSynram(row), halco.SynramOnDLS(half)),
                    synapse_on_row=halco.SynapseOnSynapseRow(column),
                )
                for half, row, column in synapses
            ]
            for synapses in self.places[descriptor]
        ]
