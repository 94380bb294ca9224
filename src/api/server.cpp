#include <releve/api/server.hpp>

#include "answer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <spdlog/spdlog.h>

#include <set>

namespace releve::api {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using HeaderParser = http::request_parser<http::empty_body>;

namespace {

constexpr std::uint32_t header_bytes_max = 16 * 1024;
constexpr auto hear = asio::as_tuple(asio::use_awaitable);

constexpr std::string_view security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

Request read_request(const http::request_header<>& header, const tcp::endpoint& peer)
{
    const auto field = [&header](http::field name) { return std::string(header[name]); };
    Request out;
    out.accept = field(http::field::accept);
    out.accept_language = field(http::field::accept_language);
    out.authorization = field(http::field::authorization);
    out.if_none_match = field(http::field::if_none_match);
    out.content_type = field(http::field::content_type);
    for (const auto* name : {"X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"})
        out.forwarded = out.forwarded || header.find(name) != header.end();
    auto address = peer.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    out.peer = address.to_string();
    out.loopback = address.is_loopback();
    return out;
}

void set_headers(http::response_header<>& header, const Response& response)
{
    header.set("Content-Security-Policy", security_policy);
    header.set("X-Content-Type-Options", "nosniff");
    header.set("Referrer-Policy", "no-referrer");
    header.set("Cross-Origin-Resource-Policy", "same-origin");
    header.set(http::field::cache_control, "no-store");
    if (!response.content_type.empty())
        header.set(http::field::content_type, response.content_type);
    for (const auto& [name, value] : response.headers)
        header.set(name, value);
}

std::optional<Verb> verb_of(http::verb method)
{
    switch (method) {
    case http::verb::get:
    case http::verb::head: return Verb::get;
    case http::verb::post: return Verb::post;
    default: return std::nullopt;
    }
}

/// Why no request could be read, as an error to answer with; nothing when there is nobody to answer.
std::optional<Error> refusal_of(const beast::error_code& error, std::size_t body_max = 0)
{
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
        return fail(errc::headers_too_large);
    if (error == http::error::body_limit)
        return fail(errc::too_large, "a body has at most " + std::to_string(body_max) + " bytes here");
    if (error.category() == make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message)
        return fail(errc::malformed);
    return std::nullopt;
}

} // namespace

struct Server::Impl : std::enable_shared_from_this<Impl> {
    struct Connection {
        explicit Connection(tcp::socket socket) : stream(std::move(socket)) {}
        beast::tcp_stream stream;
        bool busy = false;        // a request has been read and its response is not out yet
        bool body_unread = false; // the client may be sending one that was refused
    };

    Impl(asio::io_context& context, ServerOptions chosen, ReadPool& pool, Services services, ReadPool* files)
        : options(std::move(chosen)), acceptor(context), retry(context),
          answerer(pool, files, std::move(services), options.attempts, options.request_max, options.large_bodies_max)
    {
    }

    void open();
    asio::awaitable<void> run_accept();
    asio::awaitable<void> run_connection(tcp::socket socket);
    asio::awaitable<bool> serve_one(Connection& connection, beast::flat_buffer& buffer, tcp::endpoint peer);
    asio::awaitable<beast::error_code> read_body(Connection& connection, beast::flat_buffer& buffer, HeaderParser& header,
                                                 std::size_t bytes_max, std::string& body);
    asio::awaitable<void> drain(Connection& connection);
    asio::awaitable<bool> write(Connection& connection, Response response, unsigned version, bool head, bool keep);
    void refuse(tcp::socket socket);
    void check_stopped();

    ServerOptions options;
    tcp::acceptor acceptor;
    asio::steady_timer retry;
    Answerer answerer;
    std::set<Connection*> connections;
    bool stopping = false, accepting = false;
    std::function<void()> stopped;
};

void Server::Impl::open()
{
    const tcp::endpoint endpoint(asio::ip::make_address(options.address), options.port);
    acceptor.open(endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen();
}

void Server::Impl::check_stopped()
{
    if (!stopping || accepting || !connections.empty() || !stopped)
        return;
    auto call = std::exchange(stopped, {});
    call();
}

/// Over the limit: one fixed answer, without waiting for anything.
void Server::Impl::refuse(tcp::socket socket)
{
    ++answerer.counters.connections_refused;
    constexpr std::string_view answer =
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n";
    boost::system::error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(answer), ignored);
    socket.shutdown(tcp::socket::shutdown_both, ignored);
}

asio::awaitable<void> Server::Impl::run_accept()
{
    accepting = true;
    while (!stopping) {
        auto [error, socket] = co_await acceptor.async_accept(hear);
        if (stopping)
            break;
        if (error) {
            // Out of descriptors, most likely: give connections a moment to end.
            spdlog::warn("api: accepting failed: {}", error.message());
            retry.expires_after(std::chrono::milliseconds(100));
            co_await retry.async_wait(hear);
            continue;
        }
        if (connections.size() >= options.connections_max) {
            refuse(std::move(socket));
            continue;
        }
        ++answerer.counters.connections;
        auto self = shared_from_this();
        asio::co_spawn(acceptor.get_executor(), run_connection(std::move(socket)),
                       [self](const std::exception_ptr& failure) {
                           try {
                               if (failure)
                                   std::rethrow_exception(failure);
                           } catch (const std::exception& bug) {
                               spdlog::error("api: a connection failed: {}", bug.what());
                           }
                           self->check_stopped();
                       });
    }
    accepting = false;
}

asio::awaitable<void> Server::Impl::run_connection(tcp::socket socket)
{
    boost::system::error_code ignored;
    const auto peer = socket.remote_endpoint(ignored);
    socket.set_option(tcp::no_delay(true), ignored);
    Connection connection(std::move(socket));
    connections.insert(&connection);
    answerer.open_connections = connections.size();
    struct Leave {
        Impl& impl;
        Connection* connection;
        ~Leave()
        {
            impl.connections.erase(connection);
            impl.answerer.open_connections = impl.connections.size();
        }
    } leave{*this, &connection};

    beast::flat_buffer buffer(2 * header_bytes_max);
    for (bool more = true; more && !stopping;)
        more = co_await serve_one(connection, buffer, peer);

    connection.stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    co_await drain(connection);
}

/// The client may still be sending (a body we refused): closing at once would take our answer away from it.
asio::awaitable<void> Server::Impl::drain(Connection& connection)
{
    constexpr std::size_t little = 64 * 1024;
    std::size_t left = connection.body_unread ? 2 * large_body_bytes_max : little;
    connection.stream.expires_after(connection.body_unread ? options.idle_max : std::chrono::milliseconds{1'000});
    std::vector<char> waste(16 * 1024);
    while (!stopping && left > 0) {
        auto [error, count] = co_await connection.stream.async_read_some(asio::buffer(waste), hear);
        if (error)
            break;
        left -= std::min(left, count);
    }
}

/// Reads a request and answers it. Whether the connection goes on.
asio::awaitable<bool> Server::Impl::serve_one(Connection& connection, beast::flat_buffer& buffer, tcp::endpoint peer)
{
    HeaderParser parser;
    parser.header_limit(header_bytes_max);
    parser.body_limit(boost::none);
    connection.stream.expires_after(options.idle_max);
    auto [error, count] = co_await http::async_read_header(connection.stream, buffer, parser, hear);
    if (error) {
        const auto refusal = refusal_of(error);
        if (!refusal)
            co_return false;
        // Named, not temporary: GCC 12 destroys a braced temporary of an awaited expression twice.
        const Request unread;
        Response response = problem(*refusal, unread);
        co_await write(connection, std::move(response), 11, false, false);
        co_return false;
    }
    const auto& header = parser.get();
    const bool head = header.method() == http::verb::head;
    const auto verb = verb_of(header.method());
    const unsigned version = header.version();
    const std::string target(header.target());
    Request request = read_request(header, peer);
    bool keep = header.keep_alive();
    std::optional<Error> refused;
    if (verb == Verb::get && !parser.is_done()) {
        refused = fail(errc::too_large, "requests have no body here");
    } else if (verb == Verb::post && !parser.is_done()) {
        Admission admission = co_await answerer.admit(request, target);
        if (stopping)
            co_return false;
        refused = std::move(admission.refused);
        keep = keep && admission.bytes_max > 0;
        connection.body_unread = admission.bytes_max == 0;
        request.room = std::move(admission.room);
        if (admission.bytes_max > 0) {
            const auto lost = co_await read_body(connection, buffer, parser, admission.bytes_max, request.body);
            if (lost && !(refused = refusal_of(lost, admission.bytes_max)))
                co_return false;
            connection.body_unread = static_cast<bool>(lost);
        }
    } else {
        keep = keep && parser.is_done();
    }
    connection.busy = true;
    connection.stream.expires_never();
    Response response;
    if (refused) {
        request.path = target.substr(0, target.find('?'));
        response = problem(*refused, request);
        keep = false;
    } else {
        response = co_await answerer.answer(std::move(request), target, verb);
    }
    const bool written = co_await write(connection, std::move(response), version, head, keep && !stopping);
    connection.busy = false;
    co_return written && keep && !stopping;
}

/// What a POST brings: in little, within the time that its header had. Stopping the server ends it: nothing has been done yet.
asio::awaitable<beast::error_code> Server::Impl::read_body(Connection& connection, beast::flat_buffer& buffer,
                                                           HeaderParser& header, std::size_t bytes_max, std::string& body)
{
    if (header.content_length().value_or(0) > bytes_max)
        co_return make_error_code(http::error::body_limit);
    connection.stream.expires_after(bytes_max > body_bytes_max ? options.large_body_max : options.idle_max);
    if (beast::iequals(header.get()[http::field::expect], "100-continue")) {
        constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        auto [error, count] = co_await asio::async_write(connection.stream, asio::buffer(go_on), hear);
        if (error)
            co_return error;
    }
    http::request_parser<http::string_body> parser(std::move(header));
    parser.body_limit(bytes_max); // of one in chunks; a length was looked at above
    auto [error, count] = co_await http::async_read(connection.stream, buffer, parser, hear);
    body = std::move(parser.get().body());
    co_return error;
}

asio::awaitable<bool> Server::Impl::write(Connection& connection, Response response, unsigned version, bool head,
                                          bool keep)
{
    answerer.counters.count(response.status);
    connection.stream.expires_after(options.write_max);
    const auto status = static_cast<http::status>(response.status);
    const auto length = response.body.size();
    boost::system::error_code error;
    if (head || response.status == 304) {
        http::response<http::empty_body> out(status, version);
        set_headers(out, response);
        if (response.status != 304)
            out.content_length(length);
        out.keep_alive(keep);
        auto [failed, count] = co_await http::async_write(connection.stream, out, hear);
        error = failed;
    } else {
        http::response<http::string_body> out(status, version);
        set_headers(out, response);
        out.body() = std::move(response.body);
        out.content_length(length);
        out.keep_alive(keep);
        auto [failed, count] = co_await http::async_write(connection.stream, out, hear);
        error = failed;
    }
    co_return !error;
}

Server::Server(asio::io_context& io, ServerOptions options, ReadPool& pool, Services services, ReadPool* files)
    : impl_(std::make_shared<Impl>(io, std::move(options), pool, std::move(services), files))
{
}

Server::~Server() = default;

result<void> Server::start()
{
    try {
        impl_->open();
    } catch (const std::exception& refused) {
        return fail(errc::unavailable, impl_->options.address + ":" + std::to_string(impl_->options.port) + ": " +
                                           refused.what());
    }
    auto self = impl_;
    asio::co_spawn(impl_->acceptor.get_executor(), impl_->run_accept(), [self](const std::exception_ptr& failure) {
        if (failure)
            spdlog::critical("api: the server accepts no more connections");
        self->accepting = false;
        self->check_stopped();
    });
    return {};
}

std::uint16_t Server::port() const
{
    boost::system::error_code ignored;
    return impl_->acceptor.local_endpoint(ignored).port();
}

void Server::stop(std::function<void()> stopped)
{
    auto self = impl_;
    self->stopped = std::move(stopped);
    if (!std::exchange(self->stopping, true)) {
        boost::system::error_code ignored;
        self->acceptor.close(ignored);
        self->retry.cancel();
        for (auto* connection : self->connections)
            if (!connection->busy)
                connection->stream.cancel();
    }
    asio::post(self->acceptor.get_executor(), [self] { self->check_stopped(); });
}

} // namespace releve::api
