#include <releve/store/database.hpp>

#include "conninfo.hpp"

#include <libpq-fe.h>

#include <array>
#include <cstdlib>
#include <map>
#include <memory>

namespace releve::store {

namespace {

constexpr std::array<const char*, 4> role_names{"releve_owner", "releve_collect", "releve_api",
                                                "releve_work"};

const char* name_of(DbRole role)
{
    return role_names.at(static_cast<std::size_t>(role));
}

/// A server that is gone without a word (its machine, the network) is noticed within a minute instead of the two hours
/// that TCP alone takes. What the operator's URL says goes before.
const std::map<std::string, std::string> patience{{"connect_timeout", "10"},    {"keepalives_idle", "30"},
                                                  {"keepalives_interval", "10"}, {"keepalives_count", "3"},
                                                  {"tcp_user_timeout", "60000"}, {"application_name", "releve"}};

/// A URL or keywords as libpq takes them, as keywords with our own where none is given. What libpq does not understand
/// is left to it, which says why.
std::string with_patience(const std::string& conninfo)
{
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options{
        PQconninfoParse(conninfo.c_str(), nullptr), PQconninfoFree};
    if (!options)
        return conninfo;
    std::map<std::string, std::string> words = std::getenv("PGSERVICE") ? std::map<std::string, std::string>{} : patience;
    for (const auto& [variable, word] : {std::pair{"PGCONNECT_TIMEOUT", "connect_timeout"}, std::pair{"PGAPPNAME", "application_name"}})
        if (std::getenv(variable))
            words.erase(word);
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
        if (option->val != nullptr)
            words[option->keyword] = option->val;
    if (words.contains("service"))
        return conninfo; // the file may say all of it
    std::string text;
    for (const auto& [word, value] : words)
        text += word + "=" + quoted(value) + " ";
    return text;
}

} // namespace

std::string DatabaseAddress::conninfo_for(DbRole role) const
{
    return embedded ? conninfo + " user=" + name_of(role) : with_patience(conninfo);
}

std::string DatabaseAddress::after_connect(DbRole role) const
{
    if (embedded || role == DbRole::owner)
        return {};
    return std::string{"SET ROLE "} + name_of(role);
}

} // namespace releve::store
