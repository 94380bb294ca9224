// releve contract import|list|played

#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/contract_csv.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/series_files.hpp>
#include <releve/app/tariff_shelf.hpp>
#include <releve/store/billing_store.hpp>

#include <cstdio>

namespace releve::app {

namespace {

int import_contracts(const ConfigFlags& flags, const std::string& file, bool dry_run)
{
    const auto text = read_text_file(file);
    if (!text)
        return complain(text.error());
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    store::BillingStore billing{opened->database.address, {}};
    const auto book = read_book(billing.tariffs());
    if (!book)
        return complain(book.error());
    const ContractCsv csv = parse_contract_csv(*text, **book);
    if (!csv.problems.empty())
        return complain_about(file, csv.problems);
    const auto done = billing.import_contracts(csv.rows, dry_run);
    if (!done)
        return complain(fail(errc::bad_csv, file + ": " + done.error().detail));
    std::printf("%s: %zu rows, %lld contracts and %lld off-peak periods changed%s\n", file.c_str(), csv.rows.size(), static_cast<long long>(done->contracts),
                static_cast<long long>(done->offpeak_periods), dry_run ? " (dry run: nothing was written)" : "");
    return 0;
}

int list_contracts(const ConfigFlags& flags, const std::string& usage_point)
{
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    store::BillingStore billing{opened->database.address, {}};
    std::printf("%-15s %-22s %-11s %-11s %-16s %-28s %s\n", "usage point", "tariff", "from", "to", "kVA", "off-peak", "parameters");
    for (const store::ContractRow& row : billing.contracts(usage_point)) {
        std::printf("%-15s %-22s %-11s %-11s %-16s %-28s %s\n", row.usage_point.value.c_str(), row.tariff.c_str(), to_iso8601(row.from).c_str(),
                    row.to ? to_iso8601(*row.to).c_str() : "-", store::powers_text(row.powers_va).c_str(), row.offpeak.empty() ? "-" : row.offpeak.c_str(),
                    store::parameters_text(row.parameters).c_str());
    }
    return 0;
}

int tell_played(const ConfigFlags& flags, const std::string& usage_point, int of, int as, bool real)
{
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    store::BillingStore billing{opened->database.address, {}};
    const std::string said = real ? "" : "curve of " + std::to_string(of) + ", played as " + std::to_string(as);
    if (const auto done = billing.set_played({usage_point}, said); !done)
        return complain(fail(errc::bad_config, "usage_point: " + done.error().detail));
    std::printf("%s: %s\n", usage_point.c_str(), real ? "readings of their own days" : said.c_str());
    return 0;
}

} // namespace

int run_contract(std::span<const std::string> arguments)
{
    CLI::App app{"Which tariff, power and off-peak hours hold at a usage point, by days. What is changed leaves readable what was known before.",
                 "releve contract"};
    app.require_subcommand(1);
    ConfigFlags flags;
    std::string file, usage_point;
    bool dry_run = false;
    CLI::App* import_command = app.add_subcommand("import", "All rows of a file or none");
    import_command
        ->add_option("file", file, "CSV with the columns usage_point,tariff,from,to,powers_kva,parameters,offpeak,meter_calendar,daily_capacity_kwh")
        ->required()
        ->type_name("FILE.csv");
    import_command->add_flag("--dry-run", dry_run, "Check everything, write nothing");
    CLI::App* list_command = app.add_subcommand("list", "By usage point and day");
    list_command->add_option("usage_point", usage_point, "The number on the bill; all if not given");
    constexpr int year_min = 1990, year_max = 2099;
    int of = 0, as = 0;
    bool real = false;
    CLI::App* played_command = app.add_subcommand("played", "Say on every bill of a usage point that its readings are a curve of another year; moves none");
    played_command->add_option("usage_point", usage_point, "The number on the bill")->required();
    CLI::Option* of_option = played_command->add_option("--of", of, "Year in which it was metered")->check(CLI::Range(year_min, year_max));
    CLI::Option* as_option = played_command->add_option("--as", as, "Year of the days under which it is stored")->check(CLI::Range(year_min, year_max));
    of_option->needs(as_option);
    as_option->needs(of_option);
    played_command->add_flag("--real", real, "They are of their own days")->excludes(of_option);
    for (CLI::App* command : {import_command, list_command, played_command})
        add_config_flags(*command, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    if (played_command->parsed() && !real && of_option->empty())
        return complain(fail(errc::bad_config, "--of: is needed, with --as; or --real"));
    if (played_command->parsed())
        return tell_played(flags, usage_point, of, as, real);
    return import_command->parsed() ? import_contracts(flags, file, dry_run) : list_contracts(flags, usage_point);
}

} // namespace releve::app
