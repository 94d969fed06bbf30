"""Which run a folder holds: what a run that goes on with it, or finds it finished, must agree with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sal_hw.errors import InputError, Problem, quote_path
from sal_hw.storage.artifact import believing, is_unfinished
from sal_hw.storage.reading import read_json

IDENTITY = "identity.json"


def check_interrupted(path: Path, identity: Mapping[str, Any]) -> None:
    """Refuse a folder that is no interrupted run, or one of another recipe, target or seed (E505, E506)."""
    if not is_unfinished(path) or not (path / IDENTITY).is_file():
        there = "no such folder" if not path.exists() else "no run there that was interrupted"
        problem = Problem(
            code="E505",
            field="output",
            value=quote_path(path),
            allowed=f"a run folder that was interrupted; nothing is to be resumed, since there is {there}",
            hint="leave --resume away to begin the run",
        )
        raise InputError(problem)
    check_identity(path, identity)


def check_identity(path: Path, identity: Mapping[str, Any]) -> None:
    """Refuse a run of another recipe, target or seed (E506)."""
    with believing(path / IDENTITY, "a readable JSON file"):
        found = read_json(path / IDENTITY)
    differing = sorted(key for key in {*identity, *found} if identity.get(key) != found.get(key))
    if differing:
        raise InputError(
            Problem(
                code="E506",
                field="output",
                value=quote_path(path),
                allowed=f"a run of the same recipe, options and seed; it differs in: {', '.join(differing)}",
                hint="repeat the command line that began the run",
            )
        )
