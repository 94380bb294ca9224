#include <releve/api/handlers.hpp>

#include "paging.hpp"

#include <releve/api/listing.hpp>

#include <nlohmann/json.hpp>

namespace releve::api {
namespace {

const std::vector<std::string_view> meter_columns{
    "id",           "address", "serial", "protocol",         "model",       "policy",     "replay",
    "concentrator", "area",    "state",  "last_accepted_at", "usage_point", "refused_24h"};

std::vector<Cell> meter_row(const store::MeterRow& row)
{
    return {number_cell(row.meter.value),
            text_cell(row.address),
            optional_cell(row.serial),
            text_cell(row.protocol),
            text_cell(row.model),
            text_cell(row.policy),
            text_cell(row.replay),
            optional_cell(row.concentrator),
            optional_cell(row.area),
            text_cell(row.state),
            row.last_accepted_at ? text_cell(to_iso8601(*row.last_accepted_at)) : no_cell(),
            optional_cell(row.usage_point),
            number_cell(row.refused_24h)};
}

nlohmann::ordered_json counts(const std::vector<std::pair<std::string, std::int64_t>>& rows, const char* name)
{
    auto out = nlohmann::ordered_json::array();
    for (const auto& [key, count] : rows)
        out.push_back({{name, key}, {"count", count}});
    return out;
}

} // namespace

result<Response> list_meters(const Call& call)
{
    RELEVE_TRY(page, read_numbered_page(call.request));
    RELEVE_TRY(rows, call.store->list_meters(call.identity, page, call.services.clock()));
    Listing out{.items = "meters", .columns = meter_columns, .file_name = "releve-meters"};
    for (const auto& row : rows)
        out.rows.push_back(meter_row(row));
    out.after = {next_page(page, rows, [](const auto& row) { return std::to_string(row.meter.value); })};
    return respond(out, call.request);
}

result<Response> show_meter(const Call& call)
{
    const auto& text = call.request.path_values.front();
    MeterId id;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id.value);
    if (error != std::errc{} || end != text.data() + text.size())
        return fail(errc::not_found);
    RELEVE_TRY(row, call.store->meter(call.identity, id, call.services.clock()));
    return respond_json(write_json(meter_columns, meter_row(row)), call.request);
}

result<Response> list_quarantine(const Call& call)
{
    RELEVE_TRY(page, read_numbered_page(call.request));
    const std::string reason(call.request.parameter("reason"));
    if (!reason.empty()) {
        const auto state = frame_state_from_name(reason);
        if (!state || !frame_state_row(*state).kept)
            return fail(errc::bad_parameter, "reason: is not a reason for refusing (see /api/v1/words)");
    }
    RELEVE_TRY(rows, call.store->quarantine(call.identity, reason, page));
    Listing out{.items = "quarantine",
                .columns = {"id", "reason", "detail", "received_at", "peer", "system_title", "meter", "counter",
                            "frame_bytes"},
                .file_name = "releve-refused-messages"};
    for (const auto& row : rows)
        out.rows.push_back(
            {number_cell(row.id), text_cell(frame_state_name(row.reason)), text_cell(row.detail),
             text_cell(to_iso8601(row.received_at)), text_cell(row.peer), optional_cell(row.system_title),
             row.meter ? number_cell(row.meter->value) : no_cell(),
             row.counter ? digits_cell(std::to_string(*row.counter)) : no_cell(),
             digits_cell(std::to_string(row.frame_bytes))});
    out.after = {next_page(page, rows, [](const auto& row) { return std::to_string(row.id); })};
    return respond(out, call.request);
}

result<Response> show_operations(const Call& call)
{
    RELEVE_TRY(summary, call.store->operations(call.identity, call.services.clock()));
    const nlohmann::ordered_json body{
        {"meters_by_state", counts(summary.meters_by_state, "state")},
        {"refused_by_reason", counts(summary.refused_by_reason, "reason")},
        {"readings_last_minute", summary.readings_last_minute},
        {"readings_total", summary.readings_total},
    };
    return respond_json(body.dump() + "\n", call.request);
}

} // namespace releve::api
