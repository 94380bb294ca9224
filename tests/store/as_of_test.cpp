// "What was known then" has one answer, whenever it is asked: while a transaction with a lower number is
// still open, after the clock stepped, and after what was known has been superseded.

#include "batch_rows.hpp"
#include "store_fixture.hpp"

#include <releve/store/api_store.hpp>

#include <array>
#include <bit>
#include <random>
#include <thread>

namespace releve::store::test {

class AsOfTest : public StoreTest {
protected:
    static constexpr std::array homes{"01000000000001", "02000000000002", "03000000000003"};
    static constexpr const char* the_day = "2024-03-30";
    ApiStore store{address, test_model};
    std::vector<MeterId> meters;
    Identity who;

    void SetUp() override
    {
        for (std::size_t i = 0; i < homes.size(); ++i) {
            add_usage_point(homes.at(i));
            meters.push_back(add_meter("4c4b59000000000" + std::to_string(i + 1)));
            install(meters.back(), homes.at(i));
        }
        who = store.authenticate(add_token("operator", {"root"}, {}), at("2024-06-01T00:00:00Z")).value();
    }
    static AsOf then(Instant instant, Instant now) { return {.instant = instant, .now = now}; }
    static AsOf then(const char* instant) { return then(at(instant), at("2024-06-02T00:00:00Z")); }
    static AsOf number(std::int64_t batch) { return {.batch = BatchNumber{batch}}; }

    /// "7: 2400 - 1200": the number, and the energy of the day in each home.
    std::string known(const AsOf& as_of)
    {
        std::string text;
        for (const char* home : homes) {
            const auto answer = store.daily(who, {home}, day(the_day), day("2024-03-31"), "", as_of);
            if (!answer)
                return answer.error().detail;
            if (text.empty())
                text = (answer->as_of ? std::to_string(answer->as_of->value) : "all") + ":";
            const auto& summary = answer->days.at(0).summary;
            text += summary.missing < summary.slots ? " " + std::to_string(summary.energy_wh) : " -";
        }
        return text;
    }
    static BatchWriter::Request request(std::vector<FrameWrite>& frames, std::int64_t batch,
                                        std::int64_t watermark, const char* now)
    {
        BatchWriter::Request request;
        request.frames = frames;
        request.next_batch = [batch] { return BatchNumber{batch}; };
        request.watermark = [watermark] { return BatchNumber{watermark}; };
        request.now = at(now);
        request.wait = [](const std::string&, std::chrono::milliseconds) { return false; };
        return request;
    }
    void write(std::vector<FrameWrite> frames, std::int64_t batch, const char* now)
    {
        BatchWriter writer{address, 1};
        const auto result = writer.write(request(frames, batch, batch - 1, now));
        ASSERT_TRUE(result);
        for (const auto& reason : result->reasons)
            ASSERT_EQ(reason, "");
    }
};

TEST_F(AsOfTest, a_stalled_writer_does_not_change_what_was_said_while_it_stalled)
{
    owner(
        "CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.writer = 1 THEN PERFORM "
        "pg_advisory_xact_lock(7); END IF; RETURN NEW; END $$");
    owner("CREATE CONSTRAINT TRIGGER stall AFTER INSERT ON batch DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
          "EXECUTE "
          "FUNCTION stall()");
    std::vector<FrameWrite> slow{frame(meters[0], 1, the_day, 100)}, quick{frame(meters[1], 1, the_day, 200)};
    BatchWriter stalled{address, 1}, other{address, 2};
    std::jthread writing;
    pg::Connection gate{address, DbRole::owner}; // goes before the thread that it stalls, whatever fails
    gate.exec("SELECT pg_advisory_lock(7)");
    writing = std::jthread{[&] { EXPECT_TRUE(stalled.write(request(slow, 1, 0, "2024-06-01T08:00:00Z"))); }};
    wait_until_some("FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND objid = 7");
    ASSERT_TRUE(other.write(request(quick, 2, 0, "2024-06-01T08:00:01Z")));
    EXPECT_EQ(known({}), "all: - 4800 -") << "what is committed is there for those who ask for everything";
    EXPECT_EQ(known(then("2024-06-01T08:00:05Z")), "0: - - -")
        << "number 1 is open: nothing is known for good";
    EXPECT_EQ(known(number(2)), "as_of: no answer has named this number yet");
    gate.exec("SELECT pg_advisory_unlock(7)");
    writing.join();
    EXPECT_EQ(known(then("2024-06-01T08:00:05Z")), "0: - - -") << "the same answer as before the commit";
    EXPECT_EQ(known(then("2024-06-01T08:00:04Z")), "0: - - -") << "an earlier instant knows no more";
    EXPECT_EQ(known(then("2024-06-01T08:00:06Z")), "2: 2400 4800 -");
    write({frame(meters[0], 2, the_day, 300), frame(meters[2], 1, the_day, 50)}, 3, "2024-06-01T08:00:07Z");
    EXPECT_EQ(known(then("2024-06-01T08:00:05Z")), "0: - - -");
    EXPECT_EQ(known(then("2024-06-01T08:00:06Z")), "2: 2400 4800 -");
    EXPECT_EQ(known(number(2)), "2: 2400 4800 -");
    EXPECT_EQ(known(then("2024-06-01T08:00:08Z")), "3: 7200 4800 1200");
}

TEST_F(AsOfTest, an_instant_of_a_stall_is_answered_alike_when_it_is_first_asked_for_later)
{
    // Number 1 began at 08:00 and committed only after number 3 had begun.
    const auto batch = [&](int n, std::vector<FrameWrite> frames, std::int64_t watermark, const char* now) {
        BatchWriter writer{address, n};
        ASSERT_TRUE(writer.write(request(frames, n, watermark, now)));
    };
    batch(2, {frame(meters[1], 1, the_day, 200)}, 0, "2024-06-01T08:00:01Z");
    batch(3, {frame(meters[1], 2, the_day, 250)}, 0, "2024-06-01T08:30:00Z");
    batch(1, {frame(meters[0], 1, the_day, 100)}, 0, "2024-06-01T08:00:00Z");
    batch(4, {frame(meters[2], 1, the_day, 50)}, 3, "2024-06-01T09:00:00Z");
    EXPECT_EQ(known(then("2024-06-01T08:15:00Z")), "0: - - -");
    EXPECT_EQ(known(then("2024-06-01T08:45:00Z")), "3: 2400 6000 -");
    EXPECT_EQ(known(then("2024-06-01T09:00:00Z")), "4: 2400 6000 1200");
    EXPECT_EQ(known(then("2024-05-01T00:00:00Z")), "0: - - -") << "before there was anything";
}

TEST_F(AsOfTest, a_clock_that_steps_back_and_forward_changes_no_answer)
{
    const Instant half_past_eleven = at("2024-06-01T11:30:00Z"), at_two = at("2024-06-01T14:00:00Z");
    write({frame(meters[0], 1, the_day, 100)}, 1, "2024-06-01T11:20:00Z");
    const AsOf asked = then(half_past_eleven, at("2024-06-01T11:40:00Z"));
    EXPECT_EQ(known(asked), "1: 2400 - -");
    // Back by an hour: half past eleven lies ahead once more, and batches begin before it.
    write({frame(meters[1], 1, the_day, 200)}, 2, "2024-06-01T10:41:00Z");
    EXPECT_EQ(known(asked), "1: 2400 - -");
    EXPECT_EQ(known(then(half_past_eleven, at("2024-06-01T10:42:00Z"))), "1: 2400 - -")
        << "what was answered before is no future";
    EXPECT_EQ(known(then(at_two, at("2024-06-01T10:42:00Z"))), "as_of: lies in the future");
    write({frame(meters[0], 2, the_day, 300)}, 3, "2024-06-01T11:35:00Z");
    EXPECT_EQ(known(asked), "1: 2400 - -");
    EXPECT_EQ(known(then(at("2024-06-01T11:36:00Z"), at("2024-06-01T11:36:00Z"))), "3: 7200 4800 -");
    // Forward by two hours, and back.
    write({frame(meters[2], 1, the_day, 50)}, 4, "2024-06-01T13:37:00Z");
    EXPECT_EQ(known(then(at_two, at_two)), "4: 7200 4800 1200");
    write({frame(meters[2], 2, the_day, 60)}, 5, "2024-06-01T11:38:00Z");
    EXPECT_EQ(known(then(at_two, at_two)), "4: 7200 4800 1200");
    EXPECT_EQ(known(then(at("2024-06-01T11:36:00Z"), at_two)), "3: 7200 4800 -");
    EXPECT_EQ(known(asked), "1: 2400 - -");
    EXPECT_EQ(known(then("2024-06-01T14:00:01Z")), "5: 7200 4800 1440");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM known_at"), "4") << "one row a number";
}

TEST_F(AsOfTest, numbers_that_never_were_committed_hold_nothing_up)
{
    write({frame(meters[0], 1, the_day, 100)}, 3, "2024-06-01T08:00:00Z"); // says that 1 and 2 are decided
    EXPECT_EQ(known(then("2024-06-01T08:00:05Z")), "3: 2400 - -");
    std::vector<FrameWrite> frames{frame(meters[1], 1, the_day, 200)};
    BatchWriter writer{address, 2};
    ASSERT_TRUE(
        writer.write(request(frames, 5, 3, "2024-06-01T08:00:06Z"))); // whether 4 will come is not known yet
    EXPECT_EQ(known(then("2024-06-01T08:00:10Z")), "3: 2400 - -");
    CollectStore{address}.save_replay_states({}, BatchNumber{5});
    EXPECT_EQ(known(then("2024-06-01T08:00:11Z")), "5: 2400 4800 -")
        << "the checkpoint says that it will not";
    EXPECT_EQ(known(then("2024-06-01T08:00:10Z")), "3: 2400 - -");
}

TEST_F(AsOfTest, each_value_is_shown_as_it_stood)
{
    const auto slots = [&](std::uint64_t counter, std::int64_t value, std::uint32_t from, std::uint32_t to) {
        return slots_of(frame(meters[0], counter, the_day, value), from, to);
    };
    write({slots(1, 100, 0, 2)}, 1, "2024-06-01T08:00:00Z");
    write({slots(2, 200, 2, 4)}, 2, "2024-06-01T08:01:00Z"); // only adds: no history of it
    write({slots(3, 900, 1, 3)}, 3, "2024-06-01T08:02:00Z"); // replaces one of each
    write({slots(4, 700, 2, 5)}, 4, "2024-06-01T08:03:00Z"); // replaces one of 2 and one of 3, and adds
    const auto values = [&](std::int64_t batch) {
        std::string text;
        const auto answer =
            store.readings(who, {homes[0]}, at("2024-03-29T23:00:00Z"), at("2024-03-30T23:00:00Z"), "",
                           batch < 0 ? AsOf{} : number(batch));
        for (const auto& reading : answer.value().readings)
            text += (text.empty() ? "" : " ") + std::to_string(reading.value);
        return text;
    };
    EXPECT_EQ(values(0), "");
    EXPECT_EQ(values(1), "100 100");
    EXPECT_EQ(values(2), "100 100 200 200");
    EXPECT_EQ(values(3), "100 900 900 200");
    EXPECT_EQ(values(4), "100 900 700 700 700");
    EXPECT_EQ(values(-1), values(4));
}

TEST_F(AsOfTest, register_reads_are_shown_as_they_stood)
{
    const auto reads = [&](std::uint64_t counter, const char* instant, std::int64_t value) {
        FrameWrite write = frame(meters[0], counter, the_day, 1);
        write.interval_days.clear();
        RegisterBlock block;
        block.reads = {{ChannelId{20}, at(instant), value, {true, 1, counter, Quality::raw, 0}}};
        write.register_days.push_back({day(the_day), block});
        return write;
    };
    write({reads(1, "2024-03-30T06:00:00Z", 1000)}, 1, "2024-06-01T08:00:00Z");
    write({reads(2, "2024-03-30T12:00:00Z", 1500)}, 2, "2024-06-01T08:01:00Z");
    write({reads(3, "2024-03-30T06:00:00Z", 1001)}, 3, "2024-06-01T08:02:00Z");
    const auto values = [&](std::int64_t batch) {
        std::string text;
        const auto answer = store.readings(who, {homes[0]}, at("2024-03-30T00:00:00Z"),
                                           at("2024-03-31T00:00:00Z"), "active_energy_import", number(batch));
        if (!answer)
            return std::string{error_row(answer.error().code).name};
        for (const auto& reading : answer->readings)
            text += (text.empty() ? "" : " ") + std::to_string(reading.value);
        return text;
    };
    EXPECT_EQ(values(1), "1000");
    EXPECT_EQ(values(2), "1000 1500");
    EXPECT_EQ(values(3), "1001 1500");
    owner("UPDATE usage_point SET collection = 'daily'");
    EXPECT_EQ(values(1), "daily_only") << "reads that would tell a curve are not kept to answer from";
}

TEST_F(AsOfTest, a_total_is_known_from_the_batch_that_completed_its_day)
{
    owner("UPDATE usage_point SET collection = 'daily'");
    const auto total = [&](std::uint64_t counter, std::int64_t energy_wh, std::uint64_t present) {
        FrameWrite write = frame(meters[0], counter, the_day, 1);
        write.interval_days.clear();
        write.archive.clear();
        DailyTotalWrite daily = daily_write(homes[0], the_day, energy_wh, counter);
        daily.present[0] = present;
        daily.summary.missing = 48 - std::popcount(present);
        write.daily_totals.push_back(daily);
        return write;
    };
    constexpr std::uint64_t all = 0xFFFF'FFFF'FFFFU, half = 0xFF'FFFFU;
    write({total(1, 1000, half)}, 1, "2024-06-01T08:00:00Z");
    EXPECT_EQ(known({}), "all: 1000 - -");
    EXPECT_EQ(known(number(1)), "1: - - -");
    write({total(2, 2000, all & ~half)}, 2, "2024-06-01T08:01:00Z");
    write({total(3, 3300, all)}, 3, "2024-06-01T08:02:00Z");
    EXPECT_EQ(known(number(1)), "1: - - -")
        << "the half that was there is not kept, and was not shown before";
    EXPECT_EQ(known(number(2)), "2: 3000 - -");
    EXPECT_EQ(known(number(3)), "3: 3300 - -");
    EXPECT_EQ(known({}), "all: 3300 - -");
}

/// Writers, commits, clock and questions in any order: a question once answered is answered alike for ever,
/// and a later instant never knows less.
TEST_F(AsOfTest, any_order_of_begins_commits_clock_steps_and_questions)
{
    struct Writer {
        explicit Writer(const DatabaseAddress& address) : connection{address, DbRole::collect} {}
        pg::Connection connection;
        std::optional<pg::Transaction> open{};
        std::int64_t number = 0;
    };
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    const auto dice = [&](int sides) { return static_cast<int>(random() % static_cast<unsigned>(sides)); };
    std::vector<std::unique_ptr<Writer>> writers;
    for (std::size_t i = 0; i < homes.size(); ++i)
        writers.push_back(std::make_unique<Writer>(address));
    Instant clock = at("2024-06-01T08:00:00Z");
    std::int64_t last = 0;
    std::map<Instant, std::string> answers;
    const auto begin = [&](std::size_t which) {
        Writer& writer = *writers[which];
        writer.number = ++last;
        std::int64_t watermark = last;
        for (const auto& other : writers)
            if (other->open || other.get() == &writer)
                watermark = std::min(watermark, other->number - 1);
        std::vector<FrameWrite> frames{
            frame(meters[which], static_cast<std::uint64_t>(last), the_day, 1 + dice(1'000))};
        RecentDays recent;
        Checks checks;
        writer.open.emplace(writer.connection);
        write_batch_row(writer.connection,
                        {BatchNumber{last}, BatchNumber{watermark}, static_cast<int>(which), clock}, frames,
                        0);
        write_intervals(writer.connection, BatchNumber{last}, frames, recent, checks, false);
    };
    const auto end = [&](Writer& writer, bool keep) {
        if (keep)
            writer.open->commit(); // else the server rolls it back: a number that never comes
        writer.open.reset();
    };
    for (int step = 0; step < 150; ++step) {
        clock += Seconds{dice(20)};
        if (dice(25) == 0)
            clock += Seconds{(dice(3) - 1) * 3600};
        const auto which = static_cast<std::size_t>(dice(static_cast<int>(writers.size())));
        Writer& writer = *writers[which];
        if (writer.open && dice(2) == 0)
            end(writer, dice(6) > 0);
        else if (!writer.open)
            begin(which);
        if (dice(3) == 0) {
            const Instant instant = clock - Seconds{dice(4) == 0 ? dice(7'200) : 0};
            const auto [place, fresh] = answers.try_emplace(instant, known(then(instant, clock)));
            ASSERT_EQ(known(then(instant, clock)), place->second)
                << "step " << step << (fresh ? "" : ", again");
        }
    }
    for (const auto& writer : writers)
        if (writer->open)
            end(*writer, true);
    // Later than any clock so far, nothing is on its way any more: each batch that begins knows all before it.
    clock += Seconds{200 * 3600};
    for (int i = 0; i < 2; ++i, clock += Seconds{60}) {
        begin(0);
        end(*writers[0], true);
    }
    answers.try_emplace(clock, known(then(clock, clock)));
    std::int64_t before = 0;
    for (const auto& [instant, answer] : answers) {
        ASSERT_EQ(known(then(instant, clock)), answer) << to_iso8601(instant);
        const std::int64_t batch = std::stoll(answer);
        EXPECT_EQ(known(number(batch)), answer);
        EXPECT_GE(batch, before) << to_iso8601(instant);
        before = batch;
    }
    EXPECT_GE(before, last - 1) << "there was something to know";
}

} // namespace releve::store::test
