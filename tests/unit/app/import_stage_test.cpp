// From the rows of files to the days that are stored.

#include <releve/app/import_stage.hpp>
#include <releve/app/model_files.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace releve::app {
namespace {

using namespace std::chrono_literals;
using store::ImportPartKind;

const std::string home = "01000000000001", other = "01000000000002", gas_home = "GI000001";

Instant at(const char* text)
{
    return parse_instant(text).value();
}
CivilDay day(const char* text)
{
    return parse_day(text).value();
}

class ImportStage : public ::testing::Test {
protected:
    ModelRegistry models = ModelRegistry::load({}).value();
    StageContext context{*models.find(imported_model), *models.find(imported_gas_model), paris(), at("2024-12-01T00:00:00Z")};
    std::map<std::string, store::ImportPoint> points{{home, {"electricity", "root", store::Collection::half_hour}},
                                                     {other, {"electricity", "root", store::Collection::daily}},
                                                     {gas_home, {"gas", "root", store::Collection::daily}}};
    ImportedFile file{};

    void add_intervals(const char* from, const char* to, Seconds step = 1800s, const std::string& point = home)
    {
        for (Instant start = at(from); start < at(to); start += step)
            file.intervals.push_back({.usage_point = point, .start = start, .step = step, .power_w = start.time_since_epoch() / 60s % 1'000});
    }
    void add_read(const char* when, const char* name, std::int64_t value, const std::string& point = home)
    {
        ImportedRead read;
        read.usage_point = point;
        read.register_name = name;
        read.at = at(when);
        read.value_wh = value;
        file.reads.push_back(read);
    }
    StagedFile stage() { return stage_import(file, points, context); }
    static std::vector<store::ImportBlock> blocks_of(const store::StagedPart& part)
    {
        return store::unpack_import_blocks(part.content).value();
    }
    /// Every interval of the parts, as it stood in the file.
    std::vector<ImportedInterval> back(const store::StagedImport& import)
    {
        std::vector<ImportedInterval> rows;
        for (const store::StagedPart& part : import.parts)
            for (const store::ImportBlock& block : blocks_of(part)) {
                const DayBlock of_day = decode_day_block(block.data).value();
                for (std::size_t i = 0; i < of_day.slots.size(); ++i)
                    if (of_day.slots[i])
                        rows.push_back({.usage_point = part.usage_point.value,
                                        .injected = context.electricity.find(block.channel)->name.starts_with("active_power_export"),
                                        .start = of_day.first + of_day.step * static_cast<std::int64_t>(i),
                                        .step = of_day.step,
                                        .power_w = of_day.slots[i]->value,
                                        .quality = of_day.slots[i]->provenance.quality});
            }
        std::ranges::sort(rows, {}, &ImportedInterval::start);
        return rows;
    }
};

TEST_F(ImportStage, days_of_23_and_25_hours_have_46_and_50_half_hours)
{
    add_intervals("2024-03-29T23:00:00Z", "2024-04-01T22:00:00Z");
    add_intervals("2024-10-26T22:00:00Z", "2024-10-27T23:00:00Z");
    const StagedFile staged = stage();
    ASSERT_EQ(staged.import.parts.size(), 1U);
    const auto blocks = blocks_of(staged.import.parts[0]);
    ASSERT_EQ(blocks.size(), 4U);
    std::vector<std::size_t> slots;
    for (const auto& block : blocks)
        slots.push_back(decode_day_block(block.data).value().slots.size());
    EXPECT_THAT(slots, testing::ElementsAre(48U, 46U, 48U, 50U));
    EXPECT_EQ(staged.import.parts[0].values, 48 + 46 + 48 + 50);
    EXPECT_EQ(staged.import.parts[0].first, at("2024-03-29T23:00:00Z"));
    EXPECT_EQ(staged.import.parts[0].last, at("2024-10-27T22:30:00Z"));
    EXPECT_EQ(back(staged.import), file.intervals);
    EXPECT_TRUE(staged.problems.empty());
}

TEST_F(ImportStage, a_day_of_half_hours_and_hours_has_a_block_of_each)
{
    add_intervals("2024-05-14T22:00:00Z", "2024-05-15T08:00:00Z");
    add_intervals("2024-05-15T08:00:00Z", "2024-05-15T22:00:00Z", 3600s);
    file.intervals.back().quality = Quality::questionable;
    const StagedFile staged = stage();
    ASSERT_EQ(staged.import.parts.size(), 1U);
    const auto blocks = blocks_of(staged.import.parts[0]);
    ASSERT_EQ(blocks.size(), 2U);
    EXPECT_EQ(context.electricity.find(blocks[0].channel)->name, "active_power_import");
    EXPECT_EQ(context.electricity.find(blocks[1].channel)->name, "active_power_import_60");
    EXPECT_EQ(decode_day_block(blocks[1].data).value().slots.size(), 24U);
    EXPECT_EQ(back(staged.import), file.intervals);
}

TEST_F(ImportStage, every_step_and_direction_has_a_channel)
{
    for (const Seconds step : {3600s, 1800s, 900s, 600s, 300s})
        for (const bool injected : {false, true})
            file.intervals.push_back({.usage_point = home, .injected = injected, .start = at("2024-05-14T22:00:00Z"), .step = step, .power_w = 5});
    const StagedFile staged = stage();
    EXPECT_EQ(blocks_of(staged.import.parts.at(0)).size(), 10U);
    file.intervals.push_back({.usage_point = home, .start = at("2024-05-14T22:00:00Z"), .step = 60s, .power_w = 5});
    const StagedFile minute = stage();
    ASSERT_EQ(minute.problems.size(), 1U);
    EXPECT_EQ(minute.problems[0].reason, "a step of 60 s is not kept (1 value)");
}

TEST_F(ImportStage, reads_at_midnight_stand_under_the_day_that_begins)
{
    for (const char* when : {"2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z"}) {
        add_read(when, "total", 1'000);
        add_read(when, "supplier_2", 400);
        add_read(when, "distributor_1", 1'000);
    }
    file.reads[0].serial = "old";
    file.reads[3].serial = "new";
    const StagedFile staged = stage();
    ASSERT_EQ(staged.import.parts.size(), 1U);
    EXPECT_EQ(staged.import.parts[0].kind, ImportPartKind::registers);
    EXPECT_EQ(staged.import.parts[0].serial, "new");
    const auto blocks = blocks_of(staged.import.parts[0]);
    ASSERT_EQ(blocks.size(), 2U);
    EXPECT_EQ(blocks[0].day, day("2024-03-31"));
    EXPECT_EQ(blocks[1].day, day("2024-04-01"));
    const auto reads = decode_register_block(blocks[1].data).value().reads;
    ASSERT_EQ(reads.size(), 3U);
    EXPECT_EQ(context.electricity.find(reads[0].channel)->name, "active_energy_import_total");
    EXPECT_EQ(reads[1].value, 400);
}

TEST_F(ImportStage, whole_kwh_stand_apart)
{
    add_read("2024-05-14T22:00:00Z", "total", 1'234);
    add_read("2024-05-14T22:00:00Z", "supplier_1", 1'000);
    file.reads.back().resolution_wh = 1'000;
    const auto blocks = blocks_of(stage().import.parts.at(0));
    ASSERT_EQ(blocks.size(), 2U);
    EXPECT_EQ(blocks[0].resolution, 1);
    EXPECT_EQ(blocks[1].resolution, 1'000);
}

TEST_F(ImportStage, a_home_with_daily_totals_keeps_no_curve_and_the_first_index_of_a_day)
{
    add_intervals("2024-05-14T22:00:00Z", "2024-05-15T22:00:00Z", 1800s, other);
    add_read("2024-05-14T22:00:00Z", "total", 100, other);
    add_read("2024-05-15T10:00:00Z", "total", 200, other);
    const StagedFile staged = stage();
    ASSERT_EQ(staged.import.parts.size(), 1U);
    EXPECT_EQ(decode_register_block(blocks_of(staged.import.parts[0]).at(0).data).value().reads.size(), 1U);
    EXPECT_EQ(staged.import.refused, 48);
    ASSERT_EQ(staged.problems.size(), 1U);
    EXPECT_EQ(staged.problems[0].field, other);
    EXPECT_THAT(staged.problems[0].reason, testing::HasSubstr("only daily totals are kept"));
    EXPECT_THAT(staged.problems[0].reason, testing::HasSubstr("(48 values)"));
}

TEST_F(ImportStage, what_nobody_knows_or_of_tomorrow_is_refused)
{
    add_intervals("2024-05-14T22:00:00Z", "2024-05-14T23:00:00Z", 1800s, "09000000000009");
    add_intervals("2024-05-14T22:00:00Z", "2024-05-14T23:00:00Z", 1800s, gas_home);
    add_intervals("2024-12-01T23:30:00Z", "2024-12-02T01:00:00Z");
    const StagedFile staged = stage();
    EXPECT_EQ(staged.import.refused, 6);
    std::vector<std::string> reasons;
    for (const ImportProblem& problem : staged.problems)
        reasons.push_back(problem.field + ": " + problem.reason);
    EXPECT_THAT(reasons, testing::UnorderedElementsAre(home + ": lies in the future (2 values)",
                                                       "09000000000009: there is no such usage point (2 values)",
                                                       gas_home + ": is a usage point of gas (2 values)"));
    EXPECT_THAT(staged.import.usage_points, testing::ElementsAre(home, gas_home));
    EXPECT_EQ(staged.import.parts.at(0).values, 1);
}

TEST_F(ImportStage, many_days_become_several_parts_in_order)
{
    add_intervals("2022-12-31T23:00:00Z", "2024-11-30T23:00:00Z");
    const StagedFile staged = stage();
    EXPECT_EQ(staged.import.parts.size(), 2U);
    EXPECT_LT(staged.import.parts[0].last, staged.import.parts[1].first);
    EXPECT_EQ(back(staged.import), file.intervals);
}

TEST_F(ImportStage, of_a_household_nothing_is_told_to_bills_nor_of_the_meter)
{
    ImportedGas gas;
    gas.usage_point = gas_home;
    gas.from = day("2024-02-01");
    gas.to = day("2024-03-01");
    gas.index_from_m3 = 105;
    gas.index_to_m3 = 115;
    gas.energy_kwh = 113;
    gas.published = true;
    file.gas = {gas};
    add_read("2024-05-14T22:00:00Z", "total", 1'234);
    file.reads.back().serial = "021";
    EXPECT_EQ(stage().import.parts.size(), 3U);
    EXPECT_EQ(stage().import.parts.at(0).serial, "021");
    context.proven = false;
    const StagedFile staged = stage();
    EXPECT_FALSE(staged.import.proven);
    ASSERT_EQ(staged.import.parts.size(), 2U);
    for (const store::StagedPart& part : staged.import.parts) {
        EXPECT_EQ(part.kind, ImportPartKind::registers);
        EXPECT_EQ(part.serial, "");
    }
    const auto block = blocks_of(staged.import.parts.at(1)).at(0);
    EXPECT_EQ(decode_register_block(block.data).value().reads.at(0).provenance.quality, Quality::unauthenticated);
}

TEST_F(ImportStage, the_first_problems_are_kept_and_all_are_counted)
{
    add_intervals("2024-05-14T22:00:00Z", "2024-05-14T23:00:00Z", 1800s, "09000000000009");
    for (std::size_t line = 1; line <= 60; ++line)
        file.problems.push_back({line, "Valeur", "is no number"});
    file.more_problems = 7;
    const auto import = stage().import;
    EXPECT_EQ(import.problems, 68);
    ASSERT_EQ(import.lines.size(), store::import_lines_max);
    EXPECT_EQ(import.lines[0], (store::ImportLine{0, "09000000000009", "there is no such usage point (2 values)"}));
    EXPECT_EQ(import.lines[1], (store::ImportLine{1, "Valeur", "is no number"}));
}

TEST_F(ImportStage, published_gas_is_for_bills_and_what_only_informs_is_not)
{
    const auto gas = [](const char* from, const char* to, std::int64_t index, bool published) {
        ImportedGas row;
        row.usage_point = gas_home;
        row.from = day(from);
        row.to = day(to);
        row.index_from_m3 = index;
        row.index_to_m3 = index + 10;
        row.kwh_per_m3_e5 = 1'129'000;
        row.energy_kwh = 113;
        row.published = published;
        return row;
    };
    file.gas = {gas("2024-02-29", "2024-03-01", 105, false), gas("2024-02-01", "2024-03-01", 105, true), gas("2024-03-01", "2024-04-01", 115, true)};
    file.gas.push_back(gas("2024-04-01", "2024-05-01", 125, true));
    file.gas.back().provisional = true;
    const StagedFile staged = stage();
    ASSERT_EQ(staged.import.parts.size(), 2U);
    EXPECT_EQ(staged.import.parts[1].kind, ImportPartKind::gas);
    const auto rows = store::unpack_published_gas(staged.import.parts[1].content).value();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0], (store::PublishedGasWrite{day("2024-02-01"), day("2024-03-01"), 105, 115, 1'129'000, 113, Quality::raw}));
    std::vector<std::tuple<std::string, std::int64_t, Quality>> reads;
    for (const auto& block : blocks_of(staged.import.parts[0]))
        for (const RegisterRead& read : decode_register_block(block.data).value().reads)
            reads.emplace_back(to_iso8601(read.at), read.value, read.provenance.quality);
    // At six in the morning, in dm3; of one instant what was published counts.
    EXPECT_THAT(reads, testing::ElementsAre(std::tuple{"2024-02-01T05:00:00Z", 105'000, Quality::raw},
                                            std::tuple{"2024-02-29T05:00:00Z", 105'000, Quality::unauthenticated},
                                            std::tuple{"2024-03-01T05:00:00Z", 115'000, Quality::raw},
                                            std::tuple{"2024-04-01T04:00:00Z", 125'000, Quality::raw},
                                            std::tuple{"2024-05-01T04:00:00Z", 135'000, Quality::unauthenticated}));
    EXPECT_TRUE(staged.problems.empty());
}

TEST_F(ImportStage, a_real_export_is_kept_value_for_value)
{
    std::ifstream stream{std::filesystem::path{RELEVE_SOURCE_DIR} / "tests/data/import/enedis-hour.csv", std::ios::binary};
    std::ostringstream text;
    text << stream.rdbuf();
    file = parse_import(text.str(), {"enedis-hour.csv", home}).value();
    ASSERT_GT(file.intervals.size(), 140U);
    const StagedFile staged = stage();
    auto expected = file.intervals;
    std::ranges::sort(expected, {}, &ImportedInterval::start);
    EXPECT_EQ(back(staged.import), expected);
    EXPECT_EQ(staged.import.format, "enedis_curve");
}

} // namespace
} // namespace releve::app
