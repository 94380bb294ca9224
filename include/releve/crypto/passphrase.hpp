#pragma once
// A secret under a passphrase: scrypt (RFC 7914) makes the key, AES-256-GCM seals. For the copy of the master key that lies in a
// safe or beside a backup.

#include <releve/core/bytes.hpp>

#include <string_view>

namespace releve::crypto {

inline constexpr std::size_t passphrase_bytes_min = 12;

/// How much work one guess of a passphrase costs: 2^log2_n * r * 128 bytes of memory, p times.
struct ScryptCost {
    std::uint8_t log2_n = 17, r = 8, p = 1; // 128 MiB
};

/// Layout: version 01 | log2_n | r | p | salt 16 | what wrap_secret gives. errc::bad_value for a passphrase that is too short.
[[nodiscard]] result<Bytes> seal_with_passphrase(ByteView secret, std::string_view passphrase, ScryptCost cost = {});

/// errc::truncated, errc::bad_version; errc::bad_value for a cost above 1 GiB of memory; errc::key_wrap for another passphrase or an
/// altered copy.
[[nodiscard]] result<Bytes> open_with_passphrase(ByteView sealed, std::string_view passphrase);

} // namespace releve::crypto
