#include <releve/codec/dlms/apdu.hpp>

#include <releve/core/limits.hpp>

#include <gtest/gtest.h>

namespace releve::dlms {
namespace {

Bytes hex(std::string_view text)
{
    return *from_hex(text);
}

TEST(DataNotification, RoundTrip)
{
    for (const char* text : {"0f000000010011 05", "0fc00000010c07ea0301ff000007000000000202110500"}) {
        const Bytes apdu = hex(text);
        const auto decoded = decode_data_notification(apdu);
        ASSERT_TRUE(decoded) << text;
        EXPECT_EQ(encode_data_notification(*decoded), apdu);
        for (std::size_t size = 0; size < apdu.size(); ++size)
            EXPECT_FALSE(decode_data_notification(ByteView{apdu}.first(size)));
    }
    const auto confirmed = decode_data_notification(hex("0fc00000010011 05"));
    EXPECT_TRUE(confirmed->invoke_id.confirmed());
    EXPECT_EQ(confirmed->invoke_id.id(), 1U);
    EXPECT_FALSE(decode_data_notification(hex("0f800000010011 05"))->invoke_id.confirmed());
}

TEST(DataNotification, DateTimeOctetsSurviveEvenIfTheyMakeNoDate)
{
    const auto decoded = decode_data_notification(hex("0f000000010c07ea1f01ff0000070000000011 05"));
    ASSERT_TRUE(decoded);
    EXPECT_FALSE(decoded->date_time);
    EXPECT_EQ(decoded->date_time_octets.size(), 12U);
    EXPECT_EQ(decode_data_notification(hex("0f000000010b07ea0301ff0000070000001105")).error().code, errc::bad_length);
    EXPECT_EQ(decode_data_notification(hex("0e000000010011 05")).error().code, errc::unknown_apdu);
}

TEST(DataNotification, HeadLeavesTheBodyAsItIs)
{
    const Bytes apdu = hex("0fc00000070c07ea0301ff000007000000000202110500");
    const auto head = decode_data_notification_head(apdu);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->invoke_id.id(), 7U);
    EXPECT_TRUE(head->date_time);
    EXPECT_EQ(to_hex(head->body), "0202110500");
    EXPECT_EQ(head->body.data(), apdu.data() + 18) << "a view, not a copy";
    EXPECT_TRUE(decode_data_notification_head(ByteView{apdu}.first(18))->body.empty());
    for (std::size_t size = 0; size < 18; ++size)
        EXPECT_EQ(decode_data_notification_head(ByteView{apdu}.first(size)).error().code, errc::truncated) << size;
    EXPECT_EQ(decode_data_notification_head(hex("100000000700")).error().code, errc::unknown_apdu);
}

TEST(DataNotification, IsSentWithItsTimeOrItsOctets)
{
    DataNotification notification;
    notification.invoke_id.raw = 7;
    EXPECT_EQ(to_hex(encode_data_notification(notification)), "0f000000070000");
    notification.date_time = decode_date_time(hex("07ea0301ff00000700000000")).value();
    EXPECT_EQ(to_hex(encode_data_notification(notification)), "0f000000070c07ea0301ff0000070000000000");
    notification.date_time_octets = hex("07ea1f01ff00000700000000"); // as received, even if they make no date
    EXPECT_EQ(to_hex(encode_data_notification(notification)), "0f000000070c07ea1f01ff0000070000000000");
}

TEST(DataNotificationConfirm, RepeatsWhatCame)
{
    const Bytes octets = hex("07ea0301ff00000700000000");
    EXPECT_EQ(to_hex(encode_data_notification_confirm({0x40000001}, octets)), "10400000010c07ea0301ff00000700000000");
    EXPECT_EQ(to_hex(encode_data_notification_confirm({7}, {})), "100000000700");
    const auto back = decode_data_notification_confirm(hex("10400000010c07ea0301ff00000700000000"));
    EXPECT_EQ(back->date_time_octets, octets);
    EXPECT_EQ(back->invoke_id.raw, 0x40000001U);
    EXPECT_FALSE(decode_data_notification_confirm(hex("1000000007")));
    EXPECT_FALSE(decode_data_notification_confirm(hex("10000000070000")));
}

TEST(EventNotification, RoundTrip)
{
    for (const char* text : {"c2 00 0001 0000600b00ff 02 1105", "c2 01 0c07ea0301ff00000700000000 0001 0000600b00ff 02 00"}) {
        const Bytes apdu = hex(text);
        const auto decoded = decode_event_notification(apdu);
        ASSERT_TRUE(decoded) << text;
        EXPECT_EQ(to_string(decoded->obis), "0.0.96.11.0.255");
        EXPECT_EQ(encode_event_notification(*decoded), apdu);
        for (std::size_t size = 0; size < apdu.size(); ++size)
            EXPECT_FALSE(decode_event_notification(ByteView{apdu}.first(size)));
    }
    EXPECT_EQ(decode_event_notification(hex("c20200010000600b00ff021105")).error().code, errc::bad_value);
}

TEST(Blocks, CutAndPutTogether)
{
    const Bytes apdu(1000, std::byte{0xab});
    for (const std::size_t size : {1U, 7U, 128U, 999U, 1000U, 5000U}) {
        BlockAssembler assembler;
        const auto blocks = encode_blocks(apdu, size);
        EXPECT_EQ(blocks.size(), (apdu.size() + size - 1) / size);
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            EXPECT_EQ(assembler.in_progress(), i > 0);
            const auto whole = assembler.feed(blocks[i]);
            ASSERT_TRUE(whole);
            ASSERT_EQ(whole->has_value(), i + 1 == blocks.size());
            if (*whole) {
                EXPECT_EQ(**whole, apdu);
            }
        }
        EXPECT_FALSE(assembler.in_progress());
    }
}

TEST(Blocks, AnotherApduEndsATransfer)
{
    const auto blocks = encode_blocks(Bytes(30), 10);
    BlockAssembler assembler;
    EXPECT_TRUE(assembler.feed(blocks[0]));
    EXPECT_EQ(assembler.feed(hex("0f000000070000")).error().code, errc::unknown_apdu);
    EXPECT_FALSE(assembler.in_progress());
}

TEST(Blocks, HoleStartsOver)
{
    const auto blocks = encode_blocks(Bytes(30), 10);
    BlockAssembler assembler;
    EXPECT_TRUE(assembler.feed(blocks[0]));
    EXPECT_EQ(assembler.feed(blocks[2]).error().code, errc::bad_block_number);
    EXPECT_FALSE(assembler.in_progress());
    EXPECT_EQ(assembler.feed(blocks[1]).error().code, errc::bad_block_number); // not taken as a beginning
    for (const std::size_t i : {0U, 1U, 0U, 1U, 2U}) // block 1 again in the middle begins anew
        EXPECT_TRUE(assembler.feed(blocks[i]));
    EXPECT_FALSE(assembler.in_progress());
}

TEST(Blocks, AreBounded)
{
    BlockAssembler assembler;
    const auto block = [](std::uint16_t number, std::size_t size) {
        Writer writer;
        writer.u8(0xe0).u8(0).u16_be(number).u16_be(0);
        write_length(writer, size);
        writer.bytes(Bytes(size));
        return std::move(writer).take();
    };
    for (std::uint16_t number = 1; number <= limits::blocks_max; ++number)
        ASSERT_TRUE(assembler.feed(block(number, 1)));
    EXPECT_EQ(assembler.feed(block(limits::blocks_max + 1, 1)).error().code, errc::too_large);
    const std::size_t half = limits::assembled_bytes_max / 2;
    EXPECT_TRUE(assembler.feed(block(1, half)));
    EXPECT_TRUE(assembler.feed(block(2, half)));
    EXPECT_EQ(assembler.feed(block(3, 1)).error().code, errc::too_large);
    EXPECT_FALSE(assembler.in_progress());
    EXPECT_FALSE(assembler.feed(hex("e08000010000")));
    EXPECT_FALSE(assembler.feed({}));
}

} // namespace
} // namespace releve::dlms
