#pragma once
// What the benchmarks of the collector measure: a server with a database and a fleet of its own in this process, and
// whether it has stored what was sent. Private to src/app.

#include <releve/app/bench.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/server.hpp>
#include <releve/store/admin_store.hpp>
#include <releve/store/bench_store.hpp>

#include <functional>
#include <map>
#include <optional>

namespace releve::app {

/// A folder under /tmp, where the server's own user can enter; removed at the end.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// A line on standard error, for people: what is done now.
void say_progress(const std::string& what);

/// Looks again until it is so; false when it is not by then.
[[nodiscard]] bool becomes(const std::function<bool()>& so, std::chrono::seconds at_most);

class BenchServer {
public:
    struct Options {
        std::filesystem::path data_dir; // empty: a temporary folder
        std::uint32_t meters = 0;
        std::function<void(Config&)> change; // of the defaults; may be empty
        /// Beside the fleet, before the server starts; may be empty.
        std::function<result<void>(store::AdminStore&, const crypto::Key256& master)> also_register{};
    };
    [[nodiscard]] static result<std::unique_ptr<BenchServer>> start(const Options& options);

    [[nodiscard]] const Config& config() const { return config_; }
    [[nodiscard]] std::uint16_t port() const { return server_->ports().dlms_tls; }
    [[nodiscard]] std::uint16_t uplink_port() const { return server_->ports().uplink; }
    [[nodiscard]] const Counters& counters() const { return server_->counters(); }
    [[nodiscard]] store::BenchStore& store() { return *store_; }
    [[nodiscard]] const store::DatabaseAddress& database() const { return database_.address; }
    /// The server; the database stays.
    void stop_serving();

private:
    BenchServer() = default;
    [[nodiscard]] result<void> import_fleet(const Options& options);

    std::optional<TemporaryFolder> temporary_;
    Config config_;
    OpenDatabase database_;
    std::unique_ptr<Server> server_;
    std::unique_ptr<store::BenchStore> store_;
};

/// What was sent and confirmed, against what is stored.
struct BenchComparison {
    std::uint64_t readings = 0, frames = 0; // confirmed
    std::uint64_t found = 0;                // readings of them
    std::int64_t lost = 0, doubled = 0;     // readings; frames
    std::uint64_t altered = 0;              // readings that are stored but were not sent
    [[nodiscard]] bool exact() const { return lost == 0 && doubled == 0 && altered == 0; }
};
/// What must be there of a load: the frames that were confirmed, by round and meter.
class ExpectedDays {
public:
    /// `confirmed`: how many of its first frames, by connection. The load outlives it.
    ExpectedDays(const BenchLoad& load, const std::vector<std::uint64_t>& confirmed);
    void compare(const store::StoredDay& stored);
    /// Doubled frames are not counted here.
    [[nodiscard]] BenchComparison counted() const;

private:
    const BenchLoad& load_;
    std::vector<std::vector<bool>> there_;
    std::map<CivilDay, std::vector<std::uint32_t>> rounds_;
    BenchComparison counted_;
};

/// `archived_before`: frames in the archive when it began.
[[nodiscard]] BenchComparison compare_stored(store::BenchStore& store, const BenchLoad& load,
                                             const std::vector<std::uint64_t>& confirmed, std::int64_t archived_before);

} // namespace releve::app
