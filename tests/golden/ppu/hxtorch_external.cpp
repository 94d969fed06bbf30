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
volatile uint8_t sal_signed_2_baseline_causal[2][6][256]
    __attribute__((aligned(128), section("ext_dram.data")));
volatile uint8_t sal_signed_2_baseline_anticausal[2][6][256]
    __attribute__((aligned(128), section("ext_dram.data")));
volatile uint8_t sal_signed_2_balance[2][6][256]
    __attribute__((aligned(128), section("ext_dram.data")));
volatile uint8_t sal_signed_2_residual[2][6][256]
    __attribute__((aligned(128), section("ext_dram.data")));
volatile uint8_t sal_signed_2_final[2][6][256]
    __attribute__((aligned(128), section("ext_dram.data")));
volatile uint32_t sal_signed_2_finished;
volatile uint32_t sal_signed_2_updates;

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
    VectorRowMod8 const v1 = sal_load(sal_signed_2_baseline_causal[sal_half()][place]);
    VectorRowFracSat16 const v2 = static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(v1));
    VectorRowFracSat16 const v3 = static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(v0));
    VectorRowFracSat16 const v4 = v2 - v3;
    VectorRowMod8 const v5 = acausal;
    VectorRowMod8 const v6 = sal_load(sal_signed_2_baseline_anticausal[sal_half()][place]);
    VectorRowFracSat16 const v7 = static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(v6));
    VectorRowFracSat16 const v8 = static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(v5));
    VectorRowFracSat16 const v9 = v7 - v8;
    VectorRowMod8 const v10 = sal_load(sal_signed_2_balance[sal_half()][place]);
    VectorRowFracSat16 const v11 = static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(v10));
    VectorRowFracSat16 const v12 = v4 << 7;
    VectorRowFracSat16 const v13 = v11 << 7;
    VectorRowFracSat16 const v14 = v12 * v13;
    VectorRowFracSat16 const v15 = v9 << 5;
    VectorRowFracSat16 const v16 = v15 - v14;
    VectorRowFracSat8 const v17 = static_cast<VectorRowFracSat8>(sal_load(sal_signed_2_residual[sal_half()][place]));
    VectorRowFracSat16 const v18 = static_cast<VectorRowFracSat16>(v17);
    VectorRowFracSat16 const v19 = v18 >> 8;
    VectorRowFracSat16 const v20 = v16 + v19;
    VectorRowFracSat16 const v21 = VectorRowFracSat16(0);
    VectorRowFracSat16 const v22 = v21 - v20;
    VectorRowFracSat16 const v23 = vector_if(v20, VectorIfCondition::lesser, v22, v20);
    VectorRowFracSat16 const v24 = v23 + v23;
    VectorRowFracSat16 const v25 = VectorRowFracSat16(26214);
    VectorRowFracSat16 const v26 = v24 * v25;
    VectorRowFracSat16 const v27 = v21 - v26;
    VectorRowFracSat16 const v28 = vector_if(v20, VectorIfCondition::lesser, v27, v26);
    VectorRowMod8 const v29 = sal_draw();
    VectorRowFracSat16 const v30 = static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(v29));
    VectorRowFracSat16 const v31 = v28 + v30;
    VectorRowFracSat8 const v32 = static_cast<VectorRowFracSat8>(v31);
    VectorRowMod8 const v33 = weight;
    VectorRowFracSat8 const v34 = static_cast<VectorRowFracSat8>(v33);
    VectorRowFracSat8 const v35 = v34 + v32;
    VectorRowMod8 const v36 = sal_clip(v35);
    return v36;
}

// The new weights of a row of inhibitory synapses. Readings fall with correlation.
VectorRowMod8 sal_inhibitory(
    VectorRowMod8 const& causal,
    VectorRowMod8 const& acausal,
    VectorRowMod8 const& weight,
    [[maybe_unused]] size_t const place)
{
    VectorRowMod8 const v0 = causal;
    VectorRowMod8 const v1 = sal_load(sal_signed_2_baseline_causal[sal_half()][place]);
    VectorRowFracSat16 const v2 = static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(v1));
    VectorRowFracSat16 const v3 = static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(v0));
    VectorRowFracSat16 const v4 = v2 - v3;
    VectorRowMod8 const v5 = acausal;
    VectorRowMod8 const v6 = sal_load(sal_signed_2_baseline_anticausal[sal_half()][place]);
    VectorRowFracSat16 const v7 = static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(v6));
    VectorRowFracSat16 const v8 = static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(v5));
    VectorRowFracSat16 const v9 = v7 - v8;
    VectorRowMod8 const v10 = sal_load(sal_signed_2_balance[sal_half()][place]);
    VectorRowFracSat16 const v11 = static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(v10));
    VectorRowFracSat16 const v12 = v4 << 7;
    VectorRowFracSat16 const v13 = v11 << 7;
    VectorRowFracSat16 const v14 = v12 * v13;
    VectorRowFracSat16 const v15 = v9 << 5;
    VectorRowFracSat16 const v16 = v15 - v14;
    VectorRowFracSat8 const v17 = static_cast<VectorRowFracSat8>(sal_load(sal_signed_2_residual[sal_half()][place]));
    VectorRowFracSat16 const v18 = static_cast<VectorRowFracSat16>(v17);
    VectorRowFracSat16 const v19 = v18 >> 8;
    VectorRowFracSat16 const v20 = v16 + v19;
    VectorRowFracSat16 const v21 = VectorRowFracSat16(0);
    VectorRowFracSat16 const v22 = v21 - v20;
    VectorRowFracSat16 const v23 = vector_if(v20, VectorIfCondition::lesser, v22, v20);
    VectorRowFracSat16 const v24 = v23 + v23;
    VectorRowFracSat16 const v25 = VectorRowFracSat16(26214);
    VectorRowFracSat16 const v26 = v24 * v25;
    VectorRowFracSat16 const v27 = v21 - v26;
    VectorRowFracSat16 const v28 = vector_if(v20, VectorIfCondition::lesser, v27, v26);
    VectorRowMod8 const v29 = sal_draw();
    VectorRowFracSat16 const v30 = static_cast<VectorRowFracSat16>(static_cast<VectorRowMod16>(v29));
    VectorRowFracSat16 const v31 = v28 + v30;
    VectorRowFracSat8 const v32 = static_cast<VectorRowFracSat8>(v31);
    VectorRowMod8 const v33 = weight;
    VectorRowFracSat8 const v34 = static_cast<VectorRowFracSat8>(v33);
    VectorRowFracSat8 const v35 = v34 - v32;
    VectorRowMod8 const v36 = sal_clip(v35);
    return v36;
}

} // namespace

template <size_t N, size_t M>
void PLASTICITY_RULE_KERNEL(
    std::array<SynapseArrayViewHandle, N>& synapses,
    std::array<NeuronViewHandle, M>&)
{
    // The handles of the excitatory synapses come first, then as many of the inhibitory ones.
    static_assert(N % 2 == 0, "a signed projection has as many excitatory as inhibitory handles");

    size_t rows = 0;
    for (size_t index = 0; index < N; ++index) {
        if (synapses[index].hemisphere != ppu) {
            continue;
        }
        rows += synapses[index].rows.size();
    }
    // More rows than there is room for: change nothing, and the host sees that no update was counted.
    if (rows > 6) {
        return;
    }

    // After the run nothing is learned: what the weights have become is left for the host.
    if (grenade::vx::ppu::now() >= 25000000125ull) {
        size_t place = 0;
        for (size_t index = 0; index < N; ++index) {
            auto const& handle = synapses[index];
            if (handle.hemisphere != ppu) {
                continue;
            }
            for (size_t row = 0; row < handle.rows.size(); ++row, ++place) {
                sal_store(sal_signed_2_final[sal_half()][place], handle.get_weights(row));
            }
        }
        sal_signed_2_finished = 1;
        return;
    }

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
                index < N / 2 ? sal_excitatory(correlation.causal, correlation.acausal, weight, place)
                              : sal_inhibitory(correlation.causal, correlation.acausal, weight, place);
            handle.set_weights(changed, row);
        }
    }
    sal_signed_2_updates = sal_signed_2_updates + 1;
}
