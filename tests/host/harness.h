// Calls a kernel the way grenade does, from Python. Comes after the kernel's text in one translation unit.
//
// HANDLES is the number of synapse handles.
#pragma once

volatile libnux::vx::PPUOnDLS ppu;

namespace {

std::array<grenade::vx::ppu::SynapseArrayViewHandle, HANDLES> synapse_handles;
std::array<grenade::vx::ppu::NeuronViewHandle, 0> neuron_handles;

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
    plasticity_rule_kernel_0(synapse_handles, neuron_handles);
}

} // extern "C"
