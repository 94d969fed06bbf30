"""What can be wrong with the numbers of one place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from sal_hw.spec.array_files import ArrayFileError, inspect_array, locate, turned
from sal_hw.spec.arrays import MAX_MAGNITUDE, check_sparse_header, load_edges, load_values
from sal_hw.spec.checks.readable import ReadableSpec
from sal_hw.spec.checks.value_place import ValuePlace
from sal_hw.spec.findings import NOTHING, Path, SpecFinding
from sal_hw.spec.signs import sign_of
from sal_hw.spec.stimulus import SpikeList
from sal_hw.spec.values import Beta, Constant, FromFile, Normal, Table, Uniform

#: files up to this many numbers are read when a recipe is checked; of larger ones only the header
MAX_CHECKED_VALUES = 10**6

_SIGN_WORDS = {1: "0 or more", -1: "0 or less"}


def check_unit(place: ValuePlace) -> Iterator[SpecFinding]:
    """Find numbers without the unit of their neurons, or with a unit where there is none."""
    source, unit = place.source, place.unit
    if unit is None or source.unit == unit:
        return
    bare = isinstance(source, Constant)
    path = place.path if bare or source.unit == "1" else (*place.path, "unit")
    value: object = getattr(source, "value", NOTHING) if bare else NOTHING if source.unit == "1" else source.unit
    if unit == "mV":
        words = f"numbers in mV, since weights and drives of {place.model} neurons are potentials"
        hint = f'write "{source.value:g} mV"' if isinstance(source, Constant) else "add unit: mV to the mapping"
        if isinstance(source, Table):
            hint = "write {values: [...], unit: mV}"
        yield SpecFinding(code="E205", path=path, allowed=words, value=value, hint=hint)
        return
    words = f"numbers without a unit, since weights and biases of {place.model} neurons are log-odds"
    hint = f"write {source.value:g} if that is what you mean" if isinstance(source, Constant) else "remove the unit"
    yield SpecFinding(code="E206", path=path, allowed=words, value=value, hint=hint)


def check_inline(place: ValuePlace) -> Iterator[SpecFinding]:
    """Find tables that are too large to stand inline, or that hold huge numbers."""
    if isinstance(place.source, Table):
        yield from _check_table(place.source, place.path, place.readable, "numbers between -1000000 and 1000000")


def _check_table(table: Table, path: Path, readable: ReadableSpec, words: str | None) -> Iterator[SpecFinding]:
    limit, size = readable.max_inline, table.values.size
    if limit is not None and size > limit:
        allowed = f"at most {limit} numbers in the recipe itself; these are {size}"
        hint = "save them as a .npy file and write {file: NAME.npy}"
        yield SpecFinding(code="E221", path=path, allowed=allowed, hint=hint)
    if words is not None and bool((np.abs(table.values) > MAX_MAGNITUDE).any()):
        hint = "check the unit: numbers this large have no meaning for a neuron"
        yield SpecFinding(code="E214", path=path, allowed=words, hint=hint)


def check_shape(place: ValuePlace) -> Iterator[SpecFinding]:
    """Find tables whose shape is not that of their place."""
    source, shape = place.source, place.shape
    if not isinstance(source, Table) or shape is None or place.sparse or source.values.shape == shape:
        return
    words = f"a table of shape {shape} ({place.axes}); this has {source.values.shape}"
    yield SpecFinding(code="E219", path=place.path, allowed=words, hint=_shape_hint(source.values.shape, shape))


def _shape_hint(given: tuple[int, ...], shape: tuple[int, ...]) -> str | None:
    if given in ((1, *shape), (*shape, 1)):
        return "write one list, without lists in it"
    if len(shape) == 2 and len(given) == 1:
        return f"write one list for each of the {shape[0]} pre neurons, with {shape[1]} numbers each"
    return turned(given, shape)


def check_generator(place: ValuePlace) -> Iterator[SpecFinding]:
    """Find generators that cannot fill their place."""
    source, shape = place.source, place.shape
    square = shape is None or (len(shape) == 2 and shape[0] == shape[1])
    if isinstance(source, (Normal, Uniform, Beta)) and source.symmetric and not square:
        words = f"false here: only a square matrix can be symmetric; this has the shape {shape} ({place.axes})"
        path = (*place.path, "symmetric")
        yield SpecFinding(code="E219", path=path, allowed=words, value=True, hint="remove it")
    if isinstance(source, Normal) and source.truncate is not None and (source.symmetric or source.noise_std > 0.0):
        words = "no truncate together with symmetric or noise_std, which would undo it"
        path = (*place.path, "truncate")
        yield SpecFinding(code="E219", path=path, allowed=words, value=source.truncate, hint="remove one of the two")
    if isinstance(source, (Uniform, Beta)) and source.low > source.high:
        words = f"at most high, {source.high:g}"
        hint = "swap low and high"
        yield SpecFinding(code="E214", path=(*place.path, "low"), allowed=words, value=source.low, hint=hint)


def _numbers(place: ValuePlace) -> list[tuple[Path, object, float, float]]:
    """Return path, value to show, smallest and largest of the numbers that stand in the recipe."""
    source, path = place.source, place.path
    if isinstance(source, Constant):
        return [(path, source.value, source.value, source.value)]
    if isinstance(source, Table) and source.values.size:
        return [(path, NOTHING, float(source.values.min()), float(source.values.max()))]
    if isinstance(source, (Uniform, Beta)):
        return [((*path, key), getattr(source, key), *(getattr(source, key),) * 2) for key in ("low", "high")]
    return []


def check_sign(place: ValuePlace) -> Iterator[SpecFinding]:
    """Find weights, and limits of weights, whose sign the receptor cannot have."""
    sign = sign_of(place.receptor)
    if not sign:
        return
    limits = (("weight_min", place.lowest), ("weight_max", place.highest))
    numbers = _numbers(place) + [((*place.path[:-1], key), at, at, at) for key, at in limits if at is not None]
    for path, value, smallest, largest in numbers:
        if min(sign * smallest, sign * largest) < 0:
            yield _wrong_sign(place, path, value, smallest, largest)


def _wrong_sign(place: ValuePlace, path: Path, value: object, smallest: float, largest: float) -> SpecFinding:
    words = f"{_SIGN_WORDS[sign_of(place.receptor)]}, since the receptor is {place.receptor}"
    if value is NOTHING:
        words += f"; the numbers are {smallest:g} .. {largest:g}"
    hint = "use receptor: signed, or change the sign"
    return SpecFinding(code="E220", path=path, allowed=words, value=value, hint=hint)


def check_bounds(place: ValuePlace) -> Iterator[SpecFinding]:
    """Find limits in the wrong order, and initial weights outside them."""
    low, high = place.lowest, place.highest
    if low is not None and high is not None and low > high:
        path = (*place.path[:-1], "weight_min")
        words = f"at most weight_max, {high:g}"
        yield SpecFinding(code="E214", path=path, allowed=words, value=low, hint="swap weight_min and weight_max")
        return
    if isinstance(place.source, (Constant, Table)):
        for path, value, smallest, largest in _numbers(place):
            yield from _outside(place, path, value, smallest, largest)


def _outside(place: ValuePlace, path: Path, value: object, smallest: float, largest: float) -> Iterator[SpecFinding]:
    low, high = place.lowest, place.highest
    if (low is None or smallest >= low) and (high is None or largest <= high):
        return
    left = "" if low is None else f"at least weight_min, {low:g}"
    right = "" if high is None else f"at most weight_max, {high:g}"
    words = "an initial weight " + " and ".join(part for part in (left, right) if part)
    if value is NOTHING:
        words += f"; the numbers are {smallest:g} .. {largest:g}"
    below = low is not None and smallest < low
    nearest = low if below else high
    hint = f"the nearest legal value is {nearest:g}"
    yield SpecFinding(code="E214", path=path, allowed=words, value=value, hint=hint)


def check_file(place: ValuePlace) -> Iterator[SpecFinding]:
    """Find files that cannot be used, and wrong numbers in small ones."""
    if not isinstance(place.source, FromFile) or place.readable.folder is None:
        return
    path = (*place.path, "file")
    try:
        values = _load(place, place.source)
    except ArrayFileError as error:
        yield SpecFinding(code=error.code, path=path, allowed=error.allowed, value=place.source.file, hint=error.hint)
        return
    if values is None or not values.size:
        return
    smallest, largest = float(values.min()), float(values.max())
    file = place.source.file
    if min(sign_of(place.receptor) * smallest, sign_of(place.receptor) * largest) < 0:
        yield replace(_wrong_sign(place, path, NOTHING, smallest, largest), value=file)
    if place.lowest is None or place.highest is None or place.lowest <= place.highest:
        for finding in _outside(place, path, NOTHING, smallest, largest):
            yield replace(finding, value=file)


def _load(place: ValuePlace, source: FromFile) -> NDArray[np.float64] | None:
    """Return the numbers of a small file, None for a large one whose header is in order."""
    folder = place.readable.folder
    if folder is None:
        return None
    if place.sparse:
        path = check_sparse_header(source, folder)
        small = inspect_array(path, "weight", None).shape[0] <= MAX_CHECKED_VALUES
        fitting = small and place.shape is not None
        return load_edges(source, folder, (place.shape[0], place.shape[1])).weight if fitting and place.shape else None
    header = inspect_array(locate(source.file, folder), source.key, place.shape)
    return load_values(source, folder, place.shape) if prod(header.shape) <= MAX_CHECKED_VALUES else None


def check_spike_list(
    stimulus: SpikeList, path: Path, size: int | None, readable: ReadableSpec
) -> Iterator[SpecFinding]:
    """Find given spikes that are not rows of a time and a neuron."""
    source = stimulus.spikes
    if source.unit != "1":
        words = "rows of (time in ms, neuron) without a unit"
        yield SpecFinding(code="E206", path=(*path, "unit"), allowed=words, value=source.unit, hint="remove the unit")
    if isinstance(source, FromFile):
        if readable.folder is None:
            return
        try:
            values = load_values(source, readable.folder, (None, 2))
        except ArrayFileError as error:
            yield SpecFinding(
                code=error.code,
                path=(*path, "file"),
                allowed=error.allowed,
                value=source.file,
                hint=error.hint,
            )
            return
    else:
        yield from _check_table(source, path, readable, None)
        values = source.values
    yield from _check_spike_rows(values, path, size)
    yield from _check_spike_times(values, path, readable.timestep_ms)


def _check_spike_rows(values: NDArray[np.float64], path: Path, size: int | None) -> Iterator[SpecFinding]:
    if values.ndim != 2 or values.shape[1] != 2:
        words = f"rows of (time in ms, neuron), shape (spikes, 2); this has {values.shape}"
        hint = "write one row for each spike" if values.ndim == 2 and values.shape[0] == 2 else None
        yield SpecFinding(code="E219", path=path, allowed=words, hint=hint)
        return
    times, neurons = values[:, 0], values[:, 1]
    if bool((times < 0).any()):
        words, hint = "times of 0 ms or later", "the run begins at 0 ms; shift the times"
        yield SpecFinding(code="E214", path=path, allowed=words, value=float(times.min()), hint=hint)
    wrong = neurons[(neurons != np.floor(neurons)) | (neurons < 0) | (neurons >= (size or np.inf))]
    if wrong.size:
        words = "whole neuron numbers from 0" + ("" if size is None else f" to {size - 1}")
        yield SpecFinding(
            code="E214", path=path, allowed=words, value=float(wrong[0]), hint="neurons are counted from 0"
        )


def _check_spike_times(values: NDArray[np.float64], path: Path, step_ms: float | None) -> Iterator[SpecFinding]:
    if step_ms is None or values.ndim != 2 or values.shape[1] != 2 or not values.size:
        return
    ratio = values[:, 0] / step_ms
    wrong = values[np.abs(ratio - np.rint(ratio)) > 1e-6 * np.maximum(1.0, np.abs(ratio)), 0]
    if wrong.size:
        words = f"times that are multiples of the timestep, {step_ms:.12g} ms; {wrong.size} of {len(values)} are not"
        lower = np.floor(wrong[0] / step_ms)
        hint = f"the nearest multiples are {lower * step_ms:.12g} and {(lower + 1) * step_ms:.12g}"
        yield SpecFinding(code="E215", path=path, allowed=words, value=float(wrong[0]), hint=hint)
