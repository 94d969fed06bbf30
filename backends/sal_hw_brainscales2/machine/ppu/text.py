"""The fixed text of kernels for the plasticity processors; what varies is fixed words and checked integers."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

from sal_hw_brainscales2.machine.ppu.kept import Kept, begin_update, final_call, keep_row, keep_weights
from sal_hw_brainscales2.machine.ppu.lead import LeadText, lead_calls
from sal_hw_brainscales2.machine.ppu.statements import DROPPED_DRAWS, HIGHEST_WEIGHT, WARM_UP_DRAWS
from sal_hw_brainscales2.machine.ppu.symbols import Symbol

#: sections of the linker script (libnux, share/libnux/elf32nux.x, tests of data placement; grenade puts recordings
#: there, ppu_program_generator.cpp): external memory that holds data, and the processor's own memory by default
_SECTIONS = {"external": ', section("ext_dram.data")', "sram": ""}

#: the includes
HEAD = """\
// Spike-based alignment learning on the plasticity processors of BrainScaleS-2. Made by sal-hw.
#include "grenade/vx/ppu/neuron_view_handle.h"
#include "grenade/vx/ppu/synapse_array_view_handle.h"
#include "grenade/vx/ppu/time.h"
#include "libnux/vx/dls.h"
#include "libnux/vx/parallel_rng.h"
#include "libnux/vx/vector_if.h"
#include "libnux/vx/vector_row.h"
#include <array>
#include <cstddef>
#include <cstdint>

using namespace grenade::vx::ppu;
using namespace libnux::vx;

// The processor that runs this: each changes the synapses of its own hemisphere only.
extern volatile libnux::vx::PPUOnDLS ppu;
"""

_SYMBOLS = """
// Shared with the host. Bytes, not rows of vectors: the constructors of those would clear them at the start.
"""

_HALF = """
// Which part of external memory, shared by both processors, is this one's.
size_t sal_half()
{
    return ppu == PPUOnDLS::bottom ? 1 : 0;
}
"""

_LOAD = """
// A row from memory: bytes of even columns first, then those of odd ones.
VectorRowMod8 sal_load(volatile uint8_t const (&bytes)[256])
{
    return *reinterpret_cast<VectorRowMod8 const*>(const_cast<uint8_t const*>(bytes));
}
"""

_JOIN = """
// 16-bit numbers of their signed high and their unsigned low bytes.
VectorRowFracSat16 sal_join(VectorRowMod8 const& high, VectorRowMod8 const& low)
{
    return static_cast<VectorRowFracSat16>(static_cast<VectorRowFracSat8>(high)) +
           static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(low));
}
"""

_STORE = """
// A row into memory, in the order of columns in which it is loaded.
void sal_store(volatile uint8_t (&bytes)[256], VectorRowMod8 const& row)
{
    *reinterpret_cast<VectorRowMod8*>(const_cast<uint8_t*>(bytes)) = row;
}
"""

_CLIP = """
// The nearest weight.
VectorRowMod8 sal_clip(VectorRowFracSat8 const& value)
{
    VectorRowFracSat8 const positive =
        vector_if(value, VectorIfCondition::lesser, VectorRowFracSat8(0), value);
    VectorRowFracSat8 const limited = vector_if(
        positive - VectorRowFracSat8($highest), VectorIfCondition::greater, VectorRowFracSat8($highest), positive);
    return static_cast<VectorRowMod8>(limited);
}
"""

_RANDOM = """
// Seeds the random numbers at the start, for each hemisphere in its own way, and draws until the seed is forgotten.
struct SalSeed
{
    SalSeed()
    {
        parallel_rng_seed(VectorRowMod8(ppu == PPUOnDLS::top ? $top : $bottom));
        for (size_t draw = 0; draw < $warm_up; ++draw) {
            parallel_rng_rand<VectorRowMod8>();
        }
    }
};

SalSeed sal_seed;

// Fresh random bytes. A draw shifts in one new bit, so those in between are dropped.
VectorRowMod8 sal_draw()
{
    for (size_t draw = 0; draw < $dropped; ++draw) {
        parallel_rng_rand<VectorRowMod8>();
    }
    return parallel_rng_rand<VectorRowMod8>();
}
"""

_LEARN = """
// The new weights of a row of $word synapses. Readings fall with correlation.
VectorRowMod8 sal_$word(
    VectorRowMod8 const& causal,
    VectorRowMod8 const& acausal,
    VectorRowMod8 const& weight,
    [[maybe_unused]] size_t const place)
{
$statements
}
"""

_ENTRY = """
template <size_t N, size_t M>
void PLASTICITY_RULE_KERNEL(
    std::array<SynapseArrayViewHandle, N>& synapses,
    std::array<NeuronViewHandle, M>&)
{
$begin    size_t rows = 0;
    for (size_t index = 0; index < N; ++index) {
        if (synapses[index].hemisphere != ppu$skip) {
            continue;
        }
        rows += synapses[index].rows.size();
    }
    // More rows than there is room for: change nothing, and the host sees that no update was counted.
    if (rows > $rows) {
        return;
    }

$lead$final$times    size_t place = 0;
    for (size_t index = 0; index < N; ++index) {
        auto const& handle = synapses[index];
        if (handle.hemisphere != ppu$skip) {
            continue;
        }
        for (size_t row = 0; row < handle.rows.size(); ++row, ++place) {
            auto const correlation = handle.get_correlation(row, $reset);
            VectorRowMod8 const weight = handle.get_weights(row);
            VectorRowMod8 const changed =
$learn
            handle.set_weights(changed, row);$keep
        }
    }$record
    $updates = $updates + 1;
}
"""

_HALVES = """\
    // The handles of the excitatory synapses come first, then as many of the inhibitory ones.
    static_assert(N % 2 == 0, "a signed projection has as many excitatory as inhibitory handles");

"""

#: which handles are passed over where only synapses of the other half learn
_SKIPS = {("excitatory", "inhibitory"): "", ("excitatory",): " || index >= N / 2", ("inhibitory",): " || index < N / 2"}


def declarations(symbols: tuple[Symbol, ...]) -> str:
    """Return the definitions of the symbols: global and not static, so that the host finds them."""
    lines = [_SYMBOLS]
    for item in symbols:
        if item.shape:
            sizes = "".join(f"[{size}]" for size in item.shape)
            attributes = f"__attribute__((aligned(128){_SECTIONS[item.memory]}))"
            kind = "uint32_t" if item.role == "times" else "uint8_t"
            lines.append(f"volatile {kind} {item.name}{sizes}\n    {attributes};\n")
        else:
            lines.append(f"volatile uint32_t {item.name};\n")
    return "".join(lines)


def helpers(symbols: tuple[Symbol, ...], seeds: tuple[str, str] | None) -> str:
    """Return the functions that the rest needs; `seeds` of the top and bottom hemisphere if it draws numbers."""
    roles = {item.role for item in symbols}
    parts = [
        _HALF,
        _LOAD if roles & {"constant", "measured"} else "",
        _JOIN if any(item.part for item in symbols) else "",
        _STORE,
        Template(_CLIP).substitute(highest=HIGHEST_WEIGHT),
    ]
    if seeds is not None:
        drawn = {"warm_up": WARM_UP_DRAWS, "dropped": DROPPED_DRAWS, "top": seeds[0], "bottom": seeds[1]}
        parts.append(Template(_RANDOM).substitute(drawn))
    return "".join(parts)


def learn(word: str, statements: list[str]) -> str:
    """Return the function that makes a row of new weights."""
    return Template(_LEARN).substitute(word=word, statements="\n".join(f"    {line}" for line in statements))


def entry(
    words: tuple[str, ...],
    names: Mapping[str, str],
    *,
    signed: bool,
    rows: str,
    reset: str,
    end: str,
    lead: LeadText | None,
    kept: tuple[Kept, str, str],
) -> str:
    """Return the function that grenade calls.

    Parameters
    ----------
    words
        Polarities that learn.
    names
        Of the symbols, by role.
    signed
        Whether the handles are those of a signed projection, of which one half may not learn.
    end
        Cycle from which on the run is over.
    kept
        What is kept, how many updates, and how many from one record to the next, as text.
    """
    calls = [f"sal_{word}(correlation.causal, correlation.acausal, weight, place)" for word in words]
    chosen = (
        f"                {calls[0]};"
        if len(calls) == 1
        else f"                index < N / 2 ? {calls[0]}\n                              : {calls[1]};"
    )
    skip = _SKIPS[words] if signed else ""
    what, count, every = kept
    return Template(_ENTRY).substitute(
        names,
        begin=_HALVES if signed else "",
        skip=skip,
        rows=rows,
        reset=reset,
        lead=lead_calls(lead, skip),
        final=final_call(names, end=end, skip=skip),
        times=begin_update(what, names, count=count),
        learn=chosen,
        keep=keep_row(what, names),
        record=keep_weights(what, names, every=every, skip=skip),
    )
