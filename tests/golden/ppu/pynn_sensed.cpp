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

// Shared with the host. Bytes, not rows of vectors: the constructors of those would clear them at the start.
volatile uint8_t sal_excitatory_0_baseline_causal[3][256]
    __attribute__((aligned(128)));
volatile uint8_t sal_excitatory_0_baseline_anticausal[3][256]
    __attribute__((aligned(128)));
volatile uint8_t sal_excitatory_0_final[2][3][256]
    __attribute__((aligned(128), section("ext_dram.data")));
volatile uint8_t sal_excitatory_0_records[2][2][3][256]
    __attribute__((aligned(128), section("ext_dram.data")));
volatile uint8_t sal_excitatory_0_causal[12][2][3][256]
    __attribute__((aligned(128), section("ext_dram.data")));
volatile uint8_t sal_excitatory_0_acausal[12][2][3][256]
    __attribute__((aligned(128), section("ext_dram.data")));
volatile uint32_t sal_excitatory_0_times[2][12]
    __attribute__((aligned(128), section("ext_dram.data")));
volatile uint32_t sal_excitatory_0_finished;
volatile uint32_t sal_excitatory_0_updates;

namespace {

// Which part of external memory, shared by both processors, is this one's.
size_t sal_half()
{
    return ppu == PPUOnDLS::bottom ? 1 : 0;
}

// A row from memory: bytes of even columns first, then those of odd ones.
VectorRowMod8 sal_load(volatile uint8_t const (&bytes)[256])
{
    return *reinterpret_cast<VectorRowMod8 const*>(const_cast<uint8_t const*>(bytes));
}

// A row into memory, in the order of columns in which it is loaded.
void sal_store(volatile uint8_t (&bytes)[256], VectorRowMod8 const& row)
{
    *reinterpret_cast<VectorRowMod8*>(const_cast<uint8_t*>(bytes)) = row;
}

// The nearest weight.
VectorRowMod8 sal_clip(VectorRowFracSat8 const& value)
{
    VectorRowFracSat8 const positive =
        vector_if(value, VectorIfCondition::lesser, VectorRowFracSat8(0), value);
    VectorRowFracSat8 const limited = vector_if(
        positive - VectorRowFracSat8(63), VectorIfCondition::greater, VectorRowFracSat8(63), positive);
    return static_cast<VectorRowMod8>(limited);
}

// Seeds the random numbers at the start, for each hemisphere in its own way, and draws until the seed is forgotten.
struct SalSeed
{
    SalSeed()
    {
        parallel_rng_seed(VectorRowMod8(ppu == PPUOnDLS::top ? 1 : 129));
        for (size_t draw = 0; draw < 234; ++draw) {
            parallel_rng_rand<VectorRowMod8>();
        }
    }
};

SalSeed sal_seed;

// Fresh random bytes. A draw shifts in one new bit, so those in between are dropped.
VectorRowMod8 sal_draw()
{
    for (size_t draw = 0; draw < 8; ++draw) {
        parallel_rng_rand<VectorRowMod8>();
    }
    return parallel_rng_rand<VectorRowMod8>();
}

// The new weights of a row of excitatory synapses. Readings fall with correlation.
VectorRowMod8 sal_excitatory(
    VectorRowMod8 const& causal,
    VectorRowMod8 const& acausal,
    VectorRowMod8 const& weight,
    [[maybe_unused]] size_t const place)
{
    VectorRowMod8 const v0 = causal;
    VectorRowMod8 const v1 = sal_load(sal_excitatory_0_baseline_causal[place]);
    VectorRowFracSat16 const v2 = static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(v1));
    VectorRowFracSat16 const v3 = static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(v0));
    VectorRowFracSat16 const v4 = v2 - v3;
    VectorRowMod8 const v5 = acausal;
    VectorRowMod8 const v6 = sal_load(sal_excitatory_0_baseline_anticausal[place]);
    VectorRowFracSat16 const v7 = static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(v6));
    VectorRowFracSat16 const v8 = static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(v5));
    VectorRowFracSat16 const v9 = v7 - v8;
    VectorRowFracSat16 const v10 = v9 - v4;
    VectorRowFracSat16 const v11 = v10 << 5;
    VectorRowFracSat16 const v12 = VectorRowFracSat16(0);
    VectorRowFracSat16 const v13 = v12 - v11;
    VectorRowFracSat16 const v14 = vector_if(v11, VectorIfCondition::lesser, v13, v11);
    VectorRowFracSat16 const v15 = v14 + v14;
    VectorRowFracSat16 const v16 = VectorRowFracSat16(26214);
    VectorRowFracSat16 const v17 = v15 * v16;
    VectorRowFracSat16 const v18 = v12 - v17;
    VectorRowFracSat16 const v19 = vector_if(v11, VectorIfCondition::lesser, v18, v17);
    VectorRowMod8 const v20 = sal_draw();
    VectorRowFracSat16 const v21 = static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(v20));
    VectorRowFracSat16 const v22 = v19 + v21;
    VectorRowFracSat8 const v23 = static_cast<VectorRowFracSat8>(v22);
    VectorRowMod8 const v24 = weight;
    VectorRowFracSat8 const v25 = static_cast<VectorRowFracSat8>(v24);
    VectorRowFracSat8 const v26 = v25 + v23;
    VectorRowMod8 const v27 = sal_clip(v26);
    return v27;
}

} // namespace

template <size_t N, size_t M>
void PLASTICITY_RULE_KERNEL(
    std::array<SynapseArrayViewHandle, N>& synapses,
    std::array<NeuronViewHandle, M>&)
{
    size_t rows = 0;
    for (size_t index = 0; index < N; ++index) {
        if (synapses[index].hemisphere != ppu) {
            continue;
        }
        rows += synapses[index].rows.size();
    }
    // More rows than there is room for: change nothing, and the host sees that no update was counted.
    if (rows > 3) {
        return;
    }

    // After the run nothing is learned: what the weights have become is left for the host.
    if (grenade::vx::ppu::now() >= 30125ull) {
        size_t place = 0;
        for (size_t index = 0; index < N; ++index) {
            auto const& handle = synapses[index];
            if (handle.hemisphere != ppu) {
                continue;
            }
            for (size_t row = 0; row < handle.rows.size(); ++row, ++place) {
                sal_store(sal_excitatory_0_final[sal_half()][place], handle.get_weights(row));
            }
        }
        sal_excitatory_0_finished = 1;
        return;
    }

    // The time of each update that is kept, in cycles of 8 ns; there is room for as many as the run has.
    uint32_t const update = sal_excitatory_0_updates;
    if (update >= 12) {
        return;
    }
    sal_excitatory_0_times[sal_half()][update] = static_cast<uint32_t>(grenade::vx::ppu::now() >> 1);
    size_t place = 0;
    for (size_t index = 0; index < N; ++index) {
        auto const& handle = synapses[index];
        if (handle.hemisphere != ppu) {
            continue;
        }
        for (size_t row = 0; row < handle.rows.size(); ++row, ++place) {
            auto const correlation = handle.get_correlation(row, true);
            VectorRowMod8 const weight = handle.get_weights(row);
            VectorRowMod8 const changed =
                sal_excitatory(correlation.causal, correlation.acausal, weight, place);
            handle.set_weights(changed, row);
            sal_store(sal_excitatory_0_causal[update][sal_half()][place], correlation.causal);
            sal_store(sal_excitatory_0_acausal[update][sal_half()][place], correlation.acausal);
        }
    }
    // Only when all rows have learned: no row has to wait for a record.
    if ((update + 1) % 5 == 0) {
        size_t record = 0;
        for (size_t index = 0; index < N; ++index) {
            auto const& handle = synapses[index];
            if (handle.hemisphere != ppu) {
                continue;
            }
            for (size_t row = 0; row < handle.rows.size(); ++row, ++record) {
                sal_store(sal_excitatory_0_records[update / 5][sal_half()][record], handle.get_weights(row));
            }
        }
    }
    sal_excitatory_0_updates = sal_excitatory_0_updates + 1;
}
