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
volatile uint8_t sal_inhibitory_1_baseline_causal[3][256]
    __attribute__((aligned(128)));
volatile uint8_t sal_inhibitory_1_baseline_anticausal[3][256]
    __attribute__((aligned(128)));
volatile uint8_t sal_inhibitory_1_balance[3][256]
    __attribute__((aligned(128)));
volatile uint8_t sal_inhibitory_1_final[2][3][256]
    __attribute__((aligned(128), section("ext_dram.data")));
volatile uint32_t sal_inhibitory_1_finished;
volatile uint32_t sal_inhibitory_1_updates;

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

// The new weights of a row of inhibitory synapses. Readings fall with correlation.
VectorRowMod8 sal_inhibitory(
    VectorRowMod8 const& causal,
    VectorRowMod8 const& acausal,
    VectorRowMod8 const& weight,
    [[maybe_unused]] size_t const place)
{
    VectorRowMod8 const v0 = causal;
    VectorRowMod8 const v1 = sal_load(sal_inhibitory_1_baseline_causal[place]);
    VectorRowFracSat8 const v2 = v1.convert_contiguous();
    VectorRowFracSat8 const v3 = v0.convert_contiguous();
    VectorRowFracSat8 const v4 = v2 - v3;
    VectorRowMod8 const v5 = acausal;
    VectorRowMod8 const v6 = sal_load(sal_inhibitory_1_baseline_anticausal[place]);
    VectorRowFracSat8 const v7 = v6.convert_contiguous();
    VectorRowFracSat8 const v8 = v5.convert_contiguous();
    VectorRowFracSat8 const v9 = v7 - v8;
    VectorRowMod8 const v10 = sal_load(sal_inhibitory_1_balance[place]);
    VectorRowFracSat8 const v11 = static_cast<VectorRowFracSat8>(v10);
    VectorRowFracSat8 const v12 = VectorRowFracSat8(64);
    VectorRowFracSat8 const v13 = v11 - v12;
    VectorRowFracSat8 const v14 = v13 << 1;
    VectorRowFracSat8 const v15 = v4 * v14;
    VectorRowFracSat8 const v16 = VectorRowFracSat8(0);
    VectorRowFracSat8 const v17 = v16 - v14;
    VectorRowFracSat8 const v18 = v4 * v17;
    VectorRowFracSat8 const v19 = v15 - v18;
    VectorRowFracSat8 const v20 = v9 - v4;
    VectorRowFracSat8 const v21 = v20 + v20;
    VectorRowFracSat8 const v22 = v21 - v19;
    VectorRowFracSat8 const v23 = v16 - v22;
    VectorRowFracSat8 const v24 = vector_if(v22, VectorIfCondition::lesser, v23, v22);
    VectorRowFracSat8 const v25 = VectorRowFracSat8(32);
    VectorRowFracSat8 const v26 = v24 * v25;
    VectorRowFracSat8 const v27 = VectorRowFracSat8(1);
    VectorRowFracSat8 const v28 = v26 + v27;
    VectorRowFracSat8 const v29 = v28 >> 1;
    VectorRowFracSat8 const v30 = v16 - v29;
    VectorRowFracSat8 const v31 = vector_if(v22, VectorIfCondition::lesser, v30, v29);
    VectorRowMod8 const v32 = weight;
    VectorRowFracSat8 const v33 = static_cast<VectorRowFracSat8>(v32);
    VectorRowFracSat8 const v34 = v33 + v31;
    VectorRowMod8 const v35 = sal_clip(v34);
    return v35;
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
    if (grenade::vx::ppu::now() >= 25000000125ull) {
        size_t place = 0;
        for (size_t index = 0; index < N; ++index) {
            auto const& handle = synapses[index];
            if (handle.hemisphere != ppu) {
                continue;
            }
            for (size_t row = 0; row < handle.rows.size(); ++row, ++place) {
                sal_store(sal_inhibitory_1_final[sal_half()][place], handle.get_weights(row));
            }
        }
        sal_inhibitory_1_finished = 1;
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
                sal_inhibitory(correlation.causal, correlation.acausal, weight, place);
            handle.set_weights(changed, row);
        }
    }
    sal_inhibitory_1_updates = sal_inhibitory_1_updates + 1;
}
