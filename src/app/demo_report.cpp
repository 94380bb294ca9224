#include <releve/app/demo.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <map>

namespace releve::app {

namespace {

constexpr std::size_t rows_at_an_end = 5;
constexpr std::size_t rows_around_the_middle = 2;
constexpr int differences_named = 10;

std::string row(const DemoDay& day)
{
    char line[128];
    if (!day.found) {
        std::snprintf(line, sizeof line, "  %s  no answer for this day%36s\n", day.date.c_str(), "NO");
        return line;
    }
    std::snprintf(line, sizeof line, "  %s %8.3f %9d %8d %17.3f   %s\n", day.date.c_str(),
                  static_cast<double>(day.energy_wh) / 1000, day.slots, day.missing,
                  static_cast<double>(day.index_difference_wh) / 1000, day.equal() ? "yes" : "NO");
    return line;
}

} // namespace

result<std::vector<DemoDay>> compare_days(std::string_view daily_json,
                                          const std::vector<sim::IndexRead>& indexes)
{
    const auto answer = nlohmann::json::parse(daily_json, nullptr, false);
    if (!answer.is_object() || !answer.contains("days") || !answer["days"].is_array())
        return fail(errc::bad_value, "the API's answer holds no days");
    std::map<std::string, nlohmann::json> by_date;
    for (const auto& day : answer["days"])
        if (day.is_object())
            by_date[day.value("date", "")] = day;
    const auto number = [](const nlohmann::json& day, const char* name) -> std::int64_t {
        return day.contains(name) && day[name].is_number_integer() ? day[name].get<std::int64_t>() : -1;
    };
    std::vector<DemoDay> days;
    for (std::size_t i = 0; i + 1 < indexes.size(); ++i) {
        DemoDay day{.date = to_iso8601(indexes[i].day),
                    .index_difference_wh = indexes[i + 1].total_wh - indexes[i].total_wh};
        if (const auto found = by_date.find(day.date); found != by_date.end()) {
            day.found = true;
            day.energy_wh = number(found->second, "energy_wh");
            day.slots = static_cast<int>(number(found->second, "slots"));
            day.missing = static_cast<int>(number(found->second, "missing"));
        }
        days.push_back(std::move(day));
    }
    return days;
}

std::string demo_table(const std::vector<DemoDay>& days, const std::string& middle)
{
    std::string table = "  date            kWh half-hours  missing  index difference   equal\n";
    const auto at = std::ranges::find(days, middle, &DemoDay::date);
    const auto centre = static_cast<std::size_t>(at - days.begin());
    bool left_out = false;
    for (std::size_t i = 0; i < days.size(); ++i) {
        const bool around =
            at != days.end() && i + rows_around_the_middle >= centre && i <= centre + rows_around_the_middle;
        if (i >= rows_at_an_end && i + rows_at_an_end < days.size() && !around) {
            if (!left_out)
                table += "  ...\n";
            left_out = true;
            continue;
        }
        left_out = false;
        table += row(days[i]);
    }
    return table;
}

std::string demo_differences(const std::vector<DemoDay>& days)
{
    std::string text;
    int named = 0;
    for (const DemoDay& day : days) {
        if (day.equal())
            continue;
        if (++named > differences_named)
            continue;
        text += "  " + day.date + ": ";
        text += day.found ? std::to_string(day.energy_wh) + " Wh with " + std::to_string(day.missing) +
                                " half-hours missing, the indexes differ by " +
                                std::to_string(day.index_difference_wh) + " Wh\n"
                          : std::string{"not in the answer\n"};
    }
    if (named > differences_named)
        text += "  and " + std::to_string(named - differences_named) + " days more\n";
    return text;
}

result<DemoLedger> demo_ledger(std::string_view breaches_json, std::int64_t meters)
{
    const auto answer = nlohmann::json::parse(breaches_json, nullptr, false);
    if (!answer.is_object() || !answer.contains("breaches") || !answer["breaches"].is_array())
        return fail(errc::bad_value, "the API's answer holds no breaches");
    const auto& breaches = answer["breaches"];
    DemoLedger ledger{.differences = breaches.size(), .text = "The ledger went through " + std::to_string(meters) + " meters: "};
    if (breaches.empty()) {
        ledger.text += "all sums add up, 0 differences between half-hours, indexes and stored totals.\n";
        return ledger;
    }
    ledger.text += breaches.size() == 1 ? "1 sum does not add up:\n" : std::to_string(breaches.size()) + " sums do not add up:\n";
    const auto named = std::min<std::size_t>(breaches.size(), differences_named);
    for (std::size_t i = 0; i < named; ++i) {
        const auto& breach = breaches[i];
        if (!breach.is_object())
            return fail(errc::bad_value, "the API's answer holds a breach that is none");
        ledger.text += "  " + breach.value("day", "") + ", meter " + breach.value("meter", nlohmann::json{}).dump() + ": " +
                       breach.value("expected", nlohmann::json{}).dump() + " expected, " +
                       breach.value("found", nlohmann::json{}).dump() + " found (" + breach.value("kind", "") + ")\n";
    }
    if (breaches.size() > named)
        ledger.text += "  and " + std::to_string(breaches.size() - named) + " more\n";
    return ledger;
}

} // namespace releve::app
