"""Which chip is emulated, and what the compiler knows of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TypeAlias

from sal_hw.contracts.backend import Backend, ChipSource
from sal_hw.contracts.targets import Target
from sal_hw.errors import CalibrationError, DeviceError, InputError, Problem, quote_value
from sal_hw.program import CompiledProgram
from sal_hw.target.quality import age_problem
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw.target.snapshot_io import check_snapshot, read_snapshot

#: a snapshot, the path of one, the seed of a synthetic chip, or the words below
ChipChoice: TypeAlias = CalibrationSnapshot | str | os.PathLike[str] | int | None

#: a chip without deviations, and the calibration that knows all of the emulated chip
NOMINAL, TRUTH = "nominal", "truth"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Chips:
    """The chip that is emulated and what is known of it.

    Attributes
    ----------
    chip
        None for a nominal chip, or for a machine.
    calibration
        None if nothing is known.
    knows_all
        Whether the calibration is the truth about the emulated chip, which no measurement gives.
    """

    chip: CalibrationSnapshot | None = None
    calibration: CalibrationSnapshot | None = None
    knows_all: bool = False


def choose_chips(
    target: Target, backend: Backend, chip: ChipChoice, calibration: ChipChoice, *, max_age_hours: float | None = None
) -> Chips:
    """Return the snapshots that `chip` and `calibration` stand for.

    Parameters
    ----------
    chip
        ``nominal`` or None, the seed of a synthetic chip, or a snapshot.
    calibration
        None, ``truth``, or a snapshot.
    max_age_hours
        Refuse a calibration that is older; None takes any.

    Raises
    ------
    InputError
        E316 if the target has no chip, or if a machine is asked to be another chip.
    CalibrationError
        If a snapshot does not fit the target, E706 if it is of another chip than the emulated one, or E708 if it is too
        old.
    """
    emulated = None if chip in (None, NOMINAL) else chip
    known = None if calibration is None else calibration
    if emulated is None and known is None:
        return Chips()
    if target.description.grid is None:
        raise InputError(_no_chip(target, "chip" if emulated is not None else "calibration"))
    drawn = _emulated_chip(target, backend, emulated)
    if known == TRUTH:
        return Chips(chip=drawn, calibration=drawn, knows_all=drawn is not None)
    snapshot = _snapshot(target, known, "calibration")
    if snapshot is not None and max_age_hours is not None:
        _refuse_old(snapshot, max_age_hours)
    if snapshot is not None and isinstance(backend, ChipSource):
        _refuse_foreign(snapshot, NOMINAL if drawn is None else drawn.chip_id)
    return Chips(chip=drawn, calibration=snapshot)


def _refuse_old(snapshot: CalibrationSnapshot, max_age_hours: float) -> None:
    problem = age_problem(snapshot, now=datetime.now(timezone.utc), max_age_hours=max_age_hours)
    if problem is not None:
        raise CalibrationError(problem)


def _refuse_foreign(calibration: CalibrationSnapshot, chip_id: str) -> None:
    if calibration.chip_id == chip_id:
        return
    raise CalibrationError(
        Problem(
            code="E706",
            field="calibration",
            value=quote_value(calibration.chip_id),
            allowed=f"a snapshot of the chip that is emulated, {chip_id}; another chip's deviations are not its own",
            hint=f"--chip {calibration.chip_id.removeprefix('synthetic-')} emulates the chip of this snapshot",
        )
    )


def _emulated_chip(target: Target, backend: Backend, choice: ChipChoice) -> CalibrationSnapshot | None:
    if choice is None:
        return None
    if not isinstance(backend, ChipSource):
        raise DeviceError(
            Problem(
                code="E316",
                field="chip",
                value=quote_value(choice if isinstance(choice, (int, str)) else "a snapshot"),
                allowed=f"nothing: {backend.name} runs on a machine, which is its own chip",
                hint="add --emulate to choose the chip",
            )
        )
    if isinstance(choice, int):
        return backend.draw_chip(choice, spreads={})
    if isinstance(choice, str) and choice.lstrip("-").isdecimal():
        return backend.draw_chip(int(choice), spreads={})
    return _snapshot(target, choice, "chip")


def _snapshot(target: Target, choice: ChipChoice, field: str) -> CalibrationSnapshot | None:
    if choice is None or isinstance(choice, CalibrationSnapshot):
        found = choice
    elif isinstance(choice, int):
        words = "a snapshot, written by sal-hw snapshot draw or by a calibration"
        raise InputError(Problem(code="E316", field=field, value=str(choice), allowed=words))
    else:
        found = read_snapshot(Path(choice))
    if found is not None:
        check_snapshot(found, target.description)
    return found


def _no_chip(target: Target, field: str) -> Problem:
    return Problem(
        code="E316",
        field=field,
        allowed=f"nothing on {target.description.family}, whose programs have no circuits and synapses to calibrate",
        hint="choose a chip with --target",
    )


def with_activations(backend: Backend, program: CompiledProgram, chips: Chips) -> Chips | None:
    """Return the chips with the activation functions of a program's circuits; None if they are not needed or known.

    Activation functions are a property of a circuit under the program's noise, so a drawn chip has none.
    """
    calibration = chips.calibration
    if not chips.knows_all or calibration is None or calibration.table("activation_slope_lsb") is not None:
        return None
    if program.timing is None or not isinstance(backend, ChipSource):
        return None
    known = backend.add_activations(program, calibration)
    return Chips(chip=chips.chip, calibration=known, knows_all=True)
