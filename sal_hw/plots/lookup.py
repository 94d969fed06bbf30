"""Finding in a result what a figure needs: series over the run, and which projections are reciprocal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sal_hw.results.result import RunResult, Trace, is_time

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.intp]

#: column names of the two axes that traces have, and their labels
AXIS_LABELS = {"update": "updates", "time_s": "model time (s)"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reciprocal:
    """Two projections whose weights a rule aligns; the same one twice if it is recurrent."""

    rule: str
    forward: str
    backward: str

    def places(self, weights: Mapping[str, Floats]) -> tuple[Indices, Indices]:
        """Return row and column, in the backward matrix, of each reciprocal pair of synapses."""
        shape = weights[self.backward].shape
        if self.forward == self.backward:
            return np.triu_indices(shape[0], k=1)
        rows, columns = np.indices(shape)
        return rows.ravel(), columns.ravel()

    def values(self, weights: Mapping[str, Floats]) -> tuple[Floats, Floats]:
        """Return forward and backward weights, shape (..., pairs), at the same places."""
        rows, columns = self.places(weights)
        return weights[self.forward][columns, rows], weights[self.backward][rows, columns]


def side_names(forward: Iterable[str], backward: Iterable[str]) -> tuple[str, str]:
    """Return what to call the two sides of reciprocal pairs, given their projections."""
    pairs = set(zip(forward, backward, strict=True))
    if len(pairs) > 1:
        return "forward", "backward"
    one, other = pairs.pop()
    return (f"{one} (j to i)", f"{other} (i to j)") if one == other else (one, other)


def axis_name(trace: Trace) -> str:
    """Return the column name of a trace's axis."""
    return "time_s" if is_time(trace.axis) else "update"


def axis_values(trace: Trace) -> NDArray[np.float64] | NDArray[np.int64]:
    """Return where a trace was sampled: updates, or model time in s."""
    return np.asarray(trace.at, dtype=np.float64) * 1e-3 if is_time(trace.axis) else np.asarray(trace.at)


def rules_with(result: RunResult, quantity: str) -> list[str]:
    """Return the names of the rules for which a quantity was followed."""
    suffix = f".{quantity}"
    return [name.removesuffix(suffix) for name in result.traces if name.endswith(suffix)]


def find_reciprocal(result: RunResult) -> list[Reciprocal]:
    """Return which projections are reciprocal, one entry per rule that aligns weights.

    A run names them. In a result that was put together by hand they are recognised by shape and by the distance
    between their weights, which each rule records; without such a rule, every recurrent projection counts whose
    weights were followed.
    """
    if result.aligned:
        return [Reciprocal(rule=rule, forward=one, backward=two) for rule, (one, two) in result.aligned.items()]
    candidates = _candidates(result)
    found = []
    for rule in rules_with(result, "difference"):
        possible = (Reciprocal(rule=rule, forward=one, backward=two) for one, two in candidates)
        match = next((pair for pair in possible if _agrees(pair, result)), None)
        if match is not None:
            found.append(match)
    if found or "asymmetry" not in result.traces:
        return found
    followed = [name for name, other in candidates if name == other and f"weights.{name}" in result.traces]
    return [Reciprocal(rule=name, forward=name, backward=name) for name in followed]


def _candidates(result: RunResult) -> list[tuple[str, str]]:
    # where nothing else tells forward from backward, the order of names does: up before down
    known = sorted((name for name in result.weights if name in result.weights_initial), reverse=True)
    shapes = {name: result.weights[name].shape for name in known}
    mutual = [(one, two) for one, two in permutations(known, 2) if shapes[one] == shapes[two][::-1]]
    return mutual + [(name, name) for name in known if shapes[name][0] == shapes[name][1] > 1]


def _agrees(pair: Reciprocal, result: RunResult) -> bool:
    """Whether the weights of a pair are as far apart as its rule recorded, and in the same ratio."""
    start, end = pair.values(result.weights_initial), pair.values(result.weights)
    # a rule leaves out synapses without a partner, where the other side has no weight
    mutual = (end[0] != 0.0) & (end[1] != 0.0)
    return any(_as_recorded(pair.rule, start, end, among, result) for among in (np.ones_like(mutual), mutual))


def _as_recorded(
    rule: str,
    start: tuple[Floats, Floats],
    end: tuple[Floats, Floats],
    among: NDArray[np.bool_],
    result: RunResult,
) -> bool:
    distance, ratio = result.traces[f"{rule}.difference"].values, result.traces.get(f"{rule}.norm_ratio")
    distances = [np.linalg.norm((one - other)[among]) for one, other in (start, end)]
    if not np.allclose(distances, distance[[0, -1]], rtol=1e-9, atol=1e-12):
        return False
    norms = np.linalg.norm(end[0][among]), np.linalg.norm(end[1][among])
    return ratio is None or bool(np.isclose(norms[1], ratio.values[-1] * norms[0], rtol=1e-9))


def single_path(result: RunResult, pair: Reciprocal) -> tuple[Trace, Trace] | None:
    """Return both weights over the run if the pair is one single pair of synapses that was followed."""
    if len(pair.places(result.weights)[0]) != 1:
        return None
    forward, backward = _weights_trace(result, pair.forward), _weights_trace(result, pair.backward)
    if forward is None or backward is None:
        return None
    if pair.forward == pair.backward:
        return _at(forward, 1, 0), _at(backward, 0, 1)
    forward, backward = _at(forward, 0, 0), _at(backward, 0, 0)
    common, one, two = np.intersect1d(forward.at, backward.at, return_indices=True)
    return (
        Trace(at=common, values=forward.values[one], axis=forward.axis),
        Trace(at=common, values=backward.values[two], axis=backward.axis),
    )


def _weights_trace(result: RunResult, projection: str) -> Trace | None:
    single = result.traces.get(f"weight.{projection}")
    if single is not None:
        return Trace(at=single.at, values=single.values.reshape(-1, 1, 1), axis=single.axis)
    return result.traces.get(f"weights.{projection}")


def _at(trace: Trace, pre: int, post: int) -> Trace:
    return Trace(at=trace.at, values=trace.values[:, pre, post], axis=trace.axis)
