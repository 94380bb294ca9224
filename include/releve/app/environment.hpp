#pragma once
// What a command finds around it: the database (yours, or the embedded one), the master key, the wall clock. The shells'
// shared first steps, so that `serve`, `meter import` and `demo` take them alike.

#include <releve/app/config.hpp>
#include <releve/core/bytes.hpp>
#include <releve/core/time.hpp>
#include <releve/store/database.hpp>

#include <csignal>
#include <initializer_list>
#include <memory>
#include <utility>

namespace releve::app {

/// Whole seconds, UTC.
[[nodiscard]] Instant wall_clock();

struct OpenDatabase {
    std::unique_ptr<store::Cluster> cluster; // empty with an URL
    store::DatabaseAddress address;
};
/// Opens (and makes, on first use) the database and brings it up to date.
[[nodiscard]] result<OpenDatabase> open_database(const Config& config, std::function<void(std::string_view)> say);

struct ConfiguredDatabase {
    Config config;
    OpenDatabase database;
};
/// What a command that only needs the database begins with. Says nothing on the way.
[[nodiscard]] result<ConfiguredDatabase> open_configured(const ConfigFlags& flags);

/// Blocks these signals in this and all later threads, so that one can wait for them; a closed pipe is an error of the
/// write, not a signal.
sigset_t block_signals(std::initializer_list<int> signals);

/// Whether one of these blocked signals has come and nobody has taken it yet.
[[nodiscard]] bool is_waiting(std::initializer_list<int> signals);

/// Makes a file of mode 0600 that is on disk when this returns; one that is there is an error. 0, or errno.
[[nodiscard]] int write_new_file(const std::filesystem::path& path, ByteView content);

/// Held by one process of a kind in a folder. The kernel lets go of it when the process ends, however it ends.
class FolderLock {
public:
    /// errc::unavailable when another process holds it. Makes the folder if it is not there. `kind` is "collector", "backup" or "restore".
    [[nodiscard]] static result<FolderLock> take(const std::filesystem::path& folder, const std::string& kind);
    FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FolderLock& operator=(FolderLock&&) = delete;
    ~FolderLock();

private:
    explicit FolderLock(int fd) : fd_(fd) {}
    int fd_;
};

/// No core files, no reading of our memory by other processes, no swapping where the limit allows it.
void protect_memory();

/// Raises what this process may open to so many connections and what it needs beside them, as far as the system lets it.
void allow_descriptors(std::size_t connections);

/// Prints one line on standard error and gives the exit code for it.
int complain(const Error& error);

} // namespace releve::app
