"""Taking over runs that a machine's own software made elsewhere, and its calibrations."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sal_hw.contracts.backend import CalibrationReader, ResultReader
from sal_hw.contracts.targets import load_backend, load_target
from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.experiment.runner import RunOptions, run_program
from sal_hw.program import PROGRAM_SCHEMA, CompiledProgram
from sal_hw.results.store import RunStore, read_program
from sal_hw.spec.protocols import AlignProtocol
from sal_hw.storage.artifact import believing, read_manifest
from sal_hw.storage.codec import decode, digest
from sal_hw.storage.reading import read_json
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw.workflow.finished_run import Run, keep_result


def import_result(
    folder: str | os.PathLike[str],
    *,
    program_folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    force: bool = False,
    numbered: bool = False,
    figures: bool = True,
) -> Run:
    """Make an ordinary run folder of what a run file left.

    Parameters
    ----------
    folder
        The run file's result folder.
    program_folder
        The folder that ``sal-hw compile`` wrote the run file to.
    out, force, numbered, figures
        The run folder; whether to replace a finished one; whether to add a number to a name that is taken; whether to
        draw figures.

    Raises
    ------
    InputError
        E505 if one of the folders is no such folder; E808 if the experiment is not run in one piece.
    IntegrityError
        E504 if the program is damaged, E804 if the result is, or is one of another program.
    """
    compiled = Path(program_folder)
    read_manifest(compiled, "program", schema_versions=tuple(range(1, PROGRAM_SCHEMA + 1)), strict=False)
    program, protocol, recipe = read_program(compiled), _read_protocol(compiled), _read_json(compiled / "recipe.json")
    backend = _backend(program.target)
    if not isinstance(backend, ResultReader):
        raise InputError(_not_read(program, "results"))
    with believing(compiled, "a program whose parts fit together"):
        playback = backend.read_result(Path(folder), program)
    identity = {"program_hash": program.hash, "backend": playback.name, "imported": True}
    header = {"recipe": recipe.get("name"), "experiment_hash": digest(protocol), "imported": True}
    with RunStore.create(Path(out), identity, force=force, numbered=numbered) as store:
        with believing(compiled, "a program and an experiment that fit together"):
            result = run_program(program, protocol, playback, seed=program.seed, options=RunOptions(store=store))
        return keep_result(result, program, store, document=recipe, header=header, figures=figures)


def import_calibration(
    path: str | os.PathLike[str],
    *,
    target: str,
    trust_pickle: bool = False,
    chip_id: str | None = None,
) -> CalibrationSnapshot:
    """Return what a calibration by a machine's own software tells of its chip.

    Parameters
    ----------
    trust_pickle
        Whether a pickle, which runs code when it is read, may be read (in a process of its own).
    chip_id
        Names the chip where the file does not.

    Raises
    ------
    InputError
        E805 if it cannot be taken over.
    """
    backend = _backend(target)
    if not isinstance(backend, CalibrationReader):
        words = f"a machine whose calibrations can be read; {target} is none"
        raise InputError(Problem(code="E805", field="target", value=quote_value(target), allowed=words))
    return backend.read_calibration(Path(path), trust_pickle=trust_pickle, chip_id=chip_id)


def _backend(target: str) -> object:
    name = load_target(target).backend
    return None if name is None else load_backend(name)


def _read_json(path: Path) -> dict[str, Any]:
    with believing(path, "a readable JSON file"):
        return read_json(path)


def _read_protocol(compiled: Path) -> AlignProtocol:
    path = compiled / "experiment.json"
    with believing(path, "the experiment that sal-hw compile writes beside a program"):
        document = read_json(path)
        if document.get("kind") != "align":
            raise InputError(_not_in_one_piece(path, document.get("kind")))
        return decode(AlignProtocol, document, {})


def _not_in_one_piece(path: Path, kind: object) -> Problem:
    allowed = "an align experiment: others are steered between steps, which a recorded run cannot be"
    return Problem(code="E808", field="experiment.kind", value=quote_value(str(kind)), allowed=allowed, file=str(path))


def _not_read(program: CompiledProgram, what: str) -> Problem:
    allowed = f"a target whose machine's {what} can be read; {program.target} has none"
    return Problem(code="E808", field="target", value=quote_value(program.target), allowed=allowed)
