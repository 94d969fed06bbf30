"""What makes a kind of figure.

A module with a figure makes one of these, which its package registers by name in the entry-point group
``sal_hw.plots``, whether it is this package or a third party's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sal_hw.plots.table import FigureTable
from sal_hw.results.result import RunResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One kind of figure.

    Attributes
    ----------
    name, title, description
        What it is called, and what it shows in one line.
    needs
        What a run must have recorded.
    source
        Which experiment or probe records it.
    tabulate
        Collects the numbers of one run; None if the run lacks them.
    paint
        Draws the numbers of one or several runs, told apart by the column ``run``.
    order
        Its place in lists, lowest first; kinds of the same order are sorted by name.
    """

    name: str
    title: str
    description: str
    needs: str
    source: str
    tabulate: Callable[[RunResult], FigureTable | None]
    paint: Callable[[FigureTable], Figure]
    order: int = 1000
