// Checks, gaps, corrections and the morning after a storm, of the fake store.

#include "fake_store.hpp"

#include <algorithm>

namespace releve::tests {

using namespace std::chrono;

namespace {

constexpr auto looked_back = days{60};

/// What a check says of the home on that day, newest first: the corrected half-hour, the missing ones.
void add_failures_of(CivilDay day, Instant now, std::vector<store::FailureRow>& out)
{
    const auto number = day.time_since_epoch().count();
    const auto at = [&](minutes of_day) { return paris().start_of(day) + of_day; };
    store::FailureRow row;
    row.meter = MeterId{1};
    row.usage_point = {own_point};
    row.channel = "active_power_import";
    row.day = day;
    row.batch = BatchNumber{number};
    const auto edited = fake_reading(paris().start_of(day) + hours(18), now);
    if (edited && edited->measured) {
        row.id = number * 10 + 2;
        row.rule = "high";
        row.severity = "doubt";
        row.from = edited->start;
        row.to = edited->start + minutes(30);
        row.value = *edited->measured;
        row.limits = {{"percent", 300}, {"floor_w", 3'000}};
        row.detail = {3'412, 31};
        out.push_back(row);
    }
    if (number % 11 == 3 && at(hours(14)) <= now) {
        row.id = number * 10 + 1;
        row.rule = "gap";
        row.severity = "note";
        row.from = at(hours(10));
        row.to = at(minutes(810));
        row.value = 7;
        row.limits = {{"missing_slots", 0}};
        row.detail = {7};
        row.cleared.reset();
        out.push_back(row);
    }
}

std::vector<store::FailureRow> all_failures(Instant now)
{
    const auto today = paris().day_of(now);
    std::vector<store::FailureRow> out;
    for (auto day = today; day > today - looked_back; day -= days{1})
        add_failures_of(day, now, out);
    const auto add = [&](std::int64_t id, int meter, const char* rule, const char* severity, std::int64_t value,
                         std::vector<std::pair<std::string, std::int64_t>> limits, std::vector<std::int64_t> detail) {
        const auto day = today - looked_back;
        out.push_back({id,
                       MeterId{meter},
                       {daily_point},
                       "active_power_import",
                       day,
                       rule,
                       severity,
                       paris().start_of(day),
                       paris().start_of(day + days{1}),
                       value,
                       std::move(limits),
                       std::move(detail),
                       Unit::watt,
                       0,
                       BatchNumber{id},
                       {},
                       {}});
    };
    add(3, 2, "sum_check", "doubt", 18'412, {{"register_counts", 2}}, {18'020, 0});
    add(2, 2, "clock", "note", 412, {{"drift_s", 60}}, {});
    add(1, 2, "duplicate", "note", 48, {{"repeated_slots", 0}}, {48});
    out.back().cleared = BatchNumber{9};
    return out;
}

bool fits(const store::FailureRow& row, const store::FailureFilter& filter)
{
    return (filter.rule.empty() || filter.rule == row.rule) && (filter.severity.empty() || filter.severity == row.severity) &&
           (!filter.meter || *filter.meter == row.meter) && (!filter.usage_point || *filter.usage_point == row.usage_point) &&
           (!filter.from || row.day >= *filter.from) && (!filter.to || row.day < *filter.to) &&
           (filter.cleared || !row.cleared);
}

bool comes_after(std::int64_t id, const store::Page& page)
{
    return page.after.empty() || id < std::stoll(page.after);
}

std::vector<store::GapRow> all_gaps(Instant now)
{
    const auto today = paris().day_of(now);
    std::vector<store::GapRow> out;
    for (auto day = today; day > today - looked_back; day -= days{1}) {
        const auto number = day.time_since_epoch().count();
        const auto start = paris().start_of(day);
        const auto add = [&](int k, Instant from, Instant to, bool estimated) {
            if (to > now)
                return;
            const bool fresh = now - to < days{3};
            const auto state = estimated ? store::GapState::estimated
                               : fresh   ? store::GapState::waiting
                                         : store::GapState::must_ask;
            out.push_back({number * 10 + k,
                           MeterId{1},
                           {own_point},
                           "active_power_import",
                           from,
                           to,
                           state,
                           to + hours(1),
                           fresh ? 2 : 9,
                           fresh ? std::optional{now + hours(2)} : std::nullopt,
                           to + days{365}});
        };
        if (number % 17 == 5)
            add(3, start, paris().start_of(day + days{1}), false);
        else if (number % 5 == 2 && fake_reading(start + hours(15), now))
            add(2, start + hours(15), start + hours(16), true);
        if (number % 17 != 5 && number % 11 == 3)
            add(1, start + hours(10), start + minutes(810), false);
    }
    return out;
}

} // namespace

result<std::vector<store::FailureRow>> FakeStore::failures(const store::Identity&, const store::FailureFilter& filter,
                                                           const store::Page& page)
{
    std::vector<store::FailureRow> out;
    for (const auto& row : all_failures(world_.now))
        if (fits(row, filter) && comes_after(row.id, page) && out.size() < static_cast<std::size_t>(page.limit))
            out.push_back(row);
    const std::lock_guard lock(world_.done);
    for (auto& row : out)
        row.handling = world_.failures_handled[row.id];
    return out;
}

result<store::FailureRow> FakeStore::failure(const store::Identity&, std::int64_t id)
{
    const auto rows = all_failures(world_.now);
    const auto found = std::ranges::find(rows, id, &store::FailureRow::id);
    if (found == rows.end())
        return fail(errc::not_found);
    auto row = *found;
    const std::lock_guard lock(world_.done);
    row.handling = world_.failures_handled[id];
    return row;
}

result<std::vector<store::GapRow>> FakeStore::gaps(const store::Identity&, const store::GapFilter& filter,
                                                   const store::Page& page, Instant now)
{
    std::vector<store::GapRow> out;
    for (const auto& row : all_gaps(now))
        if ((filter.state.empty() || filter.state == store::gap_state_name(row.state)) &&
            (!filter.meter || *filter.meter == row.meter) && (!filter.usage_point || *filter.usage_point == row.usage_point) &&
            comes_after(row.id, page) && out.size() < static_cast<std::size_t>(page.limit))
            out.push_back(row);
    return out;
}

result<std::vector<store::BreachRow>> FakeStore::breaches(const store::Identity&, const store::Page& page)
{
    const auto day = paris().day_of(world_.now) - days{2};
    std::vector<store::BreachRow> out;
    if (page.after.empty())
        out = {{2, "group", {}, "schools", "active_power_import", day, 61'200, 61'198, world_.now - hours(5)},
               {1, "index", MeterId{2}, "", "active_power_import", day, 18'020, 18'412, world_.now - hours(6)}};
    return out;
}

result<std::vector<store::JobRow>> FakeStore::jobs(const store::Identity&, const store::Page& page)
{
    std::vector<store::JobRow> out;
    if (page.after.empty())
        out = {{2, "validate", "schools", "running", "admin", "", 260, 112, world_.now - minutes(3), {}},
               {1, "ledger", "", "done", "admin", "", 260, 260, world_.now - hours(30), world_.now - hours(29)}};
    return out;
}

result<store::CorrectionRow> FakeStore::correct(const store::Identity& who, const store::CorrectionAsked& asked)
{
    RELEVE_TRY(point, usage_point(who, asked.usage_point));
    if (point.collection == store::Collection::daily)
        return fail(errc::daily_only);
    const std::lock_guard lock(world_.done);
    const auto id = static_cast<std::int64_t>(world_.corrections.size()) + 1;
    world_.corrections_asked.push_back(asked);
    world_.corrections.push_back(
        {id, asked.action, asked.reason, who.label, "waiting", "", paris().day_of(asked.from), world_.now, {}});
    return world_.corrections.back();
}

result<store::CorrectionRow> FakeStore::correction(const store::Identity&, std::int64_t id)
{
    const std::lock_guard lock(world_.done);
    const auto found = std::ranges::find(world_.corrections, id, &store::CorrectionRow::id);
    if (found == world_.corrections.end())
        return fail(errc::not_found);
    return *found;
}

result<std::vector<store::HandlingRow>> FakeStore::handle_event(const store::Identity& who, std::int64_t event,
                                                                const std::string& step, const std::string& note)
{
    RELEVE_TRY(known, events(who, {}, {}));
    if (std::ranges::find(known, event, &store::HandledEvent::id) == known.end())
        return fail(errc::not_found);
    const std::lock_guard lock(world_.done);
    world_.events_handled[event].push_back({step, note, who.label, world_.now});
    return world_.events_handled[event];
}

result<std::vector<store::HandlingRow>> FakeStore::handle_failure(const store::Identity& who, std::int64_t failure_id,
                                                                  const std::string& step, const std::string& note)
{
    RELEVE_CHECK(failure(who, failure_id));
    const std::lock_guard lock(world_.done);
    world_.failures_handled[failure_id].push_back({step, note, who.label, world_.now});
    return world_.failures_handled[failure_id];
}

result<std::vector<store::CollectionRate>> FakeStore::collection_rates(const store::Identity&, CivilDay day,
                                                                       const std::string& by)
{
    if (by.empty())
        return std::vector<store::CollectionRate>{{"", 260, 12'480, 11'957}};
    std::vector<store::CollectionRate> out;
    if (by == "hour")
        for (std::int64_t hour = 0; hour < paris().length_of(day) / hours(1); ++hour)
            out.push_back({(hour < 10 ? "0" : "") + std::to_string(hour) + ":00", 260, 520, hour >= 2 && hour < 7 ? 431 : 520});
    else if (by == "concentrator")
        out = {{"concentrator-1", 65, 3'120, 3'120}, {"concentrator-2", 65, 3'120, 2'597}, {"concentrator-3", 65, 0, 0}};
    else
        out = {{by == "area" ? "north" : "schools", 260, 12'480, 11'957}};
    return out;
}

result<store::MorningReport> FakeStore::morning(const store::Identity&, Instant now)
{
    const auto today = paris().day_of(now);
    store::MorningReport out;
    out.day = today - days{1};
    out.from = paris().start_of(out.day) + hours(18);
    out.to = now;
    const Instant storm = paris().start_of(today) + minutes(134);
    engine::Outage area{true, true,  engine::PlaceKind::area, "north", storm - minutes(40), 120, 131, 47,
                        118,  storm, storm + hours(3),        {}};
    engine::Outage concentrator{true, false, engine::PlaceKind::concentrator, "concentrator-2", storm, 61, 65, 0, 0, {},
                                {},   {}};
    for (int id = 1; id <= 120; ++id)
        area.members.push_back(MeterId{id});
    for (int id = 130; id < 191; ++id)
        concentrator.members.push_back(MeterId{id});
    out.outages = {area, concentrator};
    out.meters = 260;
    out.stopped = 181;
    out.restored = 118;
    out.rate = {"", 260, 12'480, 11'957};
    out.rate_week_before = {"", 260, 12'480, 12'471};
    out.gaps_open = 74;
    out.gaps_closed = 120;
    out.gaps_by_state = {{"waiting", 61}, {"must_ask", 11}, {"lost", 2}};
    out.events_by_kind = {{"battery_low", 1}, {"clock_alarm", 1}};
    return out;
}

} // namespace releve::tests
