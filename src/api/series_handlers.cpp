// Versions of an interval, totals by period, and groups of usage points.

#include <releve/api/handlers.hpp>

#include "asked.hpp"
#include "paging.hpp"

#include <array>

namespace releve::api {
namespace {

constexpr int curve_days_max = 31;

/// Days that one question of totals may span, by engine::Period.
constexpr std::array totals_days_max{1'100, 3'700, 7'400, 18'000};

struct TotalsAsked {
    engine::Period period{};
    DaySpan days;
    store::AsOf as_of;
};
result<TotalsAsked> read_totals(const Call& call, const Zone& zone)
{
    const auto period = engine::period_from_name(call.request.parameter("period"));
    if (!period)
        return fail(errc::bad_parameter, "period: must be day, week, month or year");
    RELEVE_TRY(asked, read_period(call.request));
    RELEVE_TRY(days, days_of(asked, zone, totals_days_max.at(static_cast<std::size_t>(*period))));
    RELEVE_TRY(as_of, read_as_of(call.request, call.services.clock()));
    return TotalsAsked{*period, days, as_of};
}

bool says_something(const engine::PeriodTotal& total)
{
    return total.days > 0 && total.missing < total.slots;
}

/// An energy of which nothing is known is not one of 0.
void add_total(std::vector<Cell>& cells, const std::optional<engine::PeriodTotal>& total)
{
    if (!total) {
        cells.resize(cells.size() + 6);
        return;
    }
    cells.insert(cells.end(), {says_something(*total) ? number_cell(total->energy_wh) : no_cell(), number_cell(total->days),
                               number_cell(total->slots), number_cell(total->missing), number_cell(total->estimated),
                               text_cell(quality_name(total->quality))});
}

Listing totals_listing(const Call& call, const char* of, const store::TotalsAnswer& answer)
{
    Listing out{.before = {{of, text_cell(answer.of)},
                           {"zone", text_cell(answer.zone)},
                           {"period", text_cell(engine::period_name(answer.period))}},
                .items = "totals",
                .columns = {"from", "to", "whole", "net_wh", "drawn.energy_wh", "drawn.days", "drawn.slots", "drawn.missing",
                            "drawn.estimated", "drawn.quality", "injected.energy_wh", "injected.days", "injected.slots",
                            "injected.missing", "injected.estimated", "injected.quality"},
                .file_name = file_name(call, "totals-by-" + std::string(engine::period_name(answer.period)))};
    add_as_of(out, answer.as_of);
    for (const auto& row : answer.rows) {
        const bool known = says_something(row.drawn) && (!row.injected || says_something(*row.injected));
        std::vector<Cell> cells{text_cell(to_iso8601(row.drawn.span.from)), text_cell(to_iso8601(row.drawn.span.to)),
                                boolean_cell(row.drawn.whole), known ? number_cell(row.net_wh()) : no_cell()};
        add_total(cells, row.drawn);
        add_total(cells, row.injected);
        out.rows.push_back(std::move(cells));
    }
    return out;
}

/// "12.3" of 123; null where nothing was injected, or nothing drawn.
Cell percent_of_permille(const std::optional<int>& permille)
{
    return permille ? digits_cell(scaled_digits(*permille, -1)) : no_cell();
}

const std::string& group_of(const Call& call)
{
    return call.request.path_values.front();
}

} // namespace

result<Response> list_revisions(const Call& call)
{
    RELEVE_TRY(at, read_instant(call.request, "at"));
    RELEVE_TRY(channel, channel_of(call));
    RELEVE_TRY(as_of, read_as_of(call.request, call.services.clock()));
    RELEVE_TRY(answer, call.store->revisions(call.identity, point_of(call), at, channel, as_of));
    Listing out{
        .before = {{"usage_point", text_cell(point_of(call).value)},
                   {"channel", text_cell(answer.channel)},
                   {"unit", text_cell(unit_symbol(answer.unit))},
                   {"start", text_cell(to_iso8601(answer.start))},
                   {"step_s", number_cell(answer.step.count())}},
        .items = "revisions",
        .columns = {"value", "quality", "method", "author", "reason", "batch", "known_from", "superseded_by"},
        .csv_constants = {{"unit", text_cell(unit_symbol(answer.unit))}, {"start", text_cell(to_iso8601(answer.start))}},
        .file_name = file_name(call, "revisions")};
    for (const auto& row : answer.revisions)
        out.rows.push_back({row.value ? digits_cell(scaled_digits(*row.value, answer.scaler)) : no_cell(),
                            row.value ? text_cell(quality_name(row.quality)) : no_cell(),
                            text_cell(row.method), text_cell(row.author), optional_cell(row.reason),
                            number_cell(row.batch.value), instant_cell(row.known_from), batch_cell(row.superseded_by)});
    return respond(out, call.request);
}

result<Response> list_totals(const Call& call)
{
    RELEVE_TRY(zone, zone_of(call));
    RELEVE_TRY(asked, read_totals(call, zone));
    RELEVE_TRY(answer,
               call.store->totals(call.identity, point_of(call), asked.period, asked.days.from, asked.days.to, asked.as_of));
    return respond(totals_listing(call, "usage_point", answer), call.request);
}

result<Response> list_groups(const Call& call)
{
    RELEVE_TRY(page, read_page(call.request));
    RELEVE_TRY(rows, call.store->groups(call.identity, page, call.services.clock()));
    Listing out{.items = "groups", .columns = {"id", "label", "organisation", "members"}, .file_name = "releve-groups"};
    for (const auto& row : rows)
        out.rows.push_back(
            {text_cell(row.id), optional_cell(row.label), text_cell(row.organisation), number_cell(row.members)});
    out.after = {next_page(page, rows, [](const auto& row) { return row.id; })};
    return respond(out, call.request);
}

result<Response> list_group_members(const Call& call)
{
    RELEVE_TRY(page, read_page(call.request));
    RELEVE_TRY(rows, call.store->group_members(call.identity, group_of(call), page));
    Listing out{.before = {{"group", text_cell(group_of(call))}},
                .items = "members",
                .columns = {"usage_point", "from", "to"},
                .file_name = file_name(call, "members")};
    for (const auto& row : rows)
        out.rows.push_back(
            {text_cell(row.usage_point.value), row.from == CivilDay{} ? no_cell() : day_cell(row.from), day_cell(row.to)});
    out.after = {next_page(page, rows, [](const auto& row) { return row.usage_point.value; })};
    return respond(out, call.request);
}

result<Response> list_group_totals(const Call& call)
{
    RELEVE_TRY(asked, read_totals(call, paris()));
    RELEVE_TRY(answer, call.store->group_totals(call.identity, group_of(call), asked.period, asked.days.from, asked.days.to,
                                                asked.as_of));
    Listing out = totals_listing(call, "group", answer);
    out.before.push_back({"members", digits_cell(std::to_string(answer.members))});
    return respond(out, call.request);
}

result<Response> list_group_curve(const Call& call)
{
    RELEVE_TRY(period, read_period(call.request));
    RELEVE_TRY(span, instants_of(period, paris(), curve_days_max));
    RELEVE_TRY(as_of, read_as_of(call.request, call.services.clock()));
    RELEVE_TRY(curve, call.store->group_curve(call.identity, group_of(call), span.from, span.to, as_of));
    Listing out{.before = {{"group", text_cell(curve.group)},
                           {"zone", text_cell(curve.zone)},
                           {"unit", text_cell("W")},
                           {"members", digits_cell(std::to_string(curve.members))},
                           {"self_consumption_percent", percent_of_permille(curve.self_consumption_permille)},
                           {"self_sufficiency_percent", percent_of_permille(curve.self_sufficiency_permille)}},
                .items = "half_hours",
                .columns = {"start", "drawn", "injected", "used_own", "expected", "present"},
                .csv_constants = {{"unit", text_cell("W")}},
                .file_name = file_name(call, "curve")};
    add_as_of(out, curve.as_of);
    out.rows.reserve(curve.slots.size());
    for (const auto& slot : curve.slots)
        out.rows.push_back({text_cell(to_iso8601(slot.start)), maybe_number_cell(slot.drawn), maybe_number_cell(slot.injected),
                            maybe_number_cell(slot.used_own), number_cell(slot.expected), number_cell(slot.present)});
    return respond(out, call.request);
}

} // namespace releve::api
