#include <releve/api/handlers.hpp>

#include "asked.hpp"
#include "paging.hpp"
#include "words.hpp"

namespace releve::api {
namespace {

constexpr int daily_days_max = 1'100, readings_days_max = 400;

const std::vector<std::string_view> point_columns{"id",        "energy",    "zone",         "collection",
                                                  "site_name", "site_kind", "organisation", "area"};

std::vector<Cell> point_row(const store::UsagePointRow& row)
{
    return {text_cell(row.id.value),
            text_cell(row.energy),
            text_cell(row.zone),
            text_cell(store::collection_name(row.collection)),
            optional_cell(row.site_name),
            optional_cell(row.site_kind),
            optional_cell(row.organisation),
            optional_cell(row.area)};
}

/// 1117000 as "11.17".
std::string coefficient_text(std::int64_t kwh_per_m3_e5)
{
    std::string text = scaled_digits(kwh_per_m3_e5, -5);
    text.resize(text.find_last_not_of('0') + 1);
    if (text.ends_with('.'))
        text.pop_back();
    return text;
}

std::string clock_text(Seconds day_start)
{
    const auto two_digits = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    return two_digits(day_start.count() / 3600) + ":" + two_digits(day_start.count() / 60 % 60);
}

std::string faults_json(std::span<const engine::RegisterFault> faults)
{
    std::string out;
    for (const auto& fault : faults)
        out += (out.empty() ? "" : ",") + std::string("{\"kind\":\"") +
               std::string(register_faults.at(static_cast<std::size_t>(fault.kind)).name) + "\",\"at\":\"" +
               to_iso8601(fault.at) + "\"}";
    return "[" + out + "]";
}

/// Gas has a volume and the energy derived from it, electricity the energy alone.
std::vector<Cell> register_row(const store::RegisterDayRow& row, bool gas, int scaler)
{
    const auto index = [scaler](const auto& value) {
        return value ? digits_cell(scaled_digits(*value, scaler)) : no_cell();
    };
    std::vector<Cell> cells{text_cell(to_iso8601(row.day))};
    if (gas)
        cells.insert(cells.end(),
                     {maybe_number_cell(row.amount), maybe_number_cell(row.energy_wh),
                      row.kwh_per_m3_e5 ? text_cell(coefficient_text(*row.kwh_per_m3_e5)) : no_cell()});
    else
        cells.push_back(maybe_number_cell(row.amount));
    cells.insert(cells.end(), {index(row.index_start), index(row.index_end), text_cell(quality_name(row.quality))});
    if (!row.covering) {
        cells.resize(cells.size() + (gas ? 5 : 4));
        return cells;
    }
    const auto& covering = *row.covering;
    cells.insert(cells.end(), {text_cell(to_iso8601(covering.from)), text_cell(to_iso8601(covering.to)),
                               number_cell(covering.amount)});
    if (gas)
        cells.push_back(maybe_number_cell(covering.energy_wh));
    cells.push_back(boolean_cell(covering.complete));
    return cells;
}

void add_registers(Listing& out, const store::RegisterDays& registers)
{
    const bool gas = registers.unit == Unit::cubic_metre;
    out.before.insert(out.before.end(), {{"channel", text_cell(registers.channel)},
                                         {"unit", text_cell(unit_symbol(registers.unit))},
                                         {"day_start", text_cell(clock_text(registers.day_start))}});
    if (gas)
        out.columns = {"date",           "volume_dm3",    "energy_wh",   "kwh_per_m3",          "index_start",        "index_end",
                       "quality",        "covering.from", "covering.to", "covering.volume_dm3", "covering.energy_wh", "covering.complete"};
    else
        out.columns = {"date",          "energy_wh",   "index_start",        "index_end",        "quality",
                       "covering.from", "covering.to", "covering.energy_wh", "covering.complete"};
    for (const auto& row : registers.days)
        out.rows.push_back(register_row(row, gas, registers.scaler));
    out.after.push_back({"faults", json_cell(faults_json(registers.faults))});
}

} // namespace

result<Response> list_usage_points(const Call& call)
{
    RELEVE_TRY(page, read_page(call.request));
    RELEVE_TRY(rows, call.store->list_usage_points(call.identity, page));
    Listing out{.items = "usage_points", .columns = point_columns, .file_name = "releve-usage-points"};
    for (const auto& row : rows)
        out.rows.push_back(point_row(row));
    out.after = {next_page(page, rows, [](const auto& row) { return row.id.value; })};
    return respond(out, call.request);
}

result<Response> show_usage_point(const Call& call)
{
    RELEVE_TRY(row, call.store->usage_point(call.identity, point_of(call)));
    return respond_json(write_json(point_columns, point_row(row)), call.request);
}

result<Response> list_daily(const Call& call)
{
    RELEVE_TRY(period, read_period(call.request));
    RELEVE_TRY(channel, channel_of(call));
    RELEVE_TRY(zone, zone_of(call));
    RELEVE_TRY(span, days_of(period, zone, daily_days_max));
    RELEVE_TRY(as_of, read_as_of(call.request, call.services.clock()));
    RELEVE_TRY(answer, call.store->daily(call.identity, point_of(call), span.from, span.to, channel, as_of));

    Listing out{.before = {{"usage_point", text_cell(answer.usage_point.value)}, {"zone", text_cell(answer.zone)}},
                .items = "days",
                .columns = {"date", "energy_wh", "slots", "missing", "estimated", "quality"},
                .file_name = file_name(call, "daily-" + to_iso8601(span.from) + "-" + to_iso8601(span.to))};
    add_as_of(out, answer.as_of);
    if (answer.registers)
        add_registers(out, *answer.registers);
    for (const auto& day : answer.days) {
        const auto& summary = day.summary;
        out.rows.push_back({text_cell(to_iso8601(day.day)),
                            summary.missing < summary.slots ? number_cell(summary.energy_wh) : no_cell(),
                            number_cell(summary.slots), number_cell(summary.missing), number_cell(summary.estimated),
                            text_cell(quality_name(summary.quality))});
    }
    return respond(out, call.request);
}

result<Response> list_readings(const Call& call)
{
    RELEVE_TRY(period, read_period(call.request));
    RELEVE_TRY(channel, channel_of(call));
    RELEVE_TRY(zone, needs_zone(period) ? zone_of(call) : result<Zone>(paris()));
    RELEVE_TRY(span, instants_of(period, zone, readings_days_max));
    RELEVE_TRY(as_of, read_as_of(call.request, call.services.clock()));
    RELEVE_TRY(answer, call.store->readings(call.identity, point_of(call), span.from, span.to, channel, as_of));

    Listing out{.before = {{"channel", text_cell(answer.channel)},
                           {"unit", text_cell(unit_symbol(answer.unit))},
                           {"step_s", number_cell(answer.step.count())}},
                .items = "readings",
                .columns = {"start", "value", "quality", "measured"},
                .csv_constants = {{"unit", text_cell(unit_symbol(answer.unit))}},
                .file_name = file_name(call, answer.channel + "-" + to_iso8601(zone.day_of(span.from)) + "-" +
                                                 to_iso8601(zone.day_of(span.to)))};
    add_as_of(out, answer.as_of);
    out.rows.reserve(answer.readings.size());
    for (const auto& reading : answer.readings)
        out.rows.push_back({text_cell(to_iso8601(reading.start)),
                            digits_cell(scaled_digits(reading.value, answer.scaler)),
                            text_cell(quality_name(reading.quality)),
                            reading.measured ? digits_cell(scaled_digits(*reading.measured, answer.scaler)) : no_cell()});
    return respond(out, call.request);
}

result<Response> list_coefficients(const Call& call)
{
    RELEVE_TRY(page, read_numbered_page(call.request));
    RELEVE_TRY(rows, call.store->coefficients(call.identity, point_of(call), page));
    Listing out{.before = {{"usage_point", text_cell(call.request.path_values.front())}},
                .items = "coefficients",
                .columns = {"from", "to", "kwh_per_m3", "known_from", "known_to"},
                .file_name = file_name(call, "coefficients")};
    for (const auto& row : rows)
        out.rows.push_back({row.from ? text_cell(to_iso8601(*row.from)) : no_cell(),
                            row.to ? text_cell(to_iso8601(*row.to)) : no_cell(),
                            text_cell(coefficient_text(row.kwh_per_m3_e5)), text_cell(to_iso8601(row.known_from)),
                            row.known_to ? text_cell(to_iso8601(*row.known_to)) : no_cell()});
    out.after = {next_page(page, rows, [](const auto& row) { return std::to_string(row.id); })};
    return respond(out, call.request);
}

result<Response> list_accesses(const Call& call)
{
    RELEVE_TRY(page, read_numbered_page(call.request));
    RELEVE_TRY(rows, call.store->accesses(call.identity, point_of(call), page));
    Listing out{.before = {{"usage_point", text_cell(call.request.path_values.front())}},
                .items = "accesses",
                .columns = {"at", "role", "who", "what", "from", "to"},
                .file_name = file_name(call, "accesses")};
    for (const auto& row : rows)
        out.rows.push_back({text_cell(to_iso8601(row.at)), text_cell(row.role), text_cell(row.who),
                            text_cell(row.what), row.from ? text_cell(to_iso8601(*row.from)) : no_cell(),
                            row.to ? text_cell(to_iso8601(*row.to)) : no_cell()});
    out.after = {next_page(page, rows, [](const auto& row) { return std::to_string(row.id); })};
    return respond(out, call.request);
}

} // namespace releve::api
