"""Populations, projections and networks, as examples and conversions use them."""

from __future__ import annotations

#: by neuron model: parameters, and the largest weight and delay field of its synapses
MODELS = {
    "lif_curr_exp": (15, 7),
    "lif_curr_exp_no_delay": (127, 0),
    "spike_list": (0, 0),
}
PARAMETERS = {
    "threshold",
    "alpha_decay",
    "i_offset",
    "v_init",
    "v_reset",
    "reset",
    "exc_decay",
    "inh_decay",
    "t_refrac",
}


class Population:
    def __init__(self, size, neuron_model, params, name=None, record=()):
        assert neuron_model in MODELS, neuron_model
        assert type(size) is int
        assert size >= 1
        if neuron_model == "spike_list":
            assert set(params) <= set(range(size))
            for train in params.values():
                assert all(type(tick) is int for tick in train)
                assert train == sorted(set(train)), "a source spikes at most once per tick"
        else:
            assert set(params) == PARAMETERS, set(params) ^ PARAMETERS
            assert set(record) <= {"spikes", "v"}
            for value in params.values():
                values = value if isinstance(value, list) else [value]
                assert all(type(each) in (int, float, str) for each in values)
                assert len(values) in (1, size)
        self.size, self.neuron_model, self.params = size, neuron_model, params
        self.name, self.record = name, list(record)
        self.max_atoms = None
        self.spikes, self.voltages = None, None

    def set_max_atoms_per_core(self, n):
        assert type(n) is int
        assert 1 <= n <= 256
        self.max_atoms = n

    def get_spikes(self):
        assert "spikes" in self.record
        return self.spikes

    def get_voltages(self):
        assert "v" in self.record
        return self.voltages


class Projection:
    def __init__(self, pre, post, connections, name=None):
        largest, latest = MODELS[post.neuron_model]
        assert connections
        for source, target, weight, delay in connections:
            assert all(type(each) is int for each in (source, target, weight, delay))
            assert 0 <= source < pre.size
            assert 0 <= target < post.size
            assert abs(weight) <= largest, weight
            assert 0 <= delay <= latest, delay
        self.pre, self.post, self.connections, self.name = pre, post, connections, name


class Network:
    def __init__(self, name):
        self.name = name
        self.populations, self.projections = [], []

    def add(self, *parts):
        for part in parts:
            (self.populations if isinstance(part, Population) else self.projections).append(part)

    def validate(self):
        assert len({item.name for item in self.populations}) == len(self.populations)

    def reset(self):
        for item in self.populations:
            item.spikes, item.voltages = None, None
