#include "collect_impl.hpp"

#include <releve/core/limits.hpp>

#include <algorithm>
#include <map>

namespace releve::store {

namespace {

using StatesById = std::map<std::int32_t, ReplayRow>;

void read_saved(pg::Connection& db, StatesById& states)
{
    const pg::Rows rows =
        db.run("SELECT meter_id, key_generations, counters, digests, last_accepted_at FROM meter_counter");
    for (int i = 0; i < rows.size(); ++i) {
        ReplayRow& state = states[rows.int4(i, 0)];
        const auto generations = rows.integers(i, 1), counters = rows.integers(i, 2),
                   digests = rows.integers(i, 3);
        for (std::size_t n = 0; n < counters.size(); ++n)
            state.recent.push_back({MeterId{rows.int4(i, 0)}, static_cast<std::uint16_t>(generations.at(n)),
                                    static_cast<std::uint64_t>(counters[n]),
                                    static_cast<std::uint64_t>(digests.at(n))});
        if (!rows.null(i, 4))
            state.last_accepted_at = rows.instant(i, 4);
    }
}

/// Batches in portions: after a crash there may be minutes of them.
void read_batches(pg::Connection& db, StatesById& states)
{
    constexpr int portion = 500;
    std::int64_t after = -1;
    for (int count = portion; count == portion;) {
        const pg::Rows rows =
            db.run("SELECT batch, committed_at, meter_ids, key_generations, counters, digests FROM batch "
                   "WHERE meter_ids IS NOT NULL AND batch > $1::int8 ORDER BY batch LIMIT $2::int4",
                   pg::Params{}.add(after).add(std::int32_t{portion}));
        count = rows.size();
        for (int i = 0; i < count; ++i) {
            after = rows.int8(i, 0);
            const auto meters = rows.integers(i, 2), generations = rows.integers(i, 3),
                       counters = rows.integers(i, 4), digests = rows.integers(i, 5);
            for (std::size_t n = 0; n < meters.size(); ++n) {
                const auto id = static_cast<std::int32_t>(meters[n]);
                ReplayRow& state = states[id];
                state.from_batches = true;
                state.recent.push_back({MeterId{id}, static_cast<std::uint16_t>(generations.at(n)),
                                        static_cast<std::uint64_t>(counters.at(n)),
                                        static_cast<std::uint64_t>(digests.at(n))});
                state.last_accepted_at = std::max(state.last_accepted_at, std::optional{rows.instant(i, 1)});
            }
        }
    }
}

/// In order of counter, each once, the last 64.
void tidy(std::vector<CounterRow>& recent)
{
    // Each key generation has a window of its own: the counters of one do not push out those of another.
    const auto by_counter = [](const CounterRow& a, const CounterRow& b) {
        return std::pair{a.generation, a.counter} < std::pair{b.generation, b.counter};
    };
    std::ranges::stable_sort(recent, by_counter);
    const auto same = [](const CounterRow& a, const CounterRow& b) {
        return a.counter == b.counter && a.generation == b.generation;
    };
    recent.erase(std::unique(recent.begin(), recent.end(), same), recent.end());
    std::size_t newer = 0; // of the same generation, seen from the end
    for (std::size_t i = recent.size(); i-- > 0;) {
        newer = i + 1 < recent.size() && recent[i].generation == recent[i + 1].generation ? newer + 1 : 0;
        if (newer >= limits::replay_window) {
            recent.erase(recent.begin() + static_cast<std::ptrdiff_t>(i));
            --newer;
        }
    }
}

} // namespace

std::vector<ReplayRow> CollectStore::load_replay_states()
{
    return impl_->with_connection([](pg::Connection& db) {
        StatesById states;
        pg::Transaction transaction{db};
        db.exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
        read_saved(db, states);
        read_batches(db, states);
        transaction.commit();
        std::vector<ReplayRow> list;
        for (auto& [id, state] : states) {
            state.meter = MeterId{id};
            tidy(state.recent);
            list.push_back(std::move(state));
        }
        return list;
    });
}

void CollectStore::save_replay_states(std::span<const ReplayRow> rows, BatchNumber up_to)
{
    // Arrays of arrays do not exist; each meter's lists travel as text literals, a thousand meters at a time.
    const auto literal = [](const ReplayRow& row, auto value) {
        std::string text = "{";
        for (const CounterRow& entry : row.recent)
            text += (text.size() > 1 ? "," : "") + std::to_string(value(entry));
        return text + "}";
    };
    impl_->with_connection([&](pg::Connection& db) {
        pg::Transaction transaction{db};
        for (std::size_t at = 0; at < rows.size(); at += 1'000) {
            const auto some = rows.subspan(at, std::min<std::size_t>(1'000, rows.size() - at));
            std::vector<std::array<std::string, 3>> lists;
            for (const ReplayRow& row : some)
                lists.push_back(
                    {literal(row, [](const CounterRow& c) { return int{c.generation}; }),
                     literal(row, [](const CounterRow& c) { return static_cast<std::int64_t>(c.counter); }),
                     literal(row, [](const CounterRow& c) { return static_cast<std::int64_t>(c.digest); })});
            pg::Params params;
            params.array(some, [](const ReplayRow& row) { return row.meter.value; });
            for (std::size_t column = 0; column < 3; ++column)
                params.array(lists, [column](const auto& list) { return std::string_view{list.at(column)}; });
            params.array(some, [](const ReplayRow& row) { return row.last_accepted_at; });
            db.run(
                "INSERT INTO meter_counter AS t (meter_id, key_generations, counters, digests, last_accepted_at) "
                "SELECT m, g::int2[], c::int8[], d::int8[], at "
                "FROM unnest($1::int4[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) AS k (m, g, "
                "c, d, at) "
                "ON CONFLICT (meter_id) DO UPDATE SET key_generations = excluded.key_generations, "
                "counters = excluded.counters, digests = excluded.digests, last_accepted_at = "
                "excluded.last_accepted_at, usual_gap_s = CASE WHEN excluded.last_accepted_at > t.last_accepted_at THEN "
                // Of a long silence little is learned, and what was learned fades.
                "greatest(least(extract(epoch FROM excluded.last_accepted_at - t.last_accepted_at)::int4, 4 * t.usual_gap_s), "
                "t.usual_gap_s - t.usual_gap_s / 16) ELSE t.usual_gap_s END",
                params);
        }
        const pg::Params below = pg::Params{}.add(up_to.value);
        db.run("UPDATE batch_sum s SET up_to = $1::int8, frames = s.frames + b.frames, readings = s.readings "
               "+ b.readings "
               "FROM (SELECT coalesce(sum(n.frames), 0)::int8 AS frames, coalesce(sum(n.readings), 0)::int8 "
               "AS readings "
               "FROM batch n, batch_sum old WHERE n.batch >= old.up_to AND n.batch < $1::int8) b WHERE "
               "s.up_to < $1::int8",
               below);
        // A batch of refused messages only brought nothing that a number will be asked for.
        db.run("DELETE FROM batch WHERE meter_ids IS NOT NULL AND frames = 0 AND folded = 0 AND batch < $1::int8",
               below);
        db.run("UPDATE batch SET meter_ids = NULL, key_generations = NULL, counters = NULL, digests = NULL "
               "WHERE meter_ids IS NOT NULL AND batch < $1::int8 AND deferred = 0",
               below);
        transaction.commit();
    });
}

BatchNumber CollectStore::last_batch()
{
    return impl_->with_connection([](pg::Connection& db) {
        return BatchNumber{
            db.run("SELECT greatest((SELECT max(batch) FROM batch), (SELECT max(up_to) FROM batch_sum), 0)::int8").int8(0, 0)};
    });
}

} // namespace releve::store
