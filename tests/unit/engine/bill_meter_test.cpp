// What the meter is programmed for, and what an estimated index stands for.

#include "bill_facts.hpp"

namespace releve::engine {
namespace {

using namespace test;

const CivilSpan january = span("2025-01-01", "2025-02-01");

/// Each class at its own price, a hundredth of a euro apart.
TariffBook tempo_and_home()
{
    std::vector<Component> energies;
    for (const TimeClass& one : tempo_calendar().classes)
        energies.push_back(of_class(component("energy_" + one.id, Section::supply, PriceUnit::eur_kwh, {row("2020-01-01", {"0.1" + std::to_string(energies.size())})}), "tempo", one.id));
    TariffBook book = book_of({tariff("colours", std::move(energies), "tempo"), home_tariff(), network_tariff(), vat_tariff()});
    book.published.emplace("tempo", tempo_days("2024-12-31", std::string(40, 'R')));
    return book;
}

/// A meter that follows peak and off-peak; its other registers stand still, as those of a real meter do.
BillFacts home_with_still_registers()
{
    BillFacts facts = home_facts(january, flat_curve(january, 100));
    facts.registers = registers_of(hphc_calendar(), facts.curve);
    for (const char* number : {"3", "4", "5", "6"}) {
        RegisterFacts still = facts.registers.front();
        still.name = std::string{"active_energy_import_supplier_"} + number;
        for (IndexRead& read : still.series.front().reads)
            read.value = 7;
        facts.registers.push_back(std::move(still));
    }
    return facts;
}

TEST(BillMeter, is_not_programmed_for_a_tariff_that_is_only_imagined)
{
    const TariffBook book = tempo_and_home();
    const BillFacts facts = home_with_still_registers();
    const Bill real = bill_of(book, facts, {january});
    EXPECT_EQ(real.sources.front().kind, BillSource::Kind::registers);
    const Bill imagined = bill_of(book, facts, {.span = january, .instead = contract(january, "colours")});
    EXPECT_EQ(lines_of(imagined, "energy_BLUE_HP").size() + lines_of(imagined, "energy_BLUE_HC").size(), 0u) << "all days are red";
    EXPECT_GT(wh_of(imagined, "energy_RED_HP"), 0);
    for (const BillSource& source : imagined.sources)
        EXPECT_EQ(source.kind, BillSource::Kind::intervals);
    const Bill same = bill_of(book, facts, {.span = january, .prices_as_of = day("2025-01-05"), .instead = contract(january, "home")});
    EXPECT_EQ(same.sources.front().kind, BillSource::Kind::registers) << "the real contract's calendar";
}

/// Registers only, read on the first of the month and estimated at its end, with the reads of some days between.
Bill with_estimated_end(const std::vector<std::string>& read_on)
{
    BillFacts facts = home_with_still_registers();
    facts.curve.clear();
    for (RegisterFacts& one : facts.registers) {
        auto& reads = one.series.front().reads;
        std::erase_if(reads, [&](const IndexRead& read) {
            const std::string on = to_iso8601(paris().day_of(read.at));
            return on != "2025-01-01" && on != "2025-02-01" && std::ranges::find(read_on, on) == read_on.end();
        });
        reads.back().quality = Quality::estimated_linear;
    }
    return bill_of(tempo_and_home(), facts, {january});
}

TEST(BillMeter, all_that_an_estimated_index_ends_rests_on_an_estimate)
{
    EXPECT_EQ(with_estimated_end({}).estimated_days.size(), 31u);
    EXPECT_EQ(with_estimated_end({}).rests, Rests::estimated);
    const Bill late = with_estimated_end({"2025-01-10", "2025-01-30"});
    EXPECT_EQ(late.estimated_days, (std::vector{day("2025-01-30"), day("2025-01-31")}));
    EXPECT_EQ(late.rests, Rests::mixed);
}

TEST(BillMeter, a_change_of_contract_needs_each_calendar_on_its_own_days_only)
{
    TariffBook book = tempo_and_home();
    book.published["tempo"] = tempo_days("2025-01-15", std::string(20, 'B')); // nothing is known of the days before
    BillFacts facts = home_facts(january, flat_curve(january, 100));
    facts.contracts = {contract(span("2025-01-01", "2025-01-17"), "home"), contract(span("2025-01-17", "2025-02-01"), "colours")};
    const Bill bill = bill_of(book, facts, {january});
    EXPECT_EQ(bill.energy_wh, 31 * 4'800);
    EXPECT_EQ(wh_of(bill, "energy_BLUE_HP") + wh_of(bill, "energy_BLUE_HC"), 15 * 4'800);
    facts.contracts = {contract(january, "colours")};
    EXPECT_EQ(refusal(book, facts, {january}).code, errc::no_tariff_row);
}

TEST(BillMeter, a_tariff_that_leaves_a_class_free_is_refused)
{
    Tariff one = home_tariff();
    std::erase_if(one.components, [](const Component& part) { return part.id == "energy_hc"; });
    const TariffBook book = home_book();
    EXPECT_EQ(complete(one, book.calendars), "components: nothing prices the class HC");
    Tariff both = tariff("both", {of_classes(component("energy", Section::supply, PriceUnit::eur_kwh, {row("2020-01-01", {"0.1", "0.2"})}), "hphc", {"HP", "HC"})}, "hphc");
    EXPECT_EQ(complete(both, book.calendars), "components/energy: classes: only powers and overruns have several; energy has one class");
}

} // namespace
} // namespace releve::engine
