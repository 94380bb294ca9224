#include "bill_facts.hpp"

namespace releve::engine {
namespace {

using namespace test;

const CivilSpan january = span("2026-01-01", "2026-02-01"), february = span("2026-02-01", "2026-03-01"), march = span("2026-03-01", "2026-04-01");

struct GasPoint {
    TariffBook book;
    BillFacts facts;
    GasPoint()
    {
        Tariff gas = tariff("gas", {component("energy", Section::supply, PriceUnit::eur_kwh, {row("2024-01-01", {"0.05"})})});
        gas.energy = "gas";
        book = book_of({gas});
        facts.usage_point = {"GI000001"};
        facts.energy = "gas";
        facts.contracts = {contract(span("2025-01-01", "2027-01-01"), "gas", {})};
        facts.coefficients = {{day("2026-01-01"), day("2026-04-01"), 1'100'000}};
    }
    void publish(CivilSpan when, std::int64_t kwh) { facts.published_gas.push_back({when, 0, 0, 1'100'000, kwh}); }
    RegisterSeries& series(int scaler = 0)
    {
        facts.registers = {{"volume", {RegisterSeries{.digits = 8, .scaler = scaler, .reads = {}}}, {MeterId{3}, MeterId{4}}, {ChannelId{1}, ChannelId{2}}}};
        return facts.registers[0].series[0];
    }
};
IndexRead at(std::string_view when, std::int64_t index) { return {paris().start_of(day(when), gas_day_start), index, Quality::raw, true}; }

TEST(GasPublished, of_the_months_beside_is_left_out)
{
    GasPoint point;
    point.publish(january, 100), point.publish(february, 200), point.publish(march, 300);
    const Bill bill = bill_of(point.book, point.facts, {february});
    EXPECT_EQ(bill.energy_wh, 200'000);
    EXPECT_EQ(bill.sources.size(), 1u);
    EXPECT_TRUE(bill.remarks.empty());
    EXPECT_EQ(bill.rests, Rests::read);
    point.facts.published_gas[1].quality = Quality::estimated_reference_day;
    EXPECT_EQ(bill_of(point.book, point.facts, {february}).rests, Rests::estimated);
    point.facts.published_gas.erase(point.facts.published_gas.begin() + 1);
    const Error hole = refusal(point.book, point.facts, {{january.from, march.to}});
    EXPECT_NE(hole.detail.find("published gas: only to 2026-02-01"), std::string::npos) << hole.detail;
}

TEST(GasPublished, that_is_cut_at_its_beginning_says_so)
{
    GasPoint point;
    point.publish(january, 3'100);
    const Bill bill = bill_of(point.book, point.facts, {span("2026-01-11", "2026-02-01")});
    EXPECT_EQ(bill.energy_wh, 2'100'000);
    EXPECT_EQ(bill.rests, Rests::estimated);
    ASSERT_EQ(bill.remarks.size(), 1u);
    EXPECT_NE(bill.remarks.front().find("divided by days at 2026-01-11"), std::string::npos);
}

TEST(GasPublished, is_followed_by_the_meters_index)
{
    GasPoint point;
    point.publish(january, 1'000);
    point.series().reads = {at("2026-01-01", 5'000'000), at("2026-02-01", 6'000'000), at("2026-03-01", 6'010'000)};
    const Bill bill = bill_of(point.book, point.facts, {{january.from, february.to}});
    EXPECT_EQ(bill.energy_wh, 1'000'000 + 110'000);
    const auto& sources = lines_of(bill, "energy").front()->sources;
    ASSERT_EQ(sources.size(), 2u);
    EXPECT_EQ(bill.sources[sources[1]].span, february);
    EXPECT_EQ(bill.sources[sources[1]].kind, BillSource::Kind::registers);
}

TEST(GasIndex, may_be_in_cubic_metres_or_finer_than_their_thousandths)
{
    GasPoint point;
    point.series(3).reads = {at("2026-01-01", 1'006), at("2026-02-01", 1'113)}; // m3
    const std::int64_t kwh = 1'113 * 11 - 1'006 * 11;
    EXPECT_EQ(bill_of(point.book, point.facts, {january}).energy_wh, kwh * 1'000);
    point.facts.coefficients.front().kwh_per_m3_e5 = 1'123'456;
    const std::int64_t exact = 1'113LL * 1'123'456 / 100'000 - 1'006LL * 1'123'456 / 100'000; // 1203; of 107 alone 1202
    EXPECT_EQ(bill_of(point.book, point.facts, {january}).energy_wh, exact * 1'000);
    point.series(-3).reads = {at("2026-01-01", 1'006'999'999), at("2026-02-01", 1'113'000'001)}; // cm3
    point.facts.registers[0].series[0].digits = 0;
    EXPECT_EQ(bill_of(point.book, point.facts, {january}).energy_wh, exact * 1'000);
}

TEST(GasIndex, of_two_meters_is_each_ones_own)
{
    GasPoint point;
    RegisterSeries& old = point.series();
    old.reads = {at("2026-01-01", 5'000'000), at("2026-01-16", 5'040'000)};
    old.to = paris().start_of(day("2026-01-16"), gas_day_start);
    RegisterSeries next{.digits = 8, .from = old.to, .reads = {at("2026-01-16", 0), at("2026-02-01", 60'000)}};
    point.facts.registers[0].series.push_back(next);
    const Bill bill = bill_of(point.book, point.facts, {january});
    EXPECT_EQ(bill.energy_wh, 1'100'000);
    ASSERT_EQ(bill.sources.size(), 2u);
    EXPECT_EQ(bill.sources[1].meter, MeterId{4});
    EXPECT_EQ(bill.sources[1].kwh_per_m3_e5, 1'100'000);
}

TEST(GasIndex, rolls_over_where_the_daily_capacity_allows_it)
{
    GasPoint point;
    point.series().reads = {at("2026-01-01", 99'000'000), at("2026-01-02", 1'000'000)};
    const CivilSpan first = span("2026-01-01", "2026-01-02");
    EXPECT_EQ(refusal(point.book, point.facts, {first}).code, errc::readings_incomplete) << "2,000 m3 in a day";
    point.facts.contracts.front().daily_capacity_kwh = 10'000;
    EXPECT_EQ(bill_of(point.book, point.facts, {first}).energy_wh, 22'000'000);
}

} // namespace
} // namespace releve::engine
