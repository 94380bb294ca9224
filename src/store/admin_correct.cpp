// Corrections asked for on the command line. The collector carries them out, because one process numbers what is known.

#include "admin_impl.hpp"
#include "check_rows.hpp"
#include "correction_place.hpp"

#include <thread>

namespace releve::store {

namespace {

constexpr auto look_again_after = std::chrono::milliseconds{100};

result<CorrectionRow> load_correction(Work& work, std::int64_t id)
{
    const Table found = work.run("SELECT id, action, reason, author, state, detail, day, extract(epoch FROM asked_at)::int8, batch "
                                 "FROM correction WHERE id = $1::int8",
                                 {id});
    if (found.empty()) // the home has chosen daily totals meanwhile
        return fail(errc::daily_only);
    const Row& row = found[0];
    CorrectionRow correction{row.integer(0), row.text(1), row.text(2),    row.text(3), row.text(4),
                             row.text(5),    row.day(6),  row.instant(7), {}};
    if (!row.null(8))
        correction.batch = BatchNumber{row.integer(8)};
    return correction;
}

} // namespace

result<CorrectionRow> AdminStore::correct(const CorrectionAsked& asked, std::chrono::milliseconds wait_at_most)
{
    const auto until = std::chrono::steady_clock::now() + wait_at_most;
    RELEVE_TRY(id, impl_->session.transaction([&](Work& work) -> result<std::int64_t> {
        // A choice of daily totals erases all corrections: it comes before this one, or erases it.
        if (work.run("SELECT FROM usage_point WHERE id = $1 FOR SHARE", {asked.usage_point.value}).empty())
            return fail(errc::not_found, "there is no usage point " + asked.usage_point.value);
        RELEVE_TRY(point, find_usage_point(work, asked.usage_point, impl_->models));
        RELEVE_TRY(located, locate_correction(point, asked));
        note_change(work, {"correct", {}, asked.usage_point.value,
                           asked.action + " from " + to_iso8601(asked.from) + " to " + to_iso8601(asked.to) + ": " + asked.reason});
        const Table rows =
            work.run("INSERT INTO correction (meter_id, channel, day, action, slots, amounts, reason, author) "
                     "SELECT $1::int4, $2::int2, $3::date, $4, $5::int2[], $6::int8[], $7, session_user WHERE $3::date <= current_date RETURNING id",
                     {located.meter.value, located.channel.value, located.day, asked.action, array_text(located.slots),
                      array_text(asked.values), asked.reason});
        if (rows.empty())
            return fail(errc::bad_parameter, "from: must not be in the future");
        return rows.at(0).integer(0);
    }));
    for (;;) {
        auto row = impl_->session.transaction([&](Work& work) { return load_correction(work, id); });
        if (!row || row->state != "waiting" || std::chrono::steady_clock::now() >= until)
            return row;
        std::this_thread::sleep_for(look_again_after);
    }
}

} // namespace releve::store
