#pragma once
// The page's files, compiled into the binary from src/web.

#include <span>
#include <string_view>

namespace releve::api {

struct WebFile {
    std::string_view name; // "app.js"
    std::string_view content_type;
    std::string_view etag; // quoted
    std::string_view content;
};
[[nodiscard]] std::span<const WebFile> web_files();

} // namespace releve::api
