"""A chunk as a network of py-spinnaker2, and what it recorded; run files embed this module as it is.

Used are only names and arguments that public code uses: ``snn.Population``, ``snn.Projection``, ``snn.Network`` and
``hardware.SpiNNaker2Chip``. A network and a chip are made anew for every chunk: that weights of a network can change
between two runs is not shown anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw_spinnaker.chunks.loop import Chunk, Records

#: neuron models whose synapses have no field of a delay, which is one tick
NO_DELAY = "_no_delay"


class UnbelievableError(Exception):
    """The machine's software returned what no run can give."""


def run_chunk(
    vendor: SimpleNamespace, plan: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], chunk: Chunk, address: str
) -> Records:
    """Run a chunk on a chip.

    Parameters
    ----------
    vendor
        The modules ``snn`` and ``hardware``.
    plan, arrays
        Of :mod:`sal_hw_spinnaker.chunks.plan`.
    address
        Of the chip's board in the network.

    Raises
    ------
    UnbelievableError
        If records are not those of such a run.
    """
    populations = {item["name"]: _population(vendor.snn, index, item, arrays) for index, item in _numbered(plan)}
    parts = [*populations.values()]
    parts += _projections(vendor.snn, plan, arrays, chunk, populations)
    parts += _inputs(vendor.snn, plan, arrays, chunk, populations)
    network = vendor.snn.Network("sal_hw")
    network.add(*parts)
    chip = vendor.hardware.SpiNNaker2Chip(eth_ip=address)
    chip.run(network, chunk.ticks, sys_tick_in_s=plan["real_tick_s"])
    spikes, potentials = {}, {}
    for item in plan["populations"]:
        name, size = item["name"], int(item["size"])
        spikes[name] = read_spikes(populations[name].get_spikes(), size, chunk.ticks, name)
        if item["records_potential"]:
            potentials[name] = read_potentials(populations[name].get_voltages(), size, chunk.ticks, name)
    return Records(spikes=spikes, potentials=potentials)


def _numbered(plan: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    return list(enumerate(plan["populations"]))


def _population(snn: Any, index: int, item: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Any:
    offsets = [float(value) for value in arrays[f"i_offset.{item['name']}"]]
    record = ["spikes", "v"] if item["records_potential"] else ["spikes"]
    made = snn.Population(
        size=int(item["size"]),
        neuron_model=item["model"],
        params={**item["parameters"], "i_offset": offsets},
        name=f"population_{index}",
        record=record,
    )
    made.set_max_atoms_per_core(int(item["neurons_per_core"]))
    return made


def _projections(
    snn: Any,
    plan: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    chunk: Chunk,
    populations: Mapping[str, Any],
) -> list[Any]:
    models = {item["name"]: item["model"] for item in plan["populations"]}
    found = []
    for index, item in enumerate(plan["projections"]):
        weights = np.where(arrays[f"exists.{item['name']}"], chunk.weights[item["name"]], 0)
        field = delay_field(models[item["target"]], int(item["delay_ticks"]))
        connections = [[int(pre), int(post), int(weights[pre, post]), field] for pre, post in np.argwhere(weights)]
        if connections:
            ends = {"pre": populations[item["source"]], "post": populations[item["target"]]}
            found.append(snn.Projection(**ends, connections=connections, name=f"projection_{index}"))
    return found


def _inputs(
    snn: Any,
    plan: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    chunk: Chunk,
    populations: Mapping[str, Any],
) -> list[Any]:
    models = {item["name"]: item["model"] for item in plan["populations"]}
    found = []
    for index, item in enumerate(plan["inputs"]):
        weights = arrays[f"input.{item['name']}"]
        _, (tick, source) = chunk.inputs[item["name"]]
        # sources without a spike are left out, and the others numbered anew
        used = [int(each) for each in np.unique(source) if weights[each % len(weights)] != 0]
        if not used:
            continue
        trains = {place: [int(each) for each in tick[source == number]] for place, number in enumerate(used)}
        neurons = [number % len(weights) for number in used]
        given = snn.Population(size=len(used), neuron_model="spike_list", params=trains, name=f"input_{index}")
        given.set_max_atoms_per_core(int(item["sources_per_core"]))
        field = delay_field(models[item["population"]], 1)
        connections = [[place, neuron, int(weights[neuron]), field] for place, neuron in enumerate(neurons)]
        ends = {"pre": given, "post": populations[item["population"]]}
        found += [given, snn.Projection(**ends, connections=connections, name=f"input_synapses_{index}")]
    return found


def delay_field(model: str, delay_ticks: int) -> int:
    """Return what stands for a delay in a connection: one tick less; models without delays want 0."""
    return 0 if model.endswith(NO_DELAY) else delay_ticks - 1


def read_spikes(found: object, size: int, ticks: int, population: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return recorded spikes in order of time, from a dictionary of neurons to lists of ticks.

    Raises
    ------
    UnbelievableError
        If there are none such: a tick or neuron that does not exist, or two spikes of a neuron in a tick.
    """
    if not isinstance(found, Mapping):
        raise UnbelievableError(f"the spikes of {population} are no dictionary")
    pairs = [(tick, neuron) for neuron, train in found.items() for tick in train]
    table = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    inside = (table >= 0).all() and (table[:, 0] < ticks).all() and (table[:, 1] < size).all()
    if not inside or (table != np.floor(table)).any():
        raise UnbelievableError(f"spikes of {population} lie outside of {ticks} ticks and {size} neurons")
    whole = np.unique(table.astype(np.int64), axis=0)
    if len(whole) != len(table):
        raise UnbelievableError(f"a neuron of {population} spiked twice in a tick")
    return whole[:, 0].copy(), whole[:, 1].copy()


def read_potentials(found: object, size: int, ticks: int, population: str) -> NDArray[np.float64]:
    """Return recorded potentials, shape (ticks, neurons), from a dictionary of neurons to arrays.

    Raises
    ------
    UnbelievableError
        If a neuron or a tick is missing, or a number is not finite.
    """
    if not isinstance(found, Mapping) or set(found) != set(range(size)):
        raise UnbelievableError(f"there are not potentials of all {size} neurons of {population}")
    columns = [np.asarray(found[neuron], dtype=np.float64) for neuron in range(size)]
    if any(column.shape != (ticks,) or not np.isfinite(column).all() for column in columns):
        raise UnbelievableError(f"potentials of {population} are not {ticks} finite numbers per neuron")
    return np.stack(columns, axis=1)
