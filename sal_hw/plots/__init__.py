"""Figures of runs, each with its numbers as a file.

A figure is made in two steps: a pure function collects a table of numbers from results, and another draws
nothing but that table. Matplotlib is only imported when something is drawn. Packages register the kinds of figures
that they bring, see :class:`Kind`.
"""

from __future__ import annotations

from sal_hw.plots.files import numbers_at, numbers_beside, picture_at, save, write_figures
from sal_hw.plots.kind import Kind
from sal_hw.plots.kinds import all_kinds, available, collect, draw, render, unusable_kinds
from sal_hw.plots.table import FigureTable

__all__ = [
    "FigureTable",
    "Kind",
    "all_kinds",
    "available",
    "collect",
    "draw",
    "numbers_at",
    "numbers_beside",
    "picture_at",
    "render",
    "save",
    "unusable_kinds",
    "write_figures",
]
