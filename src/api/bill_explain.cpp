// A line of a bill down to the readings that it rests on.

#include <releve/api/handlers.hpp>

#include "billing.hpp"

#include <releve/api/bill_page.hpp>

namespace releve::api {
namespace {

result<std::size_t> read_line(const Call& call, const engine::Bill& bill)
{
    const std::string_view text = call.request.parameter("line");
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number >= bill.lines.size())
        return fail(errc::bad_parameter, "line: must be the number of one of the bill's " + std::to_string(bill.lines.size()) + " lines, from 0");
    return number;
}

/// Half-hours of the line's days and class, as they were known when the bill was made.
result<void> add_intervals(const Call& call, const KeptBill& kept, const engine::BillLine& line, Listing& out)
{
    RELEVE_TRY(basis, call.store->bill_basis(call.identity, point_of(call), line.span, kept.stored.known));
    RELEVE_TRY(zone, zone_named(basis.zone));
    const auto calendar = kept.book->calendars.find(line.calendar);
    for (const engine::CurveDay& day : basis.facts.curve) {
        if (day.day < line.span.from || day.day >= line.span.to)
            continue;
        std::vector<std::uint8_t> classes;
        std::size_t wanted = 0;
        if (calendar != kept.book->calendars.end()) {
            const std::vector<engine::DayWindow>* offpeak = nullptr;
            for (const engine::OffpeakPeriod& period : basis.facts.offpeak)
                if (period.span.from <= day.day && day.day < period.span.to)
                    offpeak = &period.windows;
            const auto published = kept.book->published.find(calendar->second.published);
            RELEVE_TRY(table, engine::classes_of_day(calendar->second, {zone, offpeak, published == kept.book->published.end() ? nullptr : &published->second}, day.day, day.step));
            classes = std::move(table);
            if (classes.size() != day.energy_mj.size())
                return fail(errc::bad_block, "the curve of " + to_iso8601(day.day) + " has not the slots of that day");
            wanted = calendar->second.class_index(line.time_class).value_or(0);
        }
        for (std::size_t slot = 0; slot < day.energy_mj.size(); ++slot) {
            if (day.energy_mj[slot] == engine::CurveDay::nothing || (!classes.empty() && classes[slot] != wanted))
                continue;
            const auto wh = round_to({day.energy_mj[slot], 3'600'000}, 3);
            out.rows.push_back({text_cell(to_iso8601(day.first + day.step * slot)), number_cell(day.step.count()), wh ? digits_cell(to_string(shortest(*wh))) : no_cell(),
                                text_cell(quality_name(day.quality)), number_cell(day.meter.value), number_cell(day.batch), no_cell(), no_cell()});
        }
    }
    return {};
}

} // namespace

result<Response> explain_bill(const Call& call)
{
    RELEVE_TRY(kept, bill_in_path(call));
    RELEVE_TRY(number, read_line(call, kept.bill));
    const engine::BillLine& line = kept.bill.lines[number];
    Listing out{.before = {{"line", number_cell(static_cast<std::int64_t>(number))},
                           {"component", text_cell(line.component)},
                           {"label_en", text_cell(line_text(line, *kept.book, Language::en))},
                           {"label_fr", text_cell(line_text(line, *kept.book, Language::fr))},
                           {"working", text_cell(working_of(line))},
                           {"row", text_cell(line.tariff + "/" + line.component + " " + line.row)},
                           {"source", text_cell(line.source)},
                           {"amount_eur", digits_cell(to_string(line.amount))}},
                .items = "readings",
                .columns = {"at", "step_s", "energy_wh", "quality_of_day", "meter", "batch", "index_from", "index_to"},
                .file_name = file_name(call, "bill-line")};
    bool intervals = false;
    for (const std::uint32_t index : line.sources) {
        if (index >= kept.bill.sources.size())
            continue;
        const engine::BillSource& source = kept.bill.sources[index];
        if (source.kind == engine::BillSource::Kind::intervals) {
            intervals = true;
            continue;
        }
        out.rows.push_back({text_cell(to_iso8601(source.span.from)), no_cell(), no_cell(), text_cell(quality_name(source.quality)), number_cell(source.meter.value), no_cell(),
                            digits_cell(scaled_digits(source.index_from, source.scaler)), digits_cell(scaled_digits(source.index_to, source.scaler))});
    }
    if (intervals)
        RELEVE_CHECK(add_intervals(call, kept, line, out));
    return respond(out, call.request);
}

} // namespace releve::api
