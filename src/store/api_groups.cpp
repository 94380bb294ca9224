#include "api_groups.hpp"

#include <releve/engine/consumption.hpp>

#include <algorithm>

namespace releve::store {

namespace {

constexpr std::size_t group_members_max = 10'000;
constexpr std::int64_t totals_per_portion = 200'000; // days of members, some 20 MB of totals

std::string ids_of(const std::vector<Member>& members)
{
    return array_text(members, [](const Member& member) { return member.point.id.value; });
}

/// What is known of the members' days, and of how many slots nothing is.
struct GroupTotals {
    DayTotals sums;
    std::map<CivilDay, std::int64_t> absent; // slots of members without a total of that day
    bool any = false;                        // a member has a meter that counts it
};

/// Whether a meter of the member counts the flow on that day. What is drawn is missing also where there is no meter.
const ChannelModel* counting_on(const SeenUsagePoint& point, const Zone& zone, Flow flow, CivilDay day)
{
    static const ChannelModel half_hours{};
    for (const MeterPeriod& period : point.meters)
        if (const ChannelModel* channel = flow_channel(period, flow)) {
            const engine::CivilSpan span = days_of(period, zone, channel->day_start, day, day + std::chrono::days{1});
            if (span.from < span.to)
                return channel;
        }
    return flow == Flow::drawn ? &half_hours : nullptr;
}

result<void> add_totals(GroupTotals& group, const TotalsWanted& wanted, const DayTotals& own)
{
    RELEVE_TRY(zone, zone_of(*wanted.point));
    for (CivilDay day = wanted.from; day < wanted.to; day += std::chrono::days{1}) {
        const auto total = own.find(day);
        if (total == own.end()) {
            if (const ChannelModel* channel = counting_on(*wanted.point, *zone, wanted.flow, day))
                group.absent[day] += engine::empty_day(*zone, day, *channel).slots;
            continue;
        }
        const auto [place, fresh] = group.sums.emplace(day, total->second);
        if (fresh)
            continue;
        RELEVE_TRY(sum, engine::sum_of(place->second, total->second));
        place->second = sum;
    }
    return {};
}

/// A day of which some members say nothing is incomplete; one of which nobody says anything is none.
result<void> add_absent(GroupTotals& group)
{
    for (auto& [day, total] : group.sums)
        if (const auto absent = group.absent.find(day); absent != group.absent.end()) {
            RELEVE_TRY(sum, engine::sum_of(total, {day, 0, absent->second, absent->second, 0, Quality::missing}));
            total = sum;
        }
    return {};
}

result<GroupTotals> sum_members(Work& work, const std::vector<Member>& members, Flow flow,
                                const std::optional<BatchNumber>& as_of)
{
    GroupTotals group;
    std::vector<TotalsWanted> wanted;
    std::int64_t waiting = 0;
    const auto settle = [&]() -> result<void> {
        RELEVE_TRY(totals, day_totals(work, wanted, as_of));
        for (std::size_t i = 0; i < wanted.size(); ++i)
            RELEVE_CHECK(add_totals(group, wanted[i], totals[i]));
        wanted.clear();
        waiting = 0;
        return {};
    };
    for (const Member& member : members) {
        const bool counts =
            std::ranges::any_of(member.point.meters, [&](const MeterPeriod& one) { return flow_channel(one, flow) != nullptr; });
        group.any |= counts;
        if (!counts && flow == Flow::injected)
            continue;
        for (const engine::CivilSpan& span : member.spans) {
            wanted.push_back({&member.point, flow, span.from, span.to});
            waiting += (span.to - span.from).count();
        }
        if (waiting >= totals_per_portion)
            RELEVE_CHECK(settle());
    }
    RELEVE_CHECK(settle());
    RELEVE_CHECK(add_absent(group));
    return group;
}

} // namespace

result<void> see_group(Work& work, const std::string& group)
{
    if (work.run("SELECT 1 FROM usage_group WHERE id = $1", {group}).empty())
        return fail(errc::not_found);
    return {};
}

result<std::vector<Member>> load_members(Work& work, const std::string& group, CivilDay from, CivilDay to)
{
    std::vector<Member> members;
    const Table rows =
        work.run("SELECT u.id, u.zone, u.energy, u.collection, greatest(coalesce(lower(g.validity), $2::date), $2::date), "
                 "least(coalesce(upper(g.validity), $3::date), $3::date) "
                 "FROM usage_group_member g JOIN usage_point u ON u.id = g.usage_point WHERE g.usage_group = $1 "
                 "AND u.energy = 'electricity' AND g.validity && daterange($2::date, $3::date) ORDER BY 1, 5",
                 {group, from, to});
    for (const Row& row : rows) {
        if (members.empty() || members.back().point.id.value != row.text(0)) {
            RELEVE_TRY(collection, parse_collection(row.text(3)));
            members.push_back({{{row.text(0)}, row.text(1), row.text(2), collection, {}}, {}});
        }
        members.back().spans.push_back({row.day(4), row.day(5)});
    }
    if (members.size() > group_members_max)
        return fail(errc::bad_parameter, "group: more than " + std::to_string(group_members_max) + " members on these days");
    return members;
}

void load_installations(Work& work, const ModelLookup& models, std::vector<Member>& members)
{
    std::map<std::string, Member*> by_id;
    for (Member& member : members)
        by_id.emplace(member.point.id.value, &member);
    const Table rows =
        work.run("SELECT i.usage_point, i.meter_id, m.model, extract(epoch FROM lower(i.validity))::int8, "
                 "extract(epoch FROM upper(i.validity))::int8 FROM installation i JOIN meter m ON m.id = i.meter_id "
                 "WHERE i.usage_point = ANY ($1::text[]) AND i.purpose = 'metering' ORDER BY 1, lower(i.validity)",
                 {ids_of(members)});
    for (const Row& row : rows)
        by_id.at(row.text(0))
            ->point.meters.push_back(
                {MeterId{static_cast<std::int32_t>(row.integer(1))}, models ? models(row.text(2)) : nullptr, row.validity(3, 4)});
}

void note_group_access(Work& work, const Identity& who, const std::vector<Member>& members, const AccessNote& note)
{
    work.run("INSERT INTO access_log (token, role, who, usage_point, what, day_from, day_to) "
             "SELECT $1::int8, $2, $3, m, $5, $6::date, $7::date FROM unnest($4::text[]) AS m",
             {who.token_id, role_name(who.role), who.label, ids_of(members), note.what, note.from, note.to});
}

std::string zone_of_group(const std::vector<Member>& members)
{
    return members.empty() ? paris().name() : members.front().point.zone;
}

result<std::vector<GroupRow>> ApiStore::groups(const Identity& who, const Page& page, Instant now)
{
    return impl_->as(who, [&](Work& work) -> result<std::vector<GroupRow>> {
        std::vector<GroupRow> list;
        for (const Row& row : work.run("SELECT g.id, g.label, g.organisation, (SELECT count(*) FROM usage_group_member m "
                                       "WHERE m.usage_group = g.id AND m.validity @> $3::date) "
                                       "FROM usage_group g WHERE g.id > $1 ORDER BY g.id LIMIT $2::int4",
                                       {page.after, page.limit, paris().day_of(now)}))
            list.push_back({row.text(0), row.text(1), row.text(2), row.integer(3)});
        return list;
    });
}

result<std::vector<GroupMemberRow>> ApiStore::group_members(const Identity& who, const std::string& group, const Page& page)
{
    return impl_->as(who, [&](Work& work) -> result<std::vector<GroupMemberRow>> {
        RELEVE_CHECK(see_group(work, group));
        std::vector<GroupMemberRow> list;
        // By usage point, whose memberships are never divided between two pages.
        for (const Row& row :
             work.run("SELECT usage_point, lower(validity), upper(validity) FROM usage_group_member "
                      "WHERE usage_group = $1 AND usage_point > $2 ORDER BY usage_point FETCH FIRST ($3::int4) ROWS WITH TIES",
                      {group, page.after, page.limit})) {
            GroupMemberRow member{{row.text(0)}, row.null(1) ? CivilDay{} : row.day(1), {}};
            if (!row.null(2))
                member.to = row.day(2);
            list.push_back(std::move(member));
        }
        std::ranges::sort(list, {}, [](const GroupMemberRow& row) { return std::pair{row.usage_point.value, row.from}; });
        return list;
    });
}

result<TotalsAnswer> ApiStore::group_totals(const Identity& who, const std::string& group, engine::Period period, CivilDay from,
                                            CivilDay to, const AsOf& as_of)
{
    RELEVE_CHECK(may_read(who));
    RELEVE_CHECK(check_total_days(from, to));
    return impl_->as(who, [&](Work& work) -> result<TotalsAnswer> {
        RELEVE_CHECK(see_group(work, group));
        RELEVE_TRY(members, load_members(work, group, from, to));
        load_installations(work, impl_->models, members);
        RELEVE_TRY(known, resolve(work, as_of));
        note_group_access(work, who, members, {{}, "group_totals", from, to});
        RELEVE_TRY(drawn, sum_members(work, members, Flow::drawn, known));
        RELEVE_TRY(injected, sum_members(work, members, Flow::injected, known));
        RELEVE_TRY(rows, totals_rows(period, from, to, drawn.sums, injected.any ? &injected.sums : nullptr));
        return TotalsAnswer{group, zone_of_group(members), period, std::move(rows), members.size(), known};
    });
}

} // namespace releve::store
