#pragma once
// A key that a command is given: from a file or standard input, because arguments are seen by everybody on the machine.

#include <releve/core/error.hpp>
#include <releve/crypto/secret.hpp>

#include <string>

namespace releve::app {

/// 16 bytes, raw or as 32 hexadecimal digits; of standard input when `file` is "" or "-". errc::bad_config names `option`
/// and never the content.
[[nodiscard]] result<crypto::Key128> read_key(const std::string& file, const std::string& option);

} // namespace releve::app
