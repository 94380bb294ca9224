#include <releve/app/fleet_storm.hpp>

#include <releve/app/series_files.hpp>

#include "json_lines.hpp"
#include "json_node.hpp"

namespace releve::app {

namespace {

using sim::Cause;

constexpr std::int64_t storm_seconds_max = 366 * 86'400;
constexpr std::int64_t storm_meters_max = 1'000'000;
constexpr std::int64_t flood_times_max = 10'000;

constexpr std::pair<std::string_view, Cause::Kind> cause_kinds[] = {{"area_lost", Cause::Kind::area_lost},
                                                                    {"concentrator_down", Cause::Kind::concentrator_down},
                                                                    {"alarm_flood", Cause::Kind::alarm_flood}};

sim::PlaceRow read_place_row(const JsonNode& node)
{
    node.only({"area", "concentrator", "meters"});
    return {.area = node.at("area").text(),
            .concentrator = node.at("concentrator").text(),
            .meters = static_cast<std::size_t>(node.at("meters").integer(1, storm_meters_max))};
}

Instant read_storm_instant(const JsonNode& node)
{
    const auto at = parse_instant(node.text());
    if (!at)
        node.fail(at.error().detail);
    return at ? *at : Instant{};
}

Seconds read_storm_seconds(const JsonNode& node, std::int64_t least)
{
    return Seconds{node.integer(least, storm_seconds_max)};
}

int read_percent(const JsonNode& node, std::string_view key)
{
    return node.has(key) ? static_cast<int>(node.at(key).integer(0, 100)) : 0;
}

std::optional<sim::Return> read_return(const JsonNode& node)
{
    if (!node.has("return"))
        return std::nullopt;
    const JsonNode back = node.at("return");
    back.only({"after_s", "over_s", "hole_percent"});
    return sim::Return{.after = read_storm_seconds(back.at("after_s"), sim::slot_length.count()),
                       .over = back.has("over_s") ? read_storm_seconds(back.at("over_s"), 0) : Seconds{0},
                       .hole_percent = read_percent(back, "hole_percent")};
}

void read_flood(const JsonNode& node, Cause& cause)
{
    node.only({"kind", "at", "meters", "alarm", "times", "every_s"});
    cause.meters = static_cast<std::size_t>(node.at("meters").integer(1, storm_meters_max));
    cause.times = static_cast<std::size_t>(node.at("times").integer(1, flood_times_max));
    if (node.has("every_s"))
        cause.every = read_storm_seconds(node.at("every_s"), sim::slot_length.count());
    if (!node.has("alarm"))
        return;
    const auto alarm = sim::alarm_from_name(node.at("alarm").text());
    if (!alarm)
        node.at("alarm").fail("must be power_lost, power_restored or cover_opened");
    cause.alarm = alarm.value_or(cause.alarm);
}

Cause read_cause(const JsonNode& node)
{
    Cause cause;
    cause.kind = node.at("kind").one_of<Cause::Kind>(cause_kinds);
    cause.at = read_storm_instant(node.at("at"));
    switch (cause.kind) {
    case Cause::Kind::area_lost:
        node.only({"kind", "at", "area", "last_gasp_percent", "return"});
        cause.place = node.at("area").text();
        cause.last_gasp_percent = read_percent(node, "last_gasp_percent");
        cause.back = read_return(node);
        break;
    case Cause::Kind::concentrator_down:
        node.only({"kind", "at", "concentrator", "return"});
        cause.place = node.at("concentrator").text();
        cause.back = read_return(node);
        break;
    case Cause::Kind::alarm_flood:
        read_flood(node, cause);
        break;
    }
    return cause;
}

} // namespace

result<sim::Storm> parse_storm(std::string_view json, const std::string& file_name)
{
    const JsonLines lines{json};
    std::optional<JsonProblem> problem = lines.problem();
    if (problem)
        return fail(errc::bad_parameter, describe(lines, *problem, file_name));
    const auto document = nlohmann::json::parse(json);
    const JsonNode root{document, "", problem};
    root.only({"places", "causes"});
    sim::Storm storm;
    for (const JsonNode& row : root.at("places").items())
        storm.places.push_back(read_place_row(row));
    for (const JsonNode& cause : root.at("causes").items())
        storm.causes.push_back(read_cause(cause));
    if (problem)
        return fail(errc::bad_parameter, describe(lines, *problem, file_name));
    return storm;
}

result<FleetStorm> load_storm(const std::string& path, std::size_t meters, std::uint64_t seed,
                              std::span<const sim::Push> pushes)
{
    RELEVE_TRY(text, read_text_file(path));
    FleetStorm out;
    RELEVE_TRY(storm, parse_storm(text, path));
    out.storm = std::move(storm);
    auto plan = sim::plan_storm(out.storm, meters, seed);
    if (!plan)
        return fail(plan.error().code, path + ": " + plan.error().detail);
    out.plan = std::move(*plan);
    std::size_t messages = 0;
    for (const sim::Fate& fate : out.plan.fates) {
        out.acts.push_back(sim::acts_of(fate, out.storm, pushes));
        messages += out.acts.back().size();
        if (messages > storm_messages_max)
            return fail(errc::bad_parameter, path + ": more than " + std::to_string(storm_messages_max) + " messages");
    }
    return out;
}

} // namespace releve::app
