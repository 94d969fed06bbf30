"""Which symbols of a kernel hold what it kept, in the run files' terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sal_hw_brainscales2.machine.run_files.declarations import Declaration

_WORDS = ("final", "finished", "updates", "records", "causal", "acausal", "times")


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptSymbols:
    """Names of symbols; empty where a kernel keeps no such thing.

    Attributes
    ----------
    rows
        Rows of a hemisphere for which there is room.
    final, finished, updates, records, causal, acausal, times
        See :class:`sal_hw_brainscales2.machine.ppu.symbols.Symbol`.
    """

    rows: int
    final: str
    finished: str
    updates: str
    records: str = ""
    causal: str = ""
    acausal: str = ""
    times: str = ""


def split_kept(found: Sequence[Declaration], prefix: str) -> tuple[KeptSymbols, list[Declaration]]:
    """Return what a kernel keeps, and what else it declares.

    Raises
    ------
    ValueError
        If it leaves no weights, does not count its updates, or declares something that does not begin with `prefix`.
    """
    strange = next((each.name for each in found if not each.name.startswith(prefix)), None)
    if strange is not None:
        raise ValueError(f"the kernel's symbol {strange} does not begin with {prefix}")
    words = {each.name.removeprefix(prefix): each for each in found}
    kept = {word: words.pop(word) for word in _WORDS if word in words}
    if not {"final", "finished", "updates"} <= set(kept):
        raise ValueError("the kernel leaves no weights or does not count its updates")
    symbols = KeptSymbols(rows=kept["final"].shape[1], **{word: each.name for word, each in kept.items()})
    return symbols, list(words.values())
