#include <releve/app/server.hpp>

#include "collector.hpp"

#include <releve/api/server.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/intake.hpp>
#include <releve/app/master_key.hpp>
#include <releve/app/tariff_shelf.hpp>

#include <boost/asio/post.hpp>

#include <atomic>
#include <future>

namespace releve::app {

namespace {
constexpr auto api_goodbye_at_most = std::chrono::seconds{10};
}

struct Server::Impl {
    explicit Impl(Config given) : config(std::move(given)) {}

    result<void> start_api(const ServerOptions& options);
    void stop_api();

    Config config;
    std::optional<FolderLock> lock; // two collectors would each call a replay what the other has confirmed
    OpenDatabase database;
    crypto::Key256 master;
    ModelShelf models;
    TariffShelf tariffs;
    Counters counters;
    std::unique_ptr<Collector> collector;
    std::unique_ptr<boost::asio::io_context> api_io;
    std::unique_ptr<api::ReadPool> read_pool, file_pool; // a file takes a while: nobody who asks waits for it
    std::unique_ptr<api::Server> api;
    std::thread api_thread;
    std::atomic<bool> stopped{false};
};

result<void> Server::Impl::start_api(const ServerOptions&)
{
    api_io = std::make_unique<boost::asio::io_context>(1);
    const store::ModelLookup lookup = [this](std::string_view name) { return models.current()->find(name); };
    read_pool = std::make_unique<api::ReadPool>(
        api::ReadPool::Options{.threads = static_cast<unsigned>(config.api.database_threads)},
        api::database_stores(database.address, lookup));
    api::ServerOptions options;
    file_pool = std::make_unique<api::ReadPool>(api::ReadPool::Options{.threads = 1, .queue_max = options.large_bodies_max},
                                                api::database_stores(database.address, lookup));
    api::Services services{.clock = wall_clock,
                           .metrics = [this] { return metrics_text(counters, collector ? collector->open_sessions() : 0); },
                           .ready = [this] { return !stopped; },
                           .open_to_loopback = config.api.metrics_open_to_loopback,
                           .tariff_book = [this](std::int64_t version, const TariffShelf::Load& load) { return tariffs.get(version, load); },
                           .intake = make_intake(database.address, [this] { return models.current(); })};
    options.address = config.api.listen->address;
    options.port = config.api.listen->port;
    api = std::make_unique<api::Server>(*api_io, options, *read_pool, std::move(services), file_pool.get());
    RELEVE_CHECK(api->start());
    api_thread = std::thread{[this] { api_io->run(); }};
    return {};
}

void Server::Impl::stop_api()
{
    if (api_thread.joinable()) {
        auto done = std::make_shared<std::promise<void>>();
        auto future = done->get_future();
        boost::asio::post(*api_io, [this, done] { api->stop([done] { done->set_value(); }); });
        future.wait_for(api_goodbye_at_most);
        api_io->stop();
        api_thread.join();
    }
    for (const auto& pool : {read_pool.get(), file_pool.get()})
        if (pool != nullptr)
            pool->stop();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server()
{
    stop();
}

result<std::unique_ptr<Server>> Server::start(const Config& config, ServerOptions options)
{
    auto impl = std::make_unique<Impl>(config);
    RELEVE_CHECK(impl->models.load(config.models.dir));
    if (options.collect && config.database.url.empty()) {
        RELEVE_TRY(lock, FolderLock::take(config.data_dir, "collector"));
        impl->lock.emplace(std::move(lock));
    }
    RELEVE_TRY(database, open_database(config, options.say));
    impl->database = std::move(database);
    if (options.collect) {
        RELEVE_TRY(master, load_master_key(config, impl->database.address));
        impl->master = master;
        RELEVE_TRY(collector, Collector::start(impl->config, impl->database.address, impl->master, impl->models,
                                               impl->counters));
        impl->collector = std::move(collector);
    }
    if (options.api && config.api.listen)
        RELEVE_CHECK(impl->start_api(options));
    return std::unique_ptr<Server>{new Server{std::move(impl)}};
}

Server::Ports Server::ports() const
{
    return {.dlms_tcp = impl_->collector ? impl_->collector->tcp_port() : std::uint16_t{0},
            .dlms_tls = impl_->collector ? impl_->collector->tls_port() : std::uint16_t{0},
            .uplink = impl_->collector ? impl_->collector->uplink_port() : std::uint16_t{0},
            .api = impl_->api ? impl_->api->port() : std::uint16_t{0}};
}

const store::DatabaseAddress& Server::database() const
{
    return impl_->database.address;
}

const crypto::Key256& Server::master_key() const
{
    return impl_->master;
}

const Counters& Server::counters() const
{
    return impl_->counters;
}

std::string Server::ready_line() const
{
    const Ports at = ports();
    const auto& c = impl_->config.collector;
    std::string line;
    const auto add = [&](const std::string& what) { line += (line.empty() ? "" : ", ") + what; };
    if (at.dlms_tcp)
        add("meters (TCP) " + c.dlms_tcp->address + ":" + std::to_string(at.dlms_tcp));
    if (at.dlms_tls)
        add("meters (TLS) " + c.dlms_tls->address + ":" + std::to_string(at.dlms_tls));
    if (at.uplink)
        add("gateways " + c.uplink->address + ":" + std::to_string(at.uplink));
    if (at.api)
        add("page and API http://" + impl_->config.api.listen->address + ":" + std::to_string(at.api));
    return "releve is ready: " + (line.empty() ? std::string{"nothing to listen on"} : line);
}

result<void> Server::reload()
{
    RELEVE_CHECK(impl_->models.load(impl_->config.models.dir));
    if (!impl_->collector)
        return {};
    impl_->collector->reload_devices();
    return impl_->collector->reload_tls();
}

void Server::stop()
{
    if (!impl_ || impl_->stopped.exchange(true))
        return;
    if (impl_->collector)
        impl_->collector->stop();
    impl_->stop_api();
    impl_->api.reset();
    impl_->read_pool.reset();
    impl_->file_pool.reset();
    impl_->collector.reset();
    impl_->database.cluster.reset();
    impl_->lock.reset();
}

} // namespace releve::app
