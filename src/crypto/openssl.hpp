#pragma once
// What the sources of this folder share: owners for OpenSSL objects, and one way to say that OpenSSL failed. Not
// installed and not included from elsewhere: outside of this folder nobody sees OpenSSL.

#include <releve/core/bytes.hpp>

#include <openssl/evp.h>

#include <memory>

namespace releve::crypto::openssl {

struct Free {
    void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
    void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
    void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
};
template <class T>
using Owner = std::unique_ptr<T, Free>;

/// Throws if OpenSSL refused something that no input can make it refuse: memory or the library itself is gone.
void require(bool done, const char* what);

[[nodiscard]] inline const unsigned char* in(ByteView bytes)
{
    return reinterpret_cast<const unsigned char*>(bytes.data());
}
[[nodiscard]] inline unsigned char* out(Bytes& bytes)
{
    return reinterpret_cast<unsigned char*>(bytes.data());
}
/// OpenSSL counts in `int`; nothing that reaches this folder is near its end.
[[nodiscard]] int size_of(ByteView bytes);

[[nodiscard]] Owner<EVP_CIPHER> fetch_cipher(const char* name);
[[nodiscard]] Owner<EVP_CIPHER_CTX> new_cipher_context();

} // namespace releve::crypto::openssl
