#include <releve/store/records.hpp>

#include <algorithm>

namespace releve::store {

namespace {

struct RoleRow {
    Role role;
    std::string_view name;
};
constexpr std::array<RoleRow, 4> roles{{{Role::operator_, "operator"},
                                        {Role::energy_manager, "energy_manager"},
                                        {Role::household, "household"},
                                        {Role::auditor, "auditor"}}};

} // namespace

std::string_view role_name(Role role)
{
    return roles.at(static_cast<std::size_t>(role)).name;
}

result<Role> parse_role(std::string_view text)
{
    for (const auto& row : roles)
        if (row.name == text)
            return row.role;
    return fail(errc::bad_parameter, "role must be operator, energy_manager, household or auditor");
}

std::string_view collection_name(Collection collection)
{
    return collection == Collection::daily ? "daily" : "half_hour";
}

result<Collection> parse_collection(std::string_view text)
{
    if (text == "daily")
        return Collection::daily;
    if (text == "half_hour")
        return Collection::half_hour;
    return fail(errc::bad_parameter, "collection must be daily or half_hour");
}

Bytes key_context(MeterId meter, std::uint16_t generation, std::string_view role)
{
    Writer writer;
    writer.text("releve meter key 1")
        .u32_be(static_cast<std::uint32_t>(meter.value))
        .u16_be(generation)
        .text(role);
    return std::move(writer).take();
}

Bytes network_key_context(std::uint8_t netid)
{
    Writer writer;
    writer.text("releve network key 1").u8(netid);
    return std::move(writer).take();
}

Bytes command_context(MeterId meter, std::uint16_t counter)
{
    Writer writer;
    writer.text("releve command 1").u32_be(static_cast<std::uint32_t>(meter.value)).u16_be(counter);
    return std::move(writer).take();
}

void combine(ReceptionWrite& known, const ReceptionWrite& heard)
{
    if (heard.counter < known.counter)
        return;
    if (heard.counter > known.counter) {
        known = heard;
        return;
    }
    constexpr int copies_max = 32'767;
    const auto copies = static_cast<std::int16_t>(std::min(known.heard_by + heard.heard_by, copies_max));
    if (heard.signal_dbm != 0 && (known.signal_dbm == 0 || heard.signal_dbm > known.signal_dbm))
        known = heard;
    known.heard_by = copies;
}

FrameExtras& FrameWrite::extra()
{
    if (!extras)
        extras = std::make_shared<FrameExtras>();
    return *extras;
}

} // namespace releve::store
