"""Refuses settings of pair STDP that a simulator takes without complaint and then does something else with.

What happens otherwise was tried on PyNN 0.13 with Brian2 2.9 and NEST 3.10; tests run the simulators to show it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.errors import InputError, Problem
from sal_hw_pynn.description import Simulator
from sal_hw_pynn.mechanisms import PairStdp


def refuse_misread_stdp(simulator: Simulator, receptor: str, stdp: PairStdp, weights_mv: NDArray[np.float64]) -> None:
    """Check a mechanism before it is given to a simulator.

    Parameters
    ----------
    receptor
        ``excitatory`` or ``inhibitory``.
    weights_mv
        Shape (synapses,), the first weights.

    Raises
    ------
    InputError
        E341 with everything that would silently go wrong.
    """
    problems = [
        Problem(code="E341", field=field, value=value, allowed=f"{allowed} on pynn:{simulator}", hint=hint)
        for field, value, allowed, hint in _traps(simulator, receptor, stdp, weights_mv)
    ]
    if problems:
        raise InputError(problems)


def _of_negative(simulator: Simulator) -> str:
    """Return what a simulator makes of negative weights that learn."""
    match simulator:
        case "brian2":
            return "bounds are applied to the wrong end"
        case "nest":
            return "the weight's size learns, not itself"
        case _:
            assert_never(simulator)


def _shares_amplitude(simulator: Simulator) -> bool:
    """Return whether a simulator stores one amplitude as a multiple of the other."""
    match simulator:
        case "brian2":
            return False
        case "nest":
            return True
        case _:
            assert_never(simulator)


def _traps(
    simulator: Simulator, receptor: str, stdp: PairStdp, weights_mv: NDArray[np.float64]
) -> Iterator[tuple[str, str, str, str]]:
    if receptor != "excitatory":
        yield (
            "receptor",
            receptor,
            f"pair STDP on the excitatory receptor; with negative weights {_of_negative(simulator)}",
            "learn an excitatory weight and take a static inhibitory one away",
        )
    if stdp.weight_max_mv <= 0.0:
        yield (
            "w_max",
            f"{stdp.weight_max_mv:g} mV",
            "an upper bound above 0: a step is the amplitude times this bound, so that with 0 nothing ever learns",
            "raise the upper bound",
        )
    elif len(weights_mv) and not 0.0 <= weights_mv.min() <= weights_mv.max() <= stdp.weight_max_mv:
        yield (
            "weight",
            f"{weights_mv.min():g} .. {weights_mv.max():g} mV",
            f"weights of 0 .. {stdp.weight_max_mv:g} mV: others jump to a bound at the next spike, or are refused",
            "widen the bounds",
        )
    if _shares_amplitude(simulator) and (stdp.amplitude_plus == 0.0) != (stdp.amplitude_minus == 0.0):
        yield (
            "amplitude",
            f"{stdp.amplitude_plus:g} and {stdp.amplitude_minus:g}",
            "both amplitudes or neither: the second one is stored as a multiple of the first",
            "use the host loop for a rule with one window",
        )
