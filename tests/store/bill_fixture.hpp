#pragma once
// Homes with contracts and readings of March 2024, and their bills.

#include "checks_fixture.hpp"

#include <releve/app/tariff_shelf.hpp>
#include <releve/store/billing_store.hpp>

namespace releve::store::test {

using engine::CivilSpan;

inline CivilSpan span_of(const char* from, const char* to) { return {day(from), day(to)}; }

/// Gas at 10 cents a kWh, nothing else.
inline TariffText gas_tariff()
{
    return {"acme_gas", "tariff", 1,
            R"({"tariff": "acme_gas", "edition": 1, "energy": "gas", "label": {"en": "Gas", "fr": "Gaz"},
                "plain": {"en": "One price.", "fr": "Un prix."}, "source": "made up", "prices_include_vat": true,
                "components": [{"id": "energy", "label": {"en": "Energy", "fr": "Énergie"}, "plain": {"en": "The gas.", "fr": "Le gaz."},
                  "section": "supply", "basis": "energy", "unit": "EUR/kWh", "vat": "none", "rows": [{"from": "2024-01-01", "value": "0.10"}]}]})",
            "added", 0};
}

/// Channel 20 is what the meter counts in all.
inline const MeterModel* billed_model(std::string_view name)
{
    static const MeterModel model = [] {
        MeterModel made = *checked_model("test");
        made.channels[1].name = "active_energy_import_total";
        return made;
    }();
    return name == model.name ? &model : nullptr;
}

class Bills : public Checked_ {
protected:
    static constexpr const char* home = "01000000000001";
    const CivilSpan march = span_of("2024-03-01", "2024-04-01");
    BillingStore billing{address, billed_model};
    std::uint64_t counter = 0;

    void SetUp() override
    {
        Checked_::SetUp();
        plan->models = billed_model;
        static const std::vector<TariffText> shipped = app::shipped_tariff_texts().value();
        ASSERT_TRUE(billing.add_tariffs(shipped));
        // Since before March in Paris.
        owner("UPDATE installation SET validity = tstzrange('2024-02-01', NULL)");
    }
    static ContractRow contract(const char* usage_point, const char* from = "2024-01-01", const char* to = nullptr, const char* tariff = "trv_base")
    {
        ContractRow row;
        row.usage_point = {usage_point};
        row.tariff = tariff;
        row.powers_va = {6'000};
        row.from = day(from);
        if (to != nullptr)
            row.to = day(to);
        return row;
    }
    void agree(const std::vector<ContractRow>& rows)
    {
        const auto done = billing.import_contracts(rows, false);
        ASSERT_TRUE(done) << to_string(done.error());
    }
    /// A curve over the span, other each day and half-hour; without `missing`.
    void read_curve(MeterId of, CivilSpan span, const char* missing = "2000-01-01")
    {
        std::vector<FrameWrite> frames;
        for (CivilDay on = span.from; on < span.to; on += std::chrono::days{1}) {
            if (on == day(missing))
                continue;
            FrameWrite one = frame(of, ++counter, to_iso8601(on).c_str(), 100);
            for (auto& value : one.interval_days[0].part.values)
                value.slot.value = 100 + on.time_since_epoch().count() % 31 * 7 + value.index * 3 + of.value;
            frames.push_back(std::move(one));
        }
        write(std::move(frames));
    }
    /// The index of channel 20 at the start of that day.
    void read_index(MeterId of, const char* on, std::int64_t wh)
    {
        FrameWrite reads = frame(of, ++counter, on, 1);
        reads.interval_days.clear();
        RegisterBlock block;
        block.reads = {{ChannelId{20}, paris().start_of(day(on)), wh, {true, 1, counter, Quality::raw, 0}}};
        reads.register_days.push_back({day(on), block});
        write({reads});
    }
    MeterId add_home(const char* id, const char* title, const char* organisation = "root")
    {
        add_usage_point(id, organisation);
        const MeterId its = add_meter(title);
        install(its, id, "2024-02-01");
        return its;
    }
    Knowledge now_known(const char* usage_point = home) { return billing.basis({usage_point}, march, {}).value().known; }
    result<engine::Bill> bill_of(const char* usage_point, CivilSpan span, const std::optional<Knowledge>& known = {})
    {
        RELEVE_TRY(basis, billing.basis({usage_point}, span, known));
        RELEVE_TRY(book, app::read_book(billing.tariffs(basis.known.terms)));
        engine::BillMaker maker{*book, paris()};
        return maker.make(basis.facts, {.span = span, .played = basis.played});
    }
    std::string document_of(const char* usage_point, CivilSpan span, const std::optional<Knowledge>& known = {})
    {
        const auto bill = bill_of(usage_point, span, known);
        EXPECT_TRUE(bill) << (bill ? "" : to_string(bill.error()));
        return bill ? engine::to_document(*bill) : "";
    }
    result<std::int64_t> save(const char* usage_point, CivilSpan span, std::optional<std::int64_t> corrects = {})
    {
        RELEVE_TRY(bill, bill_of(usage_point, span));
        return billing.save({.bill = &bill, .document = engine::to_document(bill), .terms = now_known(usage_point).terms, .corrects = corrects});
    }
    std::int64_t issue(const char* usage_point, CivilSpan span)
    {
        const std::int64_t id = save(usage_point, span).value();
        EXPECT_TRUE(billing.set_state(id, BillState::issued, ""));
        return id;
    }
};

} // namespace releve::store::test
