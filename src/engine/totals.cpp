#include <releve/engine/totals.hpp>

#include <releve/core/wide.hpp>

#include <algorithm>
#include <array>
#include <map>

namespace releve::engine {

namespace {

constexpr std::array<std::string_view, 4> names{"day", "week", "month", "year"};
constexpr std::chrono::days longest{50 * 366};

/// Adds, and says whether it fitted.
bool add(std::int64_t& sum, std::int64_t value)
{
    return !__builtin_add_overflow(sum, value, &sum);
}

bool add(PeriodTotal& total, const DayTotal& day)
{
    total.quality = total.days == 0 ? day.quality : worse(total.quality, day.quality);
    ++total.days;
    return add(total.energy_wh, day.energy_wh) && add(total.slots, day.slots) && add(total.missing, day.missing) &&
           add(total.estimated, day.estimated);
}

Error too_large()
{
    return fail(errc::bad_value, "the sum is beyond 64 bits");
}

std::optional<int> permille(std::int64_t part, std::int64_t whole)
{
    if (whole == 0)
        return std::nullopt;
    return static_cast<int>(Wide{part} * 1'000 / whole);
}

} // namespace

std::string_view period_name(Period period)
{
    return names[static_cast<std::size_t>(period)];
}

std::optional<Period> period_from_name(std::string_view name)
{
    const auto found = std::ranges::find(names, name);
    return found == names.end() ? std::nullopt : std::optional{static_cast<Period>(found - names.begin())};
}

CivilSpan period_around(CivilDay day, Period period)
{
    using namespace std::chrono;
    const year_month_day date{day};
    switch (period) {
    case Period::day: break;
    case Period::week: {
        const CivilDay monday = day - (weekday{day} - Monday);
        return {monday, monday + days{7}};
    }
    case Period::month: return {CivilDay{date.year() / date.month() / 1}, CivilDay{(date.year() / date.month() + months{1}) / 1}};
    case Period::year: return {CivilDay{date.year() / 1 / 1}, CivilDay{(date.year() + years{1}) / 1 / 1}};
    }
    return {day, day + days{1}};
}

result<std::vector<PeriodTotal>> totals_by(Period period, std::span<const DayTotal> days, CivilDay from, CivilDay to)
{
    if (to <= from || to - from > longest)
        return fail(errc::bad_value, "from one day to 50 years");
    std::map<CivilDay, const DayTotal*> by_day;
    for (const DayTotal& day : days)
        if (day.day >= from && day.day < to && !by_day.emplace(day.day, &day).second)
            return fail(errc::bad_value, to_iso8601(day.day) + " is there twice");
    std::vector<PeriodTotal> out;
    for (CivilDay at = from; at < to;) {
        const CivilSpan around = period_around(at, period);
        PeriodTotal total{.span = {std::max(around.from, from), std::min(around.to, to)}};
        total.whole = total.span == around;
        for (auto day = by_day.lower_bound(total.span.from); day != by_day.end() && day->first < total.span.to; ++day)
            if (!add(total, *day->second))
                return too_large();
        if (total.days > 0 && (total.missing > 0 || total.days < (total.span.to - total.span.from).count()))
            total.quality = worse(total.quality, Quality::incomplete);
        at = total.span.to;
        out.push_back(total);
    }
    return out;
}

result<DayTotal> sum_of(const DayTotal& a, const DayTotal& b)
{
    if (a.day != b.day)
        return fail(errc::bad_value, to_iso8601(a.day) + " and " + to_iso8601(b.day) + " are two days");
    DayTotal sum = a;
    sum.quality = worse(a.quality, b.quality);
    if (!add(sum.energy_wh, b.energy_wh) || !add(sum.slots, b.slots) || !add(sum.missing, b.missing) || !add(sum.estimated, b.estimated))
        return too_large();
    if (sum.missing > 0 && sum.missing < sum.slots)
        sum.quality = worse(std::min(a.quality, b.quality, [](Quality x, Quality y) { return quality_rank(x) < quality_rank(y); }), Quality::incomplete);
    return sum;
}

std::optional<int> OwnUse::self_consumption_permille() const
{
    return permille(used_total, injected);
}

std::optional<int> OwnUse::self_sufficiency_permille() const
{
    return permille(used_total, drawn);
}

result<OwnUse> own_use(std::span<const SlotBalance> slots)
{
    OwnUse out;
    out.used.reserve(slots.size());
    for (const SlotBalance& slot : slots) {
        if (!slot.drawn || !slot.injected) {
            ++out.unknown;
            out.used.emplace_back();
            continue;
        }
        if (*slot.drawn < 0 || *slot.injected < 0)
            return fail(errc::bad_value, "slot " + std::to_string(out.used.size()) + ": an amount below 0");
        out.used.emplace_back(std::min(*slot.drawn, *slot.injected));
        if (!add(out.drawn, *slot.drawn) || !add(out.injected, *slot.injected) || !add(out.used_total, *out.used.back()))
            return too_large();
    }
    return out;
}

} // namespace releve::engine
