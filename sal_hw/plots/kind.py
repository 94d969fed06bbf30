"""What makes a kind of figure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sal_hw.plots.table import Table
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
    """

    name: str
    title: str
    description: str
    needs: str
    source: str
    tabulate: Callable[[RunResult], Table | None]
    paint: Callable[[Table], Figure]
