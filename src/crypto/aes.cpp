#include "openssl.hpp"

#include <releve/crypto/aes.hpp>

#include <algorithm>
#include <climits>
#include <stdexcept>

namespace releve::crypto {

namespace openssl {

void require(bool done, const char* what)
{
    if (!done)
        throw std::runtime_error(std::string("OpenSSL: ") + what);
}

int size_of(ByteView bytes)
{
    RELEVE_ASSERT(bytes.size() <= INT_MAX);
    return static_cast<int>(bytes.size());
}

Owner<EVP_CIPHER> fetch_cipher(const char* name)
{
    Owner<EVP_CIPHER> cipher{EVP_CIPHER_fetch(nullptr, name, nullptr)};
    require(cipher != nullptr, name);
    return cipher;
}

Owner<EVP_CIPHER_CTX> new_cipher_context()
{
    Owner<EVP_CIPHER_CTX> context{EVP_CIPHER_CTX_new()};
    require(context != nullptr, "no memory for a cipher context");
    return context;
}

} // namespace openssl

namespace {

using namespace openssl;

enum class Direction : int { open = 0, seal = 1 };

const EVP_CIPHER* aes_128_gcm()
{
    static const auto cipher = fetch_cipher("AES-128-GCM");
    return cipher.get();
}

/// Looking a cipher up and allocating its context costs more than a short frame: a thread keeps one context for each
/// direction and only changes key and IV (which `cipher = NULL` means).
template <Direction direction>
EVP_CIPHER_CTX* gcm_context()
{
    thread_local const auto context = [] {
        auto fresh = new_cipher_context();
        require(EVP_CipherInit_ex2(fresh.get(), aes_128_gcm(), nullptr, nullptr, static_cast<int>(direction),
                                   nullptr) == 1,
                "AES-128-GCM");
        return fresh;
    }();
    return context.get();
}

/// Sets key and IV, takes the additional data in, and turns `input.text` into the other side.
template <Direction direction>
Bytes run_gcm(EVP_CIPHER_CTX* context, const GcmInput& input)
{
    require(EVP_CipherInit_ex2(context, nullptr, in(input.key.bytes()), in(input.iv), static_cast<int>(direction),
                               nullptr) == 1,
            "key and IV");
    int written = 0;
    if (!input.aad.empty())
        require(EVP_CipherUpdate(context, nullptr, &written, in(input.aad), size_of(input.aad)) == 1, "AAD");
    Bytes text(input.text.size());
    if (!text.empty())
        require(EVP_CipherUpdate(context, out(text), &written, in(input.text), size_of(input.text)) == 1, "text");
    return text;
}

const EVP_CIPHER* wrap_cipher(std::size_t kek_bytes)
{
    static const auto wrap_128 = fetch_cipher("AES-128-WRAP");
    static const auto wrap_192 = fetch_cipher("AES-192-WRAP");
    static const auto wrap_256 = fetch_cipher("AES-256-WRAP");
    return kek_bytes == 16 ? wrap_128.get() : kek_bytes == 24 ? wrap_192.get() : wrap_256.get();
}

result<Bytes> run_wrap(ByteView kek, ByteView text, Direction direction)
{
    if (kek.size() != 16 && kek.size() != 24 && kek.size() != 32)
        return fail(errc::bad_length, "a key-encryption key has 16, 24 or 32 bytes");
    const std::size_t least = direction == Direction::seal ? 16 : 24;
    if (text.size() < least || text.size() % 8 != 0)
        return fail(errc::bad_length, "not a whole number of 8-byte words, or too few");
    const auto context = new_cipher_context();
    EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    require(EVP_CipherInit_ex2(context.get(), wrap_cipher(kek.size()), in(kek), nullptr,
                               static_cast<int>(direction), nullptr) == 1,
            "key wrap");
    Bytes done(text.size() + 8);
    int written = 0;
    if (EVP_CipherUpdate(context.get(), out(done), &written, in(text), size_of(text)) != 1 || written <= 0)
        return fail(errc::key_wrap, "integrity check failed");
    done.resize(static_cast<std::size_t>(written));
    return done;
}

} // namespace

Sealed gcm_seal(const GcmInput& input)
{
    EVP_CIPHER_CTX* context = gcm_context<Direction::seal>();
    Sealed sealed{run_gcm<Direction::seal>(context, input), {}};
    unsigned char nothing[16];
    int written = 0;
    require(EVP_CipherFinal_ex(context, nothing, &written) == 1, "end of GCM");
    require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(sealed.tag.size()),
                                sealed.tag.data()) == 1,
            "GCM tag");
    return sealed;
}

result<Bytes> gcm_open(const GcmInput& input, ByteView tag)
{
    if (tag.size() < gcm_tag_bytes || tag.size() > 16)
        return fail(errc::bad_tag, "a tag has 12 to 16 bytes");
    EVP_CIPHER_CTX* context = gcm_context<Direction::open>();
    Bytes text = run_gcm<Direction::open>(context, input);
    std::array<std::byte, 16> expected{};
    std::ranges::copy(tag, expected.begin());
    require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, size_of(tag), expected.data()) == 1, "GCM tag");
    unsigned char nothing[16];
    int written = 0;
    if (EVP_CipherFinal_ex(context, nothing, &written) != 1) {
        wipe(text.data(), text.size());
        return fail(errc::bad_tag, "authentication tag mismatch");
    }
    return text;
}

Bytes gcm_decipher_unverified(const GcmInput& input)
{
    return run_gcm<Direction::open>(gcm_context<Direction::open>(), input);
}

result<Bytes> aes_key_wrap(ByteView kek, ByteView key)
{
    return run_wrap(kek, key, Direction::seal);
}

result<Bytes> aes_key_unwrap(ByteView kek, ByteView wrapped)
{
    return run_wrap(kek, wrapped, Direction::open);
}

} // namespace releve::crypto
