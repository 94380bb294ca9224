#pragma once
// An api::Server over the fake store on a loopback port, and a client that says exactly what a test wants to say.

#include "fake_intake.hpp"
#include "fake_store.hpp"

#include <releve/api/server.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <future>

namespace releve::tests {

namespace asio = boost::asio;
namespace http = boost::beast::http;

inline const Instant test_now = std::chrono::sys_days{std::chrono::year{2024} / 4 / 2} + std::chrono::hours{10};

using Reply = http::response<http::string_body>;

class Client {
public:
    explicit Client(std::uint16_t port) : socket_(io_)
    {
        socket_.connect({asio::ip::address_v4::loopback(), port});
    }
    void send(std::string_view text) { asio::write(socket_, asio::buffer(text)); }
    Reply receive(bool head = false)
    {
        http::response_parser<http::string_body> parser;
        parser.skip(head);
        http::read(socket_, buffer_, parser);
        return parser.release();
    }
    Reply get(const std::string& target, const std::string& token = {}, const std::string& more = {},
              const std::string& verb = "GET", const std::string& body = {})
    {
        send(verb + " " + target + " HTTP/1.1\r\nHost: test\r\n" +
             (token.empty() ? "" : "Authorization: Bearer " + token + "\r\n") + more + "\r\n" + body);
        return receive(verb == "HEAD");
    }
    Reply post(const std::string& target, const std::string& token, const std::string& body, const std::string& more = {},
               const std::string& type = "application/json")
    {
        return get(target, token, "Content-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + more,
                   "POST", body);
    }
    /// As many bytes as "go on" has.
    std::string receive_interim()
    {
        std::string text(25, '\0');
        asio::read(socket_, asio::buffer(text));
        return text;
    }
    /// Reads until the server closes; whether it did so without another byte.
    bool is_closed()
    {
        char byte = 0;
        boost::system::error_code error;
        return socket_.read_some(asio::buffer(&byte, 1), error) == 0;
    }

private:
    asio::io_context io_;
    asio::ip::tcp::socket socket_;
    boost::beast::flat_buffer buffer_;
};

class RunningServer {
public:
    explicit RunningServer(api::ServerOptions options = {}, api::ReadPool::Options pool = {})
        : pool_(pool, [this] { return std::make_unique<FakeStore>(world); }),
          server_(io_, options, pool_,
                  {.clock = [this] { return world.now + Seconds{clock_offset_s.load()}; },
                   .metrics = [] { return std::string("app_metric 1\n"); },
                   .ready = [this] { return ready.load(); },
                   .tariff_book = world.tariff_book(),
                   .intake = intake})
    {
        server_.start().value();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~RunningServer() { stop(); }

    void stop()
    {
        if (!thread_.joinable())
            return;
        asio::post(io_, [this] { server_.stop(); });
        thread_.join();
    }
    /// As `stop`, without waiting: the future is ready when the last connection has gone.
    std::future<void> begin_stop()
    {
        auto gone = std::make_shared<std::promise<void>>();
        auto future = gone->get_future();
        asio::post(io_, [this, gone] { server_.stop([gone] { gone->set_value(); }); });
        return future;
    }
    /// Runs on the server's thread after all that was posted so far.
    void settle()
    {
        std::promise<void> done;
        asio::post(io_, [&] { done.set_value(); });
        done.get_future().wait();
    }
    [[nodiscard]] std::uint16_t port() const { return server_.port(); }
    [[nodiscard]] Client client() const { return Client(port()); }

    FakeWorld world{test_now};
    std::shared_ptr<FakeIntake> intake = std::make_shared<FakeIntake>();
    std::atomic<bool> ready{true};
    std::atomic<int> clock_offset_s{0};

private:
    asio::io_context io_;
    api::ReadPool pool_;
    api::Server server_;
    std::thread thread_;
};

} // namespace releve::tests
