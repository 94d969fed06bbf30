"""Strict YAML: text becomes plain data and the place of each field.

Only what a reader cannot misunderstand is accepted: one document, no tags, anchors, aliases or merge keys, no
key twice, bounded depth and size. The parser's events are read one by one, so nothing is built before it is
checked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from sal_hw.errors import MAX_PROBLEMS, Problem
from sal_hw.recipe.positions import Place, Positions, too_many
from sal_hw.recipe.scalars import ScalarError, read_scalar
from sal_hw.spec.findings import NOTHING, Path, SpecFinding

MAX_DEPTH = 20
MAX_NODES = 100_000
#: characters from which on the parser written in C is asked first; it words syntax errors differently
_MANY_CHARACTERS = 20_000

_HINTS = (
    (re.compile(r"\\t|tab"), "indent with spaces, not with tabs"),
    (
        re.compile("mapping values are not allowed"),
        "put text that contains ': ' in quotes, or check the indentation",
    ),
    (re.compile("cannot start any token"), "put the text in quotes"),
    (re.compile("could not find expected ':'"), "a key is followed by a colon and a space"),
    (re.compile("expected <block end>"), "check the indentation of this line and of the one above"),
    (re.compile("end of stream|expected ',' or"), "check that each bracket, brace and quote is closed"),
)


@dataclass(kw_only=True, slots=True)
class YamlText:
    """What was read from a YAML text.

    Attributes
    ----------
    data
        Mappings, lists and scalars; :data:`~sal_hw.spec.findings.NOTHING` if the text could not be read.
    problems
        Everything that is wrong with the text as YAML.
    """

    data: Any = NOTHING
    positions: Positions
    problems: list[Problem] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class _Level:
    """A mapping or a list that is being read."""

    path: Path
    container: dict[str, Any] | list[Any]
    key: str | None = None
    key_place: Place = (0, 0)
    skip_value: bool = False


class _StopReading(Exception):  # noqa: N818 - it ends the reading, it is not an error
    """Nothing sensible can be read from here on; what was read so far is not complete."""


class _Reader:
    """Builds data from the events of the YAML parser."""

    def __init__(self, file: str) -> None:
        self.result = YamlText(positions=Positions(file=file))
        self._levels: list[_Level] = []
        self._nodes = 0
        self._documents = 0

    def read(self, text: str, parser: type[Any] = yaml.SafeLoader) -> YamlText:
        try:
            for event in yaml.parse(text, Loader=parser):
                if self._is_second_document(event):
                    break
                self._take(event)
        except _StopReading:
            self.result.data = NOTHING
        except yaml.YAMLError as error:
            self._syntax_error(error)
            self.result.data = NOTHING
        except (RecursionError, ValueError, OverflowError) as error:
            self._report("E106", None, f"readable YAML: {error}")
            self.result.data = NOTHING
        return self.result

    def _take(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._open(event, {})
        elif isinstance(event, yaml.SequenceStartEvent):
            self._open(event, [])
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._levels.pop()

    def _is_second_document(self, event: Any) -> bool:
        if not isinstance(event, yaml.DocumentStartEvent):
            return False
        self._documents += 1
        if event.tags:
            self._report("E110", event, "no %TAG directive; tags are not allowed", hint="remove the line")
        if self._documents == 1:
            return False
        hint = "remove the line '---', or put the second document into a file of its own"
        self._report("E107", event, "one document in a file", hint=hint, path=())
        return True

    def _alias(self, event: Any) -> None:
        words = "the value itself; aliases (*name) are not allowed"
        hint = "write the value out, or use a parameter ($name)"
        self._report("E109", event, words, value=f"*{event.anchor}", hint=hint)
        if self._expects_key():
            self._levels[-1].key, self._levels[-1].skip_value = "", True
        else:
            self._place(event, None, readable=False)

    def _open(self, event: Any, container: dict[str, Any] | list[Any]) -> None:
        self._check_decoration(event)
        if self._expects_key():
            self._report("E203", event, "text as a key of a mapping, not a list or mapping")
            raise _StopReading
        path = self._place(event, container)
        if len(self._levels) >= MAX_DEPTH:
            self._report("E105", event, f"at most {MAX_DEPTH} levels of nesting", hint="a recipe needs fewer than ten")
            raise _StopReading
        self._levels.append(_Level(path=path, container=container))

    def _scalar(self, event: Any) -> None:
        self._check_decoration(event)
        if self._expects_key():
            self._key(event)
            return
        try:
            value = read_scalar(event.value) if not event.style else event.value
        except ScalarError as error:
            self._report(error.code, event, error.allowed, value=event.value, hint=error.hint)
            self._place(event, None, readable=False)
            return
        printable = not (isinstance(value, str) and _UNPRINTABLE.search(value))
        if not printable:
            self._report("E104", event, "text without control characters", value=value)
        self._place(event, value, readable=printable)

    def _check_decoration(self, event: Any) -> None:
        if event.anchor is not None:
            hint = "remove it; to use a value twice, use a parameter ($name)"
            self._report("E109", event, "no anchors (&name)", value=f"&{event.anchor}", hint=hint)
        if event.tag is not None:
            hint = "remove the tag; what is not quoted is read as a number where it is one"
            self._report("E110", event, "no tags (!name)", value=event.tag, hint=hint)

    def _expects_key(self) -> bool:
        return bool(self._levels) and isinstance(self._levels[-1].container, dict) and self._levels[-1].key is None

    def _key(self, event: Any) -> None:
        level, place = self._levels[-1], _place_of(event)
        level.key, level.key_place, level.skip_value = event.value, place, False
        path = (*level.path, event.value)
        if not event.style and event.value == "<<":
            hint = "write the keys out, or use a parameter ($name)"
            self._report("E109", event, "no merge keys (<<)", hint=hint, path=path)
            level.skip_value = True
        elif not event.style and not self._is_text(event.value):
            hint = f'put the key in quotes: "{event.value[:40]}"'
            self._report("E203", event, "text as a key of a mapping", value=event.value, hint=hint, path=level.path)
            level.skip_value = True
        elif event.value in level.container:
            first = self.result.positions.keys.get(path, place)
            hint = f"it is already given in line {first[0]}, column {first[1]}; remove one"
            self._report("E108", event, "each key once", hint=hint, path=path)
            level.skip_value = True

    def _is_text(self, text: str) -> bool:
        try:
            return isinstance(read_scalar(text), str)
        except ScalarError:
            return False

    def _place(self, event: Any, value: Any, *, readable: bool = True) -> Path:
        """Put a value where it belongs and note where it stands; return its path."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            hint = "put large tables into a .npy file and refer to it with {file: NAME.npy}"
            self._report("E105", event, f"at most {MAX_NODES} values", hint=hint)
            raise _StopReading
        path = self._next_path()
        level = self._levels[-1] if self._levels else None
        if level is None:
            self.result.data = value
        elif isinstance(level.container, list):
            level.container.append(value)
        else:
            path = self._finish_key(level, value, path)
        if not (level and level.skip_value):
            self.result.positions.values[path] = _place_of(event)
            if not readable:
                self.result.positions.mark_unreadable(path)
        return path

    def _finish_key(self, level: _Level, value: Any, path: Path) -> Path:
        """Store the value of a key; one that is refused goes to a path of its own and is not stored."""
        key, level.key = level.key, None
        if level.skip_value or key is None or not isinstance(level.container, dict):
            return (*path, "")
        level.container[key] = value
        self.result.positions.keys[path] = level.key_place
        return path

    def _next_path(self) -> Path:
        if not self._levels:
            return ()
        level = self._levels[-1]
        if isinstance(level.container, list):
            return (*level.path, len(level.container))
        return level.path if level.key is None else (*level.path, level.key)

    def _report(self, code: str, event: Any, allowed: str, **facts: Any) -> None:
        """Note a finding at an event; `facts` are those of :class:`SpecFinding`."""
        finding = SpecFinding(**{"code": code, "path": self._next_path(), "allowed": allowed, **facts})
        line, column = _place_of(event) if event is not None else (None, None)
        problem = finding.as_problem().at(file=self.result.positions.file, line=line, column=column)
        self.result.problems.append(problem)
        if len(self.result.problems) == MAX_PROBLEMS:
            self.result.problems.append(too_many(problem))
            raise _StopReading

    def _syntax_error(self, error: yaml.YAMLError) -> None:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or str(error)
        context = getattr(error, "context", None)
        words = f"readable YAML: {said}" + (f" ({context})" if context else "")
        hint = next((hint for pattern, hint in _HINTS if pattern.search(words)), None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        file = self.result.positions.file
        words = " ".join(words.split())
        self.result.problems.append(
            Problem(code="E106", field="", allowed=words, hint=hint, file=file, line=line, column=column)
        )


_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def _place_of(event: Any) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1


def parse_yaml(text: str, file: str) -> YamlText:
    """Read strict YAML.

    Parameters
    ----------
    text
        The text, already checked for control characters.
    file
        What to call the text in problems.
    """
    if len(text) > _MANY_CHARACTERS and hasattr(yaml, "CSafeLoader"):
        read = _Reader(file).read(text, yaml.CSafeLoader)
        if not any(problem.code == "E106" for problem in read.problems):
            return read
    return _Reader(file).read(text)
