// Rows of 256 whole numbers with the arithmetic of the plasticity processor's vector unit, one number after the other.
// Stands in for the header of the same name when kernels run on a host; our own text.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace libnux::vx {

// Unsigned numbers that wrap.
template <typename T>
struct Wrapping
{
    typedef T Number;
    static constexpr int bits = std::numeric_limits<T>::digits;

    static T add(int64_t a, int64_t b) { return static_cast<T>(a + b); }
    static T subtract(int64_t a, int64_t b) { return static_cast<T>(a - b); }
    static T multiply(int64_t a, int64_t b) { return static_cast<T>(a * b); }
    static T left(int64_t a, int count) { return static_cast<T>(a << count); }
    static T right(int64_t a, int count) { return static_cast<T>(a >> count); }
};

// Signed fractions of one that saturate; products are rounded down.
template <typename T>
struct Saturating
{
    typedef T Number;
    static constexpr int bits = std::numeric_limits<T>::digits;
    static constexpr int64_t lowest = std::numeric_limits<T>::min();
    static constexpr int64_t highest = std::numeric_limits<T>::max();

    static T nearest(int64_t a) { return static_cast<T>(std::min(std::max(a, lowest), highest)); }
    static T add(int64_t a, int64_t b) { return nearest(a + b); }
    static T subtract(int64_t a, int64_t b) { return nearest(a - b); }
    static T multiply(int64_t a, int64_t b) { return nearest((a * b) >> bits); }
    // the sign stays, and bits that do not fit are dropped
    static T left(int64_t a, int count) { return static_cast<T>((a < 0 ? lowest : 0) + ((a << count) & highest)); }
    static T right(int64_t a, int count) { return multiply(a, int64_t(1) << (bits - count)); }
};

template <typename Law>
struct VectorRow
{
    typedef typename Law::Number Element;
    static constexpr size_t size = 256;

    // in memory: numbers of even columns, then those of odd ones
    std::array<Element, size / 2> even{};
    std::array<Element, size / 2> odd{};

    VectorRow() = default;
    VectorRow(Element value)
    {
        even.fill(value);
        odd.fill(value);
    }

    Element& operator[](size_t column) { return column % 2 ? odd[column / 2] : even[column / 2]; }
    Element const& operator[](size_t column) const { return column % 2 ? odd[column / 2] : even[column / 2]; }

    VectorRow operator+(VectorRow const& other) const { return with(other, Law::add); }
    VectorRow operator-(VectorRow const& other) const { return with(other, Law::subtract); }
    VectorRow operator*(VectorRow const& other) const { return with(other, Law::multiply); }
    VectorRow operator<<(int count) const { return shifted(count, Law::left); }
    VectorRow operator>>(int count) const { return shifted(count, Law::right); }

    // element-wise conversion
    template <typename Other, typename Function>
    Other each(Function function) const
    {
        Other made;
        for (size_t i = 0; i < size / 2; ++i) {
            made.even[i] = function(even[i]);
            made.odd[i] = function(odd[i]);
        }
        return made;
    }

    auto convert_contiguous() const;

    template <typename Other>
    explicit operator Other() const;

private:
    template <typename Function>
    VectorRow with(VectorRow const& other, Function function) const
    {
        VectorRow made;
        for (size_t i = 0; i < size / 2; ++i) {
            made.even[i] = function(even[i], other.even[i]);
            made.odd[i] = function(odd[i], other.odd[i]);
        }
        return made;
    }

    template <typename Function>
    VectorRow shifted(int count, Function function) const
    {
        return each<VectorRow>([=](Element a) { return function(a, count); });
    }
};

typedef VectorRow<Wrapping<uint8_t>> VectorRowMod8;
typedef VectorRow<Wrapping<uint16_t>> VectorRowMod16;
typedef VectorRow<Saturating<int8_t>> VectorRowFracSat8;
typedef VectorRow<Saturating<int16_t>> VectorRowFracSat16;

template <>
inline auto VectorRowMod8::convert_contiguous() const
{
    return each<VectorRowFracSat8>([](uint8_t a) { return static_cast<int8_t>(a - 128); });
}

// the same bits
template <>
template <>
inline VectorRowMod8::operator VectorRowFracSat8() const
{
    return each<VectorRowFracSat8>([](uint8_t a) { return static_cast<int8_t>(a); });
}

template <>
template <>
inline VectorRowFracSat8::operator VectorRowMod8() const
{
    return each<VectorRowMod8>([](int8_t a) { return static_cast<uint8_t>(a); });
}

template <>
template <>
inline VectorRowMod16::operator VectorRowFracSat16() const
{
    return each<VectorRowFracSat16>([](uint16_t a) { return static_cast<int16_t>(a); });
}

// the low byte
template <>
template <>
inline VectorRowMod8::operator VectorRowMod16() const
{
    return each<VectorRowMod16>([](uint8_t a) { return a; });
}

// to and from the high byte
template <>
template <>
inline VectorRowFracSat8::operator VectorRowFracSat16() const
{
    return each<VectorRowFracSat16>([](int8_t a) { return static_cast<int16_t>(a * 256); });
}

template <>
template <>
inline VectorRowFracSat16::operator VectorRowFracSat8() const
{
    return each<VectorRowFracSat8>([](int16_t a) { return static_cast<int8_t>(a >> 8); });
}

} // namespace libnux::vx
