#include <releve/api/handlers.hpp>

#include "billing.hpp"

namespace releve::api {
namespace {

std::string side_json(const engine::Bill& bill)
{
    return write_object({"from", "to", "total_eur", "energy_kwh", "rests_on"},
                        {text_cell(to_iso8601(bill.span.from)), text_cell(to_iso8601(bill.span.to)), digits_cell(to_string(bill.total)),
                         digits_cell(to_string(shortest({bill.energy_wh, 3}))), text_cell(engine::rests_name(bill.rests))});
}

std::string part_json(const engine::BillDifference::Part& part)
{
    const auto& row = engine::difference_part_row(part.part);
    const bool energy = part.before_wh != 0 || part.now_wh != 0;
    const auto kwh = [&](std::int64_t wh) { return energy ? digits_cell(to_string(shortest({wh, 3}))) : no_cell(); };
    return write_object({"part", "time_class", "amount_eur", "before_kwh", "now_kwh", "label", "sentence"},
                        {text_cell(row.name), optional_cell(part.time_class), digits_cell(to_string(part.amount)), kwh(part.before_wh), kwh(part.now_wh),
                         json_cell(write_object({"en", "fr"}, {text_cell(row.words.label_en), text_cell(row.words.label_fr)})),
                         json_cell(write_object({"en", "fr"}, {text_cell(part.sentence_en), text_cell(part.sentence_fr)}))});
}

enum class With : std::uint8_t { previous, same_period_last_year };

result<With> read_with(const Request& request)
{
    constexpr std::array<std::string_view, 2> choices{"previous", "same_period_last_year"};
    RELEVE_TRY(chosen, read_choice("with", request.parameter("with"), choices));
    return chosen == choices[1] ? With::same_period_last_year : With::previous;
}

CivilDay years_before(CivilDay day)
{
    const std::chrono::year_month_day date{day};
    const std::chrono::year_month_day before{date.year() - std::chrono::years{1}, date.month(), date.day()};
    return before.ok() ? CivilDay{before} : CivilDay{before.year() / before.month() / std::chrono::last}; // 29 February
}

/// Of whole months the months before; else as many days before.
engine::CivilSpan span_before(engine::CivilSpan span)
{
    const std::chrono::year_month_day from{span.from}, to{span.to};
    if (from.day() == std::chrono::day{1} && to.day() == std::chrono::day{1}) {
        const auto months = (to.year() / to.month()) - (from.year() / from.month());
        return {CivilDay{(from.year() / from.month() - months) / 1}, span.from};
    }
    if (from.day() == std::chrono::day{1} && from.year() == to.year() && from.month() == to.month()) { // a month so far, beside the same days of the month before
        const CivilDay start{(from.year() / from.month() - std::chrono::months{1}) / 1};
        return {start, std::min(start + (span.to - span.from), span.from)};
    }
    return {span.from - (span.to - span.from), span.from};
}

engine::CivilSpan other_span(engine::CivilSpan span, With with)
{
    if (with == With::previous)
        return span_before(span);
    const CivilDay from = years_before(span.from);
    return {from, std::max(years_before(span.to), from + std::chrono::days{1})}; // of 28 February of a leap year alone
}

/// The stored bill to compare with: an issued one rather than a draft, else none.
result<std::optional<KeptBill>> stored_other(const Call& call, const KeptBill& now, With with)
{
    constexpr int looked_at_max = 1'000;
    RELEVE_TRY(bills, call.store->bills(call.identity, point_of(call), {.limit = looked_at_max, .after = {}}));
    const engine::CivilSpan wanted = other_span(now.bill.span, with);
    const store::StoredBill* best = nullptr;
    for (const store::StoredBill& bill : bills) {
        const bool fits = with == With::previous ? bill.span.to == now.bill.span.from : bill.span.from == wanted.from && bill.span.to == wanted.to;
        if (fits && bill.state != store::BillState::cancelled && (best == nullptr || (bill.state == store::BillState::issued && best->state != store::BillState::issued)))
            best = &bill;
    }
    if (best == nullptr)
        return std::optional<KeptBill>{};
    RELEVE_TRY(stored, call.store->bill(call.identity, point_of(call), best->id));
    RELEVE_TRY(kept, keep(call, std::move(stored)));
    return std::optional{std::move(kept)};
}

} // namespace

std::string difference_json(const engine::BillDifference& difference, const engine::Bill& before, const engine::Bill& now)
{
    std::string parts = "[";
    for (const auto& part : difference.parts)
        parts += (parts.size() > 1 ? "," : "") + part_json(part);
    return write_json({"before", "now", "difference_eur", "parts"}, {json_cell(side_json(before)), json_cell(side_json(now)),
                                                                     digits_cell(to_string(difference.now - difference.before)), json_cell(parts + "]")});
}

result<engine::BillDifference> difference_of(const Call& call, const engine::Bill& before, const engine::Bill& now, const engine::TariffBook& book, const store::Knowledge& now_known)
{
    engine::CompareFacts facts;
    facts.book = &book;
    const auto again = make(call, {.span = before.span}); // as known now; where that cannot be made, as it was
    if (again)
        facts.before_as_known_now = &again->bill;
    result<MadeBill> old_terms = fail(errc::internal);
    if (!before.contracts.empty() && !now.contracts.empty()) {
        const engine::ContractTerms& a = before.contracts.back();
        const engine::ContractTerms& b = now.contracts.front();
        if (now.contracts.size() > 1 || a.tariff != b.tariff || a.parameters != b.parameters || a.powers_va != b.powers_va || a.daily_capacity_kwh != b.daily_capacity_kwh)
            old_terms = make(call, {.span = now.span, .instead = a}, now_known); // what came later is no matter of the contract
    }
    if (again && !again->basis.mean_c_e1.empty()) {
        RELEVE_TRY(zone, zone_named(again->basis.zone));
        auto days_before = engine::weather_days(again->basis.facts, again->basis.mean_c_e1, before.span, *zone);
        const auto days_now = days_before ? make(call, {.span = now.span}) : result<MadeBill>{fail(errc::internal)};
        if (days_now)
            if (auto days = engine::weather_days(days_now->basis.facts, days_now->basis.mean_c_e1, now.span, *zone))
                facts.weather = engine::Weather{std::move(*days_before), std::move(*days)};
    }
    if (old_terms)
        facts.now_under_old_contract = &old_terms->bill;
    return engine::compare_bills(before, now, facts);
}

result<Response> compare_bill(const Call& call)
{
    RELEVE_TRY(with, read_with(call.request));
    RELEVE_TRY(now, bill_in_path(call));
    RELEVE_TRY(stored, stored_other(call, now, with));
    engine::Bill before;
    if (stored) {
        before = std::move(stored->bill);
    } else {
        RELEVE_TRY(made, make(call, {.span = other_span(now.bill.span, with)}));
        before = std::move(made.bill);
    }
    RELEVE_TRY(difference, difference_of(call, before, now.bill, *now.book, now.stored.known));
    return respond_json(difference_json(difference, before, now.bill), call.request);
}

result<Response> compare_computed_bill(const Call& call)
{
    RELEVE_TRY(with, read_with(call.request));
    RELEVE_TRY(span, read_days(call.request));
    RELEVE_TRY(now, make(call, {.span = span}));
    RELEVE_TRY(before, make(call, {.span = other_span(span, with)}));
    RELEVE_TRY(difference, difference_of(call, before.bill, now.bill, *now.book, now.basis.known));
    return respond_json(difference_json(difference, before.bill, now.bill), call.request);
}

result<Response> propose_correction(const Call& call)
{
    RELEVE_TRY(kept, bill_in_path(call));
    RELEVE_TRY(made, make(call, {.span = kept.bill.span}));
    const auto differ = [](const engine::Bill& a, const engine::Bill& b) { return a.total != b.total || a.energy_wh != b.energy_wh; };
    const Cents difference = made.bill.total - kept.bill.total;
    std::string_view cause = "none";
    if (differ(kept.bill, made.bill)) { // the version of terms is everybody's: what matters is told by the old readings under today's terms
        const auto old_readings = make(call, {.span = kept.bill.span}, store::Knowledge{kept.stored.known.batch, made.basis.known.terms});
        cause = !old_readings                              ? "readings_and_terms"
                : !differ(old_readings->bill, made.bill)   ? "terms"
                : !differ(kept.bill, old_readings->bill)   ? "readings"
                                                           : "readings_and_terms";
    }
    const auto total = [](const engine::Bill& bill) {
        return json_cell(write_object({"total_eur", "energy_kwh", "rests_on"},
                                      {digits_cell(to_string(bill.total)), digits_cell(to_string(shortest({bill.energy_wh, 3}))), text_cell(engine::rests_name(bill.rests))}));
    };
    return respond_json(write_json({"corrects", "from", "to", "state", "due", "cause", "old", "new", "difference_eur", "as_of"},
                                   {number_cell(kept.stored.id), text_cell(to_iso8601(kept.bill.span.from)), text_cell(to_iso8601(kept.bill.span.to)),
                                    text_cell(store::bill_state_name(kept.stored.state)), boolean_cell(cause != "none"), text_cell(cause), total(kept.bill), total(made.bill),
                                    digits_cell(to_string(difference)),
                                    text_cell(std::to_string(made.basis.known.batch.value) + "." + std::to_string(made.basis.known.terms))}),
                        call.request);
}

} // namespace releve::api
