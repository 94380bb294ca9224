#pragma once
// The operator's morning as lines that people read, in local time of Europe/Paris. Pure: the same report gives the same text.

#include <releve/api/http.hpp>
#include <releve/store/validated_records.hpp>

namespace releve::app {

/// One line a cause, then what came and what did not; each line ends in a line feed. Percentages are rounded down, so that
/// 100 says that nothing is missing.
[[nodiscard]] std::string morning_text(const store::MorningReport& report, api::Language language);

} // namespace releve::app
