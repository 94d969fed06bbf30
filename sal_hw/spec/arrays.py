"""The numbers that a value source stands for: read from a file, drawn from a generator or given inline."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.spec.array_files import ArrayFileError, inspect_array, locate, read_array
from sal_hw.spec.values import Beta, Constant, FromFile, Generator, Normal, Table, Uniform, ValueSource

#: largest magnitude of a number, as for numbers in the recipe
MAX_MAGNITUDE = 1e6

_EDGE_KEYS = ("pre", "post", "weight")


@dataclass(frozen=True, slots=True)
class Edges:
    """Synapses one by one: pre- and postsynaptic neurons and weights, each of shape (synapses,)."""

    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    weight: NDArray[np.float64]


def derive_seed(run_seed: int, *names: str) -> int:
    """Return a seed for what is named, the same in every process and independent of the order of drawing."""
    words = [zlib.crc32(name.encode()) for name in names]
    return int(np.random.SeedSequence([run_seed, *words]).generate_state(1, np.uint64)[0])


def read_values(
    source: FromFile, folder: Path, shape: tuple[int | None, ...], *, field: str = ""
) -> NDArray[np.float64]:
    """Return the numbers of a file.

    Parameters
    ----------
    folder
        The file must lie below this folder, also after links are followed.
    shape
        Shape that the array must have; None stands for any length.
    field
        Path of the field, for the error.

    Raises
    ------
    InputError
        If the file cannot be used (E401 to E406), or if a number is out of range (E214).
    """
    try:
        return load_values(source, folder, shape)
    except ArrayFileError as error:
        raise _as_input_error(error, source, field) from error


def load_values(source: FromFile, folder: Path, shape: tuple[int | None, ...] | None) -> NDArray[np.float64]:
    """Do as :func:`read_values`, but raise the bare :class:`ArrayFileError`."""
    values = read_array(locate(source.file, folder), source.key, shape).astype(np.float64)
    _check_magnitude(values)
    return values


def _check_magnitude(values: NDArray[np.float64]) -> None:
    largest = float(np.abs(values).max(initial=0.0))
    if largest > MAX_MAGNITUDE:
        raise ArrayFileError("E214", f"numbers between -1000000 and 1000000; the largest magnitude is {largest:g}")


def read_sparse(source: FromFile, folder: Path, shape: tuple[int, int], *, field: str = "") -> Edges:
    """Return the synapses of an ``.npz`` file with the arrays ``pre``, ``post`` and ``weight``.

    Parameters
    ----------
    shape
        Sizes of the pre- and of the postsynaptic population.

    Raises
    ------
    InputError
        As :func:`read_values`, or if an index is out of range or a synapse is given twice (E405).
    """
    try:
        return load_edges(source, folder, shape)
    except ArrayFileError as error:
        raise _as_input_error(error, source, field) from error


def load_edges(source: FromFile, folder: Path, shape: tuple[int, int]) -> Edges:
    """Do as :func:`read_sparse`, but raise the bare :class:`ArrayFileError`."""
    path = check_sparse_header(source, folder)
    arrays = {key: read_array(path, key, (None,)) for key in _EDGE_KEYS}
    for key, size in zip(_EDGE_KEYS, shape, strict=False):
        _check_indices(key, arrays[key], size)
    flat = arrays["pre"].astype(np.int64) * shape[1] + arrays["post"].astype(np.int64)
    if np.unique(flat).size != flat.size:
        raise ArrayFileError("E405", "each synapse once; some pairs of pre and post occur twice")
    weight = arrays["weight"].astype(np.float64)
    _check_magnitude(weight)
    return Edges(arrays["pre"].astype(np.int64), arrays["post"].astype(np.int64), weight)


def check_sparse_header(source: FromFile, folder: Path) -> Path:
    """Return the path of an edge list after checking which arrays it has, and that they are equally long."""
    path = locate(source.file, folder)
    if path.suffix != ".npz" or source.key is not None:
        raise ArrayFileError("E403", "an .npz file, without a key, with the arrays pre, post and weight")
    headers = {key: inspect_array(path, key, (None,)) for key in _EDGE_KEYS}
    lengths = {key: header.shape[0] for key, header in headers.items()}
    if len(set(lengths.values())) != 1:
        raise ArrayFileError("E405", f"arrays pre, post and weight of equal length; they have {lengths}")
    for key in _EDGE_KEYS[:2]:
        if headers[key].dtype.kind not in "iu":
            raise ArrayFileError("E404", f"whole numbers in {key}; these are {headers[key].dtype.name}")
    return path


def _check_indices(key: str, indices: NDArray[np.int64], size: int) -> None:
    if indices.size and (int(indices.min()) < 0 or int(indices.max()) >= size):
        words = f"indices 0 .. {size - 1} in {key}; there are {int(indices.min())} .. {int(indices.max())}"
        raise ArrayFileError("E405", words, "neurons are counted from 0")


def _as_input_error(error: ArrayFileError, source: FromFile, field: str) -> InputError:
    where = f"{field}.file" if field else "file"
    return InputError(
        Problem(
            code=error.code,
            field=where,
            allowed=error.allowed,
            value=quote_value(source.file),
            hint=error.hint,
        )
    )


def draw_values(source: Generator, shape: tuple[int, ...], rng_seed: int) -> NDArray[np.float64]:
    """Return a generator's draws.

    Parameters
    ----------
    shape
        Square if the source is symmetric.
    rng_seed
        Seed of the generator, used if the source has none of its own.
    """
    rng = np.random.default_rng(rng_seed if source.seed is None else source.seed)
    match source:
        case Normal():
            return _normal(source, shape, rng)
        case Uniform():
            return _mirrored(rng.uniform(source.low, source.high, shape), source.symmetric)
        case Beta():
            scaled = source.low + (source.high - source.low) * rng.beta(source.alpha, source.beta, shape)
            return _mirrored(scaled, source.symmetric)
        case _:
            assert_never(source)


def _normal(source: Normal, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    rng.standard_normal(source.skip)
    if source.truncate is not None:
        return _truncated(source, source.truncate, shape, rng)
    values = _mirrored(rng.normal(source.mean, source.std, shape), source.symmetric)
    return values + rng.normal(0.0, source.noise_std, shape) if source.noise_std > 0.0 else values


def _truncated(source: Normal, most: float, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    deviates = rng.standard_normal(shape)
    while (outside := np.abs(deviates) > most).any():
        deviates[outside] = rng.standard_normal(int(outside.sum()))
    return source.mean + source.std * deviates


def _mirrored(values: NDArray[np.float64], symmetric: bool) -> NDArray[np.float64]:
    if not symmetric:
        return values
    upper = np.triu(values, k=1)
    return upper + upper.T


def realize_values(
    source: ValueSource, shape: tuple[int, ...], *, rng_seed: int, folder: Path, field: str = ""
) -> NDArray[np.float64]:
    """Return the numbers of any value source in the wanted shape.

    Raises
    ------
    InputError
        If a file cannot be used, see :func:`read_values`, or if a table has another shape (E219).
    """
    match source:
        case Constant():
            return np.full(shape, source.value)
        case FromFile():
            return read_values(source, folder, shape, field=field)
        case Normal() | Uniform() | Beta():
            return draw_values(source, shape, rng_seed)
        case Table():
            return _table_values(source, shape, field)
        case _:
            assert_never(source)


def _table_values(source: Table, shape: tuple[int, ...], field: str) -> NDArray[np.float64]:
    if source.values.shape != shape:
        allowed = f"a table of shape {shape}; this has {source.values.shape}"
        raise InputError(Problem(code="E219", field=field, allowed=allowed))
    return source.values.copy()
