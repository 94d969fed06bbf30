"""The loop over steps."""

import numpy as np

from sal_hw_emulator.engines.lif.arrays import (
    Background,
    External,
    Integers,
    Kernels,
    Neurons,
    Readout,
    Records,
    Schedule,
    Sensors,
    Singles,
    Tiles,
)
from sal_hw_emulator.engines.lif.correlation import remember_spike, sense_as_post, sense_as_pre
from sal_hw_emulator.engines.lif.membranes import (
    deliver_external,
    deliver_noise,
    deliver_spike,
    find_spikes,
    integrate,
)
from sal_hw_emulator.engines.lif.ppu import run_processors
from sal_hw_emulator.engines.sampling.compiled import compiled, inlined


@inlined
def _record(neurons: Neurons, records: Records, step: int, spiking: Integers, spikes: int) -> None:
    for place in range(spikes):
        records.spike_step[records.filled[0]] = step
        records.spike_neuron[records.filled[0]] = spiking[place]
        records.filled[0] += 1
    if records.membrane_every[0] > 0 and step % records.membrane_every[0] == 0:
        for place in range(len(records.membrane_neuron)):
            records.membrane[records.filled[1], place] = neurons.v[records.membrane_neuron[place]]
        records.filled[1] += 1
    if len(records.state_neuron) > 0:
        state = 0
        for place in range(len(records.state_neuron)):
            n = records.state_neuron[place]
            active = step - neurons.last_spike[n] < records.state_steps[place]
            state = 2 * state + (1 if active else 0)
        records.states[state] += 1


@inlined
def _follow_spikes(
    neurons: Neurons,
    tiles: Tiles,
    weights: Singles,
    sensors: Sensors,
    spiking: Integers,
    spikes: int,
    now: float,
    sensing: bool,
) -> None:
    """Let sensors and synapses see the spikes of a step."""
    # sensors pair with the past, so all of them read it before any of these spikes becomes part of it: simultaneous
    # spikes are no pair
    if sensing:
        for place in range(spikes):
            sense_as_pre(neurons, tiles, sensors, spiking[place], now)
            sense_as_post(neurons, tiles, sensors, spiking[place], now)
    for place in range(spikes):
        remember_spike(neurons, tiles, sensors, spiking[place], now, sensing)
        deliver_spike(neurons, tiles, weights, spiking[place])


@compiled
def advance(
    first: int,
    steps: int,
    neurons: Neurons,
    tiles: Tiles,
    weights: Singles,
    background: Background,
    external: External,
    sensors: Sensors,
    readout: Readout,
    schedule: Schedule,
    kernels: Kernels,
    records: Records,
    noisy: bool,
    sensing: bool,
    work: Singles,
) -> int:
    """Run up to `steps` steps and return how many were run: fewer if the record of spikes is full.

    In each step: the plasticity processors update what is due, currents and membranes move, neurons above threshold
    spike, and sensors, then synapses, see this step's spikes and events.
    """
    size = len(neurons.v)
    spiking = np.empty(size, dtype=np.int64)
    # before any step nothing is due: this only asks when the next rows are
    due = run_processors(tiles, sensors, readout, kernels, weights, schedule, -1.0, work)
    for done in range(steps):
        # every neuron might spike in a step, and no spike may be lost: the caller empties the record and goes on
        if records.filled[0] + size > len(records.spike_step):
            return done
        step = first + done
        now = float(step)
        # the processors act between steps, so that this step already sees the new weights
        if now >= due:
            due = run_processors(tiles, sensors, readout, kernels, weights, schedule, now, work)
        spikes = integrate(neurons, now, noisy)
        # most steps have no spike, and the list of them costs another pass over all neurons
        if spikes > 0:
            spikes = find_spikes(neurons, now, spiking, spikes)
        _follow_spikes(neurons, tiles, weights, sensors, spiking, spikes, now, sensing)
        # events come after the spikes, in a fixed order, so that sums of floats are the same in every run
        deliver_noise(neurons, background, now)
        deliver_external(neurons, external, step)
        _record(neurons, records, step, spiking, spikes)
    return steps
