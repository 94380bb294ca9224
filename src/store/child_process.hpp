#pragma once
// Starting PostgreSQL's programs as another user: root must not run them. Between fork and exec only what is
// safe in a process with threads.

#include <releve/core/error.hpp>

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace releve::store {

/// The user PostgreSQL runs as.
struct OsUser {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;
    bool change = false; // whether a child must become this user first
};

/// Ourselves, or `postgres` when we are root. errc::unavailable when there is no such user.
[[nodiscard]] result<OsUser> server_user();
/// The name of the user we run as, or its number if it has none.
[[nodiscard]] std::string own_user_name();

struct Finished {
    int status = 0; // exit code, 128 + signal, or 127 when the program could not be started
    std::string output;
};
/// What becomes of what a program prints: kept for the caller, or shown on our own standard error as it comes.
enum class Output { kept, shown };
/// Runs to the end and collects what it printed (both streams, the last 8 kB).
[[nodiscard]] Finished run_program(const OsUser& user, const std::vector<std::string>& arguments, Output output = Output::kept);

/// Starts a server in a session of its own, printing to `log` (opened as that user). -1 if there was no
/// process to be had.
[[nodiscard]] pid_t start_program(const OsUser& user, const std::vector<std::string>& arguments,
                                  const std::filesystem::path& log);

/// Whether that user can search every folder of the path.
[[nodiscard]] bool can_reach(const OsUser& user, const std::filesystem::path& folder);

} // namespace releve::store
