"""What a kernel says about itself."""

from __future__ import annotations

from typing import get_args

import pytest

from sal_hw.kernel.ir import LIMITS, Instruction, Kernel, Kind, bits_of, wraps

KERNEL = Kernel(
    name="mixed",
    instructions=(
        Instruction(operation="constant", kind="mod8", name="baseline", lowest=10, highest=250),
        Instruction(operation="random", kind="mod8", highest=255),
        Instruction(operation="constant", kind="frac16", name="wake", lowest=-100, highest=100),
        Instruction(operation="random", kind="mod8", highest=255),
        Instruction(operation="weight", kind="mod8", highest=63),
    ),
    constants={"baseline": "mod8", "wake": "frac16"},
)


def test_draws_and_constants_are_counted() -> None:
    assert KERNEL.random_draws == 2
    assert KERNEL.constant_bytes == 1 + 2
    assert KERNEL.constant_ranges == {"baseline": (10, 250), "wake": (-100, 100)}


@pytest.mark.parametrize("kind", get_args(Kind))
def test_the_range_of_a_type_is_that_of_its_bits(kind: Kind) -> None:
    lowest, highest = LIMITS[kind]
    assert highest - lowest + 1 == 2 ** bits_of(kind)
    assert wraps(kind) == (lowest == 0)
