#include "../core/random_blocks.hpp"

#include <releve/engine/consumption.hpp>
#include <releve/engine/month_totals.hpp>

#include <limits>

namespace releve::engine {
namespace {

using namespace test;

CivilDay day(const char* text)
{
    return *parse_day(text);
}
ChannelModel mean_power()
{
    ChannelModel channel;
    channel.quantity = Quantity::mean_power;
    return channel;
}

// ---- the total of a day

TEST(DayTotals, count_what_is_missing_and_what_was_estimated)
{
    const std::vector<ResolvedSlot> slots{{.value = 1'001, .quality = Quality::valid, .measured = {}},
                                          {.value = 400, .quality = Quality::estimated_linear, .measured = {}},
                                          {},
                                          {.value = 200, .quality = Quality::edited, .measured = 9'000},
                                          {.value = 100, .quality = Quality::derived, .measured = {}},
                                          {.value = 100, .quality = Quality::estimated_reference_day, .measured = {}}};
    EXPECT_EQ(day_total(slots, Seconds{1'800}, day("2024-03-31"), mean_power()).value(),
              (DayTotal{day("2024-03-31"), 901, 6, 1, 4, Quality::incomplete}))
        << "1801 W half-hours are 900.5 Wh";
    EXPECT_EQ(day_total(std::span{slots}.first(2), Seconds{1'800}, day("2024-03-31"), mean_power()).value().quality,
              Quality::estimated_linear);
    EXPECT_EQ(day_total(std::span{slots}.subspan(2, 1), Seconds{1'800}, day("2024-03-31"), mean_power()).value(),
              (DayTotal{day("2024-03-31"), 0, 1, 1, 0, Quality::missing}));
}

TEST(DayTotals, are_those_of_the_summary_when_nothing_lies_over_the_day)
{
    for_each_seed(300, [](Random& random) {
        const DayBlock block = any_day(random);
        const auto summary = summarise(block, mean_power());
        const auto total = day_total(resolve(&block, nullptr).value(), block.step, day("2024-03-31"), mean_power());
        ASSERT_EQ(total.has_value(), summary.has_value());
        if (!total) {
            ASSERT_EQ(total.error().code, errc::bad_value);
            return;
        }
        ASSERT_EQ(total->energy_wh, summary->energy_wh);
        ASSERT_EQ(total->slots, summary->slots);
        ASSERT_EQ(total->missing, summary->missing);
        ASSERT_EQ(total->quality, summary->quality);
    });
}

// ---- a month of them

DayTotal any_total(Random& random, CivilDay at)
{
    const auto number = [&](std::int64_t most) {
        return static_cast<std::int64_t>(below(random, static_cast<std::uint64_t>(most) + 1));
    };
    DayTotal total{.day = at, .energy_wh = any_value(random), .slots = one_in(random, 4) ? 1 + number(299) : 48};
    total.missing = one_in(random, 3) ? number(total.slots) : 0;
    total.estimated = one_in(random, 3) ? number(total.slots - total.missing) : 0;
    total.quality = static_cast<Quality>(below(random, 11));
    return total;
}
std::vector<DayTotal> any_days(Random& random, CivilDay month)
{
    std::vector<DayTotal> days;
    for (CivilDay at = month; at < period_around(month, Period::month).to; at += std::chrono::days{1})
        if (!one_in(random, 4))
            days.push_back(any_total(random, at));
    return days;
}
std::string refusal(const result<std::vector<DayTotal>>& decoded)
{
    return decoded ? "accepted" : decoded.error().code == errc::bad_block ? decoded.error().detail : "another error";
}

TEST(Month, is_read_as_it_was_written)
{
    for (const char* month : {"2024-02-01", "2023-02-01", "2024-03-01", "2024-04-01"})
        for_each_seed(100, [&](Random& random) {
            const auto days = any_days(random, day(month));
            ASSERT_EQ(decode_month(encode_month(days, day(month)).value(), day(month)).value(), days);
        });
    EXPECT_TRUE(decode_month(encode_month({}, day("2024-03-01")).value(), day("2024-03-01")).value().empty());
}

TEST(Month, tells_one_day_as_it_tells_all)
{
    const CivilDay month = day("2024-03-01");
    for_each_seed(100, [&](Random& random) {
        const auto days = any_days(random, month);
        const Bytes stored = encode_month(days, month).value();
        for (CivilDay at = month; at < day("2024-04-01"); at += std::chrono::days{1}) {
            const auto known = std::ranges::find(days, at, &DayTotal::day);
            const auto found = find_day_total(stored, month, at).value();
            ASSERT_EQ(found, known == days.end() ? std::nullopt : std::optional{*known});
        }
    });
    const Bytes none = encode_month({}, month).value();
    EXPECT_EQ(find_day_total(none, month, day("2024-04-01")).error().code, errc::bad_block);
    EXPECT_EQ(find_day_total(none, month, day("2024-02-29")).error().code, errc::bad_block);
    Random random{1};
    const std::vector one{any_total(random, day("2024-03-05"))};
    const Bytes whole = encode_month(one, month).value();
    for (std::size_t length = 0; length < whole.size(); ++length)
        EXPECT_EQ(find_day_total(ByteView{whole}.first(length), month, day("2024-03-05")).error().code, errc::bad_block);
}

TEST(Month, of_a_home_is_small)
{
    std::vector<DayTotal> days;
    for (int i = 0; i < 31; ++i)
        days.push_back({day("2024-03-01") + std::chrono::days{i}, 12'345 + i, i == 30 ? 46 : 48, 0, 0, Quality::valid});
    EXPECT_EQ(encode_month(days, day("2024-03-01")).value().size(), 5U + 31 * 4 + 1) << "one byte more where the clocks change";
}

TEST(Month, cut_anywhere_or_longer_is_refused)
{
    for_each_seed(30, [](Random& random) {
        const Bytes whole = encode_month(any_days(random, day("2024-03-01")), day("2024-03-01")).value();
        for (std::size_t length = 0; length < whole.size(); ++length)
            ASSERT_EQ(decode_month(ByteView{whole}.first(length), day("2024-03-01")).error().code, errc::bad_block);
        Bytes longer = whole;
        longer.push_back(std::byte{0});
        ASSERT_EQ(decode_month(longer, day("2024-03-01")).error().code, errc::bad_block);
    });
}

TEST(Month, with_any_bit_changed_is_refused_or_another_month)
{
    for_each_seed(30, [](Random& random) {
        const auto days = any_days(random, day("2024-02-01"));
        const Bytes whole = encode_month(days, day("2024-02-01")).value();
        for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
            Bytes changed = whole;
            changed[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
            const auto decoded = decode_month(changed, day("2024-02-01"));
            if (!decoded) {
                ASSERT_EQ(decoded.error().code, errc::bad_block);
                continue;
            }
            ASSERT_NE(*decoded, days) << "bit " << bit;
            ASSERT_EQ(encode_month(*decoded, day("2024-02-01")).value(), changed) << "bit " << bit;
        }
    });
}

TEST(Month, has_one_encoding)
{
    const auto decoded = [](const char* hex) { return refusal(decode_month(from_hex(hex).value(), day("2024-02-01"))); };
    EXPECT_EQ(decoded("3100000001 00 02"), "accepted") << "one Wh on the first";
    EXPECT_EQ(decoded("3200000001 00 02"), "another kind or version of block");
    EXPECT_EQ(decoded("3100000001 00 8200"), "not in its shortest form") << "of the energy";
    EXPECT_EQ(decoded("3100000001 10 02 30"), "not in its shortest form") << "48 slots are usual";
    EXPECT_EQ(decoded("3100000001 20 02 00"), "not in its shortest form") << "0 missing";
    EXPECT_EQ(decoded("3100000001 40 02 00"), "not in its shortest form") << "0 estimated";
    EXPECT_EQ(decoded("3100000001 80 02"), "not in its shortest form") << "a bit that says nothing";
    EXPECT_EQ(decoded("3100000001 0b 02"), "no such quality");
    EXPECT_EQ(decoded("3120000000 00 02"), "2024-03-01 is of another month");
    EXPECT_EQ(decoded("3100000001 10 02 00"), "2024-02-01: slots not 1 to 300");
    EXPECT_EQ(decoded("3100000001 10 02 ffffffffffffffffff01"), "2024-02-01: slots not 1 to 300");
    EXPECT_EQ(decoded("3100000001 60 02 30 01"), "2024-02-01: more slots missing or estimated than there are");
    EXPECT_EQ(refusal(decode_month(from_hex("3100000000").value(), day("2024-02-02"))), "2024-02-02 is no first of a month");
}

TEST(Month, that_is_none_is_not_written)
{
    const auto refused = [](std::vector<DayTotal> days, const char* month) {
        return encode_month(days, day(month)).error().detail;
    };
    const DayTotal first{day("2024-02-01"), 1, 48, 0, 0, Quality::valid}, last{day("2024-02-29"), 1, 48, 0, 0, Quality::valid};
    EXPECT_EQ(refused({last, first}, "2024-02-01"), "2024-02-01 is out of order");
    EXPECT_EQ(refused({first, first}, "2024-02-01"), "2024-02-01 is out of order");
    EXPECT_EQ(refused({last}, "2024-03-01"), "2024-02-29 is of another month");
    EXPECT_EQ(refused({last}, "2024-02-29"), "2024-02-29 is no first of a month");
    EXPECT_EQ(refused({{day("2024-02-01"), 1, 301, 0, 0, Quality::valid}}, "2024-02-01"), "2024-02-01: slots not 1 to 300");
    EXPECT_EQ(refused({{day("2024-02-01"), 1, 48, -1, 0, Quality::valid}}, "2024-02-01"),
              "2024-02-01: more slots missing or estimated than there are");
}

} // namespace
} // namespace releve::engine
