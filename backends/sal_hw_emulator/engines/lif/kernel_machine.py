"""Runs kernels row by row, with the same results as the reference, ``sal_hw.kernel.evaluate``.

Numbers are whole and kept in single precision, which is exact up to 2^24 and lets the compiler work on many columns
at once; only products of 16-bit numbers need whole-number arithmetic. Saturation is an upper and a lower bound.
Instructions that belong together are one operation, see ``kernel_fusion``. A result never goes into the register of
an operand, since the compiler gives up on loops whose operands and results overlap. Registers are rows of one array,
named by their number: a view of a row costs as much as an operation on it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sal_hw.kernel.ir import Kernel
from sal_hw_emulator.engines.lif.arrays import Singles
from sal_hw_emulator.engines.lif.kernel_fusion import Step, fuse
from sal_hw_emulator.engines.sampling.compiled import compiled, inlined

#: columns of the code: operation, register of the result, up to three operands, number
CODE_WIDTH = 6

#: what fetches a value, what changes one, what makes one of several, and what fetches one of its operands
_CAUSAL, _ANTICAUSAL, _WEIGHT, _CONSTANT, _RANDOM, _LITERAL = range(6)
_OFFSET, _SCALE_UP, _SCALE_DOWN, _CLIP, _MULTIPLY_8_BY, _MULTIPLY_16_BY = range(6, 12)
_ADD, _SUBTRACT, _MULTIPLY_8, _MULTIPLY_16, _IF_NEGATIVE, _WITH_SIGN = range(12, 18)
_COLLECT_CAUSAL, _COLLECT_ANTICAUSAL, _ADD_RANDOM, _WEIGHT_PLUS, _WEIGHT_MINUS = range(18, 23)

_OPERATIONS = {
    "causal": _CAUSAL,
    "anticausal": _ANTICAUSAL,
    "weight": _WEIGHT,
    "constant": _CONSTANT,
    "random": _RANDOM,
    "literal": _LITERAL,
    "convert_contiguous": _OFFSET,
    "widen_high": _SCALE_UP,
    "shift_left": _SCALE_UP,
    "narrow": _SCALE_DOWN,
    "shift_right": _SCALE_DOWN,
    "clip_weight": _CLIP,
    "multiply_8_by": _MULTIPLY_8_BY,
    "multiply_16_by": _MULTIPLY_16_BY,
    "add": _ADD,
    "subtract": _SUBTRACT,
    "multiply_8": _MULTIPLY_8,
    "multiply_16": _MULTIPLY_16,
    "if_negative": _IF_NEGATIVE,
    "with_sign": _WITH_SIGN,
    "collect_causal": _COLLECT_CAUSAL,
    "collect_anticausal": _COLLECT_ANTICAUSAL,
    "add_random": _ADD_RANDOM,
    "weight_plus": _WEIGHT_PLUS,
    "weight_minus": _WEIGHT_MINUS,
}

#: stands where an operation has no operand
_NONE = -1

_ZERO, _ONE, _MAX_WEIGHT = np.float32(0.0), np.float32(1.0), np.float32(63.0)
_LOWEST_8, _HIGHEST_8, _PER_128 = np.float32(-128.0), np.float32(127.0), np.float32(1.0 / 128.0)
_FRACTION_16, _HIGHEST_16 = np.int32(15), np.int32(32767)
_LOWEST_16F, _HIGHEST_16F = np.float32(-32768.0), np.float32(32767.0)


def encode(kernel: Kernel) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Return a kernel from the builder as a table of numbers, and the order in which it expects its constants.

    Returns
    -------
    code
        Shape (operations, 6), for :func:`run_row`. It needs no more registers than it has rows.
    constants
        Names of the constants.

    Raises
    ------
    ValueError
        If an instruction refers to one that is not before it, or the kernel does not end with a weight.
    """
    if not kernel.instructions or kernel.instructions[-1].operation not in {"clip_weight", "weight"}:
        raise ValueError("a kernel ends with a weight")
    steps = fuse(kernel)
    registers = _allocate(steps)
    rows = []
    for step in steps:
        operands = [registers[value] for value in step.operands]
        row = (_OPERATIONS[step.operation], registers[step.result], *operands, *[_NONE] * (3 - len(operands)))
        rows.append((*row, step.number))
    return np.array(rows, dtype=np.int32), tuple(kernel.constants)


def _allocate(steps: list[Step]) -> dict[int, int]:
    """Return the register of each value: one that no operand of its step and no later step needs."""
    last_use = {step.result: place for place, step in enumerate(steps)}
    last_use |= {value: place for place, step in enumerate(steps) for value in step.operands}
    last_use[steps[-1].result] = len(steps)
    registers: dict[int, int] = {}
    busy_until: list[int] = []
    for place, step in enumerate(steps):
        free = [register for register, until in enumerate(busy_until) if until < place]
        if not free:
            free = [len(busy_until)]
            busy_until.append(0)
        busy_until[free[0]] = last_use[step.result]
        registers[step.result] = free[0]
    return registers


@inlined
def _load(values: Singles, columns: int, registers: Singles, out: int) -> None:
    for column in range(columns):
        registers[out, column] = values[column]


@inlined
def _load_row(values: Singles, row: int, columns: int, registers: Singles, out: int) -> None:
    for column in range(columns):
        registers[out, column] = values[row, column]


@inlined
def _convert(operation: int, number: int, values: int, columns: int, registers: Singles, out: int) -> None:
    """Do the operations on one value."""
    # every branch has a loop of its own, since a choice within the loop would keep it from being vectorised
    if operation == _SCALE_UP:
        factor = np.float32(1 << number)
        for column in range(columns):
            registers[out, column] = registers[values, column] * factor
    elif operation == _SCALE_DOWN:
        factor = _ONE / np.float32(1 << number)
        for column in range(columns):
            registers[out, column] = np.floor(registers[values, column] * factor)
    elif operation == _OFFSET:
        offset = np.float32(number)
        for column in range(columns):
            registers[out, column] = registers[values, column] + offset
    elif operation == _MULTIPLY_8_BY:
        # the product of two numbers of 8 bits is exact in single precision
        factor = np.float32(number) * _PER_128
        for column in range(columns):
            registers[out, column] = min(np.floor(registers[values, column] * factor), _HIGHEST_8)
    elif operation == _MULTIPLY_16_BY:
        # that of two numbers of 16 bits is not
        whole = np.int32(number)
        for column in range(columns):
            product = np.int32(np.int32(registers[values, column]) * whole)
            registers[out, column] = np.float32(min(np.int32(product >> _FRACTION_16), _HIGHEST_16))
    else:
        # clips to a weight, the last operation on one value: encode lets no other code through
        for column in range(columns):
            registers[out, column] = min(max(registers[values, column], _ZERO), _MAX_WEIGHT)


@inlined
def _combine(operation: int, number: int, a: int, b: int, c: int, columns: int, registers: Singles, out: int) -> None:
    """Do the operations on several values."""
    # the bounds of the result's type
    high = np.float32((1 << number) - 1)
    low = -high - _ONE
    # as in _convert, every branch has a loop of its own
    if operation == _ADD:
        for column in range(columns):
            registers[out, column] = min(max(registers[a, column] + registers[b, column], low), high)
    elif operation == _SUBTRACT:
        for column in range(columns):
            registers[out, column] = min(max(registers[a, column] - registers[b, column], low), high)
    elif operation == _MULTIPLY_8:
        for column in range(columns):
            registers[out, column] = min(np.floor(registers[a, column] * registers[b, column] * _PER_128), _HIGHEST_8)
    elif operation == _MULTIPLY_16:
        for column in range(columns):
            # not exact in single precision
            product = np.int32(np.int32(registers[a, column]) * np.int32(registers[b, column]))
            registers[out, column] = np.float32(min(np.int32(product >> _FRACTION_16), _HIGHEST_16))
    elif operation == _WITH_SIGN:
        for column in range(columns):
            size = registers[b, column]
            # the lowest number's negation saturates
            negated = min(-size, high)
            registers[out, column] = negated if registers[a, column] < _ZERO else size
    else:
        # chooses by sign, the last operation on several values: encode lets no other code through
        for column in range(columns):
            # both are read before the choice, which lets the compiler do many columns at once
            below, above = registers[b, column], registers[c, column]
            registers[out, column] = below if registers[a, column] < _ZERO else above


@inlined
def _collect(constants: Singles, row: int, reading: Singles, columns: int, registers: Singles, out: int) -> None:
    for column in range(columns):
        registers[out, column] = constants[row, column] - reading[column]


@inlined
def _add_random(random: Singles, draw: int, values: int, columns: int, registers: Singles, out: int) -> None:
    for column in range(columns):
        total = registers[values, column] + random[draw, column]
        registers[out, column] = min(max(total, _LOWEST_16F), _HIGHEST_16F)


@inlined
def _change_weight(weight: Singles, sign: np.float32, change: int, columns: int, registers: Singles, out: int) -> None:
    for column in range(columns):
        total = weight[column] + sign * registers[change, column]
        registers[out, column] = min(max(total, _LOWEST_8), _HIGHEST_8)


@compiled
def run_row(
    code: NDArray[np.int32],
    registers: Singles,
    columns: int,
    causal: Singles,
    anticausal: Singles,
    weight: Singles,
    constants: Singles,
    random: Singles,
    changed: Singles,
) -> None:
    """Execute a kernel for one row of synapses.

    All arrays hold whole numbers in single precision.

    Parameters
    ----------
    code
        From :func:`encode`.
    registers
        Work space of shape (code's rows or more, columns or more).
    columns
        How many synapses, at most the length of every row.
    causal, anticausal, weight
        Raw readings, 0 to 255, and stored weights, 0 to 63.
    constants
        Shape (constants, columns or more), in the order of :func:`encode`.
    random
        Shape (draws, columns or more): 0 to 255, in the order of the kernel's instructions.
    changed
        Receives the new weights.
    """
    for place in range(len(code)):
        operation, number, out = code[place, 0], code[place, 5], code[place, 1]
        if operation == _COLLECT_CAUSAL:
            _collect(constants, number, causal, columns, registers, out)
        elif operation == _COLLECT_ANTICAUSAL:
            _collect(constants, number, anticausal, columns, registers, out)
        elif operation == _ADD_RANDOM:
            _add_random(random, number, code[place, 2], columns, registers, out)
        elif operation > _ADD_RANDOM:  # kernels of inhibitory synapses, which store magnitudes, take the change away
            sign = _ONE if operation == _WEIGHT_PLUS else -_ONE
            _change_weight(weight, sign, code[place, 2], columns, registers, out)
        elif operation >= _ADD:
            _combine(operation, number, code[place, 2], code[place, 3], code[place, 4], columns, registers, out)
        elif operation >= _OFFSET:
            _convert(operation, number, code[place, 2], columns, registers, out)
        elif operation == _LITERAL:
            # what fetches a value comes once per value, so it is looked for last
            registers[out, :columns] = np.float32(number)
        elif operation == _CONSTANT:
            _load_row(constants, number, columns, registers, out)
        elif operation == _RANDOM:
            _load_row(random, number, columns, registers, out)
        elif operation == _CAUSAL:
            _load(causal, columns, registers, out)
        elif operation == _ANTICAUSAL:
            _load(anticausal, columns, registers, out)
        else:  # the weight: encode lets no other code through
            _load(weight, columns, registers, out)
    changed[:columns] = registers[out, :columns]
