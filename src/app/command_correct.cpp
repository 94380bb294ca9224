#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/model_files.hpp>
#include <releve/store/admin_store.hpp>

#include <cstdio>

namespace releve::app {

namespace {

constexpr auto carried_out_within = std::chrono::seconds{30};

struct CorrectArguments {
    std::string usage_point, channel, action, from, to, reason;
    std::vector<std::int64_t> values;
};

result<store::CorrectionAsked> read_correction(const CorrectArguments& arguments)
{
    const auto from = parse_instant(arguments.from), to = parse_instant(arguments.to);
    if (!from || !to)
        return fail(errc::bad_config, (!from ? "--from: " : "--to: ") + std::string{"expected an instant like 2024-03-01T12:30:00Z"});
    return store::CorrectionAsked{UsagePointId{arguments.usage_point}, arguments.channel, arguments.action, *from, *to,
                                  arguments.values, arguments.reason};
}

/// The store names a field; here it is called as it was typed.
Error as_typed(const Error& error)
{
    if (error.code == errc::daily_only)
        return fail(errc::bad_config, "--usage-point: only daily totals are kept of it");
    if (error.code == errc::not_found)
        return fail(errc::bad_config, "--usage-point: " + error.detail);
    if (error.code == errc::bad_parameter)
        return fail(errc::bad_config, (error.detail.starts_with("action") ? "" : "--") + error.detail);
    return error;
}

int say(const store::CorrectionRow& row)
{
    const auto id = static_cast<long long>(row.id);
    if (row.state == "done") {
        std::printf("correction %lld: done, known from batch %lld on\n", id, static_cast<long long>(row.batch ? row.batch->value : 0));
        return 0;
    }
    if (row.state == "refused")
        std::fprintf(stderr, "releve: correction %lld was refused: %s\n", id, row.detail.c_str());
    else
        std::fprintf(stderr, "releve: correction %lld waits: no server carried it out within 30 s; one that runs later will\n", id);
    return 1;
}

} // namespace

int run_correct(std::span<const std::string> arguments)
{
    CLI::App app{"Put values in the place of readings, accept what a check doubts, or undo either. What was measured stays, and who did "
                 "it and why is told with each interval.",
                 "releve correct"};
    ConfigFlags flags;
    CorrectArguments given;
    app.add_option("action", given.action, "set, accept or undo")->required();
    app.add_option("--usage-point", given.usage_point, "The number on the bill")->required();
    app.add_option("--channel", given.channel, "Name of the channel; else the main one");
    app.add_option("--from", given.from, "Begin of the first interval, like 2024-03-01T12:30:00Z")->required();
    app.add_option("--to", given.to, "End of the last interval, on the same civil day")->required();
    app.add_option("--values", given.values, "Of `set`: one for each interval, with commas, as the meter would have sent them")
        ->delimiter(',')
        ->allow_extra_args(false);
    app.add_option("--reason", given.reason, "Why, 3 to 500 characters")->required();
    add_config_flags(app, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    const auto asked = read_correction(given);
    if (!asked)
        return complain(asked.error());
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    const auto models = ModelRegistry::load(opened->config.models.dir);
    if (!models)
        return complain(models.error());
    store::AdminStore admin{opened->database.address, [&](std::string_view model) { return models->find(model); }};
    const auto row = admin.correct(*asked, carried_out_within);
    return row ? say(*row) : complain(as_typed(row.error()));
}

} // namespace releve::app
