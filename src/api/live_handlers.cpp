// What a household's own dongle says. Every answer says that nothing proves it and that no bill is made of
// it.

#include <releve/api/handlers.hpp>

#include "asked.hpp"
#include "words.hpp"

namespace releve::api {
namespace {

constexpr int half_hours_days_max = 31;

Listing marked(const Call& call, std::string items)
{
    const std::vector<Field> marks{{"authenticated", boolean_cell(false)}, {"billable", boolean_cell(false)}};
    Listing out{.before = {{"usage_point", text_cell(call.request.path_values.front())}},
                .items = std::move(items),
                .csv_constants = marks,
                .file_name = "releve-live"};
    out.before.insert(out.before.end(), marks.begin(), marks.end());
    return out;
}

Cell value_cell(const store::LiveRow& row)
{
    return digits_cell(scaled_digits(row.value, row.scaler));
}

} // namespace

result<Response> list_live(const Call& call)
{
    RELEVE_TRY(rows, call.store->live(call.identity, point_of(call)));
    Listing out = marked(call, "values");
    out.columns = {"label", "name.en", "name.fr", "plain.en", "plain.fr", "value", "unit", "at"};
    for (const auto& row : rows) {
        std::vector<Cell> cells = words_cells(find_words(live_labels, row.label));
        cells.insert(cells.begin(), text_cell(row.label));
        cells.insert(cells.end(),
                     {value_cell(row), text_cell(unit_symbol(row.unit)), text_cell(to_iso8601(row.at))});
        out.rows.push_back(std::move(cells));
    }
    return respond(out, call.request);
}

result<Response> list_live_half_hours(const Call& call)
{
    RELEVE_TRY(period, read_period(call.request));
    RELEVE_TRY(zone, zone_of(call));
    RELEVE_TRY(span, instants_of(period, zone, half_hours_days_max));
    RELEVE_TRY(rows, call.store->live_half_hours(call.identity, point_of(call), span.from, span.to));
    Listing out = marked(call, "half_hours");
    out.columns = {"start", "label", "value", "unit", "samples"};
    for (const auto& row : rows)
        out.rows.push_back({text_cell(to_iso8601(row.at)), text_cell(row.label), value_cell(row),
                            text_cell(unit_symbol(row.unit)), number_cell(row.samples)});
    return respond(out, call.request);
}

} // namespace releve::api
