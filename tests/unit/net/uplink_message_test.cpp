// proto/uplink.proto: what is written is read again as itself, and nothing else is taken for it.

#include "uplink_frames.hpp"

#include <gtest/gtest.h>

namespace releve::net {
namespace {

using test::bytes_of;
using test::some_batch;

UplinkAck some_ack()
{
    return {.sequence = 7,
            .accepted = 2,
            .duplicate = 1,
            .refused = 1,
            .results = {{.index = 1,
                         .outcome = UplinkOutcome::accepted,
                         .reason = {},
                         .detail = {},
                         .downlink = bytes_of("0f43"),
                         .send_after = std::chrono::milliseconds{5'000}},
                        {.index = 2, .outcome = UplinkOutcome::duplicate, .reason = {}, .detail = {}, .downlink = {}},
                        {.index = 3,
                         .outcome = UplinkOutcome::refused,
                         .reason = "bad_tag",
                         .detail = "é",
                         .downlink = {}}}};
}

TEST(UplinkMessage, WhatIsWrittenIsReadAgain)
{
    const UplinkLimits limits;
    for (const UplinkMessage& message : {UplinkMessage{UplinkHello{.gateway = "gw-1"}}, UplinkMessage{some_batch(7)}})
        EXPECT_EQ(decode_message(encode_message(message), limits).value(), message);
    const UplinkRefusal refusal{.sequence = 9, .error = fail(errc::sequence_reused, "why")};
    const UplinkWelcome welcome{.gateway = {},
                                .acknowledged_up_to = 4,
                                .batch_bytes_max = 1,
                                .batch_frames_max = 2,
                                .outstanding_max = 3};
    for (const UplinkAnswer& answer : {UplinkAnswer{welcome}, UplinkAnswer{some_ack()}, UplinkAnswer{refusal}})
        EXPECT_EQ(decode_answer(encode_answer(answer)).value(), answer);
    EXPECT_EQ(decode_ack(encode_ack(some_ack())).value(), some_ack());
}

TEST(UplinkMessage, TheWireIsThatOfTheProtoFile)
{
    // Written by hand from proto/uplink.proto: a batch (2) of sequence 1 with one WIZE frame (2) of one octet at 5 ms,
    // -93 dBm (zigzag 185).
    const Bytes wire = bytes_of("120e" "0801" "120a" "0802" "120144" "1805" "20b901");
    UplinkBatch batch{.gateway = {}, .sequence = 1, .frames = {}};
    batch.frames.push_back({.kind = FrameKind::wize,
                            .frame = bytes_of("44"),
                            .received_at = InstantMs{std::chrono::milliseconds{5}},
                            .signal_dbm = -93});
    EXPECT_EQ(to_hex(encode_message(batch)), to_hex(wire));
    EXPECT_EQ(decode_message(wire, {}).value(), UplinkMessage{batch});
}

TEST(UplinkMessage, AFieldOfALaterVersionIsIgnored)
{
    Bytes message = encode_message(UplinkHello{.gateway = "gw-1"});
    const Bytes more = bytes_of("f80601"); // field 111, varint 1
    message.insert(message.end(), more.begin(), more.end());
    EXPECT_EQ(decode_message(message, {}).value(), UplinkMessage{UplinkHello{.gateway = "gw-1"}});
}

TEST(UplinkMessage, NoPrefixOfABatchIsTheBatch)
{
    const Bytes message = encode_message(some_batch(7));
    for (std::size_t length = 0; length < message.size(); ++length)
        ASSERT_FALSE(decode_message(ByteView{message}.first(length), {})) << length;
}

TEST(UplinkMessage, WhateverBitFlipsTheResultIsRefusedOrWithinTheLimits)
{
    const UplinkLimits limits;
    Bytes message = encode_message(some_batch(7));
    for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
        const auto mask = static_cast<std::byte>(1U << bit % 8);
        message[bit / 8] ^= mask;
        if (const auto read = decode_message(message, limits)) {
            const auto* const batch = std::get_if<UplinkBatch>(&*read);
            ASSERT_TRUE(!batch || check_batch(*batch, limits));
            ASSERT_EQ(decode_message(encode_message(*read), limits).value(), *read);
        }
        message[bit / 8] ^= mask;
    }
}

TEST(UplinkMessage, WhatHasNoPlaceInAFrameIsNamed)
{
    struct Row {
        const char* frame; // of a batch of sequence 1
        const char* detail;
    };
    for (const auto& [frame, detail] : {Row{"120144", "frames[0].kind: must be DLMS, WIZE or TIC"},
                                        Row{"0804120144", "frames[0].kind: must be DLMS, WIZE or TIC"},
                                        Row{"0802", "frames[0].frame: empty"},
                                        Row{"080212014420ca01", "frames[0].signal_dbm: must be from -200 to 100"},
                                        Row{"080112014428808004", "frames[0].source_wport: must be from 0 to 65535"},
                                        Row{"08021201442801", "frames[0].source_wport: only a DLMS frame has ports"}}) {
        Writer writer;
        const Bytes octets = bytes_of(frame);
        writer.u8(0x12).u8(static_cast<std::uint8_t>(octets.size() + 4)).u8(8).u8(1).u8(0x12);
        writer.u8(static_cast<std::uint8_t>(octets.size())).bytes(octets);
        const auto read = decode_message(writer.view(), {});
        ASSERT_FALSE(read) << frame;
        EXPECT_EQ(read.error().code, errc::bad_value);
        EXPECT_EQ(read.error().detail, detail);
    }
}

TEST(UplinkMessage, AnEmptyMessageIsNone)
{
    EXPECT_EQ(decode_message({}, {}).error().code, errc::malformed);
    EXPECT_EQ(decode_answer({}).error().code, errc::malformed);
}

TEST(UplinkMessage, AnErrorOfALaterVersionIsStillAnError)
{
    const Bytes answer = bytes_of("1a05120366" "6f6f"); // Error{name: "foo"}
    EXPECT_EQ(std::get<UplinkRefusal>(decode_answer(answer).value()).error.code, errc::internal);
}

struct Step {
    std::vector<std::string> seen;
    std::string error;
    bool operator==(const Step&) const = default;
};

Step read_in_pieces(ByteView stream, std::size_t piece)
{
    const auto form = make_binary_form({});
    Step out;
    while (out.error.empty()) {
        auto next = form->next();
        if (!next)
            out.error = to_string(next.error());
        else if (*next && std::holds_alternative<UplinkHello>(**next))
            out.seen.push_back(std::get<UplinkHello>(**next).gateway);
        else if (*next)
            out.seen.push_back(std::to_string(std::get<UplinkBatch>(**next).sequence));
        else if (stream.empty())
            break;
        else {
            const std::size_t count = std::min(piece, stream.size());
            form->feed(stream.first(count));
            stream = stream.subspan(count);
        }
    }
    return out;
}

TEST(UplinkMessage, AStreamIsReadAlikeHoweverItIsCut)
{
    Writer stream;
    stream.bytes(with_length(encode_message(UplinkHello{.gateway = "gw-1"})));
    stream.bytes(with_length(encode_message(some_batch(1)))).bytes(with_length(encode_message(some_batch(2))));
    const Step whole{.seen = {"gw-1", "1", "2"}, .error = {}};
    for (const std::size_t piece : {1UL, 3UL, 50UL, 5'000UL})
        EXPECT_EQ(read_in_pieces(stream.view(), piece), whole) << piece;
    stream.u32_be(1024 * 1024 + 1);
    EXPECT_EQ(read_in_pieces(stream.view(), 7).seen, whole.seen);
    EXPECT_EQ(read_in_pieces(stream.view(), 7).error,
              "too_large: a message of 1048577 octets; at most 1048576 are taken");
}

} // namespace
} // namespace releve::net
