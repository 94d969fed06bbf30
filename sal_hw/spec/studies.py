"""What the schemas of studies have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from sal_hw.spec.findings import SpecFinding


@runtime_checkable
class StudyProtocol(Protocol):
    """What the user wants of a study."""

    @property
    def kind(self) -> str:
        """The name that the study is registered under."""

    def conflicts(self) -> Iterator[SpecFinding]:
        """Find values that exclude each other; paths begin below ``experiment``, with names of attributes."""


def find_odd_lists(names: Sequence[str], section: str, *, most: int = 64) -> Iterator[SpecFinding]:
    """Find a list of named entries that is empty or too long, and entries that have the name of an earlier one."""
    if not 1 <= len(names) <= most:
        yield SpecFinding(code="E214", path=(section,), allowed=f"1 .. {most} entries; there are {len(names)}")
    for index, name in enumerate(names):
        if name in names[:index]:
            words = "each name once, since results are kept by name"
            yield SpecFinding(code="E217", path=(section, index, "name"), allowed=words, value=name, hint="rename one")
