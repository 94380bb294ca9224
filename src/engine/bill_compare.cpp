#include "bill_costs.hpp"

#include <algorithm>
#include <utility>

namespace releve::engine {

namespace {

/// `amount` with the taxes that `tax` is of `base`; without any where that makes no sense.
Wide with_tax(Wide amount, Wide base, Wide tax)
{
    return base > 0 && tax >= 0 && tax <= 9 * base ? in_proportion(amount, base + tax, base) : amount;
}

/// The same classes in both, in the order of their calendars.
void pair_classes(std::vector<ClassCost>& before, std::vector<ClassCost>& now, const TariffBook* book)
{
    const auto has_calendars_of = [](const std::vector<ClassCost>& a, const std::vector<ClassCost>& b) {
        return std::ranges::all_of(b, [&](const ClassCost& one) {
            return std::ranges::find(a, one.calendar, &ClassCost::calendar) != a.end();
        });
    };
    if (!before.empty() && !now.empty() && (!has_calendars_of(before, now) || !has_calendars_of(now, before)))
        for (std::vector<ClassCost>* classes : {&before, &now}) {
            ClassCost all;
            for (const ClassCost& one : *classes) {
                all.wh += one.wh;
                all.cost += one.cost;
            }
            *classes = {all};
        }
    for (const auto& [from, to] : {std::pair{&before, &now}, std::pair{&now, &before}})
        for (const ClassCost& one : *from)
            (void)class_of(*to, one.calendar, one.time_class);
    const auto place = [&](const ClassCost& one) {
        const auto found = book == nullptr ? std::map<std::string, Calendar, std::less<>>::const_iterator{}
                                           : book->calendars.find(one.calendar);
        const bool known = book != nullptr && found != book->calendars.end();
        return std::tuple{one.calendar,
                          known ? found->second.class_index(one.time_class).value_or(time_classes_max) : 0};
    };
    std::ranges::stable_sort(before, {}, place);
    std::vector<ClassCost> ordered;
    for (const ClassCost& one : before)
        ordered.push_back(class_of(now, one.calendar, one.time_class));
    now = std::move(ordered);
}

struct CompareStep {
    BillDifference::Part part;
    Wide fine = 0;
};

std::int64_t narrowed(Wide x)
{
    RELEVE_ASSERT(fits_64_bits(x));
    return static_cast<std::int64_t>(x);
}

/// Wh that the degree days explain, beyond those of the earlier days in as many days.
result<Wide> weather_wh(const Weather& weather, std::int64_t before_days, std::int64_t now_days)
{
    if (static_cast<std::int64_t>(weather.before.size()) != before_days ||
        static_cast<std::int64_t>(weather.now.size()) != now_days)
        return fail(errc::bad_parameter, "weather: needs a day for each day of both bills");
    const auto degrees = [](const std::vector<WeatherDay>& days) -> result<Wide> {
        Wide sum = 0;
        for (const WeatherDay& day : days) {
            if (day.mean_c_e1 < -1'000 || day.mean_c_e1 > 1'000 || day.energy_wh < 0 ||
                day.energy_wh > weather_energy_max_wh)
                return fail(errc::bad_parameter, "weather: a day out of range");
            sum += std::max(0, degree_day_base_c_e1 - day.mean_c_e1);
        }
        return sum;
    };
    RELEVE_TRY(before, degrees(weather.before));
    RELEVE_TRY(now, degrees(weather.now));
    const Ratio slope = heating_sensitivity(weather);
    return divided_to_nearest(slope.dividend * (now * before_days - before * now_days),
                              slope.divisor * before_days);
}

} // namespace

Ratio heating_sensitivity(const Weather& weather)
{
    Wide count = 0, sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
    for (const std::vector<WeatherDay>* days : {&weather.before, &weather.now})
        for (const WeatherDay& day : *days) {
            const Wide x = std::max(0, degree_day_base_c_e1 - day.mean_c_e1), y = day.energy_wh;
            ++count;
            sum_x += x;
            sum_y += y;
            sum_xx += x * x;
            sum_xy += x * y;
        }
    const Wide above = count * sum_xy - sum_x * sum_y, below = count * sum_xx - sum_x * sum_x;
    return above > 0 && below > 0 ? Ratio{above, below} : Ratio{0, 1};
}

namespace {

/// The steps from A' to C, in the order of parts.
result<std::vector<CompareStep>> steps_between(const Bill& known, const Bill& same_contract,
                                               const CompareFacts& facts)
{
    const std::int64_t days_before = length_in_days(known.span),
                       days_now = length_in_days(same_contract.span);
    RELEVE_TRY(before, cost_bill(known, same_contract.span));
    RELEVE_TRY(now, cost_bill(same_contract, same_contract.span));
    pair_classes(before.classes, now.classes, facts.book);
    const Wide scaled_wh = divided_to_nearest(before.wh() * days_now, days_before);
    CompareStep days{
        {.part = DifferencePart::days, .before_wh = narrowed(before.wh()), .now_wh = narrowed(scaled_wh)}};
    CompareStep weather{{.part = DifferencePart::weather, .before_wh = narrowed(scaled_wh)}},
        overruns{{.part = DifferencePart::overruns}}, prices{{.part = DifferencePart::prices}},
        taxes{{.part = DifferencePart::taxes}};
    std::vector<CompareStep> steps;

    days.fine = -before.annual_before;
    for (std::size_t section = 0; section < before.annual.size(); ++section)
        for (std::size_t group = 0; group < before.annual[section].size(); ++group) {
            const Cost& old = before.annual[section][group];
            const Cost& is = now.annual[section][group];
            days.fine += old.gross();
            const Cost& rates = old.net != 0 ? old : is;
            const Wide price = with_tax(is.net - old.net, rates.net, rates.levy + rates.vat);
            prices.fine += price;
            taxes.fine += is.gross() - old.gross() - price;
        }
    Wide explained = 0;
    if (facts.weather) {
        RELEVE_TRY(wh, weather_wh(*facts.weather, days_before, days_now));
        explained = wh;
    }
    Wide weights = 0, passed = 0, shared = 0;
    const auto weight = [&](std::size_t i) {
        return std::max<Wide>(before.classes[i].wh, 0) * days_now +
               std::max<Wide>(now.classes[i].wh, 0) * days_before;
    };
    for (std::size_t i = 0; i < before.classes.size(); ++i)
        weights += weight(i);
    for (std::size_t i = 0; i < before.classes.size(); ++i) {
        const ClassCost& old = before.classes[i];
        const ClassCost& is = now.classes[i];
        passed += weight(i);
        const Wide up_to = weights == 0 ? 0 : in_proportion(explained, passed, weights);
        const Wide of_weather = up_to - shared; // Wh
        shared = up_to;
        const Cost scaled = old.cost.times(days_now, days_before);
        days.fine += scaled.gross() - old.cost.gross();
        const Wide old_wh = divided_to_nearest(old.wh * days_now, days_before);
        CompareStep use{{.part = DifferencePart::use,
                         .calendar = old.calendar,
                         .time_class = old.time_class,
                         .before_wh = narrowed(old_wh + of_weather),
                         .now_wh = narrowed(is.wh)}};
        if (old.wh > 0) {
            use.fine = in_proportion(old.cost.gross(), is.wh * days_before - old.wh * days_now,
                                     old.wh * days_before);
            const Wide net = in_proportion(old.cost.net, is.wh, old.wh);
            const Wide rest = is.cost.gross() - scaled.gross() - use.fine;
            const Wide price = with_tax(is.cost.net - net, old.cost.net + old.cost.levy, old.cost.vat);
            prices.fine += price;
            taxes.fine += rest - price;
        } else {
            use.fine = is.wh > 0 ? is.cost.gross() : 0;
            prices.fine += is.cost.gross() - scaled.gross() - use.fine;
        }
        const ClassCost& priced = old.wh > 0 ? old : is;
        const Wide moved = priced.wh > 0 ? in_proportion(priced.cost.gross(), of_weather, priced.wh) : 0;
        use.fine -= moved;
        weather.fine += moved;
        steps.push_back(std::move(use));
    }
    weather.part.now_wh = narrowed(scaled_wh + explained);
    overruns.fine = now.overruns - before.overruns;
    steps.insert(steps.begin(), std::move(days));
    for (CompareStep* step : {&weather, &overruns, &prices, &taxes})
        steps.push_back(std::move(*step));
    for (CompareStep& step : steps)
        if (size_of_wide(step.fine) < fine_noise)
            step.fine = 0;
    return steps;
}

bool is_same_contract(const ContractTerms& a, const ContractTerms& b)
{
    return a.tariff == b.tariff && a.parameters == b.parameters && a.powers_va == b.powers_va &&
           a.daily_capacity_kwh == b.daily_capacity_kwh;
}

} // namespace

result<BillDifference> compare_bills(const Bill& before, const Bill& now, const CompareFacts& facts)
{
    const Bill& known = facts.before_as_known_now != nullptr ? *facts.before_as_known_now : before;
    const Bill& same_contract = facts.now_under_old_contract != nullptr ? *facts.now_under_old_contract : now;
    for (const Bill* bill : {&known, &now, &same_contract})
        if (bill->usage_point != before.usage_point || bill->energy != before.energy)
            return fail(errc::bad_parameter, "bills: of different usage points or energies");
    if (known.span != before.span || same_contract.span != now.span)
        return fail(errc::bad_parameter, "bills: a bill made again must be of the same days");
    for (const Bill* bill : {&before, &now}) // of these only the total counts; it must be one
        RELEVE_CHECK(cost_bill(*bill, bill->span));
    RELEVE_TRY(steps, steps_between(known, same_contract, facts));

    SentenceFacts said{.book = facts.book};
    if (!known.contracts.empty())
        for (const ContractTerms& terms : now.contracts)
            if (!is_same_contract(known.contracts.back(), terms)) {
                said.old_terms = &known.contracts.back();
                said.new_terms = &terms;
                break;
            }
    CompareStep contract{{.part = DifferencePart::contract}};
    said.prices_with_contract = said.new_terms != nullptr && facts.now_under_old_contract == nullptr;
    if (said.prices_with_contract)
        for (CompareStep& step : steps)
            if (step.part.part == DifferencePart::prices || step.part.part == DifferencePart::taxes)
                contract.fine += std::exchange(step.fine, 0);
    steps.push_back(std::move(contract));
    steps.push_back({{.part = DifferencePart::catch_up}});

    Wide walked = 0, told = 0;
    CompareStep* largest = nullptr;
    for (CompareStep& step : steps) {
        walked += step.fine;
        const Wide cents = divided_to_nearest(walked, fine_per_cent);
        if (!fits_64_bits(cents - told))
            return fail(errc::bad_value, "a price of energy beyond what fits");
        step.part.amount = {narrowed(cents - told)};
        told = cents;
        if (step.fine != 0 && (largest == nullptr || size_of_wide(step.fine) > size_of_wide(largest->fine)))
            largest = &step;
    }
    said.only_rounding = largest == nullptr;
    if (largest == nullptr)
        largest = &*std::ranges::find(steps, DifferencePart::prices,
                                      [](const CompareStep& step) { return step.part.part; });
    largest->part.amount += (same_contract.total - known.total) - Cents{narrowed(told)};
    steps[steps.size() - 2].part.amount += now.total - same_contract.total;
    steps.back().part.amount = known.total - before.total;

    said.was_estimated = before.rests != Rests::read;
    said.power_in_kw = std::ranges::any_of(now.lines, [](const BillLine& line) {
        return !line.contained && line.unit == PriceUnit::eur_kw_year;
    });
    BillDifference difference{before.total, now.total, {}};
    for (CompareStep& step : steps) {
        if (step.part.amount == Cents{})
            continue;
        said.weather_apart = said.weather_apart || step.part.part == DifferencePart::weather;
        step.part.before_days = static_cast<int>(length_in_days(before.span));
        step.part.now_days = static_cast<int>(length_in_days(now.span));
        difference.parts.push_back(std::move(step.part));
    }
    write_sentences(difference, said);
    return difference;
}

} // namespace releve::engine
