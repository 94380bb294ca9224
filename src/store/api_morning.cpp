#include "check_rows.hpp"
#include "collection_rates.hpp"

#include <releve/engine/gaps.hpp>

#include <set>

namespace releve::store {

namespace {

// Meters that are in use at $2. Those that were never heard cannot fall silent.
constexpr const char* meters_in_use =
    "in_use AS (SELECT m.id, m.concentrator, m.feeder, m.area, c.usual_gap_s FROM meter m "
    "JOIN installation i ON i.meter_id = m.id AND i.purpose = 'metering' AND i.validity @> $2::timestamptz "
    "LEFT JOIN meter_counter c ON c.meter_id = m.id LEFT JOIN releve_recently_heard() h ON h.meter_id = m.id "
    "WHERE c.last_accepted_at IS NOT NULL OR h.meter_id IS NOT NULL) ";

// $1: since when. A meter stopped since then if a message was due since then that did not come.
constexpr const char* silences_of_the_night =
    "lately AS (SELECT DISTINCT ON (s.meter_id) s.meter_id, s.since, "
    "CASE WHEN s.ended_at <= $2::timestamptz THEN s.ended_at END AS ended_at FROM silence s "
    "JOIN in_use u ON u.id = s.meter_id WHERE s.since <= $2::timestamptz "
    "AND s.since + make_interval(secs => coalesce(u.usual_gap_s, 0)) >= $1::timestamptz ORDER BY s.meter_id, s.since DESC) ";

std::array<std::string, engine::place_kinds> places_at(const Row& row, std::size_t first)
{
    return {row.text(first), row.text(first + 1), row.text(first + 2)};
}

/// A last gasp may be the very last message, and one that was sent before may be heard later.
constexpr const char* stopped_meters =
    "SELECT u.id, u.concentrator, u.feeder, u.area, extract(epoch FROM l.since)::int8, extract(epoch FROM l.ended_at)::int8, "
    "extract(epoch FROM gasp.at)::int8 FROM lately l JOIN in_use u ON u.id = l.meter_id "
    "LEFT JOIN LATERAL (SELECT min(e.at) AS at FROM event e WHERE e.meter_id = l.meter_id AND e.kind = 'power_lost' "
    "AND e.at >= l.since - interval '1 hour' AND e.at <= least(l.ended_at, $2::timestamptz)) gasp ON true";

std::string with(const char* query)
{
    return std::string{"WITH "} + meters_in_use + ", " + silences_of_the_night + query;
}

/// Of the meters that did not stop only how many hang at one place matters. Who has been silent for longer does not say that
/// the place works.
constexpr const char* other_meters =
    "SELECT u.concentrator, u.feeder, u.area, s.meter_id IS NOT NULL, count(*) FROM in_use u "
    "LEFT JOIN (SELECT DISTINCT meter_id FROM silence WHERE ended_at IS NULL) s ON s.meter_id = u.id "
    "WHERE NOT EXISTS (SELECT 1 FROM lately l WHERE l.meter_id = u.id) GROUP BY 1, 2, 3, 4";

struct Watch {
    std::vector<engine::WatchedMeter> meters; // at places where some stopped
    std::int64_t in_use = 0;
};

Watch watch_meters(Work& work, Instant from, Instant to)
{
    Watch watch;
    std::array<std::set<std::string>, engine::place_kinds> touched;
    for (const Row& row : work.run(with(stopped_meters), {from, to})) {
        watch.meters.push_back({MeterId{static_cast<std::int32_t>(row.integer(0))}, places_at(row, 1), row.instant(4),
                                row.maybe_instant(6), row.maybe_instant(5)});
        for (std::size_t kind = 0; kind < engine::place_kinds; ++kind)
            if (const std::string& name = watch.meters.back().places[kind]; !name.empty())
                touched[kind].insert(name);
    }
    watch.in_use = static_cast<std::int64_t>(watch.meters.size());
    for (const Row& row : work.run(with(other_meters), {from, to})) {
        const auto places = places_at(row, 0);
        const bool is_silent = row.boolean(3);
        watch.in_use += row.integer(4);
        bool matters = false;
        for (std::size_t kind = 0; kind < engine::place_kinds; ++kind)
            matters = matters || touched[kind].contains(places[kind]);
        if (matters && !is_silent)
            watch.meters.insert(watch.meters.end(), static_cast<std::size_t>(row.integer(4)),
                                engine::WatchedMeter{MeterId{}, places, {}, {}, {}});
    }
    return watch;
}

/// The first batch that was committed at `from` or after; numbers follow time. Batches themselves are an operator's.
std::int64_t first_batch_since(Work& work, Instant from)
{
    std::int64_t low = 1, high = work.run("SELECT coalesce(releve_complete_batch(), 0)").at(0).integer(0) + 1;
    while (low < high) {
        const std::int64_t middle = low + (high - low) / 2;
        const bool since =
            work.repeat("SELECT coalesce(releve_committed_at($1::int8) >= $2::timestamptz, false)", {middle, from})
                .at(0)
                .boolean(0);
        (since ? high : low) = since ? middle : middle + 1;
    }
    return low;
}

void add_gaps(Work& work, const ModelLookup& models, MorningReport& report)
{
    // Gaps of one model, channel and age are of one state.
    const Table rows =
        work.run("SELECT m.model, g.channel, g.estimated, extract(epoch FROM max(g.ends))::int8, count(*) FROM gap g "
                 "JOIN meter m ON m.id = g.meter_id WHERE g.closed IS NULL "
                 "GROUP BY 1, 2, 3, g.ends > $1::timestamptz, g.ends > $2::timestamptz",
                 {report.to - engine::GapPolicy{}.resend_for, report.to - engine::curve_kept_for});
    std::map<engine::GapState, std::int64_t> states;
    for (const Row& row : rows) {
        const MeterModel* model = models ? models(row.text(0)) : nullptr;
        const ChannelModel* channel =
            model != nullptr ? model->find(ChannelId{static_cast<std::int16_t>(row.integer(1))}) : nullptr;
        const engine::MissingReadings gap{row.instant(3), row.instant(3), row.boolean(2), false};
        const engine::GapPolicy policy = channel != nullptr ? engine::gap_policy_of(*channel) : engine::GapPolicy{};
        states[engine::gap_state(gap, policy, report.to)] += row.integer(4);
        report.gaps_open += row.integer(4);
    }
    for (const auto& [state, count] : states)
        report.gaps_by_state.emplace_back(engine::gap_state_row(state).name, count);
    report.gaps_closed = work.run("SELECT count(*) FROM gap WHERE closed >= $1::int8 AND closed IS NOT NULL",
                                  {first_batch_since(work, report.from)})
                             .at(0)
                             .integer(0);
}

void add_events(Work& work, MorningReport& report)
{
    const Table rows = work.run(
        "WITH last AS (SELECT DISTINCT ON (event) event, step FROM handling WHERE event IS NOT NULL ORDER BY event, id DESC) "
        "SELECT e.kind, count(*) FROM event e WHERE e.received_at >= $1::timestamptz AND e.received_at <= $2::timestamptz "
        "AND NOT EXISTS (SELECT 1 FROM last WHERE last.event = e.id AND last.step = 'closed') "
        "GROUP BY 1 ORDER BY 2 DESC, 1",
        {report.from, report.to});
    for (const Row& row : rows)
        report.events_by_kind.emplace_back(row.text(0), row.integer(1));
}

void add_outages(Work& work, MorningReport& report)
{
    const Watch watch = watch_meters(work, report.from, report.to);
    report.meters = watch.in_use;
    report.outages = engine::outages_of(watch.meters);
    for (const engine::Outage& outage : report.outages) {
        report.stopped += static_cast<std::int64_t>(outage.meters);
        report.restored += static_cast<std::int64_t>(outage.restored);
    }
}

} // namespace

result<MorningReport> ApiStore::morning(const Identity& who, Instant now)
{
    RELEVE_CHECK(may_run_fleet(who));
    MorningReport report;
    report.day = paris().day_of(now) - std::chrono::days{1};
    report.from = paris().to_instant(report.day + std::chrono::hours{18});
    report.to = now;
    return impl_->as(who, [&](Work& work) -> result<MorningReport> {
        add_outages(work, report);
        for (const auto& [rate, day] :
             {std::pair{&report.rate, report.day}, {&report.rate_week_before, report.day - std::chrono::days{7}}}) {
            RELEVE_TRY(rates, load_rates(work, impl_->models, day, RateBy::all));
            *rate = rates.at(0);
        }
        add_gaps(work, impl_->models, report);
        add_events(work, report);
        return std::move(report);
    });
}

} // namespace releve::store
