#include "bench_france.hpp"

#include "bench_gas_load.hpp"
#include "bench_measure.hpp"

#include <releve/app/demo_certificates.hpp>
#include <releve/core/block.hpp>
#include <releve/crypto/aes.hpp>
#include <releve/store/collect_store.hpp>

#include <algorithm>

namespace releve::app {

namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t connections = 64;
constexpr const char* name = "france";
constexpr const char* authority_file = "authority.crt";

/// What must be there of the gas: the frames that were acknowledged as accepted, by round and meter.
class ExpectedGas {
public:
    ExpectedGas(const GasLoad& load, const std::vector<std::uint64_t>& accepted) : load_(load)
    {
        there_.assign(load.rounds(), std::vector<bool>(load.meters(), false));
        for (std::uint32_t gateway = 0; gateway < load.gateways(); ++gateway)
            for (std::size_t i = 0; i < accepted.at(gateway); ++i) {
                const GasLoad::Item item = load.item(gateway, i);
                there_[item.round][item.meter] = true;
                counted_.readings += load.hours(item).size();
                ++counted_.frames;
            }
        for (std::uint32_t round = 0; round < load.rounds(); ++round)
            rounds_[load.day_of(round)] = round;
    }

    void compare(std::uint32_t meter, const store::StoredDay& stored)
    {
        const auto round = rounds_.find(stored.day);
        const auto block = decode_day_block(stored.data);
        if (round == rounds_.end() || !block || stored.channel != load_.hours_channel()) {
            ++counted_.altered;
            return;
        }
        std::size_t slots = 0, right = 0;
        for (const auto& slot : block->slots)
            slots += slot.has_value();
        if (meter < load_.meters() && there_[round->second][meter])
            for (const auto& [start, volume_dm3] : load_.hours({meter, round->second})) {
                const auto index = static_cast<std::size_t>((start - block->first) / block->step);
                right += index < block->slots.size() && block->slots[index] && block->slots[index]->value == volume_dm3;
            }
        counted_.found += right;
        counted_.altered += slots - right;
    }

    [[nodiscard]] BenchComparison counted() const
    {
        BenchComparison comparison = counted_;
        comparison.lost = static_cast<std::int64_t>(comparison.readings - comparison.found);
        return comparison;
    }

private:
    const GasLoad& load_;
    std::vector<std::vector<bool>> there_;
    std::map<CivilDay, std::uint32_t> rounds_;
    BenchComparison counted_;
};

BenchComparison sum(const BenchComparison& a, const BenchComparison& b)
{
    return {.readings = a.readings + b.readings,
            .frames = a.frames + b.frames,
            .found = a.found + b.found,
            .lost = a.lost + b.lost,
            .doubled = a.doubled + b.doubled,
            .altered = a.altered + b.altered};
}

/// Both kinds in their ratio, each frame's readings as rows. Gas meters are numbered after the others.
BaselineBatches::Batches baseline_batches(const BenchLoad& electricity, const GasLoad& gas, std::size_t readings)
{
    BaselineBatches batches;
    const std::uint32_t meters = electricity.options().meters;
    for (std::uint32_t round = 0; round < gas.rounds(); ++round)
        for (std::uint32_t meter = 0, gas_meter = 0; meter < meters && batches.readings() < readings; ++meter) {
            batches.add_frame(meter, electricity.slots({meter, round}));
            for (; gas_meter * france_electricity < (meter + 1) * france_gas && gas_meter < gas.meters(); ++gas_meter)
                batches.add_frame(meters + gas_meter, gas.hours({gas_meter, round}));
        }
    return batches.take();
}

class FranceBench {
public:
    explicit FranceBench(const BenchIngestOptions& options) : options_(options) {}

    result<BenchReport> run()
    {
        RELEVE_CHECK(start());
        RELEVE_TRY(electricity, BenchLoad::make(load_options()));
        RELEVE_TRY(gas, GasLoad::make(electricity));
        RELEVE_TRY(finished, measure(electricity, gas));
        server_->stop_serving();
        if (finished)
            measure_baselines(electricity, gas);
        return std::move(report_);
    }

private:
    [[nodiscard]] BenchLoad::Options load_options() const
    {
        // More than can be sent in the time, within memory.
        const double rounds = 100'000.0 * options_.seconds / options_.meters;
        return {.meters = options_.meters,
                .connections = std::min(connections, options_.meters),
                .rounds = std::clamp(static_cast<std::uint32_t>(rounds) + 1, 3U, 60U),
                .kind = BenchKind::day,
                .demo_data = options_.demo_data};
    }

    result<void> start()
    {
        RELEVE_TRY(authority, DemoAuthority::make(gateways_.path() / authority_file));
        for (std::uint32_t gateway = 0; gateway < gas_gateways; ++gateway) {
            const std::string id = gas_gateway_id(gateway);
            RELEVE_CHECK(authority.issue(id, gateways_.path() / (id + ".crt"), gateways_.path() / (id + ".key")));
        }
        RELEVE_TRY(server, BenchServer::start({.data_dir = options_.data_dir,
                                               .meters = options_.meters,
                                               .change = [this](Config& config) { add_uplink(config); },
                                               .also_register = [this](store::AdminStore& admin, const crypto::Key256& master) {
                                                   return register_gas(admin, master);
                                               }}));
        server_ = std::move(server);
        return {};
    }

    void add_uplink(Config& config) const
    {
        config.collector.uplink = Endpoint{"127.0.0.1", 0};
        config.collector.uplink_client_ca = gateways_.path() / authority_file;
    }

    result<void> register_gas(store::AdminStore& admin, const crypto::Key256& master) const
    {
        const std::uint32_t meters = gas_meters_of(options_.meters);
        say_progress("registering " + std::to_string(meters) + " gas meters behind " + std::to_string(gas_gateways) +
                     " gateways");
        const Bytes kmac = crypto::wrap_secret(master, gas_network_key().bytes(), store::network_key_context(gas_network));
        RELEVE_CHECK(admin.set_network(gas_network, kmac));
        for (std::uint32_t gateway = 0; gateway < gas_gateways; ++gateway)
            RELEVE_CHECK(admin.add_gateway({.id = gas_gateway_id(gateway), .organisation = "root", .label = "bench"}));
        std::vector<store::MeterImportRow> rows;
        const Instant installed = paris().start_of(CivilDay{2024y / 3 / 1});
        for (std::uint32_t meter = 0; meter < meters; ++meter) {
            rows.push_back(gas_import_row(meter, installed));
            rows.back().line = meter + 2;
        }
        RELEVE_CHECK(admin.import_meters(rows, master, "root", false));
        return {};
    }

    /// False when it had to be given up: the report says why.
    result<bool> measure(const BenchLoad& electricity, const GasLoad& gas)
    {
        say_progress("making frames");
        const FranceTarget target{
            .electricity = {electricity.options(), server_->port(), server_->config().collector.tls_cert},
            .uplink_port = server_->uplink_port(),
            .gateways = gateways_.path()};
        RELEVE_TRY(sender, FranceSender::start(target, options_.seconds));
        RELEVE_CHECK(sender.wait_prepared());
        server_->store().settle();
        say_progress("sending for " + std::to_string(options_.seconds) + " s");
        from_ = gas.day_of(0);
        to_ = electricity.day_of(gas.rounds() - 1) + std::chrono::days{1};
        archived_before_ = server_->store().archived_frames();
        before_ = server_->store().bytes(from_, to_);
        BenchCosts costs{*server_};
        RELEVE_TRY(sent, sender.run());
        const double confirmed_after = sent.seconds;
        const auto waited = wait_until_in_days(*server_, name, report_);
        if (!waited)
            return false;
        sent.seconds += *waited;
        costs.stop();
        result_.details = costs.figures();
        say_progress("waiting for the closer look");
        std::ranges::copy(wait_until_checked(*server_, name, report_), std::back_inserter(result_.details));
        say_progress("comparing what is stored with what was sent");
        result_.details.insert(result_.details.begin(), {"cpu_generator_s", sent.cpu_seconds});
        add("electricity_answer_p50_ms", sent.electricity.answer_p50_ms);
        add("electricity_answer_p99_ms", sent.electricity.answer_p99_ms);
        add("gas_answer_p50_ms", sent.gas.answer_p50_ms);
        add("gas_answer_p99_ms", sent.gas.answer_p99_ms);
        add("seconds_until_confirmed", confirmed_after);
        report(electricity, gas, sent, costs);
        return true;
    }

    struct Compared {
        BenchComparison electricity, gas, both;
    };
    [[nodiscard]] Compared compare(const BenchLoad& electricity, const GasLoad& gas, const FranceSent& sent)
    {
        ExpectedDays days{electricity, sent.electricity.frames};
        ExpectedGas gas_days{gas, sent.gas.frames};
        server_->store().for_each_day(from_, to_, [&](const store::StoredDay& stored) {
            if (const auto meter = GasLoad::meter_of(stored.address))
                gas_days.compare(*meter, stored);
            else
                days.compare(stored);
        });
        Compared compared{.electricity = days.counted(), .gas = gas_days.counted(), .both = {}};
        compared.both = sum(compared.electricity, compared.gas);
        compared.both.doubled =
            server_->store().archived_frames() - archived_before_ - static_cast<std::int64_t>(compared.both.frames);
        return compared;
    }

    void report(const BenchLoad& electricity, const GasLoad& gas, const FranceSent& sent, const BenchCosts& costs)
    {
        const Compared compared = compare(electricity, gas, sent);
        const std::uint64_t unconfirmed = sent.electricity.unconfirmed + sent.gas.unconfirmed;
        if (!compared.both.exact() || unconfirmed > 0)
            report_.problems.emplace_back("what is stored is not what was sent");
        const auto readings = static_cast<double>(compared.both.found);
        add("cpu_s_per_million_readings", costs.cpu_seconds() / readings * 1e6);
        add("frames_per_second", static_cast<double>(compared.both.frames) / sent.seconds);
        add("electricity_frames", static_cast<double>(compared.electricity.frames));
        add("gas_frames", static_cast<double>(compared.gas.frames));
        add("meters", electricity.options().meters);
        add("gas_meters", gas.meters());
        add("gateways", gas.gateways());
        add("readings", readings);
        add("gas_readings", static_cast<double>(compared.gas.found));
        add("seconds", sent.seconds);
        add("lost", static_cast<double>(compared.both.lost));
        add("doubled", static_cast<double>(compared.both.doubled));
        add("altered", static_cast<double>(compared.both.altered));
        add("unconfirmed", static_cast<double>(unconfirmed));
        report_bytes(readings, sent, costs);
        result_.value = readings / sent.seconds;
    }

    void report_bytes(double readings, const FranceSent& sent, const BenchCosts& costs)
    {
        const auto open = server_->store().bytes(from_, to_);
        store::CollectStore::close_months(server_->database(), to_ + std::chrono::days{40});
        const auto closed = server_->store().bytes(from_, to_);
        const auto per_reading = [&](const char* what, std::int64_t bytes) {
            add(what, static_cast<double>(bytes) / readings);
        };
        per_reading("bytes_per_reading", closed.intervals);
        per_reading("bytes_per_reading_open_month", open.intervals - before_.intervals);
        per_reading("register_bytes_per_reading", closed.registers);
        per_reading("archive_bytes_per_reading", open.archive - before_.archive);
        per_reading("history_bytes_per_reading", open.history - before_.history);
        per_reading("wal_bytes_per_reading", costs.wal_bytes());
        per_reading("received_bytes_per_reading", static_cast<std::int64_t>(sent.electricity.bytes + sent.gas.bytes));
    }

    void add(const char* what, double value) { result_.details.push_back({what, value}); }

    void measure_baselines(const BenchLoad& electricity, const GasLoad& gas)
    {
        say_progress("the same readings as rows");
        const auto batches = baseline_batches(electricity, gas, baseline_readings_for(options_.seconds));
        for (const auto how : {store::Baseline::plain_copy, store::Baseline::row_upsert})
            result_.baselines.push_back(measure_baseline_of(*server_, how, options_.seconds, batches));
        report_.results.push_back(std::move(result_));
    }

    const BenchIngestOptions& options_;
    TemporaryFolder gateways_; // what their certificates are in
    std::unique_ptr<BenchServer> server_;
    CivilDay from_{}, to_{};
    std::int64_t archived_before_ = 0;
    store::StoredBytes before_;
    BenchResult result_{.name = name, .unit = "readings/s", .value = 0, .larger_is_better = true, .baselines = {}, .details = {}};
    BenchReport report_{"ingest", {}, {}};
};

} // namespace

result<BenchReport> bench_france(const BenchIngestOptions& options)
{
    return FranceBench{options}.run();
}

} // namespace releve::app
