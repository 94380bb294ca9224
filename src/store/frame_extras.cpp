// What frames bring beside readings: live values, events, what became of commands, and where they were heard.

#include "batch_rows.hpp"

#include <releve/core/time.hpp>

#include <algorithm>
#include <map>
#include <tuple>

namespace releve::store {

namespace {

constexpr Seconds half_hour{1800};

struct LiveKey {
    std::int32_t meter = 0;
    std::string label;
    auto operator<=>(const LiveKey&) const = default;
};
struct HalfHourKey {
    std::int32_t meter = 0;
    std::string label;
    Instant start{};
    auto operator<=>(const HalfHourKey&) const = default;
};
struct Sum {
    std::int32_t samples = 0;
    std::int64_t total = 0;
    std::int16_t unit = 0, scaler = 0;
};

/// The last value of each label, and what each half-hour gains.
struct LiveRows {
    std::map<LiveKey, FrameExtras::Live> last;
    std::map<HalfHourKey, Sum> half_hours;
};

LiveRows live_rows(std::span<const FrameWrite> frames)
{
    LiveRows rows;
    for (const FrameWrite& frame : frames) {
        if (!frame.extras)
            continue;
        for (const FrameExtras::Live& live : frame.extras->live) {
            const auto [at, fresh] = rows.last.try_emplace({frame.meter.value, live.label}, live);
            if (!fresh && at->second.at <= live.at)
                at->second = live;
            if (!live.mean)
                continue;
            const Instant start{live.at.time_since_epoch() - live.at.time_since_epoch() % half_hour};
            Sum& sum = rows.half_hours[{frame.meter.value, live.label, start}];
            ++sum.samples;
            sum.total += live.value;
            sum.unit = static_cast<std::int16_t>(live.unit);
            sum.scaler = static_cast<std::int16_t>(live.scaler);
        }
    }
    return rows;
}

void write_live(pg::Connection& connection, std::span<const FrameWrite> frames)
{
    const LiveRows rows = live_rows(frames);
    if (rows.last.empty())
        return;
    pg::Params last;
    last.array(rows.last, [](const auto& r) { return r.first.meter; })
        .array(rows.last, [](const auto& r) { return std::string_view{r.first.label}; })
        .array(rows.last, [](const auto& r) { return r.second.at; })
        .array(rows.last, [](const auto& r) { return r.second.value; })
        .array(rows.last, [](const auto& r) { return static_cast<std::int16_t>(r.second.unit); })
        .array(rows.last, [](const auto& r) { return static_cast<std::int16_t>(r.second.scaler); });
    static const pg::Statement put_last{
        "live_put", "INSERT INTO live_value AS v (meter_id, label, at, value, unit, scaler) SELECT * FROM unnest($1::int4[], "
                    "$2::text[], $3::timestamptz[], $4::int8[], $5::int2[], $6::int2[]) ON CONFLICT (meter_id, label) DO "
                    "UPDATE SET at = excluded.at, value = excluded.value, unit = excluded.unit, scaler = excluded.scaler "
                    "WHERE v.at <= excluded.at"};
    connection.run(put_last, last);
    if (rows.half_hours.empty())
        return;
    pg::Params sums;
    sums.array(rows.half_hours, [](const auto& r) { return r.first.meter; })
        .array(rows.half_hours, [](const auto& r) { return std::string_view{r.first.label}; })
        .array(rows.half_hours, [](const auto& r) { return r.first.start; })
        .array(rows.half_hours, [](const auto& r) { return r.second.samples; })
        .array(rows.half_hours, [](const auto& r) { return r.second.total; })
        .array(rows.half_hours, [](const auto& r) { return r.second.unit; })
        .array(rows.half_hours, [](const auto& r) { return r.second.scaler; });
    static const pg::Statement put_sums{
        "live_half_hours_put",
        "INSERT INTO live_half_hour AS h (meter_id, label, start, samples, total, unit, scaler) SELECT * FROM unnest($1::int4[], "
        "$2::text[], $3::timestamptz[], $4::int4[], $5::int8[], $6::int2[], $7::int2[]) ON CONFLICT (meter_id, label, start) DO UPDATE SET "
        "samples = h.samples + excluded.samples, total = h.total + excluded.total"};
    connection.run(put_sums, sums);
}

struct EventRow {
    const FrameWrite* frame;
    const FrameExtras::Event* event;
};

void write_events(pg::Connection& connection, BatchNumber number, std::span<const FrameWrite> frames)
{
    std::vector<EventRow> rows;
    for (const FrameWrite& frame : frames)
        if (frame.extras)
            for (const FrameExtras::Event& event : frame.extras->events)
                rows.push_back({&frame, &event});
    if (rows.empty())
        return;
    pg::Params params;
    params.add(number.value)
        .array(rows, [](const EventRow& r) { return r.frame->meter.value; })
        .array(rows, [](const EventRow& r) { return std::string_view{r.event->kind}; })
        .array(rows, [](const EventRow& r) { return r.event->at; })
        .array(rows, [](const EventRow& r) { return r.frame->received_at; })
        .array(rows, [](const EventRow& r) { return std::string_view{r.event->detail}; });
    static const pg::Statement insert{
        "events_insert", "INSERT INTO event (batch, meter_id, kind, at, received_at, detail) SELECT $1::int8, e.* FROM "
                         "unnest($2::int4[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[]) AS e "
                         "ON CONFLICT (meter_id, kind, at) DO NOTHING"};
    connection.run(insert, params);
}

void write_commands(pg::Connection& connection, std::span<const FrameWrite> frames)
{
    for (const FrameWrite& frame : frames) {
        if (!frame.extras)
            continue;
        if (const auto& sent = frame.extras->command_sent) {
            const pg::Rows open =
                connection.run("UPDATE command SET state = 'sent', sent_at = $2::timestamptz, attempts = attempts + 1 "
                               "WHERE id = $1::int8 AND state IN ('queued', 'sent') RETURNING id",
                               pg::Params{}.add(sent->value).add(frame.received_at));
            frame.extras->command_is_over = open.size() == 0;
        }
        if (const auto& result = frame.extras->command_result)
            connection.run("UPDATE command SET state = $2::text, result = $3::text, finished_at = $4::timestamptz "
                           "WHERE id = $1::int8 AND state IN ('queued', 'sent', 'expired')",
                           pg::Params{}
                               .add(result->id.value)
                               .add(std::string_view{result->done ? "done" : "failed"})
                               .add(std::string_view{result->result})
                               .add(frame.received_at));
    }
}

} // namespace

void write_extras(pg::Connection& connection, BatchNumber number, std::span<const FrameWrite> frames)
{
    if (std::ranges::none_of(frames, [](const FrameWrite& frame) { return frame.extras != nullptr; }))
        return;
    write_live(connection, frames);
    write_events(connection, number, frames);
    write_commands(connection, frames);
}

void write_receptions(pg::Connection& connection, std::span<const ReceptionWrite> rows)
{
    if (rows.empty())
        return;
    std::vector<const ReceptionWrite*> sorted; // writers meet on no row, but pages are touched in order
    for (const ReceptionWrite& row : rows)
        sorted.push_back(&row);
    std::ranges::sort(sorted, {}, [](const ReceptionWrite* row) { return row->meter; });
    pg::Params params;
    params.array(sorted, [](const ReceptionWrite* r) { return r->meter.value; })
        .array(sorted, [](const ReceptionWrite* r) { return static_cast<std::int64_t>(r->counter); })
        .array(sorted, [](const ReceptionWrite* r) { return std::string_view{r->gateway}; })
        .array(sorted, [](const ReceptionWrite* r) { return r->signal_dbm; })
        .array(sorted, [](const ReceptionWrite* r) { return r->received_at; })
        .array(sorted, [](const ReceptionWrite* r) { return r->heard_by; });
    static const pg::Statement put{
        "receptions_put",
        "INSERT INTO meter_reception AS r (meter_id, counter, gateway, signal_dbm, received_at, heard_by) SELECT * FROM "
        "unnest($1::int4[], $2::int8[], $3::text[], $4::int2[], $5::timestamptz[], $6::int2[]) ON CONFLICT (meter_id) DO UPDATE "
        "SET counter = excluded.counter, heard_by = least(32767, excluded.heard_by::int4 + CASE WHEN r.counter = excluded.counter THEN "
        "r.heard_by ELSE 0 END), (gateway, signal_dbm, received_at) = (SELECT CASE WHEN better THEN excluded.gateway ELSE r.gateway END, "
        "CASE WHEN better THEN excluded.signal_dbm ELSE r.signal_dbm END, CASE WHEN better THEN excluded.received_at ELSE "
        "r.received_at END FROM (SELECT excluded.counter > r.counter OR r.signal_dbm = 0 OR (excluded.signal_dbm <> 0 AND "
        "excluded.signal_dbm > r.signal_dbm)) AS c (better)) WHERE r.counter <= excluded.counter"};
    connection.run(put, params);
}

} // namespace releve::store
