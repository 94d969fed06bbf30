"""Spiking networks (hxtorch, src/pyhxtorch/hxtorch/spiking)."""

from hxtorch.spiking import morphology, transforms
from hxtorch.spiking.experiment import ExecutionInstance, Experiment
from hxtorch.spiking.handle import LIFObservables, SynapseHandle
from hxtorch.spiking.modules import LIF, HXModuleWrapper, InputNeuron, SparseSynapse, Synapse
from hxtorch.spiking.run import run

__all__ = [
    "LIF",
    "ExecutionInstance",
    "Experiment",
    "HXModuleWrapper",
    "InputNeuron",
    "LIFObservables",
    "SparseSynapse",
    "Synapse",
    "SynapseHandle",
    "morphology",
    "run",
    "transforms",
]
