// A rectangle of synapses; stands in for the header of the same name when kernels run on a host; our own text.
#pragma once
#include "host/chip.h"
#include "libnux/vx/dls.h"
#include "libnux/vx/vector_row.h"
#include <vector>

extern volatile libnux::vx::PPUOnDLS ppu;

namespace grenade::vx::ppu {

struct SynapseArrayViewHandle
{
    typedef libnux::vx::VectorRowMod8 Row;

    struct CorrelationRow
    {
        Row causal;
        Row acausal;
    };

    std::vector<uint8_t> columns;
    std::vector<uint8_t> rows;
    libnux::vx::PPUOnDLS hemisphere{};
    Row column_mask;

    Row get_weights(size_t index) const
    {
        return allowed(index) ? read(synapses().weight[rows[index]]) : Row();
    }

    void set_weights(Row const& value, size_t index) const
    {
        if (allowed(index)) {
            for (size_t column = 0; column < Row::size; ++column) {
                if (column_mask[column]) {
                    synapses().weight[rows[index]][column] = value[column];
                }
            }
        }
    }

    CorrelationRow get_correlation(size_t index, bool reset) const
    {
        if (!allowed(index)) {
            return {};
        }
        ++synapses().reads[rows[index]];
        CorrelationRow const seen = {
            sensed(synapses().causal[rows[index]], index, 0), sensed(synapses().acausal[rows[index]], index, 1)};
        ++host::chip.conversions;
        if (reset) {
            reset_correlation(index);
        }
        return seen;
    }

    void reset_correlation(size_t index) const
    {
        if (allowed(index)) {
            for (size_t column = 0; column < Row::size; ++column) {
                synapses().resets[rows[index]][column] += column_mask[column];
                synapses().charge[rows[index]][column] *= !column_mask[column];
            }
        }
    }

private:
    host::Synapses& synapses() const { return host::chip.synapses[static_cast<size_t>(hemisphere)]; }

    bool allowed(size_t index) const
    {
        bool const good = ::ppu == hemisphere && index < rows.size();
        host::chip.faults += !good;
        return good;
    }

    Row sensed(uint8_t const (&levels)[256], size_t index, size_t branch) const
    {
        Row made = read(levels);
        for (size_t column = 0; column < Row::size; ++column) {
            made[column] -= synapses().charge[rows[index]][column];
            if (host::chip.wobbles) {
                size_t const turn = host::chip.conversions % host::chip.wobbles;
                made[column] += host::chip.wobble[(2 * turn + branch) * Row::size + column];
            }
        }
        return made;
    }

    static Row read(uint8_t const (&numbers)[256])
    {
        Row made;
        for (size_t column = 0; column < Row::size; ++column) {
            made[column] = numbers[column];
        }
        return made;
    }
};

} // namespace grenade::vx::ppu
