#pragma once
// Where the embedded cluster keeps its things, which PostgreSQL is installed, and whether a server is
// running.

#include "child_process.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace releve::store {

/// "/usr/lib/postgresql/15/bin" and its number.
struct Installed {
    int version = 0;
    std::filesystem::path bin;
};
/// Of a data folder made by `version`, or the newest for a new one. errc::unavailable says what to install.
[[nodiscard]] result<Installed> find_postgresql(std::optional<int> version);

/// The major version that made the data folder; none if there is none yet.
[[nodiscard]] std::optional<int> version_of_data(const std::filesystem::path& pgdata);

/// A folder for the server's socket whose path fits into a socket address: in the data folder, or a short one
/// under /run or /tmp derived from its name. Made with mode 0700 for that user; errc::unavailable if somebody
/// else's is there.
[[nodiscard]] result<std::filesystem::path> make_socket_folder(const std::filesystem::path& data_dir,
                                                               const OsUser& user);

/// What postmaster.pid says, if that process is there and is a server of this folder.
struct Running {
    pid_t pid = 0;
    std::filesystem::path socket_folder;
};
[[nodiscard]] std::optional<Running> find_running(const std::filesystem::path& pgdata);

/// Whether sessions of a server that was killed are still at work: the next one starts only when they have noticed.
[[nodiscard]] bool has_orphans(const std::filesystem::path& pgdata);

/// The last lines of the server's log, for an error message.
[[nodiscard]] std::string tail_of(const std::filesystem::path& log);

/// Writes a file as a whole or not at all.
void write_file(const std::filesystem::path& path, const std::string& text);

} // namespace releve::store
