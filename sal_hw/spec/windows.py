"""The law of pair windows: how much two spikes count, by the time between them.

Whatever computes with a window asks here what its shape means, so that no shape runs as another: a new member of
:data:`WindowShape` fails type checking at every place that does not know it, and `assert_never` refuses it at run time.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

WindowShape: TypeAlias = Literal["exponential", "triangular"]
Pairing: TypeAlias = Literal["nearest", "all"]


def window_at(shape: WindowShape, lags: NDArray[np.float64], tau: float) -> NDArray[np.float64]:
    """Return how much pairs count, relative to a pair without any time between its spikes.

    Parameters
    ----------
    lags
        Any shape: times between the spikes of a pair, at least 0, in the unit of `tau`.
    tau
        Time constant of the exponential, ``exp(-t / tau)``, or length of the triangle, ``max(0, 1 - t / tau)``.
    """
    match shape:
        case "exponential":
            return np.asarray(np.exp(-lags / tau))
        case "triangular":
            return np.asarray(np.maximum(0.0, 1.0 - lags / tau))
        case _:
            assert_never(shape)


def reach(shape: WindowShape, tau: float, e_folds: float) -> float:
    """Return the lag from which on pairs need not be counted, in the unit of `tau`.

    Parameters
    ----------
    e_folds
        A window that never ends is cut where it has fallen to ``exp(-e_folds)``.
    """
    match shape:
        case "exponential":
            return tau * e_folds
        case "triangular":
            return tau
        case _:
            assert_never(shape)


def sum_over_lags(shape: WindowShape, tau_steps: float) -> float:
    """Return the window's area in discrete time: its sum over all lags of at least one step."""
    match shape:
        case "exponential":
            return 1.0 / math.expm1(1.0 / tau_steps)
        case "triangular":
            lags = math.ceil(tau_steps) - 1
            return lags - lags * (lags + 1) / (2.0 * tau_steps)
        case _:
            assert_never(shape)


def has_traces(shape: WindowShape) -> bool:
    """Return whether a trace that decays by itself sums up the window, which is what synapses of machines have."""
    match shape:
        case "exponential":
            return True
        case "triangular":
            return False
        case _:
            assert_never(shape)


def pairs_nearest(pairing: Pairing) -> bool:
    """Return whether a spike pairs with its partner's last spike only, and not with every earlier one."""
    match pairing:
        case "nearest":
            return True
        case "all":
            return False
        case _:
            assert_never(pairing)
