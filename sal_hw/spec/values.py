"""Where the numbers of a weight matrix or bias vector come from: a number, a table, a file or a generator.

Every generator is seeded. Without a seed of its own, it draws from the run's seed and the name of what it
fills, so two projections never share draws by accident.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.typing import NDArray
from pydantic import BeforeValidator, Discriminator, Tag
from pydantic_core import PydanticCustomError

from sal_hw.spec.fields import Bound, Flag, Number, Seed, Spread, Text, Whole
from sal_hw.storage.document import TAG_MARK, document
from sal_hw.units import QuantityError, parse_quantity

ValueUnit: TypeAlias = Literal["1", "mV"]


_TABLE_WORDS = "rows of finite numbers, all of one length"


def _refuse_table(kind: str = "table") -> PydanticCustomError:
    return PydanticCustomError(kind, "{allowed}", {"allowed": _TABLE_WORDS})


def _read_table(raw: object) -> object:
    """Return finite numbers as float64; numpy alone would take text and booleans for numbers."""
    try:
        values = np.array(raw, dtype=np.float64) if _holds_numbers(raw) else None
    except (ValueError, TypeError, OverflowError) as error:
        raise _refuse_table() from error
    if values is None or values.ndim not in (1, 2):
        raise _refuse_table()
    if not np.isfinite(values).all():
        raise _refuse_table("table_finite")
    values.setflags(write=False)
    return values


def _holds_numbers(raw: object) -> bool:
    if isinstance(raw, np.ndarray):
        return raw.dtype.kind in "iuf"
    if isinstance(raw, (list, tuple)):
        return all(_holds_numbers(cell) for cell in raw)
    return isinstance(raw, (int, float)) and not isinstance(raw, bool)


@document
class Constant:
    """The same number everywhere."""

    value: Bound
    unit: ValueUnit = "1"


@document
class Table:
    """Numbers given one by one: shape (pre, post) for weights, (neurons,) for biases."""

    values: Annotated[NDArray[np.float64], BeforeValidator(_read_table)]
    unit: ValueUnit = "1"


@document
class FromFile:
    """Numbers of a ``.npy`` file, or of the array `key` of an ``.npz`` file, below the recipe's folder."""

    file: Text
    key: Text | None = None
    unit: ValueUnit = "1"


@document
class Normal:
    """Gaussian draws.

    Attributes
    ----------
    symmetric
        Mirror the upper triangle onto the lower one, with a zero diagonal (square matrices only).
    noise_std
        Standard deviation of independent noise added afterwards, from the same generator: the synaptic noise
        that breaks the symmetry of reciprocal weights.
    truncate
        Draws further than this many standard deviations from the mean are drawn again; None keeps all. Not together
        with `symmetric` or `noise_std`.
    skip
        Standard normal draws that are discarded first, so that several tables can come from one generator in
        order.
    """

    distribution: Literal["normal"] = "normal"
    mean: Bound = 0.0
    std: Spread = 1.0
    noise_std: Spread = 0.0
    truncate: Annotated[Number, Gt(0.5), Le(10.0)] | None = None
    symmetric: Flag = False
    seed: Seed | None = None
    skip: Annotated[Whole, Ge(0), Le(10**7)] = 0
    unit: ValueUnit = "1"


@document
class Uniform:
    """Draws from the interval [low, high)."""

    low: Bound
    high: Bound
    distribution: Literal["uniform"] = "uniform"
    symmetric: Flag = False
    seed: Seed | None = None
    unit: ValueUnit = "1"


@document
class Beta:
    """Beta(alpha, beta) draws, scaled from (0, 1) to (low, high)."""

    alpha: Annotated[Number, Gt(0.0), Le(1e3)]
    beta: Annotated[Number, Gt(0.0), Le(1e3)]
    distribution: Literal["beta"] = "beta"
    low: Bound = -1.0
    high: Bound = 1.0
    symmetric: Flag = False
    seed: Seed | None = None
    unit: ValueUnit = "1"


def _read_constant(raw: object) -> object:
    """Turn a bare number, or a number with the unit mV, into the fields of a constant."""
    if isinstance(raw, str):
        try:
            return {"value": parse_quantity(raw, "mV"), "unit": "mV"}
        except QuantityError as error:
            raise PydanticCustomError(f"unit_{error.reason}", "{allowed}", {"allowed": str(error)}) from error
    return {"value": raw} if isinstance(raw, (int, float)) else raw


def _kind(raw: object) -> str | None:
    if isinstance(raw, (list, np.ndarray, Table)):
        return TAG_MARK + "table"
    if isinstance(raw, (FromFile, Normal, Uniform, Beta)):
        return TAG_MARK + ("file" if isinstance(raw, FromFile) else raw.distribution)
    if isinstance(raw, dict) and "value" not in raw:
        chosen = "file" if "file" in raw else raw.get("distribution", "table" if "values" in raw else None)
        return TAG_MARK + chosen if isinstance(chosen, str) else None
    return TAG_MARK + "constant"


def _read_values(raw: object) -> object:
    return {"values": raw} if isinstance(raw, (list, np.ndarray)) else raw


Generator: TypeAlias = Normal | Uniform | Beta
ValueSource: TypeAlias = Annotated[
    Annotated[Constant, BeforeValidator(_read_constant), Tag("=constant")]
    | Annotated[Table, BeforeValidator(_read_values), Tag("=table")]
    | Annotated[FromFile, Tag("=file")]
    | Annotated[Normal, Tag("=normal")]
    | Annotated[Uniform, Tag("=uniform")]
    | Annotated[Beta, Tag("=beta")],
    Discriminator(_kind, custom_error_type="choose_distribution", custom_error_message="unknown choice"),
]

#: numbers that cannot be generated, for example given spike times
TableSource: TypeAlias = Annotated[
    Annotated[Table, BeforeValidator(_read_values), Tag("=table")] | Annotated[FromFile, Tag("=file")],
    Discriminator(_kind, custom_error_type="choose_table", custom_error_message="unknown choice"),
]
