// Versions, totals and groups of the fake store.

#include "fake_store.hpp"

#include <algorithm>
#include <cmath>

namespace releve::tests {

using namespace std::chrono;

namespace {

BatchNumber batch_at(Instant at)
{
    return BatchNumber{at.time_since_epoch().count()};
}

std::vector<engine::DayTotal> day_totals(CivilDay from, CivilDay to, Instant now)
{
    std::vector<engine::DayTotal> out;
    for (auto day = from; day < to && paris().start_of(day) <= now; day += days{1}) {
        const auto summary = fake_day(day, now);
        if (summary.missing == summary.slots)
            continue;
        out.push_back({day, summary.energy_wh, summary.slots, summary.missing, day.time_since_epoch().count() % 5 == 2 ? 3 : 0,
                       summary.quality});
    }
    return out;
}

result<std::vector<store::TotalsRow>> totals_rows(std::vector<engine::DayTotal> drawn, bool with_sun, engine::Period period,
                                                  CivilDay from, CivilDay to)
{
    RELEVE_TRY(of_drawn, engine::totals_by(period, drawn, from, to));
    for (auto& day : drawn) {
        day.energy_wh /= 3;
        day.estimated = 0;
    }
    RELEVE_TRY(of_injected, engine::totals_by(period, drawn, from, to));
    std::vector<store::TotalsRow> out;
    for (std::size_t i = 0; i < of_drawn.size(); ++i)
        out.push_back({of_drawn[i], with_sun ? std::optional{of_injected[i]} : std::nullopt});
    return out;
}

constexpr int roofs = 12;

std::int64_t sun_w(Instant at)
{
    const auto local = paris().to_local(at);
    const double hour = duration<double, std::ratio<3600>>(local - floor<days>(local)).count();
    return hour < 7 || hour > 19 ? 0 : static_cast<std::int64_t>(900 * roofs * std::sin((hour - 7) / 12 * 3.14159265));
}

result<store::GroupRow> group_of(const store::Identity& who, const std::string& id)
{
    if (std::ranges::count(who.organisations, "town") > 0) {
        if (id == "north-roofs")
            return store::GroupRow{id, "Roofs of the north", "town", roofs};
        if (id == "schools" || id == "1")
            return store::GroupRow{id, id == "1" ? "" : "Schools", "town", 2};
    }
    return fail(errc::not_found);
}

} // namespace

result<store::RevisionsAnswer> FakeStore::revisions(const store::Identity& who, const UsagePointId& id, Instant at,
                                                    const std::string& channel, const store::AsOf& as_of)
{
    RELEVE_TRY(answer, readings(who, id, at, at + seconds(1), channel, as_of));
    const Instant start{at.time_since_epoch() - at.time_since_epoch() % minutes(30)};
    store::RevisionsAnswer out{answer.channel, answer.unit, answer.scaler, start, answer.step, {}};
    const auto reading = fake_reading(start, world_.now);
    if (!reading)
        return out;
    const Instant came = start + hours(6), checked = start + hours(7), edited = start + hours(30);
    const auto add = [&](std::optional<std::int64_t> value, Quality quality, const char* method, const char* author, const char* reason,
                         Instant when) {
        if (!out.revisions.empty())
            out.revisions.back().superseded_by = batch_at(when);
        out.revisions.push_back({value, quality, method, author, reason, batch_at(when), when, {}});
    };
    if (reading->quality == Quality::estimated_linear) {
        add(reading->value, reading->quality, "linear", "releve", "no reading came", checked);
        return out;
    }
    add(reading->measured.value_or(reading->value), Quality::raw, "measured", "meter", "", came);
    if (reading->measured) {
        add(*reading->measured, Quality::questionable, "check", "releve", "high", checked);
        add(reading->value, Quality::edited, "set", "operator of the tests", "The oven was being tested", edited);
        if (world_.undone)
            add({}, Quality::raw, "undo", "operator of the tests", "The wrong day", edited + hours(1));
    }
    return out;
}

result<store::TotalsAnswer> FakeStore::totals(const store::Identity& who, const UsagePointId& id, engine::Period period,
                                              CivilDay from, CivilDay to, const store::AsOf& as_of)
{
    RELEVE_TRY(point, usage_point(who, id));
    if (point.energy == "gas")
        return fail(errc::bad_parameter, "period: totals are of electricity");
    RELEVE_TRY(rows, totals_rows(day_totals(from, to, world_.now), false, period, from, to));
    return store::TotalsAnswer{id.value, point.zone, period, std::move(rows), 1, number_of(as_of)};
}

result<std::vector<store::GroupRow>> FakeStore::groups(const store::Identity& who, const store::Page& page, Instant)
{
    std::vector<store::GroupRow> out;
    for (const char* id : {"1", "north-roofs", "schools"})
        if (const auto row = group_of(who, id); row && id > page.after && out.size() < static_cast<std::size_t>(page.limit))
            out.push_back(*row);
    return out;
}

result<std::vector<store::GroupMemberRow>> FakeStore::group_members(const store::Identity& who, const std::string& group,
                                                                    const store::Page& page)
{
    RELEVE_CHECK(group_of(who, group));
    const auto today = paris().day_of(world_.now);
    std::vector<store::GroupMemberRow> out;
    if (page.after.empty())
        out = {{{own_point}, today - days{400}, {}}, {{daily_point}, CivilDay{}, today - days{10}}};
    out.resize(std::min(out.size(), static_cast<std::size_t>(page.limit)));
    return out;
}

result<store::TotalsAnswer> FakeStore::group_totals(const store::Identity& who, const std::string& group, engine::Period period,
                                                    CivilDay from, CivilDay to, const store::AsOf& as_of)
{
    RELEVE_TRY(row, group_of(who, group));
    auto drawn = day_totals(from, to, world_.now);
    for (auto& day : drawn) {
        day.energy_wh *= row.members;
        day.slots *= row.members;
        day.missing *= row.members;
        day.estimated *= row.members;
    }
    RELEVE_TRY(rows, totals_rows(std::move(drawn), group == "north-roofs", period, from, to));
    return store::TotalsAnswer{group,           "Europe/Paris", period, std::move(rows), static_cast<std::size_t>(row.members),
                               number_of(as_of)};
}

result<store::GroupCurve> FakeStore::group_curve(const store::Identity& who, const std::string& group, Instant from, Instant to,
                                                 const store::AsOf& as_of)
{
    RELEVE_TRY(row, group_of(who, group));
    store::GroupCurve out{group, "Europe/Paris", {}, {}, {}, static_cast<std::size_t>(row.members), number_of(as_of)};
    std::vector<engine::SlotBalance> balances;
    for (auto at = from; at < to; at += minutes(30)) {
        const auto power = fake_power_w(at, world_.now);
        store::GroupSlot slot{.start = at, .drawn = {}, .injected = {}, .used_own = {}, .expected = row.members};
        if (power) {
            slot.drawn = *power * row.members;
            slot.present = row.members;
            if (group == "north-roofs")
                slot.injected = sun_w(at);
        }
        balances.push_back({slot.drawn, slot.injected});
        out.slots.push_back(slot);
    }
    RELEVE_TRY(own, engine::own_use(balances));
    for (std::size_t i = 0; i < out.slots.size(); ++i)
        out.slots[i].used_own = own.used[i];
    out.self_consumption_permille = own.self_consumption_permille();
    out.self_sufficiency_permille = own.self_sufficiency_permille();
    return out;
}

} // namespace releve::tests
