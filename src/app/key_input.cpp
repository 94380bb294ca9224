#include "key_input.hpp"

#include <releve/core/bytes.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace releve::app {

namespace {

constexpr std::size_t content_bytes_max = 128; // more is no key

struct Content {
    std::array<char, content_bytes_max> bytes{};
    std::size_t size = 0;
    ~Content() { crypto::wipe(bytes.data(), bytes.size()); }
    [[nodiscard]] std::string_view text() const { return {bytes.data(), size}; }
};

/// 0, or errno.
int read_all(int fd, Content& content)
{
    while (content.size < content.bytes.size()) {
        const ssize_t count = ::read(fd, content.bytes.data() + content.size, content.bytes.size() - content.size);
        if (count < 0 && errno != EINTR)
            return errno;
        if (count == 0)
            break;
        content.size += count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    return 0;
}

int read_file(const std::string& file, Content& content)
{
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    const int reason = read_all(fd, content);
    ::close(fd);
    return reason;
}

std::string_view trimmed(std::string_view text)
{
    const auto end = text.find_last_not_of(" \t\r\n");
    return end == std::string_view::npos ? std::string_view{} : text.substr(0, end + 1);
}

} // namespace

result<crypto::Key128> read_key(const std::string& file, const std::string& option)
{
    const bool standard_input = file.empty() || file == "-";
    if (standard_input && ::isatty(STDIN_FILENO) != 0)
        return fail(errc::bad_config, option + ": name a file, or pipe the key into the command");
    const std::string where = option + (standard_input ? ": standard input" : " " + file + ":");
    Content content;
    if (const int reason = standard_input ? read_all(STDIN_FILENO, content) : read_file(file, content); reason != 0)
        return fail(errc::bad_config, where + " " + std::strerror(reason));
    if (content.size == 16)
        return crypto::Key128::from(as_bytes(content.text()));
    auto bytes = from_hex(trimmed(content.text()));
    if (!bytes || bytes->size() != 16)
        return fail(errc::bad_config, where + " must hold 16 bytes, or 32 hexadecimal digits");
    auto key = crypto::Key128::from(*bytes);
    crypto::wipe(bytes->data(), bytes->size());
    return key;
}

} // namespace releve::app
