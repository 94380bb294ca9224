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

std::vector<StoredBill> load_bills(Work& work, const std::string& usage_point, const std::string& after, int limit)
{
    std::vector<StoredBill> bills;
    for (const Row& row : work.run(bill_columns + " FROM bill b WHERE ($1 = '' OR b.usage_point = $1) AND ($2 = '' OR b.id < nullif($2, '')::int8) "
                                                  "ORDER BY b.id DESC LIMIT $3::int4",
                                   {usage_point, after, limit}))
        bills.push_back(read_bill(row));
    return bills;
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
        if (!rows[0].null(1)) // the correction takes the place of what it corrects
            RELEVE_CHECK(change_bill_state(work, rows[0].integer(1), BillState::cancelled, "corrected by bill " + std::to_string(id), who));
        else if (!work.run("SELECT FROM bill WHERE usage_point = $1 AND state = 'issued' AND from_day < $3::date AND to_day > $2::date LIMIT 1",
                           {rows[0].text(2), rows[0].day(3), rows[0].day(4)})
                      .empty())
            return fail(errc::bill_state, "period: another bill was issued for some of these days; correct or cancel that one");
        work.run("UPDATE bill SET state = 'issued', issued_at = now(), issued_by = $2 WHERE id = $1::int8", {id, who});
        return {};
    }
    if (state != BillState::cancelled || now == "cancelled")
        return fail(errc::bill_state, "state: the bill is " + now + "; a draft is issued or cancelled, an issued bill is cancelled");
    if (reason.size() < 3 || reason.size() > 500)
        return fail(errc::bad_parameter, "reason: 3 to 500 characters");
    work.run("UPDATE bill SET state = 'cancelled', cancelled_at = now(), cancelled_by = $2, reason = $3 WHERE id = $1::int8", {id, who, reason});
    return {};
}

} // namespace releve::store
