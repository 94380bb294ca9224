#pragma once
// A running server over the fake store, asked as somebody, with what came back as JSON.

#include "running_server.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace releve::tests {

using Json = nlohmann::json;

struct Asking : testing::Test {
    RunningServer server;
    Client client = server.client();

    Json json(const std::string& target, const std::string& token = "operator")
    {
        const auto reply = client.get(target, token);
        EXPECT_EQ(reply.result_int(), 200U) << target << reply.body();
        EXPECT_EQ(reply[http::field::content_type], "application/json");
        return Json::parse(reply.body());
    }
    std::string csv(const std::string& target, const std::string& token = "operator")
    {
        const auto reply = client.get(target, token, "Accept: text/csv\r\n");
        EXPECT_EQ(reply.result_int(), 200U) << target << reply.body();
        EXPECT_TRUE(reply[http::field::content_type].starts_with("text/csv")) << target;
        return reply.body();
    }
    /// The problem's detail.
    std::string refusal(const std::string& target, unsigned status = 400, const std::string& token = "operator")
    {
        return detail_of(client.get(target, token), target, status);
    }
    std::string post_refusal(const std::string& target, const std::string& body, unsigned status = 400)
    {
        return detail_of(client.post(target, "operator", body), target + body, status);
    }

private:
    static std::string detail_of(const Reply& reply, const std::string& asked, unsigned status)
    {
        EXPECT_EQ(reply.result_int(), status) << asked << reply.body();
        EXPECT_EQ(reply[http::field::content_type], "application/problem+json");
        return Json::parse(reply.body()).value("detail", "");
    }
};

} // namespace releve::tests
