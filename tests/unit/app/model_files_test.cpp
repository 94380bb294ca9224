#include <releve/app/model_files.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

using namespace releve;
using namespace releve::app;

namespace {

constexpr std::string_view own_model = R"({
  "model": "own",
  "protocol": "dlms",
  "label": {"en": "Own", "fr": "Propre"},
  "plain": {"en": "A meter of the test.", "fr": "Un compteur du test."},
  "quirks": {"undefined_deviation_is_local": false, "doubtful_clock_mask": 1},
  "channels": [
    {"channel": 1, "name": "curve", "obis": "1.0.99.1.0.255", "kind": "interval", "quantity": "mean_power",
     "unit": "W", "step_s": 900, "day_start_s": 0, "main": true,
     "label": {"en": "Curve", "fr": "Courbe"}, "plain": {"en": "A curve.", "fr": "Une courbe."}},
    {"channel": 2, "name": "index", "obis": "1.0.1.8.0.255", "kind": "reading", "quantity": "cumulative",
     "unit": "Wh", "scaler": 1, "digits": 8,
     "label": {"en": "Index", "fr": "Index"}, "plain": {"en": "An index.", "fr": "Un index."}}
  ],
  "layouts": [
    {"name": "index", "elements": [{"role": "clock"}, {"role": "reading", "obis": "1.0.1.8.0.255"}]},
    {"name": "curve", "elements": [{"role": "clock"}, {"role": "profile", "stamp": "start", "columns": [
      {"role": "clock"}, {"role": "status"}, {"role": "value", "obis": "1.0.99.1.0.255"}]}]},
    {"name": "other", "elements": [{"role": "push_setup", "obis": "0.1.25.9.0.255"}, {"role": "ignored"}]},
    {"name": "described", "self_describing": true}
  ],
  "events": [
    {"name": "alarms", "obis": "0.0.97.98.0.255", "attribute": 4, "bits": [
      {"bit": 3, "name": "power_lost", "label": {"en": "Lost", "fr": "Perdu"},
       "plain": {"en": "No power.", "fr": "Sans courant."}}]},
    {"name": "codes", "obis": "0.0.96.11.0.255", "values": [
      {"value": 900, "name": "opened", "label": {"en": "Open", "fr": "Ouvert"}, "plain": {"en": "Opened.", "fr": "Ouverts."}}]}
  ],
  "tests": [
    {"name": "an index", "apdu": "0f4000000100 0202 090c07e8010a030c000000800000 060000002a",
     "expect": {"layout": "index", "registers": [{"channel": "index", "at": "2024-01-10T12:00:00Z", "value": 42}]}}
  ]
})";

std::string replaced(std::string_view from, std::string_view to)
{
    std::string text{own_model};
    const auto found = text.find(from);
    EXPECT_NE(found, std::string::npos) << from;
    return found == std::string::npos ? text : text.replace(found, from.size(), to);
}

std::string refusal(const std::string& json)
{
    const auto file = parse_model_file(json, "own.json");
    if (file)
        return "accepted";
    EXPECT_EQ(file.error().code, errc::bad_model);
    return file.error().detail;
}

/// A folder that goes with the test.
class Folder {
public:
    Folder()
    {
        std::string name = (std::filesystem::path{testing::TempDir()} / "models-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        path_ = name;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    void write(const std::string& name, std::string_view text) const { std::ofstream{path_ / name} << text; }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

TEST(ModelFile, ReadsEveryField)
{
    const auto file = parse_model_file(own_model, "own.json");
    ASSERT_TRUE(file) << to_string(file.error());
    const MeterModel& model = file->model;
    EXPECT_EQ(model.name, "own");
    EXPECT_EQ(model.words.label_fr, "Propre");
    EXPECT_FALSE(model.quirks.undefined_deviation_is_local);
    EXPECT_EQ(model.quirks.doubtful_clock_mask, 1);
    ASSERT_EQ(model.channels.size(), 2U);
    EXPECT_EQ(model.main_channel(), &model.channels[0]);
    EXPECT_EQ(model.channels[0].step, Seconds{900});
    EXPECT_EQ(model.channels[0].kind, ChannelKind::interval);
    EXPECT_EQ(model.channels[0].unit, Unit::watt);
    EXPECT_EQ(model.channels[1].quantity, Quantity::cumulative);
    EXPECT_EQ(model.channels[1].scaler, 1);
    EXPECT_EQ(model.channels[1].digits, 8);
    EXPECT_EQ(model.channels[1].words.plain_en, "An index.");
    ASSERT_EQ(model.layouts.size(), 4U);
    EXPECT_EQ(model.layouts[1].elements[1].stamp, Stamp::start);
    EXPECT_EQ(model.layouts[1].elements[1].columns.size(), 3U);
    EXPECT_EQ(model.layouts[2].elements[0].role, PushElement::Role::push_setup);
    EXPECT_TRUE(model.layouts[3].self_describing);
    ASSERT_EQ(model.events.size(), 2U);
    EXPECT_EQ(model.events[0].attribute, 4);
    EXPECT_EQ(model.events[0].form, EventModel::Form::bits);
    EXPECT_EQ(model.events[0].alarms.at(0).bit, 3);
    EXPECT_EQ(model.events[1].attribute, 2) << "the value of most objects";
    EXPECT_EQ(model.events[1].form, EventModel::Form::values);
    EXPECT_EQ(model.events[1].alarms.at(0).bit, 900);
    EXPECT_EQ(model.find_alarm("opened")->words.plain_fr, "Ouverts.");
    ASSERT_EQ(file->cases.size(), 1U);
    EXPECT_TRUE(run_cases(*file, "own.json"));
}

TEST(ModelFile, ErrorsNameFilePointerAndReason)
{
    const struct {
        const char* from;
        const char* to;
        const char* detail;
    } cases[] = {
        {R"("quirks": {)", R"("quirks": {"odd": 1, )", "own.json: /quirks/odd: unknown key"},
        {R"("protocol": "dlms")", R"("protocol": "oms")", "own.json: /protocol: must be \"dlms\", \"wize\", \"tic\" or \"import\""},
        {R"("channel": 2)", R"("channel": 1)",
         "own.json: /channels/1/channel: the same number as /channels/0"},
        {R"("channel": 2)", R"("channel": 0)",
         "own.json: /channels/1/channel: must be a whole number from 1 to 32767"},
        {R"("channel": 2)", R"("channel": 2.5)",
         "own.json: /channels/1/channel: must be a whole number from 1 to 32767"},
        {R"("channel": 2)", R"("channel": 18446744073709551615)",
         "own.json: /channels/1/channel: must be a whole number from 1 to 32767"},
        {R"("name": "index", "obis")", R"("name": "curve", "obis")",
         "own.json: /channels/1/name: the same name as /channels/0"},
        {R"("obis": "1.0.1.8.0.255", "kind")", R"("obis": "1.0.99.1.0.255", "kind")",
         "own.json: /channels/1/obis: the same code as /channels/0"},
        {R"("digits": 8)", R"("main": true)",
         "own.json: /channels/1/main: the main channel is already /channels/0"},
        {R"("step_s": 900)", R"("step_s": 1000)",
         "own.json: /channels/0/step_s: must divide a day and be 300 or more"},
        {R"("step_s": 900, )", "", "own.json: /channels/0/step_s: missing"},
        {R"("mean_power")", R"("cumulative")",
         "own.json: /channels/0/quantity: an interval is mean_power, energy, volume or other"},
        {R"("cumulative")", R"("energy")",
         "own.json: /channels/1/quantity: a reading is cumulative or other"},
        {R"("cumulative")", R"("total")",
         "own.json: /channels/1/quantity: must be one of mean_power, energy, volume, cumulative, other"},
        {R"("unit": "Wh")", R"("unit": "kWh")", "own.json: /channels/1/unit: no unit has this symbol"},
        {R"("fr": "Une courbe.")", R"("fr": "")", "own.json: /channels/0/plain/fr: missing"},
        {R"(, "fr": "Une courbe.")", "", "own.json: /channels/0/plain/fr: missing"},
        {R"("en": "Own", )", "", "own.json: /label/en: missing"},
        {R"("layouts": [)", R"("layouts": [{"name": "x", "self_describing": true},)",
         "own.json: /layouts/0: a self-describing layout comes last"},
        {R"({"role": "reading", "obis": "1.0.1.8.0.255"})", R"({"role": "reading", "obis": "1.0.1.8.9.255"})",
         "own.json: /layouts/0/elements/1/obis: no channel has the code 1.0.1.8.9.255"},
        {R"({"role": "reading", "obis": "1.0.1.8.0.255"})", R"({"role": "reading"})",
         "own.json: /layouts/0/elements/1/obis: missing"},
        {R"({"role": "reading", "obis": "1.0.1.8.0.255"})", R"({"role": "register"})",
         "own.json: /layouts/0/elements/1/role: must be one of logical_device_name, push_setup, clock, "
         "reading, profile, "
         "ignored"},
        {R"("value", "obis": "1.0.99.1.0.255")", R"("value", "obis": "1.0.1.8.0.255")",
         "own.json: /layouts/1/elements/1/columns/2/obis: a profile column is an interval channel"},
        {R"({"role": "clock"}, {"role": "status"})", R"({"role": "ignored"}, {"role": "status"})",
         "own.json: /layouts/1/elements/1/columns: a profile has one clock and at least one value"},
        {R"("stamp": "start")", R"("stamp": "middle")",
         "own.json: /layouts/1/elements/1/stamp: must be one of start, end"},
        {R"({"role": "push_setup", "obis": "0.1.25.9.0.255"}, {"role": "ignored"})",
         R"({"role": "clock"}, {"role": "ignored"})",
         "own.json: /layouts/2: has the shape of /layouts/0; a push_setup element tells them apart"},
        {R"("name": "other")", R"("name": "curve")",
         "own.json: /layouts/2/name: the same name as /layouts/1"},
        {R"("bit": 3,)", R"("bit": 64,)", "own.json: /events/0/bits/0/bit: must be a whole number from 0 to 63"},
        {R"("bit": 3,)", R"("value": 3,)", "own.json: /events/0/bits/0/value: unknown key"},
        {R"("value": 900,)", R"("value": -1,)",
         "own.json: /events/1/values/0/value: must be a whole number from 0 to 2147483647"},
        {R"("attribute": 4)", R"("attribute": 0)", "own.json: /events/0/attribute: must lie between -128 and 127 and not be 0"},
        {R"("attribute": 4, "bits")", R"("attribute": 4, "values": [], "bits")",
         "own.json: /events/0/values: an event has bits or values, not both"},
        {R"("attribute": 4, "bits")", R"("attribute": 4, "codes")", "own.json: /events/0/codes: unknown key"},
        {R"("name": "codes", "obis": "0.0.96.11.0.255")", R"("name": "codes", "obis": "0.0.96.11.0")",
         "own.json: /events/1/obis: "},
        {R"("name": "codes")", R"("name": "alarms")", "own.json: /events/1/name: the same name as /events/0"},
        {R"(, "fr": "Ouverts.")", "", "own.json: /events/1/values/0/plain/fr: missing"},
        {R"("apdu": "0f)", R"("apdu": "0g)", "own.json: /tests/0/apdu: "},
        {R"("channel": "index", "at")", R"("channel": "none", "at")",
         "own.json: /tests/0/expect/registers/0/channel: no reading has this name"},
        {R"("at": "2024-01-10T12:00:00Z")", R"("at": "noon")", "own.json: /tests/0/expect/registers/0/at: "},
        {R"("expect": {)", R"("refused": "undecoded", "expect": {)",
         "own.json: /tests/0/expect: a refused case expects nothing"},
        {R"("expect": {)", R"("expected": {)", "own.json: /tests/0/expected: unknown key"},
    };
    for (const auto& [from, to, detail] : cases)
        EXPECT_EQ(refusal(replaced(from, to)).substr(0, std::string_view{detail}.size()), detail)
            << from << " -> " << to;
}

TEST(ModelFile, NotJsonNamesTheLine)
{
    EXPECT_EQ(refusal(replaced(R"("protocol": "dlms",)", R"("protocol": dlms,)")),
              "own.json: line 3: not JSON");
    EXPECT_EQ(refusal("[]"), "own.json: /: must be an object");
    for (std::size_t length = 0; length < own_model.size(); length += 7)
        EXPECT_NE(refusal(std::string{own_model.substr(0, length)}), "accepted") << length;
}

TEST(ModelFile, TwoLayoutsOfOneShapeNeedAPushSetup)
{
    const auto with_second = [](std::string_view first, std::string_view second) {
        return refusal(replaced(
            R"("layouts": [)",
            R"("layouts": [{"name": "a", "elements": [)" + std::string{first} +
                R"(, {"role": "reading", "obis": "1.0.1.8.0.255"}, {"role": "ignored"}]}, {"name": "b", "elements": [)" +
                std::string{second} +
                R"(, {"role": "reading", "obis": "1.0.1.8.0.255"}, {"role": "ignored"}]},)"));
    };
    const std::string setup = R"({"role": "push_setup", "obis": "0.1.25.9.0.255"})";
    EXPECT_EQ(with_second(setup, R"({"role": "push_setup", "obis": "0.2.25.9.0.255"})"), "accepted");
    EXPECT_EQ(with_second(setup, R"({"role": "clock"})"), "accepted");
    const std::string clash =
        "own.json: /layouts/1: has the shape of /layouts/0; a push_setup element tells them apart";
    EXPECT_EQ(with_second(setup, setup), clash);
    EXPECT_EQ(with_second(setup, R"({"role": "logical_device_name"})"), clash)
        << "a name may have six octets";
    EXPECT_EQ(with_second(setup, R"({"role": "ignored"})"), clash);
}

TEST(ShippedModels, PassTheirOwnCasesAndHaveARefusedOne)
{
    ASSERT_GE(shipped_models().size(), 2U);
    for (const ShippedModel& shipped : shipped_models()) {
        const auto file = parse_model_file(shipped.json, std::string{shipped.file_name});
        ASSERT_TRUE(file) << to_string(file.error());
        const auto run = run_cases(*file, std::string{shipped.file_name});
        EXPECT_TRUE(run) << to_string(run.error());
        if (file->model.protocol == "import")
            EXPECT_TRUE(file->cases.empty() && file->model.layouts.empty()) << shipped.file_name;
        else
            EXPECT_TRUE(std::ranges::any_of(file->cases, &ModelTestCase::refused)) << shipped.file_name;
        EXPECT_EQ(file->model.main_channel() == nullptr, file->model.channels.empty()) << shipped.file_name;
        EXPECT_EQ(file->model.name + ".json", shipped.file_name);
    }
}

TEST(ShippedModels, TheirCasesAreAbleToFail)
{
    for (const ShippedModel& shipped : shipped_models()) {
        auto file = parse_model_file(shipped.json, std::string{shipped.file_name}).value();
        for (ModelTestCase& test : file.cases) {
            if (test.refused)
                continue;
            ModelFile altered{file.model, {test}};
            if (test.expected.opaque)
                altered.cases[0].expected.opaque = false;
            else if (!test.expected.registers.empty())
                ++altered.cases[0].expected.registers.back().value;
            else if (!test.expected.alarms.empty())
                altered.cases[0].expected.alarms.back().at += Seconds{1};
            else
                ++altered.cases[0].expected.intervals.back().value;
            EXPECT_FALSE(run_cases(altered, "altered")) << test.name;
        }
    }
}

TEST(ModelFile, TheExampleOfTheGuideWorks)
{
    std::ifstream stream{std::filesystem::path{RELEVE_SOURCE_DIR} / "docs/METER-MODELS.md"};
    std::string guide{std::istreambuf_iterator<char>{stream}, {}};
    const auto begin = guide.find("```json\n");
    ASSERT_NE(begin, std::string::npos);
    const auto end = guide.find("\n```", begin);
    const auto file = parse_model_file(guide.substr(begin + 8, end - begin - 8), "METER-MODELS.md");
    ASSERT_TRUE(file) << to_string(file.error());
    const auto run = run_cases(*file, "METER-MODELS.md");
    EXPECT_TRUE(run) << to_string(run.error());
    EXPECT_EQ(file->cases.size(), 2U);
}

TEST(ModelRegistry, HoldsTheShippedModels)
{
    const auto registry = ModelRegistry::load({});
    ASSERT_TRUE(registry) << to_string(registry.error());
    EXPECT_EQ(registry->names(), (std::vector<std::string>{"generic", "grdf-test", "imported", "imported-gas", "linky", "releve-gas", "tic"}));
    ASSERT_NE(registry->find("linky"), nullptr);
    EXPECT_EQ(registry->find("linky")->main_channel()->name, "active_power_import");
    EXPECT_EQ(registry->find("unknown"), nullptr);
}

TEST(ModelRegistry, AFileAddsAModelAndReplacesAShippedOne)
{
    const Folder folder;
    folder.write("own.json", own_model);
    folder.write("another.json", replaced(R"("model": "own")", R"("model": "linky")"));
    folder.write("notes.txt", "not a model");
    const auto registry = ModelRegistry::load(folder.path());
    ASSERT_TRUE(registry) << to_string(registry.error());
    EXPECT_EQ(registry->names(), (std::vector<std::string>{"generic", "grdf-test", "imported", "imported-gas", "linky", "own", "releve-gas", "tic"}));
    EXPECT_EQ(registry->find("linky")->words.label_en, "Own");

    // The added model explains a push: the file is all it took.
    const auto row = from_hex("0202 090c07e8010a030c000000800000 060000002a").value();
    const auto content =
        dlms::decode_push(*registry->find("own"), {std::nullopt, dlms::decode_data(row).value()}, paris());
    ASSERT_TRUE(content) << to_string(content.error());
    EXPECT_EQ(content->registers.at(0).value, 42);
}

TEST(ModelRegistry, AFailingCaseOfAFileIsRefusedAndNamed)
{
    const Folder folder;
    folder.write("own.json", replaced(R"("value": 42)", R"("value": 43)"));
    const auto registry = ModelRegistry::load(folder.path());
    ASSERT_FALSE(registry);
    EXPECT_EQ(registry.error().code, errc::bad_model);
    EXPECT_EQ(registry.error().detail,
              (folder.path() / "own.json").string() +
                  ": /tests/0 (an index): expected index 43 at 2024-01-10T12:00:00Z (raw), "
                  "decoded index 42 at 2024-01-10T12:00:00Z (raw)");
}

TEST(ModelRegistry, CasesFailForEveryDifference)
{
    const struct {
        const char* from;
        const char* to;
        const char* detail;
    } cases[] = {
        {R"("layout": "index")", R"("layout": "curve")", "expected the layout curve, decoded by index"},
        {R"("layout": "index")", R"("ignored": 1, "layout": "index")", "expected 1 ignored values, found 0"},
        {R"("layout": "index")", R"("logical_device_name": "A", "layout": "index")",
         "another logical device name"},
        {R"("registers": [{"channel": "index", "at": "2024-01-10T12:00:00Z", "value": 42}])",
         R"("registers": [])", "expected nothing, decoded index 42 at"},
        {R"("value": 42})", R"("value": 42, "quality": "questionable"})",
         "expected index 42 at 2024-01-10T12:00:00Z (questionable)"},
        {"060000002a", "0600000", "/tests/0/apdu"},
        {"060000002a", "06000000", "truncated"},
    };
    for (const auto& [from, to, detail] : cases) {
        const auto file = parse_model_file(replaced(from, to), "own.json");
        const auto run = file ? run_cases(*file, "own.json") : result<void>{file.error()};
        ASSERT_FALSE(run) << from;
        EXPECT_NE(run.error().detail.find(detail), std::string::npos) << run.error().detail;
    }
    std::string wrongly_refused{own_model};
    wrongly_refused = wrongly_refused.substr(0, wrongly_refused.find(R"("expect": {"layout": "index")")) +
                      R"("refused": "undecoded"}]})";
    const auto run = run_cases(parse_model_file(wrongly_refused, "own.json").value(), "own.json");
    ASSERT_FALSE(run);
    EXPECT_NE(run.error().detail.find("must be refused, but was decoded by the layout index"),
              std::string::npos);
}

TEST(ModelRegistry, RefusesAFolderItCannotRead)
{
    const Folder folder;
    EXPECT_EQ(ModelRegistry::load(folder.path() / "none").error().code, errc::not_found_file);
    folder.write("a.json", own_model);
    folder.write("b.json", own_model);
    const auto twice = ModelRegistry::load(folder.path());
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code, errc::bad_model);
    EXPECT_NE(twice.error().detail.find("b.json: /model: another file of the folder has this name"),
              std::string::npos);
}

} // namespace
