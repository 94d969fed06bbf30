// Stands in for the header of the same name when kernels run on a host; our own text.
#pragma once
#include <cstdint>

namespace libnux::vx {

enum class PPUOnDLS : uint32_t
{
    top,
    bottom,
};

} // namespace libnux::vx
