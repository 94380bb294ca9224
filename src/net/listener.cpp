#include <releve/net/listener.hpp>

#include <releve/net/session.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <map>
#include <set>

namespace releve::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

void NetCounters::count_handshake_failure(std::string_view name)
{
    for (std::size_t i = 0; i < handshake_failure_names.size(); ++i)
        if (handshake_failure_names[i] == name)
            ++handshake_failures[i];
}

/// Everything but `open_count` belongs to the listener's own thread.
struct Listener::Impl : std::enable_shared_from_this<Impl> {
    Impl(std::vector<asio::io_context*> io, ListenerOptions given, FrameSink& to, NetCounters& count)
        : contexts(std::move(io)),
          options(std::move(given)),
          sink(to),
          counters(count),
          acceptor(*contexts.front()),
          pace(*contexts.front(), asio::steady_timer::time_point::max())
    {}

    static asio::awaitable<void> run_accept_loop(std::shared_ptr<Impl> self)
    {
        while (!self->stopped) {
            while (!self->stopped && self->handshakes >= self->options.limits.handshakes_max)
                co_await self->wait_for_pace();
            if (self->stopped)
                break;
            asio::io_context& context = *self->contexts[self->next_context++ % self->contexts.size()];
            error_code error;
            tcp::socket socket =
                co_await self->acceptor.async_accept(context, asio::redirect_error(asio::use_awaitable, error));
            if (!error)
                self->accept(std::move(socket));
            else if (!self->stopped)
                co_await self->breathe(); // out of descriptors: closing connections will give some back
        }
    }

    asio::awaitable<void> wait_for_pace()
    {
        error_code woken;
        co_await pace.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }

    asio::awaitable<void> breathe()
    {
        asio::steady_timer timer{*contexts.front(), std::chrono::milliseconds{100}};
        error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }

    void accept(tcp::socket socket)
    {
        error_code error;
        const auto endpoint = socket.remote_endpoint(error);
        if (error)
            return;
        if (sessions.size() >= options.limits.connections_max) {
            ++counters.refused_total_limit;
            return;
        }
        const std::string address = endpoint.address().to_string();
        if (auto& count = per_address[address]; count >= options.limits.connections_per_address_max) {
            ++counters.refused_address_limit;
            return;
        } else {
            ++count;
        }
        ++counters.accepted;
        ++handshakes;
        start_session(std::move(socket), address);
    }

    void start_session(tcp::socket socket, const std::string& address)
    {
        auto id = std::make_shared<std::weak_ptr<Session>>();
        SessionSetup setup{.limits = options.session,
                           .sink = sink,
                           .counters = counters,
                           .tls = options.tls,
                           .now = options.now,
                           .handshake_done = [self = shared_from_this()] { self->on_own_thread(&Impl::handshake_done); },
                           .ended =
                               [self = shared_from_this(), id, address] {
                                   asio::post(self->acceptor.get_executor(), [self, id, address] {
                                       self->session_ended(id->lock(), address);
                                   });
                               }};
        auto session = Session::make(std::move(socket), std::move(setup));
        *id = session;
        sessions.insert(session);
        open_count = sessions.size();
        asio::post(*contexts[(next_context - 1) % contexts.size()], [session] { session->start(); });
    }

    void on_own_thread(void (Impl::*action)())
    {
        asio::post(acceptor.get_executor(), [self = shared_from_this(), action] { (self.get()->*action)(); });
    }

    void handshake_done()
    {
        --handshakes;
        pace.cancel();
    }

    void session_ended(const std::shared_ptr<Session>& session, const std::string& address)
    {
        sessions.erase(session);
        open_count = sessions.size();
        ++counters.closed;
        if (const auto found = per_address.find(address); found != per_address.end() && --found->second == 0)
            per_address.erase(found);
    }

    void stop()
    {
        stopped = true;
        error_code ignored;
        acceptor.close(ignored);
        pace.cancel();
        for (const auto& session : sessions)
            session->stop_reading();
    }

    void close_all()
    {
        for (const auto& session : sessions)
            session->close_when_written();
    }

    std::vector<asio::io_context*> contexts;
    ListenerOptions options;
    FrameSink& sink;
    NetCounters& counters;
    tcp::acceptor acceptor;
    asio::steady_timer pace;
    std::size_t next_context = 0;
    std::size_t handshakes = 0;
    bool stopped = false;
    std::map<std::string, std::size_t> per_address; // bounded by connections_max
    std::set<std::shared_ptr<Session>> sessions;
    std::atomic<std::size_t> open_count{0};
    std::uint16_t port = 0;
};

namespace {
Error bind_error(const ListenerOptions& options, const error_code& error)
{
    return fail(errc::bad_config, "cannot listen on " + options.address + ":" + std::to_string(options.port) + ": " +
                                      error.message());
}
} // namespace

result<std::unique_ptr<Listener>> Listener::open(std::vector<asio::io_context*> contexts, ListenerOptions options,
                                                 FrameSink& sink, NetCounters& counters)
{
    RELEVE_ASSERT(!contexts.empty());
    auto impl = std::make_shared<Impl>(std::move(contexts), std::move(options), sink, counters);
    error_code error;
    const auto address = asio::ip::make_address(impl->options.address, error);
    if (error)
        return bind_error(impl->options, error);
    const tcp::endpoint endpoint{address, impl->options.port};
    impl->acceptor.open(endpoint.protocol(), error);
    if (!error)
        impl->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error)
        impl->acceptor.bind(endpoint, error);
    if (!error)
        impl->acceptor.listen(4'096, error);
    if (error)
        return bind_error(impl->options, error);
    impl->port = impl->acceptor.local_endpoint().port();
    asio::co_spawn(impl->acceptor.get_executor(), Impl::run_accept_loop(impl), asio::detached);
    return std::unique_ptr<Listener>{new Listener{impl}};
}

Listener::Listener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() = default;

std::uint16_t Listener::port() const
{
    return impl_->port;
}

std::size_t Listener::open_sessions() const
{
    return impl_->open_count;
}

void Listener::replace_tls(TlsContext context)
{
    asio::post(impl_->acceptor.get_executor(),
               [impl = impl_, context = std::move(context)]() mutable { impl->options.tls = std::move(context); });
}

void Listener::stop_accepting()
{
    impl_->on_own_thread(&Impl::stop);
}

void Listener::close_sessions()
{
    impl_->on_own_thread(&Impl::close_all);
}

} // namespace releve::net
