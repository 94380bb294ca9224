#include <releve/store/billing_store.hpp>

#include "admin_impl.hpp"
#include "bill_rows.hpp"

#include <algorithm>
#include <set>

namespace releve::store {

struct BillingStore::Impl {
    Session session;
    ModelLookup models;
    std::string who;
};

BillingStore::BillingStore(DatabaseAddress address, ModelLookup models, std::string who)
    : impl_(std::make_unique<Impl>(Impl{Session{std::move(address), DbRole::work}, std::move(models), std::move(who)}))
{
}
BillingStore::~BillingStore() = default;

namespace {

constexpr const char* complete_batch = "releve_decided_batch";

std::int64_t next_terms(Work& work) { return work.run("SELECT releve_next_terms()").at(0).integer(0); }

Error refuse(const ContractRow& row, const char* column, const std::string& why)
{
    if (row.line == 0)
        return fail(errc::bad_contract, std::string{column} + ": " + why);
    return fail(errc::bad_csv, "row " + std::to_string(row.line) + ", column " + column + ": " + why);
}

struct Believed {
    std::string organisation, zone;
};

result<Believed> hold_point(Work& work, const ContractRow& row)
{
    const Table found = work.run("SELECT organisation, zone FROM usage_point WHERE id = $1 FOR NO KEY UPDATE", {row.usage_point.value});
    if (found.empty())
        return refuse(row, "usage_point", "there is no usage point " + row.usage_point.value);
    return Believed{found[0].text(0), found[0].text(1)};
}

/// Days of `table` that are believed of the point and overlap [from, to) end there or are cut around it.
void cut_out(Work& work, const char* table, const char* columns, const std::string& range, const ContractRow& row, const std::string& zone, std::int64_t terms)
{
    const std::string type = range.starts_with("tstz") ? "tstz" : "date";
    work.run(std::string{"UPDATE "} + table + " SET known_to = $4::int8" + (type == "tstz" ? ", known = tstzrange(lower(known), greatest(now(), lower(known)))" : "") +
                 " WHERE usage_point = $1 AND known_to IS NULL AND validity && " + range + " AND $5 <> ''",
             {row.usage_point.value, row.from, row.to, terms, zone});
    work.run(std::string{"INSERT INTO "} + table + " (usage_point, " + columns + ", validity, known_from) SELECT c.usage_point, " + columns +
                 ", kept, $4::int8 FROM " + table + " c, unnest(" + type + "multirange(c.validity) - " + type + "multirange(" + range +
                 ")) AS kept WHERE c.usage_point = $1 AND c.known_to = $4::int8 AND c.known_from < $4::int8 AND $5 <> ''",
             {row.usage_point.value, row.from, row.to, terms, zone});
}

constexpr const char* instants = "tstzrange($2::date::timestamp AT TIME ZONE $5, $3::date::timestamp AT TIME ZONE $5)";
constexpr const char* days = "daterange($2::date, $3::date)";
constexpr const char* contract_columns = "tariff, tariff_option, subscribed_powers, parameters, daily_capacity_kwh, meter_calendar";

bool says_the_same(Work& work, const ContractRow& row, const std::string& zone, const std::string& powers)
{
    return !work.run(std::string{"SELECT FROM contract WHERE usage_point = $1 AND known_to IS NULL AND validity @> "} + instants +
                         " AND tariff = $4 AND parameters = $6 AND subscribed_powers = $7::int4[] AND daily_capacity_kwh IS NOT DISTINCT FROM $8::int8 "
                         "AND meter_calendar = $9",
                     {row.usage_point.value, row.from, row.to, row.tariff, zone, parameters_text(row.parameters), powers, row.daily_capacity_kwh, row.meter_calendar})
                .empty();
}

struct TermsNumber {
    Work& work;
    std::int64_t number = 0;
    std::int64_t get() { return number != 0 ? number : number = next_terms(work); }
};

result<void> import_contract(Work& work, TermsNumber& terms, const ContractRow& row, ContractImport& done)
{
    RELEVE_TRY(point, hold_point(work, row));
    const std::string powers = array_text(row.powers_va, [](std::int64_t va) { return std::to_string(va); });
    if (!says_the_same(work, row, point.zone, powers)) {
        cut_out(work, "contract", contract_columns, instants, row, point.zone, terms.get());
        work.run(std::string{"INSERT INTO contract (usage_point, tariff, subscribed_powers, parameters, daily_capacity_kwh, meter_calendar, validity, known_from) "
                             "VALUES ($1, $6, $7::int4[], $8, $9::int8, $10, "} +
                     instants + ", $4::int8)",
                 {row.usage_point.value, row.from, row.to, terms.get(), point.zone, row.tariff, powers, parameters_text(row.parameters), row.daily_capacity_kwh,
                  row.meter_calendar});
        ++done.contracts;
        note_change(work, {"set_contract", point.organisation, row.usage_point.value, row.tariff + " from " + to_iso8601(row.from)});
    }
    if (row.offpeak.empty())
        return {};
    const auto windows = engine::parse_offpeak(row.offpeak);
    if (!windows)
        return refuse(row, "offpeak", windows.error().detail);
    const std::string text = engine::to_offpeak_text(*windows);
    if (!work.run("SELECT FROM offpeak_period WHERE usage_point = $1 AND known_to IS NULL AND windows = $4 AND validity @> daterange($2::date, $3::date)",
                  {row.usage_point.value, row.from, row.to, text})
             .empty())
        return {};
    cut_out(work, "offpeak_period", "windows", days, row, point.zone, terms.get());
    work.run("INSERT INTO offpeak_period (usage_point, windows, validity, known_from) VALUES ($1, $4, daterange($2::date, $3::date), $5::int8)",
             {row.usage_point.value, row.from, row.to, text, terms.get()});
    ++done.offpeak_periods;
    return {};
}

} // namespace

std::vector<TariffText> BillingStore::tariffs(std::optional<std::int64_t> terms)
{
    return *impl_->session.transaction([&](Work& work) -> result<std::vector<TariffText>> { return load_tariffs(work, terms); });
}

result<std::int64_t> BillingStore::add_tariffs(std::span<const TariffText> documents)
{
    return impl_->session.transaction([&](Work& work) -> result<std::int64_t> {
        TermsNumber terms{work};
        const std::vector<TariffText> known = load_tariffs(work, {});
        std::int64_t added = 0;
        for (const TariffText& document : documents) {
            const auto before = std::ranges::find_if(known, [&](const TariffText& one) { return one.id == document.id && one.kind == document.kind; });
            if (before != known.end()) {
                if (before->content == document.content)
                    continue;
                // What somebody put in its place stays until a later edition is shipped; an older program takes nothing back.
                if (document.origin == "shipped" && (document.edition < before->edition || (document.edition == before->edition && before->origin == "added")))
                    continue;
                if (document.origin == "added" && document.edition <= before->edition)
                    return fail(errc::bad_tariff, document.id + ": edition " + std::to_string(before->edition) + " is known; a changed document needs a greater one");
            }
            work.run("INSERT INTO tariff_document (id, known_from, kind, edition, content, origin) VALUES ($1, $2::int8, $3, $4::int4, $5, $6)",
                     {document.id, terms.get(), document.kind, document.edition, document.content, document.origin});
            if (document.origin == "added")
                note_change(work, {"add_tariff", {}, {}, document.id + " edition " + std::to_string(document.edition)});
            ++added;
        }
        return added;
    });
}

result<ContractImport> BillingStore::import_contracts(std::span<const ContractRow> rows, bool dry_run)
{
    return impl_->session.transaction([&](Work& work) -> result<ContractImport> {
        ContractImport done;
        work.run("SELECT pg_advisory_xact_lock(hashtextextended('releve terms', 0))"); // before any usage point, as all who change terms
        TermsNumber terms{work};
        std::set<std::string> seen;
        for (const ContractRow& row : rows) {
            if (!seen.insert(row.usage_point.value).second) // so that a later row of a point cuts what an earlier one said
                terms.number = 0;
            RELEVE_CHECK(import_contract(work, terms, row, done));
        }
        if (dry_run)
            work.discard();
        return done;
    });
}

std::vector<ContractRow> BillingStore::contracts(const std::string& usage_point, std::optional<std::int64_t> terms)
{
    return *impl_->session.transaction([&](Work& work) -> result<std::vector<ContractRow>> {
        std::vector<ContractRow> list;
        for (const Row& row :
             work.run("SELECT c.usage_point, c.tariff, c.parameters, c.subscribed_powers::text, c.daily_capacity_kwh, c.meter_calendar, "
                      "coalesce((SELECT o.windows FROM offpeak_period o WHERE o.usage_point = c.usage_point AND o.validity @> (lower(c.validity) AT TIME ZONE u.zone)::date "
                      "AND o.known_from <= $2::int8 AND (o.known_to IS NULL OR o.known_to > $2::int8)), ''), "
                      "(lower(c.validity) AT TIME ZONE u.zone)::date, (upper(c.validity) AT TIME ZONE u.zone)::date FROM contract c JOIN usage_point u ON u.id = c.usage_point "
                      "WHERE ($1 = '' OR c.usage_point = $1) AND c.known_from <= $2::int8 AND (c.known_to IS NULL OR c.known_to > $2::int8) ORDER BY 1, 8 LIMIT 10000",
                      {usage_point, terms.value_or(std::numeric_limits<std::int64_t>::max())})) {
            ContractRow& one = list.emplace_back();
            one.usage_point.value = row.text(0);
            one.tariff = row.text(1);
            RELEVE_TRY(parameters, parse_parameters(row.text(2)));
            one.parameters = std::move(parameters);
            one.powers_va = row.integers(3);
            if (!row.null(4))
                one.daily_capacity_kwh = row.integer(4);
            one.meter_calendar = row.text(5);
            one.offpeak = row.text(6);
            one.from = row.null(7) ? CivilDay{} : row.day(7);
            one.to = row.null(8) ? std::nullopt : std::optional{row.day(8)};
        }
        return list;
    });
}

result<void> BillingStore::set_played(const UsagePointId& id, const std::string& played)
{
    return impl_->session.transaction([&](Work& work) -> result<void> {
        if (work.run("UPDATE usage_point SET played = $2 WHERE id = $1 RETURNING id", {id.value, played}).empty())
            return fail(errc::not_found, "there is no usage point " + id.value);
        if (!work.run("SELECT FROM bill WHERE usage_point = $1 LIMIT 1", {id.value}).empty())
            return fail(errc::bill_state, "bills of usage point " + id.value + " are kept, which say otherwise");
        note_change(work, {"set_played", {}, id.value, played});
        return {};
    });
}

result<BillBasis> BillingStore::basis(const UsagePointId& id, engine::CivilSpan span, const std::optional<Knowledge>& known)
{
    return impl_->session.transaction([&](Work& work) -> result<BillBasis> {
        RELEVE_TRY(point, find_usage_point(work, id, impl_->models));
        RELEVE_TRY(settled, settle_knowledge(work, known, complete_batch));
        return load_basis(work, point, span, settled);
    });
}

result<std::int64_t> BillingStore::save(const NewBill& bill)
{
    return impl_->session.transaction([&](Work& work) -> result<std::int64_t> {
        RELEVE_TRY(id, insert_bill(work, bill, impl_->who));
        note_change(work, {"make_bill", {}, bill.bill->usage_point.value, "bill " + std::to_string(id)});
        return id;
    });
}

std::vector<StoredBill> BillingStore::bills(const BillFilter& filter, int limit)
{
    return *impl_->session.transaction([&](Work& work) -> result<std::vector<StoredBill>> { return load_bills(work, filter, limit); });
}

void BillingStore::note_access(const UsagePointId& id, const std::string& what, engine::CivilSpan span)
{
    (void)impl_->session.transaction([&](Work& work) -> result<void> {
        work.run("INSERT INTO access_log (token, role, who, usage_point, what, day_from, day_to) VALUES (0, 'operator', $5, $1, $2, $3::date, $4::date)",
                 {id.value, what, span.from, span.to, impl_->who});
        return {};
    });
}

result<StoredBill> BillingStore::bill(std::int64_t id)
{
    return impl_->session.transaction([&](Work& work) { return load_bill(work, id); });
}

result<void> BillingStore::set_state(std::int64_t id, BillState state, const std::string& reason)
{
    return impl_->session.transaction([&](Work& work) -> result<void> {
        RELEVE_CHECK(change_bill_state(work, id, state, reason, impl_->who));
        RELEVE_TRY(bill, load_bill(work, id));
        note_change(work, {"change_bill", {}, bill.usage_point.value, "bill " + std::to_string(id) + " " + std::string{bill_state_name(state)}});
        return {};
    });
}

std::vector<IssuedBill> BillingStore::issued_bills(const std::string& group, std::int64_t after, int limit)
{
    return *impl_->session.transaction([&](Work& work) -> result<std::vector<IssuedBill>> { return load_issued_bills(work, group, after, limit); });
}

std::int64_t BillingStore::count_issued_bills(const std::string& group)
{
    return *impl_->session.transaction([&](Work& work) -> result<std::int64_t> { return store::count_issued_bills(work, group); });
}

} // namespace releve::store
