// Checks at the edges of what is looked at: jobs with meters that cannot be judged, meters that move, gaps that reach far.

#include "checks_fixture.hpp"

namespace releve::store::test {

namespace {

std::shared_ptr<CheckPlan> plan_of_flat_days()
{
    auto plan = std::make_shared<CheckPlan>(CheckPlan{.models = checked_model, .rules = rules_of_these_tests()});
    plan->rules[engine::RuleKind::electricity_import][engine::ValidationRule::frozen].on = false;
    return plan;
}

} // namespace

TEST_F(Checked_, a_meter_that_cannot_be_judged_holds_up_no_job)
{
    const MeterId other = add_meter("4c4b590000000002");
    write_and_look({frame(meter, 1, "2024-03-11", 100), frame(other, 1, "2024-03-11", 100)});
    owner("UPDATE interval_day SET data = '\\x00' WHERE meter_id = " + std::to_string(meter.value));
    owner("INSERT INTO job (kind) VALUES ('validate'), ('validate')");
    CollectStore store{address};
    int unjudged = 0;
    while (const auto step = store.run_jobs(at("2024-06-01T08:00:00Z"))) {
        std::vector<MeterId> meters;
        for (const auto& due_meter : store.load_due(false))
            meters.push_back(due_meter.meter);
        writer.look_later(meters);
        while (writer.due() > 0)
            ASSERT_TRUE(writer.look(request()));
        unjudged += static_cast<int>(writer.take_unjudged().size());
    }
    EXPECT_EQ(unjudged, 1) << "the second job leaves it alone: it is due as it is";
    EXPECT_EQ(ask(DbRole::owner, "SELECT state, detail FROM job ORDER BY id"), "done|not judged, see the log: meter 1\ndone|");
    EXPECT_EQ(ask(DbRole::owner, "SELECT meter_id, job FROM check_due"), "1|-") << "it is tried again at the next start";
}

TEST_F(Checked_, what_is_forgotten_is_looked_at_again)
{
    write_and_look({frame(meter, 1, "2024-03-11", 100)});
    const std::vector<MeterId> others{MeterId{meter.value + 1}};
    writer.forget(others);
    write({frame(meter, 2, "2024-03-12", 100)});
    EXPECT_EQ(due(), "");
    writer.forget({&meter, 1});
    write({frame(meter, 3, "2024-03-13", 100)});
    EXPECT_EQ(due(), "1|2024-03-13|2024-03-31");
}

TEST_F(Checked_, a_ledger_looks_at_meters_that_are_due_too)
{
    write_and_look({frame(meter, 1, "2024-03-11", 100), frame(meter, 2, "2024-03-12", 100)});
    auto wrong = month("2024-03-01");
    wrong[0].energy_wh += 3;
    owner("UPDATE interval_month SET data = '\\x" + to_hex(engine::encode_month(wrong, day("2024-03-01")).value()) + "'");
    write({frame(meter, 3, "2024-04-20", 100)});
    EXPECT_NE(due(), "");
    owner("INSERT INTO job (kind) VALUES ('ledger')");
    finish_jobs();
    EXPECT_EQ(ask(DbRole::owner, "SELECT kind, day, expected, found FROM ledger_breach"), "stored_total|2024-03-11|2400|2403");
}

TEST_F(Checked_, nothing_of_one_home_says_anything_of_the_next)
{
    plan = plan_of_flat_days();
    std::vector<FrameWrite> frames;
    CollectStore::ensure_partitions(address, day("2024-02-01"), day("2024-04-01"));
    for (int date = 10; date <= 19; ++date)
        frames.push_back(frame(meter, static_cast<std::uint64_t>(date), ("2024-02-" + std::to_string(date)).c_str(), 1'100));
    for (int date = 19; date <= 20; ++date)
        frames.push_back(frame(meter, static_cast<std::uint64_t>(date + 10), ("2024-03-" + std::to_string(date)).c_str(), 20'000));
    add_usage_point("01000000000002");
    owner("UPDATE installation SET validity = tstzrange('2024-01-01T00:00:00Z', '2024-03-15T10:00:00Z')");
    install(meter, "01000000000002", "2024-03-15T10:00:00Z");
    write_and_look(frames);
    EXPECT_EQ(failures(), "") << "20 kW are more than three times the other home's greatest";
    EXPECT_EQ(gaps(), "") << "nobody was measured all of the time between";
    owner("INSERT INTO job (kind) VALUES ('estimate')");
    finish_jobs();
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM interval_overlay_day"), "0");

    owner("DELETE FROM installation WHERE usage_point = '01000000000002'");
    owner("UPDATE installation SET validity = tstzrange('2024-01-01T00:00:00Z', NULL)");
    owner("INSERT INTO job (kind) VALUES ('validate')");
    finish_jobs();
    EXPECT_NE(failures(), "") << "in one home they are";
    EXPECT_EQ(gaps(), "2024-02-19 23:00:00|2024-03-18 23:00:00|f");
}

/// A gap of months reaches beyond what a change at its beginning makes due.
TEST_F(Checked_, what_is_left_of_a_long_gap_fits_the_index_whichever_end_comes_first)
{
    const auto index = [&](std::uint64_t counter, const char* on, const char* when, std::int64_t value) {
        FrameWrite write = frame(meter, counter, on, 0);
        write.interval_days.clear();
        write.register_days.push_back({day(on), {{{ChannelId{20}, at(when), value, {true, 1, counter, Quality::raw, 0}}}}, false});
        return write;
    };
    const auto sums = [&] {
        pg::Connection connection{address, DbRole::collect};
        std::int64_t sum = 0;
        const auto rows = connection.run("SELECT data FROM interval_overlay_day ORDER BY day", pg::Params{});
        for (int i = 0; i < rows.size(); ++i)
            for (const auto& slot : decode_day_block(rows.bytes(i, 0)).value().slots)
                sum += slot ? slot->value : 0;
        return sum / 2; // W of half-hours
    };
    plan = plan_of_flat_days();
    CollectStore::ensure_partitions(address, day("2023-12-01"), day("2024-08-01"));
    std::vector<FrameWrite> frames;
    for (int date = 1; date <= 9; ++date)
        frames.push_back(frame(meter, static_cast<std::uint64_t>(date), ("2024-01-0" + std::to_string(date)).c_str(), 100));
    for (int date = 20; date <= 31; ++date)
        frames.push_back(frame(meter, static_cast<std::uint64_t>(date), ("2024-05-" + std::to_string(date)).c_str(), 100));
    frames.push_back(index(40, "2024-01-10", "2024-01-09T23:00:00Z", 50'000));
    frames.push_back(index(41, "2024-05-20", "2024-05-19T22:00:00Z", 450'000));
    write_and_look(frames);
    owner("INSERT INTO job (kind) VALUES ('estimate')");
    finish_jobs();
    EXPECT_EQ(gaps(), "2024-01-09 23:00:00|2024-05-19 22:00:00|t");
    EXPECT_EQ(sums(), 400'000);
    const auto may = [&] {
        std::int64_t sum = 0;
        for (const engine::DayTotal& total : month("2024-05-01"))
            if (total.day < day("2024-05-20"))
                sum += total.energy_wh;
        return sum;
    };
    const std::int64_t before = may();
    EXPECT_GT(before, 0);
    write_and_look({frame(meter, 50, "2024-01-10", 1'000), frame(meter, 51, "2024-01-11", 1'000)});
    EXPECT_EQ(gaps(), "2024-01-11 23:00:00|2024-05-19 22:00:00|t") << "all of it is still estimated";
    EXPECT_EQ(sums(), 400'000 - 48'000) << "and fits the index";
    EXPECT_LT(may(), before) << "the totals of the months beyond follow";
    EXPECT_EQ(month("2024-05-01").size(), 30U) << "the days that were not looked at keep theirs";
}

} // namespace releve::store::test
