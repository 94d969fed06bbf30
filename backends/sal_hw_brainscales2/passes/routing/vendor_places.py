"""The rows of the chip on which the vendor's greedy router puts connections between neurons, where this can be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, permutations

import numpy as np
from numpy.typing import NDArray

from sal_hw_brainscales2.passes.routing.rows import ROWS_PER_DRIVER, SIGNS, Grid
from sal_hw_brainscales2.passes.routing.vendor_drivers import Request, allocate
from sal_hw_brainscales2.passes.routing.vendor_rows import Connections, group_of, rows_needed

#: row of a connection that does not exist, and of one whose row is the router's search
NONE, UNKNOWN = -1, -2
#: labels that an event output of a bus can have (source_on_padi_bus_manager.cpp, get_allocation_requests_internal)
_LABELS_PER_OUTPUT = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Generator:
    """A generator of Poisson trains; the router has one on each hemisphere, of which one is used.

    Attributes
    ----------
    bus, hemisphere
        Where its trains are used.
    drivers
        Drivers that each block of trains with the same address needs there.
    """

    bus: int
    hemisphere: int
    drivers: tuple[int, ...]


def known_rows(
    connections: Sequence[Connections], generators: Sequence[Generator], grid: Grid
) -> list[NDArray[np.int64]]:
    """Return the rows of connections between neurons, of the hemispheres where their targets are.

    Parameters
    ----------
    connections
        All of them, in the order in which the run file describes them.

    Returns
    -------
    list of ndarray
        Shape (sources, targets) each: a row, `NONE` or `UNKNOWN`.
    """
    needed = rows_needed(connections, grid)
    rows = _rows_of_groups(needed, generators, grid)
    depth = np.zeros((*needed.shape[:3], grid.hemispheres * grid.columns), dtype=np.int64)
    return [_placed(part, rows, depth, grid) for part in connections]


def _placed(
    part: Connections, rows: dict[tuple[int, int, int, int], NDArray[np.int64]], depth: NDArray[np.int64], grid: Grid
) -> NDArray[np.int64]:
    """Give the connections of each target the next rows of their sign, source by source."""
    found = np.full(part.exists.shape, NONE, dtype=np.int64)
    outputs, buses = group_of(part.sources, grid)
    halves, sign = part.targets // grid.columns, SIGNS[part.polarity]
    for source, (output, bus) in enumerate(zip(outputs.tolist(), buses.tolist(), strict=True)):
        for target in np.flatnonzero(part.exists[source]):
            mine = rows.get((output, bus, sign, int(halves[target])))
            place = (output, bus, sign, int(part.targets[target]))
            found[source, target] = UNKNOWN if mine is None else mine[depth[place]]
            depth[place] += 1
    return found


def _rows_of_groups(
    needed: NDArray[np.int64], generators: Sequence[Generator], grid: Grid
) -> dict[tuple[int, int, int, int], NDArray[np.int64]]:
    """Return the rows of each output, bus, sign and hemisphere."""
    found = {}
    for bus in range(grid.buses):
        drivers = -(-needed[:, bus].sum(axis=1) // ROWS_PER_DRIVER)
        outputs = np.flatnonzero(drivers.any(axis=1))
        requests = [
            Request(
                drivers={int(half): int(drivers[output, half]) for half in np.flatnonzero(drivers[output])},
                labels=tuple(
                    (bus + int(output) * grid.buses) * _LABELS_PER_OUTPUT + k for k in range(_LABELS_PER_OUTPUT)
                ),
            )
            for output in outputs
        ]
        given = allocate([*requests, *_generator_requests(bus, generators, grid)], grid) or []
        for output, halves in zip(outputs.tolist(), given, strict=False):
            for half, mine in halves.items():
                first = ROWS_PER_DRIVER * (np.array(mine) * grid.buses + bus)
                rows = (first[:, None] + np.arange(ROWS_PER_DRIVER)).reshape(-1)
                most = int(needed[output, bus, 0, half])
                found[output, bus, 0, half], found[output, bus, 1, half] = rows[:most], rows[most:]
    return found


def _generator_requests(bus: int, generators: Sequence[Generator], grid: Grid) -> Iterator[Request]:
    numbers = count()
    for half in range(grid.hemispheres):
        for generator in generators:
            if generator.bus == bus:
                blocks = len(generator.drivers)
                together = None if blocks == 1 else next(numbers)
                for number, drivers in enumerate(generator.drivers):
                    used = {half: drivers if half == generator.hemisphere else 0}
                    labels = _block_labels(number, blocks, grid.drivers)
                    yield Request(drivers=used, labels=labels, together=together)


def _block_labels(number: int, blocks: int, labels: int) -> tuple[int, ...]:
    """Return the labels of a block of trains: aligned ones, in all orders (get_allocation_requests_background)."""
    orders = [*permutations(range(blocks))]
    return tuple(first + order[number] for first in range(0, labels, blocks) for order in orders)
