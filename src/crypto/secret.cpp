#include <releve/crypto/secret.hpp>

#include <openssl/crypto.h>

#include <algorithm>

namespace releve::crypto {

void wipe(void* memory, std::size_t size)
{
    OPENSSL_cleanse(memory, size);
}

bool equal_in_constant_time(ByteView a, ByteView b)
{
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Key128::Key128(std::span<const std::byte, 16> bytes)
{
    std::copy(bytes.begin(), bytes.end(), bytes_.begin());
}

result<Key128> Key128::from(ByteView bytes)
{
    if (bytes.size() != 16)
        return fail(errc::bad_length, "a key has 16 bytes, not " + std::to_string(bytes.size()));
    return Key128{bytes.first<16>()};
}

result<Key256> Key256::from(ByteView bytes)
{
    if (bytes.size() != 32)
        return fail(errc::bad_length, "a master key has 32 bytes, not " + std::to_string(bytes.size()));
    Key256 key;
    std::copy(bytes.begin(), bytes.end(), key.bytes_.begin());
    return key;
}

} // namespace releve::crypto
