#include <releve/net/listener.hpp>

#include <releve/net/session.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <deque>
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

namespace {

constexpr std::chrono::milliseconds prune_every{500};

/// What the limits per address count as one: an IPv4 address, or the /64 that an IPv6 host chooses its addresses from.
std::string host_of(const asio::ip::address& address)
{
    if (!address.is_v6())
        return address.to_string();
    auto bytes = address.to_v6().to_bytes();
    if (address.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    return asio::ip::make_address_v6(bytes).to_string() + "/64";
}

} // namespace

/// Everything but `open_count` belongs to the listener's own thread.
struct Listener::Impl : std::enable_shared_from_this<Impl> {
    struct Waiting {
        tcp::socket socket;
        asio::io_context* context;
        std::chrono::steady_clock::time_point since;
    };
    struct Host {
        std::size_t open = 0, handshakes = 0;
        std::deque<Waiting> waiting;
        bool in_turn = false;
    };

    Impl(std::vector<asio::io_context*> io, ListenerOptions given, FrameSink& to, NetCounters& count)
        : contexts(std::move(io)),
          options(std::move(given)),
          sink(to),
          counters(count),
          acceptor(*contexts.front()),
          prune_timer(*contexts.front())
    {}

    static asio::awaitable<void> run_accept_loop(std::shared_ptr<Impl> self)
    {
        while (!self->stopped) {
            asio::io_context& context = *self->contexts[self->next_context++ % self->contexts.size()];
            error_code error;
            tcp::socket socket =
                co_await self->acceptor.async_accept(context, asio::redirect_error(asio::use_awaitable, error));
            if (!error)
                self->accept(std::move(socket), context);
            else if (!self->stopped) {
                ++self->counters.accept_failures;
                co_await self->breathe(); // out of descriptors: closing connections will give some back
            }
        }
    }

    asio::awaitable<void> breathe()
    {
        asio::steady_timer timer{*contexts.front(), std::chrono::milliseconds{100}};
        error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }

    void accept(tcp::socket socket, asio::io_context& context)
    {
        error_code error;
        const auto endpoint = socket.remote_endpoint(error);
        if (error || stopped)
            return;
        if (open_count >= options.limits.connections_max) {
            ++counters.refused_total_limit;
            return;
        }
        const std::string name = host_of(endpoint.address());
        Host& host = hosts[name];
        if (host.open >= options.limits.connections_per_address_max) {
            ++counters.refused_address_limit;
            return;
        }
        ++host.open;
        ++open_count;
        ++counters.accepted;
        host.waiting.push_back({std::move(socket), &context, std::chrono::steady_clock::now()});
        take_a_place(name, host);
        start_handshakes();
    }

    std::shared_ptr<Session> make_session(tcp::socket socket, const std::string& name)
    {
        auto id = std::make_shared<std::weak_ptr<Session>>();
        const auto on_own_thread = [executor = acceptor.get_executor()](auto action) {
            return [executor, action] { asio::post(executor, action); };
        };
        SessionSetup setup{
            .limits = options.session,
            .sink = sink,
            .counters = counters,
            .tls = options.tls,
            .now = options.now,
            .handshake_done = on_own_thread([self = shared_from_this(), name] { self->handshake_done(name); }),
            .ended = on_own_thread([self = shared_from_this(), id, name] { self->session_ended(id->lock(), name); })};
        auto session = options.make_session ? options.make_session(std::move(socket), std::move(setup))
                                            : Session::make(std::move(socket), std::move(setup));
        *id = session;
        sessions.insert(session);
        return session;
    }

    /// A host has one place in the row of those whose turn it may be, as long as it has a connection waiting and a
    /// handshake to spare. So one that lets all of its own stand open keeps nobody else from theirs.
    void take_a_place(const std::string& name, Host& host)
    {
        if (host.in_turn || host.waiting.empty() || host.handshakes >= options.limits.handshakes_per_address_max)
            return;
        host.in_turn = true;
        turns.push_back(name);
    }

    void start_handshakes()
    {
        while (handshakes < options.limits.handshakes_max && !turns.empty()) {
            const std::string name = std::move(turns.front());
            turns.pop_front();
            Host& host = hosts.at(name); // in the row, so it is kept
            host.in_turn = false;
            if (host.waiting.empty()) { // those that waited were dropped
                if (host.open == 0)
                    hosts.erase(name);
                continue;
            }
            Waiting next = std::move(host.waiting.front());
            host.waiting.pop_front();
            ++handshakes;
            ++host.handshakes;
            auto session = make_session(std::move(next.socket), name);
            asio::post(*next.context, [session = std::move(session)] { session->start(); });
            take_a_place(name, host);
        }
    }

    /// Who has waited for its turn as long as a handshake may take is let go: what waits is bounded in time as well.
    static asio::awaitable<void> run_pruning(std::shared_ptr<Impl> self)
    {
        while (!self->stopped) {
            self->prune_timer.expires_after(prune_every);
            error_code ignored;
            co_await self->prune_timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            self->drop_waiting(std::chrono::steady_clock::now() - self->options.session.handshake);
        }
    }

    /// Those that came before `since`. Their sockets belong to their own threads.
    void drop_waiting(std::chrono::steady_clock::time_point since)
    {
        for (auto at = hosts.begin(); at != hosts.end();) {
            Host& host = at->second;
            while (!host.waiting.empty() && host.waiting.front().since < since) {
                Waiting& waiting = host.waiting.front();
                asio::post(*waiting.context, [socket = std::move(waiting.socket)] {});
                host.waiting.pop_front();
                counters.count_handshake_failure("no_turn");
                ++counters.closed;
                --open_count;
                --host.open;
            }
            at = host.open == 0 && !host.in_turn ? hosts.erase(at) : std::next(at);
        }
    }

    void handshake_done(const std::string& name)
    {
        --handshakes;
        if (const auto host = hosts.find(name); host != hosts.end()) {
            --host->second.handshakes;
            take_a_place(name, host->second);
        }
        start_handshakes();
    }

    void session_ended(const std::shared_ptr<Session>& session, const std::string& name)
    {
        sessions.erase(session);
        --open_count;
        ++counters.closed;
        if (const auto host = hosts.find(name);
            host != hosts.end() && --host->second.open == 0 && !host->second.in_turn)
            hosts.erase(host);
    }

    void on_own_thread(void (Impl::*action)())
    {
        asio::post(acceptor.get_executor(), [self = shared_from_this(), action] { (self.get()->*action)(); });
    }

    void stop()
    {
        stopped = true;
        error_code ignored;
        acceptor.close(ignored);
        prune_timer.cancel();
        drop_waiting(std::chrono::steady_clock::time_point::max());
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
    asio::steady_timer prune_timer;
    std::size_t next_context = 0;
    std::size_t handshakes = 0;
    bool stopped = false;
    std::map<std::string, Host> hosts; // those with a connection: bounded by connections_max
    std::deque<std::string> turns;
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
    asio::co_spawn(impl->acceptor.get_executor(), Impl::run_pruning(impl), asio::detached);
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
