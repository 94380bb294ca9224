#include <releve/app/environment.hpp>

#include <releve/crypto/aes.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
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

result<CollectorLock> CollectorLock::take(const std::filesystem::path& data_dir)
{
    std::error_code ignored;
    std::filesystem::create_directories(data_dir, ignored);
    const auto path = data_dir / "collector.lock";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(errc::unavailable, path.string() + ": " + std::strerror(errno));
    CollectorLock lock{fd};
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
        return fail(errc::unavailable, "another collector is running on " + data_dir.string());
    return lock;
}

CollectorLock::~CollectorLock()
{
    if (fd_ >= 0)
        ::close(fd_);
}

namespace {

Error key_file_error(const std::filesystem::path& path, const std::string& what)
{
    return fail(errc::bad_config, "keys.master_key_file '" + path.string() + "': " + what);
}

struct Descriptor {
    int fd = -1;
    ~Descriptor()
    {
        if (fd >= 0)
            ::close(fd);
    }
};

result<crypto::Key256> parse_master_key(const std::filesystem::path& path, Bytes content)
{
    if (content.size() != 32) {
        auto from_text = from_hex(as_text(content));
        crypto::wipe(content.data(), content.size());
        if (!from_text || from_text->size() != 32)
            return key_file_error(path, "must hold 32 bytes, or 64 hexadecimal digits");
        content = std::move(*from_text);
    }
    auto key = crypto::Key256::from(content);
    crypto::wipe(content.data(), content.size());
    return key;
}

result<crypto::Key256> read_master_key(const std::filesystem::path& path, bool strict_mode)
{
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat status{};
    if (file.fd < 0 || ::fstat(file.fd, &status) != 0)
        return key_file_error(path, std::strerror(errno));
    if (strict_mode && (status.st_mode & 077) != 0)
        return key_file_error(path, "is readable by others: chmod 600");
    Bytes content(256);
    const ssize_t count = ::read(file.fd, content.data(), content.size());
    if (count < 0)
        return key_file_error(path, std::strerror(errno));
    content.resize(static_cast<std::size_t>(count));
    return parse_master_key(path, std::move(content));
}

/// Written to a temporary name first, so that a crash never leaves half a key.
result<crypto::Key256> make_master_key(const std::filesystem::path& path)
{
    std::error_code ignored;
    std::filesystem::create_directories(path.parent_path(), ignored);
    Bytes secret = crypto::random_bytes(32);
    std::filesystem::path fresh = path;
    fresh += ".new." + std::to_string(::getpid());
    const Descriptor file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (file.fd < 0 || ::write(file.fd, secret.data(), secret.size()) != static_cast<ssize_t>(secret.size()) ||
        ::fsync(file.fd) != 0 || ::link(fresh.c_str(), path.c_str()) != 0) {
        const int reason = errno;
        ::unlink(fresh.c_str());
        crypto::wipe(secret.data(), secret.size());
        if (reason == EEXIST) // another process made it in the meantime: its key counts
            return read_master_key(path, true);
        return key_file_error(path, std::strerror(reason));
    }
    ::unlink(fresh.c_str());
    auto key = crypto::Key256::from(secret);
    crypto::wipe(secret.data(), secret.size());
    return key;
}

} // namespace

result<crypto::Key256> load_master_key(const Config& config)
{
    if (const char* directory = std::getenv("CREDENTIALS_DIRECTORY")) {
        const auto credential = std::filesystem::path{directory} / "releve-master-key";
        if (std::filesystem::exists(credential))
            return read_master_key(credential, false); // systemd sees to who may read it
    }
    const std::filesystem::path path =
        config.keys.master_key_file.empty() ? config.data_dir / "master.key" : config.keys.master_key_file;
    if (!std::filesystem::exists(path))
        return make_master_key(path);
    return read_master_key(path, true);
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

int complain(const Error& error)
{
    const bool worded = error.code == errc::bad_config || error.code == errc::bad_csv;
    std::fprintf(stderr, "releve: %s\n", (worded ? error.detail : to_string(error)).c_str());
    return 2;
}

} // namespace releve::app
