#include "batch_rows.hpp"
#include "store_fixture.hpp"

#include <algorithm>
#include <thread>

namespace releve::store::test {

class Writer_ : public StoreTest {
protected:
    MeterId meter = add_meter("4c4b590000000001");
    BatchWriter writer{address, 1};
    Numbers numbers;

    BatchResult write(std::vector<FrameWrite> frames, const std::vector<QuarantineWrite>& quarantine = {})
    {
        return writer.write(numbers.request(frames, quarantine)).value();
    }
    DayBlock stored(const char* text, MeterId of)
    {
        pg::Connection connection{address, DbRole::collect};
        const auto rows = connection.run(
            "SELECT data FROM interval_day WHERE meter_id = $1::int4 AND channel = 1 AND day = $2::date",
            pg::Params{}.add(of.value).add(day(text)));
        RELEVE_ASSERT(rows.size() == 1);
        return decode_day_block(rows.bytes(0, 0)).value();
    }
    std::string revisions()
    {
        return ask(DbRole::collect, "SELECT day, rev, batch FROM interval_day ORDER BY day");
    }
};

TEST_F(Writer_, writes_days_batch_and_archive)
{
    const auto result = write({frame(meter, 1, "2024-03-30", 100), frame(meter, 2, "2024-03-31", 200)});
    EXPECT_EQ(result.transactions, 1);
    EXPECT_EQ(result.outcomes, (std::vector{FrameOutcome::committed, FrameOutcome::committed}));
    EXPECT_EQ(revisions(), "2024-03-30|1|1\n2024-03-31|1|1");
    const DayBlock block = stored("2024-03-31", meter);
    ASSERT_EQ(block.slots.size(), 46U);
    EXPECT_EQ(block.slots[0]->value, 200);
    EXPECT_EQ(block.slots[0]->provenance.batch, 1);
    EXPECT_EQ(ask(DbRole::collect,
                  "SELECT batch, frames, readings, refused, writer, array_length(meter_ids, 1) FROM batch"),
              "1|2|96|0|1|2");
    EXPECT_EQ(ask(DbRole::collect, "SELECT batch, part, meter_ids FROM frame_archive"), "1|0|{1,1}");
}

TEST_F(Writer_, the_same_frame_again_changes_nothing)
{
    (void)write({frame(meter, 1, "2024-03-30", 100)});
    (void)write({frame(meter, 1, "2024-03-30", 100)});
    EXPECT_EQ(revisions(), "2024-03-30|1|1");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM interval_history"), "0");
}

TEST_F(Writer_, a_newer_value_wins_and_the_old_block_stays_in_the_history)
{
    (void)write({frame(meter, 1, "2024-03-30", 100)});
    (void)write({frame(meter, 2, "2024-03-30", 300)});
    EXPECT_EQ(revisions(), "2024-03-30|2|2");
    EXPECT_EQ(stored("2024-03-30", meter).slots[5]->value, 300);
    EXPECT_EQ(ask(DbRole::owner, "SELECT rev, batch, superseded_by FROM interval_history"), "1|1|2");
    (void)write({frame(meter, 1, "2024-03-30", 100)});
    EXPECT_EQ(revisions(), "2024-03-30|2|2");
}

TEST_F(Writer_, an_added_slot_leaves_no_history)
{
    (void)write({slots_of(frame(meter, 1, "2024-03-30", 100), 0, 24)});
    (void)write({slots_of(frame(meter, 2, "2024-03-30", 200), 24, 48)});
    EXPECT_EQ(revisions(), "2024-03-30|2|2");
    EXPECT_EQ(stored("2024-03-30", meter).slots[0]->provenance.batch, 1);
    EXPECT_EQ(stored("2024-03-30", meter).slots[47]->provenance.batch, 2);
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM interval_history"), "0");
}

TEST_F(Writer_, any_order_and_grouping_gives_the_same_day)
{
    const MeterId other = add_meter("4c4b590000000002"), third = add_meter("4c4b590000000003");
    (void)write({frame(meter, 3, "2024-03-30", 30), frame(meter, 1, "2024-03-30", 10),
                 frame(meter, 2, "2024-03-30", 20)});
    for (const int counter : {1, 2, 3})
        (void)write({frame(other, static_cast<std::uint64_t>(counter), "2024-03-30", counter * 10)});
    for (const int counter : {2, 3, 1})
        (void)write({frame(third, static_cast<std::uint64_t>(counter), "2024-03-30", counter * 10)});
    for (const MeterId of : {meter, other, third}) {
        const DayBlock block = stored("2024-03-30", of);
        EXPECT_TRUE(std::ranges::all_of(block.slots, [](const auto& slot) {
            return slot->value == 30 && slot->provenance.counter == 3;
        }));
    }
}

TEST_F(Writer_, registers_of_a_day_share_one_row)
{
    const auto reads = [&](std::uint64_t counter, const char* when, std::int64_t value) {
        FrameWrite write = frame(meter, counter, "2024-03-30", 1);
        write.interval_days.clear();
        RegisterBlock block;
        block.reads.push_back({ChannelId{20}, at(when), value, {true, 1, counter, Quality::raw, 0}});
        write.register_days.push_back({day("2024-03-30"), block});
        return write;
    };
    (void)write({reads(1, "2024-03-30T06:00:00Z", 1000), reads(2, "2024-03-30T10:00:00Z", 1001)});
    (void)write({reads(3, "2024-03-30T08:00:00Z", 1005)});
    (void)write({reads(4, "2024-03-30T06:00:00Z", 999)});
    pg::Connection connection{address, DbRole::collect};
    const auto rows = connection.run("SELECT rev, data FROM register_day");
    ASSERT_EQ(rows.size(), 1);
    EXPECT_EQ(rows.int4(0, 0), 3);
    const auto block = decode_register_block(rows.bytes(0, 1)).value();
    ASSERT_EQ(block.reads.size(), 3U);
    EXPECT_EQ(block.reads[0].value, 999);
    EXPECT_EQ(block.reads[1].value, 1005);
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM register_history"), "1");
}

TEST_F(Writer_, a_row_the_database_refuses_is_isolated_and_quarantined)
{
    owner("ALTER TABLE interval_day ADD CONSTRAINT interval_day_poison CHECK (meter_id <> 4)");
    std::vector<FrameWrite> frames{frame(meter, 1, "2024-03-01", 1)};
    for (int i = 2; i <= 9; ++i)
        frames.push_back(frame(add_meter("4c4b59000000000" + std::to_string(i)), 7, "2024-03-01", i));
    const std::vector<QuarantineWrite> refused{{FrameState::bad_tag, "tag", at("2024-06-01T08:00:00Z"),
                                                "192.0.2.1:5", "4c4b590000000001", meter, 5,
                                                Bytes(3, std::byte{1}), 1, 0}};
    const auto result = write(frames, refused);
    for (std::size_t i = 0; i < frames.size(); ++i)
        EXPECT_EQ(result.outcomes[i], i == 3 ? FrameOutcome::refused : FrameOutcome::committed) << i;
    EXPECT_NE(result.reasons[3].find("interval_day_poison"), std::string::npos);
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM interval_day"), "8");
    EXPECT_EQ(ask(DbRole::collect,
                  "SELECT reason, meter_id, system_title, convert_from(frame, 'UTF8') FROM quarantine "
                  "WHERE reason = 'store_refused'"),
              "store_refused|4|4c4b590000000004|frame 4/7");
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM quarantine WHERE reason = 'bad_tag'"), "1");
    EXPECT_EQ(ask(DbRole::collect, "SELECT sum(frames) FROM batch"), "8");
}

TEST_F(Writer_, a_day_without_partition_or_of_another_shape_is_refused_alone)
{
    FrameWrite shape = frame(meter, 3, "2024-03-01", 1);
    shape.interval_days[0].part.step = Seconds{900};
    const auto result = write({frame(meter, 1, "2024-03-01", 1), frame(meter, 2, "2031-03-01", 1), shape});
    EXPECT_EQ(result.outcomes,
              (std::vector{FrameOutcome::committed, FrameOutcome::refused, FrameOutcome::refused}));
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM quarantine"), "2");
}

TEST_F(Writer_, what_strangers_send_cannot_hold_up_a_batch)
{
    const std::vector<QuarantineWrite> strange{{FrameState::malformed, std::string{"nul \0 and \xff", 11},
                                                at("2024-06-01T08:00:00Z"), "peer", "\xfe", MeterId{4711},
                                                std::nullopt, Bytes(2, std::byte{0}), 9, 0}};
    const auto result = write({frame(meter, 1, "2024-03-01", 1)}, strange);
    EXPECT_EQ(result.outcomes[0], FrameOutcome::committed);
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM interval_day"), "1");
    EXPECT_EQ(ask(DbRole::collect, "SELECT reason, frame IS NULL FROM quarantine"), "malformed|t");
}

TEST_F(Writer_, a_terminated_session_is_connected_again_and_nothing_is_written_twice)
{
    (void)write({frame(meter, 1, "2024-03-01", 1)});
    owner("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'releve_collect' AND "
          "datname = current_database()");
    const auto result = write({frame(meter, 2, "2024-03-02", 1)});
    EXPECT_EQ(result.outcomes[0], FrameOutcome::committed);
    EXPECT_GE(result.retries, 1);
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*), sum(frames) FROM batch"), "2|2");
}

TEST_F(Writer_, a_session_lost_during_commit_is_looked_up_and_written_once)
{
    owner("CREATE SEQUENCE attempts; GRANT USAGE ON attempts TO releve_collect");
    owner("CREATE FUNCTION lose_session() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN "
          "IF nextval('attempts') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN "
          "NULL; END $$");
    owner("CREATE CONSTRAINT TRIGGER lose_session AFTER INSERT ON batch DEFERRABLE INITIALLY DEFERRED "
          "FOR EACH ROW EXECUTE FUNCTION lose_session()");
    const auto result = write({frame(meter, 1, "2024-03-01", 1)});
    EXPECT_EQ(result.outcomes[0], FrameOutcome::committed);
    EXPECT_EQ(result.retries, 1);
    EXPECT_EQ(ask(DbRole::collect, "SELECT batch, frames FROM batch"), "1|1");
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM frame_archive"), "1");
}

TEST_F(Writer_, gives_up_when_told_and_writes_the_same_rows_later)
{
    std::vector<FrameWrite> frames{frame(meter, 1, "2024-03-01", 1)};
    owner("REVOKE INSERT ON frame_archive FROM releve_collect");
    numbers.waits = 3;
    EXPECT_FALSE(writer.write(numbers.request(frames)).has_value());
    EXPECT_EQ(numbers.last, 1) << "one number for all attempts";
    owner("GRANT INSERT ON frame_archive TO releve_collect");
    EXPECT_EQ(writer.write(numbers.request(frames)).value().outcomes.at(0), FrameOutcome::committed);
    EXPECT_EQ(ask(DbRole::collect, "SELECT batch, frames FROM batch"), "2|1");
}

TEST_F(Writer_, a_commit_of_which_only_the_answer_was_lost_is_not_repeated)
{
    // The first attempt stops at its very end until we let it die; behind it waits a session that then writes
    // the batch row which a COMMIT that went through would have left; the second attempt comes after that.
    owner("CREATE FUNCTION die_slowly() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN "
          "IF current_setting('application_name') <> 'twin' THEN PERFORM pg_advisory_lock(1); "
          "PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END $$");
    owner("CREATE CONSTRAINT TRIGGER die_slowly AFTER INSERT ON batch DEFERRABLE INITIALLY DEFERRED "
          "FOR EACH ROW EXECUTE FUNCTION die_slowly()");
    pg::Connection gate{address, DbRole::owner};
    gate.exec("SELECT pg_advisory_lock(1)");
    std::jthread twin([&] {
        wait_until_some("FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND database = "
                        "(SELECT oid FROM pg_database WHERE datname = current_database())");
        owner("SET application_name = 'twin'; BEGIN; LOCK TABLE batch IN ACCESS EXCLUSIVE MODE; INSERT INTO "
              "batch (batch, writer, "
              "frames, readings, refused, watermark, meter_ids, key_generations, counters, digests) VALUES "
              "(1, 1, 1, 48, 0, 0, '{1}', '{1}', '{1}', '{-1152921504606846975}'); COMMIT");
    });
    std::jthread opener([&] {
        wait_until_some("FROM pg_locks WHERE NOT granted AND relation = 'batch'::regclass");
        owner("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted");
    });
    const auto result = write({frame(meter, 1, "2024-03-01", 1)});
    EXPECT_EQ(result.outcomes[0], FrameOutcome::committed);
    EXPECT_EQ(result.transactions, 0);
    EXPECT_EQ(numbers.last, 1) << "the same number was looked up";
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM batch"), "1");
    EXPECT_EQ(ask(DbRole::collect, "SELECT count(*) FROM interval_day"), "0") << "the twin wrote none";
}

TEST_F(Writer_, a_committed_batch_is_known_by_its_frames)
{
    std::vector<FrameWrite> frames{frame(meter, 1, "2024-03-01", 1)},
        others{frame(meter, 2, "2024-03-01", 1)};
    (void)writer.write(numbers.request(frames));
    pg::Connection connection{address, DbRole::collect};
    EXPECT_TRUE(batch_is_ours(connection, {BatchNumber{1}, BatchNumber{0}, 1, {}}, frames));
    EXPECT_FALSE(batch_is_ours(connection, {BatchNumber{1}, BatchNumber{0}, 2, {}}, frames));
    EXPECT_FALSE(batch_is_ours(connection, {BatchNumber{1}, BatchNumber{0}, 1, {}}, others));
    EXPECT_FALSE(batch_is_ours(connection, {BatchNumber{2}, BatchNumber{0}, 1, {}}, frames));
}

TEST_F(Writer_, a_number_that_somebody_took_costs_a_number_and_no_frame)
{
    owner(
        "INSERT INTO batch (batch, writer, frames, readings, refused, watermark) VALUES (1, 9, 0, 0, 0, 0)");
    EXPECT_EQ(write({frame(meter, 1, "2024-03-01", 1)}).outcomes[0], FrameOutcome::committed);
    EXPECT_EQ(ask(DbRole::collect, "SELECT batch, writer FROM batch ORDER BY batch"), "1|9\n2|1");
}

TEST_F(Writer_, a_deadlock_is_tried_again)
{
    owner("CREATE SEQUENCE attempts; GRANT USAGE ON attempts TO releve_collect");
    owner("CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
          "IF nextval('attempts') = 1 THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END "
          "IF; RETURN NEW; END $$");
    owner("CREATE TRIGGER fail_once BEFORE INSERT ON interval_day FOR EACH ROW EXECUTE FUNCTION fail_once()");
    const auto result = write({frame(meter, 1, "2024-03-01", 1)});
    EXPECT_EQ(result.outcomes[0], FrameOutcome::committed);
    EXPECT_EQ(result.retries, 1);
}

} // namespace releve::store::test
