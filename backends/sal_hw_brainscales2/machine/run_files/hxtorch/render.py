"""The run file for hxtorch: run data and kernels, put into ``templates/run_hxtorch.py.txt``; needs no vendor software.

Written for a pinned release: hxtorch from when rules came to ``Synapse`` (2026-02-17), with a grenade from before its
change to topologies (2026-06-12), which no hxtorch follows so far. The run file refuses others, and names PyNN's.
Sources of what is used, all of the organisation electronicvisions:

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

* *Weights.* It returns no plastic weights; the kernel leaves them in symbols, as it does with PyNN. These
  are by rows and columns of the chip; which synapse lies where is read from the experiment's network graph, which
  exists after a run only. Constants per synapse would be needed before it, so they are refused.
* *Noise.* It has no layer for the chip's background generators. As input spikes, noise of 2 kHz of model time would be
  2 MHz of chip time per neuron and sign: 256 million events per second for 2 x 32 neurons, two in each cycle of the
  FPGA's 125 MHz clock, and 150 million in a run of 600 s of model time. So the run file derives a layer from
  ``InputNeuron`` that adds grenade's own population of background sources, which the chip makes itself.
* *Signs.* Each connection takes a synapse of either sign, also where one is not used: twice the rows in one-signed
  networks, which are refused where rows run out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sal_hw.errors import InputError, Problem
from sal_hw_brainscales2.machine.run_files.declarations import (
    KEEP_LESS,
    KEPT_IN_MEMORY,
    MAX_EXTERNAL,
    external_bytes,
)
from sal_hw_brainscales2.machine.run_files.hxtorch.layers import BUSES, Layer, layers_of, too_many_rows
from sal_hw_brainscales2.machine.run_files.hxtorch.memory import kernel_memory
from sal_hw_brainscales2.machine.run_files.hxtorch.refusal import ELSEWHERE, refusal
from sal_hw_brainscales2.machine.run_files.run_data import (
    MAX_RUNTIME_US,
    Arrays,
    RunData,
    entry,
    run_document,
)
from sal_hw_brainscales2.machine.run_files.template import embed, literal, render, text_literal
from sal_hw_brainscales2.machine.sdk import WINDOWS

#: step of given spikes, in microseconds of chip time, as in the run file
STEP_US = 0.1

#: memory of given spikes on the computer, in bytes; a choice
MAX_DENSE = 512 * 2**20

#: chip time after the last update's end, since the processors start their clocks after the FPGA; a choice
RUN_ON_US = 100.0


def render_hxtorch(data: RunData, kernels: Mapping[int, str]) -> str:
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
    problems = [*_impossible(data), *_too_large(data, kernels)]
    if problems:
        raise InputError(problems)
    layers, arrays = [], _kept(data)
    for number, (layer, weights, exists) in enumerate(layers_of(data)):
        arrays[f"weights.{number}"] = weights
        if not exists.all():
            arrays[f"exists.{number}"] = exists
            if layer.rule is not None:
                words = "rules for projections that connect all neurons (hxtorch, spiking/modules/sparse_synapse.py)"
                raise InputError(refusal(f"the rule of {layer.name}, some of whose synapses are left out", words))
        layers.append(layer)
    problems = [*too_many_rows(layers, arrays, data)]
    if problems:
        raise InputError(problems)
    inner = "".join(f"    {number}: {text_literal(text)},\n" for number, text in sorted(kernels.items()))
    return render(
        "run_hxtorch",
        RELEASE=f"RELEASE = {literal(WINDOWS['hxtorch'])}",
        PROGRAM=f"PROGRAM: dict[str, Any] = {literal(_document(data, layers, kernels))}",
        KERNELS=f"KERNELS: dict[int, str] = {{\n{inner}}}",
        ARRAYS=f"ARRAYS: dict[str, Any] = {embed(arrays)}",
    )


def _impossible(data: RunData) -> Iterator[Problem]:
    if not data.rules:
        yield refusal("no learning rule", "a program that learns")
    for rule in data.rules:
        if rule.constants_per_synapse:
            yield refusal(
                f"constants per synapse in the rule of {rule.projection}",
                "constants that are the same for all synapses: hxtorch tells only after a run where each synapse lies",
                f"{ELSEWHERE}, or compile without --calibration, which then treats all synapses alike",
            )
    if data.chip_us + RUN_ON_US > MAX_RUNTIME_US:
        yield refusal(
            f"{data.chip_us / 1e6:g} s of chip time",
            f"at most {MAX_RUNTIME_US / 1e6:.2f} s of chip time: the FPGA's timer counts 32 bits (haldls, vx/timer.h)",
            "shorten the experiment's duration",
        )
    if not data.background and not data.external:
        yield refusal("no stimulus", "at least one, from which it takes how many runs there are")
    reached = {item.target for item in data.projections}
    reached |= {item.population for item in data.background} | {item.population for item in data.external}
    for item in data.populations:
        if item.name not in reached:
            yield refusal(f"{item.name}, which has no input", "populations with an input")


def _too_large(data: RunData, kernels: Mapping[int, str]) -> Iterator[Problem]:
    """Yield what there is no memory for, on the FPGA or on the computer."""
    taken = external_bytes(kernels.values())
    if taken > MAX_EXTERNAL:
        yield refusal(f"{taken} bytes in the FPGA's memory", f"at most {MAX_EXTERNAL} {KEPT_IN_MEMORY}", KEEP_LESS)
    given = dense_bytes(data)
    if given > MAX_DENSE:
        yield refusal(
            f"{given / 2**20:.0f} MiB of given spikes",
            f"at most {MAX_DENSE / 2**20:.0f} MiB: hxtorch takes them as one number for each step of {STEP_US} us and "
            "each source (hxtorch, spiking/modules/input_neuron.py), and copies that",
            f"{ELSEWHERE}, which takes them as lists; or end the spikes earlier",
        )


def dense_bytes(data: RunData) -> int:
    """Return the memory of given spikes on the computer, as hxtorch takes them: 4 bytes per step and source."""
    found = 0
    for item in data.external:
        last_us = data.lead_us + float(data.arrays[f"external.{item.name}.time_us"].max(initial=0.0))
        found += (round(last_us / STEP_US) + 1) * len(data.arrays[f"neurons.{item.population}.site"]) * 4
    return found


def _kept(data: RunData) -> Arrays:
    """Return the arrays that are used as they are: settings of neurons are in the calibration."""
    return {
        name: values
        for name, values in data.arrays.items()
        if name.startswith("external.") or (name.startswith("neurons.") and name.endswith(".site"))
    }


def _document(data: RunData, layers: Sequence[Layer], kernels: Mapping[int, str]) -> dict[str, Any]:
    """Return the run data as JSON in hxtorch's terms: layers of synapses, buses, and what the kernels share."""
    document = {name: item for name, item in run_document(data).items() if name != "projections"}
    background = [entry(item, bus=item.generator % BUSES) for item in data.background]
    rules = [entry(rule, **entry(kernel_memory(data, rule, kernels[rule.number]))) for rule in data.rules]
    shown = [entry(layer) for layer in layers]
    return {**document, "run_on_us": RUN_ON_US, "background": background, "layers": shown, "rules": rules}
