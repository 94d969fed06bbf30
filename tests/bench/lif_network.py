"""The network of the LIF benchmarks: pairs of populations that learn each other's weights, at about 19 spikes/s.

Every neuron has a drive below threshold and white noise on its membrane. All synapses between the two populations of
a pair are plastic; half of each population excites and half inhibits. They have correlation sensors for both orders,
and a plasticity processor per direction runs a kernel on every row in every update: reading of both branches, 16-bit
arithmetic and stochastic rounding, which is what the compiler chooses.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sal_hw.kernel.sal import learning_kernel
from sal_hw_emulator.engines.lif.kernel_code import steps_of
from sal_hw_emulator.engines.lif.model import (
    KernelModel,
    LifModel,
    NeuronModel,
    PlasticModel,
    ProcessorModel,
    SensorModel,
    TileModel,
)
from sal_hw_emulator.engines.lif.simulation import LifSimulation

STEPS_PER_SECOND = 10_000
#: 10 ms between two updates, as often as the benchmark against Brian2 asks for; and 2 s, as a chip's processor can do
OFTEN_STEPS, CHIP_STEPS = 100.0, 20_000.0

#: time constants and refractory time in steps of 0.1 ms; Brian2 gets the same numbers
TAU_MEM, TAU_SYN, TAU_REF, TAU_SENSOR = 100.0, 50.0, 50.0, 100.0

DRIVE, DRIVE_SPREAD = 0.85, 0.05
NOISE = 0.15

#: drive without noise that gives about the same rate
NOISELESS_DRIVE = 1.0

#: weights are codes up to 63 times this; the standard deviation of a signed weight is then 0.034
STRENGTH = 0.06 / 64.0

_BASELINE = 190.0
_CONSTANTS = {"baseline_causal": _BASELINE, "baseline_anticausal": _BASELINE}
_POLARITIES = ("excitatory", "inhibitory")


def _full(shape: tuple[int, ...], value: float) -> NDArray[np.float32]:
    return np.full(shape, value, dtype=np.float32)


def _tile(
    rng: np.random.Generator, order: tuple[str, ...], *, source: int, target: int, half: int, processor: int, side: int
) -> TileModel:
    shape = (half, 2 * half)
    code = rng.integers(0, 64, shape).astype(np.float32)
    return TileModel(
        source=source + side * half,
        target=target,
        inhibitory=side == 1,
        weights=code * np.float32(STRENGTH),
        sensors=SensorModel(
            amplitude_causal=_full(shape, 1.0),
            amplitude_anticausal=_full(shape, 1.0),
            tau_causal=_full(shape, TAU_SENSOR),
            tau_anticausal=_full(shape, TAU_SENSOR),
        ),
        plastic=PlasticModel(
            processor=processor,
            order=2 * np.arange(half) + side,
            kernel=side,
            code=code,
            strength=_full(shape, STRENGTH),
            baseline_causal=_full(shape, _BASELINE),
            baseline_anticausal=_full(shape, _BASELINE),
            noise_causal=_full(shape, 0.0),
            noise_anticausal=_full(shape, 0.0),
            constants=np.array([_full(shape, _CONSTANTS[name]) for name in order]),
        ),
    )


def plastic_pairs(pairs: int, size: int, *, noise: float = NOISE, update_steps: float = OFTEN_STEPS) -> LifModel:
    """Return `pairs` pairs of populations of `size` neurons; each pair is a chip of its own with two processors."""
    rng = np.random.default_rng(1)
    total = 2 * size * pairs
    values = {
        "v_reset": 0.0,
        "v_threshold": 1.0,
        "tau_mem": TAU_MEM,
        "tau_exc": TAU_SYN,
        "tau_inh": TAU_SYN,
        "refractory": TAU_REF,
        "noise": noise,
    }
    kernels = [
        learning_kernel(polarity=polarity, width=16, rounding="stochastic", balanced=False, sal_gain=1.0 / 64.0)
        for polarity in _POLARITIES
    ]
    code = [steps_of(kernel) for kernel in kernels]
    tiles = [
        _tile(
            rng,
            code[side][1],
            source=(2 * pair + direction) * size,
            target=(2 * pair + 1 - direction) * size,
            half=size // 2,
            processor=2 * pair + direction,
            side=side,
        )
        for pair in range(pairs)
        for direction in (0, 1)
        for side in (0, 1)
    ]
    drive = DRIVE if noise > 0.0 else NOISELESS_DRIVE
    return LifModel(
        neurons=NeuronModel(
            v_leak=drive + DRIVE_SPREAD * rng.standard_normal(total),
            **{name: np.full(total, value) for name, value in values.items()},
        ),
        tiles=tiles,
        kernels=[
            KernelModel(steps=table, draws=kernel.random_draws)
            for kernel, (table, order) in zip(kernels, code, strict=True)
        ],
        processors=[ProcessorModel(start=100.0, period=update_steps, row_time=update_steps / size)] * (2 * pairs),
    )


def started(pairs: int, size: int, *, noise: float = NOISE, update_steps: float = OFTEN_STEPS) -> LifSimulation:
    """Return a simulation that has run for 200 ms, compiled and beyond its start."""
    simulation = LifSimulation(
        plastic_pairs(pairs, size, noise=noise, update_steps=update_steps), np.random.SeedSequence(3)
    )
    simulation.run(STEPS_PER_SECOND // 5)
    return simulation


def peak_memory_mb() -> float:
    """Run two model seconds of 512 neurons and return this process's peak of resident memory in MB.

    The kernel's own number, not getrusage's: that one counts the parent's memory at the time of the start too.
    """
    started(1, 256).run(2 * STEPS_PER_SECOND)
    (line,) = (each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmHWM"))
    return float(line.split()[1]) / 1024.0
