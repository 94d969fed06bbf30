"""What a target tells people of a program: plain data, tables, and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from sal_hw.program import CompiledProgram
from sal_hw.target.description import TargetDescription
from sal_hw.target.snapshot import CalibrationSnapshot


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportTable:
    """A short table, at most 100 columns wide.

    Attributes
    ----------
    title
        What it shows, in one line.
    header
        Names of the columns, with units.
    rows
        The cells, each row as long as the header.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramReport:
    """What a program uses of its machine.

    Attributes
    ----------
    document
        Plain JSON data by topic. Where a number has a unit, it stands in the name or beside the number.
    tables, remarks
        The same for people: tables, and sentences below them.
    tabulated_passes
        Passes whose notes say nothing beyond the tables, warnings apart.
    of_one_machine
        Whether machines of the kind differ, so that it matters what is known of the one that the program is for.
    """

    document: Mapping[str, Any]
    tables: tuple[ReportTable, ...] = ()
    remarks: tuple[str, ...] = ()
    tabulated_passes: tuple[str, ...] = ()
    of_one_machine: bool = False

    def followed_by(self, other: ProgramReport) -> ProgramReport:
        """Return both, this one first."""
        return replace(
            self,
            document={**self.document, **other.document},
            tables=(*self.tables, *other.tables),
            remarks=(*self.remarks, *other.remarks),
        )


class Reporter(Protocol):
    """Tells of the programs of one target."""

    def describe(self, program: CompiledProgram, target: TargetDescription) -> ProgramReport:
        """Return what a program uses of the machine.

        Parameters
        ----------
        target
            The machine's limits.
        """

    def draw(
        self,
        program: CompiledProgram,
        target: TargetDescription,
        folder: Path,
        calibration: CalibrationSnapshot | None,
    ) -> tuple[Path, ...]:
        """Draw what there is to see of a program into a folder, the numbers beside each picture.

        Parameters
        ----------
        calibration
            What the program was compiled with.

        Returns
        -------
        tuple of Path
            The pictures; none where there is nothing to see.
        """
