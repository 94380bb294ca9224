// Who may call what: every route of the table × every role × own and other, over real sockets; and the table's own rules.

#include "running_server.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace releve::tests {
namespace {

using api::Rule;
using api::Scope;
using store::Role;

constexpr std::pair<Role, const char*> roles[] = {{Role::operator_, "operator"},
                                                  {Role::energy_manager, "energy_manager"},
                                                  {Role::household, "household"},
                                                  {Role::auditor, "auditor"}};

// A row without its rule must not compile: there is nothing a Rule could be by default.
template <class Row>
concept compiles_without_rule = requires(api::Handler handler) { Row{api::Verb::get, "/", handler, "id", ""}; };
template <class Row>
concept compiles_with_rule =
    requires(api::Handler handler) { Row{api::Verb::get, "/", Rule::everyone(), handler, "id", ""}; };
static_assert(!compiles_without_rule<api::Route> && compiles_with_rule<api::Route>);
static_assert(!std::is_default_constructible_v<Rule> && !std::is_aggregate_v<Rule>);

/// An address of the route that exists, over the given usage point.
std::string address_of(const api::Route& route, const std::string& point)
{
    std::string out(route.path);
    const auto fill = [&out](const std::string& name, const std::string& value) {
        if (const auto at = out.find(name); at != std::string::npos)
            out.replace(at, name.size(), value);
    };
    fill("{name}", "not_found");
    fill("{bill}", "3");
    fill("{id}", route.rule.scope() == Scope::usage_point ? point : route.operation_id == "getTariff" ? "home_hphc" : "1");
    std::istringstream names{std::string(route.parameters)};
    for (std::string name; names >> name;)
        for (const auto& [required, value] : {std::pair{"from", "2024-03-01"}, std::pair{"to", "2024-03-02"}, std::pair{"date", "2024-03-01"},
                                              std::pair{"at", "2024-03-01T10:00:00Z"}, std::pair{"period", "week"},
                                              std::pair{"line", "0"}})
            if (name == required)
                out.append(out.find('?') == std::string::npos ? "?" : "&").append(name).append("=").append(value);
    return out;
}

/// Asks for the route as it wants to be asked: what is sent to a POST is right.
Reply ask(Client& client, const api::Route& route, const std::string& address, const std::string& token, const std::string& more = {})
{
    if (route.verb == api::Verb::get)
        return client.get(address, token, more);
    for (const auto& [operation, body] : {std::pair{"askCorrection", R"({"action":"accept","from":"2024-03-01","to":"2024-03-02","reason":"looked at"})"},
                                          std::pair{"makeBill", R"({"from":"2024-03-01","to":"2024-03-02"})"},
                                          std::pair{"changeBillState", R"({"state":"cancelled","reason":"looked at"})"},
                                          std::pair{"tellIndex", R"({"value":"18665"})"}})
        if (route.operation_id == operation)
            return client.post(address, token, body, more);
    return client.post(address, token, R"({"step":"taken"})", more);
}

unsigned success(const api::Route& route)
{
    if (route.operation_id == "makeBill" || route.operation_id == "tellIndex")
        return 201;
    if (route.operation_id == "addTariff")
        return 201;
    return route.operation_id == "askCorrection" || route.operation_id == "createImport" ? 202 : 200;
}

TEST(rights, every_route_for_every_role_and_scope)
{
    RunningServer server;
    int allowed = 0, refused = 0, hidden = 0;
    for (const auto& route : api::routes()) {
        for (const auto& [role, token] : roles) {
            auto client = server.client();
            const unsigned expected = route.rule.allows(role) ? success(route) : 403;
            server.intake->tariffs.clear();
            if (route.operation_id == "createImport")
                server.intake->files.clear();
            server.world.bills.clear(); // what one of them has cancelled the next one can cancel too
            server.world.bills_stocked = false;
            // As from behind a proxy: this machine itself may read more.
            EXPECT_EQ(ask(client, route, address_of(route, own_point), token, "Forwarded: for=192.0.2.1\r\n").result_int(), expected)
                << route.path << " " << token;
            ++(expected == 403 ? refused : allowed);
            if (route.rule.is_public() || route.rule.scope() != Scope::usage_point)
                continue;
            for (const auto& hidden_point : {other_point, std::string("00000000000000"), std::string("%27%20OR%201")}) {
                EXPECT_EQ(ask(client, route, address_of(route, hidden_point), token).result_int(), expected == 403 ? 403U : 404U)
                    << route.path << " " << token << " " << hidden_point;
                ++hidden;
            }
        }
    }
    EXPECT_GT(allowed, 60);
    EXPECT_GT(refused, 5);
    EXPECT_GT(hidden, 40);
}

TEST(rights, a_household_does_not_reach_its_neighbour_even_if_the_database_would_answer)
{
    store::Identity household{"", 1, Role::household, "", {}, {{own_point}}};
    const auto match = api::find_route("/api/v1/usage-points/" + other_point + "/daily", api::Verb::get).value();
    EXPECT_EQ(api::authorise(*match.route, household, match.path_values).error().code, errc::not_found);
    household.usage_points.push_back({other_point});
    EXPECT_TRUE(api::authorise(*match.route, household, match.path_values));
    household.usage_points.clear();
    EXPECT_EQ(api::authorise(*match.route, household, match.path_values).error().code, errc::not_found);
}

TEST(rights, what_the_issue_says_of_each_role)
{
    const auto allows = [](const char* path, Role role) {
        return api::find_route(path, api::Verb::get).value().route->rule.allows(role);
    };
    const std::string point = "/api/v1/usage-points/1";
    for (const char* tail : {"/readings", "/daily"}) {
        EXPECT_TRUE(allows((point + tail).c_str(), Role::household));
        EXPECT_TRUE(allows((point + tail).c_str(), Role::energy_manager));
        EXPECT_FALSE(allows((point + tail).c_str(), Role::auditor));
    }
    EXPECT_TRUE(allows((point + "/accesses").c_str(), Role::auditor));
    for (const char* path : {"/api/v1/meters", "/api/v1/meters/1"}) {
        EXPECT_TRUE(allows(path, Role::energy_manager));
        EXPECT_FALSE(allows(path, Role::household));
        EXPECT_FALSE(allows(path, Role::auditor));
    }
    for (const char* path : {"/api/v1/quarantine", "/metrics"}) {
        EXPECT_TRUE(allows(path, Role::auditor));
        EXPECT_FALSE(allows(path, Role::energy_manager));
        EXPECT_FALSE(allows(path, Role::household));
    }
    for (const char* tail : {"/live", "/live/half-hours", "/coefficients"}) {
        EXPECT_TRUE(allows((point + tail).c_str(), Role::household));
        EXPECT_FALSE(allows((point + tail).c_str(), Role::auditor));
    }
    EXPECT_TRUE(allows("/api/v1/events", Role::energy_manager));
    EXPECT_FALSE(allows("/api/v1/events", Role::household));
    for (const auto& [role, token] : roles)
        for (const char* path : {"/api/v1/operations", "/api/v1/gateways", "/api/v1/meters/1/commands"})
            EXPECT_EQ(allows(path, role), role == Role::operator_) << path;
}

TEST(rights, what_may_be_billed_on)
{
    const auto allows = [](const std::string& path, Role role, api::Verb verb = api::Verb::get) {
        return api::find_route(path, verb).value().route->rule.allows(role);
    };
    for (const auto& [role, token] : roles) {
        // A person may see why something of theirs is missing, doubted or changed.
        for (const char* tail : {"revisions", "totals", "gaps", "failures"})
            EXPECT_EQ(allows("/api/v1/usage-points/1/" + std::string(tail), role), role != Role::auditor) << tail << token;
        for (const char* path : {"/api/v1/groups", "/api/v1/groups/a/members", "/api/v1/groups/a/totals", "/api/v1/groups/a/curve",
                                 "/api/v1/failures", "/api/v1/failures/1", "/api/v1/gaps", "/api/v1/breaches", "/api/v1/collection",
                                 "/api/v1/reports/morning"})
            EXPECT_EQ(allows(path, role), role == Role::operator_ || role == Role::energy_manager) << path << token;
        for (const char* path : {"/api/v1/failures/1/handling", "/api/v1/events/1/handling", "/api/v1/usage-points/1/corrections"})
            EXPECT_EQ(allows(path, role, api::Verb::post), role == Role::operator_) << path << token;
        for (const char* path : {"/api/v1/jobs", "/api/v1/corrections/1"})
            EXPECT_EQ(allows(path, role), role == Role::operator_) << path << token;
    }
}

TEST(rights, of_files_and_prices)
{
    const auto allows = [](const std::string& path, Role role, api::Verb verb = api::Verb::get) {
        return api::find_route(path, verb).value().route->rule.allows(role);
    };
    for (const auto& [role, token] : roles) {
        for (const char* path : {"/api/v1/imports", "/api/v1/imports/1", "/api/v1/imports/missing"})
            EXPECT_EQ(allows(path, role), role != Role::auditor) << path << token;
        EXPECT_EQ(allows("/api/v1/imports", role, api::Verb::post), role != Role::auditor) << token;
        EXPECT_EQ(allows("/api/v1/tariffs", role, api::Verb::post), role == Role::operator_) << token;
    }
}

TEST(rights, without_a_good_token_nothing_but_public_routes)
{
    api::ServerOptions options;
    options.attempts.failures_max = 1'000; // this one guesses a lot
    RunningServer server(options);
    for (const auto& route : api::routes()) {
        auto client = server.client();
        const auto address = address_of(route, own_point);
        const bool loopback = route.rule.allows_loopback();
        const unsigned expected = route.rule.is_public() || loopback ? 200 : 401;
        const auto reply = ask(client, route, address, {});
        EXPECT_EQ(reply.result_int(), expected) << route.path;
        EXPECT_EQ(reply.count(http::field::www_authenticate), expected == 401 ? 1U : 0U) << route.path;
        if (!route.rule.is_public() && !loopback) {
            auto another = server.client(); // a body that nobody signs for is not read
            EXPECT_EQ(ask(another, route, address, "wrong").result_int(), 401U) << route.path;
            auto basic = server.client();
            EXPECT_EQ(ask(basic, route, address, {}, "Authorization: Basic b3BlcmF0b3I6\r\n").result_int(), 401U);
        }
    }
}

TEST(rights, metrics_for_this_machine_operators_and_auditors)
{
    RunningServer server;
    auto client = server.client();
    const auto open = client.get("/metrics");
    EXPECT_EQ(open.result_int(), 200U);
    EXPECT_NE(open.body().find("app_metric 1\n"), std::string::npos);
    EXPECT_NE(open.body().find("releve_api_connections_total 1\n"), std::string::npos);
    EXPECT_TRUE(open[http::field::content_type].starts_with("text/plain; version=0.0.4"));
    for (const char* header : {"X-Forwarded-For: 127.0.0.1\r\n", "Forwarded: for=127.0.0.1\r\n", "X-Real-IP: ::1\r\n"}) {
        EXPECT_EQ(client.get("/metrics", {}, header).result_int(), 401U) << header;
        EXPECT_EQ(client.get("/metrics", "household", header).result_int(), 403U) << header;
        EXPECT_EQ(client.get("/metrics", "auditor", header).result_int(), 200U) << header;
    }
}

TEST(rights, lists_hold_only_what_the_token_may_see)
{
    RunningServer server;
    auto client = server.client();
    const auto body = client.get("/api/v1/usage-points", "household").body();
    EXPECT_NE(body.find(own_point), std::string::npos);
    EXPECT_EQ(body.find(daily_point), std::string::npos);
    EXPECT_EQ(client.get("/api/v1/usage-points", "operator").body().find(other_point), std::string::npos);
}

TEST(rights, guessing_is_held_up_and_good_tokens_are_not)
{
    api::ServerOptions options;
    options.attempts.failures_max = 3;
    RunningServer server(options);
    auto client = server.client();
    EXPECT_EQ(client.get("/api/v1/me", "household").result_int(), 200U);
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(client.get("/api/v1/me", "guess" + std::to_string(i)).result_int(), 401U);
    const int calls = server.world.calls;
    EXPECT_EQ(client.get("/api/v1/me", "guess").result_int(), 429U);
    EXPECT_EQ(client.get("/api/v1/me", "operator").result_int(), 429U) << "not seen before: cannot be told from a guess";
    EXPECT_EQ(server.world.calls, calls) << "the database is not asked";
    EXPECT_EQ(client.get("/api/v1/me", "household").result_int(), 200U) << "worked before";
    server.clock_offset_s = 61;
    EXPECT_EQ(client.get("/api/v1/me", "operator").result_int(), 200U);
}

} // namespace
} // namespace releve::tests
