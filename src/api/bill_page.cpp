#include <releve/api/bill_page.hpp>

#include <algorithm>
#include <array>

namespace releve::api {
namespace {

struct Phrase {
    std::string_view en, fr;
    [[nodiscard]] std::string_view in(Language language) const { return language == Language::fr ? fr : en; }
};

constexpr std::array months{Phrase{"January", "janvier"}, Phrase{"February", "février"}, Phrase{"March", "mars"},         Phrase{"April", "avril"},
                            Phrase{"May", "mai"},         Phrase{"June", "juin"},        Phrase{"July", "juillet"},       Phrase{"August", "août"},
                            Phrase{"September", "septembre"}, Phrase{"October", "octobre"}, Phrase{"November", "novembre"}, Phrase{"December", "décembre"}};

struct UnitPhrase {
    std::string_view unit;
    Phrase one, many;
};
constexpr UnitPhrase unit_phrases[] = {
    {"day", {"day", "jour"}, {"days", "jours"}},
    {"month", {"month", "mois"}, {"months", "mois"}},
    {"kVA.day", {"kVA × days", "kVA × jours"}, {"kVA × days", "kVA × jours"}},
    {"kVA.month", {"kVA × months", "kVA × mois"}, {"kVA × months", "kVA × mois"}},
    {"kW.day", {"kW × days", "kW × jours"}, {"kW × days", "kW × jours"}},
    {"kW.month", {"kW × months", "kW × mois"}, {"kW × months", "kW × mois"}},
    {"kWh/day.day", {"kWh a day × days", "kWh par jour × jours"}, {"kWh a day × days", "kWh par jour × jours"}},
    {"kWh/day.month", {"kWh a day × months", "kWh par jour × mois"}, {"kWh a day × months", "kWh par jour × mois"}},
    {"min", {"minute", "minute"}, {"minutes", "minutes"}},
    {"EUR", {"euros", "euros"}, {"euros", "euros"}},
};

struct PriceUnitPhrase {
    engine::PriceUnit unit;
    Phrase words;
};
constexpr PriceUnitPhrase price_phrases[] = {
    {engine::PriceUnit::eur_year, {"€ a year", "€ par an"}},
    {engine::PriceUnit::eur_month, {"€ a month", "€ par mois"}},
    {engine::PriceUnit::eur_kva_year, {"€ per kVA and year", "€ par kVA et par an"}},
    {engine::PriceUnit::eur_kw_year, {"€ per kW and year", "€ par kW et par an"}},
    {engine::PriceUnit::eur_kwh, {"€/kWh", "€/kWh"}},
    {engine::PriceUnit::ct_kwh, {"cents/kWh", "c€/kWh"}},
    {engine::PriceUnit::eur_mwh, {"€/MWh", "€/MWh"}},
    {engine::PriceUnit::eur_hour, {"€ an hour", "€ par heure"}},
    {engine::PriceUnit::of_power_price, {"times the price per kW and year", "fois le prix par kW et par an"}},
    {engine::PriceUnit::eur_kwh_day_year, {"€ per kWh a day, and year", "€ par kWh par jour et par an"}},
    {engine::PriceUnit::eur_mwh_day_year, {"€ per MWh a day, and year", "€ par MWh par jour et par an"}},
    {engine::PriceUnit::percent, {"%", "%"}},
};
static_assert(std::size(price_phrases) == static_cast<std::size_t>(engine::PriceUnit::percent) + 1);

std::string price_text(const engine::BillLine& line, Language language)
{
    const auto& phrase = *std::ranges::find(price_phrases, line.unit, &PriceUnitPhrase::unit);
    return number_text(line.price, language) + "\u00a0" + std::string{phrase.words.in(language)};
}

/// How the amount comes of price and quantity, in people's words.
std::string working_text(const engine::BillLine& line, Language language)
{
    const bool french = language == Language::fr;
    const std::string amount = " = " + euro_text(line.amount, language), semicolon = french ? "\u00a0; " : "; ";
    if (line.contained && line.section == engine::Section::vat && line.unit == engine::PriceUnit::percent) { // a share of prices that contain it
        const std::string rate = number_text(line.price, language);
        return quantity_text(line, language) + " × " + rate + " / (100 + " + rate + ")" + amount;
    }
    const std::string each = line.unit_price ? " = " + number_text(*line.unit_price, language) + "\u00a0€" : "";
    if (line.quantity_unit == "kW2")
        return price_text(line, language) + (each.empty() ? "" : each + (french ? " par kW" : " per kW")) + semicolon + (french ? "× racine carrée de " : "× square root of ") +
               number_text(line.quantity, language) + "\u00a0kW²" + amount;
    const std::string divided = line.divisor == 1 ? "" : (line.unit == engine::PriceUnit::eur_month ? " × 12 / " : " / ") + std::to_string(line.divisor);
    return price_text(line, language) + divided + (each.empty() ? "" : each + semicolon) + " × " + quantity_text(line, language) + amount;
}

constexpr std::array sections{Phrase{"Energy and subscription", "Énergie et abonnement"}, Phrase{"Carrying it to you: the network", "L'acheminement : le réseau"},
                              Phrase{"Levies", "Contributions"}, Phrase{"VAT", "TVA"}};

/// Groups of three digits.
std::string grouped(const std::string& digits, std::string_view between)
{
    std::string out;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i != 0 && (digits.size() - i) % 3 == 0)
            out += between;
        out += digits[i];
    }
    return out;
}

std::string days_text(const std::vector<CivilDay>& days, Language language)
{
    constexpr std::size_t named_max = 6;
    std::string out;
    for (std::size_t i = 0; i < days.size() && i < named_max; ++i)
        out += (i == 0 ? "" : ", ") + day_text(days[i], language);
    if (const std::size_t more = days.size() - std::min(days.size(), named_max); more > 0)
        out += language == Language::fr ? " et " + std::to_string(more) + (more == 1 ? " autre jour" : " autres jours")
                                        : " and " + std::to_string(more) + (more == 1 ? " more day" : " more days");
    return out;
}

constexpr std::string_view style =
    "body{font:16px/1.45 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#111;background:#fff}"
    "h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:1.4rem 0 .3rem}table{border-collapse:collapse;width:100%}"
    "th,td{padding:.3rem .4rem;text-align:left;vertical-align:top;border-bottom:1px solid #ccc}td.n,th.n{text-align:right;white-space:nowrap}"
    ".total{font-size:1.35rem;font-weight:700}.small{color:#444;font-size:.86rem}.note{border-left:4px solid #b45309;padding:.3rem .8rem;background:#fff7ed}"
    "@media(max-width:40rem){table,tbody,tr,td{display:block}thead{display:none}td,td.n{border:0;padding:.1rem 0;text-align:left}tr{border-bottom:1px solid #ccc;padding:.3rem 0}}@media print{body{margin:0;max-width:none;font-size:11pt}h2{break-after:avoid}tr{break-inside:avoid}}";

class Page {
public:
    explicit Page(Language language) : language_(language) {}
    std::string out;
    [[nodiscard]] std::string say(std::string_view en, std::string_view fr) const { return std::string{language_ == Language::fr ? fr : en}; }
    void text(std::string_view open, std::string_view content, std::string_view close) { out.append(open).append(html_escaped(content)).append(close); }

private:
    Language language_;
};

void write_lines(Page& page, const engine::Bill& bill, const engine::TariffBook& book, Language language, bool contained)
{
    std::optional<engine::Section> section;
    for (const engine::BillLine& line : bill.lines) {
        if (line.contained != contained)
            continue;
        if (section != line.section) {
            if (section)
                page.out += "</tbody></table>";
            section = line.section;
            page.text("<h2>", section_text(line.section, language), "</h2>");
            page.out += "<table><thead><tr><th>" + page.say("What", "Quoi") + "</th><th>" + page.say("Days", "Jours") + "</th><th class=n>" + page.say("How much", "Quantité") +
                        "</th><th class=n>" + page.say("Price", "Prix") + "</th><th class=n>" + page.say("Amount", "Montant") + "</th></tr></thead><tbody>";
        }
        page.out += "<tr><td>";
        page.text("", line_text(line, book, language), "");
        page.text("<div class=small>", working_text(line, language), "</div></td><td>");
        page.text("", day_text(line.span.from, language) + " – " + day_text(line.span.to - std::chrono::days{1}, language), "</td><td class=n>");
        page.text("", quantity_text(line, language), "</td><td class=n>");
        page.text("", price_text(line, language), "</td><td class=n>");
        page.text("", euro_text(line.amount, language), "</td></tr>");
    }
    if (section)
        page.out += "</tbody></table>";
}

} // namespace

std::string html_escaped(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        case '\'': out += "&#39;"; break;
        default: out += c;
        }
    }
    return out;
}

std::string number_text(const Decimal& number, Language language)
{
    const bool french = language == Language::fr;
    std::string text = to_string(number);
    const bool negative = text.starts_with('-');
    if (negative)
        text.erase(0, 1);
    const std::size_t point = text.find('.');
    std::string out = negative ? "−" : ""; // a minus sign, which no line break separates from its number
    out += grouped(text.substr(0, point), french ? "\u202f" : ",");
    if (point != std::string::npos)
        out += (french ? "," : ".") + text.substr(point + 1);
    return out;
}

std::string euro_text(Cents amount, Language language)
{
    const std::string text = number_text(Decimal{amount.value < 0 ? -amount.value : amount.value, 2}, language);
    const std::string sign = amount.value < 0 ? "−" : "";
    return language == Language::fr ? sign + text + "\u00a0€" : sign + "€" + text;
}

std::string day_text(CivilDay day, Language language)
{
    const std::chrono::year_month_day date{day};
    const unsigned number = static_cast<unsigned>(date.day());
    const std::string first = language == Language::fr && number == 1 ? "1er" : std::to_string(number);
    return first + " " + std::string{months[static_cast<unsigned>(date.month()) - 1].in(language)} + " " + std::to_string(static_cast<int>(date.year()));
}

std::string played_text(const std::string& played, Language language)
{
    constexpr std::string_view before = "curve of ", between = ", played as ";
    const std::size_t at = played.find(between);
    if (!played.starts_with(before) || at == std::string::npos)
        return played;
    const std::string of = played.substr(before.size(), at - before.size()), as = played.substr(at + between.size());
    return language == Language::fr ? "Courbe de " + of + ", jouée comme " + as + "\u00a0: ce ne sont pas les jours où l'énergie a été consommée."
                                    : "Curve of " + of + ", played as " + as + ": these are not the days on which the energy was used.";
}

std::string rests_text(const engine::Bill& bill, Language language)
{
    const bool french = language == Language::fr;
    if (bill.rests == engine::Rests::read)
        return french ? "Tout repose sur des relevés du compteur." : "All of it rests on readings of the meter.";
    const std::string days = days_text(bill.estimated_days, language);
    if (bill.rests == engine::Rests::estimated)
        return french ? "Tout repose sur des estimations : " + days + "." : "All of it rests on estimates: " + days + ".";
    return french ? "Une partie repose sur des estimations : " + days + ". Le reste a été relevé." : "A part rests on estimates: " + days + ". The rest was read.";
}

std::string section_text(engine::Section section, Language language) { return std::string{sections[static_cast<std::size_t>(section)].in(language)}; }

std::string line_text(const engine::BillLine& line, const engine::TariffBook& book, Language language)
{
    const LineWords words = words_of(line, book);
    const bool french = language == Language::fr;
    std::string text = french ? words.component.label_fr : words.component.label_en;
    const std::string& time_class = french ? words.time_class.label_fr : words.time_class.label_en;
    if (!line.time_class.empty() && text.find(time_class) == std::string::npos)
        text += ", " + time_class;
    return text;
}

std::string quantity_text(const engine::BillLine& line, Language language)
{
    const auto found = std::ranges::find(unit_phrases, std::string_view{line.quantity_unit}, &UnitPhrase::unit);
    const std::string number = number_text(line.quantity, language);
    if (found == std::end(unit_phrases))
        return number + "\u00a0" + line.quantity_unit;
    const bool one = line.quantity < Decimal{2, 0};
    return number + "\u00a0" + std::string{(one ? found->one : found->many).in(language)};
}

std::string bill_text(const engine::Bill& bill, const engine::TariffBook& book, Language language)
{
    const bool french = language == Language::fr;
    std::string out = (bill.comparison ? (french ? "Comparaison (pas une facture) " : "Comparison (not a bill) ") : (french ? "Facture " : "Bill ")) + bill.usage_point.value +
                      (french ? ", du " : ", from ") + day_text(bill.span.from, language) + (french ? " au " : " to ") +
                      day_text(bill.span.to - std::chrono::days{1}, language) + "\n";
    if (!bill.played.empty())
        out += played_text(bill.played, language) + "\n";
    if (bill.prices_as_of)
        out += (french ? "Prix du " : "Prices of ") + day_text(*bill.prices_as_of, language) + "\n";
    out += rests_text(bill, language) + "\n";
    std::optional<engine::Section> section;
    for (const engine::BillLine& line : bill.lines) {
        if (section != line.section)
            out += section_text(*(section = line.section), language) + "\n";
        const std::string amount = euro_text(line.amount, language);
        out += "  " + line_text(line, book, language) + (line.contained ? (french ? " (compris ci-dessus)" : " (contained above)") : "") + (french ? "\u00a0: " : ": ") + amount + "\n      " +
               to_iso8601(line.span.from) + " – " + to_iso8601(line.span.to - std::chrono::days{1}) + "  " + working_text(line, language) + "\n";
    }
    out += (french ? "Total toutes taxes comprises : " : "Total, all taxes included: ") + euro_text(bill.total, language) + "  (" +
           number_text(shortest({bill.energy_wh, 3}), language) + " kWh)\n";
    return out;
}

std::string bill_html(const engine::Bill& bill, const engine::TariffBook& book, const store::StoredBill* stored, Language language)
{
    Page page{language};
    page.out = std::string{"<!doctype html><html lang="} + (language == Language::fr ? "fr" : "en") + "><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>";
    const std::string title = bill.comparison ? page.say("Comparison, not a bill", "Comparaison, pas une facture") : page.say("Electricity and gas: your bill", "Électricité et gaz : votre facture");
    page.text("", title, "</title><style>");
    page.out.append(style).append("</style></head><body>");
    page.text("<h1>", title, "</h1>");
    page.text("<p>", page.say("Usage point ", "Point de livraison ") + bill.usage_point.value + (stored != nullptr ? page.say(" · bill ", " · facture ") + std::to_string(stored->id) : ""), "<br>");
    page.text("", page.say("From ", "Du ") + day_text(bill.span.from, language) + page.say(" to ", " au ") + day_text(bill.span.to - std::chrono::days{1}, language), "</p>");
    if (stored != nullptr && stored->state != store::BillState::issued)
        page.text("<p class=note>", stored->state == store::BillState::draft ? page.say("A draft: not yet issued.", "Un projet : pas encore émise.") : page.say("Cancelled: ", "Annulée : ") + stored->reason, "</p>");
    if (!bill.played.empty())
        page.text("<p class=note>", played_text(bill.played, language), "</p>");
    if (bill.prices_as_of)
        page.text("<p class=note>", page.say("With the prices of ", "Aux prix du ") + day_text(*bill.prices_as_of, language), "</p>");
    page.text("<p>", rests_text(bill, language), "</p>");
    page.text("<p class=total>", page.say("To pay: ", "À payer : ") + euro_text(bill.total, language), "</p>");
    page.text("<p>", page.say("For ", "Pour ") + number_text(shortest({bill.energy_wh, 3}), language) + " kWh", "</p>");
    write_lines(page, bill, book, language, false);
    if (std::ranges::any_of(bill.lines, &engine::BillLine::contained)) {
        page.text("<h2>", page.say("What is in these prices", "Ce que ces prix contiennent"), "</h2>");
        page.text("<p class=small>", page.say("Shown so that you know; it is not added to the total.", "Pour information ; ce n'est pas ajouté au total."), "</p>");
        write_lines(page, bill, book, language, true);
    }
    if (stored != nullptr)
        page.text("<p class=small>", page.say("Fingerprint of this bill (SHA-256): ", "Empreinte de cette facture (SHA-256) : ") + stored->hash, "</p>");
    page.out += "</body></html>\n";
    return page.out;
}

} // namespace releve::api
