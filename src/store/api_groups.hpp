#pragma once
// Members of a group as its totals and curves see them. Internal to ApiStore.

#include "api_blocks.hpp"

namespace releve::store {

/// A usage point of electricity, on the days that it belongs to the group.
struct Member {
    SeenUsagePoint point;
    std::vector<engine::CivilSpan> spans;
};

/// errc::not_found for a group that the token may not see.
[[nodiscard]] result<void> see_group(Work& work, const std::string& group);
/// Memberships that touch [from, to), cut to it, by usage point; the meters are not loaded yet. errc::bad_parameter for more
/// than 10,000 members.
[[nodiscard]] result<std::vector<Member>> load_members(Work& work, const std::string& group, CivilDay from, CivilDay to);
/// Where their meters were.
void load_installations(Work& work, const ModelLookup& models, std::vector<Member>& members);
/// A person of a group is told who looked, as if it had been asked for alone.
void note_group_access(Work& work, const Identity& who, const std::vector<Member>& members, const AccessNote& note);
/// The zone of the first member: groups lie in one, though nothing forces them to.
[[nodiscard]] std::string zone_of_group(const std::vector<Member>& members);

} // namespace releve::store
