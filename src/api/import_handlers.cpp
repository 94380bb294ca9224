// Files of readings: taken, and what became of them.

#include <releve/api/handlers.hpp>

#include "asked.hpp"
#include "paging.hpp"

#include <nlohmann/json.hpp>

namespace releve::api {
namespace {

constexpr std::size_t name_bytes_max = 255, usage_points_max = 100; // named of one file; all are counted

const std::vector<std::string_view> import_columns{"id",          "state",     "file_name", "format",  "flow",      "series", "number", "usage_points", "proven",
                                            "asked_at",    "asked_by",  "finished_at", "imported", "unchanged", "refused", "own_meter", "holes", "problems",
                                            "parts",       "parts_over"};
const std::vector<std::string_view> line_columns{"line", "field", "reason"};

result<Intake*> intake_of(const Call& call)
{
    if (!call.services.intake)
        return fail(errc::unavailable, "files are not taken here");
    return call.services.intake.get();
}

Cell texts_cell(const std::vector<std::string>& texts)
{
    return json_cell(nlohmann::json(texts).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::vector<Cell> row_of(const store::ImportRow& row)
{
    return {number_cell(row.id),
            text_cell(row.state),
            text_cell(row.file_name),
            text_cell(row.format),
            optional_cell(row.flow),
            optional_cell(row.series),
            maybe_number_cell(row.number),
            number_cell(static_cast<std::int64_t>(row.usage_points.size())),
            boolean_cell(row.proven),
            text_cell(to_iso8601(row.asked_at)),
            text_cell(row.asked_by),
            instant_cell(row.finished_at),
            number_cell(row.imported),
            number_cell(row.unchanged),
            number_cell(row.refused),
            number_cell(row.own_meter),
            number_cell(row.empty_values),
            number_cell(row.problems),
            number_cell(row.parts),
            number_cell(row.parts_over)};
}

/// With the lines that are wrong, and what was refused when it was carried out.
std::string import_json(const store::ImportRow& row)
{
    std::string lines = "[";
    for (const store::ImportLine& line : row.lines)
        lines.append(lines.size() > 1 ? "," : "")
            .append(write_object(line_columns, {line.line > 0 ? number_cell(line.line) : no_cell(), optional_cell(line.field), text_cell(line.reason)}));
    std::vector<std::string> notes;
    for (std::string_view rest = row.detail; !rest.empty();) {
        const std::string_view note = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(note.size() + 1, rest.size()));
        if (!note.empty())
            notes.emplace_back(note);
    }
    const std::int64_t more = row.problems - static_cast<std::int64_t>(row.lines.size());
    std::vector<std::string> points = row.usage_points;
    points.resize(std::min(points.size(), usage_points_max));
    std::vector<std::string_view> names = import_columns;
    std::vector<Cell> cells = row_of(row);
    for (const auto& [name, cell] : {std::pair<std::string_view, Cell>{"problem_lines", json_cell(lines + "]")},
                                     std::pair<std::string_view, Cell>{"more_problems", number_cell(std::max<std::int64_t>(more, 0))},
                                     std::pair<std::string_view, Cell>{"notes", texts_cell(notes)},
                                     std::pair<std::string_view, Cell>{"usage_point_ids", texts_cell(points)}}) {
        names.push_back(name);
        cells.push_back(cell);
    }
    return write_json(names, cells);
}

} // namespace

result<Response> create_import(const Call& call)
{
    RELEVE_TRY(intake, intake_of(call));
    SentFile file{.bytes = call.request.body, .name = std::string{call.request.parameter("name")}, .usage_point = std::string{call.request.parameter("usage_point")}};
    file.name.erase(0, file.name.find_last_of("/\\") + 1);
    if (file.name.size() > name_bytes_max)
        return fail(errc::bad_parameter, "name: at most 255 bytes");
    if (file.name.empty())
        file.name = "upload";
    RELEVE_TRY(taken, intake->take(call.identity, file, call.services.clock()));
    RELEVE_TRY(response, respond_json(import_json(taken.import), call.request));
    response.status = taken.already ? 200 : 202;
    response.headers.emplace_back("Location", "/api/v1/imports/" + std::to_string(taken.import.id));
    return response;
}

result<Response> list_imports(const Call& call)
{
    RELEVE_TRY(intake, intake_of(call));
    RELEVE_TRY(page, read_numbered_page(call.request));
    const auto rows = intake->imports(call.identity, page);
    Listing out{.items = "imports", .columns = import_columns, .file_name = "releve-imports"};
    for (const store::ImportRow& row : rows)
        out.rows.push_back(row_of(row));
    out.after = {next_page(page, rows, [](const auto& row) { return std::to_string(row.id); })};
    return respond(out, call.request);
}

result<Response> list_missing_files(const Call& call)
{
    RELEVE_TRY(intake, intake_of(call));
    Listing out{.items = "missing", .columns = {"flow", "series", "numbers"}, .file_name = "releve-missing-files"};
    for (const store::FlowSeen& flow : intake->missing(call.identity)) {
        std::string numbers = "[";
        for (const std::int64_t number : flow.numbers)
            numbers.append(numbers.size() > 1 ? "," : "").append(std::to_string(number));
        out.rows.push_back({text_cell(flow.flow), optional_cell(flow.series), json_cell(numbers + "]")});
    }
    return respond(out, call.request);
}

result<Response> show_import(const Call& call)
{
    RELEVE_TRY(intake, intake_of(call));
    RELEVE_TRY(id, number_in_path<std::int64_t>(call));
    RELEVE_TRY(row, intake->import(call.identity, id));
    return respond_json(import_json(row), call.request);
}

} // namespace releve::api
