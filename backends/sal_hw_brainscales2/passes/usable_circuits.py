"""Which circuits and sensors of a chip can be used, as far as a snapshot knows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sal_hw.passes.draft import Draft

#: tables of which an entry that is not ok means that the synapse's sensors cannot be used for learning
_SENSOR_TABLES = ("amplitude_causal_ratio", "amplitude_anticausal_ratio", "balance_ratio")


def usable_sites(draft: Draft) -> NDArray[np.bool_] | None:
    """Return which circuits work, shape (hemispheres * columns,); None if nothing is known."""
    table = draft.snapshot.table("usable") if draft.snapshot is not None else None
    return None if table is None else table.ok & (table.measured > 0)


def working_sensors(draft: Draft) -> NDArray[np.bool_] | None:
    """Return which synapses have sensors that work, shape (hemispheres, rows, columns); None if nothing is known."""
    if draft.snapshot is None:
        return None
    known = [table for name in _SENSOR_TABLES if (table := draft.snapshot.table(name)) is not None]
    # of the truth about a chip, dead sensors are known by their amplitude
    works = [table.ok & (table.measured > 0.0) for table in known]
    return np.asarray(np.logical_and.reduce(works)) if works else None
