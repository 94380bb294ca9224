// Real homes: a Linky home under Tempo, whose six class indexes say what its half-hours must come to, and a Gazpar home,
// whose operator published what each period holds.

#include <releve/app/series_files.hpp>
#include <releve/app/tariff_files.hpp>
#include <releve/engine/bill.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <numeric>
#include <sstream>

namespace releve::app {
namespace {

using namespace std::chrono_literals;
using engine::CivilSpan;

const std::string source_dir = RELEVE_SOURCE_DIR;
constexpr std::array tempo_classes{"BLUE_HC", "BLUE_HP", "WHITE_HC", "WHITE_HP", "RED_HC", "RED_HP"};

std::string read(const std::string& path)
{
    std::ifstream file{source_dir + "/" + path, std::ios::binary};
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_FALSE(text.str().empty()) << path;
    return text.str();
}

CivilDay day(const char* text) { return parse_day(text).value(); }

const engine::TariffBook& book()
{
    static const engine::TariffBook loaded = load_shipped_tariffs().value();
    return loaded;
}

const sim::Curve& home_curve()
{
    static const sim::Curve curve = parse_curve(read("tests/data/bills/linky-home-curve.csv"), "linky-home-curve.csv").value();
    return curve;
}

/// The half-hours of the span as a load curve; a home without registers.
engine::BillFacts facts_of(CivilSpan span)
{
    engine::BillFacts facts{.usage_point = {"09111642617347"}, .energy = "electricity"};
    for (CivilDay at = span.from; at < span.to; at += std::chrono::days{1}) {
        engine::CurveDay& one = facts.curve.emplace_back(engine::CurveDay{.day = at, .first = paris().start_of(at), .step = sim::slot_length, .energy_mj = {}, .quality = Quality::valid, .meter = MeterId{1}, .channel = ChannelId{1}});
        for (Instant slot = one.first; slot < paris().start_of(at + std::chrono::days{1}); slot += sim::slot_length) {
            const auto power = home_curve().at(slot);
            one.energy_mj.push_back(power ? std::int64_t{*power} * 1'800'000 : engine::CurveDay::nothing);
        }
    }
    facts.offpeak.push_back({{day("2000-01-01"), day("2100-01-01")}, engine::parse_offpeak("HC (22H00-6H00)").value()});
    return facts;
}

std::vector<sim::IndexRead> home_indexes() { return parse_indexes(read("data/demo/linky-index.csv"), "linky-index.csv").value(); }

TEST(LinkyHome, each_days_class_energies_are_the_differences_of_its_six_class_indexes)
{
    const auto indexes = home_indexes();
    ASSERT_EQ(indexes.front().day, day("2024-01-10"));
    ASSERT_EQ(indexes.back().day, day("2024-05-01"));
    const auto facts = facts_of({indexes.front().day, indexes.back().day});
    engine::BillMaker maker{book(), paris()};
    for (std::size_t i = 0; i + 1 < indexes.size(); ++i) {
        const auto energies = maker.class_energies(facts, "tempo", {indexes[i].day, indexes[i + 1].day});
        ASSERT_TRUE(energies) << to_string(energies.error());
        for (std::size_t k = 0; k < tempo_classes.size(); ++k)
            EXPECT_EQ((*energies)[k], indexes[i + 1].supplier_wh[k] - indexes[i].supplier_wh[k]) << to_iso8601(indexes[i].day) << " " << tempo_classes[k];
    }
    const auto all = maker.class_energies(facts, "tempo", {indexes.front().day, indexes.back().day}).value();
    EXPECT_EQ(all, (std::vector<std::int64_t>{645'797, 731'472, 242'503, 306'317, 199'733, 224'927}));
}

TEST(LinkyHome, clock_changes_keep_the_energy_of_the_whole_curve)
{
    const CivilSpan whole{day("2023-08-01"), day("2024-05-01")};
    const auto facts = facts_of(whole);
    engine::BillMaker maker{book(), paris()};
    std::int64_t watts = 0;
    for (const auto& power : home_curve().power_w)
        watts += power.value();
    for (const char* calendar : {"tempo", "hphc", "base", "four_class"}) {
        const auto energies = maker.class_energies(facts, calendar, whole);
        ASSERT_TRUE(energies) << calendar << ": " << to_string(energies.error());
        EXPECT_EQ(std::accumulate(energies->begin(), energies->end(), std::int64_t{0}), watts / 2) << calendar;
        for (const auto& [change, slots] : {std::pair{"2023-10-29", 50U}, std::pair{"2024-03-31", 46U}}) {
            const CivilDay at = day(change);
            const auto& stored = facts.curve[static_cast<std::size_t>((at - whole.from).count())];
            ASSERT_EQ(stored.energy_mj.size(), slots);
            const auto of_day = maker.class_energies(facts, calendar, {at, at + std::chrono::days{1}}).value();
            EXPECT_EQ(std::accumulate(of_day.begin(), of_day.end(), std::int64_t{0}) * 3'600'000, std::accumulate(stored.energy_mj.begin(), stored.energy_mj.end(), std::int64_t{0})) << calendar << " " << change;
        }
    }
}

struct Priced {
    const char* tariff;
    Cents total;
};

TEST(LinkyHome, priced_under_three_regulated_tariffs_from_august_2023_to_april_2024)
{
    const CivilSpan whole{day("2023-08-01"), day("2024-05-01")};
    const auto facts = facts_of(whole);
    engine::BillMaker maker{book(), paris()};
    std::vector<Priced> priced;
    for (const char* tariff : {"trv_tempo", "trv_hphc", "trv_base"}) {
        const auto bill = maker.make(facts, {.span = whole, .instead = engine::ContractTerms{.span = whole, .tariff = tariff, .parameters = {}, .powers_va = {9'000}}});
        ASSERT_TRUE(bill) << tariff << ": " << to_string(bill.error());
        Cents sum;
        for (const auto& line : bill->lines)
            if (!line.contained)
                sum += line.amount;
        EXPECT_EQ(sum, bill->total);
        EXPECT_TRUE(bill->comparison);
        priced.push_back({tariff, bill->total});
    }
    // Tempo would have been the cheapest; figures checked by hand in exact decimals, see docs/TARIFFS.md for the prices.
    EXPECT_EQ(to_string(priced[0].total), "1000.29");
    EXPECT_EQ(to_string(priced[1].total), "1247.56");
    EXPECT_EQ(to_string(priced[2].total), "1276.59");
    EXPECT_LT(priced[0].total, priced[1].total);
    EXPECT_LT(priced[0].total, priced[2].total);
}

TEST(GazparHome, kwh_of_each_published_period_is_what_the_operator_published)
{
    std::istringstream rows{read("tests/data/gazpar-home-published.csv")};
    std::string row;
    std::getline(rows, row);
    engine::BillFacts facts{.usage_point = {"09000000002024"}, .energy = "gas"};
    while (std::getline(rows, row)) {
        std::vector<std::string> cells;
        std::istringstream line{row};
        for (std::string cell; std::getline(line, cell, ',');)
            cells.push_back(cell);
        ASSERT_EQ(cells.size(), 6U) << row;
        facts.published_gas.push_back({{day(cells[0].c_str()), day(cells[1].c_str())}, std::stoll(cells[2]), std::stoll(cells[3]),
                                       round_to(ratio_of(parse_decimal(cells[4]).value()) * Ratio{100'000, 1}, 0).value().digits, std::stoll(cells[5]), Quality::raw});
    }
    ASSERT_EQ(facts.published_gas.size(), 63U);
    engine::BillMaker maker{book(), paris()};
    for (const engine::PublishedGas& gas : facts.published_gas) {
        const CivilSpan span = gas.span;
        const auto bill = maker.make(facts, {.span = span, .prices_as_of = day("2025-09-01"), .instead = engine::ContractTerms{.span = span, .tariff = "example_market_gas", .parameters = {{"option", "T2"}}}});
        ASSERT_TRUE(bill) << to_iso8601(span.from) << ": " << to_string(bill.error());
        EXPECT_EQ(bill->energy_wh, gas.energy_kwh * 1'000) << to_iso8601(span.from);
    }
}

} // namespace
} // namespace releve::app
