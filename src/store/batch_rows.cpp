#include "batch_rows.hpp"

#include <releve/store/import_store.hpp>

#include <algorithm>

namespace releve::store {

namespace {

template <class T>
T must(result<T> value)
{
    if (!value)
        throw Refusal(to_string(value.error()));
    return std::move(*value);
}

/// A frame's day, or what several frames of a batch say of one.
template <class Block>
struct Keyed {
    SeriesKey key;
    Block block;
    bool first_reads_only = false;
};
/// As this batch brings it.
template <class Block>
Keyed<Block> keyed(const SeriesKey& key, Block block, BatchNumber number, bool first_reads_only = false)
{
    set_batch(block, number.value);
    return {key, std::move(block), first_reads_only};
}

/// True if reads were dropped.
bool thin(const Keyed<RegisterBlock>& day, RegisterBlock& block)
{
    return day.first_reads_only && keep_first_reads(block);
}
bool thin(const Keyed<DayBlock>&, const DayBlock&)
{
    return false;
}

/// What a batch does to days, beside writing them.
struct Noted {
    RecentDays* recent;
    Checks& checks;
};

/// Sorted by key; frames of one key are merged in the order they came.
template <class Block>
std::vector<Keyed<Block>> merge_equal_keys(std::vector<Keyed<Block>> days, Checks& checks)
{
    std::ranges::stable_sort(days, {}, [](const auto& day) { return day.key; });
    std::vector<Keyed<Block>> merged;
    for (auto& day : days) {
        if (merged.empty() || merged.back().key != day.key) {
            merged.push_back(std::move(day));
            continue;
        }
        Keyed<Block>& one = merged.back();
        auto together = must(merge(one.block, day.block));
        checks.note_repeats(one.key, {together.same, together.other});
        one.block = std::move(together.block);
        one.first_reads_only |= day.first_reads_only;
        thin(one, one.block);
    }
    return merged;
}

bool complete(const DayBlock& block)
{
    return std::ranges::all_of(block.slots, [](const auto& slot) { return slot.has_value(); });
}

/// What is in the database now, if more of that day may come.
void note_recent(RecentDays* recent, const SeriesKey& key, const DayBlock& block, std::int32_t revision, const Bytes& data)
{
    if (recent == nullptr)
        return;
    if (complete(block))
        recent->forget(key);
    else
        recent->note(key, {revision, data});
}
void note_recent(RecentDays*, const SeriesKey&, const RegisterBlock&, std::int32_t, const Bytes&) {}

/// The registers' are noted as they come.
void note_changed(Checks& checks, const SeriesTable& table, const SeriesKey& key, const Bytes& data)
{
    if (&table == &interval_table)
        checks.note_day(key, data);
}

template <class Block>
void merge_into_stored(pg::Connection& connection, const SeriesTable& table, BatchNumber number,
                       const std::vector<SeriesKey>& existing, const std::vector<Keyed<Block>>& incoming,
                       const Noted& noted)
{
    const auto stored = lock_rows(connection, table, existing);
    // Somebody erased one between our two statements: a new attempt inserts it.
    if (stored.size() != existing.size())
        throw pg::SqlError("40001", "a stored day vanished while it was merged");
    std::vector<SeriesRow> update;
    std::vector<SeriesKey> changed;
    for (const SeriesRow& row : stored) {
        const auto day =
            std::ranges::lower_bound(incoming, row.key, {}, [](const auto& item) { return item.key; });
        const Block before = must(decode_block<Block>(row.data));
        auto result = must(merge(before, day->block));
        noted.checks.note_repeats(row.key, {result.same, result.other});
        const bool thinned = thin(*day, result.block);
        if (result.block == before)
            continue;
        if (result.effect == MergeEffect::changed && !thinned) // what must not be kept is not kept as history
            changed.push_back(row.key);
        update.push_back({row.key, must(encode_block(result.block)), row.revision});
        note_recent(noted.recent, row.key, result.block, row.revision + 1, update.back().data);
        note_changed(noted.checks, table, row.key, update.back().data);
    }
    if (!changed.empty())
        keep_old_rows(connection, table, number, changed);
    if (!update.empty())
        update_rows(connection, table, number, update);
}

/// Adds to days that this writer knows as they are; gives those that it must look at first.
std::vector<Keyed<DayBlock>> add_to_recent(pg::Connection& connection, BatchNumber number,
                                           std::vector<Keyed<DayBlock>> incoming, const Noted& noted)
{
    RecentDays& recent = *noted.recent;
    std::vector<SeriesRow> known;
    std::vector<Keyed<DayBlock>> of_known, rest;
    std::vector<DayBlock> after;
    for (auto& day : incoming) {
        const RecentDays::Entry* entry = recent.find(day.key);
        auto merged = entry ? merge(must(decode_block<DayBlock>(entry->data)), day.block) : fail(errc::not_found);
        if (!merged || merged->effect == MergeEffect::changed) {
            rest.push_back(std::move(day));
            continue;
        }
        noted.checks.note_repeats(day.key, {merged->same, merged->other});
        if (merged->effect == MergeEffect::unchanged)
            continue;
        known.push_back({day.key, must(encode_block(merged->block)), entry->revision});
        after.push_back(std::move(merged->block));
        of_known.push_back(std::move(day));
    }
    if (known.empty())
        return rest;
    const auto updated = update_if_unchanged(connection, number, known);
    for (std::size_t i = 0; i < known.size(); ++i) {
        if (std::ranges::binary_search(updated, known[i].key)) {
            note_recent(&recent, known[i].key, after[i], known[i].revision + 1, known[i].data);
            noted.checks.note_day(known[i].key, known[i].data);
        } else {
            recent.forget(known[i].key);
            rest.push_back(std::move(of_known[i]));
        }
    }
    std::ranges::sort(rest, {}, [](const auto& day) { return day.key; });
    return rest;
}
std::vector<Keyed<RegisterBlock>> add_to_recent(pg::Connection&, BatchNumber, std::vector<Keyed<RegisterBlock>> incoming,
                                                const Noted&)
{
    return incoming;
}

template <class Block>
void write_series(pg::Connection& connection, const SeriesTable& table, BatchNumber number,
                  std::vector<Keyed<Block>> days, const Noted& noted)
{
    if (days.empty())
        return;
    auto incoming = merge_equal_keys(std::move(days), noted.checks);
    if (noted.recent)
        incoming = add_to_recent(connection, number, std::move(incoming), noted);
    if (incoming.empty())
        return;
    std::vector<SeriesRow> rows;
    rows.reserve(incoming.size());
    for (const auto& day : incoming)
        rows.push_back({day.key, must(encode_block(day.block))});
    const auto existing = insert_new(connection, table, number, rows);
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (!std::ranges::binary_search(existing, rows[i].key)) {
            note_recent(noted.recent, rows[i].key, incoming[i].block, 1, rows[i].data);
            note_changed(noted.checks, table, rows[i].key, rows[i].data);
        }
    if (!existing.empty())
        merge_into_stored(connection, table, number, existing, incoming, noted);
}

/// Those that no earlier batch has counted.
std::vector<const FrameWrite*> new_ones(std::span<const FrameWrite> frames)
{
    std::vector<const FrameWrite*> list;
    list.reserve(frames.size());
    for (const FrameWrite& frame : frames)
        if (!frame.again)
            list.push_back(&frame);
    return list;
}

void add_frame_arrays(pg::Params& params, const std::vector<const FrameWrite*>& frames)
{
    params.array(frames, [](const FrameWrite* f) { return f->meter.value; })
        .array(frames, [](const FrameWrite* f) { return static_cast<std::int16_t>(f->generation); })
        .array(frames, [](const FrameWrite* f) { return static_cast<std::int64_t>(f->counter); })
        .array(frames, [](const FrameWrite* f) { return static_cast<std::int64_t>(f->digest); });
}

/// PostgreSQL's text is UTF-8 without zeros; what strangers send need not be.
std::string clean(const std::string& text)
{
    std::string result = text.substr(0, 500);
    for (char& c : result)
        if (c < ' ' || c > '~')
            c = '?';
    return result;
}

} // namespace

void write_batch_row(pg::Connection& connection, const BatchRow& row, std::span<const FrameWrite> frames,
                     std::size_t refused)
{
    const auto fresh = new_ones(frames);
    std::int64_t readings = 0;
    for (const FrameWrite* frame : fresh)
        readings += frame->readings;
    pg::Params params;
    params.add(row.number.value)
        .add(static_cast<std::int32_t>(row.writer))
        .add(static_cast<std::int32_t>(fresh.size()));
    params.add(readings).add(static_cast<std::int32_t>(refused)).add(row.watermark.value).add(row.now);
    add_frame_arrays(params, fresh);
    params.add(row.deferred).add(static_cast<std::int32_t>(row.folded + static_cast<std::int32_t>(frames.size() - fresh.size())));
    static const pg::Statement insert{
        "batch_insert",
        "INSERT INTO batch (batch, writer, frames, readings, refused, watermark, committed_at, meter_ids, "
        "key_generations, counters, digests, deferred, folded) VALUES ($1::int8, $2::int4, $3::int4, $4::int8, $5::int4, "
        "$6::int8, $7::timestamptz, $8::int4[], $9::int2[], $10::int8[], $11::int8[], $12::int4, $13::int4)"};
    connection.run(insert, params);
}

bool batch_is_ours(pg::Connection& connection, const BatchRow& row, std::span<const FrameWrite> frames)
{
    pg::Params params;
    params.add(row.number.value).add(static_cast<std::int32_t>(row.writer));
    add_frame_arrays(params, new_ones(frames));
    return connection
               .run("SELECT FROM batch WHERE batch = $1::int8 AND writer = $2::int4 AND meter_ids = "
                    "$3::int4[] "
                    "AND key_generations = $4::int2[] AND counters = $5::int8[] AND digests = $6::int8[]",
                    params)
               .size() == 1;
}

void write_intervals(pg::Connection& connection, BatchNumber number, std::span<const FrameWrite> frames, RecentDays& recent, Checks& checks, bool defer)
{
    std::vector<Keyed<DayBlock>> days;
    for (const FrameWrite& frame : frames)
        for (const auto& day : frame.interval_days) {
            if (defer && can_wait(frame))
                continue;
            days.push_back(keyed({frame.meter.value, day.channel.value, day.day}, block_of(day.part), number));
        }
    write_series(connection, interval_table, number, std::move(days), {&recent, checks});
}

void write_deferred(pg::Connection& connection, BatchNumber number, std::span<const DeferredDays::Day> given, RecentDays& recent, Checks& checks)
{
    std::vector<Keyed<DayBlock>> days;
    for (const DeferredDays::Day& day : given)
        days.push_back(keyed(day.key, day.block, number)); // known from now on
    write_series(connection, interval_table, number, std::move(days), {&recent, checks});
}

void finish_deferred(pg::Connection& connection, std::span<const std::int64_t> batches)
{
    if (batches.empty())
        return;
    connection.run("UPDATE batch SET deferred = 0 WHERE batch = ANY ($1::int8[])",
                   pg::Params{}.array(batches, [](std::int64_t batch) { return batch; }));
}

void write_registers(pg::Connection& connection, BatchNumber number, std::span<const FrameWrite> frames, Checks& checks)
{
    std::vector<Keyed<RegisterBlock>> days;
    for (const FrameWrite& frame : frames)
        for (const auto& day : frame.register_days) {
            days.push_back(keyed({frame.meter.value, 0, day.day}, day.block, number, day.first_reads_only));
            if (!day.first_reads_only) // a home with daily totals has no curve to compare with
                checks.note_reads(frame.meter.value, day.block);
        }
    write_series(connection, register_table, number, std::move(days), {nullptr, checks});
}

void write_archive(pg::Connection& connection, const BatchRow& row, std::span<const FrameWrite> frames)
{
    const PackedArchive packed = pack_archive(frames);
    for (std::size_t part = 0; part < packed.parts.size(); ++part) {
        pg::Params params;
        params.add(row.number.value).add(static_cast<std::int32_t>(part)).add(row.now);
        params.array(packed.parts[part].meters, [](std::int32_t meter) { return meter; })
            .add(ByteView{packed.parts[part].data});
        static const pg::Statement insert{
            "archive_insert", "INSERT INTO frame_archive (batch, part, written_at, meter_ids, data) "
                              "VALUES ($1::int8, $2::int4, $3::timestamptz, $4::int4[], $5::bytea)"};
        connection.run(insert, params);
    }
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const FrameWrite& frame = frames[i];
        if (!frame.undecoded)
            continue;
        pg::Params params;
        params.add(frame.meter.value).add(static_cast<std::int16_t>(frame.generation));
        params.add(static_cast<std::int64_t>(frame.counter)).add(static_cast<std::int64_t>(frame.digest));
        params.add(frame.received_at).add(clean(frame.undecoded_reason)).add(row.number.value);
        params.add(packed.places[i].part).add(packed.places[i].position);
        static const pg::Statement insert{
            "undecoded_insert",
            "INSERT INTO undecoded (meter_id, generation, counter, digest, received_at, reason, batch, part, "
            "position) "
            "SELECT $1::int4, $2::int2, $3::int8, $4::int8, $5::timestamptz, $6::text, CASE WHEN $8::int4 >= "
            "0 THEN $7::int8 END, "
            "CASE WHEN $8::int4 >= 0 THEN $8::int4 END, CASE WHEN $8::int4 >= 0 THEN $9::int4 END"};
        connection.run(insert, params);
    }
}

void write_quarantine(pg::Connection& connection, std::span<const QuarantineWrite> rows, Instant now)
{
    if (rows.empty())
        return;
    pg::Params params;
    params.array(rows, [](const auto& r) { return frame_state_name(r.reason); });
    std::vector<std::array<std::string, 3>> texts;
    for (const auto& row : rows)
        texts.push_back({clean(row.detail), clean(row.peer), clean(row.system_title)});
    for (std::size_t column = 0; column < 3; ++column)
        params.array(texts, [column](const auto& text) { return std::string_view{text.at(column)}; });
    params.array(rows, [](const auto& r) { return r.received_at; });
    params.array(rows, [](const auto& r) { return r.meter ? std::optional{r.meter->value} : std::nullopt; });
    params.array(rows, [](const auto& r) {
        return r.counter ? std::optional{static_cast<std::int64_t>(*r.counter)} : std::nullopt;
    });
    params.array(rows, [](const auto& r) { return static_cast<std::int64_t>(r.digest); });
    params.array(rows, [](const auto& r) { return static_cast<std::int32_t>(r.frame.size()); });
    params.array(rows, [](const auto& r) {
        return r.frame.empty() ? std::nullopt : std::optional{ByteView{r.frame}};
    });
    params.array(rows, [](const auto& r) { return std::string_view{r.protocol}; });
    params.array(rows, [](const auto& r) { return std::string_view{r.gateway}; }).add(now);
    static const pg::Statement insert{"quarantine_insert",
                                      "INSERT INTO quarantine (reason, detail, peer, system_title, "
                                      "received_at, meter_id, counter, digest, frame_bytes, frame, protocol, gateway, kept_at) "
                                      "SELECT q.reason, q.detail, q.peer, coalesce(nullif(q.title, ''), "
                                      "m.address, ''), q.at, q.meter, q.counter, q.digest, "
                                      "q.size, q.frame, coalesce(m.protocol, q.protocol), q.gateway, $13::timestamptz "
                                      "FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], "
                                      "$5::timestamptz[], $6::int4[], $7::int8[], $8::int8[], "
                                      "$9::int4[], $10::bytea[], $11::text[], $12::text[]) WITH ORDINALITY AS q (reason, detail, "
                                      "peer, title, at, meter, counter, digest, size, frame, protocol, gateway, n) "
                                      "LEFT JOIN meter m ON m.id = q.meter ORDER BY q.n"};
    connection.run(insert, params);
}

void check_choices(pg::Connection& connection, std::span<const FrameWrite> frames, std::span<const DeferredDays::Day> days,
                   std::int64_t judged_under)
{
    std::vector<std::int32_t> meters;
    for (const DeferredDays::Day& day : days)
        meters.push_back(day.key.meter);
    for (const auto& frame : frames)
        if (!frame.interval_days.empty() || !frame.archive.empty() || (frame.extras && !frame.extras->live.empty()) ||
            std::ranges::any_of(frame.register_days, [](const auto& day) { return !day.first_reads_only; }))
            meters.push_back(frame.meter.value);
    if (meters.empty())
        return;
    connection.run("SELECT pg_advisory_xact_lock_shared($1::int8)", pg::Params{}.add(collection_choice_lock));
    static const pg::Statement version{"choice_version", "SELECT version FROM choice_version"};
    // Days were judged when their frames came, which may be some choices ago.
    if (days.empty() && connection.run(version, {}).int8(0, 0) == judged_under)
        return;
    if (std::ranges::any_of(frames, [](const FrameWrite& frame) { return frame.imported != nullptr; }))
        throw Refusal(import_choice_changed); // their installations may be over, and are not looked up below
    const pg::Rows found =
        connection.run("SELECT FROM installation i JOIN usage_point u ON u.id = i.usage_point "
                       "WHERE i.meter_id = ANY ($1::int4[]) AND upper_inf(i.validity) AND u.collection = 'daily' "
                       "LIMIT 1",
                       pg::Params{}.array(meters, [](std::int32_t id) { return id; }));
    if (found.size() > 0)
        throw Refusal(choice_is_daily);
}

void forget_retried(pg::Connection& connection, std::span<const FrameWrite> frames,
                    std::span<const QuarantineWrite> rows, std::span<const std::int64_t> resolved)
{
    std::vector<std::int64_t> ids(resolved.begin(), resolved.end());
    for (const auto& frame : frames)
        if (frame.retry_of != 0)
            ids.push_back(frame.retry_of);
    for (const auto& row : rows)
        if (row.retry_of != 0)
            ids.push_back(row.retry_of);
    if (!ids.empty())
        connection.run("DELETE FROM quarantine WHERE id = ANY ($1::int8[])",
                       pg::Params{}.array(ids, [](std::int64_t id) { return id; }));
}

} // namespace releve::store
