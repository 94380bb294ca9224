#pragma once
// What the benchmarks of ingest share: what a span cost, when its readings are in their days, and the same readings as rows.
// Private to src/app.

#include "bench_server.hpp"

namespace releve::app {

/// CPU time of this process, the server's, and of PostgreSQL, WAL and commits since it was made.
class BenchCosts {
public:
    /// The server outlives it.
    explicit BenchCosts(BenchServer& server);
    void stop();
    [[nodiscard]] double cpu_seconds() const { return server_cpu_ + database_cpu_; }
    [[nodiscard]] std::int64_t wal_bytes() const { return wal_; }
    /// cpu_server_s, cpu_postgresql_s, commit_p50_ms, commit_p99_ms.
    [[nodiscard]] std::vector<BenchFigure> figures() const;

private:
    BenchServer* server_;
    double server_cpu_, database_cpu_;
    std::int64_t wal_;
    LatencyHistogram::Snapshot commits_, commits_now_{};
};

/// Confirmed is not yet the whole work: how many seconds until nothing is in the archive only. Nothing when it takes too long:
/// the report says so.
[[nodiscard]] std::optional<double> wait_until_in_days(const BenchServer& server, const std::string& name, BenchReport& report);

/// due_meters, whose days are to be looked at closer, and seconds_until_checked: how long until none is. The report says so if
/// that takes too long.
[[nodiscard]] std::vector<BenchFigure> wait_until_checked(BenchServer& server, const std::string& name, BenchReport& report);

/// The same readings as a table of rows would get them: by key, in batches.
class BaselineBatches {
public:
    using Readings = std::vector<std::pair<Instant, std::int32_t>>;
    using Batches = std::vector<std::vector<store::BaselineReading>>;
    /// All of a frame; a batch ends after one.
    void add_frame(std::uint32_t meter, const Readings& readings);
    [[nodiscard]] std::size_t readings() const { return readings_; }
    /// No further call.
    [[nodiscard]] Batches take();

private:
    void finish();
    Batches batches_;
    std::vector<store::BaselineReading> batch_;
    std::size_t readings_ = 0;
};

/// Beside a load of so many seconds: enough for each try of a baseline.
[[nodiscard]] std::size_t baseline_readings_for(int seconds);
/// The best of 1, 2 and 4 connections, half the load's seconds each.
[[nodiscard]] BenchFigure measure_baseline_of(const BenchServer& server, store::Baseline how, int seconds,
                                              const BaselineBatches::Batches& batches);

} // namespace releve::app
