// Stands in for the header of the same name when kernels run on a host; our own text.
#pragma once
#include "libnux/vx/vector_row.h"

namespace libnux::vx {

enum class VectorIfCondition
{
    greater,
    lesser,
    equal,
    greater_equal,
    lesser_equal,
    unequal,
};

// Element by element: `then` where the number compares with 0 as asked for, else `otherwise`.
template <typename Row, typename Value>
Value vector_if(Row const& numbers, VectorIfCondition condition, Value const& then, Value const& otherwise)
{
    static_assert(sizeof(typename Row::Element) == sizeof(typename Value::Element));
    auto const holds = [condition](auto a) {
        switch (condition) {
            case VectorIfCondition::greater: return a > 0;
            case VectorIfCondition::lesser: return a < 0;
            case VectorIfCondition::equal: return a == 0;
            case VectorIfCondition::greater_equal: return a >= 0;
            case VectorIfCondition::lesser_equal: return a <= 0;
            default: return a != 0;
        }
    };
    Value made;
    for (size_t i = 0; i < Value::size / 2; ++i) {
        made.even[i] = holds(numbers.even[i]) ? then.even[i] : otherwise.even[i];
        made.odd[i] = holds(numbers.odd[i]) ? then.odd[i] : otherwise.odd[i];
    }
    return made;
}

} // namespace libnux::vx
