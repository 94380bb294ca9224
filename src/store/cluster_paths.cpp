#include "cluster_paths.hpp"

#include <releve/core/bytes.hpp>
#include <releve/crypto/aes.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace releve::store {

namespace fs = std::filesystem;

namespace {

constexpr int oldest_version = 15;
constexpr std::string_view socket_name = "/.s.PGSQL.5432";

std::string read_text(const fs::path& path)
{
    std::ifstream in{path, std::ios::binary};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

std::vector<Installed> installed_versions()
{
    std::vector<Installed> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator{"/usr/lib/postgresql", ignored}) {
        const std::string name = entry.path().filename();
        const bool number = !name.empty() && name.size() < 4 &&
                            std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
        if (!number || !fs::exists(entry.path() / "bin/initdb", ignored))
            continue;
        if (const int version = std::stoi(name); version >= oldest_version)
            found.push_back({version, entry.path() / "bin"});
    }
    std::ranges::sort(found, {}, &Installed::version);
    return found;
}

bool fits(const fs::path& folder)
{
    return folder.native().size() + socket_name.size() < sizeof(sockaddr_un::sun_path);
}

} // namespace

result<Installed> find_postgresql(std::optional<int> version)
{
    const auto found = installed_versions();
    if (found.empty())
        return fail(errc::unavailable,
                    "PostgreSQL 15 or later is not installed: `apt-get install postgresql`, or give the "
                    "URL of a database");
    if (!version)
        return found.back();
    const auto same = std::ranges::find(found, *version, &Installed::version);
    if (same != found.end())
        return *same;
    std::string others;
    for (const auto& other : found)
        others += (others.empty() ? "" : ", ") + std::to_string(other.version);
    return fail(errc::unavailable, "the data was made by PostgreSQL " + std::to_string(*version) +
                                       ", but only " + others +
                                       " is installed: `apt-get install postgresql-" +
                                       std::to_string(*version) + "`, or move the data with pg_upgrade");
}

std::optional<int> version_of_data(const fs::path& pgdata)
{
    const std::string text = read_text(pgdata / "PG_VERSION");
    if (text.empty())
        return std::nullopt;
    return std::atoi(text.c_str());
}

result<fs::path> make_socket_folder(const fs::path& data_dir, const OsUser& user)
{
    fs::path folder = data_dir / "run";
    if (!fits(folder)) {
        const std::string mark = to_hex(crypto::sha256(as_bytes(data_dir.native()))).substr(0, 12);
        folder =
            fs::path{user.change ? "/run" : "/tmp"} / ("releve-" + std::to_string(user.uid) + "-" + mark);
    }
    const bool made = mkdir(folder.c_str(), 0700) == 0;
    if (made && user.change && chown(folder.c_str(), user.uid, user.gid) != 0)
        return fail(errc::unavailable, "cannot give " + folder.string() + " to the user " + user.name);
    struct stat status {};
    if (lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != user.uid ||
        (status.st_mode & 0077) != 0)
        return fail(errc::unavailable,
                    folder.string() + " must be a folder of the user " + user.name + " with mode 0700");
    return folder;
}

std::optional<Running> find_running(const fs::path& pgdata)
{
    std::istringstream lines{read_text(pgdata / "postmaster.pid")};
    std::array<std::string, 5> line; // pid, data folder, start, port, socket folder
    for (auto& text : line)
        std::getline(lines, text);
    const auto pid = static_cast<pid_t>(std::atol(line[0].c_str()));
    if (pid <= 1 || (kill(pid, 0) != 0 && errno == ESRCH))
        return std::nullopt;
    // The number may meanwhile belong to another program, and a zombie has no command line.
    const std::string command = read_text("/proc/" + std::to_string(pid) + "/cmdline");
    if (command.find(pgdata.native()) == std::string::npos)
        return std::nullopt;
    return Running{pid, line[4]};
}

bool has_orphans(const fs::path& pgdata)
{
    std::istringstream lines{read_text(pgdata / "postmaster.pid")};
    std::string line;
    for (int n = 0; n < 7; ++n) // the seventh: key and number of the shared memory that all its processes hold
        std::getline(lines, line);
    std::istringstream seventh{line};
    unsigned long key = 0;
    int id = -1;
    shmid_ds status{};
    return seventh >> key >> id && shmctl(id, IPC_STAT, &status) == 0 && status.shm_nattch > 0 &&
           static_cast<unsigned long>(status.shm_perm.__key) == key;
}

std::string tail_of(const fs::path& log)
{
    std::string text = read_text(log);
    if (text.size() > 1000)
        text.erase(0, text.size() - 1000);
    return text;
}

void write_file(const fs::path& path, const std::string& text)
{
    const fs::path fresh = path.string() + ".new";
    {
        std::ofstream out{fresh, std::ios::binary | std::ios::trunc};
        out << text;
        out.flush();
        if (!out)
            throw std::runtime_error("cannot write " + fresh.string());
    }
    fs::permissions(fresh, fs::perms{0644});
    fs::rename(fresh, path);
}

} // namespace releve::store
