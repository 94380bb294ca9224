#include <releve/api/http.hpp>

#include <releve/core/bytes.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace releve::api {
namespace {

std::string_view trim(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Calls f with each trimmed piece between separators.
template <class F>
void for_each_piece(std::string_view text, char separator, F f)
{
    while (!text.empty()) {
        const auto end = std::min(text.find(separator), text.size());
        if (const auto piece = trim(text.substr(0, end)); !piece.empty())
            f(piece);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

std::string lower(std::string_view text)
{
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return out;
}

/// "0.8" as 800; what is not a weight counts as 0.
int parse_weight(std::string_view text)
{
    int weight = 0, digits = 0;
    bool point = false;
    for (const char c : text) {
        if (c == '.' && !point) {
            point = true;
        } else if (c >= '0' && c <= '9' && digits < 4) {
            weight = weight * 10 + (c - '0');
            ++digits;
        } else {
            return 0;
        }
    }
    for (; digits < 4; ++digits)
        weight *= 10;
    return std::min(weight, 1000);
}

struct Preference {
    std::string name; // lower case
    int weight = 1000;
};

/// One element of an Accept-like header: "text/csv;q=0.5".
Preference parse_preference(std::string_view piece)
{
    Preference out;
    bool first = true;
    for_each_piece(piece, ';', [&](std::string_view part) {
        if (first)
            out.name = lower(part);
        else if (part.starts_with("q=") || part.starts_with("Q="))
            out.weight = parse_weight(part.substr(2));
        first = false;
    });
    return out;
}

/// How closely a range names an offer: 3 exact, 2 "text/*", 1 "*/*", 0 not at all.
int closeness(std::string_view range, std::string_view offer)
{
    if (range == offer)
        return 3;
    if (range == "*/*")
        return 1;
    const auto slash = offer.find('/');
    return range.ends_with("/*") && range.substr(0, range.size() - 2) == offer.substr(0, slash) ? 2 : 0;
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

} // namespace

std::string_view Request::parameter(std::string_view name) const
{
    const auto found = std::ranges::find(query, name, [](const auto& p) { return std::string_view(p.first); });
    return found == query.end() ? std::string_view{} : std::string_view(found->second);
}

result<std::string> percent_decode(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return fail(errc::bad_parameter, "a % in the address is not followed by two hexadecimal digits");
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            return fail(errc::bad_parameter, "the address holds a control character");
        out.push_back(c);
    }
    if (!is_utf8(out))
        return fail(errc::bad_parameter, "the address is not UTF-8");
    return out;
}

result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view text)
{
    std::vector<std::pair<std::string, std::string>> out;
    std::optional<Error> error;
    for_each_piece(text, '&', [&](std::string_view piece) {
        const auto equals = std::min(piece.find('='), piece.size());
        auto name = percent_decode(piece.substr(0, equals));
        auto value = percent_decode(piece.substr(std::min(equals + 1, piece.size())));
        if (!name || !value)
            error = name ? value.error() : name.error();
        else if (std::ranges::any_of(out, [&](const auto& p) { return p.first == *name; }))
            error = fail(errc::bad_parameter, *name + ": given twice");
        else
            out.emplace_back(std::move(*name), std::move(*value));
    });
    if (error)
        return *error;
    return out;
}

Language preferred_language(std::string_view accept_language)
{
    int en = 0, fr = 0;
    for_each_piece(accept_language, ',', [&](std::string_view piece) {
        const auto preference = parse_preference(piece);
        const auto primary = std::string_view(preference.name).substr(0, preference.name.find('-'));
        if (primary == "fr")
            fr = std::max(fr, preference.weight);
        else if (primary == "en" || primary == "*")
            en = std::max(en, preference.weight);
    });
    return fr > en ? Language::fr : Language::en;
}

result<std::size_t> negotiate(std::string_view accept, std::span<const std::string_view> offers)
{
    if (trim(accept).empty())
        return std::size_t{0};
    std::vector<int> weights(offers.size(), 0), nearest(offers.size(), 0);
    for_each_piece(accept, ',', [&](std::string_view piece) {
        const auto preference = parse_preference(piece);
        for (std::size_t i = 0; i < offers.size(); ++i)
            if (const int near = closeness(preference.name, offers[i]); near > nearest[i]) {
                nearest[i] = near;
                weights[i] = preference.weight;
            }
    });
    const auto best = std::ranges::max_element(weights);
    if (best == weights.end() || *best == 0)
        return fail(errc::not_acceptable);
    return static_cast<std::size_t>(best - weights.begin());
}

bool is_json(std::string_view content_type)
{
    return lower(trim(content_type.substr(0, content_type.find(';')))) == "application/json";
}

bool is_form(std::string_view content_type) { return lower(trim(content_type)).starts_with("multipart/"); }

std::string_view bearer_token(std::string_view authorization)
{
    constexpr std::string_view scheme = "bearer ";
    if (authorization.size() <= scheme.size() || lower(authorization.substr(0, scheme.size())) != scheme)
        return {};
    return trim(authorization.substr(scheme.size()));
}

Response problem(const Error& error, const Request& request)
{
    const auto& row = error_row(error.code);
    const bool french = preferred_language(request.accept_language) == Language::fr;
    nlohmann::ordered_json body{
        {"type", "/problems/" + std::string(row.name)},
        {"title", french ? row.label_fr : row.label_en},
        {"status", row.http_status},
    };
    if (row.http_status < 500 && !error.detail.empty())
        body["detail"] = error.detail;
    body["instance"] = request.path;
    body["plain"] = french ? row.plain_fr : row.plain_en;

    Response out;
    out.status = static_cast<unsigned>(row.http_status);
    out.content_type = "application/problem+json";
    out.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    out.headers.emplace_back("Content-Language", french ? "fr" : "en");
    if (error.code == errc::unauthorized)
        out.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"releve\"");
    if (error.code == errc::unavailable)
        out.headers.emplace_back("Retry-After", "5");
    return out;
}

} // namespace releve::api
