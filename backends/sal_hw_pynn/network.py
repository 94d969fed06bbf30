"""A network of standard cells in a simulator, built from what a session sends; runs in the simulator's process.

Potentials are in mV. The membrane capacitance is chosen such that 1 nA moves the resting potential by 1 mV, so that the
weights and drives of a specification, in mV, are PyNN's currents in nA.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.spec.neurons import LifNeuron
from sal_hw_pynn.description import TIMING, Simulator
from sal_hw_pynn.mechanisms import PairStdp
from sal_hw_pynn.recording import Integers, spikes_in
from sal_hw_pynn.refused_stdp import refuse_misread_stdp
from sal_hw_pynn.sdk import set_up, spike_times

Doubles = NDArray[np.float64]

#: relative distance of two time constants below which Brian2's exact integration divides by nearly zero
_NEAR = 1e-6


def synaptic_time_constant(simulator: Simulator, tau_syn_ms: float, tau_mem_ms: float) -> float:
    """Return the synaptic time constant that a simulator is given, ms.

    Brian2 solves the equations for a membrane that differs from its synapses (its potentials are NaN otherwise, and its
    neurons silent), so that equal time constants are moved apart by a millionth; NEST knows both forms.
    """
    match simulator:
        case "brian2":
            near = abs(tau_syn_ms - tau_mem_ms) < _NEAR * tau_mem_ms
            return tau_mem_ms * (1.0 + _NEAR) if near else tau_syn_ms
        case "nest":
            return tau_syn_ms
        case _:
            assert_never(simulator)


def _dendritic_share(simulator: Simulator) -> float:
    """Return what part of a delay is dendritic: each simulator has one kind for STDP."""
    match simulator:
        case "brian2":
            return 0.0
        case "nest":
            return 1.0
        case _:
            assert_never(simulator)


class Network:
    """Populations, spike sources and synapses.

    Parameters
    ----------
    simulator, timestep_ms
        Where it runs, and its time step and shortest delay.
    """

    def __init__(self, simulator: Simulator, timestep_ms: float) -> None:
        self._simulator: Simulator = simulator
        self._timestep_ms = timestep_ms
        self._sim = set_up(simulator, timestep_ms)
        self._populations: dict[str, Any] = {}
        self._sources: dict[str, Any] = {}
        self._synapses: dict[str, Any] = {}
        self._pending: dict[str, tuple[Integers, Integers]] = {}
        self._step = 0

    def add_population(self, name: str, lif: LifNeuron, drive_mv: Doubles) -> None:
        """Add LIF neurons, at the potential that their drive alone would take them to.

        Parameters
        ----------
        drive_mv
            Shape (neurons,), constant drive.
        """
        refractory = round(lif.tau_ref_ms / self._timestep_ms)
        cell = self._sim.IF_curr_exp(
            tau_m=lif.tau_mem_ms,
            cm=lif.tau_mem_ms,  # nF: tau_m / cm is 1 MOhm
            tau_syn_E=synaptic_time_constant(self._simulator, lif.tau_syn_exc_ms, lif.tau_mem_ms),
            tau_syn_I=synaptic_time_constant(self._simulator, lif.tau_syn_inh_ms, lif.tau_mem_ms),
            tau_refrac=(refractory + TIMING[self._simulator].refractory_steps) * self._timestep_ms,
            v_rest=lif.v_rest_mv,
            v_reset=lif.v_reset_mv,
            v_thresh=lif.v_threshold_mv,
            i_offset=drive_mv,
        )
        population = self._sim.Population(len(drive_mv), cell, label=name)
        population.initialize(v=lif.v_rest_mv + drive_mv)
        population.record("spikes")
        self._populations[name] = population

    def add_source(self, target: str, neuron: Integers, weight_mv: Doubles) -> None:
        """Add one spike source per input of a population.

        Parameters
        ----------
        neuron, weight_mv
            Shape (sources,): the neuron that each reaches, and the signed weight.
        """
        size = max(2, len(neuron))  # PyNN cannot make a single source in Brian2; a second one stays silent
        cells = self._sim.SpikeSourceArray(spike_times=[spike_times([]) for _ in range(size)])
        self._sources[target] = self._sim.Population(size, cells, label=f"inputs of {target}")
        self._pending[target] = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
        for receptor, chosen in (("excitatory", weight_mv > 0.0), ("inhibitory", weight_mv < 0.0)):
            if chosen.any():
                place = np.flatnonzero(chosen)
                self._connect(self._sources[target], target, receptor, (place, neuron[place], weight_mv[place]), None)

    def add_synapses(
        self,
        name: str,
        ends: tuple[str, str],
        receptor: str,
        edges: tuple[Integers, Integers, Doubles],
        stdp: PairStdp | None,
    ) -> None:
        """Add synapses that are static, or that have pair STDP.

        Parameters
        ----------
        ends
            Names of the source and the target population.
        edges
            Pre- and postsynaptic neurons and signed weights in mV, each of shape (synapses,).
        """
        if len(edges[0]):
            self._synapses[name] = self._connect(self._populations[ends[0]], ends[1], receptor, edges, stdp)

    def _connect(
        self,
        source: Any,
        target: str,
        receptor: str,
        edges: tuple[Integers, Integers, Doubles],
        stdp: PairStdp | None,
    ) -> Any:
        synapse = self._sim.StaticSynapse() if stdp is None else self._mechanism(receptor, stdp, edges[2])
        rows = np.column_stack([*edges, np.full(len(edges[0]), self._timestep_ms)])
        # plain numbers: the simulators take neurons by index
        listed = [(int(pre), int(post), weight, delay) for pre, post, weight, delay in rows.tolist()]
        connector = self._sim.FromListConnector(listed)
        return self._sim.Projection(source, self._populations[target], connector, synapse, receptor_type=receptor)

    def _mechanism(self, receptor: str, stdp: PairStdp, weights_mv: Doubles) -> Any:
        refuse_misread_stdp(self._simulator, receptor, stdp, weights_mv)
        return self._sim.STDPMechanism(
            timing_dependence=self._sim.SpikePairRule(
                tau_plus=stdp.tau_plus_ms,
                tau_minus=stdp.tau_minus_ms,
                A_plus=stdp.amplitude_plus,
                A_minus=stdp.amplitude_minus,
            ),
            weight_dependence=self._sim.AdditiveWeightDependence(w_min=0.0, w_max=stdp.weight_max_mv),
            dendritic_delay_fraction=_dendritic_share(self._simulator),
            weight=0.0,
            delay=self._timestep_ms,
        )

    def advance(
        self, steps: int, inputs: Mapping[str, tuple[Integers, Integers]]
    ) -> dict[str, tuple[Integers, Integers]]:
        """Run a stretch and return the steps and neurons of its spikes, per population.

        Parameters
        ----------
        inputs
            Per target population: steps and sources of the stretch's inputs.
        """
        for target in self._sources:
            step, source = inputs[target]
            self._hand_over(target, step, source)
        self._sim.run(steps * self._timestep_ms)
        first, self._step = self._step, self._step + steps
        return {
            name: spikes_in(item, self._simulator, self._timestep_ms, first, self._step)
            for name, item in self._populations.items()
        }

    def _hand_over(self, target: str, step: Integers, source: Integers) -> None:
        """Give sources what they have to emit from now on, and forget what they have emitted."""
        timing = TIMING[self._simulator]
        old_step, old_source = self._pending[target]
        due = old_step >= self._step + timing.pending_steps
        emission = np.concatenate([old_step[due], step + timing.emission_steps])
        who = np.concatenate([old_source[due], source])
        self._pending[target] = (emission, who)
        order = np.lexsort((emission, who))
        ends = np.searchsorted(who[order], np.arange(1, self._sources[target].size))
        times = np.split(emission[order] * self._timestep_ms, ends)
        self._sources[target].set(spike_times=[spike_times(each) for each in times])

    def weights(self, name: str) -> Doubles:
        """Return the present weights of synapses, mV, shape (pre, post); 0 where there is none."""
        found = np.asarray(self._synapses[name].get("weight", format="array"), dtype=np.float64)
        return np.where(np.isnan(found), 0.0, found)

    def set_weights(self, name: str, weights_mv: Doubles) -> None:
        """Replace the weights of synapses, shape (pre, post); what is given for absent ones does not matter."""
        self._synapses[name].set(weight=weights_mv)

    def end(self) -> None:
        """End the simulation."""
        self._sim.end()
