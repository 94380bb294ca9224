#include "bench_france.hpp"
#include "bench_measure.hpp"

#include <releve/store/collect_store.hpp>

#include <algorithm>

namespace releve::app {

namespace {

constexpr std::uint32_t connections = 64;
/// The loads' readings as rows.
BaselineBatches::Batches baseline_batches(const BenchLoad& load, std::size_t readings)
{
    BaselineBatches batches;
    for (std::uint32_t round = 0; batches.readings() < readings && round < load.options().rounds; ++round)
        for (std::uint32_t meter = 0; batches.readings() < readings && meter < load.options().meters; ++meter)
            batches.add_frame(meter, load.slots({meter, round}));
    return batches.take();
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
        const std::int64_t archived = store.archived_frames();
        const auto bytes_before = store.bytes(load.day_of(0), load.day_of(options.rounds - 1) + std::chrono::days{1});
        BenchCosts costs{*server_};
        RELEVE_TRY(sent, sender.run());
        const double confirmed_after = sent.seconds;
        const auto waited = wait_until_in_days(*server_, name, report_);
        if (!waited)
            return false;
        sent.seconds += *waited;
        costs.stop();
        auto details = costs.figures();
        say_progress(name + ": waiting for the closer look");
        std::ranges::copy(wait_until_checked(*server_, name, report_), std::back_inserter(details));
        say_progress(name + ": comparing what is stored with what was sent");
        details.insert(details.begin(), {"cpu_generator_s", sent.cpu_seconds});
        details.insert(details.end(), {{"answer_p50_ms", sent.answer_p50_ms},
                                       {"answer_p99_ms", sent.answer_p99_ms},
                                       {"seconds_until_confirmed", confirmed_after}});
        report(name, load, sent, std::move(details), costs, archived, bytes_before);
        return true;
    }

    void report(const std::string& name, const BenchLoad& load, const BenchSent& sent, std::vector<BenchFigure> details,
                const BenchCosts& costs, std::int64_t archived_before, const store::StoredBytes& before)
    {
        const CivilDay from = load.day_of(0), to = load.day_of(load.options().rounds - 1) + std::chrono::days{1};
        const BenchComparison compared = compare_stored(server_->store(), load, sent.frames, archived_before);
        exact_ = exact_ && compared.exact() && sent.unconfirmed == 0;
        const auto readings = static_cast<double>(compared.found);
        const auto open = server_->store().bytes(from, to);
        store::CollectStore::close_months(server_->database(), to + std::chrono::days{40});
        const auto closed = server_->store().bytes(from, to);
        const auto add = [&](const char* what, double value) { details.push_back({what, value}); };
        add("cpu_s_per_million_readings", costs.cpu_seconds() / readings * 1e6);
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
        add("wal_bytes_per_reading", static_cast<double>(costs.wal_bytes()) / readings);
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
        const auto batches = baseline_batches(load, baseline_readings_for(options_.seconds));
        const auto copy = measure_baseline_of(*server_, store::Baseline::plain_copy, options_.seconds, batches);
        const auto upsert = measure_baseline_of(*server_, store::Baseline::row_upsert, options_.seconds, batches);
        for (BenchResult& result : report_.results) {
            if (result.name == "single_values")
                result.baselines = {upsert};
            else
                result.baselines = {copy, upsert};
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
    return options.mix.empty() ? IngestBench{options}.run() : bench_france(options);
}

} // namespace releve::app
