#include "csv_command.hpp"

#include <releve/app/coefficient_csv.hpp>
#include <releve/app/command.hpp>

#include <cstdio>

namespace releve::app {

namespace {

struct CoefficientArguments {
    std::string usage_point, from, to, value, known_at, file;
};

result<store::Coefficient> read_coefficient(const CoefficientArguments& arguments)
{
    store::Coefficient coefficient;
    coefficient.usage_point = arguments.usage_point;
    const auto from = parse_day(arguments.from);
    if (!from)
        return fail(errc::bad_config, "--from: expected a date like 2024-01-10");
    coefficient.from = *from;
    if (!arguments.to.empty()) {
        const auto to = parse_day(arguments.to);
        if (!to || *to <= *from)
            return fail(errc::bad_config, to ? "--to: is not after --from" : "--to: expected a date like 2024-01-10");
        coefficient.to = *to;
    }
    const auto value = parse_kwh_per_m3(arguments.value);
    if (!value)
        return fail(errc::bad_config, "--kwh-per-m3: " + value.error().detail);
    coefficient.kwh_per_m3_e5 = *value;
    return coefficient;
}

int set(const ConfigFlags& flags, const CoefficientArguments& arguments)
{
    const auto coefficient = read_coefficient(arguments);
    if (!coefficient)
        return complain(coefficient.error());
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    store::AdminStore admin{opened->database.address};
    const auto changed = admin.set_coefficients({&*coefficient, 1});
    if (!changed)
        return complain(fail(errc::bad_config, changed.error().detail));
    std::printf("%s: %s kWh per m3 from %s%s\n", arguments.usage_point.c_str(), kwh_per_m3_text(coefficient->kwh_per_m3_e5).c_str(),
                to_iso8601(coefficient->from).c_str(), *changed == 0 ? " (as it was)" : "");
    return 0;
}

int list(const ConfigFlags& flags, const CoefficientArguments& arguments)
{
    std::optional<Instant> known_at;
    if (!arguments.known_at.empty()) {
        const auto instant = parse_instant(arguments.known_at);
        if (!instant)
            return complain(fail(errc::bad_config, "--as-known-at: " + instant.error().detail));
        known_at = *instant;
    }
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    store::AdminStore admin{opened->database.address};
    const auto rows = admin.list_coefficients(arguments.usage_point, known_at);
    if (!rows)
        return complain(fail(errc::bad_config, "usage_point: " + rows.error().detail));
    std::printf("%-12s %-12s %-12s %-20s %s\n", "from", "to", "kWh per m3", "known from", "known to");
    for (const store::KnownCoefficient& row : *rows)
        std::printf("%-12s %-12s %-12s %-20s %s\n", to_iso8601(row.from).c_str(), row.to ? to_iso8601(*row.to).c_str() : "-",
                    kwh_per_m3_text(row.kwh_per_m3_e5).c_str(), to_iso8601(row.known_from).c_str(),
                    row.known_to ? to_iso8601(*row.known_to).c_str() : "-");
    return 0;
}

int import(const ConfigFlags& flags, const std::string& file)
{
    return take_csv(flags, file, parse_coefficient_csv, [&](store::AdminStore& admin, const CoefficientCsv& csv) {
        const auto changed = admin.set_coefficients(csv.rows);
        if (!changed)
            return complain(fail(errc::bad_csv, file + ": " + changed.error().detail));
        std::printf("%s: %zu rows, %lld changed\n", file.c_str(), csv.rows.size(), static_cast<long long>(*changed));
        return 0;
    });
}

} // namespace

int run_coefficient(std::span<const std::string> arguments)
{
    CLI::App app{"How many kWh a cubic metre of gas holds at a usage point, by gas days. A correction leaves readable what was known "
                 "before.",
                 "releve coefficient"};
    app.require_subcommand(1);
    ConfigFlags flags;
    CoefficientArguments given;
    CLI::App* set_command = app.add_subcommand("set", "For some days, or from a day on");
    CLI::App* list_command = app.add_subcommand("list", "By day, as known now or then");
    CLI::App* import_command = app.add_subcommand("import", "Many at once; all rows or none");
    for (CLI::App* command : {set_command, list_command})
        command->add_option("usage_point", given.usage_point, "The number on the bill")->required();
    set_command->add_option("--from", given.from, "First gas day, like 2024-01-10")->required();
    set_command->add_option("--to", given.to, "First gas day after it; else until further notice");
    set_command->add_option("--kwh-per-m3", given.value, "Like 11.29, with at most 5 decimals, 1 to 20")->required();
    list_command->add_option("--as-known-at", given.known_at, "An instant like 2024-03-01T00:00:00Z");
    import_command->add_option("file", given.file, "CSV with the columns usage_point,from,to,kwh_per_m3")
        ->required()
        ->type_name("FILE.csv");
    for (CLI::App* command : {set_command, list_command, import_command})
        add_config_flags(*command, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    if (set_command->parsed())
        return set(flags, given);
    return list_command->parsed() ? list(flags, given) : import(flags, given.file);
}

} // namespace releve::app
