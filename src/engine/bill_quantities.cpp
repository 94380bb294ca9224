#include "bill_parts.hpp"

#include <releve/engine/consumption.hpp>
#include <releve/engine/day_energies.hpp>

#include <algorithm>

namespace releve::engine {

namespace {

constexpr Seconds point_s{600};

/// A day's classes so that they sum to the day: each is the rounded sum up to it, less the one before.
void add_classes(ClassDay& to, const std::array<std::int64_t, time_classes_max>& mj)
{
    std::int64_t sum = 0, told = 0;
    for (std::size_t i = 0; i < time_classes_max; ++i) {
        sum += mj[i];
        const std::int64_t up_to = millijoules_to_wh(sum);
        to.wh[i] += up_to - told;
        told = up_to;
    }
}

/// Two parts of a day's curve that both say something of one time.
bool overlap(const CurveDay& a, const CurveDay& b)
{
    const auto said = [](const CurveDay& part, Seconds at) {
        const auto slot = static_cast<std::size_t>(at / part.step);
        return slot < part.energy_mj.size() && part.energy_mj[slot] != CurveDay::nothing;
    };
    const CurveDay& fine = a.step < b.step ? a : b;
    for (std::size_t slot = 0; slot < fine.energy_mj.size(); ++slot)
        if (const Seconds at = fine.step * static_cast<std::int64_t>(slot); said(a, at) && said(b, at))
            return true;
    return false;
}

std::size_t days_between(CivilDay from, CivilDay to) { return static_cast<std::size_t>((to - from).count()); }

/// The first and the last read in [begin, end] that counting takes (see consumption_of): proven, possible, while the meter was
/// there; of two of one instant the better, then the greater.
std::pair<const IndexRead*, const IndexRead*> ends_of(const RegisterSeries& series, Instant begin, Instant end)
{
    const auto rank = [](const IndexRead& read) { return std::pair{quality_rank(read.quality), -read.value}; };
    const IndexRead *first = nullptr, *last = nullptr;
    for (const IndexRead& read : series.reads) {
        if (!read.authenticated || read.at < std::max(begin, series.from) || read.at > std::min(end, series.to) || read.value < 0 ||
            (series.digits > 0 && read.value >= power_of_ten(series.digits)))
            continue;
        if (first == nullptr || read.at < first->at || (read.at == first->at && rank(read) < rank(*first)))
            first = &read;
        if (last == nullptr || read.at > last->at || (read.at == last->at && rank(read) < rank(*last)))
            last = &read;
    }
    return {first, last};
}

/// Which of both ends lacks an index; none of them: what lies between cannot be counted.
std::string not_known_at(const RegisterFacts* facts, CivilSpan span, Instant begin, Instant end)
{
    const auto known = [&](Instant at) {
        return facts != nullptr && std::ranges::any_of(facts->series, [&](const RegisterSeries& series) { return std::ranges::find(series.reads, at, &IndexRead::at) != series.reads.end(); });
    };
    const bool first = known(begin), last = known(end);
    if (first && last)
        return "does not count from " + to_iso8601(span.from) + " to " + to_iso8601(span.to);
    return "is not known at the start of " + (first ? "" : to_iso8601(span.from)) + (first || last ? "" : ", nor of ") + (last ? "" : to_iso8601(span.to));
}

/// More than the point can use in a day, in kWh (gas: m3): what tells a rollover from a fault.
std::int64_t most_per_day(const BillFacts& facts)
{
    const bool gas = facts.energy == "gas";
    std::int64_t most = gas ? 1'000 : 10'000;
    for (const ContractTerms& terms : facts.contracts) {
        constexpr std::int64_t possible = 1'000'000'000, margin = 2, hours = 24, kwh_per_m3_least = 5;
        if (!terms.powers_va.empty())
            most = std::max(most, std::min(terms.powers_va.back() / 1'000, possible) * hours * margin);
        if (gas)
            most = std::max(most, std::min(terms.daily_capacity_kwh.value_or(0), possible) / kwh_per_m3_least * margin);
    }
    return most;
}

} // namespace

const std::vector<DayWindow>* Quantities::offpeak_on(CivilDay day) const
{
    for (const OffpeakPeriod& period : facts_->offpeak)
        if (period.span.from <= day && day < period.span.to)
            return &period.windows;
    return nullptr;
}

result<const std::vector<ClassDay>*> Quantities::class_days(const Calendar& calendar, CivilSpan span)
{
    if (const auto found = days_.find(&calendar); found != days_.end()) {
        const auto unclassed = unclassed_.lower_bound({&calendar, span.from});
        if (unclassed != unclassed_.end() && unclassed->first < std::pair{&calendar, span.to})
            return unclassed->second;
        return &found->second;
    }
    std::vector<ClassDay> days(days_between(span_.from, span_.to));
    std::vector<std::array<std::int64_t, time_classes_max>> sums(days.size());
    std::vector<const CurveDay*> parts;
    for (const CurveDay& part : facts_->curve) {
        if (part.day < span_.from || part.day >= span_.to)
            continue;
        const auto table = tables_->of(calendar, offpeak_on(part.day), part.day, part.step);
        if (!table) {
            unclassed_.emplace(std::pair{&calendar, part.day}, table.error());
            continue;
        }
        const std::vector<std::uint8_t>* classes = *table;
        if (classes->size() != part.energy_mj.size())
            return fail(errc::bad_block, "the curve of " + to_iso8601(part.day) + " has not the slots of that day");
        const std::size_t at = days_between(span_.from, part.day);
        ClassDay& day = days[at];
        auto& sum = sums[at];
        if (day.length_s != 0)
            for (const CurveDay* other : parts)
                if (other->day == part.day && overlap(*other, part))
                    return fail(errc::bad_block, "the curve of " + to_iso8601(part.day) + " says two values of one time");
        parts.push_back(&part);
        int there = 0;
        for (std::size_t slot = 0; slot < part.energy_mj.size();) { // by runs of one class
            const std::uint8_t one = (*classes)[slot];
            std::int64_t run = 0;
            for (; slot < part.energy_mj.size() && (*classes)[slot] == one; ++slot) {
                const bool said = part.energy_mj[slot] != CurveDay::nothing;
                run += said ? part.energy_mj[slot] : 0;
                there += said ? 1 : 0;
            }
            sum[one] += run;
        }
        day.covered_s += there * part.step.count();
        day.length_s = static_cast<std::int64_t>(part.energy_mj.size()) * part.step.count();
        day.doubtful += part.doubtful;
    }
    for (std::size_t i = 0; i < days.size(); ++i)
        add_classes(days[i], sums[i]);
    days_.emplace(&calendar, std::move(days));
    return class_days(calendar, span);
}

std::string Quantities::what_is_missing(const std::vector<ClassDay>& days, CivilSpan span) const
{
    std::string missing;
    std::size_t named = 0, count = 0;
    for (CivilDay day = span.from; day < span.to; day += std::chrono::days{1}) {
        const ClassDay& one = days[days_between(span_.from, day)];
        if (one.length_s != 0 && one.covered_s == one.length_s && one.doubtful == 0)
            continue;
        ++count;
        constexpr std::size_t named_max = 5;
        if (named == named_max)
            continue;
        ++named;
        missing += (missing.empty() ? "" : ", ") + to_iso8601(day) + (one.length_s == 0 ? " (nothing)" : one.doubtful > 0 ? " (doubtful)" : " (in part)");
    }
    if (count > named)
        missing += " and " + std::to_string(count - named) + (count - named == 1 ? " more day" : " more days");
    return missing;
}

std::uint32_t Quantities::add_source(BillSource source)
{
    bill_->sources.push_back(std::move(source));
    return static_cast<std::uint32_t>(bill_->sources.size() - 1);
}

std::uint32_t Quantities::curve_source(CivilSpan span)
{
    if (const auto found = curve_sources_.find({span.from, span.to}); found != curve_sources_.end())
        return found->second;
    BillSource source{.kind = BillSource::Kind::intervals, .span = span};
    bool first = true;
    for (const CurveDay& part : facts_->curve) {
        if (part.day < span.from || part.day >= span.to)
            continue;
        if (first || quality_rank(part.quality) > quality_rank(source.quality))
            source.quality = part.quality;
        if (first) {
            source.meter = part.meter;
            source.channel = part.channel;
        }
        first = false;
        source.slots += static_cast<int>(part.energy_mj.size() - static_cast<std::size_t>(std::ranges::count(part.energy_mj, CurveDay::nothing)));
        source.estimated += part.estimated;
        source.revisions.emplace_back(part.batch, part.overlay_version);
        if (part.estimated > 0)
            bill_->estimated_days.push_back(part.day);
    }
    const std::uint32_t number = add_source(std::move(source));
    curve_sources_.emplace(std::pair{span.from, span.to}, number);
    return number;
}

result<std::vector<std::int64_t>> Quantities::curve_energies(const Calendar& calendar, CivilSpan span)
{
    if (facts_->curve.empty())
        return fail(errc::readings_incomplete, "curve: none is stored");
    RELEVE_TRY(days, class_days(calendar, span));
    if (const std::string missing = what_is_missing(*days, span); !missing.empty())
        return fail(errc::readings_incomplete, "curve: missing " + missing);
    std::vector<std::int64_t> wh(calendar.classes.size());
    for (CivilDay day = span.from; day < span.to; day += std::chrono::days{1})
        for (std::size_t i = 0; i < wh.size(); ++i)
            wh[i] += (*days)[days_between(span_.from, day)].wh[i];
    return wh;
}

result<const Quantities::CountedRegister*> Quantities::counted(const std::string& name)
{
    if (const auto found = counted_.find(name); found != counted_.end())
        return &found->second;
    CountedRegister out;
    const auto facts = std::ranges::find(facts_->registers, name, &RegisterFacts::name);
    if (facts != facts_->registers.end()) {
        const std::int64_t kwh_per_day_max = most_per_day(*facts_);
        out.facts = &*facts;
        RELEVE_TRY(kwh, consumption_of(facts->series, {.max_per_day = kwh_per_day_max, .scaler = kwh_scaler}));
        RELEVE_TRY(exact, consumption_of(facts->series, {.max_per_day = kwh_per_day_max * 1000, .scaler = 0}));
        out.kwh = std::move(kwh);
        out.exact = std::move(exact);
    }
    return &counted_.emplace(name, std::move(out)).first->second;
}

void Quantities::add_register_sources(const RegisterFacts& facts, CivilSpan span, Seconds day_start, std::vector<std::uint32_t>& to)
{
    const Instant begin = zone_->start_of(span.from, day_start), end = zone_->start_of(span.to, day_start);
    for (std::size_t i = 0; i < facts.series.size(); ++i) {
        const RegisterSeries& series = facts.series[i];
        const auto [first, last] = ends_of(series, begin, end);
        if (first == nullptr || first->at == last->at)
            continue;
        // What an estimated index divides rests on an estimate up to the nearest index that was read.
        Instant after = last->at, before = first->at;
        for (const IndexRead& read : series.reads)
            if (read.authenticated && !is_estimate(read.quality) && read.at > first->at && read.at < last->at) {
                after = std::min(after, read.at);
                before = std::max(before, read.at);
            }
        const auto mark = [&](Instant from, Instant to_instant) {
            for (CivilDay day = zone_->day_of(from, day_start); zone_->start_of(day, day_start) < to_instant; day += std::chrono::days{1})
                bill_->estimated_days.push_back(day);
        };
        if (is_estimate(first->quality))
            mark(first->at, after);
        if (is_estimate(last->quality))
            mark(before, last->at);
        to.push_back(add_source({.kind = BillSource::Kind::registers,
                                 .meter = facts.meters[i],
                                 .channel = facts.channels[i],
                                 .span = {zone_->day_of(first->at, day_start), zone_->day_of(last->at, day_start)},
                                 .quality = worse(first->quality, last->quality),
                                 .index_from = first->value,
                                 .index_to = last->value,
                                 .scaler = series.scaler}));
    }
}

result<std::optional<ClassEnergies>> Quantities::register_energies(const Calendar& calendar, CivilSpan span, std::string& why_not)
{
    if (facts_->registers.empty())
        return why_not = "registers: none is stored", std::nullopt;
    const Instant begin = zone_->start_of(span.from), end = zone_->start_of(span.to);
    ClassEnergies out;
    std::vector<const CountedRegister*> used;
    std::int64_t sum = 0;
    for (const TimeClass& one : calendar.classes) {
        if (one.meter_register.empty())
            return why_not = "registers: the meter has none for " + one.id, std::nullopt;
        RELEVE_TRY(count, counted(one.meter_register));
        const auto use = count->facts == nullptr ? std::nullopt : consumption_between(count->kwh, begin, end);
        if (!use)
            return why_not = "registers: " + one.meter_register + " " + not_known_at(count->facts, span, begin, end), std::nullopt;
        out.wh.push_back(use->amount * 1000);
        sum += use->amount;
        used.push_back(count);
    }
    RELEVE_TRY(total, counted("active_energy_import_total"));
    if (calendar.classes.size() > 1 && total->facts != nullptr)
        if (const auto all = consumption_between(total->kwh, begin, end)) {
            // Each register was cut to kWh: of each meter all of them together are off by less than one each.
            const auto off_below = static_cast<std::int64_t>((calendar.classes.size() + 1) * total->facts->series.size());
            const std::int64_t off = all->amount - sum;
            if (off >= off_below || off <= -off_below)
                return why_not = "registers: those of calendar " + calendar.id + " counted " + std::to_string(sum) + " kWh, the total " +
                                 std::to_string(all->amount) + ": the meter follows another calendar",
                       std::nullopt;
        }
    for (const CountedRegister* count : used)
        add_register_sources(*count->facts, span, Seconds{0}, out.sources.emplace_back());
    return out;
}

void Quantities::compare(const Calendar& calendar, CivilSpan span)
{
    const auto curve = curve_energies(calendar, span);
    if (!curve)
        return;
    const Instant begin = zone_->start_of(span.from), end = zone_->start_of(span.to);
    for (std::size_t i = 0; i < calendar.classes.size(); ++i) {
        const auto count = counted(calendar.classes[i].meter_register);
        if (!count || (*count)->facts == nullptr)
            return;
        if (const auto exact = consumption_between((*count)->exact, begin, end))
            bill_->checks.push_back({calendar.id, calendar.classes[i].id, span, exact->amount, (*curve)[i]});
    }
}

result<ClassEnergies> Quantities::energies(const Calendar& calendar, const ContractTerms& terms, const Tariff& tariff, CivilSpan span)
{
    const std::tuple key{&calendar, span.from, span.to};
    if (const auto found = energies_.find(key); found != energies_.end())
        return found->second;
    std::string why_not = "registers: the meter follows another calendar";
    const std::string& in_meter = terms.meter_calendar.empty() ? tariff.calendar : terms.meter_calendar;
    const bool supplier_registers = std::ranges::any_of(calendar.classes, [](const TimeClass& one) { return one.meter_register.find("supplier") != std::string::npos; });
    if (!supplier_registers || in_meter == calendar.id) {
        RELEVE_TRY(counted, register_energies(calendar, span, why_not));
        if (counted) {
            compare(calendar, span);
            return energies_.emplace(key, std::move(*counted)).first->second;
        }
    }
    auto wh = curve_energies(calendar, span);
    if (!wh && wh.error().code == errc::readings_incomplete)
        return fail(errc::readings_incomplete, why_not + "; " + wh.error().detail);
    if (!wh)
        return wh.error();
    ClassEnergies out{std::move(*wh), {}};
    out.sources.assign(calendar.classes.size(), {curve_source(span)});
    return energies_.emplace(key, std::move(out)).first->second;
}

result<Quantities::Overruns> Quantities::overruns(const Calendar& calendar, std::span<const std::size_t> classes, std::span<const std::int64_t> limits_w,
                                                  bool squares, CivilSpan span)
{
    RELEVE_TRY(days, class_days(calendar, span));
    if (const std::string missing = facts_->curve.empty() ? "all of it" : what_is_missing(*days, span); !missing.empty())
        return fail(errc::readings_incomplete, "overruns: the curve is needed, and it is missing " + missing);
    Overruns out{std::vector<Overrun>(classes.size()), {}};
    std::array<std::size_t, time_classes_max> place{};
    place.fill(classes.size());
    for (std::size_t i = 0; i < classes.size(); ++i)
        place[classes[i]] = i;
    for (const CurveDay& part : facts_->curve) {
        if (part.day < span.from || part.day >= span.to)
            continue;
        const std::int64_t per_point = squares ? point_s / part.step : 1;
        if (squares && (per_point == 0 || point_s % part.step != Seconds{0}))
            return fail(errc::readings_incomplete, "overruns: points of 10 minutes are needed, and " + to_iso8601(part.day) + " has some of " +
                                                       std::to_string(part.step.count() / 60));
        RELEVE_TRY(table, tables_->of(calendar, offpeak_on(part.day), part.day, part.step));
        for (std::size_t slot = 0; slot < part.energy_mj.size(); slot += static_cast<std::size_t>(per_point)) {
            Wide mj = 0;
            bool whole = true;
            for (std::size_t i = slot; i < std::min(part.energy_mj.size(), slot + static_cast<std::size_t>(per_point)); ++i) {
                whole = whole && part.energy_mj[i] != CurveDay::nothing;
                mj += part.energy_mj[i];
            }
            const std::size_t at = place[(*table)[slot]];
            if (!whole || at == classes.size())
                continue;
            const std::int64_t seconds = part.step.count() * per_point;
            const Wide over_mw = mj / seconds - Wide{limits_w[at]} * 1000;
            if (over_mw <= 0)
                continue;
            out.classes[at].seconds += seconds;
            out.classes[at].square_w += over_mw * over_mw / 1'000'000;
        }
    }
    out.sources.push_back(curve_source(span));
    return out;
}

result<std::optional<std::int64_t>> Quantities::metered_gas_kwh(CivilSpan span, std::vector<std::uint32_t>& sources, std::string& why_not)
{
    std::optional<std::int64_t> none;
    if (facts_->registers.empty())
        return why_not = "index: none is stored", none;
    RELEVE_TRY(count, counted(facts_->registers.front().name));
    std::int64_t kwh = 0;
    CivilDay at = span.from;
    while (at < span.to) {
        const auto coefficient = std::ranges::find_if(facts_->coefficients, [&](const ConversionCoefficient& one) { return one.from <= at && at < one.to; });
        if (coefficient == facts_->coefficients.end())
            return why_not = "conversion coefficient: none is known for " + to_iso8601(at), none;
        const CivilDay until = std::min(coefficient->to, span.to);
        const Instant begin = zone_->start_of(at, gas_day_start), end = zone_->start_of(until, gas_day_start);
        const auto use = consumption_between(count->kwh, begin, end); // dm3 cut to m3 at each index
        if (!use)
            return why_not = "index: " + not_known_at(count->facts, {at, until}, begin, end), none;
        const std::size_t before = sources.size();
        add_register_sources(*count->facts, {at, until}, gas_day_start, sources);
        for (std::size_t i = before; i < sources.size(); ++i)
            bill_->sources[sources[i]].kwh_per_m3_e5 = coefficient->kwh_per_m3_e5;
        // Of each meter the energy up to an index is cut to whole kWh, as that index is to m3: parts of a period add up to it.
        for (const RegisterSeries& series : count->facts->series) {
            const IndexRead* first = ends_of(series, begin, end).first;
            if (first == nullptr)
                continue;
            const Wide index_m3 = divide_rounding_down(Wide{first->value} * power_of_ten(std::max(0, series.scaler)), power_of_ten(kwh_scaler + std::max(0, -series.scaler)));
            Wide m3 = 0;
            for (const Consumption& part : count->kwh.intervals)
                if (part.from >= first->at && part.to <= std::min(end, series.to))
                    m3 += part.amount;
            constexpr Wide e5 = 100'000;
            kwh += static_cast<std::int64_t>((index_m3 + m3) * coefficient->kwh_per_m3_e5 / e5 - index_m3 * coefficient->kwh_per_m3_e5 / e5);
        }
        at = until;
    }
    return std::optional{kwh};
}

result<Quantities::GasEnergy> Quantities::gas_kwh(CivilSpan span)
{
    const std::pair key{span.from, span.to};
    if (const auto found = gas_.find(key); found != gas_.end())
        return found->second;
    RELEVE_TRY(energy, count_gas(span));
    return gas_.emplace(key, std::move(energy)).first->second;
}

result<Quantities::GasEnergy> Quantities::count_gas(CivilSpan span)
{
    std::vector<std::uint32_t> sources;
    std::int64_t kwh = 0;
    CivilDay at = span.from;
    for (const PublishedGas& period : facts_->published_gas) {
        if (period.span.to <= at || period.span.from >= span.to || period.span.from > at)
            continue;
        const CivilDay until = std::min(period.span.to, span.to);
        const auto length = (period.span.to - period.span.from).count();
        // What is billed up to a day is cut to whole kWh, so that parts of a period add up to it.
        const auto up_to = [&](CivilDay day) { return static_cast<std::int64_t>(Wide{period.energy_kwh} * (day - period.span.from).count() / length); };
        kwh += up_to(until) - up_to(at);
        const bool cut = at != period.span.from || until != period.span.to;
        if (cut)
            bill_->remarks.push_back("the published gas of " + to_iso8601(period.span.from) + " to " + to_iso8601(period.span.to) +
                                     " is divided by days at " + to_iso8601(at == period.span.from ? until : at));
        if (is_estimate(period.quality) || cut)
            for (CivilDay day = at; day < until; day += std::chrono::days{1})
                bill_->estimated_days.push_back(day);
        sources.push_back(add_source({.kind = BillSource::Kind::published_gas,
                                      .span = period.span,
                                      .quality = period.quality,
                                      .index_from = period.index_from_m3,
                                      .index_to = period.index_to_m3,
                                      .kwh_per_m3_e5 = period.kwh_per_m3_e5}));
        at = until;
    }
    if (at == span.to)
        return std::pair{kwh, std::move(sources)};
    std::string why_not;
    std::vector<std::uint32_t> metered;
    RELEVE_TRY(counted, metered_gas_kwh({at, span.to}, metered, why_not));
    if (!counted)
        return fail(errc::readings_incomplete, (at > span.from ? "published gas: only to " + to_iso8601(at) : std::string{"published gas: none"}) + "; " + why_not);
    sources.insert(sources.end(), metered.begin(), metered.end());
    return std::pair{kwh + *counted, std::move(sources)};
}

} // namespace releve::engine
