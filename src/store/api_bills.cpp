// Bills for REST, under row-level security.

#include "bill_rows.hpp"

namespace releve::store {

namespace {

constexpr const char* complete_batch = "releve_complete_batch";

result<void> may_bill(const Identity& who)
{
    if (who.role == Role::operator_ || who.role == Role::energy_manager)
        return {};
    return fail(errc::forbidden, "bills are made and issued by operators and energy managers");
}

/// Of that usage point, or it does not exist.
result<StoredBill> bill_of(Work& work, const UsagePointId& id, std::int64_t number)
{
    RELEVE_TRY(bill, load_bill(work, number));
    if (bill.usage_point != id)
        return fail(errc::not_found, "there is no bill " + std::to_string(number));
    return bill;
}

} // namespace

result<BillBasis> ApiStore::bill_basis(const Identity& who, const UsagePointId& id, engine::CivilSpan span, const std::optional<Knowledge>& known)
{
    RELEVE_CHECK(may_read(who));
    return impl_->as(who, [&](Work& work) -> result<BillBasis> {
        RELEVE_TRY(point, impl_->see(work, id));
        RELEVE_TRY(settled, settle_knowledge(work, known, complete_batch));
        note_access(work, who, {id, "bill", span.from, span.to});
        return load_basis(work, point, span, settled);
    });
}

result<std::vector<TariffText>> ApiStore::tariffs(const Identity& who, std::optional<std::int64_t> terms)
{
    return impl_->as(who, [&](Work& work) -> result<std::vector<TariffText>> { return load_tariffs(work, terms); });
}

result<StoredBill> ApiStore::save_bill(const Identity& who, const NewBill& bill)
{
    RELEVE_CHECK(may_bill(who));
    return impl_->as(who, [&](Work& work) -> result<StoredBill> {
        RELEVE_CHECK(impl_->see(work, bill.bill->usage_point));
        RELEVE_TRY(id, insert_bill(work, bill, who.label));
        return load_bill(work, id);
    });
}

result<std::vector<StoredBill>> ApiStore::bills(const Identity& who, const UsagePointId& id, const Page& page)
{
    RELEVE_CHECK(may_read(who));
    return impl_->as(who, [&](Work& work) -> result<std::vector<StoredBill>> {
        RELEVE_CHECK(impl_->see(work, id));
        note_access(work, who, {id, "bills", {}, {}});
        return load_bills(work, {.usage_point = id.value, .after = page.after}, page.limit);
    });
}

result<StoredBill> ApiStore::bill(const Identity& who, const UsagePointId& id, std::int64_t number)
{
    RELEVE_CHECK(may_read(who));
    return impl_->as(who, [&](Work& work) -> result<StoredBill> {
        RELEVE_CHECK(impl_->see(work, id));
        RELEVE_TRY(bill, bill_of(work, id, number));
        note_access(work, who, {id, "bill", bill.span.from, bill.span.to});
        return bill;
    });
}

result<StoredBill> ApiStore::set_bill_state(const Identity& who, const UsagePointId& id, std::int64_t number, BillState state, const std::string& reason)
{
    RELEVE_CHECK(may_bill(who));
    return impl_->as(who, [&](Work& work) -> result<StoredBill> {
        RELEVE_CHECK(impl_->see(work, id));
        RELEVE_CHECK(bill_of(work, id, number));
        RELEVE_CHECK(change_bill_state(work, number, state, reason, who.label));
        return load_bill(work, number);
    });
}

result<CustomerRead> ApiStore::tell_index(const Identity& who, const UsagePointId& id, const CustomerRead& read, Instant now)
{
    RELEVE_CHECK(may_read(who));
    constexpr std::int64_t index_max = 999'999'999;
    if (read.value < 0 || read.value > index_max)
        return fail(errc::bad_parameter, "value: 0 to 999999999, as the display shows it");
    if (read.at > now)
        return fail(errc::bad_parameter, "at: lies in the future");
    if (read.at < now - std::chrono::days{3'660})
        return fail(errc::bad_parameter, "at: lies more than ten years back");
    return impl_->as(who, [&](Work& work) -> result<CustomerRead> {
        RELEVE_TRY(point, impl_->see(work, id));
        CustomerRead told = read;
        told.unit = point.energy == "gas" ? "m3" : "kWh";
        if (point.energy == "gas" && read.register_name != "total")
            return fail(errc::bad_parameter, "register: a gas meter has one, total");
        note_access(work, who, {id, "index_reading", {}, {}});
        const Row row = work.run("INSERT INTO customer_read (usage_point, register, read_at, value, unit, note, token) VALUES ($1, $2, $3::timestamptz, $4::int8, $5, $6, $7::int8) "
                                 "RETURNING id, extract(epoch FROM told_at)::int8",
                                 {id.value, told.register_name, told.at, told.value, told.unit, told.note, who.token_id})
                            .at(0);
        told.id = row.integer(0);
        told.told_at = row.instant(1);
        return told;
    });
}

result<std::vector<CustomerRead>> ApiStore::told_indexes(const Identity& who, const UsagePointId& id, const Page& page)
{
    RELEVE_CHECK(may_read(who));
    return impl_->as(who, [&](Work& work) -> result<std::vector<CustomerRead>> {
        RELEVE_CHECK(impl_->see(work, id));
        note_access(work, who, {id, "index_readings", {}, {}});
        std::vector<CustomerRead> list;
        for (const Row& row : work.run("SELECT id, register, extract(epoch FROM read_at)::int8, value, unit, note, extract(epoch FROM told_at)::int8 FROM customer_read "
                                       "WHERE usage_point = $1 AND ($2 = '' OR id < nullif($2, '')::int8) ORDER BY id DESC LIMIT $3::int4",
                                       {id.value, page.after, page.limit}))
            list.push_back({row.integer(0), row.text(1), row.instant(2), row.integer(3), row.text(4), row.text(5), row.instant(6)});
        return list;
    });
}

} // namespace releve::store
