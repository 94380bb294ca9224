#include <releve/app/letter_figures.hpp>

#include <releve/engine/consumption.hpp>
#include <releve/engine/gas.hpp>

#include <algorithm>
#include <map>

namespace releve::app {

namespace {

using std::chrono::days;

// More than a home can use in a day, which tells a register that rolled over from one that went backwards.
constexpr std::int64_t wh_per_day_max = 10'000'000, dm3_per_day_max = 1'000'000;
constexpr std::int64_t wh_per_kwh = 1'000;
constexpr Seconds night_from{2 * 3'600}, night_to{5 * 3'600};
constexpr std::int64_t nights_least = 20;
constexpr std::int64_t mj_per_w_second = 1'000;

bool is_estimate(Quality quality)
{
    return quality == Quality::estimated_linear || quality == Quality::estimated_reference_day || quality == Quality::derived ||
           quality == Quality::edited;
}

struct CurveSum {
    std::int64_t mj = 0;
    Seconds covered{0};
    int estimated = 0, doubtful = 0;
};

std::map<CivilDay, CurveSum> curve_sums(const std::vector<engine::CurveDay>& curve)
{
    std::map<CivilDay, CurveSum> sums;
    for (const engine::CurveDay& part : curve) {
        CurveSum& sum = sums[part.day];
        for (const std::int64_t mj : part.energy_mj)
            if (mj != engine::CurveDay::nothing) {
                sum.mj += mj;
                sum.covered += part.step;
            }
        sum.estimated += part.estimated;
        sum.doubtful += part.doubtful;
    }
    return sums;
}

/// What the total register counted; nothing where there is none, or it makes no sense.
std::optional<engine::RegisterResult> counted_total(const engine::BillFacts& facts, bool gas)
{
    const auto found = std::ranges::find_if(facts.registers, [&](const engine::RegisterFacts& one) { return gas || one.name == "active_energy_import_total"; });
    if (found == facts.registers.end())
        return {};
    auto counted = engine::consumption_of(found->series, {.max_per_day = gas ? dm3_per_day_max : wh_per_day_max});
    return counted ? std::optional{std::move(*counted)} : std::nullopt;
}

std::optional<std::int64_t> gas_wh(const engine::BillFacts& facts, CivilDay day, std::int64_t volume_dm3)
{
    auto coefficient = engine::kwh_per_m3_e5_on(facts.coefficients, day);
    for (const engine::PublishedGas& period : facts.published_gas)
        if (!coefficient && period.span.from <= day && day < period.span.to)
            coefficient = period.kwh_per_m3_e5;
    const auto wh = coefficient ? engine::energy_wh_of(volume_dm3, *coefficient) : fail(errc::bad_value);
    return wh ? std::optional{*wh} : std::nullopt;
}

/// The class holds in hours that are the usage point's own.
bool is_offpeak(const engine::Calendar& calendar, const std::string& time_class)
{
    return std::ranges::any_of(calendar.rules, [&](const engine::CalendarRule& rule) { return rule.offpeak_of_point && rule.time_class == time_class; });
}

} // namespace

std::vector<LetterDay> letter_days(const engine::BillFacts& facts, engine::CivilSpan span, const Zone& zone)
{
    const bool gas = facts.energy == "gas";
    const Seconds day_start = gas ? engine::gas_day_start : Seconds{0};
    const auto sums = curve_sums(facts.curve);
    const auto counted = counted_total(facts, gas);
    std::vector<LetterDay> out;
    for (CivilDay day = span.from; day < span.to; day += days{1}) {
        LetterDay& one = out.emplace_back(LetterDay{.day = day});
        if (const auto sum = sums.find(day); sum != sums.end() && sum->second.covered == zone.length_of(day) && sum->second.doubtful == 0) {
            one.energy_wh = engine::millijoules_to_wh(sum->second.mj);
            one.estimated = sum->second.estimated > 0;
            continue;
        }
        const auto use = counted ? engine::consumption_between(*counted, zone.start_of(day, day_start), zone.start_of(day + days{1}, day_start)) : std::nullopt;
        if (!use)
            continue;
        one.energy_wh = gas ? gas_wh(facts, day, use->amount) : use->amount;
        one.estimated = one.energy_wh && is_estimate(use->quality);
    }
    return out;
}

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
