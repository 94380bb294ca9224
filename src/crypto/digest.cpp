// CMAC, SHA-256 and random bytes of crypto/aes.hpp.

#include "openssl.hpp"

#include <releve/crypto/aes.hpp>

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>

namespace releve::crypto {

using namespace openssl;

std::array<std::byte, 16> aes_cmac(const Key128& key, ByteView message)
{
    static const Owner<EVP_MAC> mac{EVP_MAC_fetch(nullptr, "CMAC", nullptr)};
    require(mac != nullptr, "CMAC");
    const Owner<EVP_MAC_CTX> context{EVP_MAC_CTX_new(mac.get())};
    require(context != nullptr, "no memory for a MAC context");
    char cipher[] = "AES-128-CBC";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
                                     OSSL_PARAM_construct_end()};
    std::array<std::byte, 16> tag{};
    std::size_t written = 0;
    require(EVP_MAC_init(context.get(), in(key.bytes()), key.bytes().size(), parameters) == 1, "CMAC key");
    require(EVP_MAC_update(context.get(), in(message), message.size()) == 1, "CMAC text");
    require(EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(tag.data()), &written, tag.size()) == 1,
            "end of CMAC");
    return tag;
}

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
