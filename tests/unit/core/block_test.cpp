#include "damage.hpp"
#include "linky_week.hpp"
#include "random_blocks.hpp"

#include <releve/core/limits.hpp>

namespace releve {
namespace {

using namespace test;

std::string decode_error(const std::string& hex)
{
    const auto decoded = decode_day_block(from_hex(hex).value());
    return decoded ? "decoded"
                   : std::string{error_name(decoded.error().code)} + ": " + decoded.error().detail;
}

DayBlock small_day()
{
    DayBlock day;
    day.first = Instant{Seconds{0x65f0'0000}};
    day.step = Seconds{1800};
    const Provenance frame{true, 1, std::uint64_t{1} << 32 | 5, Quality::raw, 7};
    day.slots = {Slot{100, frame}, std::nullopt, Slot{98, frame}};
    return day;
}

TEST(DayBlock, has_the_documented_bytes)
{
    // Kind and version, first, step, 3 slots with gaps, even values, presence, one run (generation 1, counter
    // +5, batch +7), values.
    EXPECT_EQ(to_hex(encode_day_block(small_day()).value()), "1165f00000880e0701"
                                                             "05"
                                                             "f9010a0e"
                                                             "6401");
}

TEST(DayBlock, comes_back_as_it_was)
{
    for_each_seed(400, [](Random& random) {
        const DayBlock day = any_day(random);
        const auto bytes = encode_day_block(day);
        if (!bytes) {
            ASSERT_EQ(bytes.error().code, errc::too_large);
            return;
        }
        const auto decoded = decode_day_block(*bytes);
        ASSERT_TRUE(decoded) << to_string(decoded.error());
        ASSERT_EQ(*decoded, day);
    });
}

TEST(DayBlock, keeps_the_extremes_of_values_counters_and_batches)
{
    constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
    constexpr auto highest = std::numeric_limits<std::int64_t>::max();
    constexpr auto counter_max = std::numeric_limits<std::uint64_t>::max();
    DayBlock day;
    day.first = Instant{Seconds{4'294'967'295}};
    day.step = Seconds{86'400};
    day.slots = {Slot{lowest, {true, 65'535, counter_max, Quality::derived, lowest}},
                 Slot{highest, {false, 0, 0, Quality::valid, highest}},
                 Slot{lowest, {true, 1, 0, Quality::raw, 0}}};
    EXPECT_EQ(decode_day_block(encode_day_block(day).value()).value(), day);
}

TEST(DayBlock, of_a_real_home_takes_about_a_byte_and_a_half_a_value)
{
    std::size_t bytes = 0;
    std::size_t values = 0;
    for (const auto& [day, block] : load_linky_week()) {
        const Bytes encoded = encode_day_block(block).value();
        EXPECT_EQ(decode_day_block(encoded).value(), block);
        DayBlock constant = block;
        for (auto& slot : constant.slots)
            slot->value = 0;
        const std::size_t header = encode_day_block(constant).value().size() - constant.slots.size();
        EXPECT_LT(header, 25u) << to_iso8601(day);
        bytes += encoded.size() - header;
        values += block.slots.size();
    }
    ASSERT_EQ(values, 334u);
    const double bytes_per_value = static_cast<double>(bytes) / static_cast<double>(values);
    RecordProperty("bytes_per_value", std::to_string(bytes_per_value));
    EXPECT_GE(bytes_per_value, 1.3);
    EXPECT_LE(bytes_per_value, 1.75); // a cold week; over the whole export of this home it is 1.44
}

TEST(DayBlock, cut_anywhere_is_refused)
{
    for (const auto& [day, block] : load_linky_week())
        expect_every_cut_refused(encode_day_block(block).value(), decode_day_block);
    for_each_seed(8, [](Random& random) {
        if (const auto bytes = encode_day_block(any_day(random)))
            expect_every_cut_refused(*bytes, decode_day_block);
    });
}

TEST(DayBlock, with_a_flipped_bit_is_refused_or_the_one_encoding_of_what_it_says)
{
    const auto week = load_linky_week();
    for (const DayBlock& block : {week.begin()->second, week.rbegin()->second})
        expect_every_flip_refused_or_canonical(encode_day_block(block).value(), decode_day_block,
                                               encode_day_block);
    for_each_seed(10, [](Random& random) {
        DayBlock day = any_day(random);
        day.slots.resize(std::min<std::size_t>(day.slots.size(), 20));
        expect_every_flip_refused_or_canonical(encode_day_block(day).value(), decode_day_block,
                                               encode_day_block);
    });
}

TEST(DayBlock, of_random_bytes_is_refused_or_canonical)
{
    for_each_seed(20'000, [](Random& random) {
        Bytes bytes = from_hex("1165f00000880e").value();
        bytes.push_back(static_cast<std::byte>(2 + below(random, 16)));
        bytes.push_back(static_cast<std::byte>(below(random, 3)));
        for (std::uint64_t i = 0, count = below(random, 24); i < count; ++i)
            bytes.push_back(
                static_cast<std::byte>(one_in(random, 2) ? below(random, 8) : below(random, 256)));
        expect_refused_or_canonical(bytes, decode_day_block, encode_day_block);
    });
}

TEST(DayBlock, is_refused_where_its_bytes_are_not_the_shortest_or_out_of_range)
{
    ASSERT_EQ(decode_error("1165f00000880e0701"
                           "05"
                           "f9010a0e"
                           "6401"),
              "decoded");
    EXPECT_EQ(decode_error("2165f00000880e07"
                           "05"
                           "f9010a0e"
                           "6401"),
              "bad_block: another kind or version of block");
    EXPECT_EQ(decode_error("1265f00000880e07"
                           "05"
                           "f9010a0e"
                           "6401"),
              "bad_block: another kind or version of block");
    const std::string range = "bad_block: step or slot count out of range";
    EXPECT_EQ(decode_error("1165f00000000701"
                           "05"
                           "f9010a0e"
                           "6401"),
              range); // step 0
    EXPECT_EQ(decode_error("1165f0000081a3050701"
                           "05"
                           "f9010a0e"
                           "6401"),
              range);                                     // step 86401
    EXPECT_EQ(decode_error("1165f00000880e0000"), range); // no slots
    EXPECT_EQ(decode_error("1165f00000880eda0400"
                           "f9010a0e"),
              range); // 301 slots
    EXPECT_EQ(decode_error("1165f00000880effffffffffffffffff0100"), range);
    const std::string shift = "bad_block: a shift that does not fit the values";
    EXPECT_EQ(decode_error("1165f00000880e0700"
                           "05"
                           "f9010a0e"
                           "c80103"),
              shift); // 100 and 98 could be shifted
    EXPECT_EQ(decode_error("1165f00000880e0701"
                           "05"
                           "f9010a0e"
                           "0000"),
              shift); // 0 and 0 need none
    EXPECT_EQ(decode_error("1165f00000880e0740"
                           "05"
                           "f9010a0e"
                           "6401"),
              shift);
    EXPECT_EQ(decode_error("1165f00000880e073f"
                           "05"
                           "f9010a0e"
                           "6401"),
              shift);
    EXPECT_EQ(decode_error("1165f00000880e0701"
                           "07"
                           "f9010a0e"
                           "640000"),
              "bad_block: a presence bitmap without a missing slot");
    EXPECT_EQ(decode_error("1165f00000880e0701"
                           "0d"
                           "f9010a0e"
                           "6401"),
              "bad_block: a presence bit after the last slot");
    EXPECT_EQ(decode_error("1165f00000880e0701"
                           "05"
                           "f98080040a0e"
                           "6401"),
              "bad_block: no such key generation");
    const std::string idle = "bad_block: a run that says nothing new";
    EXPECT_EQ(decode_error("1165f00000880e0701"
                           "05"
                           "f9000a0e"
                           "6401"),
              idle); // generation as before
    EXPECT_EQ(decode_error("1165f00000880e0701"
                           "05"
                           "f901000e"
                           "6401"),
              idle); // counter as before
    EXPECT_EQ(decode_error("1165f00000880e0701"
                           "05"
                           "f9010a00"
                           "6401"),
              idle); // batch as before
    EXPECT_EQ(decode_error("1165f00000880e0701"
                           "05"
                           "7901010a0e"
                           "89"
                           "6401"),
              idle); // second run like the first
    const std::string run = "bad_block: a run longer than the values left";
    EXPECT_EQ(decode_error("1165f00000880e0701"
                           "05"
                           "7900010a0e"
                           "8a"
                           "6401"),
              run);
    EXPECT_EQ(decode_error("1165f00000880e0701"
                           "05"
                           "7902010a0e"
                           "8a"
                           "6401"),
              run);
    EXPECT_EQ(decode_error("1165f00000880e0701"
                           "05"
                           "7901010a0e"
                           "8a"
                           "6401"),
              "decoded");
    EXPECT_EQ(decode_error("1165f00000880e0701"
                           "05"
                           "f9010a0e"
                           "648100"),
              "bad_block: value cut off or not in its shortest form");
    EXPECT_EQ(decode_error("1165f00000888e000701"
                           "05"
                           "f9010a0e"
                           "6401"),
              "bad_block: number cut off or not in its shortest form");
    EXPECT_EQ(decode_error("1165f00000880e0701"
                           "05"
                           "f9010a0e"
                           "640100"),
              "bad_block: trailing_bytes");
    EXPECT_EQ(decode_error(""), "bad_block: truncated");
    EXPECT_EQ(decode_day_block(Bytes(limits::block_bytes_max + 1, std::byte{0x11})).error().detail,
              "longer than a block may be");
}

TEST(DayBlock, that_is_too_large_or_has_no_shape_is_not_encoded)
{
    DayBlock day = small_day();
    day.slots.assign(limits::slots_per_day_max, day.slots.front());
    EXPECT_TRUE(encode_day_block(day));
    day.slots.push_back(day.slots.front());
    EXPECT_EQ(encode_day_block(day).error().code, errc::too_large);

    day.slots.resize(limits::slots_per_day_max);
    for (std::size_t i = 0; i < day.slots.size(); ++i) {
        day.slots[i]->value = i % 2 == 0 ? std::numeric_limits<std::int64_t>::min() / 2 : 1;
        day.slots[i]->provenance.batch = i % 2 == 0 ? 1 : std::int64_t{1} << 60;
    }
    EXPECT_EQ(encode_day_block(day).error().code, errc::too_large);

    for (const Seconds step : {Seconds{0}, Seconds{-1}, Seconds{86'401}}) {
        day = small_day();
        day.step = step;
        EXPECT_EQ(encode_day_block(day).error().code, errc::bad_block);
    }
    for (const Seconds first : {Seconds{-1}, Seconds{4'294'967'296}}) {
        day = small_day();
        day.first = Instant{first};
        EXPECT_EQ(encode_day_block(day).error().code, errc::bad_block);
    }
    EXPECT_EQ(encode_day_block(DayBlock{Instant{}, Seconds{1800}, {}}).error().code, errc::bad_block);
}

TEST(DayBlock, with_nothing_received_is_a_bitmap_of_zeros)
{
    DayBlock day = small_day();
    day.slots.assign(9, std::nullopt);
    const Bytes bytes = encode_day_block(day).value();
    EXPECT_EQ(to_hex(bytes), "1165f00000880e1300"
                             "0000");
    EXPECT_EQ(decode_day_block(bytes).value(), day);
}

TEST(DayBlock, pushed_value_by_value_still_fits)
{
    DayBlock day = small_day();
    day.step = Seconds{300};
    day.slots.clear();
    for (int i = 0; i < 300; ++i)
        day.slots.push_back(
            Slot{i % 2 * 5000,
                 {true, 1, std::uint64_t{1} << 32 | (9000u + i), Quality::raw, 4'000'000 + i * 700}});
    EXPECT_LT(encode_day_block(day).value().size(), limits::block_bytes_max);
}

} // namespace
} // namespace releve
