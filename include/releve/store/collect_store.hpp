#pragma once
// What the collector needs from the database, as role releve_collect. One object = one connection = one
// thread. A lost connection throws std::runtime_error; callers reconnect. Input-dependent failures are
// results.

#include <releve/store/database.hpp>
#include <releve/engine/validation.hpp>
#include <releve/store/records.hpp>

#include <map>
#include <memory>
#include <span>
#include <stdexcept>

namespace releve::store {

enum class FrameOutcome : std::uint8_t { committed, refused };

/// What the checks of readings need beside the database (engine/meter_checks.hpp).
struct CheckPlan {
    ModelLookup models;
    engine::RuleBook rules;
    std::map<std::string, engine::RuleBook> group_rules{}; // by group, where they differ
    const Zone* zone = &paris();
    std::chrono::hours estimate_after{48}; // a gap was found: until then the readings may still come
};

struct BatchResult {
    std::vector<FrameOutcome> outcomes; // one per frame; a refused one is in quarantine as store_refused
    std::vector<std::string> reasons;   // for refused ones: the database's message (no values)
    int transactions = 0;
    int retries = 0;
};

/// The bulk writer: one transaction per batch, binary arrays through libpq, merge of what is there, archive,
/// quarantine, totals, batch row. Transient errors (40001, 40P01, lost connection) are retried for as long as
/// the caller goes on waiting; a permanent one bisects the batch until the frame is isolated. When `write`
/// returns a result everything is committed.
class BatchWriter {
public:
    explicit BatchWriter(DatabaseAddress address, int writer);
    ~BatchWriter();
    BatchWriter(const BatchWriter&) = delete;

    /// Numbers come from `next_batch` (one per transaction, the writer calls it; never used twice).
    struct Request {
        std::span<FrameWrite> frames;
        std::span<const QuarantineWrite> quarantine;
        std::span<const std::int64_t>
            resolved; // quarantine rows whose retry succeeded: deleted in the same transaction
        std::span<const ReceptionWrite> receptions{}; // one a meter
        std::function<BatchNumber()> next_batch;
        std::function<BatchNumber()> watermark; // highest number below which all are decided
        Instant now{};
        /// Under which choices the frames were judged; if it is the database's, no choice needs to be looked up.
        std::int64_t choice_version = -1;
        /// The database cannot be written (the reason, without values): waits so long for the next attempt.
        /// False: give up.
        std::function<bool(const std::string& problem, std::chrono::milliseconds pause)> wait;
        /// Without one, readings are not checked.
        std::shared_ptr<const CheckPlan> checks{};
        /// More comes than can be written value by value: single values of archived frames may stay there until `fold`.
        bool may_defer = false;
    };
    /// Nothing when `wait` said to give up. Of what the request holds nothing may then be confirmed, even if
    /// some of it is committed.
    [[nodiscard]] std::optional<BatchResult> write(const Request& request);

    /// Readings that wait in the archive.
    [[nodiscard]] std::size_t deferred() const;
    /// Whether they have waited long enough (10 s) or are enough (400,000), or some of them are written already.
    [[nodiscard]] bool fold_is_due() const;
    /// Writes the next 2,000 days of what waits, in one transaction; of the request it takes numbers, time, choices and
    /// `wait`. False at the end of a fold in which the database refused days: `load_deferred` gives their frames. Nothing
    /// when `wait` said to give up; what waits is then found by whoever starts next.
    [[nodiscard]] std::optional<bool> fold(const Request& request);

    /// Meters of which days are due for the rules: those that this writer's batches changed, and those it was told of.
    [[nodiscard]] std::size_t due() const;
    void look_later(std::span<const MeterId> meters);
    /// Meters that came to another place, or whose readings may be kept otherwise: nothing is remembered of them.
    void forget(std::span<const MeterId> meters);
    /// Whether they have waited long enough: 1 s, or 10 s while more comes than can be written value by value.
    [[nodiscard]] bool look_is_due(bool busy) const;
    /// Judges the days of the next 200 of them in one transaction; of the request it takes numbers, time, plan and `wait`.
    /// Nothing when `wait` said to give up; what is due is then found by whoever starts next.
    [[nodiscard]] std::optional<std::size_t> look(const Request& request);
    /// Why meters could not be judged, one line each, since the last call; they are due again at the next start.
    [[nodiscard]] std::vector<std::string> take_unjudged();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Another collector has taken this one's place.
struct ClaimLost : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class CollectStore {
public:
    explicit CollectStore(DatabaseAddress address);
    ~CollectStore();

    /// Makes this the database's one collector, for as long as its connection lives, and again whenever it has to
    /// connect anew (ClaimLost when another has taken its place). False when there is another: two would
    /// each confirm what the other calls a replay. Also false while a killed one's last commit is still on its way: what
    /// it holds would be missing from the replay states.
    [[nodiscard]] bool claim();
    /// All devices, or those of the given addresses (system titles).
    /// `choice_version`: of which these are (choices and installations).
    struct Devices {
        std::int64_t choice_version = 0;
        std::vector<DeviceRow> rows;
    };
    [[nodiscard]] Devices load_devices();
    [[nodiscard]] Devices load_devices(std::span<const std::string> addresses);
    [[nodiscard]] std::vector<NetworkRow> load_networks();
    /// Commands whose time has passed.
    void expire_commands(Instant now);
    /// meter_counter completed by the batches since its last writing.
    [[nodiscard]] std::vector<ReplayRow> load_replay_states();
    /// Any stored key, for finding out whether a master key is the right one.
    [[nodiscard]] static std::optional<KeySample> some_key(const DatabaseAddress& address);
    /// In bulk; batches older than this no longer need their frame lists (kept until `save` committed).
    void save_replay_states(std::span<const ReplayRow> rows, BatchNumber up_to);
    [[nodiscard]] BatchNumber last_batch();

    /// Refused frames that may succeed now: reason unknown_meter, no_key, wrong_key or bad_tag of these
    /// addresses, and those whose retry was asked for. Oldest counter first.
    [[nodiscard]] std::vector<QuarantineRow> load_retries(std::span<const std::string> addresses,
                                                          std::size_t limit);
    [[nodiscard]] std::vector<QuarantineRow> load_requested_retries(std::size_t limit);
    [[nodiscard]] std::vector<UndecodedRow> load_undecoded(std::int64_t after_id, std::size_t limit);
    /// Frames that committed batches up to `up_to` left in the archive: the next batches after `after`, whole, until there are
    /// about so many frames. Without batches of which a part is damaged.
    [[nodiscard]] std::vector<DeferredRow> load_deferred(BatchNumber after, BatchNumber up_to, std::size_t about);
    /// They have been written by BatchWriter.
    void finish_deferred(std::span<const std::int64_t> batches);
    /// The frame has been written by BatchWriter under a layout: it waits no longer.
    void forget_undecoded(std::span<const std::int64_t> ids);

    /// Blocks until a NOTIFY on releve_devices / releve_retry / releve_reprocess or the timeout; payloads as
    /// received
    /// ("devices:4c4b59...", "devices:*", "retry:", "reprocess:").
    [[nodiscard]] std::vector<std::string> wait_for_notifications(std::chrono::milliseconds timeout);

    /// Monthly partitions of every series table, made ahead, by the owner's separate connection.
    static void ensure_partitions(const DatabaseAddress& address, CivilDay from, CivilDay to);
    /// Repacks the months that ended before the one of `before` and are not yet: rows lie full and in the order of their
    /// key. Each month is locked meanwhile (a second or two a million rows); one that is in use is left for the next
    /// time. How many tables were repacked, at most `most`.
    static int close_months(const DatabaseAddress& address, CivilDay before, int most = 1'000);
    [[nodiscard]] std::optional<CivilDay> earliest_installation();
    /// Archive and quarantine bounds: rows older than `keep_days`, and quarantine beyond its row/byte limits
    /// (oldest first).
    struct Bounds {
        int archive_days = 15;
        int quarantine_days = 30;
        std::int64_t quarantine_rows = 100'000;
        std::int64_t quarantine_rows_per_title = 1'000;
    };
    void prune(const Bounds& bounds, Instant now);

    // ---- checks (collect_checks.cpp)

    struct DueMeter {
        MeterId meter;
        std::string address;
    };
    /// Of which days are due for the rules: all, or those that no writer of this process knows of (corrections, jobs).
    [[nodiscard]] std::vector<DueMeter> load_due(bool all);
    /// Rule files of groups, by group.
    [[nodiscard]] std::map<std::string, std::string> load_group_rules();
    /// The next 1,000 meters of the job under way become due, once those before are done. What it did, if it did anything.
    struct JobStep {
        std::int64_t job = 0;
        std::string kind;
        std::int64_t done = 0, total = 0;
        bool finished = false;
    };
    [[nodiscard]] std::optional<JobStep> run_jobs(Instant now);
    /// Meters that were not heard for far longer than is usual for them (three times, 2 h to 36 h), and those heard again.
    /// `listening_since`: before that nobody listened. How many became silent.
    std::int64_t note_silences(Instant now, Instant listening_since);
    /// Gaps whose time has come are looked at: after 1 h, then twice as long each time up to a day. What is older than
    /// `estimate_after` becomes due for an estimate. True if some did.
    bool look_at_gaps(Instant now, std::chrono::hours estimate_after);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace releve::store
