#include <releve/api/auth.hpp>
#include <releve/api/handlers.hpp>
#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/model_files.hpp>
#include <releve/app/morning_text.hpp>
#include <releve/store/admin_store.hpp>

#include <cstdio>

namespace releve::app {

namespace {

struct ReportArguments {
    std::string language = "en";
    bool json = false;
};

/// In the words of a person, or as the API gives it.
result<std::string> morning(api::ReadStore& store, const store::Identity& who, const ReportArguments& arguments)
{
    if (arguments.json) {
        const api::Request request;
        const api::Services services{.clock = wall_clock, .metrics = {}, .ready = {}};
        RELEVE_TRY(response, api::show_morning({request, services, {}, who, &store}));
        return response.body;
    }
    RELEVE_TRY(report, store.morning(who, wall_clock()));
    return morning_text(report, arguments.language == "fr" ? api::Language::fr : api::Language::en);
}

/// Reads as the API reads, under a token of this command's own: what was read leaves the same traces. It is revoked at the end;
/// if that does not come, it opens nothing for longer than ten minutes.
result<std::string> read_as_operator(store::AdminStore& admin, api::ReadStore& store, const ReportArguments& arguments)
{
    RELEVE_TRY(token, admin.create_token({.role = store::Role::operator_,
                                          .scopes = {"root"},
                                          .expires_at = wall_clock() + std::chrono::minutes{10},
                                          .label = "releve report"}));
    RELEVE_TRY(who, store.authenticate(api::token_key(token), wall_clock()));
    auto text = morning(store, who, arguments);
    RELEVE_CHECK(admin.revoke_token(who.token_id));
    return text;
}

} // namespace

int run_report(std::span<const std::string> arguments)
{
    CLI::App app{"Reports for those who run it.", "releve report"};
    app.require_subcommand(1);
    ConfigFlags flags;
    ReportArguments given;
    CLI::App* morning_command = app.add_subcommand(
        "morning", "What stopped since yesterday 18:00 and why, what came back, and how much of what was expected has arrived");
    morning_command->add_option("--lang", given.language, "en or fr")->check(CLI::IsMember({"en", "fr"}));
    morning_command->add_flag("--json", given.json, "As the API gives it");
    add_config_flags(*morning_command, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    protect_memory();
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    const auto models = ModelRegistry::load(opened->config.models.dir);
    if (!models)
        return complain(models.error());
    const auto store =
        api::database_stores(opened->database.address, [&](std::string_view model) { return models->find(model); })();
    store::AdminStore admin{opened->database.address};
    const auto text = read_as_operator(admin, *store, given);
    if (!text)
        return complain(text.error());
    std::fputs(text->c_str(), stdout);
    return 0;
}

} // namespace releve::app
