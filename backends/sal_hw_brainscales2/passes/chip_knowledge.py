"""What a snapshot says about the circuits and synapses of a program in the making; nominal where it says nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sal_hw.passes.draft import Draft
from sal_hw.target.tables import TABLES
from sal_hw_brainscales2.program import SynapseTile


def knows(draft: Draft, name: str) -> bool:
    """Whether the snapshot has a table."""
    return draft.snapshot is not None and draft.snapshot.table(name) is not None


def of_neurons(draft: Draft, name: str, sites: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a table's numbers for circuits, shape of `sites`."""
    table = draft.snapshot.table(name) if draft.snapshot is not None else None
    if table is None:
        return np.full(sites.shape, TABLES[name].nominal)
    numbers = np.where(table.ok, table.measured, TABLES[name].nominal)
    return np.asarray(numbers[sites], dtype=np.float64)


def of_synapses(draft: Draft, name: str, tile: SynapseTile) -> NDArray[np.float64]:
    """Return a table's numbers for a tile, shape (sources, columns)."""
    table = draft.snapshot.table(name) if draft.snapshot is not None else None
    if table is None:
        return np.full(tile.codes.shape, TABLES[name].nominal)
    place = (tile.hemisphere, tile.rows[:, None], tile.columns[None, :])
    return np.asarray(np.where(table.ok[place], table.measured[place], TABLES[name].nominal), dtype=np.float64)
