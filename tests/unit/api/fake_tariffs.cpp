// The prices of the fake store: an offer with the network in its prices, to which levies and VAT are added. All made up.

#include "fake_store.hpp"

namespace releve::tests {

using namespace std::chrono;
using engine::Component;
using engine::PriceUnit;
using engine::Section;
using engine::VatGroup;

namespace {

Decimal decimal(std::string_view text) { return parse_decimal(text).value(); }

engine::RateRow row(CivilDay from, std::string_view value, engine::Parameters when = {})
{
    engine::RateRow out;
    out.from = from;
    out.when = std::move(when);
    out.values = {decimal(value)};
    return out;
}

struct Place {
    Section section{};
    PriceUnit unit{};
    VatGroup vat{};
};
constexpr Place supply_fixed{Section::supply, PriceUnit::eur_month, VatGroup::subscription};
constexpr Place supply_energy{Section::supply, PriceUnit::eur_kwh, VatGroup::consumption};
constexpr Place network_energy{Section::network, PriceUnit::ct_kwh, VatGroup::consumption};

Component component(std::string id, OwnWords words, const Place& place, std::vector<engine::RateRow> rows, std::string time_class = {})
{
    Component out;
    out.id = std::move(id);
    out.words = std::move(words);
    out.section = place.section;
    out.unit = place.unit;
    out.basis = engine::price_unit_row(place.unit).basis;
    out.vat = place.vat;
    out.rows = std::move(rows);
    out.calendar = time_class.empty() ? "" : "hphc";
    out.time_class = std::move(time_class);
    return out;
}

engine::Tariff tariff(std::string id, OwnWords words, std::vector<Component> components)
{
    engine::Tariff out;
    out.id = std::move(id);
    out.energy = "electricity";
    out.words = std::move(words);
    out.source = "made up for tests <of 2024 & later>";
    out.segments = {"C5"};
    out.components = std::move(components);
    return out;
}

engine::Calendar peak_calendar()
{
    engine::Calendar out;
    out.id = "hphc";
    out.words = {"Peak and off-peak", "Heures pleines et creuses", "Cheaper at night.", "Moins cher la nuit."};
    out.classes = {{"HP", {"Peak hours", "Heures pleines", "The dearer hours.", "Les heures les plus chères."}, "active_energy_import_supplier_1"},
                   {"HC", {"Off-peak hours", "Heures creuses", "The cheaper hours.", "Les heures les moins chères."}, "active_energy_import_supplier_2"}};
    out.rules = {{.time_class = "HC", .offpeak_of_point = true}, {.time_class = "HP"}};
    return out;
}

engine::Tariff offer(CivilDay begin, CivilDay rise)
{
    auto subscription = component("subscription", {"Subscription", "Abonnement", "The fixed part, whatever is used.", "La part fixe, quelle que soit la consommation."},
                                  supply_fixed,
                                  {row(begin, "11.40", {{"power_kva", "6"}}), row(begin, "14.55", {{"power_kva", "9"}})});
    subscription.proration = engine::Proration::twelfth;
    auto out = tariff("home_hphc", {"Home, peak and off-peak", "Maison, heures creuses", "Cheaper at night; made up for tests.", "Moins cher la nuit ; inventé pour des tests."},
                      {std::move(subscription),
                       component("energy_hp", {"Energy", "Énergie", "What was used in peak hours.", "Ce qui a été consommé en heures pleines."}, supply_energy,
                                 {row(begin, "0.1480"), row(rise, "0.1522")}, "HP"),
                       component("energy_hc", {"Energy", "Énergie", "What was used in off-peak hours.", "Ce qui a été consommé en heures creuses."}, supply_energy,
                                 {row(begin, "0.1064"), row(rise, "0.1081")}, "HC")});
    out.edition = 2;
    out.calendar = "hphc";
    out.parameters = {{"power_kva", {"Subscribed power", "Puissance souscrite", "In kVA.", "En kVA."}, {"6", "9"}, {}}};
    out.includes = {{"grid", true}, {"levies", false}, {"vat", false}};
    return out;
}

engine::Tariff grid(CivilDay begin)
{
    return tariff("grid", {"The network", "Le réseau", "What carrying the energy costs.", "Ce que coûte l'acheminement."},
                  {component("cg", {"Management", "Gestion", "For keeping the contract.", "Pour la gestion du contrat."},
                             {Section::network, PriceUnit::eur_year, VatGroup::subscription}, {row(begin, "16.80")}),
                   component("cs_fixed", {"Subscribed power", "Puissance souscrite", "For the power held ready.", "Pour la puissance mise à disposition."},
                             {Section::network, PriceUnit::eur_kva_year, VatGroup::subscription}, {row(begin, "12.13")}),
                   component("cs_hp", {"Carrying it", "Acheminement", "In peak hours.", "En heures pleines."}, network_energy, {row(begin, "4.94")}, "HP"),
                   component("cs_hc", {"Carrying it", "Acheminement", "In off-peak hours.", "En heures creuses."}, network_energy, {row(begin, "3.50")}, "HC")});
}

engine::Tariff levies(CivilDay begin)
{
    auto cta = component("cta", {"CTA", "CTA", "A levy on the fixed part of the network.", "Une contribution sur la part fixe du réseau."},
                         {Section::levy, PriceUnit::percent, VatGroup::subscription}, {row(begin, "21.93")});
    cta.of = {"cg", "cs_fixed"};
    return tariff("levies", {"Levies", "Contributions", "What the state asks for.", "Ce que l'État demande."},
                  {std::move(cta), component("excise", {"Excise", "Accise", "A levy on each MWh.", "Une contribution sur chaque MWh."},
                                             {Section::levy, PriceUnit::eur_mwh, VatGroup::consumption}, {row(begin, "21.00")})});
}

engine::Tariff value_added(CivilDay begin)
{
    const OwnWords fixed{"VAT on the fixed part", "TVA sur la part fixe", "The lower rate.", "Le taux réduit."};
    const OwnWords used{"VAT on what was used", "TVA sur la consommation", "The full rate.", "Le taux normal."};
    return tariff("vat", {"VAT", "TVA", "Value added tax.", "La taxe sur la valeur ajoutée."},
                  {component("vat_subscription", fixed, {Section::vat, PriceUnit::percent, VatGroup::subscription}, {row(begin, "5.5")}),
                   component("vat_consumption", used, {Section::vat, PriceUnit::percent, VatGroup::consumption}, {row(begin, "20")})});
}

} // namespace

CivilDay month_before(Instant now, int back)
{
    const year_month_day date{paris().day_of(now)};
    return CivilDay{(date.year() / date.month() - months{back}) / 1};
}

engine::TariffBook fake_book(Instant now)
{
    constexpr int known_months = 60;
    const CivilDay begin = month_before(now, known_months);
    engine::TariffBook book;
    for (auto calendar : {peak_calendar()}) {
        RELEVE_ASSERT(!engine::find_fault(calendar));
        book.calendars.emplace(calendar.id, std::move(calendar));
    }
    for (auto one : {offer(begin, month_before(now, 1)), grid(begin), levies(begin), value_added(begin)}) {
        RELEVE_ASSERT(!engine::complete(one, book.calendars));
        book.tariffs.emplace(one.id, std::move(one));
    }
    return book;
}

std::vector<store::TariffText> fake_tariff_texts()
{
    std::vector<store::TariffText> out{{"hphc", "calendar", 1, R"({"calendar":"hphc","edition":1})", "shipped", 0},
                                       {"tempo", "calendar", 1, R"({"calendar":"tempo","edition":1})", "shipped", 0},
                                       {"tempo", "published_days", 1, R"({"published_days":"tempo","edition":1})", "shipped", 0},
                                       {"home_hphc", "tariff", 2, R"({"tariff":"home_hphc","edition":2})", "added", 2}};
    for (const char* id : {"grid", "levies", "vat"})
        out.push_back({id, "tariff", 1, "{\"tariff\":\"" + std::string(id) + "\",\"edition\":1}", "shipped", 0});
    return out;
}

} // namespace releve::tests
