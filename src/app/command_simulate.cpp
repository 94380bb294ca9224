#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/fleet_client.hpp>
#include <releve/app/fleet_import.hpp>
#include <releve/app/fleet_storm.hpp>
#include <releve/app/series_files.hpp>

#include <nlohmann/json.hpp>

#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace releve::app {

namespace {

struct Choices {
    std::string connect, ca, cert, key, from, every = "day", curve, index, write_import, security = "30", storm, until, after;
    std::string collection = "half_hour";
    std::vector<std::string> faults;
    std::uint32_t meters = 1, counter_start = 0;
    std::uint64_t seed = 1;
    std::size_t connections = 1;
    int days = 1, deadline_s = 30, attempts = 5;
    double speed = 0;
    bool tls = false, insecure = false, realtime = false, strict = false, window = false, json = false;
    bool unconfirmed = false;
};

void add_options(CLI::App& app, Choices& choices)
{
    app.add_option("--connect", choices.connect, "HOST:PORT of the collector");
    app.add_flag("--tls", choices.tls, "TLS instead of plain TCP");
    app.add_option("--ca", choices.ca, "PEM file of the authority that signed the collector's certificate");
    app.add_flag("--insecure", choices.insecure, "Take any certificate");
    app.add_option("--cert", choices.cert, "PEM file of the client's certificate");
    app.add_option("--key", choices.key, "PEM file of its private key");
    app.add_option("--meters", choices.meters, "How many")->check(CLI::Range(1u, 1'000'000u));
    app.add_option("--seed", choices.seed, "Everything follows from it: titles, keys, curves, faults");
    app.add_option("--from", choices.from,
                   "First civil day, YYYY-MM-DD (with --curve: the file's first whole day)");
    app.add_option("--days", choices.days, "How many civil days")->check(CLI::Range(1, 3'660));
    app.add_flag("--realtime", choices.realtime, "From now on, each push when it is due");
    app.add_option("--every", choices.every, "day or half_hour")->check(CLI::IsMember({"day", "half_hour"}));
    app.add_option("--speed", choices.speed,
                   "So many times faster than real time; 0: as fast as answers come")
        ->check(CLI::NonNegativeNumber);
    app.add_option("--connections", choices.connections,
                   "Meters share them as behind a concentrator; 0: one each");
    app.add_option("--curve", choices.curve, "CSV start_utc,power_w for the first meter");
    app.add_option("--index", choices.index,
                   "CSV day,total_wh,... or Enedis' daily index export, for the first meter");
    app.add_option("--security", choices.security, "30 (authenticated and encrypted), 10 or 20")
        ->check(CLI::IsMember({"30", "10", "20"}));
    app.add_flag("--unconfirmed", choices.unconfirmed, "Ask for no confirmation");
    app.add_option("--counter-start", choices.counter_start, "Added to every invocation counter");
    app.add_option("--deadline", choices.deadline_s, "Seconds to wait for an answer")
        ->check(CLI::Range(1, 3'600));
    app.add_option("--attempts", choices.attempts, "Tries of one message, and of connecting")
        ->check(CLI::Range(1, 1'000));
    app.add_option("--fault", choices.faults,
                   "NAME=RATE or NAME=COUNTx: duplicate, reorder, wrong_key, bad_tag, replay, truncated, "
                   "clock_drift (=RATE:SECONDS), silence, downgrade, unknown");
    app.add_option("--storm", choices.storm,
                   "JSON file: where the meters hang, what fails when, who comes back (docs/SIMULATOR.md)");
    app.add_option("--until", choices.until, "Send only what is due before this instant, 2024-03-31T06:00:00Z");
    app.add_option("--after", choices.after, "Send only what is due at this instant or later");
    app.add_option("--write-import", choices.write_import,
                   "Write the CSV for `releve meter import`, with keys, and stop");
    app.add_flag("--strict", choices.strict, "Its replay column: strict");
    app.add_flag("--window", choices.window, "Its replay column: window (the default)");
    app.add_option("--collection", choices.collection, "Its collection column: half_hour or daily")
        ->check(CLI::IsMember({"half_hour", "daily"}));
    app.add_flag("--json", choices.json, "The summary as JSON");
}

struct Plan {
    sim::FaultPlan faults;
    std::vector<sim::Push> pushes;
    CivilDay from{};
    std::optional<sim::Fleet> fleet;
    std::optional<FleetStorm> storm;
    Instant after = Instant::min(), until = Instant::max();
};

CivilDay first_whole_day(const sim::Curve& curve)
{
    const CivilDay day = paris().day_of(curve.first);
    return paris().start_of(day) == curve.first ? day : day + std::chrono::days{1};
}

result<std::vector<sim::Load>> load_files(const Choices& choices, std::optional<CivilDay>& from)
{
    std::vector<sim::Load> loads;
    if (choices.curve.empty()) {
        if (!choices.index.empty())
            return fail(errc::bad_parameter, "--index needs --curve");
        return loads;
    }
    RELEVE_TRY(curve_text, read_text_file(choices.curve));
    RELEVE_TRY(curve, parse_curve(curve_text, choices.curve));
    std::vector<sim::IndexRead> indexes;
    if (!choices.index.empty()) {
        RELEVE_TRY(index_text, read_text_file(choices.index));
        RELEVE_TRY(parsed, parse_indexes(index_text, choices.index));
        indexes = std::move(parsed);
    }
    if (!from)
        from =
            indexes.empty() ? first_whole_day(curve) : std::max(first_whole_day(curve), indexes.front().day);
    loads.emplace_back(sim::RecordedLoad{std::move(curve), std::move(indexes), paris()});
    return loads;
}

result<void> read_period(const Choices& choices, Plan& plan)
{
    for (const auto& [text, option, bound] : {std::tuple{&choices.after, "--after", &plan.after},
                                              std::tuple{&choices.until, "--until", &plan.until}}) {
        if (text->empty())
            continue;
        const auto at = parse_instant(*text);
        if (!at)
            return fail(errc::bad_parameter, std::string{option} + ": " + at.error().detail);
        *bound = *at;
    }
    if (plan.until <= plan.after)
        return fail(errc::bad_parameter, "--until: must be later than --after");
    return {};
}

/// Drawn over the whole of the time that was asked for, and only then cut: what comes back later is the same in every part.
result<void> add_storm(const Choices& choices, Plan& plan)
{
    const auto outside = [&plan](const auto& message) { return message.at < plan.after || message.at >= plan.until; };
    if (choices.storm.empty()) {
        std::erase_if(plan.pushes, outside);
        return {};
    }
    if (!choices.faults.empty())
        return fail(errc::bad_parameter, "--fault does not go with --storm");
    RELEVE_TRY(storm, load_storm(choices.storm, choices.meters, choices.seed, plan.pushes));
    plan.storm = std::move(storm);
    for (std::vector<sim::Act>& acts : plan.storm->acts)
        std::erase_if(acts, outside);
    return {};
}

result<Plan> make_plan(const Choices& choices)
{
    Plan plan{.faults = sim::FaultPlan{choices.seed}, .pushes = {}, .from = {}, .fleet = {}, .storm = {}};
    RELEVE_CHECK(read_period(choices, plan));
    std::optional<CivilDay> from;
    const Instant now = wall_clock();
    if (!choices.from.empty()) {
        RELEVE_TRY(day, parse_day(choices.from));
        from = day;
    }
    RELEVE_TRY(loads, load_files(choices, from));
    const CivilDay today = paris().day_of(now);
    // Without a date: the last whole days, so that nothing lies in the future.
    plan.from = from.value_or(choices.realtime ? today : today - std::chrono::days{choices.days});
    if (plan.from < sim::GeneratedLoad::first_day() && choices.meters > loads.size())
        return fail(errc::bad_parameter, "--from: generated meters know nothing before " +
                                             to_iso8601(sim::GeneratedLoad::first_day()));
    const sim::Meter::Options options{.security_control =
                                          static_cast<std::uint8_t>(std::stoi(choices.security, nullptr, 16)),
                                      .counter_start = choices.counter_start,
                                      .confirmed = !choices.unconfirmed};
    plan.fleet.emplace(sim::Fleet::Options{.seed = choices.seed, .meters = choices.meters, .meter = options},
                       paris(), std::move(loads));
    plan.pushes = sim::schedule(paris(), plan.from, choices.days,
                                choices.every == "day" ? sim::Every::day : sim::Every::half_hour);
    if (choices.realtime) {
        std::erase_if(plan.pushes, [now](const sim::Push& push) { return push.at <= now; });
        plan.after = std::max(plan.after, now);
    }
    RELEVE_CHECK(add_storm(choices, plan));
    for (const std::string& fault : choices.faults)
        RELEVE_CHECK(plan.faults.add(fault));
    plan.faults.settle(choices.meters, plan.pushes.size());
    return plan;
}

/// Readable by its owner only, for it holds keys.
result<void> write_secret_file(const std::string& path, const std::string& text)
{
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return fail(errc::not_found_file, path + ": cannot be written");
    // A file that was there before keeps its mode otherwise.
    bool written = ::fchmod(file, 0600) == 0;
    for (std::size_t done = 0; written && done < text.size();) {
        const ssize_t count = ::write(file, text.data() + done, text.size() - done);
        written = count > 0;
        done += written ? static_cast<std::size_t>(count) : 0;
    }
    if (::close(file) != 0 || !written)
        return fail(errc::not_found_file, path + ": cannot be written");
    return {};
}

result<void> write_import(const Choices& choices, const Plan& plan)
{
    const ImportChoices how{.replay = choices.strict ? "strict" : "window",
                            .collection = choices.collection == "daily" ? store::Collection::daily
                                                                        : store::Collection::half_hour,
                            .installed_from = paris().start_of(plan.from - std::chrono::days{1}),
                            .concentrator = "",
                            .area = "simulated"};
    std::vector<store::MeterImportRow> rows;
    for (std::size_t i = 0; i < plan.fleet->meters().size(); ++i) {
        ImportChoices own = how;
        if (const sim::Place place = plan.storm ? plan.storm->plan.places[i] : sim::Place{}; place != sim::Place{}) {
            own.area = place.area;
            own.concentrator = place.concentrator;
        }
        rows.push_back(import_row(plan.fleet->meters()[i], own));
    }
    return write_secret_file(choices.write_import, import_csv(rows));
}

result<ClientOptions> client_options(const Choices& choices, const Plan& plan)
{
    ClientOptions options;
    const std::size_t colon = choices.connect.rfind(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == choices.connect.size())
        return fail(errc::bad_parameter, "--connect: HOST:PORT is expected");
    options.host = choices.connect.substr(0, colon);
    if (options.host.starts_with('[') && options.host.ends_with(']'))
        options.host = options.host.substr(1, options.host.size() - 2);
    options.port = choices.connect.substr(colon + 1);
    if (choices.tls)
        options.tls = ClientTls{.ca = choices.ca,
                                .insecure = choices.insecure,
                                .certificate = choices.cert,
                                .private_key = choices.key.empty() ? choices.cert : choices.key};
    else if (!choices.ca.empty() || choices.insecure || !choices.cert.empty())
        return fail(errc::bad_parameter, "--ca, --insecure and --cert need --tls");
    options.connections = choices.connections == 0 ? choices.meters : choices.connections;
    options.answer_deadline = std::chrono::seconds{choices.deadline_s};
    options.attempts = choices.attempts;
    options.stop_on_signals = true;
    const auto begun = std::chrono::steady_clock::now();
    const Instant now = wall_clock();
    if (choices.realtime)
        options.due = [begun, now](Instant at) { return begun + (at - now); };
    else if (choices.speed > 0 && !plan.pushes.empty())
        options.due = [begun, first = std::max(plan.pushes.front().at, plan.after), speed = choices.speed](Instant at) {
            const std::chrono::duration<double> after = (at - first) / speed;
            return begun + std::chrono::duration_cast<std::chrono::steady_clock::duration>(after);
        };
    return options;
}

/// A line when another tenth is done: fine for people and for logs.
std::function<void(const FleetReport&)> progress_lines(std::size_t total)
{
    return [total, tenth = std::size_t{0}](const FleetReport& report) mutable {
        if (total == 0 || report.confirmed * 10 / total <= tenth)
            return;
        tenth = report.confirmed * 10 / total;
        std::fprintf(stderr, "%3zu %%  %zu of %zu pushes confirmed\n", tenth * 10, report.confirmed, total);
    };
}

nlohmann::ordered_json planted_json(const Plan& plan)
{
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    const auto or_null = [](const std::optional<Instant>& at) {
        return at ? nlohmann::ordered_json(to_iso8601(*at)) : nlohmann::ordered_json{};
    };
    const auto planted = sim::planted_by(plan.storm->plan, plan.storm->storm, plan.pushes, plan.until);
    for (std::size_t i = 0; i < planted.size(); ++i) {
        const sim::Cause& cause = plan.storm->storm.causes[i];
        all.push_back({{"cause", sim::cause_name(cause.kind)},
                       {"place", cause.place},
                       {"at", to_iso8601(cause.at)},
                       {"meters", planted[i].meters},
                       {"last_gasps", planted[i].last_gasps},
                       {"back", planted[i].back},
                       {"first_back_at", or_null(planted[i].first_back_at)},
                       {"last_back_at", or_null(planted[i].last_back_at)},
                       {"holes", planted[i].holes},
                       {"late", planted[i].late},
                       {"missing", planted[i].missing},
                       {"alarms", planted[i].alarms}});
    }
    return all;
}

void print_json(const FleetReport& report, const Plan& plan)
{
    nlohmann::ordered_json faults = nlohmann::ordered_json::object();
    for (const auto& [fault, tally] : report.faults)
        faults[std::string{sim::fault_name(fault)}] = {{"sent", tally.sent}, {"confirmed", tally.confirmed}};
    const double rate =
        report.elapsed.count() > 0 ? static_cast<double>(report.confirmed) / report.elapsed.count() : 0;
    nlohmann::ordered_json all{{"pushed", report.pushed},
                                     {"confirmed", report.confirmed},
                                     {"never_confirmed", report.never_confirmed},
                                     {"resent", report.resent},
                                     {"connections", report.connections},
                                     {"lost_connections", report.lost_connections},
                                     {"unexpected_answers", report.unexpected_answers},
                                     {"breaches", report.breaches},
                                     {"faults", faults},
                                     {"elapsed_s", report.elapsed.count()},
                                     {"confirmed_per_s", rate},
                                     {"problem", report.problem}};
    if (plan.storm) {
        all["alarms"] = report.alarms;
        all["planted"] = planted_json(plan);
    }
    std::puts(all.dump().c_str());
}

void print_planted(const Plan& plan)
{
    const auto planted = sim::planted_by(plan.storm->plan, plan.storm->storm, plan.pushes, plan.until);
    for (std::size_t i = 0; i < planted.size(); ++i) {
        const sim::Cause& cause = plan.storm->storm.causes[i];
        std::printf("  planted %-17s %s at %s: %zu meters, %zu last gasps, %zu back, %zu alarms, %zu pushes late, %zu missing\n",
                    std::string{sim::cause_name(cause.kind)}.c_str(), cause.place.c_str(), to_iso8601(cause.at).c_str(),
                    planted[i].meters, planted[i].last_gasps, planted[i].back, planted[i].alarms, planted[i].late,
                    planted[i].missing);
    }
}

void print_text(const FleetReport& report, const Plan& plan)
{
    std::printf("%zu pushed, %zu confirmed, %zu never confirmed, %zu resent, %zu connections (%zu lost)\n",
                report.pushed, report.confirmed, report.never_confirmed, report.resent, report.connections,
                report.lost_connections);
    for (const auto& [fault, tally] : report.faults)
        std::printf("  fault %-11s %zu sent, %zu confirmed, %zu not\n",
                    std::string{sim::fault_name(fault)}.c_str(), tally.sent, tally.confirmed,
                    tally.sent - std::min(tally.sent, tally.confirmed));
    if (plan.storm)
        print_planted(plan);
    if (report.breaches > 0)
        std::printf("BREACH: %zu messages were confirmed that must not be\n", report.breaches);
    if (report.unexpected_answers > 0)
        std::printf("%zu answers fitted nothing that was sent\n", report.unexpected_answers);
    if (!report.problem.empty())
        std::printf("last trouble on a line: %s\n", report.problem.c_str());
    const double seconds = report.elapsed.count();
    std::printf("%.2f s, %.0f confirmed pushes a second\n", seconds,
                seconds > 0 ? static_cast<double>(report.confirmed) / seconds : 0);
}

int usage_error(const Error& error)
{
    std::fprintf(stderr, "releve simulate: %s\n",
                 error.detail.empty() ? to_string(error).c_str() : error.detail.c_str());
    return 2;
}

} // namespace

int run_simulate(std::span<const std::string> arguments)
{
    CLI::App app{"A fleet of virtual Linky meters that speak the real protocol.", "releve simulate"};
    Choices choices;
    add_options(app, choices);
    if (const auto code = parse_arguments(app, arguments))
        return *code;
    const auto plan = make_plan(choices);
    if (!plan)
        return usage_error(plan.error());
    if (!choices.write_import.empty()) {
        const auto written = write_import(choices, *plan);
        return written ? 0 : complain(written.error());
    }
    auto options = client_options(choices, *plan);
    if (!options)
        return usage_error(options.error());
    std::vector<MeterWork> work;
    std::size_t pushes = 0;
    for (std::size_t i = 0; i < plan->fleet->meters().size(); ++i) {
        work.push_back({.meter = &plan->fleet->meters()[i], .number = i, .pushes = plan->pushes});
        if (plan->storm)
            work.back().acts = plan->storm->acts[i];
        pushes += plan->storm ? plan->storm->pushes_of(i) : plan->pushes.size();
    }
    if (!choices.json)
        options->progress = progress_lines(pushes);
    const auto report = push_fleet(work, plan->faults, *options);
    if (!report)
        return complain(report.error());
    choices.json ? print_json(*report, *plan) : print_text(*report, *plan);
    return report->good() ? 0 : 1;
}

} // namespace releve::app
