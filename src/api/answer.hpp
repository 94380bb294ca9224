#pragma once
// From a request to its response: route, sign-in, rule, handler. Knows no socket.

#include "counters.hpp"

#include <releve/api/auth.hpp>
#include <releve/api/read_pool.hpp>
#include <releve/api/routes.hpp>

namespace releve::api {

class Answerer {
public:
    Answerer(ReadPool& pool, Services services, AttemptLimiter::Options attempts, std::chrono::milliseconds patience)
        : pool_(pool), services_(std::move(services)), limiter_(attempts), patience_(patience)
    {
    }

    /// `verb`: nothing for a method that no route has. Never fails: what goes wrong is a problem.
    [[nodiscard]] boost::asio::awaitable<Response> answer(Request request, std::string target, std::optional<Verb> verb);
    /// Whether the body of a POST is worth reading before answer(): it has a route, says that it is JSON, and brings a token.
    [[nodiscard]] static bool takes_body(const Request& request, std::string_view target);

    Counters counters;
    std::size_t open_connections = 0;

private:
    [[nodiscard]] result<Response> call_here(const Route& route, const Request& request);
    [[nodiscard]] boost::asio::awaitable<result<Response>> call_public(const Route& route, Request request);
    [[nodiscard]] boost::asio::awaitable<result<Response>> call_signed_in(const Route& route, Request request);
    [[nodiscard]] std::string own_metrics() const
    {
        return write_metrics(counters, open_connections, pool_.refused());
    }

    ReadPool& pool_;
    Services services_;
    AttemptLimiter limiter_;
    std::chrono::milliseconds patience_;
};

} // namespace releve::api
