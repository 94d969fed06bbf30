"""Building and running a network through PyNN's interface to SpiNNaker; only documented calls.

Sources: sPyNNaker 1!7.4.1, ``pyNN.spiNNaker`` and the population parameters of its neuron models.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw_spinnaker.spinnaker1.job import Arrays
from sal_hw_spinnaker.spinnaker1.network_plan import NetworkPlan, PopulationPlan, ProjectionPlan, SourcePlan


class Network:
    """A network in the making.

    Parameters
    ----------
    sim
        PyNN's interface to SpiNNaker.
    plan, arrays
        See :class:`sal_hw_spinnaker.spinnaker1.job.Job`.
    """

    def __init__(self, sim: Any, plan: NetworkPlan, arrays: Arrays) -> None:
        self._sim = sim
        self._step_ms = plan.timestep_ms
        sim.setup(timestep=self._step_ms, time_scale_factor=plan.time_scale_factor)
        self._neurons = {item.label: self._population(item, arrays) for item in plan.populations}
        self._everything = dict(self._neurons)
        self._everything |= {item.label: self._source(item, arrays) for item in plan.sources}
        self._projections = [
            (item, self._projection(item, arrays[f"list.{index}"])) for index, item in enumerate(plan.projections)
        ]

    def _population(self, item: PopulationPlan, arrays: Arrays) -> Any:
        cell = self._sim.IF_curr_exp(
            tau_m=item.cell.tau_mem_ms,
            cm=item.cell.capacitance_nf,
            tau_syn_E=item.cell.tau_syn_exc_ms,
            tau_syn_I=item.cell.tau_syn_inh_ms,
            tau_refrac=item.cell.tau_refrac_ms,
            v_rest=item.cell.v_rest_mv,
            v_reset=item.cell.v_reset_mv,
            v_thresh=item.cell.v_threshold_mv,
        )
        extra = {
            "neurons_per_core": item.neurons_per_core,
            "max_expected_summed_weight": list(item.summed_weights),
            # the program's memory and work are planned for cores with neurons and synapses, and ring buffers that are
            # long enough for all delays
            "n_synapse_cores": 0,
            "allow_delay_extensions": False,
        }
        made = self._sim.Population(item.size, cell, label=item.label, additional_parameters=extra)
        made.set(i_offset=arrays[f"offset.{item.label}"].tolist())
        made.initialize(v=item.cell.v_rest_mv)
        made.record("spikes")
        return made

    def _source(self, item: SourcePlan, arrays: Arrays) -> Any:
        if item.rate_hz is not None:
            cell, extra = self._sim.SpikeSourcePoisson(rate=item.rate_hz), {"seed": item.seed}
        else:
            step, neuron = arrays[f"step.{item.label}"], arrays[f"neuron.{item.label}"]
            times = [(step[neuron == index] * self._step_ms).tolist() for index in range(item.size)]
            cell, extra = self._sim.SpikeSourceArray(spike_times=times), {}
        return self._sim.Population(item.size, cell, label=item.label, additional_parameters=extra)

    def _projection(self, item: ProjectionPlan, rows: NDArray[np.float64]) -> Any:
        sim, stdp = self._sim, item.stdp
        if stdp is None:
            synapse = sim.StaticSynapse(delay=item.delay_ms)
        else:
            synapse = sim.STDPMechanism(
                timing_dependence=sim.SpikePairRule(
                    tau_plus=stdp.tau_plus_ms,
                    tau_minus=stdp.tau_minus_ms,
                    A_plus=stdp.amplitude_plus_mv,
                    A_minus=stdp.amplitude_minus_mv,
                ),
                weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=stdp.weight_max_mv),
                delay=item.delay_ms,
                # a pair counts by its spikes, whatever the delay
                backprop_delay=False,
            )
        return sim.Projection(
            self._everything[item.source],
            self._everything[item.target],
            sim.FromListConnector(rows, column_names=["weight"]),
            synapse_type=synapse,
            receptor_type=item.receptor,
        )

    def run(self, steps: int) -> None:
        """Run so many steps."""
        self._sim.run(steps * self._step_ms)

    def learning_weights(self) -> dict[int, NDArray[np.float64]]:
        """Return the present weights of learning projections by number, mV, shape (pre, post); 0 without a synapse."""
        return {
            index: np.nan_to_num(np.asarray(made.get("weight", format="array"), dtype=np.float64))
            for index, (item, made) in enumerate(self._projections)
            if item.stdp is not None
        }

    def spikes(self) -> Arrays:
        """Return all spikes since the beginning, in order of time: ``time_ms.LABEL`` and ``neuron.LABEL``."""
        found: Arrays = {}
        for label, population in self._neurons.items():
            trains = population.get_data("spikes").segments[-1].spiketrains
            times = [np.asarray(train.rescale("ms").magnitude, dtype=np.float64) for train in trains]
            neuron = np.repeat(np.arange(len(times)), [len(item) for item in times]).astype(np.int32)
            time_ms = np.concatenate([np.zeros(0), *times])
            order = np.argsort(time_ms, kind="stable")
            found |= {f"time_ms.{label}": time_ms[order], f"neuron.{label}": neuron[order]}
        return found

    def end(self) -> None:
        """Let go of the machine."""
        self._sim.end()
