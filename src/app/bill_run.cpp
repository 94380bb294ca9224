#include <releve/app/bill_run.hpp>

#include <releve/core/day_values.hpp>
#include <releve/engine/day_energies.hpp>
#include <releve/store/billing_store.hpp>

#include <algorithm>
#include <mutex>
#include <thread>

namespace releve::app {

namespace {

using store::BillBulk;
using store::BulkPoint;

constexpr Seconds near_a_start{300}; // as BillingStore::basis takes it

class Portion {
public:
    Portion(const store::BulkRun& run, const store::ModelLookup& models) : run_(run), models_(models) {}

    /// Reads what the plain ones of the points need; those that cannot be billed so are told by slow().
    void read(BillBulk& bulk, std::vector<BulkPoint> points)
    {
        plain_.clear();
        slow_.clear();
        facts_.clear();
        for (BulkPoint& point : points)
            if (point.plain && models_(point.model) != nullptr && models_(point.model)->main_channel() != nullptr)
                plain_.push_back(std::move(point));
            else
                slow_.push_back(point.id);
        facts_.resize(plain_.size());
        is_slow_.assign(plain_.size(), false);
        for (std::size_t i = 0; i < plain_.size(); ++i)
            begin(i);
        read_curves(bulk);
        read_registers(bulk);
    }
    [[nodiscard]] std::size_t size() const { return plain_.size(); }
    [[nodiscard]] const BulkPoint& point(std::size_t i) const { return plain_[i]; }
    [[nodiscard]] const engine::BillFacts& facts(std::size_t i) const { return facts_[i]; }
    [[nodiscard]] bool is_slow(std::size_t i) const { return is_slow_[i]; }
    [[nodiscard]] const std::vector<UsagePointId>& slow() const { return slow_; }

private:
    void begin(std::size_t i)
    {
        engine::BillFacts& facts = facts_[i];
        facts.usage_point = plain_[i].id;
        facts.energy = "electricity";
        facts.as_of = run_.known.batch.value;
        facts.contracts.push_back(plain_[i].terms);
        if (!plain_[i].offpeak.empty())
            facts.offpeak.push_back({run_.span, plain_[i].offpeak});
        // A curve of several channels, or one that does not count whole watts, is read one by one.
        const MeterModel& model = *models_(plain_[i].model);
        const ChannelModel& main = *model.main_channel();
        const auto same_name = std::ranges::count_if(model.channels, [&](const ChannelModel& c) { return c.kind == ChannelKind::interval && c.name.starts_with(main.name); });
        is_slow_[i] = same_name != 1 || main.quantity != Quantity::mean_power || main.scaler != 0 || main.unit != Unit::watt;
    }

    void read_curves(BillBulk& bulk)
    {
        std::map<std::int16_t, std::vector<std::size_t>> by_channel;
        for (std::size_t i = 0; i < plain_.size(); ++i)
            if (!is_slow_[i] && plain_[i].collection == store::Collection::half_hour)
                by_channel[models_(plain_[i].model)->main_channel()->channel.value].push_back(i);
        for (const auto& [channel, members] : by_channel) {
            std::vector<MeterId> meters;
            for (const std::size_t i : members) {
                meters.push_back(plain_[i].meter);
                facts_[i].curve.resize(static_cast<std::size_t>((run_.span.to - run_.span.from).count()));
            }
            std::vector<std::size_t> overlaid;
            bulk.read_days(meters, ChannelId{channel}, run_.span, run_.known.batch, [&](const BillBulk::Day& day) { add_day(members[day.meter], ChannelId{channel}, day); }, overlaid);
            for (const std::size_t i : overlaid)
                is_slow_[members[i]] = true;
            for (const std::size_t i : members)
                std::erase_if(facts_[i].curve, [](const engine::CurveDay& day) { return day.energy_mj.empty(); });
        }
    }

    void add_day(std::size_t i, ChannelId channel, const BillBulk::Day& stored)
    {
        if (!decode_day_values(stored.data, values_) || values_.worst == Quality::questionable || values_.worst == Quality::unauthenticated) {
            is_slow_[i] = true;
            return;
        }
        engine::CurveDay& day = facts_[i].curve[static_cast<std::size_t>((stored.day - run_.span.from).count())];
        day.day = stored.day;
        day.first = values_.first;
        day.step = values_.step;
        day.quality = values_.worst;
        day.meter = plain_[i].meter;
        day.channel = channel;
        day.batch = stored.batch;
        day.energy_mj.resize(values_.slots);
        const std::int64_t mj_per_w = values_.step.count() * 1'000;
        bool negative = false;
        for (std::uint32_t slot = 0; slot < values_.slots; ++slot) {
            day.energy_mj[slot] = values_.values[slot] * mj_per_w;
            negative |= values_.values[slot] < 0;
        }
        if (negative)
            is_slow_[i] = true;
        if (!values_.is_whole())
            for (std::uint32_t slot = 0; slot < values_.slots; ++slot)
                if (!values_.has(slot))
                    day.energy_mj[slot] = engine::CurveDay::nothing;
    }

    void read_registers(BillBulk& bulk)
    {
        std::vector<MeterId> meters;
        for (const BulkPoint& point : plain_)
            meters.push_back(point.meter);
        // Every day, as one by one: an index that went backwards between two prices must be seen.
        bulk.read_registers(meters, {run_.span.from - std::chrono::days{1}, run_.span.to + std::chrono::days{2}}, [&](const BillBulk::Day& stored) {
            const auto block = decode_register_block(stored.data);
            if (!block || stored.batch > run_.known.batch.value) {
                is_slow_[stored.meter] = true;
                return;
            }
            for (const RegisterRead& read : block->reads)
                add_read(stored.meter, stored.day, read);
        });
    }

    void add_read(std::size_t i, CivilDay day, const RegisterRead& read)
    {
        const ChannelModel* channel = models_(plain_[i].model)->find(read.channel);
        if (channel == nullptr || channel->kind != ChannelKind::reading || channel->unit != Unit::watt_hour || !channel->name.starts_with("active_energy_import") ||
            read.provenance.quality == Quality::questionable || read.provenance.quality == Quality::unauthenticated)
            return;
        const auto zone = zone_named(plain_[i].zone);
        if (!zone)
            return;
        const Instant start = (*zone)->start_of(day, channel->day_start), next = (*zone)->start_of(day + std::chrono::days{1}, channel->day_start);
        if (read.at != start) {
            is_slow_[i] = is_slow_[i] || std::chrono::abs(read.at - start) <= near_a_start || next - read.at <= near_a_start;
            if (plain_[i].collection == store::Collection::daily)
                return;
        }
        std::vector<engine::RegisterFacts>& registers = facts_[i].registers;
        auto place = std::ranges::find(registers, channel->name, &engine::RegisterFacts::name);
        if (place == registers.end()) {
            place = registers.insert(registers.end(), engine::RegisterFacts{.name = channel->name, .series = {}, .meters = {plain_[i].meter}, .channels = {channel->channel}});
            place->series.push_back({.digits = channel->digits, .scaler = channel->scaler, .reads = {}});
        }
        if (engine::is_estimate(read.provenance.quality)) // the indexes around it count too
            is_slow_[i] = true;
        engine::IndexRead index = engine::index_read_of(read);
        index.authenticated = read.provenance.authenticated || read.provenance.quality != Quality::unauthenticated;
        place->series.front().reads.push_back(index);
    }

    const store::BulkRun& run_;
    const store::ModelLookup& models_;
    std::vector<BulkPoint> plain_;
    std::vector<UsagePointId> slow_;
    std::vector<engine::BillFacts> facts_;
    std::vector<char> is_slow_;
    DayValues values_;
};

class Runner {
public:
    Runner(const store::DatabaseAddress& database, const store::ModelLookup& models, const store::BulkRun& run, const BillRunOptions& options, const engine::TariffBook& book)
        : database_(database), models_(models), run_(run), options_(options), book_(book), points_(database)
    {
        summary_.run = run.id;
        summary_.total = points_.count(run);
    }

    BillRunSummary run()
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < std::max(options_.threads, 1U); ++i)
            threads.emplace_back([this] { work(); });
        threads.clear();
        if (problem_)
            std::rethrow_exception(problem_);
        summary_.finished = !stopped() && !options_.totals_only;
        if (summary_.finished)
            points_.finish(run_.id);
        return summary_;
    }

private:
    [[nodiscard]] bool stopped() const { return options_.stop != nullptr && options_.stop->load(); }

    std::vector<UsagePointId> next()
    {
        const std::lock_guard guard{mutex_};
        if (stopped() || problem_)
            return {};
        auto ids = points_.next(run_, after_, options_.portion);
        if (!ids.empty())
            after_ = ids.back().value;
        return ids;
    }

    void work()
    {
        try {
            BillBulk bulk{database_};
            store::BillingStore one_by_one{database_, models_};
            Portion portion{run_, models_};
            std::map<std::string, std::unique_ptr<engine::BillMaker>> makers;
            for (auto ids = next(); !ids.empty(); ids = next()) {
                portion.read(bulk, bulk.points(run_, ids));
                bill(portion, bulk, one_by_one, makers);
            }
        } catch (...) {
            const std::lock_guard guard{mutex_};
            problem_ = std::current_exception();
        }
    }

    using Makers = std::map<std::string, std::unique_ptr<engine::BillMaker>>;
    result<engine::BillMaker*> maker_of(Makers& makers, const std::string& zone_name)
    {
        auto& maker = makers[zone_name];
        if (!maker) {
            RELEVE_TRY(zone, zone_named(zone_name));
            maker = std::make_unique<engine::BillMaker>(book_, *zone);
        }
        return maker.get();
    }

    result<engine::Bill> slow_bill(Makers& makers, store::BillingStore& one_by_one, const UsagePointId& id)
    {
        RELEVE_TRY(basis, one_by_one.basis(id, run_.span, run_.known));
        RELEVE_TRY(maker, maker_of(makers, basis.zone));
        return maker->make(basis.facts, {.span = run_.span, .played = basis.played});
    }

    void bill(const Portion& portion, BillBulk& bulk, store::BillingStore& one_by_one, Makers& makers)
    {
        std::vector<store::BulkBill> bills;
        std::vector<std::pair<UsagePointId, std::string>> failures;
        BillRunSummary part;
        const auto keep = [&](const UsagePointId& id, result<engine::Bill> bill) {
            if (!bill) {
                failures.emplace_back(id, to_string(bill.error()));
                ++part.failed;
                return;
            }
            ++part.billed;
            part.total_cents += bill->total.value;
            part.energy_wh += bill->energy_wh;
            if (!options_.totals_only) {
                bills.push_back({id, bill->total, bill->energy_wh, bill->rests, engine::to_document(*bill)});
                part.document_bytes += static_cast<std::int64_t>(bills.back().document.size());
            }
        };
        for (std::size_t i = 0; i < portion.size(); ++i) {
            const BulkPoint& point = portion.point(i);
            if (portion.is_slow(i)) {
                keep(point.id, slow_bill(makers, one_by_one, point.id));
                continue;
            }
            const auto maker = maker_of(makers, point.zone);
            ++part.plain;
            keep(point.id, maker ? (*maker)->make(portion.facts(i), {.span = run_.span, .played = point.played}) : result<engine::Bill>{maker.error()});
        }
        for (const UsagePointId& id : portion.slow())
            keep(id, slow_bill(makers, one_by_one, id));
        if (!options_.totals_only)
            bulk.save(run_, bills, failures);
        const std::lock_guard guard{mutex_};
        summary_.billed += part.billed;
        summary_.failed += part.failed;
        summary_.plain += part.plain;
        summary_.document_bytes += part.document_bytes;
        summary_.total_cents += part.total_cents;
        summary_.energy_wh += part.energy_wh;
        if (options_.progress)
            options_.progress(summary_.billed + summary_.failed, summary_.total);
    }

    const store::DatabaseAddress& database_;
    const store::ModelLookup& models_;
    const store::BulkRun& run_;
    const BillRunOptions& options_;
    const engine::TariffBook& book_;
    std::mutex mutex_; // of all below
    BillBulk points_;
    std::string after_;
    BillRunSummary summary_;
    std::exception_ptr problem_;
};

} // namespace

result<BillRunSummary> run_bills(const store::DatabaseAddress& database, const store::ModelLookup& models, const store::BulkRun& run, const BillRunOptions& options)
{
    store::BillingStore texts{database, {}};
    RELEVE_TRY(book, read_book(texts.tariffs(run.known.terms)));
    return Runner{database, models, run, options, *book}.run();
}

} // namespace releve::app
