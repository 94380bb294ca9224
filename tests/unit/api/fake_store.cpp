#include "fake_store.hpp"

#include <algorithm>
#include <cmath>

namespace releve::tests {

using namespace std::chrono;
using store::Role;

FakeWorld::FakeWorld(Instant at) : now(at)
{
    std::int64_t id = 0;
    const auto add = [&](const std::string& token, Role role, std::vector<std::string> organisations,
                         std::vector<UsagePointId> own) {
        const auto key = api::token_key(token);
        identities[key] = store::Identity{key, ++id, role, token + " of the tests", std::move(organisations),
                                          std::move(own)};
    };
    add("operator", Role::operator_, {"town"}, {});
    add("energy_manager", Role::energy_manager, {"town"}, {});
    add("auditor", Role::auditor, {"town"}, {});
    add("household", Role::household, {}, {{own_point}});
    add("daily_household", Role::household, {}, {{daily_point}});
    const auto place = [&](const std::string& point, store::Collection collection, const char* name,
                           const char* organisation) {
        points[point] = {{point}, "electricity", "Europe/Paris", collection, name, "dwelling", organisation, "north"};
    };
    place(own_point, store::Collection::half_hour, "12 rue des Lilas", "town");
    place(daily_point, store::Collection::daily, "3 place du Marché", "town");
    place(other_point, store::Collection::half_hour, "Elsewhere", "elsewhere");
}

bool FakeWorld::may_see(const store::Identity& who, const std::string& id) const
{
    const auto found = points.find(id);
    return found != points.end() && (std::ranges::count(who.usage_points, UsagePointId{id}) > 0 ||
                                     std::ranges::count(who.organisations, found->second.organisation) > 0);
}

std::optional<std::int64_t> fake_power_w(Instant start, Instant now)
{
    if (start + minutes(30) > now)
        return std::nullopt;
    const auto local = paris().to_local(start);
    const auto day = floor<days>(local);
    const auto number = day.time_since_epoch().count();
    const double hour = duration<double, std::ratio<3600>>(local - day).count();
    if (number % 17 == 5) // a whole day is missing now and then
        return std::nullopt;
    if (number % 11 == 3 && hour >= 10 && hour < 13.5)
        return std::nullopt;
    const auto bump = [hour](double at, double width, double watts) {
        return watts * std::exp(-(hour - at) * (hour - at) / (2 * width * width));
    };
    const double season = 1.0 + 0.25 * std::sin(static_cast<double>(number) * 0.9) +
                          0.1 * std::sin(static_cast<double>(number) * 2.3);
    const double noise = static_cast<double>((number * 48 + static_cast<long>(hour * 2)) * 2654435761U % 97) / 97.0;
    const double watts =
        180 + season * (bump(7.5, 0.9, 950) + bump(12.6, 0.8, 700) + bump(19.5, 1.6, 1500) + bump(2.0, 1.2, 1100)) +
        120 * noise;
    return static_cast<std::int64_t>(watts);
}

result<store::Identity> FakeStore::authenticate(const std::string& key, Instant)
{
    ++world_.calls;
    if (world_.entered)
        world_.entered->release();
    if (world_.gate)
        world_.gate->acquire();
    ping();
    const auto found = world_.identities.find(key);
    if (found == world_.identities.end())
        return fail(errc::unauthorized);
    return found->second;
}

void FakeStore::ping()
{
    if (world_.database_lost)
        throw std::runtime_error("the database went away");
}

result<std::vector<store::UsagePointRow>> FakeStore::list_usage_points(const store::Identity& who,
                                                                       const store::Page& page)
{
    std::vector<store::UsagePointRow> out;
    for (const auto& [id, row] : world_.points)
        if (world_.may_see(who, id) && id > page.after && out.size() < static_cast<std::size_t>(page.limit))
            out.push_back(row);
    return out;
}

result<std::string> FakeStore::zone_name(const store::Identity& who, const UsagePointId& id)
{
    RELEVE_TRY(point, usage_point(who, id));
    return point.zone;
}

result<store::UsagePointRow> FakeStore::usage_point(const store::Identity& who, const UsagePointId& id)
{
    if (!world_.may_see(who, id.value))
        return fail(errc::not_found);
    return world_.points.at(id.value);
}

namespace {
/// A batch began each second since 1970.
std::optional<BatchNumber> number_of(const store::AsOf& as_of)
{
    return as_of.instant ? BatchNumber{as_of.instant->time_since_epoch().count()} : as_of.batch;
}
} // namespace

result<store::DailyAnswer> FakeStore::daily(const store::Identity& who, const UsagePointId& id, CivilDay from,
                                            CivilDay to, const std::string& channel, const store::AsOf& as_of)
{
    RELEVE_TRY(point, usage_point(who, id));
    if (!channel.empty() && channel != "active_power_import")
        return fail(errc::bad_parameter, "channel: this meter has no such channel");
    store::DailyAnswer out{id, point.zone, {}, number_of(as_of)};
    for (auto day = from; day < to; day += days{1}) {
        engine::DaySummary summary;
        summary.slots = static_cast<int>(paris().length_of(day) / minutes(30));
        std::int64_t watts = 0;
        for (auto at = paris().start_of(day); at < paris().start_of(day + days{1}); at += minutes(30)) {
            const auto power = fake_power_w(at, world_.now);
            watts += power.value_or(0);
            summary.missing += power ? 0 : 1;
        }
        summary.energy_wh = watts / 2;
        summary.quality = summary.missing == 0               ? Quality::raw
                          : summary.missing == summary.slots ? Quality::missing
                                                             : Quality::incomplete;
        out.days.push_back({day, summary});
    }
    return out;
}

result<store::ReadingsAnswer> FakeStore::readings(const store::Identity& who, const UsagePointId& id, Instant from,
                                                  Instant to, const std::string& channel, const store::AsOf& as_of)
{
    RELEVE_TRY(point, usage_point(who, id));
    if (!channel.empty() && channel != "active_power_import")
        return fail(errc::bad_parameter, "channel: this meter has no such channel");
    if (point.collection == store::Collection::daily)
        return fail(errc::daily_only);
    store::ReadingsAnswer out{"active_power_import", Unit::watt, world_.scaler, minutes(30), {}, number_of(as_of)};
    for (auto at = from; at < to; at += minutes(30))
        if (const auto power = fake_power_w(at, world_.now))
            out.readings.push_back({at, *power, Quality::raw});
    return out;
}

result<std::vector<store::AccessRow>> FakeStore::accesses(const store::Identity& who, const UsagePointId& id,
                                                          const store::Page& page)
{
    RELEVE_CHECK(usage_point(who, id));
    if (!page.after.empty())
        return std::vector<store::AccessRow>{};
    const auto today = paris().day_of(world_.now);
    std::vector<store::AccessRow> out(3);
    out[0] = {3, world_.now - minutes(3), "household", "You, on this page", "daily", today - days{30}, today};
    out[1] = {2, world_.now - hours(20), "energy_manager", "=Town hall, energy desk", "readings", today - days{2},
              today - days{1}};
    out[2] = {1, world_.now - hours(70), "auditor", "Data protection officer", "accesses", {}, {}};
    return out;
}

result<std::vector<store::MeterRow>> FakeStore::list_meters(const store::Identity& who, const store::Page& page, Instant)
{
    const int after = page.after.empty() ? 0 : std::stoi(page.after);
    std::vector<store::MeterRow> out;
    for (int id = after + 1; id <= world_.meters && out.size() < static_cast<std::size_t>(page.limit); ++id)
        out.push_back(meter(who, MeterId{id}, world_.now).value());
    return out;
}

result<store::MeterRow> FakeStore::meter(const store::Identity&, MeterId id, Instant)
{
    if (id.value < 1 || id.value > world_.meters)
        return fail(errc::not_found);
    const auto digits = std::to_string(100000 + id.value);
    const bool silent = id.value % 9 == 4, refused = id.value % 13 == 6, unseen = id.value % 29 == 20;
    store::MeterRow row{id,         "4c4b590000" + digits, "0213760" + digits, "dlms",
                        "linky",    "authenticated_encrypted", "strict", "concentrator-" + std::to_string(1 + id.value % 4),
                        "north",    "on_time", world_.now - minutes(id.value % 60), "", 0};
    if (id.value == 1)
        row.usage_point = own_point;
    if (silent || unseen || refused)
        row.state = unseen ? "never_seen" : refused ? "refused" : "silent";
    if (unseen)
        row.last_accepted_at.reset();
    else if (silent)
        row.last_accepted_at = world_.now - hours(80);
    row.refused_24h = refused ? 4 : 0;
    return row;
}

result<std::vector<store::QuarantineRow>> FakeStore::quarantine(const store::Identity&, const std::string& reason,
                                                                const store::Page& page)
{
    std::vector<store::QuarantineRow> out;
    const auto add = [&](std::int64_t id, FrameState state, const char* detail) {
        if ((reason.empty() || reason == frame_state_name(state)) && page.after.empty())
            out.push_back({id, state, detail, world_.now - minutes(id), "192.0.2.7", "4c4b590000100006", MeterId{6}, 41,
                           412, {}});
    };
    add(1, FrameState::wrong_key, "the tag verifies under no key of generation 1 or 2");
    add(2, FrameState::replay, "counter 41 over other bytes");
    add(3, FrameState::unknown_meter, "");
    return out;
}

result<store::OperationsSummary> FakeStore::operations(const store::Identity&, Instant)
{
    store::OperationsSummary out;
    std::map<std::string, std::int64_t> states;
    for (int id = 1; id <= world_.meters; ++id)
        ++states[meter({}, MeterId{id}, world_.now).value().state];
    out.meters_by_state.assign(states.begin(), states.end());
    out.refused_by_reason = {{"wrong_key", 14}, {"replay", 3}, {"unknown_meter", 7}};
    out.readings_last_minute = 9'120;
    out.readings_total = 48'213'577;
    return out;
}

} // namespace releve::tests
