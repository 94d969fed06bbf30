"""The capability ``unlike_time_constants``, which the machine does not have: its synapses share one decay."""

from __future__ import annotations

from collections.abc import Iterator

from sal_hw.contracts.capability import Capability, Want
from sal_hw.spec.network import NetworkSpec
from sal_hw.spec.neurons import LifNeuron


def _wanted(spec: NetworkSpec) -> Iterator[Want]:
    for population in spec.populations:
        neuron = population.neuron
        if isinstance(neuron, LifNeuron) and neuron.tau_syn_exc_ms != neuron.tau_syn_inh_ms:
            path = ("populations", population.name, "neuron", "tau_syn_inh")
            yield Want(who=f"population {population.name}", path=path, value=f"{neuron.tau_syn_inh_ms:g} ms")


UNLIKE_TIME_CONSTANTS = Capability(
    name="unlike_time_constants",
    meaning="synaptic currents of either sign that decay differently",
    wanted=_wanted,
    hint="write the same tau_syn_exc and tau_syn_inh",
    families=("tiny",),
)
