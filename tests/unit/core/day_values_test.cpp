// The fast reading of a day says what the reading with provenances says, of whatever bytes.

#include "linky_week.hpp"
#include "random_blocks.hpp"

#include <releve/core/day_values.hpp>

namespace releve {
namespace {

using namespace test;

/// Empty when both say the same of every slot; slots that are not there must be 0 and not present.
std::string difference(const DayBlock& block, const DayValues& values)
{
    if (values.first != block.first || values.step != block.step || values.slots != block.slots.size())
        return "another first instant, step or number of slots";
    Quality worst = Quality::missing;
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < block.slots.size(); ++i) {
        const auto& slot = block.slots[i];
        if (values.has(i) != slot.has_value() || values.values[i] != (slot ? slot->value : 0))
            return "slot " + std::to_string(i);
        if (!slot)
            continue;
        worst = count++ == 0 ? slot->provenance.quality : worse(worst, slot->provenance.quality);
    }
    if (values.count() != count)
        return "present beyond the last slot";
    return values.worst == worst ? "" : "worst quality";
}

/// The object is never fresh: what an earlier day left must not show.
DayValues used()
{
    DayValues values;
    values.values.fill(-77);
    values.present.fill(~std::uint64_t{0});
    values.worst = Quality::edited;
    return values;
}

void expect_same(ByteView bytes)
{
    const auto block = decode_day_block(bytes);
    DayValues values = used();
    const auto read = decode_day_values(bytes, values);
    ASSERT_EQ(read.has_value(), block.has_value()) << to_hex(bytes);
    if (read) {
        ASSERT_EQ(difference(*block, values), "") << to_hex(bytes);
        // Both read values by the same shortcut: what it lets through must be the one encoding of what it says.
        const auto again = encode_day_block(*block);
        ASSERT_TRUE(again) << to_hex(bytes);
        ASSERT_EQ(to_hex(*again), to_hex(bytes));
        return;
    }
    ASSERT_EQ(read.error().code, errc::bad_block);
    ASSERT_EQ(to_string(read.error()), to_string(block.error())) << to_hex(bytes);
}

/// Values as homes have them: most steps are small, some are not, and often the low bits of all are 0.
void make_ordinary(DayBlock& day, Random& random)
{
    const std::uint64_t most = 1 + below(random, 4'200);
    const std::uint64_t shift = below(random, 4) == 0 ? below(random, 50) : below(random, 3);
    for (auto& slot : day.slots)
        if (slot)
            slot->value = static_cast<std::int64_t>(below(random, one_in(random, 3) ? most : 40) << shift);
}

TEST(DayValues, are_those_of_the_block_and_so_is_every_refusal)
{
    for_each_seed(100, [](Random& random) {
        DayBlock day = any_day(random);
        if (!one_in(random, 3))
            make_ordinary(day, random);
        day.slots.resize(1 + below(random, one_in(random, 30) ? 300 : 20)); // each byte costs eight readings
        const auto encoded = encode_day_block(day);
        if (!encoded)
            return;
        Bytes bytes = *encoded;
        expect_same(bytes);
        for (std::size_t length = 0; length < bytes.size(); ++length)
            expect_same(ByteView{bytes}.first(length));
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
            const auto mask = static_cast<std::byte>(1U << bit % 8);
            bytes[bit / 8] ^= mask;
            expect_same(bytes);
            bytes[bit / 8] ^= mask;
        }
        for (const unsigned more : {0x00U, 0x01U, 0x80U}) { // one number too many, or its beginning
            Bytes longer = bytes;
            longer.push_back(static_cast<std::byte>(more));
            expect_same(longer);
        }
    });
}

TEST(DayValues, of_an_encoded_day_are_those_of_the_day)
{
    for_each_seed(400, [](Random& random) {
        const DayBlock day = any_day(random);
        DayValues set = used();
        set_values(day, set);
        ASSERT_EQ(difference(day, set), "");
        const auto bytes = encode_day_block(day);
        if (!bytes)
            return;
        DayValues read = used();
        ASSERT_TRUE(decode_day_values(*bytes, read));
        ASSERT_EQ(difference(day, read), "");
    });
    for_each_seed(400, [](Random& random) {
        DayBlock day = any_day(random);
        make_ordinary(day, random);
        const auto bytes = encode_day_block(day);
        if (!bytes)
            return;
        DayValues read = used();
        ASSERT_TRUE(decode_day_values(*bytes, read));
        ASSERT_EQ(difference(day, read), "");
    });
}

TEST(DayValues, of_a_day_without_a_value_are_missing)
{
    DayBlock day{.first = Instant{Seconds{1'711'839'600}}, .step = Seconds{1800}, .slots = {}};
    day.slots.resize(46);
    DayValues values = used();
    ASSERT_TRUE(decode_day_values(encode_day_block(day).value(), values));
    EXPECT_EQ(values.worst, Quality::missing);
    EXPECT_EQ(values.count(), 0U);
    set_values(day, values);
    EXPECT_EQ(values.worst, Quality::missing);
}

TEST(DayValues, take_the_worst_quality_by_rank_and_not_by_number)
{
    const auto slot = [](Quality quality) { return Slot{1, {true, 1, 1, quality, 1}}; };
    DayBlock day{.first = Instant{}, .step = Seconds{1800}, .slots = {}};
    day.slots = {slot(Quality::questionable), slot(Quality::edited), std::nullopt, slot(Quality::raw)};
    DayValues values;
    ASSERT_TRUE(decode_day_values(encode_day_block(day).value(), values));
    EXPECT_EQ(values.worst, Quality::questionable);
}

TEST(DayValues, of_a_real_week_are_those_of_its_blocks)
{
    for (const auto& [day, block] : load_linky_week()) {
        SCOPED_TRACE(to_iso8601(day));
        expect_same(encode_day_block(block).value());
    }
}

} // namespace
} // namespace releve
