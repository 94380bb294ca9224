#include <releve/api/bill_json.hpp>

#include <algorithm>

namespace releve::api {
namespace {

Cell decimal_cell(const Decimal& value) { return digits_cell(to_string(value)); }
Cell cents_cell(Cents amount) { return digits_cell(to_string(amount)); }
Cell kwh_cell(std::int64_t wh) { return digits_cell(to_string(shortest({wh, 3}))); }

std::string words_json(const OwnWords& words)
{
    return write_object({"label", "plain"}, {json_cell(write_object({"en", "fr"}, {text_cell(words.label_en), text_cell(words.label_fr)})),
                                             json_cell(write_object({"en", "fr"}, {text_cell(words.plain_en), text_cell(words.plain_fr)}))});
}

template <class Range, class Text>
std::string array_json(const Range& range, Text text)
{
    std::string out = "[";
    for (const auto& item : range)
        out += (out.size() > 1 ? "," : "") + text(item);
    return out + "]";
}

std::string quoted_day(CivilDay day) { return '"' + to_iso8601(day) + '"'; }

OwnWords unknown_words(const std::string& id) { return {id, id, id, id}; }

std::string contract_json(const engine::ContractTerms& terms)
{
    std::vector<std::string_view> names;
    std::vector<Cell> values;
    for (const auto& [name, value] : terms.parameters) {
        names.push_back(name);
        values.push_back(text_cell(value));
    }
    return write_object({"from", "to", "tariff", "subscribed_powers_kva", "parameters", "daily_capacity_kwh", "meter_calendar"},
                        {text_cell(to_iso8601(terms.span.from)), text_cell(to_iso8601(terms.span.to)), text_cell(terms.tariff),
                         json_cell(array_json(terms.powers_va, [](std::int64_t va) { return to_string(shortest({va, 3})); })),
                         json_cell(write_object(names, values)), maybe_number_cell(terms.daily_capacity_kwh), optional_cell(terms.meter_calendar)});
}

std::string source_json(const engine::BillSource& source)
{
    constexpr std::string_view kinds[] = {"registers", "intervals", "published_gas"};
    const bool intervals = source.kind == engine::BillSource::Kind::intervals;
    const auto index = [&](std::int64_t value) { return intervals ? no_cell() : digits_cell(scaled_digits(value, source.scaler)); };
    return write_object({"kind", "meter", "channel", "from", "to", "quality", "intervals", "estimated", "index_from", "index_to", "kwh_per_m3"},
                        {text_cell(kinds[static_cast<std::size_t>(source.kind)]), source.meter.value != 0 ? number_cell(source.meter.value) : no_cell(),
                         source.meter.value != 0 ? number_cell(source.channel.value) : no_cell(), text_cell(to_iso8601(source.span.from)),
                         text_cell(to_iso8601(source.span.to)), text_cell(quality_name(source.quality)), intervals ? number_cell(source.slots) : no_cell(),
                         intervals ? number_cell(source.estimated) : no_cell(), index(source.index_from), index(source.index_to),
                         source.kwh_per_m3_e5 != 0 ? digits_cell(to_string(shortest({source.kwh_per_m3_e5, 5}))) : no_cell()});
}

const std::vector<std::string_view> line_columns{"line",     "section",       "tariff",     "edition",    "component", "calendar",   "time_class", "from",
                                                 "to",       "quantity",      "unit",       "price",      "price_unit", "divisor",   "unit_price_eur", "proration",
                                                 "amount_eur", "vat_group",   "contained",  "row",        "source"};

std::vector<Cell> line_row(const engine::BillLine& line, std::size_t number)
{
    return {number_cell(static_cast<std::int64_t>(number)),
            text_cell(engine::section_name(line.section)),
            text_cell(line.tariff),
            number_cell(line.edition),
            text_cell(line.component),
            optional_cell(line.calendar),
            optional_cell(line.time_class),
            text_cell(to_iso8601(line.span.from)),
            text_cell(to_iso8601(line.span.to)),
            decimal_cell(line.quantity),
            text_cell(line.quantity_unit),
            decimal_cell(line.price),
            text_cell(engine::price_unit_row(line.unit).name),
            number_cell(line.divisor),
            line.unit_price ? decimal_cell(*line.unit_price) : no_cell(),
            text_cell(engine::proration_name(line.proration)),
            cents_cell(line.amount),
            text_cell(engine::vat_group_name(line.vat)),
            boolean_cell(line.contained),
            text_cell(line.row),
            text_cell(line.source)};
}

std::string line_json(const engine::BillLine& line, std::size_t number, const engine::TariffBook& book)
{
    const LineWords words = words_of(line, book);
    std::vector<std::string_view> columns = line_columns;
    std::vector<Cell> row = line_row(line, number);
    columns.insert(columns.end(), {"words", "time_class_words", "working", "sources"});
    row.push_back(json_cell(words_json(words.component)));
    row.push_back(line.time_class.empty() ? no_cell() : json_cell(words_json(words.time_class)));
    row.push_back(text_cell(working_of(line)));
    row.push_back(json_cell(array_json(line.sources, [](std::uint32_t source) { return std::to_string(source); })));
    return write_object(columns, row);
}

std::string check_json(const engine::RegisterCheck& check)
{
    return write_object({"calendar", "time_class", "from", "to", "register_kwh", "curve_kwh", "difference_kwh"},
                        {text_cell(check.calendar), text_cell(check.time_class), text_cell(to_iso8601(check.span.from)), text_cell(to_iso8601(check.span.to)),
                         kwh_cell(check.register_wh), kwh_cell(check.curve_wh), kwh_cell(check.difference_wh())});
}

std::string known_json(const store::Knowledge& known)
{
    return write_object({"batch", "terms"}, {number_cell(known.batch.value), number_cell(known.terms)});
}

} // namespace

LineWords words_of(const engine::BillLine& line, const engine::TariffBook& book)
{
    LineWords words{unknown_words(line.component), unknown_words(line.time_class)};
    if (const auto tariff = book.tariffs.find(line.tariff); tariff != book.tariffs.end())
        if (const engine::Component* component = tariff->second.find(line.component))
            words.component = component->words;
    if (const auto calendar = book.calendars.find(line.calendar); calendar != book.calendars.end())
        if (const auto index = calendar->second.class_index(line.time_class))
            words.time_class = calendar->second.classes[*index].words;
    return words;
}

std::string working_of(const engine::BillLine& line)
{
    std::string text = to_string(line.price) + " " + std::string{engine::price_unit_row(line.unit).name};
    if (line.quantity_unit == "kW2")
        return text + (line.unit_price ? " = " + to_string(*line.unit_price) + " EUR/kW" : "") + "; x square root of " + to_string(line.quantity) +
               " kW2 = " + to_string(line.amount);
    if (line.divisor != 1)
        text += " / " + std::to_string(line.divisor);
    if (line.unit_price)
        text += " = " + to_string(*line.unit_price) + ";";
    return text + " x " + to_string(line.quantity) + " " + line.quantity_unit + " = " + to_string(line.amount);
}

const std::vector<std::string_view>& stored_bill_columns()
{
    static const std::vector<std::string_view> columns{"id",        "usage_point", "from",      "to",       "state",   "corrects",     "corrected_by", "as_of.batch", "as_of.terms",
                                                       "total_eur", "energy_kwh",  "rests_on",  "hash",     "made_at", "made_by",      "issued_at",    "cancelled_at", "reason"};
    return columns;
}

std::vector<Cell> stored_bill_row(const store::StoredBill& bill)
{
    const auto instant = [](const std::optional<Instant>& at) { return at ? text_cell(to_iso8601(*at)) : no_cell(); };
    return {number_cell(bill.id),
            text_cell(bill.usage_point.value),
            text_cell(to_iso8601(bill.span.from)),
            text_cell(to_iso8601(bill.span.to)),
            text_cell(store::bill_state_name(bill.state)),
            maybe_number_cell(bill.corrects),
            maybe_number_cell(bill.corrected_by),
            number_cell(bill.known.batch.value),
            number_cell(bill.known.terms),
            cents_cell(bill.total),
            kwh_cell(bill.energy_wh),
            text_cell(engine::rests_name(bill.rests)),
            text_cell(bill.hash),
            text_cell(to_iso8601(bill.made_at)),
            text_cell(bill.made_by),
            instant(bill.issued_at),
            instant(bill.cancelled_at),
            optional_cell(bill.reason)};
}

std::string bill_json(const engine::Bill& bill, const store::Knowledge& known, const engine::TariffBook& book, const store::StoredBill* stored)
{
    std::size_t number = 0;
    std::vector<std::string_view> columns;
    std::vector<Cell> row;
    const auto add = [&](std::string_view name, Cell cell) {
        columns.push_back(name);
        row.push_back(std::move(cell));
    };
    if (stored != nullptr) {
        columns = stored_bill_columns();
        row = stored_bill_row(*stored);
    } else {
        add("usage_point", text_cell(bill.usage_point.value));
        add("from", text_cell(to_iso8601(bill.span.from)));
        add("to", text_cell(to_iso8601(bill.span.to)));
        add("as_of", json_cell(known_json(known)));
        add("total_eur", cents_cell(bill.total));
        add("energy_kwh", kwh_cell(bill.energy_wh));
        add("rests_on", text_cell(engine::rests_name(bill.rests)));
    }
    add("energy", text_cell(bill.energy));
    add("before_vat_eur", cents_cell(bill.before_vat));
    add("comparison", boolean_cell(bill.comparison));
    add("prices_as_of", bill.prices_as_of ? text_cell(to_iso8601(*bill.prices_as_of)) : no_cell());
    add("played", optional_cell(bill.played));
    add("estimated_days", json_cell(array_json(bill.estimated_days, quoted_day)));
    add("contracts", json_cell(array_json(bill.contracts, contract_json)));
    add("lines", json_cell(array_json(bill.lines, [&](const engine::BillLine& line) { return line_json(line, number++, book); })));
    add("sources", json_cell(array_json(bill.sources, source_json)));
    add("checks", json_cell(array_json(bill.checks, check_json)));
    add("remarks", json_cell(array_json(bill.remarks, [](const std::string& remark) {
        const std::string object = write_object({"remark"}, {text_cell(remark)});
        return object.substr(object.find(':') + 1, object.size() - object.find(':') - 2);
    })));
    return write_json(columns, row);
}

Listing bill_listing(const engine::Bill& bill, const engine::TariffBook& book)
{
    Listing out{.items = "lines", .columns = line_columns, .file_name = "releve-bill-" + bill.usage_point.value + "-" + to_iso8601(bill.span.from)};
    out.columns.insert(out.columns.end(), {"label_en", "label_fr"});
    for (std::size_t i = 0; i < bill.lines.size(); ++i) {
        std::vector<Cell> row = line_row(bill.lines[i], i);
        const LineWords words = words_of(bill.lines[i], book);
        row.push_back(text_cell(words.component.label_en));
        row.push_back(text_cell(words.component.label_fr));
        out.rows.push_back(std::move(row));
    }
    return out;
}

} // namespace releve::api
