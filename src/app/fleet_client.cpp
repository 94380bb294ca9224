#include <releve/app/fleet_client.hpp>

#include "fleet_link.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <csignal>
#include <exception>

namespace releve::app {

namespace asio = boost::asio;
using boost::system::error_code;

result<void> set_up_client_tls(asio::ssl::context& context, const ClientTls& tls)
{
    error_code failed;
    context.set_verify_mode(tls.insecure ? asio::ssl::verify_none : asio::ssl::verify_peer);
    if (tls.ca.empty())
        context.set_default_verify_paths(failed);
    else
        context.load_verify_file(tls.ca.string(), failed);
    if (failed)
        return fail(errc::bad_config, tls.ca.string() + ": " + failed.message());
    if (tls.certificate.empty())
        return {};
    context.use_certificate_chain_file(tls.certificate.string(), failed);
    if (failed)
        return fail(errc::bad_config, tls.certificate.string() + ": " + failed.message());
    context.use_private_key_file(tls.private_key.string(), asio::ssl::context::pem, failed);
    if (failed)
        return fail(errc::bad_config, tls.private_key.string() + ": " + failed.message());
    return {};
}

result<FleetReport> push_fleet(std::span<const MeterWork> work, const sim::FaultPlan& faults,
                               const ClientOptions& options)
{
    asio::io_context context{1};
    asio::ssl::context tls{asio::ssl::context::tls_client};
    if (options.tls)
        RELEVE_CHECK(set_up_client_tls(tls, *options.tls));

    FleetReport report;
    std::vector<Lane> lanes;
    lanes.reserve(work.size());
    for (const MeterWork& one : work)
        lanes.emplace_back(one, faults);
    std::vector<std::unique_ptr<FleetLink>> links;
    const std::size_t connections =
        std::clamp<std::size_t>(options.connections, 1, std::max<std::size_t>(1, work.size()));
    for (std::size_t i = 0; i < connections; ++i)
        links.push_back(std::make_unique<FleetLink>(context, tls, options, report));
    for (std::size_t i = 0; i < lanes.size(); ++i)
        links[i % connections]->add(lanes[i]);

    asio::signal_set signals{context};
    if (options.stop_on_signals) {
        signals.add(SIGINT);
        signals.add(SIGTERM);
        signals.async_wait([&context](const error_code& cancelled, int) {
            if (!cancelled)
                context.stop();
        });
    }
    std::size_t running = links.size();
    const auto begun = std::chrono::steady_clock::now();
    for (const auto& link : links)
        asio::co_spawn(context, link->run(), [&](const std::exception_ptr& thrown) {
            if (--running == 0)
                signals.cancel();
            if (thrown)
                std::rethrow_exception(thrown);
        });
    context.run();
    report.elapsed = std::chrono::steady_clock::now() - begun;
    return report;
}

} // namespace releve::app
