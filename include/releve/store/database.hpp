#pragma once
// Where the database is and how one connects to it: an URL that the operator gave, or our own embedded cluster.

#include <releve/core/error.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace releve::store {

/// Database roles from the first migration on; each connection works as exactly one of them.
enum class DbRole { owner, collect, api, work };

/// How to reach the database as a role: a libpq connection string plus, for an external database whose URL names one
/// login, the role to `SET ROLE` to.
struct DatabaseAddress {
    std::string conninfo; // without role, may hold a password: never logged
    bool embedded = false;
    [[nodiscard]] std::string conninfo_for(DbRole role) const;
    /// The statement to run first on a new connection, empty for the embedded cluster (it logs in as the role).
    [[nodiscard]] std::string after_connect(DbRole role) const;
};

struct ClusterOptions {
    std::filesystem::path data_dir;                     // the cluster lives in data_dir/postgresql
    std::function<void(std::string_view)> say;          // progress lines for people
    bool throw_away = false;                            // for benches and tests: shared buffers small, still durable
};

/// Our own PostgreSQL: made on first use, started, adopted from a killed run, stopped when this goes away (unless it was
/// already running for another process of ours). As root the server runs as the user `postgres`.
class Cluster {
public:
    /// errc::unavailable with a sentence that says what to do (PostgreSQL not installed, other major version, path too
    /// long, port socket in use, ...).
    [[nodiscard]] static result<std::unique_ptr<Cluster>> open(const ClusterOptions& options);
    ~Cluster();
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;
    [[nodiscard]] const DatabaseAddress& address() const { return address_; }
    /// Whether this object started the server (and so stops it).
    [[nodiscard]] bool owner() const { return owner_; }

private:
    Cluster() = default;
    DatabaseAddress address_;
    std::filesystem::path pgdata_, bin_dir_;
    bool owner_ = false;
};

/// Applies sql/NNN_*.sql that are not applied yet, each in one transaction, under an advisory lock; refuses when an
/// applied one has changed (checksum) or is not known. The files are compiled into the binary.
[[nodiscard]] result<int> migrate(const DatabaseAddress& address);

} // namespace releve::store
