// Groups of usage points with dated membership, and the rules of a group.

#include "admin_impl.hpp"

#include <map>
#include <set>

namespace releve::store {

namespace {

Error refuse_membership(const GroupMembership& row, const char* column, const std::string& why)
{
    if (row.line == 0)
        return fail(errc::bad_parameter, std::string{column} + ": " + why);
    return fail(errc::bad_csv, "row " + std::to_string(row.line) + ", column " + column + ": " + why);
}

Error no_group(const std::string& group)
{
    return fail(errc::not_found, "there is no group `" + group + "`");
}

/// Gives its organisation, and holds its row: what is said of it changes one step after the other.
result<std::string> hold_group(Work& work, const std::string& group)
{
    const Table found = work.run("SELECT organisation FROM usage_group WHERE id = $1 FOR NO KEY UPDATE", {group});
    if (found.empty())
        return no_group(group);
    return found[0].text(0);
}

bool has_rules(Work& work, const std::string& group)
{
    return !work.run("SELECT FROM group_rules WHERE usage_group = $1", {group}).empty();
}

struct GroupWriter {
    Work& work;
    const std::string& organisation;
    GroupImport done = {};
    std::set<std::string> changed = {};

    result<void> take_up(const GroupMembership& row);
    result<void> replace(const std::vector<const GroupMembership*>& rows);
};

/// The group as the row names it: made, or with its new label.
result<void> GroupWriter::take_up(const GroupMembership& row)
{
    const Table found =
        work.repeat("SELECT organisation, label FROM usage_group WHERE id = $1 FOR NO KEY UPDATE", {row.group});
    if (found.empty()) {
        work.repeat("INSERT INTO usage_group (id, organisation, label) VALUES ($1, $2, $3)", {row.group, organisation, row.label});
        ++done.groups_new;
        return {};
    }
    if (found[0].text(0) != organisation)
        return refuse_membership(row, "group", "belongs to the organisation `" + found[0].text(0) + "`");
    if (!row.label.empty() && row.label != found[0].text(1))
        work.repeat("UPDATE usage_group SET label = $2 WHERE id = $1", {row.group, row.label});
    return {};
}

std::string range_text(const GroupMembership& row)
{
    return "[" + to_iso8601(row.from) + "," + (row.to ? to_iso8601(*row.to) : "") + ")";
}

/// All rows of one usage point in one group.
result<void> GroupWriter::replace(const std::vector<const GroupMembership*>& rows)
{
    const GroupMembership& one = *rows.front();
    if (work.repeat("SELECT FROM usage_point WHERE id = $1", {one.usage_point}).empty())
        return refuse_membership(one, "usage_point", "there is no usage point " + one.usage_point);
    std::set<std::string> wanted, there;
    for (const GroupMembership* row : rows) {
        if (row->to && *row->to <= row->from)
            return refuse_membership(*row, "to", "is not after `from`");
        wanted.insert(range_text(*row));
    }
    const std::vector<Arg> pair{one.group, one.usage_point};
    for (const Row& row : work.repeat("SELECT validity::text FROM usage_group_member WHERE usage_group = $1 AND usage_point = $2", pair))
        there.insert(row.text(0));
    if (wanted == there && wanted.size() == rows.size())
        return {};
    work.repeat("DELETE FROM usage_group_member WHERE usage_group = $1 AND usage_point = $2", pair);
    for (const GroupMembership* row : rows) {
        try {
            work.repeat("INSERT INTO usage_group_member (usage_group, usage_point, validity) VALUES ($1, $2, daterange($3::date, "
                        "$4::date))",
                        {row->group, row->usage_point, row->from, row->to});
        } catch (const pg::SqlError& error) {
            if (error.sqlstate != "23P01") // exclusion_violation
                throw;
            return refuse_membership(*row, "from", "another row has that day of this usage point in this group");
        }
    }
    ++done.members_changed;
    changed.insert(one.group);
    return {};
}

result<void> write_groups(GroupWriter& writer, std::span<const GroupMembership> rows)
{
    std::map<std::pair<std::string, std::string>, std::vector<const GroupMembership*>> pairs;
    for (const GroupMembership& row : rows)
        pairs[{row.group, row.usage_point}].push_back(&row);
    for (const GroupMembership& row : rows) {
        try {
            RELEVE_CHECK(writer.take_up(row));
        } catch (const pg::SqlError& error) {
            if (error.sqlstate != "23514") // check_violation
                throw;
            return refuse_membership(row, "group", "must be 1 to 64 of a-z, A-Z, 0-9, dot, dash and underscore");
        }
    }
    for (const auto& [pair, of_pair] : pairs)
        RELEVE_CHECK(writer.replace(of_pair));
    return {};
}

} // namespace

result<GroupImport> AdminStore::import_groups(std::span<const GroupMembership> rows, const std::string& organisation, bool dry_run)
{
    return impl_->session.transaction([&](Work& work) -> result<GroupImport> {
        if (work.run("SELECT FROM organisation WHERE id = $1", {organisation}).empty())
            return fail(errc::not_found, "there is no organisation `" + organisation + "`");
        GroupWriter writer{work, organisation};
        RELEVE_CHECK(write_groups(writer, rows));
        // Who joins a group with rules of its own is judged by them from now on.
        for (const std::string& group : writer.changed)
            if (has_rules(work, group))
                (void)queue_job(work, {"validate", group});
        note_change(work, {"import_groups", organisation, {},
                           std::to_string(rows.size()) + " rows, " + std::to_string(writer.done.groups_new) + " new groups, " +
                               std::to_string(writer.done.members_changed) + " members changed"});
        if (dry_run)
            work.discard();
        return writer.done;
    });
}

std::vector<GroupRow> AdminStore::list_groups(CivilDay today)
{
    return impl_->session
        .transaction([&](Work& work) -> result<std::vector<GroupRow>> {
            std::vector<GroupRow> list;
            for (const Row& row : work.run("SELECT g.id, g.label, g.organisation, (SELECT count(*) FROM usage_group_member m WHERE "
                                           "m.usage_group = g.id AND m.validity @> $1::date) FROM usage_group g ORDER BY g.id",
                                           {today}))
                list.push_back({row.text(0), row.text(1), row.text(2), row.integer(3)});
            return list;
        })
        .value();
}

result<std::vector<GroupMemberRow>> AdminStore::list_members(const std::string& group)
{
    return impl_->session.transaction([&](Work& work) -> result<std::vector<GroupMemberRow>> {
        if (work.run("SELECT FROM usage_group WHERE id = $1", {group}).empty())
            return no_group(group);
        std::vector<GroupMemberRow> list;
        for (const Row& row : work.run("SELECT usage_point, lower(validity), upper(validity) FROM usage_group_member "
                                       "WHERE usage_group = $1 ORDER BY usage_point, validity",
                                       {group}))
            list.push_back({{row.text(0)}, row.day(1), row.null(2) ? std::nullopt : std::optional{row.day(2)}});
        return list;
    });
}

result<void> AdminStore::remove_group(const std::string& group)
{
    return impl_->session.transaction([&](Work& work) -> result<void> {
        RELEVE_TRY(organisation, hold_group(work, group));
        if (has_rules(work, group))
            return fail(errc::bad_parameter, "the group has rules of its own, by which readings were judged: clear them first");
        const Table open = work.run("SELECT id FROM job WHERE usage_group = $1 AND state IN ('queued', 'running', 'stopped')", {group});
        if (!open.empty())
            return fail(errc::bad_parameter, "job " + open[0].text(0) + " of the group is not done");
        work.run("DELETE FROM usage_group WHERE id = $1", {group});
        note_change(work, {"remove_group", organisation, {}, "group " + group});
        return {};
    });
}

result<void> AdminStore::remove_member(const std::string& group, const UsagePointId& usage_point)
{
    return impl_->session.transaction([&](Work& work) -> result<void> {
        RELEVE_TRY(organisation, hold_group(work, group));
        if (work.run("DELETE FROM usage_group_member WHERE usage_group = $1 AND usage_point = $2 RETURNING usage_point",
                     {group, usage_point.value})
                .empty())
            return fail(errc::not_found, usage_point.value + " is not in the group `" + group + "`");
        note_change(work, {"remove_member", organisation, usage_point.value, "group " + group});
        return {};
    });
}

// ---------------------------------------------------------------- rules

result<std::int64_t> AdminStore::set_rules(const std::string& group, const std::string& rules)
{
    return impl_->session.transaction([&](Work& work) -> result<std::int64_t> {
        RELEVE_TRY(organisation, hold_group(work, group));
        work.run("INSERT INTO group_rules (usage_group, rules) VALUES ($1, $2) ON CONFLICT (usage_group) DO UPDATE "
                 "SET rules = excluded.rules, recorded_at = now(), recorded_by = session_user",
                 {group, rules});
        note_change(work, {"set_rules", organisation, {}, "group " + group});
        return queue_job(work, {"validate", group});
    });
}

result<std::int64_t> AdminStore::clear_rules(const std::string& group)
{
    return impl_->session.transaction([&](Work& work) -> result<std::int64_t> {
        RELEVE_TRY(organisation, hold_group(work, group));
        if (work.run("DELETE FROM group_rules WHERE usage_group = $1 RETURNING usage_group", {group}).empty())
            return fail(errc::not_found, "the group `" + group + "` has no rules of its own");
        note_change(work, {"clear_rules", organisation, {}, "group " + group});
        return queue_job(work, {"validate", group});
    });
}

result<std::optional<std::string>> AdminStore::rules_of(const std::string& group)
{
    return impl_->session.transaction([&](Work& work) -> result<std::optional<std::string>> {
        const Table found = work.run("SELECT r.rules FROM usage_group g LEFT JOIN group_rules r ON r.usage_group = g.id "
                                     "WHERE g.id = $1",
                                     {group});
        if (found.empty())
            return no_group(group);
        return found[0].null(0) ? std::nullopt : std::optional{found[0].text(0)};
    });
}

} // namespace releve::store
