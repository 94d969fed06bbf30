"""Regression discontinuity design (RDD): a neuron learns its effect on others from windows in which it nearly spiked.

Source: Guerguiev, Kording and Richards, arXiv 1910.01689. A neuron below follows, for 30 ms after its potential came
close to the threshold, what comes back from each neuron above. Two lines are fitted to that against the largest drive
in the window, one for windows with a spike and one for those without; their gap at the threshold estimates the weight.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.sampling.compiled import Floats, Steps, compiled
from sal_hw_studies.engines.weight_transport.stimulus import Stimulus


class RddConstants(NamedTuple):
    """Constants of neurons and of the estimate; defaults from arXiv 1910.01689.

    ``leak`` and ``coupling`` are conductances times the timestep of 1 ms. Potentials are in units of the threshold.
    ``gain`` is the weight of driving spikes, ``scale`` the standard deviation of the forward weights per input.
    ``near`` opens a window, ``far`` is the largest distance of the drive from the threshold that still counts.
    """

    timestep_ms: float = 1.0
    leak: float = 0.1
    coupling: float = 0.6
    threshold: float = 1.0
    reset: float = -1.0
    dead_steps: int = 3
    gain: float = 4.0
    scale: float = 0.2
    tau_slow_ms: float = 10.0
    tau_fast_ms: float = 3.0
    kernel_steps: int = 30
    window_steps: int = 30
    near: float = 0.1
    far: float = 10.0
    learning_rate: float = 0.001


class _Layers(NamedTuple):
    """Membranes of both layers, and PSPs to come: (kernel_steps, n) rings indexed by the step in which they act."""

    below: Floats
    drive: Floats
    above: Floats
    dead_below: Steps
    dead_above: Steps
    driving: Floats
    rising: Floats
    returning: Floats


class _Estimate(NamedTuple):
    """Windows of the neurons below, and the lines (n_below, 4, n_above): offset and slope with spike, then without."""

    left: Steps
    spikes: Steps
    largest: Floats
    returned: Floats
    before: Floats
    lines: Floats
    beta: Floats


class RddTransport:
    """Two layers whose feedback weights follow the estimates of RDD.

    Parameters
    ----------
    forward
        Shape (n_below, n_above), [pre, post].
    feedback
        Shape (n_above, n_below), [pre, post], at the start; its spread sets the scale of the estimates.
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
        constants: RddConstants | None = None,
        stimulus: Stimulus | None = None,
    ) -> None:
        self.constants = constants or RddConstants()
        self.feedback = np.array(feedback, np.float64)
        self.spikes = np.zeros(2, np.int64)
        self._stimulus, self._sequence = stimulus or Stimulus(), sequence
        self._clock = np.zeros(2, np.int64)
        self._spread = float(np.std(feedback))
        self._weights = np.ascontiguousarray(self.constants.scale * len(forward) * forward / np.std(forward))
        self._kernel = _kernel(self.constants)
        n_below, n_above = forward.shape
        self._layers = _rest(n_below, n_above, self.constants)
        self._estimate = _no_estimate(n_below, n_above)

    def advance(self, periods: int) -> None:
        """Run so many periods of the stimulus."""
        for _ in range(periods):
            rng = self._stimulus.generator(self._sequence, int(self._clock[1]))
            counts = self._stimulus.counts(len(self._layers.below), self.constants.timestep_ms, rng)
            step = int(self._clock[0])
            _run(counts, self._weights, self._kernel, self.constants, self._layers, self._estimate, self.spikes, step)
            self._clock += (len(counts), 1)

    def update(self) -> None:
        """Take over the estimates made so far, with the spread of the initial weights."""
        known = self._estimate.beta != 0.0
        spread = float(np.std(self._estimate.beta[known])) if known.any() else 0.0
        if spread > 0.0:
            self.feedback[known.T] = (self._estimate.beta.T * (self._spread / spread))[known.T]

    def checkpoint(self) -> dict[str, NDArray[Any]]:
        """Return everything that changes, as named arrays."""
        arrays = {"feedback": self.feedback, "spikes": self.spikes, "clock": self._clock}
        arrays |= self._layers._asdict() | {f"estimate.{name}": item for name, item in self._estimate._asdict().items()}
        return {name: values.copy() for name, values in arrays.items()}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""
        self.feedback, self.spikes, self._clock = (arrays[name].copy() for name in ("feedback", "spikes", "clock"))
        self._layers = _Layers(*(arrays[name].copy() for name in _Layers._fields))
        self._estimate = _Estimate(*(arrays[f"estimate.{name}"].copy() for name in _Estimate._fields))


def _kernel(constants: RddConstants) -> Floats:
    """Return the PSP in its first steps, the difference of two exponentials with an area of about 1 ms."""
    slow, fast = constants.tau_slow_ms, constants.tau_fast_ms
    times = [step * constants.timestep_ms for step in range(1, constants.kernel_steps + 1)]
    return np.array([(math.exp(-time / slow) - math.exp(-time / fast)) / (slow - fast) for time in times])


def _rest(n_below: int, n_above: int, constants: RddConstants) -> _Layers:
    steps = constants.kernel_steps
    return _Layers(
        below=np.full(n_below, constants.reset),
        drive=np.full(n_below, constants.reset),
        above=np.full(n_above, constants.reset),
        dead_below=np.zeros(n_below, np.int64),
        dead_above=np.zeros(n_above, np.int64),
        driving=np.zeros((steps, n_below)),
        rising=np.zeros((steps, n_below)),
        returning=np.zeros((steps, n_above)),
    )


def _no_estimate(n_below: int, n_above: int) -> _Estimate:
    return _Estimate(
        left=np.zeros(n_below, np.int64),
        spikes=np.zeros(n_below, np.int64),
        largest=np.zeros(n_below),
        returned=np.zeros((n_below, n_above)),
        before=np.zeros((n_below, n_above)),
        lines=np.zeros((n_below, 4, n_above)),
        beta=np.zeros((n_below, n_above)),
    )


@compiled
def _start_psp(ring: Floats, kernel: Floats, neuron: int, step: int, size: float) -> None:
    """Add a PSP whose first entry acts in a step."""
    for age in range(kernel.size):
        ring[(step + age) % kernel.size, neuron] += size * kernel[age]


@compiled
def _fit(estimate: _Estimate, neuron: int, constants: RddConstants) -> None:
    """Improve the line that belongs to a window which just ended, and the gap of both lines at the threshold."""
    if abs(estimate.largest[neuron] - constants.threshold) > constants.far:
        return
    side = 0 if estimate.spikes[neuron] > 0 else 2
    drive, lines = estimate.largest[neuron], estimate.lines[neuron]
    for other in range(lines.shape[1]):
        change = estimate.returned[neuron, other] / constants.window_steps - estimate.before[neuron, other]
        error = lines[side, other] + lines[side + 1, other] * drive - change
        lines[side + 1, other] -= constants.learning_rate * error * drive
        lines[side, other] -= constants.learning_rate * error
        gap = lines[0, other] - lines[2, other] + (lines[1, other] - lines[3, other]) * constants.threshold
        estimate.beta[neuron, other] = gap


@compiled
def _step_below(
    neuron: int, basal: float, apical: Floats, layers: _Layers, estimate: _Estimate, c: RddConstants
) -> bool:
    """Advance a neuron below and its window by one step; return whether it spikes."""
    v, u, left = layers.below, layers.drive, estimate.left
    # the window's state before this step decides, since a window may end and another begin in one step
    ending, open_before = left[neuron] == 1, left[neuron] > 0
    if open_before:
        estimate.largest[neuron] = max(estimate.largest[neuron], u[neuron])
    layers.dead_below[neuron] = max(layers.dead_below[neuron] - 1, 0)
    v[neuron] += c.coupling * (basal - v[neuron]) - c.leak * v[neuron]
    # u is the membrane as if it never spiked: what would have happened tells how near the threshold was
    u[neuron] += c.coupling * (basal - u[neuron]) - c.leak * u[neuron]
    for other in range(apical.size):
        # within a window feedback is summed up; before it the last value is the baseline
        if open_before:
            estimate.returned[neuron, other] += apical[other]
        else:
            estimate.before[neuron, other] = apical[other]
    fired = v[neuron] >= c.threshold and layers.dead_below[neuron] == 0
    if fired:
        v[neuron] = c.reset
        layers.dead_below[neuron] = c.dead_steps
    # the line learns before anything of the next window is taken in
    if ending:
        _fit(estimate, neuron, c)
    left[neuron] = max(left[neuron] - 1, 0)
    # outside of windows u follows the membrane; a window opens where it comes near the threshold
    if left[neuron] == 0:
        u[neuron] = v[neuron]
        if abs(c.threshold - u[neuron]) <= c.near:
            left[neuron] = c.window_steps
    # a spike at the very step in which a window opens belongs to it
    if left[neuron] > 0 and fired:
        estimate.spikes[neuron] += 1
    # last, so that a window which begins in this step starts empty
    if ending:
        estimate.spikes[neuron] = 0
        estimate.largest[neuron] = 0.0
        estimate.returned[neuron, :] = 0.0
    return bool(fired)


@compiled
def _step_above(neuron: int, basal: float, layers: _Layers, c: RddConstants) -> bool:
    """Advance a neuron above by one step; return whether it spikes."""
    v, dead = layers.above, layers.dead_above
    dead[neuron] = max(dead[neuron] - 1, 0)
    v[neuron] += c.coupling * (basal - v[neuron]) - c.leak * v[neuron]
    fired = v[neuron] >= c.threshold and dead[neuron] == 0
    if fired:
        v[neuron] = c.reset
        dead[neuron] = c.dead_steps
    return bool(fired)


@compiled
def _run(
    counts: Floats,
    weights: Floats,
    kernel: Floats,
    c: RddConstants,
    layers: _Layers,
    estimate: _Estimate,
    spikes: Steps,
    begin: int,
) -> None:
    """Advance both layers over the driving spikes ``counts``, (steps, n_below)."""
    n_below, n_above = weights.shape
    basal = np.zeros(n_above)
    for index in range(counts.shape[0]):
        step = begin + index
        slot = step % kernel.size
        basal[:] = 0.0
        for neuron in range(n_below):
            # driving spikes come from outside and act through a PSP like all others
            if counts[index, neuron] > 0.0:
                _start_psp(layers.driving, kernel, neuron, step, counts[index, neuron])
            drive = c.gain * layers.driving[slot, neuron]
            # a spike below acts in this step on the layer above, which is advanced after it
            if _step_below(neuron, drive, layers.returning[slot], layers, estimate, c):
                _start_psp(layers.rising, kernel, neuron, step, 1.0)
                spikes[0] += 1
            trace = layers.rising[slot, neuron]
            # most synapses are at rest
            if trace != 0.0:
                for other in range(n_above):
                    basal[other] += trace * weights[neuron, other]
        # the ring's entries of this step are used up; their places are one PSP ahead
        layers.driving[slot] = 0.0
        layers.rising[slot] = 0.0
        layers.returning[slot] = 0.0
        for neuron in range(n_above):
            # a spike above reaches the layer below in the next step, since that one is done with this one
            if _step_above(neuron, basal[neuron], layers, c):
                _start_psp(layers.returning, kernel, neuron, step + 1, 1.0)
                spikes[1] += 1
