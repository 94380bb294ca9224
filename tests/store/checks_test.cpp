// From batches to verdicts: what a writer judges at once, what it looks at later, and that both end alike.

#include "checks_fixture.hpp"

#include <random>

namespace releve::store::test {

TEST_F(Checked_, a_first_day_is_looked_at_and_the_next_one_is_judged_at_once)
{
    write({frame(meter, 1, "2024-03-10", 100)});
    EXPECT_EQ(due(), "1|2024-03-10|2024-03-31");
    EXPECT_EQ(writer.due(), 1U);
    look();
    EXPECT_EQ(due(), "");
    write({frame(meter, 2, "2024-03-11", 110)});
    EXPECT_EQ(due(), "") << "what it remembers is enough";
    EXPECT_EQ(writer.due(), 0U);
    EXPECT_EQ(failures(), "");
}

TEST_F(Checked_, what_is_due_already_is_not_written_again)
{
    const auto written = [&] { return ask(DbRole::owner, "SELECT xmin, batch FROM check_due"); };
    write({frame(meter, 1, "2024-03-10", 100)});
    const std::string once = written();
    write({frame(meter, 2, "2024-03-12", 100)});
    EXPECT_EQ(written(), once) << "the month is due as it is";
    write({frame(meter, 3, "2024-03-09", 100)});
    EXPECT_EQ(due(), "1|2024-03-09|2024-03-31");
    write({frame(meter, 4, "2024-04-01", 100)});
    EXPECT_EQ(due(), "1|2024-03-09|2024-04-30");
    look();
    EXPECT_EQ(due(), "");
    write({frame(meter, 5, "2024-03-11", 100)});
    EXPECT_EQ(due(), "1|2024-03-11|2024-03-31") << "looked at is not due any more";
}

TEST_F(Checked_, a_day_that_grows_is_judged_as_it_grows)
{
    write_and_look({slots_of(frame(meter, 1, "2024-03-10", 100), 0, 10)});
    write({slots_of(frame(meter, 2, "2024-03-10", 100), 10, 48)});
    EXPECT_EQ(due(), "");
    EXPECT_EQ(failures(), "") << "behind the last value nothing is missing yet";
    EXPECT_TRUE(month("2024-03-01").empty()) << "no total of a day that may go on without a look";
    write_and_look({frame(meter, 3, "2024-04-01", 100)});
    ASSERT_EQ(month("2024-03-01").size(), 1U);
    EXPECT_EQ(month("2024-03-01")[0].energy_wh, 2'400);
}

TEST_F(Checked_, a_negative_value_is_doubtful_until_somebody_accepts_it)
{
    write_and_look({frame(meter, 1, "2024-03-10", 100)});
    FrameWrite bad = frame(meter, 2, "2024-03-11", 100);
    bad.interval_days[0].part.values[5].slot.value = -7;
    write_and_look({bad});
    EXPECT_EQ(failures(), "2024-03-11|negative|doubt|5|5|-7");
    ASSERT_TRUE(overlay("2024-03-11"));
    EXPECT_EQ(overlay("2024-03-11")->slots[5]->provenance.quality, Quality::questionable);
    ask_correction("accept", "2024-03-11", "5", "");
    EXPECT_EQ(overlay("2024-03-11")->slots[5]->provenance.quality, Quality::valid);
    EXPECT_EQ(failures(), "2024-03-11|negative|doubt|5|5|-7") << "it failed, and was accepted";
    EXPECT_EQ(ask(DbRole::owner, "SELECT rev, method, author, reason FROM interval_overlay_day"), "2|accept|Anne|seen on site");
    EXPECT_EQ(ask(DbRole::owner, "SELECT rev, method, author, reason FROM overlay_history"), "1|check|releve|negative");
    EXPECT_EQ(ask(DbRole::owner, "SELECT state FROM correction"), "done");
    ask_correction("undo", "2024-03-11", "5", "");
    EXPECT_EQ(overlay("2024-03-11")->slots[5]->provenance.quality, Quality::questionable);
}

TEST_F(Checked_, a_clock_that_was_off_is_told_of_the_day_whichever_came_first)
{
    const auto alarm = [&](std::uint64_t counter, const char* on, const char* when, const char* off) {
        FrameWrite frame_with = frame(meter, counter, on, 100);
        frame_with.extra().events.push_back({std::string{clock_alarm_event}, off, at(when)});
        return frame_with;
    };
    // The day before's readings come with it, in the night.
    write_and_look({alarm(1, "2024-03-10", "2024-03-10T23:00:00Z", "75 s")});
    EXPECT_EQ(failures(), "") << "nothing of that day is here yet";
    write_and_look({frame(meter, 2, "2024-03-11", 100)});
    EXPECT_EQ(failures(), "2024-03-11|clock|note|0|47|75");
    write_and_look({frame(meter, 3, "2024-03-12", 100)});
    EXPECT_EQ(failures(), "2024-03-11|clock|note|0|47|75") << "that day only";
    write_and_look({alarm(4, "2024-03-13", "2024-03-10T22:59:59Z", "-61 s")});
    EXPECT_EQ(failures(), "2024-03-10|clock|note|0|47|-61\n2024-03-11|clock|note|0|47|75") << "by the civil day of Paris";
    write_and_look({alarm(5, "2024-03-14", "2024-03-12T08:00:00Z", "60 s"), alarm(6, "2024-03-15", "2024-03-12T09:00:00Z", "?")});
    EXPECT_EQ(failures(), "2024-03-10|clock|note|0|47|-61\n2024-03-11|clock|note|0|47|75") << "no more than is allowed";
}

TEST_F(Checked_, a_corrected_reading_clears_its_failure)
{
    FrameWrite bad = frame(meter, 1, "2024-03-11", 100);
    bad.interval_days[0].part.values[5].slot.value = -7;
    write_and_look({bad});
    plan = std::make_shared<CheckPlan>(*plan); // two values of one time are a failure of their own, not of this test
    plan->rules[engine::RuleKind::electricity_import][engine::ValidationRule::overlap].on = false;
    plan->rules[engine::RuleKind::electricity_import][engine::ValidationRule::duplicate].on = false;
    write_and_look({frame(meter, 2, "2024-03-11", 100)});
    EXPECT_EQ(failures(), "");
    EXPECT_FALSE(overlay("2024-03-11"));
    EXPECT_EQ(ask(DbRole::owner, "SELECT batch, cleared FROM validation_failure"), "2|4") << "known from, until";
}

TEST_F(Checked_, two_values_of_one_time_are_told_whichever_came_first)
{
    FrameWrite one = frame(meter, 1, "2024-03-11", 100), two = frame(meter, 2, "2024-03-11", 100);
    two.interval_days[0].part.values[3].slot.value = 150;
    write_and_look({two});
    write_and_look({one});
    EXPECT_EQ(failures(), "2024-03-11|duplicate|note|0|2|3\n2024-03-11|duplicate|note|4|47|44\n2024-03-11|overlap|doubt|3|3|1");
}

TEST_F(Checked_, holes_are_gaps_until_they_are_filled)
{
    write_and_look({slots_of(frame(meter, 1, "2024-03-10", 100), 0, 40)});
    EXPECT_EQ(gaps(), "");
    write_and_look({frame(meter, 2, "2024-03-13", 100)});
    EXPECT_EQ(gaps(), "2024-03-10 19:00:00|2024-03-12 23:00:00|f");
    EXPECT_EQ(failures(), "2024-03-10|gap|note|40|47|8");
    write_and_look({frame(meter, 3, "2024-03-11", 100)});
    EXPECT_EQ(gaps(), "2024-03-10 19:00:00|2024-03-10 23:00:00|f\n2024-03-11 23:00:00|2024-03-12 23:00:00|f");
    write_and_look({frame(meter, 4, "2024-03-12", 100), slots_of(frame(meter, 5, "2024-03-10", 100), 40, 48)});
    EXPECT_EQ(gaps(), "");
    EXPECT_EQ(failures(), "");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM gap WHERE closed IS NOT NULL"), "2");
}

TEST_F(Checked_, a_register_that_disagrees_is_told)
{
    const auto index = [&](std::uint64_t counter, const char* on, const char* when, std::int64_t value) {
        FrameWrite write = frame(meter, counter, on, 0);
        write.interval_days.clear();
        write.register_days.push_back({day(on), {{{ChannelId{20}, at(when), value, {true, 1, counter, Quality::raw, 0}}}}, false});
        return write;
    };
    write_and_look({frame(meter, 1, "2024-03-10", 100), index(2, "2024-03-10", "2024-03-09T23:00:00Z", 5'000),
                    index(3, "2024-03-11", "2024-03-10T23:00:00Z", 7'400)});
    EXPECT_EQ(failures(), "");
    write({frame(meter, 4, "2024-03-11", 100), index(5, "2024-03-12", "2024-03-11T23:00:00Z", 9'800)});
    EXPECT_EQ(due(), "") << "both fit, and are judged at once";
    write_and_look({frame(meter, 6, "2024-03-12", 100)});
    EXPECT_EQ(due(), "");
    write_and_look({index(7, "2024-03-13", "2024-03-12T23:00:00Z", 12'300)});
    EXPECT_EQ(failures(), "2024-03-12|sum_check|doubt|0|47|2400") << "2,400 Wh by the curve, 2,500 by the index";
}

TEST_F(Checked_, estimates_fill_old_gaps_and_go_when_the_readings_come)
{
    std::vector<FrameWrite> frames;
    std::uint64_t counter = 0;
    for (int date = 1; date <= 25; ++date) {
        const std::string on = "2024-03-" + std::string(date < 10 ? "0" : "") + std::to_string(date);
        FrameWrite write = frame(meter, ++counter, on.c_str(), 0);
        for (std::uint32_t slot = 0; slot < 48; ++slot)
            write.interval_days[0].part.values[slot].slot.value = 200 + 10 * static_cast<std::int64_t>(slot);
        if (date != 15)
            frames.push_back(write);
    }
    write_and_look(frames);
    EXPECT_EQ(gaps(), "2024-03-14 23:00:00|2024-03-15 23:00:00|f");
    owner("INSERT INTO job (kind) VALUES ('estimate')");
    finish_jobs();
    EXPECT_EQ(ask(DbRole::owner, "SELECT state, total, done FROM job"), "done|1|1");
    EXPECT_EQ(gaps(), "2024-03-14 23:00:00|2024-03-15 23:00:00|t");
    ASSERT_TRUE(overlay("2024-03-15"));
    EXPECT_EQ(overlay("2024-03-15")->slots[7]->value, 270);
    EXPECT_EQ(overlay("2024-03-15")->slots[7]->provenance.quality, Quality::estimated_reference_day);
    ASSERT_EQ(month("2024-03-01").size(), 24U) << "without the last day, which may go on";
    EXPECT_EQ(month("2024-03-01")[14].estimated, 48);

    FrameWrite truth = frame(meter, 99, "2024-03-15", 0);
    for (std::uint32_t slot = 0; slot < 48; ++slot)
        truth.interval_days[0].part.values[slot].slot.value = 201 + 10 * static_cast<std::int64_t>(slot);
    write_and_look({truth});
    EXPECT_EQ(gaps(), "");
    EXPECT_FALSE(overlay("2024-03-15"));
    EXPECT_EQ(ask(DbRole::owner, "SELECT slots, measured - estimated, absolute FROM estimate_error"), "48|48|48");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM overlay_history WHERE method <> 'check'"), "1");
    EXPECT_EQ(month("2024-03-01")[14].estimated, 0);
}

TEST_F(Checked_, a_ledger_finds_what_does_not_add_up)
{
    write_and_look({frame(meter, 1, "2024-03-11", 100), frame(meter, 2, "2024-03-12", 100), frame(meter, 3, "2024-03-13", 100)});
    const auto run_ledger = [&] {
        owner("INSERT INTO job (kind) VALUES ('ledger')");
        finish_jobs();
        return ask(DbRole::owner, "SELECT kind, meter_id, channel, day, expected, found FROM ledger_breach WHERE cleared_at IS NULL");
    };
    EXPECT_EQ(run_ledger(), "");
    const auto right = month("2024-03-01");
    auto wrong = right;
    wrong[1].energy_wh += 3;
    owner("UPDATE interval_month SET data = '\\x" + to_hex(engine::encode_month(wrong, day("2024-03-01")).value()) + "'");
    EXPECT_EQ(run_ledger(), "stored_total|1|1|2024-03-12|2400|2403");
    EXPECT_EQ(month("2024-03-01"), right) << "and it is put right";
    EXPECT_EQ(run_ledger(), "");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM ledger_breach"), "1");
}

TEST_F(Checked_, what_a_person_puts_there_stays_over_whatever_comes)
{
    write_and_look({frame(meter, 1, "2024-03-11", 100), frame(meter, 2, "2024-03-12", 100)});
    ask_correction("set", "2024-03-11", "4,5", "50,60");
    EXPECT_EQ(month("2024-03-01")[0].energy_wh, 2'400 - 25 - 20);
    EXPECT_EQ(month("2024-03-01")[0].estimated, 2);
    write_and_look({frame(meter, 3, "2024-03-13", 100)});
    ASSERT_TRUE(overlay("2024-03-11"));
    EXPECT_EQ(overlay("2024-03-11")->slots[4]->value, 50);
    EXPECT_EQ(ask(DbRole::owner, "SELECT method, author FROM interval_overlay_day"), "set|Anne");
    ask_correction("undo", "2024-03-11", "4,5", "");
    EXPECT_FALSE(overlay("2024-03-11"));
    EXPECT_EQ(month("2024-03-01")[0].energy_wh, 2'400);
    ask_correction("set", "2024-03-11", "60", "1");
    EXPECT_EQ(ask(DbRole::owner, "SELECT state, detail FROM correction ORDER BY id DESC LIMIT 1"), "refused|slots: 60 is beyond the day");
}

TEST_F(Checked_, a_home_with_daily_totals_is_not_looked_at)
{
    write({frame(meter, 1, "2024-03-11", -5)});
    owner("UPDATE usage_point SET collection = 'daily'");
    look();
    EXPECT_EQ(failures(), "");
    EXPECT_EQ(due(), "");
}

TEST_F(Checked_, what_is_due_outlives_the_writer)
{
    write({frame(meter, 1, "2024-03-11", -5)});
    BatchWriter next{address, 1};
    CollectStore store{address};
    std::vector<MeterId> meters;
    for (const auto& due_meter : store.load_due(true))
        meters.push_back(due_meter.meter);
    next.look_later(meters);
    ASSERT_TRUE(next.look(request()));
    EXPECT_EQ(failures(), "2024-03-11|negative|doubt|0|47|-5");
}

// ---------------------------------------------------------------------- any order

/// A year of several meters: late, twice, corrected, with holes and indexes. Whatever the order of arrival, and whenever the
/// rules looked, the end is the same.
class AnyOrder : public Checked_ {
protected:
    static constexpr const char* first_day = "2024-01-01";

    std::vector<FrameWrite> a_year(std::mt19937_64& random, const std::vector<MeterId>& meters, int days)
    {
        std::vector<FrameWrite> frames;
        const auto one_in = [&](std::uint64_t n) { return random() % n == 0; };
        for (const MeterId id : meters) {
            std::uint64_t counter = 0;
            std::int64_t index = 1'000;
            for (int i = 0; i < days; ++i) {
                const CivilDay date = day(first_day) + std::chrono::days{i};
                FrameWrite write = frame(id, ++counter, to_iso8601(date).c_str(), 0);
                std::int64_t half_watt_hours = 0;
                for (auto& value : write.interval_days[0].part.values) {
                    value.slot.value = 100 + static_cast<std::int64_t>(random() % 900);
                    if (one_in(5'000))
                        value.slot.value = one_in(2) ? -3 : 20'000;
                    half_watt_hours += value.slot.value;
                }
                const CivilDay next = date + std::chrono::days{1};
                write.register_days.push_back(
                    {next, {{{ChannelId{20}, paris().start_of(next), index += half_watt_hours / 2 + (one_in(200) ? 9 : 0), {true, 1, counter, Quality::raw, 0}}}}, false});
                if (one_in(40))
                    continue; // never came
                if (one_in(40)) { // came again, with another value in it
                    FrameWrite again = write;
                    again.counter += 5'000;
                    again.digest += 1;
                    set_counter(again, again.counter);
                    again.interval_days[0].part.values[3].slot.value += 1;
                    frames.push_back(std::move(again));
                }
                frames.push_back(one_in(30) ? slots_of(write, 0, 30) : write);
            }
        }
        return frames;
    }
    static void set_counter(FrameWrite& write, std::uint64_t counter)
    {
        for (auto& value : write.interval_days[0].part.values)
            value.slot.provenance.counter = counter;
        for (auto& read : write.register_days[0].block.reads)
            read.provenance.counter = counter;
    }
    /// All that the rules left, without numbers and times of arrival.
    std::string state_after(const std::vector<FrameWrite>& frames, std::size_t looks, std::mt19937_64& random)
    {
        BatchWriter own{address, 1};
        const std::size_t batch = 500;
        for (std::size_t begin = 0; begin < frames.size(); begin += batch) {
            std::vector<FrameWrite> some(frames.begin() + static_cast<std::ptrdiff_t>(begin),
                                         frames.begin() + static_cast<std::ptrdiff_t>(std::min(begin + batch, frames.size())));
            EXPECT_TRUE(own.write(request(some)));
            const bool last = begin + batch >= frames.size();
            const bool looks_now = last || random() % (frames.size() / batch / looks + 1) == 0;
            while (looks_now && own.due() > 0)
                EXPECT_TRUE(own.look(request()));
            for (const std::string& line : own.take_unjudged())
                ADD_FAILURE() << line;
        }
        std::string state;
        for (const char* sql :
             {"SELECT meter_id, channel, day, rule, severity, first_slot, last_slot, value, limits, detail FROM validation_failure "
              "WHERE cleared IS NULL ORDER BY 1, 2, 3, 4, 6",
              "SELECT meter_id, channel, starts, ends, estimated FROM gap WHERE closed IS NULL ORDER BY 1, 2, 3",
              "SELECT meter_id, channel, day FROM interval_overlay_day ORDER BY 1, 2, 3", "SELECT * FROM check_due"})
            state += ask(DbRole::owner, sql) + "\n--\n";
        // The month that is under way is stored as the last closer look left it: days that were judged at once are in none.
        owner("INSERT INTO check_due (meter_id, day_from, day_to, batch) SELECT id, '2024-12-31', '2024-12-31', 0 FROM meter");
        std::vector<MeterId> all;
        for (const auto& due_meter : CollectStore{address}.load_due(true))
            all.push_back(due_meter.meter);
        own.look_later(all);
        while (own.due() > 0)
            EXPECT_TRUE(own.look(request()));
        return state + ask(DbRole::owner, "SELECT meter_id, channel, month, through, data FROM interval_month ORDER BY 1, 2, 3");
    }
    void forget_everything()
    {
        owner("TRUNCATE validation_failure, gap, interval_month, interval_overlay_day, overlay_history, check_due, day_repeat, interval_day, "
              "interval_history, register_day, register_history, batch, frame_archive CASCADE");
    }
};

TEST_F(AnyOrder, the_end_is_the_same_in_whatever_order_a_year_arrives)
{
    const char* given = std::getenv("RELEVE_SEED");
    const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device{}();
    const char* many = std::getenv("RELEVE_METERS"); // 1000 takes some minutes
    const int count = many != nullptr ? std::stoi(many) : 12;
    SCOPED_TRACE("RELEVE_SEED=" + std::to_string(seed));
    std::printf("RELEVE_SEED=%llu, %d meters\n", static_cast<unsigned long long>(seed), count);
    CollectStore::ensure_partitions(address, day("2024-01-01"), day("2025-01-02"));
    std::mt19937_64 random{seed};
    std::vector<MeterId> meters{meter};
    for (int i = 1; i < count; ++i) {
        char title[17];
        std::snprintf(title, sizeof title, "4c4b59%010d", i + 1);
        meters.push_back(add_meter(title));
    }
    std::vector<FrameWrite> frames = a_year(random, meters, 366);
    std::ranges::stable_sort(frames, {}, [](const FrameWrite& write) { return write.interval_days[0].day; });
    const std::string in_order = state_after(frames, 12, random);
    EXPECT_NE(in_order.find("negative"), std::string::npos);
    EXPECT_NE(in_order.find("sum_check"), std::string::npos);
    EXPECT_NE(in_order.find("overlap"), std::string::npos);
    for (const std::size_t looks : {std::size_t{1}, std::size_t{8}}) {
        forget_everything();
        numbers.last = 0;
        std::ranges::shuffle(frames, random);
        const std::string shuffled = state_after(frames, looks, random);
        if (shuffled != in_order) {
            const auto differs = std::ranges::mismatch(in_order, shuffled);
            const auto at_byte = static_cast<std::size_t>(differs.in1 - in_order.begin());
            const std::size_t from = at_byte < 200 ? 0 : at_byte - 200;
            FAIL() << "in order:\n" << in_order.substr(from, 400) << "\nshuffled:\n" << shuffled.substr(from, 400);
        }
    }
}

} // namespace releve::store::test
