#include "batch_rows.hpp"
#include "check_rows.hpp"
#include "correction_place.hpp"

namespace releve::store {

namespace {

constexpr const char* correction_columns =
    "id, action, reason, author, state, detail, day, extract(epoch FROM asked_at)::int8, batch";

CorrectionRow read_correction(const Row& row)
{
    CorrectionRow out{row.integer(0), row.text(1), row.text(2),    row.text(3), row.text(4),
                      row.text(5),    row.day(6),  row.instant(7), {}};
    if (!row.null(8))
        out.batch = BatchNumber{row.integer(8)};
    return out;
}

} // namespace

result<CorrectionRow> ApiStore::correct(const Identity& who, const CorrectionAsked& asked)
{
    if (who.role != Role::operator_)
        return fail(errc::forbidden);
    return impl_->as(who, [&](Work& work) -> result<CorrectionRow> {
        // A choice of daily totals erases all corrections: it comes before this one, or erases it.
        work.run("SELECT pg_advisory_xact_lock_shared($1::int8)", {collection_choice_lock});
        RELEVE_TRY(point, impl_->see(work, asked.usage_point));
        RELEVE_TRY(place, locate_correction(point, asked));
        const Table rows = work.run(
            std::string{"INSERT INTO correction (meter_id, channel, day, action, slots, amounts, reason, author, token) "
                        "SELECT $1::int4, $2::int2, $3::date, $4, $5::int2[], $6::int8[], $7, $8, $9::int8 WHERE $3::date <= current_date RETURNING "} +
                correction_columns,
            {place.meter.value, place.channel.value, place.day, asked.action, array_text(place.slots), array_text(asked.values),
             asked.reason, who.label, who.token_id});
        if (rows.empty())
            return fail(errc::bad_parameter, "from: must not be in the future");
        note_access(work, who, {asked.usage_point, "correction", place.day, place.day + std::chrono::days{1}});
        return read_correction(rows.at(0));
    });
}

result<CorrectionRow> ApiStore::correction(const Identity& who, std::int64_t id)
{
    if (who.role != Role::operator_)
        return fail(errc::forbidden);
    return impl_->as(who, [&](Work& work) -> result<CorrectionRow> {
        const Table rows = work.run(std::string{"SELECT "} + correction_columns + " FROM correction WHERE id = $1::int8", {id});
        if (rows.empty())
            return fail(errc::not_found);
        return read_correction(rows[0]);
    });
}

} // namespace releve::store
