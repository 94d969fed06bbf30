"""How the time constants of sampling neurons become whole numbers of steps."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from typing_extensions import assert_never

Discretization: TypeAlias = Literal["consistent", "published", "buesing", "salnet"]


class Convention(NamedTuple):
    """What a discretisation stands for.

    Attributes
    ----------
    dead
        By how many steps the refractory time differs from its time constant; a neuron may spike again ``dead + 1``
        steps after a spike.
    psp
        By how many steps a PSP differs from its time constant.
    coincidence
        Weight of a pair of simultaneous spikes, on either side.
    """

    dead: int
    psp: int
    coincidence: float


def convention(discretization: Discretization) -> Convention:
    """Return what a discretisation stands for.

    Sources: Buesing et al. 2011 and the conventions found in the code that goes with arXiv 2503.02642. Pairs of
    simultaneous spikes count half on each side, so that pair sums estimate coactivation without bias; the published
    sampling networks leave them out.
    """
    match discretization:
        case "consistent":
            return Convention(-1, -1, 0.5)
        case "published":
            return Convention(0, -1, 0.0)
        case "buesing":
            return Convention(-1, 0, 0.5)
        case "salnet":
            return Convention(0, 0, 0.5)
        case _:
            assert_never(discretization)
