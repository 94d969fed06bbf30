"""The fixed text of kernels for the plasticity processors; what varies is fixed words and checked integers."""

from __future__ import annotations

from string import Template

from sal_hw_brainscales2.machine.ppu.lead import LeadText, lead_calls
from sal_hw_brainscales2.machine.ppu.statements import DROPPED_DRAWS, HIGHEST_WEIGHT, WARM_UP_DRAWS
from sal_hw_brainscales2.machine.ppu.symbols import Symbol

#: sections of the linker script (libnux, share/libnux/elf32nux.x, tests of data placement; grenade puts recordings
#: there, ppu_program_generator.cpp): external memory that holds data, and the processor's own memory by default
_SECTIONS = {"external": ', section("ext_dram.data")', "sram": ""}

_HEAD = """\
// Spike-based alignment learning on the plasticity processors of BrainScaleS-2. Made by sal-hw.
#include "grenade/vx/ppu/neuron_view_handle.h"
#include "grenade/vx/ppu/synapse_array_view_handle.h"
$more#include "libnux/vx/dls.h"
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

_RECORDING_HEADERS = """\
#include "grenade/vx/ppu/time.h"
#include "hate/tuple.h"
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
    std::array<NeuronViewHandle, M>&$recording)
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

$lead    size_t place = 0;
$loop
    $updates = $updates + 1;
}
"""

_PYNN_LOOP = """\
    hate::for_each(
        [&](SynapseArrayViewHandle const& handle, auto& recorded$sensed) {
            if (handle.hemisphere != ppu) {
                return;
            }
            for (size_t row = 0; row < handle.rows.size(); ++row, ++place) {
                auto const correlation = handle.get_correlation(row, $reset);
                VectorRowMod8 const changed =
                    sal_$word(correlation.causal, correlation.acausal, handle.get_weights(row), place);
                handle.set_weights(changed, row);
$record
            }
        },
        synapses, recording.w$observables);"""

#: what is recorded besides where somebody asks for the sensors' readings: as they come from the converter
_SENSED = ", auto& read_causal, auto& read_acausal"
_OBSERVABLES = ", recording.causal, recording.acausal"

_RECORDS = {
    "packed_active_columns": """\
                for (size_t column = 0; column < handle.columns.size(); ++column) {
                    recorded[row][column] = changed[handle.columns[column]];$readings
                }""",
    "complete_rows": """\
                recorded[row] = changed;$readings""",
}

_READINGS = {
    "packed_active_columns": """
                    read_causal[row][column] = correlation.causal[handle.columns[column]];
                    read_acausal[row][column] = correlation.acausal[handle.columns[column]];""",
    "complete_rows": """
                read_causal[row] = correlation.causal;
                read_acausal[row] = correlation.acausal;""",
}

_HXTORCH_LOOP = """\
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
            handle.set_weights(changed, row);
            sal_store($weights[sal_half()][place], changed);
        }
    }"""

_HALVES = """\
    // The handles of the excitatory synapses come first, then as many of the inhibitory ones.
    static_assert(N % 2 == 0, "a signed projection has as many excitatory as inhibitory handles");

"""

#: which handles are passed over where only synapses of the other half learn
_SKIPS = {("excitatory", "inhibitory"): "", ("excitatory",): " || index >= N / 2", ("inhibitory",): " || index < N / 2"}


def head(*, records: bool) -> str:
    """Return the includes."""
    return Template(_HEAD).substitute(more=_RECORDING_HEADERS if records else "")


def declarations(symbols: tuple[Symbol, ...]) -> str:
    """Return the definitions of the symbols: global and not static, so that the host finds them."""
    lines = [_SYMBOLS]
    for item in symbols:
        if item.shape:
            sizes = "".join(f"[{size}]" for size in item.shape)
            attributes = f"__attribute__((aligned(128){_SECTIONS[item.memory]}))"
            lines.append(f"volatile uint8_t {item.name}{sizes}\n    {attributes};\n")
        else:
            lines.append(f"volatile uint32_t {item.name};\n")
    return "".join(lines)


def helpers(symbols: tuple[Symbol, ...], seeds: tuple[str, str] | None) -> str:
    """Return the functions that the rest needs; `seeds` of the top and bottom hemisphere if it draws numbers."""
    roles = {item.role for item in symbols}
    parts = [
        _HALF if any(item.memory == "external" for item in symbols) else "",
        _LOAD if roles & {"constant", "measured"} else "",
        _JOIN if any(item.part for item in symbols) else "",
        _STORE if roles & {"weights", "measured"} else "",
        Template(_CLIP).substitute(highest=HIGHEST_WEIGHT),
    ]
    if seeds is not None:
        drawn = {"warm_up": WARM_UP_DRAWS, "dropped": DROPPED_DRAWS, "top": seeds[0], "bottom": seeds[1]}
        parts.append(Template(_RANDOM).substitute(drawn))
    return "".join(parts)


def learn(word: str, statements: list[str]) -> str:
    """Return the function that makes a row of new weights."""
    return Template(_LEARN).substitute(word=word, statements="\n".join(f"    {line}" for line in statements))


def pynn_entry(
    word: str, *, rows: str, updates: str, reset: str, lead: LeadText | None, layout: str, senses: bool = False
) -> str:
    """Return the function that grenade calls for a rule of one polarity; `senses` records the sensors' readings too."""
    record = Template(_RECORDS[layout]).substitute(readings=_READINGS[layout] if senses else "")
    return Template(_ENTRY).substitute(
        recording=",\n    Recording& recording",
        begin="    recording.time = grenade::vx::ppu::now();\n\n",
        skip="",
        rows=rows,
        lead=lead_calls(lead, ""),
        loop=Template(_PYNN_LOOP).substitute(
            word=word,
            reset=reset,
            record=record,
            sensed=_SENSED if senses else "",
            observables=_OBSERVABLES if senses else "",
        ),
        updates=updates,
    )


def hxtorch_entry(
    words: tuple[str, ...], *, rows: str, updates: str, reset: str, lead: LeadText | None, weights: str
) -> str:
    """Return the function that grenade calls for a rule of a signed projection."""
    calls = [f"sal_{word}(correlation.causal, correlation.acausal, weight, place)" for word in words]
    chosen = (
        f"                {calls[0]};"
        if len(calls) == 1
        else f"                index < N / 2 ? {calls[0]}\n                              : {calls[1]};"
    )
    skip = _SKIPS[words]
    return Template(_ENTRY).substitute(
        recording="",
        begin=_HALVES,
        skip=skip,
        rows=rows,
        lead=lead_calls(lead, skip),
        loop=Template(_HXTORCH_LOOP).substitute(skip=skip, reset=reset, learn=chosen, weights=weights),
        updates=updates,
    )
