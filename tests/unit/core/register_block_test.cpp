#include "damage.hpp"
#include "random_blocks.hpp"

#include <releve/core/limits.hpp>

namespace releve {
namespace {

using namespace test;

constexpr Instant midnight{Seconds{0x65f0'0000}};

RegisterRead read_of(std::int16_t channel, std::int64_t value, Instant at = midnight)
{
    return {ChannelId{channel}, at, value, {true, 1, std::uint64_t{1} << 32 | 5, Quality::raw, 7}};
}

std::string decode_error(const std::string& hex)
{
    const auto decoded = decode_register_block(from_hex(hex).value());
    return decoded ? "decoded"
                   : std::string{error_name(decoded.error().code)} + ": " + decoded.error().detail;
}

TEST(RegisterBlock, has_the_documented_bytes)
{
    const RegisterBlock block{{read_of(10, 1), read_of(10, 3, midnight + Seconds{900}), read_of(11, 2)}};
    EXPECT_EQ(to_hex(encode_register_block(block).value()), "21"
                                                            "03"
                                                            "65f00000"
                                                            "14"
                                                            "f9010a0e"
                                                            "02"
                                                            "01840704"
                                                            "0204");
}

TEST(RegisterBlock, comes_back_as_it_was)
{
    for_each_seed(400, [](Random& random) {
        const RegisterBlock block = any_registers(random);
        const auto bytes = encode_register_block(block);
        ASSERT_TRUE(bytes) << to_string(bytes.error());
        ASSERT_EQ(decode_register_block(*bytes).value(), block);
    });
}

TEST(RegisterBlock, keeps_the_extremes)
{
    constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
    constexpr auto highest = std::numeric_limits<std::int64_t>::max();
    const Instant last{Seconds{4'294'967'295}};
    RegisterBlock block;
    block.reads = {read_of(-32'768, lowest, Instant{}), read_of(-32'768, highest, last),
                   read_of(32'767, highest, Instant{}), read_of(32'767, lowest, last)};
    EXPECT_EQ(decode_register_block(encode_register_block(block).value()).value(), block);
    block.reads = {read_of(-1, 0, last), read_of(0, 0, Instant{})};
    EXPECT_EQ(decode_register_block(encode_register_block(block).value()).value(), block);
}

TEST(RegisterBlock, of_six_indexes_takes_five_bytes_a_read_and_a_small_head)
{
    RegisterBlock block;
    for (std::int16_t i = 0; i < 6; ++i) {
        block.reads.push_back(read_of(static_cast<std::int16_t>(10 + i), 17'912'669 + 1'000'000 * i));
        block.reads.back().provenance.counter = std::uint64_t{1} << 32 | 70'000;
        block.reads.back().provenance.batch = 1'500'000;
    }
    EXPECT_LE(encode_register_block(block).value().size(), 6u * 5 + 20);
}

TEST(RegisterBlock, cut_anywhere_is_refused)
{
    for_each_seed(12, [](Random& random) {
        expect_every_cut_refused(encode_register_block(any_registers(random)).value(), decode_register_block);
    });
}

TEST(RegisterBlock, with_a_flipped_bit_is_refused_or_the_one_encoding_of_what_it_says)
{
    for_each_seed(10, [](Random& random) {
        RegisterBlock block = any_registers(random);
        block.reads.resize(std::min<std::size_t>(block.reads.size(), 16));
        expect_every_flip_refused_or_canonical(encode_register_block(block).value(), decode_register_block,
                                               encode_register_block);
    });
}

TEST(RegisterBlock, of_random_bytes_is_refused_or_canonical)
{
    for_each_seed(20'000, [](Random& random) {
        Bytes bytes = from_hex("21").value();
        for (std::uint64_t i = 0, count = below(random, 24); i < count; ++i)
            bytes.push_back(
                static_cast<std::byte>(one_in(random, 2) ? below(random, 8) : below(random, 256)));
        expect_refused_or_canonical(bytes, decode_register_block, encode_register_block);
    });
}

TEST(RegisterBlock, is_refused_where_its_bytes_are_not_the_shortest_or_out_of_range)
{
    ASSERT_EQ(decode_error("21"
                           "02"
                           "65f00000"
                           "14"
                           "f9010a0e"
                           "02"
                           "01840704"),
              "decoded");
    EXPECT_EQ(decode_error("11"
                           "02"
                           "65f00000"
                           "14"
                           "f9010a0e"
                           "02"
                           "01840704"),
              "bad_block: another kind or version of block");
    EXPECT_EQ(decode_error("21"
                           "00"
                           "65f00000"
                           "14"),
              "bad_block: number of reads out of range");
    EXPECT_EQ(decode_error("21"
                           "61"
                           "65f00000"
                           "14"
                           "f9010a0e"),
              "bad_block: number of reads out of range");
    EXPECT_EQ(decode_error("21"
                           "02"
                           "65f00000"
                           "808004"
                           "f9010a0e"
                           "02"
                           "01840704"),
              "bad_block: no such channel");
    EXPECT_EQ(decode_error("21"
                           "02"
                           "65f00000"
                           "feff03"
                           "f9010a0e"
                           "02"
                           "0204"),
              "bad_block: no such channel");
    const std::string idle = "bad_block: an instant that says nothing new";
    EXPECT_EQ(decode_error("21"
                           "02"
                           "65f00000"
                           "14"
                           "f9010a0e"
                           "02"
                           "0004"),
              idle); // the first read again
    EXPECT_EQ(decode_error("21"
                           "02"
                           "65f00000"
                           "14"
                           "f9010a0e"
                           "02"
                           "010004"),
              idle); // 0 seconds later
    EXPECT_EQ(decode_error("21"
                           "02"
                           "65f00000"
                           "14"
                           "f9010a0e"
                           "02"
                           "030004"),
              idle); // next channel, 0 seconds later
    const std::string range = "bad_block: instant or channel out of range";
    EXPECT_EQ(decode_error("21"
                           "02"
                           "ffffffff"
                           "14"
                           "f9010a0e"
                           "02"
                           "010104"),
              range);
    EXPECT_EQ(decode_error("21"
                           "02"
                           "00000001"
                           "14"
                           "f9010a0e"
                           "02"
                           "01ffffffffffffffffff0104"),
              range); // would wrap to 0
    EXPECT_EQ(decode_error("21"
                           "02"
                           "00000000"
                           "14"
                           "f9010a0e"
                           "02"
                           "030104"),
              range); // before 1970
    EXPECT_EQ(decode_error("21"
                           "02"
                           "65f00000"
                           "14"
                           "f9010a0e"
                           "02"
                           "80800804"),
              range); // 65536 channels on
}

TEST(RegisterBlock, that_is_too_large_empty_or_out_of_order_is_not_encoded)
{
    RegisterBlock block;
    EXPECT_EQ(encode_register_block(block).error().code, errc::bad_block);
    for (std::int16_t i = 0; i < static_cast<std::int16_t>(limits::register_reads_per_day_max); ++i)
        block.reads.push_back(read_of(i, i));
    EXPECT_TRUE(encode_register_block(block));
    block.reads.push_back(read_of(200, 1));
    EXPECT_EQ(encode_register_block(block).error().code, errc::too_large);
    EXPECT_EQ(encode_register_block({{read_of(2, 1), read_of(1, 1)}}).error().code, errc::bad_block);
    EXPECT_EQ(encode_register_block({{read_of(1, 1), read_of(1, 2)}}).error().code, errc::bad_block);
    EXPECT_EQ(encode_register_block({{read_of(1, 1, Instant{Seconds{-1}})}}).error().code, errc::bad_block);
}

} // namespace
} // namespace releve
