"""The topology, the mapper and the execution of grenade, as pynn-brainscales uses them."""

import enum

from stand_ins.base import LOG
from stand_ins.coordinates import AtomicNeuronOnDLS, ranged


class Descriptor:
    count = 0

    def __init__(self, instance):
        self.instance, self.number = instance, Descriptor.count
        Descriptor.count += 1

    def toExecutionInstanceID(self):
        return self.instance

    def __hash__(self):
        return self.number

    def __eq__(self, other):
        return isinstance(other, Descriptor) and other.number == self.number


HOOKS = []


class ExecutionInstanceHooks:
    class Chip(tuple):
        def __new__(cls, *args):
            HOOKS.append(args)
            return tuple.__new__(cls, args)

    def __init__(self, *args):
        LOG.append(("ExecutionInstanceHooks", args, {}))


# ---- grenade's present front end (what pynn-brainscales uses): a topology, a mapper and results ----------------------


class Vertex:
    def __init__(self, kind, *args, **kwargs):
        self.kind, self.args, self.kwargs = kind, args, kwargs
        LOG.append((kind, args, kwargs))

    def get_input_ports(self):
        return [0] * (len(self.args[2]) + len(self.args[3]) + 2) if self.kind == "PlasticityRule" else [0, 0]


class Topology:
    def __init__(self, other=None):
        self.vertices = dict(other.vertices) if other else {}
        self.edges = list(other.edges) if other else []

    def add_vertex(self, vertex):
        descriptor = Descriptor(0)
        self.vertices[descriptor] = vertex
        return descriptor

    def set(self, descriptor, vertex):
        self.vertices[descriptor] = vertex

    def contains(self, descriptor):
        return descriptor in self.vertices

    def get(self, descriptor):
        return self.edges[descriptor][2] if isinstance(descriptor, int) else self.vertices[descriptor]

    def in_edges(self, descriptor):
        return [i for i, each in enumerate(self.edges) if each[1] == descriptor]

    def clear_vertex(self, descriptor):
        self.edges = [each for each in self.edges if descriptor not in each[:2]]

    def add_edge(self, source, target, edge):
        assert source in self.vertices, "edge between vertices that are not there"
        assert target in self.vertices, "edge between vertices that are not there"
        self.edges.append((source, target, edge))

    def __eq__(self, other):
        return isinstance(other, Topology) and other.vertices == self.vertices

    __hash__ = None


class Ports:
    def __init__(self):
        self.at = {}

    def set(self, key, value):
        self.at[key] = value

    def get(self, key):
        return self.at[key]

    def contains(self, key):
        return key in self.at


class InputData:
    def __init__(self, other=None):
        self.ports, self.time_domain_runtimes = Ports(), Ports()
        if other:
            self.ports.at, self.time_domain_runtimes.at = dict(other.ports.at), dict(other.time_domain_runtimes.at)

    def __eq__(self, other):
        return isinstance(other, InputData) and other.ports.at == self.ports.at

    __hash__ = None


class Mapped:
    def __init__(self, topology, permutation):
        self.topology, self.permutation = topology, permutation

    def deepcopy(self):
        return Mapped(Topology(self.topology), self.permutation)

    def get_root(self):
        return self.topology

    def map_root_input_data(self, data):
        for descriptor, vertex in self.topology.vertices.items():
            if vertex.kind == "PlasticityRule":
                ports = len(vertex.get_input_ports())
                for port in (ports - 1, ports - 2):
                    assert (descriptor, port) in data.ports.at, "rule without timer or kernel"
        return InputData(data)

    def map_root_output_data(self, data):
        return data


class GreedyMapper:
    def __init__(self):
        self.neuron_permutation = [AtomicNeuronOnDLS(i) for i in range(512)]
        self.background_source_permutation = []

    def __call__(self, topology, calibration, executor):
        return Mapped(topology, self.neuron_permutation)


class _Timer:
    class Value(ranged("Timer.Value", 2**64 - 1)):
        pass

    def __init__(self):
        self.start = self.period = self.num_periods = 0


class RulesDynamics:
    Timer = _Timer

    def __init__(self, timer, batch_size):
        assert isinstance(timer.num_periods, int)
        assert timer.num_periods >= 0
        self.timer, self.batch_size = timer, batch_size


class RulesParameters:
    def __init__(self, kernel):
        self.kernel = kernel


class _Observable:
    class Type(enum.Enum):
        int8, uint8, int16, uint16 = range(4)

    class LayoutPerRow(enum.Enum):
        complete_rows, packed_active_columns = range(2)

    def __init__(self, type_, layout):
        assert isinstance(type_, self.Type)
        assert isinstance(layout, self.LayoutPerRow)
        self.type, self.layout_per_row = type_, layout


class _Recording:
    ObservablePerSynapse = _Observable
    ObservablePerNeuron = type("ObservablePerNeuron", (), {})
    ObservableArray = type("ObservableArray", (), {})

    def __init__(self):
        self.observables = {}


class NewPlasticityRule(Vertex):
    Dynamics, Parameterization, TimedRecordingConfig = RulesDynamics, RulesParameters, _Recording
    ID = ranged("PlasticityRule.ID", 2**64 - 1)

    def __init__(self, *args):
        super().__init__("PlasticityRule", *args)
