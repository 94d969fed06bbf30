"""What ``result.json`` of a run file's result says: checked, and then no dictionary any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NoReturn

from sal_hw.errors import IntegrityError, Problem, quote_path, quote_value
from sal_hw.program import CompiledProgram
from sal_hw_brainscales2.machine.run_files.run_data import MAX_RUNTIME_US
from sal_hw_brainscales2.machine.sdk import STACKS, FrontEnd

KIND, FORMAT = "sal-hw-result", 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Counters:
    """How often a run lost something."""

    updates_missed: int
    spikes_dropped: int
    link_errors: int
    scheduler_dropped: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultHeader:
    """What a run tells of itself.

    Attributes
    ----------
    updates
        How many updates it lasted; 0 without a learning rule.
    messages
        Of the vendor's software.
    software
        Versions by name.
    runtime_us
        Chip time of a program without a learning rule; None for one with a rule.
    """

    front_end: FrontEnd
    chip_id: str
    updates: int
    counters: Counters
    messages: tuple[str, ...]
    software: dict[str, str]
    runtime_us: float | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> ResultHeader:
        """Return the header of a document that has been checked; what else it says is left out."""
        counters = document["counters"]
        runtime_us = document.get("runtime_us")
        return cls(
            front_end=document["front_end"],
            chip_id=document["chip_id"],
            updates=document["updates"],
            counters=Counters(**{item.name: counters[item.name] for item in fields(Counters)}),
            messages=tuple(document["messages"]),
            software={str(name): str(version) for name, version in document.get("software", {}).items()},
            runtime_us=None if runtime_us is None else float(runtime_us),
        )


def check_header(path: Path, document: Mapping[str, Any], program: CompiledProgram) -> ResultHeader:
    """Return the header of a result of a program.

    Raises
    ------
    IntegrityError
        E804 with the reason if it is of another program, or says what cannot be.
    """
    if document.get("kind") != KIND or document.get("format") != FORMAT:
        refuse_result(path, f"a result of kind {KIND}, format {FORMAT}")
    if document.get("program_hash") != program.hash:
        made = quote_value(str(document.get("program_hash")))
        words = f"a result of the program {program.hash}; this one is of {made}"
        refuse_result(path, words, "name the folder of its program with --program")
    if document.get("front_end") not in tuple(STACKS) or not isinstance(document.get("chip_id"), str):
        refuse_result(path, "the names of the front end and of the chip")
    counters = document.get("counters")
    whole = {"updates": document.get("updates"), "seed": document.get("seed")}
    known = counters if isinstance(counters, dict) else {}
    whole |= {item.name: known.get(item.name) for item in fields(Counters)}
    for name, number in whole.items():
        if type(number) is not int or number < 0:
            refuse_result(path, f"a whole number of {name}, not negative")
    if program.update_ms is None:
        _check_runtime(path, document)
    elif not 1 <= int(document["updates"]) <= 10_000_000:
        refuse_result(path, "a number of updates from 1 to 10 000 000")
    messages = document.get("messages")
    if not isinstance(messages, list) or not all(isinstance(each, str) for each in messages):
        refuse_result(path, "a list of messages")
    if not isinstance(document.get("software", {}), dict):
        refuse_result(path, "versions of software by name")
    return ResultHeader.of(document if program.update_ms is None else {**document, "runtime_us": None})


def _check_runtime(path: Path, document: Mapping[str, Any]) -> None:
    """Refuse what cannot be how long a program without a learning rule ran."""
    runtime_us = document.get("runtime_us")
    number = isinstance(runtime_us, (int, float)) and not isinstance(runtime_us, bool)
    if document["updates"] != 0 or not number or not 0 < float(runtime_us or 0) <= MAX_RUNTIME_US:
        refuse_result(path, f"no updates, and a runtime_us of at most {MAX_RUNTIME_US:g} us")


def refuse_result(path: Path, allowed: str, hint: str = "copy the folder again, or repeat the run") -> NoReturn:
    """Raise E804 of a part of a result, with what was expected there."""
    value = quote_path(path)
    raise IntegrityError(Problem(code="E804", field="result", value=value, allowed=allowed, hint=hint))
