#include <releve/codec/dlms/wrapper.hpp>

#include <gtest/gtest.h>

#include <random>

namespace releve::dlms {
namespace {

Bytes wrapped(std::uint16_t source, std::uint16_t destination, std::string_view apdu_hex)
{
    Writer writer;
    write_wrapper(writer, source, destination, *from_hex(apdu_hex));
    return std::move(writer).take();
}

Bytes operator+(Bytes a, const Bytes& b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

std::vector<WrapperMessage> drain(WrapperDeframer& deframer)
{
    std::vector<WrapperMessage> messages;
    while (true) {
        const auto message = deframer.next();
        EXPECT_TRUE(message);
        if (!message || !*message)
            return messages;
        messages.push_back(**message);
    }
}

TEST(Wrapper, WritesItsHeader)
{
    EXPECT_EQ(to_hex(wrapped(1, 0x102, "0f00")), "00010001010200020f00");
}

TEST(Wrapper, AnySplitGivesTheSameMessages)
{
    const Bytes stream = wrapped(1, 2, "aabbcc") + wrapped(3, 4, "") + wrapped(5, 6, "01") + wrapped(7, 8, std::string(600, 'e'));
    WrapperDeframer whole{65'535};
    whole.feed(stream);
    const auto expected = drain(whole);
    ASSERT_EQ(expected.size(), 3U); // the empty one is dropped
    EXPECT_EQ(expected[1], (WrapperMessage{5, 6, *from_hex("01")}));

    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        WrapperDeframer deframer{65'535};
        deframer.feed(ByteView{stream}.first(cut));
        auto messages = drain(deframer);
        deframer.feed(ByteView{stream}.subspan(cut));
        for (auto& message : drain(deframer))
            messages.push_back(std::move(message));
        EXPECT_EQ(messages, expected) << cut;
    }
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    for (int round = 0; round < 100; ++round) {
        WrapperDeframer deframer{65'535};
        std::vector<WrapperMessage> messages;
        for (ByteView rest{stream}; !rest.empty();) {
            const std::size_t size = std::min<std::size_t>(1 + random() % 20, rest.size());
            deframer.feed(rest.first(size));
            rest = rest.subspan(size);
            if (random() % 2) // reading late must not matter either
                for (auto& message : drain(deframer))
                    messages.push_back(std::move(message));
        }
        for (auto& message : drain(deframer))
            messages.push_back(std::move(message));
        ASSERT_EQ(messages, expected);
    }
}

TEST(Wrapper, SaysWhatIsMissing)
{
    const Bytes message = wrapped(1, 2, "aabbcc");
    WrapperDeframer deframer{100};
    EXPECT_EQ(deframer.pending_bytes(), 0U);
    for (std::size_t size = 1; size < message.size(); ++size) {
        WrapperDeframer partial{100};
        partial.feed(ByteView{message}.first(size));
        EXPECT_EQ(partial.pending_bytes(), size < 8 ? 8 - size : message.size() - size);
        EXPECT_EQ(partial.unfinished().size(), size);
        EXPECT_FALSE(partial.next()->has_value());
    }
    deframer.feed(message);
    EXPECT_EQ(deframer.pending_bytes(), 0U);
    EXPECT_TRUE(deframer.next()->has_value());
    EXPECT_TRUE(deframer.unfinished().empty());
}

TEST(Wrapper, BadVersionIsSeenInTwoBytesAndFinal)
{
    for (const char* start : {"0002", "1001", "0000", "1603", "4745"}) {
        WrapperDeframer deframer{100};
        deframer.feed(*from_hex(start));
        EXPECT_EQ(deframer.next().error().code, errc::bad_version);
        deframer.feed(wrapped(1, 2, "aa"));
        EXPECT_EQ(deframer.next().error().code, errc::bad_version);
        EXPECT_LE(deframer.unfinished().size(), 2U); // a lost stream is not collected
    }
}

TEST(Wrapper, TooLargeIsRefusedByTheHeaderAlone)
{
    WrapperDeframer deframer{16};
    deframer.feed(*from_hex("0001000100010011"));
    EXPECT_EQ(deframer.next().error().code, errc::too_large);
    EXPECT_EQ(deframer.next().error().code, errc::too_large);
    WrapperDeframer fits{16};
    fits.feed(wrapped(1, 1, std::string(32, 'a')));
    EXPECT_TRUE(fits.next()->has_value());
}

TEST(Wrapper, WhatCameBeforeABadVersionIsDelivered)
{
    WrapperDeframer deframer{100};
    deframer.feed(wrapped(1, 2, "aa") + *from_hex("0003"));
    EXPECT_TRUE(deframer.next()->has_value());
    EXPECT_EQ(deframer.next().error().code, errc::bad_version);
}

} // namespace
} // namespace releve::dlms
