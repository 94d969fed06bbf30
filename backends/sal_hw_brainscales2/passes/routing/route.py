"""Routing: which synapse row and which label each source gets.

The hardware's rules (sources: halco, routing_crossbar.h, padi.h, event.h; grenade, routing/greedy):

* Where a neuron is decides its bus, for all hemispheres. An external input may use any bus. There is one background
  generator per bus and hemisphere, and it reaches only this bus.
* A source has one address: a driver of its bus and a label. The driver's two rows have one sign each, so a source uses
  at most one row of each sign per hemisphere.
* Sources share a driver if their labels differ, the signs of the rows suit all of them, and no synapse is wanted twice.
* The trains of a generator differ in the low bits of their address: they are an aligned block of labels and, when
  there are more trains than labels, of consecutive drivers.

On the chip, the vendor's router decides; this one shows that a routing exists, and gives the emulator its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import InputError, Problem
from sal_hw.storage.codec import frozen
from sal_hw.storage.document import document
from sal_hw.target.description import TargetDescription
from sal_hw_brainscales2.passes.routing.demands import (
    Demand,
    Need,
    SourceKey,
    SourceKind,
    background_size,
    gather,
    in_degree,
)
from sal_hw_brainscales2.passes.routing.rows import SIGNS, Grid, Place, SynapseRows, TakenRows

__all__ = ["Demand", "Route", "background_size", "in_degree", "route_events"]

Taken = dict[SourceKey, TakenRows]


@document
class Route:
    """Rows and labels of one demand.

    Attributes
    ----------
    rows, labels
        Shape (sources,): synapse row on the demand's hemisphere, and label; both -1 for a source without synapses.
    generator
        Of a background: ``hemisphere * buses + bus``; None for other sources.
    """

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    generator: int | None


def route_events(demands: Sequence[Demand], target: TargetDescription) -> tuple[Route, ...]:
    """Give every source of the demands a row and a label.

    Neurons come first, since their bus is given; then background generators, on the last drivers of the first
    permutation of buses that fits; then external inputs, each on the bus with most free rows. The same demands give the
    same routes.

    Returns
    -------
    tuple of Route
        One per demand, in the same order.

    Raises
    ------
    InputError
        E308 for a neuron with too many rows, E309 if a bus has too few rows, E310 for noise that the generators cannot
        make, E311 for two synapses of one sign between the same neurons.
    """
    needs = gather(demands, target)
    work = _Work(target=target, grid=Grid.of(target), needs=needs, taken={})
    rows = SynapseRows(grid=work.grid)
    _place_neurons(work, rows)
    for hemisphere in range(work.grid.hemispheres):
        _place_backgrounds(work, rows, hemisphere)
    _place_external(work, rows)
    return tuple(_route(demand, work) for demand in demands)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Work:
    """What the steps share; `taken` is filled by them."""

    target: TargetDescription
    grid: Grid
    needs: dict[SourceKey, Need]
    taken: Taken

    def of_kind(self, kind: SourceKind) -> list[tuple[SourceKey, Need]]:
        """Return the needs of a kind of source in the order in which they are placed."""
        return sorted(
            ((key, need) for key, need in self.needs.items() if key[0] == kind), key=lambda item: item[1].rank
        )


def _place_neurons(work: _Work, rows: SynapseRows) -> None:
    by_bus: dict[int, list[Need]] = {}
    missing: dict[int, list[Need]] = {}
    for key, need in work.of_kind("neuron"):
        bus = work.grid.bus_of(need.source)
        by_bus.setdefault(bus, []).append(need)
        place = rows.find(bus, need.wanted)
        if place is None:
            missing.setdefault(bus, []).append(need)
        else:
            work.taken[key] = rows.take(place, need.wanted)
    if missing:
        raise InputError([_bus_problem(work, bus, by_bus[bus], left) for bus, left in sorted(missing.items())])


def _bus_problem(work: _Work, bus: int, needs: list[Need], left: list[Need]) -> Problem:
    # rows have one sign: the busiest column of each sign tells how many rows are needed at least
    needed = np.sum([need.wanted.synapses.any(axis=1) for need in needs], axis=0).max(axis=2).sum(axis=1)
    hemisphere, limit = int(needed.argmax()), work.target.limits["rows_per_bus"]
    worst = int(needed[hemisphere])
    owners = ", ".join(dict.fromkeys(need.demand.owner for need in left))
    sites = sorted(need.source for need in left)
    width, buses = work.grid.columns_per_output, work.grid.buses
    starts = range(bus * width, work.grid.columns, width * buses)
    some = f"{', '.join(map(str, sites[:8]))}{', ...' if len(sites) > 8 else ''}"
    columns = ", ".join(f"{start}-{start + width - 1}" for start in starts)
    return Problem(
        code="E309",
        field=left[0].demand.field,
        value=f"{len(needs)} sources on bus {bus}, which need {worst} rows or more on hemisphere {hemisphere}",
        allowed=f"at most {limit.high:g} rows per bus and hemisphere on {work.target.family} ({limit.source}); "
        f"bus {bus} has the neurons in columns {columns}; no row for {len(left)} sources of {owners}, sites {some}"
        + ("" if worst not in limit else "; the rows would do, but not with their signs and labels"),
        hint="use receptor: excitatory or inhibitory, fewer sources, or place the populations on both hemispheres",
    )


def _place_backgrounds(work: _Work, rows: SynapseRows, hemisphere: int) -> None:
    needs = [(key, need) for key, need in work.of_kind("background") if key[2] == hemisphere]
    # a bus has one generator here, so whether a population fits does not depend on where the others are
    # at the end of the bus, so that a circuit's noise synapses do not depend on what else the network has
    places = [[rows.find(bus, need.wanted, from_end=True) for bus in range(work.grid.buses)] for _, need in needs]
    for chosen in permutations(range(work.grid.buses), len(needs)):
        found = [places[index][bus] for index, bus in enumerate(chosen)]
        fitting = [place for place in found if place is not None]
        if len(fitting) == len(needs):
            for place, (key, need) in zip(fitting, needs, strict=True):
                work.taken[key] = rows.take(place, need.wanted)
            return
    raise InputError(_background_problem(work, needs, places, hemisphere))


def _background_problem(
    work: _Work, needs: list[tuple[SourceKey, Need]], places: list[list[Place | None]], hemisphere: int
) -> Problem:
    limit = work.target.limits["rows_per_bus"]
    buses = [[place.bus for place in row if place is not None] for row in places]
    choices = "; ".join(
        f"{need.demand.owner} ({need.demand.size} trains) fits "
        + (f"bus {', '.join(map(str, fitting))}" if fitting else "no bus")
        for (_, need), fitting in zip(needs, buses, strict=True)
    )
    first = min(range(len(needs)), key=lambda index: len(buses[index]))
    return Problem(
        code="E309",
        field=needs[first][1].demand.field,
        value=f"{len(needs)} background generators on hemisphere {hemisphere}",
        allowed=f"one generator per bus, beside the rows and labels of the neurons' synapses ({limit.high:g} rows "
        f"per bus, {work.grid.labels} labels per driver; {limit.source}): {choices}",
        hint="use fewer sources or Poisson stimuli, or place the populations on both hemispheres",
    )


def _place_external(work: _Work, rows: SynapseRows) -> None:
    left: dict[str, list[Need]] = {}
    for key, need in work.of_kind("external"):
        free = [rows.free_rows(bus, need.wanted.hemispheres) for bus in range(work.grid.buses)]
        for bus in sorted(range(work.grid.buses), key=[-number for number in free].__getitem__):
            place = rows.find(bus, need.wanted)
            if place is not None:
                work.taken[key] = rows.take(place, need.wanted)
                break
        else:
            left.setdefault(need.demand.owner, []).append(need)
    if left:
        raise InputError([_external_problem(work, rows, needs) for needs in left.values()])


def _external_problem(work: _Work, rows: SynapseRows, needs: list[Need]) -> Problem:
    limit, demand = work.target.limits["rows_per_bus"], needs[0].demand
    where = (demand.hemisphere,)
    free = ", ".join(f"{rows.free_rows(bus, where)} on bus {bus}" for bus in range(work.grid.buses))
    return Problem(
        code="E309",
        field=demand.field,
        value=f"{len(needs)} inputs of {demand.owner} on hemisphere {demand.hemisphere}",
        allowed=f"no driver of any bus has room for them beside the other sources ({limit.high:g} rows per bus, "
        f"{work.grid.labels} labels per driver; {limit.source}); unused rows there: {free}",
        hint="use fewer sources, or place the populations on both hemispheres",
    )


def _route(demand: Demand, work: _Work) -> Route:
    rows = np.full(len(demand.sources), -1, dtype=np.int64)
    labels = rows.copy()
    generator = None
    for index in np.flatnonzero(demand.exists.any(axis=1)):
        source = int(demand.sources[index])
        taken = work.taken[demand.key(source)]
        driver, train = divmod(source, work.grid.labels) if demand.generated else (0, 0)
        rows[index] = taken.rows[demand.hemisphere, driver, SIGNS[demand.polarity]]
        labels[index] = taken.place.label + train
        generator = demand.hemisphere * work.grid.buses + taken.place.bus if demand.generated else None
    return Route(rows=frozen(rows), labels=frozen(labels), generator=generator)
