// CTR and CMAC of crypto/aes.hpp: what protects a radio frame, which is a few blocks long.

#include "openssl.hpp"

#include <releve/crypto/aes.hpp>

#include <openssl/core_names.h>
#include <openssl/params.h>

namespace releve::crypto {

using namespace openssl;

namespace {

const EVP_CIPHER* aes_128_ctr()
{
    static const auto cipher = fetch_cipher("AES-128-CTR");
    return cipher.get();
}

/// As with GCM, looking an algorithm up costs more than a frame: each thread keeps its context and changes
/// the key.
EVP_CIPHER_CTX* ctr_context()
{
    thread_local const auto context = [] {
        auto fresh = new_cipher_context();
        require(EVP_EncryptInit_ex2(fresh.get(), aes_128_ctr(), nullptr, nullptr, nullptr) == 1,
                "AES-128-CTR");
        return fresh;
    }();
    return context.get();
}

EVP_MAC* cmac_algorithm()
{
    static const Owner<EVP_MAC> mac{EVP_MAC_fetch(nullptr, "CMAC", nullptr)};
    require(mac != nullptr, "CMAC");
    return mac.get();
}

EVP_MAC_CTX* cmac_context()
{
    thread_local const auto context = [] {
        Owner<EVP_MAC_CTX> fresh{EVP_MAC_CTX_new(cmac_algorithm())};
        require(fresh != nullptr, "no memory for a MAC context");
        char cipher[] = "AES-128-CBC";
        const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
                                         OSSL_PARAM_construct_end()};
        require(EVP_MAC_CTX_set_params(fresh.get(), parameters) == 1, "CMAC over AES-128");
        return fresh;
    }();
    return context.get();
}

} // namespace

Bytes aes_ctr(const Key128& key, std::span<const std::byte, 16> counter_block, ByteView text)
{
    EVP_CIPHER_CTX* context = ctr_context();
    require(EVP_EncryptInit_ex2(context, nullptr, in(key.bytes()), in(counter_block), nullptr) == 1,
            "key and counter");
    Bytes done(text.size());
    int written = 0;
    if (!text.empty())
        require(EVP_EncryptUpdate(context, out(done), &written, in(text), size_of(text)) == 1, "text");
    return done;
}

std::array<std::byte, 16> aes_cmac(const Key128& key, ByteView message)
{
    EVP_MAC_CTX* context = cmac_context();
    std::array<std::byte, 16> tag{};
    std::size_t written = 0;
    require(EVP_MAC_init(context, in(key.bytes()), key.bytes().size(), nullptr) == 1, "CMAC key");
    require(EVP_MAC_update(context, in(message), message.size()) == 1, "CMAC text");
    require(EVP_MAC_final(context, reinterpret_cast<unsigned char*>(tag.data()), &written, tag.size()) == 1,
            "end of CMAC");
    return tag;
}

} // namespace releve::crypto
