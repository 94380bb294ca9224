// The page's files as the binary serves them, and that they live within the policy the server sends.

#include "running_server.hpp"

#include <releve/api/web_files.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace releve::tests {
namespace {

TEST(web, files_are_served_as_they_are_in_the_source)
{
    RunningServer server;
    auto client = server.client();
    ASSERT_GE(api::web_files().size(), 4U);
    for (const auto& file : api::web_files()) {
        std::ifstream source(RELEVE_SOURCE_DIR "/src/web/" + std::string(file.name), std::ios::binary);
        std::ostringstream content;
        content << source.rdbuf();
        const auto reply = client.get("/" + std::string(file.name));
        EXPECT_EQ(reply.body(), content.str()) << file.name;
        EXPECT_EQ(reply[http::field::content_type], file.content_type);
        EXPECT_EQ(reply[http::field::etag], file.etag);
        const auto again = client.get("/" + std::string(file.name), {}, "If-None-Match: " + std::string(file.etag) + "\r\n");
        EXPECT_EQ(again.result_int(), 304U);
        EXPECT_TRUE(again.body().empty());
    }
    EXPECT_EQ(client.get("/").body(), client.get("/index.html").body());
    for (const char* outside : {"/../proto/errors.def", "/%2e%2e/errors.def", "/app.js/", "/web_files.cpp", "//"})
        EXPECT_EQ(client.get(outside).result_int(), 404U) << outside;
}

TEST(web, nothing_in_the_page_needs_what_the_policy_forbids)
{
    for (const auto& file : api::web_files())
        for (const char* forbidden : {" style=", "onclick=\"", "javascript:", "eval(", "innerHTML", "https://"})
            EXPECT_EQ(file.content.find(forbidden), std::string_view::npos) << file.name << " " << forbidden;
}

} // namespace
} // namespace releve::tests
