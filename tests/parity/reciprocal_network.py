"""A small network with given input, and what this project's emulator makes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import OpenRequest
from sal_hw.passes.compile import compile_network
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import LifNeuron
from sal_hw.spec.plasticity import SalRule
from sal_hw.spec.probes import MembraneProbe, SpikeProbe
from sal_hw.spec.stimulus import ConstantDrive, SpikeList
from sal_hw.spec.values import Constant, Table
from sal_hw_brainscales2.emulation.backend import EmulatedChipBackend as EmulatorBackend

STEP_MS, DURATION_MS = 0.1, 500.0
SIZES = {"lower": 12, "upper": 9}

#: all weights are multiples of this, in mV, at most 63 of them: exact codes on a chip, exact in single precision
QUANTUM_MV = 1.0 / 64.0
CODES = 63

NEURONS = {
    "lower": LifNeuron(
        tau_mem_ms=10.0,
        tau_syn_exc_ms=5.0,
        tau_syn_inh_ms=7.0,
        tau_ref_ms=2.0,
        v_rest_mv=-65.0,
        v_reset_mv=-65.2,
        v_threshold_mv=-64.0,
    ),
    "upper": LifNeuron(
        tau_mem_ms=15.0,
        tau_syn_exc_ms=8.0,
        tau_syn_inh_ms=4.0,
        tau_ref_ms=3.0,
        v_rest_mv=-65.0,
        v_reset_mv=-65.0,
        v_threshold_mv=-64.0,
    ),
}

RULE = SalRule(
    name="off",
    forward="to_upper",
    backward="to_lower",
    learning_rate=0.1,
    update_every_ms=500.0,
    tau_causal_ms=10.0,
    tau_anticausal_ms=10.0,
    enabled=False,
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reciprocal:
    """Two populations with signed weights both ways, constant drives and given spikes.

    Attributes
    ----------
    weights
        Per pair (source, target), shape (pre, post), mV.
    drives
        Per population, shape (neurons,), mV.
    spikes
        Per list (population, weight in mV): rows of (time in ms, neuron).
    """

    weights: dict[tuple[str, str], NDArray[np.float64]]
    drives: dict[str, NDArray[np.float64]]
    spikes: dict[tuple[str, float], NDArray[np.float64]]

    def spec(self, *, membranes: bool) -> NetworkSpec:
        """Return the network for this project, with one of two kinds of probes.

        A disabled rule lets a network with spike probes run in update intervals; a chip's plasticity processor
        cannot do that and record membranes at a time.
        """
        return NetworkSpec(
            timestep_ms=STEP_MS,
            populations=tuple(Population(name=name, size=size, neuron=NEURONS[name]) for name, size in SIZES.items()),
            projections=tuple(
                Projection(name=f"to_{post}", source=pre, target=post, weight=Table(values=values, unit="mV"))
                for (pre, post), values in self.weights.items()
            ),
            stimuli=(
                *(
                    ConstantDrive(name=f"drive_{name}", target=name, amplitude=Table(values=values, unit="mV"))
                    for name, values in self.drives.items()
                ),
                *(
                    SpikeList(
                        name=f"list_{number}",
                        target=name,
                        spikes=Table(values=rows),
                        weight=Constant(value=weight, unit="mV"),
                    )
                    for number, ((name, weight), rows) in enumerate(self.spikes.items())
                ),
            ),
            plasticity=() if membranes else (RULE,),
            probes=tuple(
                MembraneProbe(population=name, every_ms=STEP_MS) if membranes else SpikeProbe(population=name)
                for name in SIZES
            ),
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Recording:
    """What a simulator recorded.

    Attributes
    ----------
    trains
        Per population and neuron, the steps of its spikes.
    membrane_mv
        Per population, shape (steps, neurons), at the ends of the steps.
    """

    trains: dict[str, list[NDArray[np.int64]]]
    membrane_mv: dict[str, NDArray[np.float64]]


def trains_of(steps: NDArray[np.int64], neurons: NDArray[np.integer], size: int) -> list[NDArray[np.int64]]:
    """Return the steps of each neuron's spikes."""
    return [np.sort(steps[neurons == n]) for n in range(size)]


def draw_network(seed: int) -> Reciprocal:
    """Draw weights, drives and given spikes."""
    rng = np.random.default_rng(seed)

    def signed(shape: tuple[int, int]) -> NDArray[np.float64]:
        codes = rng.integers(-CODES, CODES + 1, shape).astype(np.float64)
        codes[0, 0] = CODES  # the largest weight fixes the strength of a code
        return codes * QUANTUM_MV

    def events(size: int, count: int) -> NDArray[np.float64]:
        """Times within steps 0 to 4999; some neurons get several events in a step."""
        steps = np.sort(rng.integers(0, round(DURATION_MS / STEP_MS), count))
        return np.column_stack([steps * STEP_MS, rng.integers(0, size, count)])

    return Reciprocal(
        weights={("lower", "upper"): signed((12, 9)), ("upper", "lower"): signed((9, 12))},
        drives={name: rng.uniform(0.5, 1.1, size) for name, size in SIZES.items()},
        spikes={
            (name, sign * weight): events(size, 100 * size)
            for (name, size), weight in zip(SIZES.items(), (48 * QUANTUM_MV, 62 * QUANTUM_MV), strict=True)
            for sign in (1.0, -0.5)
        },
    )


def run_emulator(network: Reciprocal, target: str) -> Recording:
    """Compile the network for a target and run it on the emulator, twice; a chip is a nominal one."""
    program = compile_network(network.spec(membranes=False), target=target, seed=1)
    found: dict[str, list[tuple[NDArray[np.float64], NDArray[np.int32]]]] = {name: [] for name in SIZES}

    def record(time_ms: NDArray[np.float64], neuron: NDArray[np.int32], population: str) -> None:
        found[population].append((time_ms, neuron))

    session = EmulatorBackend().open(program, OpenRequest(seed=1, recorder=record))
    learned = session.learn(round(DURATION_MS / RULE.update_every_ms))
    for (_, post), values in network.weights.items():
        np.testing.assert_allclose(session.weights(f"to_{post}"), values, rtol=0, atol=1e-12)
    session.close()
    trains = {}
    for name, pieces in found.items():
        steps = np.rint(np.concatenate([time for time, _ in pieces]) / STEP_MS).astype(np.int64)
        trains[name] = trains_of(steps, np.concatenate([neuron for _, neuron in pieces]), SIZES[name])

    program = compile_network(network.spec(membranes=True), target=target, seed=1)
    seen = EmulatorBackend().open(program, OpenRequest(seed=1)).observe(DURATION_MS)
    for name, size in SIZES.items():
        np.testing.assert_array_equal(seen.spike_counts[name], learned.spike_counts[name])
        np.testing.assert_array_equal(seen.spike_counts[name], [len(train) for train in trains[name]])
        # sample k is taken at the end of step k
        np.testing.assert_allclose(seen.membrane_ms[name], (np.arange(round(DURATION_MS / STEP_MS)) + 1) * STEP_MS)
        assert seen.membrane_mv[name].shape == (round(DURATION_MS / STEP_MS), size)
    return Recording(trains=trains, membrane_mv=seen.membrane_mv)
