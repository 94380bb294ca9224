#include <releve/app/bench.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace releve::app {

namespace {

/// Six digits are more than any measurement here has.
double rounded(double value)
{
    if (value == 0 || !std::isfinite(value))
        return 0;
    const double scale = std::pow(10, 5 - std::floor(std::log10(std::abs(value))));
    return std::round(value * scale) / scale;
}

std::string for_people(double value)
{
    char text[64];
    const double size = std::abs(value);
    std::snprintf(text, sizeof text, size >= 1'000 ? "%.0f" : size >= 10 ? "%.1f" : "%.3f", value);
    std::string digits = text;
    if (size >= 1'000)
        for (std::size_t at = digits.size(); at > 3 + (value < 0 ? 1 : 0); at -= 3)
            digits.insert(at - 3, ",");
    return digits;
}

void line(std::string& table, const std::string& name, const std::string& value, const std::string& note = {})
{
    char text[256];
    std::snprintf(text, sizeof text, "  %-34s %16s  %s", name.c_str(), value.c_str(), note.c_str());
    table.append(text).append("\n");
}

} // namespace

double BenchResult::ratio() const
{
    if (baselines.empty() || baselines.front().value == 0 || value == 0)
        return 0;
    return larger_is_better ? value / baselines.front().value : baselines.front().value / value;
}

std::string bench_json(const BenchReport& report)
{
    nlohmann::ordered_json out{{"bench", report.bench}, {"results", nlohmann::ordered_json::array()}};
    for (const BenchResult& result : report.results) {
        nlohmann::ordered_json one{{"name", result.name},
                                   {"value", rounded(result.value)},
                                   {"unit", result.unit},
                                   {"baselines", nlohmann::ordered_json::array()},
                                   {"ratio", rounded(result.ratio())},
                                   {"details", nlohmann::ordered_json::object()}};
        for (const BenchFigure& baseline : result.baselines)
            one["baselines"].push_back({{"name", baseline.name}, {"value", rounded(baseline.value)}});
        for (const BenchFigure& detail : result.details)
            one["details"][detail.name] = rounded(detail.value);
        out["results"].push_back(std::move(one));
    }
    return out.dump();
}

std::string bench_table(const BenchReport& report)
{
    std::string table;
    for (const BenchResult& result : report.results) {
        table += result.name + "\n";
        line(table, "measured", for_people(result.value), result.unit);
        for (std::size_t i = 0; i < result.baselines.size(); ++i)
            line(table, result.baselines[i].name, for_people(result.baselines[i].value),
                 i == 0 ? "x " + for_people(result.ratio()) : "");
        for (const BenchFigure& detail : result.details)
            line(table, detail.name, for_people(detail.value));
    }
    return table;
}

} // namespace releve::app
