"""The run file for hxtorch: a bundle and kernels, put into ``templates/run_hxtorch.py.txt``; needs no vendor software.

Written for a pinned release: hxtorch from when rules came to ``Synapse`` until March 2026, with a grenade from before
its change to topologies of 2026-04-17. Later heads of both have other interfaces, which the run file refuses. Sources
of what is used, all of the organisation electronicvisions:

* hxtorch, ``src/pyhxtorch/hxtorch/spiking``: ``experiment.py`` (order of calls, routing function, network graph, read
  symbols), ``execution_instance.py`` (calibration, injected configuration, symbols), ``modules/synapse.py`` (a
  ``Synapse`` is an excitatory and an inhibitory projection; rules), ``modules/sparse_synapse.py``,
  ``modules/neuron.py`` (LIF, ``post_process`` as the place for other conversions of data),
  ``modules/input_neuron.py``, ``modules/hx_module_wrapper.py`` and ``backend/module_manager.py`` (loops);
  ``src/hxtorch``: ``hxtorch_core.cpp``,
  ``core/weight_to_connection.cpp`` (order of connections), ``hxtorch_spiking.cpp`` (``SpikeHandle``);
  ``tests/hw/test_spiking_grenade_plasticityrule.py`` (rules and symbols);
* grenade, ``include/grenade/vx``: ``network/network_graph.h`` (placed connections), ``network/plasticity_rule.h``,
  ``network/background_source_population.h``, ``signal_flow/execution_health_info.h``;
* pynn-brainscales, ``standardmodels/cells.py``: rate and period of a background generator.

What hxtorch cannot do, and what is done about it:

* *Weights.* It returns no plastic weights; the kernel leaves the last ones in a symbol, so a result has one record. The
  symbol is by rows and columns of the chip; which synapse lies where is read from the experiment's network graph, which
  exists after a run only. Constants per synapse would be needed before it, so they are refused.
* *Noise.* It has no layer for the chip's background generators. As input spikes, noise of 2 kHz of model time would be
  2 MHz of chip time per neuron and sign: 256 million events per second for 2 x 32 neurons, two in each cycle of the
  FPGA's 125 MHz clock, and 150 million in a run of 600 s of model time. So the run file derives a layer from
  ``InputNeuron`` that adds grenade's own population of background sources, which the chip makes itself.
* *Signs.* Each connection takes a synapse of either sign, also where one is not used: twice the rows in one-signed
  networks, which are refused where rows run out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import InputError, Problem
from sal_hw_brainscales2.machine.ppu.statements import CONSTANT_WORDS
from sal_hw_brainscales2.machine.ppu.symbols import symbol_prefix
from sal_hw_brainscales2.machine.run_files.bundle import MAX_RUNTIME_US, Arrays, Bundle
from sal_hw_brainscales2.machine.run_files.template import embed, literal, render, text_literal

#: circuits of a hemisphere, of the chip, and those that share an output (halco, hicann-dls/vx/neuron.h)
COLUMNS, SITES, OUTPUT = 256, 512, 32

#: buses of a hemisphere, and rows that a neuron's synapses can lie on, in all and per bus (halco, padi.h, synapse.h)
BUSES, MAX_ROWS, MAX_ROWS_PER_BUS = 4, 256, 64

#: chip time after the last update's end, since the processors start their clocks after the FPGA; a choice
RUN_ON_US = 100.0

_DECLARED = re.compile(r"^volatile (uint8_t|uint32_t) (\w+)((?:\[\d+\])*)([^;]*);$", re.MULTILINE)

_ELSEWHERE = "sal-hw compile and sal-hw run with --via pynn"


def render_hxtorch(bundle: Bundle, kernels: Mapping[int, str]) -> str:
    """Return the run file; the same arguments give the same text.

    Parameters
    ----------
    kernels
        By the rule's number; see :func:`sal_hw_brainscales2.machine.ppu.kernels.render_kernel`.

    Raises
    ------
    InputError
        E806 if hxtorch cannot run the program.
    """
    problems = [*_impossible(bundle)]
    if problems:
        raise InputError(problems)
    layers, arrays = [], _kept(bundle)
    for number, (layer, weights, exists) in enumerate(_layers(bundle)):
        arrays[f"weights.{number}"] = weights
        if not exists.all():
            arrays[f"exists.{number}"] = exists
            if layer["rule"] is not None:
                words = "rules for projections that connect all neurons (hxtorch, spiking/modules/sparse_synapse.py)"
                raise InputError(
                    _refusal(f"the rule of {layer['name']}, some of whose synapses are left out", words, _ELSEWHERE)
                )
        layers.append(layer)
    problems = [*_too_many_rows(layers, arrays, bundle)]
    if problems:
        raise InputError(problems)
    inner = "".join(f"    {number}: {text_literal(text)},\n" for number, text in sorted(kernels.items()))
    return render(
        "run_hxtorch",
        PROGRAM=f"PROGRAM: dict[str, Any] = {literal(_document(bundle, layers, kernels))}",
        KERNELS=f"KERNELS: dict[int, str] = {{\n{inner}}}",
        ARRAYS=f"ARRAYS: dict[str, Any] = {embed(arrays)}",
    )


def _impossible(bundle: Bundle) -> Iterator[Problem]:
    document = bundle.document
    if not document["rules"]:
        yield _refusal("no learning rule", "a program that learns", _ELSEWHERE)
    for rule in document["rules"]:
        if rule["senses"]:
            yield _refusal(
                f"a correlation probe of {rule['projection']}",
                "rules that record nothing: hxtorch hands out what a kernel leaves, not what it saw at each update",
                _ELSEWHERE,
            )
        if rule["constants_per_synapse"]:
            yield _refusal(
                f"constants per synapse in the rule of {rule['projection']}",
                "constants that are the same for all synapses: hxtorch tells only after a run where each synapse lies",
                f"{_ELSEWHERE}, or compile without --calibration, which then treats all synapses alike",
            )
    if document["runtime_us"] + RUN_ON_US > MAX_RUNTIME_US:
        yield _refusal(
            f"{document['runtime_us'] / 1e6:g} s of chip time",
            f"at most {MAX_RUNTIME_US / 1e6:.2f} s of chip time: the FPGA's timer counts 32 bits (haldls, vx/timer.h)",
            "shorten the experiment's duration",
        )
    if not document["background"] and not document["external"]:
        yield _refusal("no stimulus", "at least one, from which it takes how many runs there are", _ELSEWHERE)
    reached = {item["target"] for item in document["projections"]} | _stimulated(document)
    for item in document["populations"]:
        if item["name"] not in reached:
            yield _refusal(f"{item['name']}, which has no input", "populations with an input", _ELSEWHERE)


def _stimulated(document: dict[str, Any]) -> set[str]:
    return {item["population"] for kind in ("background", "external") for item in document[kind]}


def _refusal(value: str, allowed: str, hint: str) -> Problem:
    return Problem(code="E806", field="via", value=f'"hxtorch", with {value}', allowed=allowed, hint=hint)


def _layers(bundle: Bundle) -> Iterator[tuple[dict[str, Any], NDArray[np.int8], NDArray[np.bool_]]]:
    """Yield layers of synapses with their signed codes and which exist, both of shape (pre, post)."""
    document = bundle.document
    numbers = {rule["projection"]: rule["number"] for rule in document["rules"]}
    for item in {each["name"]: each for each in document["projections"]}.values():
        layer = {"name": item["name"], "source": ["population", item["source"]], "target": item["target"]}
        yield {**layer, "rule": numbers.get(item["name"])}, *_signed(bundle, item["name"])
    for number, item in enumerate(document["background"]):
        sites = bundle.arrays[f"neurons.{item['population']}.site"]
        # train k belongs to the k-th neuron that the population has on this hemisphere
        members = np.flatnonzero(sites // COLUMNS == item["hemisphere"])
        layer = {"name": item["name"], "source": ["background", number], "target": item["population"], "rule": None}
        weights = np.zeros((item["size"], len(sites)), dtype=np.int8)
        exists = np.zeros(weights.shape, dtype=np.bool_)
        signed, there = _signed(bundle, item["name"])
        trains = np.arange(len(members))
        weights[trains, members], exists[trains, members] = signed[members, members], there[members, members]
        yield layer, weights, exists
    for number, item in enumerate(document["external"]):
        layer = {"name": item["name"], "source": ["external", number], "target": item["population"], "rule": None}
        yield layer, *_signed(bundle, item["name"])


def _signed(bundle: Bundle, owner: str) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Return the codes of an owner as signed numbers, and which of its synapses exist.

    Raises
    ------
    InputError
        E806 if a connection has weights of both signs.
    """
    parts: Arrays = {}
    for polarity in ("excitatory", "inhibitory"):
        if f"codes.{owner}.{polarity}" in bundle.arrays:
            parts[polarity] = bundle.arrays[f"codes.{owner}.{polarity}"].astype(np.int8)
    exists = np.any([bundle.arrays[f"exists.{owner}.{polarity}"] for polarity in parts], axis=0)
    some = next(iter(parts.values()))
    excitatory, inhibitory = (parts.get(each, np.zeros_like(some)) for each in ("excitatory", "inhibitory"))
    both = int(((excitatory > 0) & (inhibitory > 0)).sum())
    if both:
        words = "one signed weight per connection, whose sign says which of its two synapses has it"
        raise InputError(_refusal(f"{both} connections of {owner} that excite and inhibit", words, _ELSEWHERE))
    return excitatory - inhibitory, exists


def _too_many_rows(layers: list[dict[str, Any]], arrays: Arrays, bundle: Bundle) -> Iterator[Problem]:
    """Yield a problem if a neuron needs more rows than it has, in all or of a bus: a connection takes one per sign."""
    rows = np.zeros((SITES, BUSES + 1), dtype=np.int64)
    for number, layer in enumerate(layers):
        kind, source = layer["source"]
        exists = arrays.get(f"exists.{number}", np.ones(arrays[f"weights.{number}"].shape, dtype=np.bool_))
        if kind == "population":
            buses = bundle.arrays[f"neurons.{source}.site"] % COLUMNS // OUTPUT % BUSES
        else:
            # an input from outside may come on any bus, which is counted apart
            bus = int(bundle.document["background"][source]["generator"]) % BUSES if kind == "background" else BUSES
            buses = np.full(len(exists), bus)
        sites = bundle.arrays[f"neurons.{layer['target']}.site"]
        pre, post = np.nonzero(exists)
        np.add.at(rows, (sites[post], buses[pre]), 2)
    in_all, on_bus = int(rows.sum(axis=1).max()), int(rows[:, :BUSES].max())
    if in_all > MAX_ROWS or on_bus > MAX_ROWS_PER_BUS:
        yield _refusal(
            f"a neuron that needs {in_all} rows, up to {on_bus} of a bus",
            f"at most {MAX_ROWS} rows per neuron and {MAX_ROWS_PER_BUS} per bus: with hxtorch each connection takes "
            "two synapses, one of each sign (hxtorch, spiking/modules/synapse.py)",
            _ELSEWHERE,
        )


def _kept(bundle: Bundle) -> Arrays:
    """Return the arrays that are used as they are: settings of neurons are in the calibration."""
    return {
        name: values
        for name, values in bundle.arrays.items()
        if name.startswith("external.") or (name.startswith("neurons.") and name.endswith(".site"))
    }


def _document(bundle: Bundle, layers: list[dict[str, Any]], kernels: Mapping[int, str]) -> dict[str, Any]:
    """Return the bundle's document in hxtorch's terms: layers of synapses, buses, and what the kernels share."""
    document = {name: item for name, item in bundle.document.items() if name != "projections"}
    background = [{**item, "bus": int(item["generator"]) % BUSES} for item in document["background"]]
    rules = [{**rule, **_memory(bundle, rule, kernels[rule["number"]])} for rule in document["rules"]]
    return {**document, "run_on_us": RUN_ON_US, "background": background, "layers": layers, "rules": rules}


def _memory(bundle: Bundle, rule: dict[str, Any], kernel: str) -> dict[str, Any]:
    """Return the polarities that a rule learns, and the symbols that its kernel shares with the host.

    Raises
    ------
    ValueError
        If the kernel declares something else.
    """
    name, prefix = rule["projection"], symbol_prefix(rule["number"], "hxtorch", None)
    learned = [each["polarity"] for each in bundle.document["projections"] if each["name"] == name]
    found: dict[str, Any] = {"polarities": sorted(learned), "constants_symbols": []}
    for _, symbol, sizes, attributes in _DECLARED.findall(kernel):
        word = symbol.removeprefix(prefix)
        shape = [int(size) for size in re.findall(r"\d+", sizes)]
        if word in ("updates", "weights"):
            found |= {f"{word}_symbol": symbol} | ({"rows": shape[1]} if word == "weights" else {})
            continue
        part = next((each for each in ("high", "low") if word.endswith(f"_{each}")), "")
        constant = word.removesuffix(f"_{part}") if part else word
        if not symbol.startswith(prefix) or constant not in CONSTANT_WORDS:
            raise ValueError(f"the kernel of rule {rule['number']} declares {symbol}")
        value = int(bundle.arrays[f"constants.{name}.{found['polarities'][0]}.{constant}"].flat[0])
        byte = (value >> (8 if part == "high" else 0)) & 0xFF
        memory = "external" if "section(" in attributes else "sram"
        found["constants_symbols"].append({"name": symbol, "memory": memory, "bytes": _size(shape), "byte": byte})
    if not {"updates_symbol", "weights_symbol"} <= set(found):
        raise ValueError(f"the kernel of rule {rule['number']} leaves no weights or does not count its updates")
    return found


def _size(shape: list[int]) -> int:
    return int(np.prod(shape, dtype=np.int64))
