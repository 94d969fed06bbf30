"""What errors say, in which order, and that they survive a trip between processes with it."""

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
    quote_value,
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


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("name", '"name"'),
        (1.5, "1.5"),
        (None, "None"),
        ("a\nb\x1b[31m", '"a\\nb\\x1b[31m"'),
        ("x" * 100, '"' + "x" * 77 + '..."'),
        ([1] * 50, ("[" + "1, " * 50)[:77] + "..."),
        pytest.param(10**5000, "<int that cannot be printed>", id="5001 digits"),
    ],
)
def test_values_are_quoted_as_one_short_printable_line(value: object, shown: str) -> None:
    assert quote_value(value) == shown


class Unprintable:
    """Fails when it is printed."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_foreign_objects_may_do_anything_when_printed() -> None:
    assert quote_value(Unprintable()) == "<Unprintable that cannot be printed>"


def test_a_finding_is_a_line_with_its_place_and_two_below() -> None:
    problem = Problem(code="E214", field="a.b", allowed="1 .. 2", value="3", hint="use 2")
    assert problem.render() == "E214  a.b = 3\n    1 .. 2\n    hint: use 2"
    placed = problem.at(file="r.yaml", line=4, column=5)
    assert placed.render().splitlines()[0] == "r.yaml:4:5  E214  a.b = 3"
    assert placed.as_document()["line"] == 4
    assert Problem(code="E101", field="", allowed="a recipe", value='"x"').render().startswith('E101  "x"\n')


def test_a_terminal_is_never_told_anything_by_foreign_text() -> None:
    problem = Problem(code="E214", field="a\x1b[2Jb", allowed="1 .. 2", file="\x07.yaml")
    assert "\x1b" not in problem.render()
    assert "\x07" not in problem.render()
    assert r"a\x1b[2Jb" in problem.render()


def test_findings_are_sorted_by_place_and_cut_after_twenty() -> None:
    problems = [
        Problem(code="E214", field=f"f{line}", allowed="", file="r.yaml", line=line) for line in (30, *range(22))
    ]
    error = InputError(problems)
    assert [problem.line for problem in error.problems[-2:]] == [21, 30]
    assert error.field == "f0"
    assert str(error).endswith("... and 3 more")
    assert str(error).count("E214") == 20


def test_an_error_has_something_to_say() -> None:
    with pytest.raises(ValueError, match="at least one problem"):
        InputError([])


def test_exit_codes_are_all_different() -> None:
    kinds = (SalHwError, InputError, CalibrationError, DeviceError, DegradedError, IntegrityError, IncompleteError)
    assert [kind.exit_code for kind in kinds] == [1, 2, 3, 4, 5, 6, 7]
