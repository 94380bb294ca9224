// Bills as rows: made once, then only their state goes on.

#include "bill_rows.hpp"

#include <releve/crypto/aes.hpp>

#include <algorithm>

namespace releve::store {

namespace {

constexpr std::array<std::string_view, 3> state_names{"draft", "issued", "cancelled"};
constexpr std::array all_rests{engine::Rests::read, engine::Rests::estimated, engine::Rests::mixed};

const std::string bill_columns =
    "SELECT b.id, b.usage_point, b.from_day, b.to_day, b.state, b.corrects, (SELECT max(c.id) FROM bill c WHERE c.corrects = b.id AND c.state <> 'cancelled'), "
    "b.batch, b.terms, b.total_cents, b.energy_wh, b.rests, encode(b.hash, 'hex'), extract(epoch FROM b.made_at)::int8, b.made_by, b.reason, "
    "extract(epoch FROM b.issued_at)::int8, extract(epoch FROM b.cancelled_at)::int8";

constexpr const char* issued_of_group =
    " FROM bill b JOIN usage_point u ON u.id = b.usage_point WHERE b.state = 'issued' AND b.id > $1::int8 AND ($2 = '' OR EXISTS (SELECT FROM usage_group_member g "
    "WHERE g.usage_group = $2 AND g.usage_point = b.usage_point AND g.validity && daterange(b.from_day, b.to_day)))";

/// Whether anything came after what a bill knows. Who hangs where is not numbered: a meter that does not span the bill's days, or
/// one that was told of since, counts as something.
std::string touched_columns()
{
    std::string text = "EXISTS (SELECT FROM tariff_document d WHERE d.known_from > b.terms)";
    for (const char* terms : {"contract", "offpeak_period", "published_gas", "conversion_coefficient"})
        text += std::string{" OR EXISTS (SELECT FROM "} + terms + " t WHERE t.usage_point = b.usage_point AND (t.known_from > b.terms OR t.known_to > b.terms))";
    text += " OR NOT EXISTS (SELECT FROM installation i WHERE i.usage_point = b.usage_point "
            "AND i.validity @> tstzrange(b.from_day::timestamp AT TIME ZONE u.zone, b.to_day::timestamp AT TIME ZONE u.zone)) "
            "OR EXISTS (SELECT FROM installation i WHERE i.usage_point = b.usage_point AND i.recorded_at >= b.made_at)";
    // A day before and one after: indexes at the very ends are filed there too.
    for (const auto& [days, batch] : {std::pair{"interval_day", "batch"}, std::pair{"register_day", "batch"}, std::pair{"interval_overlay_day", "batch"}, std::pair{"overlay_history", "superseded_by"}})
        text += std::string{" OR EXISTS (SELECT FROM installation i JOIN "} + days + " d ON d.meter_id = i.meter_id WHERE i.usage_point = b.usage_point AND d.day BETWEEN b.from_day - 1 AND b.to_day + 1 AND d." +
                batch + " > b.batch)";
    return text;
}

StoredBill read_bill(const Row& row)
{
    StoredBill bill;
    bill.id = row.integer(0);
    bill.usage_point.value = row.text(1);
    bill.span = {row.day(2), row.day(3)};
    bill.state = bill_state_from_name(row.text(4)).value_or(BillState::draft);
    if (!row.null(5))
        bill.corrects = row.integer(5);
    if (!row.null(6))
        bill.corrected_by = row.integer(6);
    bill.known = {BatchNumber{row.integer(7)}, row.integer(8)};
    bill.total = {row.integer(9)};
    bill.energy_wh = row.integer(10);
    for (const engine::Rests rests : all_rests)
        if (engine::rests_name(rests) == row.text(11))
            bill.rests = rests;
    bill.hash = row.text(12);
    bill.made_at = row.instant(13);
    bill.made_by = row.text(14);
    bill.reason = row.text(15);
    bill.issued_at = row.maybe_instant(16);
    bill.cancelled_at = row.maybe_instant(17);
    return bill;
}

} // namespace

std::string_view bill_state_name(BillState state) { return state_names[static_cast<std::size_t>(state)]; }
std::optional<BillState> bill_state_from_name(std::string_view name)
{
    const auto found = std::ranges::find(state_names, name);
    return found == state_names.end() ? std::nullopt : std::optional{static_cast<BillState>(found - state_names.begin())};
}

result<std::int64_t> insert_bill(Work& work, const NewBill& fresh, const std::string& who)
{
    const engine::Bill& bill = *fresh.bill;
    if (bill.comparison)
        return fail(errc::bill_state, "a comparison is never kept as a bill");
    if (fresh.corrects) {
        const Table of = work.run("SELECT state, usage_point, from_day, to_day FROM bill WHERE id = $1::int8", {*fresh.corrects});
        if (of.empty())
            return fail(errc::not_found, "there is no bill " + std::to_string(*fresh.corrects));
        if (of[0].text(0) != "issued" || of[0].text(1) != bill.usage_point.value || of[0].day(2) != bill.span.from || of[0].day(3) != bill.span.to)
            return fail(errc::bill_state, "only an issued bill of the same usage point and days can be corrected");
    }
    const auto hash = crypto::sha256(as_bytes(fresh.document));
    return work
        .run("INSERT INTO bill (usage_point, from_day, to_day, state, corrects, batch, terms, total_cents, energy_wh, rests, hash, document, made_by) "
             "VALUES ($1, $2::date, $3::date, 'draft', $4::int8, $5::int8, $6::int8, $7::int8, $8::int8, $9, $10::bytea, $11, $12) RETURNING id",
             {bill.usage_point.value, bill.span.from, bill.span.to, fresh.corrects, bill.as_of, fresh.terms, bill.total.value, bill.energy_wh,
              engine::rests_name(bill.rests), ByteView{hash}, fresh.document, who})
        .at(0)
        .integer(0);
}

std::vector<StoredBill> load_bills(Work& work, const BillFilter& filter, int limit)
{
    std::vector<StoredBill> bills;
    for (const Row& row : work.run(bill_columns + " FROM bill b WHERE ($1 = '' OR b.usage_point = $1) AND ($2 = '' OR b.id < nullif($2, '')::int8) "
                                                  "AND ($4 = '' OR b.state = $4) AND ($5::int8 = 0 OR b.run = $5::int8) ORDER BY b.id DESC LIMIT $3::int4",
                                   {filter.usage_point, filter.after, limit, filter.state, filter.run}))
        bills.push_back(read_bill(row));
    return bills;
}

std::vector<IssuedBill> load_issued_bills(Work& work, const std::string& group, std::int64_t after, int limit)
{
    static const std::string statement = bill_columns + ", " + touched_columns() + issued_of_group + " ORDER BY b.id LIMIT $3::int4";
    std::vector<IssuedBill> bills;
    for (const Row& row : work.run(statement, {after, group, limit}))
        bills.push_back({read_bill(row), row.boolean(18)});
    return bills;
}

std::int64_t count_issued_bills(Work& work, const std::string& group)
{
    return work.run(std::string{"SELECT count(*)"} + issued_of_group, {0, group}).at(0).integer(0);
}

result<StoredBill> load_bill(Work& work, std::int64_t id)
{
    const Table rows = work.run(bill_columns + ", b.document FROM bill b WHERE b.id = $1::int8", {id});
    if (rows.empty())
        return fail(errc::not_found, "there is no bill " + std::to_string(id));
    StoredBill bill = read_bill(rows[0]);
    bill.document = rows[0].text(18);
    return bill;
}

result<void> change_bill_state(Work& work, std::int64_t id, BillState state, const std::string& reason, const std::string& who)
{
    const Table rows = work.run("SELECT state, corrects, usage_point, from_day, to_day FROM bill WHERE id = $1::int8 FOR UPDATE", {id});
    if (rows.empty())
        return fail(errc::not_found, "there is no bill " + std::to_string(id));
    const std::string& now = rows[0].text(0);
    if (state == BillState::issued) {
        if (now != "draft")
            return fail(errc::bill_state, "state: the bill is " + now + "; only a draft can be issued");
        // Whoever issues another one of this usage point waits, and sees this one.
        work.run("SELECT pg_advisory_xact_lock(hashtextextended('bill of ' || $1, 0))", {rows[0].text(2)});
        if (!rows[0].null(1)) // the correction takes the place of what it corrects
            if (const auto done = change_bill_state(work, rows[0].integer(1), BillState::cancelled, "corrected by bill " + std::to_string(id), who); !done)
                return fail(errc::bill_state, "corrects: bill " + std::to_string(rows[0].integer(1)) + " is no longer issued; make a new draft");
        const Table others = work.run("SELECT id FROM bill WHERE usage_point = $1 AND state = 'issued' AND from_day < $3::date AND to_day > $2::date LIMIT 1",
                                      {rows[0].text(2), rows[0].day(3), rows[0].day(4)});
        if (!others.empty())
            return fail(errc::bill_state, "period: bill " + std::to_string(others[0].integer(0)) + " was issued for some of these days; correct or cancel that one");
        work.run("UPDATE bill SET state = 'issued', issued_at = now(), issued_by = $2 WHERE id = $1::int8", {id, who});
        return {};
    }
    if (state != BillState::cancelled || now == "cancelled")
        return fail(errc::bill_state, "state: the bill is " + now + "; a draft is issued or cancelled, an issued bill is cancelled");
    const auto characters = std::ranges::count_if(reason, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }); // of UTF-8
    if (characters < 3 || characters > 500)
        return fail(errc::bad_parameter, "reason: 3 to 500 characters");
    work.run("UPDATE bill SET state = 'cancelled', cancelled_at = now(), cancelled_by = $2, reason = $3 WHERE id = $1::int8", {id, who, reason});
    return {};
}

} // namespace releve::store
