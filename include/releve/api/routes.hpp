#pragma once
// The route table: verb, path, rule, handler, OpenAPI operation. A row without a rule does not compile (Rule has no
// default), and the table as a whole is checked at compile time. HEAD is answered wherever GET is. What changes something is a
// POST and needs a token in the Authorization header, which no other site's page can send.

#include <releve/api/http.hpp>
#include <releve/api/intake.hpp>
#include <releve/api/read_store.hpp>

#include <releve/engine/tariff.hpp>

#include <initializer_list>
#include <memory>
#include <optional>

namespace releve::api {

enum class Verb : std::uint8_t { get, post };

/// What a token must be scoped to, besides having the role.
enum class Scope : std::uint8_t {
    own_rows,    // the answer holds only what the token may see
    usage_point, // {id} is a usage point the token may see, otherwise it does not exist
    whole,       // the role is enough
};

/// Where a handler runs.
enum class Place : std::uint8_t { server_thread, database_thread };

/// Who may call a route.
class Rule {
public:
    /// Anybody, without a token.
    static constexpr Rule everyone(Place place = Place::server_thread) { return Rule(true, 0, Scope::whole, place); }
    static constexpr Rule roles(std::initializer_list<store::Role> roles, Scope scope)
    {
        unsigned set = 0;
        for (const auto role : roles)
            set |= 1U << static_cast<unsigned>(role);
        return Rule(false, set, scope, Place::database_thread);
    }
    /// Also without a token, from this machine itself and not through a proxy.
    [[nodiscard]] constexpr Rule or_loopback() const
    {
        Rule copy = *this;
        copy.loopback_ = true;
        return copy;
    }

    [[nodiscard]] constexpr bool is_public() const { return public_; }
    [[nodiscard]] constexpr bool allows(store::Role role) const
    {
        return public_ || (roles_ >> static_cast<unsigned>(role) & 1U) != 0;
    }
    [[nodiscard]] constexpr bool has_roles() const { return roles_ != 0; }
    [[nodiscard]] constexpr Scope scope() const { return scope_; }
    [[nodiscard]] constexpr Place place() const { return place_; }
    [[nodiscard]] constexpr bool allows_loopback() const { return loopback_; }

private:
    constexpr Rule(bool is_public, unsigned roles, Scope scope, Place place)
        : public_(is_public), roles_(roles), scope_(scope), place_(place)
    {
    }
    bool public_;
    unsigned roles_;
    Scope scope_;
    Place place_;
    bool loopback_ = false;
};

inline constexpr std::size_t large_body_bytes_max = 16 * 1024 * 1024; // of any route

/// What a POST brings.
struct BodyRule {
    enum class Form : std::uint8_t { json, file }; // a file says itself what it is, whatever its Content-Type
    Form form = Form::json;
    std::size_t bytes_max = body_bytes_max;

    /// Read only once its token has signed in and has the role, and only so many at a time (ServerOptions::large_bodies_max).
    [[nodiscard]] constexpr bool is_large() const { return bytes_max > body_bytes_max; }
};

/// What `app` gives to handlers. The functions are called from any thread of the server.
struct Services {
    std::function<Instant()> clock;
    std::function<std::string()> metrics; // Prometheus text of the whole process
    std::function<bool()> ready;
    bool open_to_loopback = true; // or_loopback() of a rule takes effect
    /// The book of tariffs of a version; `load` is called where it is not there yet. errc::bad_tariff.
    using Book = std::shared_ptr<const engine::TariffBook>;
    std::function<result<Book>(std::int64_t version, const std::function<result<std::vector<store::TariffText>>()>& load)> tariff_book{};
    std::shared_ptr<Intake> intake{}; // empty: files are not taken
};

/// One request on its way: handlers read it and give a response.
struct Call {
    const Request& request;
    const Services& services;
    std::string_view own_metrics;         // the server's own counters as Prometheus text
    store::Identity identity;             // empty for public routes
    ReadStore* store = nullptr;           // on a database thread only
};
using Handler = result<Response> (*)(const Call& call);

struct Route {
    Verb verb;
    std::string_view path; // "{name}" stands for one segment
    Rule rule;
    Handler handler;
    std::string_view operation_id; // in proto/openapi.yaml
    std::string_view parameters;   // names allowed in the query, separated by spaces; others are refused
    BodyRule body{};               // of a POST
};

[[nodiscard]] std::span<const Route> routes();

struct Match {
    const Route* route = nullptr;
    std::vector<std::string> path_values;
};
/// `verb`: nothing for one that no row has. errc::not_found; errc::method_not_allowed where the path has rows of other verbs
/// only; errc::bad_parameter for a broken escape.
[[nodiscard]] result<Match> find_route(std::string_view path, std::optional<Verb> verb);
/// As the Allow header lists them: "GET, HEAD". Empty for a path that does not exist.
[[nodiscard]] std::string allowed_methods(std::string_view path);

/// Whether `identity` may call `route` with these path values, as far as the table and the token say; the database says
/// the rest. errc::forbidden, errc::not_found.
[[nodiscard]] result<void> authorise(const Route& route, const store::Identity& identity,
                                     std::span<const std::string> path_values);
/// errc::bad_parameter naming the first query parameter that the route does not have.
[[nodiscard]] result<void> check_parameters(const Route& route, const Request& request);

} // namespace releve::api
