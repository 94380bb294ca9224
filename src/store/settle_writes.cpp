#include "settle_rows.hpp"

namespace releve::store {

namespace {

/// As PostgreSQL reads an array.
template <class Numbers>
std::string braces(const Numbers& numbers)
{
    std::string text = "{";
    for (const std::int64_t number : numbers)
        text += (text.size() > 1 ? "," : "") + std::to_string(number);
    return text + "}";
}

struct FailureLine {
    std::int32_t meter = 0;
    const ChannelDay* of = nullptr;
    const engine::ValidationFailure* failure = nullptr;
    std::string limits, detail;
};

void write_failures(pg::Connection& db, BatchNumber number, const std::vector<SettledMeter>& settled)
{
    std::vector<std::int64_t> cleared;
    std::vector<FailureLine> lines;
    for (const SettledMeter& meter : settled) {
        cleared.insert(cleared.end(), meter.changes.cleared.begin(), meter.changes.cleared.end());
        for (const auto& [of, failure] : meter.changes.failures)
            lines.push_back({meter.rows->meter.value, &of, &failure, braces(failure.limits), braces(failure.detail)});
    }
    if (!cleared.empty()) {
        static const pg::Statement clear{"failures_clear", "UPDATE validation_failure SET cleared = $2::int8 WHERE id = ANY ($1::int8[])"};
        db.run(clear, pg::Params{}.array(cleared, [](std::int64_t id) { return id; }).add(number.value));
    }
    if (lines.empty())
        return;
    pg::Params params;
    params.array(lines, [](const auto& l) { return l.meter; })
        .array(lines, [](const auto& l) { return l.of->first.value; })
        .array(lines, [](const auto& l) { return l.of->second; })
        .array(lines, [](const auto& l) { return engine::validation_rule_row(l.failure->rule).name; })
        .array(lines, [](const auto& l) { return engine::severity_name(l.failure->severity); })
        .array(lines, [](const auto& l) { return static_cast<std::int16_t>(l.failure->first_slot); })
        .array(lines, [](const auto& l) { return static_cast<std::int16_t>(l.failure->last_slot); })
        .array(lines, [](const auto& l) { return l.failure->value; })
        .array(lines, [](const auto& l) { return std::string_view{l.limits}; })
        .array(lines, [](const auto& l) { return std::string_view{l.detail}; })
        .add(number.value);
    static const pg::Statement insert{
        "failures_insert",
        "INSERT INTO validation_failure (meter_id, channel, day, rule, severity, first_slot, last_slot, value, limits, detail, batch) "
        "SELECT m, c, d, r, s, f, l, v, li::int8[], de::int8[], $11::int8 FROM unnest($1::int4[], $2::int2[], $3::date[], $4::text[], $5::text[], "
        "$6::int2[], $7::int2[], $8::int8[], $9::text[], $10::text[]) AS k (m, c, d, r, s, f, l, v, li, de)"};
    db.run(insert, params);
}

pg::Params place_of(MeterId meter, const ChannelDay& of)
{
    pg::Params params;
    params.add(meter.value).add(of.first.value).add(of.second);
    return params;
}

pg::Params version_of(MeterId meter, const ChannelDay& of, const OverlayVersion& version, const Bytes& data, BatchNumber number)
{
    pg::Params params = place_of(meter, of);
    params.add(version.revision).add(number.value).add(ByteView{data}).add(version.method).add(version.author).add(version.reason);
    return params;
}

void write_overlay(pg::Connection& db, BatchNumber number, MeterId meter, const OverlayChange& change)
{
    static const pg::Statement keep_old{
        "overlay_keep_old", "INSERT INTO overlay_history (meter_id, channel, day, rev, batch, superseded_by, data, method, author, reason) "
                            "SELECT meter_id, channel, day, rev, batch, $4::int8, data, method, author, reason FROM interval_overlay_day "
                            "WHERE meter_id = $1::int4 AND channel = $2::int2 AND day = $3::date"};
    static const pg::Statement remove{"overlay_remove",
                                      "DELETE FROM interval_overlay_day WHERE meter_id = $1::int4 AND channel = $2::int2 AND day = $3::date"};
    static const pg::Statement insert{
        "overlay_insert", "INSERT INTO interval_overlay_day (meter_id, channel, day, rev, batch, data, method, author, reason) "
                          "VALUES ($1::int4, $2::int2, $3::date, $4::int4, $5::int8, $6::bytea, $7::text, $8::text, $9::text)"};
    static const pg::Statement insert_old{
        "overlay_insert_old",
        "INSERT INTO overlay_history (meter_id, channel, day, rev, batch, superseded_by, data, method, author, reason) "
        "VALUES ($1::int4, $2::int2, $3::date, $4::int4, $5::int8, $5::int8, $6::bytea, $7::text, $8::text, $9::text)"};
    if (change.had_row) {
        db.run(keep_old, place_of(meter, change.of).add(number.value));
        db.run(remove, place_of(meter, change.of));
    }
    for (const OverlayVersion& version : change.versions) {
        if (!version.block)
            continue;
        const auto data = encode_day_block(*version.block);
        if (!data) // of values that a person gave
            throw pg::SqlError("22000", "an overlay does not fit its block");
        db.run(&version == &change.versions.back() ? insert : insert_old, version_of(meter, change.of, version, *data, number));
    }
}

void write_gap(pg::Connection& db, BatchNumber number, Instant now, MeterId meter, const GapChange& gap)
{
    if (!gap.id) {
        static const pg::Statement insert{
            "gap_insert", "INSERT INTO gap (meter_id, channel, starts, ends, found_at, batch, next_look_at, estimated) "
                          "VALUES ($1::int4, $2::int2, $3::timestamptz, $4::timestamptz, $5::timestamptz, $6::int8, "
                          "$5::timestamptz + interval '1 hour', $7::bool)"};
        pg::Params params;
        params.add(meter.value).add(gap.channel.value).add(gap.starts).add(gap.ends).add(now).add(number.value).add(gap.estimated);
        db.run(insert, params);
        return;
    }
    static const pg::Statement update{"gap_update", "UPDATE gap SET starts = $2::timestamptz, ends = $3::timestamptz, estimated = $4::bool, "
                                                    "closed = CASE WHEN $5::bool THEN $6::int8 END WHERE id = $1::int8"};
    pg::Params params;
    params.add(*gap.id).add(gap.starts).add(gap.ends).add(gap.estimated).add(gap.closed).add(number.value);
    db.run(update, params);
}

void write_months(pg::Connection& db, BatchNumber number, const std::vector<SettledMeter>& settled)
{
    std::vector<std::pair<std::int32_t, const MonthChange*>> lines;
    for (const SettledMeter& meter : settled)
        for (const MonthChange& month : meter.changes.months)
            lines.emplace_back(meter.rows->meter.value, &month);
    if (lines.empty())
        return;
    pg::Params params;
    params.array(lines, [](const auto& l) { return l.first; })
        .array(lines, [](const auto& l) { return l.second->of.first.value; })
        .array(lines, [](const auto& l) { return l.second->of.second; })
        .array(lines, [](const auto& l) { return l.second->month.through; })
        .array(lines, [](const auto& l) { return ByteView{l.second->month.data}; })
        .add(number.value);
    static const pg::Statement insert{
        "months_insert", "INSERT INTO interval_month AS t (meter_id, channel, month, through, batch, data) "
                         "SELECT m, c, d, t, $6::int8, b FROM unnest($1::int4[], $2::int2[], $3::date[], $4::date[], $5::bytea[]) AS k (m, c, d, t, b) "
                         "ON CONFLICT (meter_id, channel, month) DO UPDATE SET through = excluded.through, batch = excluded.batch, data = excluded.data"};
    db.run(insert, params);
}

void write_error(pg::Connection& db, BatchNumber number, MeterId meter, const EstimateErrorRow& error)
{
    static const pg::Statement insert{
        "estimate_error_insert", "INSERT INTO estimate_error (meter_id, channel, day, method, slots, estimated, measured, absolute, batch) "
                                 "VALUES ($1::int4, $2::int2, $3::date, $4::text, $5::int2, $6::int8, $7::int8, $8::int8, $9::int8)"};
    pg::Params params = place_of(meter, error.of);
    params.add(error.method).add(static_cast<std::int16_t>(error.slots)).add(error.estimated).add(error.measured).add(error.absolute);
    db.run(insert, params.add(number.value));
}

/// Those that were found before and are not now hold no more.
void write_breaches(pg::Connection& db, Instant now, const MeterRows& rows, const std::vector<BreachFound>& breaches)
{
    pg::Params of_meter;
    of_meter.add(rows.meter.value).add(rows.from).add(rows.to).add(now);
    of_meter.array(breaches, [](const auto& b) { return std::string_view{b.kind}; })
        .array(breaches, [](const auto& b) { return b.of.first.value; })
        .array(breaches, [](const auto& b) { return b.of.second; })
        .array(breaches, [](const auto& b) { return b.expected; })
        .array(breaches, [](const auto& b) { return b.found; });
    db.run("WITH found AS (SELECT * FROM unnest($5::text[], $6::int2[], $7::date[], $8::int8[], $9::int8[]) AS k (kind, channel, day, expected, found)), "
           "gone AS (UPDATE ledger_breach b SET cleared_at = $4::timestamptz WHERE b.meter_id = $1::int4 AND b.cleared_at IS NULL "
           "AND b.day BETWEEN $2::date AND $3::date AND NOT EXISTS (SELECT FROM found f WHERE (f.kind, f.channel, f.day, f.expected, f.found) = "
           "(b.kind, b.channel, b.day, b.expected, b.found))) "
           "INSERT INTO ledger_breach (kind, meter_id, channel, day, expected, found, found_at) "
           "SELECT f.kind, $1::int4, f.channel, f.day, f.expected, f.found, $4::timestamptz FROM found f WHERE NOT EXISTS "
           "(SELECT FROM ledger_breach b WHERE b.meter_id = $1::int4 AND b.cleared_at IS NULL AND (f.kind, f.channel, f.day, f.expected, f.found) = "
           "(b.kind, b.channel, b.day, b.expected, b.found))",
           of_meter);
}

void write_correction(pg::Connection& db, BatchNumber number, const CorrectionResult& correction)
{
    static const pg::Statement update{"correction_result", "UPDATE correction SET state = CASE WHEN $2::bool THEN 'done' ELSE 'refused' END, "
                                                           "batch = CASE WHEN $2::bool THEN $3::int8 END, detail = $4::text WHERE id = $1::int8"};
    pg::Params params;
    params.add(correction.id).add(correction.done).add(number.value).add(correction.detail);
    db.run(update, params);
}

} // namespace

void write_changes(pg::Connection& db, BatchNumber number, Instant now, const std::vector<SettledMeter>& settled)
{
    write_failures(db, number, settled);
    write_months(db, number, settled);
    for (const SettledMeter& meter : settled) {
        for (const OverlayChange& overlay : meter.changes.overlays)
            write_overlay(db, number, meter.rows->meter, overlay);
        for (const GapChange& gap : meter.changes.gaps)
            write_gap(db, number, now, meter.rows->meter, gap);
        for (const EstimateErrorRow& error : meter.changes.errors)
            write_error(db, number, meter.rows->meter, error);
        if (meter.rows->ledger)
            write_breaches(db, now, *meter.rows, meter.changes.breaches);
        for (const CorrectionResult& correction : meter.changes.corrections)
            write_correction(db, number, correction);
    }
}

} // namespace releve::store
