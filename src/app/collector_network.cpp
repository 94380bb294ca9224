// The ports of the collector and their threads.

#include "collector.hpp"

#include <releve/app/environment.hpp>
#include <releve/app/uplink_http.hpp>

#include <spdlog/spdlog.h>

namespace releve::app {

namespace {

std::chrono::milliseconds seconds_of(std::int64_t value)
{
    return std::chrono::seconds{value};
}

net::ListenerLimits limits_of(const Config::Collector& c, std::int64_t connections_max)
{
    return {.connections_max = static_cast<std::size_t>(connections_max),
            .connections_per_address_max = static_cast<std::size_t>(c.connections_per_address_max),
            .handshakes_max = static_cast<std::size_t>(c.handshakes_max),
            .handshakes_per_address_max = static_cast<std::size_t>(c.handshakes_per_address_max)};
}

result<net::TlsContext> make_context(const Config::Collector& c, const std::filesystem::path& client_ca,
                                     net::ClientCertificate client_certificate)
{
    return net::make_server_context({.certificate = c.tls_cert,
                                     .private_key = c.tls_key,
                                     .client_ca = client_ca,
                                     .client_certificate = client_certificate,
                                     .allow_tls12 = c.tls_min_version == "1.2"});
}

} // namespace

result<net::TlsContext> Collector::make_tls() const
{
    const auto& c = config_.collector;
    RELEVE_TRY(client_certificate, net::parse_client_certificate(c.tls_client_certificate));
    return make_context(c, c.tls_client_ca, client_certificate);
}

result<net::TlsContext> Collector::make_uplink_tls() const
{
    const auto& c = config_.collector;
    return make_context(c, c.uplink_client_ca, net::ClientCertificate::required);
}

result<void> Collector::open_uplink(const Endpoint& endpoint)
{
    const auto& c = config_.collector;
    RELEVE_TRY(context, make_uplink_tls());
    net::UplinkOptions options;
    options.address = endpoint.address;
    options.port = endpoint.port;
    options.tls = std::move(context);
    options.limits.handshake = seconds_of(c.handshake_timeout_s);
    options.limits.idle = seconds_of(c.idle_timeout_s);
    options.limits.write = seconds_of(c.write_timeout_s);
    options.connections = limits_of(c, c.uplink_connections_max);
    options.now = wall_clock;
    options.make_text_form = [limits = options.limits] { return make_http_form(limits); };
    desk_ = std::make_unique<UplinkDesk>(address_, wall_clock, [](std::string_view line) { spdlog::error("{}", line); });
    RELEVE_TRY(server, net::UplinkServer::open(io_contexts(), std::move(options), *ingest_, *desk_, counters_.uplink));
    uplink_ = std::move(server);
    return {};
}

std::vector<boost::asio::io_context*> Collector::io_contexts() const
{
    std::vector<boost::asio::io_context*> contexts;
    for (const auto& context : contexts_)
        contexts.push_back(context.get());
    return contexts;
}

result<std::unique_ptr<net::Listener>> Collector::open_listener(const Endpoint& endpoint, net::TlsContext tls)
{
    const auto& c = config_.collector;
    net::ListenerOptions options;
    options.address = endpoint.address;
    options.port = endpoint.port;
    options.tls = std::move(tls);
    options.now = wall_clock;
    options.session = {.handshake = seconds_of(c.handshake_timeout_s),
                       .message = seconds_of(c.message_timeout_s),
                       .idle = seconds_of(c.idle_timeout_s),
                       .write = seconds_of(c.write_timeout_s),
                       .apdu_bytes_max = static_cast<std::size_t>(c.apdu_bytes_max),
                       .outstanding_max = static_cast<std::size_t>(c.frames_outstanding_max)};
    options.limits = limits_of(c, c.connections_max);
    return net::Listener::open(io_contexts(), std::move(options), *ingest_, counters_.net);
}

result<void> Collector::open_listeners()
{
    const auto& c = config_.collector;
    const std::size_t ports = (c.dlms_tcp ? 1U : 0U) + (c.dlms_tls ? 1U : 0U);
    // Each port has the limit for itself.
    allow_descriptors(ports * static_cast<std::size_t>(c.connections_max) +
                      (c.uplink ? static_cast<std::size_t>(c.uplink_connections_max) : 0));
    for (std::int64_t i = 0; i < config_.collector.network_threads; ++i)
        contexts_.push_back(std::make_unique<boost::asio::io_context>(1));
    if (config_.collector.dlms_tcp) {
        RELEVE_TRY(listener, open_listener(*config_.collector.dlms_tcp, nullptr));
        tcp_ = std::move(listener);
    }
    if (config_.collector.dlms_tls) {
        RELEVE_TRY(context, make_tls());
        RELEVE_TRY(listener, open_listener(*config_.collector.dlms_tls, std::move(context)));
        tls_ = std::move(listener);
    }
    if (config_.collector.uplink)
        RELEVE_CHECK(open_uplink(*config_.collector.uplink));
    for (const auto& context : contexts_) {
        guards_.push_back(boost::asio::make_work_guard(*context));
        network_threads_.emplace_back([io = context.get()] { io->run(); });
    }
    return {};
}

std::size_t Collector::open_sessions() const
{
    return (tcp_ ? tcp_->open_sessions() : 0) + (tls_ ? tls_->open_sessions() : 0) + (uplink_ ? uplink_->open_sessions() : 0);
}

result<void> Collector::reload_tls()
{
    if (tls_) {
        RELEVE_TRY(context, make_tls());
        tls_->replace_tls(std::move(context));
    }
    if (uplink_) {
        RELEVE_TRY(context, make_uplink_tls());
        uplink_->replace_tls(std::move(context));
    }
    return {};
}

} // namespace releve::app
