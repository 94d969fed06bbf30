"""One chunk on a chip: a process of its own with a deadline, since the vendor's software prints and may hang."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import DeviceError, IntegrityError, Problem, quote_value
from sal_hw.processes import run_to_deadline
from sal_hw.storage.files import npz_bytes, write_atomic
from sal_hw.storage.reading import read_npz
from sal_hw_spinnaker.chunks.loop import Chunk, Records
from sal_hw_spinnaker.chunks.plan import ChunkPlan

#: wall-clock seconds allowed for connecting, mapping and loading; examples take about 7 s per run, so a choice
START_UP_S = 300.0
#: how many times the duration in real time a run may take
SLOWER = 20.0

#: characters of the log that are looked at
LOG_TAIL = 20_000

JOB, ARRAYS, RECORDS, LOG = "job.json", "job.npz", "records.npz", "run.log"
#: how the worker ends if the machine's software failed, or returned what cannot be
FAILED, UNBELIEVABLE = 4, 6

Arrays = dict[str, NDArray[Any]]


class MachineRunner:
    """Runs chunks on a chip; see :class:`sal_hw_spinnaker.chunks.session.ChunkRunner`.

    Parameters
    ----------
    plan
        Of the program.
    address
        Of the chip's board.
    deadline_s
        Wall-clock limit of a chunk; None estimates a generous one.
    """

    def __init__(self, plan: ChunkPlan, *, address: str, deadline_s: float | None = None) -> None:
        self._plan = plan
        self._address = address
        self._deadline_s = deadline_s

    def __call__(self, chunk: Chunk) -> Records:
        """Run a chunk.

        Raises
        ------
        DeviceError
            E802 if the run failed, E803 if it hung.
        IntegrityError
            E804 if its records cannot be.
        """
        folder = Path(tempfile.mkdtemp(prefix="sal-hw-chunk-"))
        lanes = {name: count for name, (count, _) in chunk.inputs.items()}
        job = {
            "plan": self._plan.document(),
            "address": self._address,
            "number": chunk.number,
            "ticks": chunk.ticks,
            "lanes": lanes,
        }
        write_atomic(folder / JOB, json.dumps(job).encode())
        write_atomic(folder / ARRAYS, npz_bytes({**self._plan.arrays, **chunk_arrays(chunk)}))
        execute(folder, self._deadline_s or START_UP_S + SLOWER * chunk.ticks * self._plan.real_tick_s)
        records = read_records(read_npz((folder / RECORDS).read_bytes()))
        # after a failure the folder stays: its log is what helps
        shutil.rmtree(folder, ignore_errors=True)
        return records


def chunk_arrays(chunk: Chunk) -> Arrays:
    """Return the arrays of a chunk by name."""
    arrays: Arrays = {f"chunk.weights.{name}": item for name, item in chunk.weights.items()}
    for name, (_, (tick, source)) in chunk.inputs.items():
        arrays |= {f"chunk.tick.{name}": tick, f"chunk.source.{name}": source}
    return arrays


def read_chunk(job: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Chunk:
    """Return the chunk of :func:`chunk_arrays`."""
    return Chunk(
        number=int(job["number"]),
        ticks=int(job["ticks"]),
        weights={item["name"]: arrays[f"chunk.weights.{item['name']}"] for item in job["plan"]["projections"]},
        inputs={
            name: (int(count), (arrays[f"chunk.tick.{name}"], arrays[f"chunk.source.{name}"]))
            for name, count in job["lanes"].items()
        },
    )


def record_arrays(records: Records) -> Arrays:
    """Return the arrays of records by name."""
    arrays: Arrays = {f"potentials.{name}": item for name, item in records.potentials.items()}
    for name, (tick, neuron) in records.spikes.items():
        arrays |= {f"tick.{name}": tick, f"neuron.{name}": neuron}
    return arrays


def read_records(arrays: Mapping[str, NDArray[Any]]) -> Records:
    """Return the records of :func:`record_arrays`."""
    names = [key.removeprefix("tick.") for key in arrays if key.startswith("tick.")]
    return Records(
        spikes={name: (arrays[f"tick.{name}"], arrays[f"neuron.{name}"]) for name in names},
        potentials={
            key.removeprefix("potentials."): np.asarray(item)
            for key, item in arrays.items()
            if key.startswith("potentials.")
        },
    )


def execute(folder: Path, deadline_s: float) -> None:
    """Run the worker on a folder and wait for it; all that it started ends with it.

    Raises
    ------
    DeviceError, IntegrityError
        If it does not end well; the log stays in the folder.
    """
    command = [sys.executable, "-m", "sal_hw_spinnaker.spinnaker2.worker", str(folder)]
    code = run_to_deadline(command, folder=folder, log=folder / LOG, deadline_s=deadline_s)
    if code == 0:
        return
    if code is None:
        raise DeviceError(_hung(folder, deadline_s))
    cause, hint = _cause(folder / LOG), f"the log is {folder / LOG}"
    if code == UNBELIEVABLE:
        raise IntegrityError(Problem(code="E804", field="run", allowed=f"records of such a run: {cause}", hint=hint))
    raise DeviceError(Problem(code="E802", field="run", value=f"exit code {code}", allowed=cause, hint=hint))


def _hung(folder: Path, deadline_s: float) -> Problem:
    return Problem(
        code="E803",
        field="run",
        value=f"{deadline_s:g} s",
        allowed="an answer of the chip within the deadline, several times the usual duration; the run was ended",
        hint=f"check the connection to the chip and repeat the command; the log is {folder / LOG}",
    )


def _cause(log: Path) -> str:
    """Return the cause that the worker printed last, or its last line."""
    lines = [line.strip() for line in log.read_text(errors="replace")[-LOG_TAIL:].splitlines() if line.strip()]
    said = next((line.removeprefix("cause: ") for line in reversed(lines) if line.startswith("cause: ")), None)
    if said is not None:
        return said[:300]
    return f"a run that ends well; it last wrote {quote_value(lines[-1]) if lines else 'nothing'}"
