#include "bench_link.hpp"
#include "bench_server.hpp"

#include <releve/store/collect_store.hpp>

#include <algorithm>

namespace releve::app {

namespace {

constexpr std::uint32_t connections = 64;
constexpr std::size_t baseline_batch = 24'000; // readings
constexpr std::chrono::seconds in_days_at_most{600}; // after the last confirmation

/// The same readings as a table of rows would get them: by key, in batches.
std::vector<std::vector<store::BaselineReading>> baseline_batches(const BenchLoad& load, std::size_t readings)
{
    std::vector<std::vector<store::BaselineReading>> batches;
    std::vector<store::BaselineReading> batch;
    std::size_t made = 0;
    const auto finish = [&] {
        std::ranges::sort(batch, {}, [](const store::BaselineReading& r) { return std::pair{r.meter, r.at}; });
        batches.push_back(std::move(batch));
        batch.clear();
    };
    for (std::uint32_t round = 0; made < readings && round < load.options().rounds; ++round)
        for (std::uint32_t meter = 0; made < readings && meter < load.options().meters; ++meter) {
            for (const auto& [start, power] : load.slots({meter, round}))
                batch.push_back({static_cast<std::int32_t>(meter), start, power});
            made += load.slots_of(round);
            if (batch.size() >= baseline_batch)
                finish();
        }
    if (!batch.empty())
        finish();
    return batches;
}

double best_baseline(const store::DatabaseAddress& address, store::Baseline how, int seconds,
                     const std::vector<std::vector<store::BaselineReading>>& batches)
{
    double best = 0;
    for (const int links : {1, 2, 4})
        best = std::max(best, store::measure_baseline(address, how, links, seconds, batches));
    return best;
}

class IngestBench {
public:
    explicit IngestBench(const BenchIngestOptions& options) : options_(options) {}

    result<BenchReport> run()
    {
        RELEVE_TRY(server,
                   BenchServer::start({.data_dir = options_.data_dir, .meters = options_.meters, .change = {}}));
        server_ = std::move(server);
        for (const auto& [name, kind] :
             {std::pair{"day_frames", BenchKind::day}, std::pair{"single_values", BenchKind::half_hour}}) {
            RELEVE_TRY(finished, measure(name, kind));
            if (!finished)
                return std::move(report_);
        }
        server_->stop_serving();
        RELEVE_CHECK(measure_baselines());
        if (!exact_)
            report_.problems.emplace_back("what is stored is not what was sent");
        return std::move(report_);
    }

private:
    /// More than can be sent in the time, within memory.
    [[nodiscard]] std::uint32_t rounds_for(BenchKind kind) const
    {
        const double frames_a_second = kind == BenchKind::half_hour ? 400'000 : 130'000;
        const double rounds = frames_a_second * options_.seconds / options_.meters;
        return std::clamp(static_cast<std::uint32_t>(rounds) + 1, 3U, 60U);
    }

    /// False when it had to be given up: the report says why.
    result<bool> measure(const std::string& name, BenchKind kind)
    {
        const BenchLoad::Options options{.meters = options_.meters,
                                         .connections = std::min(connections, options_.meters),
                                         .rounds = rounds_for(kind),
                                         .kind = kind,
                                         .demo_data = options_.demo_data};
        RELEVE_TRY(load, BenchLoad::make(options));
        say_progress(name + ": making frames");
        const BenchTarget target{options, server_->port(), server_->config().collector.tls_cert};
        RELEVE_TRY(sender, BenchSender::start(target, options_.seconds));
        RELEVE_CHECK(sender.wait_prepared());
        store::BenchStore& store = server_->store();
        store.settle();
        say_progress(name + ": sending for " + std::to_string(options_.seconds) + " s");
        const std::int64_t archived = store.archived_frames(), wal = store.wal_bytes();
        const auto bytes_before = store.bytes(load.day_of(0), load.day_of(options.rounds - 1) + std::chrono::days{1});
        const double server_cpu = own_cpu_seconds(), database_cpu = store.server_cpu_seconds();
        const auto commits = server_->counters().ingest.commits.snapshot();
        RELEVE_TRY(sent, sender.run());
        const double confirmed_after = sent.seconds;
        const auto waited = wait_until_in_days(name);
        if (!waited)
            return false;
        sent.seconds += *waited;
        const double server_used = own_cpu_seconds() - server_cpu;
        const double database_used = store.server_cpu_seconds() - database_cpu;
        const auto commits_now = server_->counters().ingest.commits.snapshot();
        const std::int64_t wal_used = store.wal_bytes() - wal;
        say_progress(name + ": comparing what is stored with what was sent");
        report(name, load, sent,
               {{"cpu_generator_s", sent.cpu_seconds},
                {"cpu_server_s", server_used},
                {"cpu_postgresql_s", database_used},
                {"commit_p50_ms", LatencyHistogram::percentile_ms(commits, commits_now, 0.5)},
                {"commit_p99_ms", LatencyHistogram::percentile_ms(commits, commits_now, 0.99)},
                {"answer_p50_ms", sent.answer_p50_ms},
                {"answer_p99_ms", sent.answer_p99_ms},
                {"seconds_until_confirmed", confirmed_after}},
               server_used + database_used, wal_used, archived, bytes_before);
        return true;
    }

    /// Confirmed is not yet the whole work: the clock goes on until nothing is in the archive only. How long that took.
    [[nodiscard]] std::optional<double> wait_until_in_days(const std::string& name)
    {
        const auto began = std::chrono::steady_clock::now();
        const auto& deferred = server_->counters().ingest.deferred_readings;
        if (becomes([&] { return deferred <= 0; }, in_days_at_most))
            return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        report_.problems.push_back(name + ": " + std::to_string(deferred) +
                                   " confirmed readings were not in their days " +
                                   std::to_string(in_days_at_most.count()) + " s after the last confirmation");
        return std::nullopt;
    }

    void report(const std::string& name, const BenchLoad& load, const BenchSent& sent, std::vector<BenchFigure> details,
                double cpu, std::int64_t wal, std::int64_t archived_before, const store::StoredBytes& before)
    {
        const CivilDay from = load.day_of(0), to = load.day_of(load.options().rounds - 1) + std::chrono::days{1};
        const BenchComparison compared = compare_stored(server_->store(), load, sent.frames, archived_before);
        exact_ = exact_ && compared.exact() && sent.unconfirmed == 0;
        const auto readings = static_cast<double>(compared.found);
        const auto open = server_->store().bytes(from, to);
        store::CollectStore::close_months(server_->database(), to + std::chrono::days{40});
        const auto closed = server_->store().bytes(from, to);
        const auto add = [&](const char* what, double value) { details.push_back({what, value}); };
        add("cpu_s_per_million_readings", cpu / readings * 1e6);
        add("frames_per_second", static_cast<double>(compared.frames) / sent.seconds);
        add("meters", load.options().meters);
        add("readings", readings);
        add("seconds", sent.seconds);
        add("lost", static_cast<double>(compared.lost));
        add("doubled", static_cast<double>(compared.doubled));
        add("altered", static_cast<double>(compared.altered));
        add("unconfirmed", static_cast<double>(sent.unconfirmed));
        add("bytes_per_reading", static_cast<double>(closed.intervals) / readings);
        add("bytes_per_reading_open_month", static_cast<double>(open.intervals - before.intervals) / readings);
        add("archive_bytes_per_reading", static_cast<double>(open.archive - before.archive) / readings);
        add("history_bytes_per_reading", static_cast<double>(open.history - before.history) / readings);
        add("wal_bytes_per_reading", static_cast<double>(wal) / readings);
        add("received_bytes_per_reading", static_cast<double>(sent.bytes) / readings);
        report_.results.push_back({.name = name,
                                   .unit = "readings/s",
                                   .value = readings / sent.seconds,
                                   .larger_is_better = true,
                                   .baselines = {},
                                   .details = std::move(details)});
    }

    result<void> measure_baselines()
    {
        say_progress("the same readings as rows");
        RELEVE_TRY(load, BenchLoad::make({.meters = options_.meters,
                                          .connections = std::min(connections, options_.meters),
                                          .rounds = 4,
                                          .kind = BenchKind::day,
                                          .demo_data = options_.demo_data}));
        const int seconds = std::max(1, options_.seconds / 2);
        const auto batches = baseline_batches(load, static_cast<std::size_t>(seconds) * 1'500'000);
        const double copy = best_baseline(server_->database(), store::Baseline::plain_copy, seconds, batches);
        const double upsert = best_baseline(server_->database(), store::Baseline::row_upsert, seconds, batches);
        for (BenchResult& result : report_.results) {
            if (result.name == "single_values")
                result.baselines = {{"row_upsert", upsert}};
            else
                result.baselines = {{"plain_copy", copy}, {"row_upsert", upsert}};
        }
        return {};
    }

    const BenchIngestOptions& options_;
    std::unique_ptr<BenchServer> server_;
    BenchReport report_{"ingest", {}, {}};
    bool exact_ = true;
};

} // namespace

result<BenchReport> bench_ingest(const BenchIngestOptions& options)
{
    return IngestBench{options}.run();
}

} // namespace releve::app
