#include "bench_server.hpp"

#include <releve/app/demo.hpp>
#include <releve/app/fleet_import.hpp>
#include <releve/app/master_key.hpp>
#include <releve/core/block.hpp>

#include <cstdio>
#include <cstdlib>
#include <thread>

namespace releve::app {

namespace {

using namespace std::chrono_literals;

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
        const sim::Meter meter{sim::make_identity(bench_seed, number), nothing, paris(), {}};
        rows.push_back(import_row(meter, choices));
        rows.back().line = number + 2;
    }
    return rows;
}

} // namespace

TemporaryFolder::TemporaryFolder()
{
    char name[] = "/tmp/releve-bench-XXXXXX";
    path_ = ::mkdtemp(name);
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all | std::filesystem::perms::group_exec |
                                            std::filesystem::perms::others_exec);
}

TemporaryFolder::~TemporaryFolder()
{
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void say_progress(const std::string& what)
{
    std::fprintf(stderr, "bench: %s\n", what.c_str());
}

bool becomes(const std::function<bool()>& so, std::chrono::seconds at_most)
{
    const auto until = std::chrono::steady_clock::now() + at_most;
    while (!so()) {
        if (std::chrono::steady_clock::now() > until)
            return false;
        std::this_thread::sleep_for(1ms); // what is waited for is part of what is measured
    }
    return true;
}

result<std::unique_ptr<BenchServer>> BenchServer::start(const Options& options)
{
    std::unique_ptr<BenchServer> self{new BenchServer};
    if (options.data_dir.empty())
        self->temporary_.emplace();
    self->config_ = config_for(options.data_dir.empty() ? self->temporary_->path() : options.data_dir);
    if (options.change)
        options.change(self->config_);
    RELEVE_CHECK(make_demo_certificate(self->config_.collector.tls_cert, self->config_.collector.tls_key));
    say_progress("database");
    RELEVE_TRY(database, open_database(self->config_, [](std::string_view) {}));
    self->database_ = std::move(database);
    say_progress("registering " + std::to_string(options.meters) + " meters with keys of their own");
    RELEVE_CHECK(self->import_fleet(options));
    RELEVE_TRY(server, Server::start(self->config_, {.collect = true, .api = false, .say = {}}));
    self->server_ = std::move(server);
    self->store_ = std::make_unique<store::BenchStore>(self->database_.address);
    return self;
}

result<void> BenchServer::import_fleet(const Options& options)
{
    RELEVE_TRY(master, load_master_key(config_, database_.address));
    store::AdminStore admin{database_.address};
    auto rows = fleet_rows(options.meters);
    RELEVE_CHECK(admin.import_meters(rows, master, "root", false));
    return options.also_register ? options.also_register(admin, master) : result<void>{};
}

void BenchServer::stop_serving()
{
    server_->stop();
    server_.reset();
}

ExpectedDays::ExpectedDays(const BenchLoad& load, const std::vector<std::uint64_t>& confirmed) : load_(load)
{
    there_.assign(load.options().rounds, std::vector<bool>(load.options().meters, false));
    for (std::uint32_t connection = 0; connection < load.options().connections; ++connection)
        for (std::size_t i = 0; i < confirmed.at(connection); ++i) {
            const BenchLoad::Item item = load.item(connection, i);
            there_[item.round][item.meter] = true;
            counted_.readings += load.slots_of(item.round);
            ++counted_.frames;
        }
    for (std::uint32_t round = 0; round < load.options().rounds; ++round)
        rounds_[load.day_of(round)].push_back(round);
}

void ExpectedDays::compare(const store::StoredDay& stored)
{
    const auto rounds = rounds_.find(stored.day);
    const auto block = decode_day_block(stored.data);
    const auto title = from_hex(stored.address);
    if (rounds == rounds_.end() || !block || !title) {
        ++counted_.altered;
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
                ++counted_.found;
        }
    }
    counted_.altered += slots > expected ? slots - expected : 0;
}

BenchComparison ExpectedDays::counted() const
{
    BenchComparison comparison = counted_;
    comparison.lost = static_cast<std::int64_t>(comparison.readings - comparison.found);
    return comparison;
}

BenchComparison compare_stored(store::BenchStore& store, const BenchLoad& load,
                               const std::vector<std::uint64_t>& confirmed, std::int64_t archived_before)
{
    ExpectedDays expected{load, confirmed};
    store.for_each_day(load.day_of(0), load.day_of(load.options().rounds - 1) + std::chrono::days{1},
                       [&](const store::StoredDay& stored) { expected.compare(stored); });
    BenchComparison comparison = expected.counted();
    comparison.doubled = store.archived_frames() - archived_before - static_cast<std::int64_t>(comparison.frames);
    return comparison;
}

} // namespace releve::app
