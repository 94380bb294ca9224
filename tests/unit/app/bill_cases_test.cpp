// The worked cases of bills, and that each of their checks can fail.

#include <releve/app/bill_cases.hpp>

#include <releve/app/tariff_files.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace releve::app {
namespace {

using nlohmann::json;

const engine::TariffBook& shipped()
{
    static const engine::TariffBook book = load_shipped_tariffs().value();
    return book;
}

const std::string& worked_text()
{
    static const std::string text = [] {
        std::ifstream stream{std::string(RELEVE_SOURCE_DIR) + "/tests/data/bills/worked-cases.json",
                             std::ios::binary};
        return std::string{std::istreambuf_iterator<char>{stream}, {}};
    }();
    return text;
}

BillCaseReport run(std::string_view text)
{
    BillCaseReport report;
    const auto ran = run_bill_cases(text, shipped(), report);
    EXPECT_TRUE(ran) << to_string(ran.error());
    return report;
}

std::vector<json> computed_cases()
{
    std::vector<json> out;
    const json file = json::parse(worked_text());
    for (const json& one : file["cases"])
        if (!one["topic"].get<std::string>().starts_with("optimise-"))
            out.push_back(one);
    return out;
}

json worked_case(const std::string& id)
{
    for (const json& one : computed_cases())
        if (one["id"] == id)
            return one;
    ADD_FAILURE() << "no case " << id;
    return {};
}

/// "ID: FIELD: expected X, got Y" of the first difference; "passed" if there is none.
std::string first_difference(const json& one)
{
    const BillCaseReport report = run(json::array({one}).dump());
    if (report.failed == 0)
        return report.passed == 1 ? "passed" : "skipped";
    const BillCaseDifference& first = report.differences.at(0);
    return first.id + ": " + first.field + ": expected " + first.expected + ", got " + first.got;
}

std::string with_input(const std::string& id, const std::string& pointer, const json& value)
{
    json one = worked_case(id);
    one["input"][json::json_pointer{pointer}] = value;
    return first_difference(one);
}

std::string without_input(const std::string& id, const std::string& name)
{
    json one = worked_case(id);
    one["input"].erase(name);
    return first_difference(one);
}

/// "/parts/0/eur" as differences name it: "parts[0].eur".
std::string field_of(const std::string& pointer)
{
    std::string out, part;
    std::istringstream parts{pointer.substr(1)};
    while (std::getline(parts, part, '/')) {
        const bool index = part.find_first_not_of("0123456789") == std::string::npos;
        out += index ? "[" + part + "]" : (out.empty() ? "" : ".") + part;
    }
    return out;
}

/// By JSON pointer.
std::map<std::string, json> leaves_of(const json& tree)
{
    return tree.flatten().get<std::map<std::string, json>>();
}

json changed(const json& leaf)
{
    if (leaf.is_boolean())
        return !leaf.get<bool>();
    if (leaf.is_string())
        return leaf.get<std::string>() + "x";
    return leaf.is_number_integer() ? json(leaf.get<std::int64_t>() + 1) : json(leaf.get<double>() + 1);
}

TEST(BillCases, AllWorkedCasesPass)
{
    const BillCaseReport report = run(worked_text());
    for (const auto& d : report.differences)
        ADD_FAILURE() << d.id << ": " << d.field << ": expected " << d.expected << ", got " << d.got;
    EXPECT_EQ(report.passed, computed_cases().size());
    EXPECT_GE(report.passed, 40U);
    EXPECT_EQ(report.skipped, 7U); // choices of a subscription
    EXPECT_TRUE(report.unknown_topics.empty());
}

TEST(BillCases, TariffDocumentsCarryCasesThatPass)
{
    std::size_t passed = 0;
    for (const ShippedTariff& file : shipped_tariffs()) {
        const auto document = parse_tariff_document(file.json, std::string{file.file_name});
        ASSERT_TRUE(document);
        const BillCaseReport report = run(document->cases);
        for (const auto& d : report.differences)
            ADD_FAILURE() << file.file_name << ": " << d.id << ": " << d.field << ": expected " << d.expected
                          << ", got " << d.got;
        passed += report.passed;
    }
    EXPECT_GT(passed, 20U);
}

TEST(BillCases, EveryWrongExpectationFailsAndIsNamed)
{
    std::set<std::string> topics;
    for (const json& one : computed_cases())
        for (const auto& [pointer, leaf] : leaves_of(one["expected"])) {
            if (pointer == "/reason")
                continue;
            json wrong = one;
            wrong["expected"][json::json_pointer{pointer}] = changed(leaf);
            const std::string expected =
                one["id"].get<std::string>() + ": " + field_of(pointer) + ": expected ";
            EXPECT_TRUE(first_difference(wrong).starts_with(expected)) << first_difference(wrong);
            topics.insert(one["topic"]);
        }
    EXPECT_EQ(topics.size(), 25U);
}

TEST(BillCases, ExpectationsThatNothingComputesFail)
{
    json one = worked_case("c5-var-1");
    one["expected"]["total_ttc"] = 1;
    EXPECT_EQ(first_difference(one), "c5-var-1: total_ttc: expected 1, got (nothing)");
    one = worked_case("gas-option-1");
    one["expected"]["options"].push_back("T4");
    EXPECT_TRUE(first_difference(one).starts_with("gas-option-1: options: expected [T1, T1, T2"))
        << first_difference(one);
    one = worked_case("c4-monotone-reject");
    one["expected"] = {{"reason", "any words"}};
    EXPECT_EQ(first_difference(one),
              "c4-monotone-reject: expected: expected something to compare, got nothing");
}

TEST(BillCases, ToleranceIsExactAndItsEdgeIsWithin)
{
    json one = worked_case("trv-ttc-1"); // 0.123216
    one["tolerance"] = 0.000016;
    EXPECT_EQ(first_difference(one), "passed");
    one["tolerance"] = 0.000015;
    EXPECT_EQ(first_difference(one), "trv-ttc-1: ttc_eur_kwh: expected 0.1232, got 0.123216");
    one["tolerance"] = nullptr;
    EXPECT_EQ(first_difference(one), "trv-ttc-1: ttc_eur_kwh: expected 0.1232, got 0.123216");
    one["tolerance"] = -1;
    EXPECT_EQ(first_difference(one), "trv-ttc-1: tolerance: expected a number from 0 to 1000000, got -1");
}

TEST(BillCases, NumbersAreReadAsWritten)
{
    const auto wh = [](const char* power, const char* expected) {
        return run(R"([{"id": "n", "topic": "power-to-energy", "input": {"average_power_w": )" +
                   std::string{power} + R"(, "interval": "PT1H"}, "expected": {"wh": )" + expected +
                   "}, \"tolerance\": 0}]")
            .passed;
    };
    EXPECT_EQ(wh("0.3", "0.30000000000000004"), 1U); // what a binary program prints
    EXPECT_EQ(wh("1e-05", "0.00001"), 1U);
    EXPECT_EQ(wh("1.8E+3", "1800"), 1U);
    EXPECT_EQ(wh("123456789.123456", "123456789.123456"), 1U);
    EXPECT_EQ(wh("123456789.123456", "123456789.123457"), 0U);
    EXPECT_EQ(wh("12345678901234567890123", "1") + wh("1e308", "1") + wh("1", "1e308"), 0U);
}

TEST(BillCases, UnknownTopicsAreSkippedAndCounted)
{
    const BillCaseReport report = run(R"([{"id": "a", "topic": "heat", "input": {}, "expected": {"x": 1}},
        {"id": "b", "topic": "heat", "input": {}, "expected": {"x": 1}},
        {"id": "c", "topic": "optimise-c5", "input": {}, "expected": {"x": 1}}])");
    EXPECT_EQ(report.skipped, 3U);
    EXPECT_EQ(report.passed + report.failed, 0U);
    EXPECT_EQ(report.unknown_topics, (std::map<std::string, std::size_t>{{"heat", 2}}));
}

TEST(BillCases, CasesThatAreNotWholeFail)
{
    EXPECT_EQ(first_difference({{"topic", "dst-day"}}), "cases[0]: id: expected a text, got (nothing)");
    EXPECT_EQ(first_difference({{"id", "a"}}), "a: topic: expected a text, got (nothing)");
    EXPECT_EQ(first_difference({{"id", "a"}, {"topic", "dst-day"}}),
              "a: input: expected an object, got (nothing)");
    EXPECT_EQ(
        first_difference({{"id", "a"}, {"topic", "dst-day"}, {"input", json::object()}, {"expected", 3}}),
        "a: expected: expected an object, got 3");
    EXPECT_EQ(first_difference(7), "cases[0]: id: expected a text, got (nothing)");
}

TEST(BillCases, WhatIsNoListOfCasesIsRefusedAsAWhole)
{
    const auto refusal = [](const std::string& text) {
        BillCaseReport report;
        const auto ran = run_bill_cases(text, shipped(), report);
        EXPECT_EQ(report.passed + report.failed + report.skipped, 0U);
        return ran ? "accepted" : to_string(ran.error());
    };
    EXPECT_EQ(refusal(""), "malformed: not JSON at byte 1");
    EXPECT_EQ(refusal("[1, 2"), "malformed: not JSON at byte 6");
    EXPECT_EQ(refusal(R"({"case": []})"), "malformed: no list of cases");
    EXPECT_EQ(refusal(R"({"cases": {}})"), "malformed: no list of cases");
    EXPECT_EQ(refusal("3"), "malformed: no list of cases");
    EXPECT_EQ(refusal("[1e400]"), "malformed: not JSON at byte 6");
    EXPECT_EQ(refusal(R"([{"id": "a", "id": "b"}])"), "malformed: the member id stands twice");
    EXPECT_EQ(refusal(std::string(100, '[')), "malformed: nested too deeply");
    EXPECT_TRUE(refusal(std::string(bill_case_bytes_max + 1, ' ')).starts_with("too_large"));
    for (std::size_t size = 0; size + 2 < worked_text().size(); size += 997) // every prefix
        EXPECT_NE(refusal(worked_text().substr(0, size)), "accepted") << size;
}

TEST(BillCases, BadInputsNameCaseAndField)
{
    const auto number = [](const std::string& place, const char* highest, const char* got) {
        return place + ": expected a number from 0 to " + highest + ", got " + got;
    };
    EXPECT_EQ(with_input("c4-fixed-1", "/subscribed_kva/HPH", -5),
              number("c4-fixed-1: input.subscribed_kva.HPH", "1000000", "-5"));
    EXPECT_EQ(with_input("c4-fixed-1", "/subscribed_kva/HPH", "60"),
              number("c4-fixed-1: input.subscribed_kva.HPH", "1000000", "60"));
    EXPECT_EQ(with_input("c4-fixed-1", "/subscribed_kva", json{{"HPH", 60}}),
              number("c4-fixed-1: input.subscribed_kva.HCH", "1000000", "(nothing)"));
    EXPECT_EQ(with_input("c4-fixed-1", "/subscribed_kva/BASE", 60),
              "c4-fixed-1: input.subscribed_kva.BASE: expected a class of turpe_c4, got 60");
    EXPECT_EQ(with_input("c4-fixed-1", "/fta", "BTXYZ"),
              "c4-fixed-1: input.fta: expected a network tariff that is known, got BTXYZ");
    EXPECT_EQ(with_input("c4-fixed-1", "/grid", "2025-13-01"),
              "c4-fixed-1: input.grid: expected a day such as 2025-08-01, got 2025-13-01");
    EXPECT_EQ(with_input("c4-fixed-1", "/period", "1/7 year"),
              "c4-fixed-1: input.period: expected whole months, such as 1 year, 1/12 year or 3 months, got "
              "1/7 year");
    EXPECT_EQ(with_input("c5-var-1", "/kwh/HPB", 3),
              "c5-var-1: input.kwh.HPB: expected a class that turpe_c5 has a price for, got 3");
    EXPECT_EQ(with_input("c5-var-1", "/kwh/HP", 1e300),
              number("c5-var-1: input.kwh.HP", "1000000000000", "1e+300"));
    EXPECT_EQ(with_input("c5-var-1", "/kwh", 3), "c5-var-1: input.kwh: expected kWh of each class, got 3");
    EXPECT_EQ(with_input("c5-fixed-1", "/days", 0),
              "c5-fixed-1: input.days: expected a number from 1 to 3660, got 0");
    EXPECT_EQ(with_input("c5-fixed-1", "/days", 1.5),
              "c5-fixed-1: input.days: expected a whole number, got 1.5");
    EXPECT_EQ(with_input("c5-fixed-1", "/policy", "by feeling"),
              "c5-fixed-1: input.policy: expected a policy that says /365, actual or /12, got by feeling");
    EXPECT_EQ(with_input("c5-fixed-split-1", "/end_exclusive", "2024-12-01"),
              "c5-fixed-split-1: input.end_exclusive: expected a day after 2025-01-01, got 2024-12-01");
    EXPECT_EQ(with_input("f12-line-1", "/date_to_inclusive", "2024-05-01"),
              "f12-line-1: input.date_to_inclusive: expected a day not before 2024-06-01, got 2024-05-01");
    EXPECT_EQ(with_input("f12-line-1", "/days_in_year", 365),
              "f12-line-1: input.days_in_year: expected 366, by the dates, got 365");
    EXPECT_EQ(with_input("hta-1", "/option", "XX"),
              "hta-1: input.option: expected an option of turpe_hta, got XX");
    EXPECT_EQ(with_input("hta-1", "/contract", "none"),
              "hta-1: input.contract: expected contrat_unique or card, got none");
    EXPECT_EQ(with_input("hta-cmdps-3", "/points_10min_kw/2", -1),
              number("hta-cmdps-3: input.points_10min_kw[2]", "1000000", "-1"));
    EXPECT_EQ(with_input("gas-conv-1", "/index_end_m3", 3),
              "gas-conv-1: input.index_end_m3: expected an index not below index_start_m3, got 3");
    EXPECT_EQ(with_input("dst-1", "/zone", "Europe/Nowhere"),
              "dst-1: input.zone: expected a zone of the IANA time zone database, got Europe/Nowhere");
    EXPECT_EQ(with_input("dst-1", "/interval", "PT7M"),
              "dst-1: input.interval: expected a part of a day of 82800 s, got PT7M");
    EXPECT_EQ(with_input("dst-1", "/interval", "30"),
              "dst-1: input.interval: expected a duration such as PT30M, up to a day, got 30");
    EXPECT_EQ(with_input("r151-1", "/flow", "R99"),
              "r151-1: input.flow: expected one of R151, R64, R15, C15, got R99");
    EXPECT_EQ(with_input("kwh-floor-1", "/index_wh/2", 5),
              "kwh-floor-1: input.index_wh[2]: expected an index not below the one before it, got 5");
    EXPECT_EQ(with_input("tempo-1", "/end_local_exclusive", "2024-01-31T06:00:00+01:00"),
              "tempo-1: input.end_local_exclusive: expected an instant after start_local, got "
              "2024-01-31T06:00:00+01:00");
    EXPECT_EQ(with_input("tempo-count-1", "/season_end", "2020-01-01"),
              "tempo-count-1: input.season_end: expected a day not before 2024-09-01, at most ten years "
              "after it, got 2020-01-01");
}

TEST(BillCases, PricesThatAreNotKnownAreFailuresInWords)
{
    const auto names = [](const std::string& got, const std::string& wanted) {
        EXPECT_NE(got.find(": input: expected something that can be computed, got " + wanted),
                  std::string::npos)
            << got;
    };
    names(with_input("c5-var-1", "/grid", "2019-08-01"),
          "no_tariff_row: turpe_c5/c_hc (fta=BTINFMUDT): no price for 2019-08-01");
    names(with_input("c5-fixed-1", "/grid", "2027-08-01"), "no_tariff_row: turpe_c5/cg");
    names(with_input("c4-fixed-1", "/subscribed_kva/HPH", 61),
          "bad_contract: subscribed_powers: must not decrease");
    names(with_input("gas-atrd-2", "/option", "TP"), "bad_contract: option: tariff atrd has no TP");
    names(with_input("gas-atrd-2", "/grid", "2024-07-01"), "no_tariff_row: atrd/atrd_energy");
    names(with_input("tempo-1", "/kva", 24), "bad_contract: power_kva: tariff trv_tempo has no 24");
    names(with_input("tempo-1", "/grid", "2026-02-01"), "no_tariff_row: trv_tempo/energy_blue_hc");
    names(with_input("tempo-count-1", "/season_start", "2019-08-31"),
          "no_tariff_row: tempo: not published for 2019-08-31");
    names(without_input("gas-t4-2", "daily_capacity_kwh"), "bad_contract: daily_capacity_kwh");
    names(without_input("hta-cmdps-1", "b"), "no_tariff_row: turpe_hta/cmdps");
}

TEST(BillCases, NoInputCrashes)
{
    for (const json& one : computed_cases())
        for (const auto& [pointer, leaf] : leaves_of(one["input"]))
            for (const json& value : {json(), json(-1), json("x"), json::array(), json::object(),
                                      json(999999999999999999), json(1e-12), json::array({1, "y"})}) {
                json odd = one;
                odd["input"][json::json_pointer{pointer}] = value;
                EXPECT_NE(first_difference(odd), "skipped");
            }
    for (const json& one : computed_cases())
        for (const auto& [name, value] : one["input"].items())
            EXPECT_NE(without_input(one["id"], name), "skipped");
}

TEST(BillCases, OtherPoliciesAndInputsFollow)
{
    json one = worked_case("c5-fixed-1"); // 121.32 EUR a year, 90 days from 2024-11-01, 61 of them in 2024
    one["input"]["policy"] = "annual/days in year, rounded once";
    one["expected"]["fixed_eur"] = 29.86; // 121.32 * 61 / 366 + 121.32 * 29 / 365
    one["tolerance"] = 0;
    EXPECT_EQ(first_difference(one), "passed");
    one = worked_case("hta-1");
    one["input"]["contract"] = "card";
    one["expected"] = {{"cg_month", 41.65}, {"total_eur", 1603.82}};
    one["tolerance"] = 0;
    EXPECT_EQ(first_difference(one), "passed");
    one = worked_case("hta-cmdps-3"); // b from the grid
    one["input"].erase("b");
    EXPECT_EQ(first_difference(one), "passed");
    one = worked_case("trv-ttc-1"); // excise and VAT of the day
    one["input"].erase("accise_eur_mwh");
    one["input"].erase("vat_pct");
    EXPECT_EQ(first_difference(one), "passed");
    one = worked_case("gas-detail-1");
    one["input"]["reported_energy_kwh"] = 23;
    EXPECT_EQ(first_difference(one), "gas-detail-1: accept: expected true, got false");
    EXPECT_EQ(with_input("c4-monotone-reject", "/subscribed_kva/HCH", 60),
              "c4-monotone-reject: valid: expected false, got true");
}

} // namespace
} // namespace releve::app
