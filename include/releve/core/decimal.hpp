#pragma once
// Exact decimal numbers: prices, rates, amounts. No binary floating point: what a tariff prints is what is computed with, and
// every rounding has a name and a place.

#include <releve/core/error.hpp>
#include <releve/core/wide.hpp>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace releve {

/// digits * 10^-scale, scale 0 to decimal_scale_max. 1.50 and 1.5 are equal and print as they were written.
struct Decimal {
    std::int64_t digits = 0;
    std::uint8_t scale = 0;
};
inline constexpr int decimal_scale_max = 9;
[[nodiscard]] std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);
[[nodiscard]] inline bool operator==(const Decimal& a, const Decimal& b) { return (a <=> b) == 0; }

/// "-12.340": an optional minus, digits, at most decimal_scale_max after a point; 18 digits at most, no exponent, no
/// separators. errc::bad_value.
[[nodiscard]] result<Decimal> parse_decimal(std::string_view text);
/// With as many decimals as the scale says: "-12.340".
[[nodiscard]] std::string to_string(const Decimal& number);
/// Without trailing zeros after the point.
[[nodiscard]] Decimal shortest(Decimal number);

/// How a number that lies between two that can be written becomes one of them.
enum class Rounding : std::uint8_t {
    half_up, // to the nearer, a tie away from zero: what French invoices do
    down,    // towards zero
};

/// An exact ratio of two integers; the divisor is positive.
struct Ratio {
    Wide dividend = 0;
    Wide divisor = 1;
};
/// The sum of ratios is only formed where their divisors are small: see the callers' own limits.
[[nodiscard]] Ratio operator*(const Ratio& a, const Ratio& b);
[[nodiscard]] Ratio operator+(const Ratio& a, const Ratio& b);
[[nodiscard]] inline Ratio ratio_of(const Decimal& number) { return {number.digits, power_of_ten(number.scale)}; }
/// To `scale` decimals. errc::bad_value if it does not fit 64 bits.
[[nodiscard]] result<Decimal> round_to(const Ratio& exact, int scale, Rounding rounding = Rounding::half_up);

/// Euro cents.
struct Cents {
    std::int64_t value = 0;
    auto operator<=>(const Cents&) const = default;
    Cents& operator+=(Cents other)
    {
        value += other.value;
        return *this;
    }
};
[[nodiscard]] inline Cents operator+(Cents a, Cents b) { return {a.value + b.value}; }
[[nodiscard]] inline Cents operator-(Cents a, Cents b) { return {a.value - b.value}; }
[[nodiscard]] inline Cents operator-(Cents a) { return {-a.value}; }
/// Rounded half up; errc::bad_value beyond 64 bits.
[[nodiscard]] result<Cents> cents_of(const Ratio& euros, Rounding rounding = Rounding::half_up);
[[nodiscard]] inline Ratio ratio_of(Cents amount) { return {amount.value, 100}; }
/// "-12.34", euros.
[[nodiscard]] std::string to_string(Cents amount);

/// Square root rounded down, of a number that is not negative.
[[nodiscard]] Wide integer_root(Wide number);

} // namespace releve
