"""Populations and projections (pynn-brainscales, .../brainscales2/populations.py, projections.py, recording.py)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from dlens_vx_v3 import halco

from pynn_brainscales.brainscales2 import simulator
from pynn_brainscales.brainscales2.standardmodels.cells import HXNeuron, SpikeSourceArray
from pynn_brainscales.brainscales2.standardmodels.synapses import StaticSynapse


class ConnectionError(Exception):  # noqa: A001 - its name in PyNN
    """Wrong sign of a weight (pyNN.errors)."""


class Population:
    """Cells of one kind."""

    def __init__(
        self,
        size: int,
        cellclass: Any,
        cellparams: None = None,
        structure: None = None,
        initial_values: None = None,
        label: str | None = None,
    ) -> None:
        if cellparams is not None or structure is not None or initial_values is not None:
            raise TypeError("not used here")
        cellclass.check(size)
        self.size, self.celltype, self.label = size, cellclass, label
        self.changed_input_data = True
        self.recorded = self.sampled = False
        self.spikes: dict[str, Any] = {}
        self.membrane: dict[str, Any] = {}
        self.inserted: list[list[float]] = []
        simulator.current().populations.append(self)

    def record(self, variables: list[str], *, device: str = "madc") -> None:
        """Record variables; membranes with one of the converters (populations.py, recording.py: class Recorder)."""
        if not set(variables) <= set(self.celltype.recordable):
            raise ValueError(f"cannot record {variables}")
        analog = set(variables) - {"spikes"}
        if device not in ("madc", "cadc"):
            raise ValueError(f'Device "{device}" is not supported')
        if len(analog) > 1 or (analog and device == "madc" and self.size > 2):
            raise ValueError("Can only record two neurons/locations via MADC.")
        self.recorded |= "spikes" in variables
        self.sampled |= "v" in variables
        self.changed_input_data = True

    def set(self, **parameters: Any) -> None:
        """Change parameters."""
        if not isinstance(self.celltype, SpikeSourceArray) or set(parameters) != {"spike_times"}:
            raise KeyError(sorted(parameters))
        self.celltype.spike_times = parameters["spike_times"]
        self.celltype.check(self.size)
        self.changed_input_data = True

    def add_to_input_data(self, begin: float, end: float) -> None:
        """Take the spikes of a snippet."""
        if isinstance(self.celltype, SpikeSourceArray):
            self.inserted = [[time for time in each if begin <= time < end] for each in self.celltype.spike_times]

    def get_data(self, variables: str) -> Any:
        """Return a Neo block: a spike train or a signal per recorded cell, times in hardware ms."""
        if not {"spikes": self.recorded, "v": self.sampled}[variables] or not simulator.current().running:
            raise RuntimeError("nothing was recorded")
        if variables == "v":
            return SimpleNamespace(segments=[SimpleNamespace(irregularlysampledsignals=self._signals())])
        times, neurons = self.spikes["time_us"] / 1e3, self.spikes["neuron"]
        trains = [
            SimpleNamespace(magnitude=np.sort(times[neurons == each]), annotations={"source_index": each})
            for each in range(self.size)
        ]
        return SimpleNamespace(segments=[SimpleNamespace(spiketrains=trains)])

    def _signals(self) -> list[Any]:
        """Return a signal per cell: single precision, a column of samples (recording.py: add_recording)."""
        return [
            SimpleNamespace(
                times=_Quantity(self.membrane["time_us"][:, each] / 1e3),
                magnitude=self.membrane["codes"][:, [each]].astype(np.float32),
                array_annotations={"channel_index": np.array([each])},
                annotations={"device": "cadc"},
            )
            for each in reversed(range(self.size))
        ]


class _Quantity:
    """Numbers with a unit."""

    def __init__(self, numbers: Any) -> None:
        self.magnitude = np.asarray(numbers, dtype=np.float32)

    def __len__(self) -> int:
        return len(self.magnitude)


class AllToAllConnector:
    """Every source to every target (.../brainscales2/connectors.py)."""

    def __init__(self, allow_self_connections: bool = True) -> None:
        self.allow_self_connections = allow_self_connections

    def pairs(self, pre: int, post: int) -> list[tuple[int, int]]:
        """Return the connections, by source, then target."""
        return [(source, target) for source in range(pre) for target in range(post)]


class ArrayConnector:
    """Which source has a synapse onto which target (.../brainscales2/connectors.py, pyNN/connectors.py)."""

    def __init__(self, array: Any) -> None:
        if getattr(array, "dtype", None) != np.bool_ or array.ndim != 2:
            raise TypeError("an explicit boolean connection matrix is needed")
        self.array = array

    def pairs(self, pre: int, post: int) -> list[tuple[int, int]]:
        """Return the connections, by source, then target."""
        if self.array.shape != (pre, post):
            raise ValueError(f"shape {self.array.shape} does not match {(pre, post)}")
        return [(int(source), int(target)) for source, target in np.argwhere(self.array)]


class FromListConnector:
    """Given pairs (.../brainscales2/connectors.py; with two columns there are no parameters, pyNN/connectors.py)."""

    def __init__(self, conn_list: list[tuple[int, int]]) -> None:
        if not conn_list or any(len(each) != 2 for each in conn_list):
            raise TypeError("Argument 'column_names' is required.")
        self.conn_list = conn_list

    def pairs(self, pre: int, post: int) -> list[tuple[int, int]]:
        """Return the connections, by source, then target."""
        if any(not (0 <= source < pre and 0 <= target < post) for source, target in self.conn_list):
            raise IndexError("no such cell")
        for target in {each[1] for each in self.conn_list}:
            sources = [each[0] for each in self.conn_list if each[1] == target]
            # PyNN evaluates the values of one target's sources; projections.py looks them up by the source's index
            if max(sources) >= len(sources):
                raise IndexError(f"index {max(sources)} is out of bounds for axis 0 with size {len(sources)}")
        return sorted(self.conn_list)


class Projection:
    """Connections between two populations."""

    def __init__(
        self,
        presynaptic_neurons: Population,
        postsynaptic_neurons: Population,
        connector: AllToAllConnector | ArrayConnector | FromListConnector,
        synapse_type: StaticSynapse | None = None,
        source: None = None,
        receptor_type: str | None = None,
        space: None = None,
        label: str | None = None,
    ) -> None:
        if source is not None or space is not None or not isinstance(postsynaptic_neurons.celltype, HXNeuron):
            raise TypeError("not used here")
        if receptor_type not in ("excitatory", "inhibitory"):
            raise ValueError(f"User gave receptor_types={receptor_type}")
        self.pre, self.post, self.receptor_type, self.label = (
            presynaptic_neurons,
            postsynaptic_neurons,
            receptor_type,
            label,
        )
        self.synapse_type = synapse_type or StaticSynapse()
        self.connections = connector.pairs(self.pre.size, self.post.size)
        self.weights = [self._checked(self.synapse_type.weight) for _ in self.connections]
        self.changed_input_data = True
        self.places: list[tuple[int, int, int]] | None = None
        if self.synapse_type.plasticity_rule is not None:
            self.synapse_type.plasticity_rule.projections.append(self)
        simulator.current().projections.append(self)

    def __len__(self) -> int:
        """Return the number of connections."""
        return len(self.connections)

    def _checked(self, weight: float) -> int:
        """Return a weight that has the sign of its receptor, and that one synapse can have."""
        if weight != 0 and (weight > 0) != (self.receptor_type == "excitatory"):
            raise ConnectionError("Weights must be positive for excitatory synapses and negative for inhibitory ones")
        if abs(weight) > 63:
            raise ValueError("more than one synapse per connection would be needed")
        return round(weight)

    def set(self, **attributes: Any) -> None:
        """Change weights: a matrix by source and target."""
        weight = np.asarray(attributes.pop("weight"))
        if attributes or weight.shape != (self.pre.size, self.post.size):
            raise ValueError("a matrix of weights is needed")
        self.weights = [self._checked(float(weight[pair])) for pair in self.connections]
        self.changed_input_data = True

    def add_to_input_data(self, begin: float, end: float) -> None:
        """Weights do not depend on time."""

    @property
    def placed_connections(self) -> list[list[halco.SynapseOnDLS]]:
        """Return the synapses of each connection."""
        if self.places is None:
            raise RuntimeError("placed_connections requires a previous routing run, which is executed on pynn.run().")
        return [
            [
                halco.SynapseOnDLS(
                    halco.SynapseOnSynram(halco.SynapseOnSynapseRow(column), halco.SynapseRowOnSynram(row)),
                    halco.SynramOnDLS(half),
                )
            ]
            * self.copies
            for half, row, column in self.places
        ]

    #: synapses per connection
    copies = 1

    def get_data(self, observable: str) -> list[Any]:
        """Return the records of an observable by snippet."""
        rule = self.synapse_type.plasticity_rule
        if rule is None or observable not in rule.observables:
            raise RuntimeError("Synapse type doesn't have requested observable.")
        if rule.recording is None:
            raise RuntimeError("Plasticity rule observables only available after execution.")
        return [rule.recording[observable]]
