#include <releve/app/letter_figures.hpp>

#include <releve/engine/consumption.hpp>
#include <releve/engine/gas.hpp>

#include <algorithm>
#include <map>

namespace releve::app {

namespace {

using std::chrono::days;

constexpr std::int64_t wh_per_kwh = 1'000;
constexpr Seconds night_from{2 * 3'600}, night_to{5 * 3'600};
constexpr std::int64_t nights_least = 20;
constexpr std::int64_t mj_per_w_second = 1'000;

/// The class holds in hours that are the usage point's own.
bool is_offpeak(const engine::Calendar& calendar, const std::string& time_class)
{
    return std::ranges::any_of(calendar.rules, [&](const engine::CalendarRule& rule) { return rule.offpeak_of_point && rule.time_class == time_class; });
}

} // namespace

std::optional<std::int64_t> night_least_w(const engine::BillFacts& facts, engine::CivilSpan span, const Zone& zone)
{
    std::map<CivilDay, Seconds> nights; // how much of each was read
    std::optional<std::int64_t> least;
    for (const engine::CurveDay& part : facts.curve) {
        if (part.day < span.from || part.day >= span.to || part.estimated > 0 || part.doubtful > 0)
            continue;
        for (std::size_t slot = 0; slot < part.energy_mj.size(); ++slot) {
            const Seconds at = zone.to_local(part.first + part.step * slot) - part.day;
            if (part.energy_mj[slot] == engine::CurveDay::nothing || at < night_from || at + part.step > night_to)
                continue;
            nights[part.day] += part.step;
            const std::int64_t power_w = part.energy_mj[slot] / (mj_per_w_second * part.step.count());
            least = std::min(least.value_or(power_w), power_w);
        }
    }
    // Three hours; two or four where the clock changes.
    const auto whole = std::ranges::count_if(nights, [&](const auto& night) {
        return night.second == zone.to_instant(night.first + night_to) - zone.to_instant(night.first + night_from);
    });
    return whole >= nights_least ? least : std::nullopt;
}

std::optional<PeakUse> peak_use(const engine::Bill& bill, const engine::BillFacts& facts, const engine::TariffBook& book)
{
    PeakUse use;
    for (const engine::BillLine& line : bill.lines) {
        const auto calendar = book.calendars.find(line.calendar);
        if (line.section != engine::Section::supply || line.contained || line.quantity_unit != "kWh" || line.time_class.empty() ||
            calendar == book.calendars.end() || !calendar->second.needs_offpeak())
            continue;
        const auto wh = static_cast<std::int64_t>(Wide{line.quantity.digits} * wh_per_kwh / power_of_ten(line.quantity.scale));
        (is_offpeak(calendar->second, line.time_class) ? use.offpeak_wh : use.peak_wh) += wh;
    }
    const CivilDay last = bill.span.to - days{1};
    for (const engine::OffpeakPeriod& period : facts.offpeak)
        if (period.span.from <= last && last < period.span.to)
            use.windows = period.windows;
    if (use.windows.empty() || use.peak_wh + use.offpeak_wh <= 0)
        return {};
    return use;
}

} // namespace releve::app
