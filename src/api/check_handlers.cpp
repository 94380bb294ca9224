// What checks doubt, what is missing, what does not add up; what people do about it.

#include <releve/api/handlers.hpp>

#include "asked.hpp"
#include "body.hpp"
#include "failure_facts.hpp"
#include "paging.hpp"
#include "words.hpp"

#include <releve/engine/gaps.hpp>

#include <array>

namespace releve::api {
namespace {

constexpr std::size_t reason_max = 500, corrected_slots_max = 288; // a day of 5-minute intervals

const std::vector<std::string_view> failure_columns{"id",   "meter",    "usage_point", "channel", "day",
                                                    "rule", "severity", "from",        "to",      "value",
                                                    "unit", "limits",   "facts",       "batch",   "cleared", "handling"};

std::vector<Cell> failure_row(const store::Identity& who, const store::FailureRow& row)
{
    auto facts = failure_facts(row);
    return {number_cell(row.id),
            number_cell(row.meter.value),
            text_cell(row.usage_point.value),
            text_cell(row.channel),
            text_cell(to_iso8601(row.day)),
            text_cell(row.rule),
            text_cell(row.severity),
            text_cell(to_iso8601(row.from)),
            text_cell(to_iso8601(row.to)),
            std::move(facts.value),
            std::move(facts.unit),
            json_cell(limits_json(row)),
            json_cell(std::move(facts.json)),
            number_cell(row.batch.value),
            batch_cell(row.cleared),
            handling_cell(who, row.handling)};
}

result<store::FailureFilter> read_failure_filter(const Request& request)
{
    constexpr std::array<std::string_view, 2> truths{"false", "true"};
    RELEVE_TRY(days, read_open_days(request));
    RELEVE_TRY(meter, read_meter(request));
    RELEVE_TRY(severity, read_choice("severity", request.parameter("severity"), names_of(severities)));
    RELEVE_TRY(cleared, read_choice("cleared", request.parameter("cleared"), truths));
    std::string rule(request.parameter("rule"));
    if (!rule.empty() && !engine::validation_rule_from_name(rule))
        return fail(errc::bad_parameter, "rule: there is none of this name (see /api/v1/words)");
    return store::FailureFilter{.rule = std::move(rule),
                                .severity = std::move(severity),
                                .meter = meter,
                                .from = days.from,
                                .to = days.to,
                                .cleared = cleared == "true"};
}

result<Response> respond_failures(const Call& call, const store::FailureFilter& filter, Listing out)
{
    RELEVE_TRY(page, read_numbered_page(call.request));
    RELEVE_TRY(rows, call.store->failures(call.identity, filter, page));
    out.items = "failures";
    out.columns = failure_columns;
    for (const auto& row : rows)
        out.rows.push_back(failure_row(call.identity, row));
    out.after = {next_page(page, rows, [](const auto& row) { return std::to_string(row.id); })};
    return respond(out, call.request);
}

result<store::GapFilter> read_gap_filter(const Request& request)
{
    RELEVE_TRY(meter, read_meter(request));
    std::string state(request.parameter("state"));
    if (!state.empty() && !engine::gap_state_from_name(state))
        return fail(errc::bad_parameter, "state: there is none of this name (see /api/v1/words)");
    return store::GapFilter{.meter = meter, .state = std::move(state)};
}

result<Response> respond_gaps(const Call& call, const store::GapFilter& filter, Listing out)
{
    RELEVE_TRY(page, read_numbered_page(call.request));
    RELEVE_TRY(rows, call.store->gaps(call.identity, filter, page, call.services.clock()));
    out.items = "gaps";
    out.columns = {"id",    "meter",    "usage_point", "channel",      "from",      "to",
                   "state", "found_at", "looks",       "next_look_at", "kept_until"};
    for (const auto& row : rows)
        out.rows.push_back({number_cell(row.id), number_cell(row.meter.value), text_cell(row.usage_point.value),
                            text_cell(row.channel), text_cell(to_iso8601(row.from)), text_cell(to_iso8601(row.to)),
                            text_cell(store::gap_state_name(row.state)), text_cell(to_iso8601(row.found_at)),
                            number_cell(row.looks), instant_cell(row.next_look_at), instant_cell(row.kept_until)});
    out.after = {next_page(page, rows, [](const auto& row) { return std::to_string(row.id); })};
    return respond(out, call.request);
}

using HandleInStore = result<std::vector<store::HandlingRow>> (ReadStore::*)(const store::Identity&, std::int64_t,
                                                                             const std::string&, const std::string&);
result<Response> handle(const Call& call, const char* of, HandleInStore in_store)
{
    RELEVE_TRY(id, number_in_path<std::int64_t>(call));
    RELEVE_TRY(body, Body::read(call.request.body, "step note"));
    RELEVE_TRY(said, body.text("step", {.min = 1, .max = 16}));
    RELEVE_TRY(step, read_choice("step", said, names_of(handling_steps)));
    RELEVE_TRY(note, body.text("note", {.min = 0, .max = reason_max}));
    if (step == "noted" && note.empty())
        return fail(errc::bad_parameter, "note: is required with the step noted");
    RELEVE_TRY(rows, (call.store->*in_store)(call.identity, id, step, note));
    return respond_json(write_json({of, "handling"}, {number_cell(id), json_cell(handling_json(rows))}), call.request);
}

std::string correction_json(const store::CorrectionRow& row)
{
    return write_json({"id", "action", "state", "reason", "author", "day", "asked_at", "batch", "detail"},
                      {number_cell(row.id), text_cell(row.action), text_cell(row.state), text_cell(row.reason),
                       text_cell(row.author), text_cell(to_iso8601(row.day)), text_cell(to_iso8601(row.asked_at)),
                       batch_cell(row.batch), optional_cell(row.detail)});
}

result<InstantSpan> read_corrected_span(const Call& call, const Body& body)
{
    constexpr Body::Size moment{.min = 1, .max = 40};
    RELEVE_TRY(from_text, body.text("from", moment));
    RELEVE_TRY(to_text, body.text("to", moment));
    RELEVE_TRY(from, parse_moment("from", from_text));
    RELEVE_TRY(to, parse_moment("to", to_text));
    RELEVE_TRY(zone, zone_of(call));
    return instants_of({from, to}, zone, 1);
}

/// People give values as /readings shows them; the channel says how it counts them.
result<std::vector<std::int64_t>> read_values(const Call& call, const Body& body, const store::CorrectionAsked& asked)
{
    RELEVE_TRY(digits, body.numbers("values", corrected_slots_max));
    if (asked.action != "set") {
        if (body.has("values"))
            return fail(errc::bad_parameter, "values: only with the action set");
        return std::vector<std::int64_t>{};
    }
    RELEVE_TRY(known, call.store->readings(call.identity, asked.usage_point, asked.from, asked.to, asked.channel, {}));
    if (known.step.count() <= 0)
        return fail(errc::bad_parameter, "channel: has no intervals");
    const auto slots = (asked.to - asked.from) / known.step;
    if (static_cast<std::int64_t>(digits.size()) != slots)
        return fail(errc::bad_parameter,
                    "values: " + std::to_string(digits.size()) + " given for " + std::to_string(slots) + " intervals");
    std::vector<std::int64_t> values;
    for (const auto& text : digits) {
        const auto value = parse_scaled(text, known.scaler);
        if (!value)
            return fail(errc::bad_parameter,
                        "values: number " + std::to_string(values.size() + 1) + " " + value.error().detail);
        values.push_back(*value);
    }
    return values;
}

} // namespace

result<Response> list_failures(const Call& call)
{
    RELEVE_TRY(filter, read_failure_filter(call.request));
    return respond_failures(call, filter, {.file_name = "releve-failures"});
}

result<Response> list_failures_of_point(const Call& call)
{
    RELEVE_TRY(filter, read_failure_filter(call.request));
    RELEVE_CHECK(zone_of(call)); // one that is not seen does not exist, and is not merely without failures
    filter.usage_point = point_of(call);
    return respond_failures(
        call, filter, {.before = {{"usage_point", text_cell(point_of(call).value)}}, .file_name = file_name(call, "failures")});
}

result<Response> show_failure(const Call& call)
{
    RELEVE_TRY(id, number_in_path<std::int64_t>(call));
    RELEVE_TRY(row, call.store->failure(call.identity, id));
    return respond_json(write_json(failure_columns, failure_row(call.identity, row)), call.request);
}

result<Response> handle_failure(const Call& call)
{
    return handle(call, "failure", &ReadStore::handle_failure);
}
result<Response> handle_event(const Call& call)
{
    return handle(call, "event", &ReadStore::handle_event);
}

result<Response> list_gaps(const Call& call)
{
    RELEVE_TRY(filter, read_gap_filter(call.request));
    return respond_gaps(call, filter, {.file_name = "releve-gaps"});
}

result<Response> list_gaps_of_point(const Call& call)
{
    RELEVE_TRY(filter, read_gap_filter(call.request));
    RELEVE_CHECK(zone_of(call)); // as above
    filter.usage_point = point_of(call);
    return respond_gaps(call, filter,
                        {.before = {{"usage_point", text_cell(point_of(call).value)}}, .file_name = file_name(call, "gaps")});
}

result<Response> list_breaches(const Call& call)
{
    RELEVE_TRY(page, read_numbered_page(call.request));
    RELEVE_TRY(rows, call.store->breaches(call.identity, page));
    Listing out{.items = "breaches",
                .columns = {"id", "kind", "meter", "group", "channel", "day", "expected", "found", "found_at"},
                .file_name = "releve-breaches"};
    for (const auto& row : rows)
        out.rows.push_back({number_cell(row.id), text_cell(row.kind), row.meter ? number_cell(row.meter->value) : no_cell(),
                            optional_cell(row.group), text_cell(row.channel), text_cell(to_iso8601(row.day)),
                            number_cell(row.expected), number_cell(row.found), text_cell(to_iso8601(row.found_at))});
    out.after = {next_page(page, rows, [](const auto& row) { return std::to_string(row.id); })};
    return respond(out, call.request);
}

result<Response> list_jobs(const Call& call)
{
    RELEVE_TRY(page, read_numbered_page(call.request));
    RELEVE_TRY(rows, call.store->jobs(call.identity, page));
    Listing out{.items = "jobs",
                .columns = {"id", "kind", "group", "state", "asked_by", "asked_at", "total", "done", "finished_at", "detail"},
                .file_name = "releve-jobs"};
    for (const auto& row : rows)
        out.rows.push_back({number_cell(row.id), text_cell(row.kind), optional_cell(row.group), text_cell(row.state),
                            text_cell(row.asked_by), text_cell(to_iso8601(row.asked_at)), number_cell(row.total),
                            number_cell(row.done), instant_cell(row.finished_at), optional_cell(row.detail)});
    out.after = {next_page(page, rows, [](const auto& row) { return std::to_string(row.id); })};
    return respond(out, call.request);
}

result<Response> ask_correction(const Call& call)
{
    constexpr std::array<std::string_view, 3> actions{"set", "accept", "undo"};
    RELEVE_TRY(body, Body::read(call.request.body, "action channel from to values reason"));
    RELEVE_TRY(said, body.text("action", {.min = 1, .max = 16}));
    RELEVE_TRY(action, read_choice("action", said, actions));
    RELEVE_TRY(channel, body.text("channel", {.min = 0, .max = 64}));
    RELEVE_TRY(reason, body.text("reason", {.min = 3, .max = reason_max}));
    RELEVE_TRY(span, read_corrected_span(call, body));
    store::CorrectionAsked asked{.usage_point = point_of(call),
                                 .channel = std::move(channel),
                                 .action = std::move(action),
                                 .from = span.from,
                                 .to = span.to,
                                 .values = {},
                                 .reason = std::move(reason)};
    RELEVE_TRY(values, read_values(call, body, asked));
    asked.values = std::move(values);
    RELEVE_TRY(row, call.store->correct(call.identity, asked));
    RELEVE_TRY(response, respond_json(correction_json(row), call.request));
    response.status = 202;
    response.headers.emplace_back("Location", "/api/v1/corrections/" + std::to_string(row.id));
    return response;
}

result<Response> show_correction(const Call& call)
{
    RELEVE_TRY(id, number_in_path<std::int64_t>(call));
    RELEVE_TRY(row, call.store->correction(call.identity, id));
    return respond_json(correction_json(row), call.request);
}

} // namespace releve::api
