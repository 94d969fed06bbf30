"""What a run gave: weights, traces and metrics by the names of the spec, and a verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.results.metrics import Metric

Verdict: TypeAlias = Literal["ok", "degraded", "failed"]
#: what traces are sampled over
Axis: TypeAlias = Literal["update", "ms", "step", "epoch", "index"]


#: share of learning synapses at the end of their range from which a run counts as degraded
MAX_SHARE_AT_LIMIT = 0.1


def is_time(axis: Axis) -> bool:
    """Return whether an axis is model time, in ms."""
    match axis:
        case "ms":
            return True
        case "update" | "step" | "epoch" | "index":
            return False
        case _:
            assert_never(axis)


def is_counted(axis: Axis) -> bool:
    """Return whether the places on an axis are whole numbers."""
    match axis:
        case "update" | "step" | "epoch":
            return True
        case "ms" | "index":
            return False
        case _:
            assert_never(axis)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing about a run that its user should know.

    Attributes
    ----------
    kind
        Stable word, for example ``neurons_silent``.
    severity
        The verdict this finding alone asks for.
    count
        How often it happened.
    advice
        What it means and what to do.
    """

    kind: str
    severity: Verdict
    count: int
    advice: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """The verdict of a run and the findings behind it."""

    findings: tuple[Finding, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst severity of all findings."""
        order: tuple[Verdict, ...] = ("failed", "degraded")
        found = {finding.severity for finding in self.findings}
        return next((verdict for verdict in order if verdict in found), "ok")

    def as_document(self) -> dict[str, Any]:
        """Return verdict and findings as plain JSON data."""
        names = ("kind", "severity", "count", "advice")
        return {
            "verdict": self.verdict,
            "findings": [{name: getattr(finding, name) for name in names} for finding in self.findings],
        }


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Trace:
    """Something that was followed over a run.

    Attributes
    ----------
    at
        Shape (samples,): where it was sampled, in units of `axis`.
    values
        Shape (samples, ...).
    axis
        ``update`` (number of weight updates so far) or ``ms`` (model time); in studies also ``step`` (a number of time
        steps), ``epoch``, or ``index``: `at` is a parameter or the place in a list.
    """

    at: NDArray[Any]
    values: NDArray[np.float64]
    axis: Axis = "update"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Spikes:
    """The spikes of one population, in order of time.

    Attributes
    ----------
    time_ms
        Shape (spikes,), model time.
    neuron
        Shape (spikes,), index within the population.
    """

    time_ms: NDArray[np.float64]
    neuron: NDArray[np.int32]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RunResult:
    """The outcome of running a compiled program or a study.

    Attributes
    ----------
    program_hash, backend, target, chip_id, seed
        What ran, where, from which seed; `program_hash` is None for a study, `chip_id` is None on the emulator.
    metrics
        Named numbers, flat; None where a number cannot be computed.
    undefined
        Per metric that is None, why.
    weights, weights_initial
        Per projection, shape (pre, post).
    aligned
        Per SAL rule, its forward and its backward projection.
    traces, spikes
        Per name of what was followed, and per recorded population.
    health
        Verdict and findings.
    timings_s
        Wall-clock seconds of the stages. They are the only content that differs between runs of one seed.
    warnings
        Each with its count, most important first.
    """

    program_hash: str | None
    backend: str
    target: str
    seed: int
    metrics: dict[str, Metric]
    weights: dict[str, NDArray[np.float64]]
    weights_initial: dict[str, NDArray[np.float64]]
    traces: dict[str, Trace]
    health: Health
    chip_id: str | None = None
    aligned: dict[str, tuple[str, str]] = field(default_factory=dict)
    spikes: dict[str, Spikes] = field(default_factory=dict)
    timings_s: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    undefined: dict[str, str] = field(default_factory=dict)
