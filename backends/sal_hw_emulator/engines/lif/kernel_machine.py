"""Runs kernels row by row, with the same results as the reference, ``sal_hw.kernel.evaluate``.

Numbers are whole and kept in single precision, which is exact up to 2^24 and lets the compiler work on many columns
at once; only products of 16-bit numbers need whole-number arithmetic. Saturation is an upper and a lower bound.
Conversions that do not change the number cost nothing: the result is the register of the operand. That holds for
``reinterpret`` too, since the builder admits only numbers below 128. Otherwise, a result never goes into the register
of an operand, since the compiler gives up on loops whose operands and results overlap. Registers are rows of one array,
named by their number: a view of a row costs as much as an operation on it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sal_hw.kernel.ir import Instruction, Kernel
from sal_hw_emulator.engines.lif.arrays import Singles
from sal_hw_emulator.engines.sampling.compiled import compiled, inlined

#: columns of the code: operation, register of the result, up to three operands, number
CODE_WIDTH = 6

#: what fetches a value, what changes one, and what makes one of several
_CAUSAL, _ANTICAUSAL, _WEIGHT, _CONSTANT, _RANDOM, _LITERAL = range(6)
_OFFSET, _SCALE_UP, _SCALE_DOWN, _CLIP = range(6, 10)
_ADD, _SUBTRACT, _MULTIPLY_8, _MULTIPLY_16, _IF_NEGATIVE = range(10, 15)

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
    "add": _ADD,
    "subtract": _SUBTRACT,
    "if_negative": _IF_NEGATIVE,
}

_NUMBERS = {"convert_contiguous": -128, "widen_high": 8, "narrow": 8}

_ZERO, _ONE, _MAX_WEIGHT = np.float32(0.0), np.float32(1.0), np.float32(63.0)
_HIGHEST_8, _PER_128 = np.float32(127.0), np.float32(1.0 / 128.0)
_FRACTION_16, _HIGHEST_16 = np.int32(15), np.int32(32767)


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
    constants = tuple(kernel.constants)
    registers = _Registers(kernel)
    rows: list[tuple[int, ...]] = []
    draws = 0
    for index, instruction in enumerate(kernel.instructions):
        if instruction.operation in {"widen_low", "reinterpret"}:
            registers.share(index, instruction.inputs[0])
            continue
        operation, number = _lower(instruction, constants, draws)
        draws += instruction.operation == "random"
        operands = registers.read(index)
        target = registers.write(index)
        rows.append((operation, target, *operands, *[0] * (3 - len(operands)), number))
    return np.array(rows, dtype=np.int32), constants


class _Registers:
    """Which register holds which value: one is free again after the last use of all values that share it."""

    def __init__(self, kernel: Kernel) -> None:
        self.of: list[int] = []
        self._last_use = _last_uses(kernel)
        self._busy_until: list[int] = []
        self._kernel = kernel

    def read(self, index: int) -> list[int]:
        """Return the registers of an instruction's operands."""
        return [self.of[item] for item in self._kernel.instructions[index].inputs]

    def write(self, index: int) -> int:
        """Return a register that no operand and no later instruction needs."""
        free = [place for place, until in enumerate(self._busy_until) if until < index]
        if not free:
            self._busy_until.append(0)
        target = free[0] if free else len(self._busy_until) - 1
        self._busy_until[target] = self._last_use[index]
        self.of.append(target)
        return target

    def share(self, index: int, operand: int) -> None:
        """Let a value stand in its operand's register."""
        target = self.of[operand]
        self._busy_until[target] = max(self._busy_until[target], self._last_use[index])
        self.of.append(target)


def _last_uses(kernel: Kernel) -> list[int]:
    """Return the index of the last instruction that needs each value; the result is needed beyond the end."""
    last = list(range(len(kernel.instructions)))
    for index, instruction in enumerate(kernel.instructions):
        for operand in instruction.inputs:
            if not 0 <= operand < index:
                raise ValueError(f"instruction {index} refers to {operand}")
            last[operand] = index
    last[-1] = len(last)
    return last


def _lower(instruction: Instruction, constants: tuple[str, ...], draws: int) -> tuple[int, int]:
    """Return the machine's operation and its number."""
    operation = instruction.operation
    if operation == "multiply":
        return (_MULTIPLY_16 if instruction.kind == "frac16" else _MULTIPLY_8), 0
    if operation == "constant":
        number = constants.index(instruction.name)
    elif operation == "random":
        number = draws
    elif operation in {"add", "subtract"}:
        # sums of mod8 numbers are proven to fit, so that any bounds do
        number = 7 if instruction.kind == "frac8" else 15
    else:
        number = _NUMBERS.get(operation, instruction.number)
    return _OPERATIONS[operation], number


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
    else:
        for column in range(columns):
            registers[out, column] = min(max(registers[values, column], _ZERO), _MAX_WEIGHT)


@inlined
def _combine(operation: int, number: int, a: int, b: int, c: int, columns: int, registers: Singles, out: int) -> None:
    """Do the operations on several values."""
    high = np.float32((1 << number) - 1)
    low = -high - _ONE
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
            product = np.int32(np.int32(registers[a, column]) * np.int32(registers[b, column]))
            registers[out, column] = np.float32(min(np.int32(product >> _FRACTION_16), _HIGHEST_16))
    else:
        for column in range(columns):
            # both are read before the choice, which lets the compiler do many columns at once
            below, above = registers[b, column], registers[c, column]
            registers[out, column] = below if registers[a, column] < _ZERO else above


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
        if operation >= _ADD:
            _combine(operation, number, code[place, 2], code[place, 3], code[place, 4], columns, registers, out)
        elif operation >= _OFFSET:
            _convert(operation, number, code[place, 2], columns, registers, out)
        elif operation == _LITERAL:
            registers[out, :columns] = np.float32(number)
        elif operation == _CONSTANT:
            _load_row(constants, number, columns, registers, out)
        elif operation == _RANDOM:
            _load_row(random, number, columns, registers, out)
        elif operation == _CAUSAL:
            _load(causal, columns, registers, out)
        elif operation == _ANTICAUSAL:
            _load(anticausal, columns, registers, out)
        else:
            _load(weight, columns, registers, out)
    changed[:columns] = registers[out, :columns]
