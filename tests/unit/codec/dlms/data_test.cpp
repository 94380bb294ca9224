#include <releve/codec/dlms/data.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace releve::dlms {
namespace {

result<Data> decode(std::string_view hex)
{
    return decode_data(*from_hex(hex));
}

errc refusal(std::string_view hex)
{
    const auto data = decode(hex);
    return data ? errc{} : data.error().code;
}

Bytes encode(const Data& data)
{
    Writer writer;
    write_data(writer, data);
    return std::move(writer).take();
}

TEST(Data, EveryTypeOfTheTable)
{
    EXPECT_EQ(decode("00")->type, DataType::null_data);
    EXPECT_EQ(decode("ff")->type, DataType::dont_care);
    EXPECT_EQ(decode("0301")->number, 1);
    EXPECT_EQ(decode("0500000001")->number, 1);
    EXPECT_EQ(decode("05ffffffff")->number, -1);
    EXPECT_EQ(decode("06ffffffff")->number, 4294967295);
    EXPECT_EQ(decode("0fff")->number, -1);
    EXPECT_EQ(decode("108000")->number, -32768);
    EXPECT_EQ(decode("11ff")->number, 255);
    EXPECT_EQ(decode("12ffff")->number, 65535);
    EXPECT_EQ(decode("14ffffffffffffffff")->number, -1);
    EXPECT_EQ(decode("15ffffffffffffffff")->unsigned_number, ~std::uint64_t{0});
    EXPECT_EQ(decode("16ff")->number, 255);
    EXPECT_EQ(decode("173fc00000")->real, 1.5);
    EXPECT_EQ(decode("183ff8000000000000")->real, 1.5);
    EXPECT_EQ(to_hex(decode("0903010203")->bytes), "010203");
    EXPECT_EQ(as_text(decode("0a03616263")->bytes), "abc");
    EXPECT_EQ(as_text(decode("0c02c3a9")->bytes), "\xc3\xa9");
    EXPECT_EQ(to_hex(decode("0d42")->bytes), "42");
    EXPECT_EQ(decode("1907e40101ff00030000ff8800")->bytes.size(), 12U);
    EXPECT_EQ(decode("1a07e80b15ff")->bytes.size(), 5U);
    EXPECT_EQ(decode("1b081e0f17")->bytes.size(), 4U);
    EXPECT_EQ(decode("0409ff80")->bit_count, 9U);
    EXPECT_EQ(decode("0409ff80")->bytes.size(), 2U);
    EXPECT_EQ(decode("01021101110 2")->children.size(), 2U);
}

TEST(Data, UnassignedTagsAreRefused)
{
    for (const unsigned tag : {0x07U, 0x08U, 0x0bU, 0x0eU, 0x1cU, 0x1dU, 0x7fU, 0x80U, 0xfeU}) {
        const Bytes bytes(20, static_cast<std::byte>(tag));
        EXPECT_EQ(decode_data(bytes).error().code, errc::unknown_type) << tag;
        EXPECT_TRUE(type_name(static_cast<DataType>(tag)).empty());
    }
}

TEST(Data, IntegersThatFit)
{
    EXPECT_TRUE(decode("157fffffffffffffff")->is_integer());
    EXPECT_EQ(decode("157fffffffffffffff")->number, std::numeric_limits<std::int64_t>::max());
    EXPECT_FALSE(decode("158000000000000000")->is_integer());
    EXPECT_FALSE(decode("1601")->is_integer());
    EXPECT_TRUE(decode("0a00")->is_text());
    EXPECT_TRUE(decode("0200")->is_list());
}

TEST(Data, LengthForms)
{
    for (const std::size_t length : {0UL, 1UL, 127UL, 128UL, 255UL, 256UL, 65'535UL, 65'536UL, 1UL << 24}) {
        Writer writer;
        write_length(writer, length);
        Reader reader{writer.view()};
        EXPECT_EQ(read_length(reader), length);
        EXPECT_EQ(reader.remaining(), 0U);
    }
    EXPECT_EQ(refusal("0980"), errc::bad_length);
    EXPECT_EQ(refusal("09850000000001ff"), errc::bad_length);
    EXPECT_EQ(refusal("0981"), errc::truncated);
    EXPECT_EQ(refusal("098201"), errc::truncated);
    EXPECT_EQ(to_hex(decode("098200 01ff")->bytes), "ff"); // longer than needed, but clear
}

TEST(Data, CountsAreHeldAgainstTheBytes)
{
    EXPECT_EQ(refusal("0103120001"), errc::truncated);
    EXPECT_EQ(refusal("0184ffffffff"), errc::truncated); // nothing is allocated for four thousand million
    EXPECT_EQ(refusal("0984ffffffff00"), errc::truncated);
    EXPECT_EQ(refusal("0484ffffffff00"), errc::truncated);
    EXPECT_EQ(refusal("120001ff"), errc::trailing_bytes);
    EXPECT_EQ(refusal(""), errc::truncated);
}

TEST(Data, NestingStopsAtItsLimit)
{
    const auto nested = [](std::size_t levels) {
        std::string hex;
        for (std::size_t i = 0; i < levels; ++i)
            hex += "0201";
        return hex + "00";
    };
    EXPECT_TRUE(decode(nested(limits::nesting_max)));
    EXPECT_EQ(refusal(nested(limits::nesting_max + 1)), errc::too_deep);
    EXPECT_EQ(refusal(nested(100'000)), errc::too_deep);
    // A compact array's description nests the same way.
    std::string description = "13";
    for (int i = 0; i < 40; ++i)
        description += "0201";
    EXPECT_EQ(refusal(description + "1100"), errc::too_deep);
    description = "13";
    for (int i = 0; i < 40; ++i)
        description += "010001";
    EXPECT_EQ(refusal(description + "1100"), errc::too_deep);
}

TEST(Data, ElementsHaveABudget)
{
    const auto array_of_nulls = [](std::size_t count) {
        Writer writer;
        writer.u8(0x01);
        write_length(writer, count);
        writer.bytes(Bytes(count));
        return std::move(writer).take();
    };
    EXPECT_TRUE(decode_data(array_of_nulls(limits::data_elements_max)));
    EXPECT_EQ(decode_data(array_of_nulls(limits::data_elements_max + 1)).error().code, errc::too_large);
    DataBudget budget{3};
    const Bytes two = array_of_nulls(2);
    Reader first{two}, second{two};
    (void)read_data(first, budget);
    (void)read_data(second, budget);
    EXPECT_FALSE(first.failed());
    EXPECT_TRUE(second.failed());
}

TEST(CompactArray, PlainAndNestedDescriptions)
{
    EXPECT_EQ(decode("1311 03 010203")->children.size(), 3U);
    EXPECT_EQ(decode("1311 00")->children.size(), 0U);
    // structure{long-unsigned, array of 2 unsigned, structure{octet-string}}, twice
    const auto nested = decode("13 0203 12 01000211 020109 0e 0001 0203 0105aa" // bytes checked below
                               "");
    EXPECT_FALSE(nested); // the announced 14 bytes are not there
    const auto good = decode("13 0203 12 01000211 020109 0c 0001 0203 01aa 0004 0506 01bb");
    ASSERT_TRUE(good);
    ASSERT_EQ(good->children.size(), 2U);
    EXPECT_EQ(good->children[1].children[0].number, 4);
    EXPECT_EQ(good->children[1].children[1].children[1].number, 6);
    EXPECT_EQ(to_hex(good->children[1].children[2].children[0].bytes), "bb");
    EXPECT_EQ(good->children[1].children[1].type, DataType::array);
}

TEST(CompactArray, IsBoundInDepthAndNumberAsOthersAre)
{
    std::string deep;
    for (unsigned i = 0; i < limits::nesting_max; ++i)
        deep += "0201";
    EXPECT_EQ(refusal(deep + "13 11 01 05"), errc::too_deep);
    EXPECT_TRUE(decode(deep.substr(4) + "13 11 01 05"));
    const auto of_bytes = [](std::size_t count) {
        Writer writer;
        writer.u8(0x13).u8(0x11);
        write_length(writer, count);
        writer.bytes(Bytes(count));
        return std::move(writer).take();
    };
    EXPECT_TRUE(decode_data(of_bytes(limits::data_elements_max)));
    EXPECT_EQ(decode_data(of_bytes(limits::data_elements_max + 1)).error().code, errc::too_large);
}

TEST(CompactArray, ElementsWithoutBytesEnd)
{
    EXPECT_EQ(refusal("1300 02 0000"), errc::bad_value);           // null-data
    EXPECT_EQ(refusal("130200 02 0000"), errc::bad_value);         // structure of nothing
    EXPECT_EQ(refusal("1301000011 02 0000"), errc::bad_value);     // array of none
    EXPECT_EQ(refusal("1301ffff00 02 0000"), errc::bad_value);     // 65535 times nothing
    EXPECT_EQ(refusal("1301ffff01ffff00 02 0000"), errc::too_large); // and that squared
    EXPECT_TRUE(decode("1300 00"));
}

TEST(CompactArray, ElementsEndWhereTheArrayEnds)
{
    EXPECT_EQ(refusal("1312 03 000100"), errc::truncated);
    EXPECT_EQ(refusal("0202 1312 03 000100 1105"), errc::bad_length); // would eat the next value's tag
    EXPECT_EQ(refusal("1313 00"), errc::unknown_type);                 // none inside another
    EXPECT_EQ(refusal("131d 00"), errc::unknown_type);
    EXPECT_EQ(refusal("1311 05 0102"), errc::truncated);
}

TEST(CompactArray, IsWrittenAsAnArray)
{
    EXPECT_EQ(to_hex(encode(*decode("1311 03 010203"))), "0103110111021103");
}

Data random_data(std::mt19937_64& random, unsigned depth)
{
    static constexpr DataType simple[] = {
        DataType::null_data, DataType::boolean, DataType::bit_string, DataType::double_long,
        DataType::double_long_unsigned, DataType::octet_string, DataType::visible_string, DataType::utf8_string,
        DataType::bcd, DataType::integer, DataType::long_, DataType::unsigned_, DataType::long_unsigned,
        DataType::long64, DataType::long64_unsigned, DataType::enum_, DataType::float32, DataType::float64,
        DataType::date_time, DataType::date, DataType::time, DataType::dont_care};
    const auto bytes = [&](std::size_t count) {
        Bytes some(count);
        for (std::byte& b : some)
            b = static_cast<std::byte>(random());
        return some;
    };
    Data data;
    if (depth > 0 && random() % 3 == 0) {
        data.type = random() % 2 ? DataType::array : DataType::structure;
        for (std::size_t i = random() % 5; i > 0; --i)
            data.children.push_back(random_data(random, depth - 1));
        return data;
    }
    data.type = simple[random() % std::size(simple)];
    switch (data.type) {
    case DataType::boolean: data.number = static_cast<std::int64_t>(random() % 2); break;
    case DataType::integer: data.number = static_cast<std::int8_t>(random()); break;
    case DataType::long_: data.number = static_cast<std::int16_t>(random()); break;
    case DataType::double_long: data.number = static_cast<std::int32_t>(random()); break;
    case DataType::long64: data.number = static_cast<std::int64_t>(random()); break;
    case DataType::unsigned_:
    case DataType::enum_: data.number = static_cast<std::uint8_t>(random()); break;
    case DataType::long_unsigned: data.number = static_cast<std::uint16_t>(random()); break;
    case DataType::double_long_unsigned: data.number = static_cast<std::uint32_t>(random()); break;
    case DataType::long64_unsigned:
        data.unsigned_number = random();
        if (data.is_integer())
            data.number = static_cast<std::int64_t>(data.unsigned_number);
        break;
    case DataType::float32: data.real = static_cast<float>(random() % 100'000) / 8; break;
    case DataType::float64: data.real = static_cast<double>(random()) / 3; break;
    case DataType::octet_string:
    case DataType::visible_string:
    case DataType::utf8_string: data.bytes = bytes(random() % 300); break;
    case DataType::bit_string:
        data.bit_count = random() % 40;
        data.bytes = bytes((data.bit_count + 7) / 8);
        break;
    case DataType::bcd: data.bytes = bytes(1); break;
    case DataType::date_time: data.bytes = bytes(12); break;
    case DataType::date: data.bytes = bytes(5); break;
    case DataType::time: data.bytes = bytes(4); break;
    default: break;
    }
    return data;
}

TEST(Data, WhatIsWrittenIsReadAgainAndNoPrefixOfItIs)
{
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    for (int i = 0; i < 500; ++i) {
        const Data data = random_data(random, 4);
        const Bytes bytes = encode(data);
        const auto again = decode_data(bytes);
        ASSERT_TRUE(again) << to_hex(bytes);
        ASSERT_EQ(*again, data) << to_hex(bytes);
        for (std::size_t size = 0; size < std::min<std::size_t>(bytes.size(), 200); ++size)
            ASSERT_FALSE(decode_data(ByteView{bytes}.first(size))) << to_hex(bytes) << " cut at " << size;
    }
}

} // namespace
} // namespace releve::dlms
