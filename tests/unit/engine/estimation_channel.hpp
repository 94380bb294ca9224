#pragma once
// A channel whose values are a function of civil time, and questions about gaps in it.

#include "../core/random_blocks.hpp"

#include <releve/engine/estimation.hpp>

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

namespace releve::test::estimation {

using namespace std::chrono_literals;
using engine::EstimationMethod;
using engine::EstimationOptions;
using engine::EstimationQuestion;
using std::chrono::days;
using Values = std::vector<std::int64_t>;
using Readings = std::vector<std::optional<std::int64_t>>;
using LocalTime = std::chrono::local_seconds;

inline CivilDay day_of(const char* text)
{
    return parse_day(text).value();
}

/// On a regular grid, from the start of one civil day to that of another.
struct Channel {
    Seconds step{1800};
    Seconds day_start{0};
    Instant first{};
    Readings values;

    Channel(CivilDay from, CivilDay to, const std::function<std::int64_t(LocalTime)>& value_at,
            Seconds slot_length = 30min, Seconds start_of_day = 0s)
        : step{slot_length}, day_start{start_of_day}, first{paris().start_of(from, start_of_day)}
    {
        const Instant end = paris().start_of(to, start_of_day);
        for (Instant at = first; at < end; at += step)
            values.emplace_back(value_at(paris().to_local(at)));
    }
    [[nodiscard]] std::size_t slot_at(Instant at) const
    {
        return static_cast<std::size_t>((at - first) / step);
    }

    [[nodiscard]] EstimationQuestion gap(std::size_t gap_first, std::size_t gap_count,
                                         std::optional<std::int64_t> counted = std::nullopt) const
    {
        EstimationQuestion question;
        question.first = first;
        question.step = step;
        question.values = values;
        question.gap_first = gap_first;
        question.gap_count = gap_count;
        question.zone = &paris();
        question.day_start = day_start;
        question.counted = counted;
        return question;
    }
    [[nodiscard]] EstimationQuestion gap_of_day(CivilDay day) const
    {
        const auto begin = slot_at(paris().start_of(day, day_start));
        return gap(begin, slot_at(paris().start_of(day + days{1}, day_start)) - begin);
    }
    [[nodiscard]] Values read_in(const EstimationQuestion& question) const
    {
        Values out;
        for (std::size_t i = 0; i < question.gap_count; ++i)
            out.push_back(values[question.gap_first + i].value());
        return out;
    }
    void lose_day(CivilDay day)
    {
        const EstimationQuestion lost = gap_of_day(day);
        std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(lost.gap_first), lost.gap_count,
                    std::nullopt);
    }
};

/// Different for each weekday and each time of day.
inline std::int64_t weekly(LocalTime local)
{
    const auto day = std::chrono::floor<days>(local);
    return std::int64_t{std::chrono::weekday{day}.c_encoding()} * 1'000 + (local - day) / 30min;
}

inline std::int64_t sum_of(const Values& values)
{
    return std::accumulate(values.begin(), values.end(), std::int64_t{0});
}

inline Values values_by(EstimationMethod method, const EstimationQuestion& question,
                        const EstimationOptions& options = {})
{
    const auto estimate = engine::estimate_by(method, question, options).value();
    return estimate ? estimate->values : Values{};
}

inline std::string method_chosen(const EstimationQuestion& question, const EstimationOptions& options = {})
{
    const auto chosen = engine::estimate(question, options).value();
    return chosen ? std::string{engine::estimation_method_row(chosen->method).name} : "none";
}

inline const CivilDay monday = day_of("2024-05-13");

/// Four weeks that go on the same, but for what a test changes.
inline Channel four_weeks()
{
    return {monday, monday + days{28}, weekly};
}

} // namespace releve::test::estimation
