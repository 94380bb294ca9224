#include "ingest_shard.hpp"

#include <algorithm>
#include <cstring>
#include <ranges>
#include <set>

namespace releve::app {

namespace {
constexpr std::size_t retry_bytes_max = 8 * 1024 * 1024;
constexpr auto stays_busy = std::chrono::seconds{1};
constexpr int looks_rest = 4; // while frames come, a fifth of the time at most goes into looking at days
constexpr double allowance_rows = 1'000, allowance_rows_a_second = 100;
constexpr double allowance_bytes = 16 * 1024 * 1024, allowance_bytes_a_second = 1024 * 1024;
} // namespace

bool Allowance::take(std::size_t size)
{
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    rows_ = std::min(allowance_rows, rows_ + seconds * allowance_rows_a_second);
    bytes_ = std::min(allowance_bytes, bytes_ + seconds * allowance_bytes_a_second);
    if (rows_ < 1 || bytes_ < static_cast<double>(size))
        return false;
    rows_ -= 1;
    bytes_ -= static_cast<double>(size);
    return true;
}

std::size_t TitleHash::operator()(const SystemTitle& title) const noexcept
{
    std::uint64_t value = 0;
    std::memcpy(&value, title.data(), sizeof value);
    value ^= value >> 33; // titles of one maker differ only in their last bytes
    value *= 0xff51afd7ed558ccdULL;
    value ^= value >> 33;
    return static_cast<std::size_t>(value);
}

Ingest::Shard::Shard(Ingest& owner, std::size_t index) : owner_(owner), index_(index), rules_(owner.options_.rules)
{
    thread_ = std::thread{[this] { run(); }};
}

Ingest::Shard::~Shard()
{
    stop(false);
    join();
}

bool Ingest::Shard::try_push(net::InboundFrame& frame, const std::optional<SystemTitle>& title)
{
    bool awaited = false;
    {
        const std::scoped_lock lock{mutex_};
        if (stopping_ || is_full())
            return false;
        queued_bytes_ += frame.apdu.size();
        queue_.push_back({std::move(frame), title});
        // The writer waits for the first or for a full batch; waking it for each in between would cost both.
        awaited = queue_.size() == 1 || queue_.size() == owner_.options_.batch_frames;
    }
    ++owner_.counters_.queued_frames;
    if (awaited)
        wake_.notify_one();
    return true;
}

bool Ingest::Shard::full() const
{
    const std::scoped_lock lock{mutex_};
    return is_full();
}

bool Ingest::Shard::is_full() const
{
    return queue_.size() >= owner_.options_.queue_frames || queued_bytes_ >= owner_.options_.queue_bytes;
}

std::size_t Ingest::Shard::queued() const
{
    const std::scoped_lock lock{mutex_};
    return queue_.size();
}

void Ingest::Shard::post(DeviceChange change)
{
    {
        const std::scoped_lock lock{mutex_};
        changes_.push_back(std::move(change));
    }
    wake_.notify_one();
}

std::future<std::vector<store::ReplayRow>> Ingest::Shard::collect_replay_states()
{
    std::promise<std::vector<store::ReplayRow>> promise;
    auto future = promise.get_future();
    const std::scoped_lock lock{mutex_};
    if (!thread_.joinable())
        promise.set_value(take_replay_states()); // the thread has ended: nothing else touches the devices
    else
        collects_.push_back(std::move(promise));
    wake_.notify_one();
    return future;
}

void Ingest::Shard::stop(bool drain)
{
    {
        const std::scoped_lock lock{mutex_};
        stopping_ = true;
        abandoned_ = abandoned_ || !drain;
    }
    wake_.notify_one();
}

void Ingest::Shard::join()
{
    if (!thread_.joinable())
        return;
    thread_.join();
    std::deque<Queued> undecided; // gone while those who wait for an answer are still there
    const std::scoped_lock lock{mutex_};
    undecided.swap(queue_);
    for (auto& collect : collects_)
        collect.set_value(take_replay_states());
    collects_.clear();
}

Ingest::Shard::Work Ingest::Shard::wait_for_work()
{
    std::unique_lock lock{mutex_};
    const auto something = [&] { return stopping_ || !queue_.empty() || !changes_.empty() || !collects_.empty(); };
    if (writer_ && (writer_->deferred() > 0 || writer_->due() > 0))
        wake_.wait_for(lock, owner_.options_.batch_wait, something);
    else
        wake_.wait(lock, something);
    // A little company makes a cheaper batch.
    const auto enough = [&] { return stopping_ || queue_.size() >= owner_.options_.batch_frames || !changes_.empty(); };
    if (!queue_.empty() && owner_.options_.batch_wait.count() > 0)
        wake_.wait_for(lock, owner_.options_.batch_wait, enough);
    Work work;
    work.changes.swap(changes_);
    work.collects.swap(collects_);
    const std::size_t count = std::min(queue_.size(), owner_.options_.batch_frames);
    work.frames.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        queued_bytes_ -= queue_.front().frame.apdu.size();
        work.frames.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    work.backlog = queue_.size();
    work.stop = abandoned_ || (stopping_ && queue_.empty() && count == 0);
    return work;
}

void Ingest::Shard::run()
{
    for (;;) {
        Work work = wait_for_work();
        if (!work.frames.empty()) {
            owner_.counters_.queued_frames -= static_cast<std::int64_t>(work.frames.size());
            owner_.space_again();
        }
        for (DeviceChange& change : work.changes)
            apply(std::move(change));
        const auto now = std::chrono::steady_clock::now();
        if (work.backlog >= owner_.options_.batch_frames / 2)
            busy_until_ = now + stays_busy;
        const bool idle = work.frames.empty(), busy = now < busy_until_;
        if (!idle)
            process(std::move(work.frames), busy);
        const bool goes_on = fold_some(busy && !idle) && look_some(idle, busy);
        for (auto& collect : work.collects)
            collect.set_value(take_replay_states());
        if (work.stop)
            while (goes_on && writer_ && writer_->deferred() > 0 && fold_some(false)) {
            }
        if (work.stop)
            return;
    }
}

bool Ingest::Shard::fold_some(bool busy)
{
    if (!writer_ || writer_->deferred() == 0 || (busy && !writer_->fold_is_due()))
        return true;
    std::vector<BatchNumber> numbers;
    int attempts = 0;
    const auto whole = writer_->fold(new_request(numbers, attempts));
    if (!whole)
        return false;
    decided(numbers);
    count_deferred();
    if (!*whole) {
        owner_.options_.log("writer " + std::to_string(index_) + ": some of what was deferred was refused, and is read again");
        if (owner_.fold_refused_)
            owner_.fold_refused_();
    }
    return true;
}

bool Ingest::Shard::look_some(bool idle, bool busy)
{
    const auto begun = std::chrono::steady_clock::now();
    if (!writer_ || writer_->due() == 0 || !checks_ || (!idle && (begun < next_look_ || !writer_->look_is_due(busy))))
        return true;
    std::vector<BatchNumber> numbers;
    int attempts = 0;
    const auto looked = writer_->look(new_request(numbers, attempts));
    if (!looked)
        return false;
    decided(numbers);
    const auto ended = std::chrono::steady_clock::now();
    next_look_ = ended + looks_rest * (ended - begun);
    for (const std::string& line : writer_->take_unjudged())
        owner_.options_.log("writer " + std::to_string(index_) + ": not judged: " + line);
    return true;
}

void Ingest::Shard::open_writer()
{
    if (!writer_)
        writer_ = owner_.options_.make_writer(index_);
}

void Ingest::Shard::count_deferred()
{
    const auto now = static_cast<std::int64_t>(writer_->deferred());
    owner_.counters_.deferred_readings += now - std::exchange(deferred_counted_, now);
}

Device* Ingest::Shard::find(const std::optional<SystemTitle>& title)
{
    if (!title)
        return nullptr;
    const auto found = devices_.find(*title);
    return found == devices_.end() ? nullptr : &found->second;
}

/// What a million meters keep is in no cache. Looked up one after the other and asked for in advance, the waits for memory
/// overlap.
std::vector<Device*> Ingest::Shard::find_all(const std::vector<Queued>& frames)
{
    std::vector<Device*> devices;
    devices.reserve(frames.size());
    for (const Queued& queued : frames)
        devices.push_back(find(queued.title));
    for (const Device* device : devices)
        if (device)
            device->prefetch();
    for (const Device* device : devices)
        if (device)
            device->prefetch_parts();
    return devices;
}

void Ingest::Shard::apply(DeviceChange change)
{
    std::vector<MeterId> moved;
    for (Device& device : change.devices) {
        if (Device* known = find(device.title)) {
            if (known->model != device.model || known->installations != device.installations)
                moved.push_back(device.meter);
            for (const auto& [id, window] : known->windows)
                device.windows.insert_or_assign(id, ReplayWindow{device.replay_mode, window.recent()});
            device.last_accepted_at = known->last_accepted_at;
            device.replay_dirty = known->replay_dirty;
        }
        const SystemTitle title = device.title;
        const bool fresh = devices_.insert_or_assign(title, std::move(device)).second;
        owner_.counters_.devices += fresh ? 1 : 0;
    }
    if (writer_)
        writer_->forget(moved);
    if (change.choice_version)
        choice_version_ = *change.choice_version;
    if (change.networks)
        rules_.networks = std::move(change.networks);
    if (change.checks)
        checks_ = std::move(change.checks);
    if (!change.due.empty()) {
        std::vector<MeterId> meters;
        for (const auto& [title, meter] : change.due)
            meters.push_back(meter);
        open_writer();
        writer_->look_later(meters);
    }
    retry(std::move(change.retries));
    if (!change.undecoded.empty())
        reprocess(change.undecoded);
    if (!change.deferred.empty())
        read_again(change.deferred);
    if (!change.imported.empty())
        write_imported(change);
}

/// In batches no larger than live ones, so that what strangers have left cannot make one that the database never takes.
void Ingest::Shard::retry(std::vector<net::InboundFrame> frames)
{
    std::vector<Queued> chunk;
    std::size_t bytes = 0;
    for (net::InboundFrame& frame : frames) {
        bytes += frame.apdu.size();
        auto title = route_of(frame).title;
        chunk.push_back({std::move(frame), title});
        if (chunk.size() < owner_.options_.batch_frames && bytes < retry_bytes_max)
            continue;
        process(std::exchange(chunk, {}));
        bytes = 0;
    }
    if (!chunk.empty())
        process(std::move(chunk));
}

// ---------------------------------------------------------------------- a batch

void Ingest::Shard::process(std::vector<Queued> frames, bool may_defer)
{
    Batch batch;
    batch.may_defer = may_defer;
    batch.frames.reserve(frames.size());
    batch.writes.reserve(frames.size());
    batch.remembered.reserve(frames.size());
    const std::vector<Device*> devices = find_all(frames);
    rules_.now = owner_.options_.now();
    for (std::size_t i = 0; i < frames.size(); ++i)
        judge_into(batch, devices[i], std::move(frames[i].frame));
    commit(batch);
}

void Ingest::Shard::judge_into(Batch& batch, Device* device, net::InboundFrame frame)
{
    Judgement judgement = judge(device, frame, rules_);
    note_reception(judgement.reception);
    Pending pending{.state = judgement.state,
                    .digest = judgement.digest,
                    .device = device,
                    .write_index = {},
                    .reply_to = std::move(frame.reply_to),
                    .reply = {.apdu = std::move(judgement.reply),
                              .source_wport = frame.destination_wport,
                              .destination_wport = frame.source_wport,
                              .index = frame.index,
                              .detail = std::move(judgement.detail),
                              .send_after = judgement.send_after}};
    if (judgement.write) {
        pending.write_index = batch.writes.size();
        remember(batch, *device, judgement, frame.received_at);
        judgement.write->retry_of = frame.retry_of;
        batch.writes.push_back(std::move(*judgement.write));
    }
    if (judgement.refused) {
        // A retried row is replaced, so it never adds to what strangers fill.
        if (frame.retry_of != 0 || allowance_.take(judgement.refused->frame.size())) {
            batch.quarantine.push_back(std::move(*judgement.refused));
        } else {
            ++owner_.counters_.quarantine_not_kept;
            pending.reply.detail += "; not kept: more is refused at once than is kept";
        }
    } else if (!pending.write_index && frame.retry_of != 0) {
        batch.resolved.push_back(frame.retry_of);
    }
    batch.frames.push_back(std::move(pending));
}

void Ingest::Shard::note_reception(const std::optional<store::ReceptionWrite>& reception)
{
    if (!reception)
        return;
    const auto [at, fresh] = receptions_.try_emplace(reception->meter, *reception);
    if (!fresh)
        store::combine(at->second, *reception);
}

/// Of the frame that is about to join the batch's writes: pending until the batch commits.
void Ingest::Shard::remember(Batch& batch, Device& device, const Judgement& judgement, Instant received_at)
{
    Remembered& entry = batch.remembered.emplace_back(Remembered{.device = &device,
                                                                 .write_index = batch.writes.size(),
                                                                 .window = judgement.window,
                                                                 .entry = {judgement.counter, judgement.digest},
                                                                 .change = {},
                                                                 .last_accepted_at = device.last_accepted_at,
                                                                 .replay_dirty = device.replay_dirty});
    if (judgement.window)
        entry.change = device.window_for_update(*judgement.window).accept(judgement.counter, judgement.digest);
    device.last_accepted_at = std::max(device.last_accepted_at.value_or(received_at), received_at); // a backlog comes late
    device.replay_dirty = true;
}

store::BatchWriter::Request Ingest::Shard::new_request(std::vector<BatchNumber>& numbers, int& attempts)
{
    return {.frames = {},
            .quarantine = {},
            .resolved = {},
            .next_batch =
                [&] {
                    numbers.push_back(owner_.numbers_.next());
                    return numbers.back();
                },
            .watermark = [this] { return owner_.numbers_.watermark(); },
            .now = owner_.options_.now(),
            .choice_version = choice_version_,
            .wait = [this, &attempts](const std::string& problem,
                                      std::chrono::milliseconds pause) { return wait_for_database(problem, pause, ++attempts); },
            .checks = checks_};
}

void Ingest::Shard::decided(const std::vector<BatchNumber>& numbers)
{
    for (BatchNumber number : numbers)
        owner_.numbers_.decided(number);
}

std::optional<store::BatchResult> Ingest::Shard::write(Batch& batch)
{
    open_writer();
    std::vector<BatchNumber> numbers;
    int attempts = 0;
    store::BatchWriter::Request request = new_request(numbers, attempts);
    request.frames = batch.writes;
    request.quarantine = batch.quarantine;
    request.resolved = batch.resolved;
    request.may_defer = batch.may_defer;
    request.choice_version = batch.judged_under.value_or(choice_version_);
    std::vector<store::ReceptionWrite> receptions;
    for (const auto& [meter, reception] : receptions_)
        receptions.push_back(reception);
    request.receptions = receptions;
    std::optional<store::BatchResult> result = writer_->write(request);
    if (result) {
        decided(numbers);
        receptions_.clear(); // a hint: those of a batch that was refused are not worth a second attempt
    }
    count_deferred();
    return result;
}

/// Nothing of the batch is confirmed; it stays here until the database is back or we are told to give up.
bool Ingest::Shard::wait_for_database(const std::string& problem, std::chrono::milliseconds pause, int attempt)
{
    // A deadlock or a restarted connection is over at the first or second attempt and worth no line.
    if (attempt > 2)
        ++owner_.counters_.database_lost;
    if (attempt == 3 || attempt % 32 == 0)
        owner_.options_.log("writer " + std::to_string(index_) + ": " + problem);
    std::unique_lock lock{mutex_};
    return !wake_.wait_for(lock, pause, [&] { return abandoned_; });
}

void Ingest::Shard::commit(Batch& batch)
{
    const auto started = std::chrono::steady_clock::now();
    std::optional<store::BatchResult> result;
    if (batch.writes.empty() && batch.quarantine.empty() && batch.resolved.empty())
        result.emplace(); // only repetitions of what is committed already
    else
        result = write(batch);
    if (!result) {
        roll_back(batch);
        return;
    }
    roll_back_refused(batch, *result);
    auto& counters = owner_.counters_;
    ++counters.batches;
    counters.transactions += static_cast<std::uint64_t>(result->transactions);
    counters.store_retries += static_cast<std::uint64_t>(result->retries);
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started);
    counters.commit_microseconds += static_cast<std::uint64_t>(took.count());
    counters.commits.add(took);
    forget_finished_commands(batch, *result);
    answer(batch, *result);
    if (batch.reprocessed.empty() || !owner_.reprocessed_)
        return;
    std::vector<std::int64_t> done; // what the database refused goes on waiting, with its frame in the archive
    for (std::size_t i = 0; i < batch.reprocessed.size(); ++i)
        if (result->outcomes[i] == store::FrameOutcome::committed)
            done.push_back(batch.reprocessed[i]);
    owner_.reprocessed_(std::move(done));
}

// ---------------------------------------------------------------------- housekeeping

std::vector<store::ReplayRow> Ingest::Shard::take_replay_states()
{
    std::vector<store::ReplayRow> rows;
    for (auto& [title, device] : devices_) {
        if (!device.replay_dirty)
            continue;
        rows.push_back(saved_replay(device));
        device.replay_dirty = false;
    }
    return rows;
}

} // namespace releve::app
