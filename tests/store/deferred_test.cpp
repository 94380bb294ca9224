// Values that wait in the archive: what becomes of them is what direct writing would have made, whatever happens in between.

#include "deferred_days.hpp"
#include "store_fixture.hpp"

#include <releve/store/admin_store.hpp>

#include <algorithm>
#include <random>
#include <thread>

namespace releve::store::test {

namespace {

constexpr const char* waiting = "SELECT count(*) FROM batch WHERE deferred > 0";

/// One half-hour of a day.
FrameWrite value(MeterId meter, std::uint64_t counter, std::uint32_t slot, std::int64_t value, const char* on = "2024-03-30")
{
    return slots_of(frame(meter, counter, on, value), slot, slot + 1);
}

} // namespace

class Deferred : public StoreTest {
protected:
    MeterId meter = add_meter("4c4b590000000001"), other = add_meter("4c4b590000000002");
    Numbers numbers;
    BatchWriter writer{address, 1};

    void defer(std::vector<FrameWrite> frames, BatchWriter& by)
    {
        auto request = numbers.request(frames);
        request.may_defer = true;
        ASSERT_TRUE(by.write(request));
    }
    void defer(std::vector<FrameWrite> frames) { defer(std::move(frames), writer); }
    bool fold()
    {
        bool whole = true;
        while (writer.deferred() > 0)
            whole = writer.fold(numbers.request({})).value() && whole;
        return whole;
    }
    std::string days() { return ask(DbRole::collect, "SELECT meter_id, day, rev, batch FROM interval_day ORDER BY 1, 2"); }
    DayBlock stored(MeterId of)
    {
        pg::Connection connection{address, DbRole::collect};
        const auto rows =
            connection.run("SELECT data FROM interval_day WHERE meter_id = $1::int4", pg::Params{}.add(of.value));
        return decode_day_block(rows.bytes(0, 0)).value();
    }
};

TEST_F(Deferred, values_wait_in_the_archive_and_come_into_their_days_at_once)
{
    defer({value(meter, 1, 0, 10), value(other, 1, 0, 11)});
    defer({value(meter, 2, 1, 20), value(other, 2, 1, 21)});
    EXPECT_EQ(days(), "");
    EXPECT_EQ(ask(DbRole::collect, "SELECT batch, frames, readings, deferred, folded FROM batch ORDER BY 1"), "1|2|2|2|0\n2|2|2|2|0");
    EXPECT_EQ(writer.deferred(), 4U);
    EXPECT_FALSE(writer.fold_is_due());
    EXPECT_TRUE(fold());
    EXPECT_EQ(days(), "1|2024-03-30|1|3\n2|2024-03-30|1|3");
    EXPECT_EQ(stored(meter).slots[1]->value, 20);
    EXPECT_EQ(stored(meter).slots[1]->provenance.counter, 2U);
    EXPECT_EQ(stored(meter).slots[1]->provenance.batch, 3) << "known from the batch that brought it into its day";
    EXPECT_EQ(ask(DbRole::collect, "SELECT frames, readings, deferred, folded FROM batch WHERE batch = 3"), "0|0|0|2");
    EXPECT_EQ(ask(DbRole::collect, waiting), "0");
}

TEST_F(Deferred, what_is_more_than_a_few_values_does_not_wait)
{
    FrameWrite unarchived = value(meter, 2, 0, 1, "2024-03-31"), undecoded = value(other, 3, 0, 1);
    unarchived.archive.clear();
    undecoded.interval_days.clear();
    undecoded.undecoded = true;
    FrameWrite again = value(other, 4, 7, 1, "2024-04-01");
    again.again = true;
    defer({frame(meter, 1, "2024-03-30", 100), unarchived, undecoded, again});
    EXPECT_EQ(writer.deferred(), 0U);
    EXPECT_EQ(days(), "1|2024-03-30|1|1\n1|2024-03-31|1|1\n2|2024-04-01|1|1");
    EXPECT_EQ(ask(DbRole::collect, "SELECT frames, deferred, folded, array_length(meter_ids, 1) FROM batch"), "3|0|1|3");
}

TEST_F(Deferred, in_any_order_and_mixture_it_is_what_direct_writing_gives)
{
    std::vector<FrameWrite> frames;
    for (std::uint64_t counter = 1; counter <= 150; ++counter)
        frames.push_back(value(meter, counter, static_cast<std::uint32_t>(counter * 7 % 48), static_cast<std::int64_t>(counter * 3 % 17)));
    std::mt19937 random{7};
    for (FrameWrite one : frames) {
        one.meter = other;
        std::vector<FrameWrite> alone{one};
        ASSERT_TRUE(writer.write(numbers.request(alone)));
    }
    std::ranges::shuffle(frames, random);
    for (std::size_t i = 0; i < frames.size(); i += 10) {
        std::vector<FrameWrite> some(frames.begin() + static_cast<std::ptrdiff_t>(i), frames.begin() + static_cast<std::ptrdiff_t>(i + 10));
        if (i % 40 == 0)
            ASSERT_TRUE(writer.write(numbers.request(some)));
        else
            defer(some);
        if (i % 50 == 0)
            fold();
    }
    EXPECT_TRUE(fold());
    const DayBlock one = stored(meter), direct = stored(other);
    for (std::size_t i = 0; i < 48; ++i) {
        EXPECT_EQ(one.slots[i]->value, direct.slots[i]->value) << i;
        EXPECT_EQ(one.slots[i]->provenance.counter, direct.slots[i]->provenance.counter) << i;
    }
}

TEST_F(Deferred, a_large_fold_is_cut_into_transactions_and_no_batch_is_done_before_the_last)
{
    std::vector<FrameWrite> frames;
    for (int day_number = 0; day_number < 50; ++day_number)
        for (int channel = 1; channel <= 50; ++channel) {
            FrameWrite one = value(meter, static_cast<std::uint64_t>(day_number * 50 + channel), 3, channel, "2024-03-01");
            one.interval_days[0].channel = ChannelId{static_cast<std::int16_t>(channel)};
            one.interval_days[0].day = day("2024-03-01") + std::chrono::days{day_number};
            frames.push_back(one);
        }
    defer(frames);
    ASSERT_TRUE(writer.fold(numbers.request({})).value());
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM interval_day"), "2000");
    EXPECT_EQ(ask(DbRole::collect, waiting), "1");
    EXPECT_TRUE(writer.fold_is_due()) << "a fold that has begun goes on";
    defer({value(other, 1, 0, 1)}); // comes in between
    EXPECT_TRUE(fold());
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM interval_day"), "2501");
    EXPECT_EQ(ask(DbRole::collect, waiting), "0");
}

TEST_F(Deferred, what_a_killed_writer_left_is_found_with_its_frames)
{
    {
        BatchWriter killed{address, 2};
        defer({value(meter, 1, 0, 10), value(other, 1, 0, 11)}, killed);
        defer({value(meter, 2, 1, 20)}, killed);
    }
    CollectStore store{address};
    const auto first = store.load_deferred(BatchNumber{0}, store.last_batch(), 1);
    ASSERT_EQ(first.size(), 2U) << "a batch at a time, whole";
    const auto rows = store.load_deferred(BatchNumber{0}, store.last_batch(), 100);
    ASSERT_EQ(rows.size(), 3U);
    const FrameWrite sent = value(meter, 2, 1, 20);
    EXPECT_EQ(rows[2].batch.value, 2);
    EXPECT_EQ(rows[2].meter, meter);
    EXPECT_EQ(rows[2].counter, sent.counter);
    EXPECT_EQ(rows[2].generation, sent.generation);
    EXPECT_EQ(rows[2].digest, sent.digest);
    EXPECT_EQ(rows[2].received_at, sent.received_at);
    EXPECT_EQ(rows[2].frame, sent.archive);
    store.save_replay_states({}, BatchNumber{100});
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM batch WHERE meter_ids IS NOT NULL"), "2") << "their counters too";
    owner("UPDATE frame_archive SET data = substr(data, 1, 35) WHERE batch = 1");
    EXPECT_EQ(store.load_deferred(BatchNumber{0}, BatchNumber{100}, 100).size(), 1U) << "a damaged batch holds up no other";
    owner("DELETE FROM frame_archive WHERE batch = 1");
    owner("UPDATE frame_archive SET written_at = '2020-01-01'");
    store.prune({}, at("2024-06-01T00:00:00Z"));
    EXPECT_EQ(store.load_deferred(BatchNumber{0}, BatchNumber{100}, 100).size(), 1U) << "not let go by age";
    const std::vector<std::int64_t> done{1, 2};
    store.finish_deferred(done);
    EXPECT_TRUE(store.load_deferred(BatchNumber{0}, BatchNumber{100}, 100).empty());
}

TEST_F(Deferred, an_unexplained_frame_of_the_same_counter_hides_no_other)
{
    FrameWrite undecoded = value(meter, 1, 0, 1);
    undecoded.interval_days.clear();
    undecoded.readings = 0;
    undecoded.undecoded = true;
    undecoded.digest = 77;
    defer({undecoded, value(other, 1, 0, 11)});
    CollectStore store{address};
    const auto rows = store.load_deferred(BatchNumber{0}, store.last_batch(), 100);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].meter, other);
}

TEST_F(Deferred, days_of_a_home_that_has_chosen_daily_since_are_refused_whatever_version_is_known)
{
    add_usage_point("09111111111111");
    install(meter, "09111111111111");
    defer({value(meter, 1, 0, 10), value(other, 1, 0, 11)});
    owner("UPDATE usage_point SET collection = 'daily'"); // as a choice would that did not wait
    auto request = numbers.request({});
    request.choice_version = std::stoll(ask(DbRole::collect, "SELECT version FROM choice_version"));
    EXPECT_FALSE(writer.fold(request).value());
    EXPECT_EQ(days().substr(0, 2), "2|");
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM interval_day"), "1");
}

TEST_F(Deferred, a_refused_day_leaves_its_batches_waiting_and_the_others_are_written)
{
    std::vector<FrameWrite> whole{frame(meter, 1, "2024-03-30", 1)};
    whole[0].interval_days[0].part.step = Seconds{900};
    ASSERT_TRUE(writer.write(numbers.request(whole)));
    defer({value(meter, 2, 0, 10), value(other, 1, 0, 11)});
    EXPECT_FALSE(fold());
    EXPECT_EQ(days(), "1|2024-03-30|1|1\n2|2024-03-30|1|5");
    EXPECT_EQ(ask(DbRole::collect, waiting), "1");
    EXPECT_EQ(writer.deferred(), 0U);
    defer({value(other, 2, 1, 12)});
    EXPECT_TRUE(fold()) << "the next fold is none the worse for it";
    EXPECT_EQ(ask(DbRole::collect, waiting), "1");
}

TEST_F(Deferred, choosing_daily_waits_for_what_is_in_the_archive_only)
{
    add_usage_point("09111111111111");
    install(meter, "09111111111111");
    AdminStore admin{address, test_model};
    defer({value(meter, 1, 0, 1000), value(meter, 2, 1, 2000)});
    std::jthread chooses{[&] {
        EXPECT_TRUE(admin.choose_collection(UsagePointId{"09111111111111"}, Collection::daily, "form", at("2024-06-01T00:00:00Z")));
    }};
    // It has looked, and looks again and again.
    wait_until_some("FROM pg_stat_activity WHERE usename = 'releve_work' AND query = 'ROLLBACK' AND "
                    "datname = current_database()");
    EXPECT_EQ(ask(DbRole::owner, "SELECT collection FROM usage_point"), "half_hour");
    EXPECT_TRUE(fold());
    chooses.join();
    EXPECT_EQ(ask(DbRole::owner, "SELECT energy_wh, missing FROM daily_total"), "1500|46") << "1 kW and 2 kW for half an hour";
    EXPECT_EQ(days(), "");
}

} // namespace releve::store::test
