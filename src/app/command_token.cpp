#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/model_files.hpp>
#include <releve/store/admin_store.hpp>

#include <cstdio>

namespace releve::app {

namespace {

struct TokenArguments {
    std::string role, expires, label;
    std::vector<std::string> scopes;
    std::int64_t id = 0;
};

/// A date is valid through its end in Paris; an instant as it is.
result<Instant> parse_expiry(const std::string& text)
{
    if (const auto day = parse_day(text))
        return paris().start_of(*day + std::chrono::days{1});
    RELEVE_TRY(instant, parse_instant(text));
    return instant;
}

int create(store::AdminStore& admin, const TokenArguments& arguments)
{
    store::NewToken token;
    const auto role = store::parse_role(arguments.role);
    if (!role)
        return complain(fail(errc::bad_config, "--role: " + role.error().detail));
    const auto expires = parse_expiry(arguments.expires);
    if (!expires)
        return complain(fail(errc::bad_config, "--expires: " + expires.error().detail));
    if (*expires <= wall_clock())
        return complain(fail(errc::bad_config, "--expires: lies in the past"));
    token.role = *role;
    token.scopes = arguments.scopes;
    token.expires_at = *expires;
    token.label = arguments.label.empty() ? arguments.role : arguments.label;
    protect_memory();
    const auto text = admin.create_token(token);
    if (!text)
        return complain(fail(errc::bad_config, "--scope: " + text.error().detail));
    std::puts(text->c_str());
    std::fputs("This is shown once; only its hash is stored.\n", stderr);
    return 0;
}

int list(store::AdminStore& admin)
{
    std::printf("%-6s %-15s %-24s %-12s %-9s %s\n", "id", "role", "label", "expires", "state", "scope");
    for (const store::TokenRow& row : admin.list_tokens()) {
        std::string scopes;
        for (const std::string& scope : row.scopes)
            scopes += (scopes.empty() ? "" : " ") + scope;
        const char* state = row.revoked_at ? "revoked" : row.expires_at <= wall_clock() ? "expired" : "valid";
        std::printf("%-6lld %-15s %-24s %-12s %-9s %s\n", static_cast<long long>(row.id),
                    std::string{store::role_name(row.role)}.c_str(), row.label.c_str(),
                    to_iso8601(row.expires_at).substr(0, 10).c_str(), state, scopes.c_str());
    }
    return 0;
}

} // namespace

int run_token(std::span<const std::string> arguments)
{
    CLI::App app{"Access tokens of people and programs.", "releve token"};
    app.require_subcommand(1);
    ConfigFlags flags;
    TokenArguments token;
    CLI::App* create_command = app.add_subcommand("create", "Make a token and print it once");
    create_command->add_option("--role", token.role, "operator, energy_manager, household or auditor")->required();
    create_command->add_option("--scope", token.scopes, "Organisations or usage points, may be repeated")->required();
    create_command->add_option("--expires", token.expires, "Last day of validity, like 2027-12-31")->required();
    create_command->add_option("--label", token.label, "Whose it is; shown in the log of accesses");
    CLI::App* list_command = app.add_subcommand("list", "All tokens, without their secrets");
    CLI::App* revoke_command = app.add_subcommand("revoke", "End a token now");
    revoke_command->add_option("id", token.id, "Number from the list")->required();
    for (CLI::App* command : {create_command, list_command, revoke_command})
        add_config_flags(*command, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    store::AdminStore admin{opened->database.address};
    if (create_command->parsed())
        return create(admin, token);
    if (list_command->parsed())
        return list(admin);
    if (const auto revoked = admin.revoke_token(token.id); !revoked)
        return complain(revoked.error());
    std::puts("revoked");
    return 0;
}

int run_usage_point(std::span<const std::string> arguments)
{
    CLI::App app{"What is collected of a home or a site, and who decides on it.", "releve usage-point"};
    app.require_subcommand(1);
    ConfigFlags flags;
    std::string id;
    std::string collection;
    std::string proof;
    std::string name;
    std::string parent = "root";
    CLI::App* collect = app.add_subcommand(
        "collection", "Record the choice: daily totals or half-hours. Going back to daily erases the half-hours kept");
    collect->add_option("usage_point", id, "The number on the bill")->required();
    collect->add_option("choice", collection, "daily or half_hour")->required();
    collect->add_option("--proof", proof, "How the person agreed: a form's number, a call's date ...")->required();
    CLI::App* organisation = app.add_subcommand("organisation", "Add an organisation that owns usage points");
    organisation->add_option("id", id, "A short word, for scopes")->required();
    organisation->add_option("name", name, "As people know it")->required();
    organisation->add_option("--parent", parent, "The organisation above it");
    for (CLI::App* command : {collect, organisation})
        add_config_flags(*command, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    // Half-hours that are to be reduced to totals are summed as their meter's model says.
    const auto models = ModelRegistry::load(opened->config.models.dir);
    if (!models)
        return complain(models.error());
    store::AdminStore admin{opened->database.address, [&](std::string_view model) { return models->find(model); }};
    if (organisation->parsed()) {
        if (const auto made = admin.create_organisation(id, name, parent); !made)
            return complain(made.error());
        std::printf("organisation %s added\n", id.c_str());
        return 0;
    }
    const auto choice = store::parse_collection(collection);
    if (!choice)
        return complain(fail(errc::bad_config, "choice: expected daily or half_hour"));
    if (const auto chosen = admin.choose_collection(UsagePointId{id}, *choice, proof, wall_clock()); !chosen)
        return complain(chosen.error());
    std::printf("%s: %s from now on\n", id.c_str(), std::string{store::collection_name(*choice)}.c_str());
    return 0;
}

} // namespace releve::app
