"""Reference execution of kernels, over arrays of synapses of any shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.kernel import arithmetic
from sal_hw.kernel.arithmetic import Integers
from sal_hw.kernel.ir import MAX_WEIGHT, Combination, Conversion, Instruction, Kernel

_NO_DRAWS: NDArray[np.int64] = np.zeros((0,), dtype=np.int64)


def evaluate(
    kernel: Kernel,
    *,
    causal: NDArray[Any],
    anticausal: NDArray[Any],
    weight: NDArray[Any],
    constants: Mapping[str, NDArray[Any]],
    random: NDArray[Any] = _NO_DRAWS,
) -> NDArray[np.uint8]:
    """Return the new weights.

    Every intermediate value is held against the range that the kernel states for it.

    Parameters
    ----------
    causal, anticausal
        Raw readings of the sensors, 0 to 255, all of one shape.
    weight
        Stored magnitudes, 0 to 63, of the same shape.
    constants
        Exactly the constants of the kernel, each of the same shape.
    random
        Shape (draws, ...): independent uniform numbers, 0 to 255, at least as many draws as the kernel makes; in the
        order of its instructions.

    Raises
    ------
    TypeError
        If an input is not made of whole numbers.
    ValueError
        If an input has another shape or leaves its range, or constants or draws are missing.
    """
    given = {"causal": causal, "anticausal": anticausal, "weight": weight, **constants}
    if set(constants) != set(kernel.constants):
        raise ValueError(f"the kernel takes the constants {sorted(kernel.constants)}, not {sorted(constants)}")
    inputs = {name: _whole(name, values, np.shape(causal)) for name, values in given.items()}
    if len(random) < kernel.random_draws:
        raise ValueError(f"the kernel draws {kernel.random_draws} random numbers per synapse, not {len(random)}")
    draws = iter([_whole("random", each, np.shape(causal)) for each in random])
    for name, highest in (("causal", 255), ("anticausal", 255), ("weight", MAX_WEIGHT)):
        _check_range(name, inputs[name], 0, highest)
    values: list[Integers] = []
    for instruction in kernel.instructions:
        match instruction.operation:
            case "random":
                made = next(draws)
            case "causal" | "anticausal" | "weight" | "constant":
                made = inputs[instruction.name or instruction.operation]
            case "literal":
                made = np.full(np.shape(causal), instruction.number, dtype=np.int64)
            case (
                "convert_contiguous" | "reinterpret" | "widen_low" | "widen_high" | "narrow" | "clip_weight"
            ) as operation:
                made = _convert(operation, values[instruction.inputs[0]])
            case operation:
                made = _combine(operation, instruction, [values[index] for index in instruction.inputs])
        _check_range(instruction.name or instruction.operation, made, instruction.lowest, instruction.highest)
        values.append(made)
    return values[-1].astype(np.uint8)


def _combine(operation: Combination, instruction: Instruction, inputs: list[Integers]) -> Integers:
    match operation:
        case "add":
            return arithmetic.add(inputs[0], inputs[1], instruction.kind)
        case "subtract":
            return arithmetic.subtract(inputs[0], inputs[1], instruction.kind)
        case "multiply":
            return arithmetic.multiply(inputs[0], inputs[1], instruction.kind)
        case "shift_right":
            return arithmetic.shift_right(inputs[0], instruction.number)
        case "shift_left":
            return arithmetic.shift_left(inputs[0], instruction.number, instruction.kind)
        case "if_negative":
            return arithmetic.if_negative(*inputs)
        case _:
            assert_never(operation)


def _convert(operation: Conversion, value: Integers) -> Integers:
    match operation:
        case "convert_contiguous":
            return arithmetic.convert_contiguous(value)
        case "reinterpret":
            return arithmetic.reinterpret(value)
        case "widen_low":
            return arithmetic.widen_low(value)
        case "widen_high":
            return arithmetic.widen_high(value)
        case "narrow":
            return arithmetic.narrow(value)
        case "clip_weight":
            return arithmetic.clip_weight(value)
        case _:
            assert_never(operation)


def _whole(name: str, values: NDArray[Any], shape: tuple[int, ...]) -> Integers:
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name}: whole numbers are needed, not {array.dtype.name}")
    if array.shape != shape:
        raise ValueError(f"{name}: shape {array.shape}, but the causal readings have {shape}")
    return array.astype(np.int64)


def _check_range(name: str, values: Integers, lowest: int, highest: int) -> None:
    if values.size and (int(values.min()) < lowest or int(values.max()) > highest):
        raise ValueError(f"{name}: {int(values.min())} .. {int(values.max())} leaves {lowest} .. {highest}")
