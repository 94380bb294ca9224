// The server as a server: keep-alive, HEAD, limits, deadlines, stopping, a lost database. Real sockets on loopback.

#include "running_server.hpp"

#include <gtest/gtest.h>

namespace releve::tests {
namespace {

TEST(server, keeps_a_connection_and_closes_when_asked)
{
    RunningServer server;
    auto client = server.client();
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(client.get("/healthz").body(), "{\"status\":\"ok\"}\n");
    EXPECT_NE(client.get("/metrics").body().find("releve_api_connections_total 1\n"), std::string::npos);
    EXPECT_EQ(client.get("/healthz", {}, "Connection: close\r\n")[http::field::connection], "close");
    EXPECT_TRUE(client.is_closed());
}

TEST(server, answers_pipelined_and_split_requests)
{
    RunningServer server;
    auto client = server.client();
    client.send("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\nGET /readyz HTTP/1.1\r\nHost: t\r\n\r\nGET /hea");
    EXPECT_EQ(client.receive().body(), "{\"status\":\"ok\"}\n");
    EXPECT_EQ(client.receive().body(), "{\"status\":\"ready\"}\n");
    client.send("lthz HTTP/1.1\r\nHo");
    client.send("st: t\r\n\r\n");
    EXPECT_EQ(client.receive().result_int(), 200U);
}

TEST(server, head_is_get_without_the_body)
{
    RunningServer server;
    auto client = server.client();
    for (const std::string path : {"/", "/healthz", "/api/v1/words", "/api/v1/me", "/nothing"}) {
        const auto get = client.get(path, "household");
        const auto head = client.get(path, "household", {}, "HEAD");
        EXPECT_EQ(head.result(), get.result()) << path;
        EXPECT_EQ(head[http::field::content_length], get[http::field::content_length]) << path;
        EXPECT_EQ(head[http::field::content_type], get[http::field::content_type]) << path;
        EXPECT_TRUE(head.body().empty());
    }
}

TEST(server, every_answer_carries_the_security_headers)
{
    RunningServer server;
    for (const std::string path : {"/", "/app.js", "/api/v1/me", "/nothing", "/problems/not_found"}) {
        auto client = server.client();
        const auto reply = client.get(path, "household");
        EXPECT_EQ(reply["Content-Security-Policy"],
                  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
                  "base-uri 'none'; frame-ancestors 'none'; form-action 'none'");
        EXPECT_EQ(reply["X-Content-Type-Options"], "nosniff");
        EXPECT_EQ(reply["Referrer-Policy"], "no-referrer");
        EXPECT_EQ(reply[http::field::cache_control], path == "/" || path == "/app.js" ? "no-cache" : "no-store");
    }
}

TEST(server, other_methods_and_bodies_are_refused)
{
    RunningServer server;
    for (const std::string verb : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"}) {
        auto client = server.client();
        const auto reply = client.get("/api/v1/me", "operator", "Content-Length: 0\r\n", verb);
        EXPECT_EQ(reply.result_int(), 405U) << verb;
        EXPECT_EQ(reply[http::field::allow], "GET, HEAD");
    }
    auto client = server.client();
    EXPECT_EQ(client.get("/nothing", {}, {}, "POST").result_int(), 404U);
    auto with_body = server.client();
    with_body.send("GET /healthz HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(with_body.receive().result_int(), 413U);
    EXPECT_TRUE(with_body.is_closed());
    auto chunked = server.client();
    chunked.send("GET /healthz HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    EXPECT_EQ(chunked.receive().result_int(), 413U);
    EXPECT_EQ(server.client().get("/api/v1/jobs/1/2", "operator", {}, "BREW").result_int(), 404U);
    auto posted = server.client();
    posted.send("POST /api/v1/me HTTP/1.1\r\nHost: t\r\nContent-Length: 500000000\r\n\r\nhello");
    EXPECT_EQ(posted.receive().result_int(), 405U);
    EXPECT_TRUE(posted.is_closed());
}

const std::string handling = "/api/v1/failures/1/handling";

TEST(server, a_post_has_a_body_of_json_and_leaves_the_connection_open)
{
    RunningServer server;
    auto client = server.client();
    for (int i = 1; i <= 2; ++i)
        EXPECT_EQ(client.post(handling, "operator", R"({"step":"taken"})").result_int(), 200U);
    EXPECT_EQ(server.world.failures_handled[1].size(), 2U);
    client.send("POST " + handling + " HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer operator\r\n"
                "Content-Type: application/json; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
                "9\r\n{\"step\":\"\r\n8\r\nclosed\"}\r\n0\r\n\r\n");
    EXPECT_EQ(client.receive().result_int(), 200U) << "in pieces";
    EXPECT_EQ(client.get("/healthz").result_int(), 200U);
    EXPECT_EQ(server.world.failures_handled[1].back().step, "closed");
    const auto other_method = client.get(handling, "operator");
    EXPECT_EQ(other_method.result_int(), 405U);
    EXPECT_EQ(other_method[http::field::allow], "POST");
}

TEST(server, a_body_is_read_only_where_somebody_signs_for_it)
{
    RunningServer server;
    const std::string far_more = "Content-Length: 500000000\r\n";
    const std::pair<std::string, unsigned> cases[] = {
        {"Authorization: Bearer operator\r\nContent-Type: text/plain\r\n", 415U},
        {"Authorization: Bearer operator\r\n", 415U},
        {"Content-Type: application/json\r\n", 401U},
        {"Authorization: Bearer operator\r\nContent-Type: application/json\r\n", 413U},
    };
    for (const auto& [headers, status] : cases) {
        auto client = server.client();
        const auto reply = client.get(handling, {}, headers + far_more, "POST", "{");
        EXPECT_EQ(reply.result_int(), status) << headers;
        EXPECT_EQ(reply[http::field::connection], "close");
        EXPECT_TRUE(client.is_closed());
    }
    EXPECT_TRUE(server.world.failures_handled.empty());
}

TEST(server, a_body_has_a_limit)
{
    RunningServer server;
    const auto filled = [](std::size_t size) { return R"({"step":"taken")" + std::string(size - 16, ' ') + "}"; };
    auto client = server.client();
    EXPECT_EQ(client.post(handling, "operator", filled(api::body_bytes_max)).result_int(), 200U);
    EXPECT_EQ(client.post(handling, "operator", filled(api::body_bytes_max + 1)).result_int(), 413U);
    auto chunked = server.client();
    chunked.send("POST " + handling + " HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer operator\r\n"
                 "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n");
    EXPECT_EQ(chunked.receive().result_int(), 413U);
    EXPECT_TRUE(chunked.is_closed());
}

TEST(server, a_client_that_asks_before_it_sends_is_told_to_go_on)
{
    RunningServer server;
    auto client = server.client();
    client.send("POST " + handling + " HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer operator\r\nContent-Type: application/json\r\n"
                "Content-Length: 16\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.receive_interim(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send(R"({"step":"taken"})");
    EXPECT_EQ(client.receive().result_int(), 200U);
}

TEST(server, a_body_that_does_not_come_is_not_waited_for)
{
    api::ServerOptions options;
    options.idle_max = std::chrono::milliseconds(20);
    RunningServer server(options);
    auto client = server.client();
    client.send("POST " + handling + " HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer operator\r\nContent-Type: application/json\r\n"
                "Content-Length: 16\r\n\r\n{");
    EXPECT_TRUE(client.is_closed());
    EXPECT_TRUE(server.world.failures_handled.empty());
}

TEST(server, headers_have_a_limit_and_must_be_http)
{
    RunningServer server;
    auto fits = server.client();
    EXPECT_EQ(fits.get("/healthz", {}, "X-Long: " + std::string(12'000, 'a') + "\r\n").result_int(), 200U);
    auto too_long = server.client();
    EXPECT_EQ(too_long.get("/healthz", {}, "X-Long: " + std::string(17'000, 'a') + "\r\n").result_int(), 431U);
    EXPECT_TRUE(too_long.is_closed());
    auto long_target = server.client();
    EXPECT_EQ(long_target.get("/" + std::string(17'000, 'a')).result_int(), 431U);
    auto garbage = server.client();
    garbage.send("\x16\x03\x01\x02hello\r\n\r\n");
    EXPECT_EQ(garbage.receive().result_int(), 400U);
    EXPECT_TRUE(garbage.is_closed());
    auto afterwards = server.client();
    EXPECT_EQ(afterwards.get("/healthz").result_int(), 200U);
}

TEST(server, connections_have_a_limit)
{
    api::ServerOptions options;
    options.connections_max = 2;
    RunningServer server(options);
    auto first = server.client(), second = server.client();
    EXPECT_EQ(first.get("/healthz").result_int(), 200U);
    EXPECT_EQ(second.get("/healthz").result_int(), 200U);
    auto third = server.client();
    EXPECT_EQ(third.receive().result_int(), 503U);
    EXPECT_TRUE(third.is_closed());
    EXPECT_NE(first.get("/metrics").body().find("releve_api_connections_refused_total 1\n"), std::string::npos);
}

TEST(server, an_idle_or_slow_connection_is_closed)
{
    api::ServerOptions options;
    options.idle_max = std::chrono::milliseconds(20);
    RunningServer server(options);
    auto idle = server.client(), slow = server.client();
    slow.send("GET /healthz HT");
    EXPECT_TRUE(idle.is_closed());
    EXPECT_TRUE(slow.is_closed());
}

TEST(server, when_all_database_threads_are_busy_and_the_queue_is_full_503)
{
    std::counting_semaphore<64> gate(0), entered(0);
    RunningServer server({}, {.threads = 1, .queue_max = 1});
    server.world.gate = &gate;
    server.world.entered = &entered;
    auto running = server.client(), waiting = server.client(), refused = server.client();
    const std::string ask = "GET /api/v1/me HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer household\r\n\r\n";
    running.send(ask);
    entered.acquire(); // the one thread is busy: what comes now waits
    waiting.send(ask);
    // One of these two finds the place in the queue taken; which one is the sockets' business.
    refused.send(ask);
    auto metrics = server.client();
    while (metrics.get("/metrics").body().find("releve_api_queue_full_total 1\n") == std::string::npos) {
    }
    EXPECT_EQ(metrics.get("/healthz").result_int(), 200U) << "what needs no database is served";
    gate.release(3);
    const unsigned answers[] = {running.receive().result_int(), waiting.receive().result_int(),
                                refused.receive().result_int()};
    EXPECT_EQ(answers[0], 200U);
    EXPECT_EQ(answers[1] + answers[2], 200U + 503U);
}

TEST(server, a_database_that_takes_too_long_is_not_waited_for)
{
    std::counting_semaphore<64> gate(0);
    api::ServerOptions options;
    options.request_max = std::chrono::milliseconds(20);
    RunningServer server(options);
    server.world.gate = &gate;
    auto client = server.client();
    const auto reply = client.get("/api/v1/me", "household");
    EXPECT_EQ(reply.result_int(), 503U);
    EXPECT_EQ(reply.count(http::field::retry_after), 1U);
    gate.release(8);
}

TEST(server, a_lost_database_is_503_and_comes_back)
{
    RunningServer server({}, {.threads = 1});
    auto client = server.client();
    EXPECT_EQ(client.get("/readyz").result_int(), 200U);
    server.world.database_lost = true;
    const auto lost = client.get("/api/v1/me", "household");
    EXPECT_EQ(lost.result_int(), 503U);
    EXPECT_EQ(lost.body().find("went away"), std::string::npos) << "our own failures are not told";
    EXPECT_EQ(client.get("/readyz").result_int(), 503U);
    EXPECT_EQ(client.get("/healthz").result_int(), 200U);
    server.world.database_lost = false;
    EXPECT_EQ(client.get("/api/v1/me", "household").result_int(), 200U);
    EXPECT_GE(server.world.opened, 3) << "each loss opens another connection";
    server.ready = false;
    EXPECT_EQ(client.get("/readyz").result_int(), 503U);
}

TEST(server, stopping_lets_a_running_request_finish_and_closes_idle_ones)
{
    std::counting_semaphore<64> gate(0), entered(0);
    RunningServer server;
    auto idle = server.client();
    EXPECT_EQ(idle.get("/healthz").result_int(), 200U);
    server.world.gate = &gate;
    server.world.entered = &entered;
    auto running = server.client();
    running.send("GET /api/v1/me HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer household\r\n\r\n");
    entered.acquire();
    const auto port = server.port();
    auto stopped = server.begin_stop();
    EXPECT_TRUE(idle.is_closed());
    server.settle();
    EXPECT_EQ(stopped.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    EXPECT_ANY_THROW(Client{port}) << "nothing is accepted any more";
    gate.release(1);
    const auto reply = running.receive();
    EXPECT_EQ(reply.result_int(), 200U);
    EXPECT_EQ(reply[http::field::connection], "close");
    EXPECT_TRUE(running.is_closed());
    stopped.wait();
}

TEST(server, a_taken_port_is_said)
{
    RunningServer server;
    asio::io_context io;
    FakeWorld world(test_now);
    api::ReadPool pool({}, [&] { return std::make_unique<FakeStore>(world); });
    api::ServerOptions options;
    options.port = server.port();
    api::Server second(io, options, pool, {});
    const auto started = second.start();
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().detail.find("127.0.0.1:" + std::to_string(server.port())), std::string::npos);
}

} // namespace
} // namespace releve::tests
