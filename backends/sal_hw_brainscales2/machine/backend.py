"""BrainScaleS-2 as a backend: a program runs in one piece, in a process of its own, and its result is played back."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sal_hw.contracts.backend import OpenRequest, Session
from sal_hw.contracts.instrument import Instrument
from sal_hw.contracts.job_queue import Job
from sal_hw.contracts.software import Software
from sal_hw.errors import DeviceError, Problem, quote_value
from sal_hw.program import CompiledProgram
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw_brainscales2.description import NAME
from sal_hw_brainscales2.machine.sdk import STACKS, FrontEnd, front_end_of, require_stack

if TYPE_CHECKING:
    from sal_hw_brainscales2.machine.importer import ChipResult


@dataclass(frozen=True, kw_only=True, slots=True)
class BrainScaleS2Backend:
    """Runs compiled programs on a chip.

    Attributes
    ----------
    via
        Front end of the vendor's software.
    calibration_file
        Handed to the run file; None is the site's own calibration.
    deadline_s
        Wall-clock limit of a run; None estimates a generous one.
    """

    via: FrontEnd = "pynn"
    calibration_file: Path | None = None
    deadline_s: float | None = None
    name: str = NAME
    front_ends: tuple[str, ...] = tuple(STACKS)

    def through(self, front_end: str | None, calibration_file: Path | None) -> BrainScaleS2Backend:
        """Return a backend that uses one front end and one calibration; None keeps what there is."""
        via = self.via if front_end is None else front_end_of(front_end)
        return replace(self, via=via, calibration_file=calibration_file or self.calibration_file)

    def require(self, command: str | None = None) -> None:
        """Check that the vendor's software is installed; see :func:`sal_hw_brainscales2.machine.sdk.require_stack`."""
        require_stack(self.via, command)

    def software(self) -> tuple[Software, ...]:
        """Return what of the vendor's software is here, and of which release."""
        from sal_hw_brainscales2.machine.software import vendor_software

        return vendor_software()

    def open(self, program: CompiledProgram, request: OpenRequest) -> Session:
        """Return a session that runs the program when it is told how long.

        Parameters
        ----------
        program
            What to run; it must have been compiled for the chip and learn.
        request
            The seed is that of the background generators; threads are without effect.

        Raises
        ------
        DeviceError
            E801 if the software is missing; E808 if the program is not run in one piece; E316 if a chip is named.
        """
        from sal_hw_brainscales2.machine.live import LiveRun
        from sal_hw_brainscales2.machine.session import ChipSession

        _refuse_chip(None if request.chip is None else request.chip.chip_id)
        self.require()
        run = LiveRun(
            via=self.via,
            calibration_file=self.calibration_file,
            deadline_s=self.deadline_s,
            program=program,
            seed=request.seed,
        )
        return ChipSession(program, run, recorder=request.recorder)

    def open_instrument(
        self, *, chip: CalibrationSnapshot | None = None, synthetic_time: str | None = None, work: Path | None = None
    ) -> Instrument:
        """Return the chip on the bench, through PyNN, whose rules record what they see.

        Each program needs the vendor's calibration for it. Without `calibration_file`, the chip is calibrated for every
        program whose circuits differ, which takes minutes each; `work` keeps these calibrations. If `calibration_file`
        is a folder, that of a program is expected below it as ``HASH/calibration.pbin``.

        Raises
        ------
        DeviceError
            E801 if PyNN's software is missing; E316 if a chip or its time is named.
        """
        _refuse_chip(None if chip is None else chip.chip_id)
        _refuse_chip(synthetic_time)
        require_stack("pynn", "sal-hw calibrate --synthetic 7 -o chip7.snapshot")
        from sal_hw_brainscales2.machine.bench_runs import BenchRuns
        from sal_hw_brainscales2.machine.instrument import MachineInstrument

        kept = self.calibration_file
        folder = work or Path(tempfile.mkdtemp(prefix="sal-hw-calix-"))
        run = BenchRuns(work=folder, calibration_file=kept, deadline_s=self.deadline_s)
        return MachineInstrument(run, calibration="made for each program" if kept is None else kept.name)

    def read_result(self, folder: Path, program: CompiledProgram) -> RecordedRun:
        """Return a backend that plays a result folder back; see :class:`sal_hw.contracts.backend.ResultReader`."""
        from sal_hw_brainscales2.machine.importer import read_result

        return RecordedRun(result=read_result(folder, program))

    def read_calibration(self, path: Path, *, trust_pickle: bool, chip_id: str | None) -> CalibrationSnapshot:
        """Return what a calix result tells of its chip; see :mod:`sal_hw_brainscales2.machine.calix.reading`."""
        from sal_hw_brainscales2.machine.calix.reading import import_calix

        return import_calix(path, trust_pickle=trust_pickle, chip_id=chip_id)

    def submit_job(
        self, folder: Path, *, front_end: str | None, collab: str | None, calibration: Path | None = None
    ) -> Job:
        """Send a run file to the platform's queue; see :func:`sal_hw_brainscales2.machine.submit.submit_job`."""
        from sal_hw_brainscales2.machine.submit import submit_job

        via = self.via if front_end is None else front_end_of(front_end)
        return submit_job(folder, front_end=via, collab=collab, calibration=calibration)

    def attach_job(self, identity: str, *, wait: bool, out: Path) -> Job:
        """Look after a job; see :func:`sal_hw_brainscales2.machine.submit.attach_job`."""
        from sal_hw_brainscales2.machine.submit import attach_job

        return attach_job(identity, wait=wait, out=out)


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedRun:
    """A backend whose sessions play a run back that was made elsewhere."""

    result: ChipResult
    name: str = NAME

    def open(self, program: CompiledProgram, request: OpenRequest) -> Session:
        """Return a session on the recorded run; see :meth:`BrainScaleS2Backend.open`."""
        from sal_hw_brainscales2.machine.session import ChipSession

        _refuse_chip(None if request.chip is None else request.chip.chip_id)
        return ChipSession(program, lambda _: self.result, recorder=request.recorder)


def _refuse_chip(named: str | None) -> None:
    if named is not None:
        allowed = "nothing: a machine is its own chip, at its own time"
        hint = "add --emulate to choose the chip"
        problem = Problem(code="E316", field="chip", value=quote_value(named), allowed=allowed, hint=hint)
        raise DeviceError(problem)
