"""Runs a simulator through PyNN, in a process of its own, and writes what it did: ``python pynn_cases.py NAME OUT``.

Everything is given and nothing drawn by the simulator, so that tests can compute what must come out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.spec.neurons import LifNeuron
from sal_hw_pynn.description import Simulator
from sal_hw_pynn.mechanisms import PairStdp
from sal_hw_pynn.network import Network
from sal_hw_pynn.sdk import set_up, spike_times

STEP_MS, SIZE, STRETCH, STRETCHES = 0.5, 8, 1000, 3
LIF = LifNeuron(
    tau_mem_ms=10.0,
    tau_syn_exc_ms=5.0,
    tau_syn_inh_ms=5.0,
    tau_ref_ms=2.0,
    v_rest_mv=-65.0,
    v_reset_mv=-65.2,
    v_threshold_mv=-64.0,
)
#: SAL with unequal windows and amplitudes, so that a mix-up of the two sides shows
STDP = PairStdp(
    offset_mv=2.0,
    weight_max_mv=4.0,
    amplitude_plus=-0.0005,
    amplitude_minus=-0.0007,
    tau_plus_ms=10.0,
    tau_minus_ms=14.0,
)
#: settings of pair STDP: receptor, first weight, bounds, amplitudes
TRAPS: dict[str, tuple[str, float, float, float, float, float]] = {
    "inhibitory with an upper bound of 0": ("inhibitory", -0.5, -1.0, 0.0, 0.01, 0.01),
    "inhibitory with bounds exchanged": ("inhibitory", -0.5, 0.0, -1.0, 0.01, 0.01),
    "excitatory with a negative lower bound": ("excitatory", 0.0, -1.0, 1.0, -0.01, -0.01),
    "anti-causal pairs near the upper bound": ("excitatory", 0.98, 0.0, 1.0, -0.01, -0.05),
    "causal pairs near the lower bound": ("excitatory", 0.02, 0.0, 1.0, -0.05, -0.01),
    "no causal amplitude": ("excitatory", 0.5, 0.0, 1.0, 0.0, -0.01),
}

Integers = NDArray[np.int64]


def events(seed: int, size: int) -> tuple[Integers, Integers]:
    """Return steps and neurons of given inputs, at most one per neuron and step, over all stretches."""
    drawn = np.random.default_rng(seed).random((STRETCH * STRETCHES, size)) < 0.02
    step, neuron = np.nonzero(drawn)
    return step, neuron


def neurons_and_synapses(simulator: Simulator) -> dict[str, NDArray[Any]]:
    """Run two populations, of which one learns to project to the other; return spikes and weights."""
    network = Network(simulator, STEP_MS)
    given = {name: events(seed, SIZE) for seed, name in enumerate(("pre", "post"))}
    for name in given:
        network.add_population(name, LIF, np.linspace(0.2, 0.9, SIZE))
        network.add_source(name, np.arange(SIZE), np.full(SIZE, 2.5))
    pre, post = (each.ravel() for each in np.meshgrid(np.arange(SIZE), np.arange(SIZE), indexing="ij"))
    first = np.random.default_rng(5).uniform(1.9, 2.1, SIZE * SIZE)
    network.add_synapses("learning", ("pre", "post"), "excitatory", (pre, post, first), STDP)
    network.add_synapses("offset", ("pre", "post"), "inhibitory", (pre, post, np.full(SIZE * SIZE, -2.0)), None)
    found = {"weights_first": network.weights("learning")}
    spikes: dict[str, list[tuple[Integers, Integers]]] = {name: [] for name in given}
    for number in range(STRETCHES):
        inside = {name: step // STRETCH == number for name, (step, _) in given.items()}
        inputs = {name: (given[name][0][mask], given[name][1][mask]) for name, mask in inside.items()}
        for name, train in network.advance(STRETCH, inputs).items():
            spikes[name].append(train)
        found[f"weights_{number}"] = network.weights("learning")
    changed = found["weights_2"] + np.arange(SIZE * SIZE).reshape(SIZE, SIZE) * 1e-3
    network.set_weights("learning", changed)
    found |= {"weights_set": changed, "weights_read": network.weights("learning")}
    network.end()
    for name, trains in spikes.items():
        found[f"step.{name}"] = np.concatenate([step for step, _ in trains])
        found[f"neuron.{name}"] = np.concatenate([neuron for _, neuron in trains])
    return found


def traps(simulator: Simulator) -> dict[str, dict[str, Any]]:
    """Return a synapse's weight at first, after causal and after anti-causal pairs for each setting, or a refusal."""
    sim = set_up(simulator, 1.0)
    # refractory for so long that every input makes one spike
    cell = sim.IF_curr_exp(tau_m=10.0, cm=10.0, tau_refrac=20.0, v_rest=0.0, v_reset=0.0, v_thresh=1.0)
    populations = sim.Population(1, cell), sim.Population(1, cell)
    # ten pairs of either kind at lags of about 5 steps, far from each other; synapses are too weak to make spikes
    causal, anticausal = range(50, 850, 80), range(950, 1750, 80)
    times = [*causal, *(time + 5 for time in anticausal)], [*(time + 5 for time in causal), *anticausal]
    for target, given in zip(populations, times, strict=True):
        trains = [spike_times([float(time) for time in given]), spike_times([])]
        source = sim.Population(2, sim.SpikeSourceArray(spike_times=trains))
        sim.Projection(source, target, sim.FromListConnector([(0, 0, 20.0, 1.0)]), sim.StaticSynapse())
    found: dict[str, dict[str, Any]] = {}
    synapses = {}
    for key, setting in TRAPS.items():
        try:
            synapses[key] = _plastic(sim, simulator, populations, setting)
            found[key] = {"seen": [setting[1]]}
        except Exception as error:
            found[key] = {"refused": str(error)}
    for _ in range(2):
        sim.run(900.0)
        for key, synapse in synapses.items():
            found[key]["seen"].append(float(synapse.get("weight", format="array")[0, 0]))
    sim.end()
    return found


def _plastic(
    sim: Any, simulator: Simulator, ends: tuple[Any, Any], setting: tuple[str, float, float, float, float, float]
) -> Any:
    receptor, first, low, high, plus, minus = setting
    mechanism = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(tau_plus=10.0, tau_minus=10.0, A_plus=plus, A_minus=minus),
        weight_dependence=sim.AdditiveWeightDependence(w_min=low, w_max=high),
        dendritic_delay_fraction=0.0 if simulator == "brian2" else 1.0,
        weight=first,
        delay=1.0,
    )
    return sim.Projection(*ends, sim.AllToAllConnector(), mechanism, receptor_type=receptor)


if __name__ == "__main__":
    name: Simulator = "brian2" if sys.argv[1] == "brian2" else "nest"
    out = Path(sys.argv[2])
    np.savez(out / "run.npz", **neurons_and_synapses(name))
    (out / "traps.json").write_text(json.dumps(traps(name)))
