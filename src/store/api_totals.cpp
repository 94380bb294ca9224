#include "api_blocks.hpp"

#include <releve/engine/month_totals.hpp>

#include <algorithm>

namespace releve::store {

namespace {

constexpr std::chrono::days total_days_max{50 * 366};
constexpr std::string_view export_ending = "_export";

bool counts_energy(const ChannelModel& channel)
{
    return channel.kind == ChannelKind::interval &&
           (channel.quantity == Quantity::mean_power || channel.quantity == Quantity::energy);
}

/// One meter's time at a usage point, as far as a total of it is wanted.
struct TotalSource {
    std::size_t wanted = 0;
    const ChannelModel* channel = nullptr;
    const MeterPeriod* period = nullptr;
    engine::CivilSpan touched; // days on which it was there
    engine::CivilSpan whole;   // those on which it was there all day
    std::vector<bool> known;   // of `touched`: a stored month tells
    [[nodiscard]] bool is_whole(CivilDay day) const { return day >= whole.from && day < whole.to; }
    [[nodiscard]] std::size_t place(CivilDay day) const { return static_cast<std::size_t>((day - touched.from).count()); }
};

engine::CivilSpan whole_days(const MeterPeriod& period, const Zone& zone, Seconds day_start, const engine::CivilSpan& touched)
{
    engine::CivilSpan whole = touched;
    if (zone.start_of(whole.from, day_start) < period.validity.from)
        whole.from += std::chrono::days{1};
    if (period.validity.to && zone.start_of(whole.to, day_start) > *period.validity.to)
        whole.to -= std::chrono::days{1};
    return whole;
}

result<std::vector<TotalSource>> sources_of(std::span<const TotalsWanted> wanted)
{
    std::vector<TotalSource> sources;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        RELEVE_TRY(zone, zone_of(*wanted[i].point));
        for (const MeterPeriod& period : wanted[i].point->meters) {
            const ChannelModel* channel = flow_channel(period, wanted[i].flow);
            if (channel == nullptr)
                continue;
            const engine::CivilSpan touched = days_of(period, *zone, channel->day_start, wanted[i].from, wanted[i].to);
            if (touched.from >= touched.to)
                continue;
            TotalSource& source = sources.emplace_back(
                TotalSource{i, channel, &period, touched, whole_days(period, *zone, channel->day_start, touched), {}});
            source.known.resize(static_cast<std::size_t>((touched.to - touched.from).count()));
        }
    }
    return sources;
}

/// The days of the row's month that it tells: those up to `through` that are not due for checks.
result<void> take_month(TotalSource& source, const Row& row, DayTotals& totals)
{
    const CivilDay month = row.day(1), through = row.day(2);
    RELEVE_TRY(stored, engine::decode_month(row.bytes(3), month));
    const auto told = [&](CivilDay day) {
        return source.is_whole(day) && day <= through && (row.null(4) || day < row.day(4) || day > row.day(5));
    };
    const CivilDay end =
        std::min({engine::period_around(month, engine::Period::month).to, source.touched.to, through + std::chrono::days{1}});
    for (CivilDay day = std::max(month, source.touched.from); day < end; day += std::chrono::days{1})
        if (told(day))
            source.known[source.place(day)] = true;
    for (const engine::DayTotal& total : stored)
        if (total.day >= source.touched.from && total.day < source.touched.to && told(total.day))
            totals[total.day] = total;
    return {};
}

/// The months and what is due come from one statement, and so from one instant.
constexpr const char* months_sql =
    "WITH wanted AS MATERIALIZED (SELECT s.*, c.day_from AS due_from, c.day_to AS due_to "
    "FROM unnest($1::int4[], $2::int2[], $3::date[], $4::date[]) WITH ORDINALITY AS s (meter, channel, month_from, day_to, n) "
    "LEFT JOIN check_due c ON c.meter_id = s.meter AND c.job IS NULL) "
    "SELECT w.n, m.month, m.through, m.data, w.due_from, w.due_to FROM wanted w JOIN interval_month m "
    "ON m.meter_id = w.meter AND m.channel = w.channel AND m.month >= w.month_from AND m.month < w.day_to";

result<void> add_months(Work& work, std::vector<TotalSource>& sources, std::vector<DayTotals>& totals)
{
    const auto list = [&](auto text) { return array_text(sources, text); };
    const Table rows = work.run(
        months_sql,
        {list([](const TotalSource& s) { return std::to_string(s.period->meter.value); }),
         list([](const TotalSource& s) { return std::to_string(s.channel->channel.value); }),
         list([](const TotalSource& s) { return to_iso8601(engine::period_around(s.touched.from, engine::Period::month).from); }),
         list([](const TotalSource& s) { return to_iso8601(s.touched.to); })});
    for (const Row& row : rows) {
        TotalSource& source = sources[static_cast<std::size_t>(row.integer(0)) - 1];
        RELEVE_CHECK(take_month(source, row, totals[source.wanted]));
    }
    return {};
}

engine::DayTotal total_on(CivilDay day, const engine::DaySummary& summary)
{
    return {day, summary.energy_wh, summary.slots, summary.missing, summary.estimated, summary.quality};
}

/// The runs of days that no month tells.
void add_unknown(const TotalSource& source, std::size_t number, std::vector<Stretch>& stretches, std::vector<std::size_t>& owners)
{
    for (CivilDay day = source.touched.from; day < source.touched.to; day += std::chrono::days{1}) {
        if (source.known[source.place(day)])
            continue;
        const bool goes_on = day > source.touched.from && !source.known[source.place(day) - 1];
        if (!goes_on) {
            stretches.push_back({source.period->meter, source.channel->channel, day, day});
            owners.push_back(number);
        }
        stretches.back().to = day + std::chrono::days{1};
    }
}

result<void> add_half_hours(Work& work, std::span<const TotalSource> sources, const std::optional<BatchNumber>& as_of,
                            std::vector<DayTotals>& totals)
{
    std::vector<Stretch> stretches;
    std::vector<std::size_t> owners; // of the stretches
    for (std::size_t i = 0; i < sources.size(); ++i)
        add_unknown(sources[i], i, stretches, owners);
    std::map<std::pair<std::size_t, CivilDay>, std::vector<SeenPart>> shared; // days on which a meter came or went
    RELEVE_CHECK(for_each_day(work, stretches, as_of, [&](const FoundDay& stored) -> result<void> {
        const TotalSource& source = sources[owners[stored.stretch]];
        SeenPart part{source.channel, source.period->validity, {}};
        RELEVE_TRY(seen, seen_day(stored, as_of));
        clip(seen, part.validity);
        if (std::ranges::none_of(seen.slots, &ResolvedSlot::there))
            return {};
        part.day = std::move(seen);
        if (!source.is_whole(stored.day)) {
            shared[{source.wanted, stored.day}].push_back(std::move(part));
            return {};
        }
        RELEVE_TRY(summary, summary_of({std::move(part)}));
        totals[source.wanted][stored.day] = total_on(stored.day, summary);
        return {};
    }));
    for (auto& [key, parts] : shared) {
        RELEVE_TRY(summary, summary_of(std::move(parts)));
        totals[key.first][key.second] = total_on(key.second, summary);
    }
    return {};
}

/// Of homes that keep no half-hours, or kept none then. How a day grew is not kept: under `as_of` it is known from the
/// batch that completed it.
std::string daily_totals_sql(bool as_of)
{
    const auto select = [&](const char* table, const char* condition) {
        return std::string{"SELECT usage_point, channel, day, energy_wh, slots, missing, quality, rev FROM "} + table +
               " WHERE usage_point = ANY ($1::text[]) AND day >= $2::date AND day < $3::date" + condition;
    };
    if (!as_of)
        return select("daily_total", "");
    return select("daily_total", " AND missing = 0 AND batch <= $4::int8") + " UNION ALL " +
           select("daily_total_history", " AND missing = 0 AND batch <= $4::int8 AND superseded_by > $4::int8") +
           " ORDER BY 1, 2, 3, 8";
}

void add_daily_totals(Work& work, std::span<const TotalsWanted> wanted, const std::optional<BatchNumber>& as_of,
                      std::vector<DayTotals>& totals)
{
    std::multimap<std::pair<std::string, std::int64_t>, std::size_t> by_channel;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        std::vector<std::int64_t> channels;
        for (const MeterPeriod& period : wanted[i].point->meters)
            if (const ChannelModel* channel = flow_channel(period, wanted[i].flow))
                channels.push_back(channel->channel.value);
        std::ranges::sort(channels);
        channels.erase(std::ranges::unique(channels).begin(), channels.end());
        for (const std::int64_t channel : channels)
            by_channel.emplace(std::pair{wanted[i].point->id.value, channel}, i);
    }
    std::vector<Arg> args{array_text(wanted, [](const TotalsWanted& one) { return one.point->id.value; }),
                          std::ranges::min(wanted, {}, &TotalsWanted::from).from,
                          std::ranges::max(wanted, {}, &TotalsWanted::to).to};
    if (as_of)
        args.emplace_back(as_of->value);
    for (const Row& row : work.run(daily_totals_sql(as_of.has_value()), args)) {
        const engine::DayTotal total{
            row.day(2), row.integer(3), row.integer(4), row.integer(5), 0, static_cast<Quality>(row.integer(6))};
        const auto [first, last] = by_channel.equal_range({row.text(0), row.integer(1)});
        for (auto place = first; place != last; ++place) {
            const TotalsWanted& one = wanted[place->second];
            if (total.day < one.from || total.day >= one.to || total.missing == total.slots)
                continue;
            const auto [day, fresh] = totals[place->second].emplace(total.day, total);
            if (!fresh && total.missing < day->second.missing) // on the day of the choice the fuller one counts
                day->second = total;
        }
    }
}

} // namespace

const ChannelModel* flow_channel(const MeterPeriod& period, Flow flow)
{
    if (period.model == nullptr)
        return nullptr;
    if (flow == Flow::drawn) {
        const ChannelModel* main = period.model->main_channel();
        return main != nullptr && counts_energy(*main) ? main : nullptr;
    }
    for (const ChannelModel& channel : period.model->channels)
        if (counts_energy(channel) && channel.name.ends_with(export_ending))
            return &channel;
    return nullptr;
}

engine::CivilSpan days_of(const MeterPeriod& period, const Zone& zone, Seconds day_start, CivilDay from, CivilDay to)
{
    engine::CivilSpan span{from, to};
    if (period.validity.from > zone.start_of(from, day_start))
        span.from = period.validity.from >= zone.start_of(to, day_start) ? to : zone.day_of(period.validity.from, day_start);
    if (period.validity.to && *period.validity.to < zone.start_of(to, day_start))
        span.to = *period.validity.to <= zone.start_of(from, day_start)
                      ? from
                      : zone.day_of(*period.validity.to - Seconds{1}, day_start) + std::chrono::days{1};
    if (span.to <= span.from)
        span.to = span.from;
    return span;
}

result<std::vector<DayTotals>> day_totals(Work& work, std::span<const TotalsWanted> wanted,
                                          const std::optional<BatchNumber>& as_of)
{
    std::vector<DayTotals> totals(wanted.size());
    if (wanted.empty())
        return totals;
    RELEVE_TRY(sources, sources_of(wanted));
    if (!as_of && !sources.empty())
        RELEVE_CHECK(add_months(work, sources, totals));
    RELEVE_CHECK(add_half_hours(work, sources, as_of, totals));
    add_daily_totals(work, wanted, as_of, totals);
    return totals;
}

result<void> check_total_days(CivilDay from, CivilDay to)
{
    if (to <= from || to - from > total_days_max)
        return fail(errc::bad_parameter, "to: must be after from, and at most 50 years after it");
    return {};
}

result<std::vector<TotalsRow>> totals_rows(engine::Period period, CivilDay from, CivilDay to, const DayTotals& drawn,
                                           const DayTotals* injected)
{
    const auto by_period = [&](const DayTotals& totals) {
        std::vector<engine::DayTotal> list;
        for (const auto& [day, total] : totals)
            list.push_back(total);
        return engine::totals_by(period, list, from, to);
    };
    RELEVE_TRY(in, by_period(drawn));
    std::vector<TotalsRow> rows;
    for (const engine::PeriodTotal& total : in)
        rows.push_back({total, {}});
    if (injected == nullptr)
        return rows;
    RELEVE_TRY(out, by_period(*injected));
    for (std::size_t i = 0; i < rows.size(); ++i)
        rows[i].injected = out[i];
    return rows;
}

result<TotalsAnswer> ApiStore::totals(const Identity& who, const UsagePointId& id, engine::Period period, CivilDay from,
                                      CivilDay to, const AsOf& as_of)
{
    RELEVE_CHECK(may_read(who));
    RELEVE_CHECK(check_total_days(from, to));
    return impl_->as(who, [&](Work& work) -> result<TotalsAnswer> {
        RELEVE_TRY(point, impl_->see(work, id));
        if (point.energy != "electricity")
            return fail(errc::bad_parameter, "usage_point: totals are of electricity");
        RELEVE_CHECK(choose_channel(point, "")); // a model that is not loaded is said here
        RELEVE_TRY(known, resolve(work, as_of));
        note_access(work, who, {id, "totals", from, to});
        std::vector<TotalsWanted> wanted{{&point, Flow::drawn, from, to}};
        if (std::ranges::any_of(point.meters,
                                [](const MeterPeriod& one) { return flow_channel(one, Flow::injected) != nullptr; }))
            wanted.push_back({&point, Flow::injected, from, to});
        RELEVE_TRY(totals, day_totals(work, wanted, known));
        RELEVE_TRY(rows, totals_rows(period, from, to, totals[0], totals.size() > 1 ? &totals[1] : nullptr));
        return TotalsAnswer{id.value, point.zone, period, std::move(rows), 1, known};
    });
}

} // namespace releve::store
