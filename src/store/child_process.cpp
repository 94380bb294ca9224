#include "child_process.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace releve::store {

namespace {

constexpr int cannot_start = 127;

OsUser user_from(const passwd& entry)
{
    OsUser user{entry.pw_name, entry.pw_uid, entry.pw_gid, {}, false};
    int count = 64;
    user.groups.resize(static_cast<std::size_t>(count));
    if (getgrouplist(entry.pw_name, entry.pw_gid, user.groups.data(), &count) < 0)
        count = 0;
    user.groups.resize(static_cast<std::size_t>(count));
    return user;
}

/// In the child. Groups were looked up before: initgroups may take locks that a fork left held.
bool become(const OsUser& user)
{
    if (!user.change)
        return true;
    return setgroups(user.groups.size(), user.groups.data()) == 0 && setgid(user.gid) == 0 &&
           setuid(user.uid) == 0;
}

/// In the child: never returns.
[[noreturn]] void become_program(char* const* arguments, int output)
{
    static const char* const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", nullptr};
    if (output >= 0) {
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
    }
    // Nothing of ours may live on in a server: not a socket, not a lock.
    close_range(3, ~0U, 0);
    execve(arguments[0], arguments, const_cast<char* const*>(environment));
    _exit(cannot_start);
}

std::vector<char*> pointers(const std::vector<std::string>& arguments)
{
    std::vector<char*> result;
    for (const auto& argument : arguments)
        result.push_back(const_cast<char*>(argument.c_str()));
    result.push_back(nullptr);
    return result;
}

int exit_status(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return cannot_start;
    return exit_status(status);
}

} // namespace

result<OsUser> server_user()
{
    const uid_t self = geteuid();
    errno = 0;
    const passwd* entry = self == 0 ? getpwnam("postgres") : getpwuid(self);
    if (entry == nullptr)
        return fail(errc::unavailable,
                    self == 0 ? "there is no user `postgres`: install PostgreSQL (apt-get install postgresql)"
                              : "the user of this process has no name: PostgreSQL needs one");
    OsUser user = user_from(*entry);
    user.change = self == 0;
    return user;
}

std::string own_user_name()
{
    const passwd* entry = getpwuid(geteuid());
    return entry != nullptr ? entry->pw_name : std::to_string(geteuid());
}

Finished run_program(const OsUser& user, const std::vector<std::string>& arguments, Output output)
{
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
        return {cannot_start, "no pipe to be had"};
    const auto argv = pointers(arguments);
    const pid_t child = fork();
    if (child == 0) {
        umask(077);
        if (chdir("/") != 0 || !become(user))
            _exit(cannot_start);
        become_program(argv.data(), output == Output::shown ? STDERR_FILENO : ends[1]);
    }
    close(ends[1]);
    Finished finished;
    std::array<char, 4096> buffer{};
    ssize_t count = 0;
    while (child > 0 &&
           ((count = read(ends[0], buffer.data(), buffer.size())) > 0 || (count < 0 && errno == EINTR)))
        if (count > 0) {
            finished.output.append(buffer.data(), static_cast<std::size_t>(count));
            if (finished.output.size() > 8192)
                finished.output.erase(0, finished.output.size() - 8192);
        }
    close(ends[0]);
    finished.status = child > 0 ? wait_for(child) : cannot_start;
    return finished;
}

pid_t start_program(const OsUser& user, const std::vector<std::string>& arguments,
                    const std::filesystem::path& log)
{
    const auto argv = pointers(arguments);
    const pid_t child = fork();
    if (child != 0)
        return child;
    umask(077);
    setsid(); // Ctrl-C at our terminal is ours to handle; the server is stopped when we are done
    if (chdir("/") != 0 || !become(user))
        _exit(cannot_start);
    const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (input >= 0)
        dup2(input, STDIN_FILENO);
    const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    become_program(argv.data(), output);
}

bool can_reach(const OsUser& user, const std::filesystem::path& folder)
{
    const pid_t child = fork();
    if (child == 0) {
        if (!become(user))
            _exit(cannot_start);
        _exit(access(folder.c_str(), X_OK) == 0 ? 0 : 1);
    }
    return child > 0 && wait_for(child) == 0;
}

} // namespace releve::store
