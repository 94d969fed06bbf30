"""Where each field of a recipe stands: a line and column of the file, a preset or a ``--set``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sal_hw.errors import MAX_PROBLEMS, Problem
from sal_hw.spec.findings import Path, SpecFinding

Place = tuple[int, int]


def too_many(last: Problem) -> Problem:
    """Return the finding that ends a list of findings, at the place of the last of them."""
    words = f"at most {MAX_PROBLEMS} mistakes; reading ended here, and what follows was not checked"
    end = Problem(code="E105", field="", allowed=words, hint="mend these first, then check again")
    return end.at(file=last.file, line=last.line, column=last.column)


@dataclass(kw_only=True, slots=True)
class Positions:
    """Places by path.

    Attributes
    ----------
    file
        The recipe, as the user named it.
    values, keys
        Line and column (1-based) of a value and of its key.
    overridden
        What set a value that is not the file's: ``--set path=value`` or the name of a preset.
    references
        Name of the parameter that a value comes from.
    unreadable
        Values that already have a finding, so that nothing else is said about them.
    """

    file: str
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    overridden: dict[Path, str] = field(default_factory=dict)
    references: dict[Path, str] = field(default_factory=dict)
    unreadable: set[Path] = field(default_factory=set)
    _around: set[Path] = field(default_factory=set)

    def mark_unreadable(self, path: Path) -> None:
        """Note that the value at `path` has a finding already."""
        self.unreadable.add(path)
        self._around.update(_upwards(path))

    def is_unreadable(self, path: Path) -> bool:
        """Whether the value at `path`, something in it or something around it has a finding already."""
        return path in self._around or any(known in self.unreadable for known in _upwards(path))

    def forget(self, path: Path, source: str) -> None:
        """Note that the value at `path`, with all in it, now comes from `source`."""
        for table in (self.values, self.keys, self.overridden):
            for known in [known for known in table if known[: len(path)] == path]:
                del table[known]
        left = [known for known in self.unreadable if known[: len(path)] != path]
        self.unreadable, self._around = set(), set()
        for known in left:
            self.mark_unreadable(known)
        self.overridden[path] = source

    def already_reported(self, finding: SpecFinding) -> bool:
        """Whether a finding is about a value that could not be read in the first place."""
        if finding.at == "parent":
            return finding.path in self.unreadable
        return self.is_unreadable(finding.path)

    def problem(self, finding: SpecFinding) -> Problem:
        """Return a finding with its place."""
        problem = finding.as_problem()
        if finding.at == "parent":
            return self._place_parent(problem, finding.path[:-1])
        order = (self.keys, self.values) if finding.at == "key" else (self.values, self.keys)
        for path in _upwards(finding.path):
            if path in self.overridden:
                return problem.at(file=self.overridden[path])
            for table in order:
                if path in table:
                    return problem.at(file=self.file, line=table[path][0], column=table[path][1])
        return problem.at(file=self.file)

    def _place_parent(self, problem: Problem, parent: Path) -> Problem:
        for path in _upwards(parent):
            if path in self.overridden:
                return problem.at(file=self.overridden[path])
            place = self.keys.get(path) or self.values.get(path)
            if place:
                return problem.at(file=self.file, line=place[0], column=place[1])
        return problem.at(file=self.file)


def _upwards(path: Path) -> Iterator[Path]:
    for length in range(len(path), -1, -1):
        yield path[:length]
