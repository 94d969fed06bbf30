"""Rows and drivers as the vendor's greedy router takes them, as far as this can be told before it runs.

Its rule (grenade, ``src/grenade/vx/network/routing/greedy``: ``routing_builder.cpp``, place_routed_connections;
``source_on_padi_bus_manager.cpp`` and ``detail/source_on_padi_bus_manager.{cpp,tcc}``):

* Sources of a bus come in groups: the neurons of one hemisphere, or the trains of one generator, at most as many as
  there are labels. A group has drivers of its own on each hemisphere, which no other group shares.
* The rows of a group's drivers, in order, are first for excitatory connections and then for inhibitory ones, as many
  as the busiest target needs of each.
* The k-th connection of a target, by projection and then by source, takes the k-th row of its sign. A row is not one of
  a source.

Which of a bus's drivers a group gets depends on labels that the router searches for, so that the rows themselves are
known when it has run only. It may also find no labels that keep many groups of one bus apart, or no drivers that are
left for inputs from outside; that is not told here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from sal_hw.spec.signs import Polarity
from sal_hw_brainscales2.passes.routing.rows import ROWS_PER_DRIVER, SIGNS, Grid

_HAS = "of 32 that a bus has, drivers of their own for each (grenade, routing/greedy)"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Connections:
    """Connections of one sign between neurons.

    Attributes
    ----------
    sources, targets
        Sites of neurons.
    exists
        Shape (sources, targets): which ones there are.
    """

    polarity: Polarity
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    exists: NDArray[np.bool_]


def neuron_drivers(connections: Iterable[Connections], grid: Grid) -> NDArray[np.int64]:
    """Return the drivers that groups of neurons take of each bus, shape (hemispheres, buses)."""
    # by the sources' hemisphere and bus, by sign, and by target
    degree = np.zeros(
        (grid.hemispheres, grid.buses, len(SIGNS), grid.hemispheres * grid.columns),
        dtype=np.int64,
    )
    for part in connections:
        half, bus = part.sources // grid.columns, np.array([grid.bus_of(int(site)) for site in part.sources])
        for group in {(int(a), int(b)) for a, b in zip(half, bus, strict=True)}:
            mine = (half == group[0]) & (bus == group[1])
            # a target is there once
            degree[(*group, SIGNS[part.polarity])][part.targets] += part.exists[mine].sum(axis=0)
    shape = (grid.hemispheres, grid.buses, len(SIGNS), grid.hemispheres, grid.columns)
    rows = degree.reshape(shape).max(axis=4).sum(axis=2)
    return np.asarray((-(-rows // ROWS_PER_DRIVER)).sum(axis=0).T)


def generator_drivers(trains: int, grid: Grid) -> int:
    """Return the drivers of a generator whose trains have a synapse of each sign at most onto one neuron each."""
    return -(-trains // grid.labels)


def why_too_full(connections: Sequence[Connections], generators: Mapping[int, int], grid: Grid) -> str:
    """Return which bus lacks drivers, in words; empty if all have room.

    Parameters
    ----------
    generators
        Trains of each, by its number (``hemisphere * buses + bus``).
    """
    taken = neuron_drivers(connections, grid)
    half, bus = np.unravel_index(int(taken.argmax()), taken.shape)
    if taken[half, bus] > grid.drivers:
        return f"the neurons' synapses need {taken[half, bus]} drivers of bus {bus} of hemisphere {half}, {_HAS}"
    if len(generators) > grid.buses or choose_buses(taken, generators, grid) is not None:
        return ""
    needs = ", ".join(f"bus {bus} of hemisphere {half}: {taken[half, bus]}" for half, bus in np.argwhere(taken))
    return f"no buses have drivers left for {len(generators)} generators; the neurons' synapses take {needs}, {_HAS}"


def choose_buses(taken: NDArray[np.int64], generators: Mapping[int, int], grid: Grid) -> dict[int, int] | None:
    """Return a bus for each generator, as often as possible its own; None if they do not fit on any.

    Through PyNN no two of them have the same bus, whatever their hemisphere (grenade, greedy_placer.cpp).

    Parameters
    ----------
    taken
        Of :func:`neuron_drivers`.
    generators
        As :func:`why_too_full` takes them.
    """
    wanted = [number % grid.buses for number in generators]

    def others(chosen: tuple[int, ...]) -> tuple[int, list[bool]]:
        differ = [bus != own for bus, own in zip(chosen, wanted, strict=True)]
        return sum(differ), differ

    for chosen in sorted(permutations(range(grid.buses), len(generators)), key=others):
        drivers = {
            (number // grid.buses, bus): generator_drivers(trains, grid)
            for bus, (number, trains) in zip(chosen, generators.items(), strict=True)
        }
        if all(taken[place] + more <= grid.drivers for place, more in drivers.items()):
            return dict(zip(generators, chosen, strict=True))
    return None
