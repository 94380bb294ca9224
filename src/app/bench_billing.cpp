// Bills of a month, beside the one query that a database of rows would be asked, and beside only reading what bills need.

#include "bench_query_data.hpp"

#include <releve/app/bill_run.hpp>
#include <releve/app/model_files.hpp>
#include <releve/store/billing_store.hpp>
#include <releve/store/collect_store.hpp>

#include <algorithm>
#include <thread>

namespace releve::app {

namespace {

constexpr CivilDay month_from{std::chrono::year{2025} / 10 / 1}, month_to{std::chrono::year{2025} / 11 / 1}; // with a day of 25 hours
constexpr engine::CivilSpan month{month_from, month_to};
constexpr unsigned threads = 2;
constexpr std::uint32_t compared = 200; // bills, before a time is taken
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point began) { return std::chrono::duration<double>(Clock::now() - began).count(); }

double resident_mib()
{
    std::FILE* status = std::fopen("/proc/self/status", "r");
    if (status == nullptr)
        return 0;
    double mib = 0;
    for (char line[256]; std::fgets(line, sizeof line, status) != nullptr;)
        if (std::string_view{line}.starts_with("VmHWM:"))
            mib = static_cast<double>(std::atol(line + 6)) / 1024;
    std::fclose(status);
    return mib;
}

class BillingBench {
public:
    explicit BillingBench(const BenchBillingOptions& options) : options_(options) { options_.row_meters = std::min(options_.row_meters, options_.meters); }

    result<BenchReport> run()
    {
        RELEVE_TRY(models, ModelRegistry::load({}));
        models_ = std::move(models);
        lookup_ = [this](std::string_view name) { return models_.find(name); };
        RELEVE_TRY(fleet, BenchFleet::open({options_.meters, options_.data_dir, options_.demo_data}));
        fleet_ = std::move(fleet);
        RELEVE_CHECK(fill());
        RELEVE_CHECK(same_energies());
        const double sql = measure_sql();
        const double read = measure_read();
        RELEVE_CHECK(monthly_bills(sql, read));
        RELEVE_CHECK(monthly_totals(sql, read));
        return std::move(report_);
    }

private:
    result<void> fill()
    {
        say_progress("a month of half-hours");
        store::CollectStore::ensure_partitions(fleet_->database(), month_from, month_to);
        std::vector<BenchFleet::MeterDay> days;
        for (CivilDay day = month_from; day < month_to; day += std::chrono::days{1})
            for (std::uint32_t meter = 0; meter < options_.meters; ++meter)
                days.push_back({meter, day});
        RELEVE_CHECK(fleet_->write_days(days, [this](const BenchFleet::MeterDay& of) {
            DayBlock block = fleet_->block(of);
            set_batch(block, 1);
            return block;
        }));
        fleet_->tables().make_billed({.points = options_.meters,
                                      .model = "linky",
                                      .tariff = "example_market_hphc",
                                      .parameters = "fta=BTINFMUDT",
                                      .offpeak = "HC (23H00-7H00)",
                                      .power_va = 9'000,
                                      .from = month_from});
        say_progress("rows");
        fleet_->tables().make_rows(month_from - std::chrono::days{1}, month_to);
        std::uint32_t meter = 0;
        CivilDay day = month_from;
        std::size_t slot = 0;
        auto slots = fleet_->slots({meter, day});
        fleet_->tables().copy_rows([&](store::BaselineReading& out) {
            while (slot == slots.size()) {
                slot = 0;
                if ((day += std::chrono::days{1}) == month_to) {
                    day = month_from;
                    if (++meter == options_.row_meters)
                        return false;
                }
                slots = fleet_->slots({meter, day});
            }
            out = {BenchFleet::meter_id(meter).value, slots[slot].first, slots[slot].second};
            ++slot;
            return true;
        });
        fleet_->tables().settle();
        return {};
    }

    [[nodiscard]] static Instant start(CivilDay day) { return paris().start_of(day); }

    /// Both say the same of some homes.
    result<void> same_energies()
    {
        const std::uint32_t homes = std::min(compared, options_.row_meters);
        const auto expected = fleet_->tables().bills(BenchFleet::meter_id(0), BenchFleet::meter_id(homes - 1), start(month_from), start(month_to));
        store::BillBulk bulk{fleet_->database()};
        store::BillingStore one_by_one{fleet_->database(), lookup_};
        RELEVE_TRY(book, read_book(one_by_one.tariffs()));
        engine::BillMaker maker{*book, paris()};
        for (const auto& sql : expected) {
            std::string id = std::to_string(sql.meter.value);
            id.insert(0, 14 - id.size(), '0');
            RELEVE_TRY(basis, one_by_one.basis({id}, month, {}));
            RELEVE_TRY(energies, maker.class_energies(basis.facts, "hphc", month));
            if (energies != std::vector<std::int64_t>{sql.peak_wh, sql.offpeak_wh} && energies != std::vector<std::int64_t>{sql.offpeak_wh, sql.peak_wh}) {
                report_.problems.push_back("monthly_bills: home " + id + " has other energies than the rows say");
                return {};
            }
        }
        return {};
    }

    /// Bills a second; the best of one connection and of two at the same time.
    double measure_sql()
    {
        say_progress("sql");
        const auto ask = [this](store::BenchDays& tables, std::uint32_t first, std::uint32_t last) {
            return tables.bills(BenchFleet::meter_id(first), BenchFleet::meter_id(last), start(month_from), start(month_to)).size();
        };
        const AskedTimes one = measure_times(options_.seconds, [&](int) { (void)ask(fleet_->tables(), 0, options_.row_meters - 1); });
        store::BenchDays other{fleet_->database()};
        const AskedTimes two = measure_times(options_.seconds, [&](int) {
            std::jthread half{[&] { (void)ask(other, 0, options_.row_meters / 2 - 1); }};
            (void)ask(fleet_->tables(), options_.row_meters / 2, options_.row_meters - 1);
        });
        return options_.row_meters / std::min(one.percentile(0.5), two.percentile(0.5));
    }

    /// Reading what the bills of all points need, on as many connections, and nothing else.
    double measure_read()
    {
        say_progress("bare_read");
        const AskedTimes times = measure_times(options_.seconds, [&](int) {
            std::vector<std::jthread> readers;
            for (unsigned i = 0; i < threads; ++i)
                readers.emplace_back([this, i] {
                    store::BillBulk bulk{fleet_->database()};
                    constexpr std::uint32_t at_once = 1'000;
                    std::vector<std::size_t> overlaid;
                    std::size_t bytes = 0;
                    for (std::uint32_t first = i * at_once; first < options_.meters; first += threads * at_once) {
                        std::vector<MeterId> meters(std::min(at_once, options_.meters - first));
                        for (std::uint32_t n = 0; n < meters.size(); ++n)
                            meters[n] = BenchFleet::meter_id(first + n);
                        bulk.read_days(meters, store::BenchDays::channel, month, BatchNumber{1}, [&](const store::BillBulk::Day& day) { bytes += day.data.size(); }, overlaid);
                    }
                });
        });
        return options_.meters / times.percentile(0.5);
    }

    result<BillRunSummary> run_once(bool totals_only, double& seconds)
    {
        store::BillBulk bulk{fleet_->database()};
        RELEVE_TRY(run, bulk.begin(month, {}));
        const auto began = Clock::now();
        BillRunOptions options{.threads = threads, .totals_only = totals_only};
        std::int64_t told = 0;
        options.progress = [&told](std::int64_t done, std::int64_t total) {
            constexpr std::int64_t told_every = 100'000;
            if (done / told_every > told / told_every)
                say_progress(std::to_string(done) + " of " + std::to_string(total));
            told = done;
        };
        RELEVE_TRY(summary, run_bills(fleet_->database(), lookup_, run, options));
        seconds = seconds_since(began);
        if (summary.failed != 0 || summary.billed != options_.meters)
            report_.problems.push_back("monthly_bills: " + std::to_string(summary.failed) + " of " + std::to_string(options_.meters) + " points could not be billed");
        return summary;
    }

    result<void> monthly_bills(double sql, double read)
    {
        say_progress("monthly_bills");
        double seconds = 0;
        RELEVE_TRY(summary, run_once(false, seconds));
        report_.results.push_back({.name = "monthly_bills",
                                   .unit = "bills/s",
                                   .value = static_cast<double>(summary.billed) / seconds,
                                   .baselines = {{"sql", sql}, {"bare_read", read}},
                                   .details = {{"points", static_cast<double>(options_.meters)},
                                               {"row_points", static_cast<double>(options_.row_meters)},
                                               {"seconds", seconds},
                                               {"read_in_bulk", static_cast<double>(summary.plain)},
                                               {"document_bytes", static_cast<double>(summary.document_bytes) / static_cast<double>(std::max<std::int64_t>(summary.billed, 1))},
                                               {"peak_memory_mib", resident_mib()}}});
        fleet_->tables().forget_bills();
        return {};
    }

    result<void> monthly_totals(double sql, double read)
    {
        say_progress("monthly_totals");
        double seconds = 0;
        RELEVE_TRY(summary, run_once(true, seconds));
        report_.results.push_back({.name = "monthly_totals",
                                   .unit = "bills/s",
                                   .value = static_cast<double>(summary.billed) / seconds,
                                   .baselines = {{"bare_read", read}, {"sql", sql}},
                                   .details = {{"points", static_cast<double>(options_.meters)}, {"seconds", seconds}}});
        return {};
    }

    BenchBillingOptions options_;
    ModelRegistry models_;
    store::ModelLookup lookup_;
    std::unique_ptr<BenchFleet> fleet_;
    BenchReport report_{"billing", {}, {}};
};

} // namespace

result<BenchReport> bench_billing(const BenchBillingOptions& options) { return BillingBench{options}.run(); }

} // namespace releve::app
