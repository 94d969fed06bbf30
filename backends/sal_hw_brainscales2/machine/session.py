"""A run of the chip, played back: experiments ask for learning step by step, but a chip runs a program in one piece."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import Moments, Observation, SpikeRecorder
from sal_hw.errors import DeviceError, IntegrityError, Problem
from sal_hw.program import CompiledProgram
from sal_hw.results.result import Finding
from sal_hw.spec.probes import SpikeProbe
from sal_hw.storage.codec import encode
from sal_hw_brainscales2.machine.findings import chip_findings, saturated_readings
from sal_hw_brainscales2.machine.importer import ChipResult, check_result
from sal_hw_brainscales2.machine.result_header import ResultHeader
from sal_hw_brainscales2.machine.run_files.collect import collect_run_data
from sal_hw_brainscales2.machine.run_files.run_data import Arrays
from sal_hw_brainscales2.program import ChipProgram

#: how far before the planned time a record may begin, as a share of the period: the clocks are not the same
_EARLY = 0.05


class ChipSession:
    """Plays a run back; see :class:`sal_hw.contracts.backend.Session` and :class:`sal_hw.contracts.backend.WholeRun`.

    Parameters
    ----------
    program
        What runs.
    run
        Runs so many updates on the chip, or returns a run that was recorded elsewhere.
    recorder
        Takes the spikes of populations with a spike probe.

    Raises
    ------
    DeviceError
        E808 if the program is not one that a chip can run in one piece.
    """

    def __init__(
        self, program: CompiledProgram, run: Callable[[int], ChipResult], *, recorder: SpikeRecorder | None = None
    ) -> None:
        if not program.rules or len(program.sal_rules) < len(program.rules):
            _not_offered("programs that learn, by spike-based alignment learning alone")
        self._program = program
        self._chip: ChipProgram = program.part_of(ChipProgram)
        self._run = run
        self._recorder = recorder
        self._recorded = {probe.population for probe in program.probes_of(SpikeProbe)}
        self._initial = collect_run_data(program, updates=1, seed=0).arrays
        self._result: ChipResult | None = None
        self._done = 0

    @property
    def chip_id(self) -> str | None:
        """Which chip it was; None before the run."""
        return None if self._result is None else self._result.header.chip_id

    @property
    def _period_us(self) -> float:
        return (self._program.update_ms or 0.0) * 1e3 / self._chip.time_scale

    def prepare(self, updates: int) -> None:
        """Run so many updates, unless a recorded or restored run is there already.

        Raises
        ------
        sal_hw.errors.SalHwError
            If the run fails, or the recorded run has another length.
        """
        if self._result is None:
            self._result = self._run(updates)
        if self._result.updates != updates:
            raise IntegrityError(
                Problem(
                    code="E804",
                    field="result.updates",
                    value=str(self._result.updates),
                    allowed=f"a run of {updates} updates, as the experiment asks for",
                    hint="import it with the program folder that the run file came from",
                )
            )

    def learn(self, updates: int) -> Observation:
        """Play so many further updates back."""
        if self._result is None:
            self.prepare(updates)
        result = self._ready()
        if self._done + updates > result.updates:
            _not_offered("updates that are all asked for before it begins")
        begin, end = self._done * self._period_us, (self._done + updates) * self._period_us
        self._done += updates
        if self._done >= result.updates:
            end = np.inf
        counts = {}
        for block in self._program.neurons:
            times = result.arrays.get(f"spikes.{block.population}.time_us", np.zeros(0))
            neurons = result.arrays.get(f"spikes.{block.population}.neuron", np.zeros(0, dtype=np.int32))
            part = slice(*np.searchsorted(times, (begin, end)))
            counts[block.population] = np.bincount(neurons[part], minlength=block.size).astype(np.int64)
            if self._recorder is not None and block.population in self._recorded:
                self._recorder(times[part] * 1e-3 * self._chip.time_scale, neurons[part], block.population)
        duration_ms = updates * (self._program.update_ms or 0.0)
        return Observation(duration_ms=duration_ms, spike_counts=counts, state_counts={})

    def _ready(self) -> ChipResult:
        if self._result is None:
            raise RuntimeError("the run has not been prepared")
        return self._result

    def observe(self, duration_ms: float, *, chains: int = 1, warmup_ms: float = 0.0) -> Observation:
        """Refuse: a chip's run is one piece, and it learns."""
        del duration_ms, chains, warmup_ms
        _not_offered("experiments of the kind align, without pieces that do not learn")

    def measure_moments(self, rule: str, duration_ms: float) -> Moments:
        """Refuse: wake-sleep learning takes a measurement before every update."""
        del rule, duration_ms
        _not_offered("experiments of the kind align, without moments measured between updates")

    def set_moments(self, rule: str, moments: Moments) -> None:
        """Refuse, as :meth:`measure_moments`."""
        del rule, moments
        _not_offered("experiments of the kind align, without moments set between updates")

    def weights(self, projection: str) -> NDArray[np.float64]:
        """Return the weights after the updates played so far, shape (pre, post), in model units."""
        block = self._program.synapse_block(projection)
        weights = np.zeros(block.weights.shape)
        for polarity, sign in (("excitatory", 1.0), ("inhibitory", -1.0)):
            key = f"{projection}.{polarity}"
            if f"codes.{key}" in self._initial:
                weights += sign * self._codes(key)
        scaled = [item.lsb for item in self._program.scaling if item.owner == projection]
        return weights * scaled[0] if scaled else weights

    def knows_weights(self, projection: str) -> bool:
        """Whether the weights after the updates played so far were recorded, or nothing has changed them."""
        result = self._ready() if self._done else None
        if result is None or self._done == result.updates:
            return True
        counted = result.header.counters
        took_place = result.updates - max(counted.updates_missed, counted.scheduler_dropped)
        for polarity in ("excitatory", "inhibitory"):
            key = f"{projection}.{polarity}"
            records = result.arrays.get(f"weights.{key}")
            if records is not None and len(records) < took_place:
                return bool((self._updates_of(key, len(records)) == self._done - 1).any())
        return True

    def _codes(self, key: str) -> NDArray[np.float64]:
        """Return the codes of one polarity of a projection, shape (pre, post)."""
        exists = self._initial[f"exists.{key}"]
        codes = self._initial[f"codes.{key}"]
        records = None if self._result is None else self._result.arrays.get(f"weights.{key}")
        if records is not None:
            last = int(np.searchsorted(self._updates_of(key, len(records)), self._done)) - 1
            codes = codes if last < 0 else records[last]
        return np.where(exists, codes, 0).astype(np.float64)

    def _updates_of(self, key: str, records: int) -> NDArray[np.int64]:
        """Return the number, from 0, of the update that each record shows the outcome of."""
        result = self._ready()
        if records == result.updates:
            return np.arange(records)
        projection = key.rpartition(".")[0]
        placed = next(item for item in self._chip.kernels if item.projection == projection)
        since_us = result.arrays[f"weights.{key}.time_us"] - placed.start_us
        number = np.floor(since_us / placed.period_us + _EARLY).astype(np.int64)
        return np.asarray(np.clip(number, 0, result.updates - 1))

    def biases(self, population: str) -> NDArray[np.float64]:
        """Return a copy of the constant drives, shape (neurons,)."""
        return self._program.neuron_block(population).biases.copy()

    def counters(self) -> dict[str, int]:
        """Return what was counted: updates that did not take place, what was lost, and codes at their limits.

        Saturated readings are only known of a program with a correlation probe.
        """
        result = self._ready()
        counted, readings = result.header.counters, saturated_readings(self._program, result)
        rail = 0
        for placed in self._chip.kernels:
            for polarity in ("excitatory", "inhibitory"):
                if f"codes.{placed.projection}.{polarity}" in self._initial:
                    rail += int((self._codes(f"{placed.projection}.{polarity}") >= 63).sum())
        return {
            # a scheduler's lost call of a kernel also is an update that did not take place
            "updates_missed": max(counted.updates_missed, counted.scheduler_dropped),
            "spikes_dropped": counted.spikes_dropped,
            "link_errors": counted.link_errors,
            "weights_at_rail": rail,
            **({} if readings is None else {"readings_saturated": readings[0]}),
        }

    def findings(self) -> Sequence[Finding]:
        """Return what a user should know of the run."""
        return tuple(chip_findings(self._program, self._ready(), self.counters()))

    def checkpoint(self) -> dict[str, NDArray[Any]]:
        """Return the whole run and how far it has been played back: going on does not need the chip again."""
        done = {"done": np.array(self._done)}
        if self._result is None:
            return done
        header = np.frombuffer(json.dumps(encode(self._result.header)[0]).encode(), dtype=np.uint8)
        return done | {"header": header} | {f"result.{key}": item for key, item in self._result.arrays.items()}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint of the same program."""
        self._done = int(arrays["done"])
        if "header" in arrays:
            header = ResultHeader.of(json.loads(arrays["header"].tobytes()))
            kept: Arrays = {k.removeprefix("result."): v for k, v in arrays.items() if k.startswith("result.")}
            self._result = check_result(header, kept, self._program)

    def close(self) -> None:
        """Nothing to release: the run file lets go of the chip when it ends."""


def _not_offered(what: str) -> NoReturn:
    raise DeviceError(
        Problem(
            code="E808",
            field="experiment",
            allowed=f"{what}: the chip itself runs a program in one piece",
            hint="add --emulate to run it on the emulated chip",
        )
    )
