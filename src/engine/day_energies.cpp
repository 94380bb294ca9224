#include <releve/engine/day_energies.hpp>

#include <releve/engine/consumption.hpp>
#include <releve/engine/gas.hpp>

#include <algorithm>
#include <map>

namespace releve::engine {

namespace {

// More than a home can use in a day, which tells a register that rolled over from one that went backwards.
constexpr std::int64_t wh_per_day_max = 10'000'000, dm3_per_day_max = 1'000'000;

struct CurveSum {
    std::int64_t mj = 0;
    Seconds covered{0};
    int estimated = 0, doubtful = 0;
};

std::map<CivilDay, CurveSum> curve_sums(const std::vector<CurveDay>& curve)
{
    std::map<CivilDay, CurveSum> sums;
    for (const CurveDay& part : curve) {
        CurveSum& sum = sums[part.day];
        for (const std::int64_t mj : part.energy_mj)
            if (mj != CurveDay::nothing) {
                sum.mj += mj;
                sum.covered += part.step;
            }
        sum.estimated += part.estimated;
        sum.doubtful += part.doubtful;
    }
    return sums;
}

/// What the total register counted; nothing where there is none, or it makes no sense.
std::optional<RegisterResult> counted_total(const BillFacts& facts, bool gas)
{
    const auto found = std::ranges::find_if(facts.registers, [&](const RegisterFacts& one) { return gas || one.name == "active_energy_import_total"; });
    if (found == facts.registers.end())
        return {};
    auto counted = consumption_of(found->series, {.max_per_day = gas ? dm3_per_day_max : wh_per_day_max});
    return counted ? std::optional{std::move(*counted)} : std::nullopt;
}

std::optional<std::int64_t> gas_wh(const BillFacts& facts, CivilDay day, std::int64_t volume_dm3)
{
    auto coefficient = kwh_per_m3_e5_on(facts.coefficients, day);
    for (const PublishedGas& period : facts.published_gas)
        if (!coefficient && period.span.from <= day && day < period.span.to)
            coefficient = period.kwh_per_m3_e5;
    const auto wh = coefficient ? energy_wh_of(volume_dm3, *coefficient) : fail(errc::bad_value);
    return wh ? std::optional{*wh} : std::nullopt;
}

} // namespace

bool is_estimate(Quality quality)
{
    return quality == Quality::estimated_linear || quality == Quality::estimated_reference_day || quality == Quality::derived ||
           quality == Quality::edited;
}

std::vector<DayEnergy> day_energies(const BillFacts& facts, CivilSpan span, const Zone& zone)
{
    const bool gas = facts.energy == "gas";
    const Seconds day_start = gas ? gas_day_start : Seconds{0};
    const auto sums = curve_sums(facts.curve);
    const auto counted = counted_total(facts, gas);
    std::vector<DayEnergy> out;
    for (CivilDay day = span.from; day < span.to; day += std::chrono::days{1}) {
        DayEnergy& one = out.emplace_back(DayEnergy{.day = day});
        if (const auto sum = sums.find(day); sum != sums.end() && sum->second.covered == zone.length_of(day) && sum->second.doubtful == 0) {
            one.energy_wh = millijoules_to_wh(sum->second.mj);
            one.estimated = sum->second.estimated > 0;
            continue;
        }
        const auto use = counted ? consumption_between(*counted, zone.start_of(day, day_start), zone.start_of(day + std::chrono::days{1}, day_start)) : std::nullopt;
        if (!use)
            continue;
        one.energy_wh = gas ? gas_wh(facts, day, use->amount) : use->amount;
        one.estimated = one.energy_wh && is_estimate(use->quality);
    }
    return out;
}

} // namespace releve::engine
