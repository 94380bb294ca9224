#include "random_blocks.hpp"

#include <releve/core/decimal.hpp>

#include <limits>

namespace releve {
namespace {

using namespace test;

Decimal dec(std::string_view text) { return parse_decimal(text).value(); }

TEST(Decimal, prints_as_it_was_written)
{
    for (const char* text : {"0", "7", "-12.340", "0.1952", "0.000000001", "123456789.123456789", "999999999999999999", "-0.05", "1.50", "100"})
        EXPECT_EQ(to_string(dec(text)), text);
    EXPECT_EQ(to_string(Decimal{std::numeric_limits<std::int64_t>::min(), 9}), "-9223372036.854775808");
    EXPECT_EQ(to_string(Decimal{5, 3}), "0.005");
}

TEST(Decimal, of_any_digits_is_read_as_it_was_printed)
{
    for_each_seed(2'000, [](Random& random) {
        const std::int64_t size = static_cast<std::int64_t>(below(random, 1'000'000'000'000'000'000));
        const Decimal number{one_in(random, 2) ? size : -(size % 100'000), static_cast<std::uint8_t>(below(random, decimal_scale_max + 1))};
        const auto read = parse_decimal(to_string(number));
        ASSERT_TRUE(read);
        ASSERT_EQ(read->digits, number.digits);
        ASSERT_EQ(read->scale, number.scale);
        ASSERT_EQ(shortest(number), number);
        ASSERT_TRUE(shortest(number).scale == 0 || shortest(number).digits % 10 != 0);
    });
}

TEST(Decimal, refuses_what_is_no_plain_number)
{
    for (const char* text : {"", "-", ".", ".5", "5.", "-.5", "--5", "+5", "1e3", "1,5", " 1", "1 ", "1..2", "1.2.3", "0x1", "nan", "1_0", "1234567890123456789", "0.1234567890",
                             "1.-2", "12345678901234567.89", "\xD9\xA1"})
        EXPECT_EQ(parse_decimal(text).error().code, errc::bad_value) << text;
    EXPECT_FALSE(parse_decimal(std::string_view{"1\0", 2}));
}

TEST(Decimal, compares_by_value_and_not_by_scale)
{
    EXPECT_EQ(dec("1.50"), dec("1.5"));
    EXPECT_EQ(dec("0"), dec("-0.000"));
    EXPECT_LT(dec("-1.5"), dec("-1.499999999"));
    EXPECT_LT(dec("0.1"), dec("0.100000001"));
    EXPECT_GT(dec("999999999999999999"), dec("0.000000001"));
    EXPECT_GT((Decimal{std::numeric_limits<std::int64_t>::max(), 0}), (Decimal{std::numeric_limits<std::int64_t>::max(), 9}));
}

TEST(Decimal, is_shortest_without_zeros_after_the_point_only)
{
    EXPECT_EQ(to_string(shortest(dec("1.500"))), "1.5");
    EXPECT_EQ(to_string(shortest(dec("100"))), "100");
    EXPECT_EQ(to_string(shortest(dec("100.000"))), "100");
    EXPECT_EQ(to_string(shortest(dec("0.000"))), "0");
    EXPECT_EQ(to_string(shortest(dec("-0.050"))), "-0.05");
}

std::string rounded(const char* number, int scale, Rounding rounding = Rounding::half_up) { return to_string(round_to(ratio_of(dec(number)), scale, rounding).value()); }

TEST(Rounding, half_up_takes_ties_away_from_zero)
{
    EXPECT_EQ(rounded("0.005", 2), "0.01");
    EXPECT_EQ(rounded("0.00499999", 2), "0.00");
    EXPECT_EQ(rounded("-0.005", 2), "-0.01");
    EXPECT_EQ(rounded("-0.00499999", 2), "0.00");
    EXPECT_EQ(rounded("0.015", 2), "0.02");
    EXPECT_EQ(rounded("0.025", 2), "0.03") << "not to the even";
    EXPECT_EQ(rounded("1.005", 2), "1.01") << "which binary floating point gets wrong";
    EXPECT_EQ(rounded("2.5", 0), "3");
    EXPECT_EQ(rounded("-2.5", 0), "-3");
    EXPECT_EQ(rounded("1.5", 4), "1.5000");
    EXPECT_EQ(rounded("339.96", 2), "339.96");
    EXPECT_EQ(to_string(round_to(Ratio{33'996, 36'600}, 5).value()), "0.92885") << "a real invoice's";
    EXPECT_EQ(to_string(round_to(Ratio{1, 3}, 9).value()), "0.333333333");
    EXPECT_EQ(to_string(round_to(Ratio{2, 3}, 9).value()), "0.666666667");
    EXPECT_EQ(to_string(round_to(Ratio{-2, 3}, 0).value()), "-1");
}

TEST(Rounding, down_is_towards_zero)
{
    EXPECT_EQ(rounded("0.019", 2, Rounding::down), "0.01");
    EXPECT_EQ(rounded("-0.019", 2, Rounding::down), "-0.01");
    EXPECT_EQ(cents_of(ratio_of(dec("7.999")), Rounding::down).value(), Cents{799});
}

TEST(Rounding, is_to_the_nearest_whatever_the_number)
{
    for_each_seed(2'000, [](Random& random) {
        const Wide dividend = static_cast<std::int64_t>(below(random, 2'000'000'000'000)) - 1'000'000'000'000;
        const Wide divisor = 1 + static_cast<std::int64_t>(below(random, 1'000'000));
        const int scale = static_cast<int>(below(random, 6));
        const Decimal near = round_to({dividend, divisor}, scale).value();
        ASSERT_EQ(near.scale, scale);
        const Wide twice_off = 2 * (Wide{near.digits} * divisor - dividend * power_of_ten(scale)); // |off| <= half a unit
        ASSERT_LE(twice_off < 0 ? -twice_off : twice_off, divisor);
        if (twice_off == divisor || twice_off == -divisor) {
            ASSERT_EQ(twice_off > 0, dividend > 0) << "a tie goes away from zero";
        }
    });
}

TEST(Rounding, refuses_what_does_not_fit)
{
    const Wide max = std::numeric_limits<std::int64_t>::max(), min = std::numeric_limits<std::int64_t>::min();
    EXPECT_EQ(round_to({max, 1}, 0).value().digits, std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(round_to({min, 1}, 0).value().digits, std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(round_to({max + 1, 1}, 0).error().code, errc::bad_value);
    EXPECT_EQ(round_to({min - 1, 1}, 0).error().code, errc::bad_value);
    EXPECT_EQ(round_to({2 * max + 1, 2}, 0).error().code, errc::bad_value) << "a tie up, beyond";
    EXPECT_EQ(cents_of({max, 1}).error().code, errc::bad_value);
}

TEST(Ratio, sums_and_products_are_exact)
{
    const Ratio third{1, 3}, sixth{1, 6};
    EXPECT_EQ(round_to(third + sixth, 9).value(), dec("0.5"));
    EXPECT_EQ(round_to(third * sixth * Ratio{18, 1}, 9).value(), dec("1"));
    EXPECT_EQ(round_to(third + Ratio{-1, 3}, 9).value(), dec("0"));
    EXPECT_EQ(round_to(Ratio{0, 5} * Ratio{7, 3}, 2).value(), dec("0"));
    Ratio year;
    year = {0, 1};
    for (int day = 0; day < 365; ++day)
        year = year + Ratio{1, 365};
    EXPECT_EQ(round_to(year, 9).value(), dec("1"));
    const Ratio large = ratio_of(dec("1000.000000001")) * Ratio{12, 365LL * 1'000'000'000} * ratio_of(dec("999999999.999")) * Ratio{365, 12};
    EXPECT_EQ(to_string(round_to(large, 0).value()), "1000");
    for_each_seed(2'000, [](Random& random) {
        const Wide a = static_cast<int>(below(random, 2'000)) - 1'000, b = 1 + static_cast<int>(below(random, 1'000));
        const Wide c = static_cast<int>(below(random, 2'000)) - 1'000, d = 1 + static_cast<int>(below(random, 1'000));
        const Ratio sum = Ratio{a, b} + Ratio{c, d}, product = Ratio{a, b} * Ratio{c, d};
        ASSERT_GT(sum.divisor, 0);
        ASSERT_GT(product.divisor, 0);
        ASSERT_TRUE(sum.dividend * b * d == (a * d + c * b) * sum.divisor);
        ASSERT_TRUE(product.dividend * b * d == a * c * product.divisor);
    });
}

TEST(Cents, add_subtract_and_print)
{
    Cents sum{1'234};
    sum += Cents{-34};
    EXPECT_EQ(sum, Cents{1'200});
    EXPECT_EQ(sum + Cents{5} - Cents{10}, Cents{1'195});
    EXPECT_EQ(-sum, Cents{-1'200});
    EXPECT_EQ(to_string(Cents{-5}), "-0.05");
    EXPECT_EQ(to_string(Cents{123'456}), "1234.56");
    EXPECT_EQ(to_string(Cents{}), "0.00");
    EXPECT_LT(Cents{-1}, Cents{0});
    EXPECT_EQ(cents_of(ratio_of(Cents{777})).value(), Cents{777});
    EXPECT_EQ(cents_of(ratio_of(dec("-27.865"))).value(), Cents{-2'787});
}

TEST(IntegerRoot, is_the_greatest_whose_square_is_not_above)
{
    for (Wide n = 0; n < 20'000; ++n) {
        const Wide root = integer_root(n);
        ASSERT_TRUE(root * root <= n && (root + 1) * (root + 1) > n) << static_cast<int>(n);
    }
    for_each_seed(5'000, [](Random& random) {
        const Wide root = static_cast<Wide>(below(random, std::uint64_t{1} << (1 + below(random, 63))));
        ASSERT_TRUE(integer_root(root * root) == root);
        if (root > 0) {
            ASSERT_TRUE(integer_root(root * root - 1) == root - 1);
            ASSERT_TRUE(integer_root(root * root + 2 * root) == root);
        }
    });
    const Wide greatest = ((Wide{1} << 126) - 1) * 2 + 1;
    const Wide root = integer_root(greatest);
    EXPECT_TRUE(root * root <= greatest && root > (Wide{1} << 63));
}

} // namespace
} // namespace releve
