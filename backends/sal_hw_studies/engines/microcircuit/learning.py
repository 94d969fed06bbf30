"""How weights change in a step: forward weights onto both dendrites, feedback weights with pairs of spikes."""

import math

from sal_hw_emulator.engines.sampling.compiled import inlined
from sal_hw_studies.engines.microcircuit.arrays import Circuit, Moving


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
def learn_forward(circuit: Circuit, moving: Moving, step: int, share: float) -> None:
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
def copy_forward(circuit: Circuit, moving: Moving) -> None:
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
def sum_up_spikes(circuit: Circuit, moving: Moving, step: int) -> None:
    """Note for neurons that spike what the window makes of their spikes before; if all pairs count, of these, too."""
    for neuron in range(circuit.first[1], circuit.bias.size):
        if moving.last_spike[neuron] == step:
            before = math.exp(-float(step - moving.earlier_spike[neuron]) / circuit.window_tau)
            if circuit.all_pairs:
                before *= moving.trace[neuron]
                moving.trace[neuron] = 1.0 + before
            moving.before[neuron] = before


@inlined
def align_feedback(circuit: Circuit, moving: Moving, step: int) -> None:
    """Change feedback weights with every pair of spikes.

    Anti-Hebbian where the neuron above spikes first, Hebbian where the hidden neuron does. A pair in one step does not
    count, which changes nothing, since both parts would cancel; each of the two then pairs with spikes before.
    """
    for layer in range(1, circuit.first.size - 2):
        begin, end = circuit.first[layer], circuit.first[layer + 1]
        at = circuit.down_at[layer]
        for pre in range(end, circuit.first[layer + 2]):
            for post in range(begin, end):
                since_pre, since_post = step - moving.last_spike[pre], step - moving.last_spike[post]
                # a pair counts when its later spike comes
                if since_pre == 0 or since_post == 0:
                    change = 0.0
                    if since_pre != since_post:
                        # one of both times is 0, so that the sum is the time between the spikes
                        change = math.exp(-float(since_pre + since_post) / circuit.window_tau)
                        if circuit.all_pairs:
                            change *= moving.trace[pre if since_post == 0 else post]
                        if since_post == 0:
                            change = -change
                    elif circuit.earlier_pairs:
                        # the pair in this step cancels, and hides no earlier one; the published code leaves those out
                        change = moving.before[post] - moving.before[pre]
                    moving.down[at + post - begin] += circuit.rate_down * change
                    moving.stale[1, layer] = 1
            at += end - begin
