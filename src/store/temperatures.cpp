// Outdoor temperatures, which people give for a group of usage points.

#include "admin_impl.hpp"
#include "bill_rows.hpp"

namespace releve::store {

std::map<CivilDay, int> load_temperatures(Work& work, const UsagePointId& id, engine::CivilSpan span)
{
    std::map<CivilDay, int> days;
    for (const Row& row : work.run("SELECT DISTINCT ON (t.day) to_char(t.day, 'YYYY-MM-DD'), t.mean_c_e1::int8 FROM usage_group_member g JOIN temperature_day t ON t.usage_group = g.usage_group "
                                   "WHERE g.usage_point = $1 AND g.validity @> t.day AND t.day >= $2::date AND t.day < $3::date ORDER BY t.day, t.usage_group",
                                   {id.value, span.from, span.to}))
        days.emplace(row.day(0), static_cast<int>(row.integer(1)));
    return days;
}

result<std::int64_t> AdminStore::set_temperatures(const std::string& group, const std::map<CivilDay, int>& mean_c_e1)
{
    return impl_->session.transaction([&](Work& work) -> result<std::int64_t> {
        const Table found = work.run("SELECT organisation FROM usage_group WHERE id = $1", {group});
        if (found.empty())
            return fail(errc::not_found, "there is no group `" + group + "`");
        std::int64_t changed = 0;
        for (const auto& [day, mean] : mean_c_e1)
            changed += static_cast<std::int64_t>(
                work.repeat("INSERT INTO temperature_day AS t (usage_group, day, mean_c_e1) VALUES ($1, $2::date, $3::int2) ON CONFLICT (usage_group, day) DO UPDATE "
                            "SET mean_c_e1 = excluded.mean_c_e1 WHERE t.mean_c_e1 <> excluded.mean_c_e1 RETURNING 1",
                            {group, day, mean})
                    .size());
        note_change(work, {"set_temperatures", found[0].text(0), {}, "group " + group});
        return changed;
    });
}

} // namespace releve::store
