#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/demo.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/master_key.hpp>
#include <releve/app/model_files.hpp>
#include <releve/app/fleet_client.hpp>
#include <releve/app/server.hpp>
#include <releve/store/admin_store.hpp>
#include <releve/store/billing_store.hpp>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <unistd.h>

namespace releve::app {

namespace {

constexpr const char* clock_change_day = "2024-03-31";
constexpr const char* organisation = "root";
/// A run's meters use counters over a span of at most so many; the next one starts above.
constexpr std::uint32_t counters_of_a_run = 20'000;
constexpr std::chrono::seconds ledger_at_most{60};

struct Choices {
    std::string data_dir, demo_data;
    std::uint16_t port = 8080;
    bool once = false;
};

void say(std::string_view line)
{
    std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
    std::fflush(stdout);
}

std::filesystem::path default_data_dir()
{
    if (::geteuid() == 0)
        return "/var/lib/releve-demo"; // the database's own user cannot enter /root
    if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/')
        return std::filesystem::path{state} / "releve-demo";
    const char* home = std::getenv("HOME");
    return std::filesystem::path{home != nullptr ? home : "."} / ".local" / "state" / "releve-demo";
}

/// Counters go on from run to run: a meter never uses one twice for other bytes, and what lies far behind the
/// newest would count as replayed. `first` stands in for a file that is not there.
std::uint32_t next_counters(const std::filesystem::path& path, std::uint32_t first, std::size_t used)
{
    std::uint32_t start = 0; // also after a failed read
    std::ifstream{path} >> start;
    start = std::max(start, first);
    std::ofstream{path} << start + used << '\n';
    return start;
}

/// Of the electricity meters, whose counters have 32 bits and may jump: the clock goes on by itself.
std::uint32_t seconds_since_2020(Instant now)
{
    return static_cast<std::uint32_t>((now - Instant{std::chrono::sys_days{std::chrono::year{2020} / 1 / 1}}).count());
}

Config demo_config(const Choices& choices, const std::filesystem::path& data_dir)
{
    Config config;
    config.data_dir = data_dir;
    config.collector.dlms_tls = Endpoint{"127.0.0.1", 0};
    config.collector.tls_cert = data_dir / "demo-tls.crt";
    config.collector.tls_key = data_dir / "demo-tls.key";
    config.collector.uplink = Endpoint{"127.0.0.1", 0};
    config.collector.uplink_client_ca = data_dir / "demo-gateways.crt";
    config.api.listen = Endpoint{"127.0.0.1", choices.port};
    config.keys.master_key_file = data_dir / "master.key";
    config.log.level = "warn";
    return config;
}

/// The server's own certificate, and of the gateway one that it trusts.
result<ClientTls> make_certificates(const Config& config)
{
    RELEVE_CHECK(make_demo_certificate(config.collector.tls_cert, config.collector.tls_key));
    RELEVE_TRY(authority, DemoAuthority::make(config.collector.uplink_client_ca));
    const ClientTls gateway{.ca = config.collector.tls_cert,
                            .insecure = false,
                            .certificate = config.data_dir / "demo-gateway.crt",
                            .private_key = config.data_dir / "demo-gateway.key"};
    RELEVE_CHECK(authority.issue(demo_gateway, gateway.certificate, gateway.private_key));
    return gateway;
}

/// A bar that moves on a terminal, a line every tenth elsewhere.
class ProgressBar {
public:
    explicit ProgressBar(std::size_t total)
        : total_(std::max<std::size_t>(total, 1)), on_terminal_(::isatty(1) != 0)
    {
    }

    void show(std::size_t done)
    {
        constexpr std::size_t width = 40;
        const std::size_t percent = std::min<std::size_t>(done * 100 / total_, 100);
        if (percent == shown_ || (!on_terminal_ && percent / 10 == shown_ / 10))
            return;
        shown_ = percent;
        if (on_terminal_) {
            const std::size_t filled = percent * width / 100;
            std::printf("\r  [%s%s] %3zu %%  %zu of %zu pushes confirmed", std::string(filled, '#').c_str(),
                        std::string(width - filled, '.').c_str(), percent, done, total_);
            if (percent == 100)
                std::printf("\n");
        } else {
            std::printf("  %3zu %%  %zu of %zu pushes confirmed\n", percent / 10 * 10, done, total_);
        }
        std::fflush(stdout);
    }

private:
    std::size_t total_;
    bool on_terminal_;
    std::size_t shown_ = 0;
};

struct Tokens {
    std::string household, operator_;
};

/// What a gas home has beside: its days, and how its gateway says who it is.
struct DemoGas {
    std::vector<DemoGasDay> days;
    std::vector<net::UplinkBatch> batches;
    ClientTls gateway;
};

/// Registers the meters and their keys; what is there already stays. The homes that agreed to half-hours say
/// so on record.
result<Tokens> register_homes(const store::DatabaseAddress& database, const crypto::Key256& master,
                              DemoHomes& demo, const DemoGas& gas, Instant now)
{
    store::AdminStore admin{database};
    RELEVE_CHECK(register_demo_gas(admin, master, organisation, gas.days, now));
    std::vector<store::MeterImportRow> rows;
    for (DemoHome& home : demo.homes) {
        home.import.line = rows.size() + 2;
        rows.push_back(home.import);
    }
    RELEVE_TRY(summary, admin.import_meters(rows, master, organisation, false));
    if (summary.usage_points_new > 0)
        for (const DemoHome& home : demo.homes)
            if (home.opted_in)
                RELEVE_CHECK(admin.choose_collection(UsagePointId{home.import.usage_point},
                                                     store::Collection::half_hour,
                                                     "demo: the home agreed to half-hours", now));
    RELEVE_CHECK(store::BillingStore(database, {}).import_contracts(demo_contracts(demo), false));
    const Instant expires = now + std::chrono::days{7};
    RELEVE_TRY(household, admin.create_token({.role = store::Role::household,
                                              .scopes = {demo.homes.front().import.usage_point, demo_gas_point},
                                              .expires_at = expires,
                                              .label = "demo household"}));
    RELEVE_TRY(operations, admin.create_token({.role = store::Role::operator_,
                                               .scopes = {organisation},
                                               .expires_at = expires,
                                               .label = "demo operator"}));
    return Tokens{.household = household, .operator_ = operations};
}

result<FleetReport> push_homes(const DemoHomes& demo, std::uint16_t port,
                               const std::filesystem::path& certificate)
{
    std::vector<MeterWork> work;
    std::size_t total = 0;
    for (const DemoHome& home : demo.homes) {
        work.push_back({.meter = &home.meter, .number = work.size(), .pushes = home.pushes});
        total += home.pushes.size();
    }
    ProgressBar bar{total};
    ClientOptions options;
    options.port = std::to_string(port);
    options.tls = ClientTls{.ca = certificate, .insecure = false, .certificate = {}, .private_key = {}};
    options.connections = 4;
    options.progress = [&bar](const FleetReport& report) { bar.show(report.confirmed); };
    return push_fleet(work, sim::FaultPlan{}, options);
}

std::string daily_target(const DemoHomes& demo)
{
    return "/api/v1/usage-points/" + demo.homes.front().import.usage_point +
           "/daily?from=" + to_iso8601(demo.linky_indexes.front().day) +
           "&to=" + to_iso8601(demo.linky_indexes.back().day);
}

std::string gas_target(const DemoGas& gas)
{
    return "/api/v1/usage-points/" + std::string{demo_gas_point} + "/daily?from=" + to_iso8601(gas.days.front().day) +
           "&to=" + to_iso8601(gas.days.back().day + std::chrono::days{1});
}

void print_links(const DemoHomes& demo, const DemoGas& gas, std::uint16_t port, const Tokens& tokens)
{
    const std::string base = "http://127.0.0.1:" + std::to_string(port);
    const std::string point = base + "/api/v1/usage-points/" + demo.homes.front().import.usage_point;
    say("\nThe home's page (household):         " + base + "/#token=" + tokens.household);
    say("The operator's page:                " + base + "/#token=" + tokens.operator_);
    say("\nFrom the command line:");
    say("  curl -H 'Authorization: Bearer " + tokens.household + "' '" + base + daily_target(demo) + "'");
    say("  curl -H 'Authorization: Bearer " + tokens.household + "' '" + base + gas_target(gas) + "'");
    say("  curl -H 'Authorization: Bearer " + tokens.household + "' '" + point +
        "/readings?from=2024-03-31&to=2024-04-01'");
    say("  curl -H 'Authorization: Bearer " + tokens.operator_ + "' '" + base + "/api/v1/meters'");
}

/// Whether each gas day came out as the index differences and the coefficients say.
result<bool> check_gas(const DemoGas& gas, const std::vector<DemoDay>& electricity, std::uint16_t port, const Tokens& tokens)
{
    RELEVE_TRY(answer, get_loopback(port, gas_target(gas), tokens.household));
    RELEVE_TRY(differing, differing_gas_days(answer, gas.days));
    constexpr std::size_t days_shown = 5;
    say("\nBoth energies of the home, in kWh (a gas day begins at 06:00):\n");
    say(demo_both_table(electricity, gas.days, days_shown));
    say(std::to_string(gas.days.size() - differing.size()) + " of " + std::to_string(gas.days.size()) +
        " gas days equal the index differences to the dm3 and, times the coefficient, to the Wh.");
    for (const DemoGasDay& day : differing)
        say("  " + to_iso8601(day.day) + " does not");
    return differing.empty();
}

/// 0 when every message was confirmed and every day is equal.
result<int> check(const DemoHomes& demo, const DemoGas& gas, std::uint16_t port, const Tokens& tokens, const FleetReport& report)
{
    RELEVE_TRY(answer, get_loopback(port, daily_target(demo), tokens.household));
    RELEVE_TRY(days, compare_days(answer, demo.linky_indexes));
    say("\nThe Linky home, day by day, as its household reads it through the API:\n");
    say(demo_table(days, clock_change_day));
    const auto equal = std::ranges::count_if(days, &DemoDay::equal);
    say(std::to_string(equal) + " of " + std::to_string(days.size()) +
        " local days equal the customer export's index differences to the Wh.");
    if (const std::string differences = demo_differences(days); !differences.empty())
        say("These do not:\n" + differences);
    if (!report.good())
        say(std::to_string(report.never_confirmed) + " messages were never confirmed (" + report.problem +
            ").");
    RELEVE_TRY(gas_is_equal, check_gas(gas, days, port, tokens));
    return report.good() && equal == static_cast<std::ptrdiff_t>(days.size()) && gas_is_equal ? 0 : 1;
}

/// When the job is over; a signal ends the waiting, and then there is nothing to say.
result<std::optional<DemoLedger>> wait_for_ledger(store::AdminStore& admin, std::int64_t job, std::uint16_t port, const Tokens& tokens,
                                                  const sigset_t& signals)
{
    const auto until = std::chrono::steady_clock::now() + ledger_at_most;
    for (;;) {
        RELEVE_TRY(row, admin.show_job(job));
        if (row.state == "done") {
            RELEVE_TRY(answer, get_loopback(port, "/api/v1/breaches?limit=1000", tokens.operator_));
            RELEVE_TRY(ledger, demo_ledger(answer, row.done));
            return std::optional{std::move(ledger)};
        }
        if ((row.state != "queued" && row.state != "running") || std::chrono::steady_clock::now() > until)
            return fail(errc::unavailable, "the ledger did not end: it is " + row.state + " " + row.detail);
        const timespec a_while{0, 50'000'000};
        if (sigtimedwait(&signals, nullptr, &a_while) > 0)
            return std::optional<DemoLedger>{};
    }
}

result<int> demo(const Choices& choices)
{
    const std::filesystem::path data_dir =
        choices.data_dir.empty() ? default_data_dir() : std::filesystem::absolute(choices.data_dir);
    RELEVE_TRY(folder, find_demo_data(choices.demo_data));
    std::error_code failed;
    std::filesystem::create_directories(data_dir, failed);
    if (failed)
        return fail(errc::bad_config, data_dir.string() + ": " + failed.message());
    const Instant now = wall_clock();
    RELEVE_TRY(homes, load_demo_homes(folder, next_counters(data_dir / "demo-counters", seconds_since_2020(now),
                                                            counters_of_a_run)));
    RELEVE_TRY(gas_days, load_demo_gas(folder));
    RELEVE_TRY(gas_batches, demo_gas_batches(gas_days, next_counters(data_dir / "demo-gas-counters", 0, gas_days.size() + 1)));
    const Config config = demo_config(choices, data_dir);
    RELEVE_TRY(gateway, make_certificates(config));
    DemoGas gas{std::move(gas_days), std::move(gas_batches), std::move(gateway)};

    const sigset_t signals = block_signals({SIGINT, SIGTERM});
    say("Database in " + data_dir.string());
    RELEVE_TRY(database, open_database(config, say));
    RELEVE_TRY(master, load_master_key(config, database.address));
    RELEVE_TRY(tokens, register_homes(database.address, master, homes, gas, now));
    RELEVE_TRY(server, Server::start(config, {.say = say}));
    say(server->ready_line());
    const auto ports = server->ports();

    say("\n" + std::to_string(homes.homes.size()) + " meters push their encrypted days over TLS:");
    RELEVE_TRY(report, push_homes(homes, ports.dlms_tls, config.collector.tls_cert));
    say("\nA gateway hands over the frames of the home's gas meter over TLS:");
    RELEVE_TRY(handed_over, send_demo_gas(std::move(gas.batches), ports.uplink, gas.gateway));
    if (!handed_over.complete)
        return fail(errc::unavailable, "the gateway could not hand over its frames: " + handed_over.problem);
    say("  " + std::to_string(handed_over.accepted) + " of " + std::to_string(handed_over.frames) + " frames accepted, " +
        std::to_string(handed_over.duplicate) + " known before, " + std::to_string(handed_over.refused) + " refused");
    RELEVE_TRY(models, ModelRegistry::load({}));
    store::AdminStore admin{database.address};
    RELEVE_TRY(job, admin.ask_job({.kind = "ledger"})); // the server goes through its sums while ours are compared
    RELEVE_TRY(checked, check(homes, gas, ports.api, tokens, report));
    RELEVE_TRY(bills, demo_bills(database.address, [&models](std::string_view name) { return models.find(name); }, homes));
    say("\n" + bills);
    if (!choices.once)
        print_links(homes, gas, ports.api, tokens);
    RELEVE_TRY(ledger, wait_for_ledger(admin, job, ports.api, tokens, signals));
    if (ledger)
        say("\n" + ledger->text);
    if (ledger && !choices.once) {
        say("Ctrl-C ends the demo; its data stay for the next one.");
        int signal = 0;
        sigwait(&signals, &signal);
    }
    server->stop();
    return handed_over.refused == 0 && (!ledger || ledger->differences == 0) ? checked : 1;
}

} // namespace

int run_demo(std::span<const std::string> arguments)
{
    CLI::App app{"A server, a real home with electricity and gas, and 60 London homes: pushes, stores, shows and checks.",
                 "releve demo"};
    Choices choices;
    auto* port = app.add_option("--port", choices.port, "Of the page and the API");
    app.add_flag("--once", choices.once, "End after the check: 0 only if all was equal");
    app.add_option("--data-dir", choices.data_dir, "Where the demo's database lives");
    app.add_option("--demo-data", choices.demo_data, "The folder data/demo of the sources");
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    if (choices.once && port->count() == 0)
        choices.port = 0; // nobody needs to find it
    spdlog::set_default_logger(spdlog::stderr_logger_mt("releve"));
    spdlog::set_level(spdlog::level::warn);
    protect_memory();
    const auto code = demo(choices);
    return code ? *code : complain(code.error());
}

} // namespace releve::app
