"""How one chip deviates from its kind: measured numbers per instance, with a mask of those that can be trusted."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sal_hw.codec import digest
from sal_hw.document import document

#: what the entries of a table belong to: neuron circuits (hemispheres * columns,), or synapses
#: (hemispheres, rows, columns)
Site: TypeAlias = Literal["neuron", "synapse"]

#: version of the format on disk
SNAPSHOT_SCHEMA = 1


@document
class ParameterTable:
    """One measured quantity over all instances.

    Attributes
    ----------
    name
        For example ``v_leak_offset_lsb``; the unit is part of the name.
    site
        What the entries belong to, and so their shape.
    unit
        Unit symbol; ``1`` for ratios.
    measured
        The numbers; where `ok` is false they have no meaning, but are finite.
    ok
        Same shape: which instances could be measured.
    sigma
        Same shape: standard error of the measurement; None if it is not known.
    source
        Where the numbers come from.
    """

    name: str
    site: Site
    unit: str
    measured: NDArray[Any]
    ok: NDArray[np.bool_]
    sigma: NDArray[Any] | None = None
    source: str = ""


@document
class CalibrationSnapshot:
    """All that is known of one chip at one time.

    Attributes
    ----------
    chip_id
        Which chip; of a synthetic one, ``synthetic-SEED``.
    target
        The family it belongs to.
    taken_at
        UTC, ISO 8601.
    origin
        ``measured`` by a calibration, or ``drawn`` as the truth of a synthetic chip.
    parent
        Digest of the snapshot this one continues; None for a first one.
    """

    chip_id: str
    target: str
    taken_at: str
    origin: Literal["measured", "drawn"]
    tables: tuple[ParameterTable, ...]
    parent: str | None = None
    schema_version: int = SNAPSHOT_SCHEMA

    @property
    def hash(self) -> str:
        """Digest of the whole snapshot."""
        return digest(self)

    def table(self, name: str) -> ParameterTable | None:
        """Return the table of a name, None if it was not measured."""
        return next((item for item in self.tables if item.name == name), None)
