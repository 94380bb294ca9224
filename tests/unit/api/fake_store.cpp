#include "fake_store.hpp"

#include <releve/engine/gas.hpp>

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
    add("gas_household", Role::household, {}, {{own_point}, {gas_point}});
    const auto place = [&](const std::string& point, store::Collection collection, const char* name,
                           const char* organisation) {
        points[point] = {{point}, "electricity", "Europe/Paris", collection, name, "dwelling", organisation, "north"};
    };
    place(own_point, store::Collection::half_hour, "12 rue des Lilas", "town");
    place(daily_point, store::Collection::daily, "3 place du Marché", "town");
    place(gas_point, store::Collection::half_hour, "12 rue des Lilas", "town");
    points[gas_point].energy = "gas";
    place(other_point, store::Collection::half_hour, "Elsewhere", "elsewhere");
    book = std::make_shared<const engine::TariffBook>(fake_book(at));
    corrections.push_back({1, "accept", "The heating was tried out", "operator of the tests", "done", "", paris().day_of(at) - days{3},
                           at - hours(40), BatchNumber{7}});
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

std::optional<store::ReadingRow> fake_reading(Instant start, Instant now)
{
    const auto power = fake_power_w(start, now);
    if (!power)
        return std::nullopt;
    store::ReadingRow row{start, *power, Quality::raw, {}};
    const auto local = paris().to_local(start);
    const auto day = floor<days>(local);
    if (day.time_since_epoch().count() % 5 != 2)
        return row;
    const auto of_day = local - day;
    if (of_day == hours(15) || of_day == minutes(930))
        row.quality = Quality::estimated_linear;
    if (of_day == hours(18)) {
        row.quality = Quality::edited;
        row.measured = *power + 11'000;
    }
    return row;
}

engine::DaySummary fake_day(CivilDay day, Instant now)
{
    engine::DaySummary summary;
    summary.slots = static_cast<int>(paris().length_of(day) / minutes(30));
    std::int64_t watts = 0;
    Quality worst = Quality::valid;
    for (auto at = paris().start_of(day); at < paris().start_of(day + days{1}); at += minutes(30)) {
        const auto reading = fake_reading(at, now);
        watts += reading ? reading->value : 0;
        summary.missing += reading ? 0 : 1;
        summary.estimated += reading && reading->quality != Quality::raw ? 1 : 0;
        worst = reading ? worse(worst, reading->quality) : worst;
    }
    summary.energy_wh = watts / 2;
    summary.quality = summary.missing == 0               ? worst
                      : summary.missing == summary.slots ? Quality::missing
                                                         : Quality::incomplete;
    return summary;
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

std::optional<BatchNumber> number_of(const store::AsOf& as_of)
{
    return as_of.instant ? BatchNumber{as_of.instant->time_since_epoch().count()} : as_of.batch;
}

namespace {
/// Two days in 23 share one amount; from one Thursday on there is another coefficient; each Monday's index is doubtful.
store::RegisterDays fake_gas_days(CivilDay from, CivilDay to, Instant now)
{
    const auto number = [](CivilDay day) { return day.time_since_epoch().count(); };
    const auto index_dm3 = [&](CivilDay day) { return 9'000 * (number(day) - 18'000) + 700 * (number(day) % 7); };
    const auto start_of = [](CivilDay day) { return paris().start_of(day, engine::gas_day_start); };
    store::RegisterDays out{"volume_index", Unit::cubic_metre, -3, engine::gas_day_start, {}, {}};
    for (auto day = from; day < to; day += days{1}) {
        store::RegisterDayRow row{.day = day, .amount = {}};
        const auto of_23 = number(day) % 23;
        const auto first = day - days{of_23 == 6 ? 1 : 0};
        const bool hole = of_23 == 5 || of_23 == 6;
        row.kwh_per_m3_e5 = number(day) < 19'800 ? 1'117'000 : 1'098'500;
        if (start_of(day) <= now && of_23 != 6)
            row.index_start = index_dm3(day);
        if (start_of(day + days{1}) <= now && of_23 != 5)
            row.index_end = index_dm3(day + days{1});
        if (hole && start_of(first + days{2}) <= now) {
            const auto amount = index_dm3(first + days{2}) - index_dm3(first);
            row.covering = store::CoveringStretch{first, first + days{2}, amount, amount * *row.kwh_per_m3_e5 / 100'000, true};
            row.quality = Quality::raw;
        } else if (row.index_start && row.index_end) {
            row.amount = *row.index_end - *row.index_start;
            row.energy_wh = engine::energy_wh_of(*row.amount, *row.kwh_per_m3_e5).value();
            row.quality = Quality::raw;
        }
        if (number(day) % 7 == 4)
            out.faults.push_back({engine::RegisterFault::Kind::conflicting, start_of(day), 1, 2});
        out.days.push_back(row);
    }
    return out;
}
} // namespace

result<store::DailyAnswer> FakeStore::daily(const store::Identity& who, const UsagePointId& id, CivilDay from,
                                            CivilDay to, const std::string& channel, const store::AsOf& as_of)
{
    RELEVE_TRY(point, usage_point(who, id));
    if (point.energy == "gas")
        return store::DailyAnswer{id, point.zone, {}, number_of(as_of), fake_gas_days(from, to, world_.now)};
    if (!channel.empty() && channel != "active_power_import")
        return fail(errc::bad_parameter, "channel: this meter has no such channel");
    store::DailyAnswer out{id, point.zone, {}, number_of(as_of)};
    for (auto day = from; day < to; day += days{1})
        out.days.push_back({day, fake_day(day, world_.now)});
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
        if (const auto reading = fake_reading(at, world_.now))
            out.readings.push_back(*reading);
    return out;
}

result<std::vector<store::CoefficientRow>> FakeStore::coefficients(const store::Identity& who, const UsagePointId& id,
                                                                   const store::Page& page)
{
    RELEVE_TRY(point, usage_point(who, id));
    if (point.energy != "gas" || !page.after.empty())
        return std::vector<store::CoefficientRow>{};
    const CivilDay changed{days{19'800}};
    return std::vector<store::CoefficientRow>{{1, {}, changed, 1'117'000, world_.now - days{900}, {}},
                                              {2, changed, {}, 1'098'500, world_.now - days{30}, {}}};
}

result<std::vector<store::LiveRow>> FakeStore::live(const store::Identity& who, const UsagePointId& id)
{
    RELEVE_TRY(point, usage_point(who, id));
    if (point.collection == store::Collection::daily)
        return fail(errc::daily_only);
    return std::vector<store::LiveRow>{{"EAST", world_.now, 7'654'321, Unit::watt_hour, 0, 1},
                                       {"NEWER", world_.now, 1'234, Unit::volt, -1, 1},
                                       {"SINSTS", world_.now, 812, Unit::volt_ampere, 0, 1}};
}

result<std::vector<store::LiveRow>> FakeStore::live_half_hours(const store::Identity& who, const UsagePointId& id,
                                                               Instant from, Instant to)
{
    RELEVE_TRY(values, live(who, id));
    std::vector<store::LiveRow> out;
    for (auto at = from; at < to && at < world_.now; at += minutes(30))
        out.push_back({"SINSTS", at, values.back().value, Unit::volt_ampere, 0, 17});
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
    if (silent)
        row.state_since = world_.now - hours(80);
    if (unseen)
        row.last_accepted_at.reset();
    else if (silent)
        row.last_accepted_at = world_.now - hours(80);
    row.refused_24h = refused ? 4 : 0;
    if (id.value == 2)
        row.reception = store::ReceptionRow{"hill-7", -93, world_.now - minutes(2), 3};
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

result<std::vector<store::HandledEvent>> FakeStore::events(const store::Identity&, const store::EventFilter& filter,
                                                       const store::Page& page)
{
    const OwnWords battery_low{"Battery low", "Pile faible", "The battery must be replaced.", "La pile doit être remplacée."};
    const std::vector<store::HandledEvent> all{{{4, MeterId{3}, "clock_alarm", "412 s", world_.now - minutes(2), world_.now, {}}, {}},
                                           {{3, MeterId{2}, "battery_low", "", world_.now - minutes(5), world_.now, battery_low}, {}},
                                           {{2, MeterId{1}, "tamper", "the cover was opened", world_.now - hours(3), world_.now, {}}, {}},
                                           {{1, MeterId{1}, "battery_low", "", world_.now - hours(50), world_.now, battery_low}, {}}};
    std::vector<store::HandledEvent> out;
    for (const auto& row : all)
        if ((filter.kind.empty() || filter.kind == row.kind) && (!filter.meter || *filter.meter == row.meter) &&
            (!filter.from || row.at >= *filter.from) && (!filter.to || row.at < *filter.to) &&
            (page.after.empty() || row.id < std::stoll(page.after)) && out.size() < static_cast<std::size_t>(page.limit))
            out.push_back(row);
    const std::lock_guard lock(world_.done);
    for (auto& row : out)
        row.handling = world_.events_handled[row.id];
    return out;
}

result<std::vector<store::GatewayRow>> FakeStore::gateways(const store::Identity&, const store::Page& page)
{
    std::vector<store::GatewayRow> out;
    if (page.after.empty())
        out = {{"hill-7", "town", "Water tower", false, {}, world_.now - minutes(2), 8'812},
               {"roof-1", "town", "", true, world_.now - hours(9), {}, 0}};
    return out;
}

result<std::vector<store::CommandShown>> FakeStore::commands(const store::Identity& who, MeterId id, const store::Page&)
{
    RELEVE_CHECK(meter(who, id, world_.now));
    return std::vector<store::CommandShown>{{9, "set_clock", "Sets the clock", "done", "ok", "admin", 1, world_.now - hours(30),
                                             world_.now + hours(30), world_.now - hours(20), world_.now - hours(19)},
                                            {4, "read_parameters", "Reads 01, 02", "queued", "", "admin", 0,
                                             world_.now - hours(40), world_.now + hours(30), {}, {}}};
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
