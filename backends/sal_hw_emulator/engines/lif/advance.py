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
            active = step - neurons.history[0, n] < records.state_steps[place]
            state = 2 * state + (1 if active else 0)
        records.states[state] += 1


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
    due = run_processors(tiles, sensors, readout, kernels, weights, schedule, -1.0, work)
    for done in range(steps):
        if records.filled[0] + size > len(records.spike_step):
            return done
        step = first + done
        now = float(step)
        if now >= due:
            due = run_processors(tiles, sensors, readout, kernels, weights, schedule, now, work)
        spikes = integrate(neurons, now, noisy)
        if spikes > 0:
            spikes = find_spikes(neurons, now, spiking, spikes)
        if sensing:
            for place in range(spikes):
                sense_as_pre(neurons, tiles, sensors, spiking[place], now)
                sense_as_post(neurons, tiles, sensors, spiking[place], now)
        for place in range(spikes):
            remember_spike(neurons, spiking[place], now)
            deliver_spike(neurons, tiles, weights, spiking[place])
        deliver_noise(neurons, background, now)
        deliver_external(neurons, external, step)
        _record(neurons, records, step, spiking, spikes)
    return steps
