#include <releve/engine/estimation.hpp>

#include "estimation_shapes.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <utility>

namespace releve::engine {

namespace {

using Method = EstimationMethod;

struct MethodRow {
    EstimationMethodRow row;
    ShapeFunction shape;
};
constexpr std::array<MethodRow, 5> methods{{
    {{Method::linear, "linear", Quality::estimated_linear}, linear_shape},
    {{Method::like_day, "like_day", Quality::estimated_reference_day}, like_day_shape},
    {{Method::weekday_average, "weekday_average", Quality::estimated_reference_day}, weekday_average_shape},
    {{Method::profile, "profile", Quality::estimated_reference_day}, profile_shape},
    {{Method::prorated, "prorated", Quality::derived}, prorated_shape},
}};
constexpr auto method_rows = [] {
    std::array<EstimationMethodRow, methods.size()> rows{};
    for (std::size_t i = 0; i < rows.size(); ++i)
        rows[i] = methods[i].row;
    return rows;
}();
static_assert(std::ranges::is_sorted(method_rows, {}, &EstimationMethodRow::method));

// Proration has an answer wherever the register's difference is known, and none where it is not.
constexpr std::array short_gap{Method::linear, Method::prorated, Method::profile, Method::weekday_average,
                               Method::like_day};
constexpr std::array part_of_day{Method::prorated, Method::profile, Method::weekday_average, Method::like_day,
                                 Method::linear};
constexpr std::array days_and_weeks{Method::prorated, Method::profile, Method::weekday_average,
                                    Method::like_day};
/// A season cannot be told from the weeks around it; what the register counted is still known.
constexpr std::array season{Method::prorated};
constexpr std::array<EstimationOrder, 4> default_orders{{
    {std::chrono::hours{2}, short_gap},
    {std::chrono::hours{12}, part_of_day},
    {std::chrono::days{35}, days_and_weeks},
    {std::chrono::days{366}, season},
}};

result<void> bad(std::string detail)
{
    return fail(errc::bad_value, std::move(detail));
}

result<void> check_grid(const EstimationQuestion& q)
{
    constexpr Seconds day = std::chrono::days{1};
    if (q.zone == nullptr)
        return bad("zone: none");
    if (q.step <= Seconds{0} || q.step > day || day % q.step != Seconds{0})
        return bad("step: " + std::to_string(q.step.count()) + " s, it has to divide a day");
    if (q.first < Instant{} || q.first > Instant{Seconds{4'294'967'295}})
        return bad("first: beyond what a reading can have");
    if (q.day_start < Seconds{0} || q.day_start >= day)
        return bad("day_start: 0 to under a day is possible");
    if (q.values.size() > estimation_slots_max)
        return bad("values: more than " + std::to_string(estimation_slots_max));
    if (q.gap_count == 0 || q.gap_count > estimation_gap_slots_max)
        return bad("gap_count: 1 to " + std::to_string(estimation_gap_slots_max) + " slots are possible");
    if (q.gap_first > q.values.size() || q.gap_count > q.values.size() - q.gap_first)
        return bad("gap_first: the gap is not inside the series");
    return {};
}

result<void> check_amounts(const EstimationQuestion& q)
{
    const auto out_of_range = [](std::int64_t value) {
        return value < -estimation_value_max || value > estimation_value_max;
    };
    bool any_negative = false;
    for (std::size_t slot = 0; slot < q.values.size(); ++slot) {
        if (!q.values[slot] || (slot >= q.gap_first && slot < q.gap_first + q.gap_count))
            continue;
        if (out_of_range(*q.values[slot]))
            return bad("values: slot " + std::to_string(slot) + " is out of range");
        any_negative = any_negative || *q.values[slot] < 0;
    }
    if (q.counted && out_of_range(*q.counted / static_cast<std::int64_t>(q.gap_count)))
        return bad("counted: out of range");
    if (q.counted && *q.counted < 0 && !any_negative)
        return bad("counted: negative, and no reading is");
    if (q.grain < 1 || q.grain > estimation_grain_max)
        return bad("grain: 1 to " + std::to_string(estimation_grain_max) + " is possible");
    return {};
}

result<void> check(const EstimationOptions& options)
{
    constexpr int days_max = estimation_weeks_max * 7;
    const struct {
        std::string_view name;
        int value, low, high;
    } limits[] = {
        {"like_day_weeks", options.like_day_weeks, 1, estimation_weeks_max},
        {"average_weeks", options.average_weeks, 1, estimation_weeks_max},
        {"average_days_min", options.average_days_min, 1, 2 * estimation_weeks_max},
        {"profile_weeks", options.profile_weeks, 1, estimation_weeks_max},
        {"profile_days_min", options.profile_days_min, 1, 2 * days_max},
        {"level_days", options.level_days, 0, days_max},
    };
    for (const auto& [name, value, low, high] : limits)
        if (value < low || value > high)
            return bad(std::string{name} + ": " + std::to_string(low) + " to " + std::to_string(high) +
                       " are possible");
    if (options.neighbour_within < Seconds{0} || options.neighbour_within > std::chrono::days{days_max})
        return bad("neighbour_within: 0 to " + std::to_string(days_max) + " days are possible");
    return {};
}

/// In proportion to weights of one sign, so that they sum to `counted` of that sign: each is cut, and what
/// is left goes to the largest remainders, of equal ones to the first.
std::vector<std::int64_t> share_in_proportion(const std::vector<Wide>& weights, Wide weight, Wide counted)
{
    std::vector<std::int64_t> values;
    std::vector<std::pair<Wide, std::size_t>> remainders;
    Wide left = counted;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const Wide product = counted * weights[i];
        values.push_back(static_cast<std::int64_t>(product / weight));
        remainders.emplace_back(product % weight, i);
        left -= values.back();
    }
    std::ranges::stable_sort(remainders, [](auto& a, auto& b) { return a.first > b.first; });
    for (std::size_t i = 0; i < static_cast<std::size_t>(left); ++i)
        ++values[remainders[i].second];
    return values;
}

/// Adds the same to each, so that they sum to `counted`; what is left over goes to the first ones.
void add_evenly(std::vector<std::int64_t>& values, Wide counted)
{
    const auto count = static_cast<Wide>(values.size());
    const Wide missing = counted - std::accumulate(values.begin(), values.end(), Wide{0});
    const Wide each = divide_rounding_down(missing, count);
    const auto left = static_cast<std::size_t>(missing - each * count);
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] += static_cast<std::int64_t>(each + (i < left ? 1 : 0));
}

std::vector<std::int64_t> rounded(const Shape& shape)
{
    std::vector<std::int64_t> values;
    for (const Wide weight : shape.weights)
        values.push_back(static_cast<std::int64_t>(
            std::clamp(divide_rounding_half_away(weight * shape.numerator, shape.denominator),
                       Wide{-estimation_value_max}, Wide{estimation_value_max})));
    return values;
}

/// Weights of both signs have no proportion: what is missing is added instead, as where all are 0. `counted` and what is given
/// are in grains.
std::vector<std::int64_t> scale_to(Shape shape, std::int64_t counted, std::int64_t grain)
{
    const bool turned = counted < 0;
    if (turned)
        std::ranges::transform(shape.weights, shape.weights.begin(), std::negate{});
    const Wide weight = std::accumulate(shape.weights.begin(), shape.weights.end(), Wide{0});
    const bool one_sign = std::ranges::all_of(shape.weights, [](Wide w) { return w >= 0; });
    if (weight > 0 && one_sign) {
        auto values = share_in_proportion(shape.weights, weight, turned ? -Wide{counted} : Wide{counted});
        if (turned)
            std::ranges::transform(values, values.begin(), std::negate{});
        return values;
    }
    if (turned)
        std::ranges::transform(shape.weights, shape.weights.begin(), std::negate{});
    auto values = rounded(shape);
    for (std::int64_t& value : values)
        value /= grain;
    add_evenly(values, counted);
    return values;
}

/// Shared out in grains.
std::vector<std::int64_t> scale_in_grains(Shape shape, std::int64_t counted, std::int64_t grain)
{
    auto values = scale_to(std::move(shape), counted / grain, grain);
    for (std::int64_t& value : values)
        value *= grain;
    values.front() += counted % grain;
    return values;
}

std::optional<Estimate> made_by(const MethodRow& method, const EstimationQuestion& question,
                                const EstimationOptions& options)
{
    auto shape = method.shape(question, options);
    if (!shape)
        return std::nullopt;
    return Estimate{.method = method.row.method,
                    .quality = method.row.quality,
                    .scaled = question.counted.has_value(),
                    .values = question.counted ? scale_in_grains(std::move(*shape), *question.counted, question.grain)
                                               : rounded(*shape)};
}

const MethodRow& row_of(Method method)
{
    const auto index = static_cast<std::size_t>(method);
    RELEVE_ASSERT(index < methods.size());
    return methods[index];
}

} // namespace

std::span<const EstimationMethodRow> estimation_method_rows()
{
    return method_rows;
}

const EstimationMethodRow& estimation_method_row(EstimationMethod method)
{
    return row_of(method).row;
}

std::optional<EstimationMethod> estimation_method_from_name(std::string_view name)
{
    const auto found = std::ranges::find(method_rows, name, &EstimationMethodRow::name);
    return found == method_rows.end() ? std::nullopt : std::optional{found->method};
}

std::span<const EstimationOrder> default_estimation_orders()
{
    return default_orders;
}

result<std::optional<Estimate>> estimate_by(EstimationMethod method, const EstimationQuestion& question,
                                            const EstimationOptions& options)
{
    RELEVE_CHECK(check_grid(question));
    RELEVE_CHECK(check_amounts(question));
    RELEVE_CHECK(check(options));
    return made_by(row_of(method), question, options);
}

result<std::optional<Estimate>> estimate(const EstimationQuestion& question, const EstimationOptions& options)
{
    RELEVE_CHECK(check_grid(question));
    RELEVE_CHECK(check_amounts(question));
    RELEVE_CHECK(check(options));
    const Seconds length = question.step * static_cast<std::int64_t>(question.gap_count);
    const auto order = std::ranges::find_if(options.orders, [&](auto& row) { return length <= row.longest; });
    if (order == options.orders.end())
        return std::optional<Estimate>{};
    for (const EstimationMethod method : order->methods)
        if (auto made = made_by(row_of(method), question, options))
            return made;
    return std::optional<Estimate>{};
}

result<EstimateError> error_of(std::span<const std::int64_t> estimated,
                               std::span<const std::optional<std::int64_t>> read)
{
    if (estimated.size() != read.size())
        return fail(errc::bad_value, "estimated: not as many values as readings");
    EstimateError error;
    Wide absolute = 0, estimates = 0, readings = 0;
    for (std::size_t i = 0; i < read.size(); ++i) {
        if (!read[i])
            continue;
        const Wide apart = Wide{estimated[i]} - *read[i];
        ++error.slots;
        absolute += apart < 0 ? -apart : apart;
        estimates += estimated[i];
        readings += *read[i];
    }
    if (!fits_64_bits(absolute) || !fits_64_bits(estimates - readings) || !fits_64_bits(readings))
        return fail(errc::bad_value, "estimated: a sum does not fit 64 bits");
    error.absolute = static_cast<std::int64_t>(absolute);
    error.difference = static_cast<std::int64_t>(estimates - readings);
    error.read = static_cast<std::int64_t>(readings);
    return error;
}

} // namespace releve::engine
