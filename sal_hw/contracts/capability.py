"""A capability: something that a network may want and not every target can do.

Each is registered in the group ``sal_hw.capabilities`` under its name, those of this project in the same way as those
of others. A target names what it can do in its description, and the pass
:func:`sal_hw.passes.check_capabilities.check_capabilities` refuses the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.registry import CAPABILITIES, load, names, origin_of
from sal_hw.spec.findings import Path
from sal_hw.spec.network import NetworkSpec


@dataclass(frozen=True, kw_only=True, slots=True)
class Want:
    """A part of a network that cannot do without a capability.

    Attributes
    ----------
    who
        The part in words, for example ``projection feedback``.
    path, value
        The field that says so, with the keys of a recipe, and what stands there.
    """

    who: str
    path: Path
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Capability:
    """Something that a network may want and not every target can do.

    Attributes
    ----------
    name
        What descriptions of targets and messages call it.
    meaning
        What it is, in one line.
    wanted
        Yields which parts of a network want it.
    hint
        What to do where a target does not have it.
    families
        The targets that have to name it to have it; others are not asked. None is every target.
    """

    name: str
    meaning: str
    wanted: Callable[[NetworkSpec], Iterator[Want]]
    hint: str = "sal-hw targets shows what each target can do"
    families: tuple[str, ...] | None = None

    def concerns(self, family: str) -> bool:
        """Whether a target has to name it to have it."""
        return self.families is None or family in self.families


def all_capabilities() -> tuple[Capability, ...]:
    """Return every registered capability, sorted by name.

    Raises
    ------
    InputError
        E317 if two packages register one name; E318 if one cannot be imported or is none. There is no going on without
        it, since nobody can tell whether a network wants it.
    """
    return tuple(load_capability(name) for name in names(CAPABILITIES))


def load_capability(name: str) -> Capability:
    """Return the capability that is registered under a name.

    Raises
    ------
    KeyError
        If nothing is.
    InputError
        E317 if two packages register it; E318 if it cannot be imported or is none.
    """
    capability = load(CAPABILITIES, name)
    if isinstance(capability, Capability) and capability.name == name:
        return capability
    raise InputError(
        Problem(
            code="E318",
            field="capability",
            value=quote_value(name),
            allowed=f"a Capability of that name, which {origin_of(CAPABILITIES, name)} is not",
            hint="tell the authors of the package",
        )
    )
