"""The synapse rows of a chip while they are given away, by first fit.

How events reach synapses: a hemisphere has several buses, a bus several drivers, a driver two rows. An event carries
the address of a driver and a label; the driver puts it on both of its rows, and the synapses that store this label
answer. All synapses of a row have one sign. Sources: halco, hicann-dls/vx/{padi,synapse_driver,synapse,event}.h;
haldls, vx/synapse_driver.h.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sal_hw.target.description import TargetDescription

#: a driver has a top and a bottom row (halco, hicann-dls/vx/synapse.h)
ROWS_PER_DRIVER = 2
#: index of each sign in the arrays of this module
SIGNS = {"excitatory": 0, "inhibitory": 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """How many of what; `buses` per hemisphere, `drivers` per bus, `labels` per driver."""

    hemispheres: int
    columns: int
    buses: int
    drivers: int
    labels: int
    columns_per_output: int

    @classmethod
    def of(cls, target: TargetDescription) -> Grid:
        """Return the grid that a target's limits describe."""

        def top(name: str) -> int:
            return int(target.limits[name].high or 0)

        return cls(
            hemispheres=top("hemispheres"),
            columns=top("columns"),
            buses=top("buses"),
            drivers=top("drivers_per_bus"),
            labels=top("synapse_label") + 1,
            columns_per_output=top("columns_per_event_output"),
        )

    def bus_of(self, site: int) -> int:
        """Return the bus that a neuron's spikes use, on all hemispheres."""
        return (site % self.columns) // self.columns_per_output % self.buses


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class WantedSynapses:
    """What one source needs.

    Attributes
    ----------
    synapses
        Shape (hemispheres, drivers, signs, columns): which ones are wanted. Several drivers are consecutive ones, the
        first at a multiple of their number.
    span
        Number of labels: an aligned block, the same in all drivers. A power of two.
    reach
        Hemispheres where the events arrive, whether or not there are synapses.
    """

    synapses: NDArray[np.bool_]
    span: int
    reach: tuple[int, ...]

    @property
    def hemispheres(self) -> tuple[int, ...]:
        """Hemispheres with synapses."""
        return tuple(sorted({hemisphere for hemisphere, _ in self.parts}))

    @property
    def parts(self) -> list[tuple[int, int]]:
        """Hemispheres and drivers with synapses."""
        return [(int(hemisphere), int(offset)) for hemisphere, offset in np.argwhere(self.synapses.any(axis=(2, 3)))]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """An address: the first driver on the bus, and the first label."""

    bus: int
    driver: int
    label: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TakenRows:
    """What was given away.

    Attributes
    ----------
    rows
        Shape (hemispheres, drivers, signs): the row of the hemisphere; -1 where none was asked for.
    """

    place: Place
    rows: NDArray[np.int64]


@dataclass(kw_only=True, slots=True)
class SynapseRows:
    """What is taken.

    Attributes
    ----------
    used
        Shape (hemispheres, buses, drivers, 2, columns): synapses.
    sign
        Shape (hemispheres, buses, drivers, 2): 0 or 1 as in `SIGNS`; -1 for a row without synapses.
    labels
        Shape (hemispheres, buses, drivers, labels): labels that events of the driver carry.
    """

    grid: Grid
    used: NDArray[np.bool_] = field(init=False)
    sign: NDArray[np.int8] = field(init=False)
    labels: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        grid = self.grid
        drivers = (grid.hemispheres, grid.buses, grid.drivers)
        self.used = np.zeros((*drivers, ROWS_PER_DRIVER, grid.columns), dtype=np.bool_)
        self.sign = np.full((*drivers, ROWS_PER_DRIVER), -1, dtype=np.int8)
        self.labels = np.zeros((*drivers, grid.labels), dtype=np.bool_)

    def free_rows(self, bus: int, hemispheres: tuple[int, ...]) -> int:
        """Return how many rows of a bus have no synapse."""
        return int((self.sign[list(hemispheres), bus] < 0).sum())

    def find(self, bus: int, wanted: WantedSynapses, *, from_end: bool = False) -> Place | None:
        """Return the first place of a bus that fits, or the one on the last driver that does; None if nothing fits."""
        block = wanted.synapses.shape[1]
        fits = np.ones(self.grid.drivers // block, dtype=np.bool_)
        for hemisphere, offset in wanted.parts:
            turned = self._orientations(hemisphere, bus, wanted.synapses[hemisphere, offset])
            fits &= np.logical_or(turned[0], turned[1])[offset::block]
        busy: NDArray[np.bool_] = np.logical_or.reduce(self.labels[list(wanted.reach), bus], axis=0)
        groups = busy.reshape(len(fits), block, -1, wanted.span)
        open_labels: NDArray[np.bool_] = ~np.logical_or.reduce(groups, axis=(1, 3))
        found = np.flatnonzero(fits & np.logical_or.reduce(open_labels, axis=1))
        if not len(found):
            return None
        chosen = found[-1 if from_end else 0]
        return Place(bus=bus, driver=int(chosen) * block, label=int(open_labels[chosen].argmax()) * wanted.span)

    def take(self, place: Place, wanted: WantedSynapses) -> TakenRows:
        """Give away a place that :meth:`find` has returned."""
        bus = place.bus
        rows = np.full(wanted.synapses.shape[:3], -1, dtype=np.int64)
        for hemisphere, offset in wanted.parts:
            driver, synapses = place.driver + offset, wanted.synapses[hemisphere, offset]
            straight = bool(self._orientations(hemisphere, bus, synapses)[0, driver])
            for sign in np.flatnonzero(synapses.any(axis=1)):
                row = int(sign) if straight else 1 - int(sign)
                self.used[hemisphere, bus, driver, row] |= synapses[sign]
                self.sign[hemisphere, bus, driver, row] = sign
                rows[hemisphere, offset, sign] = (bus * self.grid.drivers + driver) * ROWS_PER_DRIVER + row
        drivers = slice(place.driver, place.driver + wanted.synapses.shape[1])
        self.labels[list(wanted.reach), bus, drivers, place.label : place.label + wanted.span] = True
        return TakenRows(place=place, rows=rows)

    def _orientations(self, hemisphere: int, bus: int, synapses: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return, shape (2, drivers), where excitation fits into row 0 and inhibition into row 1, and the reverse."""
        used, sign = self.used[hemisphere, bus], self.sign[hemisphere, bus]
        fits = np.ones((2, self.grid.drivers), dtype=np.bool_)
        for needed in np.flatnonzero(synapses.any(axis=1)):
            open_rows = ((sign < 0) | (sign == needed)) & ~used[..., synapses[needed]].any(axis=2)
            fits[0] &= open_rows[:, needed]
            fits[1] &= open_rows[:, 1 - needed]
        return fits
