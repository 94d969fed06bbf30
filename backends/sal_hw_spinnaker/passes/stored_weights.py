"""What became of weights on their way to a machine's words or whole numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sal_hw.program import ScaledWeights, SynapseBlock
from sal_hw.storage.codec import frozen


@dataclass(frozen=True, kw_only=True, slots=True)
class Steps:
    """How finely the machine stores the weights onto a population, over both signs.

    Attributes
    ----------
    finest_mv, coarsest_mv
        Weight of one stored step.
    largest_mv
        Largest weight that can be stored.
    """

    finest_mv: float
    coarsest_mv: float
    largest_mv: float


def of_projection(block: SynapseBlock, stored_mv: NDArray[np.float64], steps: Steps) -> ScaledWeights:
    """Return what became of a projection's weights.

    Parameters
    ----------
    stored_mv
        Shape (pre, post): what the machine gets.
    """
    return _told(
        block.projection,
        wanted=block.weights[block.exists],
        stored=stored_mv[block.exists],
        lsb_mv=np.full(block.weights.shape[1], steps.coarsest_mv),
        finest_mv=steps.finest_mv,
        largest_mv=steps.largest_mv,
    )


def of_stimulus(
    name: str, wanted_mv: NDArray[np.float64], stored_mv: NDArray[np.float64], steps: Steps
) -> ScaledWeights:
    """Return what became of a stimulus' weights, wanted and stored, both of shape (neurons,)."""
    return _told(
        name,
        wanted=wanted_mv,
        stored=stored_mv,
        lsb_mv=np.full(wanted_mv.shape, steps.coarsest_mv),
        finest_mv=steps.finest_mv,
        largest_mv=steps.largest_mv,
    )


def _told(
    owner: str,
    *,
    wanted: NDArray[np.float64],
    stored: NDArray[np.float64],
    lsb_mv: NDArray[np.float64],
    finest_mv: float,
    largest_mv: float,
) -> ScaledWeights:
    # what is stored as a difference of two rounded parts may miss zero by the last bit of a float
    lost = (wanted != 0.0) & (np.abs(stored) < 0.5 * finest_mv)
    return ScaledWeights(
        owner=owner,
        lsb=frozen(lsb_mv),
        requested_max=float(np.abs(wanted).max(initial=0.0)),
        representable_max=largest_mv,
        # weights outside of their range are refused, and scales are chosen for the largest
        clipped=0,
        zeroed=int(lost.sum()),
        total=int((wanted != 0.0).sum()),
        worst_error=float(np.abs(stored - wanted).max(initial=0.0)),
    )
