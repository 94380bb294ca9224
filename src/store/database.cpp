#include <releve/store/database.hpp>

#include <array>

namespace releve::store {

namespace {

constexpr std::array<const char*, 4> role_names{"releve_owner", "releve_collect", "releve_api",
                                                "releve_work"};

const char* name_of(DbRole role)
{
    return role_names.at(static_cast<std::size_t>(role));
}

} // namespace

std::string DatabaseAddress::conninfo_for(DbRole role) const
{
    return embedded ? conninfo + " user=" + name_of(role) : conninfo;
}

std::string DatabaseAddress::after_connect(DbRole role) const
{
    if (embedded || role == DbRole::owner)
        return {};
    return std::string{"SET ROLE "} + name_of(role);
}

} // namespace releve::store
