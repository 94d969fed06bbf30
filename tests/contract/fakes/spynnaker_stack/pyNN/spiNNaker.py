# ruff: noqa: N999 - the name is given
"""Stand-in of PyNN's interface to SpiNNaker: documented calls only, which replay a run.

Signatures are those of sPyNNaker 1!7.4.1; a test compares them with the real ones where these are installed.
"""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import numpy as np
from fake_machine import ARRAYS, LOG, RUNS, SCRIPT, write_log

_CELL = {"tau_m", "cm", "v_rest", "v_reset", "v_thresh", "tau_syn_E", "tau_syn_I", "tau_refrac", "i_offset"}
_EXTRA = {
    "IF_curr_exp": {"max_expected_summed_weight", "neurons_per_core", "n_synapse_cores", "allow_delay_extensions"},
    "SpikeSourcePoisson": {"seed", "max_rate", "neurons_per_core"},
    "SpikeSourceArray": {"neurons_per_core"},
}
_STATE: dict[str, Any] = {"on": False, "projections": 0}


def setup(
    timestep=None,
    min_delay="auto",
    max_delay=None,
    database_socket_addresses=None,
    time_scale_factor=None,
    n_chips_required=None,
    n_boards_required=None,
    **extra_params,
):
    assert not _STATE["on"]
    assert isinstance(time_scale_factor, int)
    assert not extra_params
    _STATE["on"] = True
    LOG.append(["setup", timestep, time_scale_factor])
    return 0


def run(simtime, callbacks=None):
    assert _STATE["on"]
    if SCRIPT.get("fault") == "machine":
        raise RuntimeError(f"could not reach {SCRIPT['said']}")
    if SCRIPT.get("fault") == "hang":
        time.sleep(600.0)
    RUNS.append(simtime)
    return sum(RUNS)


def end(_=True):
    assert _STATE["on"]
    _STATE["on"] = False
    write_log()


class IF_curr_exp:  # noqa: N801 - the name is given
    def __init__(self, **kwargs):
        assert set(kwargs) <= _CELL
        self.parameters = kwargs


class SpikeSourcePoisson:
    def __init__(self, rate=0.0, start=0, duration=None):
        self.parameters = {"rate": rate}


class SpikeSourceArray:
    def __init__(self, spike_times=None):
        self.parameters = {"spike_times": spike_times}


class _Train:
    """A spike train of Neo, as far as it is used."""

    def __init__(self, times):
        self._times = times

    def rescale(self, unit):
        assert unit == "ms"
        return SimpleNamespace(magnitude=self._times)


class Population:
    def __init__(
        self,
        size,
        cellclass,
        cellparams=None,
        structure=None,
        initial_values=None,
        label=None,
        additional_parameters=None,
        **additional_kwargs,
    ):
        assert _STATE["on"]
        kind = type(cellclass).__name__
        assert set(additional_parameters or {}) <= _EXTRA[kind]
        self.size, self.label, self._recorded = size, label, False
        LOG.append(["population", label, size, kind, cellclass.parameters, additional_parameters])

    def set(self, **parameters):
        assert set(parameters) <= _CELL
        LOG.append(["set", self.label, parameters])

    def initialize(self, **kwargs):
        LOG.append(["initialize", self.label, kwargs])

    def record(self, variables, to_file=None, sampling_interval=None):
        assert variables == "spikes"
        assert not RUNS, "recording begins before the first run"
        self._recorded = True

    def get_data(self, variables="all", gather=True, clear=False, *, annotations=None):
        assert variables == "spikes"
        assert self._recorded
        times, neurons = ARRAYS[f"time_ms.{self.label}"], ARRAYS[f"neuron.{self.label}"]
        seen = times < sum(RUNS)
        trains = [_Train(times[seen & (neurons == index)]) for index in range(self.size)]
        return SimpleNamespace(segments=[SimpleNamespace(spiketrains=trains)])


class FromListConnector:
    def __init__(self, conn_list, column_names=None, *, safe=True, verbose=False, callback=None):
        assert column_names == ["weight"]
        self.rows = np.asarray(conn_list)
        assert self.rows.shape[1] == 3
        assert (self.rows[:, 2] >= 0.0).all(), "signs are dropped without a word"


class StaticSynapse:
    def __init__(self, weight=0.0, delay=None, pad_to_length=None):
        self.delay, self.stdp = delay, None


class SpikePairRule:
    def __init__(self, tau_plus=20.0, tau_minus=20.0, A_plus=0.01, A_minus=0.01):
        self.parameters = {"tau_plus": tau_plus, "tau_minus": tau_minus, "A_plus": A_plus, "A_minus": A_minus}


class AdditiveWeightDependence:
    def __init__(self, w_min=0.0, w_max=1.0):
        self.parameters = {"w_min": w_min, "w_max": w_max}


class STDPMechanism:
    def __init__(
        self,
        timing_dependence,
        weight_dependence,
        voltage_dependence=None,
        dendritic_delay_fraction=1.0,
        weight=0.0,
        delay=None,
        pad_to_length=None,
        backprop_delay=True,
    ):
        assert dendritic_delay_fraction == 1.0
        assert backprop_delay is False, "post spikes would be delayed with the synapse"
        self.delay, self.stdp = delay, timing_dependence.parameters | weight_dependence.parameters


class Projection:
    def __init__(
        self,
        presynaptic_population,
        postsynaptic_population,
        connector,
        synapse_type=None,
        source=None,
        receptor_type="excitatory",
        space=None,
        label=None,
        download_synapses=False,
        partition_id="SPIKE",
    ):
        self._shape = presynaptic_population.size, postsynaptic_population.size
        self._rows, self._plastic = connector.rows, synapse_type.stdp is not None
        self._number = _STATE["projections"]
        _STATE["projections"] += 1
        ends = [presynaptic_population.label, postsynaptic_population.label]
        LOG.append(["projection", *ends, receptor_type, synapse_type.delay, synapse_type.stdp, len(self._rows)])

    def get(self, attribute_names, format, gather=True, with_address=True, multiple_synapses="last"):  # noqa: A002
        assert (attribute_names, format) == ("weight", "array")
        assert self._plastic
        found = np.full(self._shape, np.nan)
        pre, post = self._rows[:, :2].astype(int).T
        found[pre, post] = ARRAYS[f"weights.{self._number}"][len(RUNS) - 1][pre, post]
        return found
