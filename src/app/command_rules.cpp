#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/rule_files.hpp>
#include <releve/app/series_files.hpp>
#include <releve/store/admin_store.hpp>

#include <cstdio>

namespace releve::app {

namespace {

constexpr std::size_t rule_text_bytes_max = 262'144;

/// Text of a file that overrides rules, once it is one.
result<std::string> read_override(const std::string& file)
{
    RELEVE_TRY(text, read_text_file(file));
    if (text.size() > rule_text_bytes_max)
        return fail(errc::bad_config, file + ": larger than " + std::to_string(rule_text_bytes_max) + " bytes");
    RELEVE_CHECK(parse_rule_override(text, file));
    return text;
}

void print_text(std::string_view text)
{
    std::fwrite(text.data(), 1, text.size(), stdout);
    if (!text.ends_with('\n'))
        std::puts("");
}

/// Those that hold for everybody: the shipped ones, or the file of the settings.
int show_all(const ConfigFlags& flags)
{
    const auto config = flags.load();
    if (!config)
        return complain(config.error());
    const std::filesystem::path& path = config->validation.rules;
    if (const auto rules = load_rules(path); !rules)
        return complain(rules.error());
    const auto text = path.empty() ? result<std::string>{std::string{shipped_rules()}} : read_text_file(path);
    if (!text)
        return complain(text.error());
    print_text(*text);
    return 0;
}

int show_of_group(store::AdminStore& admin, const std::string& group)
{
    const auto rules = admin.rules_of(group);
    if (!rules)
        return complain(fail(errc::bad_config, "--group: " + rules.error().detail));
    if (!*rules)
        std::fprintf(stderr, "releve: the group has no rules of its own: see `releve rules show`\n");
    print_text(rules->value_or("{}"));
    return 0;
}

int say_judged_again(const char* what, const std::string& group, const result<std::int64_t>& job)
{
    if (!job)
        return complain(fail(errc::bad_config, "--group: " + job.error().detail));
    std::printf("rules of group %s %s; job %lld judges its readings again\n", group.c_str(), what, static_cast<long long>(*job));
    return 0;
}

} // namespace

int run_rules(std::span<const std::string> arguments)
{
    CLI::App app{"What readings are checked by: rules, limits and how severe a failure is. A group may have some of its own.",
                 "releve rules"};
    app.require_subcommand(1);
    ConfigFlags flags;
    std::string group, file;
    CLI::App* show_command = app.add_subcommand("show", "The rules for all, or what a group has instead of them");
    show_command->add_option("--group", group, "Id of the group");
    CLI::App* check_command = app.add_subcommand("check", "Whether a file of rules is right; needs no database");
    CLI::App* set_command = app.add_subcommand("set", "Give a group the rules of a file, and judge its readings again");
    CLI::App* clear_command = app.add_subcommand("clear", "Have a group judged by the common rules again");
    for (CLI::App* command : {set_command, clear_command})
        command->add_option("--group", group, "Id of the group")->required();
    for (CLI::App* command : {check_command, set_command})
        command->add_option("file", file, "JSON as `rules show` prints it, or only what differs")->required()->type_name("FILE.json");
    for (CLI::App* command : {show_command, set_command, clear_command})
        add_config_flags(*command, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    if (show_command->parsed() && group.empty())
        return show_all(flags);
    std::string rules;
    if (!file.empty()) {
        auto text = read_override(file);
        if (!text)
            return complain(text.error());
        rules = std::move(*text);
    }
    if (check_command->parsed()) {
        if (const auto whole = parse_rule_file(rules, file); whole)
            std::printf("%s: is right\n", file.c_str());
        else
            std::printf("%s: is right as rules of a group; validation.rules needs more: %s\n", file.c_str(), whole.error().detail.c_str());
        return 0;
    }
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    store::AdminStore admin{opened->database.address};
    if (show_command->parsed())
        return show_of_group(admin, group);
    return set_command->parsed() ? say_judged_again("set", group, admin.set_rules(group, rules))
                                 : say_judged_again("cleared", group, admin.clear_rules(group));
}

} // namespace releve::app
