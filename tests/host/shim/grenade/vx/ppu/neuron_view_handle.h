// Stands in for the header of the same name when kernels run on a host; our own text.
#pragma once
#include "libnux/vx/dls.h"
#include <cstdint>
#include <vector>

namespace grenade::vx::ppu {

struct NeuronViewHandle
{
    std::vector<uint8_t> columns;
    libnux::vx::PPUOnDLS hemisphere{};
};

} // namespace grenade::vx::ppu
