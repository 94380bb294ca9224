#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/master_key.hpp>
#include <releve/app/meter_csv.hpp>
#include <releve/app/series_files.hpp>
#include <releve/crypto/aes.hpp>
#include <releve/store/admin_store.hpp>

#include <cstdio>

namespace releve::app {

namespace {

void wipe_keys(std::vector<store::MeterImportRow>& rows)
{
    for (store::MeterImportRow& row : rows) {
        crypto::wipe(row.encryption_key.data(), row.encryption_key.size());
        crypto::wipe(row.authentication_key.data(), row.authentication_key.size());
    }
}

int import(const ConfigFlags& flags, const std::string& file, const std::string& organisation, bool dry_run)
{
    const auto config = flags.load();
    if (!config)
        return complain(config.error());
    const auto models = ModelRegistry::load(config->models.dir);
    if (!models)
        return complain(models.error());
    protect_memory();
    auto text = read_text_file(file);
    if (!text)
        return complain(text.error());
    MeterCsv csv = parse_meter_csv(*text, *models, config->collector.acknowledgement_system_title);
    crypto::wipe(text->data(), text->size());
    if (!csv.problems.empty()) {
        wipe_keys(csv.rows);
        return complain_about(file, csv.problems);
    }
    const auto database = open_database(*config, [](std::string_view) {});
    if (!database)
        return complain(database.error());
    const auto master = load_master_key(*config, database->address);
    if (!master)
        return complain(master.error());
    store::AdminStore admin{database->address};
    const auto summary = admin.import_meters(csv.rows, *master, organisation, dry_run);
    wipe_keys(csv.rows);
    if (!summary)
        return complain(fail(errc::bad_csv, file + ": " + summary.error().detail));
    std::printf("%s: %lld meters new, %lld changed, %lld keys new, %lld usage points new%s\n", file.c_str(),
                static_cast<long long>(summary->meters_new), static_cast<long long>(summary->meters_updated),
                static_cast<long long>(summary->keys_new), static_cast<long long>(summary->usage_points_new),
                dry_run ? " (dry run: nothing was changed)" : "");
    return 0;
}

} // namespace

int run_meter(std::span<const std::string> arguments)
{
    CLI::App app{"Meters and their keys.", "releve meter"};
    app.require_subcommand(1);
    ConfigFlags flags;
    std::string file;
    std::string organisation = "root";
    bool dry_run = false;
    CLI::App* import_command = app.add_subcommand("import", "Add or change meters from a CSV; the server takes them up at once");
    import_command->add_option("file", file, "CSV with a header row")->required()->type_name("FILE.csv");
    import_command->add_option("--organisation", organisation, "Whose usage points these are");
    import_command->add_flag("--dry-run", dry_run, "Check everything, change nothing");
    add_config_flags(*import_command, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    return import(flags, file, organisation, dry_run);
}

} // namespace releve::app
