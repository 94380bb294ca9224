#include "invoice_rows.hpp"

#include <releve/engine/spans.hpp>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace releve::engine {

namespace {

constexpr InvoiceCauseRow cause_rows[] = {
#define RELEVE_INVOICE_CAUSE(name, ...) {InvoiceCause::name, #name, {__VA_ARGS__}},
#include "invoice_causes.def"
};

// ---- the walk

struct WalkedRow {
    Wide net = 0, wh = 0;              // where the walk stands
    Wide rate_net = 0, rate_vat = 0;   // the bill's VAT is rate_vat of rate_net
    int bill_lines = 0;
    AskedRow asked;
    const std::vector<std::size_t>* lines = nullptr; // null: the invoice has none
};

class Walk {
public:
    Walk(const Invoice& invoice, std::span<const std::size_t> places, CivilSpan span, PointBills& bills, std::span<const std::vector<DayWindow>> windows,
         const CheckSettings& settings)
        : asked_(invoice, places), places_(places), span_(span), bills_(bills), windows_(windows), settings_(settings)
    {
    }

    CheckedSlice run(const SliceDays& days)
    {
        CheckedSlice out;
        out.span = span_;
        out.invoiced = asked_with_vat(*asked_.invoice, places_);
        if (days.duplicate || days.unmatched) {
            add(days.duplicate ? InvoiceCause::duplicate : InvoiceCause::unmatched_credit, out.invoiced.value * fine_per_cent);
            out.rows = checked_rows(asked_, nullptr, {});
            finish(out);
            return out;
        }
        auto bill = bills_.bill(span_, {});
        if (!bill) {
            out.why_not = to_string(bill.error());
            out.rows = checked_rows(asked_, nullptr, {});
            return out;
        }
        const DividedBill whole = divide(*bill, asked_);
        Wide expected = whole.cents;
        if (!days.taken.empty() || !days.too_long_ago.empty()) {
            const auto without_taken = sum_of(without({{span_}}, days.taken));
            const auto without_both = sum_of(without(without({{span_}}, days.taken), days.too_long_ago));
            if (!without_taken || !without_both) {
                out.why_not = to_string(without_taken ? without_both.error() : without_taken.error());
                out.rows = checked_rows(asked_, nullptr, {});
                return out;
            }
            add(InvoiceCause::period, (whole.cents - *without_taken) * fine_per_cent);
            add(InvoiceCause::beyond_limit, (*without_taken - *without_both) * fine_per_cent);
            expected = *without_both;
        }
        out.expected = {static_cast<std::int64_t>(expected)};
        out.rows = checked_rows(asked_, &*bill, whole);
        set_rows(whole.rows);
        walk_days(*bill);
        walk_powers(*bill, whole);
        walk_energy(*bill);
        walk_prices();
        walk_vat();
        finish(out);
        out.bill = std::move(*bill);
        return out;
    }

private:
    void add(InvoiceCause cause, Wide fine) { causes_[cause] += fine; }

    /// A step of one row, with the VAT of it at the bill's rate.
    void move(WalkedRow& row, Wide net, InvoiceCause cause)
    {
        const Wide by = net - row.net;
        add(cause, by + (row.rate_net == 0 ? 0 : in_proportion(by, row.rate_net < 0 ? -row.rate_vat : row.rate_vat, size_of_wide(row.rate_net))));
        row.net = net;
    }

    result<Wide> sum_of(const std::vector<CivilSpan>& spans)
    {
        Wide cents = 0;
        for (const CivilSpan& one : spans) {
            RELEVE_TRY(bill, bills_.bill(one, {}));
            cents += divide(bill, asked_).cents;
        }
        return cents;
    }

    void set_rows(const RowCosts& costs)
    {
        for (const auto& [key, cost] : costs)
            rows_[key] = {.net = cost.net, .wh = cost.wh, .rate_net = cost.net, .rate_vat = cost.vat, .bill_lines = static_cast<int>(cost.lines.size()), .asked = {}};
        for (const auto& [key, lines] : asked_.rows) {
            WalkedRow& row = rows_[key];
            row.asked = read_row(asked_, lines);
            row.lines = &lines;
            const InvoiceLine& first = asked_.invoice->lines[lines.front()];
            if (row.rate_net == 0 && first.vat_percent) {
                row.rate_net = 100 * power_of_ten(first.vat_percent->scale);
                row.rate_vat = first.vat_percent->digits;
            }
        }
    }

    /// Quantities of days or months that are not those of the slice.
    void walk_days(const Bill& bill)
    {
        for (auto& [key, row] : rows_) {
            if (row.lines == nullptr || goes_by_energy(key.item) || row.net == 0)
                continue;
            Ratio expected{0, 1}, asked{0, 1};
            bool same = true;
            std::string unit;
            for (const BillLine& line : bill.lines)
                if (const auto item = invoice_item_of(line.section, price_unit_row(line.unit).basis);
                    !line.contained && item == key.item && asked_.key_of(*item, line) == key) {
                    same = same && (unit.empty() || unit == line.quantity_unit);
                    unit = line.quantity_unit;
                    expected = expected + ratio_of(line.quantity);
                }
            for (const std::size_t at : *row.lines) {
                const InvoiceLine& line = asked_.invoice->lines[at];
                same = same && line.quantity && line.unit == unit;
                if (same)
                    asked = asked + ratio_of(*line.quantity);
            }
            if (!same || (unit != "day" && unit != "month") || expected.dividend <= 0)
                continue;
            const Wide net = in_proportion(row.net, asked.dividend * expected.divisor, asked.divisor * expected.dividend);
            if (net != row.net)
                move(row, net, InvoiceCause::period);
        }
    }

    void walk_powers(const Bill& bill, const DividedBill& before)
    {
        if (bill.contracts.size() != 1 || bill.contracts.front().powers_va.empty())
            return;
        const std::vector<std::int64_t>& powers = bill.contracts.front().powers_va;
        const std::vector<std::string> classes = bills_.power_classes(span_);
        std::vector<std::int64_t> asked = powers;
        const auto says_class = [&](const InvoiceLine& line) { return powers.size() > 1 && std::ranges::find(classes, line.time_class) != classes.end(); };
        const bool by_class = std::ranges::any_of(places_, [&](std::size_t at) { return asked_.invoice->lines[at].power_kva && says_class(asked_.invoice->lines[at]); });
        for (const std::size_t at : places_) {
            const InvoiceLine& line = asked_.invoice->lines[at];
            if (!line.power_kva || (by_class && !says_class(line)))
                continue;
            const auto va = round_to(ratio_of(*line.power_kva) * Ratio{1000, 1}, 0);
            if (!va)
                continue;
            const auto place = std::ranges::find(classes, line.time_class);
            if (!says_class(line))
                std::ranges::fill(asked, va->digits);
            else if (static_cast<std::size_t>(place - classes.begin()) < asked.size())
                asked[static_cast<std::size_t>(place - classes.begin())] = va->digits;
        }
        if (asked == powers)
            return;
        const auto other = bills_.bill(span_, {.powers_va = asked});
        if (!other)
            return; // stays unexplained: there is no such contract
        const DividedBill divided = divide(*other, asked_);
        for (auto& [key, row] : rows_) {
            const auto was = before.rows.find(key), is = divided.rows.find(key);
            const Wide old = was == before.rows.end() ? 0 : was->second.net, now = is == divided.rows.end() ? 0 : is->second.net;
            if (old != now)
                move(row, row.net + now - old, InvoiceCause::subscribed_power);
            if (row.rate_net == 0 && is != divided.rows.end()) {
                row.rate_net = is->second.net;
                row.rate_vat = is->second.vat;
            }
        }
        std::string evidence = "powers_va=";
        for (std::size_t i = 0; i < powers.size(); ++i)
            evidence += (i == 0 ? "" : ";") + std::to_string(powers[i]) + ">" + std::to_string(asked[i]);
        evidence_[InvoiceCause::subscribed_power] = evidence;
    }

    struct Energy {
        Wide expected = 0, asked = 0;
        int lines = 0;
        bool complete = true; // each row of the invoice says its kWh
    };
    [[nodiscard]] std::map<InvoiceItem, Energy> energies() const
    {
        std::map<InvoiceItem, Energy> out;
        for (const auto& [key, row] : rows_) {
            if (!goes_by_energy(key.item))
                continue;
            Energy& one = out[key.item];
            one.expected += row.wh;
            if (row.lines == nullptr)
                continue;
            one.asked += row.asked.wh;
            one.lines += row.asked.lines;
            one.complete = one.complete && row.asked.has_energy;
        }
        return out;
    }
    [[nodiscard]] Wide tolerance_wh(int lines) const { return Wide{settings_.energy_kwh} * 1000 * std::max(1, lines); }

    /// An index of the invoice that is not the meter's.
    [[nodiscard]] bool reads_otherwise(const Bill& bill) const
    {
        std::set<std::int64_t> known;
        for (const BillSource& source : bill.sources) {
            if (source.kind == BillSource::Kind::intervals)
                continue;
            for (std::int64_t index : {source.index_from, source.index_to}) {
                const int to_units = source.kind == BillSource::Kind::published_gas ? 0 : 3 - source.scaler; // whole kWh or m3
                for (int i = 0; i < to_units && i < 18; ++i)
                    index /= 10;
                known.insert(index);
            }
        }
        if (known.empty())
            return false;
        return std::ranges::any_of(places_, [&](std::size_t at) {
            const InvoiceLine& line = asked_.invoice->lines[at];
            return (line.index_from && !known.contains(*line.index_from)) || (line.index_to && !known.contains(*line.index_to));
        });
    }

    void walk_energy(const Bill& bill)
    {
        const auto energies_now = energies();
        const bool estimated = std::ranges::any_of(rows_, [](const auto& row) { return row.second.asked.estimated; });
        const InvoiceCause why_other = !estimated && bills_.meters(span_) > 1       ? InvoiceCause::meter_exchange
                                       : estimated || reads_otherwise(bill) ? InvoiceCause::estimated_index
                                                                            : InvoiceCause::unexplained;
        Wide main_from = 0, main_to = 0; // of those that say no kWh of their own
        for (const auto& [item, energy] : energies_now) {
            if (energy.lines == 0 || !energy.complete)
                continue;
            if (main_from == 0) {
                main_from = energy.expected;
                main_to = energy.asked;
            }
            if (size_of_wide(energy.expected - energy.asked) > tolerance_wh(energy.lines))
                scale_energy(bill, item, energy, why_other);
            share_energy(item, energy, estimated);
            round_energy(item);
        }
        if (main_from > 0 && main_from != main_to)
            for (auto& [key, row] : rows_)
                if (goes_by_energy(key.item) && !energies_now.at(key.item).complete && size_of_wide(main_from - main_to) > tolerance_wh(1))
                    move(row, in_proportion(row.net, main_to, main_from), why_other);
    }

    /// Whole kWh: what a line's may be off and still be the meter's.
    void round_energy(InvoiceItem item)
    {
        for (auto& [key, row] : rows_) {
            if (key.item != item || row.lines == nullptr || row.wh == 0 || row.wh == row.asked.wh)
                continue;
            const Wide before = row.net;
            move(row, in_proportion(row.net, row.asked.wh, row.wh), InvoiceCause::rounding);
            rounded_energy_ += 2 * size_of_wide(row.net - before); // with any VAT
            row.wh = row.asked.wh;
        }
    }

    /// All classes alike, to what the invoice counts together.
    void scale_energy(const Bill& bill, InvoiceItem item, const Energy& energy, InvoiceCause why)
    {
        const Wide between = volume_scaled(bill, energy);
        for (auto& [key, row] : rows_) {
            if (key.item != item)
                continue;
            if (energy.expected <= 0) {
                if (row.lines != nullptr) {
                    move(row, row.asked.by_price, why);
                    row.wh = row.asked.wh;
                }
                continue;
            }
            const Wide net = row.net;
            if (size_of_wide(between - energy.expected) > tolerance_wh(energy.lines))
                move(row, in_proportion(net, between, energy.expected), why);
            const bool other_coefficient = between != energy.asked && other_coefficient_;
            move(row, in_proportion(net, energy.asked, energy.expected), other_coefficient ? InvoiceCause::conversion_coefficient : why);
            row.wh = in_proportion(row.wh, energy.asked, energy.expected);
        }
        evidence_[why] = "wh=" + std::to_string(static_cast<std::int64_t>(energy.expected)) + ">" + std::to_string(static_cast<std::int64_t>(energy.asked));
    }

    /// Gas: what the invoice's m3 would be under the right coefficient; else the invoice's own energy.
    Wide volume_scaled(const Bill& bill, const Energy& energy)
    {
        other_coefficient_ = false;
        const auto right = coefficient_e5(bill);
        std::set<std::tuple<std::int64_t, std::int64_t, Decimal>> counted; // an index stands on several lines
        for (const std::size_t at : places_)
            if (const InvoiceLine& line = asked_.invoice->lines[at]; line.item == InvoiceItem::energy && line.kwh_per_m3 && line.index_from && line.index_to)
                counted.emplace(*line.index_from, *line.index_to, *line.kwh_per_m3);
        if (!right)
            return energy.asked;
        Wide beyond = 0; // Wh
        for (const auto& [from, to, coefficient] : counted) {
            const Wide by = divided_to_nearest(Wide{coefficient.digits} * 100'000, power_of_ten(coefficient.scale)) - *right;
            beyond += divided_to_nearest(Wide{to - from} * by, 100);
        }
        other_coefficient_ = size_of_wide(beyond) > tolerance_wh(energy.lines);
        return other_coefficient_ ? energy.asked - beyond : energy.asked;
    }

    /// The published one of the slice; nothing where there is none, or several.
    static std::optional<std::int64_t> coefficient_e5(const Bill& bill)
    {
        std::optional<std::int64_t> out;
        for (const BillSource& source : bill.sources)
            if (source.kind == BillSource::Kind::published_gas && std::exchange(out, source.kwh_per_m3_e5).value_or(source.kwh_per_m3_e5) != source.kwh_per_m3_e5)
                return std::nullopt;
        return out;
    }

    /// The same energy, otherwise divided into classes.
    void share_energy(InvoiceItem item, const Energy& energy, bool estimated)
    {
        int classes = 0;
        bool otherwise = false;
        for (const auto& [key, row] : rows_)
            if (key.item == item && !key.time_class.empty()) {
                ++classes;
                otherwise = otherwise || size_of_wide(row.wh - row.asked.wh) > tolerance_wh(row.asked.lines + 1);
            }
        if (!otherwise || classes < 2)
            return;
        InvoiceCause why = estimated ? InvoiceCause::estimated_index : InvoiceCause::unexplained;
        if (const auto found = windows_that_give(item, energy)) {
            why = InvoiceCause::offpeak_window;
            evidence_[why] = *found;
        }
        for (auto& [key, row] : rows_)
            if (key.item == item) {
                if (row.wh == 0)
                    move(row, row.asked.by_price, why);
                else
                    move(row, in_proportion(row.net, row.asked.wh, row.wh), why);
                row.wh = row.asked.wh;
            }
    }

    /// How the invoice's classes came to be; nothing where no other hours give them.
    std::optional<std::string> windows_that_give(InvoiceItem item, const Energy& energy)
    {
        const auto gives = [&](const std::map<RowKey, Wide>& shares, Wide sum) {
            return sum > 0 && std::ranges::all_of(rows_, [&](const auto& one) {
                       const auto& [key, row] = one;
                       const auto share = shares.find(key);
                       const Wide wh = share == shares.end() ? 0 : in_proportion(share->second, energy.asked, sum);
                       return key.item != item || size_of_wide(wh - row.asked.wh) <= tolerance_wh(row.asked.lines + 1);
                   });
        };
        if (std::ranges::count_if(rows_, [&](const auto& one) { return one.first.item == item; }) == 2) {
            std::map<RowKey, Wide> exchanged;
            std::vector<std::pair<RowKey, Wide>> two;
            for (const auto& [key, row] : rows_)
                if (key.item == item)
                    two.emplace_back(key, row.wh);
            exchanged[two[0].first] = two[1].second;
            exchanged[two[1].first] = two[0].second;
            if (gives(exchanged, two[0].second + two[1].second))
                return "classes=exchanged";
        }
        for (const std::vector<DayWindow>& windows : windows_) {
            const auto bill = bills_.bill(span_, {.offpeak = windows});
            if (!bill)
                continue;
            std::map<RowKey, Wide> shares;
            Wide sum = 0;
            for (const auto& [key, cost] : divide(*bill, asked_).rows)
                if (key.item == item) {
                    shares[key] = cost.wh;
                    sum += cost.wh;
                }
            if (gives(shares, sum))
                return "offpeak=" + to_offpeak_text(windows);
        }
        return std::nullopt;
    }

    void walk_prices()
    {
        for (auto& [key, row] : rows_) {
            const Wide noise = Wide{settings_.rounding_cents} * fine_per_cent * std::max(1, row.bill_lines + row.asked.lines);
            if (row.lines == nullptr || row.bill_lines == 0) {
                move(row, row.asked.net, is_levy(key.item) ? InvoiceCause::price : InvoiceCause::unexplained);
                continue;
            }
            const Wide by = row.asked.by_price - row.net;
            const bool told = row.asked.has_prices || is_levy(key.item);
            if (size_of_wide(by) > noise)
                move(row, row.asked.by_price, told ? InvoiceCause::price : InvoiceCause::unexplained);
            else
                move(row, row.asked.by_price, InvoiceCause::rounding);
            // The printed amount is not its own price times quantity.
            const Wide misprinted = row.asked.net - row.asked.by_price;
            move(row, row.asked.net, size_of_wide(misprinted) > noise ? InvoiceCause::unexplained : InvoiceCause::rounding);
        }
    }

    void walk_vat()
    {
        for (const auto& [key, row] : rows_) {
            if (row.lines == nullptr || row.rate_net == 0)
                continue;
            for (const std::size_t at : *row.lines) {
                const InvoiceLine& line = asked_.invoice->lines[at];
                const Wide net = line.amount.value * fine_per_cent;
                const Wide expected = in_proportion(net, row.rate_net < 0 ? -row.rate_vat : row.rate_vat, size_of_wide(row.rate_net));
                const Wide asked = line.vat_percent ? share_of(net, *line.vat_percent) : 0;
                add(InvoiceCause::vat, asked - expected);
            }
        }
    }

    /// To cents: what roundings leave goes to `rounding`, unless it is too much for it.
    void finish(CheckedSlice& out)
    {
        Wide sum = 0;
        const auto lines = static_cast<std::int64_t>(places_.size() + out.rows.size()) + static_cast<std::int64_t>(bases_by_rate(*asked_.invoice, places_).size());
        Wide rest = 0;
        for (const auto& [cause, fine] : causes_) {
            const Wide cents = divided_to_nearest(fine, fine_per_cent);
            if (cause == InvoiceCause::rounding || cause == InvoiceCause::unexplained || cents == 0)
                continue;
            out.causes.push_back({.cause = cause, .amount = {static_cast<std::int64_t>(cents)}, .evidence = evidence_[cause]});
            sum += cents;
        }
        rest = out.difference().value - sum;
        const Wide unexplained = divided_to_nearest(causes_[InvoiceCause::unexplained], fine_per_cent);
        Wide rounding = rest - unexplained;
        if (size_of_wide(rounding) > settings_.rounding_cents * lines + rounded_energy_ / fine_per_cent)
            rounding = 0;
        if (rounding != 0)
            out.causes.push_back({.cause = InvoiceCause::rounding, .amount = {static_cast<std::int64_t>(rounding)}, .evidence = {}});
        if (rest != rounding)
            out.causes.push_back({.cause = InvoiceCause::unexplained, .amount = {static_cast<std::int64_t>(rest - rounding)}, .evidence = {}});
    }

    Asked asked_;
    std::span<const std::size_t> places_;
    CivilSpan span_;
    PointBills& bills_;
    std::span<const std::vector<DayWindow>> windows_;
    CheckSettings settings_;
    std::map<RowKey, WalkedRow> rows_;
    std::map<InvoiceCause, Wide> causes_;
    std::map<InvoiceCause, std::string> evidence_;
    bool other_coefficient_ = false;
    Wide rounded_energy_ = 0;
};

} // namespace

std::span<const InvoiceCauseRow> invoice_cause_rows()
{
    return cause_rows;
}

const InvoiceCauseRow& invoice_cause_row(InvoiceCause cause)
{
    return cause_rows[static_cast<std::size_t>(cause)];
}

result<CheckedSlice> check_slice(const Invoice& invoice, std::span<const std::size_t> lines, CivilSpan span, const SliceDays& days, PointBills& bills,
                                 std::span<const std::vector<DayWindow>> other_windows, const CheckSettings& settings)
{
    if (lines.empty())
        return fail(errc::bad_parameter, "invoice " + invoice.number + ": no lines");
    const InvoiceLine& first = invoice.lines[lines.front()];
    for (const std::size_t at : lines) {
        const InvoiceLine& line = invoice.lines[at];
        RELEVE_CHECK(check_limits(line));
        if (line.usage_point != first.usage_point || line.span.from < span.from || line.span.to > span.to)
            return fail(errc::bad_parameter, "invoice " + invoice.number + ": lines of several usage points, or beyond the days");
    }
    return Walk{invoice, lines, span, bills, other_windows, settings}.run(days);
}

} // namespace releve::engine
