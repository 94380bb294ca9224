#include "cluster_paths.hpp"
#include "conninfo.hpp"
#include "pg.hpp"

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace releve::store {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr auto poll_every = 10ms;
constexpr auto start_again_after = 500ms;
constexpr auto stop_limit = 60s;
constexpr auto watch_every = 200ms;
constexpr auto revive_every = 5s;
constexpr auto orphans_limit = 15s;
constexpr int start_attempts = 3; // one that another process of ours has just begun gets in the way of ours

/// An advisory lock on a file; the kernel lets go of it when the process dies, however it dies.
class FileLock {
public:
    explicit FileLock(const fs::path& path) : fd_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600))
    {
        if (fd_ < 0)
            throw std::runtime_error("cannot open " + path.string());
    }
    ~FileLock() { close(fd_); }
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    bool take(int how)
    {
        while (flock(fd_, how) != 0)
            if (errno != EINTR)
                return false;
        return true;
    }

private:
    int fd_;
};

std::string conninfo(const fs::path& socket_folder, const std::string& database)
{
    return "host=" + quoted(socket_folder) +
           " port=5432 connect_timeout=10 application_name=releve dbname=" + database;
}

/// Peer only: the kernel says which user asks, and these may work as our roles. No file of ours holds a
/// secret.
void write_access_files(const fs::path& data_dir, const OsUser& user)
{
    std::set<std::string> users{"root", user.name, own_user_name()};
    std::string ident;
    for (const auto& name : users)
        for (const char* role : {"releve_owner", "releve_collect", "releve_api", "releve_work"})
            ident += "releve \"" + name + "\" " + role + "\n";
    write_file(data_dir / "pg_ident.conf", ident);
    write_file(data_dir / "pg_hba.conf", "local all all peer map=releve\nlocal replication all peer map=releve\n");
}

std::vector<std::string> server_command(const Installed& installed, const ClusterOptions& options,
                                        const fs::path& pgdata, const fs::path& sockets)
{
    const std::string buffers =
        options.throw_away ? "32MB" : std::to_string(options.shared_buffers_mb) + "MB";
    const std::vector<std::pair<std::string, std::string>> settings{
        {"listen_addresses", ""},
        {"port", "5432"},
        {"unix_socket_directories", "\"" + sockets.string() + "\""},
        {"unix_socket_permissions", "0700"},
        {"hba_file", options.data_dir / "pg_hba.conf"},
        {"ident_file", options.data_dir / "pg_ident.conf"},
        {"shared_buffers", buffers},
        {"max_wal_size", options.throw_away ? "256MB" : "2GB"},
        {"max_slot_wal_keep_size", "8GB"}, // what a backup that nobody continues may hold back
        {"fsync", "on"},
        {"synchronous_commit", "on"},
        {"full_page_writes", "on"},
        // Files instead of /dev/shm, which containers make small.
        {"dynamic_shared_memory_type", "mmap"},
        {"shared_memory_type", "mmap"},
        {"max_parallel_workers_per_gather", "0"},
        {"jit", "off"},
        {"timezone", "UTC"},
        {"log_timezone", "UTC"},
        {"lc_messages", "C"},
        {"log_min_messages", "warning"},
        // The details of an error quote rows, and statements quote values: neither belongs into a log.
        {"log_error_verbosity", "terse"},
        {"log_min_error_statement", "panic"},
    };
    std::vector<std::string> command{installed.bin / "postgres", "-D", pgdata};
    for (const auto& [name, value] : settings) {
        command.emplace_back("-c");
        command.push_back(name + "=" + value);
    }
    return command;
}

} // namespace

struct Cluster::Impl {
    ClusterOptions options;
    fs::path pgdata, sockets;
    OsUser user;
    DatabaseAddress address;
    std::unique_ptr<FileLock> users; // shared while this object lives: the last to let go stops the server
    pid_t child = 0;                 // the server, if we started it
    bool owner = false;
    std::atomic<bool> ending{false};
    std::jthread watcher; // starts a server that has ended again

    void say(const std::string& line) const
    {
        if (options.say)
            options.say(line);
    }
    result<void> prepare_folder();
    result<void> make_data(const Installed& installed);
    result<void> start(const Installed& installed);
    result<void> start_server(const Installed& installed);
    result<void> wait_until_ready();
    void make_roles() const;
    void watch(const std::stop_token& ending);
    void revive();
    void take_leave();
    void stop();
};

result<void> Cluster::Impl::prepare_folder()
{
    std::error_code error;
    fs::create_directories(options.data_dir, error);
    options.data_dir = fs::canonical(options.data_dir, error);
    if (error)
        return fail(errc::unavailable,
                    "cannot make the data folder " + options.data_dir.string() + ": " + error.message());
    pgdata = options.data_dir / "postgresql";
    RELEVE_TRY(found, server_user());
    user = std::move(found);
    // The server's user passes through our folder; what is secret in it has modes of its own.
    if (struct stat status{};
        user.change && stat(options.data_dir.c_str(), &status) == 0 && status.st_uid == 0)
        chmod(options.data_dir.c_str(), status.st_mode | 0011);
    if (!can_reach(user, options.data_dir))
        return fail(errc::unavailable, "the user " + user.name + " cannot reach " +
                                           options.data_dir.string() +
                                           ": choose another data folder (as root: /var/lib/releve)");
    return {};
}

result<void> Cluster::Impl::make_data(const Installed& installed)
{
    say("Making a PostgreSQL " + std::to_string(installed.version) + " database in " + pgdata.string());
    // Made beside and renamed: a run that was killed half-way leaves nothing that looks finished.
    const fs::path fresh = pgdata.string() + ".new";
    for (const char* locale : {"C.UTF-8", "C"}) {
        fs::remove_all(fresh);
        fs::create_directory(fresh);
        fs::permissions(fresh, fs::perms{0700});
        if (user.change && chown(fresh.c_str(), user.uid, user.gid) != 0)
            return fail(errc::unavailable, "cannot give " + fresh.string() + " to the user " + user.name);
        std::vector<std::string> command{installed.bin / "initdb",
                                         "--pgdata=" + fresh.string(),
                                         "--username=releve_owner",
                                         "--auth=peer",
                                         "--data-checksums",
                                         "--encoding=UTF8",
                                         std::string{"--locale="} + locale};
        if (options.throw_away)
            command.emplace_back("--no-sync");
        const Finished finished = run_program(user, command);
        if (finished.status == 0) {
            fs::rename(fresh, pgdata);
            return {};
        }
        if (locale == std::string_view{"C"})
            return fail(errc::unavailable, "initdb failed: " + finished.output);
    }
    return {};
}

result<void> Cluster::Impl::start(const Installed& installed)
{
    write_access_files(options.data_dir, user);
    RELEVE_TRY(folder, make_socket_folder(options.data_dir, user));
    if (sockets != folder)
        sockets = std::move(folder);
    for (int attempt = 1;; ++attempt) {
        const auto started = start_server(installed);
        if (started)
            break;
        if (ending || attempt == start_attempts)
            return started.error();
        std::this_thread::sleep_for(start_again_after);
    }
    if (!owner)
        owner = true;
    make_roles();
    return {};
}

result<void> Cluster::Impl::start_server(const Installed& installed)
{
    const auto limit = std::chrono::steady_clock::now() + orphans_limit;
    while (has_orphans(pgdata) && !ending && std::chrono::steady_clock::now() < limit)
        std::this_thread::sleep_for(poll_every);
    if (find_running(pgdata)) // begun by a process of ours that was killed meanwhile
        return wait_until_ready();
    say("Starting PostgreSQL " + std::to_string(installed.version));
    child = start_program(user, server_command(installed, options, pgdata, sockets), pgdata / "server.log");
    if (child <= 0)
        return fail(errc::unavailable, "cannot start a process for PostgreSQL");
    return wait_until_ready();
}

result<void> Cluster::Impl::wait_until_ready()
{
    const std::string probe = conninfo(sockets, "postgres") + " user=releve_owner";
    const auto limit = std::chrono::steady_clock::now() + options.ready_within;
    while (PQping(probe.c_str()) != PQPING_OK) {
        const bool gone = child > 0 ? waitpid(child, nullptr, WNOHANG) != 0 : !find_running(pgdata);
        if (gone)
            child = 0;
        if (gone || ending || std::chrono::steady_clock::now() > limit)
            return fail(errc::unavailable,
                        "PostgreSQL did not start; its log ends with: " + tail_of(pgdata / "server.log"));
        std::this_thread::sleep_for(poll_every);
    }
    // Others read it while a server that has ended is started again: it stays what it was.
    if (DatabaseAddress found{conninfo(sockets, "releve"), true}; found.conninfo != address.conninfo)
        address = std::move(found);
    return {};
}

void Cluster::Impl::make_roles() const
{
    pg::Connection connection{DatabaseAddress{conninfo(sockets, "postgres"), true}, DbRole::owner};
    for (const std::string role : {"releve_collect", "releve_api", "releve_work"})
        if (connection.run("SELECT FROM pg_roles WHERE rolname = $1", pg::Params{}.add(role)).size() == 0)
            connection.exec("CREATE ROLE " + role + " LOGIN");
    if (connection.run("SELECT FROM pg_database WHERE datname = 'releve'").size() == 0)
        connection.exec("CREATE DATABASE releve");
}

/// The server may be killed (memory, a hand) while we live; what was confirmed is in its log, and it goes on from there.
void Cluster::Impl::watch(const std::stop_token& stopping)
{
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock{mutex};
    auto pause = watch_every;
    while (!wake.wait_for(lock, stopping, pause, [] { return false; }) && !stopping.stop_requested()) {
        if (child > 0 && waitpid(child, nullptr, WNOHANG) != 0)
            child = 0;
        pause = watch_every;
        if (find_running(pgdata))
            continue;
        try {
            revive();
        } catch (const std::exception& error) {
            say(std::string{"PostgreSQL does not start again: "} + error.what());
            pause = revive_every;
        }
    }
}

void Cluster::Impl::revive()
{
    FileLock turn{options.data_dir / "start.lock"};
    turn.take(LOCK_EX);
    if (find_running(pgdata)) // another process of ours was faster
        return;
    take_leave();
    say("PostgreSQL has ended; starting it again");
    const auto installed = find_postgresql(version_of_data(pgdata));
    if (!installed)
        throw std::runtime_error(to_string(installed.error()));
    if (const auto started = start(*installed); !started)
        throw std::runtime_error(started.error().detail);
}

/// A killed server is gone only once it has been waited for: until then the next one finds its process number taken.
void Cluster::Impl::take_leave()
{
    const auto limit = std::chrono::steady_clock::now() + stop_limit;
    while (child > 0 && waitpid(child, nullptr, WNOHANG) == 0 && std::chrono::steady_clock::now() < limit)
        std::this_thread::sleep_for(poll_every);
    child = 0;
}

void Cluster::Impl::stop()
{
    const auto running = find_running(pgdata);
    if (running) {
        kill(running->pid, SIGINT); // "fast": open sessions end, everything committed is kept
        const auto limit = std::chrono::steady_clock::now() + stop_limit;
        while (find_running(pgdata) && std::chrono::steady_clock::now() < limit) {
            if (child > 0 && waitpid(child, nullptr, WNOHANG) != 0)
                child = 0;
            std::this_thread::sleep_for(poll_every);
        }
    }
    take_leave();
    // Goes only when it is empty: the server removed its socket.
    std::error_code ignored;
    fs::remove(sockets, ignored);
}

Cluster::Cluster(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

result<std::unique_ptr<Cluster>> Cluster::open(const ClusterOptions& options)
try {
    auto impl = std::make_unique<Impl>();
    impl->options = options;
    RELEVE_CHECK(impl->prepare_folder());
    // One process at a time starts or stops; all others wait here.
    FileLock turn{impl->options.data_dir / "start.lock"};
    turn.take(LOCK_EX);
    impl->users = std::make_unique<FileLock>(impl->options.data_dir / "users.lock");
    const bool alone = impl->users->take(LOCK_EX | LOCK_NB);
    impl->users->take(LOCK_SH);

    if (const auto running = find_running(impl->pgdata)) {
        impl->owner = alone; // a server without users is what a killed run left behind
        if (alone)
            impl->say("Adopting the PostgreSQL that an earlier run left running");
        impl->sockets = running->socket_folder;
        RELEVE_CHECK(impl->wait_until_ready());
        if (alone)
            impl->make_roles();
        return watched(std::move(impl));
    }
    const auto version = version_of_data(impl->pgdata);
    RELEVE_TRY(installed, find_postgresql(version));
    if (!version)
        RELEVE_CHECK(impl->make_data(installed));
    if (auto started = impl->start(installed); !started) {
        impl->stop();
        return std::move(started).error();
    }
    return watched(std::move(impl));
} catch (const std::exception& error) {
    return fail(errc::unavailable, error.what());
}

std::unique_ptr<Cluster> Cluster::watched(std::unique_ptr<Impl> impl)
{
    Impl* raw = impl.get();
    impl->watcher = std::jthread{[raw](const std::stop_token& stopping) { raw->watch(stopping); }};
    return std::unique_ptr<Cluster>{new Cluster{std::move(impl)}};
}

Cluster::~Cluster()
{
    impl_->ending = true;
    impl_->watcher.request_stop();
    impl_->watcher.join();
    try {
        FileLock turn{impl_->options.data_dir / "start.lock"};
        turn.take(LOCK_EX);
        if (impl_->users->take(LOCK_EX | LOCK_NB))
            impl_->stop();
    } catch (const std::exception&) {
        // The data folder is gone, and with it all that a gentle stop would keep.
        if (impl_->child > 0 && kill(impl_->child, SIGQUIT) == 0)
            waitpid(impl_->child, nullptr, 0);
    }
}

const DatabaseAddress& Cluster::address() const
{
    return impl_->address;
}

bool Cluster::owner() const
{
    return impl_->owner;
}

} // namespace releve::store
