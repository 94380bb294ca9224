#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/store/admin_store.hpp>

#include <cstdio>

namespace releve::app {

namespace {

struct Filter {
    std::string reason, system_title;
    int limit = 50;
    std::int64_t id = 0;
    bool all = false;
};

int list(store::AdminStore& admin, const Filter& filter)
{
    std::printf("%-8s %-20s %-18s %-16s %-10s %6s  %s\n", "id", "received", "reason", "meter", "counter", "bytes", "detail");
    for (const store::QuarantineRow& row : admin.list_quarantine(filter.reason, filter.system_title, filter.limit))
        std::printf("%-8lld %-20s %-18s %-16s %-10s %6zu  %s\n", static_cast<long long>(row.id),
                    to_iso8601(row.received_at).c_str(), std::string{frame_state_name(row.reason)}.c_str(),
                    row.system_title.empty() ? "-" : row.system_title.c_str(),
                    row.counter ? std::to_string(*row.counter).c_str() : "-", row.frame_bytes, row.detail.c_str());
    return 0;
}

int show(store::AdminStore& admin, const Filter& filter)
{
    const auto row = admin.show_quarantine(filter.id);
    if (!row)
        return complain(row.error());
    const FrameStateRow& state = frame_state_row(row->reason);
    std::printf("id        %lld\nreceived  %s\nfrom      %s\nmeter     %s\nreason    %s - %s\ndetail    %s\nframe     %s\n",
                static_cast<long long>(row->id), to_iso8601(row->received_at).c_str(), row->peer.c_str(),
                row->system_title.c_str(), std::string{state.name}.c_str(), std::string{state.words.plain_en}.c_str(),
                row->detail.c_str(), row->frame.empty() ? "(not kept)" : to_hex(row->frame).c_str());
    return 0;
}

int retry(store::AdminStore& admin, const Filter& filter)
{
    if (filter.id == 0 && filter.reason.empty() && filter.system_title.empty() && !filter.all)
        return complain(fail(errc::bad_config, "quarantine retry: name an id, --reason, --meter or --all"));
    const std::optional<std::int64_t> id = filter.id ? std::optional{filter.id} : std::nullopt;
    const std::int64_t count = admin.request_retry(id, filter.system_title, filter.reason);
    std::printf("%lld refused messages will be tried again by the running server\n", static_cast<long long>(count));
    return 0;
}

} // namespace

int run_quarantine(std::span<const std::string> arguments)
{
    CLI::App app{"Messages that were refused: counted, kept for a while with their reason.", "releve quarantine"};
    app.require_subcommand(1);
    ConfigFlags flags;
    Filter filter;
    CLI::App* list_command = app.add_subcommand("list", "The newest first");
    CLI::App* show_command = app.add_subcommand("show", "One, with its bytes");
    CLI::App* retry_command = app.add_subcommand("retry", "Have the server judge them again, with their time of reception");
    show_command->add_option("id", filter.id)->required();
    retry_command->add_option("id", filter.id);
    retry_command->add_flag("--all", filter.all, "All of them");
    for (CLI::App* command : {list_command, retry_command}) {
        command->add_option("--reason", filter.reason, "unknown_meter, wrong_key, bad_tag, replay ...");
        command->add_option("--meter", filter.system_title, "System title, 16 hex digits");
    }
    list_command->add_option("--limit", filter.limit, "How many")->check(CLI::Range(1, 10'000));
    for (CLI::App* command : {list_command, show_command, retry_command})
        add_config_flags(*command, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    if (!filter.reason.empty() && !frame_state_from_name(filter.reason))
        return complain(fail(errc::bad_config, "--reason " + filter.reason + ": no such reason"));
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    store::AdminStore admin{opened->database.address};
    if (list_command->parsed())
        return list(admin, filter);
    return show_command->parsed() ? show(admin, filter) : retry(admin, filter);
}

int run_reprocess(std::span<const std::string> arguments)
{
    CLI::App app{"Decode genuine messages that no meter model explained when they came; the running server reads its "
                 "models again and does it.",
                 "releve reprocess"};
    ConfigFlags flags;
    add_config_flags(app, flags);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    const auto opened = open_configured(flags);
    if (!opened)
        return complain(opened.error());
    store::AdminStore{opened->database.address}.request_reprocess();
    std::puts("the running server has been asked to");
    return 0;
}

} // namespace releve::app
