"""A chip that computes networks of current-based LIF neurons in single precision, tick by tick."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np


def _folder() -> Path:
    return Path(os.environ["SAL_HW_FAKE_SPINNAKER2"])


def _answers() -> dict:
    path = _folder() / "answers.json"
    return json.loads(path.read_text()) if path.exists() else {}


def _column(population, name):
    return np.broadcast_to(np.asarray(population.params[name], dtype=np.float32), (population.size,))


class SpiNNaker2Chip:
    def __init__(self, eth_ip=None, experiment_backend_type=None):
        self.eth_ip = eth_ip

    def run(self, net, timesteps, debug=None, mapping_only=False, reset_board=True, sys_tick_in_s=1e-3):
        print("chatter of the vendor's software")
        answers = _answers()
        net.validate()
        call = {
            "eth_ip": self.eth_ip,
            "timesteps": timesteps,
            "sys_tick_in_s": sys_tick_in_s,
            "mapping_only": mapping_only,
            "populations": [[item.size, item.neuron_model, item.max_atoms] for item in net.populations],
            "synapses": sum(len(item.connections) for item in net.projections),
        }
        with (_folder() / "calls.jsonl").open("a") as file:
            file.write(json.dumps(call) + "\n")
        if "raise" in answers:
            raise RuntimeError(answers["raise"])
        if "hang_s" in answers:
            time.sleep(answers["hang_s"])
        _simulate(net, timesteps)
        for population in net.populations:
            if population.neuron_model != "spike_list" and "extra_spike" in answers:
                population.spikes.setdefault(0, []).append(answers["extra_spike"])


def _outgoing(net):
    found = {}
    for projection in net.projections:
        for source, target, weight, delay in projection.connections:
            found.setdefault((projection.pre, source), []).append((projection.post, target, weight, delay))
    return found


def _given(net):
    found = {}
    for item in net.populations:
        if item.neuron_model == "spike_list":
            for source, train in item.params.items():
                for tick in train:
                    found.setdefault(tick, []).append((item, source))
    return found


def _simulate(net, ticks):
    neurons = [item for item in net.populations if item.neuron_model != "spike_list"]
    exc, inh, v, wait = ({item: np.zeros(item.size, dtype=np.float32) for item in neurons} for _ in range(4))
    arriving = {item: np.zeros((10, 2, item.size), dtype=np.int64) for item in neurons}
    outgoing, given = _outgoing(net), _given(net)
    for item in net.populations:
        item.spikes, item.voltages = {}, {n: np.zeros(ticks, dtype=np.float32) for n in range(item.size)}
    for tick in range(ticks):
        spiking = list(given.get(tick, []))
        for item in neurons:
            assert item.params["reset"] == "reset_to_v_reset"
            now = arriving[item][tick % 10]
            exc[item] = exc[item] * _column(item, "exc_decay") + now[0].astype(np.float32)
            inh[item] = inh[item] * _column(item, "inh_decay") + now[1].astype(np.float32)
            now[:] = 0
            moved = v[item] * _column(item, "alpha_decay") + (exc[item] + inh[item] + _column(item, "i_offset"))
            free = wait[item] == 0
            v[item] = np.where(free, moved, v[item])
            wait[item] = np.where(free, 0, wait[item] - 1)
            fired = free & (v[item] >= _column(item, "threshold"))
            v[item] = np.where(fired, _column(item, "v_reset"), v[item])
            wait[item] = np.where(fired, _column(item, "t_refrac"), wait[item])
            for n in np.flatnonzero(fired).tolist():
                item.spikes.setdefault(n, []).append(tick)
                spiking.append((item, n))
            for n in range(item.size):
                item.voltages[n][tick] = v[item][n]
        for source in spiking:
            for post, target, weight, delay in outgoing.get(source, []):
                arriving[post][(tick + delay + 1) % 10, 0 if weight >= 0 else 1, target] += weight
