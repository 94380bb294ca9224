#include "api_blocks.hpp"
#include "settle.hpp"

#include <algorithm>

namespace releve::store {

namespace {

/// A stored version of a day, measured or of the overlay.
struct DayVersion {
    std::int64_t rev = 0;
    std::int64_t batch = 0;
    std::optional<std::int64_t> superseded_by;
    std::optional<Slot> slot; // the interval's
    std::string method, author, reason;
};

struct IntervalAsked {
    MeterId meter;
    ChannelId channel;
    CivilDay day{};
    Instant at{};
};

/// The slot that holds `at`, if the block does.
std::optional<std::size_t> place_of(const DayBlock& block, Instant at)
{
    const auto slot = (at - block.first) / block.step;
    if (at < block.first || static_cast<std::size_t>(slot) >= block.slots.size())
        return std::nullopt;
    return static_cast<std::size_t>(slot);
}

std::string versions_sql(const char* table, const char* history, const char* more)
{
    const auto select = [&](const char* from, const char* superseded) {
        return std::string{"SELECT rev, batch, "} + superseded + ", data" + more + " FROM " + from +
               " WHERE meter_id = $1::int4 AND channel = $2::int2 AND day = $3::date";
    };
    return select(history, "superseded_by") + " UNION ALL " + select(table, "NULL") + " ORDER BY 1";
}

/// Oldest first; `shape` becomes that of the blocks.
result<std::vector<DayVersion>> load_versions(Work& work, const IntervalAsked& asked, bool overlay,
                                              std::optional<DayBlock>& shape)
{
    const std::string sql = overlay ? versions_sql("interval_overlay_day", "overlay_history", ", method, author, reason")
                                    : versions_sql("interval_day", "interval_history", "");
    std::vector<DayVersion> versions;
    for (const Row& row : work.run(sql, {asked.meter.value, asked.channel.value, asked.day})) {
        DayVersion version{row.integer(0), row.integer(1), {}, {}, {}, {}, {}};
        if (!row.null(2))
            version.superseded_by = row.integer(2);
        RELEVE_TRY(block, decode_day_block(row.bytes(3)));
        if (const auto place = place_of(block, asked.at))
            version.slot = block.slots[*place];
        if (overlay) {
            version.method = row.text(4);
            version.author = row.text(5);
            version.reason = row.text(6);
        }
        shape = DayBlock{block.first, block.step, {}};
        versions.push_back(std::move(version));
    }
    return versions;
}

/// An undo after which nothing lay over the day any more: no version of the overlay tells it.
struct Undone {
    std::int64_t batch = 0;
    std::string author, reason;
};
std::vector<Undone> load_undone(Work& work, const IntervalAsked& asked, const DayBlock& shape)
{
    std::vector<Undone> list;
    for (const Row& row : work.run("SELECT batch, author, reason FROM correction WHERE meter_id = $1::int4 AND channel = $2::int2 AND "
                                   "day = $3::date AND action = 'undo' AND state = 'done' AND $4::int8 = ANY (slots) ORDER BY id",
                                   {asked.meter.value, asked.channel.value, asked.day, (asked.at - shape.first) / shape.step}))
        list.push_back({row.integer(0), row.text(1), row.text(2)});
    return list;
}

bool same_version(const std::optional<Slot>& a, const std::optional<Slot>& b)
{
    return a.has_value() == b.has_value() && (!a || *a == *b);
}

/// Who took the slot of `version` off, and why; `next` is null where the whole overlay of the day went.
RevisionRow taken_off(const DayVersion& version, const DayVersion* next, std::span<const Undone> undone)
{
    RevisionRow row;
    row.batch = BatchNumber{*version.superseded_by};
    const auto undo = std::ranges::find(undone, row.batch.value, &Undone::batch);
    if (next != nullptr) {
        row.method = next->method;
        row.author = next->author;
        row.reason = next->reason;
    } else if (undo != undone.end()) {
        row.method = "undo";
        row.author = undo->author;
        row.reason = undo->reason;
    } else {
        row.method = "check";
        row.author = "releve";
        row.reason = "what was measured stands for itself again";
    }
    return row;
}

/// The slot's own versions: rows that did not change it are left out. A row lists all slots, each with who wrote it.
std::vector<RevisionRow> changes_of(const std::vector<DayVersion>& versions, bool overlay, std::span<const Undone> undone = {})
{
    std::vector<RevisionRow> rows;
    bool open = false;
    for (std::size_t i = 0; i < versions.size(); ++i) {
        const DayVersion& version = versions[i];
        const bool fresh = version.slot && (!open || !same_version(version.slot, versions[i - 1].slot));
        if (fresh) {
            if (!rows.empty() && !rows.back().value)
                rows.back().superseded_by = BatchNumber{version.batch};
            const Provenance& from = version.slot->provenance;
            // The overlay's slot names the version that wrote it; only that row's reason is its own.
            const auto writer = std::ranges::find_if(
                versions, [&](const DayVersion& one) { return one.rev == static_cast<std::int64_t>(from.counter); });
            const DayVersion& told = overlay && writer != versions.end() ? *writer : version;
            rows.push_back({version.slot->value,
                            from.quality,
                            overlay ? told.method : "measured",
                            overlay ? told.author : "meter",
                            told.reason,
                            BatchNumber{from.batch},
                            {},
                            {}});
            if (overlay && from.quality == Quality::valid)
                rows.back().quality = Quality::verified;
        }
        open = version.slot.has_value();
        const bool stays = i + 1 < versions.size() ? same_version(version.slot, versions[i + 1].slot) : !version.superseded_by;
        if (open && !stays && version.superseded_by)
            rows.back().superseded_by = BatchNumber{*version.superseded_by};
        if (!overlay || !open || !version.superseded_by)
            continue;
        const bool followed = i + 1 < versions.size() && versions[i + 1].batch == *version.superseded_by;
        if (followed && versions[i + 1].slot)
            continue;
        RevisionRow row = taken_off(version, followed ? &versions[i + 1] : nullptr, undone);
        if (row.method == "undo" || !is_estimate(version.slot->provenance.quality)) // else what was measured has come, and tells it
            rows.push_back(std::move(row));
    }
    return rows;
}

/// As `known` knew them.
void forget_later_rows(std::vector<RevisionRow>& rows, const std::optional<BatchNumber>& known)
{
    if (!known)
        return;
    std::erase_if(rows, [&](const RevisionRow& row) { return row.batch.value > known->value; });
    for (RevisionRow& row : rows)
        if (row.superseded_by && row.superseded_by->value > known->value)
            row.superseded_by.reset();
}

/// Whether a verdict stands: then the overlay says what the measured value is.
bool doubted(const std::vector<RevisionRow>& laid_over)
{
    return std::ranges::any_of(laid_over, [](const RevisionRow& row) {
        return !row.superseded_by && (row.quality == Quality::questionable || row.quality == Quality::verified);
    });
}

/// What stands of the measured value is `valid` where the day was checked, as readings show it.
result<void> mark_checked(Work& work, const IntervalAsked& asked, const std::optional<BatchNumber>& known,
                          std::vector<RevisionRow>& measured)
{
    if (measured.empty() || measured.back().superseded_by || measured.back().quality != Quality::raw)
        return {};
    const Stretch day{asked.meter, asked.channel, asked.day, asked.day + std::chrono::days{1}};
    return for_each_day(work, {&day, 1}, known, [&](const FoundDay& stored) -> result<void> {
        FoundDay alone = stored;
        alone.overlay.reset();
        if (alone.measured.empty())
            return {};
        RELEVE_TRY(seen, seen_day(alone, known));
        const auto place = static_cast<std::size_t>((asked.at - seen.first) / seen.step);
        if (asked.at >= seen.first && place < seen.slots.size() && seen.slots[place].there())
            measured.back().quality = seen.slots[place].quality;
        return {};
    });
}

void tell_when(Work& work, std::vector<RevisionRow>& rows)
{
    for (RevisionRow& row : rows)
        row.known_from = work.repeat("SELECT extract(epoch FROM releve_committed_at($1::int8))::int8", {row.batch.value})
                             .at(0)
                             .maybe_instant(0);
}

} // namespace

result<RevisionsAnswer> ApiStore::revisions(const Identity& who, const UsagePointId& id, Instant at,
                                            const std::string& channel_name, const AsOf& as_of)
{
    RELEVE_CHECK(may_read(who));
    return impl_->as(who, [&](Work& work) -> result<RevisionsAnswer> {
        RELEVE_TRY(point, impl_->see(work, id));
        RELEVE_TRY(channel, choose_channel(point, channel_name));
        RELEVE_TRY(zone, zone_of(point));
        if (channel->kind != ChannelKind::interval)
            return fail(errc::bad_parameter, "channel: has no intervals");
        if (point.collection == Collection::daily)
            return fail(errc::daily_only);
        RELEVE_TRY(known, resolve(work, as_of));
        const CivilDay day = zone->day_of(at, channel->day_start);
        note_access(work, who, {id, "revisions", day, day + std::chrono::days{1}});
        RevisionsAnswer answer{channel->name, channel->unit, channel->scaler, at, channel->step, {}};
        const Instant begin = zone->start_of(day, channel->day_start);
        answer.start = begin + (at - begin) / channel->step * channel->step;
        for (const MeterPeriod& period : point.meters) {
            const ChannelModel* own = channel_of(period, channel->name);
            if (own == nullptr || !period.validity.contains(answer.start))
                continue;
            const IntervalAsked asked{period.meter, own->channel, day, at};
            std::optional<DayBlock> shape;
            RELEVE_TRY(over, load_versions(work, asked, true, shape));
            RELEVE_TRY(measured, load_versions(work, asked, false, shape));
            if (shape) {
                answer.step = shape->step;
                answer.start = shape->first + (at - shape->first) / shape->step * shape->step;
            }
            answer.scaler = own->scaler;
            answer.revisions = changes_of(measured, false);
            forget_later_rows(answer.revisions, known);
            auto laid_over = changes_of(over, true, over.empty() ? std::vector<Undone>{} : load_undone(work, asked, *shape));
            forget_later_rows(laid_over, known);
            if (!doubted(laid_over))
                RELEVE_CHECK(mark_checked(work, asked, known, answer.revisions));
            answer.revisions.insert(answer.revisions.end(), laid_over.begin(), laid_over.end());
        }
        std::ranges::stable_sort(answer.revisions, {}, &RevisionRow::batch);
        tell_when(work, answer.revisions);
        return answer;
    });
}

} // namespace releve::store
