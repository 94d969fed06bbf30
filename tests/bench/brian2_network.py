"""The network of ``lif_network`` in Brian2, as a stand-alone C++ program: run this file to build it.

Plain spike-timing dependent plasticity with one trace per neuron and bounded signed weights, in double precision. It
has no sensors, no rounding and no processor, and one synaptic current instead of two: less work per event than the
emulator's. Brian2 integrates noise with ``euler``, and ``exact`` without.

Usage: python brian2_network.py FOLDER NOISE SECONDS
"""

from __future__ import annotations

import sys

import numpy as np
from lif_network import DRIVE, DRIVE_SPREAD, NOISELESS_DRIVE, STRENGTH, TAU_MEM, TAU_REF, TAU_SENSOR, TAU_SYN

SIZE = 256

EQUATIONS = """
dv/dt = (v_leak - v + current) / tau_mem {noise} : 1 (unless refractory)
dcurrent/dt = -current / tau_syn : 1
dpairing/dt = -pairing / tau_pairing : 1
v_leak : 1
"""


def build(folder: str, noise: float, seconds: float) -> None:
    """Write and compile the program ``FOLDER/main``."""
    import brian2

    brian2.set_device("cpp_standalone", directory=folder, build_on_run=False)
    brian2.prefs.devices.cpp_standalone.openmp_threads = 0
    brian2.seed(1)
    step = 0.1 * brian2.ms
    brian2.defaultclock.dt = step
    rng = np.random.default_rng(1)
    neurons = brian2.NeuronGroup(
        2 * SIZE,
        EQUATIONS.format(noise="+ sigma * sqrt(2 / tau_mem) * xi" if noise > 0.0 else ""),
        threshold="v > 1",
        reset="v = 0; pairing += 1",
        refractory=TAU_REF * step,
        method="euler" if noise > 0.0 else "exact",
        namespace={
            "tau_mem": TAU_MEM * step,
            "tau_syn": TAU_SYN * step,
            "tau_pairing": TAU_SENSOR * step,
            "sigma": noise,
        },
    )
    drive = DRIVE if noise > 0.0 else NOISELESS_DRIVE
    neurons.v_leak = drive + DRIVE_SPREAD * rng.standard_normal(2 * SIZE)
    halves = neurons[:SIZE], neurons[SIZE:]
    synapses = []
    for source, target in (halves, halves[::-1]):
        plastic = brian2.Synapses(
            source,
            target,
            "w : 1",
            on_pre="current_post += w\nw = clip(w + rate * pairing_post, -w_max, w_max)",
            on_post="w = clip(w - rate * pairing_pre, -w_max, w_max)",
            namespace={"rate": STRENGTH / 64.0, "w_max": 63 * STRENGTH},
        )
        plastic.connect()
        sign = np.repeat([1.0, -1.0], SIZE // 2)[:, None]
        plastic.w = (sign * rng.integers(0, 64, (SIZE, SIZE)) * STRENGTH).ravel()
        synapses.append(plastic)
    counts = brian2.SpikeMonitor(neurons, record=False)
    brian2.Network(neurons, *synapses, counts).run(seconds * brian2.second)
    brian2.device.build(directory=folder, compile=True, run=False)


if __name__ == "__main__":
    build(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
