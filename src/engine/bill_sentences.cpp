#include <releve/engine/bill_compare.hpp>

#include <algorithm>

namespace releve::engine {

namespace {

constexpr DifferencePartRow difference_parts[] = {
#define RELEVE_BILL_PART(name, ...) {DifferencePart::name, #name, {__VA_ARGS__}},
#include "bill_parts.def"
};

struct BothLanguages {
    std::string en, fr;
};

std::uint64_t size_of_number(std::int64_t number)
{
    return number < 0 ? ~static_cast<std::uint64_t>(number) + 1 : static_cast<std::uint64_t>(number);
}

std::string in_thousands(std::uint64_t number, const char* separator)
{
    const std::string digits = std::to_string(number);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0)
            text += separator;
        text += digits[i];
    }
    return text;
}

/// "€1,234.56", "1 234,56 €": without a sign.
BothLanguages in_euros(Cents amount)
{
    const std::uint64_t size = size_of_number(amount.value);
    const std::string cents = std::to_string(100 + size % 100).substr(1);
    return {"€" + in_thousands(size / 100, ",") + "." + cents,
            in_thousands(size / 100, " ") + "," + cents + " €"};
}

BothLanguages more_or_less(Cents amount)
{
    const BothLanguages euros = in_euros(amount);
    return amount.value < 0 ? BothLanguages{euros.en + " less.", euros.fr + " de moins."}
                            : BothLanguages{euros.en + " more.", euros.fr + " de plus."};
}

/// To whole kWh: "41 kWh", "less than 1 kWh".
BothLanguages in_kwh(std::int64_t wh)
{
    const std::uint64_t kwh = (size_of_number(wh) + 500) / 1000;
    if (kwh == 0)
        return {"less than 1 kWh", "moins de 1 kWh"};
    return {in_thousands(kwh, ",") + " kWh", in_thousands(kwh, " ") + " kWh"};
}

std::string uncapitalised(std::string text)
{
    if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z' &&
        !(text.size() > 1 && text[1] >= 'A' && text[1] <= 'Z'))
        text[0] = static_cast<char>(text[0] + ('a' - 'A'));
    else if (text.size() > 1 && text[0] == '\xC3' && static_cast<unsigned char>(text[1]) <= 0x9E) // À to Þ
        text[1] = static_cast<char>(text[1] + 0x20);
    return text;
}

/// " in peak hours", " en heures pleines"; nothing where the class is all there is.
BothLanguages in_class(const BillDifference::Part& part, const TariffBook* book)
{
    if (part.time_class.empty())
        return {};
    const Calendar* calendar = nullptr;
    if (book != nullptr)
        if (const auto found = book->calendars.find(part.calendar); found != book->calendars.end())
            calendar = &found->second;
    const auto index = calendar != nullptr ? calendar->class_index(part.time_class) : std::nullopt;
    if (!index)
        return {" in " + part.time_class, " en " + part.time_class};
    if (calendar->classes.size() == 1)
        return {};
    const OwnWords& words = calendar->classes[*index].words;
    const BothLanguages label{uncapitalised(words.label_en), uncapitalised(words.label_fr)};
    return {(label.en.find("days") != std::string::npos ? " on " : " in ") + label.en,
            (label.fr.starts_with("jours ") ? " les " : " en ") + label.fr};
}

BothLanguages of_days(const BillDifference::Part& part, const SentenceFacts&)
{
    constexpr const char* words_en[] = {"",    "One",   "Two",   "Three", "Four", "Five",
                                        "Six", "Seven", "Eight", "Nine",  "Ten"};
    constexpr const char* words_fr[] = {"",    "Un",   "Deux", "Trois", "Quatre", "Cinq",
                                        "Six", "Sept", "Huit", "Neuf",  "Dix"};
    const int days = part.now_days - part.before_days;
    const BothLanguages amount = more_or_less(part.amount);
    if (days == 0)
        return {"As many days, which are another share of the year: " + amount.en,
                "Autant de jours, qui sont une autre part de l'année : " + amount.fr};
    const auto count = static_cast<std::size_t>(days < 0 ? -days : days);
    const bool in_words = count < std::size(words_en);
    return {(in_words ? words_en[count] : in_thousands(count, ",")) + (count == 1 ? " day " : " days ") +
                (days > 0     ? "more"
                 : count == 1 ? "less"
                              : "fewer") +
                ": " + amount.en,
            (in_words ? words_fr[count] : in_thousands(count, " ")) +
                (count == 1 ? " jour de " : " jours de ") + (days > 0 ? "plus : " : "moins : ") + amount.fr};
}

BothLanguages of_use(const BillDifference::Part& part, const SentenceFacts& facts)
{
    const bool other_days = part.before_days != part.now_days;
    const BothLanguages first =
        other_days && facts.weather_apart
            ? BothLanguages{"In as many days and the same weather, you", "À durée et météo égales, vous"}
        : other_days          ? BothLanguages{"In as many days, you", "Sur autant de jours, vous"}
        : facts.weather_apart ? BothLanguages{"In the same weather, you", "À météo égale, vous"}
                              : BothLanguages{"You", "Vous"};
    const BothLanguages kwh = in_kwh(part.now_wh - part.before_wh), where = in_class(part, facts.book),
                        amount = more_or_less(part.amount);
    const bool more = part.now_wh >= part.before_wh;
    return {first.en + " used " + kwh.en + (more ? " more" : " less") + where.en + ": " + amount.en,
            first.fr + " avez consommé " + kwh.fr + (more ? " de plus" : " de moins") + where.fr + " : " +
                amount.fr};
}

BothLanguages of_weather(const BillDifference::Part& part, const SentenceFacts&)
{
    const bool colder = part.now_wh >= part.before_wh;
    const BothLanguages kwh = in_kwh(part.now_wh - part.before_wh), amount = more_or_less(part.amount);
    return {std::string{"It was "} + (colder ? "colder" : "warmer") + ", which explains about " + kwh.en +
                (colder ? " more: " : " less: ") + amount.en,
            std::string{"Il a fait plus "} + (colder ? "froid" : "doux") + ", ce qui explique environ " +
                kwh.fr + (colder ? " de plus : " : " de moins : ") + amount.fr};
}

BothLanguages of_overruns(const BillDifference::Part& part, const SentenceFacts&)
{
    const BothLanguages amount = more_or_less(part.amount);
    return {"Power drawn beyond what is subscribed: " + amount.en,
            "Puissance appelée au-delà de la puissance souscrite : " + amount.fr};
}

BothLanguages of_prices(const BillDifference::Part& part, const SentenceFacts& facts)
{
    const BothLanguages amount = more_or_less(part.amount);
    if (facts.only_rounding)
        return {"Rounding of each line to the cent: " + amount.en,
                "Arrondi de chaque ligne au centime : " + amount.fr};
    return part.amount.value < 0
               ? BothLanguages{"Prices were lower: " + amount.en, "Les prix étaient plus bas : " + amount.fr}
               : BothLanguages{"Prices were higher: " + amount.en,
                               "Les prix étaient plus élevés : " + amount.fr};
}

BothLanguages of_taxes(const BillDifference::Part& part, const SentenceFacts&)
{
    const BothLanguages amount = more_or_less(part.amount);
    return part.amount.value < 0 ? BothLanguages{"Taxes were lower: " + amount.en,
                                                 "Les taxes étaient plus basses : " + amount.fr}
                                 : BothLanguages{"Taxes were higher: " + amount.en,
                                                 "Les taxes étaient plus élevées : " + amount.fr};
}

BothLanguages of_contract(const BillDifference::Part& part, const SentenceFacts& facts)
{
    const BothLanguages amount = more_or_less(part.amount);
    if (facts.prices_with_contract)
        return {"Your contract changed, and its prices with it: " + amount.en,
                "Votre contrat a changé, et ses prix avec lui : " + amount.fr};
    if (facts.old_terms == nullptr || facts.new_terms == nullptr ||
        facts.old_terms->tariff != facts.new_terms->tariff ||
        facts.old_terms->powers_va == facts.new_terms->powers_va)
        return {"Your contract changed: " + amount.en, "Votre contrat a changé : " + amount.fr};
    if (facts.old_terms->powers_va.size() != 1 || facts.new_terms->powers_va.size() != 1)
        return {"Your subscribed powers changed: " + amount.en,
                "Vos puissances souscrites ont changé : " + amount.fr};
    const auto number = [](std::int64_t va, bool french) {
        std::string text = to_string(shortest({va, 3}));
        if (french)
            std::ranges::replace(text, '.', ',');
        return text;
    };
    const std::int64_t from = facts.old_terms->powers_va.front(), to = facts.new_terms->powers_va.front();
    const std::string unit = facts.power_in_kw ? " kW" : " kVA";
    return {"Your subscribed power went from " + number(from, false) + " to " + number(to, false) + unit +
                ": " + amount.en,
            "Votre puissance souscrite est passée de " + number(from, true) + " à " + number(to, true) +
                unit + " : " + amount.fr};
}

BothLanguages of_catch_up(const BillDifference::Part& part, const SentenceFacts& facts)
{
    const BothLanguages euros = in_euros(part.amount);
    const bool lower = part.amount.value < 0;
    return {std::string{facts.was_estimated ? "The earlier bill was partly estimated; with what is known now"
                                            : "With what is known now, the earlier bill"} +
                (facts.was_estimated ? " it" : "") + " would have been " + euros.en +
                (lower ? " lower." : " higher."),
            std::string{
                facts.was_estimated
                    ? "La première facture était en partie estimée ; avec ce que l'on sait aujourd'hui, elle"
                    : "Avec ce que l'on sait aujourd'hui, la première facture"} +
                " aurait été " + (lower ? "moins" : "plus") + " élevée de " + euros.fr + "."};
}

} // namespace

std::span<const DifferencePartRow> difference_part_rows()
{
    return difference_parts;
}

const DifferencePartRow& difference_part_row(DifferencePart part)
{
    return difference_parts[static_cast<std::size_t>(part)];
}

void write_sentences(BillDifference& difference, const SentenceFacts& facts)
{
    for (BillDifference::Part& part : difference.parts) {
        BothLanguages sentence;
        switch (part.part) {
        case DifferencePart::days:
            sentence = of_days(part, facts);
            break;
        case DifferencePart::use:
            sentence = of_use(part, facts);
            break;
        case DifferencePart::weather:
            sentence = of_weather(part, facts);
            break;
        case DifferencePart::overruns:
            sentence = of_overruns(part, facts);
            break;
        case DifferencePart::prices:
            sentence = of_prices(part, facts);
            break;
        case DifferencePart::taxes:
            sentence = of_taxes(part, facts);
            break;
        case DifferencePart::contract:
            sentence = of_contract(part, facts);
            break;
        case DifferencePart::catch_up:
            sentence = of_catch_up(part, facts);
            break;
        }
        part.sentence_en = std::move(sentence.en);
        part.sentence_fr = std::move(sentence.fr);
    }
}

} // namespace releve::engine
