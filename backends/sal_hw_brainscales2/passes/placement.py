"""Placement: which neuron circuit is which neuron of the network; a site is ``hemisphere * columns + column``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.storage.codec import frozen
from sal_hw.storage.document import document

Strategy: TypeAlias = Literal["sequential", "alternate"]

#: all strategies, in the order in which they are worth trying
STRATEGIES: tuple[Strategy, ...] = ("sequential", "alternate")


@document
class Placement:
    """Where the neurons are.

    Attributes
    ----------
    columns
        Columns of each hemisphere.
    sites
        Per population the site of each neuron, shape (size,); the columns increase within a hemisphere.
    """

    columns: int
    sites: dict[str, NDArray[np.int64]]

    def on_hemisphere(self, population: str, hemisphere: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the neurons of a population that are on a hemisphere: index within the population, and column."""
        where, column = np.divmod(self.sites[population], self.columns)
        neurons = np.flatnonzero(where == hemisphere).astype(np.int64)
        return neurons, column[neurons]


def place(
    populations: Sequence[tuple[str, int]],
    *,
    hemispheres: int,
    columns: int,
    usable: NDArray[np.bool_] | None = None,
    strategy: Strategy = "sequential",
) -> Placement:
    """Give every neuron a circuit.

    Parameters
    ----------
    populations
        Name and size of each population; they are placed in this order.
    usable
        Shape (hemispheres * columns,): the circuits that work; None means all.
    strategy
        ``sequential`` fills hemisphere after hemisphere. ``alternate`` begins each population on another hemisphere
        than the one before; what finds no place there goes to the next hemisphere.

    Raises
    ------
    InputError
        E307 if there are too few usable circuits.
    """
    free = np.ones((hemispheres, columns), dtype=np.bool_)
    if usable is not None:
        free &= np.asarray(usable, dtype=np.bool_).reshape(hemispheres, columns)
    _check_room(populations, free)
    sites = {}
    for index, (name, size) in enumerate(populations):
        first = _first_hemisphere(strategy, index, hemispheres)
        order = [(first + step) % hemispheres for step in range(hemispheres)]
        open_sites = np.concatenate([each * columns + np.flatnonzero(free[each]) for each in order])
        taken = open_sites[:size].astype(np.int64)
        free.reshape(-1)[taken] = False
        sites[name] = frozen(taken)
    return Placement(columns=columns, sites=sites)


def _first_hemisphere(strategy: Strategy, index: int, hemispheres: int) -> int:
    match strategy:
        case "sequential":
            return 0
        case "alternate":
            return index % hemispheres
        case _:
            assert_never(strategy)


def _check_room(populations: Sequence[tuple[str, int]], free: NDArray[np.bool_]) -> None:
    needed, available = sum(size for _, size in populations), int(free.sum())
    if needed <= available:
        return
    names = ", ".join(f"{name} ({size})" for name, size in populations)
    raise InputError(
        Problem(
            code="E307",
            field="populations",
            value=quote_value(names),
            allowed=f"{needed} neurons are needed and {available} circuits are usable: the chip has {free.size}, "
            f"{free.size - available} are masked by its calibration",
            hint=f"remove {needed - available} neurons, or calibrate the masked circuits again",
        )
    )
