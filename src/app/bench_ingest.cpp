#include <releve/app/bench.hpp>

#include <releve/app/demo.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/master_key.hpp>
#include <releve/app/fleet_import.hpp>
#include <releve/app/server.hpp>
#include <releve/core/block.hpp>
#include <releve/store/admin_store.hpp>
#include <releve/store/bench_store.hpp>
#include <releve/store/collect_store.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>

#include <sys/resource.h>

namespace releve::app {

namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t connections = 64;
constexpr std::size_t baseline_batch = 24'000; // readings
constexpr std::uint64_t seed = 42;

double own_cpu_seconds()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// A folder under /tmp, where the server's own user can enter; removed at the end.
class TemporaryFolder {
public:
    TemporaryFolder()
    {
        char name[] = "/tmp/releve-bench-XXXXXX";
        path_ = ::mkdtemp(name);
        std::filesystem::permissions(path_, std::filesystem::perms::owner_all | std::filesystem::perms::group_exec |
                                                std::filesystem::perms::others_exec);
    }
    ~TemporaryFolder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

Config config_for(const std::filesystem::path& data_dir)
{
    Config config;
    config.data_dir = data_dir;
    config.collector.dlms_tls = Endpoint{"127.0.0.1", 0};
    config.collector.tls_cert = data_dir / "bench-tls.crt";
    config.collector.tls_key = data_dir / "bench-tls.key";
    config.keys.master_key_file = data_dir / "master.key";
    config.log.level = "warn";
    return config;
}

std::vector<store::MeterImportRow> fleet_rows(std::uint32_t meters)
{
    std::vector<store::MeterImportRow> rows;
    rows.reserve(meters);
    const sim::RecordedLoad nothing{{}, {}, paris(), 0};
    const ImportChoices choices{.replay = "strict",
                                .collection = store::Collection::half_hour,
                                .installed_from = paris().start_of(CivilDay{2024y / 3 / 1}),
                                .concentrator = "bench",
                                .area = "bench"};
    for (std::uint32_t number = 0; number < meters; ++number) {
        const sim::Meter meter{sim::make_identity(seed, number), nothing, paris(), {}};
        rows.push_back(import_row(meter, choices));
        rows.back().line = number + 2;
    }
    return rows;
}

/// What must be there: the frames that were confirmed, by round and meter.
class Expected {
public:
    Expected(const BenchLoad& load, const BenchSent& sent) : load_(load)
    {
        there_.assign(load.options().rounds, std::vector<bool>(load.options().meters, false));
        for (std::uint32_t connection = 0; connection < load.options().connections; ++connection)
            for (std::size_t i = 0; i < sent.frames.at(connection); ++i) {
                const BenchLoad::Item item = load.item(connection, i);
                there_[item.round][item.meter] = true;
                readings_ += load.slots_of(item.round);
                ++frames_;
            }
        for (std::uint32_t round = 0; round < load.options().rounds; ++round)
            rounds_[load.day_of(round)].push_back(round);
    }

    [[nodiscard]] std::uint64_t readings() const { return readings_; }
    [[nodiscard]] std::uint64_t frames() const { return frames_; }
    [[nodiscard]] std::uint64_t found() const { return found_; }
    [[nodiscard]] std::uint64_t altered() const { return altered_; }

    void compare(const store::StoredDay& stored)
    {
        const auto rounds = rounds_.find(stored.day);
        const auto block = decode_day_block(stored.data);
        const auto title = from_hex(stored.address);
        if (rounds == rounds_.end() || !block || !title) {
            ++altered_;
            return;
        }
        const std::uint32_t meter = Reader{ByteView{*title}.subspan(4)}.u32_be() & 0x00ff'ffff;
        std::size_t slots = 0, expected = 0;
        for (const auto& slot : block->slots)
            slots += slot.has_value();
        for (const std::uint32_t round : rounds->second) {
            if (!there_[round].at(meter))
                continue;
            for (const auto& [start, power] : load_.slots({meter, round})) {
                ++expected;
                const auto index = static_cast<std::size_t>((start - block->first) / block->step);
                if (index < block->slots.size() && block->slots[index] && block->slots[index]->value == power)
                    ++found_;
            }
        }
        altered_ += slots > expected ? slots - expected : 0;
    }

private:
    const BenchLoad& load_;
    std::vector<std::vector<bool>> there_;
    std::map<CivilDay, std::vector<std::uint32_t>> rounds_;
    std::uint64_t readings_ = 0, frames_ = 0, found_ = 0, altered_ = 0;
};

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
    IngestBench(const BenchIngestOptions& options, const std::filesystem::path& folder)
        : options_(options), config_(config_for(folder))
    {}

    result<std::pair<BenchReport, bool>> run()
    {
        RELEVE_CHECK(make_demo_certificate(config_.collector.tls_cert, config_.collector.tls_key));
        say("database");
        RELEVE_TRY(database, open_database(config_, [](std::string_view) {}));
        database_ = std::move(database);
        RELEVE_CHECK(import_fleet());
        RELEVE_TRY(server, Server::start(config_, {.collect = true, .api = false, .say = {}}));
        server_ = std::move(server);
        store_ = std::make_unique<store::BenchStore>(database_.address);
        for (const auto& [name, kind] : {std::pair{"day_frames", BenchKind::day}, std::pair{"single_values", BenchKind::half_hour}})
            RELEVE_CHECK(measure(name, kind));
        server_->stop();
        server_.reset();
        RELEVE_CHECK(measure_baselines());
        return std::pair{BenchReport{"ingest", std::move(results_)}, exact_};
    }

private:
    void say(const std::string& what) const
    {
        if (!options_.quiet)
            std::fprintf(stderr, "bench: %s\n", what.c_str());
    }

    result<void> import_fleet()
    {
        say("registering " + std::to_string(options_.meters) + " meters with keys of their own");
        RELEVE_TRY(master, load_master_key(config_, database_.address));
        store::AdminStore admin{database_.address};
        auto rows = fleet_rows(options_.meters);
        RELEVE_CHECK(admin.import_meters(rows, master, "root", false));
        return {};
    }

    /// More than can be sent in the time, within memory.
    [[nodiscard]] std::uint32_t rounds_for(BenchKind kind) const
    {
        const double frames_a_second = kind == BenchKind::half_hour ? 400'000 : 130'000;
        const double rounds = frames_a_second * options_.seconds / options_.meters;
        return std::clamp(static_cast<std::uint32_t>(rounds) + 1, 3U, 60U);
    }

    result<void> measure(const std::string& name, BenchKind kind)
    {
        const BenchLoad::Options options{.seed = seed,
                                         .meters = options_.meters,
                                         .connections = std::min(connections, options_.meters),
                                         .rounds = rounds_for(kind),
                                         .kind = kind,
                                         .demo_data = options_.demo_data};
        RELEVE_TRY(load, BenchLoad::make(options));
        say(name + ": making frames");
        RELEVE_TRY(sender, BenchSender::start(options, server_->ports().dlms_tls, config_.collector.tls_cert, options_.seconds));
        RELEVE_CHECK(sender.wait_prepared());
        store_->settle();
        say(name + ": sending for " + std::to_string(options_.seconds) + " s");
        const std::int64_t archived = store_->archived_frames(), wal = store_->wal_bytes();
        const auto bytes_before = store_->bytes(load.day_of(0), load.day_of(options.rounds - 1) + std::chrono::days{1});
        const double server_cpu = own_cpu_seconds(), database_cpu = store_->server_cpu_seconds();
        const auto commits = server_->counters().ingest.commits.snapshot();
        RELEVE_TRY(sent, sender.run());
        const double server_used = own_cpu_seconds() - server_cpu, database_used = store_->server_cpu_seconds() - database_cpu;
        const auto commits_now = server_->counters().ingest.commits.snapshot();
        const std::int64_t wal_used = store_->wal_bytes() - wal;
        say(name + ": comparing what is stored with what was sent");
        return report(name, load, sent,
                      {{"cpu_generator_s", sent.cpu_seconds},
                       {"cpu_server_s", server_used},
                       {"cpu_postgresql_s", database_used},
                       {"commit_p50_ms", LatencyHistogram::percentile_ms(commits, commits_now, 0.5)},
                       {"commit_p99_ms", LatencyHistogram::percentile_ms(commits, commits_now, 0.99)},
                       {"answer_p50_ms", sent.answer_p50_ms},
                       {"answer_p99_ms", sent.answer_p99_ms}},
                      server_used + database_used, wal_used, archived, bytes_before);
    }

    result<void> report(const std::string& name, const BenchLoad& load, const BenchSent& sent, std::vector<BenchFigure> details,
                        double cpu, std::int64_t wal, std::int64_t archived_before, const store::StoredBytes& before)
    {
        const CivilDay from = load.day_of(0), to = load.day_of(load.options().rounds - 1) + std::chrono::days{1};
        Expected expected{load, sent};
        store_->for_each_day(from, to, [&](const store::StoredDay& stored) { expected.compare(stored); });
        const auto doubled = store_->archived_frames() - archived_before - static_cast<std::int64_t>(expected.frames());
        const auto lost = static_cast<std::int64_t>(expected.readings() - expected.found());
        exact_ = exact_ && lost == 0 && doubled == 0 && expected.altered() == 0 && sent.unconfirmed == 0;
        const auto readings = static_cast<double>(expected.found());
        const auto open = store_->bytes(from, to);
        store::CollectStore::close_months(database_.address, to + std::chrono::days{40});
        const auto closed = store_->bytes(from, to);
        const auto add = [&](const char* what, double value) { details.push_back({what, value}); };
        add("cpu_s_per_million_readings", cpu / readings * 1e6);
        add("frames_per_second", static_cast<double>(expected.frames()) / sent.seconds);
        add("meters", load.options().meters);
        add("readings", readings);
        add("seconds", sent.seconds);
        add("lost", static_cast<double>(lost));
        add("doubled", static_cast<double>(doubled));
        add("altered", static_cast<double>(expected.altered()));
        add("unconfirmed", static_cast<double>(sent.unconfirmed));
        add("bytes_per_reading", static_cast<double>(closed.intervals) / readings);
        add("bytes_per_reading_open_month", static_cast<double>(open.intervals - before.intervals) / readings);
        add("archive_bytes_per_reading", static_cast<double>(open.archive - before.archive) / readings);
        add("history_bytes_per_reading", static_cast<double>(open.history - before.history) / readings);
        add("wal_bytes_per_reading", static_cast<double>(wal) / readings);
        add("received_bytes_per_reading", static_cast<double>(sent.bytes) / readings);
        results_.push_back({.name = name,
                            .unit = "readings/s",
                            .value = readings / sent.seconds,
                            .larger_is_better = true,
                            .baselines = {},
                            .details = std::move(details)});
        return {};
    }

    result<void> measure_baselines()
    {
        say("the same readings as rows");
        RELEVE_TRY(load, BenchLoad::make({.seed = seed,
                                          .meters = options_.meters,
                                          .connections = std::min(connections, options_.meters),
                                          .rounds = 4,
                                          .kind = BenchKind::day,
                                          .demo_data = options_.demo_data}));
        const int seconds = std::max(1, options_.seconds / 2);
        const auto batches = baseline_batches(load, static_cast<std::size_t>(seconds) * 1'500'000);
        const double copy = best_baseline(database_.address, store::Baseline::plain_copy, seconds, batches);
        const double upsert = best_baseline(database_.address, store::Baseline::row_upsert, seconds, batches);
        for (BenchResult& result : results_) {
            if (result.name == "single_values")
                result.baselines = {{"row_upsert", upsert}};
            else
                result.baselines = {{"plain_copy", copy}, {"row_upsert", upsert}};
        }
        return {};
    }

    const BenchIngestOptions& options_;
    Config config_;
    OpenDatabase database_;
    std::unique_ptr<Server> server_;
    std::unique_ptr<store::BenchStore> store_;
    std::vector<BenchResult> results_;
    bool exact_ = true;
};

} // namespace

result<std::pair<BenchReport, bool>> bench_ingest(const BenchIngestOptions& options)
{
    std::optional<TemporaryFolder> temporary;
    if (options.data_dir.empty())
        temporary.emplace();
    return IngestBench{options, temporary ? temporary->path() : options.data_dir}.run();
}

} // namespace releve::app
