"""What studies of layered weights record: how far forward and feedback weights agree, and a sample of both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sal_hw.experiment.base import Recording
from sal_hw.experiment.metrics import alignment_angle, weight_correlation
from sal_hw.results.metrics import Found, finite
from sal_hw.results.result import Trace

#: pairs of weights that a scatter plot shows; more only hide each other
SHOWN_PAIRS = 2000
_NO_DIRECTION = "forward or feedback weights are all zero, or all equal, and have no direction to compare"

Floats = NDArray[np.float64]


def record_alignment(recording: Recording, name: str, at: float, forward: Floats, feedback: Floats) -> None:
    """Record angle, variance of the difference, correlation, slope and norm ratio.

    Parameters
    ----------
    recording
        Takes the traces ``layer_angle.<name>`` (degrees), ``layer_variance.<name>``, ``layer_correlation.<name>``,
        ``layer_slope.<name>`` (of feedback against forward weights) and ``layer_norm_ratio.<name>``.
    name
        Of the connection or the method.
    at
        Place on the axis of the recording.
    forward, feedback
        Shapes (n_below, n_above) and (n_above, n_below), both [pre, post].
    """
    one, other = forward.T.ravel(), feedback.ravel()
    spread, length = float(one.var()), float(np.linalg.norm(one))
    covariance = float(np.mean((one - one.mean()) * (other - other.mean())))
    recording.add(f"layer_angle.{name}", at, alignment_angle(one, other))
    recording.add(f"layer_variance.{name}", at, np.var(one - other))
    recording.add(f"layer_correlation.{name}", at, weight_correlation(one, other))
    recording.add(f"layer_slope.{name}", at, covariance / spread if spread > 0.0 else 0.0)
    recording.add(f"layer_norm_ratio.{name}", at, np.linalg.norm(other) / length if length > 0.0 else np.nan)


def alignment_metrics(recording: Recording, name: str) -> dict[str, Found]:
    """Return the first angle and the last of everything that :func:`record_alignment` recorded under a name."""
    traces = recording.traces()
    quantities = ("angle", "variance", "correlation", "slope", "norm_ratio")
    first = finite(traces[f"layer_angle.{name}"].values[0], _NO_DIRECTION)
    metrics: dict[str, Found] = {f"{name}_angle_initial": first}
    return metrics | {
        f"{name}_{quantity}_final": finite(traces[f"layer_{quantity}.{name}"].values[-1], _NO_DIRECTION)
        for quantity in quantities
    }


def pair_trace(forward: Floats, start: Floats, end: Floats) -> Trace:
    """Return a sample of reciprocal weights, for a scatter plot.

    Returns
    -------
    Trace
        `at`: index of the feedback synapse in [pre, post] order; `values`, shape (pairs, 3): forward weight, feedback
        weight at the start and at the end. All pairs if there are few, else equally many steps apart.
    """
    every = max(1, -(-start.size // SHOWN_PAIRS))
    chosen = np.arange(0, start.size, every)
    columns = [weights.ravel()[chosen] for weights in (forward.T, start, end)]
    return Trace(at=chosen, values=np.stack(columns, axis=1), axis="index")
