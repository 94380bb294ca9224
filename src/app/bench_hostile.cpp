#include "bench_attacks.hpp"
#include "bench_honest.hpp"
#include "bench_server.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

namespace releve::app {

namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t concentrators = 16, rounds = 60;
constexpr double paced_share = 0.25;                    // of what the machine takes when nobody attacks
constexpr double full_speed_frames_a_second = 150'000;  // more than that is not prepared
constexpr double full_speed_frames_share = 0.25;        // of all there are
constexpr auto patience = 30s;                          // for a counter to move, and for what is left to be dealt with

/// The product's limits, with deadlines short enough to be seen passing.
void shorten_deadlines(Config& config)
{
    config.collector.handshake_timeout_s = 2;
    config.collector.message_timeout_s = 2;
    config.collector.idle_timeout_s = 3;
    config.collector.write_timeout_s = 2;
}

/// Every counter as /metrics names it, without quotation marks.
using Metrics = std::map<std::string, double, std::less<>>;

Metrics metrics_of(const Counters& counters)
{
    Metrics metrics;
    std::istringstream text{metrics_text(counters, 0)};
    for (std::string line; std::getline(text, line);) {
        std::erase(line, '"');
        const auto space = line.rfind(' ');
        const std::string name = line.substr(0, space);
        const bool counter = name.substr(0, name.find('{')).ends_with("_total");
        if (counter && line[0] != '#')
            metrics[name] = std::stod(line.substr(space + 1));
    }
    return metrics;
}

template <class Number>
BenchFigure figure(std::string name, Number value)
{
    return {std::move(name), static_cast<double>(value)};
}

/// Of this process since the last call of forget_peak.
double peak_megabytes()
{
    std::ifstream status{"/proc/self/status"};
    for (std::string word; status >> word;)
        if (double kilobytes = 0; word == "VmHWM:" && status >> kilobytes)
            return kilobytes / 1'024;
    return 0;
}

void forget_peak()
{
    std::ofstream{"/proc/self/clear_refs"} << 5;
}

/// A span of the honest meters, and what it took.
struct Measured {
    HonestReport honest;
    double cpu_server_s = 0, cpu_postgresql_s = 0, peak_mb = 0;

    [[nodiscard]] double goodput() const
    {
        return honest.seconds > 0 ? static_cast<double>(honest.readings_in_time) / honest.seconds : 0;
    }
};

class HostileBench {
public:
    explicit HostileBench(const BenchHostileOptions& options) : options_(options) {}

    result<BenchReport> run()
    {
        choose();
        RELEVE_CHECK(start());
        RELEVE_CHECK(measure_full_speed());
        say_progress("quiet");
        RELEVE_TRY(first, measure());
        Measured quiet = std::move(first);
        for (const AttackRow& row : chosen_) {
            RELEVE_CHECK(measure_attack(row, quiet.honest.confirmed));
            say_progress("quiet");
            RELEVE_TRY(after, measure());
            compare(quiet, after);
            quiet = std::move(after);
        }
        check_stored(quiet.honest.confirmed);
        return std::move(report_);
    }

private:
    void choose()
    {
        for (const AttackRow& row : attack_rows())
            if (options_.only.empty() || std::ranges::find(options_.only, row.name) != options_.only.end())
                chosen_.push_back(row);
    }

    result<void> start()
    {
        RELEVE_TRY(server, BenchServer::start({.data_dir = options_.data_dir,
                                               .meters = options_.meters,
                                               .change = shorten_deadlines}));
        server_ = std::move(server);
        target_ = {.load = {.meters = options_.meters,
                            .connections = concentrators,
                            .rounds = rounds,
                            .kind = BenchKind::day,
                            .demo_data = options_.demo_data},
                   .port = server_->port(),
                   .certificate = server_->config().collector.tls_cert};
        RELEVE_TRY(load, BenchLoad::make(target_.load));
        load_ = std::move(load);
        archived_before_ = server_->store().archived_frames();
        RELEVE_TRY(honest, HonestMeters::start(target_, options_.seconds));
        honest_ = std::make_unique<HonestMeters>(std::move(honest));
        return {};
    }

    /// What the honest meters get when they do not keep to a rate: a part of it is what they ask for from then on.
    result<void> measure_full_speed()
    {
        say_progress("full speed");
        const double all = double{rounds} * options_.meters;
        const double prepared = std::min(all * full_speed_frames_share, full_speed_frames_a_second * options_.seconds);
        RELEVE_CHECK(honest_->prepare(static_cast<std::size_t>(prepared / concentrators)));
        RELEVE_TRY(full, spend(0));
        const double frames_a_second = static_cast<double>(full.honest.confirmed_in_time) / full.honest.seconds;
        const double spans = 2.0 * static_cast<double>(chosen_.size()) + 1;
        const double at_most = (all - prepared) / spans / options_.seconds * 0.9; // so that there are enough for all
        paced_ = std::min(frames_a_second * paced_share, at_most);
        const Config& config = server_->config();
        add("full_speed", full,
            {figure("paced_frames_per_second", paced_),
             figure("paced_share", paced_ / frames_a_second),
             figure("meters", options_.meters),
             figure("concentrators", concentrators),
             figure("seconds", options_.seconds),
             figure("handshake_timeout_s", config.collector.handshake_timeout_s),
             figure("message_timeout_s", config.collector.message_timeout_s),
             figure("idle_timeout_s", config.collector.idle_timeout_s),
             figure("write_timeout_s", config.collector.write_timeout_s)});
        return {};
    }

    /// A span: of honest meters at that rate, or as fast as they are served if it is 0.
    result<Measured> spend(double frames_a_second)
    {
        forget_peak();
        const double server = own_cpu_seconds(), database = server_->store().server_cpu_seconds();
        RELEVE_TRY(honest, honest_->send(frames_a_second));
        Measured measured{.honest = std::move(honest),
                          .cpu_server_s = own_cpu_seconds() - server,
                          .cpu_postgresql_s = server_->store().server_cpu_seconds() - database,
                          .peak_mb = peak_megabytes()};
        if (measured.honest.unconfirmed > 0)
            report_.problems.push_back(std::to_string(measured.honest.unconfirmed) +
                                       " messages of honest meters were never confirmed");
        return measured;
    }

    result<void> prepare()
    {
        const double each = paced_ * options_.seconds / concentrators;
        RELEVE_CHECK(honest_->prepare(static_cast<std::size_t>(std::ceil(each)) + 1));
        server_->store().settle();
        return {};
    }

    result<Measured> measure()
    {
        RELEVE_CHECK(prepare());
        return spend(paced_);
    }

    result<void> measure_attack(const AttackRow& row, const std::vector<std::uint64_t>& confirmed)
    {
        say_progress(std::string{row.name} + ": " + std::string{row.says});
        RELEVE_CHECK(prepare());
        BenchTarget target = target_;
        target.load.rounds = 2;
        const std::uint32_t connections = row.connections_or(options_.attackers);
        RELEVE_TRY(attackers, Attackers::start(target, row.name, connections, *std::ranges::min_element(confirmed)));
        const Metrics before = metrics_of(server_->counters());
        const auto rows_before = server_->store().refused_messages();
        RELEVE_CHECK(attackers.begin());
        RELEVE_TRY(measured, spend(paced_));
        for (const std::string_view counter : row.counters)
            if (const std::string name{counter};
                !becomes([&] { return metrics_of(server_->counters())[name] > before.at(name); }, patience))
                report_.problems.push_back(std::string{row.name} + ": " + name + " did not move");
        RELEVE_TRY(attack, attackers.end());
        // What was written before is still read: it must not count for the next span.
        const Counters& counters = server_->counters();
        const auto dealt_with = [&] {
            return counters.net.closed == counters.net.accepted && counters.ingest.queued_frames == 0;
        };
        if (!becomes(dealt_with, patience))
            report_.problems.push_back(std::string{row.name} + ": connections or messages are left afterwards");
        std::vector<BenchFigure> details{
            figure("attempts_per_second", static_cast<double>(attack.attempts) / attack.seconds),
            figure("attempts", attack.attempts),
            figure("attacker_connections", attack.connections),
            figure("attacker_connections_at_a_time", connections),
            figure("attacker_addresses", row.addresses),
            figure("attack_s", attack.seconds),
            figure("cpu_attackers_s", attack.cpu_seconds),
            figure("refused_messages_kept", server_->store().refused_messages() - rows_before)};
        for (const auto& [name, value] : metrics_of(server_->counters()))
            if (value > before.at(name))
                details.push_back({name, value - before.at(name)});
        add(std::string{row.name}, measured, std::move(details));
        return {};
    }

    void add(const std::string& name, const Measured& measured, std::vector<BenchFigure> more)
    {
        const HonestReport& honest = measured.honest;
        std::vector<BenchFigure> details{figure("answer_p50_ms", honest.answer_p50_ms),
                                         figure("answer_p99_ms", honest.answer_p99_ms),
                                         figure("connections", honest.connections),
                                         figure("failed_connections", honest.failed_connections),
                                         figure("lost_connections", honest.lost_connections),
                                         figure("unconfirmed", honest.unconfirmed),
                                         figure("cpu_honest_s", honest.cpu_seconds),
                                         figure("cpu_server_s", measured.cpu_server_s),
                                         figure("cpu_postgresql_s", measured.cpu_postgresql_s),
                                         figure("memory_peak_mb", measured.peak_mb)};
        std::ranges::move(more, std::back_inserter(details));
        report_.results.push_back({.name = name,
                                   .unit = "readings/s",
                                   .value = measured.goodput(),
                                   .larger_is_better = true,
                                   .baselines = {},
                                   .details = std::move(details)});
    }

    /// The last attack, with the quiet spans on both sides of it: a machine that slows down for other reasons does not
    /// mislead.
    void compare(const Measured& before, const Measured& after)
    {
        BenchResult& attack = report_.results.back();
        attack.baselines = {{"quiet", (before.goodput() + after.goodput()) / 2}};
        const auto add_mean = [&](const char* name, double first, double second) {
            attack.details.push_back(figure(name, (first + second) / 2));
        };
        add_mean("quiet_answer_p50_ms", before.honest.answer_p50_ms, after.honest.answer_p50_ms);
        add_mean("quiet_answer_p99_ms", before.honest.answer_p99_ms, after.honest.answer_p99_ms);
        add_mean("quiet_cpu_server_s", before.cpu_server_s, after.cpu_server_s);
        add_mean("quiet_memory_peak_mb", before.peak_mb, after.peak_mb);
    }

    void check_stored(const std::vector<std::uint64_t>& confirmed)
    {
        say_progress("comparing what is stored with what was sent");
        const BenchComparison compared = compare_stored(server_->store(), *load_, confirmed, archived_before_);
        if (!compared.exact())
            report_.problems.emplace_back("what is stored is not what the honest meters sent");
        auto& details = report_.results.front().details;
        details.push_back(figure("readings", compared.readings));
        details.push_back(figure("lost", compared.lost));
        details.push_back(figure("doubled", compared.doubled));
        details.push_back(figure("altered", compared.altered));
        details.push_back(figure("refused_messages_kept", server_->store().refused_messages()));
    }

    const BenchHostileOptions& options_;
    std::vector<AttackRow> chosen_;
    std::unique_ptr<BenchServer> server_;
    BenchTarget target_;
    std::optional<BenchLoad> load_;
    std::int64_t archived_before_ = 0;
    std::unique_ptr<HonestMeters> honest_; // ends before the server
    double paced_ = 0;                     // frames a second
    BenchReport report_{"hostile", {}, {}};
};

} // namespace

result<BenchReport> bench_hostile(const BenchHostileOptions& options)
{
    return HostileBench{options}.run();
}

} // namespace releve::app
