// Model files of the protocol wize: every member, and faults by their place. The files that ship run in
// model_files_test.

#include <releve/app/model_files.hpp>
#include <releve/codec/wize/message.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace releve::app {
namespace {

constexpr std::string_view own_model = R"({
  "model": "own",
  "protocol": "wize",
  "label": {"en": "Own", "fr": "Propre"},
  "plain": {"en": "A meter of the test.", "fr": "Un compteur du test."},
  "wize": {"clock_base": "2013", "clock_alarm_s": 600, "receive_delay_s": 7, "old_ci": false},
  "channels": [
    {"channel": 1, "name": "index", "obis": "7.0.3.0.0.255", "kind": "reading", "quantity": "cumulative", "unit": "m3",
     "scaler": -3, "digits": 9, "label": {"en": "Index", "fr": "Index"}, "plain": {"en": "An index.", "fr": "Un index."}},
    {"channel": 2, "name": "volume", "obis": "7.0.99.1.0.255", "kind": "interval", "quantity": "volume", "unit": "m3",
     "scaler": -3, "step_s": 1800, "label": {"en": "Gas", "fr": "Gaz"}, "plain": {"en": "Gas.", "fr": "Du gaz."}}
  ],
  "layouts": [
    {"name": "hours", "app": 48, "fields": [
      {"role": "constant", "bytes": 2, "equals": 258},
      {"role": "clock", "bytes": 4},
      {"role": "ignored", "bytes": 3},
      {"role": "reading", "bytes": 4, "obis": "7.0.3.0.0.255", "missing": 0},
      {"role": "alarms", "bytes": 1, "alarms": [
        {"bit": 7, "name": "tamper", "label": {"en": "T", "fr": "F"}, "plain": {"en": "T.", "fr": "F."}}]},
      {"role": "deltas", "bytes": 1, "obis": "7.0.99.1.0.255", "missing": 255}]},
    {"name": "sealed", "app": 48, "length": 5, "opaque": true}
  ],
  "tests": [
    {"name": "two half-hours", "app": 48, "l7": ["0102 00000e10", "aabbcc 00000009 80 05ff"],
     "expect": {"layout": "hours",
       "registers": [{"channel": "index", "at": "2013-01-01T01:00:00Z", "value": 9}],
       "intervals": [{"channel": "volume", "start": "2013-01-01T00:00:00Z", "values": [5, null]}],
       "alarms": [{"name": "tamper", "at": "2013-01-01T01:00:00Z"}]}},
    {"name": "sealed", "app": 48, "l7": "0000000000", "expect": {"layout": "sealed", "opaque": true}},
    {"name": "another application", "app": 49, "l7": "0000000000", "refused": "undecoded"}
  ]
})";

std::string replaced(std::string_view from, std::string_view to)
{
    std::string text{own_model};
    const auto found = text.find(from);
    EXPECT_NE(found, std::string::npos) << from;
    return found == std::string::npos ? text : text.replace(found, from.size(), to);
}

/// Of reading the file or of its cases.
std::string refusal(const std::string& json)
{
    const auto file = parse_model_file(json, "own.json");
    const auto run = file ? run_cases(*file, "own.json") : result<void>{file.error()};
    return run ? "accepted" : run.error().detail;
}

TEST(WizeModelFile, ReadsEveryField)
{
    const auto file = parse_model_file(own_model, "own.json");
    ASSERT_TRUE(file) << to_string(file.error());
    const MeterModel& model = file->model;
    EXPECT_EQ(model.wize.clock_base, ClockBase::wize_epoch);
    EXPECT_EQ(model.wize.clock_alarm, Seconds{600});
    EXPECT_EQ(model.wize.receive_delay, Seconds{7});
    EXPECT_FALSE(model.wize.old_ci);
    EXPECT_EQ(model.channels[1].quantity, Quantity::volume);
    EXPECT_TRUE(model.layouts.empty());
    ASSERT_EQ(model.wize_layouts.size(), 2U);
    const WizeLayout& hours = model.wize_layouts[0];
    EXPECT_EQ(hours.app, 48);
    EXPECT_FALSE(hours.length);
    ASSERT_EQ(hours.fields.size(), 6U);
    EXPECT_EQ(hours.fields[0].equals, 258U);
    EXPECT_EQ(hours.fields[3].missing, 0U);
    EXPECT_EQ(hours.fields[4].alarms.at(0).words.plain_fr, "F.");
    EXPECT_EQ(hours.fields[5].role, WizeField::Role::deltas);
    EXPECT_TRUE(model.wize_layouts[1].opaque);
    EXPECT_EQ(model.wize_layouts[1].length, 5U);
    ASSERT_EQ(file->cases.size(), 3U);
    EXPECT_EQ(file->cases[0].app, 48);
    const auto run = run_cases(*file, "own.json");
    EXPECT_TRUE(run) << to_string(run.error());
}

TEST(WizeModelFile, ErrorsNameFilePointerAndReason)
{
    const struct {
        const char* from;
        const char* to;
        const char* detail;
    } cases[] = {
        {R"("wize": {)", R"("quirks": {}, "wize": {)", "own.json: /quirks: of another protocol"},
        {R"("protocol": "wize")", R"("protocol": "dlms")", "own.json: /wize: of another protocol"},
        {R"("clock_base": "2013")", R"("clock_base": "2000")",
         "own.json: /wize/clock_base: must be one of unix, 2013"},
        {R"("clock_alarm_s": 600)", R"("clock_alarm_s": 32768)",
         "own.json: /wize/clock_alarm_s: must be a whole number from 1 to 32767"},
        {R"("old_ci": false)", R"("old_ci": 0)", "own.json: /wize/old_ci: must be true or false"},
        {R"("old_ci": false)", R"("ci": 32)", "own.json: /wize/ci: unknown key"},
        {R"("app": 48, "fields")", R"("app": 256, "fields")",
         "own.json: /layouts/0/app: must be a whole number from 0 to 255"},
        {R"("app": 48, "fields")", R"("fields")", "own.json: /layouts/0/app: missing"},
        {R"("role": "ignored")", R"("role": "profile")",
         "own.json: /layouts/0/fields/2/role: must be one of constant, clock, reading, deltas, alarms, "
         "ignored"},
        {R"("bytes": 2, "equals": 258)", R"("bytes": 2)", "own.json: /layouts/0/fields/0/equals: missing"},
        {R"("bytes": 2, "equals": 258)", R"("bytes": 1, "equals": 258)",
         "own.json: /layouts/0/fields/0/equals: does not fit the field"},
        {R"("role": "ignored", "bytes": 3)", R"("role": "ignored", "bytes": 9)",
         "own.json: /layouts/0/fields/2/bytes: must lie between 1 and 8"},
        {R"("obis": "7.0.3.0.0.255", "missing")", R"("obis": "7.0.3.0.1.255", "missing")",
         "own.json: /layouts/0/fields/3/obis: no channel has the code 7.0.3.0.1.255"},
        {R"("bit": 7)", R"("bit": 8)",
         "own.json: /layouts/0/fields/4/alarms/0/bit: must lie within the field's 8 bits"},
        {R"("fr": "F.")", R"("fr": "")", "own.json: /layouts/0/fields/4/alarms/0/plain/fr: missing"},
        {R"("length": 5, )", "", "own.json: /layouts/1/length: an opaque layout is known by its length"},
        {R"("quantity": "volume", "unit": "m3")", R"("quantity": "volume", "unit": "Wh")",
         "own.json: /channels/1/unit: a volume is in m3"},
        {R"("app": 48, "l7")", R"("apdu")", "own.json: /tests/0/apdu: unknown key"},
        {R"("expect": {"layout": "hours")", R"("expect": {"logical_device_name": "A", "layout": "hours")",
         "own.json: /tests/0/expect/logical_device_name: unknown key"},
    };
    for (const auto& [from, to, detail] : cases)
        EXPECT_EQ(refusal(replaced(from, to)).substr(0, std::string_view{detail}.size()), detail)
            << from << " -> " << to;
}

TEST(WizeModelFile, CasesFailForEveryDifference)
{
    const struct {
        const char* from;
        const char* to;
        const char* detail;
    } cases[] = {
        {R"("layout": "hours")", R"("layout": "sealed")",
         "/tests/0 (two half-hours): expected the layout sealed, decoded by hours"},
        {R"("value": 9)", R"("value": 8)",
         "expected index 8 at 2013-01-01T01:00:00Z (raw), decoded index 9 at"},
        {R"([5, null])", R"([6, null])",
         "expected volume 6 from 2013-01-01T00:00:00Z (raw), decoded volume 5 from"},
        {R"({"name": "tamper", "at": "2013-01-01T01:00:00Z"})", "",
         "expected nothing, decoded the alarm tamper at 2013-01-01T01:00:00Z"},
        {R"("name": "tamper", "at")", R"("name": "leak", "at")", "expected the alarm leak at"},
        {R"(, "opaque": true}})", R"(}})", "/tests/1 (sealed): not expected to be opaque"},
        {R"("layout": "hours",)", R"("layout": "hours", "opaque": true,)",
         "/tests/0 (two half-hours): expected to be opaque"},
        {R"("refused": "undecoded")", R"("refused": "time_undefined")",
         "must be refused as time_undefined, but: undecoded: no layout of application 49"},
        {R"(80 05ff)", R"(81 05ff)", "expected 0 ignored values, found 1"},
    };
    for (const auto& [from, to, detail] : cases)
        EXPECT_NE(refusal(replaced(from, to)).find(detail), std::string::npos)
            << from << " -> " << refusal(replaced(from, to));
}

TEST(WizeModelFile, TheExampleOfTheGuideWorks)
{
    std::ifstream stream{std::filesystem::path{RELEVE_SOURCE_DIR} / "docs/WIZE.md"};
    const std::string guide{std::istreambuf_iterator<char>{stream}, {}};
    const auto begin = guide.find("```json\n");
    ASSERT_NE(begin, std::string::npos);
    const auto end = guide.find("\n```", begin);
    const auto file = parse_model_file(guide.substr(begin + 8, end - begin - 8), "WIZE.md");
    ASSERT_TRUE(file) << to_string(file.error());
    const auto run = run_cases(*file, "WIZE.md");
    EXPECT_TRUE(run) << to_string(run.error());
}

TEST(TicModel, IsAlwaysThereAndMeasuresWhatItsLabelsSay)
{
    const auto registry = ModelRegistry::load({});
    ASSERT_TRUE(registry);
    const MeterModel* tic = registry->find("tic");
    ASSERT_NE(tic, nullptr);
    EXPECT_EQ(tic->protocol, "tic");
    EXPECT_TRUE(tic->channels.empty());
    EXPECT_EQ(tic->main_channel(), nullptr);
}

} // namespace
} // namespace releve::app
