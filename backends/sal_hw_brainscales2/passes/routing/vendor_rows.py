"""Rows and drivers as the vendor's greedy router takes them, as far as this can be told before it runs.

Its rule (grenade, ``src/grenade/vx/network/routing/greedy``: ``routing_builder.cpp``, place_routed_connections;
``source_on_padi_bus_manager.cpp`` and ``detail/source_on_padi_bus_manager.{cpp,tcc}``; halco, ``neuron.cpp`` and
``synapse_driver.cpp``, for which columns share an output and which rows are a driver's):

* Sources of a bus come in groups: the neurons of one event output, which are those of some columns on both
  hemispheres, or the trains of one generator, at most as many as there are labels. A group has drivers of its own on
  each hemisphere, which no other group shares.
* The rows of a group's drivers, in order, are first for excitatory connections and then for inhibitory ones, as many
  as the busiest target needs of each.
* The k-th connection of a target, by projection and then by source, takes the k-th row of its sign. A row is not one of
  a source.
* The buses take turns among a hemisphere's drivers: driver d of bus b has the rows 2 (d buses + b) and the one after.

Which of a bus's drivers a group gets is searched for by label (``vendor_drivers.py``), which is followed here up to a
bound. What inputs from outside get depends on how full all buses are, and is not told: their rows, and those of others
beside them, are known when the router has run only.
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
    return np.asarray((-(-rows_needed(connections, grid).sum(axis=2) // ROWS_PER_DRIVER)).sum(axis=0).T)


def rows_needed(connections: Iterable[Connections], grid: Grid) -> NDArray[np.int64]:
    """Return the rows of each group, by output of the bus, bus, sign, and the targets' hemisphere."""
    outputs, targets = grid.columns // grid.columns_per_output // grid.buses, grid.hemispheres * grid.columns
    # by target besides
    degree = np.zeros((outputs, grid.buses, len(SIGNS), targets), dtype=np.int64)
    for part in connections:
        groups = group_of(part.sources, grid)
        for group in {(int(a), int(b)) for a, b in zip(*groups, strict=True)}:
            mine = (groups[0] == group[0]) & (groups[1] == group[1])
            # a target is there once
            degree[(*group, SIGNS[part.polarity])][part.targets] += part.exists[mine].sum(axis=0)
    return np.asarray(degree.reshape((*degree.shape[:3], grid.hemispheres, grid.columns)).max(axis=4))


def group_of(sites: NDArray[np.int64], grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the group of neurons: which of a bus's outputs their spikes leave by, and the bus."""
    output, bus = np.divmod(sites % grid.columns // grid.columns_per_output, grid.buses)
    return output, bus


def generator_drivers(trains: int, grid: Grid) -> int:
    """Return the drivers of a generator whose trains have a synapse of each sign at most onto one neuron each."""
    return -(-trains // grid.labels)


def lacks_drivers(connections: Sequence[Connections], generators: Mapping[int, int], grid: Grid) -> bool:
    """Return whether there are fewer drivers than synapses need, whatever labels the router finds for them.

    Parameters
    ----------
    generators
        As :func:`why_too_full` takes them.
    """
    taken = neuron_drivers(connections, grid)
    few = len(generators) <= grid.buses
    return bool((taken > grid.drivers).any()) or (few and choose_buses(taken, generators, grid, by_label=False) is None)


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
    return (
        f"no buses have drivers left for {len(generators)} generators, each of which takes some of one bus on both "
        f"hemispheres; the neurons' synapses take {needs}, {_HAS}"
    )


def choose_buses(
    taken: NDArray[np.int64], generators: Mapping[int, int], grid: Grid, *, by_label: bool = True
) -> dict[int, int] | None:
    """Return a bus for each generator, as often as possible its own; None if they do not fit on any.

    Through PyNN no two of them have the same bus, whatever their hemisphere: there is one of each on both (grenade,
    greedy_placer.cpp). Where it has no synapses, its labels still take the drivers of the same numbers from all others,
    since no mask of these lets others through alone.

    Parameters
    ----------
    taken
        Of :func:`neuron_drivers`.
    generators
        As :func:`why_too_full` takes them.
    by_label
        Whether drivers count that labels without synapses take.
    """
    wanted = [number % grid.buses for number in generators]

    def others(chosen: tuple[int, ...]) -> tuple[int, list[bool]]:
        differ = [bus != own for bus, own in zip(chosen, wanted, strict=True)]
        return sum(differ), differ

    for chosen in sorted(permutations(range(grid.buses), len(generators)), key=others):
        more = np.zeros_like(taken)
        for bus, (number, trains) in zip(chosen, generators.items(), strict=True):
            halves = slice(None) if by_label else number // grid.buses
            more[halves, bus] += generator_drivers(trains, grid)
        if (taken[:, chosen] + more[:, chosen] <= grid.drivers).all():
            return dict(zip(generators, chosen, strict=True))
    return None
