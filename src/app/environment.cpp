#include <releve/app/environment.hpp>

#include <releve/app/tariff_shelf.hpp>
#include <releve/store/billing_store.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace releve::app {

Instant wall_clock()
{
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

result<OpenDatabase> open_database(const Config& config, std::function<void(std::string_view)> say)
{
    OpenDatabase database;
    if (config.database.url.empty()) {
        RELEVE_TRY(cluster, store::Cluster::open({.data_dir = config.data_dir, .say = std::move(say)}));
        database.address = cluster->address();
        database.cluster = std::move(cluster);
    } else {
        database.address = {.conninfo = config.database.url, .embedded = false};
    }
    RELEVE_CHECK(store::migrate(database.address));
    RELEVE_TRY(shipped, shipped_tariff_texts());
    RELEVE_CHECK(store::BillingStore(database.address, {}).add_tariffs(shipped));
    return database;
}

result<ConfiguredDatabase> open_configured(const ConfigFlags& flags)
{
    RELEVE_TRY(config, flags.load());
    RELEVE_TRY(database, open_database(config, [](std::string_view) {}));
    return ConfiguredDatabase{std::move(config), std::move(database)};
}

sigset_t block_signals(std::initializer_list<int> signals)
{
    sigset_t set;
    sigemptyset(&set);
    for (int signal : signals)
        sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return set;
}

bool is_waiting(std::initializer_list<int> signals)
{
    sigset_t pending;
    sigpending(&pending);
    return std::ranges::any_of(signals, [&](int signal) { return sigismember(&pending, signal) == 1; });
}

int write_new_file(const std::filesystem::path& path, ByteView content)
{
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    const ssize_t written = ::write(fd, content.data(), content.size());
    int reason = written < 0 || ::fsync(fd) != 0 ? errno : 0;
    if (reason == 0 && written != static_cast<ssize_t>(content.size()))
        reason = ENOSPC;
    ::close(fd);
    return reason;
}

result<FolderLock> FolderLock::take(const std::filesystem::path& folder, const std::string& kind)
{
    std::error_code ignored;
    std::filesystem::create_directories(folder, ignored);
    const auto path = folder / (kind + ".lock");
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(errc::unavailable, path.string() + ": " + std::strerror(errno));
    FolderLock lock{fd};
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
        return fail(errc::unavailable, "another " + kind + " is running on " + folder.string());
    return lock;
}

FolderLock::~FolderLock()
{
    if (fd_ >= 0)
        ::close(fd_);
}

void protect_memory()
{
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    rlimit locked{};
    if (::getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur == RLIM_INFINITY)
        static_cast<void>(::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT));
#endif
}

// What a shell allows is often 1,024, which one address would take from all others. With less than the limit on
// connections, accepting fails, and is counted.
void allow_descriptors(std::size_t connections)
{
    constexpr rlim_t others = 256; // database, files, the API
    rlimit open{};
    if (::getrlimit(RLIMIT_NOFILE, &open) != 0 || open.rlim_cur >= connections + others)
        return;
    open.rlim_cur = std::min<rlim_t>(open.rlim_max, connections + others);
    ::setrlimit(RLIMIT_NOFILE, &open);
}

int complain(const Error& error)
{
    const bool worded = error.code == errc::bad_config || error.code == errc::bad_csv;
    std::fprintf(stderr, "releve: %s\n", (worded ? error.detail : to_string(error)).c_str());
    return 2;
}

} // namespace releve::app
