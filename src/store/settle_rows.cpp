#include "settle_rows.hpp"

#include <releve/core/limits.hpp>

#include <algorithm>

namespace releve::store {

namespace {

using Days = std::chrono::days;

constexpr int months_at_once = 13; // of one meter

CivilDay end_of_month(CivilDay day, int months_later)
{
    const std::chrono::year_month_day date{day};
    return CivilDay{(date.year() / date.month() + std::chrono::months{months_later + 1}) / 1} - Days{1};
}

Bytes copy(ByteView bytes)
{
    return {bytes.begin(), bytes.end()};
}

/// One element a meter.
struct Wanted {
    std::int32_t meter = 0;
    CivilDay from{}, to{};
};
pg::Params wanted_params(const std::vector<Wanted>& wanted)
{
    CivilDay first = CivilDay::max(), last = CivilDay::min();
    for (const Wanted& one : wanted) {
        first = std::min(first, one.from);
        last = std::max(last, one.to);
    }
    pg::Params params;
    params.array(wanted, [](const Wanted& one) { return one.meter; })
        .array(wanted, [](const Wanted& one) { return one.from; })
        .array(wanted, [](const Wanted& one) { return one.to; })
        .add(first)
        .add(last);
    return params;
}

class Loader {
public:
    Loader(pg::Connection& connection, Checks& checks, Instant now) : db_{connection}, checks_{checks}, now_{now} {}

    SettleLoad load(const std::vector<std::int32_t>& meters)
    {
        load_due(meters);
        if (!load_.meters.empty()) {
            include_days_before();
            load_days();
            load_later_days();
            load_registers();
            load_moves();
            load_repeats();
            load_clocks();
            load_overlays();
            load_failures();
            load_gaps();
            load_months();
            load_corrections();
        }
        return std::move(load_);
    }

private:
    MeterRows* find(std::int32_t meter)
    {
        const auto found = std::ranges::lower_bound(load_.meters, meter, {}, [](const MeterRows& rows) { return rows.meter.value; });
        return found == load_.meters.end() || found->meter.value != meter ? nullptr : &*found;
    }
    template <class Use>
    void for_rows(const pg::Statement& statement, const pg::Params& params, Use use)
    {
        const pg::Rows rows = db_.run(statement, params);
        for (int i = 0; i < rows.size(); ++i)
            if (MeterRows* meter = find(rows.int4(i, 0)))
                use(*meter, rows, i);
    }
    [[nodiscard]] std::vector<Wanted> wanted(bool with_days_before) const
    {
        std::vector<Wanted> list;
        for (const MeterRows& rows : load_.meters)
            list.push_back(with_days_before ? Wanted{rows.meter.value, engine::first_day_looked_at(rows.from), rows.last_loaded}
                                            : Wanted{rows.meter.value, rows.from, rows.to});
        return list;
    }

    /// A join chosen on stale statistics may take a second for two hundred meters: LATERAL with OFFSET 0 asks for each meter's
    /// rows by key, here and below.
    void load_due(const std::vector<std::int32_t>& meters)
    {
        static const pg::Statement select{
            "due_select",
            "SELECT c.meter_id, c.day_from, c.day_to, CASE WHEN c.at_once THEN 1 WHEN c.estimate THEN 0 END, m.model, "
            "coalesce(p.collection = 'daily', false), "
            "coalesce((SELECT min(g.usage_group) FROM usage_group_member g JOIN group_rules r ON r.usage_group = g.usage_group "
            "WHERE g.usage_point = p.id AND g.validity @> c.day_to), ''), k.greatest, coalesce(k.all_over, false), c.ledger "
            "FROM check_due c JOIN meter m ON m.id = c.meter_id "
            "LEFT JOIN LATERAL (SELECT u.id, u.collection FROM installation i JOIN usage_point u ON u.id = i.usage_point "
            "WHERE i.meter_id = c.meter_id AND upper_inf(i.validity) LIMIT 1) p ON true "
            "LEFT JOIN LATERAL (SELECT max(w)::int8 AS greatest, NOT bool_or(upper_inf(t.validity)) AS all_over FROM contract t "
            "LEFT JOIN LATERAL unnest(t.subscribed_powers) w ON upper_inf(t.validity) "
            "WHERE t.usage_point = p.id AND upper_inf(t.known)) k ON true "
            "WHERE c.meter_id = ANY ($1::int4[]) ORDER BY c.meter_id FOR UPDATE OF c"};
        const pg::Rows rows = db_.run(select, pg::Params{}.array(meters, [](std::int32_t id) { return id; }));
        for (int i = 0; i < rows.size(); ++i) {
            MeterRows meter;
            meter.meter = MeterId{rows.int4(i, 0)};
            const auto model = checks_.model(rows.text(i, 4), rows.text(i, 6));
            if (rows.boolean(i, 5) || !model) {
                (rows.boolean(i, 5) ? load_.nothing : load_.unknown).push_back(meter.meter.value);
                continue;
            }
            meter.model = *model;
            meter.from = rows.day(i, 1);
            if (!rows.null(i, 3)) // a job asks for all of them
                meter.estimate_found_by = rows.int4(i, 3) > 0 ? Instant::max() : now_ - checks_.plan()->estimate_after;
            const CivilDay end = engine::last_day_touched_by(rows.day(i, 2)), most = end_of_month(meter.from, months_at_once);
            meter.to = std::min(end, most);
            meter.last_loaded = meter.to;
            if (end > most)
                load_.rest[meter.meter.value] = {most + Days{1}, most + Days{1}};
            if (!rows.null(i, 7))
                meter.days.point.subscribed_va = rows.int8(i, 7);
            meter.days.point.active = !rows.boolean(i, 8);
            meter.ledger = rows.boolean(i, 9);
            load_.meters.push_back(std::move(meter));
        }
        for (const std::int32_t meter : meters)
            if (find(meter) == nullptr && std::ranges::find(load_.nothing, meter) == load_.nothing.end() &&
                std::ranges::find(load_.unknown, meter) == load_.unknown.end())
                load_.nothing.push_back(meter);
        std::ranges::sort(load_.nothing);
    }

    struct Place {
        std::int32_t meter = 0;
        std::int16_t channel = 0;
        CivilDay from{}, to{};
    };
    [[nodiscard]] pg::Params judged_channels() const
    {
        std::vector<Place> places;
        for (const MeterRows& rows : load_.meters)
            for (const ChannelModel& channel : rows.model->model().channels)
                if (rows.model->find(channel.channel) != nullptr)
                    places.push_back({rows.meter.value, channel.channel.value, rows.from, rows.to});
        pg::Params params;
        params.array(places, [](const Place& place) { return place.meter; })
            .array(places, [](const Place& place) { return place.channel; })
            .array(places, [](const Place& place) { return place.from; })
            .array(places, [](const Place& place) { return place.to; });
        return params;
    }

    /// The last day before was judged as one behind which nothing was missing yet.
    void include_days_before()
    {
        static const pg::Statement select{
            "day_before", "SELECT k.m, t.day FROM unnest($1::int4[], $2::int2[], $3::date[], $4::date[]) AS k (m, c, f, l), LATERAL "
                          "(SELECT day FROM interval_day i WHERE i.meter_id = k.m AND i.channel = k.c AND i.day < k.f "
                          "ORDER BY i.day DESC LIMIT 1) t"};
        for_rows(select, judged_channels(),
                 [](MeterRows& meter, const pg::Rows& rows, int i) { meter.from = std::min(meter.from, rows.day(i, 1)); });
    }

    /// A hole that reaches out of the time that is looked at ends at the nearest day after it. What came before its first
    /// day is as it was: that day is the last before all that changed.
    void load_later_days()
    {
        static const pg::Statement select{
            "day_after", "SELECT k.m, k.c, t.day, t.data FROM unnest($1::int4[], $2::int2[], $3::date[], $4::date[]) AS k (m, c, f, l), LATERAL "
                         "(SELECT day, data FROM interval_day i WHERE i.meter_id = k.m AND i.channel = k.c AND i.day > k.l ORDER BY i.day LIMIT 1) t"};
        for_rows(select, judged_channels(), [](MeterRows& meter, const pg::Rows& rows, int i) {
            meter.days.channels[ChannelId{rows.int2(i, 1)}][rows.day(i, 2)] = copy(rows.bytes(i, 3));
            meter.later_days = true;
            meter.last_loaded = std::max(meter.last_loaded, rows.day(i, 2));
        });
    }

    void load_days()
    {
        static const pg::Statement intervals{
            "settle_intervals", "SELECT k.m, t.channel, t.day, t.data FROM unnest($1::int4[], $2::date[], $3::date[]) AS k (m, f, l), LATERAL "
                                "(SELECT channel, day, data FROM interval_day i WHERE i.meter_id = k.m AND i.day BETWEEN k.f AND k.l "
                                "AND i.day BETWEEN $4::date AND $5::date OFFSET 0) t"};
        for_rows(intervals, wanted_params(wanted(true)), [](MeterRows& meter, const pg::Rows& rows, int i) {
            const ChannelId channel{rows.int2(i, 1)};
            if (meter.model->find(channel) != nullptr)
                meter.days.channels[channel][rows.day(i, 2)] = copy(rows.bytes(i, 3));
        });
    }

    void load_registers()
    {
        auto list = wanted(true);
        for (Wanted& one : list)
            one.to += Days{1}; // an index stands under the day that begins with it
        static const pg::Statement registers{
            "settle_registers", "SELECT k.m, t.data FROM unnest($1::int4[], $2::date[], $3::date[]) AS k (m, f, l), LATERAL "
                                "(SELECT data FROM register_day i WHERE i.meter_id = k.m AND i.day BETWEEN k.f AND k.l "
                                "AND i.day BETWEEN $4::date AND $5::date OFFSET 0) t"};
        for_rows(registers, wanted_params(list), [this](MeterRows& meter, const pg::Rows& rows, int i) {
            if (const auto block = decode_register_block(rows.bytes(i, 1)))
                for (const auto& read : engine::boundary_reads(*block, meter.model->model(), *checks_.plan()->zone))
                    meter.days.reads.push_back(read);
        });
    }

    void load_repeats()
    {
        static const pg::Statement select{
            "settle_repeats", "SELECT k.m, t.channel, t.day, (t.same & ~t.other)::text, t.other::text "
                              "FROM unnest($1::int4[], $2::date[], $3::date[]) AS k (m, f, l), LATERAL "
                              "(SELECT * FROM day_repeat i WHERE i.meter_id = k.m AND i.day BETWEEN k.f AND k.l "
                              "AND i.day BETWEEN $4::date AND $5::date OFFSET 0) t"};
        for_rows(select, wanted_params(wanted(false)), [](MeterRows& meter, const pg::Rows& rows, int i) {
            meter.days.repeats[{ChannelId{rows.int2(i, 1)}, rows.day(i, 2)}] = {from_bits(rows.text(i, 3)), from_bits(rows.text(i, 4))};
        });
    }

    /// Not the first place: nothing was before.
    void load_moves()
    {
        static const pg::Statement select{
            "settle_moves", "SELECT meter_id, lower(validity) FROM (SELECT meter_id, validity, row_number() OVER (PARTITION BY meter_id "
                            "ORDER BY validity) AS place FROM installation WHERE meter_id = ANY ($1::int4[])) t WHERE place > 1 ORDER BY 1, 2"};
        pg::Params params;
        params.array(load_.meters, [](const MeterRows& rows) { return rows.meter.value; });
        for_rows(select, params, [](MeterRows& meter, const pg::Rows& rows, int i) { meter.days.breaks.push_back(rows.instant(i, 1)); });
    }

    /// How far its clock was seen to be off, and later too: what is remembered of a meter is judged with it.
    void load_clocks()
    {
        static const pg::Statement select{
            "settle_clocks", "SELECT k.m, t.at, substring(t.detail FROM '^-?[0-9]{1,9}')::int4 FROM unnest($1::int4[], $2::date[]) AS k (m, f), "
                             "LATERAL (SELECT at, detail FROM event i WHERE i.meter_id = k.m AND i.kind = 'clock_alarm' AND i.at >= k.f - 1 "
                             "OFFSET 0) t ORDER BY t.at"};
        pg::Params params;
        params.array(load_.meters, [](const MeterRows& rows) { return rows.meter.value; })
            .array(load_.meters, [](const MeterRows& rows) { return rows.from; });
        for_rows(select, params, [](MeterRows& meter, const pg::Rows& rows, int i) {
            if (!rows.null(i, 2))
                meter.days.clocks.push_back({rows.instant(i, 1), Seconds{rows.int4(i, 2)}});
        });
    }

    void load_overlays()
    {
        static const pg::Statement now{
            "settle_overlays", "SELECT k.m, t.channel, t.day, t.rev, t.method, t.data "
                               "FROM unnest($1::int4[], $2::date[], $3::date[]) AS k (m, f, l), LATERAL "
                               "(SELECT * FROM interval_overlay_day i WHERE i.meter_id = k.m AND i.day BETWEEN k.f AND k.l "
                               "AND i.day BETWEEN $4::date AND $5::date OFFSET 0) t"};
        const auto params = wanted_params(wanted(true));
        for_rows(now, params, [](MeterRows& meter, const pg::Rows& rows, int i) {
            if (auto block = decode_day_block(rows.bytes(i, 5)))
                meter.overlays[{ChannelId{rows.int2(i, 1)}, rows.day(i, 2)}] = {rows.int4(i, 3), rows.text(i, 4), std::move(*block)};
        });
        static const pg::Statement before{
            "settle_overlay_history", "SELECT k.m, t.channel, t.day, t.rev "
                                      "FROM unnest($1::int4[], $2::date[], $3::date[]) AS k (m, f, l), LATERAL "
                                      "(SELECT channel, day, max(rev) AS rev FROM overlay_history i WHERE i.meter_id = k.m "
                                      "AND i.day BETWEEN k.f AND k.l AND i.day BETWEEN $4::date AND $5::date GROUP BY 1, 2 OFFSET 0) t"};
        for_rows(before, params, [](MeterRows& meter, const pg::Rows& rows, int i) {
            meter.last_revisions[{ChannelId{rows.int2(i, 1)}, rows.day(i, 2)}] = rows.int4(i, 3);
        });
    }

    void load_failures()
    {
        static const pg::Statement select{
            "settle_failures", "SELECT k.m, t.channel, t.day, t.id, t.rule, t.severity, t.first_slot, t.last_slot, t.value, t.limits, t.detail "
                               "FROM unnest($1::int4[], $2::date[], $3::date[]) AS k (m, f, l), LATERAL "
                               "(SELECT * FROM validation_failure i WHERE i.meter_id = k.m AND i.cleared IS NULL "
                               "AND i.day BETWEEN k.f AND k.l AND i.day BETWEEN $4::date AND $5::date OFFSET 0) t"};
        for_rows(select, wanted_params(wanted(false)), [](MeterRows& meter, const pg::Rows& rows, int i) {
            StoredFailure stored{rows.int8(i, 3), {ChannelId{rows.int2(i, 1)}, rows.day(i, 2)}, {}};
            const auto rule = engine::validation_rule_from_name(rows.text(i, 4));
            if (rule) { // one of a rule that is gone is cleared
                stored.failure.rule = *rule;
                stored.failure.severity = rows.text(i, 5) == "doubt" ? engine::Severity::doubt : engine::Severity::note;
                stored.failure.first_slot = static_cast<std::uint16_t>(rows.int2(i, 6));
                stored.failure.last_slot = static_cast<std::uint16_t>(rows.int2(i, 7));
                stored.failure.value = rows.int8(i, 8);
                std::ranges::copy(rows.integers(i, 9), stored.failure.limits.begin());
                std::ranges::copy(rows.integers(i, 10), stored.failure.detail.begin());
            }
            meter.failures.push_back(std::move(stored));
        });
    }

    void load_gaps()
    {
        std::vector<std::int32_t> meters;
        for (const MeterRows& rows : load_.meters)
            meters.push_back(rows.meter.value);
        static const pg::Statement select{"settle_gaps", "SELECT meter_id, id, channel, starts, ends, estimated, found_at FROM gap "
                                                         "WHERE meter_id = ANY ($1::int4[]) AND closed IS NULL ORDER BY meter_id, starts"};
        for_rows(select, pg::Params{}.array(meters, [](std::int32_t id) { return id; }),
                 [this](MeterRows& meter, const pg::Rows& rows, int i) {
                     StoredGap gap{rows.int8(i, 1), ChannelId{rows.int2(i, 2)}, rows.instant(i, 3), rows.instant(i, 4), rows.boolean(i, 5),
                                   rows.instant(i, 6)};
                     if (checks_.plan()->zone->day_of(gap.starts) <= meter.to) // later ones were not looked at
                         meter.gaps.push_back(gap);
                 });
    }

    void load_months()
    {
        static const pg::Statement select{
            "settle_months", "SELECT k.m, t.channel, t.month, t.through, t.data "
                             "FROM unnest($1::int4[], $2::date[], $3::date[]) AS k (m, f, l), LATERAL "
                             "(SELECT * FROM interval_month i WHERE i.meter_id = k.m AND i.month BETWEEN k.f AND k.l "
                             "AND i.month BETWEEN $4::date AND $5::date OFFSET 0) t"};
        for_rows(select, wanted_params(wanted(true)), [](MeterRows& meter, const pg::Rows& rows, int i) {
            meter.months[{ChannelId{rows.int2(i, 1)}, rows.day(i, 2)}] = {rows.day(i, 3), copy(rows.bytes(i, 4))};
        });
    }

    void load_corrections()
    {
        std::vector<std::int32_t> meters;
        for (const MeterRows& rows : load_.meters)
            meters.push_back(rows.meter.value);
        static const pg::Statement select{"settle_corrections",
                                          "SELECT meter_id, id, channel, day, action, reason, author, slots, amounts FROM correction "
                                          "WHERE state = 'waiting' AND meter_id = ANY ($1::int4[]) ORDER BY id"};
        for_rows(select, pg::Params{}.array(meters, [](std::int32_t id) { return id; }), [](MeterRows& meter, const pg::Rows& rows, int i) {
            CorrectionWork work{rows.int8(i, 1), {ChannelId{rows.int2(i, 2)}, rows.day(i, 3)}, rows.text(i, 4), rows.text(i, 5),
                                rows.text(i, 6), rows.integers(i, 7), rows.integers(i, 8)};
            if (work.of.second >= meter.from && work.of.second <= meter.to) // else its meter is due again
                meter.corrections.push_back(std::move(work));
        });
    }

    pg::Connection& db_;
    Checks& checks_;
    Instant now_;
    SettleLoad load_;
};

} // namespace

SettleLoad load_due_meters(pg::Connection& connection, Checks& checks, const std::vector<std::int32_t>& meters, Instant now)
{
    return Loader{connection, checks, now}.load(meters);
}

void finish_due(pg::Connection& connection, const SettleLoad& load)
{
    std::vector<std::int32_t> done = load.nothing;
    for (const MeterRows& rows : load.meters)
        if (!load.rest.contains(rows.meter.value))
            done.push_back(rows.meter.value);
    connection.run("DELETE FROM check_due WHERE meter_id = ANY ($1::int4[])", pg::Params{}.array(done, [](std::int32_t id) { return id; }));
    if (load.rest.empty())
        return;
    pg::Params params;
    params.array(load.rest, [](const auto& row) { return row.first; })
        .array(load.rest, [](const auto& row) { return row.second.from; })
        .array(load.rest, [](const auto& row) { return row.second.to; });
    connection.run("UPDATE check_due t SET day_from = k.f, day_to = greatest(t.day_to, k.l) FROM unnest($1::int4[], $2::date[], $3::date[]) "
                   "AS k (m, f, l) WHERE t.meter_id = k.m",
                   params);
}

void leave_unjudged(pg::Connection& connection, std::int32_t meter)
{
    const auto id = [&] { return pg::Params{}.add(meter); };
    connection.run("UPDATE job j SET detail = left(CASE WHEN detail = '' THEN 'not judged, see the log: meter ' ELSE detail || ', ' END || "
                   "$1::int4, 500) FROM check_due c WHERE c.meter_id = $1::int4 AND j.id = c.job",
                   id());
    connection.run("UPDATE check_due SET job = NULL WHERE meter_id = $1::int4", id());
}

void add_corrections_to_due(pg::Connection& connection)
{
    // Of job 0, that is none: the days were checked before.
    connection.exec("INSERT INTO check_due AS t (meter_id, day_from, day_to, batch, job) "
                    "SELECT meter_id, min(day), max(day), 0, 0 FROM correction WHERE state = 'waiting' GROUP BY 1 "
                    "ON CONFLICT (meter_id) DO UPDATE SET day_from = least(t.day_from, excluded.day_from), "
                    "day_to = greatest(t.day_to, excluded.day_to)");
}

} // namespace releve::store
