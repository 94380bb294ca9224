#pragma once
// Small tariffs, calendars, contracts, curves and registers as values, for tests of bills. Prices are made up unless a test
// says otherwise; no files, no JSON.

#include "../core/random_blocks.hpp"

#include <releve/engine/bill.hpp>

#include <array>
#include <functional>

namespace releve::test {

using engine::Basis;
using engine::Bill;
using engine::BillFacts;
using engine::BillLine;
using engine::BillMaker;
using engine::BillWanted;
using engine::Calendar;
using engine::CalendarRule;
using engine::CivilSpan;
using engine::Component;
using engine::ContractTerms;
using engine::CurveDay;
using engine::DayWindow;
using engine::IndexRead;
using engine::PriceUnit;
using engine::Proration;
using engine::RateRow;
using engine::RegisterFacts;
using engine::RegisterSeries;
using engine::Section;
using engine::Tariff;
using engine::TariffBook;
using engine::TimeClass;
using engine::VatGroup;
using Days = std::chrono::days;

inline constexpr std::int64_t mj_per_wh = 3'600'000;

inline CivilDay day(std::string_view text) { return parse_day(text).value(); }
inline CivilSpan span(std::string_view from, std::string_view to) { return {day(from), day(to)}; }
inline Decimal dec(std::string_view text) { return parse_decimal(text).value(); }
inline OwnWords words(const std::string& name) { return {name, name, name + ".", name + "."}; }

// ---- calendars

inline constexpr std::uint16_t winter = 0b1100'0000'0111; // November to March

inline Calendar calendar(const std::string& id, const std::vector<std::pair<std::string, std::string>>& classes, std::vector<CalendarRule> rules)
{
    Calendar out;
    out.id = id;
    out.words = words(id);
    for (const auto& [name, meter_register] : classes)
        out.classes.push_back({name, words(name), meter_register});
    out.rules = std::move(rules);
    EXPECT_EQ(find_fault(out), std::nullopt);
    return out;
}
inline Calendar base_calendar() { return calendar("base", {{"BASE", "active_energy_import_total"}}, {{.time_class = "BASE"}}); }
inline Calendar hphc_calendar()
{
    return calendar("hphc", {{"HP", "active_energy_import_supplier_1"}, {"HC", "active_energy_import_supplier_2"}},
                    {{.time_class = "HC", .offpeak_of_point = true}, {.time_class = "HP"}});
}
inline Calendar four_class_calendar()
{
    const std::string name = "active_energy_import_distributor_";
    return calendar("four_class", {{"HPH", name + "1"}, {"HCH", name + "2"}, {"HPB", name + "3"}, {"HCB", name + "4"}},
                    {{.time_class = "HCH", .months = winter, .offpeak_of_point = true},
                     {.time_class = "HPH", .months = winter},
                     {.time_class = "HCB", .offpeak_of_point = true},
                     {.time_class = "HPB"}});
}
inline Calendar tempo_calendar()
{
    std::vector<std::pair<std::string, std::string>> classes;
    std::vector<CalendarRule> rules;
    for (const std::string colour : {"BLUE", "WHITE", "RED"}) {
        classes.emplace_back(colour + "_HC", "active_energy_import_supplier_" + std::to_string(classes.size() + 1));
        classes.emplace_back(colour + "_HP", "active_energy_import_supplier_" + std::to_string(classes.size() + 1));
    }
    Calendar out = calendar("tempo", classes, {{.time_class = "BLUE_HP"}});
    out.day_start = Seconds{6 * 3600};
    out.published = "tempo";
    out.rules.clear();
    for (const std::string colour : {"RED", "WHITE", "BLUE"}) {
        out.rules.push_back({.time_class = colour + "_HC", .windows = {{22 * 3600, 6 * 3600}}, .day_kind = colour});
        out.rules.push_back({.time_class = colour + "_HP", .day_kind = colour});
    }
    out.rules.push_back({.time_class = "BLUE_HP"});
    EXPECT_EQ(find_fault(out), std::nullopt);
    return out;
}
inline engine::PublishedDays tempo_days(std::string_view from, const std::string& letters)
{
    return {"tempo", {{'B', "BLUE"}, {'W', "WHITE"}, {'R', "RED"}}, {{day(from), letters}}};
}
inline const std::vector<DayWindow> night{{22 * 3600, 6 * 3600}};

// ---- tariffs

inline RateRow row(std::string_view from, const std::vector<std::string>& values, std::string_view to = {}, engine::Parameters when = {})
{
    RateRow out;
    out.from = day(from);
    if (!to.empty())
        out.to = day(to);
    out.when = std::move(when);
    for (const std::string& value : values)
        out.values.push_back(dec(value));
    return out;
}
inline Component component(const std::string& id, Section section, PriceUnit unit, std::vector<RateRow> rows)
{
    Component out;
    out.id = id;
    out.words = words(id);
    out.section = section;
    out.unit = unit;
    out.basis = engine::price_unit_row(unit).basis;
    out.rows = std::move(rows);
    return out;
}
inline Component of_class(Component one, const std::string& calendar_id, const std::string& time_class)
{
    one.calendar = calendar_id;
    one.time_class = time_class;
    return one;
}
inline Component of_classes(Component one, const std::string& calendar_id, std::vector<std::string> classes)
{
    one.calendar = calendar_id;
    one.classes = std::move(classes);
    return one;
}
inline Component share_of(Component one, std::vector<std::string> of, VatGroup vat)
{
    one.of = std::move(of);
    one.vat = vat;
    return one;
}
inline Component in_group(Component one, VatGroup vat)
{
    one.vat = vat;
    return one;
}
inline Component prorated(Component one, Proration proration, std::optional<int> unit_price_decimals = std::nullopt)
{
    one.proration = proration;
    one.unit_price_decimals = unit_price_decimals;
    return one;
}
inline Tariff tariff(const std::string& id, std::vector<Component> components, const std::string& calendar_id = {})
{
    Tariff out;
    out.id = id;
    out.energy = "electricity";
    out.words = words(id);
    out.source = "made up";
    out.calendar = calendar_id;
    out.components = std::move(components);
    return out;
}

/// VAT as it was: 5.5 % on subscriptions, 20 % on the rest; 20 % on all of it from 2025-08-01.
inline Tariff vat_tariff()
{
    return tariff("vat", {share_of(component("vat_subscription", Section::vat, PriceUnit::percent, {row("2020-01-01", {"5.5"}), row("2025-08-01", {"20"})}),
                                   {}, VatGroup::subscription),
                          share_of(component("vat_consumption", Section::vat, PriceUnit::percent, {row("2020-01-01", {"20"})}), {}, VatGroup::consumption)});
}
inline Tariff network_tariff()
{
    return tariff("network",
                  {in_group(component("cg", Section::network, PriceUnit::eur_year, {row("2020-01-01", {"16.80"})}), VatGroup::subscription),
                   in_group(prorated(component("cs_fixed", Section::network, PriceUnit::eur_kva_year, {row("2020-01-01", {"12.13"}), row("2025-08-01", {"13.49"})}),
                                     Proration::days_actual_year, 5),
                            VatGroup::subscription),
                   of_class(component("cs_hp", Section::network, PriceUnit::ct_kwh, {row("2020-01-01", {"4.94"})}), "hphc", "HP"),
                   of_class(component("cs_hc", Section::network, PriceUnit::ct_kwh, {row("2020-01-01", {"3.50"})}), "hphc", "HC"),
                   share_of(component("cta", Section::levy, PriceUnit::percent, {row("2021-08-01", {"21.93"}), row("2026-02-01", {"15"})}),
                            {"cg", "cs_fixed"}, VatGroup::subscription)});
}
/// A household's: peak and off-peak, network, excise, VAT.
inline Tariff home_tariff()
{
    Tariff out = tariff("home",
                        {in_group(prorated(component("subscription", Section::supply, PriceUnit::eur_month, {row("2020-01-01", {"10.00"})}), Proration::twelfth),
                                  VatGroup::subscription),
                         of_class(component("energy_hp", Section::supply, PriceUnit::eur_kwh, {row("2020-01-01", {"0.1234"})}), "hphc", "HP"),
                         of_class(component("energy_hc", Section::supply, PriceUnit::eur_kwh, {row("2020-01-01", {"0.0987"})}), "hphc", "HC"),
                         component("excise", Section::levy, PriceUnit::eur_mwh, {row("2025-02-01", {"33.70"}), row("2025-08-01", {"29.98"})})},
                        "hphc");
    out.components.back().rows.insert(out.components.back().rows.begin(), row("2020-01-01", {"21"}));
    out.includes = {{"network"}, {"vat"}};
    return out;
}

/// A book of what is handed in, each made complete.
inline TariffBook book_of(std::vector<Tariff> tariffs)
{
    TariffBook book;
    for (Calendar one : {base_calendar(), hphc_calendar(), four_class_calendar(), tempo_calendar()})
        book.calendars.emplace(one.id, std::move(one));
    for (Tariff& one : tariffs) {
        EXPECT_EQ(complete(one, book.calendars), std::nullopt);
        const std::string id = one.id;
        book.tariffs.emplace(id, std::move(one));
    }
    return book;
}
inline TariffBook home_book() { return book_of({home_tariff(), network_tariff(), vat_tariff()}); }

// ---- contracts and readings

inline ContractTerms contract(CivilSpan when, const std::string& tariff_id, std::vector<std::int64_t> powers_va = {6'000})
{
    ContractTerms out;
    out.span = when;
    out.tariff = tariff_id;
    out.powers_va = std::move(powers_va);
    return out;
}

/// Energies by the instant at which a slot begins.
inline std::vector<CurveDay> curve(CivilSpan when, const std::function<std::int64_t(Instant)>& mj_at, Seconds step = Seconds{1800})
{
    std::vector<CurveDay> out;
    for (CivilDay one = when.from; one < when.to; one += Days{1}) {
        CurveDay& part = out.emplace_back();
        part = {.day = one, .first = paris().start_of(one), .step = step, .energy_mj = {}, .quality = Quality::raw, .meter = {1}, .channel = {1}, .batch = 5};
        for (Instant at = part.first; at < paris().start_of(one + Days{1}); at += step)
            part.energy_mj.push_back(mj_at(at));
    }
    return out;
}
inline std::vector<CurveDay> flat_curve(CivilSpan when, std::int64_t wh_a_slot, Seconds step = Seconds{1800})
{
    return curve(when, [wh_a_slot](Instant) { return wh_a_slot * mj_per_wh; }, step);
}
inline std::vector<CurveDay> random_curve(Random& random, CivilSpan when, std::uint64_t mj_max = 1'500 * mj_per_wh)
{
    return curve(when, [&](Instant) { return static_cast<std::int64_t>(below(random, mj_max)); });
}

/// What registers of the calendar's classes say each midnight of the curve and at its end, counting it from `index_wh`.
inline std::vector<RegisterFacts> registers_of(const Calendar& followed, const std::vector<CurveDay>& days, std::int64_t index_wh = 1'000'999,
                                               const engine::PublishedDays* published = nullptr)
{
    std::vector<RegisterFacts> out;
    for (const TimeClass& one : followed.classes)
        out.push_back({one.meter_register, {RegisterSeries{}}, {MeterId{1}}, {ChannelId{static_cast<std::int16_t>(10 + out.size())}}});
    std::vector<Wide> mj(out.size());
    const auto read = [&](CivilDay at) {
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i].series.front().reads.push_back({paris().start_of(at), index_wh + static_cast<std::int64_t>(mj[i] / mj_per_wh), Quality::raw, true});
    };
    for (const CurveDay& part : days) {
        read(part.day);
        const auto classes = classes_of_day(followed, {&paris(), &night, published}, part.day, part.step).value();
        for (std::size_t slot = 0; slot < classes.size(); ++slot)
            mj[classes[slot]] += part.energy_mj[slot];
    }
    read(days.back().day + Days{1});
    return out;
}

inline BillFacts home_facts(CivilSpan when, std::vector<CurveDay> days = {})
{
    BillFacts out;
    out.usage_point = {"12345678901234"};
    out.energy = "electricity";
    out.contracts = {contract(when, "home")};
    out.offpeak = {{when, night}};
    out.curve = std::move(days);
    out.as_of = 7;
    return out;
}

// ---- what is true of every bill

/// Half up to the cent: price * quantity / divisor, in cents, without the code under test.
inline std::int64_t half_up(Wide dividend, Wide divisor)
{
    const Wide size = dividend < 0 ? -dividend : dividend;
    const Wide cents = (2 * size + divisor) / (2 * divisor);
    return static_cast<std::int64_t>(dividend < 0 ? -cents : cents);
}

inline void expect_sound(const Bill& bill)
{
    Cents total;
    for (const BillLine& line : bill.lines) {
        if (!line.contained)
            total += line.amount;
        const auto& unit = engine::price_unit_row(line.unit);
        if (unit.basis != Basis::overrun_quadratic && !(line.contained && line.section == Section::vat)) {
            const Wide scale = power_of_ten(line.quantity.scale);
            const std::int64_t cents =
                line.unit_price ? half_up(Wide{line.unit_price->digits} * line.quantity.digits * 100, power_of_ten(line.unit_price->scale) * scale)
                                : half_up(Wide{line.price.digits} * line.quantity.digits * unit.euros * 100,
                                          power_of_ten(line.price.scale) * scale * unit.per * line.divisor);
            EXPECT_EQ(line.amount.value, cents) << line.component;
        }
        EXPECT_TRUE(bill.span.from <= line.span.from && line.span.from < line.span.to && line.span.to <= bill.span.to) << line.component;
        EXPECT_FALSE(line.source.empty()) << line.component;
        for (const std::uint32_t source : line.sources)
            EXPECT_LT(source, bill.sources.size()) << line.component;
    }
    EXPECT_EQ(bill.total, total);
    for (const CivilDay estimated : bill.estimated_days)
        EXPECT_TRUE(bill.span.from <= estimated && estimated < bill.span.to) << to_iso8601(estimated);
    const std::string document = to_document(bill);
    const auto read = engine::parse_document(document);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(to_document(*read), document);
    EXPECT_EQ(read->lines, bill.lines);
    EXPECT_EQ(read->sources, bill.sources);
    EXPECT_EQ(read->checks, bill.checks);
    EXPECT_EQ(read->estimated_days, bill.estimated_days);
    EXPECT_EQ(read->remarks, bill.remarks);
    EXPECT_EQ(read->total, bill.total);
}

inline Bill bill_of(const TariffBook& book, const BillFacts& facts, const BillWanted& wanted)
{
    BillMaker maker{book, paris()};
    auto made = maker.make(facts, wanted);
    EXPECT_TRUE(made) << to_string(made.error());
    if (!made)
        return {};
    expect_sound(*made);
    return *made;
}
inline Error refusal(const TariffBook& book, const BillFacts& facts, const BillWanted& wanted)
{
    BillMaker maker{book, paris()};
    auto made = maker.make(facts, wanted);
    EXPECT_FALSE(made);
    return made ? Error{} : made.error();
}

inline std::vector<const BillLine*> lines_of(const Bill& bill, std::string_view component_id, std::string_view time_class = {})
{
    std::vector<const BillLine*> out;
    for (const BillLine& line : bill.lines)
        if (line.component == component_id && (time_class.empty() || line.time_class == time_class))
            out.push_back(&line);
    return out;
}
inline Cents amount_of(const Bill& bill, std::string_view component_id)
{
    Cents sum;
    for (const BillLine* line : lines_of(bill, component_id))
        sum += line->amount;
    return sum;
}
/// In Wh, of a component's lines.
inline std::int64_t wh_of(const Bill& bill, std::string_view component_id)
{
    std::int64_t sum = 0;
    for (const BillLine* line : lines_of(bill, component_id))
        sum += static_cast<std::int64_t>(Wide{line->quantity.digits} * 1'000 / power_of_ten(line->quantity.scale));
    return sum;
}

} // namespace releve::test
