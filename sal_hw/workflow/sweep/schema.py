"""The ``sweep`` study: a declared set of runs of one recipe, over a quantity, variants and repetitions."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Annotated, Literal

from annotated_types import Ge, Le

from sal_hw.spec.fields import Because, Count, Name, Number, Text, Whole
from sal_hw.spec.findings import Path, SpecFinding
from sal_hw.spec.studies import find_odd_lists
from sal_hw.storage.document import document

#: members of one set; more are a typing error
MAX_MEMBERS = 10_000

Value = Annotated[Number, Ge(-1e18), Le(1e18)]


@document
class Varied:
    """A value of the member recipe that takes several values.

    Attributes
    ----------
    name
        What figures and metrics call it.
    set
        Path in the member recipe, as in ``--set``.
    values
        What it is set to, one after the other.
    """

    name: Name
    set: Text
    values: tuple[Value, ...]


@document
class Variant:
    """A way in which every member is run, for example with and without a rule.

    Attributes
    ----------
    overrides
        Texts ``path=value`` as in ``--set``.
    """

    name: Name
    overrides: tuple[Text, ...] = ()


@document
class SweepProtocol:
    """Run a recipe once for every combination of a level, a variant and the repetitions.

    Members are numbered with levels first, then the repetitions in the order given, then variants. All variants of a
    level and repetition share a seed: the run's seed plus their place among the levels and repetitions. Each member
    gives the very result that ``sal-hw run`` gives for the recipe with the member's overrides and seed.

    Attributes
    ----------
    recipe
        A recipe with a network, below the folder of this one.
    presets, overrides
        Apply to all members.
    levels
        The quantity that figures are drawn over.
    variants, repeats
        What is compared at each level, and what the results are averaged over.
    follow
        Traces of single numbers that are kept of each member, all sampled at the same updates.
    metrics
        Metrics that are kept of each member.
    first_member, members
        Run only so many members from this number on; None runs all that are left. So a set can be split over computers.
    target
        What members are compiled for; they run on its emulator, a nominal one.
    """

    recipe: Text
    levels: Varied
    presets: tuple[Name, ...] = ()
    overrides: tuple[Text, ...] = ()
    variants: tuple[Variant, ...] = (Variant(name="run"),)
    repeats: tuple[Varied, ...] = ()
    follow: tuple[Text, ...] = ()
    metrics: tuple[Text, ...] = ()
    first_member: Annotated[Whole, Ge(0), Le(MAX_MEMBERS)] = 0
    members: Annotated[Count, Le(MAX_MEMBERS), Because("more members than this are a typing error")] | None = None
    target: Text = "ideal"
    kind: Literal["sweep"] = "sweep"

    @property
    def all_members(self) -> int:
        """Number of members in the whole set."""
        return len(self.levels.values) * prod(len(each.values) for each in self.repeats) * len(self.variants)

    def conflicts(self) -> Iterator[SpecFinding]:
        """Find empty lists, names that are given twice, and members that do not exist."""
        yield from find_odd_lists([variant.name for variant in self.variants], "variants")
        if self.repeats:
            yield from find_odd_lists([each.name for each in self.repeats], "repeats")
        for path, varied in self._varied():
            if not varied.values:
                words = "at least one value; there is none"
                yield SpecFinding(code="E214", path=(*path, "values"), allowed=words, hint="for example values: [0, 1]")
        if not self.follow and not self.metrics:
            words = "traces or metrics to keep of each member; there are none"
            yield SpecFinding(code="E214", path=("metrics",), allowed=words, hint="name some in follow or metrics")
        yield from self._find_missing_members()

    def _varied(self) -> Iterator[tuple[Path, Varied]]:
        yield ("levels",), self.levels
        for index, each in enumerate(self.repeats):
            yield ("repeats", index), each

    def _find_missing_members(self) -> Iterator[SpecFinding]:
        count = self.all_members
        if count > MAX_MEMBERS:
            words = f"at most {MAX_MEMBERS} members; these are {count}"
            hint = "give fewer values to levels or repeats"
            yield SpecFinding(code="E214", path=("levels", "values"), allowed=words, hint=hint)
        elif count and self.first_member + (self.members or 1) > count:
            words = f"members 0 .. {count - 1}, which is all that the set has"
            yield SpecFinding(
                code="E214", path=("first_member",), allowed=words, value=self.first_member, hint="0 is the first"
            )
