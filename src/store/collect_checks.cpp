#include "collect_impl.hpp"
#include "settle_rows.hpp"

namespace releve::store {

namespace {

constexpr std::int32_t slice_of_job = 1'000; // meters

std::vector<CollectStore::DueMeter> read_due(const pg::Rows& rows)
{
    std::vector<CollectStore::DueMeter> list;
    for (int i = 0; i < rows.size(); ++i)
        list.push_back({MeterId{rows.int4(i, 0)}, rows.text(i, 1)});
    return list;
}

constexpr const char* members_only =
    "($2::text IS NULL OR EXISTS (SELECT FROM installation i JOIN usage_group_member g ON g.usage_point = i.usage_point "
    "WHERE g.usage_group = $2::text AND i.meter_id = m.id))";

pg::Params meters_of_job(std::int32_t after, const std::optional<std::string>& group)
{
    pg::Params params;
    params.add(after);
    if (group)
        params.add(*group);
    else
        params.add_null();
    return params;
}

} // namespace

std::vector<CollectStore::DueMeter> CollectStore::load_due(bool all)
{
    return impl_->with_connection([&](pg::Connection& db) {
        add_corrections_to_due(db);
        return read_due(db.run("SELECT c.meter_id, m.address FROM check_due c JOIN meter m ON m.id = c.meter_id "
                               "WHERE $1::bool OR c.job IS NOT NULL ORDER BY 1",
                               pg::Params{}.add(all)));
    });
}

std::map<std::string, std::string> CollectStore::load_group_rules()
{
    return impl_->with_connection([](pg::Connection& db) {
        std::map<std::string, std::string> rules;
        const pg::Rows rows = db.run("SELECT usage_group, rules FROM group_rules");
        for (int i = 0; i < rows.size(); ++i)
            rules[rows.text(i, 0)] = rows.text(i, 1);
        return rules;
    });
}

std::optional<CollectStore::JobStep> CollectStore::run_jobs(Instant now)
{
    return impl_->with_connection([&](pg::Connection& db) -> std::optional<JobStep> {
        pg::Transaction transaction{db};
        const pg::Rows rows = db.run("SELECT id, kind, usage_group, state, cursor, total, done FROM job WHERE state IN ('queued', 'running') "
                                     "ORDER BY id LIMIT 1 FOR UPDATE");
        if (rows.size() == 0)
            return std::nullopt;
        JobStep step{rows.int8(0, 0), rows.text(0, 1), rows.int8(0, 6), rows.int8(0, 5), false};
        const auto group = rows.null(0, 2) ? std::nullopt : std::optional{rows.text(0, 2)};
        if (db.run("SELECT FROM check_due WHERE job = $1::int8 LIMIT 1", pg::Params{}.add(step.job)).size() > 0)
            return std::nullopt; // the slice before is not done
        if (rows.text(0, 3) == "queued")
            step.total = db.run(std::string{"SELECT count(*) FROM meter m WHERE m.id > $1::int4 AND "} + members_only, meters_of_job(0, group)).int8(0, 0);
        pg::Params params = meters_of_job(rows.int4(0, 4), group);
        params.add(step.job).add(step.kind == "estimate").add(slice_of_job).add(step.kind == "ledger");
        const pg::Rows slice = db.run(
            std::string{"WITH slice AS (SELECT m.id FROM meter m WHERE m.id > $1::int4 AND "} + members_only +
                " ORDER BY m.id LIMIT $5::int4), due AS (INSERT INTO check_due AS t (meter_id, day_from, day_to, batch, job, estimate, at_once, ledger) "
                "SELECT s.id, d.first, d.last, 0, $3::int8, $4::bool, $4::bool, $6::bool FROM slice s CROSS JOIN LATERAL (SELECT min(day) AS first, max(day) AS last "
                "FROM interval_day i WHERE i.meter_id = s.id) d WHERE d.first IS NOT NULL "
                "ON CONFLICT (meter_id) DO UPDATE SET day_from = least(t.day_from, excluded.day_from), "
                "day_to = greatest(t.day_to, excluded.day_to), estimate = t.estimate OR excluded.estimate, "
                "at_once = t.at_once OR excluded.at_once, ledger = t.ledger OR excluded.ledger RETURNING 1) "
                "SELECT coalesce(max(id), 0)::int4, count(*)::int8 FROM slice",
            params);
        step.done += slice.int8(0, 1);
        step.finished = slice.int8(0, 1) == 0;
        pg::Params update;
        update.add(step.job).add(step.finished ? "done" : "running").add(step.total).add(step.done).add(slice.int4(0, 0)).add(now);
        db.run("UPDATE job SET state = $2::text, total = $3::int8, done = $4::int8, cursor = greatest(cursor, $5::int4), "
               "finished_at = CASE WHEN $2::text = 'done' THEN $6::timestamptz END WHERE id = $1::int8",
               update);
        transaction.commit();
        return step;
    });
}

std::int64_t CollectStore::note_silences(Instant now, Instant listening_since)
{
    return impl_->with_connection([&](pg::Connection& db) {
        pg::Transaction transaction{db};
        pg::Params params;
        params.add(now).add(listening_since);
        db.run("UPDATE silence s SET ended_at = c.last_accepted_at FROM meter_counter c "
               "WHERE c.meter_id = s.meter_id AND s.ended_at IS NULL AND c.last_accepted_at > s.since");
        const std::int64_t noted =
            db.run("INSERT INTO silence (meter_id, since, noticed_at) SELECT c.meter_id, c.last_accepted_at, $1::timestamptz FROM meter_counter c "
                   "WHERE greatest(c.last_accepted_at, $2::timestamptz) < $1::timestamptz - "
                   "make_interval(secs => least(greatest(3 * coalesce(c.usual_gap_s, 43200), 7200), 129600)) "
                   "AND NOT EXISTS (SELECT FROM silence s WHERE s.meter_id = c.meter_id AND s.ended_at IS NULL) "
                   "ON CONFLICT (meter_id, since) DO UPDATE SET ended_at = NULL",
                   params)
                .affected();
        transaction.commit();
        return noted;
    });
}

bool CollectStore::look_at_gaps(Instant now, std::chrono::hours estimate_after)
{
    return impl_->with_connection([&](pg::Connection& db) {
        pg::Transaction transaction{db};
        pg::Params params;
        params.add(now).add(static_cast<std::int32_t>(estimate_after.count()));
        const std::int64_t due =
            db.run("INSERT INTO check_due AS t (meter_id, day_from, day_to, batch, job, estimate) "
                   "SELECT g.meter_id, min((g.starts AT TIME ZONE 'Europe/Paris')::date), max((g.ends AT TIME ZONE 'Europe/Paris')::date), 0, 0, true "
                   "FROM gap g WHERE g.closed IS NULL AND NOT g.estimated AND g.next_look_at <= $1::timestamptz "
                   "AND g.found_at <= $1::timestamptz - make_interval(hours => $2::int4) GROUP BY 1 "
                   "ON CONFLICT (meter_id) DO UPDATE SET day_from = least(t.day_from, excluded.day_from), "
                   "day_to = greatest(t.day_to, excluded.day_to), estimate = true",
                   params)
                .affected();
        db.run("UPDATE gap SET looks = looks + 1, next_look_at = $1::timestamptz + least(interval '1 hour' * (2 ^ least(looks, 5)), interval '1 day') "
               "WHERE closed IS NULL AND next_look_at <= $1::timestamptz",
               pg::Params{}.add(now));
        transaction.commit();
        return due > 0;
    });
}

} // namespace releve::store
