#include "bench_measure.hpp"

#include "bench_link.hpp"

#include <algorithm>

namespace releve::app {

namespace {

constexpr std::size_t baseline_batch = 24'000; // readings
constexpr std::chrono::seconds in_days_at_most{600}; // after the last confirmation

int baseline_seconds(int load_seconds)
{
    return std::max(1, load_seconds / 2);
}

} // namespace

BenchCosts::BenchCosts(BenchServer& server)
    : server_(&server),
      server_cpu_(own_cpu_seconds()),
      database_cpu_(server.store().server_cpu_seconds()),
      wal_(server.store().wal_bytes()),
      commits_(server.counters().ingest.commits.snapshot())
{}

void BenchCosts::stop()
{
    server_cpu_ = own_cpu_seconds() - server_cpu_;
    database_cpu_ = server_->store().server_cpu_seconds() - database_cpu_;
    commits_now_ = server_->counters().ingest.commits.snapshot();
    wal_ = server_->store().wal_bytes() - wal_;
}

std::vector<BenchFigure> BenchCosts::figures() const
{
    return {{"cpu_server_s", server_cpu_},
            {"cpu_postgresql_s", database_cpu_},
            {"commit_p50_ms", LatencyHistogram::percentile_ms(commits_, commits_now_, 0.5)},
            {"commit_p99_ms", LatencyHistogram::percentile_ms(commits_, commits_now_, 0.99)}};
}

std::optional<double> wait_until_in_days(const BenchServer& server, const std::string& name, BenchReport& report)
{
    const auto began = std::chrono::steady_clock::now();
    const auto& deferred = server.counters().ingest.deferred_readings;
    if (becomes([&] { return deferred <= 0; }, in_days_at_most))
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    report.problems.push_back(name + ": " + std::to_string(deferred) + " confirmed readings were not in their days " +
                              std::to_string(in_days_at_most.count()) + " s after the last confirmation");
    return std::nullopt;
}

std::vector<BenchFigure> wait_until_checked(BenchServer& server, const std::string& name, BenchReport& report)
{
    const auto began = std::chrono::steady_clock::now();
    const std::int64_t due = server.store().due_meters();
    if (!becomes([&] { return server.store().due_meters() == 0; }, in_days_at_most))
        report.problems.push_back(name + ": days of " + std::to_string(server.store().due_meters()) + " meters were not looked at " +
                                  std::to_string(in_days_at_most.count()) + " s after the last reading was in its day");
    return {{"due_meters", static_cast<double>(due)},
            {"seconds_until_checked", std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count()}};
}

void BaselineBatches::add_frame(std::uint32_t meter, const Readings& readings)
{
    for (const auto& [at, value] : readings)
        batch_.push_back({static_cast<std::int32_t>(meter), at, value});
    readings_ += readings.size();
    if (batch_.size() >= baseline_batch)
        finish();
}

void BaselineBatches::finish()
{
    std::ranges::sort(batch_, {}, [](const store::BaselineReading& r) { return std::pair{r.meter, r.at}; });
    batches_.push_back(std::move(batch_));
    batch_.clear();
}

BaselineBatches::Batches BaselineBatches::take()
{
    if (!batch_.empty())
        finish();
    return std::move(batches_);
}

std::size_t baseline_readings_for(int seconds)
{
    return static_cast<std::size_t>(baseline_seconds(seconds)) * 1'500'000;
}

BenchFigure measure_baseline_of(const BenchServer& server, store::Baseline how, int seconds,
                                const BaselineBatches::Batches& batches)
{
    BenchFigure best{how == store::Baseline::plain_copy ? "plain_copy" : "row_upsert", 0};
    for (const int links : {1, 2, 4})
        best.value = std::max(best.value, store::measure_baseline(server.database(), how, links, baseline_seconds(seconds),
                                                                  batches));
    return best;
}

} // namespace releve::app
