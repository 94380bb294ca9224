#pragma once
// The ciphers of DLMS security suite 0, of Wize and of the key store, on OpenSSL. OpenSSL is seen only in the sources.
// Fast path: one cipher context per thread, re-keyed per frame.

#include <releve/crypto/secret.hpp>

#include <array>

namespace releve::crypto {

inline constexpr std::size_t gcm_iv_bytes = 12;
inline constexpr std::size_t gcm_tag_bytes = 12; // DLMS truncates to 96 bits

struct GcmInput {
    const Key128& key;
    std::span<const std::byte, gcm_iv_bytes> iv;
    ByteView aad;
    ByteView text; // plaintext when sealing, ciphertext (without the tag) when opening
};
struct Sealed {
    Bytes ciphertext;
    std::array<std::byte, 16> tag; // DLMS sends the first 12 bytes
};
[[nodiscard]] Sealed gcm_seal(const GcmInput& input);
/// The plaintext if the tag (12 to 16 bytes) verifies. errc::bad_tag.
[[nodiscard]] result<Bytes> gcm_open(const GcmInput& input, ByteView tag);
/// Deciphers without any check: for SC 20, and to tell a wrong key from an altered message.
[[nodiscard]] Bytes gcm_decipher_unverified(const GcmInput& input);

/// RFC 3394. errc::bad_length, errc::key_wrap when the integrity check fails.
[[nodiscard]] result<Bytes> aes_key_wrap(ByteView kek, ByteView key);
[[nodiscard]] result<Bytes> aes_key_unwrap(ByteView kek, ByteView wrapped);
/// Ciphers or deciphers, which is the same (NIST SP 800-38A, 6.5): the block counts up as one big-endian number.
[[nodiscard]] Bytes aes_ctr(const Key128& key, std::span<const std::byte, 16> counter_block, ByteView text);
/// RFC 4493.
[[nodiscard]] std::array<std::byte, 16> aes_cmac(const Key128& key, ByteView message);

[[nodiscard]] std::array<std::byte, 32> sha256(ByteView bytes);
/// From the operating system's generator.
[[nodiscard]] Bytes random_bytes(std::size_t count);

/// Meter keys at rest: AES-256-GCM under the master key, a fresh random IV, `context` (meter, key id, generation) as
/// AAD so that a wrapped key cannot be moved to another row. Layout: version 01 | IV 12 | ciphertext | tag 16.
[[nodiscard]] Bytes wrap_secret(const Key256& master, ByteView secret, ByteView context);
/// errc::key_wrap.
[[nodiscard]] result<Bytes> unwrap_secret(const Key256& master, ByteView wrapped, ByteView context);

} // namespace releve::crypto
