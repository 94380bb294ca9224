#include "bill_facts.hpp"

namespace releve::engine {
namespace {

using namespace test;

const CivilSpan june = span("2025-06-01", "2025-07-01");

/// The tenth of June in two parts: until noon one says it, then another, in steps of its own.
BillFacts two_parts(Seconds step)
{
    BillFacts out = home_facts(june, flat_curve(june, 90));
    CurveDay afternoon = flat_curve(span("2025-06-10", "2025-06-11"), 90 * step.count() / 1'800, step).front();
    std::fill_n(afternoon.energy_mj.begin(), afternoon.energy_mj.size() / 2, CurveDay::nothing);
    std::fill(out.curve[9].energy_mj.begin() + 24, out.curve[9].energy_mj.end(), CurveDay::nothing);
    out.curve.insert(out.curve.begin() + 10, afternoon);
    return out;
}

TEST(BillCurve, of_a_day_in_two_parts_is_both_of_them)
{
    for (const int step : {600, 1'800, 3'600})
        for (const bool swapped : {false, true}) {
            BillFacts facts = two_parts(Seconds{step});
            if (swapped)
                std::swap(facts.curve[9], facts.curve[10]);
            const Bill bill = bill_of(home_book(), facts, {june});
            EXPECT_EQ(bill.energy_wh, 129'600) << step;
            EXPECT_EQ(wh_of(bill, "energy_hc"), 43'200) << step;
            EXPECT_EQ(bill.sources.front().slots, 29 * 48 + 24 + 43'200 / step) << step;
        }
}

TEST(BillCurve, that_says_two_values_of_one_time_is_refused)
{
    for (const int step : {600, 1'800, 3'600})
        for (const bool swapped : {false, true}) {
            BillFacts facts = two_parts(Seconds{step});
            facts.curve[9].energy_mj[25] = 0; // half past twelve: also where one says that nothing was used
            if (swapped)
                std::swap(facts.curve[9], facts.curve[10]);
            const Error twice = refusal(home_book(), facts, {june});
            EXPECT_EQ(twice.code, errc::bad_block) << step;
            EXPECT_EQ(twice.detail, "the curve of 2025-06-10 says two values of one time") << step;
        }
    BillFacts handed_over = two_parts(Seconds{1'800});
    std::swap(handed_over.curve[9].energy_mj[25], handed_over.curve[10].energy_mj[25]);
    EXPECT_EQ(bill_of(home_book(), handed_over, {june}).energy_wh, 129'600) << "each says what the other does not";
}

TEST(BillCurve, is_of_the_days_and_hours_of_the_bill)
{
    BillFacts facts = home_facts(june, flat_curve(span("2025-05-30", "2025-07-03"), 100));
    facts.offpeak = {{span("2025-05-01", "2025-06-16"), night}, {span("2025-06-16", "2025-08-01"), {{12 * 3'600, 14 * 3'600}}}};
    const Bill bill = bill_of(home_book(), facts, {june});
    EXPECT_EQ(bill.sources.front().slots, 30 * 48);
    EXPECT_EQ(bill.sources.front().revisions.size(), 30u);
    EXPECT_EQ(wh_of(bill, "energy_hc"), 15 * 1'600 + 15 * 400) << "from the sixteenth on at noon";
    EXPECT_EQ(lines_of(bill, "excise").front()->sources.size(), 1u);
    facts.curve[5].energy_mj.pop_back();
    EXPECT_EQ(refusal(home_book(), facts, {june}).code, errc::bad_block);
}

TEST(BillCurve, names_doubtful_parts_and_no_more_than_five_days)
{
    BillFacts facts = two_parts(Seconds{1'800});
    facts.curve[9].doubtful = 1;
    EXPECT_NE(refusal(home_book(), facts, {june}).detail.find("2025-06-10 (doubtful)"), std::string::npos);
    facts = home_facts(june, flat_curve(june, 100));
    facts.curve.erase(facts.curve.begin() + 1, facts.curve.begin() + 7);
    const Error six = refusal(home_book(), facts, {june});
    EXPECT_NE(six.detail.find("2025-06-06 (nothing) and 1 more"), std::string::npos) << six.detail;
}

BillFacts with_registers(std::int64_t index_wh = 1'000'000)
{
    BillFacts out = home_facts(june, flat_curve(june, 100));
    out.registers = registers_of(hphc_calendar(), out.curve, index_wh);
    return out;
}

TEST(BillRegisters, are_read_where_they_may_be)
{
    BillFacts facts = with_registers();
    for (RegisterFacts& one : facts.registers) { // better, if they were any
        one.series.front().digits = 9;
        const Instant first = one.series.front().reads.front().at, last = one.series.front().reads.back().at;
        for (const IndexRead& wrong : {IndexRead{first, -5, Quality::valid, true}, IndexRead{last, 1'000'000'000, Quality::valid, true}, IndexRead{last, 5'000'000, Quality::valid, false},
                                       IndexRead{first, 999'000, Quality::raw, true}, IndexRead{first, 1'000'500, Quality::questionable, true},
                                       IndexRead{last, 1'000'001, Quality::raw, true}, IndexRead{last, 1'096'500, Quality::questionable, true}})
            one.series.front().reads.push_back(wrong);
    }
    const Bill bill = bill_of(home_book(), facts, {june});
    const BillSource& source = bill.sources[lines_of(bill, "energy_hp").front()->sources.front()];
    EXPECT_EQ(source.kind, BillSource::Kind::registers);
    EXPECT_EQ(source.index_from, 1'000'000);
    EXPECT_EQ(source.index_to, 1'096'000);
}

TEST(BillRegisters, say_what_is_estimated_once_a_day_and_by_day)
{
    for (const Quality quality : {Quality::estimated_linear, Quality::estimated_reference_day, Quality::derived, Quality::edited}) {
        BillFacts facts = with_registers();
        facts.registers[0].series[0].reads.back().quality = quality;
        facts.registers[1].series[0].reads.front().quality = quality;
        facts.registers[1].series[0].reads.back().quality = quality;
        const Bill bill = bill_of(home_book(), facts, {june});
        EXPECT_EQ(bill.estimated_days, (std::vector<CivilDay>{day("2025-06-01"), day("2025-06-30")}));
        EXPECT_EQ(bill.sources[lines_of(bill, "energy_hp").front()->sources.front()].quality, quality) << "the worse of both ends";
    }
}

TEST(BillRegisters, of_a_meter_that_went_before_are_none_of_its)
{
    BillFacts facts = with_registers();
    const Instant change = paris().start_of(june.from);
    for (RegisterFacts& one : facts.registers) {
        RegisterSeries before{.to = change, .reads = {{change - Seconds{86'400}, 1, Quality::raw, true}, {change, 70'000, Quality::raw, true}, {change + Seconds{86'400}, 90'000, Quality::raw, true}}};
        one.series.front().from = change;
        one.series.insert(one.series.begin(), before);
        one.meters = {{1}, {2}};
        one.channels = {{10}, {20}};
    }
    const Bill bill = bill_of(home_book(), facts, {june});
    const auto& sources = lines_of(bill, "energy_hp").front()->sources;
    ASSERT_EQ(sources.size(), 1u);
    EXPECT_EQ(bill.sources[sources.front()].meter, MeterId{2});
    EXPECT_EQ(bill.sources[sources.front()].channel, ChannelId{20});
    EXPECT_EQ(wh_of(bill, "energy_hp"), 96'000);
}

TEST(BillRegisters, may_differ_from_their_total_by_less_than_one_kwh_each)
{
    const auto kind = [](std::int64_t class_from, std::int64_t class_to, std::int64_t total_from, std::int64_t total_to) {
        BillFacts facts = home_facts(june, flat_curve(june, 100));
        const auto add = [&](const std::string& name, std::int64_t from, std::int64_t to) {
            facts.registers.push_back({name, {RegisterSeries{.reads = {{paris().start_of(june.from), from, Quality::raw, true}, {paris().start_of(june.to), to, Quality::raw, true}}}}, {MeterId{1}}, {ChannelId{1}}});
        };
        for (const TimeClass& one : hphc_calendar().classes)
            add(one.meter_register, class_from, class_to);
        add("active_energy_import_total", total_from, total_to);
        return bill_of(home_book(), facts, {june}).sources.front().kind;
    };
    EXPECT_EQ(kind(999, 1'000, 0, 2), BillSource::Kind::registers) << "two less";
    EXPECT_EQ(kind(0, 999, 500, 2'498), BillSource::Kind::registers) << "two more";
    EXPECT_EQ(kind(0, 999, 500, 3'498), BillSource::Kind::intervals) << "three more";
    EXPECT_EQ(kind(999, 2'000, 0, 1'002), BillSource::Kind::intervals) << "three less";
}

TEST(BillRegisters, roll_over_where_the_power_allows_it)
{
    const CivilSpan one_day = span("2025-06-10", "2025-06-11");
    BillFacts facts = home_facts(one_day, flat_curve(one_day, 100));
    for (const TimeClass& one : hphc_calendar().classes)
        facts.registers.push_back({one.meter_register,
                                   {RegisterSeries{.digits = 9, .reads = {{paris().start_of(one_day.from), 999'990'000, Quality::raw, true}, {paris().start_of(one_day.to), 19'990'000, Quality::raw, true}}}},
                                   {MeterId{1}},
                                   {ChannelId{1}}});
    EXPECT_EQ(bill_of(home_book(), facts, {one_day}).sources.front().kind, BillSource::Kind::intervals) << "20,000 kWh a day of 6 kVA";
    facts.contracts.front().powers_va = {1'000'000};
    const Bill bill = bill_of(home_book(), facts, {one_day});
    EXPECT_EQ(wh_of(bill, "energy_hp"), 20'000'000);
    ASSERT_EQ(bill.checks.size(), 2u);
    EXPECT_EQ(bill.checks.front().register_wh, 20'000'000);
}

TEST(BillRegisters, of_the_distributor_follow_its_calendar_whatever_the_offers)
{
    std::vector<Component> prices;
    for (const char* one : {"HPH", "HCH", "HPB", "HCB"})
        prices.push_back(of_class(component(std::string{"cs_"} + one, Section::network, PriceUnit::ct_kwh, {row("2020-01-01", {"5"})}), "four_class", one));
    Tariff offer = tariff("home", {of_class(component("energy", Section::supply, PriceUnit::eur_kwh, {row("2020-01-01", {"0.1"})}), "hphc", "HP"),
                                   of_class(component("energy_hc", Section::supply, PriceUnit::eur_kwh, {row("2020-01-01", {"0.1"})}), "hphc", "HC")}, "hphc");
    offer.includes = {{"network"}};
    BillFacts facts = home_facts(june, flat_curve(june, 100));
    facts.registers = registers_of(four_class_calendar(), facts.curve);
    const Bill bill = bill_of(book_of({offer, tariff("network", prices)}), facts, {june});
    EXPECT_EQ(bill.sources[lines_of(bill, "cs_HPB").front()->sources.front()].kind, BillSource::Kind::registers);
    EXPECT_EQ(bill.sources[lines_of(bill, "energy").front()->sources.front()].kind, BillSource::Kind::intervals);
}

} // namespace
} // namespace releve::engine
