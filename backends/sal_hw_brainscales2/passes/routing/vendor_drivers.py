"""Which drivers of a bus the vendor's greedy router gives to groups of sources.

Its rule (grenade, ``routing/greedy``: ``source_on_padi_bus_manager.cpp``, ``synapse_driver_on_dls_manager.cpp``,
``synapse_driver_on_padi_bus_manager.cpp``, all with what is in ``detail``):

* A group has one label on all hemispheres, out of a list. Labels of the groups are tried in the order of these lists,
  that of the last group first, until all buses that they share have room.
* A driver forwards events whose label agrees with its number in the bits of a mask. A group can have a driver if some
  mask lets its own label through there and no label of another group.
* The drivers of a bus are gone through by number: each goes to the first group for which the rest can still be
  completed, and to none otherwise. This is where the router's backtracking ends, if it ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from sal_hw_brainscales2.passes.routing.rows import Grid

#: combinations of labels that are tried here; the router has no bound
MOST_TRIED = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a group needs of a bus.

    Attributes
    ----------
    drivers
        How many, by hemisphere; 0 where its events arrive without synapses.
    labels
        Those that it may have, in the order in which they are tried.
    together
        Number shared by groups whose labels are taken from the same place of their lists; None for none.
    """

    drivers: dict[int, int]
    labels: tuple[int, ...]
    together: int | None = None


def allocate(requests: Sequence[Request], grid: Grid) -> list[dict[int, tuple[int, ...]]] | None:
    """Return the drivers of each group of one bus by hemisphere; None if there are none, or after `MOST_TRIED` labels.

    Parameters
    ----------
    requests
        In the router's order: neurons by the half of the columns that they are in, then generators by hemisphere.
    """
    found: list[dict[int, tuple[int, ...]]] = [{} for _ in requests]
    for halves in _dependent(requests):
        mine = [index for index, request in enumerate(requests) if halves & set(request.drivers)]
        solved = _solved([requests[index] for index in mine], sorted(halves), grid)
        if solved is None:
            return None
        for index, drivers in zip(mine, solved, strict=True):
            found[index] |= drivers
    return found


def _dependent(requests: Sequence[Request]) -> list[set[int]]:
    """Return which hemispheres have to be solved together."""
    halves = {half for request in requests for half in request.drivers}
    if any(len(request.drivers) > 1 for request in requests):
        return [halves]
    return [{half} for half in sorted(halves)]


def _solved(requests: list[Request], halves: list[int], grid: Grid) -> list[dict[int, tuple[int, ...]]] | None:
    for tried, labels in enumerate(_combinations(requests)):
        if tried == MOST_TRIED:
            return None
        found: list[dict[int, tuple[int, ...]]] = [{} for _ in requests]
        for half in halves:
            here = [index for index, request in enumerate(requests) if half in request.drivers]
            sizes = [requests[index].drivers[half] for index in here]
            drivers = drivers_of_bus([labels[index] for index in here], sizes, grid.drivers)
            if drivers is None:
                break
            for index, mine in zip(here, drivers, strict=True):
                found[index][half] = mine
        else:
            return found
    return None


def _combinations(requests: list[Request]) -> Iterator[list[int]]:
    """Yield a label for each group: first those without companions count, then sets of companions, the last fastest."""
    alone = [index for index, request in enumerate(requests) if request.together is None]
    sets = sorted({request.together for request in requests if request.together is not None})
    members = [[index] for index in alone]
    members += [[index for index, request in enumerate(requests) if request.together == each] for each in sets]
    for chosen in product(*(range(len(requests[each[0]].labels)) for each in members)):
        at = {index: place for each, place in zip(members, chosen, strict=True) for index in each}
        yield [request.labels[at[index]] for index, request in enumerate(requests)]


def drivers_of_bus(labels: Sequence[int], sizes: Sequence[int], drivers: int) -> list[tuple[int, ...]] | None:
    """Return the drivers of groups with these labels, each in order; None if there is no room.

    Parameters
    ----------
    sizes
        How many drivers each needs.
    drivers
        How many there are; a power of two.
    """
    if len(set(labels)) < len(labels) or sum(sizes) > drivers:
        return None
    able = _able(labels, drivers)
    needs, found = list(sizes), [list[int]() for _ in sizes]
    if not _completes(able, needs):
        return None
    for driver in range(drivers):
        for group in np.flatnonzero(able[:, driver]):
            needs[group] -= 1
            if needs[group] >= 0 and _completes(able[:, driver + 1 :], needs):
                found[group].append(driver)
                break
            needs[group] += 1
    return [tuple(each) for each in found]


def _able(labels: Sequence[int], drivers: int) -> NDArray[np.bool_]:
    """Return, shape (groups, drivers), which drivers can forward one group's events alone.

    Of the masks that let a label through, the one with all bits in which it agrees with the driver keeps most out.
    """
    words, bits = np.array(labels)[:, None], drivers - 1
    agree = ~(words ^ np.arange(drivers)) & bits
    apart = words ^ words.T
    return np.array(
        [
            [all(each & other for k, other in enumerate(row) if k != i) for each in agree[i]]
            for i, row in enumerate(apart)
        ]
    ).reshape(len(labels), drivers)


def _completes(able: NDArray[np.bool_], needs: Sequence[int]) -> bool:
    """Return whether drivers are left for all groups (Hall's condition)."""
    for chosen in product((False, True), repeat=len(needs)):
        some = np.array(chosen, dtype=np.bool_)
        if sum(need for need, taken in zip(needs, chosen, strict=True) if taken) > able[some].any(axis=0).sum():
            return False
    return True
