#pragma once
// Sets of civil days, as spans.

#include <releve/engine/totals.hpp>

#include <span>
#include <vector>

namespace releve::engine {

/// Days of `spans`, sorted and joined.
[[nodiscard]] std::vector<CivilSpan> joined(std::vector<CivilSpan> spans);
/// Days of `from` that are not in `what`.
[[nodiscard]] std::vector<CivilSpan> without(std::span<const CivilSpan> from, std::span<const CivilSpan> what);
/// Days that are in both.
[[nodiscard]] std::vector<CivilSpan> common(std::span<const CivilSpan> a, std::span<const CivilSpan> b);

} // namespace releve::engine
