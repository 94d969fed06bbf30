"""A compiled program as text for people, at most 100 columns wide."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from sal_hw.cli.console import show, show_table

if TYPE_CHECKING:
    from sal_hw.contracts.report import ProgramReport
    from sal_hw.program import PassRecord
    from sal_hw.results.result import Finding

#: width of all text
WIDTH = 100


def show_program(trace: Sequence[PassRecord], report: ProgramReport | None, knowledge: str) -> None:
    """Show what the passes did, and what the program uses of its machine.

    Parameters
    ----------
    report
        What there is to tell of the program; None if that is nothing.
    knowledge
        What the compiler knew of the machine that the program is for, in words.
    """
    _show_passes(trace, told=() if report is None else report.tabulated_passes)
    if report is None:
        return
    for table in report.tables:
        show(f"\n{table.title}")
        show_table(table.rows, table.header)
    for remark in report.remarks:
        show()
        _show_wrapped(remark, indent="")
    show()
    if report.of_one_machine:
        show(knowledge)


def show_findings(findings: Sequence[Finding]) -> None:
    """Show what a run of the program would tell of."""
    for finding in findings:
        _show_wrapped(f"finding: {finding.kind} x {finding.count}: {finding.advice}", indent="")


def _show_passes(trace: Sequence[PassRecord], *, told: Sequence[str]) -> None:
    """Show one line per pass, its notes below it; notes that tables repeat are left out."""
    for item in trace:
        counts = ", ".join(f"{value:g} {name}" for name, value in item.counts.items())
        show(f"{item.name}: {counts}" if counts else item.name)
        for note in item.notes:
            if item.name not in told or "warning" in note:
                _show_wrapped(note)


def _show_wrapped(note: str, *, indent: str = "  ") -> None:
    for line in wrap(note, WIDTH, initial_indent=indent, subsequent_indent=indent + "  "):
        show(line)
