"""Errors survive a trip between processes with what they say."""

from __future__ import annotations

import pickle

import pytest

from sal_hw.contracts.targets import load_backend
from sal_hw.errors import (
    CalibrationError,
    DegradedError,
    DeviceError,
    IncompleteError,
    InputError,
    IntegrityError,
    Problem,
    SalHwError,
)
from sal_hw.experiment.runner import Interrupted

_ERRORS = (
    SalHwError, InputError, CalibrationError, DeviceError, DegradedError, IntegrityError, IncompleteError, Interrupted
)  # fmt: skip


@pytest.mark.parametrize("kind", _ERRORS)
def test_errors_pickle_with_what_they_say(kind: type[SalHwError]) -> None:
    first = Problem(
        code="E214", field="a.b", allowed="1 .. 2", value="3", hint="use 2", file="r.yaml", line=4, column=5
    )
    second = Problem(code="E215", field="c", allowed="nothing", file="r.yaml", line=9)
    error = kind([second, first])
    found = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(found) is kind
    assert found.problems == (first, second)
    assert (found.code, found.field, found.value, found.hint) == ("E214", "a.b", "3", "use 2")
    assert found.exit_code == error.exit_code
    assert str(found) == str(error)


def test_a_real_error_pickles() -> None:
    with pytest.raises(InputError) as caught:
        load_backend("emulater")
    found = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert (found.code, found.field, found.value) == ("E303", "backend", '"emulater"')
    assert found.hint
