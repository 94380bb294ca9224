#include "api_blocks.hpp"

#include <releve/engine/consumption.hpp>

#include <algorithm>

namespace releve::store {

namespace {

constexpr std::int64_t days_per_question = 20'000; // some 3 MB as they come

bool same_shape(const DayBlock& a, const DayBlock& b)
{
    return a.first == b.first && a.step == b.step && a.slots.size() == b.slots.size();
}

/// Days of [from, to) in one of the four tables. layer: 0 measured, 1 overlay.
std::string days_in(const char* table, int layer, const char* condition)
{
    return "SELECT w.n, d.day, " + std::to_string(layer) +
           ", d.data, coalesce(d.day BETWEEN w.due_from AND w.due_to, false) FROM wanted w JOIN " + table +
           " d ON d.meter_id = w.meter AND d.channel = w.channel AND d.day >= w.day_from AND d.day < w.day_to "
           "WHERE d.day >= $5::date AND d.day < $6::date" +
           condition;
}

/// An overlay's slots can also go away, so that under `as_of` one version of it counts: the one that stood then.
std::string days_sql(bool as_of)
{
    std::string sql =
        "WITH wanted AS MATERIALIZED (SELECT s.*, c.day_from AS due_from, c.day_to AS due_to "
        "FROM unnest($1::int4[], $2::int2[], $3::date[], $4::date[]) WITH ORDINALITY AS s (meter, channel, day_from, day_to, n) "
        "LEFT JOIN check_due c ON c.meter_id = s.meter AND c.job IS NULL) " +
        days_in("interval_day", 0, "") + " UNION ALL " +
        days_in("interval_overlay_day", 1, as_of ? " AND d.batch <= $7::int8" : "");
    if (as_of)
        sql += " UNION ALL " + days_in("interval_history", 0, " AND d.superseded_by > $7::int8") + " UNION ALL " +
               days_in("overlay_history", 1, " AND d.batch <= $7::int8 AND d.superseded_by > $7::int8");
    return sql + " ORDER BY 1, 2, 3";
}

Table ask_days(Work& work, std::span<const Stretch> stretches, const std::optional<BatchNumber>& as_of)
{
    const auto number = [](auto member) { return [member](const Stretch& s) { return std::to_string(member(s)); }; };
    const auto date = [](auto member) { return [member](const Stretch& s) { return to_iso8601(s.*member); }; };
    std::vector<Arg> args{array_text(stretches, number([](const Stretch& s) { return s.meter.value; })),
                          array_text(stretches, number([](const Stretch& s) { return s.channel.value; })),
                          array_text(stretches, date(&Stretch::from)),
                          array_text(stretches, date(&Stretch::to)),
                          std::ranges::min(stretches, {}, &Stretch::from).from,
                          std::ranges::max(stretches, {}, &Stretch::to).to};
    if (as_of)
        args.emplace_back(as_of->value);
    return work.run(days_sql(as_of.has_value()), args);
}

/// How many of them are asked for at once.
std::size_t portion_of(std::span<const Stretch> stretches)
{
    std::int64_t days = 0;
    std::size_t count = 0;
    while (count < stretches.size() &&
           (count == 0 || days + (stretches[count].to - stretches[count].from).count() <= days_per_question)) {
        days += (stretches[count].to - stretches[count].from).count();
        ++count;
    }
    return count;
}

/// Without what came later. A value that something newer replaced since is in the history, in
/// the version that was superseded: put together, the versions give each value as it stood.
void forget_later_slots(DayBlock& block, BatchNumber last)
{
    for (auto& slot : block.slots)
        if (slot && slot->provenance.batch > last.value)
            slot.reset();
}

result<std::optional<DayBlock>> measured_of(const FoundDay& stored, const std::optional<BatchNumber>& as_of)
{
    std::optional<DayBlock> out;
    for (const Bytes& bytes : stored.measured) {
        RELEVE_TRY(block, decode_day_block(bytes));
        if (as_of)
            forget_later_slots(block, *as_of);
        if (!out) {
            out = std::move(block);
            continue;
        }
        RELEVE_TRY(merged, merge(*out, block));
        out = std::move(merged.block);
    }
    return out;
}

bool counts_alike(const SeenPart& a, const SeenPart& b)
{
    return a.day.first == b.day.first && a.day.step == b.day.step && a.day.slots.size() == b.day.slots.size() &&
           a.channel->quantity == b.channel->quantity && a.channel->scaler == b.channel->scaler;
}

/// Parts that count alike as one.
std::vector<SeenPart> join_parts(std::vector<SeenPart> parts)
{
    std::vector<SeenPart> joined;
    for (SeenPart& part : parts) {
        const auto same = std::ranges::find_if(joined, [&](const SeenPart& one) { return counts_alike(one, part); });
        if (same == joined.end()) {
            joined.push_back(std::move(part));
            continue;
        }
        for (std::size_t i = 0; i < part.day.slots.size(); ++i)
            if (part.day.slots[i].there())
                same->day.slots[i] = part.day.slots[i];
    }
    return joined;
}

result<engine::DaySummary> summarise_seen(const SeenPart& part, bool own_time_only)
{
    DayBlock block{.first = part.day.first, .step = part.day.step, .slots = {}};
    Instant start = part.day.first;
    for (const ResolvedSlot& slot : part.day.slots) {
        if (slot.there())
            block.slots.emplace_back(Slot{slot.value, {.quality = slot.quality}});
        else if (!own_time_only || part.validity.contains(start))
            block.slots.emplace_back();
        start += part.day.step;
    }
    return engine::summarise(block, *part.channel);
}

engine::DayTotal as_total(const engine::DaySummary& summary)
{
    return {{}, summary.energy_wh, summary.slots, summary.missing, summary.estimated, summary.quality};
}

} // namespace

result<void> for_each_day(Work& work, std::span<const Stretch> stretches, const std::optional<BatchNumber>& as_of,
                          const std::function<result<void>(const FoundDay&)>& use)
{
    for (std::size_t done = 0; done < stretches.size();) {
        const auto portion = stretches.subspan(done, portion_of(stretches.subspan(done)));
        std::optional<FoundDay> stored;
        for (const Row& row : ask_days(work, portion, as_of)) {
            const std::size_t stretch = done + static_cast<std::size_t>(row.integer(0)) - 1;
            if (stored && (stored->stretch != stretch || stored->day != row.day(1))) {
                RELEVE_CHECK(use(*stored));
                stored.reset();
            }
            if (!stored)
                stored = FoundDay{stretch, row.day(1), {}, {}, row.boolean(4)};
            if (row.integer(2) == 0)
                stored->measured.push_back(row.bytes(3));
            else
                stored->overlay = row.bytes(3);
        }
        if (stored)
            RELEVE_CHECK(use(*stored));
        done += portion.size();
    }
    return {};
}

result<SeenDay> seen_day(const FoundDay& stored, const std::optional<BatchNumber>& as_of)
{
    RELEVE_TRY(measured, measured_of(stored, as_of));
    std::optional<DayBlock> overlay;
    if (stored.overlay) {
        RELEVE_TRY(block, decode_day_block(*stored.overlay));
        if (!measured || same_shape(*measured, block))
            overlay = std::move(block);
    }
    const DayBlock* below = measured ? &*measured : nullptr;
    const DayBlock* over = overlay ? &*overlay : nullptr;
    RELEVE_TRY(slots, releve::resolve(below, over, {.all = !as_of && !stored.due}));
    const DayBlock& shape = below != nullptr ? *below : *over;
    return SeenDay{shape.first, shape.step, std::move(slots)};
}

void clip(SeenDay& day, const Validity& validity)
{
    Instant start = day.first;
    for (ResolvedSlot& slot : day.slots) {
        if (!validity.contains(start))
            slot = {};
        start += day.step;
    }
}

result<std::map<CivilDay, std::vector<SeenPart>>> seen_days(Work& work, const SeenUsagePoint& point, const DaysWanted& wanted)
{
    std::vector<Stretch> stretches;
    std::vector<SeenPart> sources;
    for (const MeterPeriod& period : point.meters)
        if (const ChannelModel* channel = channel_of(period, wanted.channel)) {
            stretches.push_back({period.meter, channel->channel, wanted.from, wanted.to});
            sources.push_back({channel, period.validity, {}});
        }
    std::map<CivilDay, std::vector<SeenPart>> days;
    RELEVE_CHECK(for_each_day(work, stretches, wanted.as_of, [&](const FoundDay& stored) -> result<void> {
        RELEVE_TRY(seen, seen_day(stored, wanted.as_of));
        SeenPart part = sources[stored.stretch];
        clip(seen, part.validity);
        if (std::ranges::none_of(seen.slots, &ResolvedSlot::there))
            return {};
        part.day = std::move(seen);
        days[stored.day].push_back(std::move(part));
        return {};
    }));
    return days;
}

result<engine::DaySummary> summary_of(std::vector<SeenPart> parts)
{
    RELEVE_ASSERT(!parts.empty());
    parts = join_parts(std::move(parts));
    if (parts.size() == 1)
        return summarise_seen(parts[0], false);
    engine::DayTotal sum; // meters of other steps: which value is the greatest cannot be said
    for (const SeenPart& part : parts) {
        RELEVE_TRY(own, summarise_seen(part, true));
        if (&part == &parts.front()) {
            sum = as_total(own);
            continue;
        }
        RELEVE_TRY(both, engine::sum_of(sum, as_total(own)));
        sum = both;
    }
    engine::DaySummary summary;
    summary.energy_wh = sum.energy_wh;
    summary.slots = static_cast<int>(sum.slots);
    summary.missing = static_cast<int>(sum.missing);
    summary.estimated = static_cast<int>(sum.estimated);
    summary.quality = sum.quality;
    return summary;
}

} // namespace releve::store
