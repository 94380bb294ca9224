// The writers: order, one batch at a time, answers only after the commit, a full queue, devices and keys that change,
// a database that refuses or is lost. The store is a fake; the real one has its own tests.

#include "fixture.hpp"

#include <releve/app/ingest.hpp>

#include <gtest/gtest.h>

#include <condition_variable>
#include <algorithm>
#include <future>

namespace releve::app {
namespace {

using testing_fixture::Home;

/// What the fake database did and is told to do.
struct Ledger {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<store::FrameWrite> written;
    std::vector<store::QuarantineWrite> refused;
    std::vector<std::int64_t> resolved;
    std::size_t calls = 0;
    bool hold = false;            // writes wait
    int lose = 0, attempts = 0;   // so many attempts find no database
    std::chrono::milliseconds pause{0};
    std::uint64_t poison = 0;     // digest of a frame the database refuses
    std::size_t waiting = 0;

    void release()
    {
        const std::scoped_lock lock{mutex};
        hold = false;
        changed.notify_all();
    }
    template <class Predicate>
    void wait_until(Predicate predicate)
    {
        std::unique_lock lock{mutex};
        changed.wait(lock, predicate);
    }
};

class FakeWriter final : public ReadingWriter {
public:
    explicit FakeWriter(Ledger& ledger) : ledger_(ledger) {}
    std::optional<store::BatchResult> write(const store::BatchWriter::Request& request) override
    {
        std::unique_lock lock{ledger_.mutex};
        ++ledger_.calls;
        ++ledger_.waiting;
        ledger_.changed.notify_all();
        while (ledger_.lose > 0) {
            --ledger_.lose;
            ++ledger_.attempts;
            ledger_.changed.notify_all();
            lock.unlock();
            if (!request.wait("the connection is lost", ledger_.pause))
                return std::nullopt;
            lock.lock();
        }
        ledger_.changed.wait(lock, [&] { return !ledger_.hold; });
        static_cast<void>(request.next_batch());
        store::BatchResult result;
        for (const store::FrameWrite& frame : request.frames) {
            const bool poison = frame.digest == ledger_.poison;
            result.outcomes.push_back(poison ? store::FrameOutcome::refused : store::FrameOutcome::committed);
            result.reasons.emplace_back(poison ? "poison" : "");
            if (!poison)
                ledger_.written.push_back(frame);
        }
        ledger_.refused.insert(ledger_.refused.end(), request.quarantine.begin(), request.quarantine.end());
        ledger_.resolved.insert(ledger_.resolved.end(), request.resolved.begin(), request.resolved.end());
        ledger_.changed.notify_all();
        return result;
    }

private:
    Ledger& ledger_;
};

class Answers final : public net::ReplyTarget {
public:
    void deliver(std::vector<net::Reply> replies) override
    {
        const std::scoped_lock lock{mutex_};
        for (net::Reply& reply : replies) {
            not_kept_ += reply.detail.find("; not kept:") != std::string::npos ? 1 : 0;
            got_.push_back(std::move(reply.apdu));
        }
        changed_.notify_all();
    }
    std::vector<Bytes> wait_for(std::size_t count)
    {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return got_.size() >= count; });
        return got_;
    }
    std::size_t count()
    {
        const std::scoped_lock lock{mutex_};
        return got_.size();
    }
    std::size_t not_kept()
    {
        const std::scoped_lock lock{mutex_};
        return not_kept_;
    }

private:
    std::size_t not_kept_ = 0; // refused, and told so
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Bytes> got_;
};

struct IngestTest : testing::Test {
    Home home;
    Ledger ledger;
    IngestCounters counters;
    std::shared_ptr<Answers> answers = std::make_shared<Answers>();
    std::unique_ptr<Ingest> ingest;
    std::size_t batch_frames = 1'000, queue_bytes = 64'000'000;

    void start(std::size_t queue_frames = 100, std::chrono::milliseconds batch_wait = std::chrono::milliseconds{0})
    {
        IngestOptions options;
        options.writers = 1;
        options.queue_frames = queue_frames;
        options.queue_bytes = queue_bytes;
        options.batch_frames = batch_frames;
        options.batch_wait = batch_wait;
        options.rules = home.rules;
        options.now = [] { return Instant{}; };
        options.make_writer = [this](std::size_t) { return std::make_unique<FakeWriter>(ledger); };
        options.log = [](std::string_view) {};
        ingest = std::make_unique<Ingest>(std::move(options), counters, BatchNumber{0});
    }
    void know_home()
    {
        DeviceChange change;
        change.devices.push_back(home.device);
        ingest->apply(std::move(change));
    }
    bool submit(Bytes apdu)
    {
        net::InboundFrame frame = home.inbound(std::move(apdu));
        frame.reply_to = answers;
        return ingest->try_submit(frame);
    }
};

TEST_F(IngestTest, answers_after_the_commit_and_not_before)
{
    start();
    know_home();
    ledger.hold = true;
    const sim::Frame sent = home.day_frame(0);
    ASSERT_TRUE(submit(sent.apdu));
    ledger.wait_until([&] { return ledger.waiting == 1; });
    EXPECT_EQ(answers->count(), 0U) << "judged, but not committed";
    ledger.release();
    EXPECT_TRUE(home.meter.check_confirm(sent, answers->wait_for(1)[0]));
    EXPECT_EQ(counters.of(FrameState::accepted), 1U);
}

TEST_F(IngestTest, a_resend_of_a_pending_frame_is_confirmed_with_its_commit_and_stored_once)
{
    start();
    know_home();
    ledger.hold = true;
    const sim::Frame sent = home.day_frame(0);
    ASSERT_TRUE(submit(sent.apdu));
    ledger.wait_until([&] { return ledger.waiting == 1; });
    ASSERT_TRUE(submit(sent.apdu));
    ledger.release();
    const auto got = answers->wait_for(2);
    EXPECT_EQ(got[0], got[1]);
    EXPECT_EQ(ledger.written.size(), 1U);
    EXPECT_EQ(counters.of(FrameState::duplicate), 1U);
}

TEST_F(IngestTest, a_full_queue_takes_nothing_and_wakes_when_there_is_room)
{
    start(2);
    know_home();
    ledger.hold = true;
    ASSERT_TRUE(submit(home.day_frame(0).apdu));
    ledger.wait_until([&] { return ledger.waiting == 1; }); // the writer is busy, the queue empty
    ASSERT_TRUE(submit(home.day_frame(1).apdu));
    ASSERT_TRUE(submit(home.day_frame(2).apdu));
    EXPECT_FALSE(submit(home.day_frame(3).apdu));
    std::promise<void> woken;
    ingest->when_space([&] { woken.set_value(); });
    ledger.release();
    woken.get_future().wait();
    EXPECT_TRUE(submit(home.day_frame(3).apdu));
    answers->wait_for(4);
    EXPECT_EQ(ledger.written.size(), 4U);
}

TEST_F(IngestTest, a_lost_database_holds_the_batch_until_it_is_back)
{
    start();
    know_home();
    ledger.lose = 4; // the first two may be a deadlock: they are retries and no more
    const sim::Frame sent = home.day_frame(0);
    ASSERT_TRUE(submit(sent.apdu));
    EXPECT_TRUE(home.meter.check_confirm(sent, answers->wait_for(1)[0]));
    EXPECT_EQ(counters.database_lost, 2U);
    EXPECT_EQ(ledger.written.size(), 1U);
}

TEST_F(IngestTest, a_refused_frame_is_not_confirmed_and_does_not_hold_up_its_neighbours)
{
    start(100, std::chrono::milliseconds{50});
    const sim::Frame poison = home.day_frame(1);
    ledger.poison = frame_digest(poison.apdu);
    know_home();
    const sim::Frame first = home.day_frame(0);
    const sim::Frame last = home.day_frame(2);
    for (const sim::Frame* frame : {&first, &poison, &last})
        ASSERT_TRUE(submit(frame->apdu));
    std::vector<Bytes> got = answers->wait_for(3);
    EXPECT_EQ(std::count(got.begin(), got.end(), Bytes{}), 1);
    EXPECT_EQ(counters.of(FrameState::store_refused), 1U);
    EXPECT_EQ(counters.of(FrameState::accepted), 2U);
    // The counter of the refused frame was not burnt for the ones after it.
    ASSERT_TRUE(submit(last.apdu));
    answers->wait_for(4);
    EXPECT_EQ(counters.of(FrameState::duplicate), 1U);
}

TEST_F(IngestTest, a_key_that_arrives_brings_back_what_waited_for_it_before_live_traffic)
{
    start();
    Device without_key = home.device;
    without_key.keys.clear();
    DeviceChange change;
    change.devices.push_back(without_key);
    ingest->apply(std::move(change));
    ASSERT_TRUE(submit(home.day_frame(0).apdu));
    ASSERT_TRUE(submit(home.day_frame(1).apdu));
    answers->wait_for(2);
    ASSERT_EQ(counters.of(FrameState::no_key), 2U);

    DeviceChange with_key;
    with_key.devices.push_back(home.device);
    for (std::int64_t id : {11, 12}) {
        net::InboundFrame frame = home.inbound(home.day_frame(static_cast<int>(id - 11)).apdu);
        frame.retry_of = id;
        with_key.retries.push_back(std::move(frame));
    }
    ingest->apply(std::move(with_key));
    ASSERT_TRUE(submit(home.day_frame(2).apdu));
    answers->wait_for(3);
    EXPECT_EQ(counters.of(FrameState::accepted), 3U);
    ASSERT_EQ(ledger.written.size(), 3U);
    EXPECT_EQ(ledger.written[0].retry_of, 11);
    EXPECT_EQ(ledger.written[1].retry_of, 12);

    DeviceChange late; // the same message again from quarantine: nothing to write, but it waits no longer
    late.retries.push_back(home.inbound(home.day_frame(0).apdu));
    late.retries.back().retry_of = 13;
    ingest->apply(std::move(late));
    ledger.wait_until([&] { return !ledger.resolved.empty(); });
    EXPECT_EQ(ledger.resolved, (std::vector<std::int64_t>{13}));
}

TEST_F(IngestTest, what_waited_for_a_key_comes_in_batches_no_larger_than_live_ones)
{
    batch_frames = 4;
    start();
    DeviceChange change;
    change.devices.push_back(home.device);
    for (int day = 0; day < 10; ++day)
        change.retries.push_back(home.inbound(home.day_frame(day).apdu));
    ingest->apply(std::move(change));
    ledger.wait_until([&] { return ledger.written.size() == 10; });
    EXPECT_EQ(ledger.calls, 3U);
}

TEST_F(IngestTest, a_queue_is_full_by_bytes_as_well)
{
    queue_bytes = home.day_frame(0).apdu.size() * 2;
    start();
    know_home();
    ledger.hold = true;
    ASSERT_TRUE(submit(home.day_frame(0).apdu));
    ledger.wait_until([&] { return ledger.waiting == 1; });
    EXPECT_TRUE(submit(home.day_frame(1).apdu));
    EXPECT_TRUE(submit(home.day_frame(2).apdu));
    EXPECT_FALSE(submit(home.day_frame(3).apdu));
    ledger.release();
    answers->wait_for(3);
}

TEST_F(IngestTest, of_a_flood_of_refused_messages_all_are_counted_and_some_are_kept)
{
    constexpr std::size_t flood = 3'000;
    start(flood);
    const Bytes apdu = home.day_frame(0).apdu;
    for (std::size_t i = 0; i < flood; ++i)
        ASSERT_TRUE(submit(apdu));
    answers->wait_for(flood);
    EXPECT_EQ(counters.of(FrameState::unknown_meter), flood);
    EXPECT_EQ(ledger.refused.size() + counters.quarantine_not_kept, flood);
    EXPECT_GE(ledger.refused.size(), 1'000U);
    EXPECT_GT(counters.quarantine_not_kept, 0U);
    EXPECT_EQ(answers->not_kept(), counters.quarantine_not_kept) << "whoever sent it is told";
}

TEST_F(IngestTest, another_replay_mode_forgets_nothing)
{
    start();
    know_home();
    const sim::Frame sent = home.day_frame(0);
    ASSERT_TRUE(submit(sent.apdu));
    answers->wait_for(1);
    home.device.replay_mode = ReplayMode::window;
    know_home();
    ASSERT_TRUE(submit(sent.apdu));
    answers->wait_for(2);
    EXPECT_EQ(counters.of(FrameState::duplicate), 1U);
}

TEST_F(IngestTest, a_message_explained_later_waits_on_if_the_database_refuses_it)
{
    start();
    std::promise<std::vector<std::int64_t>> done;
    ingest->on_reprocessed([&](std::vector<std::int64_t> ids) { done.set_value(std::move(ids)); });
    DeviceChange change;
    change.devices.push_back(home.device);
    for (std::int64_t id : {1, 2}) {
        const Bytes apdu = home.day_frame(static_cast<int>(id)).apdu;
        change.undecoded.push_back(
            {{home.device.meter, 1, static_cast<std::uint64_t>(id), frame_digest(apdu), home.received_at, apdu}, id});
    }
    ledger.poison = change.undecoded[0].digest;
    ingest->apply(std::move(change));
    EXPECT_EQ(done.get_future().get(), (std::vector<std::int64_t>{2}));
}

TEST_F(IngestTest, stopping_commits_what_is_queued)
{
    start(100, std::chrono::milliseconds{20});
    know_home();
    for (int day = 0; day < 20; ++day)
        ASSERT_TRUE(submit(home.day_frame(day).apdu));
    ingest->drain_and_stop();
    EXPECT_EQ(ledger.written.size(), 20U);
    EXPECT_EQ(answers->count(), 20U);
    EXPECT_FALSE(submit(home.day_frame(20).apdu));
    const Ingest::Checkpoint checkpoint = ingest->checkpoint();
    ASSERT_EQ(checkpoint.rows.size(), 1U);
    EXPECT_EQ(checkpoint.rows[0].recent.size(), 20U);
}

TEST_F(IngestTest, giving_up_a_lost_database_ends_at_once_and_confirms_and_remembers_nothing)
{
    start();
    know_home();
    ledger.lose = 1'000'000;
    ledger.pause = std::chrono::hours{1};
    ASSERT_TRUE(submit(home.day_frame(0).apdu));
    ledger.wait_until([&] { return ledger.attempts == 1; });
    ingest->abandon();
    ingest->drain_and_stop();
    EXPECT_EQ(answers->count(), 0U);
    EXPECT_EQ(counters.of(FrameState::accepted), 0U);
    for (const store::ReplayRow& row : ingest->checkpoint().rows)
        EXPECT_TRUE(row.recent.empty());
}

TEST_F(IngestTest, a_restored_replay_state_knows_what_was_accepted)
{
    start();
    know_home();
    const sim::Frame sent = home.day_frame(0);
    ASSERT_TRUE(submit(sent.apdu));
    answers->wait_for(1);
    const auto checkpoint = ingest->checkpoint();
    ASSERT_EQ(checkpoint.rows.size(), 1U);
    Device restored = home.device;
    restore_replay(restored, checkpoint.rows[0]);
    net::InboundFrame again = home.inbound(sent.apdu);
    EXPECT_EQ(judge(&restored, again, home.rules).state, FrameState::duplicate);
}

TEST(BatchNumbersTest, the_watermark_waits_for_the_oldest_open_batch)
{
    BatchNumbers numbers{BatchNumber{10}};
    const BatchNumber first = numbers.next();
    const BatchNumber second = numbers.next();
    EXPECT_EQ(numbers.watermark(), BatchNumber{10});
    numbers.decided(second);
    EXPECT_EQ(numbers.watermark(), BatchNumber{10});
    numbers.decided(first);
    EXPECT_EQ(numbers.watermark(), second);
}

} // namespace
} // namespace releve::app
