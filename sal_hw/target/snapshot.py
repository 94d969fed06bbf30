"""How one chip deviates from its kind: measured numbers per instance, with a mask of those that can be trusted."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sal_hw.storage.codec import digest
from sal_hw.storage.document import document

#: what the entries of a table belong to: neuron circuits (blocks * columns,) of a chip's grid, or its synapses
#: (blocks, rows, columns)
Site: TypeAlias = Literal["neuron", "synapse"]

#: version of the format on disk, and those that can be read
SNAPSHOT_SCHEMA = 2
READABLE_SCHEMAS = (1, 2)

#: what a snapshot of version 1 consists of, besides its tables, and a table of it
_FIRST_FIELDS = ("chip_id", "target", "taken_at", "origin", "parent", "schema_version")
_FIRST_TABLE_FIELDS = ("name", "site", "unit", "measured", "ok", "sigma", "source")


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
    residual
        Same shape: how far what was observed stands from the fit, in the observation's unit; None without a fit.
    after
        Same shape: what was left of the deviation when it was measured again with corrected settings; None if that
        was not done.
    why, reasons
        Same shape: index into `reasons` of why an instance is not ok; 0, whose reason is ``ok``, where it is. None if
        no reasons are known.
    source
        Where the numbers come from.
    """

    name: str
    site: Site
    unit: str
    measured: NDArray[Any]
    ok: NDArray[np.bool_]
    sigma: NDArray[Any] | None = None
    residual: NDArray[Any] | None = None
    after: NDArray[Any] | None = None
    why: NDArray[np.uint8] | None = None
    reasons: tuple[str, ...] = ()
    source: str = ""


@document
class Curve:
    """Observations of some instances that a report shows.

    Attributes
    ----------
    name
        For example ``activation``.
    x_name, x_unit, y_name, y_unit
        What the axes are.
    x
        Shape (points,).
    y, fitted
        Shape (points, instances): what was observed, and what a fit says; None without a fit.
    instances
        Shape (instances,): which ones.
    """

    name: str
    x_name: str
    x_unit: str
    y_name: str
    y_unit: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    instances: NDArray[np.int64]
    fitted: NDArray[np.float64] | None = None


@document
class CalibrationSnapshot:
    """All that is known of one chip at one time.

    Attributes
    ----------
    chip_id
        Which chip; of a synthetic one, ``synthetic-SEED``.
    target
        The family it belongs to.
    taken_at, finished_at
        Beginning and end of the measurement, UTC, ISO 8601; the end is None where it is not known.
    origin
        ``measured`` by a calibration, or ``drawn`` as the truth of a synthetic chip.
    parent
        Digest of the snapshot this one continues; None for a first one.
    conditions, software
        What the measurement depended on, and versions, as pairs of name and text.
    curves
        What a report shows besides the tables.
    """

    chip_id: str
    target: str
    taken_at: str
    origin: Literal["measured", "drawn"]
    tables: tuple[ParameterTable, ...]
    parent: str | None = None
    finished_at: str | None = None
    conditions: tuple[tuple[str, str], ...] = ()
    software: tuple[tuple[str, str], ...] = ()
    curves: tuple[Curve, ...] = ()
    schema_version: int = SNAPSHOT_SCHEMA

    @property
    def hash(self) -> str:
        """Digest of the whole snapshot."""
        if self.schema_version == 1:
            header = {name: getattr(self, name) for name in _FIRST_FIELDS}
            tables = [{name: getattr(table, name) for name in _FIRST_TABLE_FIELDS} for table in self.tables]
            return digest(header | {"tables": tables})
        return digest(self)

    def table(self, name: str) -> ParameterTable | None:
        """Return the table of a name, None if it was not measured."""
        return next((item for item in self.tables if item.name == name), None)
