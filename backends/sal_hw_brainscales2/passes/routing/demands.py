"""What is to be routed, and what can be refused before any row is given away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.errors import InputError, Problem
from sal_hw.spec.signs import Polarity
from sal_hw.storage.document import document
from sal_hw.target.description import TargetDescription
from sal_hw_brainscales2.passes.routing.rows import SIGNS, Grid, WantedSynapses

SourceKind: TypeAlias = Literal["neuron", "external", "background"]
#: neurons by site, inputs by owner and number, background trains by owner and hemisphere
SourceKey: TypeAlias = tuple[SourceKind, str, int]


@document
class Demand:
    """Synapses of one owner, one sign and one hemisphere.

    Attributes
    ----------
    owner, field, target
        Name of the projection or stimulus, its path in the recipe, and the population that receives.
    hemisphere
        Where the synapses are.
    sources
        Shape (sources,): sites of neurons (``hemisphere * columns + column``), numbers of the owner's inputs, or
        numbers of a generator's trains.
    columns
        Shape (columns,): columns of the receiving neurons, each once.
    exists
        Shape (sources, columns): which synapses there are.
    size, rate_hz
        Of a background: number of trains of its generator, a power of two, and rate of each in chip time.
    """

    owner: str
    field: str
    target: str
    kind: SourceKind
    polarity: Polarity
    hemisphere: int
    sources: NDArray[np.int64]
    columns: NDArray[np.int64]
    exists: NDArray[np.bool_]
    size: int = 0
    rate_hz: float = 0.0

    def key(self, source: int) -> SourceKey:
        """Return what a source is known by: demands with the same key share a driver."""
        match self.kind:
            case "neuron":
                return ("neuron", "", source)
            case "external":
                return ("external", self.owner, source)
            case "background":
                return ("background", self.owner, self.hemisphere)
            case _:
                assert_never(self.kind)

    def describe(self, source: int) -> str:
        """Return a source in words."""
        match self.kind:
            case "neuron":
                return f"the neuron at site {source}"
            case "external":
                return f"input {source} of {self.owner}"
            case "background":
                return f"train {source} of {self.owner}"
            case _:
                assert_never(self.kind)

    @property
    def generated(self) -> bool:
        """Whether a generator of one hemisphere makes the events, so that they stay there, train after train."""
        match self.kind:
            case "background":
                return True
            case "neuron" | "external":
                return False
            case _:
                assert_never(self.kind)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Need:
    """All that one source needs, and the first demand of this source."""

    demand: Demand
    source: int
    wanted: WantedSynapses

    @property
    def rank(self) -> tuple[int, int]:
        """Sort key: first what needs rows of both signs, then what has many synapses."""
        synapses = self.wanted.synapses
        return -int(synapses.any(axis=(1, 3)).sum(axis=1).max()), -int(synapses.sum())


def in_degree(demands: Sequence[Demand], target: TargetDescription) -> NDArray[np.int64]:
    """Return the number of synapse rows that each neuron uses, shape (hemispheres, columns)."""
    grid = Grid.of(target)
    rows = np.zeros((grid.hemispheres, grid.columns), dtype=np.int64)
    for demand in demands:
        np.add.at(rows[demand.hemisphere], demand.columns, demand.exists.sum(axis=0))
    return rows


def background_size(neurons: int, target: TargetDescription, *, field: str) -> int:
    """Return the number of trains of a generator that stimulates so many neurons: the next power of two.

    Raises
    ------
    InputError
        E310 if no generator has so many.
    """
    size = 1 << max(neurons - 1, 0).bit_length()
    limit = target.limits["background_size"]
    if size not in limit:
        raise InputError(
            Problem(
                code="E310",
                field=field,
                value=f"{neurons} neurons of one hemisphere",
                allowed=f"at most {limit.high:g} trains per generator on {target.family} ({limit.source})",
                hint="stimulate fewer neurons, or split the population",
            )
        )
    return size


def gather(demands: Sequence[Demand], target: TargetDescription) -> dict[SourceKey, Need]:
    """Return what each source needs, in the order of the demands.

    Raises
    ------
    InputError
        E308, E310 and E311, all findings at once.
    """
    problems = [*_background_problems(demands, target), *_in_degree_problems(demands, target)]
    needs: dict[SourceKey, Need] = {}
    if not any(problem.code == "E310" for problem in problems):
        for demand in demands:
            problems.extend(_add(needs, demand, Grid.of(target)))
    if problems:
        raise InputError(problems)
    return needs


def _add(needs: dict[SourceKey, Need], demand: Demand, grid: Grid) -> Iterator[Problem]:
    twice: list[tuple[int, int]] = []
    for index in np.flatnonzero(demand.exists.any(axis=1)):
        source = int(demand.sources[index])
        need = needs.setdefault(demand.key(source), _new_need(demand, source, grid))
        driver = source // grid.labels if demand.generated else 0
        wanted = need.wanted.synapses[demand.hemisphere, driver, SIGNS[demand.polarity]]
        columns = demand.columns[demand.exists[index]]
        twice.extend((source, int(column)) for column in columns[wanted[columns]])
        wanted[columns] = True
    if twice:
        source, column = twice[0]
        where = f"hemisphere {demand.hemisphere}, column {column}"
        yield Problem(
            code="E311",
            field=demand.field,
            value=f"{len(twice)} {demand.polarity} synapses of {demand.owner}",
            allowed=f"{demand.describe(source)} has another {demand.polarity} synapse onto population "
            f"{demand.target} at {where}; a driver has one row of each sign for it, so that two neurons have at most "
            "one synapse of each sign",
            hint="merge the projections into one whose weights are the sums",
        )


def _new_need(demand: Demand, source: int, grid: Grid) -> Need:
    trains = demand.size if demand.generated else 1
    drivers = -(-trains // grid.labels)
    # a spike has one address for all hemispheres; a generator's events stay on its own
    reach = (demand.hemisphere,) if demand.generated else tuple(range(grid.hemispheres))
    synapses = np.zeros((grid.hemispheres, drivers, len(SIGNS), grid.columns), dtype=np.bool_)
    wanted = WantedSynapses(synapses=synapses, span=min(trains, grid.labels), reach=reach)
    return Need(demand=demand, source=source, wanted=wanted)


def _in_degree_problems(demands: Sequence[Demand], target: TargetDescription) -> Iterator[Problem]:
    rows, limit = in_degree(demands, target), target.limits["in_degree"]
    seen: set[tuple[str, int]] = set()
    for demand in demands:
        counts = rows[demand.hemisphere, demand.columns]
        worst = int(counts.max(initial=0))
        if worst in limit or (demand.target, demand.hemisphere) in seen:
            continue
        seen.add((demand.target, demand.hemisphere))
        column = int(demand.columns[int(counts.argmax())])
        yield Problem(
            code="E308",
            field=f"populations.{demand.target}",
            value=f"{worst} synapse rows for the neuron at hemisphere {demand.hemisphere}, column {column}",
            allowed=f"at most {limit.high:g} rows per neuron on {target.family} ({limit.source}); a source with "
            f"weights of both signs takes two; {int((counts > (limit.high or 0)).sum())} neurons need more",
            hint="use receptor: excitatory or inhibitory, or fewer sources",
        )


def _background_problems(demands: Sequence[Demand], target: TargetDescription) -> Iterator[Problem]:
    owners: dict[int, list[str]] = {}
    checked: set[str] = set()
    for demand in demands:
        if not demand.generated:
            continue
        if demand.owner not in checked:
            yield from _generator_problems(demand, target)
        checked.add(demand.owner)
        here = owners.setdefault(demand.hemisphere, [])
        if demand.owner not in here:
            here.append(demand.owner)
            yield from _count_problems(demand, here, target)


def _generator_problems(demand: Demand, target: TargetDescription) -> Iterator[Problem]:
    size, total_mhz = target.limits["background_size"], target.limits["background_rate_total"]
    trains = max(demand.size, int(demand.sources.max(initial=-1)) + 1)
    if demand.size not in size or demand.size & (demand.size - 1) or trains > demand.size:
        yield Problem(
            code="E310",
            field=demand.field,
            value=f"{demand.size} trains, of which number {trains - 1} is used",
            allowed=f"a power of two of trains, at most {size.high:g} per generator on {target.family} ({size.source})",
            hint="stimulate fewer neurons, or split the population",
        )
    wanted_mhz = demand.rate_hz * demand.size * 1e-6
    if wanted_mhz not in total_mhz:
        yield Problem(
            code="E310",
            field=f"{demand.field}.rate",
            value=f"{demand.rate_hz / target.time_scale:g} Hz",
            allowed=f"{demand.size} trains of {demand.owner} onto {demand.target} make {wanted_mhz:g} MHz in chip time "
            f"at this rate; a generator of "
            f"{target.family} makes {total_mhz.high:g} MHz at most ({total_mhz.source})",
            hint=f"at most {(total_mhz.high or 0) * 1e6 / demand.size / target.time_scale:g} Hz"
            if demand.size
            else None,
        )


def _count_problems(demand: Demand, owners: list[str], target: TargetDescription) -> Iterator[Problem]:
    buses, limit = Grid.of(target).buses, target.limits["background_generators"]
    if len(owners) != buses + 1:
        return
    yield Problem(
        code="E310",
        field=demand.field,
        value=f"stimuli {', '.join(owners)} on hemisphere {demand.hemisphere}",
        allowed=f"at most {buses} Poisson stimuli per hemisphere of {target.family}, which has {limit.high:g} "
        f"generators ({limit.source})",
        hint="stimulate both signs with one stimulus, or place the populations on both hemispheres",
    )
