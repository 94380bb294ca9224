// Long jobs: asked for here, carried out by the collector, which hears of each change of state (triggers of sql/009).

#include "admin_impl.hpp"

#include <algorithm>
#include <array>

namespace releve::store {

namespace {

constexpr const char* job_columns = "SELECT id, kind, coalesce(usage_group, ''), state, asked_by, detail, total, done, "
                                    "extract(epoch FROM asked_at)::int8, extract(epoch FROM finished_at)::int8 FROM job ";

JobRow read_job(const Row& row)
{
    return {row.integer(0), row.text(1),    row.text(2),    row.text(3),    row.text(4),
            row.text(5),    row.integer(6), row.integer(7), row.instant(8), row.maybe_instant(9)};
}

std::string name_of_job(std::int64_t id)
{
    return "job " + std::to_string(id);
}

/// The state it is in, with its row held.
result<std::string> hold_job(Work& work, std::int64_t id)
{
    const Table found = work.run("SELECT state FROM job WHERE id = $1::int8 FOR UPDATE", {id});
    if (found.empty())
        return fail(errc::not_found, "there is no " + name_of_job(id));
    return found[0].text(0);
}

} // namespace

/// One that waits and has not begun does all that another would.
std::int64_t queue_job(Work& work, const JobAsked& asked)
{
    const std::vector<Arg> args{asked.kind, asked.group.empty() ? std::nullopt : std::optional{asked.group}};
    const Table waiting = work.run("SELECT id FROM job WHERE state = 'queued' AND cursor = 0 AND kind = $1 AND "
                                   "usage_group IS NOT DISTINCT FROM $2 ORDER BY id LIMIT 1 FOR UPDATE",
                                   args);
    if (!waiting.empty())
        return waiting[0].integer(0);
    return work.run("INSERT INTO job (kind, usage_group) VALUES ($1, $2) RETURNING id", args).at(0).integer(0);
}

result<std::int64_t> AdminStore::ask_job(const JobAsked& asked)
{
    constexpr std::array<std::string_view, 3> kinds{"validate", "estimate", "ledger"};
    if (std::ranges::find(kinds, asked.kind) == kinds.end())
        return fail(errc::bad_parameter, "kind: expected validate, estimate or ledger");
    return impl_->session.transaction([&](Work& work) -> result<std::int64_t> {
        if (!asked.group.empty() && work.run("SELECT FROM usage_group WHERE id = $1", {asked.group}).empty())
            return fail(errc::not_found, "there is no group `" + asked.group + "`");
        const std::int64_t id = queue_job(work, asked);
        note_change(work, {"ask_job", {}, {}, name_of_job(id) + ", " + asked.kind + (asked.group.empty() ? "" : " of " + asked.group)});
        return id;
    });
}

std::vector<JobRow> AdminStore::list_jobs(int limit)
{
    return impl_->session
        .transaction([&](Work& work) -> result<std::vector<JobRow>> {
            std::vector<JobRow> list;
            for (const Row& row : work.run(std::string{job_columns} + "ORDER BY id DESC LIMIT $1::int4", {limit}))
                list.push_back(read_job(row));
            return list;
        })
        .value();
}

result<JobRow> AdminStore::show_job(std::int64_t id)
{
    return impl_->session.transaction([&](Work& work) -> result<JobRow> {
        const Table found = work.run(std::string{job_columns} + "WHERE id = $1::int8", {id});
        if (found.empty())
            return fail(errc::not_found, "there is no " + name_of_job(id));
        return read_job(found[0]);
    });
}

result<void> AdminStore::stop_job(std::int64_t id)
{
    return impl_->session.transaction([&](Work& work) -> result<void> {
        RELEVE_TRY(state, hold_job(work, id));
        if (state != "queued" && state != "running")
            return fail(errc::bad_parameter, name_of_job(id) + " is " + state + " already");
        work.run("UPDATE job SET state = 'stopped' WHERE id = $1::int8", {id});
        note_change(work, {"stop_job", {}, {}, name_of_job(id)});
        return {};
    });
}

result<void> AdminStore::resume_job(std::int64_t id)
{
    return impl_->session.transaction([&](Work& work) -> result<void> {
        RELEVE_TRY(state, hold_job(work, id));
        if (state != "stopped" && state != "failed")
            return fail(errc::bad_parameter, name_of_job(id) + " is " + state + ": only one that was stopped or failed goes on");
        work.run("UPDATE job SET state = 'queued', finished_at = NULL, detail = '' WHERE id = $1::int8", {id});
        note_change(work, {"resume_job", {}, {}, name_of_job(id)});
        return {};
    });
}

} // namespace releve::store
