#include <releve/store/collect_store.hpp>

#include "batch_rows.hpp"

#include <algorithm>

namespace releve::store {

namespace {

using namespace std::chrono_literals;

constexpr auto first_pause = 10ms;
constexpr auto longest_pause = 2s;

/// The caller waits no longer for the database.
struct GivenUp {};

} // namespace

struct BatchWriter::Impl {
    DatabaseAddress address;
    int writer = 0;
    std::optional<pg::Connection> connection;
    RecentDays recent{};

    struct Group {
        std::span<FrameWrite> frames;
        std::span<const QuarantineWrite> quarantine;
        std::size_t offset = 0; // of the first frame in the request
        std::span<const std::int64_t> resolved{};
    };

    pg::Connection& connected();
    void run_transaction(const Group& group, const BatchRow& row, std::int64_t choice_version, bool& commit_sent);
    /// Commits, or says why these rows never will.
    std::optional<std::string> commit_group(const Group& group, const Request& request, BatchResult& result);
    void write_group(const Group& group, const Request& request, BatchResult& result);
    void write_refused(const Request& request, BatchResult& result);
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

void BatchWriter::Impl::run_transaction(const Group& group, const BatchRow& row, std::int64_t choice_version,
                                        bool& commit_sent)
{
    pg::Connection& db = connected();
    pg::Transaction transaction{db};
    write_batch_row(db, row, group.frames, group.quarantine.size());
    check_choices(db, group.frames, choice_version);
    write_intervals(db, row.number, group.frames, recent);
    write_registers(db, row.number, group.frames);
    write_daily_totals(db, row.number, group.frames);
    write_archive(db, row, group.frames);
    write_quarantine(db, group.quarantine);
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
    BatchRow row{request.next_batch(), request.watermark(), writer, request.now};
    bool commit_sent = false, unknown = false, taken = false;
    for (auto pause = std::chrono::milliseconds{first_pause};;
         pause = std::min<std::chrono::milliseconds>(pause * 2, longest_pause)) {
        std::string problem;
        unknown = unknown || commit_sent;
        // Whether rows will never be taken can only be said of rows that are known not to be there.
        bool certain = !unknown;
        try {
            if ((unknown || taken) && batch_is_ours(connected(), row, group.frames))
                return std::nullopt;
            certain = true;
            if (taken) { // by somebody else: the row under it is committed and not ours
                row.number = request.next_batch();
                unknown = taken = false;
            }
            commit_sent = false;
            recent.forget_if_older(request.choice_version);
            run_transaction(group, row, request.choice_version, commit_sent);
            recent.keep();
            ++result.transactions;
            return std::nullopt;
        } catch (const Refusal& refusal) {
            recent.drop();
            return refusal.what();
        } catch (const pg::LostConnection& lost) {
            connection.reset();
            recent.clear();
            problem = lost.what();
        } catch (const pg::SqlError& error) {
            // The server answered, so it rolled back; unless it said that it ends, which it may do after the commit.
            const bool server_ends = error.sqlstate.starts_with("57P") || error.sqlstate.starts_with("08");
            commit_sent = commit_sent && server_ends;
            recent.drop();
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
        if (result.outcomes[i] != FrameOutcome::refused)
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

BatchWriter::BatchWriter(DatabaseAddress address, int writer)
    : impl_(std::make_unique<Impl>(Impl{std::move(address), writer, std::nullopt, {}}))
{
}
BatchWriter::~BatchWriter() = default;

std::optional<BatchResult> BatchWriter::write(const Request& request)
{
    BatchResult result;
    result.outcomes.assign(request.frames.size(), FrameOutcome::committed);
    result.reasons.resize(request.frames.size());
    try {
        impl_->write_group({request.frames, request.quarantine, 0}, request, result);
        impl_->write_group({{}, {}, 0, request.resolved}, request, result);
        impl_->write_refused(request, result);
    } catch (const GivenUp&) {
        return std::nullopt;
    }
    return result;
}

} // namespace releve::store
