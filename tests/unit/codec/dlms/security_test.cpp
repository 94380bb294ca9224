// The published vectors run through `releve check vectors`; here are the rules around them.

#include <releve/codec/dlms/security.hpp>

#include <releve/codec/dlms/apdu.hpp>
#include <releve/crypto/aes.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace releve::dlms {
namespace {

Bytes hex(std::string_view text)
{
    return *from_hex(text);
}

crypto::Key128 key(std::uint8_t fill)
{
    return *crypto::Key128::from(Bytes(16, std::byte{fill}));
}

const SystemTitle title{std::byte{'L'}, std::byte{'K'}, std::byte{'Y'}, std::byte{1}};
const SecurityKeys keys{key(1), key(2)};
const Bytes push = hex("0f000000010009020a0b");

Bytes sealed(std::uint8_t control, std::uint8_t tag = 0xdb, ByteView text = push)
{
    return protect(text, keys, {tag, title, 77, control});
}

result<Unprotected> open(ByteView bytes, const SecurityKeys& with = keys, std::optional<SystemTitle> sender = title)
{
    RELEVE_TRY(apdu, decode_ciphered_apdu(bytes));
    return unprotect(apdu, with, sender);
}

TEST(Policy, NamesAndAliases)
{
    for (const auto policy : {Policy::authenticated_encrypted, Policy::authenticated, Policy::encrypted, Policy::clear})
        EXPECT_EQ(*parse_policy(policy_name(policy)), policy);
    EXPECT_EQ(*parse_policy("30"), Policy::authenticated_encrypted);
    EXPECT_EQ(*parse_policy("10"), Policy::authenticated);
    EXPECT_EQ(*parse_policy("20"), Policy::encrypted);
    EXPECT_EQ(*parse_policy("00"), Policy::clear);
    for (const char* text : {"", "3", "Clear", "authenticated-encrypted", "40"})
        EXPECT_EQ(parse_policy(text).error().code, errc::bad_value) << text;
}

TEST(Policy, EveryPairOfPolicyAndControl)
{
    using enum Policy;
    struct Row {
        Policy policy;
        bool none, sc00, sc10, sc20, sc30;
    };
    static constexpr Row rows[] = {{authenticated_encrypted, false, false, false, false, true},
                                   {authenticated, false, false, true, false, true},
                                   {encrypted, false, false, false, true, true},
                                   {clear, true, true, true, true, true}};
    for (const Row& row : rows) {
        EXPECT_EQ(check_policy(row.policy, std::nullopt).has_value(), row.none);
        EXPECT_EQ(check_policy(row.policy, 0x00).has_value(), row.sc00);
        EXPECT_EQ(check_policy(row.policy, 0x10).has_value(), row.sc10);
        EXPECT_EQ(check_policy(row.policy, 0x20).has_value(), row.sc20);
        EXPECT_EQ(check_policy(row.policy, 0x30).has_value(), row.sc30);
    }
    EXPECT_EQ(check_policy(authenticated_encrypted, 0x20).error().code, errc::policy);
    EXPECT_EQ(check_policy(authenticated_encrypted, 0x20).error().detail, "authentication missing");
}

TEST(Security, RoundTripInEveryForm)
{
    for (const unsigned tag : {0x21U, 0xc8U, 0xcaU, 0xd0U, 0xdbU, 0xdcU})
        for (const unsigned control : {0x00U, 0x10U, 0x20U, 0x30U})
            for (const std::size_t size : {0U, 1U, 100U, 130U, 250U, 70'000U}) {
                const Bytes text(size, std::byte{0x5a});
                const Bytes apdu = sealed(static_cast<std::uint8_t>(control), static_cast<std::uint8_t>(tag), text);
                const auto opened = open(apdu);
                ASSERT_TRUE(opened) << tag << " " << control << " " << size;
                EXPECT_EQ(opened->plaintext, text);
                EXPECT_EQ(opened->authenticated, (control & sc::authentication) != 0);
            }
}

TEST(Security, WrongKeyIsToldFromAnAlteredMessage)
{
    const Bytes apdu = sealed(0x30);
    EXPECT_EQ(open(apdu, {key(9), key(2)}).error().code, errc::wrong_key);
    EXPECT_EQ(open(apdu, {key(1), key(9)}).error().code, errc::bad_tag); // the cipher key is the meter's
    Bytes altered = apdu;
    altered.back() ^= std::byte{1};
    EXPECT_EQ(open(altered).error().code, errc::bad_tag);
    altered = apdu;
    altered[altered.size() - 13] ^= std::byte{1}; // the last byte of the text
    EXPECT_EQ(open(altered).error().code, errc::bad_tag);
    EXPECT_EQ(open(sealed(0x10), {key(9), key(2)}).error().code, errc::bad_tag); // clear text says nothing of the key
    for (const char* other : {"c200000100000000000101ff1101", "e0800001000001aa"}) {
        altered = sealed(0x30, 0xdb, hex(other));
        altered.back() ^= std::byte{1};
        EXPECT_EQ(open(altered).error().code, errc::bad_tag) << other;
    }
}

TEST(Security, WrongKeysAreHardlyEverTakenForAlteredMessages)
{
    const Bytes apdu = sealed(0x30);
    int named_wrong = 0;
    for (int i = 0; i < 256; ++i)
        if (i != 1)
            named_wrong += open(apdu, {key(static_cast<std::uint8_t>(i)), key(2)}).error().code == errc::wrong_key;
    EXPECT_GE(named_wrong, 253);
}

TEST(Security, WhatIsNotSupportedIsSaid)
{
    for (const unsigned control : {0x31U, 0x32U, 0x3fU, 0x70U, 0xb0U}) {
        Bytes apdu = sealed(0x30);
        apdu[11] = static_cast<std::byte>(control);
        EXPECT_EQ(open(apdu).error().code, errc::unsupported_security) << control;
    }
}

TEST(Security, TheSenderMustBeKnown)
{
    EXPECT_EQ(open(sealed(0x30, 0xc8), keys, std::nullopt).error().code, errc::no_system_title);
    EXPECT_TRUE(open(sealed(0x30, 0xdb), keys, std::nullopt));
    const SystemTitle other{};
    EXPECT_TRUE(open(sealed(0x30, 0xdb), keys, other)); // the APDU's own title counts
    EXPECT_FALSE(open(sealed(0x30, 0xc8), keys, other));
}

TEST(Security, LengthsAreChecked)
{
    EXPECT_EQ(decode_ciphered_apdu(hex("0f00")).error().code, errc::unknown_apdu);
    EXPECT_EQ(decode_ciphered_apdu(hex("db00053000000001")).error().code, errc::bad_length);
    EXPECT_EQ(decode_ciphered_apdu(hex("c8043000000001")).error().code, errc::bad_length);
    EXPECT_EQ(decode_ciphered_apdu(hex("c80530000000")).error().code, errc::truncated);
    EXPECT_EQ(decode_ciphered_apdu(hex("c8053000000001ff")).error().code, errc::trailing_bytes);
    EXPECT_EQ(open(hex("c8103000000001" + std::string(22, '0'))).error().code, errc::bad_length); // 11 bytes: no tag
    EXPECT_FALSE(decode_ciphered_apdu({}));
}

TEST(Security, SystemTitleCanBePeeked)
{
    EXPECT_EQ(peek_system_title(sealed(0x30)), title);
    EXPECT_EQ(peek_system_title(sealed(0x30, 0xdc)), title);
    EXPECT_EQ(peek_system_title(hex("dd0102084c4b5901000000")), std::nullopt); // cut
    EXPECT_EQ(peek_system_title(hex("dd0101084c4b590100000000")), title);
    EXPECT_EQ(peek_system_title(sealed(0x30, 0xc8)), std::nullopt);
    EXPECT_EQ(peek_system_title(push), std::nullopt);
    EXPECT_EQ(peek_system_title({}), std::nullopt);
    EXPECT_EQ(peek_system_title(hex("db074c4b5901000000")), std::nullopt);
}

/// A general-ciphering APDU as 62056-5-3 lays it out; there is no public vector of one.
Bytes general_ciphering(std::string_view key_info, std::uint8_t control = 0x30)
{
    const Bytes header = hex("0400000001" "084c4b590100000000" "08aaaaaaaaaaaaaaaa" "00" "02beef");
    Bytes aad{std::byte{control}};
    aad.insert(aad.end(), 16, std::byte{2});
    aad.insert(aad.end(), header.begin(), header.end());
    const std::array iv{std::byte{'L'}, std::byte{'K'}, std::byte{'Y'}, std::byte{1}, std::byte{}, std::byte{},
                        std::byte{}, std::byte{}, std::byte{}, std::byte{}, std::byte{}, std::byte{77}};
    const auto cipher = crypto::gcm_seal({keys.encryption, iv, aad, push});
    Writer writer;
    writer.u8(0xdd).bytes(header).bytes(hex(key_info));
    write_length(writer, 5 + push.size() + 12);
    writer.u8(control).u32_be(77).bytes(cipher.ciphertext).bytes(ByteView{cipher.tag}.first(12));
    return std::move(writer).take();
}

TEST(Security, GeneralCipheringCoversItsHeader)
{
    for (const char* key_info : {"00", "010000"}) {
        const Bytes apdu = general_ciphering(key_info);
        const auto opened = open(apdu, keys, std::nullopt);
        ASSERT_TRUE(opened) << key_info;
        EXPECT_EQ(opened->plaintext, push);
        EXPECT_TRUE(opened->authenticated);
        for (std::size_t bit = 0; bit < apdu.size() * 8; ++bit) {
            Bytes altered = apdu;
            altered[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
            const auto got = open(altered, keys, std::nullopt);
            EXPECT_TRUE(!got || !got->authenticated || got->plaintext == push) << bit;
        }
    }
    for (const char* key_info : {"010001", "0101000201ff", "010201aa01bb"})
        EXPECT_EQ(open(general_ciphering(key_info)).error().code, errc::unsupported_security) << key_info;
    EXPECT_EQ(open(general_ciphering("02")).error().code, errc::bad_value);
    EXPECT_EQ(open(general_ciphering("0103")).error().code, errc::bad_value);
}

} // namespace
} // namespace releve::dlms
