#include <releve/store/collect_store.hpp>

#include "batch_rows.hpp"
#include "settle_rows.hpp"

#include <algorithm>

namespace releve::store {

namespace {

using namespace std::chrono_literals;

constexpr auto first_pause = 10ms;
constexpr auto longest_pause = 2s;
constexpr std::size_t deferred_max = 400'000; // 30 MB
constexpr auto deferred_at_most = 10s;
constexpr std::size_t fold_days = 2'000;
constexpr std::size_t looked_at_once = 200; // meters
constexpr auto due_at_most = 1s, due_at_most_when_busy = 10s;

/// The caller waits no longer for the database.
struct GivenUp {};

} // namespace

struct BatchWriter::Impl {
    DatabaseAddress address;
    int writer = 0;
    std::optional<pg::Connection> connection;
    RecentDays recent{};
    DeferredDays deferred{};
    Checks checks{};
    bool fold_refused = false;
    std::vector<std::string> unjudged{};

    struct Group {
        std::span<FrameWrite> frames;
        std::span<const QuarantineWrite> quarantine;
        std::size_t offset = 0; // of the first frame in the request
        std::span<const std::int64_t> resolved{};
        std::span<DeferredDays::Day> days{};      // what earlier batches deferred
        std::span<const std::int64_t> finished{}; // of those, what waits for nothing any more
        std::span<const ReceptionWrite> receptions{};
    };

    pg::Connection& connected();
    void run_transaction(const Group& group, const BatchRow& row, const Request& request, bool& commit_sent);
    /// Commits, or says why these rows never will.
    std::optional<std::string> commit_group(const Group& group, const Request& request, BatchResult& result);
    void write_group(const Group& group, const Request& request, BatchResult& result);
    void write_refused(const Request& request, BatchResult& result);
    void fold_group(const Group& group, const Request& request, BatchResult& result);
    std::size_t look(const std::vector<std::int32_t>& meters, const Request& request);
};

pg::Connection& BatchWriter::Impl::connected()
{
    if (!connection) {
        connection.emplace(address, DbRole::collect);
        // Every statement of this connection finds its rows by key. A join by hash or a sequential scan would
        // be chosen from time to time on stale statistics, and is fifty times slower.
        connection->exec("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; "
                         "SET plan_cache_mode = force_generic_plan");
        connection->run("SELECT pg_advisory_lock_shared($1::int8)", pg::Params{}.add(writers_lock));
    }
    return *connection;
}

void BatchWriter::Impl::run_transaction(const Group& group, const BatchRow& row, const Request& request, bool& commit_sent)
{
    pg::Connection& db = connected();
    pg::Transaction transaction{db};
    write_batch_row(db, row, group.frames, group.quarantine.size());
    check_choices(db, group.frames, group.days, request.choice_version);
    write_intervals(db, row.number, group.frames, recent, checks, row.deferred > 0);
    write_deferred(db, row.number, group.days, recent, checks);
    finish_deferred(db, group.finished);
    write_registers(db, row.number, group.frames, checks);
    checks.note_clocks(group.frames);
    checks.write_due(db, row.number);
    write_daily_totals(db, row.number, group.frames);
    write_extras(db, row.number, group.frames);
    write_receptions(db, group.receptions);
    finish_import_parts(db, row.number, group.frames);
    write_archive(db, row, group.frames);
    write_quarantine(db, group.quarantine, row.now);
    forget_retried(db, group.frames, group.quarantine, group.resolved);
    commit_sent = true;
    transaction.commit();
    commit_sent = false;
}

std::optional<std::string> BatchWriter::Impl::commit_group(const Group& group, const Request& request,
                                                           BatchResult& result)
{
    // One number for all attempts: a COMMIT whose answer was lost shows as our own row under it, at once or,
    // if the server is still at it, as a conflict on the number. However long the database stays away, what
    // was written once is not written again under another number.
    const bool defer = request.may_defer && deferred.size() < deferred_max;
    const auto waits = defer ? std::ranges::count_if(group.frames, can_wait) : 0;
    // What earlier batches have counted may be merged twice, and could not be told from somebody else's row.
    const bool repeatable = group.quarantine.empty() && std::ranges::all_of(group.frames, &FrameWrite::again);
    BatchRow row{request.next_batch(), request.watermark(), writer, request.now, static_cast<std::int32_t>(waits),
                 static_cast<std::int32_t>(group.days.size())};
    bool commit_sent = false, unknown = false, taken = false;
    for (auto pause = std::chrono::milliseconds{first_pause};;
         pause = std::min<std::chrono::milliseconds>(pause * 2, longest_pause)) {
        std::string problem;
        unknown = unknown || commit_sent;
        // Whether rows will never be taken can only be said of rows that are known not to be there.
        bool certain = !unknown;
        try {
            if ((unknown || taken) && !repeatable && batch_is_ours(connected(), row, group.frames)) {
                if (waits > 0)
                    deferred.add(row.number, group.frames);
                return std::nullopt;
            }
            certain = true;
            if (taken) { // by somebody else: the row under it is committed and not ours
                row.number = request.next_batch();
                unknown = taken = false;
            }
            commit_sent = false;
            recent.forget_if_older(request.choice_version);
            checks.use(request.checks);
            checks.forget_if_older(request.choice_version);
            run_transaction(group, row, request, commit_sent);
            recent.keep();
            checks.keep();
            if (waits > 0)
                deferred.add(row.number, group.frames);
            ++result.transactions;
            return std::nullopt;
        } catch (const Refusal& refusal) {
            recent.drop();
            checks.drop();
            return refusal.what();
        } catch (const pg::LostConnection& lost) {
            connection.reset();
            recent.clear();
            checks.forget();
            problem = lost.what();
        } catch (const pg::SqlError& error) {
            // The server answered, so it rolled back; unless it said that it ends, which it may do after the commit.
            const bool server_ends = error.sqlstate.starts_with("57P") || error.sqlstate.starts_with("08");
            commit_sent = commit_sent && server_ends;
            recent.drop();
            checks.drop();
            problem = error.what();
            taken = error.sqlstate == "23505" && problem.find("batch_pkey") != std::string::npos;
            if (error.systemic()) {
                connection.reset();
                problem = "the database is not as it should be: " + problem;
            } else if (!error.transient() && !taken && certain) {
                return problem;
            }
        }
        ++result.retries;
        if (!request.wait(problem, pause))
            throw GivenUp{};
    }
}

void BatchWriter::Impl::write_group(const Group& group, const Request& request, BatchResult& result)
{
    if (group.frames.empty() && group.quarantine.empty() && group.resolved.empty())
        return;
    const auto problem = commit_group(group, request, result);
    if (!problem)
        return;
    const std::size_t frames = group.frames.size(), refused = group.quarantine.size();
    if (frames > 0 && refused > 0) {
        write_group({group.frames, {}, group.offset}, request, result);
        write_group({{}, group.quarantine, group.offset}, request, result);
    } else if (frames > 1) {
        write_group({group.frames.first(frames / 2), {}, group.offset}, request, result);
        write_group({group.frames.subspan(frames / 2), {}, group.offset + frames / 2}, request, result);
    } else if (frames == 1) {
        result.outcomes[group.offset] = FrameOutcome::refused;
        result.reasons[group.offset] = *problem;
    } else if (refused > 1) {
        write_group({{}, group.quarantine.first(refused / 2), 0}, request, result);
        write_group({{}, group.quarantine.subspan(refused / 2), 0}, request, result);
    } else if (refused == 1 && (!group.quarantine[0].frame.empty() || group.quarantine[0].meter)) {
        // A refused message that cannot be kept as it is leaves at least its reason.
        QuarantineWrite bare = group.quarantine[0];
        bare.frame.clear();
        bare.meter.reset();
        bare.detail += " (not kept: " + *problem + ")";
        write_group({{}, {&bare, 1}, 0}, request, result);
    }
}

void BatchWriter::Impl::write_refused(const Request& request, BatchResult& result)
{
    std::vector<QuarantineWrite> rows;
    for (std::size_t i = 0; i < request.frames.size(); ++i) {
        if (result.outcomes[i] != FrameOutcome::refused || request.frames[i].imported)
            continue;
        const FrameWrite& frame = request.frames[i];
        QuarantineWrite row;
        row.reason = FrameState::store_refused;
        row.detail = result.reasons[i];
        row.received_at = frame.received_at;
        row.meter = frame.meter;
        row.counter = frame.counter & 0xffff'ffff; // as the meter sent it: what is above is our generation of its key
        // Empty for a daily-only home, and for one that has become so: its curve is kept nowhere.
        if (result.reasons[i] != choice_is_daily)
            row.frame = frame.archive;
        row.digest = frame.digest;
        row.retry_of = frame.retry_of;
        rows.push_back(std::move(row));
    }
    write_group({{}, rows, 0}, request, result);
}

/// Days that are refused stay in the archive: their batches go on waiting, for somebody who looks at each frame again.
void BatchWriter::Impl::fold_group(const Group& group, const Request& request, BatchResult& result)
{
    if (!commit_group(group, request, result))
        return;
    if (group.days.size() <= 1 || !group.finished.empty())
        fold_refused = true; // the batches go on waiting, even if every part is taken now
    if (group.days.size() <= 1)
        return;
    const std::size_t half = group.days.size() / 2;
    fold_group({.frames = {}, .quarantine = {}, .days = group.days.first(half)}, request, result);
    fold_group({.frames = {}, .quarantine = {}, .days = group.days.subspan(half)}, request, result);
}

BatchWriter::BatchWriter(DatabaseAddress address, int writer)
    : impl_(std::make_unique<Impl>(Impl{.address = std::move(address), .writer = writer, .connection = std::nullopt}))
{
}
BatchWriter::~BatchWriter() = default;

std::optional<BatchResult> BatchWriter::write(const Request& request)
{
    BatchResult result;
    result.outcomes.assign(request.frames.size(), FrameOutcome::committed);
    result.reasons.resize(request.frames.size());
    try {
        impl_->write_group({.frames = request.frames, .quarantine = request.quarantine, .receptions = request.receptions},
                           request, result);
        impl_->write_group({{}, {}, 0, request.resolved}, request, result);
        impl_->write_refused(request, result);
    } catch (const GivenUp&) {
        return std::nullopt;
    }
    return result;
}

std::size_t BatchWriter::deferred() const
{
    return impl_->deferred.size();
}

bool BatchWriter::fold_is_due() const
{
    const auto oldest = impl_->deferred.oldest();
    return impl_->deferred.folding() || impl_->deferred.size() >= deferred_max ||
           (oldest && std::chrono::steady_clock::now() - *oldest >= deferred_at_most);
}

std::optional<bool> BatchWriter::fold(const Request& request)
{
    if (impl_->deferred.size() == 0)
        return true;
    BatchResult result;
    auto days = impl_->deferred.next_slice(fold_days);
    const auto finished = impl_->deferred.batches_after_slice();
    try {
        const bool whole = !impl_->fold_refused;
        impl_->fold_group({.frames = {},
                           .quarantine = {},
                           .days = days,
                           .finished = whole ? std::span{finished} : std::span<const std::int64_t>{}},
                          request, result);
    } catch (const GivenUp&) {
        return std::nullopt;
    }
    impl_->deferred.slice_done();
    return finished.empty() || !std::exchange(impl_->fold_refused, false);
}

// ---------------------------------------------------------------------- the closer look

std::size_t BatchWriter::Impl::look(const std::vector<std::int32_t>& meters, const Request& request)
{
    pg::Connection& db = connected();
    pg::Transaction transaction{db};
    // Not a batch without anything: what it concludes is asked for by its number.
    const BatchRow row{request.next_batch(), request.watermark(), writer, request.now, 0, static_cast<std::int32_t>(meters.size())};
    write_batch_row(db, row, {}, 0);
    db.run("SELECT pg_advisory_xact_lock_shared($1::int8)", pg::Params{}.add(collection_choice_lock));
    SettleLoad load = load_due_meters(db, checks, meters, request.now);
    std::vector<SettledMeter> settled;
    for (const MeterRows& rows : load.meters) {
        auto changes = settle(rows, row.number, *checks.plan()->zone);
        if (!changes)
            throw pg::SqlError("22000", "meter " + std::to_string(rows.meter.value) + ": " + to_string(changes.error()));
        if (changes->look_again) {
            const auto [rest, fresh] = load.rest.try_emplace(rows.meter.value, *changes->look_again);
            if (!fresh)
                rest->second.from = std::min(rest->second.from, changes->look_again->from);
        }
        settled.push_back({&rows, std::move(*changes)});
    }
    write_changes(db, row.number, request.now, settled);
    finish_due(db, load);
    transaction.commit();
    for (const auto* list : {&load.nothing, &load.unknown})
        for (const std::int32_t meter : *list)
            checks.nothing_due(meter);
    for (SettledMeter& meter : settled) {
        const std::int32_t id = meter.rows->meter.value;
        if (load.rest.contains(id)) {
            checks.look_later({&meter.rows->meter, 1}); // less is due of it than before
            continue;
        }
        if (meter.changes.memory)
            checks.looked_at(id, meter.rows->model, std::move(*meter.changes.memory));
        else
            checks.nothing_due(id);
    }
    return meters.size();
}

std::size_t BatchWriter::due() const
{
    return impl_->checks.due();
}

void BatchWriter::look_later(std::span<const MeterId> meters)
{
    impl_->checks.look_later(meters);
}

void BatchWriter::forget(std::span<const MeterId> meters)
{
    impl_->checks.forget(meters);
}

bool BatchWriter::look_is_due(bool busy) const
{
    const auto since = impl_->checks.due_since();
    return since && std::chrono::steady_clock::now() - *since >= (busy ? due_at_most_when_busy : due_at_most);
}

std::optional<std::size_t> BatchWriter::look(const Request& request)
{
    impl_->checks.use(request.checks);
    impl_->checks.forget_if_older(request.choice_version);
    if (!request.checks || impl_->checks.due() == 0)
        return 0;
    std::size_t at_once = looked_at_once;
    // Whatever an attempt wrote, the next one finds it done: nothing needs to be known about it.
    for (auto pause = std::chrono::milliseconds{first_pause};; pause = std::min<std::chrono::milliseconds>(pause * 2, longest_pause)) {
        const auto meters = impl_->checks.next_due(at_once);
        std::string problem;
        try {
            return impl_->look(meters, request);
        } catch (const pg::LostConnection& lost) {
            impl_->connection.reset();
            impl_->checks.forget();
            problem = lost.what();
        } catch (const pg::SqlError& error) {
            problem = error.what();
            if (error.systemic()) {
                impl_->connection.reset();
            } else if (!error.transient()) {
                if (at_once == 1) { // it stays due in the database, and is said
                    leave_unjudged(impl_->connected(), meters.front());
                    impl_->checks.nothing_due(meters.front());
                    impl_->unjudged.push_back(problem);
                    return 1;
                }
                at_once = (std::min(at_once, meters.size()) + 1) / 2;
                continue;
            }
        }
        if (!request.wait(problem, pause))
            return std::nullopt;
    }
}

std::vector<std::string> BatchWriter::take_unjudged()
{
    return std::exchange(impl_->unjudged, {});
}

} // namespace releve::store
