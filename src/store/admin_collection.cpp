#include "admin_impl.hpp"
#include "batch_rows.hpp"
#include "daily_totals.hpp"
#include "frame_pack.hpp"

#include <releve/engine/gas.hpp>

#include <algorithm>
#include <chrono>
#include <thread>
#include <tuple>

namespace releve::store {

namespace {

/// A day's total as the collector would have made it, had the choice been made before.
struct ReducedDay {
    ChannelId channel;
    CivilDay day{};
    DailyTotal total;
};

result<ReducedDay> reduce(DayBlock block, const ChannelModel& channel, CivilDay day, const Validity& validity)
{
    ReducedDay reduced{channel.channel, day, {}};
    DailyTotal& total = reduced.total;
    total.worst = Quality::valid;
    bool authenticated = true;
    for (std::size_t i = 0; i < block.slots.size(); ++i) {
        auto& slot = block.slots[i];
        if (!validity.contains(block.first + block.step * static_cast<std::int64_t>(i)))
            slot.reset();
        if (!slot)
            continue;
        total.present.at(i / 64) |= std::uint64_t{1} << (i % 64);
        total.worst = worse(total.worst, slot->provenance.quality);
        authenticated = authenticated && slot->provenance.authenticated;
        if (rank(total.provenance) < rank(slot->provenance))
            total.provenance = slot->provenance;
    }
    total.provenance.authenticated = authenticated;
    RELEVE_TRY(summary, engine::summarise(block, channel));
    total.summary = summary;
    RELEVE_TRY(millijoules, engine::energy_in_millijoules(block, channel));
    total.energy_mj = millijoules;
    return reduced;
}

std::optional<DailyTotal> stored_total(Work& work, const UsagePointId& id, const ReducedDay& day)
{
    const Table rows = work.run(
        "SELECT energy_wh, slots, missing, quality, worst, maximum, extract(epoch FROM maximum_at)::int8, present, "
        "authenticated::int, key_generation, counter, energy_mj, batch FROM daily_total WHERE usage_point = $1 AND day = "
        "$2::date AND channel = $3::int2 FOR UPDATE",
        {id.value, day.day, day.channel.value});
    if (rows.empty())
        return std::nullopt;
    const Row row = rows[0];
    DailyTotal total;
    total.summary = {row.integer(0), static_cast<int>(row.integer(1)), static_cast<int>(row.integer(2)),
                     static_cast<Quality>(row.integer(3)), {}, row.maybe_instant(6)};
    if (!row.null(5))
        total.summary.maximum = row.integer(5);
    total.worst = static_cast<Quality>(row.integer(4));
    const Bytes bits = row.bytes(7);
    Reader present{bits};
    for (auto& word : total.present)
        word = present.u64_be();
    total.provenance = {row.integer(8) != 0, static_cast<std::uint16_t>(row.integer(9)),
                        static_cast<std::uint64_t>(row.integer(10)), total.worst, row.integer(12)};
    total.energy_mj = row.integer(11);
    return total;
}

/// What is there already is a total from before half-hours were collected, or of the meter that hung there in the other
/// part of the day. What cannot be put together is decided for the one that covers more of the day.
void save_total(Work& work, const UsagePointId& id, const ReducedDay& day)
{
    DailyTotal total = day.total;
    if (auto stored = stored_total(work, id, day)) {
        const bool covers_more = day.total.summary.missing < stored->summary.missing;
        if (combine(*stored, day.total) != MergeEffect::unchanged)
            total = *stored;
        else if (!covers_more)
            return;
    }
    Writer present;
    for (const auto word : total.present)
        present.u64_be(word);
    work.run("INSERT INTO daily_total AS t (usage_point, day, channel, rev, batch, energy_wh, slots, "
             "missing, quality, worst, maximum, "
             "maximum_at, present, authenticated, key_generation, counter, energy_mj) VALUES ($1, $2::date, $3::int2, "
             "1, $4::int8, $5::int8, "
             "$6::int2, $7::int2, $8::int2, $9::int2, $10::int8, $11::timestamptz, $12::bytea, $13::bool, "
             "$14::int4, $15::int8, $16::int8) "
             "ON CONFLICT (usage_point, day, channel) DO UPDATE SET rev = t.rev + 1, batch = excluded.batch, "
             "energy_wh = excluded.energy_wh, slots = excluded.slots, missing = excluded.missing, quality = "
             "excluded.quality, "
             "worst = excluded.worst, maximum = excluded.maximum, maximum_at = excluded.maximum_at, present "
             "= excluded.present, "
             "authenticated = excluded.authenticated, key_generation = excluded.key_generation, counter = "
             "excluded.counter, energy_mj = excluded.energy_mj",
             {id.value, day.day, day.channel.value, total.provenance.batch, total.summary.energy_wh,
              total.summary.slots, total.summary.missing, static_cast<int>(total.summary.quality),
              static_cast<int>(total.worst), total.summary.maximum, total.summary.maximum_at, present.view(),
              total.provenance.authenticated, total.provenance.key_generation,
              static_cast<std::int64_t>(total.provenance.counter), total.energy_mj});
}

/// Frames of the meter as received hold the curve too: in the archive, and among what was refused although
/// genuine. Messages that wait for a key stay; once opened they are treated under the choice then in force.
result<void> erase_frames(Work& work, MeterId meter)
{
    work.run("DELETE FROM undecoded WHERE meter_id = $1::int4", {meter.value});
    work.run("UPDATE quarantine SET frame = NULL WHERE meter_id = $1::int4 AND frame IS NOT NULL "
             "AND reason NOT IN ('unknown_meter', 'no_key', 'wrong_key', 'bad_tag', 'unknown_network', 'gateway_auth')",
             {meter.value});
    const Table places =
        work.run("SELECT batch, part FROM frame_archive WHERE meter_ids @> ARRAY[$1::int4]", {meter.value});
    for (const Row& place : places) {
        const Table part =
            work.run("SELECT data FROM frame_archive WHERE batch = $1::int8 AND part = $2::int4 FOR UPDATE",
                     {place.integer(0), place.integer(1)});
        if (part.empty())
            continue;
        RELEVE_TRY(rest, erase_meter(part[0].bytes(0), meter));
        work.run("UPDATE frame_archive SET data = $3::bytea WHERE batch = $1::int8 AND part = $2::int4",
                 {place.integer(0), place.integer(1), rest});
    }
    return {};
}

struct Place {
    MeterId meter;
    std::string model;
    Validity validity;
    Seconds day_start{0}; // of its civil days
};

constexpr const char* days_of_place = // $1 meter, $2 and $3 the civil days of the installation, both included
    " WHERE meter_id = $1::int4 AND day >= coalesce($2::date, '-infinity') AND day <= coalesce($3::date, "
    "'infinity')";

/// Indexes read more than once a day tell the curve as well.
result<void> thin_registers(Work& work, const std::vector<Arg>& range)
{
    work.run(std::string{"DELETE FROM register_history"} + days_of_place, range);
    const Table rows =
        work.run(std::string{"SELECT day, data FROM register_day"} + days_of_place + " ORDER BY day FOR UPDATE", range);
    for (const Row& row : rows) {
        RELEVE_TRY(block, decode_register_block(row.bytes(1)));
        if (!keep_first_reads(block))
            continue;
        RELEVE_TRY(data, encode_register_block(block));
        work.run("UPDATE register_day SET rev = rev + 1, data = $3::bytea WHERE meter_id = $1::int4 AND day = "
                 "$2::date",
                 {range.front(), row.day(0), data});
    }
    return {};
}

/// A gap that goes on where the meter was before or after is cut there.
void cut_gaps(Work& work, const Place& place)
{
    const std::optional<Instant> from =
        place.validity.from == Instant::min() ? std::nullopt : std::optional{place.validity.from};
    work.run("WITH cut AS (DELETE FROM gap WHERE meter_id = $1::int4 AND tstzrange(starts, ends) && "
             "tstzrange($2::timestamptz, $3::timestamptz) RETURNING *) "
             "INSERT INTO gap (meter_id, channel, starts, ends, found_at, batch, looks, next_look_at, estimated, closed) "
             "SELECT meter_id, channel, lower(rest), upper(rest), found_at, batch, looks, next_look_at, estimated, closed "
             "FROM cut, unnest(tstzmultirange(tstzrange(starts, ends)) - "
             "tstzmultirange(tstzrange($2::timestamptz, $3::timestamptz))) AS rest",
             {place.meter.value, from, place.validity.to});
}

/// Nothing is left to be checked on these days. Where they lie amid others that are due, all of those stay: no row holds two
/// spans, and there is nothing to be found.
void cut_due_days(Work& work, const std::vector<Arg>& range)
{
    static const std::string of_meter = " WHERE meter_id = $1::int4 AND ";
    static const std::string first = "coalesce($2::date, '-infinity')", last = "coalesce($3::date, 'infinity')";
    work.run("DELETE FROM check_due" + of_meter + "day_from >= " + first + " AND day_to <= " + last, range);
    work.run("UPDATE check_due SET day_from = " + last + " + 1" + of_meter + "day_from BETWEEN " + first + " AND " + last, range);
    work.run("UPDATE check_due SET day_to = " + first + " - 1" + of_meter + "day_to BETWEEN " + first + " AND " + last, range);
}

/// What checks, estimates and people said of half-hours tells of them; what people did about a failure goes with it. A
/// month's totals by days may be of another home's days too: whoever asks for those sums them again.
void erase_findings(Work& work, const Place& place, const std::vector<Arg>& range)
{
    for (const char* table : {"validation_failure", "day_repeat", "estimate_error", "correction", "ledger_breach"})
        work.run(std::string{"DELETE FROM "} + table + days_of_place, range);
    work.run("DELETE FROM interval_month WHERE meter_id = $1::int4 AND month + interval '1 month' > coalesce($2::date, "
             "'-infinity') AND month <= coalesce($3::date, 'infinity')",
             range);
    cut_gaps(work, place);
    cut_due_days(work, range);
}

/// Totals are made of what was measured. An edit does not count in them, and a slot that only an estimate filled is missing.
result<void> reduce_place(Work& work, const UsagePointId& id, const Place& place, const ModelLookup& models)
{
    std::optional<CivilDay> first, last;
    if (place.validity.from != Instant::min())
        first = paris().day_of(place.validity.from, place.day_start);
    if (place.validity.to)
        last = paris().day_of(*place.validity.to - Seconds{1}, place.day_start);
    const std::vector<Arg> range{place.meter.value, first, last};
    const Table rows = work.run(
        std::string{"DELETE FROM interval_day"} + days_of_place + " RETURNING channel, day, data", range);
    for (const char* table : {"interval_history", "interval_overlay_day", "overlay_history"})
        work.run(std::string{"DELETE FROM "} + table + days_of_place, range);
    for (const char* table : {"live_value", "live_half_hour"})
        work.run(std::string{"DELETE FROM "} + table + " WHERE meter_id = $1::int4", {place.meter.value});
    erase_findings(work, place, range);
    RELEVE_CHECK(thin_registers(work, range));
    const MeterModel* model = models ? models(place.model) : nullptr;
    if (!rows.empty() && model == nullptr)
        return fail(errc::bad_model,
                    "no description of the model `" + place.model + "`: its half-hours cannot be summed");
    for (const Row& row : rows) {
        const ChannelModel* channel = model->find(ChannelId{static_cast<std::int16_t>(row.integer(0))});
        if (channel == nullptr || channel->quantity == Quantity::volume) // of a volume the index is the total
            continue;
        RELEVE_TRY(block, decode_day_block(row.bytes(2)));
        RELEVE_TRY(reduced, reduce(std::move(block), *channel, row.day(1), place.validity));
        save_total(work, id, reduced);
    }
    return erase_frames(work, place.meter);
}

} // namespace

result<void> reduce_to_totals(Work& work, const UsagePointId& id, const ModelLookup& models)
{
    const Table rows = work.run(
        "SELECT i.meter_id, m.model, extract(epoch FROM lower(i.validity))::int8, "
        "extract(epoch FROM upper(i.validity))::int8, u.energy FROM installation i JOIN meter m ON m.id = i.meter_id "
        "JOIN usage_point u ON u.id = i.usage_point WHERE i.usage_point = $1",
        {id.value});
    for (const Row& row : rows) {
        const Place place{MeterId{static_cast<std::int32_t>(row.integer(0))}, row.text(1), row.validity(2, 3),
                          row.text(4) == "gas" ? engine::gas_day_start : Seconds{0}};
        RELEVE_CHECK(reduce_place(work, id, place, models));
    }
    return {};
}

namespace {

constexpr auto ask_again_after = std::chrono::milliseconds{100};
constexpr auto deferred_at_most = std::chrono::seconds{30};

/// Confirmed half-hours that are in the archive only: erasing them now would take them out of the totals.
bool half_hours_wait(Work& work, const UsagePointId& id)
{
    return !work.run("SELECT FROM batch b JOIN frame_archive a ON a.batch = b.batch WHERE b.deferred > 0 AND a.meter_ids && "
                     "(SELECT array_agg(i.meter_id) FROM installation i WHERE i.usage_point = $1) LIMIT 1",
                     {id.value})
                .empty();
}

} // namespace

result<void> AdminStore::choose_collection(const UsagePointId& id, Collection collection,
                                           const std::string& proof, Instant now)
{
    for (const auto until = std::chrono::steady_clock::now() + deferred_at_most;;) {
        bool wait = false;
        auto chosen = choose_collection_at_once(id, collection, proof, now, wait);
        if (!wait)
            return chosen;
        if (std::chrono::steady_clock::now() > until)
            return fail(errc::unavailable, "confirmed messages of " + id.value +
                                               " are still on their way into the database: start `releve serve`, then choose again");
        std::this_thread::sleep_for(ask_again_after);
    }
}

result<void> AdminStore::choose_collection_at_once(const UsagePointId& id, Collection collection, const std::string& proof,
                                                   Instant now, bool& wait)
{
    return impl_->session.transaction([&](Work& work) -> result<void> {
        work.run("SELECT pg_advisory_xact_lock($1)", {collection_choice_lock}); // see batch_rows.hpp
        if (collection == Collection::daily && half_hours_wait(work, id)) {
            wait = true;
            return fail(errc::unavailable);
        }
        if (work.run("SELECT FROM usage_point WHERE id = $1 FOR UPDATE", {id.value}).empty())
            return fail(errc::not_found, "there is no usage point " + id.value);
        // A choice that was to begin later never came into force.
        work.run("UPDATE collection_choice SET validity = CASE WHEN lower(validity) < $2::timestamptz "
                 "THEN tstzrange(lower(validity), $2::timestamptz) ELSE 'empty' END WHERE usage_point = $1 "
                 "AND upper_inf(validity)",
                 {id.value, now});
        work.run("INSERT INTO collection_choice (usage_point, collection, validity, how, proof) "
                 "VALUES ($1, $2, tstzrange($3::timestamptz, NULL), 'choice', $4)",
                 {id.value, collection_name(collection), now, proof});
        work.run("UPDATE usage_point SET collection = $2 WHERE id = $1",
                 {id.value, collection_name(collection)});
        if (collection == Collection::daily)
            RELEVE_CHECK(reduce_to_totals(work, id, impl_->models));
        std::vector<std::string> addresses;
        for (const Row& row :
             work.run("SELECT DISTINCT m.address FROM installation i JOIN meter m ON m.id = i.meter_id "
                      "WHERE i.usage_point = $1",
                      {id.value}))
            addresses.push_back(row.text(0));
        notify_devices(work, addresses);
        note_change(
            work,
            {"choose_collection", {}, id.value, std::string{collection_name(collection)} + ": " + proof});
        return {};
    });
}

} // namespace releve::store
