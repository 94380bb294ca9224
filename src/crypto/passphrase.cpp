#include <releve/crypto/passphrase.hpp>

#include "openssl.hpp"

#include <releve/crypto/aes.hpp>

namespace releve::crypto {

using namespace openssl;

namespace {

constexpr std::uint8_t layout_version = 1;
constexpr std::size_t salt_bytes = 16;
constexpr std::uint64_t memory_max = std::uint64_t{1} << 30;
constexpr std::string_view passphrase_context = "releve passphrase 1";

result<Key256> derive(std::string_view passphrase, ByteView salt, ScryptCost cost)
{
    if (cost.log2_n == 0 || cost.log2_n > 30 || cost.r == 0 || cost.p == 0 || cost.p > 16 ||
        (std::uint64_t{128} * cost.r << cost.log2_n) > memory_max)
        return fail(errc::bad_value, "the cost of a guess is none that this program takes");
    Bytes key(32);
    // What it may use of memory is a little more than what the algorithm is made to use.
    require(EVP_PBE_scrypt(passphrase.data(), passphrase.size(), in(salt), salt.size(), std::uint64_t{1} << cost.log2_n, cost.r,
                           cost.p, memory_max * 2, out(key), key.size()) == 1,
            "scrypt");
    auto derived = Key256::from(key);
    wipe(key.data(), key.size());
    return derived;
}

} // namespace

result<Bytes> seal_with_passphrase(ByteView secret, std::string_view passphrase, ScryptCost cost)
{
    if (passphrase.size() < passphrase_bytes_min)
        return fail(errc::bad_value, "a passphrase has at least " + std::to_string(passphrase_bytes_min) + " characters");
    const Bytes salt = random_bytes(salt_bytes);
    RELEVE_TRY(key, derive(passphrase, salt, cost));
    Writer writer;
    writer.u8(layout_version).u8(cost.log2_n).u8(cost.r).u8(cost.p).bytes(salt).bytes(wrap_secret(key, secret, as_bytes(passphrase_context)));
    return std::move(writer).take();
}

result<Bytes> open_with_passphrase(ByteView sealed, std::string_view passphrase)
{
    Reader reader{sealed};
    const std::uint8_t found = reader.u8();
    ScryptCost cost;
    cost.log2_n = reader.u8();
    cost.r = reader.u8();
    cost.p = reader.u8();
    const ByteView salt = reader.take(salt_bytes);
    if (reader.failed())
        return fail(errc::truncated, "the copy of the key is cut off");
    if (found != layout_version)
        return fail(errc::bad_version, "this is no copy of a key that this program knows");
    RELEVE_TRY(key, derive(passphrase, salt, cost));
    auto secret = unwrap_secret(key, sealed.subspan(4 + salt_bytes), as_bytes(passphrase_context));
    if (!secret)
        return fail(errc::key_wrap, "the passphrase is another one, or the copy was altered");
    return secret;
}

} // namespace releve::crypto
