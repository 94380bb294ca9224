#pragma once
// From a request to its response: route, sign-in, rule, handler. Knows no socket.

#include "counters.hpp"

#include <releve/api/auth.hpp>
#include <releve/api/read_pool.hpp>
#include <releve/api/routes.hpp>

namespace releve::api {

/// What becomes of a body before it is read.
struct Admission {
    std::size_t bytes_max = 0;           // 0: it is not read; answer() says why, where `refused` does not
    std::shared_ptr<const void> room{};  // of a large one: Request::room
    std::optional<Error> refused{};
};

/// So many large bodies at a time.
class Rooms {
public:
    explicit Rooms(std::size_t max) : max_(max) {}
    /// Nothing when all are taken. Given back, from any thread, when the last copy goes.
    [[nodiscard]] std::shared_ptr<const void> take()
    {
        if (taken_->load() >= max_)
            return nullptr;
        ++*taken_;
        return {taken_.get(), [taken = taken_](const void*) { --*taken; }};
    }

private:
    std::size_t max_;
    std::shared_ptr<std::atomic<std::size_t>> taken_ = std::make_shared<std::atomic<std::size_t>>(0);
};

class Answerer {
public:
    /// `files`: for requests with large bodies, so that reading those holds up nobody else; else as `pool`.
    Answerer(ReadPool& pool, ReadPool* files, Services services, AttemptLimiter::Options attempts, std::chrono::milliseconds patience, std::size_t large_bodies_max)
        : pool_(pool), files_(files != nullptr ? *files : pool), services_(std::move(services)), limiter_(attempts), patience_(patience), rooms_(large_bodies_max)
    {
    }

    /// `verb`: nothing for a method that no route has. Never fails: what goes wrong is a problem.
    [[nodiscard]] boost::asio::awaitable<Response> answer(Request request, std::string target, std::optional<Verb> verb);
    /// How much of a POST's body is read before answer(): nothing unless it has a route, says that it is what the route takes, and
    /// brings a token; of a large one nothing unless the token is good for the route and there is room.
    [[nodiscard]] boost::asio::awaitable<Admission> admit(Request request, std::string target);

    Counters counters;
    std::size_t open_connections = 0;

private:
    [[nodiscard]] result<Response> call_here(const Route& route, const Request& request);
    [[nodiscard]] boost::asio::awaitable<result<Response>> call_public(const Route& route, Request request);
    [[nodiscard]] boost::asio::awaitable<result<Response>> call_signed_in(const Route& route, Request request, bool only_admit);
    [[nodiscard]] std::string own_metrics() const
    {
        return write_metrics(counters, open_connections, pool_.refused() + (&files_ != &pool_ ? files_.refused() : 0));
    }

    ReadPool& pool_;
    ReadPool& files_;
    Services services_;
    AttemptLimiter limiter_;
    std::chrono::milliseconds patience_;
    Rooms rooms_;
};

} // namespace releve::api
