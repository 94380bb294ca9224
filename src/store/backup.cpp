#include <releve/store/backup.hpp>

#include "cluster_paths.hpp"
#include "pg.hpp"

#include <thread>

namespace releve::store {

namespace fs = std::filesystem;

namespace {

struct ServerFacts {
    std::string system;
    int version = 0;
    Instant now{};
};

ServerFacts facts_of(pg::Connection& db)
{
    const pg::Rows rows = db.run("SELECT system_identifier::text, current_setting('server_version_num')::int4 / 10000, "
                                 "clock_timestamp() FROM pg_control_system()");
    return {rows.text(0, 0), rows.int4(0, 1), rows.instant(0, 2)};
}

/// One of PostgreSQL's own programs, as ourselves: the server lets root and the data's owner in by name.
result<void> run_tool(const DatabaseAddress& address, int version, const std::string& name, std::vector<std::string> arguments,
                      Output output)
{
    RELEVE_TRY(installed, find_postgresql(version));
    std::vector<std::string> command{installed.bin / name, "--dbname=" + address.conninfo_for(DbRole::owner), "--no-password"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const Finished finished = run_program(OsUser{}, command, output);
    if (finished.status != 0)
        return fail(errc::unavailable, name + " failed" + (finished.output.empty() ? "" : ": " + finished.output));
    return {};
}

} // namespace

result<BackupSet> copy_base(const DatabaseAddress& address, const fs::path& folder, const std::string& slot,
                            const std::function<void(std::string_view)>& say)
{
    BackupSet set{.folder = fs::absolute(folder), .slot = slot, .system = {}, .version = 0};
    pg::Connection db{address, DbRole::owner};
    const ServerFacts facts = facts_of(db);
    set.system = facts.system;
    set.version = facts.version;
    fs::create_directories(set.folder / "wal");
    fs::permissions(set.folder, fs::perms::owner_all);
    // Kept from before the copy begins: the copy and what follows overlap.
    db.run("SELECT pg_create_physical_replication_slot($1, true)", pg::Params{}.add(std::string_view{set.slot}));
    say("Copying the data into " + set.folder.string());
    const fs::path data = set.folder / "data";
    RELEVE_CHECK(run_tool(address, set.version, "pg_basebackup",
                          {"--pgdata=" + data.string(), "--wal-method=stream", "--slot=" + slot, "--checkpoint=fast", "--no-manifest", "--progress"},
                          Output::shown));
    fs::remove(data / "server.log");
    set.usable_from = facts_of(db).now + Seconds{1}; // instants are whole seconds here
    while (facts_of(db).now < set.usable_from)
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
    return set;
}

bool can_follow(const DatabaseAddress& address, const BackupSet& set)
{
    pg::Connection db{address, DbRole::owner};
    return facts_of(db).system == set.system &&
           db.run("SELECT FROM pg_replication_slots WHERE slot_name = $1::text AND restart_lsn IS NOT NULL AND wal_status <> 'lost'",
                  pg::Params{}.add(std::string_view{set.slot}))
                   .size() == 1;
}

result<Instant> follow(const DatabaseAddress& address, const BackupSet& set)
{
    pg::Connection db{address, DbRole::owner};
    const Instant reaches = facts_of(db).now;
    // A commit after that instant: restoring to it has one to stop at. Then the log goes on in a new file; once something of
    // that has come, the present one is whole.
    db.run("SELECT pg_logical_emit_message(true, 'releve', 'backup')");
    db.run("SELECT pg_switch_wal()");
    const std::string end = db.run("SELECT pg_current_wal_insert_lsn()::text").text(0, 0);
    db.run("SELECT pg_logical_emit_message(true, 'releve', 'backup')");
    RELEVE_CHECK(run_tool(address, set.version, "pg_receivewal",
                          {"--directory=" + (set.folder / "wal").string(), "--slot=" + set.slot, "--endpos=" + end, "--no-loop",
                           "--synchronous", "--compress=gzip:1"},
                          Output::kept));
    return reaches;
}

void forget_backup(const DatabaseAddress& address, const std::string& slot)
{
    pg::Connection db{address, DbRole::owner};
    db.run("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1::text AND NOT active",
           pg::Params{}.add(std::string_view{slot}));
}

} // namespace releve::store
