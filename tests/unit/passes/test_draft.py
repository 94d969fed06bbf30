"""A program in the making: each pass adds to it and leaves the one before as it was."""

from __future__ import annotations

import pytest

from sal_hw.passes.draft import Draft
from sal_hw.program import PassRecord
from sal_hw.spec.network import NetworkSpec
from sal_hw.target.description import TargetDescription

TARGET = TargetDescription(family="made-up", summary="", capabilities=(), limits={})
DRAFT = Draft(spec=NetworkSpec(timestep_ms=0.1, populations=()), target=TARGET, seed=0, folder=None)


def test_a_record_and_what_was_decided_come_together() -> None:
    first, second = PassRecord(name="first"), PassRecord(name="second")
    draft = DRAFT.recorded(first).recorded(second, part=7, seed=3)
    assert (draft.trace, draft.part, draft.seed) == ((first, second), 7, 3)
    assert (DRAFT.trace, DRAFT.part, DRAFT.seed) == ((), None, 0)


def test_the_machine_s_part_has_the_class_that_its_passes_chose() -> None:
    assert DRAFT.recorded(PassRecord(name="place"), part=7).part_of(int) == 7
    with pytest.raises(TypeError, match="there is no int yet: the target's passes are in the wrong order"):
        DRAFT.part_of(int)


@pytest.mark.parametrize(("duration_ms", "steps"), [(0.0, 0), (0.3, 3), (1000.0, 10_000)])
def test_durations_in_steps(duration_ms: float, steps: int) -> None:
    # 0.3 / 0.1 is 2.9999999999999996
    assert DRAFT.steps(duration_ms) == steps
