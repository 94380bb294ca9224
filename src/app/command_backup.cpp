#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/series_files.hpp>
#include <releve/store/backup.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace releve::app {

namespace fs = std::filesystem;

namespace {

constexpr const char* manifest_name = "backup.json";
constexpr const char* unfinished = ".releve-unfinished"; // ends the name of a set that is being copied

void say(std::string_view line)
{
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

/// "20261122T113005Z": sorts by time, and is a file name everywhere.
std::string name_of(Instant instant)
{
    std::string name = to_iso8601(instant);
    std::erase_if(name, [](char c) { return c == '-' || c == ':'; });
    return name;
}

result<store::BackupSet> read_manifest(const fs::path& folder)
{
    RELEVE_TRY(text, read_text_file(folder / manifest_name));
    const auto in = nlohmann::json::parse(text, nullptr, false);
    const auto wrong = [&] { return fail(errc::bad_config, (folder / manifest_name).string() + ": is not what `releve backup` writes"); };
    if (!in.is_object() || in.value("releve_backup", 0) != 1)
        return wrong();
    try {
        RELEVE_TRY(usable_from, parse_instant(in.at("usable_from").get<std::string>()));
        RELEVE_TRY(reaches, parse_instant(in.at("reaches").get<std::string>()));
        return store::BackupSet{.folder = folder,
                                .slot = in.at("slot"),
                                .system = in.at("system"),
                                .version = in.at("postgresql"),
                                .usable_from = usable_from,
                                .reaches = reaches};
    } catch (const nlohmann::json::exception&) {
        return wrong();
    }
}

/// On disk and renamed into place: what is there always says what is true.
void write_manifest(const store::BackupSet& set)
{
    const nlohmann::ordered_json out{{"releve_backup", 1},      {"version", RELEVE_VERSION},
                                     {"postgresql", set.version}, {"system", set.system},
                                     {"slot", set.slot},          {"usable_from", to_iso8601(set.usable_from)},
                                     {"reaches", to_iso8601(set.reaches)}};
    const fs::path fresh = set.folder / "backup.json.new";
    const std::string text = out.dump(1) + "\n";
    fs::remove(fresh);
    if (const int reason = write_new_file(fresh, as_bytes(text)); reason != 0)
        throw std::runtime_error(fresh.string() + ": " + std::strerror(reason));
    fs::rename(fresh, set.folder / manifest_name);
}

/// The finished sets of a folder, oldest first.
result<std::vector<store::BackupSet>> find_sets(const fs::path& dir)
{
    std::vector<store::BackupSet> sets;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{dir, error})
        if (entry.path().extension() != unfinished && fs::exists(entry.path() / manifest_name)) {
            if (auto set = read_manifest(entry.path()))
                sets.push_back(std::move(*set));
            else
                say("Not used: " + set.error().detail);
        }
    if (error)
        return fail(errc::bad_config, dir.string() + ": " + error.message());
    std::ranges::sort(sets, {}, &store::BackupSet::usable_from);
    return sets;
}

std::string slot_of(const fs::path& folder)
{
    std::string slot = "releve_" + folder.stem().string();
    std::ranges::transform(slot, slot.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return slot;
}

/// What an interrupted copy left behind, here and in the server.
void clear_unfinished(const fs::path& dir, const store::DatabaseAddress& database)
{
    for (const auto& entry : fs::directory_iterator{dir})
        if (entry.path().extension() == unfinished) {
            store::forget_backup(database, slot_of(entry.path()));
            fs::remove_all(entry.path());
        }
}

result<void> go_on(const store::DatabaseAddress& database, store::BackupSet& set)
{
    RELEVE_TRY(reaches, store::follow(database, set));
    set.reaches = reaches;
    write_manifest(set);
    return {};
}

result<store::BackupSet> new_set(const store::DatabaseAddress& database, const fs::path& dir)
{
    const fs::path folder = dir / name_of(wall_clock());
    fs::path copying = folder;
    copying += unfinished;
    RELEVE_TRY(set, store::copy_base(database, copying, slot_of(copying), say));
    RELEVE_CHECK(go_on(database, set));
    fs::rename(copying, folder);
    set.folder = folder;
    return set;
}

result<store::BackupSet> back_up(const Config& config, const fs::path& dir, bool full)
{
    if (!config.database.url.empty())
        return fail(errc::bad_config, "backup: database.url names a database of yours: use its own backup (docs/OPERATIONS.md); "
                                      "`releve master-key export` is for both");
    RELEVE_TRY(lock, FolderLock::take(dir, "backup"));
    // As it is: the backup before an upgrade is made by the new program too.
    RELEVE_TRY(cluster, store::Cluster::open({.data_dir = config.data_dir, .say = say}));
    const store::DatabaseAddress& database = cluster->address();
    clear_unfinished(dir, database);
    RELEVE_TRY(sets, find_sets(dir));
    const auto last = std::find_if(sets.rbegin(), sets.rend(), [&](const auto& set) { return store::can_follow(database, set); });
    if (last != sets.rend() && !full) {
        RELEVE_CHECK(go_on(database, *last));
        return *last;
    }
    if (!sets.empty() && !full)
        say("The last backup cannot be continued: the server has not kept all that was written since, or is another one");
    RELEVE_TRY(set, new_set(database, dir));
    if (last != sets.rend()) { // no instant is lost between the two
        RELEVE_CHECK(go_on(database, *last));
        store::forget_backup(database, last->slot);
    }
    return set;
}

/// The newest set that can be brought to that instant.
result<store::BackupSet> choose(const fs::path& dir, const std::optional<Instant>& until)
{
    RELEVE_TRY(sets, find_sets(dir));
    if (sets.empty())
        return fail(errc::bad_config, dir.string() + ": holds no finished backup");
    if (!until)
        return sets.back();
    const auto later = std::ranges::find_if(sets, [&](const auto& set) { return set.usable_from > *until; });
    if (later == sets.begin())
        return fail(errc::bad_config, "--until " + to_iso8601(*until) + ": the oldest backup begins at " +
                                          to_iso8601(sets.front().usable_from));
    const store::BackupSet& set = *std::prev(later);
    if (set.reaches < *until)
        return fail(errc::bad_config, "--until " + to_iso8601(*until) + ": the backup reaches " + to_iso8601(set.reaches) +
                                          (later == sets.end() ? "" : ", the next one begins at " + to_iso8601(later->usable_from)));
    return set;
}

} // namespace

int run_backup(std::span<const std::string> arguments)
{
    CLI::App app{"Copy the running database into a folder; called again, add what was written since. Nobody has to wait meanwhile.",
                 "releve backup"};
    ConfigFlags flags;
    std::string dir;
    bool full = false;
    app.add_option("dir", dir, "Where backups are kept")->required()->type_name("DIR");
    app.add_flag("--full", full, "A new copy, even if the last one could be continued");
    add_config_flags(app, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    const auto config = flags.load();
    if (!config)
        return complain(config.error());
    const auto set = back_up(*config, fs::absolute(dir), full);
    if (!set)
        return complain(set.error());
    std::printf("%s: any instant from %s to %s can be restored. The master key is not in it: `releve master-key export`.\n",
                set->folder.c_str(), to_iso8601(set->usable_from).c_str(), to_iso8601(set->reaches).c_str());
    return 0;
}

int run_restore(std::span<const std::string> arguments)
{
    CLI::App app{"Make a database from a backup, in a data folder that has none.", "releve restore"};
    ConfigFlags flags;
    std::string dir, until_text;
    app.add_option("dir", dir, "Where backups are kept")->required()->type_name("DIR");
    app.add_option("--until", until_text, "As it was then; else all that the backup has")->type_name("INSTANT");
    add_config_flags(app, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    const auto config = flags.load();
    if (!config)
        return complain(config.error());
    std::optional<Instant> until;
    if (!until_text.empty()) {
        const auto parsed = parse_instant(until_text);
        if (!parsed)
            return complain(fail(errc::bad_config, "--until " + until_text + ": expected an instant such as 2026-11-22T11:30:00Z"));
        until = *parsed;
    }
    const auto set = choose(fs::absolute(dir), until);
    if (!set)
        return complain(set.error());
    // Nobody else restores here, or starts, before this is done.
    const auto lock = FolderLock::take(config->data_dir, "restore"), still = FolderLock::take(config->data_dir, "collector");
    if (!lock || !still)
        return complain((lock ? still : lock).error());
    const auto restored = store::restore_cluster(
        {.set = *set, .data_dir = config->data_dir, .until = until.value_or(set->reaches), .say = say});
    if (!restored)
        return complain(restored.error());
    std::printf("%s: %lld batches with %lld readings, as of %s. Put the master key back before `releve serve`.\n",
                config->data_dir.c_str(), static_cast<long long>(restored->batches), static_cast<long long>(restored->readings),
                to_iso8601(until.value_or(set->reaches)).c_str());
    return 0;
}

} // namespace releve::app
