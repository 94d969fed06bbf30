"""Limits of the target that a program in the making is for."""

from __future__ import annotations

import pytest

from sal_hw.passes.draft import Draft
from sal_hw.passes.limits import limit
from sal_hw.spec.network import NetworkSpec
from sal_hw.target.description import Range, TargetDescription

LIMITS = {"cores": Range(low=1.0, high=148.0, step=1.0), "chunk_length": Range(low=20.0)}


def draft() -> Draft:
    target = TargetDescription(family="made-up", summary="", capabilities=(), limits=LIMITS)
    return Draft(spec=NetworkSpec(timestep_ms=1.0, populations=()), target=target, seed=0, folder=None)


def test_upper_end() -> None:
    assert limit(draft(), "cores") == 148.0


def test_no_upper_end() -> None:
    with pytest.raises(TypeError, match="target made-up has no upper limit of chunk_length"):
        limit(draft(), "chunk_length")


def test_unknown_limit() -> None:
    with pytest.raises(KeyError, match="sensors"):
        limit(draft(), "sensors")
