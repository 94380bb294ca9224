// The published vectors of GCM, CMAC and key wrap run through `releve check vectors`; here are the properties.

#include <releve/crypto/aes.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <thread>

namespace releve::crypto {
namespace {

Bytes hex(std::string_view text)
{
    return *from_hex(text);
}

const Key128 key = *Key128::from(hex("000102030405060708090a0b0c0d0e0f"));
const std::array<std::byte, 12> iv{std::byte{1}};

TEST(Gcm, OpensWhatItSealed)
{
    for (std::size_t size : {0, 1, 15, 16, 17, 1000, 70'000}) {
        const Bytes text(size, std::byte{0x5a});
        const Bytes aad = hex("30d0d1");
        const Sealed sealed = gcm_seal({key, iv, aad, text});
        EXPECT_EQ(sealed.ciphertext.size(), size);
        for (std::size_t tag_size : {12, 13, 16})
            EXPECT_EQ(*gcm_open({key, iv, aad, sealed.ciphertext}, ByteView{sealed.tag}.first(tag_size)), text);
        EXPECT_EQ(gcm_decipher_unverified({key, iv, {}, sealed.ciphertext}), text);
    }
}

TEST(Gcm, EveryBitCounts)
{
    const Bytes text = hex("00112233445566778899aabbccddeeff0011");
    const Bytes aad = hex("30d0d1");
    const Sealed sealed = gcm_seal({key, iv, aad, text});
    const ByteView tag = ByteView{sealed.tag}.first(12);
    const auto flipped = [](ByteView bytes, std::size_t bit) {
        Bytes copy(bytes.begin(), bytes.end());
        copy[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
        return copy;
    };
    for (std::size_t bit = 0; bit < text.size() * 8; ++bit)
        EXPECT_EQ(gcm_open({key, iv, aad, flipped(sealed.ciphertext, bit)}, tag).error().code, errc::bad_tag);
    for (std::size_t bit = 0; bit < aad.size() * 8; ++bit)
        EXPECT_FALSE(gcm_open({key, iv, flipped(aad, bit), sealed.ciphertext}, tag));
    for (std::size_t bit = 0; bit < tag.size() * 8; ++bit)
        EXPECT_FALSE(gcm_open({key, iv, aad, sealed.ciphertext}, flipped(tag, bit)));
    for (std::size_t bit = 0; bit < 128; ++bit) {
        const Key128 other = *Key128::from(flipped(key.bytes(), bit));
        EXPECT_FALSE(gcm_open({other, iv, aad, sealed.ciphertext}, tag));
    }
    EXPECT_TRUE(gcm_open({key, iv, aad, sealed.ciphertext}, tag)); // a refusal leaves the context usable
}

TEST(Gcm, ShortTagsAreRefused)
{
    const Sealed sealed = gcm_seal({key, iv, {}, {}});
    for (std::size_t size = 0; size < 12; ++size)
        EXPECT_EQ(gcm_open({key, iv, {}, {}}, ByteView{sealed.tag}.first(size)).error().code, errc::bad_tag);
    EXPECT_FALSE(gcm_open({key, iv, {}, {}}, Bytes(17)));
}

TEST(Gcm, ThreadsDoNotShareAContext)
{
    const Bytes text(100, std::byte{7});
    const auto work = [&](std::uint8_t number) {
        Bytes bytes(16, std::byte{number});
        const Key128 own = *Key128::from(bytes);
        for (int i = 0; i < 500; ++i) {
            const Sealed sealed = gcm_seal({own, iv, {}, text});
            const auto opened = gcm_open({own, iv, {}, sealed.ciphertext}, sealed.tag);
            ASSERT_TRUE(opened && *opened == text);
        }
    };
    std::thread other{work, std::uint8_t{1}};
    work(2);
    other.join();
}

TEST(KeyWrap, RefusesWhatIsNoKey)
{
    const Bytes kek = hex("000102030405060708090a0b0c0d0e0f");
    EXPECT_EQ(aes_key_wrap(Bytes(15), Bytes(16)).error().code, errc::bad_length);
    EXPECT_EQ(aes_key_wrap(kek, Bytes(17)).error().code, errc::bad_length);
    EXPECT_EQ(aes_key_wrap(kek, Bytes(8)).error().code, errc::bad_length);
    EXPECT_EQ(aes_key_unwrap(kek, Bytes(16)).error().code, errc::bad_length);
    EXPECT_EQ(aes_key_unwrap(kek, Bytes(24)).error().code, errc::key_wrap);
    for (std::size_t kek_size : {16, 24, 32}) {
        const Bytes any(kek_size, std::byte{9});
        EXPECT_EQ(*aes_key_unwrap(any, *aes_key_wrap(any, Bytes(32, std::byte{3}))), Bytes(32, std::byte{3}));
    }
}

TEST(Cmac, ExamplesOfRfc4493)
{
    const Key128 rfc_key = *Key128::from(hex("2b7e151628aed2a6abf7158809cf4f3c"));
    const Bytes message = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                              "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
    const auto mac = [&](std::size_t size) { return to_hex(aes_cmac(rfc_key, ByteView{message}.first(size))); };
    EXPECT_EQ(mac(0), "bb1d6929e95937287fa37d129b756746");
    EXPECT_EQ(mac(16), "070a16b46b4d4144f79bdd9dd04a287c");
    EXPECT_EQ(mac(40), "dfa66747de9ae63030ca32611497c827");
    EXPECT_EQ(mac(64), "51f0bebf7e3b9d92fc49741779363cfe");
}

TEST(Cmac, ThreadsDoNotShareAContextAndKeysDoNotStick)
{
    const Key128 other_key = *Key128::from(Bytes(16, std::byte{9}));
    const Bytes message(33, std::byte{1});
    const auto expected = aes_cmac(key, message), expected_of_other = aes_cmac(other_key, message);
    EXPECT_NE(expected, expected_of_other);
    std::latch together{2};
    const auto work = [&](const Key128& own, const std::array<std::byte, 16>& tag) {
        together.arrive_and_wait();
        for (int i = 0; i < 20'000; ++i)
            ASSERT_EQ(aes_cmac(own, message), tag);
    };
    std::thread other{work, other_key, expected_of_other};
    work(key, expected);
    other.join();
    EXPECT_EQ(aes_cmac(other_key, message), expected_of_other);
}

TEST(Ctr, ExamplesOfRfc3686)
{
    const auto ctr = [](const char* of, const char* block, const char* text) {
        return to_hex(aes_ctr(*Key128::from(hex(of)), ByteView{hex(block)}.first<16>(), hex(text)));
    };
    EXPECT_EQ(ctr("ae6852f8121067cc4bf7a5765577f39e", "00000030000000000000000000000001", "53696e676c6520626c6f636b206d7367"),
              "e4095d4fb7a7b3792d6175a3261311b8");
    EXPECT_EQ(ctr("7691be035e5020a8ac6e618529f9a0dc", "00e0017b27777f3f4a1786f000000001",
                  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"),
              "c1cf48a89f2ffdd9cf4652e9efdb72d74540a42bde6d7836d59a5ceaaef3105325b2072f");
}

TEST(Ctr, TwiceIsNothingAndTheCounterCarries)
{
    const Bytes block = hex("00000000000000000000000000ffffff");
    const auto counter = ByteView{block}.first<16>();
    for (std::size_t size : {0, 1, 15, 16, 17, 31, 300}) {
        const Bytes text(size, std::byte{0x5a});
        const Bytes ciphered = aes_ctr(key, counter, text);
        EXPECT_EQ(aes_ctr(key, counter, ciphered), text);
        EXPECT_EQ(size == 0, ciphered == text);
    }
    const Bytes two = aes_ctr(key, counter, Bytes(32));
    const Bytes next = hex("00000000000000000000000001000000");
    EXPECT_TRUE(std::ranges::equal(ByteView{two}.subspan(16), aes_ctr(key, ByteView{next}.first<16>(), Bytes(16))));
}

TEST(Digest, Sha256OfNothingAndAbc)
{
    EXPECT_EQ(to_hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Random, IsNotTwiceTheSame)
{
    EXPECT_EQ(random_bytes(0).size(), 0U);
    EXPECT_NE(random_bytes(16), random_bytes(16));
}

TEST(AtRest, OpensOnlyUnderTheSameMasterAndPlace)
{
    const Key256 master = *Key256::from(Bytes(32, std::byte{1}));
    const Bytes secret(16, std::byte{0xab});
    const Bytes wrapped = wrap_secret(master, secret, as_bytes("meter 1 key 0"));
    EXPECT_EQ(wrapped.size(), 1 + 12 + 16 + 16U);
    EXPECT_EQ(wrapped[0], std::byte{1});
    EXPECT_EQ(*unwrap_secret(master, wrapped, as_bytes("meter 1 key 0")), secret);
    EXPECT_EQ(unwrap_secret(master, wrapped, as_bytes("meter 2 key 0")).error().code, errc::key_wrap);
    EXPECT_FALSE(unwrap_secret(*Key256::from(Bytes(32)), wrapped, as_bytes("meter 1 key 0")));
    EXPECT_NE(wrap_secret(master, secret, {}), wrap_secret(master, secret, {})); // a fresh IV each time
    for (std::size_t i = 0; i < wrapped.size(); ++i) {
        Bytes altered = wrapped;
        altered[i] ^= std::byte{1};
        EXPECT_FALSE(unwrap_secret(master, altered, as_bytes("meter 1 key 0"))) << i;
        EXPECT_FALSE(unwrap_secret(master, ByteView{wrapped}.first(i), as_bytes("meter 1 key 0"))) << i;
    }
}

} // namespace
} // namespace releve::crypto
