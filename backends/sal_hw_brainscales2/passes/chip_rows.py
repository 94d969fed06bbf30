"""Where the vendor's router puts synapses on the chip, in words; rows of the program itself are the emulator's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sal_hw_brainscales2.passes.network_parts import Part
from sal_hw_brainscales2.passes.routing.route import Route
from sal_hw_brainscales2.passes.routing.rows import Grid
from sal_hw_brainscales2.passes.routing.vendor_places import UNKNOWN, Generator, known_rows
from sal_hw_brainscales2.passes.routing.vendor_rows import Connections, choose_buses, neuron_drivers

#: ranges of rows that are written out
_MOST_RANGES = 4
#: how a note on rows of the chip begins
ON_CHIP = "on the chip,"


def connections_of(parts: Sequence[Part], grid: Grid) -> list[Connections]:
    """Return the connections between neurons, part by part."""
    return [
        Connections(
            polarity=part.demand.polarity,
            sources=part.demand.sources,
            targets=part.demand.hemisphere * grid.columns + part.demand.columns,
            exists=part.demand.exists,
        )
        for part in parts
        if part.demand.kind == "neuron"
    ]


def generator_sizes(parts: Sequence[Part], routes: Sequence[Route]) -> dict[int, int]:
    """Return the trains of each generator by its number."""
    return {
        route.generator: part.demand.size
        for part, route in zip(parts, routes, strict=True)
        if route.generator is not None
    }


def rows_on_chip(
    parts: Sequence[Part], routes: Sequence[Route], learning: Collection[str], grid: Grid
) -> list[tuple[Part, NDArray[np.int64] | None]]:
    """Return the parts of learning projections with the rows that the vendor's router gives them; None if not told.

    Rows have the shape (sources, columns) and are -1 where there is no synapse.
    """
    # the order of the run file: what learns comes first
    ordered = sorted((p for p in parts if p.demand.kind == "neuron"), key=lambda p: p.demand.owner not in learning)
    connections = connections_of(ordered, grid)
    mine = [part for part in ordered if part.demand.owner in learning]
    buses = choose_buses(neuron_drivers(connections, grid), generator_sizes(parts, routes), grid)
    if buses is None or any(part.demand.kind == "external" for part in parts):
        return [(part, None) for part in mine]
    found = known_rows(connections, [*_generators(parts, routes, buses, grid)], grid)
    return [(part, None if (rows == UNKNOWN).any() else rows) for part, rows in zip(mine, found, strict=False)]


def _generators(
    parts: Sequence[Part], routes: Sequence[Route], buses: dict[int, int], grid: Grid
) -> Iterator[Generator]:
    used: dict[int, NDArray[np.int64]] = {}
    halves = {}
    for part, route in zip(parts, routes, strict=True):
        if route.generator is not None:
            demand = part.demand
            blocks = used.setdefault(route.generator, np.zeros(-(-demand.size // grid.labels), dtype=np.int64))
            # a neuron has one train of its own, so that a row of each sign does for a block of them
            blocks[demand.sources[demand.exists.any(axis=1)] // grid.labels] = 1
            halves[route.generator] = demand.hemisphere
    for number, blocks in used.items():
        yield Generator(bus=buses[number], hemisphere=halves[number], drivers=tuple(blocks.tolist()))


def row_notes(found: Sequence[tuple[Part, NDArray[np.int64] | None]], *, inputs: bool) -> Iterator[str]:
    """Tell where learning synapses lie on the chip, or why that is not known yet."""
    why = "inputs from outside share them" if inputs else "its search for labels is long"
    for part, rows in found:
        demand = part.demand
        what = f"{ON_CHIP} {demand.owner}, {demand.polarity}, hemisphere {demand.hemisphere}"
        if rows is None:
            yield f"{what}: grenade chooses the rows, which are known when it has placed the network ({why})"
        else:
            yield f"{what}: rows {_ranges(np.unique(rows[rows >= 0]))}"


def _ranges(rows: NDArray[np.int64]) -> str:
    parts = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    words = [f"{each[0]}-{each[-1]}" if len(each) > 1 else f"{each[0]}" for each in parts]
    if len(words) > _MOST_RANGES:
        words = [*words[: _MOST_RANGES - 1], "...", words[-1]]
    return f"{', '.join(words)} ({len(rows)} by grenade's router)"
