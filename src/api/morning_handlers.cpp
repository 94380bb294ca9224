// How much of what was expected has arrived, and what stopped in the night.

#include <releve/api/handlers.hpp>

#include "asked.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace releve::api {
namespace {

using MorningJson = nlohmann::ordered_json;
constexpr std::size_t outage_members_max = 100;

/// "99.2" with one decimal, rounded down: 100.0 is all of it. Empty where nothing was expected.
std::string percent_digits(const store::CollectionRate& rate)
{
    if (rate.expected <= 0)
        return {};
    // Intervals of a fleet's day are far from 64 bits.
    return scaled_digits(rate.arrived * 1'000 / rate.expected, -1);
}

const std::vector<std::string_view> rate_columns{"of", "meters", "expected", "arrived", "percent"};
std::vector<Cell> rate_row(const store::CollectionRate& rate)
{
    auto digits = percent_digits(rate);
    return {optional_cell(rate.of), number_cell(rate.meters), number_cell(rate.expected), number_cell(rate.arrived),
            digits.empty() ? no_cell() : digits_cell(std::move(digits))};
}

MorningJson instant_json(const std::optional<Instant>& at)
{
    return at ? MorningJson(to_iso8601(*at)) : MorningJson(nullptr);
}

MorningJson outage_json(const engine::Outage& outage)
{
    auto members = MorningJson::array();
    for (std::size_t i = 0; i < std::min(outage.members.size(), outage_members_max); ++i)
        members.push_back(outage.members[i].value);
    return {{"kind", outage.common ? MorningJson(engine::place_kind_name(outage.kind)) : MorningJson(nullptr)},
            {"place", outage.common ? MorningJson(outage.place) : MorningJson(nullptr)},
            {"cause", outage.power_lost ? "power" : "link"},
            {"since", to_iso8601(outage.since)},
            {"meters", outage.meters},
            {"of", outage.of},
            {"last_gasps", outage.last_gasps},
            {"restored", outage.restored},
            {"first_restored_at", instant_json(outage.first_restored_at)},
            {"last_restored_at", instant_json(outage.last_restored_at)},
            {"members", std::move(members)}};
}

std::string rate_json(const store::CollectionRate& rate, CivilDay day)
{
    auto columns = rate_columns;
    auto cells = rate_row(rate);
    columns.front() = "day";
    cells.front() = text_cell(to_iso8601(day));
    return write_object(columns, cells);
}

std::string counted(const std::vector<std::pair<std::string, std::int64_t>>& rows, const char* name)
{
    auto out = MorningJson::array();
    for (const auto& [key, count] : rows)
        out.push_back({{name, key}, {"count", count}});
    return out.dump();
}

} // namespace

result<Response> list_collection(const Call& call)
{
    constexpr std::array<std::string_view, 4> choices{"hour", "concentrator", "area", "group"};
    const auto text = call.request.parameter("date");
    RELEVE_TRY(moment, parse_moment("date", text));
    const auto* day = std::get_if<CivilDay>(&moment);
    if (day == nullptr)
        return fail(errc::bad_parameter, "date: must be a date (2024-01-31)");
    RELEVE_TRY(by, read_choice("by", call.request.parameter("by"), choices));
    RELEVE_TRY(rates, call.store->collection_rates(call.identity, *day, by));
    Listing out{.before = {{"date", text_cell(to_iso8601(*day))}, {"by", optional_cell(by)}},
                .items = "rates",
                .columns = rate_columns,
                .file_name = "releve-collection-" + to_iso8601(*day) + (by.empty() ? "" : "-by-" + by)};
    for (const auto& rate : rates)
        out.rows.push_back(rate_row(rate));
    return respond(out, call.request);
}

result<Response> show_morning(const Call& call)
{
    if (const auto format = call.request.parameter("format"); !format.empty() && format != "json")
        return fail(errc::not_acceptable, "format: json is available");
    RELEVE_TRY(report, call.store->morning(call.identity, call.services.clock()));
    auto outages = MorningJson::array();
    for (const auto& outage : report.outages)
        outages.push_back(outage_json(outage));
    const auto gaps =
        write_object({"open", "closed", "by_state"}, {number_cell(report.gaps_open), number_cell(report.gaps_closed),
                                                      json_cell(counted(report.gaps_by_state, "state"))});
    const auto body = write_json(
        {"from", "to", "meters", "stopped", "restored", "outages", "collection", "collection_week_before", "gaps", "events"},
        {text_cell(to_iso8601(report.from)), text_cell(to_iso8601(report.to)), number_cell(report.meters),
         number_cell(report.stopped), number_cell(report.restored),
         json_cell(outages.dump(-1, ' ', false, MorningJson::error_handler_t::replace)),
         json_cell(rate_json(report.rate, report.day)),
         json_cell(rate_json(report.rate_week_before, report.day - std::chrono::days{7})), json_cell(gaps),
         json_cell(counted(report.events_by_kind, "kind"))});
    return respond_json(body, call.request);
}

} // namespace releve::api
