#pragma once
// What several resources read of a request, and cells that they share.

#include <releve/api/listing.hpp>
#include <releve/api/period.hpp>
#include <releve/api/routes.hpp>

#include <algorithm>
#include <charconv>

namespace releve::api {

[[nodiscard]] inline UsagePointId point_of(const Call& call)
{
    return UsagePointId{call.request.path_values.front()};
}

/// {id} as a number from 1 on; errc::not_found for what is none.
template <class Number>
[[nodiscard]] result<Number> number_in_path(const Call& call)
{
    const auto& text = call.request.path_values.front();
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < 1)
        return fail(errc::not_found);
    return number;
}

[[nodiscard]] inline result<std::string> channel_of(const Call& call)
{
    const auto channel = call.request.parameter("channel");
    if (channel.size() > 64)
        return fail(errc::bad_parameter, "channel: at most 64 characters");
    return std::string(channel);
}

/// errc::not_found for a usage point that the token may not see. Only asked for when the period is in civil days: instants mean
/// the same everywhere.
[[nodiscard]] inline result<Zone> zone_of(const Call& call)
{
    RELEVE_TRY(name, call.store->zone_name(call.identity, point_of(call)));
    if (name == paris().name())
        return paris();
    return load_zone(name);
}

[[nodiscard]] inline result<std::optional<MeterId>> read_meter(const Request& request)
{
    const auto text = request.parameter("meter");
    if (text.empty())
        return std::optional<MeterId>{};
    MeterId id;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id.value);
    if (error != std::errc{} || end != text.data() + text.size() || id.value < 1)
        return fail(errc::bad_parameter, "meter: must be the `id` of a meter");
    return std::optional{id};
}

/// A parameter that is one of these names, or absent: then empty. "severity: must be note or doubt".
[[nodiscard]] inline result<std::string> read_choice(std::string_view parameter, std::string_view text,
                                                     std::span<const std::string_view> choices)
{
    if (text.empty() || std::ranges::find(choices, text) != choices.end())
        return std::string(text);
    std::string said(parameter);
    for (std::size_t i = 0; i < choices.size(); ++i)
        said.append(i == 0 ? ": must be " : i + 1 == choices.size() ? " or " : ", ").append(choices[i]);
    return fail(errc::bad_parameter, said);
}

/// The number by which the same answer can be had again.
inline void add_as_of(Listing& out, const std::optional<BatchNumber>& number)
{
    if (number)
        out.before.push_back({"as_of", number_cell(number->value)});
}

[[nodiscard]] inline Cell instant_cell(const std::optional<Instant>& at)
{
    return at ? text_cell(to_iso8601(*at)) : no_cell();
}
[[nodiscard]] inline Cell day_cell(const std::optional<CivilDay>& day)
{
    return day ? text_cell(to_iso8601(*day)) : no_cell();
}
[[nodiscard]] inline Cell batch_cell(const std::optional<BatchNumber>& batch)
{
    return batch ? number_cell(batch->value) : no_cell();
}

/// Of a CSV. The id comes from the address: only what is safe in a header gets into the name.
[[nodiscard]] inline std::string file_name(const Call& call, std::string_view what)
{
    std::string name = "releve-";
    for (const char c : call.request.path_values.front())
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
            name += c;
    return name.append("-").append(what);
}

} // namespace releve::api
