#pragma once
// From a request to a bill: what the handlers of bills share.

#include "asked.hpp"

#include <releve/api/bill_json.hpp>
#include <releve/engine/bill_compare.hpp>

namespace releve::api {

struct MadeBill {
    engine::Bill bill;
    store::BillBasis basis;
    Services::Book book;
};
/// Of the path's usage point. errc::not_found and all that BillMaker refuses.
[[nodiscard]] result<MadeBill> make(const Call& call, const engine::BillWanted& wanted, const std::optional<store::Knowledge>& known = {});
/// One that is stored, with the tariffs of its time. errc::internal: its document cannot be read.
struct KeptBill {
    store::StoredBill stored;
    engine::Bill bill;
    Services::Book book;
};
[[nodiscard]] result<KeptBill> keep(const Call& call, store::StoredBill stored);
/// {bill} of the path.
[[nodiscard]] result<KeptBill> bill_in_path(const Call& call);
[[nodiscard]] result<Services::Book> book_of(const Call& call, std::int64_t version, std::optional<std::int64_t> terms);
[[nodiscard]] result<Services::Book> book_of(const Call& call, const std::vector<store::TariffText>& texts);

/// from and to as civil days. errc::bad_parameter.
[[nodiscard]] result<engine::CivilSpan> read_days(const Request& request);
/// "812" or "812.3": batch, and version of terms (else all that is known). errc::bad_parameter.
[[nodiscard]] result<std::optional<store::Knowledge>> read_knowledge(const Call& call, const engine::CivilSpan& span);
/// lang, else Accept-Language.
[[nodiscard]] result<Language> read_language(const Request& request);

/// What differs between two bills, and why, as JSON.
[[nodiscard]] std::string difference_json(const engine::BillDifference& difference, const engine::Bill& before, const engine::Bill& now);
/// `before` as it was, beside `now` of that knowledge; computes what the comparison needs beside them.
[[nodiscard]] result<engine::BillDifference> difference_of(const Call& call, const engine::Bill& before, const engine::Bill& now, const engine::TariffBook& book, const store::Knowledge& now_known);

} // namespace releve::api
