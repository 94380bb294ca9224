#pragma once
// A request and a response as plain values: what handlers see. No Beast here.

#include <releve/core/error.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace releve::api {

enum class Language : std::uint8_t { en, fr };

inline constexpr std::size_t body_bytes_max = 64 * 1024; // where a route does not say more

struct Request {
    std::string path;                                       // as sent, without the query
    std::vector<std::string> path_values;                   // of {id} and the like, percent-decoded
    std::vector<std::pair<std::string, std::string>> query; // percent-decoded; '+' stays '+' (dates carry offsets)
    std::string accept, accept_language, authorization, if_none_match, content_type;
    std::string body;       // of a POST; at most as many bytes as its route takes
    std::shared_ptr<const void> room{}; // of a large body: it counts as held as long as anybody has this
    std::string peer;       // address without port
    bool loopback = false;  // the peer is this machine
    bool forwarded = false; // a proxy says that it speaks for somebody else

    /// Empty when absent.
    [[nodiscard]] std::string_view parameter(std::string_view name) const;
};

struct Response {
    unsigned status = 200;
    std::string content_type;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers; // beside those that every response carries
};

/// "%2F" to "/". errc::bad_parameter for a broken escape or a control character.
[[nodiscard]] result<std::string> percent_decode(std::string_view text);
/// "a=1&b=2". errc::bad_parameter, also for a name given twice.
[[nodiscard]] result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view text);

/// Of Accept-Language, by weight; English when neither language is named.
[[nodiscard]] Language preferred_language(std::string_view accept_language);
/// Index of the offer that Accept prefers (the first among equals), or errc::not_acceptable. An empty Accept takes all.
[[nodiscard]] result<std::size_t> negotiate(std::string_view accept, std::span<const std::string_view> offers);
/// Whether a Content-Type says application/json, with whatever parameters.
[[nodiscard]] bool is_json(std::string_view content_type);
/// Whether a Content-Type says that the body is a form with files in it.
[[nodiscard]] bool is_form(std::string_view content_type);
/// "Bearer xyz" to "xyz"; empty when the header is something else.
[[nodiscard]] std::string_view bearer_token(std::string_view authorization);

/// RFC 9457: type, title, status, detail (4xx only: our own failures stay in the log), instance, plain words.
[[nodiscard]] Response problem(const Error& error, const Request& request);

} // namespace releve::api
