// Meter keys under the master key: wrap_secret and unwrap_secret of crypto/aes.hpp.

#include "openssl.hpp"

#include <releve/crypto/aes.hpp>

namespace releve::crypto {

using namespace openssl;

namespace {

constexpr std::byte version{0x01};
constexpr std::size_t iv_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t overhead_bytes = 1 + iv_bytes + tag_bytes;

/// A context ready for text. Keys are unwrapped at start and on import only, so nothing is kept between calls.
Owner<EVP_CIPHER_CTX> begin(const Key256& master, ByteView iv, ByteView context, bool seal)
{
    static const auto cipher = fetch_cipher("AES-256-GCM");
    auto cipher_context = new_cipher_context();
    require(EVP_CipherInit_ex2(cipher_context.get(), cipher.get(), in(master.bytes()), in(iv), seal ? 1 : 0,
                               nullptr) == 1,
            "AES-256-GCM");
    int written = 0;
    if (!context.empty())
        require(EVP_CipherUpdate(cipher_context.get(), nullptr, &written, in(context), size_of(context)) == 1, "AAD");
    return cipher_context;
}

void run_text(EVP_CIPHER_CTX* context, ByteView from, unsigned char* to)
{
    int written = 0;
    if (!from.empty())
        require(EVP_CipherUpdate(context, to, &written, in(from), size_of(from)) == 1, "text");
}

} // namespace

Bytes wrap_secret(const Key256& master, ByteView secret, ByteView context)
{
    const Bytes iv = random_bytes(iv_bytes);
    Bytes wrapped(overhead_bytes + secret.size());
    wrapped[0] = version;
    std::copy(iv.begin(), iv.end(), wrapped.begin() + 1);
    const auto cipher_context = begin(master, iv, context, true);
    unsigned char* text = out(wrapped) + 1 + iv_bytes;
    run_text(cipher_context.get(), secret, text);
    int written = 0;
    require(EVP_CipherFinal_ex(cipher_context.get(), text + secret.size(), &written) == 1, "end of GCM");
    require(EVP_CIPHER_CTX_ctrl(cipher_context.get(), EVP_CTRL_AEAD_GET_TAG, tag_bytes, text + secret.size()) == 1,
            "GCM tag");
    return wrapped;
}

result<Bytes> unwrap_secret(const Key256& master, ByteView wrapped, ByteView context)
{
    if (wrapped.size() < overhead_bytes)
        return fail(errc::key_wrap, "too short");
    if (wrapped[0] != version)
        return fail(errc::key_wrap, "unknown version");
    const ByteView iv = wrapped.subspan(1, iv_bytes);
    const ByteView ciphertext = wrapped.subspan(1 + iv_bytes, wrapped.size() - overhead_bytes);
    Bytes tag(wrapped.end() - tag_bytes, wrapped.end());
    const auto cipher_context = begin(master, iv, context, false);
    Bytes secret(ciphertext.size());
    run_text(cipher_context.get(), ciphertext, out(secret));
    require(EVP_CIPHER_CTX_ctrl(cipher_context.get(), EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag.data()) == 1, "GCM tag");
    unsigned char nothing[16];
    int written = 0;
    if (EVP_CipherFinal_ex(cipher_context.get(), nothing, &written) != 1) {
        wipe(secret.data(), secret.size());
        return fail(errc::key_wrap, "the master key or the place of the key is another one");
    }
    return secret;
}

} // namespace releve::crypto
