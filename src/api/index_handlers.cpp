// An index that somebody reads off the display.

#include <releve/api/handlers.hpp>

#include "asked.hpp"
#include "body.hpp"
#include "paging.hpp"

namespace releve::api {
namespace {

constexpr std::size_t note_max = 500;

const std::vector<std::string_view> told_columns{"id", "register", "at", "value", "unit", "note", "told_at"};

std::vector<Cell> told_row(const store::CustomerRead& read)
{
    return {number_cell(read.id),        text_cell(read.register_name), text_cell(to_iso8601(read.at)), number_cell(read.value),
            text_cell(read.unit),        optional_cell(read.note),      text_cell(to_iso8601(read.told_at))};
}

} // namespace

result<Response> tell_index(const Call& call)
{
    constexpr std::array<std::string_view, 11> registers{"total",      "supplier_1", "supplier_2", "supplier_3", "supplier_4", "supplier_5",
                                                         "supplier_6", "supplier_7", "supplier_8", "supplier_9", "supplier_10"};
    RELEVE_TRY(body, Body::read(call.request.body, "register at value note"));
    store::CustomerRead read;
    RELEVE_TRY(name, body.text("register", {.min = 0, .max = 16}));
    RELEVE_TRY(chosen, read_choice("register", name, registers));
    read.register_name = chosen.empty() ? "total" : chosen;
    RELEVE_TRY(value, body.text("value", {.min = 1, .max = 9}));
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), read.value);
    if (error != std::errc{} || end != value.data() + value.size() || read.value < 0)
        return fail(errc::bad_parameter, "value: must be the digits before the comma, as text");
    RELEVE_TRY(at, body.text("at", {.min = 0, .max = 32}));
    read.at = call.services.clock();
    if (!at.empty()) {
        const auto instant = parse_instant(at);
        if (!instant)
            return fail(errc::bad_parameter, "at: must be an instant (2024-01-31T18:00:00+01:00)");
        read.at = *instant;
    }
    RELEVE_TRY(note, body.text("note", {.min = 0, .max = note_max}));
    read.note = std::move(note);
    RELEVE_TRY(told, call.store->tell_index(call.identity, point_of(call), read, call.services.clock()));
    RELEVE_TRY(response, respond_json(write_json(told_columns, told_row(told)), call.request));
    response.status = 201;
    return response;
}

result<Response> list_told_indexes(const Call& call)
{
    RELEVE_TRY(page, read_numbered_page(call.request));
    RELEVE_TRY(rows, call.store->told_indexes(call.identity, point_of(call), page));
    Listing out{.before = {{"usage_point", text_cell(point_of(call).value)}}, .items = "index_readings", .columns = told_columns, .file_name = file_name(call, "index-readings")};
    for (const store::CustomerRead& row : rows)
        out.rows.push_back(told_row(row));
    out.after = {next_page(page, rows, [](const auto& row) { return std::to_string(row.id); })};
    return respond(out, call.request);
}

} // namespace releve::api
