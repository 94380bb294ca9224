#include <releve/crypto/secret.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <new>

namespace releve::crypto {
namespace {

TEST(Secret, KeysHaveOneLength)
{
    for (std::size_t size = 0; size < 40; ++size) {
        const Bytes bytes(size, std::byte{1});
        EXPECT_EQ(Key128::from(bytes).has_value(), size == 16) << size;
        EXPECT_EQ(Key256::from(bytes).has_value(), size == 32) << size;
    }
    EXPECT_EQ(Key128::from(Bytes(15)).error().code, errc::bad_length);
}

TEST(Secret, ErrorsDoNotShowTheKey)
{
    const Bytes bytes(15, std::byte{0xab});
    EXPECT_EQ(to_string(Key128::from(bytes).error()).find("abab"), std::string::npos);
}

TEST(Secret, EqualityLooksAtEveryByte)
{
    const Bytes a(16, std::byte{5});
    for (std::size_t i = 0; i < 16; ++i) {
        Bytes b = a;
        b[i] ^= std::byte{0x80};
        EXPECT_FALSE(equal_in_constant_time(a, b));
        EXPECT_FALSE(*Key128::from(a) == *Key128::from(b));
    }
    EXPECT_TRUE(equal_in_constant_time(a, Bytes(a)));
    EXPECT_FALSE(equal_in_constant_time(a, ByteView{a}.first(15)));
    EXPECT_TRUE(equal_in_constant_time({}, {}));
}

TEST(Secret, DestroyedKeyIsWiped)
{
    alignas(Key128) unsigned char storage[sizeof(Key128)];
    auto* key = new (storage) Key128(*Key128::from(Bytes(16, std::byte{0xab})));
    EXPECT_EQ(std::memchr(storage, 0xab, sizeof storage), storage);
    key->~Key128();
    EXPECT_EQ(std::memchr(storage, 0xab, sizeof storage), nullptr);
}

} // namespace
} // namespace releve::crypto
