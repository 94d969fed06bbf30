"""Data goes to stdout and talk to stderr; errors are text or one JSON document, each with its exit code."""

from __future__ import annotations

import json

import pytest

from sal_hw.cli.console import report_bug, report_error, report_usage, say, show_json, show_table
from sal_hw.errors import IntegrityError, Problem

Captured = pytest.CaptureFixture[str]
ERROR = IntegrityError(Problem(code="E504", field="files", allowed="a readable file", value='"x"'))


def test_talk_and_data(capsys: Captured) -> None:
    say("working")
    show_json({"status": "ok"})
    printed = capsys.readouterr()
    assert printed.err == "working\n"
    assert json.loads(printed.out) == {"format": 1, "status": "ok"}


def test_numbers_that_json_does_not_have_are_never_printed() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        show_json({"x": float("nan")})


def test_columns_are_as_wide_as_their_widest_cell(capsys: Captured) -> None:
    show_table([("a", "long cell"), ("longer name", "b")], ("name", "what"))
    assert capsys.readouterr().out.splitlines() == [
        "name         what",
        "-----------  ---------",
        "a            long cell",
        "longer name  b",
    ]


def test_an_error_is_text_on_stderr_or_json_on_stdout(capsys: Captured) -> None:
    assert report_error(ERROR, as_json=False) == 6
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith('E504  files = "x"')
    assert report_error(ERROR, as_json=True) == 6
    printed = capsys.readouterr()
    assert printed.err == ""
    document = json.loads(printed.out)
    assert (document["status"], document["exit_code"], document["problems"][0]["code"]) == ("error", 6, "E504")


def test_a_bug_says_what_to_do(capsys: Captured) -> None:
    assert report_bug(RuntimeError("moon"), as_json=False) == 1
    assert "RuntimeError: moon" in (text := capsys.readouterr().err)
    assert "--debug" in text
    assert report_bug(RuntimeError("moon"), as_json=True) == 1
    assert json.loads(capsys.readouterr().out)["status"] == "bug"


def test_what_is_no_usage_error_is_left_to_others() -> None:
    assert report_usage(RuntimeError("moon"), as_json=False) is None
