#pragma once
// What ApiStore and BillingStore share of bills: each in its own transaction and role.

#include "api_blocks.hpp"

#include <releve/store/billing_store.hpp>

namespace releve::store {

/// Everything that is stored, or what was asked for, once it is known to exist. `complete`: name of the function that says up to
/// which batch all are decided for this role.
[[nodiscard]] result<Knowledge> settle_knowledge(Work& work, const std::optional<Knowledge>& asked, const char* complete);

/// Contracts, off-peak windows, published gas and coefficients of the point, as of the version.
[[nodiscard]] result<void> load_terms(Work& work, const SeenUsagePoint& point, std::int64_t terms, engine::BillFacts& facts);
/// Curve and registers, as of the batch.
[[nodiscard]] result<void> load_bill_readings(Work& work, const SeenUsagePoint& point, engine::CivilSpan span, BatchNumber batch,
                                              engine::BillFacts& facts);
[[nodiscard]] result<BillBasis> load_basis(Work& work, const SeenUsagePoint& point, engine::CivilSpan span, const Knowledge& known);

/// Outdoors, in tenths of a degree, of the first group (by name) of the point that has some for the day.
[[nodiscard]] std::map<CivilDay, int> load_temperatures(Work& work, const UsagePointId& id, engine::CivilSpan span);

[[nodiscard]] std::vector<TariffText> load_tariffs(Work& work, std::optional<std::int64_t> terms);

/// errc::bad_value when the document is not the bill's.
[[nodiscard]] result<std::int64_t> insert_bill(Work& work, const NewBill& bill, const std::string& who);
/// The newest first.
[[nodiscard]] std::vector<StoredBill> load_bills(Work& work, const BillFilter& filter, int limit);
/// Issued ones, by number, see BillingStore::issued_bills.
[[nodiscard]] std::vector<IssuedBill> load_issued_bills(Work& work, const std::string& group, std::int64_t after, int limit);
[[nodiscard]] std::int64_t count_issued_bills(Work& work, const std::string& group);
/// With its document. errc::not_found.
[[nodiscard]] result<StoredBill> load_bill(Work& work, std::int64_t id);
[[nodiscard]] result<void> change_bill_state(Work& work, std::int64_t id, BillState state, const std::string& reason, const std::string& who);

} // namespace releve::store
