#include <releve/core/decimal.hpp>

#include <numeric>

namespace releve {

namespace {

Wide greatest_common_divisor(Wide a, Wide b)
{
    while (b != 0) {
        const Wide rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

/// Without what both sides share, so that products of a few prices and dates stay far from 128 bits.
Ratio reduced(const Ratio& ratio)
{
    const Wide shared = greatest_common_divisor(ratio.dividend, ratio.divisor);
    return shared > 1 ? Ratio{ratio.dividend / shared, ratio.divisor / shared} : ratio;
}

result<std::int64_t> rounded(Wide dividend, Wide divisor, Rounding rounding)
{
    RELEVE_ASSERT(divisor > 0);
    const Wide size = dividend < 0 ? -dividend : dividend;
    Wide quotient = size / divisor;
    if (rounding == Rounding::half_up && size % divisor >= divisor - size % divisor)
        ++quotient;
    if (dividend < 0)
        quotient = -quotient;
    if (!fits_64_bits(quotient))
        return fail(errc::bad_value, "an amount beyond 64 bits");
    return static_cast<std::int64_t>(quotient);
}

} // namespace

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b)
{
    const Wide left = Wide{a.digits} * power_of_ten(b.scale), right = Wide{b.digits} * power_of_ten(a.scale);
    return left < right ? std::strong_ordering::less : left > right ? std::strong_ordering::greater : std::strong_ordering::equal;
}

result<Decimal> parse_decimal(std::string_view text)
{
    constexpr int digits_max = 18;
    const bool negative = text.starts_with('-');
    Decimal number;
    int digits = 0;
    bool point = false, digit_before = false;
    for (const char c : text.substr(negative ? 1 : 0)) {
        if (c == '.' && !point && digit_before) {
            point = true;
            digit_before = false;
            continue;
        }
        if (c < '0' || c > '9')
            return fail(errc::bad_value, "a decimal number is expected, such as 0.1952");
        digit_before = true;
        if (++digits > digits_max || (point && ++number.scale > decimal_scale_max))
            return fail(errc::bad_value, "a number of at most 18 digits, 9 of them after the point, is expected");
        number.digits = number.digits * 10 + (c - '0');
    }
    if (!digit_before)
        return fail(errc::bad_value, "a decimal number is expected, such as 0.1952");
    if (negative)
        number.digits = -number.digits;
    return number;
}

std::string to_string(const Decimal& number)
{
    const bool negative = number.digits < 0;
    std::uint64_t size = negative ? ~static_cast<std::uint64_t>(number.digits) + 1 : static_cast<std::uint64_t>(number.digits);
    char text[48];
    char* at = text + sizeof text;
    for (int i = 0; i < number.scale; ++i, size /= 10)
        *--at = static_cast<char>('0' + size % 10);
    if (number.scale > 0)
        *--at = '.';
    do
        *--at = static_cast<char>('0' + size % 10);
    while ((size /= 10) != 0);
    if (negative)
        *--at = '-';
    return {at, static_cast<std::size_t>(text + sizeof text - at)};
}

Decimal shortest(Decimal number)
{
    while (number.scale > 0 && number.digits % 10 == 0) {
        number.digits /= 10;
        --number.scale;
    }
    return number;
}

Ratio operator*(const Ratio& a, const Ratio& b)
{
    const Ratio left = reduced({a.dividend, b.divisor}), right = reduced({b.dividend, a.divisor});
    return {left.dividend * right.dividend, left.divisor * right.divisor};
}

Ratio operator+(const Ratio& a, const Ratio& b)
{
    if (a.divisor == b.divisor)
        return {a.dividend + b.dividend, a.divisor};
    const Wide shared = greatest_common_divisor(a.divisor, b.divisor);
    return reduced({a.dividend * (b.divisor / shared) + b.dividend * (a.divisor / shared), a.divisor / shared * b.divisor});
}

result<Decimal> round_to(const Ratio& exact, int scale, Rounding rounding)
{
    RELEVE_ASSERT(scale >= 0 && scale <= decimal_scale_max);
    const Ratio scaled = exact * Ratio{power_of_ten(scale), 1};
    RELEVE_TRY(digits, rounded(scaled.dividend, scaled.divisor, rounding));
    return Decimal{digits, static_cast<std::uint8_t>(scale)};
}

result<Cents> cents_of(const Ratio& euros, Rounding rounding)
{
    RELEVE_TRY(amount, round_to(euros, 2, rounding));
    return Cents{amount.digits};
}

std::string to_string(Cents amount) { return to_string(Decimal{amount.value, 2}); }

Wide integer_root(Wide number)
{
    RELEVE_ASSERT(number >= 0);
    Wide root = 0, bit = Wide{1} << 126;
    while (bit > number)
        bit >>= 2;
    for (; bit != 0; bit >>= 2) {
        if (number >= root + bit) {
            number -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return root;
}

} // namespace releve
