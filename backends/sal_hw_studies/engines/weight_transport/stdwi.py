"""Spike-timing-dependent weight inference (STDWI): a spike above compares fast and slow traces of the spikes below.

Source: Ahmad, Ambrogioni and van Gerven, arXiv 2003.03988. With every spike of the neuron above, the inferred weight
moves by ``learning_rate * (fast trace - slow trace - decay * weight)``; both traces have the same area, so that only
spikes shortly before stand out.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.sampling.compiled import Floats, Steps, compiled
from sal_hw_studies.engines.weight_transport.stimulus import Stimulus


class StdwiConstants(NamedTuple):
    """Constants of neurons and of the rule; defaults from arXiv 2003.03988 and the comparison in arXiv 2503.02642.

    Potentials are in units of the threshold. ``stimulus_weight`` is the weight of driving spikes, ``weight_scale`` the
    factor of the forward weights. ``amplitude`` is the height of the fast trace.
    """

    timestep_ms: float = 0.25
    tau_membrane_ms: float = 20.0
    threshold: float = 1.0
    reset: float = -1.0
    tau_slow_psp_ms: float = 10.0
    tau_fast_psp_ms: float = 3.0
    stimulus_weight: float = 10.0
    weight_scale: float = 75.0
    tau_fast_ms: float = 10.0
    tau_slow_ms: float = 200.0
    amplitude: float = 1.0
    learning_rate: float = 0.02
    decay: float = 0.1


class _Layers(NamedTuple):
    """Membranes of both layers, slow and fast part of each PSP, and both traces of the spikes below."""

    below: Floats
    above: Floats
    stimulus_slow: Floats
    stimulus_fast: Floats
    rising_slow: Floats
    rising_fast: Floats
    fast: Floats
    slow: Floats


class _Factors(NamedTuple):
    """What is left of PSP parts and traces after a step, and the height of the slow trace."""

    psp_slow: float
    psp_fast: float
    fast: float
    slow: float
    slow_height: float


class StdwiTransport:
    """Two layers whose feedback weights are inferred by STDWI.

    Parameters
    ----------
    forward
        Shape (n_below, n_above), [pre, post].
    feedback
        Shape (n_above, n_below), [pre, post], at the start.
    sequence
        Seed of the stimulus.
    constants, stimulus
        Constants of the method.

    Attributes
    ----------
    feedback
        The present feedback weights.
    spikes
        Spikes so far of the neurons below and above.
    """

    def __init__(
        self,
        forward: Floats,
        feedback: Floats,
        sequence: np.random.SeedSequence,
        *,
        constants: StdwiConstants | None = None,
        stimulus: Stimulus | None = None,
    ) -> None:
        self.constants = constants or StdwiConstants()
        self.feedback = np.array(feedback, np.float64)
        self.spikes = np.zeros(2, np.int64)
        self._stimulus, self._sequence = stimulus or Stimulus(), sequence
        self._clock = np.zeros(1, np.int64)
        self._weights = np.ascontiguousarray(self.constants.weight_scale * forward)
        n_below, n_above = forward.shape
        above = _Layers._fields.index("above")
        self._layers = _Layers(*(np.zeros(n_above if k == above else n_below) for k in range(len(_Layers._fields))))
        self._factors = _factors(self.constants)

    def advance(self, periods: int) -> None:
        """Run so many periods of the stimulus."""
        for _ in range(periods):
            rng = self._stimulus.generator(self._sequence, int(self._clock[0]))
            driving = self._stimulus.single(len(self._layers.below), self.constants.timestep_ms, rng)
            _run(driving, self._weights, self.feedback, self.constants, self._factors, self._layers, self.spikes)
            self._clock += 1

    def checkpoint(self) -> dict[str, NDArray[Any]]:
        """Return everything that changes, as named arrays."""
        arrays = {"feedback": self.feedback, "spikes": self.spikes, "clock": self._clock} | self._layers._asdict()
        return {name: values.copy() for name, values in arrays.items()}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""
        self.feedback, self.spikes, self._clock = (arrays[name].copy() for name in ("feedback", "spikes", "clock"))
        self._layers = _Layers(*(arrays[name].copy() for name in _Layers._fields))


def _factors(constants: StdwiConstants) -> _Factors:
    def left(tau_ms: float) -> float:
        return math.exp(-constants.timestep_ms / tau_ms)

    # equal areas: constant rates below cancel
    slow_height = constants.amplitude * constants.tau_fast_ms / constants.tau_slow_ms
    return _Factors(
        psp_slow=left(constants.tau_slow_psp_ms),
        psp_fast=left(constants.tau_fast_psp_ms),
        fast=left(constants.tau_fast_ms),
        slow=left(constants.tau_slow_ms),
        slow_height=slow_height,
    )


@compiled
def _step_membrane(potential: float, current: float, c: StdwiConstants) -> float:
    """Advance a membrane, which its input also leaks through, by one Euler step."""
    return potential + c.timestep_ms / c.tau_membrane_ms * (current - 2.0 * potential)


@compiled
def _follow_spike(
    layers: _Layers, neuron: int, fired: float, height: float, amplitude: float, factors: _Factors
) -> None:
    """Let the PSP and the traces of a neuron below decay by a step, and add a spike if ``fired`` is 1."""
    layers.rising_slow[neuron] = layers.rising_slow[neuron] * factors.psp_slow + fired * height
    layers.rising_fast[neuron] = layers.rising_fast[neuron] * factors.psp_fast + fired * height
    layers.fast[neuron] = layers.fast[neuron] * factors.fast + fired * amplitude
    layers.slow[neuron] = layers.slow[neuron] * factors.slow + fired * factors.slow_height


@compiled
def _run(
    driving: Floats,
    weights: Floats,
    feedback: Floats,
    c: StdwiConstants,
    factors: _Factors,
    layers: _Layers,
    spikes: Steps,
) -> None:
    """Advance both layers over the driving spikes, (steps, n_below), and learn."""
    n_below, n_above = weights.shape
    height = 1.0 / (c.tau_slow_psp_ms - c.tau_fast_psp_ms)
    currents = np.zeros(n_above)
    for step in range(driving.shape[0]):
        currents[:] = 0.0
        for neuron in range(n_below):
            # both layers see the PSPs as of the step before
            psp = layers.rising_slow[neuron] - layers.rising_fast[neuron]
            for other in range(n_above):
                currents[other] += psp * weights[neuron, other]
            stimulus = layers.stimulus_slow[neuron] - layers.stimulus_fast[neuron]
            layers.below[neuron] = _step_membrane(layers.below[neuron], c.stimulus_weight * stimulus, c)
            fired = 1.0 if layers.below[neuron] >= c.threshold else 0.0
            if fired > 0.0:
                layers.below[neuron] = c.reset
                spikes[0] += 1
            drive = driving[step, neuron] * height
            layers.stimulus_slow[neuron] = layers.stimulus_slow[neuron] * factors.psp_slow + drive
            layers.stimulus_fast[neuron] = layers.stimulus_fast[neuron] * factors.psp_fast + drive
            _follow_spike(layers, neuron, fired, height, c.amplitude, factors)
        for other in range(n_above):
            layers.above[other] = _step_membrane(layers.above[other], currents[other], c)
            if layers.above[other] >= c.threshold:
                layers.above[other] = c.reset
                spikes[1] += 1
                for neuron in range(n_below):
                    difference = layers.fast[neuron] - layers.slow[neuron]
                    feedback[other, neuron] += c.learning_rate * (difference - c.decay * feedback[other, neuron])
