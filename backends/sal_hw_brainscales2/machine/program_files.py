"""The files that run a program with the vendor's software: kernels, a run file per front end, calibration settings."""

from __future__ import annotations

from collections.abc import Mapping

from typing_extensions import assert_never

from sal_hw.errors import InputError
from sal_hw.program import CompiledProgram
from sal_hw.spec.signs import Polarity
from sal_hw_brainscales2.machine.run_files.collect import collect_run_data
from sal_hw_brainscales2.machine.run_files.run_data import RunData
from sal_hw_brainscales2.machine.sdk import REMARKS, STACKS, WINDOWS, FrontEnd, front_end_of
from sal_hw_brainscales2.program import ChipProgram

FRONT_ENDS: tuple[FrontEnd, ...] = tuple(STACKS)

#: what the run file of a front end and the file of calibration settings are called
RUN_FILES: dict[FrontEnd, str] = {"pynn": "run_pynn.py", "hxtorch": "run_hxtorch.py"}
CALIBRATION_FILE = "calibrate_sal.py"
NOTES_FILE = "HOW_TO_RUN.txt"

#: what calix aims at if nothing else is wanted (calix, correlation_calib_target.cpp): one pair's reading and its decay
DEFAULT_AMPLITUDE_LSB, DEFAULT_TAU_US = 0.5, 5.0

_POLARITIES: tuple[Polarity, ...] = ("excitatory", "inhibitory")


def run_file(
    program: CompiledProgram, front_end: FrontEnd, *, updates: int, seed: int, duration_ms: float | None = None
) -> str:
    """Return the run file of a front end; a program without a learning rule has no updates but a duration.

    Raises
    ------
    InputError
        E806 if the front end cannot run the program.
    """
    from sal_hw_brainscales2.machine.ppu.kernels import program_files as kernel_files

    data = collect_run_data(program, updates=updates, seed=seed, duration_ms=duration_ms)
    return _render(data, front_end, kernel_files(program, updates=updates))


def _render(data: RunData, front_end: FrontEnd, kernels: Mapping[str, bytes]) -> str:
    numbers = [rule.number for rule in data.rules]
    match front_end:
        case "hxtorch":
            from sal_hw_brainscales2.machine.run_files.hxtorch.render import render_hxtorch

            signed = {number: kernels[f"kernel_{number}_hxtorch.cpp"].decode() for number in numbers}
            return render_hxtorch(data, signed)
        case "pynn":
            from sal_hw_brainscales2.machine.run_files.pynn import render_pynn

            names = {(number, each): f"kernel_{number}_pynn_{each}.cpp" for number in numbers for each in _POLARITIES}
            return render_pynn(data, {key: kernels[name].decode() for key, name in names.items() if name in kernels})
        case _:
            assert_never(front_end)


def program_files(program: CompiledProgram, *, updates: int, seed: int, via: str | None = None) -> dict[str, bytes]:
    """Return all files by their path below the program's folder; see :class:`sal_hw.contracts.targets.ProgramFiles`.

    Raises
    ------
    InputError
        E806 if no front end, or not the one that `via` names, can run the program; E812 if there is none of that name.
    """
    from sal_hw_brainscales2.machine.calix.settings import render_calibration
    from sal_hw_brainscales2.machine.ppu.kernels import program_files as kernel_files

    needed = None if via is None else front_end_of(via)
    kernels = kernel_files(program, updates=updates)
    data = collect_run_data(program, updates=updates, seed=seed)
    files: dict[str, bytes] = {}
    refused: dict[FrontEnd, InputError] = {}
    for front_end in FRONT_ENDS:
        try:
            files[RUN_FILES[front_end]] = _render(data, front_end, kernels).encode()
        except InputError as error:
            if front_end == needed:
                raise
            refused[front_end] = error
    if not files:
        raise refused[FRONT_ENDS[0]]
    files |= {f"kernels/{name}": text for name, text in kernels.items()}
    files[CALIBRATION_FILE] = render_calibration(data, wanted_sensors(program)).encode()
    files[NOTES_FILE] = _notes(files, refused).encode()
    return files


def wanted_sensors(program: CompiledProgram) -> dict[str, float]:
    """Return what the sensors of all rules are calibrated for, which share one calibration; calix's own without one."""
    kernels = program.part_of(ChipProgram).kernels
    if not kernels:
        return {"amplitude_lsb": DEFAULT_AMPLITUDE_LSB, "time_constant_us": DEFAULT_TAU_US}
    # the compiler sees to it that all rules and both branches have one time constant
    return {"amplitude_lsb": kernels[0].amplitude_lsb, "time_constant_us": kernels[0].tau_causal_us}


def _notes(files: Mapping[str, bytes], refused: Mapping[FrontEnd, InputError]) -> str:
    lines = [
        "How to run this program on a BrainScaleS-2 chip",
        "",
        "Each file below needs numpy and the BrainScaleS-2 software (an EBRAINS notebook with the kernel",
        "'EBRAINS-experimental', the container, or a cluster node), but not sal-hw.",
        "",
        f"1. python {CALIBRATION_FILE} --out calibration     calibrates neurons and correlation sensors for it",
    ]
    for front_end, name in RUN_FILES.items():
        if name in files:
            lines.append(f"2. python {name} --calibration calibration/calibration.pbin     runs it with {front_end}")
        else:
            problem = refused[front_end].problems[0]
            lines.append(f"   not through {problem.value}; it takes {problem.allowed}")
    lines += [
        "3. sal-hw import result --program DIR --out RUN     where sal-hw is; DIR is this folder",
        "",
        f"{CALIBRATION_FILE} and {RUN_FILES['pynn']} are for one environment: {WINDOWS['pynn']}, with calix from",
        f"2026-06-11 on, and the sal-hw that imports. {RUN_FILES['hxtorch']} is for another: {WINDOWS['hxtorch']};",
        f"{REMARKS['hxtorch']}. Its calibration is made in the",
        "first one, and whether it carries over has not been tried.",
        "",
        "None of these files has been run on hardware by the authors of sal-hw.",
    ]
    return "\n".join(lines) + "\n"
