"""Whether a snapshot can be trusted: known tables, shapes that fit a chip, and numbers that are not absurd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import MAX_VALUE_CHARACTERS, CalibrationError, Problem, quote_value
from sal_hw.target.description import TargetDescription
from sal_hw.target.snapshot import READABLE_SCHEMAS, CalibrationSnapshot, Curve, ParameterTable, Site
from sal_hw.target.tables import TABLES, TableKind

#: how `taken_at` is written: UTC, to the second
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"

_AXES: dict[Site, tuple[str, ...]] = {
    "neuron": ("blocks * columns",),
    "synapse": ("blocks", "rows", "columns"),
}


def check_tables(snapshot: CalibrationSnapshot) -> None:
    """Check what can be checked without knowing the target: header, tables, their agreement, and every number.

    Raises
    ------
    CalibrationError
        E703 with one finding per defect.
    """
    problems = [*_header_problems(snapshot), *_name_problems(snapshot)]
    for table in snapshot.tables:
        problems += _table_problems(table)
    for curve in snapshot.curves:
        problems += _curve_problems(curve)
    if not problems:
        problems += _agreement_problems(snapshot)
    if problems:
        raise CalibrationError(problems)


def check_snapshot(snapshot: CalibrationSnapshot, target: TargetDescription) -> None:
    """Check a snapshot against the kind of chip that a program is compiled for.

    Parameters
    ----------
    target
        Its grid of circuits gives the shapes of the tables.

    Raises
    ------
    CalibrationError
        E702 if the snapshot is of another kind of chip, or the target has no circuits to calibrate; E703 if a table
        is unknown, has another shape, or holds numbers that are not finite or absurd.
    """
    shapes = target_shapes(target)
    if shapes is None or snapshot.target != target.family:
        none = f"no snapshot: {target.family} has no circuits that differ"
        wanted = f"a snapshot of {target.family}" if shapes else none
        hint = "calibrate the chip that the program is compiled for" if shapes else "leave the snapshot away"
        value = quote_value(snapshot.target)
        raise CalibrationError(Problem(code="E702", field="snapshot.target", value=value, allowed=wanted, hint=hint))
    check_tables(snapshot)
    problems = [
        _shape_problem(table, f"{shapes[table.site]}, the {' x '.join(_AXES[table.site])} of {target.family}")
        for table in snapshot.tables
        if table.measured.shape != shapes[table.site]
    ]
    if problems:
        raise CalibrationError(problems)


def target_shapes(target: TargetDescription) -> dict[Site, tuple[int, ...]] | None:
    """Return the shape of a table per site, None if the target does not say how many circuits it has."""
    grid = target.grid
    if grid is None:
        return None
    return {"neuron": (grid.neurons,), "synapse": (grid.blocks, grid.rows, grid.columns)}


def _header_problems(snapshot: CalibrationSnapshot) -> Iterator[Problem]:
    if snapshot.schema_version not in READABLE_SCHEMAS:
        known = " or ".join(map(str, READABLE_SCHEMAS))
        yield _problem("schema_version", str(snapshot.schema_version), f"version {known} of the format")
    if snapshot.origin not in ("measured", "drawn"):
        yield _problem("origin", quote_value(snapshot.origin), "measured or drawn")
    for name in ("chip_id", "target"):
        text = getattr(snapshot, name)
        if not 0 < len(text) <= MAX_VALUE_CHARACTERS or not text.isprintable():
            yield _problem(name, quote_value(text), f"1 to {MAX_VALUE_CHARACTERS} printable characters")
    yield from _pair_problems(snapshot)
    for name in ("taken_at", "finished_at"):
        text = getattr(snapshot, name)
        if text is not None and not _is_time(text):
            yield _problem(name, quote_value(text), "a UTC time such as 2025-01-31T12:00:00Z")


def _pair_problems(snapshot: CalibrationSnapshot) -> Iterator[Problem]:
    for name in ("conditions", "software"):
        for text in (part for pair in getattr(snapshot, name) for part in pair):
            if not text.isprintable():
                yield _problem(name, quote_value(text), "printable characters")


def _is_time(text: str) -> bool:
    try:
        datetime.strptime(text, TIME_FORMAT)
    except ValueError:
        return False
    return True


def _name_problems(snapshot: CalibrationSnapshot) -> Iterator[Problem]:
    names = [table.name for table in snapshot.tables]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield _problem(_path(name), None, "each table once")
    curves = [curve.name for curve in snapshot.curves]
    for name in sorted({name for name in curves if curves.count(name) > 1}):
        yield _problem(f"curves.{name}", None, "each curve once")


def _table_problems(table: ParameterTable) -> list[Problem]:
    kind = TABLES.get(table.name)
    if kind is None:
        close = get_close_matches(table.name, TABLES, n=1)
        hint = f'did you mean "{close[0]}"?' if close else "use a newer sal-hw"
        return [_problem("tables", quote_value(table.name), "tables that this version knows", hint)]
    problems = []
    for name, found, wanted in (("site", table.site, kind.site), ("unit", table.unit, kind.unit)):
        if found != wanted:
            problems.append(_problem(f"{_path(table.name)}.{name}", quote_value(found), f'"{wanted}"'))
    return problems or _array_problems(table, kind)


def _array_problems(table: ParameterTable, kind: TableKind) -> list[Problem]:
    path = _path(table.name)
    axes = _AXES[table.site]
    wrong = []
    if table.measured.ndim != len(axes) or not table.measured.size:
        wrong.append(_shape_problem(table, f"of {len(axes)} axes: {', '.join(axes)}"))
    if table.ok.dtype != np.bool_ or table.ok.shape != table.measured.shape:
        found = f"{table.ok.dtype} {table.ok.shape}"
        wrong.append(_problem(f"{path}.ok", found, f"booleans of shape {table.measured.shape}"))
    if wrong:
        return wrong
    problems = _number_problems(f"{path}.measured", table.measured, table.ok, kind)
    if table.sigma is not None:
        if table.sigma.shape != table.measured.shape:
            found = str(table.sigma.shape)
            return [*problems, _problem(f"{path}.sigma", found, f"shape {table.measured.shape}")]
        errors = replace(kind, lowest=0.0, highest=max(kind.highest - kind.lowest, kind.highest))
        problems += _number_problems(f"{path}.sigma", table.sigma, table.ok, errors)
    return [*problems, *_detail_problems(table)]


def _detail_problems(table: ParameterTable) -> Iterator[Problem]:
    """Find details of a table that do not fit it: other shapes, numbers not finite, reasons that do not hold."""
    path, shape = _path(table.name), table.measured.shape
    for name in ("residual", "after"):
        values = getattr(table, name)
        if values is not None and (values.shape != shape or not _all_finite(values)):
            yield _problem(f"{path}.{name}", f"{values.dtype} {values.shape}", f"finite numbers of shape {shape}")
    for reason in table.reasons:
        if not reason.isprintable():
            yield _problem(f"{path}.reasons", quote_value(reason), "printable characters")
    if table.reasons and table.reasons[0] != "ok":
        yield _problem(f"{path}.reasons", quote_value(table.reasons[0]), '"ok" as the first reason')
    if table.why is None:
        return
    if table.why.shape != shape or table.why.dtype != np.uint8 or table.why.max(initial=0) >= len(table.reasons):
        words = f"indices into {len(table.reasons)} reasons, of shape {shape}"
        yield _problem(f"{path}.why", f"{table.why.dtype} {table.why.shape}", words)
    elif ((table.why == 0) != table.ok).any():
        yield _problem(f"{path}.why", None, "a reason for every instance that is not ok, and for no other")


def _all_finite(values: NDArray[Any]) -> bool:
    return values.dtype.kind in "iuf" and bool(np.isfinite(values).all())


def _curve_problems(curve: Curve) -> Iterator[Problem]:
    """Find axes, observations and instances of a curve that do not fit each other."""
    path = f"curves.{curve.name}"
    texts = (curve.name, curve.x_name, curve.x_unit, curve.y_name, curve.y_unit)
    if not all(text and text.isprintable() for text in texts):
        yield _problem("curves", quote_value(curve.name), "names and units of printable characters")
    if curve.instances.ndim != 1 or curve.instances.dtype.kind not in "iu" or (curve.instances < 0).any():
        yield _problem(f"{path}.instances", None, "indices of instances, from 0")
        return
    shape = (*curve.x.shape, *curve.instances.shape)
    wanted = [("x", curve.x, curve.x.shape if curve.x.ndim == 1 else (-1,)), ("y", curve.y, shape)]
    wanted += [] if curve.fitted is None else [("fitted", curve.fitted, shape)]
    for name, values, expected in wanted:
        if values.shape != expected or not _all_finite(values):
            allowed = "finite numbers, one per point" + ("" if name == "x" else " and instance")
            yield _problem(f"{path}.{name}", f"{values.dtype} {values.shape}", allowed)


def _number_problems(path: str, numbers: NDArray[Any], ok: NDArray[np.bool_], kind: TableKind) -> list[Problem]:
    if numbers.dtype.kind not in "iuf":
        return [_problem(path, str(numbers.dtype), "numbers")]
    finite = np.isfinite(numbers)
    if not finite.all():
        place = _first(~finite)
        return [_problem(f"{path}{place}", f"{numbers[tuple(place)]}", "finite numbers, also where they are not ok")]
    absurd = ok & ((numbers < kind.lowest) | (numbers > kind.highest))
    if not absurd.any():
        return []
    place = _first(absurd)
    allowed = f"{kind.lowest:g} .. {kind.highest:g}" + ("" if kind.unit == "1" else f" {kind.unit}")
    allowed += f"; {int(absurd.sum())} of {numbers.size} numbers are beyond, and no circuit that works is"
    return [_problem(f"{path}{place}", f"{numbers[tuple(place)]:g}", allowed)]


def _agreement_problems(snapshot: CalibrationSnapshot) -> Iterator[Problem]:
    """Find tables that cannot be of the same chip."""
    shapes: dict[Site, tuple[int, ...]] = {}
    for table in snapshot.tables:
        wanted = shapes.setdefault(table.site, table.measured.shape)
        if table.measured.shape != wanted:
            yield _shape_problem(table, f"{wanted}, as of the other {table.site} tables")
    if len(shapes) == 2:
        blocks, _, columns = shapes["synapse"]
        if shapes["neuron"] != (blocks * columns,):
            allowed = f"{blocks * columns} neurons, since the synapse tables have shape {shapes['synapse']}"
            yield _problem("tables", f"{shapes['neuron'][0]} neurons", allowed)
    neurons = shapes.get("neuron")
    for curve in snapshot.curves:
        if neurons is not None and (curve.instances >= neurons[0]).any():
            yield _problem(
                f"curves.{curve.name}.instances", str(curve.instances.max()), f"below {neurons[0]}, the neurons"
            )


def _first(mask: NDArray[np.bool_]) -> list[int]:
    return [int(number) for number in np.argwhere(mask)[0]]


def _path(name: str) -> str:
    return f"tables.{name}"


def _shape_problem(table: ParameterTable, allowed: str) -> Problem:
    return _problem(f"{_path(table.name)}.measured", f"shape {table.measured.shape}", f"shape {allowed}")


def _problem(field: str, value: str | None, allowed: str, hint: str = "measure or draw it again") -> Problem:
    return Problem(code="E703", field=field, value=value, allowed=allowed, hint=hint)
