"""Run folders: what a run leaves on disk, how an interrupted one goes on, and how a finished one is read.

A finished run folder holds ``recipe.json`` (the resolved recipe), ``program.json`` and ``program.npz``,
``metrics.json``, ``health.json``, ``weights.npz``, ``traces.npz``, ``spikes/*.npz`` if spikes were probed,
``figures/`` and, written last, ``manifest.json`` with a sha256 of every file. A study has no program.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.program import PROGRAM_SCHEMA, CompiledProgram
from sal_hw.results.result import RunResult
from sal_hw.results.spike_store import SpikeStore
from sal_hw.results.stored_program import decode_program
from sal_hw.storage.artifact import ArtifactFolder, believing, check_new, is_unfinished, read_arrays
from sal_hw.storage.codec import encode
from sal_hw.storage.reading import read_json

RUN_SCHEMA = 1
CHECKPOINT = "checkpoint.npz"
IDENTITY = "identity.json"

Arrays = dict[str, NDArray[Any]]


class RunStore:
    """A run folder in the making.

    Parameters
    ----------
    folder
        The unfinished folder.
    """

    def __init__(self, folder: ArtifactFolder) -> None:
        self.folder = folder
        self.spikes = SpikeStore(folder)

    @classmethod
    def create(cls, path: Path, identity: Mapping[str, Any], *, force: bool = False) -> RunStore:
        """Make a new run folder; `identity` is what a resumed run must agree with.

        Raises
        ------
        InputError
            E501 or E502, see :meth:`sal_hw.storage.artifact.ArtifactFolder.create`.
        """
        folder = ArtifactFolder.create(path, "run", force=force)
        folder.write_json(IDENTITY, dict(identity))
        return cls(folder)

    @classmethod
    def resume(cls, path: Path, identity: Mapping[str, Any]) -> RunStore:
        """Open an interrupted run's folder.

        Raises
        ------
        InputError
            E505 if it is no unfinished run; E506 if it belongs to another recipe, target or seed.
        """
        _check_interrupted(path, identity)
        return cls(ArtifactFolder(path, "run"))

    @staticmethod
    def check(path: Path, identity: Mapping[str, Any], *, force: bool, resume: bool) -> None:
        """Refuse what :meth:`create` or :meth:`resume` would refuse, as far as it can be known without writing."""
        if resume:
            _check_interrupted(path, identity)
        else:
            check_new(path, force=force)

    def save_checkpoint(self, arrays: Arrays) -> None:
        """Keep everything needed to go on, replacing the previous checkpoint."""
        self.spikes.flush()
        self.folder.write_arrays(CHECKPOINT, arrays | {"spike_parts": np.array(self.spikes.parts)})

    def load_checkpoint(self) -> Arrays | None:
        """Return the last checkpoint; None if the run was interrupted before the first."""
        path = self.folder.path / CHECKPOINT
        if not path.is_file():
            self.spikes.rewind(0)
            return None
        arrays = read_arrays(path)
        with believing(path, "a checkpoint of a run"):
            self.spikes.rewind(int(arrays["spike_parts"]))
        return arrays

    def write_result(self, result: RunResult, program: CompiledProgram | None, recipe: Mapping[str, Any]) -> None:
        """Write everything but the figures and the manifest."""
        self.spikes.flush()
        self.folder.write_json("recipe.json", dict(recipe))
        if program is not None:
            write_program(self.folder, program)
        self.folder.write_json("metrics.json", result.metrics)
        self.folder.write_json("health.json", result.health.as_document())
        initial = {f"initial.{name}": values for name, values in result.weights_initial.items()}
        self.folder.write_arrays("weights.npz", initial | result.weights)
        traces: Arrays = {}
        for name, trace in result.traces.items():
            traces |= {name: trace.values, f"{name}@{trace.axis}": trace.at}
        self.folder.write_arrays("traces.npz", traces)

    def finish(self, result: RunResult, program: CompiledProgram | None, header: Mapping[str, Any]) -> None:
        """Write the manifest: the run is complete. Up to here it can go on from its checkpoint."""
        self.folder.discard(CHECKPOINT)
        self.folder.finish(
            {
                **header,
                "target": result.target,
                "backend": result.backend,
                "chip_id": result.chip_id,
                "seed": result.seed,
                "spec_hash": None if program is None else program.spec_hash,
                "program_hash": result.program_hash,
                "snapshot_hash": None if program is None else program.snapshot_hash,
                "verdict": result.health.verdict,
                "warnings": list(result.warnings),
                "undefined": result.undefined,
                "timings_s": result.timings_s,
            },
            schema_version=RUN_SCHEMA,
        )


def _check_interrupted(path: Path, identity: Mapping[str, Any]) -> None:
    if not is_unfinished(path) or not (path / IDENTITY).is_file():
        allowed = "a run folder that was interrupted"
        problem = Problem(code="E505", field="output", value=quote_value(str(path)), allowed=allowed)
        raise InputError(problem)
    found = _read_json(path / IDENTITY)
    differing = sorted(key for key in {*identity, *found} if identity.get(key) != found.get(key))
    if differing:
        raise InputError(
            Problem(
                code="E506",
                field="output",
                value=quote_value(str(path)),
                allowed=f"a run of the same recipe, options and seed; it differs in: {', '.join(differing)}",
                hint="repeat the command line that began the run",
            )
        )


def _read_json(path: Path) -> dict[str, Any]:
    with believing(path, "a readable JSON file"):
        return read_json(path)


def write_program(folder: ArtifactFolder, program: CompiledProgram) -> None:
    """Write a compiled program as ``program.json`` and ``program.npz``."""
    document, arrays = encode(program)
    folder.write_json("program.json", {"program": document, "hash": program.hash})
    folder.write_arrays("program.npz", arrays)


def store_program(path: Path, program: CompiledProgram, recipe: Mapping[str, Any], *, force: bool = False) -> None:
    """Write a compiled program into a folder of its own, with the resolved recipe and a manifest.

    Raises
    ------
    InputError
        E501 or E502, see :meth:`sal_hw.storage.artifact.ArtifactFolder.create`.
    """
    folder = ArtifactFolder.create(path, "program", force=force)
    folder.write_json("recipe.json", dict(recipe))
    write_program(folder, program)
    header = {
        "target": program.target,
        "seed": program.seed,
        "spec_hash": program.spec_hash,
        "program_hash": program.hash,
        "snapshot_hash": program.snapshot_hash,
    }
    folder.finish(header, schema_version=PROGRAM_SCHEMA)


def read_program(path: Path) -> CompiledProgram:
    """Return the compiled program of a run or program folder.

    Raises
    ------
    IntegrityError
        E504 if it does not have the hash it was written with.
    """
    document = _read_json(path / "program.json")
    arrays = read_arrays(path / "program.npz")
    allowed = f"a program of schema version 1 .. {PROGRAM_SCHEMA} with the hash it was written with"
    with believing(path / "program.json", allowed):
        return decode_program(document["program"], arrays, document["hash"])
