#include <releve/crypto/aes.hpp>
#include <releve/crypto/passphrase.hpp>

#include <gtest/gtest.h>

namespace releve::crypto {
namespace {

constexpr ScryptCost cheap{.log2_n = 4, .r = 8, .p = 1};
constexpr std::string_view phrase = "correct horse battery";

Bytes secret()
{
    return Bytes(32, std::byte{0x5a});
}

TEST(Passphrase, ComesBack)
{
    const auto sealed = seal_with_passphrase(secret(), phrase, cheap);
    ASSERT_TRUE(sealed);
    EXPECT_EQ(open_with_passphrase(*sealed, phrase).value(), secret());
    EXPECT_NE(seal_with_passphrase(secret(), phrase, cheap).value(), *sealed) << "salt and IV are fresh";
}

TEST(Passphrase, AGuessCosts128MebibytesUnlessTold)
{
    // Read from the copy itself, since whoever guesses pays what stands there: 128 r 2^N bytes, p times (RFC 7914).
    const Bytes sealed = seal_with_passphrase(secret(), phrase).value();
    const auto at = [&](std::size_t index) { return std::to_integer<unsigned>(sealed.at(index)); };
    const unsigned log2_n = at(1), r = at(2), p = at(3);
    EXPECT_EQ((std::uint64_t{128} * r) << log2_n, std::uint64_t{128} * 1024 * 1024);
    EXPECT_GE(p, 1U);
    EXPECT_EQ(open_with_passphrase(sealed, phrase).value(), secret()) << "and it is what was paid";
}

TEST(Passphrase, AnotherOneOpensNothing)
{
    const auto sealed = seal_with_passphrase(secret(), phrase, cheap);
    EXPECT_EQ(open_with_passphrase(*sealed, "Correct horse battery").error().code, errc::key_wrap);
}

TEST(Passphrase, ShortOnesAreRefused)
{
    EXPECT_TRUE(seal_with_passphrase(secret(), "twelve bytes", cheap));
    EXPECT_EQ(seal_with_passphrase(secret(), "eleven byte", cheap).error().code, errc::bad_value);
}

TEST(Passphrase, EveryPrefixAndBitFlipIsRefused)
{
    const Bytes sealed = seal_with_passphrase(secret(), phrase, cheap).value();
    for (std::size_t size = 0; size < sealed.size(); ++size)
        EXPECT_FALSE(open_with_passphrase(ByteView{sealed}.first(size), phrase)) << size;
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        if (bit / 8 == 1 || bit / 8 == 3)
            continue; // other costs: the next test
        Bytes altered = sealed;
        altered[bit / 8] ^= std::byte{1} << (bit % 8);
        EXPECT_FALSE(open_with_passphrase(altered, phrase)) << bit;
    }
}

TEST(Passphrase, ACostThatWouldFillTheMemoryIsRefusedUnseen)
{
    Bytes sealed = seal_with_passphrase(secret(), phrase, cheap).value();
    for (const auto& [at, value] : {std::pair{1, 21}, std::pair{1, 0}, std::pair{1, 255}, std::pair{2, 0}, std::pair{3, 0}, std::pair{3, 17}}) {
        Bytes altered = sealed;
        altered[static_cast<std::size_t>(at)] = static_cast<std::byte>(value);
        EXPECT_EQ(open_with_passphrase(altered, phrase).error().code, errc::bad_value) << at << " " << value;
    }
}

} // namespace
} // namespace releve::crypto
