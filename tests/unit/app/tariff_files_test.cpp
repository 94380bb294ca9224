#include <releve/app/tariff_files.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace releve;
using namespace releve::app;
using engine::Parameters;
using engine::TariffBook;
using namespace std::string_literals;

namespace {

const TariffBook& shipped()
{
    static const TariffBook book = load_shipped_tariffs().value();
    return book;
}

const std::vector<TariffDocument>& shipped_documents()
{
    static const std::vector<TariffDocument> documents = [] {
        std::vector<TariffDocument> out;
        for (const ShippedTariff& file : shipped_tariffs())
            out.push_back(parse_tariff_document(file.json, std::string{file.file_name}).value());
        return out;
    }();
    return documents;
}

/// The values of a component on a day, "17.61 15.96", or why there are none.
std::string price(const TariffBook& book, const char* tariff, std::string_view component, const char* day,
                  const Parameters& parameters = {})
{
    const auto used = engine::components_of(book, tariff, parameters);
    if (!used)
        return to_string(used.error());
    const auto found =
        std::ranges::find_if(*used, [&](const auto& one) { return one.component->id == component; });
    if (found == used->end())
        return "not due";
    const auto row = engine::row_on(*found, parse_day(day).value());
    if (!row)
        return to_string(row.error());
    std::string out;
    for (const Decimal& value : (*row)->values)
        out += (out.empty() ? "" : " ") + to_string(value);
    return out;
}

std::string shipped_price(const char* tariff, std::string_view component, const char* day,
                          const Parameters& parameters = {})
{
    return price(shipped(), tariff, component, day, parameters);
}

/// A small tariff of its own, line by line, so that a test knows where things stand.
const char* const own_tariff = R"({
  "tariff": "own", "edition": 1, "energy": "electricity",
  "label": {"en": "Own", "fr": "Propre"},
  "plain": {"en": "A tariff.", "fr": "Un tarif."},
  "source": "made for this test",
  "calendar": "base",
  "parameters": [{"name": "kind", "label": {"en": "Kind", "fr": "Sorte"}, "plain": {"en": "Which.", "fr": "Laquelle."}, "values": ["a", "b", "c"]}],
  "includes": [{"tariff": "vat_electricity", "contained": false, "set": {"power_range": "le36"}}],
  "components": [
    {"id": "energy", "label": {"en": "Energy", "fr": "Énergie"}, "plain": {"en": "Used.", "fr": "Consommée."},
     "section": "supply", "basis": "energy", "unit": "EUR/kWh", "calendar": "base", "class": "BASE", "vat": "consumption",
     "rows": [
       {"from": "2025-01-01", "to": "2025-07-01", "when": {"kind": ["a", "b"]}, "value": "0.1000"},
       {"from": "2025-07-01", "to": "2026-01-01", "when": {"kind": "a"}, "value": "0.1200"},
       {"from": "2025-07-01", "when": {"kind": "b"}, "value": "0.1300"}]}]})";

std::string replaced(std::string_view from, std::string_view to, std::string text = own_tariff)
{
    const auto found = text.find(from);
    EXPECT_NE(found, std::string::npos) << from;
    return found == std::string::npos ? text : text.replace(found, from.size(), to);
}

/// How a document is refused, alone or among those that ship.
std::string refusal(const std::string& json)
{
    const auto document = parse_tariff_document(json, "own.json");
    std::vector<TariffDocument> all = shipped_documents();
    if (document)
        all.push_back(*document);
    const auto book = document ? make_book(all) : result<TariffBook>{document.error()};
    if (book)
        return "accepted";
    EXPECT_EQ(book.error().code, errc::bad_tariff);
    return book.error().detail;
}

TEST(TariffFiles, announced_rush_hours_are_asked_for_in_winter_only)
{
    const engine::Calendar& mobile = shipped().calendars.at("hta_mobile");
    const std::vector<engine::DayWindow> night{{22 * 3600, 6 * 3600}};
    const engine::CalendarPlace place{&paris(), &night, &shipped().published.at("hta_peak")};
    const auto july = engine::classes_of_day(mobile, place, *parse_day("2025-07-10"), Seconds{1800});
    ASSERT_TRUE(july) << to_string(july.error());
    EXPECT_EQ((*july)[24], *mobile.class_index("HPB"));
    EXPECT_EQ(engine::classes_of_day(mobile, place, *parse_day("2025-01-10"), Seconds{1800}).error().code, errc::no_tariff_row);
}

TEST(TariffFiles, all_that_ships_loads)
{
    for (const char* id : {"turpe_c5", "turpe_c4", "turpe_hta", "cta_electricity", "excise_electricity",
                           "vat_electricity", "vat_gas", "excise_gas", "cta_gas", "trv_base", "trv_hphc",
                           "trv_tempo", "trv_base_ht", "trv_tempo_ht", "atrd", "atrt", "example_market_hphc",
                           "example_market_base_c4", "example_market_gas"})
        EXPECT_TRUE(shipped().tariffs.contains(id)) << id;
    for (const char* id :
         {"base", "hphc", "four_class", "tempo", "hta_fixed", "hta_mobile", "midday", "weekend"})
        EXPECT_TRUE(shipped().calendars.contains(id)) << id;
    EXPECT_TRUE(shipped().published.contains("tempo"));
    EXPECT_TRUE(shipped().published.contains("hta_peak"));
    for (const auto& [id, tariff] : shipped().tariffs)
        EXPECT_FALSE(tariff.source.empty()) << id;
}

TEST(TariffFiles, what_ships_is_what_stands_in_the_sources)
{
    const auto text_of = [](const std::filesystem::path& path) {
        std::ifstream stream{path, std::ios::binary};
        std::ostringstream text;
        text << stream.rdbuf();
        return std::move(text).str();
    };
    const std::filesystem::path proto = RELEVE_SOURCE_DIR "/proto";
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator{proto / "tariffs"}) {
        const auto file =
            std::ranges::find(shipped_tariffs(), entry.path().filename().string(), &ShippedTariff::file_name);
        ASSERT_NE(file, shipped_tariffs().end()) << entry.path() << " is not in cmake/embed.cmake";
        EXPECT_EQ(file->json, text_of(entry.path()));
        ++files;
    }
    EXPECT_EQ(files, shipped_tariffs().size());
    EXPECT_EQ(shipped_tariff_schema(), text_of(proto / "tariff.schema.json"));
}

TEST(TariffFiles, network_prices_are_those_published)
{
    const Parameters simple{{"fta", "BTINFCUST"}}, two{{"fta", "BTINFMUDT"}}, four{{"fta", "BTINFMU4"}};
    EXPECT_EQ(shipped_price("turpe_c5", "cg", "2024-10-31", simple), "15.48");
    EXPECT_EQ(shipped_price("turpe_c5", "cg", "2024-11-01", simple), "16.20");
    EXPECT_EQ(shipped_price("turpe_c5", "cc", "2025-07-31", simple), "22.44");
    EXPECT_EQ(shipped_price("turpe_c5", "cs_power", "2025-08-01", simple), "11.07");
    EXPECT_EQ(shipped_price("turpe_c5", "c_base", "2025-08-01", simple), "4.84");
    EXPECT_EQ(shipped_price("turpe_c5", "c_hp", "2025-08-01", two), "4.94");
    EXPECT_EQ(shipped_price("turpe_c5", "c_hc", "2026-07-31", two), "3.50");
    EXPECT_EQ(shipped_price("turpe_c5", "c_hp", "2025-08-01", simple), "not due");
    EXPECT_EQ(shipped_price("turpe_c5", "c_hch", "2025-02-01", four), "4.77");
    EXPECT_EQ(shipped_price("turpe_c5", "cs_power", "2025-08-01", {{"fta", "BTINFLU"}}), "93.13");
    EXPECT_EQ(shipped_price("turpe_c5", "c_hph", "2025-08-01", {{"fta", "BTINFCU4ACCAUTO"}}), "2.86");
    EXPECT_EQ(shipped_price("turpe_c5", "cg", "2025-08-01", {{"fta", "BTINFLU"}, {"contract_type", "card"}}),
              "18.00");
    EXPECT_EQ(shipped_price("turpe_c4", "cs_power", "2025-08-01", {{"fta", "BTSUPCU"}}),
              "17.61 15.96 14.56 11.98");
    EXPECT_EQ(shipped_price("turpe_c4", "cs_power", "2025-08-01", {{"fta", "BTSUPLU4"}}),
              "30.16 21.18 16.64 12.37");
    EXPECT_EQ(shipped_price("turpe_c4", "c_hcb", "2025-08-01", {{"fta", "BTSUPLU"}}), "1.49");
    EXPECT_EQ(shipped_price("turpe_c4", "cmdps", "2026-07-31", {{"fta", "BTSUPCU"}}), "12.41");
    EXPECT_EQ(shipped_price("turpe_c4", "cmdps", "2026-08-01", {{"fta", "BTSUPCU"}}), "12.79");
    EXPECT_EQ(shipped_price("turpe_c4", "cg", "2025-08-01", {{"fta", "BTSUPCU"}, {"contract_type", "card"}}),
              "249.84");
    EXPECT_EQ(shipped_price("turpe_hta", "cs_power", "2025-08-01", {{"option", "LU_PM"}}),
              "38.27 34.30 20.39 14.33 11.56");
    EXPECT_EQ(shipped_price("turpe_hta", "c_pte", "2025-08-01", {{"option", "CU_PF"}}), "5.74");
    EXPECT_EQ(shipped_price("turpe_hta", "c_pte_mobile", "2025-08-01", {{"option", "CU_PM"}}), "7.01");
    EXPECT_EQ(shipped_price("turpe_hta", "cmdps", "2025-08-01", {{"option", "CU_PF"}}), "0.04");
    EXPECT_EQ(shipped_price("turpe_hta", "cg", "2025-08-01", {{"option", "CU_PF"}}), "435.72");
    EXPECT_EQ(shipped_price("atrd", "atrd_fixed", "2025-07-01", {{"option", "T1"}}), "54.72");
    EXPECT_EQ(shipped_price("atrd", "atrd_capacity", "2025-07-01", {{"option", "T4"}}), "0.288 0.14394");
    EXPECT_EQ(shipped_price("atrd", "atrd_energy", "2026-06-30", {{"option", "T2"}}), "0.01208");
    EXPECT_EQ(shipped_price("atrt", "atrt_regional", "2025-04-01", {{"network", "natran"}, {"ntr", "3"}}),
              "287.55");
}

TEST(TariffFiles, regulated_prices_and_taxes_are_those_published)
{
    const Parameters three{{"power_kva", "3"}}, nine{{"power_kva", "9"}}, large{{"power_kva", "36"}};
    EXPECT_EQ(shipped_price("trv_base", "subscription", "2012-07-23", three), "69.37");
    EXPECT_EQ(shipped_price("trv_base", "energy", "2012-07-23", three), "0.1256");
    EXPECT_EQ(shipped_price("trv_base", "energy", "2013-07-31", nine), "0.1287");
    EXPECT_EQ(shipped_price("trv_base", "subscription", "2023-07-31", nine), "179.39");
    EXPECT_EQ(shipped_price("trv_base", "subscription", "2023-08-01", nine), "187.56"); // 12 x 15.63
    EXPECT_EQ(shipped_price("trv_base", "energy", "2025-08-01", nine), "0.1952");
    EXPECT_EQ(shipped_price("trv_base", "energy", "2026-02-01", three), "0.1940");
    EXPECT_EQ(shipped_price("trv_base", "energy", "2026-02-01", large), "0.1927");
    EXPECT_EQ(shipped_price("trv_base", "energy", "2026-09-01", three), "0.2001");
    EXPECT_EQ(shipped_price("trv_base", "energy", "2026-09-01", large), "0.1985");
    EXPECT_EQ(shipped_price("trv_base", "subscription", "2026-09-01", large), "646.56"); // 12 x 53.88
    EXPECT_EQ(shipped_price("trv_hphc", "subscription", "2025-08-01", nine), "19.81");
    EXPECT_EQ(shipped_price("trv_hphc", "energy_hc", "2025-08-01", nine), "0.1635");
    EXPECT_EQ(shipped_price("trv_hphc", "energy_hp", "2026-08-01", nine), "0.2142");
    EXPECT_EQ(shipped_price("trv_tempo", "energy_red_hp", "2025-01-15", nine), "0.7562");
    EXPECT_EQ(shipped_price("trv_tempo", "energy_blue_hc", "2025-03-30", nine), "0.1287");
    EXPECT_EQ(shipped_price("trv_tempo", "subscription", "2025-08-01", nine), "235.12");
    EXPECT_EQ(shipped_price("trv_base_ht", "energy", "2026-02-01", nine), "0.1297");
    EXPECT_EQ(shipped_price("trv_tempo_ht", "energy_white_hp", "2024-02-01", nine), "0.1368");
    EXPECT_EQ(shipped_price("cta_electricity", "cta", "2026-01-31"), "21.93");
    EXPECT_EQ(shipped_price("cta_electricity", "cta", "2026-02-01"), "15.00");
    EXPECT_EQ(shipped_price("excise_electricity", "excise", "2025-08-01", {{"user", "household_le36"}}),
              "29.98");
    EXPECT_EQ(shipped_price("excise_electricity", "excise", "2026-08-01", {{"user", "sme_gt36_le250"}}),
              "26.35");
    EXPECT_EQ(shipped_price("excise_gas", "excise", "2026-02-01"), "16.39");
    EXPECT_EQ(shipped_price("cta_gas", "cta_transport", "2025-07-01"), "3.919191");
    EXPECT_EQ(shipped_price("vat_electricity", "vat_subscription", "2025-07-31"), "5.50");
    EXPECT_EQ(shipped_price("vat_electricity", "vat_subscription", "2025-07-31", {{"power_range", "gt36"}}),
              "20.00");
    EXPECT_EQ(shipped_price("vat_gas", "vat_subscription", "2025-08-01"), "20.00");
}

TEST(TariffFiles, no_price_is_made_up)
{
    const Parameters nine{{"power_kva", "9"}};
    const std::string unknown = std::string{error_name(errc::no_tariff_row)} + ": ";
    EXPECT_EQ(shipped_price("turpe_c5", "cs_power", "2026-08-01", {{"fta", "BTINFMUDT"}}),
              unknown + "turpe_c5/cs_power (fta=BTINFMUDT): no price for 2026-08-01");
    EXPECT_EQ(shipped_price("trv_tempo", "energy_red_hp", "2026-02-01", nine),
              unknown + "trv_tempo/energy_red_hp: no price for 2026-02-01");
    EXPECT_EQ(shipped_price("trv_hphc", "energy_hp", "2023-07-31", nine),
              unknown + "trv_hphc/energy_hp: no price for 2023-07-31");
    EXPECT_EQ(shipped_price("trv_base_ht", "subscription", "2026-02-01", {{"power_kva", "12"}}),
              unknown + "trv_base_ht/subscription (power_kva=12): no price for 2026-02-01");
    EXPECT_EQ(shipped_price("excise_electricity", "excise", "2025-08-01", {{"user", "high_power"}}),
              unknown + "excise_electricity/excise (user=high_power): no price for 2025-08-01");
    EXPECT_EQ(shipped_price("atrd", "atrd_energy", "2025-06-30", {{"option", "T1"}}),
              unknown + "atrd/atrd_energy (option=T1): no price for 2025-06-30");
    EXPECT_EQ(shipped_price("atrd", "atrd_fixed", "2026-07-01", {{"option", "T1"}}),
              unknown + "atrd/atrd_fixed (option=T1): no price for 2026-07-01");
}

TEST(TariffFiles, offers_bring_the_network_and_taxes_in)
{
    const auto used = engine::components_of(shipped(), "example_market_base_c4", {{"fta", "BTSUPCU"}});
    ASSERT_TRUE(used) << to_string(used.error());
    std::vector<std::string> ids;
    for (const engine::UsedComponent& one : *used) {
        EXPECT_FALSE(one.contained);
        ids.push_back(one.component->id);
    }
    EXPECT_EQ(
        ids, (std::vector<std::string>{"subscription", "energy_hph", "energy_hch", "energy_hpb", "energy_hcb",
                                       "cg", "cc", "cs_power", "c_hph", "c_hch", "c_hpb", "c_hcb", "cmdps",
                                       "cta", "excise", "vat_subscription", "vat_consumption"}));
    EXPECT_EQ((*used)[15].parameters, (Parameters{{"power_range", "gt36"}}));
    EXPECT_EQ((*used)[14].parameters, (Parameters{{"user", "sme_gt36_le250"}}));

    const auto contained = engine::components_of(shipped(), "trv_base_ht", {{"power_kva", "6"}});
    ASSERT_TRUE(contained) << to_string(contained.error());
    const auto cg =
        std::ranges::find_if(*contained, [](const auto& one) { return one.component->id == "cg"; });
    ASSERT_NE(cg, contained->end());
    EXPECT_TRUE(cg->contained);
    EXPECT_EQ(cg->parameters.at("fta"), "BTINFCUST");
    EXPECT_TRUE(shipped().tariffs.at("trv_base").prices_include_vat);
    EXPECT_FALSE(shipped().tariffs.at("trv_base_ht").prices_include_vat);
}

TEST(TariffFiles, calendars_are_read_whole)
{
    const engine::Calendar& tempo = shipped().calendars.at("tempo");
    EXPECT_EQ(tempo.day_start, Seconds{21'600});
    EXPECT_EQ(tempo.published, "tempo");
    ASSERT_EQ(tempo.classes.size(), 6U);
    EXPECT_EQ(tempo.classes[4].id, "RED_HC");
    EXPECT_EQ(tempo.classes[4].meter_register, "active_energy_import_supplier_5");
    EXPECT_EQ(tempo.rules[0].windows, (std::vector<engine::DayWindow>{{79'200, 21'600}}));
    const engine::Calendar& fixed = shipped().calendars.at("hta_fixed");
    EXPECT_EQ(fixed.rules[0].months, 0b1000'0000'0011);
    EXPECT_EQ(fixed.rules[0].weekdays, 0b011'1111);
    EXPECT_TRUE(fixed.needs_offpeak());
    const engine::Calendar& weekend = shipped().calendars.at("weekend");
    EXPECT_EQ(weekend.holidays.size(), 11U);
    EXPECT_EQ(weekend.rules[1].holiday, true);
    EXPECT_EQ(shipped().calendars.at("hphc").classes[1].meter_register, "active_energy_import_supplier_1");
}

TEST(TariffFiles, tempo_days_are_those_published)
{
    const engine::PublishedDays& days = shipped().published.at("tempo");
    const auto kind = [&](const char* day) { return days.kind_of(parse_day(day).value()).value_or("none"); };
    EXPECT_EQ(kind("2019-08-31"), "none");
    EXPECT_EQ(kind("2019-09-01"), "BLUE");
    EXPECT_EQ(kind("2025-09-29"), "BLUE");
    EXPECT_EQ(kind("2025-09-30"), "none");
    std::map<std::string_view, int> season;
    for (CivilDay day = parse_day("2024-09-01").value(); day < parse_day("2025-09-01").value();
         day += std::chrono::days{1})
        ++season[days.kind_of(day).value_or("none")];
    EXPECT_EQ(season, (std::map<std::string_view, int>{{"BLUE", 300}, {"WHITE", 43}, {"RED", 22}}));
}

TEST(TariffFiles, worked_cases_come_along)
{
    const std::vector<TariffDocument>& documents = shipped_documents();
    const auto c4 = std::ranges::find(documents, "turpe_c4", &TariffDocument::id);
    ASSERT_NE(c4, documents.end());
    EXPECT_NE(c4->cases.find(R"("id":"c4-fixed-1")"), std::string::npos);
    EXPECT_EQ(parse_tariff_document(own_tariff, "own.json")->cases, "[]");
}

TEST(TariffFiles, a_new_document_needs_no_build)
{
    std::vector<TariffDocument> documents = shipped_documents();
    documents.push_back(parse_tariff_document(own_tariff, "own.json").value());
    const auto book = make_book(documents);
    ASSERT_TRUE(book) << to_string(book.error());
    EXPECT_EQ(price(*book, "own", "energy", "2025-06-30", {{"kind", "b"}}), "0.1000");
    EXPECT_EQ(price(*book, "own", "energy", "2025-07-01", {{"kind", "b"}}), "0.1300");
    EXPECT_EQ(price(*book, "own", "energy", "2030-01-01", {{"kind", "b"}}), "0.1300");
    EXPECT_NE(price(*book, "own", "energy", "2026-01-01", {{"kind", "a"}}).find("no price for 2026-01-01"),
              std::string::npos);
    EXPECT_NE(price(*book, "own", "energy", "2025-01-01", {{"kind", "c"}}).find("no price at all"),
              std::string::npos);
    EXPECT_EQ(price(*book, "own", "vat_consumption", "2025-01-01", {{"kind", "a"}}), "20.00");
}

TEST(TariffFiles, the_examples_of_the_guide_load)
{
    std::ifstream stream{std::filesystem::path{RELEVE_SOURCE_DIR} / "docs/TARIFFS.md"};
    std::ostringstream text;
    text << stream.rdbuf();
    const std::string guide = std::move(text).str();
    std::vector<TariffDocument> documents = shipped_documents();
    const std::string fence = "```json\n";
    for (std::size_t at = guide.find(fence); at != std::string::npos; at = guide.find(fence, at + 1)) {
        const std::size_t begin = at + fence.size(), end = guide.find("```", begin);
        const auto document = parse_tariff_document(guide.substr(begin, end - begin), "TARIFFS.md");
        ASSERT_TRUE(document) << to_string(document.error());
        documents.push_back(*document);
    }
    EXPECT_EQ(documents.size(), shipped_documents().size() + 2);
    const auto book = make_book(documents);
    ASSERT_TRUE(book) << to_string(book.error());
    EXPECT_EQ(price(*book, "acme_base", "subscription", "2025-06-01", {{"power_kva", "9"}}), "5.10");
}

TEST(TariffFiles, the_latest_edition_counts)
{
    std::vector<TariffDocument> documents = shipped_documents();
    const std::string second = replaced("\"edition\": 1", "\"edition\": 2", replaced("0.1300", "0.1400"));
    documents.push_back(parse_tariff_document(second, "second.json").value());
    documents.push_back(parse_tariff_document(own_tariff, "own.json").value());
    const auto book = make_book(documents);
    ASSERT_TRUE(book) << to_string(book.error());
    EXPECT_EQ(price(*book, "own", "energy", "2025-07-01", {{"kind", "b"}}), "0.1400");
    documents.push_back(parse_tariff_document(second, "third.json").value());
    const auto twice = make_book(documents);
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().detail,
              "third.json: edition: 2 of own stands in another document too; give it a later one");
}

TEST(TariffFiles, refusals_name_file_line_place_and_reason)
{
    const struct {
        const char* from;
        const char* to;
        const char* detail;
    } cases[] = {
        {R"("value": "0.1000")", R"("value": 0.1)",
         R"(own.json:13: /components/0/rows/0/value: must not be a number; prices and rates are texts, as "0.1952")"},
        {R"("value": "0.1000")", R"("value": "0,1")",
         "own.json:13: /components/0/rows/0/value: does not have the form that the schema wants"},
        {R"("value": "0.1000")", R"("value": "0.1000000001")",
         "own.json:13: /components/0/rows/0/value: "}, // and what parse_decimal says
        {R"(, "value": "0.1000")", "", "own.json:13: /components/0/rows/0: must have either value or values"},
        {R"("value": "0.1000")", R"("values": ["0.1", "0.2"])",
         "own.json: components/energy/rows/0 (kind=a, from 2025-01-01): 1 values are expected"},
        {R"("from": "2025-07-01", "to")", R"("from": "2025-06-01", "to")",
         "own.json: components/energy/rows/1 (kind=a, from 2025-06-01): begins before "
         "components/energy/rows/0 (kind=a, from "
         "2025-01-01) ends"},
        {R"("from": "2025-07-01", "to")", R"("from": "2025-08-01", "to")",
         "own.json: components/energy/rows/1 (kind=a, from 2025-08-01): no price from 2025-07-01, where "
         "components/energy/rows/0 (kind=a, from 2025-01-01) ends"},
        {R"("to": "2025-07-01")", R"("to": "2025-01-01")",
         "own.json:13: /components/0/rows/0/to: must be after from; it is the first day that the row no "
         "longer holds"},
        {R"("from": "2025-01-01")", R"("from": "2025-02-30")", "own.json:13: /components/0/rows/0/from: "},
        {R"("kind": ["a", "b"])", R"("kind": ["a", "d"])",
         "own.json:13: /components/0/rows/0/when/kind: the parameter has no value d"},
        {R"("kind": ["a", "b"])", R"("sort": ["a", "b"])",
         "own.json:13: /components/0/rows/0/when/sort: is no parameter of the tariff"},
        {R"("unit": "EUR/kWh")", R"("unit": "EUR/MJ")",
         "own.json:11: /components/0/unit: no unit has this name"},
        {R"("unit": "EUR/kWh")", R"("unit": "EUR/year")",
         "own.json: components/energy: the unit EUR/year is not one of the basis energy"},
        {R"("unit": "EUR/kWh")", R"("unit": "EUR/kWh", "units": 1)",
         "own.json:11: /components/0/units: unknown key"},
        {R"("section": "supply")", R"("section": "other")",
         "own.json:11: /components/0/section: is none of the words that the schema allows"},
        {R"("class": "BASE")", R"("class": "HP")",
         "own.json: components/energy: calendar base has no class HP"},
        {R"({"en": "Energy", "fr": "Énergie"})", R"({"en": "Energy"})",
         "own.json:10: /components/0/label/fr: missing"},
        {R"("fr": "Consommée.")", R"("fr": "")", "own.json:10: /components/0/plain/fr: "},
        {R"("tariff": "vat_electricity")", R"("tariff": "vat_water")",
         "own.json: includes/0: there is no tariff vat_water"},
        {R"("tariff": "vat_electricity", "contained": false, "set": {"power_range": "le36"})",
         R"("tariff": "vat_gas", "contained": false)", "own.json: includes/0: vat_gas is for gas"},
        {R"({"power_range": "le36"})", R"({"power_range": "le63"})",
         "own.json: includes/0: set/power_range: vat_electricity has no such parameter, or not the value "
         "le63"},
        {R"("tariff": "vat_electricity", "contained": false, "set": {"power_range": "le36"})",
         R"("tariff": "own", "contained": false)", "own.json: includes/0: own brings own in again"},
        {R"("calendar": "base",
)",
         R"("calendar": "bass",
)",
         "own.json: calendar: no calendar is named bass"},
        {R"("source": "made for this test",)", "", "own.json:1: /source: missing"},
        {R"("tariff": "own",)", "", "own.json:1: /tariff: missing"},
        {R"("energy": "electricity",)", R"("energy": "electricity", "energy": "gas",)",
         "own.json:2: /energy: there twice"},
    };
    EXPECT_EQ(refusal(own_tariff), "accepted");
    for (const auto& test : cases) {
        const std::string detail = refusal(replaced(test.from, test.to));
        EXPECT_EQ(detail.substr(0, std::string_view{test.detail}.size()), test.detail) << detail;
    }
    EXPECT_EQ(refusal("[]"), "own.json:1: /: must name what it is: tariff, calendar or published_days");
    EXPECT_EQ(refusal("{"), "own.json:1: /: not JSON");
    EXPECT_EQ(refusal(std::string(1'048'577, ' ')), "own.json: larger than 1048576 bytes");
    EXPECT_EQ(refusal(R"({"tariff": ")" + std::string(100'000, 'a') + "\"}"),
              "own.json:1: /tariff: longer than 4000 bytes");
}

TEST(TariffFiles, calendars_and_days_are_refused_likewise)
{
    const std::string words =
        R"("label": {"en": "L", "fr": "L"}, "plain": {"en": "P", "fr": "P"}, "source": "S")";
    const auto calendar = [&](const std::string& rules, const std::string& more = {}) {
        return refusal("{\"calendar\": \"own\", \"edition\": 1, " + words + more +
                       ",\n\"classes\": [{\"id\": \"A\", " +
                       R"("label": {"en": "L", "fr": "L"}, "plain": {"en": "P", "fr": "P"}}],)" +
                       "\n\"rules\": [" + rules + "]}");
    };
    EXPECT_EQ(calendar(R"({"class": "A"})"), "accepted");
    EXPECT_EQ(calendar(R"({"class": "B"})"), "own.json: rules/0: names no class of the calendar: B");
    EXPECT_EQ(calendar(R"({"class": "A", "months": [1]})"), "own.json: rules: the last one must hold always");
    EXPECT_EQ(calendar(R"({"class": "A", "months": [13]})").substr(0, 28),
              "own.json:3: /rules/0/months/0"s.substr(0, 28));
    EXPECT_EQ(calendar(R"({"class": "A", "windows": ["08:00-08:00"]}, {"class": "A"})").substr(0, 31),
              "own.json:3: /rules/0/windows/0:");
    EXPECT_EQ(calendar(R"({"class": "A"})", R"(, "published": "moon")"),
              "own.json: published: there are no published days moon");
    EXPECT_EQ(calendar(R"({"class": "A", "day_kind": "GREEN"}, {"class": "A"})", R"(, "published": "tempo")"),
              "own.json: rules/0: the published days tempo have no kind GREEN");
    EXPECT_EQ(calendar(R"({"class": "A"})", R"(, "holidays": [{"month": 5}])"),
              "own.json:1: /holidays/0: must have either month and day or after_easter");
    const auto days = [&](const std::string& runs) {
        return refusal("{\"published_days\": \"own\", \"edition\": 1, " + words +
                       R"(, "kinds": {"N": "NORMAL", "P": "PEAK"}, "runs": [)" + "\n" + runs + "]}");
    };
    EXPECT_EQ(days(R"({"from": "2025-01-01", "days": "NPN"}, {"from": "2025-01-04", "days": "P"})"),
              "accepted");
    EXPECT_EQ(days(R"({"from": "2025-01-01", "days": "NPN"}, {"from": "2025-01-03", "days": "P"})"),
              "own.json:2: /runs/1/from: is before 2025-01-04, where the run before ends");
    EXPECT_EQ(days(R"({"from": "2025-01-01", "days": "NXN"})"),
              "own.json:2: /runs/0/days: no kind has the letter X");
}

} // namespace
