// The API and the page over invented data: api_fake_server [port]. Tokens: operator, energy_manager, household,
// daily_household, gas_household, auditor. Prints its address when ready and ends with its standard input.

#include "fake_store.hpp"

#include <releve/api/server.hpp>

#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv)
{
    using namespace releve;
    const auto clock = [] { return std::chrono::floor<Seconds>(std::chrono::system_clock::now()); };
    tests::FakeWorld world(clock());
    world.meters = 260;
    boost::asio::io_context io;
    api::ReadPool pool({}, [&] { return std::make_unique<tests::FakeStore>(world); });
    api::ServerOptions options;
    if (argc > 1)
        options.port = static_cast<std::uint16_t>(std::atoi(argv[1]));
    api::Server server(io, options, pool,
                       {.clock = clock, .metrics = [] { return std::string{}; }, .ready = [] { return true; }, .tariff_book = world.tariff_book()});
    if (const auto started = server.start(); !started) {
        std::cerr << to_string(started.error()) << '\n';
        return 1;
    }
    std::thread reader([&] {
        std::string line;
        while (std::getline(std::cin, line)) {
        }
        boost::asio::post(io, [&] { server.stop(); });
    });
    std::cout << "http://127.0.0.1:" << server.port() << std::endl;
    io.run();
    reader.join();
    return 0;
}
