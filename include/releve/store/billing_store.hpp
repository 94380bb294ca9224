#pragma once
// Tariffs, contracts and bills for the command line and for many bills at a time, as role releve_work. One object = one
// connection = one thread.

#include <releve/store/billing_records.hpp>
#include <releve/store/database.hpp>

#include <memory>
#include <span>

namespace releve::store {

struct IssuedBill {
    StoredBill bill; // without its document
    /// Something that it rests on came after what it knows: readings of its days, terms of its usage point, any tariff, a meter. If
    /// not, it would be made again as it is.
    bool touched = true;
};

class BillingStore {
public:
    /// `who`: as bills and access lists tell who made, changed or saw something.
    BillingStore(DatabaseAddress address, ModelLookup models, std::string who = "command line");
    ~BillingStore();

    // ---- tariffs

    /// Those known at the version, or now; by id.
    [[nodiscard]] std::vector<TariffText> tariffs(std::optional<std::int64_t> terms = {});
    /// Those that differ from what is known become known now, together. How many. errc::bad_tariff: an edition that is not
    /// greater than the one it would supersede (of an added document; shipped ones follow the program).
    [[nodiscard]] result<std::int64_t> add_tariffs(std::span<const TariffText> documents);

    // ---- contracts

    /// All rows or none. What they say of days takes the place of what was believed of them; other days stay. errc::bad_csv
    /// names the row; without one errc::bad_contract. Audited.
    [[nodiscard]] result<ContractImport> import_contracts(std::span<const ContractRow> rows, bool dry_run);
    /// By usage point and day, as known at the version or now; all usage points if empty. At most 10,000.
    [[nodiscard]] std::vector<ContractRow> contracts(const std::string& usage_point, std::optional<std::int64_t> terms = {});
    /// Says of which days the readings really are; empty: of their own. errc::not_found; errc::bill_state: bills of it are kept, which
    /// would no longer be worked out alike.
    [[nodiscard]] result<void> set_played(const UsagePointId& id, const std::string& played);

    // ---- bills

    /// Everything up to now if `known` is empty. errc::not_found; errc::bad_parameter for what is not known yet.
    [[nodiscard]] result<BillBasis> basis(const UsagePointId& id, engine::CivilSpan span, const std::optional<Knowledge>& known);
    [[nodiscard]] result<std::int64_t> save(const NewBill& bill);
    /// The newest first.
    [[nodiscard]] std::vector<StoredBill> bills(const BillFilter& filter, int limit);
    /// That `who` saw data of these days: it is in the usage point's access list.
    void note_access(const UsagePointId& id, const std::string& what, engine::CivilSpan span);
    [[nodiscard]] result<StoredBill> bill(std::int64_t id);
    /// draft -> issued, draft or issued -> cancelled (with a reason). A correction that is issued cancels what it corrects.
    /// errc::not_found, errc::bill_state, errc::bad_parameter: no reason.
    [[nodiscard]] result<void> set_state(std::int64_t id, BillState state, const std::string& reason);
    /// Issued bills of a number above `after`, by number; of a group's members in their days, if one is named.
    [[nodiscard]] std::vector<IssuedBill> issued_bills(const std::string& group, std::int64_t after, int limit);
    [[nodiscard]] std::int64_t count_issued_bills(const std::string& group);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace releve::store
