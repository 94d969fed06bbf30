"""Modules (hxtorch, .../spiking/modules: synapse.py, sparse_synapse.py, neuron.py, input_neuron.py,
hx_module_wrapper.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from dlens_vx_v3.halco import LogicalNeuronOnDLS
from pygrenade_vx.network import PlasticityRule

from hxtorch.spiking.handle import LIFObservables, SynapseHandle
from hxtorch.spiking.transforms.weight_transforms import linear_saturating


class HXModule:
    """A part of a network."""

    output_type: type = LIFObservables

    def __init__(self, experiment: Any, execution_instance: Any = None) -> None:
        self.experiment = experiment
        self.execution_instance = execution_instance or experiment.default_execution_instance
        self.descriptor: Any = None

    def post_process(self, hw_data: Any, runtime: float) -> Any:
        """Return what the hardware gave."""
        return None


class Projection(HXModule):
    """Synapses."""

    output_type = SynapseHandle
    rule: PlasticityRule | None = None

    def __init__(self, in_features: int, out_features: int, experiment: Any, execution_instance: Any = None) -> None:
        super().__init__(experiment, execution_instance)
        self.in_features, self.out_features, self.size = in_features, out_features, out_features
        # hxtorch draws weights
        drawn = np.random.default_rng(0).normal(size=(out_features, in_features))
        self.weight = torch.Tensor(drawn.astype(np.float32))
        self.weight.data = self.weight


class Synapse(Projection):
    """All synapses between two populations: on the chip, one of each sign."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        experiment: Any,
        execution_instance: Any = None,
        chip_coordinate: None = None,
        device: None = None,
        dtype: None = None,
        transform: Any = linear_saturating,
        plasticity_rule: PlasticityRule | None = None,
    ) -> None:
        super().__init__(in_features, out_features, experiment, execution_instance)
        if plasticity_rule is not None and not isinstance(plasticity_rule, PlasticityRule):
            raise TypeError("a rule of grenade is needed")
        self.transform, self.rule = transform, plasticity_rule

    def add_to_network_graph(self, pre: int, post: int, builder: Any) -> tuple[int, ...]:
        """Add two projections."""
        codes = self.transform(self.weight.values).astype(int)
        parts = [{"pre": pre, "post": post, "codes": sign * np.maximum(sign * codes, 0)} for sign in (1, -1)]
        self.descriptor = tuple(builder.add(part, self.execution_instance.ID) for part in parts)
        if self.rule is not None:
            if self.rule.projections or self.rule.populations:
                raise AssertionError
            self.rule.projections = self.descriptor
            self.execution_instance.plasticity_rules().append(self.rule)
        return self.descriptor


class SparseSynapse(Projection):
    """Some synapses between two populations; they take no rule."""

    def __init__(
        self,
        connections: torch.Tensor,
        experiment: Any,
        execution_instance: Any = None,
        device: None = None,
        dtype: None = None,
        transform: Any = linear_saturating,
    ) -> None:
        super().__init__(*connections.shape, experiment, execution_instance)
        self.mask, self.transform = connections.values.T.astype(bool), transform

    def add_to_network_graph(self, pre: int, post: int, builder: Any) -> tuple[int, ...]:
        """Add two projections."""
        codes = self.transform(self.weight.values).astype(int)
        if codes[~self.mask].any():
            raise AssertionError("weights of synapses that do not exist")
        part = {"pre": pre, "post": post, "codes": codes}
        self.descriptor = tuple(builder.add(part, self.execution_instance.ID) for _ in range(2))
        return self.descriptor


class LIF(HXModule):
    """Leaky integrate-and-fire neurons, of which a calibration from a file keeps the settings."""

    def __init__(
        self,
        size: int,
        experiment: Any,
        *,
        enable_spike_recording: bool = True,
        enable_cadc_recording: bool = True,
        placement_constraint: list[LogicalNeuronOnDLS] | None = None,
    ) -> None:
        super().__init__(experiment)
        if placement_constraint is None or len(placement_constraint) != size:
            raise ValueError("The number of logical neurons does not equal the `size` of the module.")
        self.size, self.records, self.cadc = size, enable_spike_recording, enable_cadc_recording
        self.sites = [int(each.anchor) for each in placement_constraint]

    def add_to_network_graph(self, builder: Any) -> int:
        """Add a population."""
        self.descriptor = builder.add({"sites": self.sites}, self.execution_instance.ID)
        return int(self.descriptor)

    def add_to_input_generator(self, handle: Any, builder: Any) -> None:
        """Neurons take no spikes from outside."""

    def post_process(self, hw_data: Any, runtime: float) -> Any:
        """Return a dense tensor, which the run file does not want."""
        raise AssertionError("a dense tensor of spikes was asked for")


class InputNeuron(HXModule):
    """Spikes from outside."""

    def __init__(self, size: int, experiment: Any, execution_instance: Any = None) -> None:
        super().__init__(experiment, execution_instance)
        self.size = size

    def add_to_network_graph(self, builder: Any) -> int:
        """Add an external population."""
        self.descriptor = builder.add({"external": self.size}, self.execution_instance.ID)
        return int(self.descriptor)

    def add_to_input_generator(self, handle: Any, builder: list[Any]) -> None:
        """Take the spikes of a tensor of shape (time, batch, neuron)."""
        (given,) = handle
        steps, _, neurons = np.nonzero(given.spikes.values)
        builder.append([[int(step), int(neuron)] for step, neuron in zip(steps, neurons, strict=True)])


class HXModuleWrapper:
    """Several modules as one."""

    def __init__(self, experiment: Any, **modules: HXModule) -> None:
        self.experiment, self.modules = experiment, modules

    def __call__(self) -> None:
        """Register the wrapper."""
        self.experiment.connect_wrapper(self)

    def forward_func(self, input: Any, hw_data: Any = None) -> Any:  # noqa: A002 - as there
        """Return a handle per module."""
        return input
