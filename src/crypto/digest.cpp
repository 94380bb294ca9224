// SHA-256 and random bytes of crypto/aes.hpp.

#include "openssl.hpp"

#include <releve/crypto/aes.hpp>

#include <openssl/rand.h>

namespace releve::crypto {

using namespace openssl;

std::array<std::byte, 32> sha256(ByteView bytes)
{
    static const Owner<EVP_MD> digest{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
    require(digest != nullptr, "SHA-256");
    std::array<std::byte, 32> hash{};
    require(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(hash.data()), nullptr,
                       digest.get(), nullptr) == 1,
            "SHA-256");
    return hash;
}

Bytes random_bytes(std::size_t count)
{
    Bytes bytes(count);
    if (count != 0)
        require(RAND_bytes(out(bytes), size_of(bytes)) == 1, "no random bytes");
    return bytes;
}

} // namespace releve::crypto
