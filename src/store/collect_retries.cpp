#include "batch_rows.hpp"
#include "collect_impl.hpp"
#include "frame_pack.hpp"

#include <algorithm>

namespace releve::store {

namespace {

constexpr const char* retried_columns = "SELECT id, reason, detail, received_at, peer, system_title, "
                                           "meter_id, counter, frame_bytes, frame, protocol, gateway FROM quarantine ";

std::vector<QuarantineRow> read_quarantine(const pg::Rows& rows)
{
    std::vector<QuarantineRow> list;
    for (int i = 0; i < rows.size(); ++i) {
        QuarantineRow row;
        row.id = rows.int8(i, 0);
        row.reason = frame_state_from_name(rows.text(i, 1)).value_or(FrameState::malformed);
        row.detail = rows.text(i, 2);
        row.received_at = rows.instant(i, 3);
        row.peer = rows.text(i, 4);
        row.system_title = rows.text(i, 5);
        if (!rows.null(i, 6))
            row.meter = MeterId{rows.int4(i, 6)};
        if (!rows.null(i, 7))
            row.counter = static_cast<std::uint64_t>(rows.int8(i, 7));
        row.frame_bytes = static_cast<std::size_t>(rows.int4(i, 8));
        const ByteView frame = rows.bytes(i, 9);
        row.frame.assign(frame.begin(), frame.end());
        row.protocol = rows.text(i, 10);
        row.gateway = rows.text(i, 11);
        list.push_back(std::move(row));
    }
    return list;
}

} // namespace

std::vector<QuarantineRow> CollectStore::load_retries(std::span<const std::string> addresses,
                                                      std::size_t limit)
{
    return impl_->with_connection([&](pg::Connection& db) {
        pg::Params params;
        params.array(addresses, [](const std::string& a) { return std::string_view{a}; })
            .add(static_cast<std::int64_t>(limit));
        return read_quarantine(
            db.run(std::string{retried_columns} +
                       "WHERE system_title = ANY ($1::text[]) AND frame IS NOT NULL AND (retry_requested OR "
                       "reason IN ('unknown_meter', 'no_key', 'wrong_key', 'bad_tag', 'unknown_network', 'gateway_auth')) "
                       "ORDER BY counter NULLS FIRST, id LIMIT $2::int8",
                   params));
    });
}

std::vector<QuarantineRow> CollectStore::load_requested_retries(std::size_t limit)
{
    return impl_->with_connection([&](pg::Connection& db) {
        return read_quarantine(db.run(std::string{retried_columns} +
                                          "WHERE retry_requested AND frame IS NOT NULL "
                                          "ORDER BY counter NULLS FIRST, id LIMIT $1::int8",
                                      pg::Params{}.add(static_cast<std::int64_t>(limit))));
    });
}

std::vector<UndecodedRow> CollectStore::load_undecoded(std::int64_t after_id, std::size_t limit)
{
    return impl_->with_connection([&](pg::Connection& db) {
        const pg::Rows rows = db.run("SELECT u.id, u.meter_id, u.generation, u.counter, u.digest, "
                                     "u.received_at, u.position, a.data FROM undecoded u "
                                     "JOIN frame_archive a ON a.batch = u.batch AND a.part = u.part WHERE "
                                     "u.id > $1::int8 ORDER BY u.id LIMIT $2::int8",
                                     pg::Params{}.add(after_id).add(static_cast<std::int64_t>(limit)));
        std::vector<UndecodedRow> list;
        for (int i = 0; i < rows.size(); ++i) {
            auto frame = archived_frame(rows.bytes(i, 7), rows.int4(i, 6));
            // A damaged part is no reason to hold up the others; its rows stay where they are.
            if (!frame || frame->empty())
                continue;
            list.push_back({{MeterId{rows.int4(i, 1)}, static_cast<std::uint16_t>(rows.int2(i, 2)),
                             static_cast<std::uint64_t>(rows.int8(i, 3)), static_cast<std::uint64_t>(rows.int8(i, 4)),
                             rows.instant(i, 5), std::move(*frame)},
                            rows.int8(i, 0)});
        }
        return list;
    });
}

std::vector<DeferredRow> CollectStore::load_deferred(BatchNumber after, BatchNumber up_to, std::size_t about)
{
    return impl_->with_connection([&](pg::Connection& db) {
        const pg::Rows batches = db.run("SELECT batch FROM batch WHERE deferred > 0 AND batch > $1::int8 AND batch <= $2::int8 "
                                        "ORDER BY batch",
                                        pg::Params{}.add(after.value).add(up_to.value));
        std::vector<DeferredRow> list;
        for (int i = 0; i < batches.size() && list.size() < about; ++i) {
            const BatchNumber batch{batches.int8(i, 0)};
            // Those that no layout explains wait elsewhere.
            const pg::Rows parts = db.run("SELECT a.data, ARRAY(SELECT u.digest FROM undecoded u WHERE u.batch = a.batch AND "
                                          "u.part = a.part) FROM frame_archive a WHERE a.batch = $1::int8 ORDER BY a.part",
                                          pg::Params{}.add(batch.value));
            const std::size_t whole = list.size();
            for (int part = 0; part < parts.size(); ++part) {
                auto frames = archived_frames(parts.bytes(part, 0));
                if (!frames) { // damaged: it stays marked, and holds up no other
                    list.resize(whole);
                    break;
                }
                const auto elsewhere = parts.integers(part, 1);
                for (ArchivedFrame& frame : *frames)
                    if (std::ranges::find(elsewhere, static_cast<std::int64_t>(frame.digest)) == elsewhere.end())
                        list.push_back({std::move(frame), batch});
            }
        }
        return list;
    });
}

void CollectStore::finish_deferred(std::span<const std::int64_t> batches)
{
    impl_->with_connection([&](pg::Connection& db) { store::finish_deferred(db, batches); });
}

void CollectStore::forget_undecoded(std::span<const std::int64_t> ids)
{
    impl_->with_connection([&](pg::Connection& db) {
        db.run("DELETE FROM undecoded WHERE id = ANY ($1::int8[])",
               pg::Params{}.array(ids, [](std::int64_t id) { return id; }));
    });
}

} // namespace releve::store
