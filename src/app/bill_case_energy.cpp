// Topics about electricity at home, about time, and about lines of network invoices: regulated prices, a
// household's bill, Tempo, days, indexes.

#include "bill_cases_parts.hpp"

#include <releve/engine/registers.hpp>

#include <algorithm>

namespace releve::app::bills {

using engine::Basis;
using engine::BillLine;
using engine::Calendar;
using engine::Component;
using engine::Parameters;
using engine::Proration;
using engine::TariffBook;
using engine::UsedComponent;

namespace {

const Parameters household{{"user", "household_le36"}};
const Parameters small_power{{"power_range", "le36"}};

/// In euros per kWh; the input's own, else the one of the day.
result<Ratio> excise_of(const CaseNode& input, const TariffBook& book)
{
    if (input.has("accise_eur_mwh"))
        return ratio_of(input.at("accise_eur_mwh").price()) * Ratio{1, 1000};
    return price_on(book, "excise_electricity", "excise", household, input.at("date").day());
}

result<Ratio> vat_of(const CaseNode& input, const TariffBook& book, engine::VatGroup group)
{
    RELEVE_TRY(used, engine::components_of(book, "vat_electricity", small_power));
    for (const UsedComponent& one : used)
        if (one.component->vat == group)
            return price_on(one, input.at("date").day());
    return fail(errc::unknown_tariff, "no VAT of " + std::string{engine::vat_group_name(group)});
}

/// kWh times price; both one number, or one a class.
Ratio energy_cost(const CaseNode& kwh, const CaseNode& price)
{
    if (!kwh.is_object())
        return ratio_of(kwh.energy_kwh()) * ratio_of(price.price());
    Ratio sum;
    for (const std::string& name : kwh.names())
        sum = sum + ratio_of(kwh.at(name).energy_kwh()) *
                        ratio_of((price.is_object() ? price.at(name) : price).price());
    return sum;
}

Ratio energy_sum(const CaseNode& kwh)
{
    if (!kwh.is_object())
        return ratio_of(kwh.energy_kwh());
    Ratio sum;
    for (const std::string& name : kwh.names())
        sum = sum + ratio_of(kwh.at(name).energy_kwh());
    return sum;
}

// ---- Tempo

struct LocalPeriod {
    Instant from{}, to{};
};

LocalPeriod read_local_period(const CaseNode& input)
{
    LocalPeriod out{input.at("start_local").instant(), input.at("end_local_exclusive").instant()};
    if (out.to <= out.from)
        input.at("end_local_exclusive").fail("an instant after start_local");
    else if (out.to - out.from > std::chrono::days{engine::bill_days_max})
        input.at("end_local_exclusive").fail("at most " + std::to_string(engine::bill_days_max) + " days");
    else
        return out;
    return {out.from, out.from};
}

/// The longest usual step that the period's ends are multiples of.
Seconds step_of(const CaseNode& input, LocalPeriod period)
{
    for (const int step : {1800, 600, 300, 60})
        if (period.from.time_since_epoch().count() % step == 0 &&
            period.to.time_since_epoch().count() % step == 0)
            return Seconds{step};
    input.at("start_local").fail("a period of whole minutes");
    return Seconds{1800};
}

/// Seconds of each class of the calendar in the period. Days are the calendar's own: no others have to be
/// known.
result<std::vector<std::int64_t>> class_seconds(const TariffBook& book, const Calendar& calendar,
                                                LocalPeriod period, Seconds step)
{
    const auto published = book.published.find(calendar.published);
    const engine::CalendarPlace place{&paris(), nullptr,
                                      published == book.published.end() ? nullptr : &published->second};
    std::vector<std::int64_t> seconds(calendar.classes.size());
    if (period.from == period.to)
        return seconds;
    const CivilDay last = paris().day_of(period.to - Seconds{1}, calendar.day_start);
    for (CivilDay day = paris().day_of(period.from, calendar.day_start); day <= last;
         day += std::chrono::days{1}) {
        RELEVE_TRY(classes, engine::classes_of_day(calendar, place, day, step, calendar.day_start));
        Instant at = paris().start_of(day, calendar.day_start);
        for (const std::uint8_t one : classes) {
            if (at >= period.from && at < period.to)
                seconds[one] += step.count();
            at += step;
        }
    }
    return seconds;
}

result<const Calendar*> calendar_of(const TariffBook& book, std::string_view tariff)
{
    const auto found = book.tariffs.find(tariff);
    if (found == book.tariffs.end())
        return fail(errc::unknown_tariff, "there is no tariff " + std::string{tariff});
    const auto calendar = book.calendars.find(found->second.calendar);
    if (calendar == book.calendars.end())
        return fail(errc::bad_tariff, "tariff " + std::string{tariff} + " has no calendar");
    return &calendar->second;
}

result<Ratio> class_price(const std::vector<UsedComponent>& used, const std::string& tariff,
                          const std::string& time_class, CivilDay day)
{
    for (const UsedComponent& one : used)
        if (one.component->basis == Basis::energy && one.tariff->id == tariff &&
            one.component->time_class == time_class)
            return price_on(one, day);
    return fail(errc::unknown_tariff, "tariff " + tariff + " has no price for " + time_class);
}

result<std::string> power_text(const CaseNode& kva)
{
    return to_string(shortest(kva.decimal(1, 36)));
}

} // namespace

result<CaseValue> trv_price(const CaseNode& input, const TariffBook& book)
{
    RELEVE_TRY(excise, excise_of(input, book));
    Ratio vat;
    if (input.has("vat_pct")) {
        vat = input.at("vat_pct").percent();
    } else {
        RELEVE_TRY(known, vat_of(input, book, engine::VatGroup::consumption));
        vat = known;
    }
    const Ratio before = ratio_of(input.at("ht_eur_kwh").price()) + excise;
    RELEVE_TRY(price, round_to(before * (Ratio{1, 1} + vat), decimal_scale_max));
    CaseValue out;
    out.add("ttc_eur_kwh", value_of(shortest(price)));
    return out;
}

result<CaseValue> household_bill(const CaseNode& input, const TariffBook& book)
{
    RELEVE_TRY(excise_price, excise_of(input, book));
    RELEVE_TRY(on_subscription, vat_of(input, book, engine::VatGroup::subscription));
    RELEVE_TRY(on_consumption, vat_of(input, book, engine::VatGroup::consumption));
    const Ratio subscription = ratio_of(input.at("subscription_ht").price()),
                levy = ratio_of(input.at("cta").price());
    const Ratio energy = energy_cost(input.at("kwh"), input.at("price_ht")),
                excise = energy_sum(input.at("kwh")) * excise_price;
    const Ratio vat_subscription = (subscription + levy) * on_subscription,
                vat_consumption = (energy + excise) * on_consumption;
    const Ratio before_vat = subscription + energy + excise + levy;
    CaseValue out;
    RELEVE_CHECK(add_cents(out, "subscription_ht", subscription));
    RELEVE_CHECK(add_cents(out, "energy_ht", energy));
    RELEVE_CHECK(add_cents(out, "accise", excise));
    RELEVE_CHECK(add_cents(out, "cta", levy));
    RELEVE_CHECK(add_cents(out, "vat_subscription", vat_subscription));
    RELEVE_CHECK(add_cents(out, "vat_consumption", vat_consumption));
    RELEVE_CHECK(add_cents(out, "total_ht", before_vat));
    RELEVE_CHECK(add_cents(out, "total_ttc", before_vat + vat_subscription + vat_consumption));
    return out;
}

result<CaseValue> tempo_bill(const CaseNode& input, const TariffBook& book)
{
    constexpr std::int64_t power_max_kw = 1'000'000;
    const bool before_tax = input.has("prices") && input.at("prices").text().ends_with("HT");
    const std::string tariff = before_tax ? "trv_tempo_ht" : "trv_tempo", tax = before_tax ? "ht" : "ttc";
    const CivilDay grid = input.at("grid").day();
    const LocalPeriod period = read_local_period(input);
    const Seconds step = step_of(input, period);
    const Ratio power = ratio_of(input.at("constant_kw").decimal(0, power_max_kw));
    RELEVE_TRY(kva, power_text(input.at("kva")));
    RELEVE_TRY(used, engine::components_of(book, tariff, {{"power_kva", kva}}));
    RELEVE_TRY(calendar, calendar_of(book, tariff));
    RELEVE_TRY(seconds, class_seconds(book, *calendar, period, step));
    CaseValue energies, prices;
    Ratio amount, total;
    for (std::size_t i = 0; i < seconds.size(); ++i) {
        const std::string& name = calendar->classes[i].id;
        RELEVE_TRY(price, class_price(used, tariff, name, grid));
        const Ratio kwh = power * Ratio{seconds[i], 3600};
        RELEVE_TRY(shown_kwh, round_to(kwh, 6));
        RELEVE_TRY(shown_price, round_to(price, decimal_scale_max));
        energies.add(name, value_of(shortest(shown_kwh)));
        prices.add(name, value_of(shortest(shown_price)));
        amount = amount + kwh * price;
        total = total + kwh;
    }
    RELEVE_TRY(shown_total, round_to(total, 6));
    CaseValue out;
    out.add("kwh", std::move(energies)).add("price_" + tax, std::move(prices));
    RELEVE_CHECK(add_cents(out, "energy_" + tax + "_eur", amount));
    out.add("total_kwh", value_of(shortest(shown_total)));
    return out;
}

/// Both days belong to the season.
result<CaseValue> tempo_season(const CaseNode& input, const TariffBook& book)
{
    const CivilDay from = input.at("season_start").day(), last = input.at("season_end").day();
    if (last < from || last - from > std::chrono::days{engine::bill_days_max})
        input.at("season_end").fail("a day not before " + to_iso8601(from) + ", at most ten years after it");
    RELEVE_TRY(calendar, calendar_of(book, "trv_tempo"));
    const auto published = book.published.find(calendar->published);
    if (published == book.published.end())
        return fail(errc::bad_tariff, "no days are published for " + calendar->id);
    std::map<std::string, std::int64_t, std::less<>> counts;
    for (const auto& [letter, kind] : published->second.kinds)
        counts[kind] = 0;
    for (CivilDay day = from; day <= std::min(last, from + std::chrono::days{engine::bill_days_max});
         day += std::chrono::days{1}) {
        const auto kind = published->second.kind_of(day);
        if (!kind)
            return fail(errc::no_tariff_row,
                        published->second.name + ": not published for " + to_iso8601(day));
        ++counts.find(*kind)->second;
    }
    CaseValue out;
    for (const auto& [kind, count] : counts)
        out.add(kind, whole_number(count));
    return out;
}

result<CaseValue> dst_day(const CaseNode& input, const TariffBook&)
{
    const CivilDay day = input.at("local_date").day();
    const Seconds step = input.at("interval").duration();
    const auto zone = load_zone(input.at("zone").text());
    if (!zone) {
        input.at("zone").fail("a zone of the IANA time zone database");
        return zone.error();
    }
    const Seconds length = zone->length_of(day);
    if (length % step != Seconds{0})
        input.at("interval").fail("a part of a day of " + std::to_string(length.count()) + " s");
    RELEVE_TRY(hours, round_to(Ratio{length.count(), 3600}, 6));
    CaseValue out;
    out.add("intervals", whole_number(length / step));
    out.add("hours", value_of(shortest(hours)));
    out.add("start_utc", value_of(to_iso8601(zone->start_of(day))));
    out.add("end_utc", value_of(to_iso8601(zone->start_of(day) + length)));
    return out;
}

result<CaseValue> power_to_energy(const CaseNode& input, const TariffBook&)
{
    constexpr std::int64_t power_max_w = 1'000'000'000;
    const Ratio power = ratio_of(input.at("average_power_w").decimal(0, power_max_w));
    RELEVE_TRY(wh, round_to(power * Ratio{input.at("interval").duration().count(), 3600}, 6));
    CaseValue out;
    out.add("wh", value_of(shortest(wh)));
    return out;
}

namespace {

/// Which instant the date of a read means: the midnight that ends the day, or the one that begins it.
struct DatedFlow {
    std::string_view name;
    int days_later;
};
constexpr DatedFlow dated_flows[] = {{"R151", 1}, {"R64", 0}, {"R15", 0}, {"C15", 0}};

Instant instant_of(const CaseNode& flow)
{
    const std::string name = flow.at("flow").text();
    const auto row = std::ranges::find(dated_flows, std::string_view{name}, &DatedFlow::name);
    if (row == std::end(dated_flows))
        flow.at("flow").fail("one of R151, R64, R15, C15");
    const int later = row == std::end(dated_flows) ? 0 : row->days_later;
    return paris().start_of(flow.at("raw_date").day() + std::chrono::days{later});
}

} // namespace

result<CaseValue> date_convention(const CaseNode& input, const TariffBook&)
{
    const Instant at = instant_of(input);
    CaseValue out;
    if (input.has("compare_with"))
        out.add("same_instant", truth(instant_of(input.at("compare_with")) == at));
    out.add("instant", value_of(to_iso8601(at)));
    return out;
}

result<CaseValue> index_rounding(const CaseNode& input, const TariffBook&)
{
    constexpr std::int64_t index_max_wh = 1'000'000'000'000'000;
    constexpr int kwh = 3; // 10^3 Wh
    engine::RegisterSeries series;
    std::vector<CaseValue> indexes;
    for (const CaseNode& node : input.at("index_wh").items()) {
        const std::int64_t wh = node.integer(0, index_max_wh);
        if (!series.reads.empty() && wh < series.reads.back().value)
            node.fail("an index not below the one before it");
        series.reads.push_back({Instant{std::chrono::hours{series.reads.size()}}, wh, Quality::raw, true});
        indexes.push_back(whole_number(static_cast<std::int64_t>(divide_rounding_down(wh, 1000))));
    }
    RELEVE_TRY(counted, engine::consumption_of({&series, 1}, {.scaler = kwh}));
    std::vector<CaseValue> amounts;
    for (const engine::Consumption& one : counted.intervals)
        amounts.push_back(whole_number(one.amount));
    CaseValue out;
    out.add("index_kwh", list_of(std::move(indexes)));
    out.add("consumption_kwh", list_of(std::move(amounts)));
    return out;
}

namespace {

/// What the engine makes of an annual price over the days of an invoice line.
result<BillLine> invoice_line(const CaseNode& input)
{
    const CivilDay from = input.at("date_from").day(), last = input.at("date_to_inclusive").day();
    if (last < from)
        input.at("date_to_inclusive").fail("a day not before " + to_iso8601(from));
    constexpr int unit_price_decimals = 5; // of the network operator's invoices
    Component component;
    component.id = "line";
    component.section = engine::Section::network;
    component.unit_price_decimals = unit_price_decimals;
    const CivilDay end = std::max(from, last) + std::chrono::days{1};
    component.rows.push_back({from, end, end, {}, {input.at("annual_eur").price()}, {}});
    engine::Tariff tariff;
    tariff.id = "invoice";
    tariff.energy = "electricity";
    tariff.components.push_back(std::move(component));
    engine::Calendar base;
    base.id = "base";
    TariffBook book;
    book.tariffs["invoice"] = std::move(tariff);
    book.calendars["base"] = std::move(base);
    RELEVE_TRY(lines, annual_lines(book, {"invoice", {}, {}, {}},
                                   {{from, end}, {}, Proration::days_actual_year, true}));
    if (lines.size() != 1)
        input.at("date_to_inclusive").fail("a day of a year as long as that of " + to_iso8601(from));
    if (input.has("days_in_year") && input.at("days_in_year").integer(365, 366) != lines.front().divisor)
        input.at("days_in_year").fail(std::to_string(lines.front().divisor) + ", by the dates");
    if (input.has("days") && input.at("days").integer(1, engine::bill_days_max) != (end - from).count())
        input.at("days").fail(std::to_string((end - from).count()) + ", by the dates");
    return std::move(lines.front());
}

} // namespace

/// A quantity may be negative: a credit keeps its sign.
result<CaseValue> f12_line(const CaseNode& input, const TariffBook&)
{
    const Decimal quantity = input.at("quantity").amount_eur();
    CaseValue out;
    if (!input.has("annual_eur")) {
        const Decimal price = input.at("unit_price_5dp").price();
        out.add("unit_price", value_of(price));
        RELEVE_CHECK(add_cents(out, "amount_eur", ratio_of(price) * ratio_of(quantity)));
        return out;
    }
    RELEVE_TRY(line, invoice_line(input));
    out.add("unit_price", value_of(*line.unit_price));
    if (line.quantity == quantity)
        out.add("amount_eur", value_of(line.amount));
    else // so many kW on each of the days
        RELEVE_CHECK(add_cents(out, "amount_eur", ratio_of(*line.unit_price) * ratio_of(quantity)));
    return out;
}

} // namespace releve::app::bills
