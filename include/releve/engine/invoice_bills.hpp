#pragma once
// Between bills and invoices: the bills that an invoice is checked against, and the invoice that a supplier who makes no mistake
// would send for a bill.

#include <releve/engine/invoice_check.hpp>

namespace releve::engine {

/// Bills of one usage point's facts. All of what is handed in stays alive.
class FactBills final : public PointBills {
public:
    FactBills(BillMaker& maker, const TariffBook& book, const BillFacts& facts) : maker_(&maker), book_(&book), facts_(&facts) {}
    [[nodiscard]] result<Bill> bill(CivilSpan span, const As& as) override;
    [[nodiscard]] std::vector<std::string> power_classes(CivilSpan span) override;
    [[nodiscard]] int meters(CivilSpan span) override;

private:
    [[nodiscard]] const ContractTerms* contract_of(CivilSpan span) const;

    BillMaker* maker_;
    const TariffBook* book_;
    const BillFacts* facts_;
};

/// A line for each charged line that is no VAT, with its rate of VAT. Prices are of one unit of quantity, to 9 decimals.
[[nodiscard]] std::vector<InvoiceLine> invoice_lines_of(const Bill& bill);

} // namespace releve::engine
