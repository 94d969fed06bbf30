// Stands in for the header of the same name when kernels run on a host; our own text.
#pragma once
#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace hate {

template <typename Function, typename First, typename Second, size_t... Index>
void for_each(std::index_sequence<Index...>, Function&& function, First& first, Second& second)
{
    (function(std::get<Index>(first), std::get<Index>(second)), ...);
}

// Calls the function with the first elements of two tuples or arrays of one size, then with the second ones, ...
template <typename Function, typename First, typename Second>
void for_each(Function&& function, First& first, Second& second)
{
    static_assert(std::tuple_size_v<First> == std::tuple_size_v<Second>);
    for_each(std::make_index_sequence<std::tuple_size_v<First>>(), function, first, second);
}

} // namespace hate
