// Stands in for the header of the same name when kernels run on a host; our own text.
#pragma once
#include "host/chip.h"

namespace grenade::vx::ppu {

inline uint64_t now()
{
    return host::chip.time;
}

} // namespace grenade::vx::ppu
