"""Kernel instructions as C++ statements on rows of vectors; only range-checked integers are inserted.

Types and operators are those of libnux: ``vector_row.h`` and ``vector_row.tcc`` (row types, their conversions, which
half holds which column), ``vector_mod_8.tcc``, ``vector_frac_sat_8.tcc`` and ``vector_frac_sat_16.tcc`` (operators
and shifts), ``vector_if.h`` (selection), ``parallel_rng.h`` (random numbers).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from typing_extensions import assert_never

from sal_hw.kernel.ir import LIMITS, MAX_WEIGHT, Combination, Instruction, Kernel, Kind, Operation, bits_of

#: the row type of each type of value (libnux, vector_row.h)
ROW_TYPES: dict[Kind, str] = {"mod8": "VectorRowMod8", "frac8": "VectorRowFracSat8", "frac16": "VectorRowFracSat16"}

#: constants that symbols can be named after: fixed words, never a user's
CONSTANT_WORDS = ("baseline_causal", "baseline_anticausal", "baseline_difference", "balance", "residual", "wake")

#: random bits shift through a register, one new bit per draw (brainscales2-demos, ts_07-pong.rst), and a draw is a
#: byte: with so many draws dropped before each use, no bit is used twice
DROPPED_DRAWS = 8

#: draws after seeding, until no bit of the seed is left (brainscales2-demos, ts_07-pong.rst)
WARM_UP_DRAWS = 234

_READINGS = {"causal": "causal", "anticausal": "acausal", "weight": "weight", "random": "sal_draw()"}

_INFIX = {"add": "+", "subtract": "-", "multiply": "*"}

_SHIFTS = {"shift_right": ">>", "shift_left": "<<"}

#: kind of the result and expression of the conversions of one value
_CONVERSIONS: dict[str, tuple[Kind, str]] = {
    "convert_contiguous": ("frac8", "{0}.convert_contiguous()"),
    "reinterpret": ("frac8", "static_cast<VectorRowFracSat8>({0})"),
    "widen_low": ("frac16", "static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>({0}))"),
    "widen_high": ("frac16", "static_cast<VectorRowFracSat16>({0})"),
    "narrow": ("frac8", "static_cast<VectorRowFracSat8>({0})"),
    "clip_weight": ("mod8", "sal_clip({0})"),
}


def integer(number: object, lowest: int, highest: int) -> str:
    """Return a number as C++ text: the only way by which anything that is not fixed gets into a kernel's text.

    Raises
    ------
    TypeError
        If it is no whole number.
    ValueError
        If it leaves its range.
    """
    if type(number) is not int:
        raise TypeError(f"only whole numbers are inserted into a kernel, not {type(number).__name__}")
    if not lowest <= number <= highest:
        raise ValueError(f"{number} leaves {lowest} .. {highest}")
    return str(number)


def statements(kernel: Kernel, constants: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return one statement per instruction and one that returns the new weight.

    They use the names ``causal``, ``acausal``, ``weight`` and what `constants` gives, and the helpers ``sal_load``,
    ``sal_draw`` and ``sal_clip`` of :mod:`sal_hw_brainscales2.machine.ppu.text`.

    Parameters
    ----------
    constants
        Expression of the bytes of each constant; the high and the low ones of a ``frac16`` constant.

    Raises
    ------
    TypeError, ValueError
        If an instruction is none that the builder makes.
    """
    lines = []
    for index, item in enumerate(kernel.instructions):
        if item.kind not in ROW_TYPES:
            raise ValueError("instruction of an unknown type")
        if item.operation not in get_args(Operation):
            raise ValueError("unknown operation")
        if any(not 0 <= place < index for place in item.inputs):
            raise ValueError(f"instruction {index} refers to one that is not before it")
        operands = [f"v{integer(place, 0, index - 1)}" for place in item.inputs]
        expression = _expression(item, operands, constants)
        lines.append(f"{ROW_TYPES[item.kind]} const v{integer(index, 0, 9999)} = {expression};")
    if not lines or kernel.instructions[-1].operation not in {"clip_weight", "weight"}:
        raise ValueError("a kernel ends with a weight")
    return [*lines, f"return v{len(lines) - 1};"]


def _expression(item: Instruction, operands: list[str], constants: Mapping[str, tuple[str, ...]]) -> str:
    match item.operation:
        case "causal" | "anticausal" | "weight" | "random":
            _expect(item, operands, 0, "mod8")
            return _READINGS[item.operation]
        case "constant":
            return _constant(item.kind, constants[item.name])
        case "literal":
            return f"{ROW_TYPES[item.kind]}({integer(item.number, *LIMITS[item.kind])})"
        case "convert_contiguous" | "reinterpret" | "widen_low" | "widen_high" | "narrow" | "clip_weight":
            result, pattern = _CONVERSIONS[item.operation]
            _expect(item, operands, 1, result)
            return pattern.format(operands[0])
        case operation:
            return _on_operands(operation, item, operands)


def _on_operands(operation: Combination, item: Instruction, operands: list[str]) -> str:
    """Return the expression of an operation whose operands are of its own type."""
    match operation:
        case "add" | "subtract" | "multiply":
            _expect(item, operands, 2, item.kind)
            return f"{operands[0]} {_INFIX[operation]} {operands[1]}"
        case "shift_right" | "shift_left":
            _expect(item, operands, 1, item.kind)
            return f"{operands[0]} {_SHIFTS[operation]} {integer(item.number, 1, bits_of(item.kind) - 1)}"
        case "if_negative":
            _expect(item, operands, 3, item.kind)
            return f"vector_if({operands[0]}, VectorIfCondition::lesser, {operands[1]}, {operands[2]})"
        case _:
            assert_never(operation)


def _constant(kind: Kind, bytes_of: tuple[str, ...]) -> str:
    match kind:
        case "mod8":
            return f"sal_load({bytes_of[0]})"
        case "frac8":
            return f"static_cast<VectorRowFracSat8>(sal_load({bytes_of[0]}))"
        case "frac16":
            # two rows of bytes: their order in memory then does not depend on the processor's
            return f"sal_join(sal_load({bytes_of[0]}), sal_load({bytes_of[1]}))"
        case _:
            assert_never(kind)


def _expect(item: Instruction, operands: list[str], count: int, kind: Kind) -> None:
    if len(operands) != count or item.kind != kind:
        raise ValueError(f"{item.operation} takes {count} values and makes {kind}")


#: what limits a frac8 row to weights
HIGHEST_WEIGHT = integer(MAX_WEIGHT, 0, 127)
