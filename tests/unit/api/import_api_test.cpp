// Files over HTTP: what is read of them when, how many at a time, and what is answered.

#include "asking.hpp"

namespace releve::tests {
namespace {

const std::string imports = "/api/v1/imports";

struct import_api : Asking {};

std::string header(const std::string& token, std::size_t length, const std::string& more = {})
{
    return "POST " + imports + " HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer " + token + "\r\nContent-Type: text/csv\r\nContent-Length: " + std::to_string(length) +
           "\r\n" + more + "\r\n";
}

TEST_F(import_api, a_file_is_taken_and_told_of)
{
    const auto taken = client.post(imports + "?usage_point=" + own_point + "&name=C%3A%5Cmine%2Fhour.csv", "energy_manager", "a;b\n1;2\n", {}, "text/csv");
    ASSERT_EQ(taken.result_int(), 202U) << taken.body();
    EXPECT_EQ(taken[http::field::location], "/api/v1/imports/1");
    const auto told = Json::parse(taken.body());
    EXPECT_EQ(told["id"], 1);
    EXPECT_EQ(told["file_name"], "hour.csv");
    EXPECT_EQ(told["usage_point_ids"], Json::array({own_point}));
    EXPECT_EQ(told["proven"], true);
    EXPECT_EQ(told["problems"], 3);
    EXPECT_EQ(told["more_problems"], 1);
    EXPECT_EQ(told["problem_lines"][0], Json({{"line", 6}, {"field", "Valeur"}, {"reason", "\"many\" is no number"}}));
    EXPECT_EQ(told["problem_lines"][1]["line"], nullptr);
    EXPECT_EQ(told["notes"], Json::array({"14123456789012: only daily totals are kept of it"}));
    const auto again = client.post(imports, "operator", "a;b\n1;2\n");
    EXPECT_EQ(again.result_int(), 200U);
    EXPECT_EQ(Json::parse(again.body())["id"], 1);
    EXPECT_EQ(Json::parse(client.post(imports, "household", "c", {}, "").body())["proven"], false) << "whatever its type";
    EXPECT_EQ(json(imports + "/1", "household")["file_name"], "hour.csv");
    EXPECT_EQ(json(imports + "/2")["file_name"], "upload");
}

TEST_F(import_api, what_was_taken_is_listed_and_what_did_not_come)
{
    for (const char* file : {"a", "b", "c"})
        EXPECT_EQ(client.post(imports, "operator", file).result_int(), 202U);
    const auto first = json(imports + "?limit=2");
    EXPECT_EQ(first["imports"][0]["id"], 3);
    EXPECT_EQ(first["imports"][0]["usage_points"], 1);
    EXPECT_EQ(json(imports + "?limit=2&after=" + first["next"].get<std::string>())["imports"][0]["id"], 1);
    EXPECT_NE(csv(imports).find("3,staged,upload,enedis_curve,R151,"), std::string::npos) << csv(imports);
    EXPECT_EQ(json(imports + "/missing")["missing"], Json::parse(R"([{"flow":"R151","series":"ERDF_1","numbers":[2,4]}])"));
    EXPECT_NE(csv(imports + "/missing").find("R151,ERDF_1,\"[2,4]\""), std::string::npos) << csv(imports + "/missing");
    refusal(imports + "/4", 404);
    refusal(imports + "/x", 404);
    EXPECT_NE(refusal(imports + "?after=x").find("after:"), std::string::npos);
}

TEST_F(import_api, what_cannot_be_read_is_said)
{
    const auto reply = client.post(imports, "operator", "nothing");
    EXPECT_EQ(reply.result_int(), 400U);
    EXPECT_EQ(Json::parse(reply.body())["type"], "/problems/bad_csv");
    EXPECT_EQ(Json::parse(reply.body())["detail"], "nothing of the file could be read: line 1: Valeur: is no number");
    EXPECT_NE(post_refusal(imports + "?name=" + std::string(256, 'a'), "x").find("name:"), std::string::npos);
    const auto form = client.post(imports, "operator", "--x", {}, "multipart/form-data; boundary=x");
    EXPECT_EQ(form.result_int(), 415U);
}

TEST_F(import_api, a_file_may_be_larger_than_other_bodies_but_has_a_limit)
{
    const std::string large(std::size_t{1} << 20U, ';');
    EXPECT_EQ(client.post(imports, "operator", large).result_int(), 202U);
    EXPECT_EQ(server.intake->files.at(0), large);
    EXPECT_EQ(client.get("/healthz").result_int(), 200U) << "the connection goes on";
    auto largest = server.client();
    largest.send(header("operator", api::large_body_bytes_max + 1));
    const auto refused = largest.receive();
    EXPECT_EQ(refused.result_int(), 413U);
    EXPECT_NE(refused.body().find(std::to_string(api::large_body_bytes_max)), std::string::npos) << refused.body();
    auto chunked = server.client();
    chunked.send("POST " + imports + " HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer operator\r\nTransfer-Encoding: chunked\r\n\r\n1000001\r\n");
    EXPECT_EQ(chunked.receive().result_int(), 413U);
    EXPECT_EQ(server.intake->files.size(), 1U);
}

TEST_F(import_api, nothing_of_a_file_is_read_of_who_may_not_send_it)
{
    const std::string asks_first = "Expect: 100-continue\r\n"; // and would be told to go on
    for (const auto& [token, more, status] :
         {std::tuple{"auditor", asks_first, 403U}, std::tuple{"wrong", asks_first, 401U}, std::tuple{"auditor", std::string{}, 403U}}) {
        auto one = server.client();
        one.send(header(token, 1'000'000, more)); // and never a byte of it
        const auto reply = one.receive();
        ASSERT_EQ(reply.result_int(), status) << token;
        EXPECT_EQ(reply[http::field::connection], "close");
        EXPECT_TRUE(one.is_closed());
    }
    auto parameter = server.client();
    parameter.send("POST " + imports + "?create=1 HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer operator\r\nContent-Length: 1000000\r\n\r\n");
    EXPECT_EQ(parameter.receive().result_int(), 400U);
    EXPECT_TRUE(server.intake->files.empty());
}

TEST_F(import_api, an_answer_reaches_a_client_that_sends_all_before_it_reads)
{
    auto one = server.client();
    const std::string large(std::size_t{8} << 20U, ';');
    EXPECT_EQ(one.post(imports, "auditor", large).result_int(), 403U);
    EXPECT_TRUE(server.intake->files.empty());
}

TEST(import_rooms, so_many_files_are_held_at_a_time_and_no_more)
{
    api::ServerOptions options;
    options.large_bodies_max = 1;
    RunningServer server(options);
    auto first = server.client();
    first.send(header("operator", 1, "Expect: 100-continue\r\n"));
    EXPECT_EQ(first.receive_interim(), "HTTP/1.1 100 Continue\r\n\r\n"); // it has the room
    auto second = server.client();
    second.send(header("operator", api::large_body_bytes_max + 1)); // with a room it would be too large
    const auto refused = second.receive();
    EXPECT_EQ(refused.result_int(), 503U);
    EXPECT_EQ(refused.count(http::field::retry_after), 1U);
    EXPECT_TRUE(second.is_closed());
    auto small = server.client();
    EXPECT_EQ(small.post("/api/v1/failures/1/handling", "operator", R"({"step":"taken"})").result_int(), 200U);
    EXPECT_NE(small.get("/metrics").body().find("releve_api_bodies_refused_total 1\n"), std::string::npos);
    first.send("a");
    EXPECT_EQ(first.receive().result_int(), 202U);
    auto third = server.client();
    EXPECT_EQ(third.post(imports, "operator", "b").result_int(), 202U);
}

TEST(import_rooms, a_file_that_is_being_read_counts_as_held)
{
    std::counting_semaphore<64> gate(0), entered(0);
    api::ServerOptions options;
    options.large_bodies_max = 1;
    RunningServer server(options);
    server.intake->gate = &gate;
    server.intake->entered = &entered;
    auto slow = server.client();
    slow.send(header("operator", 1) + "a");
    entered.acquire();
    auto second = server.client();
    second.send(header("operator", api::large_body_bytes_max + 1)); // with a room it would be too large
    EXPECT_EQ(second.receive().result_int(), 503U) << "its bytes are still held";
    EXPECT_NE(server.client().get("/metrics").body().find("releve_api_bodies_refused_total 1\n"), std::string::npos);
    gate.release(1);
    EXPECT_EQ(slow.receive().result_int(), 202U);
}

TEST(import_rooms, a_file_that_does_not_come_gives_its_room_back)
{
    api::ServerOptions options;
    options.large_bodies_max = 1;
    options.large_body_max = std::chrono::milliseconds(20);
    RunningServer server(options);
    auto silent = server.client();
    silent.send(header("operator", 100) + "a");
    EXPECT_TRUE(silent.is_closed());
    auto next = server.client();
    next.send(header("operator", api::large_body_bytes_max + 1));
    EXPECT_EQ(next.receive().result_int(), 413U) << "there was room for it";
}

TEST_F(import_api, a_tariff_is_added_once)
{
    const std::string tariffs = "/api/v1/tariffs";
    const std::string document = "{" + std::string(100'000, ' ') + "}";
    const auto added = client.post(tariffs, "operator", document);
    ASSERT_EQ(added.result_int(), 201U) << added.body();
    EXPECT_EQ(added[http::field::location], "/api/v1/tariffs/own");
    EXPECT_EQ(Json::parse(added.body()), Json::parse(R"({"id":"own","kind":"tariff","edition":2,"added":true})"));
    const auto again = client.post(tariffs, "operator", document);
    EXPECT_EQ(again.result_int(), 200U);
    EXPECT_EQ(Json::parse(again.body())["added"], false);
    EXPECT_EQ(post_refusal(tariffs, "[]"), "document:1: /tariff: missing");
    EXPECT_EQ(client.post(tariffs, "operator", "{}", {}, "text/plain").result_int(), 415U);
    auto another = server.client();
    EXPECT_EQ(another.post(tariffs, "energy_manager", "{}").result_int(), 403U);
    auto large = server.client();
    EXPECT_EQ(large.post(tariffs, "operator", std::string((std::size_t{1} << 20U) + 1, ' ')).result_int(), 413U);
}

} // namespace
} // namespace releve::tests
