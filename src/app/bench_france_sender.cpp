#include "bench_france.hpp"
#include "bench_gas_link.hpp"
#include "bench_json.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <iostream>

namespace releve::app {

namespace asio = boost::asio;

namespace {

/// A batch of each gateway, and as many electricity frames as go with them, may be ahead of the other kind.
constexpr std::uint64_t gas_slack = gas_gateways * gas_batch_frames;

/// This gateway's own certificate, beside the trust in the server's.
asio::ssl::context gateway_tls(const FranceTarget& target, const std::string& gateway)
{
    asio::ssl::context tls = client_tls(target.electricity.certificate);
    tls.use_certificate_chain_file((target.gateways / (gateway + ".crt")).string());
    tls.use_private_key_file((target.gateways / (gateway + ".key")).string(), asio::ssl::context::pem);
    return tls;
}

class Sender {
public:
    Sender(const FranceTarget& target, const BenchLoad& electricity, const GasLoad& gas)
        : target_(target),
          tls_(client_tls(target.electricity.certificate)),
          pace_(context_, {std::uint64_t{electricity.options().meters} * electricity.options().rounds, gas.items()},
                {gas_slack * france_electricity / france_gas, gas_slack})
    {
        const auto days_of = [&](std::uint32_t connection) {
            return electricity.frames_of(connection, 0, electricity.items_of(connection));
        };
        for (BenchLoad::Frames& frames : make_all(electricity.options().connections, days_of))
            days_.push_back(std::make_unique<DayLink>(context_, tls_, std::move(frames), &pace_));
        const auto batches_of = [&](std::uint32_t gateway) { return gas.batches_of(gateway); };
        for (auto& batches : make_all(gas.gateways(), batches_of)) {
            const std::string gateway = gas_gateway_id(static_cast<std::uint32_t>(gas_.size()));
            gateway_tls_.push_back(gateway_tls(target, gateway));
            gas_.push_back(std::make_unique<GasLink>(context_, gateway_tls_.back(), gateway, std::move(batches), pace_));
        }
    }

    void connect()
    {
        for (const auto& link : days_)
            asio::co_spawn(context_, link->connect(target_.electricity.port), fail_loudly);
        for (const auto& link : gas_)
            asio::co_spawn(context_, link->connect(target_.uplink_port), fail_loudly);
        context_.run();
    }

    FranceSent send(std::chrono::seconds at_most)
    {
        context_.restart();
        const SteadyTime began = std::chrono::steady_clock::now(), until = began + at_most;
        const double cpu_before = own_cpu_seconds();
        const auto begin = [&](const auto& links) {
            for (const auto& link : links) {
                asio::co_spawn(context_, link->send(until), fail_loudly);
                asio::co_spawn(context_, link->read_answers(), fail_loudly);
            }
        };
        begin(days_);
        begin(gas_);
        asio::co_spawn(context_, pace_.run(until), fail_loudly);
        context_.run();
        FranceSent sent{.electricity = sum_of(days_, began), .gas = sum_of(gas_, began)};
        sent.seconds = std::max(sent.electricity.seconds, sent.gas.seconds);
        sent.cpu_seconds = own_cpu_seconds() - cpu_before;
        return sent;
    }

private:
    const FranceTarget& target_;
    asio::io_context context_{1};
    asio::ssl::context tls_;
    std::deque<asio::ssl::context> gateway_tls_;
    BenchPace pace_;
    std::vector<std::unique_ptr<DayLink>> days_;
    std::vector<std::unique_ptr<GasLink>> gas_;
};

result<void> send_france(const FranceTarget& target, int seconds)
{
    RELEVE_TRY(electricity, BenchLoad::make(target.electricity.load));
    RELEVE_TRY(gas, GasLoad::make(electricity));
    electricity.make_templates(target.electricity.load.rounds);
    Sender sender{target, electricity, gas};
    sender.connect();
    std::cout << "prepared" << std::endl;
    if (std::string go; !std::getline(std::cin, go))
        return fail(errc::unavailable, "nobody says go");
    say_report(sender.send(std::chrono::seconds{seconds}));
    return {};
}

} // namespace

int run_bench_send_france(const FranceTarget& target, int seconds)
{
    const auto sent = send_france(target, seconds);
    if (!sent)
        std::cout << to_string(sent.error()) << std::endl;
    return sent ? 0 : 2;
}

// ---------------------------------------------------------------------- the other side of its pipes

result<FranceSender> FranceSender::start(const FranceTarget& target, int seconds)
{
    RELEVE_TRY(process, start_process({"send-france", "--seconds", std::to_string(seconds), "--uplink-port",
                                       std::to_string(target.uplink_port), "--gateways", target.gateways.string()},
                                      target.electricity));
    return FranceSender{std::move(process), seconds};
}

result<void> FranceSender::wait_prepared()
{
    return process_.expect("prepared", preparing_at_most);
}

result<FranceSent> FranceSender::run()
{
    RELEVE_CHECK(process_.tell("go"));
    // The side that is behind at the end of the span, and then the last answers.
    return hear_report<FranceSent>(process_, std::chrono::seconds{seconds_} + 2 * last_answers_at_most + reply_at_most);
}

} // namespace releve::app
