"""Learning rules as C++ for the plasticity processors, to be compiled by PyNN and hxtorch; needs no vendor software.

The interface is that of grenade's ``vx/ppu/synapse_array_view_handle.h`` (handles; the sources of the handles and of
the call are made by ``vx/execution/detail/ppu_program_generator.cpp``, which renames the first occurrence of the word
PLASTICITY_RULE_KERNEL). With PyNN, a rule belongs to projections of one polarity. With hxtorch, a ``Synapse`` with
signed weights is two projections, the excitatory one first (hxtorch, ``spiking/modules/synapse.py``,
``add_to_network_graph``), so that the first half of the handles is excitatory. Neither declares recordings to grenade,
which would take memory for every call of a kernel, those before the run included: kernels leave what is kept of them in
symbols (:mod:`sal_hw_brainscales2.machine.ppu.kept`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from typing_extensions import assert_never

from sal_hw.kernel.baselines import MOST_READS, read_bits
from sal_hw.kernel.ir import MEASURED, Kernel
from sal_hw.program import CompiledProgram
from sal_hw.spec.signs import Polarity
from sal_hw_brainscales2.machine.ppu import lead as lead_text
from sal_hw_brainscales2.machine.ppu import text as ppu_text
from sal_hw_brainscales2.machine.ppu.kept import MAX_UPDATES, Kept, keeps
from sal_hw_brainscales2.machine.ppu.statements import integer, statements
from sal_hw_brainscales2.machine.ppu.symbols import (
    KEEPS_NOTHING,
    MAX_ROWS,
    Memory,
    Symbol,
    busiest_rows,
    kernel_symbols,
    learning_polarities,
)
from sal_hw_brainscales2.machine.sdk import FrontEnd
from sal_hw_brainscales2.program import ChipProgram, PlacedKernel, SynapseTile

#: largest seed of the random numbers; a byte, and 0 is a state that a shift register never leaves
MAX_SEED = 255

#: cycles of a processor in a microsecond of its grenade timers (grenade, vx/ppu.h), and the most that 63 bits hold
CYCLES_PER_US, MAX_CYCLES = 250.0, 2**63 - 1

#: calls before a run, and rows that one of them measures; far more than any program has
MAX_LEAD_CALLS, MAX_LEAD_ROWS = 10**6, 9999

__all__ = ["MAX_SEED", "program_files", "render_kernel"]


def render_kernel(
    placed: PlacedKernel,
    tiles: Sequence[SynapseTile],
    *,
    number: int,
    front_end: FrontEnd,
    polarity: Polarity | None = None,
    seed: int = 1,
    kept: Kept = KEEPS_NOTHING,
) -> str:
    """Return the C++ text of a learning rule; the same arguments give the same text.

    Parameters
    ----------
    tiles
        Of the rule's projection.
    number
        Tells the symbols of this kernel from those of others of the program.
    polarity
        With ``pynn``: which synapses the rule object is for. With ``hxtorch``: None.
    seed
        Of the random numbers, 1 to 255.
    kept
        How long the run is, and what of it the kernel keeps.

    Raises
    ------
    TypeError, ValueError
        If anything but whole numbers in their range would be inserted.
    """
    polarities = learning_polarities(placed, front_end, polarity)
    symbols = kernel_symbols(placed, tiles, number=number, front_end=front_end, polarity=polarity, kept=kept)
    kernels = {each: _kernel_of(placed, each) for each in polarities}
    draws = any(kernel.random_draws for kernel in kernels.values())
    where = _where(symbols)
    lead = _lead(placed, kernels[polarities[0]], where, first_call(placed, tiles, polarities))
    entry = ppu_text.entry(
        polarities,
        {item.role: item.name for item in symbols},
        signed=front_end == "hxtorch",
        rows=integer(busiest_rows(tiles, polarities), 1, 2 * MAX_ROWS),
        reset="true" if all(kernel.resets for kernel in kernels.values()) else "false",
        end=f"{integer(_end_cycles(placed, kept), 0, MAX_CYCLES)}ull",
        lead=lead,
        kept=(kept, integer(kept.updates, 0, MAX_UPDATES), integer(kept.every, 0, MAX_UPDATES)),
    )
    return "".join(
        [
            ppu_text.HEAD,
            ppu_text.declarations(symbols),
            "\nnamespace {\n",
            ppu_text.helpers(symbols, _seeds(seed) if draws else None),
            lead_text.measure(lead),
            *(ppu_text.learn(each, statements(kernel, where)) for each, kernel in kernels.items()),
            "\n} // namespace\n",
            entry,
        ]
    )


def _end_cycles(placed: PlacedKernel, kept: Kept) -> int:
    """Return a cycle between the last update and the call after the run: half of the time before an update later."""
    periods_us = (placed.lead_calls + kept.updates) * placed.period_us
    return round((periods_us + placed.start_us / 2) * CYCLES_PER_US)


def program_files(program: CompiledProgram, *, updates: int) -> dict[str, bytes]:
    """Return the kernel texts of a program, for a run of so many updates, by the names of their files."""
    if not isinstance(program.part, ChipProgram):
        return {}
    files: dict[str, bytes] = {}
    for number, placed in enumerate(program.part_of(ChipProgram).kernels):
        tiles, kept = program.part_of(ChipProgram).tiles_of(placed.projection), keeps(program, placed, updates)
        seed = 1 + program.seed % MAX_SEED
        chosen: list[Polarity] = ["excitatory", "inhibitory"]
        for polarity in chosen:
            if placed.kernel(polarity) is not None:
                text = render_kernel(
                    placed, tiles, number=number, front_end="pynn", polarity=polarity, seed=seed, kept=kept
                )
                files[f"kernel_{number}_pynn_{polarity}.cpp"] = text.encode("ascii")
        text = render_kernel(placed, tiles, number=number, front_end="hxtorch", seed=seed, kept=kept)
        files[f"kernel_{number}_hxtorch.cpp"] = text.encode("ascii")
    return files


def _lead(
    placed: PlacedKernel, kernel: Kernel, where: Mapping[str, tuple[str, ...]], first: int
) -> lead_text.LeadText | None:
    """Return what the kernel does before the run; None if it learns with its first call."""
    if not placed.lead_calls:
        return None
    calls = integer(placed.lead_calls, 1, MAX_LEAD_CALLS)
    last = integer(placed.lead_calls - 1, 0, MAX_LEAD_CALLS)
    reads = kernel.baseline_reads
    if not reads:
        return lead_text.LeadText(calls=calls, last=last)
    bits = read_bits(reads)
    return lead_text.LeadText(
        calls=calls,
        last=last,
        first=integer(first, 0, MAX_LEAD_CALLS),
        rows=integer(placed.lead_rows, 1, MAX_LEAD_ROWS),
        parts=integer(placed.lead_parts, 1, MOST_READS),
        last_part=integer(placed.lead_parts - 1, 0, MOST_READS),
        reads=integer(reads // placed.lead_parts, 1, MOST_READS),
        half=integer(reads // 2, 1, MOST_READS),
        bits=integer(bits, 1, 10),
        quarter=integer(reads // 4, 1, MOST_READS),
        one_bit_less=integer(bits - 1, 1, 9),
        places={name: places[0] for name, places in where.items() if name in MEASURED or name == "balance"},
    )


def first_call(placed: PlacedKernel, tiles: Sequence[SynapseTile], polarities: Sequence[Polarity]) -> int:
    """Return the first call in which a kernel text measures: inhibitory rows come after the excitatory ones."""
    if placed.excitatory is None or "excitatory" in polarities or not placed.lead_rows:
        return placed.lead_first
    turns = -(-busiest_rows(tiles, ("excitatory",)) // placed.lead_rows)
    return placed.lead_first + turns * placed.lead_parts


def _kernel_of(placed: PlacedKernel, polarity: Polarity) -> Kernel:
    kernel = placed.kernel(polarity)
    if kernel is None:
        raise TypeError(f"{placed.rule} has no {polarity} kernel")
    return kernel


def _seeds(seed: int) -> tuple[str, str]:
    """Return the seeds of both hemispheres, which differ: their generators are alike."""
    first = integer(seed, 1, MAX_SEED)
    return first, integer((seed + MAX_SEED // 2) % MAX_SEED + 1, 1, MAX_SEED)


def _where(symbols: Sequence[Symbol]) -> dict[str, tuple[str, ...]]:
    """Return the expressions of each constant's bytes of a row."""
    where: dict[str, tuple[str, ...]] = {}
    for item in symbols:
        if item.role in ("constant", "measured"):
            where[item.constant] = (*where.get(item.constant, ()), f"{item.name}{_half(item.memory)}[place]")
    return where


def _half(memory: Memory) -> str:
    """Return what chooses the processor's part of a symbol."""
    match memory:
        case "sram":
            return ""
        case "external":
            return "[sal_half()]"
        case _:
            assert_never(memory)
