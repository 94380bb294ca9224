#pragma once
// Where the database is and how one connects to it: an URL that the operator gave, or our own embedded
// cluster.

#include <releve/core/error.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace releve::store {

/// Database roles from the first migration on; each connection works as exactly one of them.
enum class DbRole { owner, collect, api, work };

/// How to reach the database as a role: a libpq connection string plus, for an external database whose URL
/// names one login, the role to `SET ROLE` to.
struct DatabaseAddress {
    std::string conninfo; // without role, may hold a password: never logged
    bool embedded = false;
    [[nodiscard]] std::string conninfo_for(DbRole role) const;
    /// The statement to run first on a new connection, empty for the embedded cluster (it logs in as the
    /// role).
    [[nodiscard]] std::string after_connect(DbRole role) const;
};

struct ClusterOptions {
    std::filesystem::path data_dir;            // the cluster lives in data_dir/postgresql
    std::function<void(std::string_view)> say; // progress lines for people
    bool throw_away = false;                   // for benches and tests: shared buffers small, still durable
    int shared_buffers_mb = 256;               // not used when thrown away
    std::chrono::minutes ready_within{10};     // a large crash recovery takes minutes
};

/// Our own PostgreSQL: made on first use, started, adopted from a killed run. Several processes may hold the
/// same data folder; the last one to let go stops the server, and one that ends by itself is started again. As
/// root the server runs as the user `postgres`.
class Cluster {
public:
    /// errc::unavailable with a sentence that says what to do (PostgreSQL not installed, other major version,
    /// folder not reachable for the server's user, ...).
    [[nodiscard]] static result<std::unique_ptr<Cluster>> open(const ClusterOptions& options);
    ~Cluster();
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;
    [[nodiscard]] const DatabaseAddress& address() const;
    /// Whether this object started or adopted the server; false when another process of ours was there first.
    [[nodiscard]] bool owner() const;

private:
    struct Impl;
    explicit Cluster(std::unique_ptr<Impl> impl);
    [[nodiscard]] static std::unique_ptr<Cluster> watched(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Applies sql/NNN_*.sql that are not applied yet, each in one transaction, under an advisory lock; refuses
/// when an applied one has changed (checksum) or is not known. The files are compiled into the binary.
[[nodiscard]] result<int> migrate(const DatabaseAddress& address);

} // namespace releve::store
