#pragma once
// Ciphered APDUs, security suite 0 (IEC 62056-5-3, 9.2): glo-, ded-, general-glo-, general-ded- and general-ciphering.
// AES-128-GCM, IV = sender's system title || invocation counter, tag of 12 bytes. Keys come as arguments; replay is
// not decided here.

#include <releve/core/bytes.hpp>
#include <releve/core/ids.hpp>
#include <releve/crypto/secret.hpp>

#include <optional>

namespace releve::dlms {

/// Bits of the security control byte.
namespace sc {
inline constexpr std::uint8_t suite_mask = 0x0f;
inline constexpr std::uint8_t authentication = 0x10;
inline constexpr std::uint8_t encryption = 0x20;
inline constexpr std::uint8_t broadcast = 0x40;
inline constexpr std::uint8_t compression = 0x80;
} // namespace sc

/// What a device must use at least.
enum class Policy : std::uint8_t {
    authenticated_encrypted, // SC 30 only
    authenticated,           // SC 10 or 30
    encrypted,               // SC 20 or 30; SC 20 ranks as unauthenticated
    clear,                   // a device without keys; ranks as unauthenticated. Ciphered is still welcome
};
[[nodiscard]] std::string_view policy_name(Policy policy);
/// The names, and as aliases the security control bytes "30", "10", "20", "00". errc::bad_value.
[[nodiscard]] result<Policy> parse_policy(std::string_view text);
/// Whether a frame with this security control byte (none = clear) is strong enough. errc::policy says what is missing.
[[nodiscard]] result<void> check_policy(Policy policy, std::optional<std::uint8_t> security_control);

/// A ciphered APDU taken apart, nothing verified. Views point into the input.
struct CipheredApdu {
    std::uint8_t tag = 0;                    // 21.., c8.., db, dc, dd
    std::optional<SystemTitle> system_title; // db, dc, dd (originator)
    std::uint8_t security_control = 0;
    std::uint32_t invocation_counter = 0;
    ByteView payload;                        // ciphertext (or plaintext) and tag
    // general-ciphering (dd) only:
    ByteView additional_aad;                 // transaction-id .. other-information with their length octets
    ByteView key_info;                       // empty when absent
};
/// errc::unknown_apdu if the tag is none of the ciphered ones; errc::bad_length for a system title that is not 8 bytes.
[[nodiscard]] result<CipheredApdu> decode_ciphered_apdu(ByteView apdu);
[[nodiscard]] bool is_ciphered_tag(std::uint8_t tag);
/// The system title without decoding the rest: what routes a frame. Nothing for APDUs that carry none.
[[nodiscard]] std::optional<SystemTitle> peek_system_title(ByteView apdu);

struct SecurityKeys {
    crypto::Key128 encryption;      // GUEK, or the dedicated key for ded-
    crypto::Key128 authentication;  // GAK: additional data only
};

struct Unprotected {
    Bytes plaintext;
    bool authenticated = false;
};
/// Deciphers and verifies. `sender` is used when the APDU names none. errc::bad_tag; errc::wrong_key instead when even
/// the deciphered text makes no sense as a push (so the cipher key is not the meter's); errc::no_system_title;
/// errc::unsupported_security for another suite, compression, broadcast keys, or key-info that is not absent/unicast.
[[nodiscard]] result<Unprotected> unprotect(const CipheredApdu& apdu, const SecurityKeys& keys,
                                            const std::optional<SystemTitle>& sender = std::nullopt);

struct Protection {
    std::uint8_t tag = 0xdb;
    SystemTitle system_title{};
    std::uint32_t invocation_counter = 0;
    std::uint8_t security_control = 0x30;
};
/// The ciphered APDU (glo-, ded-, general-glo or general-ded by `tag`).
[[nodiscard]] Bytes protect(ByteView plaintext, const SecurityKeys& keys, const Protection& protection);

} // namespace releve::dlms
