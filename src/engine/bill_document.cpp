#include <releve/engine/bill.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

namespace releve::engine {

namespace {

constexpr std::string_view first_line = "releve-bill\t1";
constexpr std::string_view none = "-";
constexpr std::array<std::string_view, 3> kinds{"registers", "intervals", "published_gas"};

// ---- writing

/// Where the cells of the line above stand in the document.
using CellsAbove = std::array<std::pair<std::size_t, std::size_t>, 24>;

class Writer {
public:
    /// With the cells above, one that says the same stays empty, and one of nothing is none.
    explicit Writer(std::string& out, CellsAbove* above = nullptr) : out_(&out), above_(above) {}
    Writer& text(std::string_view value)
    {
        *out_ += '\t';
        const std::size_t start = out_->size();
        *out_ += value.empty() && above_ != nullptr ? none : value;
        bool plain = true;
        for (const char c : value)
            plain &= static_cast<unsigned char>(c) >= 0x20;
        if (!plain) // no cell holds what ends one
            std::replace_if(out_->begin() + static_cast<std::ptrdiff_t>(start), out_->end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
        return put(start);
    }
    Writer& number(std::int64_t value)
    {
        char digits[24];
        return text({digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits)});
    }
    Writer& day(CivilDay value) { return text(to_iso8601(value)); }
    Writer& span(const CivilSpan& value) { return day(value.from).day(value.to); }
    Writer& decimal(const Decimal& value) { return text(to_string(value)); }
    void end() { *out_ += '\n'; }

private:
    Writer& put(std::size_t start)
    {
        if (above_ == nullptr)
            return *this;
        auto& [at, size] = above_->at(cell_++);
        const std::string_view document{*out_};
        if (start < document.size() && document.substr(at, size) == document.substr(start))
            out_->resize(start);
        else
            std::tie(at, size) = std::pair{start, document.size() - start};
        return *this;
    }

    std::string* out_;
    CellsAbove* above_;
    std::size_t cell_ = 0;
};

template <class Range, class Text>
std::string joined(const Range& range, char between, Text text)
{
    std::string out;
    for (const auto& item : range) {
        if (!out.empty())
            out += between;
        out += text(item);
    }
    return out.empty() ? std::string{none} : out;
}

/// "812.0*30,901.2": batch, overlay version, how many days.
std::string revisions_text(const std::vector<std::pair<std::int64_t, std::int32_t>>& revisions)
{
    std::string out;
    for (std::size_t i = 0; i < revisions.size();) {
        std::size_t count = 1;
        while (i + count < revisions.size() && revisions[i + count] == revisions[i])
            ++count;
        out += (out.empty() ? "" : ",") + std::to_string(revisions[i].first) + "." + std::to_string(revisions[i].second);
        if (count > 1)
            out += "*" + std::to_string(count);
        i += count;
    }
    return out.empty() ? std::string{none} : out;
}

void write_source(std::string& out, const BillSource& source)
{
    out += "source";
    Writer{out}
        .text(kinds[static_cast<std::size_t>(source.kind)])
        .number(source.meter.value)
        .number(source.channel.value)
        .span(source.span)
        .text(quality_name(source.quality))
        .number(source.slots)
        .number(source.estimated)
        .number(source.index_from)
        .number(source.index_to)
        .number(source.scaler)
        .number(source.kwh_per_m3_e5)
        .text(revisions_text(source.revisions))
        .end();
}

void write_line(std::string& out, const BillLine& line, CellsAbove& above)
{
    out += "line";
    Writer{out, &above}
        .text(line.tariff)
        .number(line.edition)
        .text(line.component)
        .text(section_name(line.section))
        .text(vat_group_name(line.vat))
        .number(line.contained ? 1 : 0)
        .text(line.calendar.empty() ? none : line.calendar)
        .text(line.time_class.empty() ? none : line.time_class)
        .span(line.span)
        .decimal(line.quantity)
        .text(line.quantity_unit)
        .decimal(line.price)
        .text(price_unit_row(line.unit).name)
        .number(line.divisor)
        .text(line.unit_price ? to_string(*line.unit_price) : std::string{none})
        .text(proration_name(line.proration))
        .text(line.row)
        .text(line.source)
        .text(joined(line.sources, ',', [](std::uint32_t n) { return std::to_string(n); }))
        .text(to_string(line.amount))
        .end();
}

void write_contract(std::string& out, const ContractTerms& terms)
{
    out += "contract";
    Writer{out}
        .span(terms.span)
        .text(terms.tariff)
        .text(joined(terms.powers_va, ',', [](std::int64_t va) { return std::to_string(va); }))
        .text(terms.daily_capacity_kwh ? std::to_string(*terms.daily_capacity_kwh) : std::string{none})
        .text(terms.meter_calendar.empty() ? none : terms.meter_calendar)
        .text(joined(terms.parameters, ';', [](const auto& one) { return one.first + "=" + one.second; }))
        .end();
}

// ---- reading

using Cells = std::vector<std::string_view>;

Cells split(std::string_view text, char between)
{
    Cells cells;
    for (std::size_t at = 0;;) {
        const std::size_t end = text.find(between, at);
        cells.push_back(text.substr(at, end == std::string_view::npos ? end : end - at));
        if (end == std::string_view::npos)
            return cells;
        at = end + 1;
    }
}

Cells list_of(std::string_view cell, char between) { return cell == none ? Cells{} : split(cell, between); }

/// Sticky: the first wrong cell makes all of it wrong.
class Reader {
public:
    explicit Reader(Cells cells) : cells_(std::move(cells)) {}
    std::string_view text()
    {
        if (next_ < cells_.size())
            return cells_[next_++];
        wrong_ = true;
        return {};
    }
    std::string optional_text()
    {
        const std::string_view cell = text();
        return cell == none ? std::string{} : std::string{cell};
    }
    std::int64_t number() { return number_of(text()); }
    std::int64_t number_of(std::string_view cell)
    {
        std::int64_t value = 0;
        const auto end = std::from_chars(cell.data(), cell.data() + cell.size(), value);
        wrong_ = wrong_ || end.ec != std::errc{} || end.ptr != cell.data() + cell.size() || cell.empty();
        return value;
    }
    template <class Number>
    Number number_as()
    {
        const std::int64_t value = number();
        wrong_ = wrong_ || value < std::numeric_limits<Number>::min() || value > std::numeric_limits<Number>::max();
        return static_cast<Number>(value);
    }
    CivilDay day()
    {
        const auto parsed = parse_day(text());
        wrong_ = wrong_ || !parsed;
        return parsed ? *parsed : CivilDay{};
    }
    CivilSpan span()
    {
        const CivilDay from = day();
        return {from, day()};
    }
    Decimal decimal_of(std::string_view cell)
    {
        const auto parsed = parse_decimal(cell);
        wrong_ = wrong_ || !parsed;
        return parsed ? *parsed : Decimal{};
    }
    Decimal decimal() { return decimal_of(text()); }
    Cents cents()
    {
        const Decimal value = decimal();
        wrong_ = wrong_ || value.scale != 2;
        return {value.digits};
    }
    template <class Rows, class Name>
    auto one_of(const Rows& rows, Name name)
    {
        const std::string_view cell = text();
        for (const auto& row : rows)
            if (name(row) == cell)
                return row;
        wrong_ = true;
        return *std::begin(rows);
    }
    void fail() { wrong_ = true; }
    /// Whether all was right and nothing is left.
    [[nodiscard]] bool done() const { return !wrong_ && next_ == cells_.size(); }

private:
    Cells cells_;
    std::size_t next_ = 1;
    bool wrong_ = false;
};

constexpr std::array all_sections{Section::supply, Section::network, Section::levy, Section::vat};
constexpr std::array all_groups{VatGroup::none, VatGroup::subscription, VatGroup::consumption};
constexpr std::array all_prorations{Proration::days_actual_year, Proration::days_365, Proration::twelfth};
constexpr std::array all_rests{Rests::read, Rests::estimated, Rests::mixed};
constexpr std::array all_kinds{BillSource::Kind::registers, BillSource::Kind::intervals, BillSource::Kind::published_gas};

void read_revisions(Reader& cells, BillSource& source)
{
    for (const std::string_view run : list_of(cells.text(), ',')) {
        const Cells parts = split(run, '*');
        const Cells numbers = split(parts[0], '.');
        const std::int64_t count = parts.size() > 1 ? cells.number_of(parts[1]) : 1;
        if (numbers.size() != 2 || parts.size() > 2 || count < 1 || count > bill_days_max * 2 ||
            source.revisions.size() > static_cast<std::size_t>(bill_days_max) * 8)
            return cells.fail();
        const std::int64_t batch = cells.number_of(numbers[0]);
        const auto overlay = static_cast<std::int32_t>(cells.number_of(numbers[1]));
        source.revisions.insert(source.revisions.end(), static_cast<std::size_t>(count), {batch, overlay});
    }
}

BillSource read_source(Reader& cells)
{
    BillSource source;
    source.kind = cells.one_of(all_kinds, [](BillSource::Kind kind) { return kinds[static_cast<std::size_t>(kind)]; });
    source.meter.value = cells.number_as<std::int32_t>();
    source.channel.value = cells.number_as<std::int16_t>();
    source.span = cells.span();
    source.quality = cells.one_of(quality_rows(), [](const QualityRow& row) { return row.name; }).quality;
    source.slots = cells.number_as<int>();
    source.estimated = cells.number_as<int>();
    source.index_from = cells.number();
    source.index_to = cells.number();
    source.scaler = cells.number_as<int>();
    source.kwh_per_m3_e5 = cells.number();
    read_revisions(cells, source);
    return source;
}

BillLine read_line(Reader& cells)
{
    BillLine line;
    line.tariff = cells.text();
    line.edition = cells.number_as<int>();
    line.component = cells.text();
    line.section = cells.one_of(all_sections, section_name);
    line.vat = cells.one_of(all_groups, vat_group_name);
    line.contained = cells.number_as<std::uint8_t>() != 0;
    line.calendar = cells.optional_text();
    line.time_class = cells.optional_text();
    line.span = cells.span();
    line.quantity = cells.decimal();
    line.quantity_unit = cells.text();
    line.price = cells.decimal();
    line.unit = cells.one_of(price_unit_rows(), [](const PriceUnitRow& row) { return row.name; }).unit;
    line.divisor = cells.number_as<int>();
    if (const std::string unit_price = cells.optional_text(); !unit_price.empty())
        line.unit_price = cells.decimal_of(unit_price);
    line.proration = cells.one_of(all_prorations, proration_name);
    line.row = cells.optional_text();
    line.source = cells.optional_text();
    for (const std::string_view number : list_of(cells.text(), ','))
        line.sources.push_back(static_cast<std::uint32_t>(cells.number_of(number)));
    line.amount = cells.cents();
    return line;
}

ContractTerms read_contract(Reader& cells)
{
    ContractTerms terms;
    terms.span = cells.span();
    terms.tariff = cells.text();
    for (const std::string_view power : list_of(cells.text(), ','))
        terms.powers_va.push_back(cells.number_of(power));
    if (const std::string capacity = cells.optional_text(); !capacity.empty())
        terms.daily_capacity_kwh = cells.number_of(capacity);
    terms.meter_calendar = cells.optional_text();
    for (const std::string_view one : list_of(cells.text(), ';')) {
        const std::size_t sign = one.find('=');
        if (sign == std::string_view::npos)
            cells.fail();
        else
            terms.parameters[std::string{one.substr(0, sign)}] = one.substr(sign + 1);
    }
    return terms;
}

struct Part {
    std::string_view name;
    void (*read)(Reader&, Bill&);
};
constexpr Part parts[] = {
    {"usage_point", [](Reader& c, Bill& b) { b.usage_point.value = c.text(); }},
    {"energy", [](Reader& c, Bill& b) { b.energy = c.text(); }},
    {"period", [](Reader& c, Bill& b) { b.span = c.span(); }},
    {"as_of", [](Reader& c, Bill& b) { b.as_of = c.number(); }},
    {"comparison", [](Reader& c, Bill& b) { b.comparison = c.number() != 0; }},
    {"prices_as_of", [](Reader& c, Bill& b) { b.prices_as_of = c.day(); }},
    {"played", [](Reader& c, Bill& b) { b.played = c.text(); }},
    {"contract", [](Reader& c, Bill& b) { b.contracts.push_back(read_contract(c)); }},
    {"rests", [](Reader& c, Bill& b) { b.rests = c.one_of(all_rests, rests_name); }},
    {"estimated", [](Reader& c, Bill& b) { b.estimated_days.push_back(c.day()); }},
    {"source", [](Reader& c, Bill& b) { b.sources.push_back(read_source(c)); }},
    {"line", [](Reader& c, Bill& b) { b.lines.push_back(read_line(c)); }},
    {"check",
     [](Reader& c, Bill& b) {
         RegisterCheck check;
         check.calendar = c.text();
         check.time_class = c.text();
         check.span = c.span();
         check.register_wh = c.number();
         check.curve_wh = c.number();
         b.checks.push_back(std::move(check));
     }},
    {"remark", [](Reader& c, Bill& b) { b.remarks.emplace_back(c.text()); }},
    {"energy_wh", [](Reader& c, Bill& b) { b.energy_wh = c.number(); }},
    {"before_vat", [](Reader& c, Bill& b) { b.before_vat = c.cents(); }},
    {"total", [](Reader& c, Bill& b) { b.total = c.cents(); }},
};

} // namespace

std::string to_document(const Bill& bill)
{
    std::string out;
    out.reserve(2'048);
    const auto put = [&out](std::string_view name) {
        out += name;
        return Writer{out};
    };
    out += first_line;
    out += '\n';
    put("usage_point").text(bill.usage_point.value).end();
    put("energy").text(bill.energy).end();
    put("period").span(bill.span).end();
    put("as_of").number(bill.as_of).end();
    put("comparison").number(bill.comparison ? 1 : 0).end();
    if (bill.prices_as_of)
        put("prices_as_of").day(*bill.prices_as_of).end();
    if (!bill.played.empty())
        put("played").text(bill.played).end();
    for (const ContractTerms& terms : bill.contracts)
        write_contract(out, terms);
    put("rests").text(rests_name(bill.rests)).end();
    for (const CivilDay day : bill.estimated_days)
        put("estimated").day(day).end();
    for (const BillSource& source : bill.sources)
        write_source(out, source);
    CellsAbove above{};
    for (const BillLine& line : bill.lines)
        write_line(out, line, above);
    for (const RegisterCheck& check : bill.checks)
        put("check").text(check.calendar).text(check.time_class).span(check.span).number(check.register_wh).number(check.curve_wh).end();
    for (const std::string& remark : bill.remarks)
        put("remark").text(remark).end();
    put("energy_wh").number(bill.energy_wh).end();
    put("before_vat").text(to_string(bill.before_vat)).end();
    put("total").text(to_string(bill.total)).end();
    return out;
}

result<Bill> parse_document(std::string_view document)
{
    if (!document.ends_with('\n'))
        return fail(errc::bad_value, "bill: is cut off");
    document.remove_suffix(1);
    Cells lines = split(document, '\n');
    if (lines.front() != first_line)
        return fail(errc::bad_value, "bill: line 1 is not that of a bill");
    Bill bill;
    Cells above;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        Cells cells = split(lines[i], '\t');
        if (cells.front() == "line") {
            for (std::size_t n = 1; n < std::min(cells.size(), above.size()); ++n)
                if (cells[n].empty())
                    cells[n] = above[n];
            above = cells;
        }
        const auto part = std::ranges::find(parts, cells.front(), &Part::name);
        Reader reader{std::move(cells)};
        if (part != std::end(parts))
            part->read(reader, bill);
        if (part == std::end(parts) || !reader.done())
            return fail(errc::bad_value, "bill: line " + std::to_string(i + 1) + " is not right");
    }
    document = {document.data(), document.size() + 1};
    if (to_document(bill) != document) // one encoding for each bill
        return fail(errc::bad_value, "bill: is not written as it must be");
    return bill;
}

} // namespace releve::engine
