#pragma once
// Words of a libpq connection string.

#include <string>

namespace releve::store {

/// A value between quotes, as libpq reads it.
[[nodiscard]] inline std::string quoted(const std::string& value)
{
    std::string text = "'";
    for (const char c : value)
        text += (c == '\'' || c == '\\') ? std::string{'\\', c} : std::string{c};
    return text + "'";
}

} // namespace releve::store
