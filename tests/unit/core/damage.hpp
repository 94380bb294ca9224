#pragma once
// What happens to stored bytes on a bad day. Each helper walks every case.

#include <releve/core/bytes.hpp>

#include <gtest/gtest.h>

namespace releve::test {

/// Every proper prefix, and one byte too many, must be refused as a damaged block.
template <class Decode>
void expect_every_cut_refused(const Bytes& bytes, Decode decode)
{
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const auto decoded = decode(ByteView{bytes}.first(length));
        ASSERT_FALSE(decoded) << "prefix of " << length << " of " << bytes.size();
        ASSERT_EQ(decoded.error().code, errc::bad_block);
    }
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    ASSERT_FALSE(decode(longer));
    ASSERT_EQ(decode(longer).error().code, errc::bad_block);
}

/// Bytes that decode at all must be the one encoding of what they say.
template <class Decode, class Encode>
void expect_refused_or_canonical(const Bytes& bytes, Decode decode, Encode encode)
{
    const auto decoded = decode(bytes);
    if (!decoded) {
        ASSERT_EQ(decoded.error().code, errc::bad_block) << to_hex(bytes);
        return;
    }
    const auto again = encode(*decoded);
    ASSERT_TRUE(again) << to_hex(bytes);
    ASSERT_EQ(to_hex(*again), to_hex(bytes));
}

template <class Decode, class Encode>
void expect_every_flip_refused_or_canonical(Bytes bytes, Decode decode, Encode encode)
{
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        const auto mask = static_cast<std::byte>(1u << bit % 8);
        bytes[bit / 8] ^= mask;
        expect_refused_or_canonical(bytes, decode, encode);
        bytes[bit / 8] ^= mask;
    }
}

} // namespace releve::test
