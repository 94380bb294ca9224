#include <releve/app/rule_files.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace releve;
using namespace releve::app;
using engine::RuleKind;
using engine::Severity;
using engine::ValidationRule;

namespace {

std::string replaced(std::string_view from, std::string_view to)
{
    std::string text{shipped_rules()};
    const auto found = text.find(from);
    EXPECT_NE(found, std::string::npos) << from;
    return found == std::string::npos ? text : text.replace(found, from.size(), to);
}

template <class T>
std::string told(const result<T>& read)
{
    if (read)
        return "accepted";
    EXPECT_EQ(read.error().code, errc::bad_config);
    return read.error().detail;
}
std::string refusal(const std::string& json)
{
    return told(parse_rule_file(json, "own.json"));
}
std::string override_refusal(std::string_view json)
{
    return told(parse_rule_override(json, "group.json"));
}

TEST(RuleFile, the_shipped_rules_are_whole_and_sound)
{
    const auto book = load_rules({});
    ASSERT_TRUE(book) << to_string(book.error());
    for (const engine::RuleSet& rules : book->kinds) {
        EXPECT_TRUE(rules[ValidationRule::negative].on);
        EXPECT_TRUE(rules[ValidationRule::sum_check].on);
        EXPECT_LE(engine::look_back_slots(rules), engine::run_slots_max);
    }
    const engine::RuleLimits& spike = (*book)[RuleKind::electricity_import][ValidationRule::spike];
    EXPECT_EQ(spike, (engine::RuleLimits{true, Severity::note, {80, 150, 3'000}}));
    EXPECT_FALSE((*book)[RuleKind::volume][ValidationRule::high_power].on);
    EXPECT_EQ((*book)[RuleKind::volume][ValidationRule::high].limits[1], 6'000);
}

TEST(RuleFile, the_shipped_rules_are_the_file_of_the_sources)
{
    std::ifstream stream{RELEVE_SOURCE_DIR "/proto/validation/default.json", std::ios::binary};
    std::ostringstream text;
    text << stream.rdbuf();
    EXPECT_EQ(shipped_rules(), text.str());
}

TEST(RuleFile, refusals_name_file_line_key_and_reason)
{
    // The shipped file: a kind in line 2, its rules from line 3 on.
    const struct {
        const char* from;
        const char* to;
        const char* detail;
    } cases[] = {
        {R"("percent": 110)", R"("percent": 0)",
         "own.json:10: /electricity_import/high_power/percent: must be a whole number from 1 to 10000"},
        {R"("percent": 110)", R"("percent": 10001)",
         "own.json:10: /electricity_import/high_power/percent: must be a whole number from 1 to 10000"},
        {R"("percent": 110)", R"("percent": 1.5)",
         "own.json:10: /electricity_import/high_power/percent: must be a whole number from 1 to 10000"},
        {R"("percent": 110)", R"("percent": "110")",
         "own.json:10: /electricity_import/high_power/percent: must be a whole number from 1 to 10000"},
        {R"("percent": 110)", R"("percent": 18446744073709551615)",
         "own.json:10: /electricity_import/high_power/percent: must be a whole number from 1 to 10000"},
        {R"(, "percent": 110)", "", "own.json:10: /electricity_import/high_power/percent: missing"},
        {R"(, "percent": 110)", R"(, "percent": 110, "percents": 110)",
         "own.json:10: /electricity_import/high_power/percents: unknown key"},
        {R"(, "percent": 110)", R"(, "percent": 110, "": 1)",
         "own.json:10: /electricity_import/high_power/: unknown key"},
        {R"(, "percent": 110)", R"(, "percent": 110,
 "percent": 110)",
         "own.json:11: /electricity_import/high_power/percent: there twice"},
        {R"("run_slots": 24)", R"("run_slots": 1)",
         "own.json:14: /electricity_import/frozen/run_slots: must be a whole number from 2 to 2016"},
        {R"("zero_percent": 1)", R"("zero_percent": 101)",
         "own.json:15: /electricity_import/zero/zero_percent: must be a whole number from 1 to 100"},
        {R"("floor_l_h")", R"("floor_w")", "own.json:49: /volume/high/floor_w: unknown key"},
        {R"("negative": {"severity": "doubt"})", R"("negative": {"severity": "alarm"})",
         "own.json:9: /electricity_import/negative/severity: must be one of off, note, doubt"},
        {R"("negative": {"severity": "doubt"})", R"("negative": {})",
         "own.json:9: /electricity_import/negative/severity: missing"},
        {R"("negative": {"severity": "doubt"})", R"("negative": "off")",
         "own.json:9: /electricity_import/negative: must be an object"},
        {R"("negative": {"severity": "doubt"},)", "", "own.json:2: /electricity_import/negative: missing"},
        {R"("negative": {)", R"("positive": {)", "own.json:9: /electricity_import/positive: unknown key"},
        {R"("negative": {)", R"("unit": {)", "own.json:9: /electricity_import/unit: there twice"},
        {R"("volume": {)", R"("water": {)", "own.json:40: /water: unknown key"},
        {R"("volume": {)", R"("electricity_export": {)", "own.json:40: /electricity_export: there twice"},
        {R"("severity": "doubt"},)", R"("severity": "doubt"})", "own.json:7: /: not JSON"},
        {R"("severity": "note")", R"("severity": [[[[[[[[[[[[[[)",
         "own.json:3: /electricity_import/gap/severity/0/0/0/0/0/0/0/0/0/0/0/0/0: nested too deeply"},
    };
    EXPECT_EQ(refusal(std::string{shipped_rules()}), "accepted");
    for (const auto& test : cases)
        EXPECT_EQ(refusal(replaced(test.from, test.to)), test.detail) << test.to;
    EXPECT_EQ(refusal(""), "own.json:1: /: not JSON");
    EXPECT_EQ(refusal("\n\n[]"), "own.json:1: /: must be an object");
    EXPECT_EQ(refusal("{}"), "own.json:1: /electricity_import: missing");
    EXPECT_EQ(refusal(std::string{shipped_rules()} + "{}"), "own.json:60: /: not JSON");
}

TEST(RuleFile, lines_are_those_of_keys_in_any_layout)
{
    EXPECT_EQ(override_refusal("{\"volume\":\n{\"zero\":\n{\n\"run_slots\"\n:\n1\n}}}"),
              "group.json:4: /volume/zero/run_slots: must be a whole number from 2 to 2016");
    EXPECT_EQ(
        override_refusal(
            "{\n\"volume\": {\r\n\t\"gap\": {\"severity\": \"note\"}, \"zero\": {\"run_slots\": 1}\r\n}}"),
        "group.json:3: /volume/zero/run_slots: must be a whole number from 2 to 2016");
    EXPECT_EQ(override_refusal("{\n\"volume\": [{\"a\": 1},\n{\"a\": 2}]}"),
              "group.json:2: /volume: must be an object");
    EXPECT_EQ(override_refusal("{\n\"volume\": {\"g\\u0061p\": {},\n\"gap\": {}}}"),
              "group.json:3: /volume/gap: there twice");
}

TEST(RuleFile, a_group_names_only_what_differs)
{
    const auto base = load_rules({});
    ASSERT_TRUE(base);
    const auto change = parse_rule_override(R"({"electricity_import": {
        "spike": {"history_percent": 200},
        "high": {"severity": "off"},
        "negative": {"severity": "note"}}})",
                                            "group.json");
    ASSERT_TRUE(change) << to_string(change.error());
    engine::RuleBook expected = *base;
    engine::RuleSet& rules = expected[RuleKind::electricity_import];
    rules[ValidationRule::spike].limits[1] = 200;
    rules[ValidationRule::high] = {false, Severity::note, {300, 3'000}};
    rules[ValidationRule::negative].severity = Severity::note;
    EXPECT_EQ(overlay_rules(*base, *change), expected);

    // Off keeps the limits, so that a group within can switch it on again.
    const auto again =
        parse_rule_override(R"({"electricity_import": {"high": {"severity": "doubt"}}})", "inner.json");
    ASSERT_TRUE(again);
    EXPECT_EQ(overlay_rules(expected, *again)[RuleKind::electricity_import][ValidationRule::high],
              (*base)[RuleKind::electricity_import][ValidationRule::high]);

    EXPECT_EQ(overlay_rules(*base, *parse_rule_override("{}", "group.json")), *base);
    EXPECT_EQ(overlay_rules(*base, *parse_rule_override(R"({"volume": {"gap": {}}})", "group.json")), *base);
}

TEST(RuleFile, a_group_is_refused_like_a_whole_file)
{
    EXPECT_EQ(override_refusal("{\"volume\": {\n\"gap\": {\"missing_slots\": 301}}}"),
              "group.json:2: /volume/gap/missing_slots: must be a whole number from 0 to 300");
    EXPECT_EQ(override_refusal("{\"volume\": {\n\"gaps\": {}}}"), "group.json:2: /volume/gaps: unknown key");
    EXPECT_EQ(override_refusal("{\"volume\": {\n\"unit\": {\"percent\": 1}}}"),
              "group.json:2: /volume/unit/percent: unknown key");
}

TEST(RuleFile, of_the_operator)
{
    std::string folder = (std::filesystem::path{testing::TempDir()} / "rules-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const std::filesystem::path path = std::filesystem::path{folder} / "rules.json";
    const auto write = [&](const std::string& text) { std::ofstream{path, std::ios::binary} << text; };
    write(replaced(R"("percent": 110)", R"("percent": 120)"));
    const auto book = load_rules(path);
    ASSERT_TRUE(book) << to_string(book.error());
    EXPECT_EQ((*book)[RuleKind::electricity_import][ValidationRule::high_power].limits[0], 120);
    write("{");
    EXPECT_EQ(told(load_rules(path)), path.string() + ":1: /: not JSON");
    write(std::string(262'145, ' '));
    EXPECT_EQ(told(load_rules(path)), path.string() + ": larger than 262144 bytes");
    std::filesystem::remove_all(folder);
    const auto gone = load_rules(path);
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, errc::not_found_file);
}

} // namespace
