// releve export readings

#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/model_files.hpp>
#include <releve/store/import_store.hpp>

#include <cstdio>

namespace releve::app {

namespace {

struct ExportArguments {
    std::string usage_point, from, to, channel;
};

/// An instant, or the start of a civil day.
result<Instant> read_bound(const std::string& text, const char* flag)
{
    if (const auto day = parse_day(text))
        return paris().start_of(*day);
    if (const auto instant = parse_instant(text))
        return *instant;
    return fail(errc::bad_config, std::string{flag} + ": expected a day like 2024-03-01, or an instant like 2024-03-01T12:30:00Z");
}

std::string unit_text(const store::StoredValue& value)
{
    return (value.scaler == 0 ? "" : "10^" + std::to_string(value.scaler) + " ") + std::string{unit_symbol(value.unit)};
}

/// The columns go by the first value; all are of one kind.
void write_row(const store::StoredValue& value, bool& any)
{
    const bool interval = value.step > Seconds{0};
    if (!any)
        std::puts(interval ? "start_utc,step_s,value,unit,quality,channel" : "at_utc,register,value,unit,quality");
    any = true;
    const std::string at = to_iso8601(value.at), unit = unit_text(value);
    const std::string quality{quality_name(value.quality)}, channel{value.channel};
    const auto amount = static_cast<long long>(value.value);
    if (interval)
        std::printf("%s,%lld,%lld,%s,%s,%s\n", at.c_str(), static_cast<long long>(value.step.count()), amount, unit.c_str(), quality.c_str(),
                    channel.c_str());
    else
        std::printf("%s,%s,%lld,%s,%s\n", at.c_str(), channel.c_str(), amount, unit.c_str(), quality.c_str());
}

} // namespace

int run_export(std::span<const std::string> arguments)
{
    CLI::App app{"What is stored, out again as CSV.", "releve export"};
    app.require_subcommand(1);
    ConfigFlags flags;
    ExportArguments given;
    CLI::App* readings = app.add_subcommand("readings", "Measured values as they came; it is told in the usage point's access list");
    readings->add_option("usage_point", given.usage_point, "The number on the bill")->required();
    readings->add_option("--from", given.from, "First day, or an instant")->required();
    readings->add_option("--to", given.to, "The day after the last, or an instant")->required();
    readings->add_option("--channel", given.channel, "Name of a channel, or `registers` for all indexes; else all curves");
    add_config_flags(*readings, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    const auto from = read_bound(given.from, "--from"), to = read_bound(given.to, "--to");
    if (!from || !to)
        return complain((!from ? from : to).error());
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    const auto models = ModelRegistry::load(opened->config.models.dir);
    if (!models)
        return complain(models.error());
    store::ImportStore store{opened->database.address};
    bool any = false;
    const auto given_out = store.read_out({UsagePointId{given.usage_point}, given.channel, *from, *to, asking_user()},
                                          [&](std::string_view name) { return models->find(name); },
                                          [&](const store::StoredValue& value) { write_row(value, any); });
    if (!given_out)
        return complain(fail(errc::bad_config, (given_out.error().code == errc::bad_parameter ? "--" : "usage_point: ") + given_out.error().detail));
    if (*given_out == 0)
        std::fprintf(stderr, "releve: nothing is stored of these days\n");
    return *given_out == 0 ? 1 : 0;
}

} // namespace releve::app
