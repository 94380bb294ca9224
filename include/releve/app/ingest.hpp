#pragma once
// From frames to committed readings. Frames of a meter go to one writer thread (by hash of the title), in order; it
// decrypts, judges, writes one transaction per batch and only then lets the sessions answer. The queue of each writer
// is bounded: when it is full, sockets are not read.

#include <releve/app/counters.hpp>
#include <releve/app/judge.hpp>
#include <releve/net/frame.hpp>
#include <releve/store/collect_store.hpp>
#include <releve/store/import_store.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <set>

namespace releve::app {

/// Numbers of batches, and the highest one below which all are decided (committed or given up).
class BatchNumbers {
public:
    explicit BatchNumbers(BatchNumber last) : last_(last.value) {}
    [[nodiscard]] BatchNumber next();
    void decided(BatchNumber number);
    [[nodiscard]] BatchNumber watermark() const;

private:
    mutable std::mutex mutex_;
    std::int64_t last_;
    std::set<std::int64_t> open_;
};

/// What a writer needs of the store; the second implementation is the tests'.
class ReadingWriter {
public:
    virtual ~ReadingWriter() = default;
    [[nodiscard]] virtual std::optional<store::BatchResult> write(const store::BatchWriter::Request& request) = 0;
    // As in BatchWriter; one that never defers has nothing to fold.
    [[nodiscard]] virtual std::size_t deferred() const { return 0; }
    [[nodiscard]] virtual bool fold_is_due() const { return false; }
    [[nodiscard]] virtual std::optional<bool> fold(const store::BatchWriter::Request&) { return true; }
    // And one that checks nothing has nothing to look at.
    [[nodiscard]] virtual std::size_t due() const { return 0; }
    [[nodiscard]] virtual bool look_is_due(bool /*busy*/) const { return false; }
    virtual void look_later(std::span<const MeterId>) {}
    virtual void forget(std::span<const MeterId>) {}
    [[nodiscard]] virtual std::optional<std::size_t> look(const store::BatchWriter::Request&) { return 0; }
    [[nodiscard]] virtual std::vector<std::string> take_unjudged() { return {}; }
};

struct IngestOptions {
    std::size_t writers = 2;
    std::size_t queue_frames = 8'192;
    std::size_t queue_bytes = 64 * 1024 * 1024; // waiting frames of one writer
    std::size_t batch_frames = 1'000;
    std::chrono::milliseconds batch_wait{5};
    JudgeRules rules;
    std::function<Instant()> now;
    std::function<std::unique_ptr<ReadingWriter>(std::size_t writer)> make_writer;
    std::function<void(std::string_view)> log; // one line, no personal data
};

/// Everything that changes about devices, applied by their writer between two batches: first the devices, then the
/// refused frames that may succeed now, then live traffic.
struct DeviceChange {
    std::vector<Device> devices;
    std::vector<net::InboundFrame> retries;
    std::vector<store::UndecodedRow> undecoded;
    std::vector<store::DeferredRow> deferred; // committed to the archive by a process that is gone
    std::optional<std::int64_t> choice_version; // when `devices` are all there are
    std::shared_ptr<const std::vector<wize::NetworkKey>> networks; // if they changed
    std::shared_ptr<const store::CheckPlan> checks; // if rules or models changed
    std::vector<std::pair<SystemTitle, MeterId>> due; // meters whose days are due for the rules
    std::vector<std::pair<SystemTitle, store::FrameWrite>> imported; // parts of files
    std::int64_t imported_under = 0; // the choices under which those were judged
    std::shared_ptr<void> while_applied; // let go of when every writer is done with it
};

class Ingest : public net::FrameSink {
public:
    Ingest(IngestOptions options, IngestCounters& counters, BatchNumber last_batch);
    ~Ingest() override;
    Ingest(const Ingest&) = delete;
    Ingest& operator=(const Ingest&) = delete;

    [[nodiscard]] bool try_submit(net::InboundFrame& frame) override;
    void when_space(std::function<void()> wake) override;

    /// Thread-safe. `devices` replace those of the same title, keeping their replay state.
    void apply(DeviceChange change);
    /// Called with ids of undecoded frames that have been committed under a layout.
    void on_reprocessed(std::function<void(std::vector<std::int64_t>)> done);
    /// Called when the database refused what was deferred: the frames are to be looked at again.
    void on_fold_refused(std::function<void()> refused);
    /// Called with parts of files that the database refused, before `while_applied` is let go of.
    void on_import_refused(std::function<void(std::vector<store::ImportRefusal>)> refused);
    /// Replay states that changed since the last call, and the batch number up to which they are complete.
    struct Checkpoint {
        std::vector<store::ReplayRow> rows;
        BatchNumber up_to;
    };
    [[nodiscard]] Checkpoint checkpoint();
    [[nodiscard]] std::size_t queued() const;

    /// Commits what is queued, then ends the writers. Frames submitted later are refused.
    void drain_and_stop();
    /// When the database stays lost: the writers end without committing; nothing of it was confirmed.
    void abandon();

private:
    class Shard;
    [[nodiscard]] Shard& shard_of(const SystemTitle& title);
    void space_again();

    IngestOptions options_;
    IngestCounters& counters_;
    BatchNumbers numbers_;
    std::vector<std::unique_ptr<Shard>> shards_;
    std::function<void(std::vector<std::int64_t>)> reprocessed_;
    std::function<void()> fold_refused_;
    std::function<void(std::vector<store::ImportRefusal>)> import_refused_;
    mutable std::mutex mutex_; // waiters_, titles_by_name_
    std::vector<std::function<void()>> waiters_;
    std::map<std::string, SystemTitle> titles_by_name_; // clear meters, by logical device name (their serial)
};

} // namespace releve::app
