"""The steps of a network: spikes from the potentials of the step before, potentials from the PSPs, then learning."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sal_hw_emulator.engines.sampling.compiled import Floats, Steps, compiled, float_of_bits, inlined
from sal_hw_emulator.engines.sampling.random_words import unit_interval, word_at

Flags = NDArray[np.uint8]

_LOG2_E = 1.0 / math.log(2.0)
_MANTISSA = 2.0**52
_EXPONENT_OF_1 = 1023 * 2.0**52
#: 2^-x of larger x than this is no normal number; neither can be told from 0 or infinity by a random number
_EXPONENT_LIMIT = 1000.0
#: moving averages are summed from scratch after so many times their length
_SUM_ANEW_EVERY = 32


class Circuit(NamedTuple):
    """What stays as it is.

    ``first`` and ``bias`` are of :class:`MicrocircuitModel`, the latter per pyramidal neuron, 0 for the input.
    ``up_at[layer]`` is where the weights from a layer to the next begin, ``down_at[layer]`` where those from the layer
    above onto a hidden layer do. ``twins`` is the distance from a neuron to the interneuron that predicts it.
    """

    first: Steps
    bias: Floats
    up_at: Steps
    down_at: Steps
    rates_up: Floats
    rate_down: float
    apical_coupling: float
    tau: int
    window_tau: float
    twins: int


class Moving(NamedTuple):
    """What changes: the arrays of :class:`MicrocircuitState`, and what follows from them within a call.

    ``basal`` and ``apical`` are potentials per pyramidal neuron, ``change`` that of weights onto them per spike,
    ``psp`` tells whose PSP is on. ``stale[0]`` and ``stale[1]`` mark layers whose basal and apical potentials must be
    summed anew.
    """

    up: Floats
    down: Floats
    last_spike: Steps
    potential: Floats
    recent: Floats
    sums: Floats
    basal: Floats
    apical: Floats
    change: Floats
    psp: Flags
    stale: Flags


class Drive(NamedTuple):
    """What a network sees and does for some steps: input potentials, target of the output, and :class:`Phase`."""

    pattern: Floats
    target: Floats
    nudging: float
    learning: bool
    copying: bool
    aligning: bool


@inlined
def _spikes(potential: float, tau: float, uniform: float) -> bool:
    """Tell whether a uniform number r lies below 1 / (1 + tau exp(-u)), that is r / (1 - r) < exp(u) / tau.

    Writing x into the exponent and mantissa of a double is the chord of 2^x between whole x, a bound from above that
    decides nearly all without an exponential.
    """
    x = min(max(potential * _LOG2_E, -_EXPONENT_LIMIT), _EXPONENT_LIMIT)
    bound = float_of_bits(np.int64(x * _MANTISSA + _EXPONENT_OF_1))
    scaled = uniform * tau
    if scaled >= bound * (1.0 - uniform):
        return False
    return bool(scaled < math.exp(potential) * (1.0 - uniform))


@inlined
def _draw(circuit: Circuit, moving: Moving, neuron: int, step: int, key: np.uint64) -> bool:
    """Let a neuron spike or not; return whether its PSP was turned on or off."""
    if step - moving.last_spike[neuron] < circuit.tau:
        return False
    was_on = moving.psp[neuron] != 0
    counter = np.uint64(step) * np.uint64(moving.psp.size) + np.uint64(neuron)
    now_on = _spikes(moving.potential[neuron], float(circuit.tau), unit_interval(word_at(key, counter)))
    if now_on:
        moving.last_spike[neuron] = step
    moving.psp[neuron] = now_on
    return bool(was_on != now_on)


@inlined
def _draw_all(circuit: Circuit, moving: Moving, step: int, key: np.uint64) -> None:
    """Draw the spikes of a step and mark the potentials that they move."""
    layers = circuit.first.size - 1
    for layer in range(layers):
        changed, predicted = False, False
        for neuron in range(circuit.first[layer], circuit.first[layer + 1]):
            changed |= _draw(circuit, moving, neuron, step, key)
            if layer > 1:
                predicted |= _draw(circuit, moving, neuron + circuit.twins, step, key)
        if changed and layer + 1 < layers:
            moving.stale[0, layer + 1] = 1
        if layer > 1 and (changed or predicted):
            moving.stale[1, layer - 1] = 1


@inlined
def _sum_basal(circuit: Circuit, moving: Moving, layer: int) -> None:
    """Sum the weights from active neurons below."""
    begin, end = circuit.first[layer], circuit.first[layer + 1]
    at = circuit.up_at[layer - 1]
    for post in range(begin, end):
        moving.basal[post] = 0.0
    for pre in range(circuit.first[layer - 1], begin):
        if moving.psp[pre]:
            for post in range(begin, end):
                moving.basal[post] += moving.up[at + post - begin]
        at += end - begin
    moving.stale[0, layer] = 0


@inlined
def _sum_apical(circuit: Circuit, moving: Moving, layer: int, aligning: bool) -> None:
    """Sum the weights from active neurons above, less those of active interneurons."""
    begin, end = circuit.first[layer], circuit.first[layer + 1]
    at = circuit.down_at[layer]
    for post in range(begin, end):
        moving.apical[post] = 0.0
    for pre in range(end, circuit.first[layer + 2]):
        excess = float(moving.psp[pre])
        if not aligning:
            excess -= float(moving.psp[pre + circuit.twins])
        if excess != 0.0:
            for post in range(begin, end):
                moving.apical[post] += excess * moving.down[at + post - begin]
        at += end - begin
    moving.stale[1, layer] = 0


@inlined
def _keep(moving: Moving, row: int, column: int, value: float) -> None:
    """Put a potential into the moving average."""
    moving.sums[column] += value - moving.recent[row, column]
    moving.recent[row, column] = value


@inlined
def _move_potentials(circuit: Circuit, moving: Moving, drive: Drive, row: int, share: float) -> None:
    """Update potentials and moving averages; ``share`` is one over the number of steps that these hold."""
    layers, n_input = circuit.first.size - 1, circuit.first[1]
    somatic = circuit.bias.size - n_input
    coupling = 1.0 if drive.aligning else circuit.apical_coupling
    for layer in range(1, layers):
        hidden = layer + 1 < layers
        if moving.stale[0, layer]:
            _sum_basal(circuit, moving, layer)
        if hidden and moving.stale[1, layer]:
            _sum_apical(circuit, moving, layer, drive.aligning)
        for neuron in range(circuit.first[layer], circuit.first[layer + 1]):
            column, bias = neuron - n_input, circuit.bias[neuron]
            basal = moving.basal[neuron]
            _keep(moving, row, column, basal)
            u = bias + basal
            if layer > 1:
                moving.potential[neuron + circuit.twins] = bias if drive.aligning else u
            if hidden:
                u += coupling * moving.apical[neuron]
            elif drive.nudging != 0.0:
                wanted = drive.target[neuron - circuit.first[layer]]
                u += drive.nudging * (wanted - moving.sums[column] * share - bias)
            moving.potential[neuron] = u
            _keep(moving, row, column + somatic, u)


@inlined
def _sum_anew(moving: Moving) -> None:
    """Sum the moving averages from scratch, so that rounding errors do not add up over a long run."""
    moving.sums[:] = 0.0
    for row in range(moving.recent.shape[0]):
        for column in range(moving.sums.size):
            moving.sums[column] += moving.recent[row, column]


@inlined
def _compare_dendrites(circuit: Circuit, moving: Moving, layer: int, share: float) -> None:
    """Write how much weights onto a layer change with a spike: somatic less basal spike probability, times the rate."""
    n_input, somatic = circuit.first[1], circuit.bias.size - circuit.first[1]
    tau, rate = float(circuit.tau), circuit.rates_up[layer - 1]
    for post in range(circuit.first[layer], circuit.first[layer + 1]):
        basal = moving.sums[post - n_input] * share + circuit.bias[post]
        soma = moving.sums[post - n_input + somatic] * share
        moving.change[post] = rate * (1.0 / (1.0 + tau * math.exp(-soma)) - 1.0 / (1.0 + tau * math.exp(-basal)))


@inlined
def _learn_forward(circuit: Circuit, moving: Moving, step: int, share: float) -> None:
    """Change the forward weights of neurons that spiked a step ago."""
    for layer in range(1, circuit.first.size - 1):
        begin, end = circuit.first[layer], circuit.first[layer + 1]
        at = circuit.up_at[layer - 1]
        for pre in range(circuit.first[layer - 1], begin):
            if moving.last_spike[pre] == step - 1:
                if not moving.stale[0, layer]:
                    _compare_dendrites(circuit, moving, layer, share)
                    moving.stale[0, layer] = 1
                for post in range(begin, end):
                    moving.up[at + post - begin] += moving.change[post]
            at += end - begin


@inlined
def _copy_forward(circuit: Circuit, moving: Moving) -> None:
    """Let feedback weights be the forward weights that have just learned."""
    for layer in range(1, circuit.first.size - 2):
        if moving.stale[0, layer + 1]:
            begin, end, stop = circuit.first[layer], circuit.first[layer + 1], circuit.first[layer + 2]
            width = stop - end
            for above in range(width):
                for below in range(end - begin):
                    copied = moving.up[circuit.up_at[layer] + below * width + above]
                    moving.down[circuit.down_at[layer] + above * (end - begin) + below] = copied
            moving.stale[1, layer] = 1


@inlined
def _align_feedback(circuit: Circuit, moving: Moving, step: int) -> None:
    """Change feedback weights with every pair of spikes, each with the last one of the other side.

    Anti-Hebbian where the neuron above spikes first, Hebbian where the hidden neuron does; a pair in one step does not
    count, which changes nothing, since both parts would cancel.
    """
    for layer in range(1, circuit.first.size - 2):
        begin, end = circuit.first[layer], circuit.first[layer + 1]
        at = circuit.down_at[layer]
        for pre in range(end, circuit.first[layer + 2]):
            for post in range(begin, end):
                since_pre, since_post = step - moving.last_spike[pre], step - moving.last_spike[post]
                if (since_pre == 0) != (since_post == 0):
                    sign = -1.0 if since_post == 0 else 1.0
                    past = math.exp(-float(since_pre + since_post) / circuit.window_tau)
                    moving.down[at + post - begin] += sign * circuit.rate_down * past
                    moving.stale[1, layer] = 1
            at += end - begin


@compiled
def advance(
    circuit: Circuit, moving: Moving, drive: Drive, key: np.uint64, begin: int, end: int, lag: int, readout: Floats
) -> None:
    """Simulate the steps from ``begin`` to before ``end``.

    After ``lag`` steps forward weights learn, if they do, and the potentials of the output are added to ``readout``.
    """
    window, n_input = moving.recent.shape[0], circuit.first[1]
    row, share = begin % window, 0.0
    output = circuit.first[circuit.first.size - 2]
    for step in range(begin, end):
        if step <= window or share == 0.0:
            share = 1.0 / min(step + 1, window)
        _draw_all(circuit, moving, step, key)
        _move_potentials(circuit, moving, drive, row, share)
        for neuron in range(n_input):
            moving.potential[neuron] = drive.pattern[neuron]
        row += 1
        if row == window:
            row = 0
            if step % (_SUM_ANEW_EVERY * window) == window - 1:
                _sum_anew(moving)
        if drive.aligning:
            _align_feedback(circuit, moving, step)
        if step - begin >= lag:
            if drive.learning:
                _learn_forward(circuit, moving, step, share)
                if drive.copying:
                    _copy_forward(circuit, moving)
            for neuron in range(readout.size):
                readout[neuron] += moving.potential[output + neuron]
