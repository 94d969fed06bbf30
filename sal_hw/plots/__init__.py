"""Figures of runs, each with its numbers as a file.

A figure is made in two steps: a pure function collects a table of numbers from results, and another draws
nothing but that table. Matplotlib is only imported when something is drawn.
"""

from __future__ import annotations

from sal_hw.plots.files import save, write_figures
from sal_hw.plots.kind import Kind
from sal_hw.plots.kinds import KINDS, available, collect, draw, render
from sal_hw.plots.table import Table

__all__ = ["KINDS", "Kind", "Table", "available", "collect", "draw", "render", "save", "write_figures"]
