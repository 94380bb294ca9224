#include "answer.hpp"

#include <spdlog/spdlog.h>

namespace releve::api {
namespace asio = boost::asio;

namespace {

/// What a database thread gives back: whether the token was good, apart from what became of the request.
struct Outcome {
    bool token_refused = false;
    result<Response> response;
};

/// On a database thread. Everything arrives by value: the connection may be gone before this ends.
struct SignedInWork {
    const Route* route;
    Request request;
    Services services;
    std::string own_metrics;
    std::string key;
    bool only_admit = false; // whether it may is all that is asked

    result<Outcome> operator()(ReadStore& store) const
    {
        auto identity = store.authenticate(key, services.clock());
        if (!identity)
            return Outcome{identity.error().code == errc::unauthorized, std::move(identity).error()};
        return Outcome{false, call(store, *identity)};
    }

    [[nodiscard]] result<Response> call(ReadStore& store, const store::Identity& identity) const
    {
        RELEVE_CHECK(authorise(*route, identity, request.path_values));
        RELEVE_CHECK(check_parameters(*route, request));
        if (only_admit)
            return Response{};
        return route->handler(Call{request, services, own_metrics, identity, &store});
    }
};

struct PublicWork {
    const Route* route;
    Request request;
    Services services;

    result<Response> operator()(ReadStore& store) const
    {
        RELEVE_CHECK(check_parameters(*route, request));
        return route->handler(Call{request, services, {}, {}, &store});
    }
};

result<void> check_type(const BodyRule& body, std::string_view content_type)
{
    if (body.form == BodyRule::Form::json && !is_json(content_type))
        return fail(errc::unsupported_media_type, "Content-Type: must be application/json");
    if (body.form == BodyRule::Form::file && is_form(content_type))
        return fail(errc::unsupported_media_type, "Content-Type: the body must be the file itself, not a form that holds it");
    return {};
}

/// Path and query of a request target. Only the origin form is served.
result<const Route*> resolve(Request& request, std::string_view target, std::optional<Verb> verb)
{
    const auto mark = std::min(target.find('?'), target.size());
    request.path = target.substr(0, mark);
    RELEVE_TRY(match, find_route(request.path, verb));
    if (match.route->verb == Verb::post)
        RELEVE_CHECK(check_type(match.route->body, request.content_type));
    request.path_values = std::move(match.path_values);
    RELEVE_TRY(query, parse_query(target.substr(std::min(mark + 1, target.size()))));
    request.query = std::move(query);
    return match.route;
}

} // namespace

result<Response> Answerer::call_here(const Route& route, const Request& request)
{
    RELEVE_CHECK(check_parameters(route, request));
    const auto metrics = own_metrics();
    return route.handler(Call{request, services_, metrics, {}, nullptr});
}

asio::awaitable<result<Response>> Answerer::call_public(const Route& route, Request request)
{
    PublicWork work{&route, std::move(request), services_};
    co_return co_await pool_.run(patience_, std::move(work));
}

asio::awaitable<result<Response>> Answerer::call_signed_in(const Route& route, Request request, bool only_admit)
{
    const auto token = bearer_token(request.authorization);
    if (token.empty())
        co_return fail(errc::unauthorized);
    const auto key = token_key(token);
    const auto peer = request.peer;
    const auto now = services_.clock();
    if (limiter_.is_blocked(peer, key, now)) {
        ++counters.sign_ins_held_up;
        co_return fail(errc::too_many_attempts);
    }
    request.authorization.clear(); // from here on nobody needs the token's text
    ReadPool& pool = route.body.is_large() && !only_admit ? files_ : pool_;
    SignedInWork work{&route, std::move(request), services_, own_metrics(), key, only_admit};
    auto outcome = co_await pool.run(patience_, std::move(work));
    if (!outcome)
        co_return std::move(outcome).error();
    if (outcome->token_refused) {
        ++counters.sign_ins_failed;
        limiter_.record_failure(peer, key, now);
    } else {
        limiter_.record_success(key);
    }
    co_return std::move(outcome->response);
}

asio::awaitable<Admission> Answerer::admit(Request request, std::string target)
{
    Admission out;
    try {
        const auto route = resolve(request, target, Verb::post);
        if (!route || bearer_token(request.authorization).empty())
            co_return out;
        const BodyRule& body = (*route)->body;
        if (body.is_large()) {
            const auto admitted = co_await call_signed_in(**route, std::move(request), true);
            if (!admitted) {
                out.refused = admitted.error();
                co_return out;
            }
            out.room = rooms_.take();
            if (!out.room) {
                ++counters.bodies_refused;
                out.refused = fail(errc::unavailable, "too many files at a time");
                co_return out;
            }
        }
        out.bytes_max = body.bytes_max;
    } catch (const std::exception& bug) {
        spdlog::error("api: a body was not admitted: {}", bug.what());
        out.refused = fail(errc::internal);
    }
    co_return out;
}

asio::awaitable<Response> Answerer::answer(Request request, std::string target, std::optional<Verb> verb)
{
    result<Response> response = fail(errc::internal);
    std::string_view operation = "none";
    try {
        const auto route = resolve(request, target, verb);
        if (!route) {
            response = route.error();
        } else {
            const Rule& rule = (*route)->rule;
            operation = (*route)->operation_id;
            const bool here = services_.open_to_loopback && rule.allows_loopback() && request.loopback &&
                              !request.forwarded;
            if (here || (rule.is_public() && rule.place() == Place::server_thread))
                response = call_here(**route, request);
            else if (rule.is_public())
                response = co_await call_public(**route, request);
            else {
                Request sent = std::move(request); // a body may be large: it is not copied
                request = Request{};
                request.path = sent.path;
                request.accept_language = sent.accept_language;
                response = co_await call_signed_in(**route, std::move(sent), false);
            }
        }
    } catch (const std::exception& bug) {
        spdlog::error("api: {} failed: {}", operation, bug.what());
        response = fail(errc::internal);
    }
    if (!response && error_row(response.error().code).http_status >= 500)
        spdlog::warn("api: {} answered {}", operation, to_string(response.error()));
    if (response)
        co_return std::move(*response);
    Response refusal = problem(response.error(), request);
    if (response.error().code == errc::method_not_allowed)
        refusal.headers.emplace_back("Allow", allowed_methods(request.path));
    co_return refusal;
}

} // namespace releve::api
