#include <releve/store/backup.hpp>

#include "cluster_paths.hpp"
#include "pg.hpp"

#include <fstream>

#include <unistd.h>

namespace releve::store {

namespace fs = std::filesystem;

namespace {

constexpr auto ready_within = std::chrono::hours{24}; // as long as there is log to write again
constexpr const char* recovery_settings[] = {"restore_command", "recovery_target_time", "recovery_target_inclusive",
                                             "recovery_target_action", "hot_standby"};

/// The folder stands in a shell command between quotes.
bool plain(const fs::path& path)
{
    return path.native().find_first_of("\"'\\$`%\n") == std::string::npos;
}

void give_to(const OsUser& user, const fs::path& folder)
{
    if (!user.change)
        return;
    const auto give = [&](const fs::path& path) {
        if (lchown(path.c_str(), user.uid, user.gid) != 0)
            throw std::runtime_error("cannot give " + path.string() + " to the user " + user.name);
    };
    give(folder);
    for (const auto& entry : fs::recursive_directory_iterator{folder})
        give(entry.path());
}

/// Until it is at the wanted instant, the server lets nobody in.
void write_recovery(const fs::path& data, const fs::path& wal, Instant until)
{
    std::ofstream settings{data / "postgresql.auto.conf", std::ios::app};
    settings << "\nhot_standby = 'off'\nrecovery_target_action = 'promote'\n"
             << "restore_command = 'gzip -dc < \"" << wal.string() << "/%f.gz\" > \"%p\"'\n";
    // With a target PostgreSQL refuses to end before it: a piece of the log that is missing is noticed.
    std::string instant = to_iso8601(until); // zones by name are not known yet where this is read
    instant.replace(instant.size() - 1, 1, "+00");
    settings << "recovery_target_inclusive = 'on'\nrecovery_target_time = '" << instant << "'\n";
    std::ofstream signal{data / "recovery.signal"};
    settings.flush();
    if (!settings || !signal)
        throw std::runtime_error("cannot write into " + data.string());
}

Restored finish(const Cluster& cluster)
{
    pg::Connection db{cluster.address(), DbRole::owner};
    for (const char* setting : recovery_settings)
        db.exec(std::string{"ALTER SYSTEM RESET "} + setting);
    const pg::Rows rows = db.run("SELECT count(*), coalesce(sum(readings), 0)::int8 FROM batch");
    return {rows.int8(0, 0), rows.int8(0, 1)};
}

} // namespace

result<Restored> restore_cluster(const RestoreOptions& options)
try {
    std::error_code ignored;
    fs::create_directories(options.data_dir);
    const fs::path home = fs::canonical(options.data_dir);
    const fs::path pgdata = home / "postgresql", fresh = home / "postgresql.restoring", wal = home / "postgresql.log-to-restore";
    if (fs::exists(pgdata))
        return fail(errc::bad_config, pgdata.string() + " is there already: restore into another --data-dir, or move it away");
    if (!plain(home))
        return fail(errc::bad_config, "--data-dir " + home.string() + ": quotes, $, % and \\ cannot be in it");
    if (!fs::is_directory(options.set.folder / "data"))
        return fail(errc::bad_config, options.set.folder.string() + " holds no copy of a database");
    RELEVE_TRY(user, server_user());
    const auto clean = [&] {
        for (const fs::path& path : {fresh, wal})
            fs::remove_all(path, ignored);
    };
    clean();
    options.say("Copying " + options.set.folder.string() + " into " + home.string());
    try {
        fs::copy(options.set.folder / "data", fresh, fs::copy_options::recursive);
        fs::create_directory(wal);
        for (const auto& file : fs::directory_iterator{options.set.folder / "wal"})
            if (file.path().extension() != ".partial")
                fs::copy(file.path(), wal);
        write_recovery(fresh, wal, options.until);
        fs::permissions(fresh, fs::perms::owner_all);
        give_to(user, fresh);
        give_to(user, wal);
        fs::rename(fresh, pgdata);
    } catch (...) {
        clean();
        throw;
    }
    options.say("Writing again what was committed after the copy");
    auto cluster = Cluster::open({.data_dir = home, .say = options.say, .ready_within = ready_within});
    if (!cluster) {
        clean();
        fs::remove_all(pgdata, ignored);
        return cluster.error();
    }
    try {
        Restored restored = finish(**cluster);
        clean();
        return restored;
    } catch (...) {
        cluster->reset();
        clean();
        fs::remove_all(pgdata, ignored);
        throw;
    }
} catch (const std::exception& error) {
    return fail(errc::unavailable, error.what());
}

} // namespace releve::store
