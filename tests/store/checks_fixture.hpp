#pragma once
// A meter whose readings are checked: batches, closer looks, and what is found of them in the database.

#include "store_fixture.hpp"

#include <releve/core/overlay.hpp>
#include <releve/engine/month_totals.hpp>

#include <algorithm>

namespace releve::store::test {

inline engine::RuleBook rules_of_these_tests()
{
    engine::RuleBook book;
    engine::RuleSet& rules = book[engine::RuleKind::electricity_import];
    using Rule = engine::ValidationRule;
    rules[Rule::gap] = {true, engine::Severity::note, {0}};
    rules[Rule::negative] = {true, engine::Severity::doubt, {}};
    rules[Rule::overlap] = {true, engine::Severity::doubt, {0}};
    rules[Rule::duplicate] = {true, engine::Severity::note, {0}};
    rules[Rule::frozen] = {true, engine::Severity::doubt, {60, 100}}; // over a day of 48
    rules[Rule::high] = {true, engine::Severity::doubt, {300, 3000}};
    rules[Rule::sum_check] = {true, engine::Severity::doubt, {2}};
    rules[Rule::clock] = {true, engine::Severity::note, {60}};
    return book;
}

inline const MeterModel* checked_model(std::string_view name)
{
    static const MeterModel model = [] {
        MeterModel made = *test_model("test");
        made.channels[1].obis = Obis{{1, 1, 1, 8, 0, 255}};
        made.channels[1].digits = 9;
        return made;
    }();
    return name == model.name ? &model : nullptr;
}

class Checked_ : public StoreTest {
protected:
    std::shared_ptr<CheckPlan> plan = std::make_shared<CheckPlan>(CheckPlan{.models = checked_model, .rules = rules_of_these_tests()});
    MeterId meter = add_meter("4c4b590000000001");
    Numbers numbers;
    BatchWriter writer{address, 1};
    Instant now = at("2024-06-01T08:00:01Z");

    void SetUp() override
    {
        add_usage_point("01000000000001");
        install(meter, "01000000000001");
    }
    BatchWriter::Request request(std::span<FrameWrite> frames = {})
    {
        auto made = numbers.request(frames);
        made.checks = plan;
        made.now = now;
        return made;
    }
    void write(std::vector<FrameWrite> frames)
    {
        const auto result = writer.write(request(frames));
        ASSERT_TRUE(result);
        for (const auto& reason : result->reasons)
            EXPECT_EQ(reason, "");
    }
    void look()
    {
        while (writer.due() > 0)
            ASSERT_TRUE(writer.look(request()));
        for (const std::string& line : writer.take_unjudged())
            ADD_FAILURE() << line;
    }
    void write_and_look(std::vector<FrameWrite> frames)
    {
        write(std::move(frames));
        look();
    }
    std::string failures()
    {
        return ask(DbRole::owner, "SELECT day, rule, severity, first_slot, last_slot, value FROM validation_failure WHERE cleared IS NULL "
                                  "ORDER BY 1, 2, 4");
    }
    std::string due() { return ask(DbRole::owner, "SELECT meter_id, day_from, day_to FROM check_due ORDER BY 1"); }
    std::string gaps()
    {
        return ask(DbRole::owner, "SELECT starts AT TIME ZONE 'UTC', ends AT TIME ZONE 'UTC', estimated FROM gap WHERE closed IS NULL ORDER BY starts");
    }
    std::optional<DayBlock> overlay(const char* on)
    {
        pg::Connection connection{address, DbRole::collect};
        const auto rows = connection.run("SELECT data FROM interval_overlay_day WHERE day = $1::date", pg::Params{}.add(day(on)));
        if (rows.size() == 0)
            return std::nullopt;
        return decode_day_block(rows.bytes(0, 0)).value();
    }
    std::vector<engine::DayTotal> month(const char* first)
    {
        pg::Connection connection{address, DbRole::collect};
        const auto rows = connection.run("SELECT data FROM interval_month WHERE month = $1::date", pg::Params{}.add(day(first)));
        return rows.size() == 0 ? std::vector<engine::DayTotal>{} : engine::decode_month(rows.bytes(0, 0), day(first)).value();
    }
    /// As the collector does.
    void look_at_what_is_due(CollectStore& store)
    {
        std::vector<MeterId> meters;
        for (const auto& due_meter : store.load_due(false))
            meters.push_back(due_meter.meter);
        writer.look_later(meters);
        look();
    }
    void finish_jobs()
    {
        CollectStore store{address};
        while (store.run_jobs(now))
            look_at_what_is_due(store);
    }
    /// As ask_correction of the API would.
    void ask_correction(const std::string& action, const std::string& on, const std::string& slots, const std::string& amounts)
    {
        owner("INSERT INTO correction (meter_id, channel, day, action, slots, amounts, reason, author) VALUES (1, 1, '" + on + "', '" + action +
              "', '{" + slots + "}', '{" + amounts + "}', 'seen on site', 'Anne')");
        CollectStore store{address};
        look_at_what_is_due(store);
    }
};

} // namespace releve::store::test
