"""Each operation of a kernel by hand, and that nothing is evaluated that does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sal_hw.kernel.evaluate import evaluate
from sal_hw.kernel.ir import Instruction, Kernel

READINGS = np.array([0, 100, 128, 255])
WEIGHT = np.array([0, 1, 32, 63])


def item(operation: str, kind: str = "mod8", *inputs: int, **more: Any) -> Instruction:
    limits = {"mod8": (0, 255), "frac8": (-128, 127), "frac16": (-32768, 32767)}
    lowest, highest = limits[kind]
    facts = {"lowest": lowest, "highest": highest, "inputs": inputs, **more}
    return Instruction(operation=operation, kind=kind, **facts)


def run(*instructions: Instruction, constants: dict[str, Any] | None = None, **given: Any) -> list[int]:
    """Evaluate a kernel whose last value is clipped to a weight."""
    kinds = {each.name: each.kind for each in instructions if each.operation == "constant"}
    last = item("clip_weight", "mod8", len(instructions) - 1, highest=63)
    kernel = Kernel(name="one", instructions=(*instructions, last), constants=kinds)
    arrays = {"causal": READINGS, "anticausal": READINGS[::-1], "weight": WEIGHT, **given}
    found = evaluate(kernel, constants=constants or {}, **arrays)
    assert found.dtype == np.uint8
    return found.tolist()


def test_inputs() -> None:
    assert run(item("weight", highest=63)) == [0, 1, 32, 63]
    assert run(item("literal", number=7, lowest=7, highest=7)) == [7, 7, 7, 7]
    constant = item("constant", "frac8", name="offset", lowest=-5, highest=5)
    assert run(constant, constants={"offset": np.array([-5, 0, 3, 5])}) == [0, 0, 3, 5]


def test_draws_are_taken_in_the_order_of_the_instructions() -> None:
    random = np.array([[1, 2, 3, 4], [10, 20, 30, 40], [99, 99, 99, 99]])
    assert run(item("random"), item("random"), item("reinterpret", "frac8", 1), random=random) == [10, 20, 30, 40]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [("add", [10, 11, 42, 63]), ("subtract", [0, 0, 22, 53])],
)
def test_sums_of_a_weight_and_ten(operation: str, expected: list[int]) -> None:
    ten = item("literal", "frac8", number=10, lowest=10, highest=10)
    assert run(item("weight", highest=63), item("reinterpret", "frac8", 0), ten, item(operation, "frac8", 1, 2)) == (
        expected
    )


def test_conversions() -> None:
    # 128 is taken off a reading, and 256 times that narrowed again is the same
    centred = item("convert_contiguous", "frac8", 0)
    assert run(item("causal"), centred) == [0, 0, 0, 63]
    wide = (item("widen_high", "frac16", 1), item("narrow", "frac8", 2))
    assert run(item("causal"), centred, *wide) == [0, 0, 0, 63]
    assert run(item("causal"), item("widen_low", "frac16", 0), item("shift_right", "frac16", 1, number=2)) == (
        [0, 25, 32, 63]
    )


def test_a_product_is_a_fraction_and_a_choice_looks_at_the_sign() -> None:
    half = item("literal", "frac8", number=64, lowest=64, highest=64)
    weight = (item("weight", highest=63), item("reinterpret", "frac8", 0))
    assert run(*weight, half, item("multiply", "frac8", 1, 2)) == [0, 0, 16, 31]
    sign = (item("causal"), item("convert_contiguous", "frac8", 0))
    ends = (item("literal", number=1, lowest=1, highest=1), item("literal", number=2, lowest=2, highest=2))
    assert run(*sign, *ends, item("if_negative", "mod8", 1, 2, 3)) == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"causal": READINGS + 1}, ValueError, "causal: 1 .. 256 leaves 0 .. 255"),
        ({"weight": WEIGHT + 1}, ValueError, "weight: 1 .. 64 leaves 0 .. 63"),
        ({"weight": WEIGHT * 1.0}, TypeError, "weight: whole numbers are needed, not float64"),
        ({"weight": WEIGHT[:3]}, ValueError, r"weight: shape \(3,\), but the causal readings have \(4,\)"),
        ({"constants": {"more": WEIGHT}}, ValueError, r"takes the constants \[\], not \['more'\]"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(change: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        run(item("weight", highest=63), **change)


def test_missing_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="draws 1 random numbers per synapse, not 0"):
        run(item("random"))


def test_a_value_that_leaves_its_stated_range_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"causal: 0 \.\. 255 leaves 0 \.\. 200"):
        run(item("causal", highest=200))
