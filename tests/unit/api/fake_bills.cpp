// Bills of the fake store. A home with peak and off-peak hours whose missing half-hours are estimated and, a day that was missing
// as a whole, read 20 days later; its neighbour's registers. Knowledge is a batch (one each second) and a version of terms: with
// version 2 the home has 9 kVA from the last month on.

#include "fake_store.hpp"

#include <releve/core/bytes.hpp>
#include <releve/crypto/aes.hpp>

#include <algorithm>
#include <array>

namespace releve::tests {

using namespace std::chrono;
using store::BillState;

namespace {

constexpr std::int64_t terms_now = 2;
constexpr auto late = days{20};
const std::vector<engine::DayWindow> nights{{22 * 3600 + 1800, 6 * 3600 + 1800}};

store::Knowledge known_at(Instant at, std::int64_t terms = terms_now) { return {BatchNumber{at.time_since_epoch().count()}, terms}; }

/// What a bill counts of a half-hour: a reading, one that came late, or an estimate.
struct Counted {
    std::int64_t watts = 0;
    bool estimated = false;
};
Counted counted(Instant at, CivilDay day, Instant known)
{
    if (const auto power = fake_power_w(at, Instant::max()))
        return {*power, false};
    constexpr std::int64_t estimate_w = 640;
    if (day.time_since_epoch().count() % 17 != 5 || known < paris().start_of(day) + late)
        return {estimate_w, true};
    return {fake_power_w(at - days{14}, Instant::max()).value_or(estimate_w), false};
}

std::vector<engine::CurveDay> curve_of(engine::CivilSpan span, Instant known)
{
    std::vector<engine::CurveDay> out;
    for (auto day = span.from; day < span.to && paris().start_of(day + days{1}) <= known; day += days{1}) {
        engine::CurveDay& part = out.emplace_back();
        part.day = day;
        part.first = paris().start_of(day);
        part.quality = Quality::raw;
        part.meter = MeterId{1};
        part.channel = ChannelId{1};
        part.batch = paris().start_of(day + days{1}).time_since_epoch().count();
        for (auto at = part.first; at < paris().start_of(day + days{1}); at += part.step) {
            const auto [watts, estimated] = counted(at, day, known);
            part.energy_mj.push_back(watts * 1'800 * 1'000);
            part.estimated += estimated ? 1 : 0;
        }
        if (part.estimated > 0) {
            part.quality = Quality::estimated_linear;
            part.overlay_version = 1;
        }
    }
    return out;
}

/// The supplier's registers of peak and off-peak hours, read each midnight.
std::vector<engine::RegisterFacts> registers_of(const engine::Calendar& calendar, engine::CivilSpan span, Instant known)
{
    std::vector<engine::RegisterFacts> out;
    for (const auto& one : calendar.classes)
        out.push_back({one.meter_register, {engine::RegisterSeries{}}, {MeterId{2}}, {ChannelId{static_cast<std::int16_t>(11 + out.size())}}});
    std::array<std::int64_t, 2> index_wh{4'120'377, 2'871'044};
    for (auto day = span.from; day <= span.to && paris().start_of(day) <= known; day += days{1}) {
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i].series.front().reads.push_back({paris().start_of(day), index_wh[i], Quality::raw, true});
        const auto number = day.time_since_epoch().count();
        index_wh[0] += 6'200 + number % 7 * 410;
        index_wh[1] += 3'900 + number % 5 * 230;
    }
    return out;
}

engine::BillFacts facts_of(const engine::TariffBook& book, const store::UsagePointRow& point, engine::CivilSpan span, const store::Knowledge& known, Instant now)
{
    engine::BillFacts out;
    out.usage_point = point.id;
    out.energy = point.energy;
    out.as_of = known.batch.value;
    if (point.energy == "gas")
        return out; // nobody has said what its contract is
    const Instant at{Seconds{known.batch.value}};
    const CivilDay begin = month_before(now, 36), change = month_before(now, 1), end{year{2100} / 1 / 1};
    engine::ContractTerms terms{.span = {begin, end}, .tariff = "home_hphc", .parameters = {}, .powers_va = {6'000}};
    out.contracts = {terms};
    out.offpeak = {{{begin, end}, nights}};
    if (point.collection == store::Collection::daily) {
        out.registers = registers_of(book.calendars.at("hphc"), span, at);
        return out;
    }
    if (known.terms >= 2) {
        out.contracts.front().span.to = change;
        terms.span.from = change;
        terms.powers_va = {9'000};
        out.contracts.push_back(terms);
    }
    out.curve = curve_of(span, at);
    return out;
}

store::StoredBill stored_of(const engine::Bill& bill, std::int64_t id, const store::Knowledge& known)
{
    store::StoredBill out;
    out.id = id;
    out.usage_point = bill.usage_point;
    out.span = bill.span;
    out.known = known;
    out.total = bill.total;
    out.energy_wh = bill.energy_wh;
    out.rests = bill.rests;
    out.document = engine::to_document(bill);
    out.hash = to_hex(crypto::sha256(as_bytes(out.document)));
    return out;
}

/// Three months of the home: the first was corrected, the second rests on an estimate that was read since, the third is a draft; and
/// one of the neighbour.
void stock(FakeWorld& world)
{
    if (world.bills_stocked)
        return;
    world.bills_stocked = true;
    struct Wanted {
        const std::string& point;
        int back;
        BillState state;
        std::int64_t terms;
    };
    const Wanted all[] = {{own_point, 3, BillState::cancelled, 1}, {own_point, 3, BillState::issued, 1}, {own_point, 2, BillState::issued, 2},
                          {daily_point, 1, BillState::issued, 2},  {own_point, 1, BillState::draft, 2}};
    for (const auto& [point, back, state, terms] : all) {
        const engine::CivilSpan span{month_before(world.now, back), month_before(world.now, back - 1)};
        const auto id = static_cast<std::int64_t>(world.bills.size()) + 1;
        const Instant made_at = std::min(paris().start_of(span.to) + hours(34) + (id == 2 ? days{24} : days{0}), world.now);
        const auto known = known_at(made_at, terms);
        engine::BillMaker maker{*world.book, paris()};
        const auto bill = maker.make(facts_of(*world.book, world.points.at(point), span, known, world.now), {.span = span, .played = world.played});
        RELEVE_ASSERT(bill);
        auto& stored = world.bills.emplace_back(stored_of(*bill, id, known));
        stored.state = state;
        stored.made_at = made_at;
        stored.made_by = "operator of the tests";
        if (state != BillState::draft)
            stored.issued_at = made_at + hours(1);
    }
    world.bills[0].corrected_by = 2;
    world.bills[0].cancelled_at = world.bills[1].issued_at;
    world.bills[0].reason = "corrected by bill 2";
    world.bills[1].corrects = 1;
}

store::StoredBill* find_bill(FakeWorld& world, const UsagePointId& id, std::int64_t number)
{
    stock(world);
    const auto found = std::ranges::find(world.bills, number, &store::StoredBill::id);
    return found == world.bills.end() || found->usage_point != id ? nullptr : &*found;
}

Error no_bill(std::int64_t number) { return fail(errc::not_found, "there is no bill " + std::to_string(number)); }

} // namespace

result<store::BillBasis> FakeStore::bill_basis(const store::Identity& who, const UsagePointId& id, engine::CivilSpan span,
                                               const std::optional<store::Knowledge>& known)
{
    RELEVE_TRY(point, usage_point(who, id));
    const auto now = known_at(world_.now);
    if (known && (known->batch > now.batch || known->terms > now.terms))
        return fail(errc::bad_parameter, "as_of: no answer has named this number yet");
    if ((span.to - span.from).count() > engine::bill_days_max)
        return fail(errc::bad_parameter, "to: a bill is of at most " + std::to_string(engine::bill_days_max) + " days");
    const std::lock_guard lock(world_.done);
    world_.bases_read.emplace_back(id.value, span);
    const auto settled = known.value_or(now);
    return store::BillBasis{point.zone, world_.played, settled, settled.terms < 2 ? 0 : 2, facts_of(*world_.book, point, span, settled, world_.now)};
}

result<std::vector<store::TariffText>> FakeStore::tariffs(const store::Identity&, std::optional<std::int64_t> terms)
{
    auto out = fake_tariff_texts();
    if (terms)
        std::erase_if(out, [&](const auto& text) { return text.known_from > *terms; });
    return out;
}

result<std::vector<store::StoredBill>> FakeStore::bills(const store::Identity& who, const UsagePointId& id, const store::Page& page)
{
    RELEVE_CHECK(usage_point(who, id));
    const std::lock_guard lock(world_.done);
    stock(world_);
    std::vector<store::StoredBill> out;
    for (auto one = world_.bills.rbegin(); one != world_.bills.rend() && out.size() < static_cast<std::size_t>(page.limit); ++one) {
        if (one->usage_point != id || (!page.after.empty() && one->id >= std::stoll(page.after)))
            continue;
        out.push_back(*one);
        out.back().document.clear();
    }
    return out;
}

result<store::StoredBill> FakeStore::bill(const store::Identity& who, const UsagePointId& id, std::int64_t number)
{
    RELEVE_CHECK(usage_point(who, id));
    const std::lock_guard lock(world_.done);
    const auto* found = find_bill(world_, id, number);
    if (found == nullptr)
        return no_bill(number);
    return *found;
}

result<store::StoredBill> FakeStore::save_bill(const store::Identity& who, const store::NewBill& fresh)
{
    RELEVE_CHECK(usage_point(who, fresh.bill->usage_point));
    const std::lock_guard lock(world_.done);
    stock(world_);
    if (fresh.bill->comparison)
        return fail(errc::bill_state, "a comparison is never kept as a bill");
    if (fresh.corrects) {
        auto* corrected = find_bill(world_, fresh.bill->usage_point, *fresh.corrects);
        if (corrected == nullptr)
            return no_bill(*fresh.corrects);
        if (corrected->state != BillState::issued || corrected->span != fresh.bill->span)
            return fail(errc::bill_state, "only an issued bill of the same usage point and days can be corrected");
        corrected->corrected_by = static_cast<std::int64_t>(world_.bills.size()) + 1;
    }
    auto stored = stored_of(*fresh.bill, static_cast<std::int64_t>(world_.bills.size()) + 1, {BatchNumber{fresh.bill->as_of}, fresh.terms});
    RELEVE_ASSERT(stored.document == fresh.document);
    stored.corrects = fresh.corrects;
    stored.made_at = world_.now;
    stored.made_by = who.label;
    return world_.bills.emplace_back(std::move(stored));
}

result<store::StoredBill> FakeStore::set_bill_state(const store::Identity& who, const UsagePointId& id, std::int64_t number, BillState state,
                                                    const std::string& reason)
{
    RELEVE_CHECK(usage_point(who, id));
    const std::lock_guard lock(world_.done);
    auto* bill = find_bill(world_, id, number);
    if (bill == nullptr)
        return no_bill(number);
    const std::string now(store::bill_state_name(bill->state));
    if (state == BillState::issued) {
        if (bill->state != BillState::draft)
            return fail(errc::bill_state, "state: the bill is " + now + "; only a draft can be issued");
        if (auto* corrected = bill->corrects ? find_bill(world_, id, *bill->corrects) : nullptr) {
            corrected->state = BillState::cancelled;
            corrected->cancelled_at = world_.now;
            corrected->reason = "corrected by bill " + std::to_string(number);
        } else if (std::ranges::any_of(world_.bills, [&](const auto& other) {
                       return other.usage_point == id && other.state == BillState::issued && other.span.from < bill->span.to && other.span.to > bill->span.from;
                   })) {
            return fail(errc::bill_state, "period: another bill was issued for some of these days; correct or cancel that one");
        }
        bill->issued_at = world_.now;
    } else {
        if (bill->state == BillState::cancelled)
            return fail(errc::bill_state, "state: the bill is " + now + "; a draft is issued or cancelled, an issued bill is cancelled");
        if (reason.size() < 3 || reason.size() > 500)
            return fail(errc::bad_parameter, "reason: 3 to 500 characters");
        bill->cancelled_at = world_.now;
        bill->reason = reason;
    }
    bill->state = state;
    return *bill;
}

result<store::CustomerRead> FakeStore::tell_index(const store::Identity& who, const UsagePointId& id, const store::CustomerRead& read, Instant now)
{
    RELEVE_CHECK(usage_point(who, id));
    if (read.at > now)
        return fail(errc::bad_parameter, "at: lies in the future");
    const std::lock_guard lock(world_.done);
    store::CustomerRead told = read;
    told.id = static_cast<std::int64_t>(world_.told.size()) + 1;
    told.unit = "kWh";
    told.told_at = now;
    return world_.told.emplace_back(std::move(told));
}

result<std::vector<store::CustomerRead>> FakeStore::told_indexes(const store::Identity& who, const UsagePointId& id, const store::Page&)
{
    RELEVE_CHECK(usage_point(who, id));
    const std::lock_guard lock(world_.done);
    return std::vector<store::CustomerRead>{world_.told.rbegin(), world_.told.rend()};
}

} // namespace releve::tests
