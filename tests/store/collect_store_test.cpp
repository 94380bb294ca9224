#include "store_fixture.hpp"

namespace releve::store::test {

class Collect : public StoreTest {
protected:
    MeterId meter = add_meter("4c4b590000000001");
    CollectStore store{address};
    BatchWriter writer{address, 1};
    Numbers numbers;

    void write(std::vector<FrameWrite> frames, const std::vector<QuarantineWrite>& quarantine = {})
    {
        const auto result = writer.write(numbers.request(frames, quarantine)).value();
        for (const auto& reason : result.reasons)
            EXPECT_EQ(reason, "");
    }
    static QuarantineWrite refused(FrameState reason, const std::string& title,
                                   std::optional<std::uint64_t> counter)
    {
        return {reason,
                "",
                at("2024-06-01T08:00:00Z"),
                "192.0.2.1:4059",
                title,
                std::nullopt,
                counter,
                Bytes(4, std::byte{7}),
                1,
                0};
    }
};

TEST_F(Collect, loads_devices_with_keys_and_installations)
{
    add_usage_point("01234567890123");
    install(meter, "01234567890123");
    add_meter("4c4b590000000002");
    owner("INSERT INTO meter_key SELECT 1, g, '\\x01', '\\x02', '\\x03', tstzrange(NULL, NULL) FROM "
          "generate_series(1, 3) g");
    const auto all = store.load_devices().rows;
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].address, "4c4b590000000001");
    ASSERT_EQ(all[0].keys.size(), 2U);
    EXPECT_EQ(all[0].keys[0].generation, 3);
    EXPECT_EQ(all[0].keys[1].generation, 2);
    ASSERT_EQ(all[0].installations.size(), 1U);
    EXPECT_EQ(all[0].installations[0].usage_point.value, "01234567890123");
    EXPECT_EQ(all[0].installations[0].collection, Collection::half_hour);
    EXPECT_EQ(all[0].installations[0].validity, (Validity{at("2024-01-01T00:00:00Z"), std::nullopt}));
    const std::vector<std::string> named{"4c4b590000000002"};
    EXPECT_EQ(store.load_devices(named).rows.size(), 1U);
    EXPECT_EQ(store.load_devices(std::vector<std::string>{}).rows.size(), 0U);
    EXPECT_EQ(store.earliest_installation(), day("2024-01-01"));
}

TEST_F(Collect, replay_states_are_saved_in_bulk_and_completed_by_the_batches_since)
{
    for (std::uint64_t counter = 1; counter <= 70; ++counter)
        write({frame(meter, counter, "2024-03-01", 1)});
    auto states = store.load_replay_states();
    ASSERT_EQ(states.size(), 1U);
    ASSERT_EQ(states[0].recent.size(), 64U);
    EXPECT_EQ(states[0].recent.front().counter, 7U);
    EXPECT_EQ(states[0].recent.back().counter, 70U);
    EXPECT_EQ(states[0].recent.back().digest, 0xF000'0000'0000'0000U + 70);
    EXPECT_EQ(states[0].last_accepted_at, at("2024-06-01T08:00:01Z"));

    store.save_replay_states(states, BatchNumber{71});
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM batch WHERE meter_ids IS NOT NULL"), "0");
    EXPECT_EQ(ask(DbRole::collect, "SELECT up_to, frames, readings FROM batch_sum"), "71|70|3360");
    write({frame(meter, 71, "2024-03-01", 1)});
    states = store.load_replay_states();
    EXPECT_EQ(states[0].recent.front().counter, 8U);
    EXPECT_EQ(states[0].recent.back().counter, 71U);
    EXPECT_EQ(store.last_batch(), BatchNumber{71});
}

TEST_F(Collect, batches_of_refused_messages_only_go_once_they_are_summed_up)
{
    write({frame(meter, 1, "2024-03-01", 1)});
    for (int i = 0; i < 3; ++i)
        write({}, {refused(FrameState::no_key, "4c4b590000000001", 9)});
    store.save_replay_states(store.load_replay_states(), BatchNumber{3});
    EXPECT_EQ(ask(DbRole::collect, "SELECT batch, frames FROM batch ORDER BY 1"), "1|1\n3|0\n4|0");
    store.save_replay_states({}, BatchNumber{5});
    EXPECT_EQ(ask(DbRole::collect, "SELECT batch, frames FROM batch"), "1|1");
    EXPECT_EQ(store.last_batch(), BatchNumber{5}) << "no number is used again";
}

TEST(DatabaseAddress, a_given_database_is_reached_with_deadlines_unless_it_says_otherwise)
{
    const DatabaseAddress address{.conninfo = "postgresql://me:it's\\me@db.example/releve?connect_timeout=3",
                                  .embedded = false};
    EXPECT_EQ(address.conninfo_for(DbRole::collect),
              "application_name='releve' connect_timeout='3' dbname='releve' host='db.example' "
              "keepalives_count='3' keepalives_idle='30' keepalives_interval='10' password='it\\'s\\\\me' "
              "tcp_user_timeout='60000' user='me' ");
    EXPECT_EQ((DatabaseAddress{.conninfo = "postgresql://[", .embedded = false}.conninfo_for(DbRole::api)),
              "postgresql://[") << "libpq says what is wrong";
}

TEST_F(Collect, one_collector_at_a_time)
{
    EXPECT_TRUE(store.claim());
    EXPECT_TRUE(store.claim()) << "it has it already";
    {
        CollectStore other{address};
        EXPECT_FALSE(other.claim());
    }
    owner("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'releve_collect' AND "
          "datname = current_database()");
    EXPECT_THROW((void)store.last_batch(), std::exception);
    wait_until([&] { // while the old connection is still dying its lock may be refused
        try {
            (void)store.last_batch();
            return true;
        } catch (const ClaimLost&) {
            return false;
        }
    });
    CollectStore other{address};
    EXPECT_FALSE(other.claim()) << "claimed again with the new connection";
}

TEST_F(Collect, a_place_is_taken_only_when_the_writers_before_have_ended)
{
    auto old = std::make_unique<BatchWriter>(address, 1);
    std::vector<FrameWrite> frames{frame(meter, 1, "2024-03-01", 1)};
    (void)old->write(numbers.request(frames));
    EXPECT_FALSE(store.claim()) << "it could still be committing";
    old.reset();
    wait_until([&] { return store.claim(); }); // its session ends when the server has noticed
}

TEST_F(Collect, retries_come_oldest_counter_first_and_go_when_they_succeed)
{
    write({}, {refused(FrameState::no_key, "4c4b590000000001", 9),
               refused(FrameState::unknown_meter, "4c4b590000000001", 8),
               refused(FrameState::replay, "4c4b590000000001", 1),
               refused(FrameState::no_key, "4c4b590000000009", 1)});
    const std::vector<std::string> named{"4c4b590000000001"};
    const auto rows = store.load_retries(named, 10);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].counter, 8U);
    EXPECT_EQ(rows[0].frame.size(), 4U);
    EXPECT_TRUE(store.load_requested_retries(10).empty());
    owner("UPDATE quarantine SET retry_requested = true WHERE reason = 'replay'");
    EXPECT_EQ(store.load_requested_retries(10).size(), 1U);

    FrameWrite accepted = frame(meter, 8, "2024-03-01", 1);
    accepted.retry_of = rows[0].id;
    QuarantineWrite again = refused(FrameState::wrong_key, "4c4b590000000001", 9);
    again.retry_of = rows[1].id;
    write({accepted}, {again});
    EXPECT_EQ(ask(DbRole::collect, "SELECT reason FROM quarantine ORDER BY reason"),
              "no_key\nreplay\nwrong_key");
}

TEST_F(Collect, undecoded_frames_wait_in_the_archive_and_age_does_not_take_them)
{
    FrameWrite strange = frame(meter, 1, "2024-03-01", 1), known = frame(meter, 2, "2024-03-02", 1);
    strange.interval_days.clear();
    strange.undecoded = true;
    strange.undecoded_reason = "no layout fits";
    FrameWrite unkept = strange;
    unkept.archive.clear();
    write({known, strange, unkept});
    const auto rows = store.load_undecoded(0, 10);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(as_text(rows[0].frame), "frame 1/1");
    EXPECT_EQ(rows[0].counter, 1U);
    store.prune({}, at("2024-08-01T00:00:00Z"));
    ASSERT_EQ(store.load_undecoded(0, 10).size(), 1U);
    const std::vector<std::int64_t> done{rows[0].id};
    store.forget_undecoded(done);
    EXPECT_TRUE(store.load_undecoded(0, 10).empty());
    store.prune({}, at("2024-08-01T00:00:00Z"));
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM frame_archive"), "0");
}

TEST_F(Collect, quarantine_is_bounded_and_strangers_go_first)
{
    std::vector<QuarantineWrite> rows(5, refused(FrameState::unknown_meter, "4c4b590000000009", 1));
    QuarantineWrite known = refused(FrameState::wrong_key, "4c4b590000000001", 1);
    known.meter = meter;
    rows.insert(rows.begin(), known);
    write({}, rows);
    store.prune(
        {.archive_days = 15, .quarantine_days = 30, .quarantine_rows = 100, .quarantine_rows_per_title = 3},
        at("2024-06-02T00:00:00Z"));
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM quarantine"), "4");
    store.prune(
        {.archive_days = 15, .quarantine_days = 30, .quarantine_rows = 1, .quarantine_rows_per_title = 3},
        at("2024-06-02T00:00:00Z"));
    EXPECT_EQ(ask(DbRole::collect, "SELECT reason FROM quarantine"), "wrong_key");
    store.prune({}, at("2024-09-02T00:00:00Z"));
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM quarantine"), "0");
}

TEST_F(Collect, notifications_arrive_as_sent)
{
    EXPECT_TRUE(store.wait_for_notifications(std::chrono::milliseconds{0}).empty());
    owner("NOTIFY releve_devices, 'devices:4c4b590000000001'");
    EXPECT_EQ(store.wait_for_notifications(std::chrono::minutes{1}),
              std::vector<std::string>{"devices:4c4b590000000001"});
}

TEST_F(Collect, a_lost_connection_throws_once_and_the_next_call_connects)
{
    (void)store.last_batch();
    owner("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'releve_collect' AND "
          "datname = current_database()");
    EXPECT_THROW((void)store.last_batch(), std::runtime_error);
    EXPECT_EQ(store.last_batch(), BatchNumber{0});
}

TEST_F(Collect, a_month_that_has_ended_is_packed_once_and_still_takes_what_comes_late)
{
    std::vector<FrameWrite> frames;
    for (int i = 9; i >= 2; --i)
        frames.push_back(frame(add_meter("4c4b59000000000" + std::to_string(i)), 1, "2024-03-30", i));
    write(frames);
    write({frame(meter, 1, "2024-04-02", 1)});
    const auto content = [&] {
        return ask(DbRole::collect, "SELECT meter_id, channel, day, rev, batch, md5(data) FROM interval_day ORDER BY 1, 2, 3");
    };
    const std::string before = content();
    const auto open_tables = [&] {
        return ask(DbRole::owner, "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE 'fillfactor=50' = ANY "
                                  "(reloptions) AND relname ~ '^(interval|register)_day_y2024'");
    };
    EXPECT_EQ(open_tables(), "interval_day_y2024m03 interval_day_y2024m04 register_day_y2024m03 register_day_y2024m04");
    EXPECT_EQ(CollectStore::close_months(address, day("2024-04-08"), 1), 1);
    EXPECT_EQ(CollectStore::close_months(address, day("2024-04-08")), 1);
    EXPECT_EQ(CollectStore::close_months(address, day("2024-04-08")), 0);
    EXPECT_EQ(open_tables(), "interval_day_y2024m04 register_day_y2024m04");
    EXPECT_EQ(content(), before);
    EXPECT_EQ(ask(DbRole::owner, "SELECT string_agg(meter_id::text, ' ' ORDER BY ctid) FROM interval_day_y2024m03"), "2 3 4 5 6 7 8 9");
    write({frame(meter, 2, "2024-03-29", 7), frame(MeterId{2}, 2, "2024-03-30", 7)});
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*), max(rev) FROM interval_day"), "10|2");
}

TEST_F(Collect, a_month_in_use_is_left_for_the_next_time)
{
    write({frame(meter, 1, "2024-03-30", 1)});
    pg::Connection reader{address, DbRole::owner};
    pg::Transaction reads{reader};
    reader.run("SELECT count(*) FROM interval_day_y2024m03");
    EXPECT_EQ(CollectStore::close_months(address, day("2024-04-08")), 1) << "the registers only";
    reads.commit();
    EXPECT_EQ(CollectStore::close_months(address, day("2024-04-08")), 1);
}

} // namespace releve::store::test
