"""A run on a machine, played back: experiments ask for learning step by step, but it is one job of one process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import Observation, SpikeRecorder
from sal_hw.contracts.learning_session import WithoutMoments, total_at_limit
from sal_hw.errors import DeviceError, IntegrityError, Problem
from sal_hw.program import CompiledProgram
from sal_hw.results.result import Finding
from sal_hw.spec.probes import MembraneProbe, SpikeProbe
from sal_hw_spinnaker.passes.simultaneous import simultaneous_pairs
from sal_hw_spinnaker.program import DigitalProgram, DigitalSynapses
from sal_hw_spinnaker.spinnaker1.access import MachineAccess
from sal_hw_spinnaker.spinnaker1.findings import counted, machine_findings
from sal_hw_spinnaker.spinnaker1.job import Arrays, Job, make_job
from sal_hw_spinnaker.spinnaker1.process import execute

if TYPE_CHECKING:
    from sal_hw_spinnaker.spinnaker1.recorded_pairs import RecordedPairs

#: wall-clock seconds allowed for getting and loading a machine, per second that it runs, and per reading; choices
START_UP_S, PER_RUN_SECOND, PER_READING_S = 900.0, 2.0, 20.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MachineResult:
    """What a run gave, by the names of the program.

    Attributes
    ----------
    machine
        Which one it was.
    updates
        How long it was.
    provenance
        What its cores counted.
    arrays
        ``read_after``, shape (readings,): updates before each reading of the weights; ``words.PART``, shape (readings,
        pre, post); ``time_ms.POPULATION`` and ``neuron.POPULATION``, shape (spikes,).
    """

    machine: str
    updates: int
    provenance: dict[str, int]
    arrays: Arrays


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineRun:
    """A run of a program on a machine."""

    program: CompiledProgram
    seed: int
    access: MachineAccess
    deadline_s: float | None = None

    def __call__(self, updates: int) -> MachineResult:
        """Run so many updates.

        Raises
        ------
        sal_hw.errors.SalHwError
            If the run fails; see :func:`sal_hw_spinnaker.spinnaker1.process.execute`.
        """
        job = make_job(self.program, "run", updates=updates, seed=self.seed)
        found, arrays = execute(job, self.access, deadline_s=self.deadline_s or estimate_deadline(job))
        return MachineResult(
            machine=self.access.label,
            updates=updates,
            provenance={str(name): int(count) for name, count in found["provenance"].items()},
            arrays=_named(job, self.program, arrays),
        )


def estimate_deadline(job: Job) -> float:
    """Return a generous wall-clock limit of a run, seconds."""
    plan = job.network
    steps = plan.updates * plan.update_steps
    run_s = steps * plan.timestep_ms * plan.time_scale_factor * 1e-3
    readings = -(-plan.updates // plan.read_every_updates)
    return float(START_UP_S + PER_RUN_SECOND * run_s + PER_READING_S * readings)


def _named(job: Job, program: CompiledProgram, arrays: Arrays) -> Arrays:
    """Return the arrays of a run by the program's names, weights as words."""
    digital = program.part_of(DigitalProgram)
    found: Arrays = {"read_after": arrays["read_after"]}
    for index, item in enumerate(job.synapses):
        if item.stdp is not None:
            scale = digital.scale_of(item.population, item.receptor)
            found[f"words.{item.name}"] = np.rint(arrays[f"weights.{index}"] * scale.words_per_mv).astype(np.int64)
    for label, name in job.owners.items():
        if f"time_ms.{label}" in arrays:
            found |= {f"time_ms.{name}": arrays[f"time_ms.{label}"], f"neuron.{name}": arrays[f"neuron.{label}"]}
    return found


class SpinnakerSession(WithoutMoments):
    """Plays a run back; see :class:`sal_hw.contracts.backend.Session` and :class:`sal_hw.contracts.backend.WholeRun`.

    Parameters
    ----------
    program
        What runs.
    run
        Runs so many updates on the machine.
    recorder
        Takes the spikes of populations with a spike probe.

    Raises
    ------
    DeviceError
        E808 if the program is not one that a machine can run in one piece.
    """

    def __init__(
        self, program: CompiledProgram, run: Callable[[int], MachineResult], *, recorder: SpikeRecorder | None = None
    ) -> None:
        if not program.rules:
            _not_offered("programs that learn")
        if program.probes_of(MembraneProbe):
            _not_offered("programs without membrane probes, whose data is not taken from the machine")
        self._program = program
        self._digital = program.part_of(DigitalProgram)
        self._run = run
        self._recorder = recorder
        self._recorded = {probe.population for probe in program.probes_of(SpikeProbe)}
        self._result: MachineResult | None = None
        self._done = 0

    @property
    def chip_id(self) -> str | None:
        """Which machine it was; None before the run."""
        return None if self._result is None else self._result.machine

    def prepare(self, updates: int) -> None:
        """Run so many updates, unless a restored run is there already.

        Raises
        ------
        sal_hw.errors.SalHwError
            If the run fails; E834 if the restored run has another length.
        """
        if self._result is None:
            self._result = self._run(updates)
        if self._result.updates != updates:
            allowed = f"a run of {updates} updates, as the experiment asks for"
            hint = "begin the run again without --resume"
            value = str(self._result.updates)
            raise IntegrityError(Problem(code="E834", field="result", value=value, allowed=allowed, hint=hint))

    def _ready(self) -> MachineResult:
        if self._result is None:
            raise RuntimeError("the run has not been prepared")
        return self._result

    def learn(self, updates: int) -> Observation:
        """Play so many further updates back."""
        if self._result is None:
            self.prepare(updates)
        result = self._ready()
        if self._done + updates > result.updates:
            _not_offered("updates that are all asked for before it begins")
        period_ms = self._program.update_ms or 0.0
        window = self._done * period_ms, (self._done + updates) * period_ms
        self._done += updates
        counts = {}
        for block in self._program.neurons:
            time_ms, neuron = result.arrays[f"time_ms.{block.population}"], result.arrays[f"neuron.{block.population}"]
            part = slice(*np.searchsorted(time_ms, window))
            counts[block.population] = np.bincount(neuron[part], minlength=block.size).astype(np.int64)
            if self._recorder is not None and block.population in self._recorded:
                self._recorder(time_ms[part], neuron[part].astype(np.int32), block.population)
        return Observation(duration_ms=updates * period_ms, spike_counts=counts, state_counts={})

    def observe(self, duration_ms: float, *, chains: int = 1, warmup_ms: float = 0.0) -> Observation:
        """Refuse: a run is one piece, and it learns."""
        del duration_ms, chains, warmup_ms
        _not_offered("experiments of the kind align, without pieces that do not learn")

    def _words(self, part: DigitalSynapses) -> NDArray[np.int64]:
        """Return a part's words as of the last reading before now, with the post spikes that they wait for."""
        if part.plastic and self._result is not None and f"words.{part.name}" in self._result.arrays:
            last = int(np.searchsorted(self._result.arrays["read_after"], self._done, side="right")) - 1
            if last >= 0:
                found: NDArray[np.int64] = self._result.arrays[f"words.{part.name}"][last]
                return self._pairs(int(self._result.arrays["read_after"][last])).caught_up(part, found)
        return part.words.astype(np.int64)

    def _pairs(self, updates: int) -> RecordedPairs:
        # compiled loops are loaded after a run only
        from sal_hw_spinnaker.spinnaker1.recorded_pairs import RecordedPairs

        end_ms = updates * (self._program.update_ms or 0.0)
        return RecordedPairs(self._program, self._digital, self._ready().arrays, end_ms)

    def weights(self, projection: str) -> NDArray[np.float64]:
        """Return the weights after the updates played so far, shape (pre, post), mV: the sum of their parts."""
        shape = self._program.synapse_block(projection).weights.shape
        return self._digital.weights_mv(projection, shape, self._words)

    def biases(self, population: str) -> NDArray[np.float64]:
        """Return a copy of the constant drives, mV, shape (neurons,)."""
        return self._program.neuron_block(population).biases.copy()

    def counters(self) -> dict[str, int]:
        """Return what the cores counted, and weights at the ends of their range."""
        provenance = self._ready().provenance
        names = ("timer_overruns", "spikes_late", "ring_buffers_saturated")
        found = {name: counted(provenance, name) for name in names}
        return {
            "updates_missed": 0,
            "weights_at_rail": total_at_limit(self._digital.words_at_limit(self._words)),
            **found,
        }

    def findings(self) -> Sequence[Finding]:
        """Return what a user should know of the run."""
        result = self._ready()
        counts = {
            block.population: np.bincount(result.arrays[f"neuron.{block.population}"], minlength=block.size)
            for block in self._program.neurons
        }
        at_limit = self._digital.words_at_limit(self._words)
        return (
            *machine_findings(result.provenance, counts=counts, at_limit=at_limit),
            *simultaneous_pairs(*self._pairs(self._done).simultaneous(), self._digital, self._program.timestep_ms),
        )

    def checkpoint(self) -> dict[str, NDArray[Any]]:
        """Return the whole run and how far it has been played back: going on does not need the machine again."""
        done = {"done": np.array(self._done)}
        if self._result is None:
            return done
        header = {"machine": self._result.machine, "updates": self._result.updates, "counts": self._result.provenance}
        text = np.frombuffer(json.dumps(header, sort_keys=True).encode(), dtype=np.uint8)
        return done | {"header": text} | {f"result.{key}": item.copy() for key, item in self._result.arrays.items()}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint of the same program."""
        self._done = int(arrays["done"])
        if "header" in arrays:
            header = json.loads(arrays["header"].tobytes())
            kept = {key.removeprefix("result."): item for key, item in arrays.items() if key.startswith("result.")}
            self._result = MachineResult(
                machine=header["machine"], updates=header["updates"], provenance=header["counts"], arrays=kept
            )

    def close(self) -> None:
        """Nothing to release: the machine is let go of when the run ends."""


def _not_offered(what: str) -> NoReturn:
    raise DeviceError(
        Problem(
            code="E808",
            field="experiment",
            allowed=f"{what}: a SpiNNaker machine runs a program in one piece",
            hint="add --emulate to run it on the emulated machine",
        )
    )
