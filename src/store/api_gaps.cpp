#include "check_rows.hpp"

#include <releve/engine/gaps.hpp>

#include <algorithm>

namespace releve::store {

namespace {

// The two enumerations are one table.
#define RELEVE_GAP_STATE(name, ...) static_assert(static_cast<int>(GapState::name) == static_cast<int>(engine::GapState::name));
#include "gap_states.def"

/// What is said of `ends` lets the database leave out most gaps of other states; the state itself is the engine's word.
std::string gap_sql(const GapFilter& filter, const std::string& after, const Page& page, Instant now, std::vector<Arg>& args)
{
    std::string where = "WHERE closed IS NULL";
    const auto add = [&](const std::string& condition, Arg value, const char* end = "") {
        args.push_back(std::move(value));
        where += " AND " + condition + std::to_string(args.size()) + end;
    };
    if (filter.meter)
        add("meter_id = $", filter.meter->value);
    if (filter.usage_point)
        add("meter_id IN (SELECT meter_id FROM installation WHERE purpose = 'metering' AND usage_point = $",
            filter.usage_point->value, ")");
    if (!after.empty())
        add("id < $", after);
    if (!filter.state.empty())
        where += filter.state == "estimated" ? " AND estimated" : " AND NOT estimated";
    if (filter.state == "waiting")
        add("ends > $", now - engine::GapPolicy{}.resend_for);
    if (filter.state == "must_ask")
        add("ends <= $", now - engine::GapPolicy{}.resend_for);
    return "WITH g AS (SELECT id, meter_id, channel, starts, ends, found_at, looks, next_look_at, estimated FROM gap " + where +
           " ORDER BY id DESC LIMIT " + std::to_string(page.limit) +
           ") SELECT g.id, g.meter_id, g.channel, extract(epoch FROM greatest(g.starts, lower(i.validity)))::int8, "
           "extract(epoch FROM least(g.ends, upper(i.validity)))::int8, g.estimated, extract(epoch FROM g.found_at)::int8, "
           "g.looks, "
           "extract(epoch FROM g.next_look_at)::int8, m.model, u.id FROM g JOIN meter m ON m.id = g.meter_id "
           "JOIN installation i ON i.meter_id = g.meter_id AND i.purpose = 'metering' AND i.validity && tstzrange(g.starts, "
           "g.ends) "
           "JOIN usage_point u ON u.id = i.usage_point AND u.collection = 'half_hour' ORDER BY g.id DESC, lower(i.validity)";
}

const ChannelModel* channel_of_row(const ModelLookup& models, const Row& row, std::size_t model, std::size_t channel)
{
    const MeterModel* found = models ? models(row.text(model)) : nullptr;
    return found != nullptr ? found->find(ChannelId{static_cast<std::int16_t>(row.integer(channel))}) : nullptr;
}

/// Of a meter that was moved meanwhile only what was missing at the home that is seen.
GapRow read_gap(const Row& row, const ModelLookup& models, Instant now)
{
    const ChannelModel* channel = channel_of_row(models, row, 9, 2);
    const engine::MissingReadings gap{row.instant(3), row.instant(4), row.boolean(5), false};
    const engine::GapPolicy policy = channel != nullptr ? engine::gap_policy_of(*channel) : engine::GapPolicy{};
    GapRow out;
    out.id = row.integer(0);
    out.meter = MeterId{static_cast<std::int32_t>(row.integer(1))};
    out.usage_point = {row.text(10)};
    out.channel = channel != nullptr ? channel->name : row.text(2);
    out.from = gap.starts;
    out.to = gap.ends;
    out.state = static_cast<GapState>(engine::gap_state(gap, policy, now));
    out.found_at = row.instant(6);
    out.looks = static_cast<int>(row.integer(7));
    out.next_look_at = row.maybe_instant(8);
    out.kept_until = engine::kept_until(gap, policy);
    return out;
}

} // namespace

std::string_view gap_state_name(GapState state)
{
    return engine::gap_state_row(static_cast<engine::GapState>(state)).name;
}

result<std::vector<GapRow>> ApiStore::gaps(const Identity& who, const GapFilter& filter, const Page& page, Instant now)
{
    RELEVE_CHECK(may_read(who));
    if (!filter.state.empty() && !engine::gap_state_from_name(filter.state))
        return fail(errc::bad_parameter, "state: must be waiting, asked, must_ask, estimated or lost");
    return impl_->as(who, [&](Work& work) -> result<std::vector<GapRow>> {
        return full_page<GapRow>(page, [&](const std::string& after) -> result<PartOfPage<GapRow>> {
            std::vector<Arg> args;
            const std::string sql = gap_sql(filter, after, page, now, args);
            const Table table = work.run(sql, args);
            std::vector<GapRow> rows;
            for (const Row& row : table) {
                GapRow gap = read_gap(row, impl_->models, now);
                const bool again = !rows.empty() && rows.back().id == gap.id;
                const bool wanted = (!filter.usage_point || gap.usage_point == *filter.usage_point) &&
                                    (filter.state.empty() || gap_state_name(gap.state) == filter.state);
                if (wanted && !again)
                    rows.push_back(std::move(gap));
            }
            return part_of_page(std::move(rows), table, page.limit);
        });
    });
}

result<std::vector<BreachRow>> ApiStore::breaches(const Identity& who, const Page& page)
{
    RELEVE_CHECK(may_run_fleet(who));
    return impl_->as(who, [&](Work& work) -> result<std::vector<BreachRow>> {
        // Sums of a day are shown to whoever sees a home of that day.
        const Table table =
            work.run("SELECT b.id, b.kind, b.meter_id, coalesce(b.usage_group, ''), b.channel, b.day, b.expected, b.found, "
                     "extract(epoch FROM b.found_at)::int8, coalesce(m.model, ''), home.id "
                     "FROM ledger_breach b LEFT JOIN meter m ON m.id = b.meter_id "
                     "LEFT JOIN LATERAL (SELECT u.id FROM installation i JOIN usage_point u ON u.id = i.usage_point "
                     "WHERE i.meter_id = b.meter_id AND i.purpose = 'metering' AND i.validity && releve_hours_of(b.day, "
                     "u.zone, u.energy) "
                     "ORDER BY lower(i.validity) LIMIT 1) home ON true "
                     "WHERE b.cleared_at IS NULL AND (b.meter_id IS NULL OR home.id IS NOT NULL) "
                     "AND ($1 = '' OR b.id < nullif($1, '')::int8) ORDER BY b.id DESC LIMIT $2::int4",
                     {page.after, page.limit});
        std::vector<BreachRow> list;
        ShownPoints shown;
        for (const Row& row : table) {
            const ChannelModel* channel = channel_of_row(impl_->models, row, 9, 4);
            BreachRow breach{row.integer(0),
                             row.text(1),
                             {},
                             row.text(3),
                             channel != nullptr ? channel->name : row.text(4),
                             row.day(5),
                             row.integer(6),
                             row.integer(7),
                             row.instant(8)};
            if (!row.null(2)) {
                breach.meter = MeterId{static_cast<std::int32_t>(row.integer(2))};
                shown.add({row.text(10)}, breach.day);
            }
            list.push_back(std::move(breach));
        }
        shown.note(work, who, "checks");
        return list;
    });
}

result<std::vector<JobRow>> ApiStore::jobs(const Identity& who, const Page& page)
{
    if (who.role != Role::operator_)
        return fail(errc::forbidden);
    return impl_->as(who, [&](Work& work) -> result<std::vector<JobRow>> {
        const Table table =
            work.run("SELECT id, kind, coalesce(usage_group, ''), state, asked_by, detail, total, done, extract(epoch FROM "
                     "asked_at)::int8, "
                     "extract(epoch FROM finished_at)::int8 FROM job WHERE ($1 = '' OR id < nullif($1, '')::int8) "
                     "ORDER BY id DESC LIMIT $2::int4",
                     {page.after, page.limit});
        std::vector<JobRow> list;
        for (const Row& row : table)
            list.push_back({row.integer(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5), row.integer(6),
                            row.integer(7), row.instant(8), row.maybe_instant(9)});
        return list;
    });
}

} // namespace releve::store
