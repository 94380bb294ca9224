#include "api_impl.hpp"
#include "check_rows.hpp"
#include "quarantine_row.hpp"

namespace releve::store {

namespace {

/// What one table says of meters, where it has rows of them.
struct FlagSource {
    const char* name;
    const char* columns; // @ stands for when the meter was last heard, where each is looked up
    const char* rows;    // t is the table
};
constexpr FlagSource flag_sources[] = {
    {"refused", // in the last day
     "count(*) AS count, max(t.received_at) AS last, min(t.received_at) FILTER (WHERE t.received_at > @) AS since, "
     "max(t.received_at) FILTER (WHERE t.reason = 'replay') AS replay, "
     "min(t.received_at) FILTER (WHERE t.reason = 'replay' AND t.received_at > @) AS replay_since, "
     "max(t.received_at) FILTER (WHERE t.reason IN ('no_key', 'wrong_key', 'bad_tag')) AS key, "
     "min(t.received_at) FILTER (WHERE t.reason IN ('no_key', 'wrong_key', 'bad_tag') AND t.received_at > @) AS key_since",
     "quarantine t WHERE t.received_at > $1::timestamptz - interval '24 hours'"},
    {"silent", "min(t.since) AS since", "silence t WHERE t.ended_at IS NULL"},
    {"drift", "min(t.at) AS since",
     "event t WHERE t.kind = 'clock_alarm' AND t.at > $1::timestamptz - interval '24 hours' AND t.at <= $1::timestamptz"},
    {"gaps", "min(t.starts) AS since", "gap t WHERE t.closed IS NULL AND NOT t.estimated"},
};

// The worst that holds. A refusal is a state while nothing was accepted after it. Most meters send once a day: after a day and a
// half without a message one is silent, whether the collector has noticed a silence or not.
constexpr const char* worst_state =
    "LEFT JOIN LATERAL (SELECT s.state, s.since FROM (VALUES "
    "(1, 'replay_alarm', refused.replay_since, refused.replay > coalesce(seen.at, '-infinity')), "
    "(2, 'key_fault', refused.key_since, refused.key > coalesce(seen.at, '-infinity')), "
    "(3, 'refused', refused.since, refused.last > coalesce(seen.at, '-infinity')), "
    "(4, 'silent', silent.since, silent.since IS NOT NULL), "
    "(5, 'silent', seen.at, seen.at < $1::timestamptz - interval '36 hours'), "
    "(6, 'clock_drift', drift.since, drift.since IS NOT NULL), "
    "(7, 'gaps', gaps.since, gaps.since IS NOT NULL), "
    "(8, 'on_time', NULL, seen.at IS NOT NULL)) AS s (rank, state, since, holds) "
    "WHERE s.holds ORDER BY s.rank LIMIT 1) worst ON true ";

std::string replaced(std::string text, const std::string& by)
{
    for (std::size_t at = text.find('@'); at != std::string::npos; at = text.find('@', at + by.size()))
        text.replace(at, 1, by);
    return text;
}

constexpr const char* meter_columns =
    "m.id, m.address, m.serial, m.protocol, m.model, m.policy, m.replay, m.concentrator, m.area, "
    "coalesce(worst.state, 'never_seen'), extract(epoch FROM seen.at)::int8, coalesce(i.usage_point, ''), refused.count, "
    "extract(epoch FROM worst.since)::int8";

/// Meters with their states; $1 is now. A few meters are looked up one by one (`each`). Of all of them only the state is given,
/// and each table is read once. Sums of the last minutes are not in meter_counter yet.
std::string meters_with_state(bool each)
{
    std::string sql = std::string{"SELECT "} + (each ? meter_columns : "coalesce(worst.state, 'never_seen') AS state") +
                      " FROM meter m "
                      "LEFT JOIN meter_counter c ON c.meter_id = m.id "
                      "LEFT JOIN releve_recently_heard() h ON h.meter_id = m.id "
                      "CROSS JOIN LATERAL (SELECT greatest(c.last_accepted_at, h.heard_at) AS at) seen ";
    if (each)
        sql += "LEFT JOIN installation i ON i.meter_id = m.id AND i.validity @> $1::timestamptz ";
    for (const FlagSource& source : flag_sources) {
        const std::string name = source.name, rows = source.rows;
        if (each)
            sql += "LEFT JOIN LATERAL (SELECT " + replaced(source.columns, "coalesce(seen.at, '-infinity')") + " FROM " + rows +
                   " AND t.meter_id = m.id) " + name + " ON true ";
        else
            sql += "LEFT JOIN (SELECT t.meter_id, " + replaced(source.columns, "'infinity'") + " FROM " + rows +
                   " GROUP BY t.meter_id) " + name + " ON " + name + ".meter_id = m.id ";
    }
    return sql + worst_state;
}

MeterRow read_meter(const Row& row)
{
    MeterRow meter;
    meter.meter = MeterId{static_cast<std::int32_t>(row.integer(0))};
    meter.address = row.text(1);
    meter.serial = row.text(2);
    meter.protocol = row.text(3);
    meter.model = row.text(4);
    meter.policy = row.text(5);
    meter.replay = row.text(6);
    meter.concentrator = row.text(7);
    meter.area = row.text(8);
    meter.state = row.text(9);
    meter.last_accepted_at = row.maybe_instant(10);
    meter.usage_point = row.text(11);
    meter.refused_24h = row.integer(12);
    meter.state_since = row.maybe_instant(13);
    return meter;
}

using Counts = std::vector<std::pair<std::string, std::int64_t>>;

Counts read_counts(const Table& rows)
{
    Counts counts;
    for (const Row& row : rows)
        counts.emplace_back(row.text(0), row.integer(1));
    return counts;
}

std::optional<ReceptionRow> load_reception(Work& work, MeterId meter)
{
    const Table rows = work.run("SELECT gateway, signal_dbm, extract(epoch FROM received_at)::int8, heard_by FROM "
                                "meter_reception WHERE meter_id = $1::int4",
                                {meter.value});
    if (rows.empty())
        return std::nullopt;
    ReceptionRow reception{rows[0].text(0), {}, rows[0].instant(2), static_cast<int>(rows[0].integer(3))};
    if (const auto signal_dbm = static_cast<int>(rows[0].integer(1)); signal_dbm != 0) // 0: the gateway did not tell
        reception.signal_dbm = signal_dbm;
    return reception;
}

bool sees_operations(Role role)
{
    return role == Role::operator_ || role == Role::auditor;
}

std::optional<OwnWords> alarm_words(const ModelLookup& models, const std::string& model_name, const std::string& alarm_name)
{
    const MeterModel* model = models ? models(model_name) : nullptr;
    const WizeField::Alarm* alarm = model != nullptr ? model->find_alarm(alarm_name) : nullptr;
    return alarm != nullptr ? std::optional{alarm->words} : std::nullopt;
}

} // namespace

result<std::vector<MeterRow>> ApiStore::list_meters(const Identity& who, const Page& page, Instant now)
{
    return impl_->as(who, [&](Work& work) -> result<std::vector<MeterRow>> {
        std::vector<MeterRow> list;
        for (const Row& row :
             work.run(meters_with_state(true) +
                          "WHERE m.id > coalesce(nullif($2, '')::int8, 0) ORDER BY m.id LIMIT $3::int4",
                      {now, page.after, page.limit}))
            list.push_back(read_meter(row));
        return list;
    });
}

result<MeterRow> ApiStore::meter(const Identity& who, MeterId id, Instant now)
{
    return impl_->as(who, [&](Work& work) -> result<MeterRow> {
        const Table rows =
            work.run(meters_with_state(true) + "WHERE m.id = $2::int4", {now, id.value});
        if (rows.empty())
            return fail(errc::not_found);
        MeterRow found = read_meter(rows[0]);
        found.reception = load_reception(work, id);
        return found;
    });
}

result<std::vector<QuarantineRow>> ApiStore::quarantine(const Identity& who, const std::string& reason,
                                                        const Page& page)
{
    if (!sees_operations(who.role))
        return fail(errc::forbidden);
    return impl_->as(who, [&](Work& work) -> result<std::vector<QuarantineRow>> {
        const Table rows = work.run(
            "SELECT id, reason, detail, extract(epoch FROM received_at)::int8, peer, system_title, meter_id, "
            "counter, frame_bytes FROM quarantine WHERE ($1 = '' OR reason = $1) "
            "AND ($2 = '' OR id < nullif($2, '')::int8) ORDER BY id DESC LIMIT $3::int4",
            {reason, page.after, page.limit});
        std::vector<QuarantineRow> list;
        for (const Row& row : rows)
            list.push_back(read_quarantine(row));
        return list;
    });
}

result<std::vector<HandledEvent>> ApiStore::events(const Identity& who, const EventFilter& filter, const Page& page)
{
    if (who.role != Role::operator_ && who.role != Role::energy_manager)
        return fail(errc::forbidden);
    return impl_->as(who, [&](Work& work) -> result<std::vector<HandledEvent>> {
        const std::optional<std::int32_t> meter = filter.meter ? std::optional{filter.meter->value} : std::nullopt;
        const Table rows = work.run(
            "SELECT e.id, e.meter_id, e.kind, e.detail, extract(epoch FROM e.at)::int8, extract(epoch FROM e.received_at)::int8, "
            "m.model FROM event e JOIN meter m ON m.id = e.meter_id "
            "WHERE ($1 = '' OR e.kind = $1) AND ($2::int4 IS NULL OR e.meter_id = $2::int4) "
            "AND ($3::timestamptz IS NULL OR e.at >= $3::timestamptz) AND ($4::timestamptz IS NULL OR e.at < $4::timestamptz) "
            "AND ($5 = '' OR e.id < nullif($5, '')::int8) ORDER BY e.id DESC LIMIT $6::int4",
            {filter.kind, meter, filter.from, filter.to, page.after, page.limit});
        std::vector<HandledEvent> list;
        for (const Row& row : rows)
            list.push_back({{row.integer(0), MeterId{static_cast<std::int32_t>(row.integer(1))}, row.text(2), row.text(3), row.instant(4),
                             row.instant(5), alarm_words(impl_->models, row.text(6), row.text(2))},
                            {}});
        if (who.role == Role::operator_)
            add_handling_to(work, "event", list);
        return list;
    });
}

result<std::vector<GatewayRow>> ApiStore::gateways(const Identity& who, const Page& page)
{
    if (who.role != Role::operator_)
        return fail(errc::forbidden);
    return impl_->as(who, [&](Work& work) -> result<std::vector<GatewayRow>> {
        const Table rows = work.run("SELECT id, organisation, label, crc_may_be_zero, extract(epoch FROM disabled_at)::int8, "
                                    "extract(epoch FROM last_batch_at)::int8, acknowledged_up_to FROM gateway "
                                    "WHERE id > $1 COLLATE \"C\" ORDER BY id COLLATE \"C\" LIMIT $2::int4",
                                    {page.after, page.limit});
        std::vector<GatewayRow> list;
        for (const Row& row : rows)
            list.push_back({row.text(0), row.text(1), row.text(2), row.boolean(3), row.maybe_instant(4), row.maybe_instant(5),
                            static_cast<std::uint64_t>(row.integer(6))});
        return list;
    });
}

result<std::vector<CommandShown>> ApiStore::commands(const Identity& who, MeterId meter, const Page& page)
{
    if (who.role != Role::operator_)
        return fail(errc::forbidden);
    return impl_->as(who, [&](Work& work) -> result<std::vector<CommandShown>> {
        if (work.run("SELECT FROM meter WHERE id = $1::int4", {meter.value}).empty())
            return fail(errc::not_found);
        const Table rows = work.run(
            "SELECT id, kind, summary, state, result, created_by, attempts, extract(epoch FROM created_at)::int8, "
            "extract(epoch FROM expires_at)::int8, extract(epoch FROM sent_at)::int8, extract(epoch FROM finished_at)::int8 "
            "FROM command WHERE meter_id = $1::int4 AND ($2 = '' OR id < nullif($2, '')::int8) "
            "ORDER BY id DESC LIMIT $3::int4",
            {meter.value, page.after, page.limit});
        std::vector<CommandShown> list;
        for (const Row& row : rows)
            list.push_back({row.integer(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5),
                            static_cast<int>(row.integer(6)), row.instant(7), row.instant(8), row.maybe_instant(9),
                            row.maybe_instant(10)});
        return list;
    });
}

result<OperationsSummary> ApiStore::operations(const Identity& who, Instant now)
{
    if (who.role == Role::household)
        return fail(errc::forbidden);
    return impl_->as(who, [&](Work& work) -> result<OperationsSummary> {
        OperationsSummary summary;
        summary.meters_by_state =
            read_counts(work.run("SELECT state, count(*) FROM (" + meters_with_state(false) +
                                     ") m GROUP BY state ORDER BY state",
                                 {now}));
        summary.refused_by_reason = read_counts(work.run(
            "SELECT reason, count(*) FROM quarantine GROUP BY reason ORDER BY count(*) DESC, reason"));
        const Row sums =
            work.run(
                    "SELECT coalesce((SELECT sum(readings) FROM batch WHERE committed_at > $1::timestamptz - "
                    "interval '1 minute' AND committed_at <= $1::timestamptz), 0)::int8, "
                    "(coalesce((SELECT readings FROM batch_sum), 0) + coalesce((SELECT sum(b.readings) FROM "
                    "batch b "
                    "WHERE b.batch >= (SELECT up_to FROM batch_sum)), 0))::int8",
                    {now})
                .at(0);
        summary.readings_last_minute = sums.integer(0);
        summary.readings_total = sums.integer(1);
        return summary;
    });
}

} // namespace releve::store
