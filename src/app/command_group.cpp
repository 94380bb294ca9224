#include "csv_command.hpp"

#include <releve/app/command.hpp>
#include <releve/app/group_csv.hpp>

#include <cstdio>

namespace releve::app {

namespace {

struct GroupArguments {
    std::string file, organisation = "root", group, usage_point;
    bool dry_run = false;
};

int import(const ConfigFlags& flags, const GroupArguments& arguments)
{
    return take_csv(flags, arguments.file, parse_group_csv, [&](store::AdminStore& admin, const GroupCsv& csv) {
        const auto done = admin.import_groups(csv.rows, arguments.organisation, arguments.dry_run);
        if (!done)
            return complain(fail(errc::bad_csv, (done.error().code == errc::not_found ? "--organisation: " : arguments.file + ": ") +
                                                    done.error().detail));
        std::printf("%s: %lld groups new, %lld members changed%s\n", arguments.file.c_str(), static_cast<long long>(done->groups_new),
                    static_cast<long long>(done->members_changed), arguments.dry_run ? " (dry run: nothing was changed)" : "");
        return 0;
    });
}

int set_temperatures(const ConfigFlags& flags, const GroupArguments& arguments)
{
    return take_csv(flags, arguments.file, parse_temperature_csv, [&](store::AdminStore& admin, const TemperatureCsv& csv) {
        const auto changed = admin.set_temperatures(arguments.group, csv.mean_c_e1);
        if (!changed)
            return complain(fail(errc::bad_config, "group: " + changed.error().detail));
        std::printf("%s: %zu days, %lld changed\n", arguments.file.c_str(), csv.mean_c_e1.size(), static_cast<long long>(*changed));
        return 0;
    });
}

int list(store::AdminStore& admin)
{
    std::printf("%-24s %-16s %8s  %s\n", "id", "organisation", "members", "label");
    for (const store::GroupRow& row : admin.list_groups(paris().day_of(wall_clock())))
        std::printf("%-24s %-16s %8lld  %s\n", row.id.c_str(), row.organisation.c_str(), static_cast<long long>(row.members),
                    row.label.c_str());
    return 0;
}

int show(store::AdminStore& admin, const std::string& group)
{
    const auto rows = admin.list_members(group);
    if (!rows)
        return complain(fail(errc::bad_config, "group: " + rows.error().detail));
    std::printf("%-16s %-12s %s\n", "usage_point", "from", "to");
    for (const store::GroupMemberRow& row : *rows)
        std::printf("%-16s %-12s %s\n", row.usage_point.value.c_str(), to_iso8601(row.from).c_str(),
                    row.to ? to_iso8601(*row.to).c_str() : "-");
    return 0;
}

int remove(store::AdminStore& admin, const GroupArguments& arguments)
{
    const bool whole = arguments.usage_point.empty();
    const auto removed =
        whole ? admin.remove_group(arguments.group) : admin.remove_member(arguments.group, UsagePointId{arguments.usage_point});
    if (!removed)
        return complain(fail(errc::bad_config, "group: " + removed.error().detail));
    if (whole)
        std::printf("group %s removed\n", arguments.group.c_str());
    else
        std::printf("%s removed from group %s\n", arguments.usage_point.c_str(), arguments.group.c_str());
    return 0;
}

} // namespace

int run_group(std::span<const std::string> arguments)
{
    CLI::App app{"Groups of usage points: a town's schools, a shared roof. A usage point may be in several, for some time or for good.",
                 "releve group"};
    app.require_subcommand(1);
    ConfigFlags flags;
    GroupArguments given;
    CLI::App* import_command = app.add_subcommand("import", "Who is in which group and when; all rows or none. What the file says of a "
                                                            "usage point in a group takes the place of what was said before");
    import_command->add_option("file", given.file, "CSV with the columns group,label,usage_point,from,to; `to` is not included")
        ->required()
        ->type_name("FILE.csv");
    import_command->add_option("--organisation", given.organisation, "Whose groups these are");
    import_command->add_flag("--dry-run", given.dry_run, "Check everything, change nothing");
    CLI::App* list_command = app.add_subcommand("list", "All groups, with their members of today");
    CLI::App* show_command = app.add_subcommand("show", "The members of one, and since when");
    CLI::App* temperatures_command = app.add_subcommand("temperatures", "How cold it was where the group is: bills are compared with regard to it");
    CLI::App* remove_command = app.add_subcommand("remove", "Forget a group, or that a usage point was ever in it");
    for (CLI::App* command : {show_command, temperatures_command, remove_command})
        command->add_option("group", given.group, "Its id")->required();
    temperatures_command->add_option("file", given.file, "CSV with the columns day,mean_c: degrees Celsius, mean of the day")->required()->type_name("FILE.csv");
    remove_command->add_option("usage_point", given.usage_point, "Only this one");
    for (CLI::App* command : {import_command, list_command, show_command, temperatures_command, remove_command})
        add_config_flags(*command, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    if (import_command->parsed())
        return import(flags, given);
    if (temperatures_command->parsed())
        return set_temperatures(flags, given);
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    store::AdminStore admin{opened->database.address};
    if (list_command->parsed())
        return list(admin);
    return show_command->parsed() ? show(admin, given.group) : remove(admin, given);
}

} // namespace releve::app
