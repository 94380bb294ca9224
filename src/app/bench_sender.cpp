#include "bench_day_link.hpp"
#include "bench_json.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <iostream>

namespace releve::app {

namespace asio = boost::asio;

int run_bench_send(const BenchTarget& target, int seconds)
{
    auto load = BenchLoad::make(target.load);
    if (!load) {
        std::cout << to_string(load.error()) << std::endl;
        return 2;
    }
    load->make_templates(target.load.rounds);
    asio::io_context context{1};
    asio::ssl::context tls = client_tls(target.certificate);
    std::vector<std::unique_ptr<DayLink>> links;
    const auto all_of = [&](std::uint32_t connection) {
        return load->frames_of(connection, 0, load->items_of(connection));
    };
    for (BenchLoad::Frames& frames : make_all(target.load.connections, all_of))
        links.push_back(std::make_unique<DayLink>(context, tls, std::move(frames)));
    for (const auto& link : links)
        asio::co_spawn(context, link->connect(target.port), fail_loudly);
    context.run();
    std::cout << "prepared" << std::endl;
    if (std::string go; !std::getline(std::cin, go))
        return 1;

    context.restart();
    const SteadyTime began = std::chrono::steady_clock::now();
    const double cpu_before = own_cpu_seconds();
    for (const auto& link : links) {
        asio::co_spawn(context, link->send(began + std::chrono::seconds{seconds}), fail_loudly);
        asio::co_spawn(context, link->read_answers(), fail_loudly);
    }
    context.run();
    BenchSent sent = sum_of(links, began);
    sent.cpu_seconds = own_cpu_seconds() - cpu_before;
    say_report(sent);
    return 0;
}

// ---------------------------------------------------------------------- the other side of its pipes

result<BenchSender> BenchSender::start(const BenchTarget& target, int seconds)
{
    RELEVE_TRY(process, start_process({"send", "--seconds", std::to_string(seconds)}, target));
    return BenchSender{std::move(process), seconds};
}

result<void> BenchSender::wait_prepared()
{
    return process_.expect("prepared", preparing_at_most);
}

result<BenchSent> BenchSender::run()
{
    RELEVE_CHECK(process_.tell("go"));
    return hear_report<BenchSent>(process_, std::chrono::seconds{seconds_} + last_answers_at_most + reply_at_most);
}

} // namespace releve::app
