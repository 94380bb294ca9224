#pragma once
// What the sources that read model files share. Private to them.

#include <releve/core/meter_model.hpp>

#include "json_node.hpp"

namespace releve::app::models {

template <class T>
using Row = std::pair<std::string_view, T>;

template <class T, std::size_t N>
T one_of(const JsonNode& node, const Row<T> (&rows)[N])
{
    return node.one_of<T>(rows);
}

/// What a result holds, or its default after telling the node's problem.
template <class T>
T taken(const JsonNode& node, result<T> parsed)
{
    if (parsed)
        return std::move(*parsed);
    node.fail(parsed.error().detail);
    return T{};
}

[[nodiscard]] Obis read_obis(const JsonNode& node);
[[nodiscard]] OwnWords read_words(const JsonNode& node);
/// `number` is the member that holds its bit or value.
[[nodiscard]] AlarmModel read_alarm(const JsonNode& node, std::string_view number, std::int64_t highest);

/// model_parse_wize.cpp.
[[nodiscard]] WizeLayout read_wize_layout(const JsonNode& node);
[[nodiscard]] WizeOptions read_wize_options(const JsonNode& node);
[[nodiscard]] std::vector<AlarmReading> read_alarms(const JsonNode& node);

} // namespace releve::app::models
