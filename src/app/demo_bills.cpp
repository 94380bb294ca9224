// The demo's bills: the Linky home under three tariffs.

#include <releve/api/bill_page.hpp>
#include <releve/app/demo.hpp>
#include <releve/app/tariff_shelf.hpp>
#include <releve/store/billing_store.hpp>

namespace releve::app {

namespace {

constexpr std::int64_t demo_power_va = 9'000;

struct DemoOffer {
    const char* tariff;
    const char* name;
};
constexpr DemoOffer demo_offers[] = {{"trv_tempo", "Tempo"}, {"trv_hphc", "peak and off-peak"}, {"trv_base", "Base"}};

} // namespace

std::vector<store::ContractRow> demo_contracts(const DemoHomes& demo)
{
    store::ContractRow row;
    row.usage_point.value = demo.homes.front().import.usage_point;
    row.tariff = demo_offers[0].tariff;
    row.powers_va = {demo_power_va};
    row.offpeak = "HC (22H00-6H00)";
    row.from = demo.linky_indexes.front().day;
    return {row};
}

result<std::string> demo_bills(const store::DatabaseAddress& database, const store::ModelLookup& models, const DemoHomes& demo)
{
    store::BillingStore billing{database, models};
    const engine::CivilSpan span{demo.linky_indexes.front().day, demo.linky_indexes.back().day};
    RELEVE_TRY(basis, billing.basis({demo.homes.front().import.usage_point}, span, {}));
    RELEVE_TRY(book, read_book(billing.tariffs(basis.known.terms)));
    engine::BillMaker maker{*book, paris()};
    std::string text = "What the home's electricity cost, " + to_iso8601(span.from) + " to " + to_iso8601(span.to) + ", all taxes included:\n";
    std::string details;
    for (const DemoOffer& offer : demo_offers) {
        engine::BillWanted wanted{.span = span};
        const bool own = &offer == &demo_offers[0];
        if (!own)
            wanted.instead = engine::ContractTerms{.span = span, .tariff = offer.tariff, .parameters = {}, .powers_va = {demo_power_va}, .meter_calendar = demo_contracts(demo).front().meter_calendar};
        RELEVE_TRY(bill, maker.make(basis.facts, wanted));
        text += "  " + api::euro_text(bill.total, api::Language::en) + (own ? "  its contract: " : "  if it had been: ") + offer.name + "\n";
        if (own)
            for (const engine::RegisterCheck& check : bill.checks)
                details += "  " + check.time_class + ": " + std::to_string(check.register_wh) + " Wh by its index, " + std::to_string(check.curve_wh) + " Wh by its half-hours\n";
    }
    return text + details;
}

} // namespace releve::app
