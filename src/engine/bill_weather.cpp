#include <releve/engine/bill_compare.hpp>
#include <releve/engine/day_energies.hpp>

namespace releve::engine {

std::optional<std::vector<WeatherDay>> weather_days(const BillFacts& facts, const std::map<CivilDay, int>& mean_c_e1, CivilSpan span, const Zone& zone)
{
    std::vector<WeatherDay> days;
    for (const DayEnergy& one : day_energies(facts, span, zone)) {
        const auto mean = mean_c_e1.find(one.day);
        if (mean == mean_c_e1.end() || !one.energy_wh || *one.energy_wh < 0 || *one.energy_wh > weather_energy_max_wh)
            return std::nullopt;
        days.push_back({mean->second, *one.energy_wh});
    }
    return days;
}

} // namespace releve::engine
