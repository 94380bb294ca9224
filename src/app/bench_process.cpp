#include <releve/app/bench.hpp>

#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace releve::app {

result<BenchProcess> BenchProcess::start(const std::vector<std::string>& words)
{
    int to[2] = {-1, -1}, from[2] = {-1, -1};
    if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0)
        return fail(errc::unavailable, "no pipe for another process");
    std::vector<std::string> all{"releve", "bench"};
    all.insert(all.end(), words.begin(), words.end());
    std::vector<char*> arguments;
    for (std::string& word : all)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], 0);
    posix_spawn_file_actions_adddup2(&actions, from[1], 1);
    pid_t process = -1;
    const int failed = ::posix_spawn(&process, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(to[0]);
    ::close(from[1]);
    BenchProcess started{words.front()};
    started.process_ = failed == 0 ? process : -1;
    started.to_ = to[1];
    started.from_ = from[0];
    if (failed != 0)
        return fail(errc::unavailable, "another process could not be started");
    return started;
}

BenchProcess::BenchProcess(BenchProcess&& other) noexcept
    : name_(std::move(other.name_)),
      process_(std::exchange(other.process_, -1)),
      to_(std::exchange(other.to_, -1)),
      from_(std::exchange(other.from_, -1))
{}

BenchProcess::~BenchProcess()
{
    for (const int end : {to_, from_})
        if (end >= 0)
            ::close(end);
    if (process_ > 0) {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
}

result<void> BenchProcess::tell(const std::string& line)
{
    const std::string text = line + "\n";
    if (::write(to_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        return fail(errc::unavailable, "bench " + name_ + ": does not listen");
    return {};
}

result<std::string> BenchProcess::hear(std::chrono::seconds at_most)
{
    using Clock = std::chrono::steady_clock;
    const Clock::time_point until = Clock::now() + at_most;
    std::string line;
    for (char c = 0;; line += c) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
        pollfd said{.fd = from_, .events = POLLIN, .revents = 0};
        if (left.count() <= 0 || ::poll(&said, 1, static_cast<int>(left.count())) == 0)
            return fail(errc::unavailable,
                        "bench " + name_ + ": said nothing for " + std::to_string(at_most.count()) + " s");
        if (::read(from_, &c, 1) != 1)
            return fail(errc::unavailable, "bench " + name_ + ": ended: " + line);
        if (c == '\n')
            return line;
    }
}

result<void> BenchProcess::expect(std::string_view expected, std::chrono::seconds at_most)
{
    RELEVE_TRY(line, hear(at_most));
    if (line != expected)
        return fail(errc::unavailable,
                    "bench " + name_ + ": '" + line + "' instead of '" + std::string{expected} + "'");
    return {};
}

} // namespace releve::app
