#pragma once
// What each method of estimation makes of the readings around a gap: a shape, exact before anything is
// rounded. Shared by estimation.cpp and estimation_shapes.cpp only.

#include <releve/core/wide.hpp>

#include <releve/engine/estimation.hpp>

#include <optional>
#include <vector>

namespace releve::engine {

/// Slot i of the gap is weights[i] * numerator / denominator; the numerator is not negative, the denominator
/// positive. Weights and numerator stay under 2^61, so that their product fits.
struct Shape {
    std::vector<Wide> weights;
    Wide numerator = 1;
    Wide denominator = 1;
};

constexpr Wide divide_rounding_half_away(Wide dividend, Wide divisor)
{
    const Wide half = divisor / 2;
    return dividend < 0 ? -((-dividend + half) / divisor) : (dividend + half) / divisor;
}

/// None where there is not enough to go on. The question and the options are checked already.
using ShapeFunction = std::optional<Shape> (*)(const EstimationQuestion&, const EstimationOptions&);

[[nodiscard]] std::optional<Shape> linear_shape(const EstimationQuestion&, const EstimationOptions&);
[[nodiscard]] std::optional<Shape> like_day_shape(const EstimationQuestion&, const EstimationOptions&);
[[nodiscard]] std::optional<Shape> weekday_average_shape(const EstimationQuestion&, const EstimationOptions&);
[[nodiscard]] std::optional<Shape> profile_shape(const EstimationQuestion&, const EstimationOptions&);
/// Needs to know what was counted.
[[nodiscard]] std::optional<Shape> prorated_shape(const EstimationQuestion&, const EstimationOptions&);

} // namespace releve::engine
