#pragma once
// The key under which meter keys are stored: 32 bytes in a file that only its owner reads, and a copy of it under a passphrase.

#include <releve/app/config.hpp>
#include <releve/crypto/secret.hpp>
#include <releve/store/database.hpp>

namespace releve::app {

/// 32 bytes, raw or as 64 hex digits, from the systemd credential `releve-master-key` if there is one, else from the
/// configured file, which must not be readable by others. Made there on first use, unless the database holds keys under a
/// master key that is not there. errc::bad_config, also when it is not the one of the database.
[[nodiscard]] result<crypto::Key256> load_master_key(const Config& config, const store::DatabaseAddress& database);

/// Writes the key to `copy` under a passphrase; the file must not be there yet.
[[nodiscard]] result<void> export_master_key(const Config& config, const std::filesystem::path& copy, std::string_view passphrase);

/// The way back, into the configured file; another key that is there stays and is an error.
[[nodiscard]] result<std::filesystem::path> import_master_key(const Config& config, const std::filesystem::path& copy,
                                                              std::string_view passphrase);

} // namespace releve::app
