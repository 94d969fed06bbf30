"""Pass: give every neuron a circuit and every synapse a row, a label and a column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import InputError
from sal_hw.passes.draft import Draft
from sal_hw.program import LoweredPoisson, LoweredSpikes, PassRecord
from sal_hw.storage.codec import frozen
from sal_hw.target.description import TargetDescription
from sal_hw_brainscales2.passes.chip_rows import connections_of, generator_sizes, row_notes, rows_on_chip
from sal_hw_brainscales2.passes.draft import ChipDraft
from sal_hw_brainscales2.passes.learning_rectangles import not_rectangular
from sal_hw_brainscales2.passes.network_parts import Part, network_parts
from sal_hw_brainscales2.passes.placement import STRATEGIES, Placement, Strategy, place
from sal_hw_brainscales2.passes.routing.route import Route, route_events
from sal_hw_brainscales2.passes.routing.rows import Grid
from sal_hw_brainscales2.passes.routing.vendor_rows import lacks_drivers, why_too_full
from sal_hw_brainscales2.passes.usable_circuits import usable_sites, working_sensors
from sal_hw_brainscales2.program import BackgroundSource, ExternalSource, SynapseTile

#: how often neurons are moved away from sensors that do not work
_MOST_MOVES = 24


def place_and_route(draft: Draft) -> Draft:
    """Try the placements in their order and take the first that can be routed; masked circuits are never used.

    What the vendor's router has no room for is taken if nothing else can be routed: the emulator runs it.

    Neurons whose learning synapses would have sensors that do not work, as far as a snapshot knows, get other circuits
    while there are some; what cannot be avoided is told in the record.

    Raises
    ------
    InputError
        E307 if there are too few circuits, E308 to E311 if no placement can be routed (the findings are those of the
        first one), E312 for a learning projection that is not a full rectangle on each hemisphere.
    """
    problems = [*not_rectangular(draft)]
    if problems:
        raise InputError(problems)
    sensors = working_sensors(draft)
    refused: InputError | None = None
    found: list[_Routed] = []
    for strategy in STRATEGIES:
        try:
            found.append(_routed(draft, strategy, usable_sites(draft)))
        except InputError as error:
            refused = refused or error
            continue
        if not found[-1].too_full(draft.target):
            break
    if not found:
        raise refused or TypeError("there is no placement strategy")
    routed = min(found, key=lambda each: each.shortage(draft.target))
    return _recorded(draft, _moved(draft, routed, sensors) if sensors is not None else routed, sensors)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Routed:
    """A placement that can be routed."""

    strategy: Strategy
    placement: Placement
    parts: list[Part]
    routes: tuple[Route, ...]

    def too_full(self, target: TargetDescription) -> str:
        """Return why the vendor's router has no room for it; empty if it has."""
        grid = Grid.of(target)
        return why_too_full(connections_of(self.parts, grid), generator_sizes(self.parts, self.routes), grid)

    def shortage(self, target: TargetDescription) -> int:
        """Return 0 if the vendor's router has room, 1 if labels alone are too many, 2 if there are too few drivers."""
        grid = Grid.of(target)
        if lacks_drivers(connections_of(self.parts, grid), generator_sizes(self.parts, self.routes), grid):
            return 2
        return int(bool(self.too_full(target)))


def _routed(draft: Draft, strategy: Strategy, usable: NDArray[np.bool_] | None) -> _Routed:
    placement = _place(draft, strategy, usable)
    parts = network_parts(draft, placement)
    routes = route_events([part.demand for part in parts], draft.target)
    return _Routed(strategy=strategy, placement=placement, parts=parts, routes=routes)


def _moved(draft: Draft, routed: _Routed, sensors: NDArray[np.bool_]) -> _Routed:
    """Give neurons with sensors that do not work other circuits, and return what has the fewest of them."""
    usable = usable_sites(draft)
    free = np.ones(sensors.shape[0] * sensors.shape[2], dtype=np.bool_) if usable is None else usable.copy()
    best, fewest = routed, np.inf
    for _ in range(_MOST_MOVES):
        bad = _bad_columns(draft, routed, sensors)
        if bad.sum() < fewest:
            best, fewest = routed, bad.sum()
        if not bad.any():
            break
        free &= ~(bad > 0)
        try:
            routed = _routed(draft, routed.strategy, free)
        except InputError:
            break
    return best


def _bad_columns(draft: Draft, routed: _Routed, sensors: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return, per circuit, the learning synapses onto it whose sensors do not work, shape (hemispheres * columns,)."""
    learning, columns = draft.learned, sensors.shape[2]
    bad = np.zeros(sensors.shape[0] * columns, dtype=np.int64)
    for part, route in zip(routed.parts, routed.routes, strict=True):
        demand = part.demand
        if demand.owner in learning:
            broken = ~sensors[np.ix_(np.array([demand.hemisphere]), route.rows, demand.columns)][0]
            bad[demand.hemisphere * columns + demand.columns] += broken.sum(axis=0)
    return bad


def _place(draft: Draft, strategy: Strategy, usable: NDArray[np.bool_] | None) -> Placement:
    limits = draft.target.limits
    return place(
        [(block.population, block.size) for block in draft.neurons],
        hemispheres=int(limits["hemispheres"].high or 0),
        columns=int(limits["columns"].high or 0),
        usable=usable,
        strategy=strategy,
    )


def _recorded(draft: Draft, routed: _Routed, sensors: NDArray[np.bool_] | None) -> Draft:
    placement, parts, routes = routed.placement, routed.parts, routed.routes
    tiles = tuple(_tile(part, route) for part, route in zip(parts, routes, strict=True))
    background = _background(draft, parts, routes)
    chip = ChipDraft(
        sites=placement.sites,
        tiles=tiles,
        background=background,
        external=tuple(_external(draft, item) for item in draft.stimuli if isinstance(item, LoweredSpikes)),
    )
    rows = {(tile.hemisphere, int(row)) for tile in tiles for row in tile.rows if row >= 0}
    counts = {
        "neurons": float(sum(len(sites) for sites in placement.sites.values())),
        "rows": float(len(rows)),
        "synapses": float(sum(int(tile.exists.sum()) for tile in tiles)),
        "generators": float(len(background)),
    }
    notes = [f"placement: {routed.strategy}", *_hemisphere_notes(placement, draft.target)]
    full = routed.too_full(draft.target)
    if full:
        notes.append(f"warning: the vendor's router has no room, so that it runs with --emulate only: {full}")
    else:
        found = rows_on_chip(parts, routes, draft.learned, Grid.of(draft.target))
        notes.extend(row_notes(found, inputs=any(part.demand.kind == "external" for part in parts)))
    bad = 0 if sensors is None else int(_bad_columns(draft, routed, sensors).sum())
    if bad:
        notes.append(f"warning: {bad} learning synapses have sensors that do not work; no free circuits are without")
    return draft.recorded(PassRecord(name="place_and_route", notes=tuple(notes), counts=counts), part=chip)


def _hemisphere_notes(placement: Placement, target: TargetDescription) -> Iterator[str]:
    columns = int(target.limits["columns"].high or 0)
    for name, sites in placement.sites.items():
        where = [
            f"{int((sites // columns == half).sum())} on hemisphere {half}" for half in np.unique(sites // columns)
        ]
        yield f"{name}: {', '.join(where)}"


def _tile(part: Part, route: Route) -> SynapseTile:
    demand = part.demand
    return SynapseTile(
        owner=demand.owner,
        polarity=demand.polarity,
        hemisphere=demand.hemisphere,
        rows=route.rows,
        labels=route.labels,
        columns=frozen(demand.columns),
        post=frozen(part.post),
        codes=frozen(np.zeros(demand.exists.shape, dtype=np.uint8)),
        exists=frozen(demand.exists),
    )


def _background(draft: Draft, parts: list[Part], routes: tuple[Route, ...]) -> tuple[BackgroundSource, ...]:
    stimuli = {item.name: item for item in draft.stimuli}
    found: dict[int, BackgroundSource] = {}
    for part, route in zip(parts, routes, strict=True):
        stimulus = stimuli.get(part.demand.owner)
        if route.generator is None or not isinstance(stimulus, LoweredPoisson):
            continue
        found[route.generator] = BackgroundSource(
            name=stimulus.name,
            population=stimulus.population,
            generator=route.generator,
            hemisphere=part.demand.hemisphere,
            size=part.demand.size,
            rate_hz=part.demand.rate_hz,
            seed=stimulus.seed,
        )
    return tuple(found[generator] for generator in sorted(found))


def _external(draft: Draft, stimulus: LoweredSpikes) -> ExternalSource:
    step_us = draft.spec.timestep_ms * 1e3 / draft.target.time_scale
    return ExternalSource(
        name=stimulus.name,
        population=stimulus.population,
        time_us=frozen(stimulus.step * step_us),
        neuron=stimulus.neuron,
    )
