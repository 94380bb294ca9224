#include <releve/engine/registers.hpp>

#include <releve/core/wide.hpp>

#include <algorithm>
#include <iterator>
#include <string>
#include <tuple>

namespace releve::engine {

namespace {

using Fault = RegisterFault::Kind;

constexpr int digits_max = 18;
constexpr int scalers_apart_max = 18;
constexpr std::int64_t seconds_per_day = 86'400;

/// Counts one register. Amounts come from `counted`, the index as it would be if the register had no last
/// digit.
class Counter {
public:
    Counter(const RegisterSeries& series, const RegisterOptions& options, RegisterResult& out)
        : series_{series}, options_{options}, out_{out}, shift_{series.scaler - options.scaler},
          turn_{series.digits > 0 ? power_of_ten(series.digits) : 0}
    {
    }

    [[nodiscard]] result<void> count()
    {
        for (const IndexRead& read : reads_to_count()) {
            RELEVE_CHECK(last_ ? step_to(read) : begin_at(read));
        }
        return {};
    }
    [[nodiscard]] bool has_opening_index() const { return first_ && first_->at == series_.from; }
    [[nodiscard]] bool has_closing_index() const { return last_ && last_->at == series_.to; }

private:
    void report(Fault kind, Instant at, std::int64_t before, std::int64_t after)
    {
        out_.faults.push_back({kind, at, before, after});
    }

    [[nodiscard]] bool is_counted(const IndexRead& read)
    {
        if (options_.authenticated_only && !read.authenticated)
            return false;
        if (read.at < series_.from || read.at > series_.to)
            report(Fault::outside_installation, read.at, 0, read.value);
        else if (read.value < 0 || (turn_ > 0 && read.value >= turn_))
            report(Fault::out_of_range, read.at, 0, read.value);
        else
            return true;
        return false;
    }

    /// Sorted, one of each instant.
    [[nodiscard]] std::vector<IndexRead> reads_to_count()
    {
        std::vector<IndexRead> reads;
        for (const IndexRead& read : series_.reads)
            if (is_counted(read))
                reads.push_back(read);
        const auto rank = [](const IndexRead& read) {
            return std::tuple{read.at, !read.authenticated, quality_rank(read.quality), -read.value};
        };
        std::sort(reads.begin(), reads.end(), [&](auto& a, auto& b) { return rank(a) < rank(b); });
        std::vector<IndexRead> taken;
        for (const IndexRead& read : reads) {
            if (taken.empty() || taken.back().at != read.at)
                taken.push_back(read);
            else if (taken.back().value != read.value)
                report(Fault::conflicting, read.at, taken.back().value, read.value);
        }
        return below_proven(taken);
    }

    /// What nothing proves may not disturb what is proven: before the last proven read it neither passes the
    /// next one nor (see step_to) steps back.
    [[nodiscard]] std::vector<IndexRead> below_proven(const std::vector<IndexRead>& reads)
    {
        std::vector<IndexRead> kept;
        auto next = reads.begin(); // proven
        for (auto read = reads.begin(); read != reads.end(); ++read) {
            next = std::find_if(std::max(next, read), reads.end(), [](auto& r) { return r.authenticated; });
            if (next != reads.end())
                last_proven_at_ = next->at;
            if (next == reads.end() || read->value <= next->value)
                kept.push_back(*read);
            else
                report(Fault::conflicting, read->at, next->value, read->value);
        }
        return kept;
    }

    result<void> begin_at(const IndexRead& read)
    {
        if (!first_)
            first_ = read;
        last_ = read;
        turned_ = 0;
        return {};
    }

    result<void> step_to(const IndexRead& read)
    {
        if (read.value >= last_->value)
            return add_step(read, read.value - last_->value, false);
        if (!read.authenticated && read.at < last_proven_at_) {
            report(Fault::conflicting, read.at, last_->value, read.value);
            return {};
        }
        const Wide past_last_digit = turn_ - last_->value + read.value;
        const Seconds elapsed = read.at - last_->at;
        if (turn_ > 0 && is_plausible(past_last_digit, elapsed))
            return add_step(read, past_last_digit, true);
        const Fault kind = explain(read, past_last_digit, elapsed);
        report(kind, read.at, last_->value, read.value);
        if (kind == Fault::backwards && options_.backwards == BackwardsStep::refuse)
            return {};
        return begin_at(read);
    }

    [[nodiscard]] Fault explain(const IndexRead& read, Wide past_last_digit, Seconds elapsed) const
    {
        if (is_plausible(read.value, elapsed) && !is_plausible(last_->value, elapsed))
            return Fault::reset;
        const bool forwards_is_shorter = turn_ > 0 && past_last_digit < last_->value - read.value;
        return forwards_is_shorter ? Fault::implausible_rollover : Fault::backwards;
    }

    /// Whether so many counts can be consumed in this time. A product beyond 128 bits is larger than any
    /// other.
    [[nodiscard]] bool is_plausible(Wide counts, Seconds elapsed) const
    {
        Wide wanted = 0, allowed = Wide{options_.max_per_day} * elapsed.count();
        const Wide more_than_one = counts - 1;
        if (__builtin_mul_overflow(more_than_one * seconds_per_day, power_of_ten(std::max(0, shift_)),
                                   &wanted))
            return false;
        if (__builtin_mul_overflow(allowed, power_of_ten(std::max(0, -shift_)), &allowed))
            return true;
        return wanted <= allowed;
    }

    result<void> add_step(const IndexRead& read, Wide counts, bool rollover)
    {
        const Wide turned = turned_ + (rollover ? turn_ : 0);
        Wide amount = counts * power_of_ten(std::max(0, shift_));
        if (shift_ < 0) {
            // Each index is cut, not each difference: what one interval lacks the next one has.
            const Wide unit = power_of_ten(-shift_);
            amount = (turned + read.value) / unit - (turned_ + last_->value) / unit;
        }
        if (!fits_64_bits(amount))
            return fail(errc::bad_value, "register: an amount does not fit 64 bits");
        const auto quality_of = [](const IndexRead& r) {
            return r.authenticated ? r.quality : worse(r.quality, Quality::unauthenticated);
        };
        out_.intervals.push_back({last_->at, read.at, static_cast<std::int64_t>(amount),
                                  worse(quality_of(*last_), quality_of(read)), rollover});
        last_ = read;
        turned_ = turned;
        return {};
    }

    const RegisterSeries& series_;
    const RegisterOptions& options_;
    RegisterResult& out_;
    int shift_;                      // one count is 10^shift_ of the answer's unit
    Wide turn_;                      // 10^digits, 0 if not known
    Wide turned_ = 0;                // rollovers since counting began, in counts
    std::optional<IndexRead> first_; // that counted
    std::optional<IndexRead> last_;
    Instant last_proven_at_{};
};

result<void> check(const RegisterSeries& series, const RegisterOptions& options)
{
    if (series.digits < 0 || series.digits > digits_max)
        return fail(errc::bad_value, "digits: " + std::to_string(series.digits) + ", 0 to 18 are possible");
    // Compared before they are subtracted: no difference of two ints may overflow.
    for (const int scaler : {series.scaler, options.scaler})
        if (scaler < -128 || scaler > 127)
            return fail(errc::bad_value, "scaler: " + std::to_string(scaler) + ", -128 to 127 are possible");
    const int apart = series.scaler - options.scaler;
    if (apart < -scalers_apart_max || apart > scalers_apart_max)
        return fail(errc::bad_value, "scaler: more than 18 from the one that was asked for");
    if (series.to <= series.from)
        return fail(errc::bad_value, "installation: ends before it begins");
    return {};
}

/// Each checked on its own and against the one before.
result<std::vector<const RegisterSeries*>> in_order(std::span<const RegisterSeries> series,
                                                    const RegisterOptions& options)
{
    std::vector<const RegisterSeries*> ordered;
    for (const RegisterSeries& one : series) {
        RELEVE_CHECK(check(one, options));
        ordered.push_back(&one);
    }
    std::sort(ordered.begin(), ordered.end(), [](auto* a, auto* b) { return a->from < b->from; });
    for (std::size_t i = 1; i < ordered.size(); ++i)
        if (ordered[i]->from < ordered[i - 1]->to)
            return fail(errc::bad_value, "installation: begins before the one before ends");
    return ordered;
}

void sort_faults(std::vector<RegisterFault>& faults)
{
    const auto key = [](const RegisterFault& f) { return std::tuple{f.at, f.kind, f.before, f.after}; };
    std::sort(faults.begin(), faults.end(), [&](auto& a, auto& b) { return key(a) < key(b); });
    faults.erase(std::unique(faults.begin(), faults.end()), faults.end());
}

/// So that whoever adds some of them need not look.
result<void> check_total(const std::vector<Consumption>& intervals)
{
    Wide total = 0;
    for (const Consumption& interval : intervals)
        total += interval.amount;
    if (!fits_64_bits(total))
        return fail(errc::bad_value, "register: the amounts together do not fit 64 bits");
    return {};
}

std::vector<Instant> ends_of(const RegisterResult& counted)
{
    std::vector<Instant> ends;
    for (const Consumption& interval : counted.intervals) {
        if (ends.empty() || ends.back() != interval.from)
            ends.push_back(interval.from);
        ends.push_back(interval.to);
    }
    return ends;
}

template <class T>
std::vector<T> in_both(const std::vector<T>& a, const std::vector<T>& b)
{
    std::vector<T> both;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    return both;
}

} // namespace

result<RegisterResult> consumption_of(std::span<const RegisterSeries> series, const RegisterOptions& options)
{
    if (options.max_per_day < 0)
        return fail(errc::bad_value, "max_per_day: negative");
    RELEVE_TRY(ordered, in_order(series, options));
    RegisterResult out;
    std::optional<Instant> closed;
    for (const RegisterSeries* one : ordered) {
        Counter counter{*one, options, out};
        RELEVE_CHECK(counter.count());
        if (closed && counter.has_opening_index())
            out.exchanges.push_back({*closed, one->from});
        else if (one != ordered.front())
            out.faults.push_back({Fault::unread_exchange, one->from, 0, 0});
        closed = counter.has_closing_index() ? std::optional{one->to} : std::nullopt;
    }
    sort_faults(out.faults);
    RELEVE_CHECK(check_total(out.intervals));
    return out;
}

std::optional<Consumption> consumption_between(const RegisterResult& counted, Instant from, Instant to)
{
    if (from >= to)
        return std::nullopt;
    const auto without_meter = [&](Instant closed, Instant opened) {
        return std::binary_search(counted.exchanges.begin(), counted.exchanges.end(),
                                  Exchange{closed, opened});
    };
    Consumption sum{from, to, 0, Quality::valid, false};
    Instant reached = from;
    auto interval = std::lower_bound(counted.intervals.begin(), counted.intervals.end(), from,
                                     [](const Consumption& one, Instant at) { return one.from < at; });
    for (; interval != counted.intervals.end() && interval->to <= to; ++interval) {
        if (reached != interval->from && !without_meter(reached, interval->from))
            return std::nullopt;
        sum.amount += interval->amount;
        sum.quality = worse(sum.quality, interval->quality);
        sum.rollover |= interval->rollover;
        reached = interval->to;
    }
    if (reached != to && !without_meter(reached, to))
        return std::nullopt;
    return sum;
}

result<RegisterResult> sum_of(std::span<const RegisterResult> registers)
{
    RegisterResult out;
    std::vector<Instant> ends;
    for (const RegisterResult& one : registers) {
        const bool is_first = &one == &registers.front();
        ends = is_first ? ends_of(one) : in_both(ends, ends_of(one));
        out.exchanges = is_first ? one.exchanges : in_both(out.exchanges, one.exchanges);
        out.faults.insert(out.faults.end(), one.faults.begin(), one.faults.end());
    }
    sort_faults(out.faults);
    for (std::size_t i = 1; i < ends.size(); ++i) {
        const Instant from = ends[i - 1], to = ends[i];
        if (std::binary_search(out.exchanges.begin(), out.exchanges.end(), Exchange{from, to}))
            continue; // no meter was there
        Consumption sum{from, to, 0, Quality::valid, false};
        Wide amount = 0;
        bool all_counted = true;
        for (const RegisterResult& one : registers) {
            const auto part = consumption_between(one, from, to);
            all_counted = all_counted && part;
            if (!part)
                break;
            amount += part->amount;
            sum.quality = worse(sum.quality, part->quality);
            sum.rollover |= part->rollover;
        }
        if (!all_counted)
            continue;
        if (!fits_64_bits(amount))
            return fail(errc::bad_value, "register: a sum does not fit 64 bits");
        sum.amount = static_cast<std::int64_t>(amount);
        out.intervals.push_back(sum);
    }
    RELEVE_CHECK(check_total(out.intervals));
    return out;
}

result<std::vector<TotalCheck>> compare_with_total(std::span<const RegisterResult> parts,
                                                   const RegisterResult& total)
{
    RELEVE_TRY(sum, sum_of(parts));
    std::vector<TotalCheck> checks;
    const std::vector<Instant> ends = in_both(ends_of(sum), ends_of(total));
    for (std::size_t i = 1; i < ends.size(); ++i) {
        const auto of_parts = consumption_between(sum, ends[i - 1], ends[i]);
        const auto of_total = consumption_between(total, ends[i - 1], ends[i]);
        if (of_parts && of_total)
            checks.push_back({ends[i - 1], ends[i], of_parts->amount, of_total->amount});
    }
    return checks;
}

} // namespace releve::engine
