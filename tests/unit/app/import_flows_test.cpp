// Flow files of Enedis (R64, R151, R15), gas of GRDF, what is recognised at all, and what a file that was cut or changed does to any reader.

#include "import_samples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace releve::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string flow_point = "01000000000001";

std::string sample(const std::string& name) { return sample_file("import/" + name); }

/// With the first `what` replaced.
std::string with(std::string text, const std::string& what, const std::string& by)
{
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), by);
}

std::vector<std::string> indexes(const ImportedFile& file)
{
    std::vector<std::string> lines;
    for (const ImportedRead& i : file.reads)
        lines.push_back(i.register_name + " " + to_iso8601(i.at) + " " + std::to_string(i.value_wh) + " " +
                        std::string{quality_name(i.quality)} + (i.injected ? " injected" : ""));
    return lines;
}

std::vector<std::string> periods(const ImportedFile& file)
{
    const auto text = [](const std::optional<std::int64_t>& number) { return number ? std::to_string(*number) : "-"; };
    std::vector<std::string> lines;
    for (const ImportedGas& g : file.gas)
        lines.push_back(to_iso8601(g.from) + " " + to_iso8601(g.to) + " " + text(g.index_from_m3) + " " + text(g.index_to_m3) +
                        " " + std::to_string(g.kwh_per_m3_e5) + " " + text(g.volume_m3) + " " + text(g.energy_kwh) + " " +
                        std::string{quality_name(g.quality)} + (g.published ? " published" : "") +
                        (g.provisional ? " provisional" : "") + (g.passed_zero ? " passed zero" : ""));
    return lines;
}

TEST(ImportFlows, r64_has_the_index_of_the_start_of_a_day)
{
    const ImportedFile file = read_import(sample("r64.json"), "", "/in/ENEDIS_R64_P_INDEX_M0000001_00003_20240603120000.json");
    EXPECT_EQ(import_format_name(file.format), "r64");
    EXPECT_THAT(problems_in(file), IsEmpty());
    EXPECT_THAT(indexes(file),
                ElementsAre("distributor_2 2024-05-31T22:00:00Z 2000100 raw",
                            "distributor_2 2024-06-01T22:00:00Z 2004200 questionable",
                            "distributor_3 2024-05-31T22:00:00Z 1500000 raw", "supplier_10 2024-05-31T22:00:00Z 700 raw",
                            "total 2024-05-31T22:00:00Z 3500800 raw", "total 2024-06-01T07:30:00Z 42000 raw injected"));
    EXPECT_EQ(file.reads.back().resolution_wh, 1'000);
    EXPECT_EQ(file.reads.front().usage_point, flow_point);
    EXPECT_EQ(file.empty_values, 1U);
    EXPECT_EQ(file.number, (FlowNumber{"R64", "P_INDEX_M0000001", 3}));
}

TEST(ImportFlows, each_wrong_element_of_r64_is_named)
{
    const std::string text = sample("r64.json");
    const auto wrong = [&](const char* what, const char* by) { return problems_in(read_import(with(text, what, by))); };
    EXPECT_THAT(wrong("\"v\": 2000100", "\"v\": -1"),
                ElementsAre("18 v: expected a whole number from 0 to 1000000000000, found '-1'"));
    EXPECT_THAT(wrong("\"v\": 2000100", "\"v\": 1.5"), ElementsAre(HasSubstr("18 v: expected")));
    EXPECT_THAT(wrong("\"v\": 2000100", "\"v\": 1000000000001"), ElementsAre(HasSubstr("18 v: expected")));
    EXPECT_THAT(wrong("2024-06-02 00:00:00\", \"v\": 2004200", "02/06/2024\", \"v\": 2004200"),
                ElementsAre(HasSubstr("19 d: expected a time")));
    EXPECT_THAT(wrong("2024-06-02 00:00:00\", \"v\": 2004200", "2024-06-01 00:00:00\", \"v\": 2004200"),
                ElementsAre("19 v: line 18 has another value for this time"));
    EXPECT_THAT(wrong("\"unite\": \"Wh\"", "\"unite\": \"VAr\""), ElementsAre("11 unite: expected Wh or kWh, found 'VAr'"));
    EXPECT_THAT(wrong("\"CONS\"", "\"?\""), ElementsAre(HasSubstr("11 grandeurMetier: expected CONS or PROD")));
    EXPECT_THAT(wrong("IDX_EAS_F10", "IDX_EAS_F11"),
                ElementsAre("27 codeCadran: expected a code like IDX_EAS_F1, found 'IDX_EAS_F11'"));
    EXPECT_THAT(wrong("\"codeCadran\": \"IDX_EAS_F10\", ", ""), ElementsAre(HasSubstr("27 codeCadran: is missing")));
    EXPECT_THAT(wrong("01000000000001", "0100000000xxxx"), ElementsAre(HasSubstr("4 idPrm: is not a usage point")));
    EXPECT_THAT(refused_import(with(text, "R64", "R63")), HasSubstr("of the flows in JSON only R64 is read"));
    EXPECT_THAT(refused_import(with(text, "[", "")), HasSubstr("not JSON"));
    EXPECT_THAT(refused_import("{\"mesures\": 1}"), HasSubstr("'mesures' must be an array"));
    EXPECT_THAT(refused_import(text, "01000000000002"), HasSubstr("'idPrm' names another usage point"));
}

TEST(ImportFlows, r151_has_the_index_of_the_end_of_a_day)
{
    const ImportedFile file =
        read_import(sample("r151.xml"), "", "ERDF_R151_17X000000000000A_GRD-F999_1234567_00042_Q_00001_00001_20240401030652.xml");
    EXPECT_EQ(import_format_name(file.format), "r151");
    EXPECT_THAT(problems_in(file), IsEmpty());
    EXPECT_THAT(indexes(file),
                ElementsAre("distributor_1 2024-03-30T23:00:00Z 1000500 raw",
                            "distributor_4 2024-03-30T23:00:00Z 4000700 questionable",
                            "supplier_2 2024-03-30T23:00:00Z 3000000 raw", "distributor_1 2024-03-31T22:00:00Z 1000900 raw"));
    EXPECT_EQ(file.empty_values, 1U);
    EXPECT_EQ(file.number, (FlowNumber{"R151", "17X000000000000A_GRD-F999_1234567", 42}));
}

TEST(ImportFlows, r15_has_the_index_of_the_start_of_a_day_with_its_meter)
{
    const ImportedFile file = read_import(sample("r15.xml"));
    EXPECT_EQ(import_format_name(file.format), "r15");
    EXPECT_THAT(problems_in(file), IsEmpty());
    EXPECT_THAT(indexes(file), ElementsAre("distributor_1 2024-03-31T22:00:00Z 1000000 raw",
                                           "supplier_1 2024-04-10T07:30:00Z 480000 estimated_linear injected"));
    EXPECT_EQ(file.reads[0].serial, "041900000001");
    EXPECT_EQ(file.reads[0].rolls_over_at_wh, 1'000'000'000);
    EXPECT_FALSE(file.reads[0].passed_zero);
    EXPECT_EQ(file.reads[1].resolution_wh, 40'000);
    EXPECT_EQ(file.reads[1].rolls_over_at_wh, 4'000'000'000);
    EXPECT_TRUE(file.reads[1].passed_zero);
    EXPECT_FALSE(file.number);
}

TEST(ImportFlows, the_end_of_one_day_in_r151_is_the_start_of_the_next_in_r15)
{
    const ImportedFile end = read_import(sample("r151.xml")), start = read_import(sample("r15.xml"));
    EXPECT_EQ(end.reads.back().at, start.reads.front().at);
    EXPECT_EQ(end.reads.back().value_wh / 1'000, start.reads.front().value_wh / 1'000);
}

TEST(ImportFlows, each_wrong_element_of_r151_and_r15_is_named)
{
    const std::string r151 = sample("r151.xml"), r15 = sample("r15.xml");
    const auto wrong = [](const std::string& text, const char* what, const char* by) {
        return problems_in(read_import(with(text, what, by)));
    };
    EXPECT_THAT(wrong(r151, "1000500", "-5"),
                ElementsAre("15 Valeur: expected a whole number from 0 to 1000000000000, found '-5'"));
    EXPECT_THAT(wrong(r151, "2024-03-30", "30/03/2024"), ElementsAre("11 Date_Releve: expected a date like 2024-01-10"));
    EXPECT_THAT(wrong(r151, "2024-03-31", "2024-03-30"), ElementsAre("38 Valeur: line 15 has another value for this time"));
    EXPECT_THAT(wrong(r151, "<Rang_Cadran>1", "<Rang_Cadran>2"),
                ElementsAre("15 Rang_Cadran: is not the register in which this class is counted"));
    EXPECT_THAT(wrong(r151, "<Rang_Cadran>4", "<Rang_Cadran>5"),
                ElementsAre("21 Rang_Cadran: expected a number from 1 to 4, found '5'"));
    EXPECT_THAT(wrong(r151, ">Wh<", ">VAr<"), testing::Each(HasSubstr("Unite_Mesure_Index: expected Wh or kWh, found 'VAr'")));
    EXPECT_THAT(wrong(r151, "01000000000001", "x"), ElementsAre(HasSubstr("9 Id_PRM: is not a usage point")));
    EXPECT_THAT(wrong(r15, "2024-04-01T00:01:00+02:00", "2024-04-01T00:01"),
                ElementsAre(HasSubstr("9 Date_Releve: expected a time")));
    EXPECT_THAT(wrong(r15, "INITIAL", "ANNULE"), ElementsAre(HasSubstr("9 Statut_Releve: only INITIAL")));
    EXPECT_THAT(wrong(r15, ">kWh<", ">kVArh<"), ElementsAre("16 Unite_Mesure: expected Wh or kWh, found 'kVArh'"));
    EXPECT_THAT(wrong(r15, "<Sens_Mesure>0", "<Sens_Mesure>2"), ElementsAre(HasSubstr("16 Sens_Mesure: expected 0 or 1")));
    EXPECT_THAT(wrong(r15, "<Valeur>1000<", "<Valeur>1000000<"),
                ElementsAre("16 Valeur: expected a whole number from 0 to 999999, found '1000000'"));
    EXPECT_THAT(wrong(r15, "Cadran>6<", "Cadran>0<"), ElementsAre(HasSubstr("16 Nb_Chiffres_Cadran: expected")));
    EXPECT_THAT(wrong(r15, ">1.0<", ">1.5<"), ElementsAre(HasSubstr("16 Coefficient_Lecture: expected a whole number")));
    EXPECT_THAT(wrong(r15, "041900000001", "a&#10;b"), ElementsAre("16 Num_Serie: expected plain text"));
    EXPECT_EQ(read_import(with(r15, "REEL", "DEVINE")).reads.front().quality, Quality::questionable);
    EXPECT_THAT(refused_import(with(with(r151, "<R151 ", "<R50 "), "</R151>", "</R50>")),
                HasSubstr("only R151 and R15 are read, found 'R50'"));
    EXPECT_THAT(refused_import("<R15></R15>"), HasSubstr("'En_Tete_Flux' is missing"));
    EXPECT_THAT(refused_import(r151.substr(0, 900)), AllOf(HasSubstr("bad_csv: line "), HasSubstr("not XML")));
    EXPECT_THAT(refused_import(r151, "01000000000002"), HasSubstr("'Id_PRM' names another usage point"));
}

TEST(ImportFlows, entities_of_a_document_are_not_expanded)
{
    const std::string text =
        "<?xml version=\"1.0\"?><!DOCTYPE R15 [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" + sample("r15.xml").substr(39);
    EXPECT_EQ(read_import(with(text, "041900000001", "&x;")).reads.front().serial, "&x;");
}

TEST(ImportFlows, the_number_of_a_flow_stands_in_its_name)
{
    const auto number = [](const char* name, const char* flow) {
        const auto found = flow_number(name, flow);
        return found ? found->series + " " + std::to_string(found->number) : "none";
    };
    EXPECT_EQ(number("C:\\in\\ERDF_R151_A_B_12345_00042_Q_00001_00002_20240401030652.zip", "R151"), "A_B_12345 42");
    EXPECT_EQ(number("ENEDIS_R63_P_CdC_M053Q0D3_00001_20230918161101.csv", "R63"), "P_CdC_M053Q0D3 1");
    EXPECT_EQ(number("X_R15_00007_M_00001_00001_20240401030652.xml", "R15"), " 7");
    EXPECT_EQ(number("ERDF_R151_A_00042_Q.xml", "R15"), "none");
    EXPECT_EQ(number("ERDF_R15_A_0042_Q_1.xml", "R15"), "none");
    EXPECT_EQ(number("ERDF_R15_A_00042", "R15"), "none");
    EXPECT_EQ(number("R15", "R15"), "none");
    EXPECT_EQ(number("", "R15"), "none");
}

TEST(ImportFlows, what_grdf_published_is_for_bills)
{
    const ImportedFile file = read_import(sample("grdf-published.json"));
    EXPECT_EQ(import_format_name(file.format), "grdf");
    EXPECT_THAT(problems_in(file), IsEmpty());
    EXPECT_THAT(periods(file), ElementsAre("2017-10-10 2018-04-09 5089 7114 1107000 2025 22417 raw published",
                                           "2018-04-09 2018-10-10 7114 7586 1114000 472 5258 raw published",
                                           "2019-07-01 2019-07-03 9802 9808 1125000 6 67 raw published",
                                           "2019-08-03 2019-09-01 9862 9920 1127000 58 653 raw published",
                                           "2019-11-03 2019-12-01 10103 10380 1112000 277 3081 raw published",
                                           "2019-12-01 2019-12-03 10380 10409 1112000 29 323 raw published"));
    EXPECT_EQ(file.gas.front().usage_point, "00000000000000");
    EXPECT_EQ(read_import(sample("grdf-published.json"), flow_point).gas.front().usage_point, flow_point);
    // Where the volume is not finer than the index, the energy is the difference by the coefficient, rounded half up.
    for (std::size_t i = 0; i < 2; ++i) {
        const ImportedGas& gas = file.gas[i];
        EXPECT_EQ(((*gas.index_to_m3 - *gas.index_from_m3) * gas.kwh_per_m3_e5 * 2 + 100'000) / 200'000, gas.energy_kwh);
    }
}

TEST(ImportFlows, what_grdf_informs_of_is_not_for_bills)
{
    const ImportedFile file = read_import(sample("grdf-informative.json"));
    EXPECT_THAT(problems_in(file), IsEmpty());
    EXPECT_THAT(periods(file),
                ElementsAre("2021-08-08 2021-08-09 13935 13936 1127000 0 3 raw",
                            "2021-08-09 2021-08-10 13936 13936 1127000 0 0 raw", "2021-08-11 2021-08-12 - 13936 1127000 0 0 raw",
                            "2021-08-12 2021-08-13 13936 13936 1127000 0 0 raw"));
    EXPECT_EQ(file.empty_values, 1U);
}

TEST(ImportFlows, adict_has_one_period_a_line)
{
    const std::string text = sample("grdf-adict.ndjson");
    const std::vector<std::string> expected = {
        "2024-01-01 2024-02-01 500 610 1123457 110 1236 estimated_linear published",
        "2024-03-30 2024-03-31 - 99998 1116000 2 8 raw provisional",
        "2024-03-31 2024-04-01 99998 3 1116000 5 56 estimated_linear provisional passed zero"};
    const ImportedFile file = read_import(text);
    EXPECT_THAT(problems_in(file), IsEmpty());
    EXPECT_EQ(periods(file), expected);
    EXPECT_EQ(file.empty_values, 1U);
    EXPECT_EQ(file.gas.front().usage_point, "GI000001");
    std::string array = "[" + text;
    for (std::size_t at = array.find("}\n"); at != std::string::npos && at + 3 < array.size(); at = array.find("}\n", at + 2))
        array.insert(at + 1, ",");
    EXPECT_EQ(periods(read_import(array + "]")), expected);
    EXPECT_EQ(periods(read_import(text.substr(0, text.find('\n')))), std::vector{expected.front()});
    EXPECT_THAT(problems_in(read_import(text + "{\"pce\":\n[]\n")),
                ElementsAre("6 : not an object of a period", "7 : not an object of a period"));
    EXPECT_THAT(refused_import(text, flow_point), HasSubstr("line 1: 'id_pce' names another usage point"));
}

TEST(ImportFlows, each_wrong_period_is_named)
{
    const std::string site = sample("grdf-published.json"), adict = sample("grdf-adict.ndjson");
    const auto wrong = [](const std::string& text, const char* what, const char* by) {
        return problems_in(read_import(with(text, what, by)));
    };
    EXPECT_THAT(wrong(site, "11.07", "110.7"), ElementsAre("6 coeffConversion: expected from 1 to 20 kWh per m3, found '110.7'"));
    EXPECT_THAT(wrong(site, "11.07", "0.99999"), ElementsAre(HasSubstr("6 coeffConversion")));
    EXPECT_THAT(wrong(site, "11.07", "null"), ElementsAre("6 coeffConversion: a published period has a coefficient"));
    EXPECT_THAT(wrong(site, "5089", "null"), ElementsAre("6 indexDebut: a published period has two indexes"));
    EXPECT_THAT(wrong(site, "5089", "-1"), ElementsAre("6 indexDebut: expected a number from 0 to 1000000000, found '-1'"));
    EXPECT_THAT(wrong(site, "5089", "\"many\""), ElementsAre(HasSubstr("6 indexDebut: expected a number")));
    EXPECT_THAT(wrong(site, "5089", "7115"),
                ElementsAre("6 indexFin: is lower than at the beginning, and it is not said that it passed zero"));
    EXPECT_THAT(wrong(site, "22417", "1e4"), ElementsAre(HasSubstr("6 energieConsomme: expected a number")));
    EXPECT_THAT(wrong(site, "2017-10-10T06", "2017-10-10T07"), ElementsAre(HasSubstr("6 dateDebutReleve: expected a gas day")));
    EXPECT_THAT(wrong(site, "2018-04-09T06:00:00+00:00\",\n    \"energieConsomme\": 22417",
                      "2017-10-10T06:00:00+00:00\",\n    \"energieConsomme\": 22417"),
                ElementsAre("6 dateFinReleve: is not after the beginning"));
    EXPECT_THAT(wrong(site, "2018-04-09T06:00:00+00:00\",\n    \"energieConsomme\": 22417",
                      "2018-04-10T06:00:00+00:00\",\n    \"energieConsomme\": 22417"),
                ElementsAre("24 energieConsomme: line 6 has another value for this time"));
    EXPECT_THAT(wrong(site, "Publiée", "Prévue"), ElementsAre(HasSubstr("6 natureReleve: expected 'Publiée'")));
    EXPECT_THAT(wrong(site, "Mesuré", "Deviné"), ElementsAre(HasSubstr("6 qualificationReleve: expected 'Mesuré'")));
    EXPECT_THAT(wrong(adict, "\"Vrai\"", "\"Faux\""), ElementsAre(HasSubstr("4 valeur_index: is lower")));
    EXPECT_THAT(wrong(adict, "\"Consommation\"", "\"Injection\""), ElementsAre("1 sens_flux_gaz: only 'Consommation' is read"));
    EXPECT_THAT(wrong(adict, "GI000001", "GI1"), ElementsAre(HasSubstr("1 id_pce: is not a usage point")));
    EXPECT_THAT(refused_import("{\"a\": 1}"), HasSubstr("neither R64"));
    EXPECT_THAT(refused_import("[]"), HasSubstr("neither R64"));
    EXPECT_THAT(refused_import("{"), HasSubstr("not JSON"));
    EXPECT_THAT(refused_import(std::string(100'000, '[')), HasSubstr("not JSON"));
}

TEST(ImportFlows, a_coefficient_is_rounded_from_its_digits)
{
    const std::string site = sample("grdf-published.json");
    for (const auto& [written, expected] :
         {std::pair{"11.070005", 1107001}, std::pair{"11.0700049999999999", 1107000}, std::pair{"11.07000017166137695", 1107000},
          std::pair{"11", 1100000}, std::pair{"\"11.2\"", 1120000}})
        EXPECT_EQ(read_import(with(site, "11.07", written)).gas.front().kwh_per_m3_e5, expected) << written;
}

TEST(ImportFlows, a_file_of_no_known_form_is_refused_with_what_is_missing)
{
    EXPECT_EQ(refused_import(""), "bad_csv: the file is empty");
    EXPECT_EQ(refused_import(" \r\n\n"), "bad_csv: the file is empty");
    EXPECT_EQ(refused_import("\xef\xbb\xbf"), "bad_csv: the file is empty");
    EXPECT_THAT(refused_import("date,kwh\n1,2\n"), HasSubstr("no format that is known"));
    EXPECT_THAT(refused_import(std::string("PK\x03\x04\x00\xff", 6)), HasSubstr("no format that is known"));
    EXPECT_THAT(refused_import("Horodate;Valeur\n2024-01-10T00:30:00+01:00;10\n"), HasSubstr("'Unite', are missing"));
    EXPECT_THAT(refused_import("Horodate;Valeur;Unité;Identifiant PRM\n"), HasSubstr("column 'Pas' is missing"));
    EXPECT_THAT(refused_import("Horodate;Unité;Identifiant PRM;Pas\n"), HasSubstr("column 'Valeur' is missing"));
    EXPECT_THAT(refused_import("Identifiant PRM;Type de donnees;Unite\n"), HasSubstr("no line 'Horodate'"));
    EXPECT_THAT(refused_import("Identifiant PRM;Type de donnees;Unite\n" + flow_point + ";Courbe de charge;W\nHorodate;Watt\n"),
                HasSubstr("line 3: column 'Valeur' is missing"));
    EXPECT_THAT(refused_import("Identifiant PRM;Type de donnees;Unite\n" + flow_point + ";Index;Wh\nHorodate;Valeur\n"),
                HasSubstr("line 3: column 'EAS T' is missing"));
    EXPECT_THAT(refused_import(std::string(import_bytes_max + 1, ' ')), HasSubstr("too_large"));
}

TEST(ImportFlows, missing_numbers_are_those_between)
{
    EXPECT_THAT(missing_numbers({}), IsEmpty());
    EXPECT_THAT(missing_numbers({5}), IsEmpty());
    EXPECT_THAT(missing_numbers({7, 3, 4, 4, 9}), ElementsAre(5, 6, 8));
    EXPECT_THAT(missing_numbers({std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}),
                SizeIs(missing_numbers_max));
}

TEST(ImportFlows, a_cut_or_changed_file_does_no_harm)
{
    for (const char* name : {"enedis-hour.csv", "enedis-day.csv", "r63.csv", "r64.json", "r151.xml", "r15.xml",
                             "grdf-published.json", "grdf-informative.json", "grdf-adict.ndjson"}) {
        const std::string text = sample(name);
        ASSERT_FALSE(text.empty()) << name;
        const auto whole = parse_import(text, {.file_name = name, .usage_point = ""}).value();
        for (std::size_t size = 0; size < text.size(); size += 97)
            if (const auto cut = parse_import(std::string{text.substr(0, size)}, {.file_name = name, .usage_point = ""})) {
                EXPECT_LE(cut->intervals.size(), whole.intervals.size());
                EXPECT_LE(cut->reads.size(), whole.reads.size());
                EXPECT_LE(cut->gas.size(), whole.gas.size());
            }
        for (std::size_t at = 0; at < text.size(); at += 61)
            for (const char c : {'\0', ';', '\n', '"', '9', '\xff'}) {
                std::string changed = text;
                changed[at] = c;
                const auto file = parse_import(changed, {.file_name = name, .usage_point = ""});
                EXPECT_TRUE(file ? file->problems.size() <= import_problems_max : !file.error().detail.empty());
            }
    }
}

} // namespace
} // namespace releve::app
