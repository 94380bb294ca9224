#include "key_input.hpp"

#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/device.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/master_key.hpp>
#include <releve/codec/wize/admin.hpp>
#include <releve/store/admin_store.hpp>

#include <cstdio>
#include <cstdlib>

namespace releve::app {

namespace {

struct CommandArguments {
    std::string address, key_file;
    std::vector<std::string> parameters;
    std::optional<std::int64_t> correction_s;
    int expires_hours = 72;
    int key_id = 0;
    std::int64_t id = 0;
    bool open_only = false;
    int limit = 50;
};

/// By its name, or its number in hexadecimal as the tables of the protocol write it.
result<const wize::ParameterRow*> find_parameter(const std::string& text)
{
    const wize::ParameterRow* row = wize::find_parameter(text);
    const auto number = from_hex(text.starts_with("0x") ? text.substr(2) : text);
    if (row == nullptr && number && number->size() == 1)
        row = wize::find_parameter(std::to_integer<std::uint8_t>(number->front()));
    if (row == nullptr)
        return fail(errc::bad_config, "--parameter " + text + ": no parameter has this name or hexadecimal number");
    return row;
}

Error about_parameters(const Error& error)
{
    return error.code == errc::bad_config ? error : fail(errc::bad_config, "--parameter: " + error.detail);
}

result<void> build_read(const CommandArguments& arguments, store::NewCommand& command)
{
    std::vector<std::uint8_t> ids;
    for (const std::string& text : arguments.parameters) {
        RELEVE_TRY(parameter, find_parameter(text));
        ids.push_back(parameter->id);
        command.summary += (command.summary.empty() ? "" : ", ") + std::string{parameter->name};
    }
    RELEVE_TRY(message, wize::encode_read_parameters(ids));
    command.kind = "read_parameters";
    command.message = std::move(message);
    return {};
}

result<void> build_write(const CommandArguments& arguments, store::NewCommand& command)
{
    std::vector<wize::ParameterValue> values;
    for (const std::string& text : arguments.parameters) {
        const auto equals = text.find('=');
        if (equals == std::string::npos)
            return fail(errc::bad_config, "--parameter " + text + ": expected NAME=HEX");
        RELEVE_TRY(parameter, find_parameter(text.substr(0, equals)));
        const auto value = from_hex(text.substr(equals + 1));
        if (!value || value->size() != parameter->bytes)
            return fail(errc::bad_config, "--parameter " + std::string{parameter->name} + ": expected " +
                                              std::to_string(2 * parameter->bytes) + " hexadecimal digits");
        values.push_back({parameter->id, *value});
        command.summary += (command.summary.empty() ? "" : ", ") + std::string{parameter->name} + " = " + to_hex(*value);
    }
    RELEVE_TRY(message, wize::encode_write_parameters(values));
    command.kind = "write_parameters";
    command.message = std::move(message);
    return {};
}

/// A clock takes what it was told at 00:00 UTC. What it then is to show is only true if it hears of it before.
result<void> build_set_clock(const CommandArguments& arguments, store::NewCommand& command)
{
    command.kind = "set_clock";
    if (arguments.correction_s) {
        auto message = wize::encode_clock_correction(Seconds{*arguments.correction_s});
        if (!message)
            return fail(errc::bad_config, "--by: " + message.error().detail);
        command.message = std::move(*message);
        command.summary = "by " + std::to_string(*arguments.correction_s) + " s";
        return {};
    }
    const Instant midnight = std::chrono::floor<std::chrono::days>(command.created_at) + std::chrono::days{1};
    RELEVE_TRY(message, wize::encode_clock_write(midnight));
    command.message = std::move(message);
    command.summary = "to " + to_iso8601(midnight);
    command.expires_at = std::min(command.expires_at, midnight);
    return {};
}

result<void> build_write_key(const CommandArguments& arguments, store::NewCommand& command)
{
    RELEVE_TRY(key, read_key(arguments.key_file, "--key-file"));
    command.new_key = key;
    command.new_key_id = static_cast<std::uint8_t>(arguments.key_id);
    RELEVE_TRY(message, wize::encode_write_key({.type = 1, .index = command.new_key_id, .key = key.bytes()}));
    command.kind = "write_key";
    command.message = std::move(message);
    return {};
}

result<void> build_ping(const CommandArguments&, store::NewCommand& command)
{
    command.kind = "exec_instping";
    command.message = wize::encode_exec_instping();
    return {};
}

struct Kind {
    const char* name;
    const char* summary;
    result<void> (*build)(const CommandArguments&, store::NewCommand&);
};
constexpr Kind kinds[] = {
    {"read", "Ask for parameters", build_read},
    {"write", "Change parameters", build_write},
    {"set-clock", "Set the clock at the next 00:00 UTC, or correct it by some seconds", build_set_clock},
    {"write-key", "Give it another Kenc, under its Kchg; the one before stays accepted", build_write_key},
    {"ping", "Have it look for the gateways that it reaches", build_ping},
};

int queue(const ConfigFlags& flags, const CommandArguments& arguments, const Kind& kind)
{
    protect_memory();
    store::NewCommand command;
    const auto address = parse_system_title(arguments.address);
    if (!address)
        return complain(fail(errc::bad_config, "address: expected 16 hexadecimal digits, M and A of its frames"));
    command.address = to_text(*address);
    command.created_at = wall_clock();
    command.expires_at = command.created_at + std::chrono::hours{arguments.expires_hours};
    if (const auto built = kind.build(arguments, command); !built)
        return complain(about_parameters(built.error()));
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    const auto master = load_master_key(opened->config, opened->database.address);
    if (!master)
        return complain(master.error());
    store::AdminStore admin{opened->database.address};
    const auto queued = admin.queue_command(command, *master);
    crypto::wipe(command.message.data(), command.message.size());
    if (!queued)
        return complain(fail(errc::bad_config, queued.error().detail));
    std::printf("command %lld waits until %s listens, until %s at the latest\n", static_cast<long long>(queued->id.value),
                command.address.c_str(), to_iso8601(command.expires_at).c_str());
    return 0;
}

int list(store::AdminStore& admin, const CommandArguments& arguments)
{
    std::string address;
    if (!arguments.address.empty()) {
        const auto parsed = parse_system_title(arguments.address);
        if (!parsed)
            return complain(fail(errc::bad_config, "--address: expected 16 hexadecimal digits"));
        address = to_text(*parsed);
    }
    std::printf("%-6s %-16s %-16s %-9s %-20s %-20s %8s %5s  %s\n", "id", "meter", "kind", "state", "created", "expires", "attempts",
                "key", "what; its answer");
    for (const store::CommandListRow& row : admin.list_commands(address, arguments.open_only, arguments.limit))
        std::printf("%-6lld %-16s %-16s %-9s %-20s %-20s %8d %5d  %s%s%s\n", static_cast<long long>(row.id.value), row.address.c_str(),
                    row.kind.c_str(), row.state.c_str(), to_iso8601(row.created_at).c_str(), to_iso8601(row.expires_at).c_str(),
                    row.attempts, row.key_id, row.summary.c_str(), row.result.empty() ? "" : "; ", row.result.c_str());
    return 0;
}

int cancel(store::AdminStore& admin, std::int64_t id)
{
    if (const auto cancelled = admin.cancel_command(CommandId{id}); !cancelled)
        return complain(fail(errc::bad_config, "id: " + cancelled.error().detail));
    std::printf("command %lld is cancelled\n", static_cast<long long>(id));
    return 0;
}

CLI::App* add_kind(CLI::App& app, const Kind& kind, CommandArguments& arguments)
{
    CLI::App* command = app.add_subcommand(kind.name, kind.summary);
    command->add_option("address", arguments.address, "The meter, 16 hex digits")->required();
    command->add_option("--expires", arguments.expires_hours, "Hours until it is given up, 1 to 720")->check(CLI::Range(1, 720));
    if (kind.build == build_read)
        command->add_option("--parameter", arguments.parameters, "Names, or numbers in hexadecimal")->required();
    if (kind.build == build_write)
        command->add_option("--parameter", arguments.parameters, "NAME=HEX")->required();
    if (kind.build == build_set_clock)
        command->add_option("--by", arguments.correction_s, "Seconds to add, once and at any time, instead of setting it");
    if (kind.build == build_write_key) {
        command->add_option("--key-id", arguments.key_id, "KEYSEL of the key, 1 to 14")->required()->check(CLI::Range(1, 14));
        command->add_option("--key-file", arguments.key_file, "16 bytes, or 32 hex digits; - for standard input")
            ->required()
            ->type_name("FILE");
    }
    return command;
}

} // namespace

int run_command(std::span<const std::string> arguments)
{
    CLI::App app{"Commands to Wize meters: each waits until its meter has sent, because only then it listens.", "releve command"};
    app.require_subcommand(1);
    ConfigFlags flags;
    CommandArguments given;
    std::vector<std::pair<CLI::App*, const Kind*>> queues;
    for (const Kind& kind : kinds)
        queues.emplace_back(add_kind(app, kind, given), &kind);
    CLI::App* list_command = app.add_subcommand("list", "The newest first, with what became of them");
    list_command->add_option("--address", given.address, "Of one meter");
    list_command->add_flag("--open", given.open_only, "Only what waits");
    list_command->add_option("--limit", given.limit, "How many")->check(CLI::Range(1, 10'000));
    CLI::App* cancel_command = app.add_subcommand("cancel", "Send it no more; what was sent may still be carried out");
    cancel_command->add_option("id", given.id, "Number from the list")->required();
    for (CLI::App* command : app.get_subcommands({}))
        add_config_flags(*command, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    for (const auto& [command, kind] : queues)
        if (command->parsed())
            return queue(flags, given, *kind);
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    store::AdminStore admin{opened->database.address};
    return list_command->parsed() ? list(admin, given) : cancel(admin, given.id);
}

} // namespace releve::app
