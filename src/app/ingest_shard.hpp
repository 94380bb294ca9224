#pragma once
// One writer thread of Ingest: its queue, its devices, its batches. Private to src/app.

#include <releve/app/ingest.hpp>

#include <condition_variable>
#include <deque>
#include <future>
#include <thread>
#include <unordered_map>

namespace releve::app {

struct TitleHash {
    std::size_t operator()(const SystemTitle& title) const noexcept;
};

/// How much of what strangers send is kept: so many rows and bytes at once, refilled at a steady rate. What goes beyond is
/// counted and not kept.
class Allowance {
public:
    [[nodiscard]] bool take(std::size_t size);

private:
    double rows_ = 1e9, bytes_ = 1e12; // cut to the limits at the first use
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

class Ingest::Shard {
public:
    Shard(Ingest& owner, std::size_t index);
    ~Shard();

    [[nodiscard]] bool try_push(net::InboundFrame& frame, const std::optional<SystemTitle>& title);
    [[nodiscard]] bool full() const;
    [[nodiscard]] std::size_t queued() const;
    void post(DeviceChange change);
    [[nodiscard]] std::future<std::vector<store::ReplayRow>> collect_replay_states();
    void stop(bool drain);
    void join();

private:
    struct Queued {
        net::InboundFrame frame;
        std::optional<SystemTitle> title;
    };
    /// A frame that has been judged and waits for its batch.
    struct Pending {
        FrameState state = FrameState::malformed;
        std::uint64_t digest = 0;
        Device* device = nullptr;
        std::optional<std::size_t> write_index; // into Batch::writes
        std::shared_ptr<net::ReplyTarget> reply_to;
        net::Reply reply; // once committed
    };
    /// What a frame of the batch changed in its device, for a way back.
    struct Remembered {
        Device* device;
        std::size_t write_index;
        std::optional<WindowId> window;
        ReplayWindow::Entry entry;
        ReplayWindow::Change change;
        std::optional<Instant> last_accepted_at; // as they were
        bool replay_dirty;
    };
    struct Batch {
        std::vector<Pending> frames;
        std::vector<store::FrameWrite> writes;
        std::vector<store::QuarantineWrite> quarantine;
        std::vector<std::int64_t> resolved, reprocessed;
        std::vector<Remembered> remembered;
        bool may_defer = false; // more waits than can be written value by value
        std::optional<std::int64_t> judged_under{}; // other choices than those of the devices
    };
    struct Work {
        std::vector<Queued> frames;
        std::vector<DeviceChange> changes;
        std::vector<std::promise<std::vector<store::ReplayRow>>> collects;
        std::size_t backlog = 0; // frames still in the queue
        bool stop = false;
    };

    void run();
    [[nodiscard]] bool is_full() const; // with the mutex held
    [[nodiscard]] Work wait_for_work();
    void apply(DeviceChange change);
    void retry(std::vector<net::InboundFrame> frames);
    void process(std::vector<Queued> frames, bool may_defer = false);
    /// Writes some of what was deferred, now that there is time or it is due. False when told to give up.
    bool fold_some(bool busy);
    /// Has the rules look at days that are due, now that there is time or they waited long enough. False when told to give up.
    bool look_some(bool idle, bool busy);
    void open_writer();
    void count_deferred();
    [[nodiscard]] std::unordered_map<MeterId, Device*> devices_by_meter();
    void read_again(const std::vector<store::DeferredRow>& rows);
    void write_imported(DeviceChange& change);
    void judge_into(Batch& batch, Device* device, net::InboundFrame frame);
    static void remember(Batch& batch, Device& device, const Judgement& judgement, Instant received_at);
    void note_reception(const std::optional<store::ReceptionWrite>& reception);
    static void forget_finished_commands(Batch& batch, const store::BatchResult& result);
    void reprocess(const std::vector<store::UndecodedRow>& rows);
    void commit(Batch& batch);
    [[nodiscard]] std::optional<store::BatchResult> write(Batch& batch);
    [[nodiscard]] store::BatchWriter::Request new_request(std::vector<BatchNumber>& numbers, int& attempts);
    void decided(const std::vector<BatchNumber>& numbers);
    [[nodiscard]] bool wait_for_database(const std::string& problem, std::chrono::milliseconds pause, int attempt);
    static void roll_back(const Batch& batch);
    static void roll_back_refused(const Batch& batch, const store::BatchResult& result);
    void answer(Batch& batch, const store::BatchResult& result);
    [[nodiscard]] std::vector<store::ReplayRow> take_replay_states();
    [[nodiscard]] Device* find(const std::optional<SystemTitle>& title);
    [[nodiscard]] std::vector<Device*> find_all(const std::vector<Queued>& frames);

    Ingest& owner_;
    const std::size_t index_;
    std::unique_ptr<ReadingWriter> writer_;
    std::unordered_map<SystemTitle, Device, TitleHash> devices_;
    std::shared_ptr<const store::CheckPlan> checks_;
    JudgeRules rules_; // with the networks and the clock of now
    Allowance allowance_;
    std::unordered_map<MeterId, store::ReceptionWrite> receptions_; // since the last batch that was written
    std::int64_t choice_version_ = -1; // of all devices
    std::int64_t deferred_counted_ = 0; // of this writer
    std::chrono::steady_clock::time_point next_look_{};
    std::chrono::steady_clock::time_point busy_until_{}; // more came than can be written value by value, a moment ago

    mutable std::mutex mutex_; // everything below
    std::condition_variable wake_;
    std::deque<Queued> queue_;
    std::size_t queued_bytes_ = 0;
    std::vector<DeviceChange> changes_;
    std::vector<std::promise<std::vector<store::ReplayRow>>> collects_;
    bool stopping_ = false, abandoned_ = false;
    std::thread thread_;
};

} // namespace releve::app
