// Stands in for the header of the same name when kernels run on a host; our own text.
#pragma once
#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace hate {

template <size_t Index, typename Function, typename... Tuples>
void call_with(Function& function, Tuples&... tuples)
{
    function(std::get<Index>(tuples)...);
}

template <typename Function, size_t... Index, typename... Tuples>
void for_all(std::index_sequence<Index...>, Function& function, Tuples&... tuples)
{
    (call_with<Index>(function, tuples...), ...);
}

// Calls the function with the first elements of tuples or arrays of one size, then with the second ones, ...
template <typename Function, typename First, typename... Others>
void for_each(Function&& function, First& first, Others&... others)
{
    static_assert(((std::tuple_size_v<First> == std::tuple_size_v<Others>) && ...));
    for_all(std::make_index_sequence<std::tuple_size_v<First>>(), function, first, others...);
}

} // namespace hate
