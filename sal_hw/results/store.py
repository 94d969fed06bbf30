"""Run folders: what a run leaves on disk, how an interrupted one goes on, and how a finished one is read.

A finished run folder holds ``recipe.json`` (the resolved recipe), ``program.json`` and ``program.npz``,
``metrics.json``, ``health.json``, ``weights.npz``, ``traces.npz``, ``spikes/*.npz`` if spikes were probed,
``figures/`` and, written last, ``manifest.json`` with a sha256 of every file. A study has no program.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from numpy.typing import NDArray
from typing_extensions import Self

from sal_hw.program import PROGRAM_SCHEMA, CompiledProgram
from sal_hw.results.identity import IDENTITY, check_identity, check_interrupted
from sal_hw.results.result import RunResult
from sal_hw.results.spike_store import SpikeStore
from sal_hw.results.stored_program import decode_program
from sal_hw.storage.artifact import believing, is_unfinished, read_arrays, read_manifest
from sal_hw.storage.codec import encode
from sal_hw.storage.folder import FIGURE_FILES, ArtifactFolder
from sal_hw.storage.ownership import MANIFEST, check_new
from sal_hw.storage.reading import read_json
from sal_hw.storage.sealed import seal_arrays, unseal_arrays

RUN_SCHEMA = 1
CHECKPOINT = "checkpoint.npz"

#: files of a compiled program, and of a run; patterns as of a shell
_PROGRAM = ("recipe.json", "program.json", "program.npz")
_NUMBERS = ("metrics.json", "health.json", "weights.npz", "traces.npz", "spikes/[0-9]*.npz")
_FILES = (IDENTITY, CHECKPOINT, *_PROGRAM, *_NUMBERS, *FIGURE_FILES)

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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.folder.close()

    @classmethod
    def create(
        cls, path: Path, identity: Mapping[str, Any], *, force: bool = False, numbered: bool = False
    ) -> RunStore:
        """Make a new run folder; `identity` is what a resumed run must agree with.

        Parameters
        ----------
        numbered
            Take the first of ``path``, ``path-2``, ... that is free.

        Raises
        ------
        InputError
            E501, E502 or E509, see :meth:`sal_hw.storage.artifact.ArtifactFolder.create`.
        """
        folder = ArtifactFolder.make(path, "run", force=force, numbered=numbered, names=_FILES)
        try:
            folder.write_json(IDENTITY, dict(identity))
        except BaseException:
            folder.close()
            raise
        return cls(folder)

    @classmethod
    def resume(cls, path: Path, identity: Mapping[str, Any]) -> RunStore:
        """Open an interrupted run's folder.

        Raises
        ------
        InputError
            E505 if it is no unfinished run; E506 if it belongs to another recipe, target or seed; E509 if it goes on
            already.
        """
        check_interrupted(path, identity)
        folder = ArtifactFolder.reopen(path, "run")
        try:
            # it may have been finished since
            check_interrupted(path, identity)
        except BaseException:
            folder.close()
            raise
        return cls(folder)

    @staticmethod
    def is_finished(path: Path, identity: Mapping[str, Any]) -> bool:
        """Whether this very run is there, complete.

        Raises
        ------
        InputError
            E505 if something else is finished there; E506 if it is a run of another recipe, target or seed.
        """
        if not (path / MANIFEST).is_file():
            return False
        read_manifest(path, "run", schema_versions=(RUN_SCHEMA,))
        check_identity(path, identity)
        return True

    @classmethod
    def check(cls, path: Path, identity: Mapping[str, Any], *, force: bool, resume: bool) -> None:
        """Refuse what :meth:`create` or :meth:`resume` would refuse, as far as it can be known without writing."""
        if not resume:
            check_new(path, "run", force=force)
        elif not cls.is_finished(path, identity):
            check_interrupted(path, identity)

    def save_checkpoint(self, arrays: Arrays) -> None:
        """Keep everything needed to go on, replacing the previous checkpoint."""
        self.folder.write(CHECKPOINT, seal_arrays(arrays | self.spikes.checkpoint()))

    def load_checkpoint(self) -> Arrays | None:
        """Return the last checkpoint; None if the run was interrupted before the first.

        Raises
        ------
        IntegrityError
            E504 if it, or what it refers to, is not as it was written.
        """
        path = self.folder.path / CHECKPOINT
        arrays = unseal_arrays(path, "begin anew: --force instead of --resume") if path.is_file() else None
        with believing(path, "a checkpoint of a run"):
            self.spikes.restore(arrays)
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


def begins_anew(path: Path) -> bool:
    """Whether a folder holds a run that was interrupted before its first checkpoint."""
    return is_unfinished(path) and not (path / CHECKPOINT).exists()


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
    header = {
        "target": program.target,
        "seed": program.seed,
        "spec_hash": program.spec_hash,
        "program_hash": program.hash,
        "snapshot_hash": program.snapshot_hash,
    }
    with ArtifactFolder.create(path, "program", force=force, names=_PROGRAM) as folder:
        folder.write_json("recipe.json", dict(recipe))
        write_program(folder, program)
        folder.finish(header, schema_version=PROGRAM_SCHEMA)


def read_program(path: Path) -> CompiledProgram:
    """Return the compiled program of a run or program folder.

    Raises
    ------
    IntegrityError
        E504 if it does not have the hash it was written with.
    """
    with believing(path / "program.json", "a readable JSON file"):
        document = read_json(path / "program.json")
    arrays = read_arrays(path / "program.npz")
    allowed = f"a program of schema version 1 .. {PROGRAM_SCHEMA} with the hash it was written with"
    with believing(path / "program.json", allowed):
        return decode_program(document["program"], arrays, document["hash"])
