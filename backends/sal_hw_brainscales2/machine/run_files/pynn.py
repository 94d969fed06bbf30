"""The run file for PyNN: run data and kernels, put into ``templates/run_pynn.py.txt``; needs no vendor software.

Written for the heads of pynn-brainscales, grenade, haldls and halco of August 2026; those from 2026-06-12 on fit.
Sources of what is used, all of the organisation electronicvisions:

* pynn-brainscales, ``brainscales2/pynn_brainscales/brainscales2``: ``__init__.py`` (setup and its keywords, injected
  configuration, readout), ``simulator.py`` (order of calls, read symbols per chip), ``projections.py`` (signs, order of
  connections, ``placed_connections``, ``get_data``), ``plasticity_rules.py`` (timer, rule), ``standardmodels/cells.py``
  (on-chip Poisson sources, settings from ``initial_config``), ``recording.py`` (spike trains);
* grenade: ``network/abstract/placement/greedy_placer.cpp`` (permutations; a Poisson source takes its bus on both
  hemispheres), ``network/abstract/calibration/jit.cpp`` (one synaptic strength for all neurons of a chip),
  ``network/abstract/frontend`` (PREPARE marks elements as unchanged), ``ppu_program_generator.cpp`` (recordings,
  counters), ``execution_health_info.h``;
* haldls and halco: ``ppu.h``, ``phy.h``, ``routing_crossbar.h``, ``synapse.h``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sal_hw.errors import InputError, Problem
from sal_hw.spec.signs import Polarity
from sal_hw_brainscales2.description import brainscales2_description
from sal_hw_brainscales2.machine.ppu.statements import CONSTANT_WORDS
from sal_hw_brainscales2.machine.ppu.symbols import symbol_prefix
from sal_hw_brainscales2.machine.run_files.declarations import (
    KEEP_LESS,
    KEPT_IN_MEMORY,
    MAX_EXTERNAL,
    Part,
    declarations,
    external_bytes,
    split_word,
)
from sal_hw_brainscales2.machine.run_files.kept_symbols import KeptSymbols, split_kept
from sal_hw_brainscales2.machine.run_files.run_data import MAX_RUNTIME_US, RuleData, RunData, entry, run_document
from sal_hw_brainscales2.machine.run_files.template import embed, literal, render, text_literal
from sal_hw_brainscales2.machine.sdk import WINDOWS
from sal_hw_brainscales2.passes.routing.rows import Grid
from sal_hw_brainscales2.passes.routing.vendor_rows import Connections, choose_buses, neuron_drivers, why_too_full

_GRID = Grid.of(brainscales2_description)

#: buses of a hemisphere, each of which has one background generator (halco, hicann-dls/vx/padi.h)
BUSES = _GRID.buses

#: samples of a membrane that PyNN records at most, since it leaves them in the FPGA's static memory
#: (pynn-brainscales, recording.py: CADCRecorder; grenade, vx/ppu.h: num_cadc_samples_in_extmem), and the least time
#: from one to the next, in microseconds (grenade, execution_instance_ppu_program_compiler.cpp)
MAX_SAMPLES, LEAST_SAMPLE_US = 100, 1.7

#: longest run of which a membrane is seen until its end, in microseconds
MAX_MEMBRANE_US = MAX_SAMPLES * LEAST_SAMPLE_US


def render_pynn(data: RunData, kernels: Mapping[tuple[int, Polarity], str]) -> str:
    """Return the run file; the same arguments give the same text.

    Parameters
    ----------
    kernels
        By the rule's number and the polarity; see :func:`sal_hw_brainscales2.machine.ppu.kernels.render_kernel`.

    Raises
    ------
    InputError
        E806 if PyNN cannot run the program.
    """
    problems = [*_impossible(data, kernels)]
    if problems:
        raise InputError(problems)
    texts = {f"{number}.{polarity}": text for (number, polarity), text in sorted(kernels.items())}
    inner = "".join(f'    "{name}": {text_literal(text)},\n' for name, text in texts.items())
    return render(
        "run_pynn",
        RELEASE=f"RELEASE = {literal(WINDOWS['pynn'])}",
        PROGRAM=f"PROGRAM: dict[str, Any] = {literal(_document(data, kernels))}",
        KERNELS=f"KERNELS: dict[str, str] = {{\n{inner}}}" if inner else "KERNELS: dict[str, str] = {}",
        ARRAYS=f"ARRAYS: dict[str, tuple[str, tuple[str, ...]]] = {embed(_used(data))}",
    )


def _impossible(data: RunData, kernels: Mapping[tuple[int, Polarity], str]) -> Iterator[Problem]:
    generators = len(data.background)
    if generators > BUSES:
        yield _refusal(
            f"{generators} background generators",
            f"at most {BUSES} with PyNN: it takes a generator's bus on both hemispheres (grenade, greedy_placer.cpp)",
            "leave noise out, or keep noisy populations on one hemisphere",
        )
    full = why_too_full(_neurons(data), _generators(data), _GRID)
    if full:
        yield _refusal(
            "rows for which there is no room",
            f"what the vendor's router places: {full}",
            "use fewer neurons, receptor: excitatory or inhibitory, or fewer Poisson stimuli; or add --emulate",
        )
    if data.chip_us > MAX_RUNTIME_US:
        yield _refusal(
            f"{data.chip_us / 1e6:g} s of chip time",
            f"at most {MAX_RUNTIME_US / 1e6:.2f} s of chip time: the FPGA's timer counts 32 bits (haldls, vx/timer.h)",
            "shorten the experiment's duration",
        )
    if any(item.record_membrane for item in data.populations):
        yield from _unseen_membranes(data)
    taken = external_bytes(kernels.values())
    if taken > MAX_EXTERNAL:
        yield _refusal(f"{taken} bytes in the FPGA's memory", f"at most {MAX_EXTERNAL} {KEPT_IN_MEMORY}", KEEP_LESS)


def _unseen_membranes(data: RunData) -> Iterator[Problem]:
    if data.rules:
        yield _refusal(
            "membranes and a learning rule",
            "one of them: a processor reads membranes periodically or runs rules (grenade, realtime executor)",
            "leave the membrane probe out",
        )
    elif data.runtime_us > MAX_MEMBRANE_US:
        yield _refusal(
            f"membranes during {data.runtime_us:g} us of chip time",
            f"at most {MAX_MEMBRANE_US:g} us: PyNN records {MAX_SAMPLES} samples of a membrane and then no more",
            "leave the membrane probe out, or shorten the experiment's duration",
        )


def _refusal(value: str, allowed: str, hint: str) -> Problem:
    return Problem(code="E806", field="via", value=f'"pynn", with {value}', allowed=allowed, hint=hint)


@dataclass(frozen=True, kw_only=True, slots=True)
class KernelSymbol:
    """A constant that a kernel declares, of which the host fills in one byte per synapse.

    Attributes
    ----------
    name
        Of the symbol.
    constant
        Of the constant that it holds a byte of.
    part
        Which byte: empty if there is one.
    memory
        Where it lies.
    rows
        How many rows of synapses it covers.
    """

    name: str
    constant: str
    part: Part
    memory: Literal["external", "sram"]
    rows: int


def _document(data: RunData, kernels: Mapping[tuple[int, Polarity], str]) -> dict[str, Any]:
    """Return the run data as JSON with what PyNN needs besides: buses, polarities, and the kernels' symbols."""
    buses = _buses(data)
    return {
        **run_document(data),
        # the router counts the synapses of a target in this order: those that learn come first, so that their rows
        # are a rectangle whatever others there are (passes/routing/vendor_rows.py)
        "projections": [entry(item) for item in sorted(data.projections, key=lambda item: not item.learns)],
        "background": [entry(item, bus=bus) for item, bus in zip(data.background, buses, strict=True)],
        "external": [entry(item, polarities=[*_polarities(data, item.name)]) for item in data.external],
        "rules": [_rule_entry(rule, kernels) for rule in data.rules],
    }


def _neurons(data: RunData) -> list[Connections]:
    """Return the connections between neurons."""
    return [
        Connections(
            polarity=item.polarity,
            sources=data.arrays[f"neurons.{item.source}.site"],
            targets=data.arrays[f"neurons.{item.target}.site"],
            exists=data.arrays[f"exists.{item.name}.{item.polarity}"],
        )
        for item in data.projections
    ]


def _generators(data: RunData) -> dict[int, int]:
    """Return the trains of each generator, by its number."""
    return {item.generator: item.size for item in data.background}


def _buses(data: RunData) -> list[int]:
    """Return a bus of each background source: its own, or one with room where two have the same."""
    chosen = choose_buses(neuron_drivers(_neurons(data), _GRID), _generators(data), _GRID)
    if chosen is None:
        raise ValueError("programs without room for their generators have been refused")
    return [chosen[item.generator] for item in data.background]


def _polarities(data: RunData, name: str) -> Iterator[str]:
    return (polarity for polarity in ("excitatory", "inhibitory") if f"codes.{name}.{polarity}" in data.arrays)


def _rule_entry(rule: RuleData, kernels: Mapping[tuple[int, Polarity], str]) -> dict[str, Any]:
    """Return a rule as JSON data with the symbols that its kernels share with the host, by polarity."""
    symbols: dict[str, list[dict[str, Any]]] = {}
    kept: dict[str, dict[str, Any]] = {}
    for (number, polarity), text in sorted(kernels.items()):
        if number == rule.number:
            everything, keeps = _symbols(text, symbol_prefix(number, "pynn", polarity))
            declared = [symbol for symbol in everything if symbol.constant not in rule.measured]
            if {symbol.constant for symbol in everything} != {*rule.constants, *rule.measured}:
                raise ValueError(f"the kernel of rule {number} declares other constants than it has")
            symbols[polarity], kept[polarity] = [entry(symbol) for symbol in declared], entry(keeps)
    return entry(rule, symbols=symbols, kept=kept)


def _symbols(text: str, prefix: str) -> tuple[list[KernelSymbol], KeptSymbols]:
    """Return the constants that a kernel's text declares, and what it keeps.

    Raises
    ------
    ValueError
        If the text declares something else.
    """
    kept, declared = split_kept(declarations(text), prefix)
    constants = []
    for found in declared:
        constant, part = split_word(found.name.removeprefix(prefix))
        constants.append(
            KernelSymbol(name=found.name, constant=constant, part=part, memory=found.memory, rows=found.shape[-2])
        )
    if any(each.constant not in CONSTANT_WORDS for each in constants):
        raise ValueError("the kernel declares a symbol that is no constant")
    return constants, kept


def _used(data: RunData) -> dict[str, Any]:
    """Return the arrays that the run file uses: settings of neurons are in the calibration.

    Constants that differ between synapses are looked up in those of the whole chip.
    """
    looked_up = {
        f"constants.{rule.projection}.{polarity}.{name}"
        for rule in data.rules
        for name in rule.constants
        if f"chip.{rule.number}.{name}" in data.arrays
        for polarity in ("excitatory", "inhibitory")
    }
    return {
        name: item
        for name, item in data.arrays.items()
        if name not in looked_up and (not name.startswith("neurons.") or name.endswith(".site"))
    }
