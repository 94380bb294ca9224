#include <releve/net/uplink_server.hpp>

#include "uplink_session.hpp"

#include <openssl/ssl.h>

namespace releve::net {

UplinkServer::UplinkServer(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}
UplinkServer::~UplinkServer() = default;

result<std::unique_ptr<UplinkServer>> UplinkServer::open(std::vector<boost::asio::io_context*> contexts,
                                                         UplinkOptions options, FrameSink& sink, UplinkLedger& ledger,
                                                         UplinkCounters& counters)
{
    RELEVE_ASSERT(!contexts.empty());
    if (!options.tls || (SSL_CTX_get_verify_mode(options.tls->native_handle()) & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) == 0)
        return fail(errc::bad_config, "the uplink needs TLS that requires client certificates");
    auto shared = std::make_shared<const UplinkShared>(UplinkShared{
        .limits = options.limits,
        .make_text_form = std::move(options.make_text_form),
        .ledger = ledger,
        .counters = counters,
        .turns = std::make_shared<UplinkTurns>(contexts.front()->get_executor(), ledger, counters)});
    ListenerOptions listening;
    listening.address = options.address;
    listening.port = options.port;
    listening.tls = std::move(options.tls);
    listening.session.handshake = options.limits.handshake;
    listening.limits = options.connections;
    listening.now = std::move(options.now);
    listening.make_session = [shared](boost::asio::ip::tcp::socket socket, SessionSetup&& setup) {
        return make_uplink_session(std::move(socket), std::move(setup), shared);
    };
    RELEVE_TRY(listener, Listener::open(std::move(contexts), std::move(listening), sink, counters.net));
    return std::unique_ptr<UplinkServer>{new UplinkServer{std::move(listener)}};
}

std::uint16_t UplinkServer::port() const
{
    return listener_->port();
}

std::size_t UplinkServer::open_sessions() const
{
    return listener_->open_sessions();
}

void UplinkServer::replace_tls(TlsContext context)
{
    listener_->replace_tls(std::move(context));
}

void UplinkServer::stop_accepting()
{
    listener_->stop_accepting();
}

void UplinkServer::close_sessions()
{
    listener_->close_sessions();
}

} // namespace releve::net
