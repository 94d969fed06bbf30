// Random numbers that the harness gives; stands in for the header of the same name; our own text.
#pragma once
#include "host/chip.h"
#include "libnux/vx/vector_row.h"

namespace libnux::vx {

inline void parallel_rng_seed(VectorRowMod8 const& seeds)
{
    host::chip.seed = seeds[0];
}

// The next 256 bytes by column, zeros where none are left.
template <typename Row>
Row parallel_rng_rand()
{
    static_assert(sizeof(typename Row::Element) == 1);
    Row drawn;
    if (host::chip.draws < host::chip.draws_given) {
        for (size_t column = 0; column < Row::size; ++column) {
            drawn[column] = static_cast<typename Row::Element>(host::chip.random[256 * host::chip.draws + column]);
        }
    }
    ++host::chip.draws;
    return drawn;
}

} // namespace libnux::vx
