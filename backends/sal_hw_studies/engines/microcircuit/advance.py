"""The steps of a network: spikes from the potentials of the step before, potentials from the PSPs, then learning."""

import math

import numpy as np

from sal_hw_emulator.engines.sampling.compiled import Floats, compiled, float_of_bits, inlined
from sal_hw_emulator.engines.sampling.random_words import unit_interval, word_at
from sal_hw_studies.engines.microcircuit.arrays import Circuit, Drive, Moving
from sal_hw_studies.engines.microcircuit.learning import align_feedback, copy_forward, learn_forward, sum_up_spikes

_LOG2_E = 1.0 / math.log(2.0)
_MANTISSA = 2.0**52
_EXPONENT_OF_1 = 1023 * 2.0**52
#: 2^-x of larger x than this is no normal number; neither can be told from 0 or infinity by a random number
_EXPONENT_LIMIT = 1000.0
#: moving averages are summed from scratch after so many times their length
_SUM_ANEW_EVERY = 32


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
        moving.earlier_spike[neuron] = moving.last_spike[neuron]
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
        # interneurons predict their twins, so that in equal states they cancel
        excess = float(moving.psp[pre])
        # while feedback learns, the interneurons are cut off
        if not aligning:
            excess -= float(moving.psp[pre + circuit.twins])
        # most of the time most neurons are silent
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
        # sums over synapses are renewed only where a PSP began or ended
        if moving.stale[0, layer]:
            _sum_basal(circuit, moving, layer)
        if hidden and moving.stale[1, layer]:
            _sum_apical(circuit, moving, layer, drive.aligning)
        for neuron in range(circuit.first[layer], circuit.first[layer + 1]):
            column, bias = neuron - n_input, circuit.bias[neuron]
            basal = moving.basal[neuron]
            _keep(moving, row, column, basal)
            u = bias + basal
            # a twin shall predict its neuron, so it gets the same basal input
            if layer > 1:
                moving.potential[neuron + circuit.twins] = bias if drive.aligning else u
            # feedback reaches hidden layers; the target nudges the output instead
            if hidden:
                u += coupling * moving.apical[neuron]
            elif drive.nudging != 0.0:
                # towards the target from where the average is, so that nudging ends when the output is right
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
        # the average holds fewer steps at the start; later its share never changes
        if step <= window or share == 0.0:
            share = 1.0 / min(step + 1, window)
        _draw_all(circuit, moving, step, key)
        _move_potentials(circuit, moving, drive, row, share)
        # input neurons follow the pattern and nothing else
        for neuron in range(n_input):
            moving.potential[neuron] = drive.pattern[neuron]
        row += 1
        if row == window:
            row = 0
            # rounding errors of the running sums would add up over a long run
            if step % (_SUM_ANEW_EVERY * window) == window - 1:
                _sum_anew(moving)
        # all-pairs windows remember every spike, also those outside of alignment
        if drive.aligning or circuit.all_pairs:
            sum_up_spikes(circuit, moving, step)
        if drive.aligning:
            align_feedback(circuit, moving, step)
        # the network first settles on the new pattern
        if step - begin >= lag:
            if drive.learning:
                learn_forward(circuit, moving, step, share)
                if drive.copying:
                    copy_forward(circuit, moving)
            for neuron in range(readout.size):
                readout[neuron] += moving.potential[output + neuron]
