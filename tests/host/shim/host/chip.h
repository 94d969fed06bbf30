// What the harness lets a kernel see of a chip.
#pragma once
#include <cstddef>
#include <cstdint>

namespace host {

// Synapses of one hemisphere, by row and column.
struct Synapses
{
    uint8_t weight[256][256];
    uint8_t causal[256][256];
    uint8_t acausal[256][256];
    uint32_t resets[256][256];
    uint32_t reads[256];
    // what the sensors of a synapse hold until they are reset: readings are lower by it
    uint8_t charge[256][256];
};

struct Chip
{
    Synapses synapses[2];
    // bytes by draw and column, how many draws there are, and how many were made
    uint8_t const* random;
    uint64_t draws_given;
    uint64_t draws;
    uint64_t time;
    // added to the readings of one conversion after the other, by branch and column, and how many there are
    uint8_t const* wobble;
    uint64_t wobbles;
    uint64_t conversions;
    // accesses that end a program on the chip: of the other hemisphere, or of a row that a handle does not have
    uint32_t faults;
    uint32_t seed;
};

// one per translation unit, so that kernels that are loaded side by side do not share it
static Chip chip;

} // namespace host
