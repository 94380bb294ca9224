// The kinds of test vectors of the customer port: a frame, and a single group.

#include "vector_kinds.hpp"

#include <releve/codec/tic/frame.hpp>

namespace releve::app::vectors {

using nlohmann::json;

namespace {

json to_json(const tic::Group& group)
{
    json out{{"label", group.label}, {"value", group.value}};
    if (group.horodate)
        out["timestamp"] = *group.horodate;
    return out;
}

/// The vectors call a frame refused when any of its groups is.
result<tic::Frame> decode_clean(ByteView bytes)
{
    auto frame = tic::decode_frame(bytes);
    if (frame && frame->first_problem)
        return *frame->first_problem;
    return frame;
}

/// What a vector calls the check that refused.
std::string_view check_name(errc code)
{
    return code == errc::bad_checksum ? "checksum" : code == errc::truncated ? "stx/etx" : error_name(code);
}

} // namespace

result<json> tic_frame(const json& inputs, const json& expected)
{
    RELEVE_TRY(bytes, bytes_input(inputs, "frame"));
    const auto frame = decode_clean(bytes);
    if (!frame) {
        const std::string check = text_at(expected, "/check");
        if (!check.empty() && check != check_name(frame.error().code))
            return fail(errc::bad_parameter, "refused, but not for " + check + ": " + to_string(frame.error()));
        return frame.error();
    }
    json groups = json::array();
    for (const tic::Group& group : frame->groups)
        groups.push_back(to_json(group));
    return computed(json{{"groups", std::move(groups)}});
}

result<json> tic_group(const json& inputs, const json&)
{
    RELEVE_TRY(bytes, bytes_input(inputs, "group"));
    RELEVE_TRY(group, tic::decode_group(bytes));
    return computed(to_json(group));
}

} // namespace releve::app::vectors
