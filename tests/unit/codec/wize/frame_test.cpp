// The published frames run through `releve check vectors`; here is what must hold for everything near them.

#include "wize_frames.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace releve::wize {
namespace {

std::optional<Check> first_failing(ByteView bytes, const FrameRules& rules = {})
{
    const auto opened = open_all(bytes, rules);
    return opened ? std::nullopt : failed_check(opened.error());
}

TEST(WizeFrame, ThePublishedOneOpens)
{
    const auto frame = decode_exchange(grdf_frame);
    ASSERT_TRUE(frame);
    EXPECT_TRUE(frame->is(FrameType::data));
    EXPECT_EQ(to_hex(frame->address), "5310730315000003");
    EXPECT_EQ(frame->keysel, 1);
    const auto network = check_network(*frame, grdf_networks);
    ASSERT_TRUE(network);
    EXPECT_EQ(to_hex(*open_exchange(*frame, &grdf_kenc, (*network)->kmac)),
              "0300000000993030a1234500000000000000006e000000640000000000000000010000050000020000040003");
}

TEST(WizeFrame, OpensWhatItEncoded)
{
    for (const FrameType type :
         {FrameType::data, FrameType::data_prio, FrameType::response, FrameType::instping}) {
        for (const std::size_t size : {1U, 15U, 16U, 17U, 44U, 228U}) {
            for (const std::uint8_t keysel : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{15}}) {
                const Bytes l7(size, std::byte{0x5a});
                Outgoing out = data_frame(l7);
                out.c = type;
                out.keysel = keysel;
                const Bytes bytes = encode_exchange(out, keysel == 0 ? nullptr : &kenc, kmac);
                EXPECT_EQ(bytes.size(), 26 + size);
                const auto frame = decode_exchange(bytes);
                ASSERT_TRUE(frame);
                EXPECT_EQ(frame->c, static_cast<std::uint8_t>(type));
                EXPECT_EQ(frame->address, address);
                EXPECT_EQ(frame->ci, ci_wize);
                EXPECT_EQ(frame->keysel, keysel);
                EXPECT_EQ(frame->netid, 1);
                EXPECT_EQ(frame->cpt, 0x1234);
                EXPECT_EQ(frame->app, 0x20);
                EXPECT_EQ(frame->tstamp, 0xabcd);
                EXPECT_EQ(std::ranges::equal(frame->l7, l7), keysel == 0);
                const auto network = check_network(*frame, networks);
                ASSERT_TRUE(network);
                EXPECT_EQ((*network)->netid, 1);
                const auto opened = open_exchange(*frame, keysel == 0 ? nullptr : &kenc, (*network)->kmac);
                ASSERT_TRUE(opened);
                EXPECT_EQ(*opened, l7);
                EXPECT_EQ(peek_address(bytes), address);
            }
        }
    }
}

TEST(WizeFrame, WhatAHeadEndSendsIsForDevicesOnly)
{
    const Bytes l7 = hex("40");
    Outgoing out = data_frame(l7);
    for (const FrameType type : {FrameType::command, FrameType::instpong}) {
        out.c = type;
        out.epoch = 0x12345678;
        const Bytes bytes = encode_exchange(out, &kenc, kmac);
        const auto frame = decode_exchange(bytes);
        ASSERT_TRUE(frame);
        EXPECT_EQ(check_network(*frame, networks).error().code, errc::unknown_frame);
        ASSERT_TRUE(check_network(*frame, networks, Sender::head_end));
        EXPECT_EQ(*open_exchange(*frame, &kenc, kmac), l7);
    }
    const Bytes data = encode_exchange(data_frame(hex("40")), &kenc, kmac);
    EXPECT_EQ(check_network(*decode_exchange(data), networks, Sender::head_end).error().code,
              errc::unknown_frame);
}

TEST(WizeFrame, EveryPrefixAndEverySuffixIsRefusedForItsLength)
{
    const Bytes bytes = encode_exchange(data_frame(hex("0102030405")), &kenc, kmac);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_EQ(first_failing(ByteView{bytes}.first(size)), Check::length) << size;
        EXPECT_EQ(first_failing(ByteView{bytes}.first(size), {.crc_may_be_zero = true}), Check::length)
            << size;
    }
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    EXPECT_EQ(decode_exchange(longer).error().code, errc::bad_length);
    for (std::size_t size = 0; size < 10; ++size)
        EXPECT_FALSE(peek_address(ByteView{bytes}.first(size)));
    EXPECT_TRUE(without_crc(ByteView{bytes}.first(1)).empty());
}

TEST(WizeFrame, LengthsThatNoExchangeFrameHas)
{
    EXPECT_EQ(decode_exchange(Bytes(256, std::byte{0xff})).error().code, errc::bad_length); // a download
    Bytes without_message(26);
    without_message[0] = std::byte{25};
    repair_crc(without_message);
    EXPECT_EQ(first_failing(without_message), Check::length);
    // 229 octets of L7 are never sent, but could be received.
    Bytes longest(255);
    longest[0] = std::byte{254};
    repair_crc(longest);
    EXPECT_EQ(first_failing(longest), Check::ci);
}

TEST(WizeFrame, EveryFlippedBitIsRefused)
{
    const Bytes bytes = encode_exchange(data_frame(hex("0102030405")), &kenc, kmac);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        Bytes altered = bytes;
        altered[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
        EXPECT_EQ(first_failing(altered), bit < 8 ? Check::length : Check::crc) << bit;
    }
}

/// What must be the reason when a bit was changed and the CRC computed again; nothing if it goes unseen.
std::optional<Check> reason_of(std::size_t octet, unsigned bit, std::size_t size)
{
    if (octet == 0)
        return Check::length;
    if (octet == 1) // neither hash covers C, only the cipher's counter: 44 may become 46 or 54
        return bit == 1 || bit == 4 ? std::nullopt : std::optional{Check::c};
    if (octet == 10)
        return Check::ci;
    if (octet == 11 && bit >= 5)
        return Check::version;
    if (octet == 12)
        return bit == 3 ? Check::hashkmac : Check::netid; // 1 becomes 9, which is the other network
    if (octet >= size - 2)
        return std::nullopt; // repaired
    return Check::hashkmac;
}

TEST(WizeFrame, EveryFlippedBitUnderARepairedCrcHasItsTrueReason)
{
    const Bytes bytes = encode_exchange(data_frame(hex("0102030405")), &kenc, kmac);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        Bytes altered = bytes;
        altered[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
        repair_crc(altered);
        EXPECT_EQ(first_failing(altered), reason_of(bit / 8, bit % 8, bytes.size()))
            << "octet " << bit / 8 << " bit " << bit % 8;
    }
}

/// A frame whose gateway, which holds Kmac, changed it and computed HashKmac and CRC again.
Bytes as_by_a_gateway(Bytes bytes)
{
    const auto frame = decode_exchange(bytes, {.crc_may_be_zero = true});
    const auto mac = hashkmac_cmac(*frame, kmac);
    std::ranges::copy(ByteView{mac}.first(2), bytes.end() - 4);
    repair_crc(bytes);
    return bytes;
}

TEST(WizeFrame, AGatewayCannotChangeWhatTheDeviceSaid)
{
    const Bytes bytes = encode_exchange(data_frame(hex("0102030405")), &kenc, kmac);
    const auto change = [&](std::size_t octet, std::uint8_t bits) {
        Bytes altered = bytes;
        altered[octet] ^= std::byte{bits};
        altered[altered.size() - 1] = altered[altered.size() - 2] = std::byte{0};
        return first_failing(as_by_a_gateway(altered));
    };
    EXPECT_EQ(change(2, 1), Check::hashkenc);  // M
    EXPECT_EQ(change(9, 1), Check::hashkenc);  // A
    EXPECT_EQ(change(11, 2), Check::keysel);   // no such key
    EXPECT_EQ(change(11, 1), Check::hashkenc); // not ciphered, and so hashed under Kmac
    EXPECT_EQ(change(13, 1), Check::hashkenc); // L6Cpt
    EXPECT_EQ(change(16, 1), Check::hashkenc); // L7
    EXPECT_EQ(change(21, 1), Check::hashkenc); // L6HashKenc
    EXPECT_EQ(change(15, 1), std::nullopt);    // L6App and L6TStamp are the network's word only
    EXPECT_EQ(change(26, 1), std::nullopt);
}

TEST(WizeFrame, TheOldCiIsARule)
{
    const Bytes l7 = hex("01");
    Outgoing out = data_frame(l7);
    out.ci = ci_old;
    const Bytes bytes = encode_exchange(out, &kenc, kmac);
    EXPECT_TRUE(open_all(bytes));
    EXPECT_EQ(first_failing(bytes, {.old_ci = false}), Check::ci);
    EXPECT_EQ(decode_exchange(bytes, {.old_ci = false}).error().detail, "CI b4");
}

TEST(WizeFrame, ACrcOfZeroIsARule)
{
    Bytes bytes = encode_exchange(data_frame(hex("01")), &kenc, kmac);
    bytes[bytes.size() - 2] = bytes[bytes.size() - 1] = std::byte{0};
    EXPECT_EQ(first_failing(bytes), Check::crc);
    EXPECT_EQ(first_failing(bytes, {.crc_may_be_zero = true}), std::nullopt);
    bytes[16] ^= std::byte{1};
    EXPECT_EQ(first_failing(bytes, {.crc_may_be_zero = true}), Check::hashkmac);
    bytes[bytes.size() - 1] = std::byte{1}; // neither right nor zero
    EXPECT_EQ(first_failing(bytes, {.crc_may_be_zero = true}), Check::crc);
}

TEST(WizeFrame, TwoGatewaysGiveTheSameOctetsButTheCrc)
{
    const Bytes bytes = encode_exchange(data_frame(hex("01")), &kenc, kmac);
    Bytes zeroed = bytes;
    zeroed[zeroed.size() - 2] = zeroed[zeroed.size() - 1] = std::byte{0};
    EXPECT_TRUE(std::ranges::equal(without_crc(bytes), without_crc(zeroed)));
    EXPECT_EQ(without_crc(bytes).size(), bytes.size() - 2);
}

TEST(WizeFrame, ANetworkMayHaveTwoKeysWhileItsKeyChanges)
{
    const Bytes bytes = encode_exchange(data_frame(hex("01")), &kenc, kmac);
    const std::vector<NetworkKey> both{{1, kenc}, {1, kmac}};
    const auto network = check_network(*decode_exchange(bytes), both);
    ASSERT_TRUE(network);
    EXPECT_EQ((*network)->kmac, kmac);
    EXPECT_EQ(check_network(*decode_exchange(bytes), std::span{both}.first(1)).error().code,
              errc::gateway_auth);
    EXPECT_EQ(check_network(*decode_exchange(bytes), {}).error().code, errc::unknown_network);
    const std::vector<NetworkKey> right_key_of_another{{1, kenc}, {2, kmac}};
    EXPECT_EQ(check_network(*decode_exchange(bytes), right_key_of_another).error().code, errc::gateway_auth);
}

TEST(WizeFrame, NamesOfTypesAndChecks)
{
    EXPECT_EQ(frame_type_name(0x54), "data-prio");
    EXPECT_EQ(frame_type_name(0x45), "");
    EXPECT_EQ(check_name(Check::length), "length");
    EXPECT_EQ(check_name(Check::decrypt), "decrypt");
    EXPECT_EQ(failed_check(fail(errc::undecoded)), std::nullopt);
}

TEST(WizeFrame, CrcOfTheStandardsParameters)
{
    EXPECT_EQ(crc16_en13757(as_bytes("123456789")), 0xc2b7); // the catalogue's check value of CRC-16/EN-13757
    EXPECT_EQ(crc16_en13757({}), 0xffff);
}

TEST(WizeCounter, IsTheNearestWithTheseLowBits)
{
    EXPECT_EQ(extend_counter(7, std::nullopt), 7U);
    EXPECT_EQ(extend_counter(0, 0xffff), 0x10000U);
    EXPECT_EQ(extend_counter(0xffff, 0x10000), 0xffffU);
    EXPECT_EQ(extend_counter(0xffff, 5), 0xffffU);        // never negative
    EXPECT_EQ(extend_counter(0x8000, 0x10000), 0x18000U); // of two the higher
    EXPECT_EQ(extend_counter(0x8001, 0x10000), 0x8001U);
}

TEST(WizeCounter, FollowsADevicePastWrapsAndOutOfOrder)
{
    std::mt19937 random{7};
    std::uint64_t truth = 65'000, last = truth;
    for (int i = 0; i < 20'000; ++i) {
        truth += random() % 900;
        const std::uint64_t late = truth - std::min<std::uint64_t>(truth, random() % 30'000);
        EXPECT_EQ(extend_counter(static_cast<std::uint16_t>(late), truth), late);
        const std::uint64_t extended = extend_counter(static_cast<std::uint16_t>(truth), last);
        ASSERT_EQ(extended, truth);
        last = extended;
    }
    EXPECT_GT(last, 100 * 0x10000U);
}

TEST(WizeTime, IsTheNearestToItsReception)
{
    std::mt19937 random{11};
    for (const ClockBase base : {ClockBase::unix_epoch, ClockBase::wize_epoch}) {
        for (int i = 0; i < 20'000; ++i) {
            const Instant received{
                Seconds{1'700'000'000 + static_cast<std::int64_t>(random() % 400'000'000)}};
            const Seconds off{static_cast<std::int64_t>(random() % 0xffff) - 0x7fff};
            const Instant sent = received - off;
            ASSERT_EQ(emission_time(tstamp_at(sent, base), received, base), sent) << off.count();
        }
    }
}

TEST(WizeTime, TheBasesDifferBy2700Hex)
{
    const Instant at{Seconds{1'700'000'000}};
    EXPECT_EQ(tstamp_at(at, ClockBase::unix_epoch), 61696);
    EXPECT_EQ(static_cast<std::uint16_t>(tstamp_at(at, ClockBase::unix_epoch) -
                                         tstamp_at(at, ClockBase::wize_epoch)),
              0x2700);
    EXPECT_EQ(
        emission_time(tstamp_at(at + Seconds{0x8000}, ClockBase::unix_epoch), at, ClockBase::unix_epoch),
        at - Seconds{0x8000}); // of two the earlier
}

TEST(WizeTime, EpochOfDevices)
{
    EXPECT_EQ(wize_epoch.time_since_epoch().count(), 1'356'998'400);
    EXPECT_EQ(*device_epoch(wize_epoch), 0U);
    EXPECT_EQ(*device_epoch(wize_epoch + Seconds{0xffff'ffff}), 0xffff'ffffU);
    EXPECT_FALSE(device_epoch(wize_epoch - Seconds{1}));
    EXPECT_FALSE(device_epoch(wize_epoch + Seconds{0x1'0000'0000}));
}

} // namespace
} // namespace releve::wize
