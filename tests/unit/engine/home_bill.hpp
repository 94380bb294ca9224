#pragma once
// A household's bill written line by line, without BillMaker, for tests that compare bills.

#include <releve/engine/bill_compare.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace releve::test {

using engine::Bill;
using engine::BillDifference;
using engine::BillLine;
using engine::Calendar;
using engine::CompareFacts;
using engine::ContractTerms;
using engine::PriceUnit;
using engine::PriceUnitRow;
using engine::Proration;
using engine::Section;
using engine::TariffBook;
using engine::TimeClass;
using engine::VatGroup;

inline CivilDay day(const char* text)
{
    return *parse_day(text);
}
inline Decimal decimal(const char* text)
{
    return *parse_decimal(text);
}

/// What a household's bill is made of; lines are rounded as BillMaker does.
struct Home {
    const char* from = "2026-03-01";
    const char* to = "2026-03-31";
    std::vector<std::pair<std::string, std::int64_t>> use_wh{{"HP", 300'000}, {"HC", 150'000}};
    std::map<std::string, const char*> price{
        {"HP", "0.1543"}, {"HC", "0.1137"}, {"BASE", "0.1391"}}; // EUR/kWh
    std::string calendar = "hphc", tariff = "offer";
    const char* subscription = "4.57"; // EUR/month
    Proration proration = Proration::days_365;
    std::int64_t power_va = 6'000;
    const char* network_power = "10.11"; // EUR/kVA/year
    const char* network_energy = "4.84"; // ct/kWh
    const char* cta = "15.00";           // % of the network's power
    const char* excise = "30.85";        // EUR/MWh
    const char* vat_subscription = "20.00";
    const char* vat_consumption = "20.00";
    std::int64_t overrun_minutes = 0; // at 12 EUR/h
};

class Writer {
public:
    explicit Writer(const Home& home) : home_(home)
    {
        bill_.usage_point = UsagePointId{"7"};
        bill_.energy = "electricity";
        bill_.span = {day(home.from), day(home.to)};
        ContractTerms terms{bill_.span, home.tariff, {}};
        terms.powers_va = {home.power_va};
        bill_.contracts = {terms};
    }
    void line(const char* component, Section section, VatGroup vat, PriceUnit unit, const char* price,
              Decimal quantity, int divisor = 1, const std::string& time_class = {})
    {
        BillLine line;
        line.tariff = home_.tariff;
        line.component = component;
        line.section = section;
        line.vat = vat;
        line.calendar = time_class.empty() ? "" : home_.calendar;
        line.time_class = time_class;
        line.span = bill_.span;
        line.quantity = quantity;
        line.price = decimal(price);
        line.unit = unit;
        line.divisor = divisor;
        line.proration = home_.proration;
        const PriceUnitRow& row = engine::price_unit_row(unit);
        line.amount =
            *cents_of(ratio_of(line.price) * Ratio{row.euros, Wide{row.per} * divisor} * ratio_of(quantity));
        bill_.lines.push_back(line);
    }
    [[nodiscard]] Decimal sum(auto counts) const
    {
        Cents all;
        for (const BillLine& line : bill_.lines)
            if (counts(line))
                all += line.amount;
        return {all.value, 2};
    }
    Bill write()
    {
        std::int64_t days = (bill_.span.to - bill_.span.from).count();
        int divisor = home_.proration == Proration::days_actual_year &&
                              std::chrono::year_month_day{bill_.span.from}.year().is_leap()
                          ? 366
                          : 365;
        if (home_.proration == Proration::twelfth) // whole months are written in these tests
            days = days / 28, divisor = 12;
        std::int64_t wh = 0;
        line("subscription", Section::supply, VatGroup::subscription, PriceUnit::eur_month,
             home_.subscription, {days, 0}, divisor);
        for (const auto& [time_class, energy_wh] : home_.use_wh) {
            wh += energy_wh;
            if (energy_wh != 0)
                line(("energy_" + time_class).c_str(), Section::supply, VatGroup::consumption,
                     PriceUnit::eur_kwh, home_.price.at(time_class), {energy_wh, 3}, 1, time_class);
        }
        line("power", Section::network, VatGroup::subscription, PriceUnit::eur_kva_year, home_.network_power,
             {home_.power_va * days, 3}, divisor);
        line("c", Section::network, VatGroup::consumption, PriceUnit::ct_kwh, home_.network_energy, {wh, 3});
        if (home_.overrun_minutes > 0)
            line("cmdps", Section::network, VatGroup::consumption, PriceUnit::eur_hour, "12.00",
                 {home_.overrun_minutes, 0}, 60);
        line("cta", Section::levy, VatGroup::subscription, PriceUnit::percent, home_.cta,
             sum([](const BillLine& line) { return line.component == "power"; }));
        line("excise", Section::levy, VatGroup::consumption, PriceUnit::eur_mwh, home_.excise, {wh, 3});
        for (const VatGroup group : {VatGroup::subscription, VatGroup::consumption})
            line("vat", Section::vat, group, PriceUnit::percent,
                 group == VatGroup::subscription ? home_.vat_subscription : home_.vat_consumption,
                 sum([&](const BillLine& line) { return line.vat == group; }));
        bill_.total = {sum([](const BillLine&) { return true; }).digits};
        bill_.energy_wh = wh;
        return bill_;
    }

private:
    Home home_;
    Bill bill_;
};
inline Bill write(const Home& home)
{
    return Writer{home}.write();
}

inline Home changed(auto change)
{
    Home home;
    change(home);
    return home;
}

inline TariffBook words()
{
    const auto calendar = [](const char* id, std::vector<TimeClass> classes) {
        Calendar made;
        made.id = id;
        made.classes = std::move(classes);
        return std::pair{std::string{id}, made};
    };
    TariffBook book;
    book.calendars.insert(calendar("hphc", {{"HP", {"Peak hours", "Heures pleines", "", ""}, ""},
                                            {"HC", {"Off-peak hours", "Heures creuses", "", ""}, ""}}));
    book.calendars.insert(calendar("base", {{"BASE", {"All hours", "Toutes heures", "", ""}, ""}}));
    book.calendars.insert(
        calendar("tempo", {{"RED_HP", {"Red days, peak", "Jours rouges, heures pleines", "", ""}, ""},
                           {"ETE", {"Summer", "Été", "", ""}, ""}}));
    return book;
}

inline BillDifference compared(const Bill& before, const Bill& now, CompareFacts facts = {})
{
    static const TariffBook book = words();
    facts.book = &book;
    const auto difference = engine::compare_bills(before, now, facts);
    EXPECT_TRUE(difference) << to_string(difference.error());
    Cents sum = before.total;
    for (const BillDifference::Part& part : difference->parts) {
        sum += part.amount;
        EXPECT_NE(part.amount, Cents{}) << part.sentence_en;
        EXPECT_FALSE(part.sentence_en.empty() || part.sentence_fr.empty());
    }
    EXPECT_EQ(sum, now.total);
    EXPECT_TRUE(std::ranges::is_sorted(difference->parts, {}, &BillDifference::Part::part));
    return *difference;
}

/// "use HP, prices": what a difference is made of.
inline std::string made_of(const BillDifference& difference)
{
    std::string text;
    for (const BillDifference::Part& part : difference.parts)
        text += (text.empty() ? "" : ", ") + std::string{engine::difference_part_row(part.part).name} +
                (part.time_class.empty() ? "" : " " + part.time_class);
    return text;
}

inline bool begins_with(const std::string& text, const std::string& beginning)
{
    return text.starts_with(beginning);
}

} // namespace releve::test
