#pragma once
// What the sources that read tariff documents share. Private to them. The nodes have passed the schema.

#include <releve/engine/tariff.hpp>

#include "json_node.hpp"

namespace releve::app::tariffs {

/// `json` is what `node` stands for.
[[nodiscard]] engine::Tariff read_tariff(const nlohmann::json& json, const JsonNode& node);
[[nodiscard]] engine::Calendar read_calendar(const JsonNode& node);
[[nodiscard]] engine::PublishedDays read_published_days(const nlohmann::json& json, const JsonNode& node);

} // namespace releve::app::tariffs
