#include "csv_records.hpp"

#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/store/admin_store.hpp>

#include <cstdio>

namespace releve::app {

namespace {

int list(store::AdminStore& admin)
{
    std::printf("%-24s %-16s %-9s %-8s %-20s %18s  %s\n", "id", "organisation", "state", "crc", "last_batch_at", "acknowledged_up_to",
                "label");
    for (const store::GatewayRow& row : admin.list_gateways())
        std::printf("%-24s %-16s %-9s %-8s %-20s %18llu  %s\n", row.id.c_str(), row.organisation.c_str(),
                    row.disabled_at ? "disabled" : "enabled", row.crc_may_be_zero ? "or zero" : "checked",
                    row.last_batch_at ? to_iso8601(*row.last_batch_at).c_str() : "-",
                    static_cast<unsigned long long>(row.acknowledged_up_to), row.label.c_str());
    return 0;
}

result<void> check_label(const std::string& label)
{
    if (label.size() > 200 || !is_plain_text(label))
        return fail(errc::bad_config, "--label: expected plain text of at most 200 characters");
    return {};
}

int add(store::AdminStore& admin, const store::GatewayRow& gateway)
{
    if (const auto good = check_label(gateway.label); !good)
        return complain(good.error());
    if (const auto added = admin.add_gateway(gateway); !added)
        return complain(fail(errc::bad_config, (added.error().code == errc::not_found ? "--organisation: " : "id: ") +
                                                   added.error().detail));
    std::printf("gateway %s added\n", gateway.id.c_str());
    return 0;
}

struct Changes {
    std::optional<std::string> label;
    std::optional<bool> crc_may_be_zero;
};

int change(store::AdminStore& admin, const std::string& id, const Changes& changes)
{
    if (!changes.label && !changes.crc_may_be_zero)
        return complain(fail(errc::bad_config, "give --label or --crc-may-be-zero"));
    if (const auto good = check_label(changes.label.value_or("")); !good)
        return complain(good.error());
    if (const auto changed = admin.change_gateway(id, changes.label, changes.crc_may_be_zero); !changed)
        return complain(fail(errc::bad_config, "id: " + changed.error().detail));
    std::printf("gateway %s changed, from its next connection on\n", id.c_str());
    return 0;
}

int set_disabled(store::AdminStore& admin, const std::string& id, bool disabled)
{
    if (const auto set = admin.set_gateway_disabled(id, disabled); !set)
        return complain(fail(errc::bad_config, "id: " + set.error().detail));
    std::printf("gateway %s %s\n", id.c_str(), disabled ? "disabled" : "enabled");
    return 0;
}

} // namespace

int run_gateway(std::span<const std::string> arguments)
{
    CLI::App app{"Gateways and concentrators that hand over meters' frames. The common name of a gateway's certificate is its id.",
                 "releve gateway"};
    app.require_subcommand(1);
    ConfigFlags flags;
    store::GatewayRow gateway;
    gateway.organisation = "root";
    CLI::App* add_command = app.add_subcommand("add", "Take frames from this gateway from now on");
    add_command->add_option("--organisation", gateway.organisation, "Whose it is");
    add_command->add_option("--label", gateway.label, "Where it stands, for people");
    add_command->add_flag("--crc-may-be-zero", gateway.crc_may_be_zero, "It hands frames over with their CRC set to 0000");
    Changes changes;
    CLI::App* set_command = app.add_subcommand("set", "Change what is registered of it");
    set_command->add_option("--label", changes.label, "Where it stands, for people");
    set_command->add_option("--crc-may-be-zero", changes.crc_may_be_zero, "yes or no: it hands frames over with their CRC set to 0000");
    CLI::App* list_command = app.add_subcommand("list", "All gateways, with what was last acknowledged");
    CLI::App* disable_command = app.add_subcommand("disable", "Refuse what it hands over from now on");
    CLI::App* enable_command = app.add_subcommand("enable", "Take it again");
    for (CLI::App* command : {add_command, set_command, disable_command, enable_command})
        command->add_option("id", gateway.id, "Common name of its certificate")->required();
    for (CLI::App* command : {add_command, set_command, list_command, disable_command, enable_command})
        add_config_flags(*command, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    store::AdminStore admin{opened->database.address};
    if (list_command->parsed())
        return list(admin);
    if (set_command->parsed())
        return change(admin, gateway.id, changes);
    return add_command->parsed() ? add(admin, gateway) : set_disabled(admin, gateway.id, disable_command->parsed());
}

} // namespace releve::app
