#pragma once
// Copies of the running embedded cluster, and a cluster made again from one. A set is a copy of the data files and all that was
// written since (PostgreSQL's write-ahead log): it can be brought to any instant between the two.

#include <releve/core/time.hpp>
#include <releve/store/database.hpp>

namespace releve::store {

struct BackupSet {
    std::filesystem::path folder; // holds data/ and wal/
    std::string slot;             // under which the server keeps what the set has not fetched yet
    std::string system;           // PostgreSQL's identifier of the cluster that was copied
    int version = 0;              // its major version
    Instant usable_from{};        // no earlier instant can be restored
    Instant reaches{};            // everything committed until then is in it
};

/// Copies the data of the running cluster into a new set; `folder` must not exist, nor the slot. From then on the
/// server keeps what is written until `follow` fetches it, 8 GB at most: after that the set cannot go on and a new
/// one is needed.
/// errc::unavailable with what PostgreSQL's program said.
[[nodiscard]] result<BackupSet> copy_base(const DatabaseAddress& address, const std::filesystem::path& folder,
                                          const std::string& slot, const std::function<void(std::string_view)>& say);

/// Whether everything written since the set's last `follow` is still there, and the set is of this cluster.
[[nodiscard]] bool can_follow(const DatabaseAddress& address, const BackupSet& set);

/// Fetches what was written since, up to now; gives the instant the set then reaches.
[[nodiscard]] result<Instant> follow(const DatabaseAddress& address, const BackupSet& set);

/// The server need not keep anything for this set any more.
void forget_backup(const DatabaseAddress& address, const std::string& slot);

struct RestoreOptions {
    BackupSet set;
    std::filesystem::path data_dir;            // must not hold a database yet
    Instant until{};                           // everything committed at that instant is there, and nothing later
    std::function<void(std::string_view)> say; // progress lines for people
};
struct Restored {
    std::int64_t batches = 0, readings = 0;
};
/// Makes data_dir/postgresql from a set and stops it again: ready for `serve`. A failed attempt leaves nothing behind.
[[nodiscard]] result<Restored> restore_cluster(const RestoreOptions& options);

} // namespace releve::store
