"""What the studies of one reciprocal pair of neurons share: from their protocols' fields to arrays."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw_studies.engines.ages import PairModel, alpha_psp, rectangular_psp, window_values
from sal_hw_studies.schemas.reciprocal import Psp, TimingWindow

Floats: TypeAlias = NDArray[np.float64]


class PairFields(Protocol):
    """Fields that protocols of one pair have in common; see :mod:`sal_hw_studies.schemas.spike_timing`."""

    @property
    def bias_1(self) -> float:
        """Bias of the first neuron."""

    @property
    def bias_2(self) -> float:
        """Bias of the second neuron."""

    @property
    def tau_ref_steps(self) -> int:
        """Refractory time."""

    @property
    def psp(self) -> Psp:
        """Shape of the PSPs."""


def longest_difference(given: int | None, tau_ref_steps: int) -> int:
    """Return the longest time difference in steps: what the protocol says, or 2 tau_ref - 1."""
    return 2 * tau_ref_steps - 1 if given is None else given


def psp_values(psp: Psp, tau_ref_steps: int) -> Floats:
    """Return a PSP by the age of the spike, shape (oldest age + 1,)."""
    match psp.shape:
        case "rectangular":
            return rectangular_psp(tau_ref_steps, psp.oldest_age_steps)
        case "alpha":
            return alpha_psp(tau_ref_steps, psp.tau_syn_ratio * tau_ref_steps, psp.oldest_age_steps)
        case _:
            assert_never(psp.shape)


def window_sides(window: TimingWindow, tau_ref_steps: int, longest_steps: int) -> tuple[Floats, Floats]:
    """Return a window at t = 1, 2, ... and at t = -1, -2, ..., each of shape (longest,)."""
    causal = window.tau_causal_steps or tau_ref_steps
    anticausal = window.tau_anticausal_steps or tau_ref_steps
    return (
        window_values(window.shape, window.amplitude_causal, causal, longest_steps),
        window_values(window.shape, window.amplitude_anticausal, anticausal, longest_steps),
    )


def pair_model(protocol: PairFields, *, weight_21: float, weight_12: float) -> PairModel:
    """Return the pair of neurons that a protocol describes, with these weights."""
    return PairModel(
        weight_21=weight_21,
        weight_12=weight_12,
        bias_1=protocol.bias_1,
        bias_2=protocol.bias_2,
        tau_ref_steps=protocol.tau_ref_steps,
        psp=psp_values(protocol.psp, protocol.tau_ref_steps),
    )


def both_signs(later: Floats, earlier: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return time differences -longest .. -1, 1 .. longest in steps, and the values there; 0 is left out."""
    distances = np.arange(1, later.size + 1)
    return np.concatenate([-distances[::-1], distances]), np.concatenate([earlier[::-1], later])
