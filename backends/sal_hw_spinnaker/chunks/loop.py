"""Spike-based alignment learning by a host, between the chunks of a run; the one implementation for all executors.

Run files embed this module as it is, so it needs numpy and nothing else, and takes plain data: a *plan*, which is JSON,
and its arrays by name; :class:`sal_hw_spinnaker.chunks.plan.ChunkPlan` has both. Times are ticks. Every random
number follows from the plan's seed, the name of what is drawn and the number of the chunk, so that a loop goes on from
any chunk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]
#: ticks since the chunk's begin, and neurons, both of shape (spikes,), in order of time
Spikes = tuple[Integers, Integers]
Arrays = dict[str, NDArray[Any]]

ROUNDING_STREAM = "sal_hw rounding"


@dataclass(frozen=True)
class Chunk:
    """What one run of the machine is told.

    Attributes
    ----------
    number
        How many chunks there were before.
    ticks
        Its length.
    weights
        By projection, shape (pre, post): whole numbers.
    inputs
        By stimulus: how many sources each neuron has, and their spikes; source ``lane * size + n`` reaches neuron n,
        and spikes once per tick at most.
    """

    number: int
    ticks: int
    weights: dict[str, NDArray[np.int16]]
    inputs: dict[str, tuple[int, Spikes]]


@dataclass(frozen=True)
class Records:
    """What a run of the machine leaves.

    Attributes
    ----------
    spikes
        By population.
    potentials
        By population whose potential is recorded, shape (ticks, neurons), in the machine's numbers.
    """

    spikes: dict[str, Spikes]
    potentials: dict[str, Doubles] = field(default_factory=dict)


class ChunkLoop:
    """Weights in the making, chunk by chunk.

    Parameters
    ----------
    plan, arrays
        The network and its rules.
    key
        Marks a loop whose random numbers are its own: the numbers of an observation and of a chain.
    """

    def __init__(self, plan: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], key: tuple[int, ...] = ()) -> None:
        self._plan = plan
        self._arrays = arrays
        self._key = key
        self._size = {item["name"]: int(item["size"]) for item in plan["populations"]}
        self._projections = {item["name"]: item for item in plan["projections"]}
        self.chunks = 0
        self.stored = {name: arrays[f"stored.{name}"].copy() for name in self._projections}
        learning = [name for name, item in self._projections.items() if item["learns"] and plan["shadow"]]
        self.shadow = {name: arrays[f"weights.{name}"].copy() for name in learning}

    def next_chunk(self, ticks: int | None = None) -> Chunk:
        """Return what to run next; None runs one update interval."""
        length = int(self._plan["chunk_ticks"]) if ticks is None else ticks
        return Chunk(
            number=self.chunks,
            ticks=length,
            weights={name: values.copy() for name, values in self.stored.items()},
            inputs={item["name"]: self._input(item, length) for item in self._plan["inputs"]},
        )

    def skip(self) -> None:
        """Take note that a chunk has been run, without learning from it."""
        self.chunks += 1

    def learn(self, spikes: Mapping[str, Spikes]) -> None:
        """Apply all rules to the spikes of a chunk, by population; every change comes from the same weights."""
        changes = [change for rule in self._plan["rules"] for change in self._changes(rule, spikes)]
        self.chunks += 1
        for name in dict.fromkeys(name for name, _ in changes):
            item, exists = self._projections[name], self._arrays[f"exists.{name}"]
            total = self.weights(name, stored=name not in self.shadow)
            total = total + sum(change for each, change in changes if each == name)
            total = np.where(exists, np.clip(total, item["low_mv"], item["high_mv"]), 0.0)
            if name in self.shadow:
                self.shadow[name] = total
            scaled = total * _per_mv(item, total)
            self.stored[name] = self._rounded(name, scaled, int(item["limit"]))

    def weights(self, projection: str, *, stored: bool = True) -> Doubles:
        """Return weights in mV, shape (pre, post): what the machine has, or the host's unrounded ones."""
        if not stored and projection in self.shadow:
            return np.array(self.shadow[projection], dtype=np.float64)
        numbers = self.stored[projection].astype(np.float64)
        return numbers / _per_mv(self._projections[projection], numbers)

    def _changes(self, rule: Mapping[str, Any], spikes: Mapping[str, Spikes]) -> list[tuple[str, Doubles]]:
        if rule["gain"] == 0.0:
            return []
        found = []
        for name in rule["learned"]:
            item = self._projections[name]
            ends = (item["source"], item["target"])
            pre, post = (spikes[end] for end in ends)
            shape = (self._size[ends[0]], self._size[ends[1]])
            causal = pair_sums(pre, post, shape, rule["tau_causal_ticks"], nearest=rule["causal_nearest"])
            anticausal = pair_sums(
                post, pre, shape[::-1], rule["tau_anticausal_ticks"], nearest=rule["anticausal_nearest"]
            )
            amplitude = self._arrays[f"amplitude.{rule['name']}.{name}"]
            found.append((name, rule["gain"] * amplitude * (anticausal.T - causal)))
        return found

    def _rounded(self, name: str, scaled: Doubles, limit: int) -> NDArray[np.int16]:
        rounding = self._plan["rounding"]
        if rounding not in ("nearest", "stochastic"):
            raise ValueError(f"no rounding {rounding!r}")
        if rounding == "stochastic":
            draws = self._rng([int(self._plan["seed"]), *ROUNDING_STREAM.encode(), *name.encode()]).random(scaled.shape)
            # a whole number stays what it is
            scaled = np.floor(scaled + draws)
        return np.asarray(np.clip(np.rint(scaled), -limit, limit), dtype=np.int16)

    def _rng(self, entropy: list[int]) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(*self._key, self.chunks)))

    def _input(self, item: Mapping[str, Any], ticks: int) -> tuple[int, Spikes]:
        size, name = self._size[item["population"]], item["name"]
        if item["rate_per_tick"] is not None:
            counts = self._rng(item["entropy"]).poisson(item["rate_per_tick"], (ticks, size))
        else:
            step = self._arrays[f"given.{name}.tick"] - self.chunks * int(self._plan["chunk_ticks"])
            now = (step >= 0) & (step < ticks)
            counts = np.zeros((ticks, size), dtype=np.int64)
            np.add.at(counts, (step[now], self._arrays[f"given.{name}.neuron"][now]), 1)
        return as_sources(counts)


def as_sources(counts: Integers) -> tuple[int, Spikes]:
    """Return events as spikes of sources that spike once per tick at most.

    Parameters
    ----------
    counts
        Shape (ticks, neurons): events.

    Returns
    -------
    lanes, spikes
        Sources per neuron, at least 1, and the spikes of all of them.
    """
    lanes = max(1, int(counts.max(initial=0)))
    found = [np.nonzero(counts > lane) for lane in range(lanes)]
    tick = np.concatenate([each[0] for each in found])
    source = np.concatenate([each[1] + lane * counts.shape[1] for lane, each in enumerate(found)])
    order = np.argsort(tick, kind="stable")
    return lanes, (tick[order].astype(np.int64), source[order].astype(np.int64))


def pair_sums(early: Spikes, late: Spikes, shape: tuple[int, int], tau_ticks: float, *, nearest: bool) -> Doubles:
    """Return the sum of ``exp(-dt / tau)`` over pairs, shape (early neurons, late neurons).

    A pair is a spike and a later one of the partner, with `nearest` only the last one before it; simultaneous spikes
    are none.
    """
    sums, trace = np.zeros(shape), np.zeros(shape[0])
    events = np.union1d(early[0], late[0])
    decays = np.exp(-np.diff(events, prepend=events[:1]) / tau_ticks)
    early_ends, late_ends = (np.searchsorted(part[0], events, side="right").tolist() for part in (early, late))
    begin_early = begin_late = 0
    for decay, end_early, end_late in zip(decays.tolist(), early_ends, late_ends, strict=True):
        trace *= decay
        sums[:, late[1][begin_late:end_late]] += trace[:, None]
        now = early[1][begin_early:end_early]
        trace[now] = 1.0 if nearest else trace[now] + 1.0
        begin_early, begin_late = end_early, end_late
    return sums


def _per_mv(projection: Mapping[str, Any], weights: Doubles) -> Doubles:
    """Return how many whole numbers a mV is, by the sign of each weight."""
    excitatory, inhibitory = projection["per_mv"]
    return np.where(weights < 0.0, inhibitory, excitatory)
