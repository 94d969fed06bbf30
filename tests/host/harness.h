// Calls a kernel the way grenade does, from Python. Comes after the kernel's text in one translation unit.
//
// HANDLES is the number of synapse handles; RECORDING is defined where the kernel records.
#pragma once

volatile libnux::vx::PPUOnDLS ppu;

namespace {

std::array<grenade::vx::ppu::SynapseArrayViewHandle, HANDLES> synapse_handles;
std::array<grenade::vx::ppu::NeuronViewHandle, 0> neuron_handles;
#ifdef RECORDING
Recording recording;
#endif

} // namespace

extern "C" {

host::Chip* host_chip()
{
    return &host::chip;
}

void host_handle(
    size_t index, uint32_t hemisphere, uint8_t const* rows, size_t n_rows, uint8_t const* columns, size_t n_columns)
{
    auto& handle = synapse_handles[index];
    handle.hemisphere = static_cast<libnux::vx::PPUOnDLS>(hemisphere);
    handle.rows.assign(rows, rows + n_rows);
    handle.columns.assign(columns, columns + n_columns);
    handle.column_mask = 0;
    for (uint8_t column : handle.columns) {
        handle.column_mask[column] = 1;
    }
}

void host_run(uint32_t hemisphere)
{
    ppu = static_cast<libnux::vx::PPUOnDLS>(hemisphere);
#ifdef RECORDING
    plasticity_rule_kernel_0(synapse_handles, neuron_handles, recording);
#else
    plasticity_rule_kernel_0(synapse_handles, neuron_handles);
#endif
}

#ifdef RECORDING
uint64_t host_recorded_time()
{
    return recording.time;
}

#define FIND_RECORDED(name, observable)                                                                              \
    void* name(size_t wanted)                                                                                        \
    {                                                                                                                \
        void* found = nullptr;                                                                                       \
        size_t index = 0;                                                                                            \
        std::apply(                                                                                                  \
            [&](auto&... part) { ((index++ == wanted ? void(found = &part) : void()), ...); }, recording.observable); \
        return found;                                                                                                \
    }

// What was recorded of a handle.
FIND_RECORDED(host_recorded, w)
FIND_RECORDED(host_recorded_causal, causal)
FIND_RECORDED(host_recorded_acausal, acausal)
#endif

} // extern "C"
