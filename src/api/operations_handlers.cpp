#include <releve/api/handlers.hpp>

#include "asked.hpp"
#include "failure_facts.hpp"
#include "paging.hpp"
#include "words.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>

namespace releve::api {
namespace {

const std::vector<std::string_view> meter_columns{
    "id",           "address", "serial", "protocol",    "model",            "policy",      "replay",
    "concentrator", "area",    "state",  "state_since", "last_accepted_at", "usage_point", "refused_24h"};

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
            row.state_since ? text_cell(to_iso8601(*row.state_since)) : no_cell(),
            row.last_accepted_at ? text_cell(to_iso8601(*row.last_accepted_at)) : no_cell(),
            optional_cell(row.usage_point),
            number_cell(row.refused_24h)};
}

std::vector<Cell> reception_row(const std::optional<store::ReceptionRow>& row)
{
    if (!row)
        return {no_cell(), no_cell(), no_cell(), no_cell()};
    return {text_cell(row->gateway), maybe_number_cell(row->signal_dbm), text_cell(to_iso8601(row->received_at)),
            number_cell(row->heard_by)};
}

result<store::EventFilter> read_event_filter(const Request& request)
{
    RELEVE_TRY(span, read_open_span(request));
    store::EventFilter filter{.kind = std::string(request.parameter("kind")), .from = span.from, .to = span.to};
    if (filter.kind.size() > 64)
        return fail(errc::bad_parameter, "kind: at most 64 characters");
    RELEVE_TRY(meter, read_meter(request));
    filter.meter = meter;
    return filter;
}

std::optional<Words> words_of(const store::EventRow& row)
{
    if (!row.words)
        return find_words(event_kinds, row.kind);
    return Words{row.words->label_en, row.words->label_fr, row.words->plain_en, row.words->plain_fr};
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
    RELEVE_TRY(number, number_in_path<std::int32_t>(call));
    const MeterId id{number};
    RELEVE_TRY(row, call.store->meter(call.identity, id, call.services.clock()));
    auto columns = meter_columns;
    columns.insert(columns.end(), {"reception.gateway", "reception.signal_dbm", "reception.received_at", "reception.heard_by"});
    auto cells = meter_row(row);
    std::ranges::move(reception_row(row.reception), std::back_inserter(cells));
    return respond_json(write_json(columns, cells), call.request);
}

result<Response> list_commands(const Call& call)
{
    RELEVE_TRY(page, read_numbered_page(call.request));
    RELEVE_TRY(number, number_in_path<std::int32_t>(call));
    const MeterId id{number};
    RELEVE_TRY(rows, call.store->commands(call.identity, id, page));
    Listing out{.before = {{"meter", number_cell(id.value)}},
                .items = "commands",
                .columns = {"id", "kind", "summary", "state", "result", "created_at", "created_by", "expires_at", "sent_at",
                            "attempts", "finished_at"},
                .file_name = "releve-commands-" + std::to_string(id.value)};
    for (const auto& row : rows)
        out.rows.push_back({number_cell(row.id), text_cell(row.kind), text_cell(row.summary), text_cell(row.state),
                            optional_cell(row.result), text_cell(to_iso8601(row.created_at)), text_cell(row.created_by),
                            text_cell(to_iso8601(row.expires_at)), instant_cell(row.sent_at), number_cell(row.attempts),
                            instant_cell(row.finished_at)});
    out.after = {next_page(page, rows, [](const auto& row) { return std::to_string(row.id); })};
    return respond(out, call.request);
}

result<Response> list_events(const Call& call)
{
    RELEVE_TRY(page, read_numbered_page(call.request));
    RELEVE_TRY(filter, read_event_filter(call.request));
    RELEVE_TRY(rows, call.store->events(call.identity, filter, page));
    Listing out{.items = "events",
                .columns = {"id", "meter", "kind", "name.en", "name.fr", "plain.en", "plain.fr", "at", "received_at", "detail", "handling"},
                .file_name = "releve-events"};
    for (const auto& row : rows) {
        std::vector<Cell> cells = words_cells(words_of(row));
        cells.insert(cells.begin(), {number_cell(row.id), number_cell(row.meter.value), text_cell(row.kind)});
        cells.insert(cells.end(), {text_cell(to_iso8601(row.at)), text_cell(to_iso8601(row.received_at)), text_cell(row.detail),
                                   handling_cell(call.identity, row.handling)});
        out.rows.push_back(std::move(cells));
    }
    out.after = {next_page(page, rows, [](const auto& row) { return std::to_string(row.id); })};
    return respond(out, call.request);
}

result<Response> list_gateways(const Call& call)
{
    RELEVE_TRY(page, read_page(call.request));
    RELEVE_TRY(rows, call.store->gateways(call.identity, page));
    Listing out{.items = "gateways",
                .columns = {"id", "organisation", "label", "last_batch_at", "acknowledged_up_to", "crc_may_be_zero",
                            "disabled_at"},
                .file_name = "releve-gateways"};
    for (const auto& row : rows)
        out.rows.push_back({text_cell(row.id), text_cell(row.organisation), optional_cell(row.label),
                            instant_cell(row.last_batch_at), digits_cell(std::to_string(row.acknowledged_up_to)),
                            boolean_cell(row.crc_may_be_zero), instant_cell(row.disabled_at)});
    out.after = {next_page(page, rows, [](const auto& row) { return row.id; })};
    return respond(out, call.request);
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
