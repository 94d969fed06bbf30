"""The ``align`` experiment: let the SAL rules run and follow how reciprocal weights meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import SensorReader, Session, SparseWeights
from sal_hw.experiment.base import Arrays, Outcome, Promise, Recording, next_stop
from sal_hw.experiment.effective import measure_couplings, require_forcer
from sal_hw.experiment.metrics import (
    NO_DIRECTION,
    NO_FORWARD,
    NO_PAIR,
    NO_SPREAD,
    alignment_angle,
    asymmetry_variance,
    weight_correlation,
)
from sal_hw.program import CompiledProgram, LoweredSal
from sal_hw.results.metrics import Found, Undefined, finite
from sal_hw.results.result import Trace
from sal_hw.spec.probes import CorrelationProbe, WeightProbe
from sal_hw.spec.protocols import AlignProtocol

_NEVER = "the difference never fell to 1/e of what it was at the start"
_NOT_ALL = "the machine recorded the weights after some updates only; add a weights probe with every_updates: 1"
_BELOW_ERRORS = "the measured couplings are not larger than their errors; more trials make these smaller"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pair:
    """Matching weights of two reciprocal projections.

    Attributes
    ----------
    forward, backward
        Shape (synapses,): weights from i to j and from j to i, at the same place.
    """

    forward: NDArray[np.float64]
    backward: NDArray[np.float64]

    @property
    def difference_norm(self) -> float:
        """Euclidean norm of all differences."""
        return float(np.linalg.norm(self.forward - self.backward))

    @property
    def norm_ratio(self) -> float:
        """Norm of the backward over that of the forward weights; NaN if all forward weights are zero."""
        length = float(np.linalg.norm(self.forward))
        return float(np.linalg.norm(self.backward)) / length if length > 0.0 else float("nan")


def reciprocal_synapses(rule: LoweredSal, program: CompiledProgram) -> NDArray[np.bool_]:
    """Return which backward synapses have a partner that a SAL rule aligns them with, each pair once."""
    exists = program.synapse_block(rule.backward).exists
    if rule.forward == rule.backward:
        return np.triu(exists | exists.T, k=1)
    return np.asarray(exists & program.synapse_block(rule.forward).exists.T)


def reciprocal_pair(rule: LoweredSal, program: CompiledProgram, session: Session) -> Pair:
    """Return the present weights that a SAL rule aligns, one entry per reciprocal pair of synapses."""
    both = reciprocal_synapses(rule, program)
    return Pair(forward=session.weights(rule.forward).T[both], backward=session.weights(rule.backward)[both])


def _promised_of_rule(rule: LoweredSal, program: CompiledProgram, *, effective: bool) -> Promise:
    """Return what an experiment gives of one rule, without the prefixes."""
    metrics = {"weight_sum_drift", "difference_initial", "difference_final", "difference_1e_epoch"}
    numbers = {"difference", "sum_drift"}
    if np.count_nonzero(reciprocal_synapses(rule, program)) > 1:
        metrics |= {"angle_initial", "angle_final", "norm_ratio_final", "correlation_final"}
        numbers |= {"angle", "norm_ratio"}
    if effective:
        measured = {"effective_angle", "effective_angle_error"}
        metrics |= {f"{name}_{when}" for name in measured for when in ("initial", "final")}
        numbers |= measured
    if rule.forward == rule.backward:
        metrics.add("asymmetry_final")
    return Promise(metrics=frozenset(metrics), numbers=frozenset(numbers))


def _mean_where_known(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _single_synapses(program: CompiledProgram) -> list[str]:
    return [block.projection for block in program.synapses if block.weights.size == 1]


def _prefix(rule: LoweredSal, rules: Sequence[LoweredSal]) -> str:
    """Return what metrics of a rule begin with: its name where there are others."""
    return "" if len(rules) == 1 else f"{rule.name}_"


class AlignExperiment:
    """Runs a network with SAL rules and records how their weights align.

    Parameters
    ----------
    protocol
        What the user wants.
    program, session
        The compiled network and where it is loaded.
    """

    def __init__(self, protocol: AlignProtocol, program: CompiledProgram, session: Session) -> None:
        interval_ms = program.update_ms
        if interval_ms is None:
            raise TypeError("an align experiment needs a learning rule")
        self.done = 0
        self.total = round(protocol.duration_ms / interval_ms)
        self._protocol = protocol
        self._program = program
        self._session = session
        self._rules = program.sal_rules
        self._probed = {probe.projection: probe for probe in program.probes_of(WeightProbe)}
        self._sensed = [probe.projection for probe in program.probes_of(CorrelationProbe)]
        # sensors are read at every update
        self._periods = [protocol.record_every_updates, *(probe.every_updates for probe in self._probed.values())]
        self._periods += [1] if self._sensed and isinstance(session, SensorReader) else []
        self._recording = Recording()
        self._membranes = Recording(axis="ms")
        self._spikes = 0
        self._initial_sums = {rule.name: self._sum(rule) for rule in self._rules}
        if protocol.effective is not None:
            require_forcer(session)
        self._record()

    def step(self) -> None:
        """Run up to the next record, of the experiment or of a probe."""
        if self.done == 0:
            self._measure_couplings()
        updates = next_stop(self.done, self.total, self._periods) - self.done
        seen = self._session.learn(updates)
        self._spikes += sum(int(counts.sum()) for counts in seen.spike_counts.values())
        self.done += updates
        self._record()
        for population, times in seen.membrane_ms.items():
            for at, values in zip(times, seen.membrane_mv[population], strict=True):
                self._membranes.add(f"membrane.{population}", at, values)
        if self.done == self.total:
            self._measure_couplings()

    def _measure_couplings(self) -> None:
        if self._protocol.effective is None:
            return
        forcer = require_forcer(self._session)
        for rule in self._rules:
            found = measure_couplings(rule, self._program, forcer, self._protocol.effective)
            self._recording.add(f"{rule.name}.effective_angle", self.done, found.angle_deg)
            self._recording.add(f"{rule.name}.effective_angle_error", self.done, found.angle_error_deg)
            columns = (found.forward, found.backward, found.forward_error, found.backward_error)
            self._recording.add(f"effective.{rule.name}", self.done, np.stack(columns))

    def _sum(self, rule: LoweredSal) -> NDArray[np.float64]:
        pair = reciprocal_pair(rule, self._program, self._session)
        return pair.forward + pair.backward

    def _is_due(self, period: int) -> bool:
        return self.done % period == 0 or self.done == self.total

    def _record(self) -> None:
        if self._is_due(self._protocol.record_every_updates):
            self._record_alignment()
        for name, probe in self._probed.items():
            if self._is_due(probe.every_updates) and self._knows(name):
                self._recording.add(f"weights.{name}", self.done, self._session.weights(name))
        if self.done and isinstance(self._session, SensorReader):
            for name in self._sensed:
                causal, anticausal = self._session.sensor_readings(name)
                self._recording.add(f"causal.{name}", self.done, causal)
                self._recording.add(f"anticausal.{name}", self.done, anticausal)

    def _knows(self, *projections: str) -> bool:
        """Whether the present weights of projections are known: a machine may have recorded some only."""
        session = self._session
        return not isinstance(session, SparseWeights) or all(session.knows_weights(name) for name in projections)

    def _record_alignment(self) -> None:
        for rule in self._rules:
            if not self._knows(rule.forward, rule.backward):
                continue
            pair = reciprocal_pair(rule, self._program, self._session)
            drift = np.abs(pair.forward + pair.backward - self._initial_sums[rule.name])
            self._recording.add(f"{rule.name}.difference", self.done, pair.difference_norm)
            self._recording.add(f"{rule.name}.sum_drift", self.done, drift.max(initial=0.0))
            if len(pair.forward) > 1:
                self._recording.add(f"{rule.name}.angle", self.done, alignment_angle(pair.forward, pair.backward))
                self._recording.add(f"{rule.name}.norm_ratio", self.done, pair.norm_ratio)
        for name in filter(self._knows, _single_synapses(self._program)):
            self._recording.add(f"weight.{name}", self.done, self._session.weights(name).item())

    @staticmethod
    def promise(protocol: AlignProtocol, program: CompiledProgram) -> Promise:
        """Return what the experiment will have found of a program."""
        rules = program.sal_rules
        alone = _single_synapses(program)
        metrics = {"updates", "rate_mean_hz", *(f"weight_{name}_final" for name in alone)}
        numbers = {f"weight.{name}" for name in alone}
        for rule in rules:
            found = _promised_of_rule(rule, program, effective=protocol.effective is not None)
            metrics |= {_prefix(rule, rules) + name for name in found.metrics}
            numbers |= {f"{rule.name}.{name}" for name in found.numbers}
        return Promise(metrics=frozenset(metrics), numbers=frozenset(numbers))

    def outcome(self) -> Outcome:
        """Return metrics and traces of a finished experiment."""
        metrics: dict[str, Found] = {"updates": self.total, "rate_mean_hz": self._mean_rate_hz()}
        traces = self._recording.traces()
        for name in _single_synapses(self._program):
            metrics[f"weight_{name}_final"] = float(self._last(traces[f"weight.{name}"]).mean())
        for rule in self._rules:
            prefix = _prefix(rule, self._rules)
            metrics |= {prefix + key: value for key, value in self._rule_metrics(rule).items()}
        return Outcome(metrics=metrics, traces=traces | self._membranes.traces())

    def _due(self) -> NDArray[np.int64]:
        """Return the updates, after which the alignment is recorded where the weights are known."""
        every = np.arange(0, self.total, self._protocol.record_every_updates)
        return np.append(every, self.total)

    def _last(self, trace: Trace) -> NDArray[np.float64]:
        """Return the records that final values are means over: of those that are wanted, the ones there are."""
        wanted = max(1, self._protocol.average_last_updates // self._protocol.record_every_updates)
        return np.asarray(trace.values[trace.at >= self._due()[-wanted:][0]])

    def _mean_rate_hz(self) -> float:
        duration_s = self.total * (self._program.update_ms or 0.0) * 1e-3
        return self._spikes / (self._program.n_neurons * duration_s)

    def _rule_metrics(self, rule: LoweredSal) -> dict[str, Found]:
        traces = self._recording.traces()
        difference = traces[f"{rule.name}.difference"]
        fallen = np.flatnonzero(difference.values <= difference.values[0] / np.e)
        found: dict[str, Found] = {
            "weight_sum_drift": float(traces[f"{rule.name}.sum_drift"].values.max()),
            "difference_initial": float(difference.values[0]),
            "difference_final": float(self._last(difference).mean()),
            "difference_1e_epoch": int(difference.at[fallen[0]]) if len(fallen) else Undefined(_NEVER),
        }
        if len(difference.at) < len(self._due()):
            found |= dict.fromkeys(("weight_sum_drift", "difference_1e_epoch"), Undefined(_NOT_ALL))
            found["records_averaged"] = len(self._last(difference))
        pair = reciprocal_pair(rule, self._program, self._session)
        if f"{rule.name}.angle" in traces:
            angle, ratio = traces[f"{rule.name}.angle"], traces[f"{rule.name}.norm_ratio"]
            found |= {
                "angle_initial": finite(angle.values[0], NO_DIRECTION),
                "angle_final": finite(_mean_where_known(self._last(angle)), NO_DIRECTION),
                "norm_ratio_final": finite(_mean_where_known(self._last(ratio)), NO_FORWARD),
                "correlation_final": finite(weight_correlation(pair.forward, pair.backward), NO_SPREAD),
            }
        if f"{rule.name}.effective_angle" in traces:
            for name in ("effective_angle", "effective_angle_error"):
                first, *_, latest = traces[f"{rule.name}.{name}"].values.tolist()
                found |= {
                    f"{name}_initial": finite(first, _BELOW_ERRORS),
                    f"{name}_final": finite(latest, _BELOW_ERRORS),
                }
        if rule.forward == rule.backward:
            found["asymmetry_final"] = finite(asymmetry_variance(self._session.weights(rule.backward)), NO_PAIR)
        return found

    def checkpoint(self) -> Arrays:
        """Return what is known so far."""
        arrays = self._recording.checkpoint() | {
            "done": np.array(self.done),
            "spikes": np.array(self._spikes),
        }
        arrays |= {f"membranes.{name}": values for name, values in self._membranes.checkpoint().items()}
        return arrays | {f"initial_sum.{name}": values for name, values in self._initial_sums.items()}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""
        self._recording.restore(arrays)
        marked = {key: item for key, item in arrays.items() if key.startswith("membranes.")}
        self._membranes.restore({key.removeprefix("membranes."): item for key, item in marked.items()})
        self.done, self._spikes = int(arrays["done"]), int(arrays["spikes"])
        self._initial_sums = {name: arrays[f"initial_sum.{name}"] for name in self._initial_sums}
