"""Neurons of several circuits (hxtorch, src/pyhxtorch/hxtorch/spiking/morphology.py)."""

from __future__ import annotations

from dlens_vx_v3.halco import LogicalNeuronCompartments


class SingleCompartmentNeuron:
    """A neuron of one compartment."""

    def __init__(self, size: int) -> None:
        if size != 1:
            raise ValueError("not used here")
        self.compartments = LogicalNeuronCompartments()
