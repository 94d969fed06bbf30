"""What the target tells of its programs, see :class:`sal_hw.contracts.report.Reporter`."""

from __future__ import annotations

from pathlib import Path

from sal_hw.contracts.report import ProgramReport
from sal_hw.program import CompiledProgram
from sal_hw.target.description import TargetDescription
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw_brainscales2.report.summary import chip_report
from sal_hw_brainscales2.report.tables import report_remarks, report_tables


class ChipReporter:
    """Tells where on the chip a program is, how well its weights are stored, and what learns how often."""

    def describe(self, program: CompiledProgram, target: TargetDescription) -> ProgramReport:
        """Return placement, rows, stored weights, plasticity, noise generators and given spikes."""
        document = chip_report(program, target)
        return ProgramReport(
            document=document,
            tables=tuple(report_tables(document)),
            remarks=tuple(report_remarks(document)),
            tabulated_passes=("place_and_route", "quantize_weights", "lower_kernels"),
            of_one_machine=True,
        )

    def draw(
        self,
        program: CompiledProgram,
        target: TargetDescription,
        folder: Path,
        calibration: CalibrationSnapshot | None,
    ) -> tuple[Path, ...]:
        """Draw the used synapses, stored over wanted weights, and the synapse rows of each neuron."""
        from sal_hw_brainscales2.report.figures import write_program_figures

        buses = int(target.limits["buses"].high or 1)
        return write_program_figures(program, folder, buses=buses, calibration=calibration)
