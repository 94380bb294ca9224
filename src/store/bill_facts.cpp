// What a bill rests on: the readings of one usage point as of a batch.

#include "bill_rows.hpp"

#include <releve/engine/consumption.hpp>
#include <releve/engine/day_energies.hpp>

#include <algorithm>

namespace releve::store {

namespace {

constexpr Seconds clock_tolerance{300}; // a read this near to a day's start stands for the index at it

/// The interval channels that count what is drawn: the main one, and those of other steps that are named after it.
std::vector<const ChannelModel*> drawn_channels(const MeterPeriod& period)
{
    std::vector<const ChannelModel*> channels;
    const ChannelModel* main = flow_channel(period, Flow::drawn);
    if (main == nullptr)
        return channels;
    for (const ChannelModel& channel : period.model->channels)
        if (channel.kind == ChannelKind::interval && channel.name.starts_with(main->name))
            channels.push_back(&channel);
    return channels;
}

bool is_doubtful(Quality quality) { return quality == Quality::questionable || quality == Quality::unauthenticated; }

result<std::int64_t> slot_mj(std::int64_t value, const ChannelModel& channel, Seconds step)
{
    const DayBlock one{.first = {}, .step = step, .slots = {Slot{value, {}}}};
    return engine::energy_in_millijoules(one, channel);
}

result<engine::CurveDay> curve_day(CivilDay of, const SeenDay& seen, const ChannelModel& channel, const MeterPeriod& period)
{
    engine::CurveDay day{.day = of, .first = seen.first, .step = seen.step, .energy_mj = {}, .meter = period.meter, .channel = channel.channel};
    for (const ResolvedSlot& slot : seen.slots) {
        if (!slot.there()) {
            day.energy_mj.push_back(engine::CurveDay::nothing);
            continue;
        }
        RELEVE_TRY(mj, slot_mj(slot.value, channel, seen.step));
        day.energy_mj.push_back(mj);
        day.quality = day.quality == Quality::missing ? slot.quality : worse(day.quality, slot.quality);
        // The stored row's own revision also counts what came after `as_of`: what is seen is told by who wrote it.
        day.batch = std::max(day.batch, slot.batch);
        day.overlay_version = std::max(day.overlay_version, slot.version);
        day.estimated += engine::is_estimate(slot.quality) ? 1 : 0;
        day.doubtful += is_doubtful(slot.quality) || mj < 0 ? 1 : 0;
    }
    return day;
}

struct CurveSource {
    const MeterPeriod* period;
    const ChannelModel* channel;
};

struct ChannelDay {
    CivilDay day{};
    SeenDay seen;
    CurveSource source;
};

/// What is trusted goes before what was estimated, and both before what is doubted.
int rank_of(const ResolvedSlot& slot)
{
    if (!slot.there())
        return 0;
    return is_doubtful(slot.quality) ? 1 : engine::is_estimate(slot.quality) ? 2 : 3;
}

/// Of two channels that say the same time one is counted: the finer one, unless the coarser one says it better.
void drop_overlap(SeenDay& fine, SeenDay& coarse)
{
    for (std::size_t slot = 0; slot < coarse.slots.size(); ++slot) {
        if (!coarse.slots[slot].there())
            continue;
        const Instant from = coarse.first + coarse.step * slot, to = from + coarse.step;
        int best = 0;
        const auto each_fine = [&](auto use) {
            for (std::size_t i = 0; i < fine.slots.size(); ++i)
                if (const Instant at = fine.first + fine.step * i; at >= from && at < to)
                    use(fine.slots[i]);
        };
        each_fine([&](const ResolvedSlot& one) { best = std::max(best, rank_of(one)); });
        if (best == 0)
            continue;
        if (rank_of(coarse.slots[slot]) > best)
            each_fine([](ResolvedSlot& one) { one = {}; });
        else
            coarse.slots[slot] = {};
    }
}

void drop_overlaps(std::vector<ChannelDay>& days)
{
    std::ranges::stable_sort(days, [](const ChannelDay& a, const ChannelDay& b) { return std::pair{a.day, a.seen.step} < std::pair{b.day, b.seen.step}; });
    for (std::size_t i = 0; i < days.size(); ++i)
        for (std::size_t j = i + 1; j < days.size() && days[j].day == days[i].day; ++j)
            drop_overlap(days[i].seen, days[j].seen);
}

result<void> load_curve(Work& work, const SeenUsagePoint& point, engine::CivilSpan span, BatchNumber batch, engine::BillFacts& facts)
{
    std::vector<Stretch> stretches;
    std::vector<CurveSource> sources;
    for (const MeterPeriod& period : point.meters)
        for (const ChannelModel* channel : drawn_channels(period)) {
            stretches.push_back({period.meter, channel->channel, span.from, span.to});
            sources.push_back({&period, channel});
        }
    if (stretches.empty())
        return {};
    std::vector<ChannelDay> days;
    RELEVE_CHECK(for_each_day(work, stretches, batch, [&](const FoundDay& found) -> result<void> {
        RELEVE_TRY(seen, seen_day(found, batch));
        const CurveSource& source = sources[found.stretch];
        clip(seen, source.period->validity);
        if (std::ranges::any_of(seen.slots, &ResolvedSlot::there))
            days.push_back({found.day, std::move(seen), source});
        return {};
    }));
    drop_overlaps(days);
    for (const ChannelDay& one : days) {
        if (std::ranges::none_of(one.seen.slots, &ResolvedSlot::there))
            continue;
        RELEVE_TRY(day, curve_day(one.day, one.seen, *one.source.channel, *one.source.period));
        facts.curve.push_back(std::move(day));
    }
    return {};
}

bool is_billed_register(const ChannelModel& channel, const std::string& energy)
{
    if (channel.kind != ChannelKind::reading)
        return false;
    return energy == "gas" ? channel.unit == Unit::cubic_metre
                           : channel.unit == Unit::watt_hour && channel.name.starts_with("active_energy_import");
}

/// What stands for the index at the starts of days is told of them.
void set_on_day_starts(std::vector<engine::IndexRead>& reads, const Zone& zone, Seconds day_start)
{
    std::ranges::sort(reads, {}, &engine::IndexRead::at);
    std::vector<engine::IndexRead> moved;
    for (const engine::IndexRead& read : reads) {
        const CivilDay near = zone.day_of(read.at + clock_tolerance, day_start);
        const Instant start = zone.start_of(near, day_start);
        if (read.at == start || std::chrono::abs(read.at - start) > clock_tolerance)
            continue;
        const bool exact = std::ranges::any_of(reads, [&](const engine::IndexRead& other) { return other.at == start; });
        const bool nearer = std::ranges::any_of(reads, [&](const engine::IndexRead& other) { return std::chrono::abs(other.at - start) < std::chrono::abs(read.at - start); });
        if (!exact && !nearer) {
            moved.push_back(read);
            moved.back().at = start;
        }
    }
    reads.insert(reads.end(), moved.begin(), moved.end());
}

void add_reads(engine::BillFacts& facts, const MeterPeriod& period, const ChannelModel& channel, std::vector<engine::IndexRead> reads)
{
    auto place = std::ranges::find(facts.registers, channel.name, &engine::RegisterFacts::name);
    if (place == facts.registers.end())
        place = facts.registers.insert(facts.registers.end(), engine::RegisterFacts{.name = channel.name, .series = {}, .meters = {}, .channels = {}});
    const bool gas = channel.unit == Unit::cubic_metre;
    place->series.push_back({.digits = channel.digits,
                             .scaler = channel.scaler + (gas ? 3 : 0), // of dm3
                             .from = std::max(period.validity.from, Instant{}),
                             .to = std::min(period.validity.to.value_or(engine::last_read_at), engine::last_read_at),
                             .reads = std::move(reads)});
    place->meters.push_back(period.meter);
    place->channels.push_back(channel.channel);
}

result<void> load_reads(Work& work, const SeenUsagePoint& point, engine::CivilSpan span, BatchNumber batch, engine::BillFacts& facts)
{
    RELEVE_TRY(zone, zone_of(point));
    const DaysWanted wanted{span.from - std::chrono::days{1}, span.to + std::chrono::days{1}, {}, batch};
    for (const MeterPeriod& period : point.meters) {
        if (period.model == nullptr)
            continue;
        RELEVE_TRY(days, load_registers(work, period.meter, wanted));
        for (const ChannelModel& channel : period.model->channels) {
            if (!is_billed_register(channel, point.energy))
                continue;
            std::vector<engine::IndexRead> reads;
            for (const auto& [day, block] : days)
                for (const RegisterRead& read : block.reads) {
                    if (read.channel != channel.channel || is_doubtful(read.provenance.quality) || !(period.validity.contains(read.at) || (period.validity.to && read.at == *period.validity.to)))
                        continue;
                    // A home with daily totals keeps of each day the first read only: that of its very start is there for good.
                    if (point.collection == Collection::daily && read.at != zone->start_of(zone->day_of(read.at, channel.day_start), channel.day_start))
                        continue;
                    engine::IndexRead index = engine::index_read_of(read);
                    index.authenticated = read.provenance.authenticated || read.provenance.quality != Quality::unauthenticated; // files of the operator
                    reads.push_back(index);
                }
            set_on_day_starts(reads, *zone, channel.day_start);
            if (!reads.empty())
                add_reads(facts, period, channel, std::move(reads));
        }
    }
    return {};
}

} // namespace

result<void> load_bill_readings(Work& work, const SeenUsagePoint& point, engine::CivilSpan span, BatchNumber batch, engine::BillFacts& facts)
{
    if (point.energy != "gas" && point.collection == Collection::half_hour)
        RELEVE_CHECK(load_curve(work, point, span, batch, facts));
    return load_reads(work, point, span, batch, facts);
}

result<BillBasis> load_basis(Work& work, const SeenUsagePoint& point, engine::CivilSpan span, const Knowledge& known)
{
    if (span.from >= span.to)
        return fail(errc::bad_parameter, "to: must be after from");
    if ((span.to - span.from).count() > engine::bill_days_max)
        return fail(errc::bad_parameter, "to: a bill is of at most " + std::to_string(engine::bill_days_max) + " days");
    BillBasis basis;
    basis.zone = point.zone;
    basis.known = known;
    basis.played = work.run("SELECT played FROM usage_point WHERE id = $1", {point.id.value}).at(0).text(0);
    basis.tariffs = work.run("SELECT coalesce(max(known_from), 0) FROM tariff_document WHERE known_from <= $1::int8", {known.terms}).at(0).integer(0);
    basis.facts.usage_point = point.id;
    basis.facts.energy = point.energy;
    basis.facts.as_of = known.batch.value;
    RELEVE_CHECK(load_terms(work, point, known.terms, basis.facts));
    RELEVE_CHECK(load_bill_readings(work, point, span, known.batch, basis.facts));
    basis.mean_c_e1 = load_temperatures(work, point.id, span);
    return basis;
}

} // namespace releve::store
