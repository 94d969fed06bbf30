"""A run file's result folder: checked, and played back chunk by chunk through the loop that made it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import Observation, OpenRequest, Session
from sal_hw.errors import DeviceError, InputError, IntegrityError, Problem, quote_path, quote_value
from sal_hw.program import CompiledProgram
from sal_hw.storage.files import sha256
from sal_hw.storage.reading import BROKEN, parse_json, read_npz, read_regular
from sal_hw_spinnaker.chunks.loop import Chunk, ChunkLoop, Records
from sal_hw_spinnaker.chunks.plan import ChunkPlan, chunk_plan
from sal_hw_spinnaker.chunks.session import ChunkSession
from sal_hw_spinnaker.spinnaker2.description import FRONT_END, NAME
from sal_hw_spinnaker.ticks import TickProgram

KIND, FORMAT = "sal-hw-result", 1
#: bytes of a file that are read at most; a choice far above what hundreds of chunks leave
MAX_BYTES = 2**31

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ChunkResult:
    """A checked result.

    Attributes
    ----------
    header
        The content of ``result.json``.
    records
        One per chunk.
    """

    header: dict[str, Any]
    records: tuple[Records, ...]


def read_result(folder: Path, program: CompiledProgram) -> ChunkResult:
    """Return the result that a run file of a program left.

    Raises
    ------
    InputError
        E505 if `folder` is no result folder.
    IntegrityError
        E804 if it is damaged, of another program, or holds what cannot be.
    """
    if not (folder / "manifest.json").is_file():
        allowed = "a finished result folder of a run file: manifest.json is missing"
        hint = "run the run file again; it writes the manifest last"
        value = quote_path(folder)
        raise InputError(Problem(code="E505", field="result", value=value, allowed=allowed, hint=hint))
    manifest = _read_json(folder / "manifest.json", None)
    hashes = manifest.get("sha256")
    if manifest.get("kind") != KIND or manifest.get("format") != FORMAT or not isinstance(hashes, dict):
        _refuse(folder, f"a manifest of kind {KIND}, format {FORMAT}")
    header = _read_json(folder / "result.json", str(hashes.get("result.json")))
    _check_header(folder / "result.json", header, program)
    path = folder / "arrays.npz"
    try:
        arrays = read_npz(_read(path, str(hashes.get("arrays.npz"))))
    except BROKEN as error:
        _refuse(path, f"a readable .npz file ({type(error).__name__})")
    result = ChunkResult(header=header, records=_records(path, arrays, program, int(header["updates"])))
    _check_weights(path, result, arrays, program)
    return result


def _read(path: Path, digest: str | None) -> bytes:
    try:
        data = read_regular(path, limit=MAX_BYTES)
    except (OSError, ValueError) as error:
        _refuse(path, f"a readable file ({type(error).__name__})")
    if digest is not None and sha256(data) != digest:
        _refuse(path, "the bytes that were written (sha256 differs)")
    return data


def _read_json(path: Path, digest: str | None) -> dict[str, Any]:
    try:
        found = parse_json(_read(path, digest))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        _refuse(path, "a readable JSON document")
    return found


def _check_header(path: Path, header: dict[str, Any], program: CompiledProgram) -> None:
    if header.get("kind") != KIND or header.get("format") != FORMAT or header.get("front_end") != FRONT_END:
        _refuse(path, f"a result of kind {KIND}, format {FORMAT}, made with {FRONT_END}")
    if header.get("program_hash") != program.hash:
        made = quote_value(str(header.get("program_hash")))
        _refuse(path, f"a result of the program {program.hash}; this one is of {made}")
    if not isinstance(header.get("chip_id"), str):
        _refuse(path, "the name of the chip")
    for name, low, high in (("updates", 1, 10_000_000), ("seed", 0, 2**64 - 1)):
        number = header.get(name)
        if type(number) is not int or not low <= number <= high:
            _refuse(path, f"a whole number of {name} from {low} to {high}")


def _records(path: Path, arrays: Arrays, program: CompiledProgram, updates: int) -> tuple[Records, ...]:
    """Return the records of each chunk."""
    plan = chunk_plan(program, program.seed)
    ticks = program.part_of(TickProgram).chunk_ticks
    spikes: list[dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]] = [{} for _ in range(updates)]
    potentials: list[dict[str, NDArray[np.float64]]] = [{} for _ in range(updates)]
    for item in plan.populations:
        name, size = item.name, item.size
        tick, neuron, count = (_whole(path, arrays, f"{kind}.{name}") for kind in ("tick", "neuron", "count"))
        if len(count) != updates or len(tick) != len(neuron) or count.sum() != len(tick) or (count < 0).any():
            _refuse(path, f"spikes of {name} in {updates} chunks")
        if len(tick) and not (0 <= tick.min() <= tick.max() < ticks and 0 <= neuron.min() <= neuron.max() < size):
            _refuse(path, f"spikes of {name} within {ticks} ticks and {size} neurons")
        ends = np.cumsum(count)
        for number, (begin, end) in enumerate(zip(ends - count, ends, strict=True)):
            if len(np.unique(tick[begin:end] * size + neuron[begin:end])) != end - begin:
                _refuse(path, f"at most one spike per tick of each neuron of {name}")
            if (np.diff(tick[begin:end]) < 0).any():
                _refuse(path, f"spikes of {name} in order of time")
            spikes[number][name] = (tick[begin:end], neuron[begin:end])
        if item.records_potential:
            values = arrays.get(f"potentials.{name}", np.zeros(0))
            if values.shape != (updates, ticks, size) or values.dtype != np.float64 or not np.isfinite(values).all():
                _refuse(path, f"potentials of {name}, {updates} times {ticks} times {size}")
            for number in range(updates):
                potentials[number][name] = values[number]
    return tuple(Records(spikes=each, potentials=held) for each, held in zip(spikes, potentials, strict=True))


def _whole(path: Path, arrays: Arrays, name: str) -> NDArray[np.int64]:
    found = arrays.get(name)
    if found is None or found.ndim != 1 or found.dtype != np.int64:
        _refuse(path, f"a list of whole numbers {name}")
    return found


def _check_weights(path: Path, result: ChunkResult, arrays: Arrays, program: CompiledProgram) -> None:
    """Learn once more from the recorded spikes: that must give the weights that the run ended with."""
    plan = chunk_plan(program, int(result.header["seed"]))
    loop = ChunkLoop(plan.document(), plan.arrays)
    for records in result.records:
        loop.learn(records.spikes)
    for name, values in loop.stored.items():
        if not np.array_equal(arrays.get(f"stored.{name}", np.zeros(0)), values):
            _refuse(path, f"weights of {name} that follow from the spikes")


def _refuse(path: Path, allowed: str) -> NoReturn:
    raise IntegrityError(Problem(code="E804", field="result", value=quote_path(path), allowed=allowed))


class PlaybackSession(ChunkSession):
    """A session on recorded chunks."""

    def observe(self, duration_ms: float, *, chains: int = 1, warmup_ms: float = 0.0) -> Observation:
        """Refuse: nothing was recorded without plasticity."""
        del duration_ms, chains, warmup_ms
        allowed = "an experiment that only learns: others are steered between steps, which a recorded run cannot be"
        raise DeviceError(Problem(code="E808", field="experiment.kind", allowed=allowed))


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedRun:
    """A backend whose sessions play a run back that was made elsewhere."""

    result: ChunkResult
    name: str = NAME

    def open(self, program: CompiledProgram, request: OpenRequest) -> Session:
        """Return a session on the recorded run; the seed is that of the record."""
        if request.chip is not None:
            allowed = "nothing: a machine is its own chip"
            problem = Problem(code="E316", field="chip", value=quote_value(request.chip.chip_id), allowed=allowed)
            raise DeviceError(problem)
        header = self.result.header
        return PlaybackSession(
            program, self._opener, seed=int(header["seed"]), recorder=request.recorder, chip_id=str(header["chip_id"])
        )

    def _opener(self, plan: ChunkPlan) -> _Playback:
        del plan
        return _Playback(self.result)


class _Playback:
    def __init__(self, result: ChunkResult) -> None:
        self._records = result.records

    def __call__(self, chunk: Chunk) -> Records:
        if chunk.number >= len(self._records):
            allowed = f"at most {len(self._records)} updates, as many as were recorded"
            problem = Problem(code="E808", field="experiment.duration", allowed=allowed)
            raise DeviceError(problem)
        return self._records[chunk.number]
