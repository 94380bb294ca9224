#include "key_input.hpp"

#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/master_key.hpp>
#include <releve/crypto/aes.hpp>
#include <releve/store/admin_store.hpp>

#include <cstdio>

namespace releve::app {

namespace {

int list(store::AdminStore& admin)
{
    std::printf("%-4s %s\n", "id", "Kmac since");
    for (const store::KnownNetwork& network : admin.list_networks())
        std::printf("%-4d %s\n", network.netid, to_iso8601(network.recorded_at).c_str());
    return 0;
}

int add(const ConfigFlags& flags, int id, const std::string& file)
{
    protect_memory();
    const auto kmac = read_key(file, "--kmac-file");
    if (!kmac)
        return complain(kmac.error());
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    const auto master = load_master_key(opened->config, opened->database.address);
    if (!master)
        return complain(master.error());
    const auto netid = static_cast<std::uint8_t>(id);
    const Bytes wrapped = crypto::wrap_secret(*master, kmac->bytes(), store::network_key_context(netid));
    store::AdminStore admin{opened->database.address};
    if (const auto set = admin.set_network(netid, wrapped); !set)
        return complain(set.error());
    std::printf("network %d: its Kmac is known from now on\n", id);
    return 0;
}

} // namespace

int run_network(std::span<const std::string> arguments)
{
    CLI::App app{"Radio networks of Wize meters, and their Kmac.", "releve network"};
    app.require_subcommand(1);
    ConfigFlags flags;
    int id = 0;
    std::string file;
    CLI::App* add_command = app.add_subcommand("add", "Store the Kmac of a network; one that is there gets a new one");
    add_command->add_option("--id", id, "L6NetwId of its frames, 0 to 255")->required()->check(CLI::Range(0, 255));
    add_command->add_option("--kmac-file", file, "16 bytes, or 32 hex digits; else standard input")->type_name("FILE");
    CLI::App* list_command = app.add_subcommand("list", "All networks, without their keys");
    for (CLI::App* command : {add_command, list_command})
        add_config_flags(*command, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    if (add_command->parsed())
        return add(flags, id, file);
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    store::AdminStore admin{opened->database.address};
    return list(admin);
}

} // namespace releve::app
