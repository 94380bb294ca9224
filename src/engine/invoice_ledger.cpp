#include <releve/engine/invoice_ledger.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

namespace releve::engine {

namespace {

/// What makes two lines ask for the same.
auto key_of(const InvoiceLine& line, bool opposite = false)
{
    return std::tuple{line.item, line.component, line.time_class, line.span.from, line.span.to, opposite ? -line.amount.value : line.amount.value};
}

bool is_within(CivilSpan span, CivilSpan whole)
{
    return span.from >= whole.from && span.to <= whole.to;
}

class Ledger {
public:
    Ledger(std::span<const Invoice> invoices, const UsagePointId& usage_point, const CheckSettings& settings)
        : invoices_(invoices), usage_point_(usage_point), settings_(settings)
    {
    }

    PointLedger make(std::span<const CivilSpan> due)
    {
        std::vector<std::size_t> order;
        for (std::size_t i = 0; i < invoices_.size(); ++i)
            order.push_back(i);
        std::ranges::sort(order, {}, [&](std::size_t i) {
            const Invoice& one = invoices_[i];
            const int rank = one.kind == InvoiceKind::invoice ? 0 : one.kind == InvoiceKind::catch_up ? 1 : 2;
            return std::tuple{one.date, rank, std::string_view{one.supplier}, std::string_view{one.number}};
        });
        // What names its invoice follows it, whatever was dated in between: what then stands is what counts.
        for (const std::size_t place : order) {
            if (named_by(place, order))
                continue;
            take(place);
            for (const std::size_t later : order)
                if (named_by(later, order) == place)
                    take(later);
        }
        out_.missing = missing(due);
        return std::move(out_);
    }

private:
    enum Families : std::size_t { of_time, of_energy };

    void take(std::size_t place)
    {
        const Invoice& invoice = invoices_[place];
        std::vector<std::size_t> asking, correcting;
        for (std::size_t i = 0; i < invoice.lines.size(); ++i)
            if (const InvoiceLine& line = invoice.lines[i]; line.usage_point == usage_point_)
                (invoice.kind != InvoiceKind::invoice || (line.amount.value < 0 && covers(line.item)) ? correcting : asking).push_back(i);
        // What is taken back frees its days for what the same invoice asks for.
        for (LedgerSlice& slice : touching(place, correcting))
            if (!correct(slice))
                asking.insert(asking.end(), slice.lines.begin(), slice.lines.end());
        std::ranges::sort(asking);
        for (LedgerSlice& slice : asked_slices(place, asking))
            ask(std::move(slice));
        earlier_.push_back(place);
    }

    /// The invoice that a credit note or catch-up names.
    [[nodiscard]] std::optional<std::size_t> named_by(std::size_t place, std::span<const std::size_t> order) const
    {
        const Invoice& by = invoices_[place];
        if (by.kind == InvoiceKind::invoice || by.corrects.empty())
            return std::nullopt;
        for (const std::size_t other : order)
            if (invoices_[other].kind == InvoiceKind::invoice && invoices_[other].supplier == by.supplier && invoices_[other].number == by.corrects)
                return other;
        return std::nullopt;
    }

    /// Lines whose days touch or overlap, together.
    [[nodiscard]] std::vector<LedgerSlice> touching(std::size_t place, std::span<const std::size_t> lines) const
    {
        std::vector<CivilSpan> spans;
        for (const std::size_t at : lines)
            spans.push_back(invoices_[place].lines[at].span);
        std::vector<LedgerSlice> out;
        for (const CivilSpan& span : joined(std::move(spans))) {
            LedgerSlice& slice = out.emplace_back(LedgerSlice{.invoice = place, .lines = {}, .span = span});
            for (const std::size_t at : lines)
                if (is_within(invoices_[place].lines[at].span, span))
                    slice.lines.push_back(at);
        }
        return out;
    }

    /// By time and by energy; together where their days are the same. What is neither goes where its days are.
    [[nodiscard]] std::vector<LedgerSlice> asked_slices(std::size_t place, std::span<const std::size_t> lines) const
    {
        std::array<std::vector<std::size_t>, 2> families;
        std::vector<std::size_t> others;
        for (const std::size_t at : lines)
            if (const InvoiceItem item = invoices_[place].lines[at].item; item == InvoiceItem::other)
                others.push_back(at);
            else
                families[family_of(item)].push_back(at);
        std::vector<LedgerSlice> out = touching(place, families[of_time]);
        for (LedgerSlice& slice : touching(place, families[of_energy]))
            if (const auto same = std::ranges::find(out, slice.span, &LedgerSlice::span); same != out.end())
                same->lines.insert(same->lines.end(), slice.lines.begin(), slice.lines.end());
            else
                out.push_back(std::move(slice));
        for (const std::size_t at : others) {
            const CivilSpan& span = invoices_[place].lines[at].span;
            const auto around = std::ranges::find_if(out, [&](const LedgerSlice& slice) { return is_within(span, slice.span); });
            if (around != out.end())
                around->lines.push_back(at);
            else
                out.push_back({.invoice = place, .lines = {at}, .span = span});
        }
        for (LedgerSlice& slice : out)
            std::ranges::sort(slice.lines);
        std::ranges::stable_sort(out, {}, [](const LedgerSlice& slice) { return std::pair{slice.span.from, slice.span.to}; });
        return out;
    }

    // ---- what corrects

    /// False: they are lines of an invoice, and there is none that they could correct.
    bool correct(LedgerSlice slice)
    {
        slice.kind = LedgerSlice::Kind::adjustment;
        slice.of = corrected_by(slice);
        if (!slice.of && invoices_[slice.invoice].kind == InvoiceKind::invoice)
            return false;
        slice.days.unmatched = !slice.of;
        if (slice.of && invoices_[slice.invoice].kind != InvoiceKind::catch_up)
            if (auto lines = opposite_lines(*slice.of, slice)) {
                slice.kind = LedgerSlice::Kind::reversal;
                slice.of_lines = std::move(*lines);
                for (const std::size_t line : slice.of_lines)
                    reversed_.emplace(*slice.of, line);
                uncover(slice);
            }
        if (invoices_[slice.invoice].kind == InvoiceKind::catch_up)
            slice.days.too_long_ago = common({{slice.span}}, {{{CivilDay::min(), limit_of(invoices_[slice.invoice])}}});
        out_.slices.push_back(std::move(slice));
        return true;
    }

    [[nodiscard]] bool has_item(const LedgerSlice& slice, InvoiceItem item) const
    {
        return std::ranges::any_of(slice.lines, [&](std::size_t at) { return invoices_[slice.invoice].lines[at].item == item; });
    }
    /// A line that might be another's of the same days and items.
    [[nodiscard]] bool is_of(const InvoiceLine& line, const LedgerSlice& slice) const
    {
        return line.usage_point == usage_point_ && is_within(line.span, slice.span) && has_item(slice, line.item);
    }

    std::optional<std::size_t> corrected_by(const LedgerSlice& slice) const
    {
        const Invoice& by = invoices_[slice.invoice];
        std::optional<std::size_t> found;
        for (const std::size_t place : earlier_) {
            const Invoice& one = invoices_[place];
            if (one.supplier != by.supplier || one.kind == InvoiceKind::credit_note)
                continue;
            const bool of_point = std::ranges::any_of(one.lines, [&](const InvoiceLine& line) { return line.usage_point == usage_point_; });
            const bool of_days = std::ranges::any_of(one.lines, [&](const InvoiceLine& line) {
                return line.usage_point == usage_point_ && line.span.from < slice.span.to && slice.span.from < line.span.to && has_item(slice, line.item);
            });
            if (!by.corrects.empty()) {
                if (of_point && one.number == by.corrects)
                    return place;
            } else if (of_days) {
                if (found)
                    return std::nullopt; // it might be either
                found = place;
            }
        }
        return found;
    }

    std::optional<std::vector<std::size_t>> opposite_lines(std::size_t of, const LedgerSlice& slice) const
    {
        const std::vector<InvoiceLine>& theirs = invoices_[of].lines;
        std::vector<std::size_t> lines;
        for (const std::size_t at : slice.lines) {
            const auto wanted = key_of(invoices_[slice.invoice].lines[at], true);
            std::size_t i = 0;
            while (i < theirs.size() && (theirs[i].usage_point != usage_point_ || key_of(theirs[i]) != wanted || reversed_.contains({of, i}) ||
                                         std::ranges::find(lines, i) != lines.end()))
                ++i;
            if (i == theirs.size())
                return std::nullopt;
            lines.push_back(i);
        }
        const auto of_span = std::ranges::count_if(theirs, [&](const InvoiceLine& line) { return is_of(line, slice); });
        if (static_cast<std::size_t>(of_span) != lines.size())
            return std::nullopt; // a part is given back: an amount
        return lines;
    }

    // ---- what asks

    void ask(LedgerSlice slice)
    {
        const Invoice& invoice = invoices_[slice.invoice];
        slice.days.too_long_ago = common({{slice.span}}, {{{CivilDay::min(), limit_of(invoice)}}});
        if (is_duplicate(slice)) {
            slice.days.duplicate = true;
            duplicates_.insert(slice.invoice);
            out_.slices.push_back(std::move(slice));
            return;
        }
        std::array<LedgerSlice, 2> parts;
        for (const Families family : {of_time, of_energy}) {
            parts[family] = slice;
            parts[family].days.taken = common({{slice.span}}, covered_[family]);
            std::erase_if(parts[family].lines, [&](std::size_t at) { return (family_of(invoice.lines[at].item) == of_time) != (family == of_time); });
        }
        for (const Families family : {of_time, of_energy})
            if (!parts[family].lines.empty() && std::ranges::any_of(parts[family].lines, [&](std::size_t at) { return covers(invoice.lines[at].item); }))
                cover(family, slice.span);
        if (parts[of_time].lines.empty() || parts[of_energy].lines.empty() || parts[of_time].days.taken == parts[of_energy].days.taken) {
            slice.days.taken = parts[of_time].lines.empty() ? parts[of_energy].days.taken : parts[of_time].days.taken;
            out_.slices.push_back(std::move(slice));
        } else {
            out_.slices.push_back(std::move(parts[of_time]));
            out_.slices.push_back(std::move(parts[of_energy]));
        }
    }

    static Families family_of(InvoiceItem item) { return goes_by_time(item) ? of_time : of_energy; }
    /// Whether such a line says that its days are asked for.
    static bool covers(InvoiceItem item) { return goes_by_time(item) || goes_by_energy(item); }

    [[nodiscard]] bool is_duplicate(const LedgerSlice& slice) const
    {
        const auto keys_of = [&](std::size_t place, auto&& counts) {
            std::vector<decltype(key_of(InvoiceLine{}))> keys;
            for (std::size_t i = 0; i < invoices_[place].lines.size(); ++i)
                if (counts(i))
                    keys.push_back(key_of(invoices_[place].lines[i]));
            std::ranges::sort(keys);
            return keys;
        };
        const auto own = keys_of(slice.invoice, [&](std::size_t i) { return std::ranges::find(slice.lines, i) != slice.lines.end(); });
        return std::ranges::any_of(earlier_, [&](std::size_t place) {
            const Invoice& one = invoices_[place];
            return one.supplier == invoices_[slice.invoice].supplier && one.kind == InvoiceKind::invoice &&
                   own == keys_of(place, [&](std::size_t i) {
                       return is_of(one.lines[i], slice) && !reversed_.contains({place, i});
                   });
        });
    }

    void cover(Families family, CivilSpan span)
    {
        covered_[family].push_back(span);
        covered_[family] = joined(std::move(covered_[family]));
    }
    void uncover(const LedgerSlice& reversal)
    {
        if (invoices_[*reversal.of].kind != InvoiceKind::invoice || duplicates_.contains(*reversal.of))
            return; // never covered anything
        for (const std::size_t i : reversal.of_lines)
            if (const InvoiceLine& line = invoices_[*reversal.of].lines[i]; covers(line.item))
                covered_[family_of(line.item)] = without(covered_[family_of(line.item)], {{line.span}});
    }

    [[nodiscard]] CivilDay limit_of(const Invoice& invoice) const
    {
        using namespace std::chrono;
        const year_month_day date{invoice.date};
        const year_month_day before = date - months{settings_.limit_months};
        return before.ok() ? CivilDay{before} : CivilDay{before.year() / before.month() / last};
    }

    [[nodiscard]] std::vector<MissingDays> missing(std::span<const CivilSpan> due) const
    {
        const auto time = without(due, covered_[of_time]), energy = without(due, covered_[of_energy]);
        const auto both = common(time, energy);
        std::vector<MissingDays> out;
        for (const CivilSpan& span : both)
            out.push_back({span, true, true});
        for (const CivilSpan& span : without(time, both))
            out.push_back({span, true, false});
        for (const CivilSpan& span : without(energy, both))
            out.push_back({span, false, true});
        std::ranges::stable_sort(out, {}, [](const MissingDays& one) { return one.span.from; });
        return out;
    }

    std::span<const Invoice> invoices_;
    const UsagePointId& usage_point_;
    CheckSettings settings_;
    PointLedger out_;
    std::vector<std::size_t> earlier_;
    std::set<std::pair<std::size_t, std::size_t>> reversed_; // invoice, line
    std::set<std::size_t> duplicates_;
    std::array<std::vector<CivilSpan>, 2> covered_;
};

} // namespace

PointLedger make_ledger(std::span<const Invoice> invoices, const UsagePointId& usage_point, std::span<const CivilSpan> due, const CheckSettings& settings)
{
    return Ledger{invoices, usage_point, settings}.make(due);
}

} // namespace releve::engine
