#include <releve/app/letter.hpp>

#include <releve/api/bill_page.hpp>

#include <algorithm>
#include <array>

namespace releve::app {

namespace {

using api::html_escaped;
using api::Language;

struct Phrase {
    std::string_view en, fr;
    [[nodiscard]] std::string in(Language language) const { return std::string{language == Language::fr ? fr : en}; }
};

/// "{kwh}" and the like in a sentence become what they stand for.
std::string filled(std::string text, std::string_view name, const std::string& value)
{
    if (const std::size_t at = text.find(name); at != std::string::npos)
        text.replace(at, name.size(), value);
    return text;
}

/// "septembre 2025".
std::string month_text(CivilDay first, Language language)
{
    const std::string day = api::day_text(first, language);
    return day.substr(day.find(' ') + 1);
}

std::string kwh_text(std::int64_t energy_wh, Language language)
{
    return api::number_text(shortest({energy_wh, 3}), language) + "\u00a0kWh";
}

// ---- one thing to do

constexpr int above_percent = 15;                  // more than the year before: worth a call,
constexpr std::int64_t above_least_wh = 20'000;    // unless it is little
constexpr std::int64_t always_on_w = 300;          // a refrigerator, a box and what waits take less
constexpr int peak_percent = 75;                   // of a use that is even all day long, two thirds are in peak hours

bool all_estimated(const LetterFacts& facts) { return facts.bill.rests == engine::Rests::estimated; }
bool much_above(const LetterFacts& facts)
{
    if (!facts.year_before || facts.year_before->rests == engine::Rests::estimated)
        return false;
    const std::int64_t now_wh = facts.bill.energy_wh, before_wh = facts.year_before->energy_wh;
    return now_wh - before_wh >= above_least_wh && Wide{now_wh} * 100 > Wide{before_wh} * (100 + above_percent);
}
bool never_rests(const LetterFacts& facts) { return facts.night_least_w && *facts.night_least_w >= always_on_w; }
bool mostly_peak(const LetterFacts& facts)
{
    return facts.peak && !facts.peak->windows.empty() &&
           Wide{facts.peak->peak_wh} * 100 > (Wide{facts.peak->peak_wh} + facts.peak->offpeak_wh) * peak_percent;
}
bool always(const LetterFacts&) { return true; }

struct AdviceRow {
    Advice advice;
    bool (*holds)(const LetterFacts&);
    Phrase words;
};
/// The first that holds is the one that is said. None of them alarms, and none says anything of the home but its own figures.
constexpr AdviceRow advice_rows[] = {
    {Advice::wait, all_estimated, {"There is nothing for you to do now.", "Vous n'avez rien à faire pour le moment."}},
    {Advice::call_us, much_above,
     {"You used more than a year ago: if you do not know why, call us and we will look at it together.",
      "Vous avez utilisé plus qu'il y a un an\u00a0: si vous ne savez pas pourquoi, appelez-nous, nous regarderons ensemble."}},
    {Advice::always_on, never_rests,
     {"Between 2:00 and 5:00 at night, your home never used less than {watts}: apart from heating, look for a device that always runs, and turn it off if you do not "
      "need it.",
      "La nuit, entre 2\u00a0h et 5\u00a0h, votre logement n'a jamais utilisé moins de {watts}\u00a0: en dehors du chauffage, cherchez un appareil qui marche toujours, et "
      "éteignez-le si vous n'en avez pas besoin."}},
    {Advice::off_peak, mostly_peak,
     {"Start the washing machine in your off-peak hours, {hours}: electricity costs less then.",
      "Faites tourner la machine à laver pendant vos heures creuses, {hours}\u00a0: l'électricité y coûte moins cher."}},
    {Advice::nothing, always, {"There is nothing for you to do: all is well.", "Vous n'avez rien à faire\u00a0: tout va bien."}},
};

const AdviceRow& advice_row(const LetterFacts& facts)
{
    return *std::ranges::find_if(advice_rows, [&](const AdviceRow& row) { return row.holds(facts); });
}

/// "13 h 30", "minuit"; "13:30", "midnight".
std::string clock_text(std::int32_t at_s, Language language)
{
    constexpr std::int32_t hour_s = 3'600, minute_s = 60, day_s = 24 * hour_s;
    if (at_s % day_s == 0)
        return Phrase{"midnight", "minuit"}.in(language);
    const std::string hours = std::to_string(at_s / hour_s);
    const std::int32_t minutes = at_s % hour_s / minute_s;
    const std::string two_digits = (minutes < 10 ? "0" : "") + std::to_string(minutes);
    if (language == Language::en)
        return hours + ":" + two_digits;
    return hours + "\u00a0h" + (minutes == 0 ? "" : "\u00a0" + two_digits);
}

/// "de 2 h à 7 h et de 13 h 30 à 16 h 30".
std::string hours_text(const std::vector<engine::DayWindow>& windows, Language language)
{
    std::string out;
    for (std::size_t i = 0; i < windows.size(); ++i) {
        if (i != 0)
            out += i + 1 == windows.size() ? Phrase{" and ", " et "}.in(language) : ", ";
        out += Phrase{"from ", "de "}.in(language) + clock_text(windows[i].from_s, language) + Phrase{" to ", " à "}.in(language) + clock_text(windows[i].to_s, language);
    }
    return out;
}

// ---- the four sentences, as HTML

std::string used_sentence(const LetterFacts& facts)
{
    const bool gas = facts.bill.energy == "gas";
    const Phrase words = gas ? Phrase{"In {month}, you used {kwh} of gas.", "En {month}, vous avez utilisé {kwh} de gaz."}
                             : Phrase{"In {month}, you used {kwh} of electricity.", "En {month}, vous avez utilisé {kwh} d'électricité."};
    const std::string kwh = kwh_text(facts.bill.energy_wh, facts.language);
    return filled(filled(words.in(facts.language), "{month}", month_text(facts.bill.span.from, facts.language)), "{kwh}", "<strong>" + kwh + "</strong>");
}

std::string cost_sentence(const LetterFacts& facts)
{
    const Phrase words{"This costs {euros}, all taxes included.", "Cela coûte {euros}, toutes taxes comprises."};
    return filled(words.in(facts.language), "{euros}", "<strong class=\"amount\">" + api::euro_text(facts.bill.total, facts.language) + "</strong>");
}

enum class Change : std::uint8_t { less, same, more };
Change change_of(std::int64_t difference) { return difference < 0 ? Change::less : difference > 0 ? Change::more : Change::same; }

struct ComparisonRow {
    Change energy, euros;
    Phrase words;
};
/// {kwh} and {euros} are what it differs by.
constexpr ComparisonRow comparison_rows[] = {
    {Change::more, Change::more, {"That is {kwh} and {euros} more than in {month}", "C'est {kwh} et {euros} de plus qu'en {month}"}},
    {Change::less, Change::less, {"That is {kwh} and {euros} less than in {month}", "C'est {kwh} et {euros} de moins qu'en {month}"}},
    {Change::more, Change::less, {"That is {kwh} more but {euros} less than in {month}", "C'est {kwh} de plus, mais {euros} de moins qu'en {month}"}},
    {Change::less, Change::more, {"That is {kwh} less but {euros} more than in {month}", "C'est {kwh} de moins, mais {euros} de plus qu'en {month}"}},
    {Change::more, Change::same, {"That is {kwh} more, for the same price, than in {month}", "C'est {kwh} de plus, pour le même prix, qu'en {month}"}},
    {Change::less, Change::same, {"That is {kwh} less, for the same price, than in {month}", "C'est {kwh} de moins, pour le même prix, qu'en {month}"}},
    {Change::same, Change::more, {"That is as many kWh, for {euros} more, as in {month}", "C'est autant de kWh, pour {euros} de plus, qu'en {month}"}},
    {Change::same, Change::less, {"That is as many kWh, for {euros} less, as in {month}", "C'est autant de kWh, pour {euros} de moins, qu'en {month}"}},
    {Change::same, Change::same, {"That is exactly as much as in {month}", "C'est exactement autant qu'en {month}"}},
};

std::string compared_sentence(const LetterFacts& facts)
{
    const Language language = facts.language;
    const CivilDay first{std::chrono::year_month_day{facts.bill.span.from} - std::chrono::years{1}};
    const std::string month = month_text(first, language);
    if (!facts.year_before)
        return filled(Phrase{"We cannot compare it with {month}: not all figures of that month are known.",
                             "Nous ne pouvons pas comparer avec {month}\u00a0: tous les chiffres de ce mois ne sont pas connus."}
                          .in(language),
                      "{month}", month);
    const engine::Bill& before = *facts.year_before;
    const std::int64_t more_wh = facts.bill.energy_wh - before.energy_wh;
    const Cents more = facts.bill.total - before.total;
    const auto row = std::ranges::find_if(comparison_rows, [&](const ComparisonRow& one) { return one.energy == change_of(more_wh) && one.euros == change_of(more.value); });
    std::string text = filled(row->words.in(language), "{kwh}", kwh_text(more_wh < 0 ? -more_wh : more_wh, language));
    text = filled(filled(std::move(text), "{euros}", api::euro_text(more.value < 0 ? -more : more, language)), "{month}", month);
    const Phrase estimated = before.rests == engine::Rests::estimated ? Phrase{", estimated", ", estimés"}
                             : before.rests == engine::Rests::mixed   ? Phrase{", in part estimated", ", en partie estimés"}
                                                                      : Phrase{"", ""};
    return text + " (" + kwh_text(before.energy_wh, language) + Phrase{" and ", " et "}.in(language) + api::euro_text(before.total, language) + estimated.in(language) + ").";
}

std::string advice_sentence(const LetterFacts& facts)
{
    std::string text = advice_row(facts).words.in(facts.language);
    if (facts.night_least_w)
        text = filled(std::move(text), "{watts}", api::number_text({*facts.night_least_w, 0}, facts.language) + "\u00a0W");
    return facts.peak ? filled(std::move(text), "{hours}", hours_text(facts.peak->windows, facts.language)) : text;
}

/// Nothing where all was read.
std::string estimated_note(const engine::Bill& bill, Language language)
{
    constexpr std::array words{Phrase{"One", "Un"},   Phrase{"Two", "Deux"}, Phrase{"Three", "Trois"}, Phrase{"Four", "Quatre"}, Phrase{"Five", "Cinq"},
                               Phrase{"Six", "Six"},  Phrase{"Seven", "Sept"}, Phrase{"Eight", "Huit"}, Phrase{"Nine", "Neuf"},   Phrase{"Ten", "Dix"}};
    if (bill.rests == engine::Rests::read || bill.estimated_days.empty())
        return {};
    if (bill.rests == engine::Rests::estimated)
        return Phrase{"All days of the month were estimated.", "Tous les jours du mois ont été estimés."}.in(language);
    const std::size_t count = bill.estimated_days.size();
    const std::string number = count <= words.size() ? words[count - 1].in(language) : std::to_string(count);
    return number + (count == 1 ? Phrase{" day was estimated.", " jour a été estimé."} : Phrase{" days were estimated.", " jours ont été estimés."}).in(language);
}

// ---- the chart: whole units only; 700 of them are the width of the text

constexpr std::int64_t chart_left = 84, chart_slot = 19, chart_bar = 13, chart_base = 204, chart_height = 180, chart_right = chart_left + 31 * chart_slot;

/// The least of 1, 2, 4, 6, 8, 10 times a power of ten (100 Wh and up) that no day is above: half of it is a short number too.
std::int64_t chart_top_wh(std::int64_t greatest_wh)
{
    constexpr std::int64_t steps[] = {1, 2, 4, 6, 8};
    for (std::int64_t unit = 100;; unit *= 10)
        for (const std::int64_t step : steps)
            if (unit * step >= greatest_wh)
                return unit * step;
}

std::string attribute(std::string_view name, std::int64_t value) { return " " + std::string{name} + "=\"" + std::to_string(value) + "\""; }

std::string chart_line(std::int64_t y, const std::string& label)
{
    return "<line class=\"grid\"" + attribute("x1", chart_left) + attribute("y1", y) + attribute("x2", chart_right) + attribute("y2", y) + "/><text text-anchor=\"end\"" +
           attribute("x", chart_left - 8) + attribute("y", y + 7) + ">" + label + "</text>";
}

std::string chart_svg(const LetterFacts& facts, const std::string& title)
{
    std::int64_t greatest_wh = 0;
    for (const engine::DayEnergy& day : facts.days)
        greatest_wh = std::max(greatest_wh, day.energy_wh.value_or(0));
    const std::int64_t top_wh = chart_top_wh(greatest_wh);
    std::string out = "<svg viewBox=\"0 0 700 236\" role=\"img\" aria-label=\"" + html_escaped(title) + "\">";
    for (const std::int64_t wh : {std::int64_t{0}, top_wh / 2, top_wh})
        out += chart_line(chart_base - wh * chart_height / top_wh, api::number_text(shortest({wh, 3}), facts.language));
    for (const engine::DayEnergy& day : facts.days) {
        const unsigned number = static_cast<unsigned>(std::chrono::year_month_day{day.day}.day());
        const std::int64_t x = chart_left + (std::int64_t{number} - 1) * chart_slot + (chart_slot - chart_bar) / 2;
        if (day.energy_wh) {
            const std::int64_t wh = std::max<std::int64_t>(*day.energy_wh, 0);
            const std::int64_t height = std::max<std::int64_t>(1, static_cast<std::int64_t>(Wide{wh} * chart_height / top_wh)); // a day of nothing is a thin line
            out += std::string{"<rect class=\"bar"} + (day.estimated ? " estimated" : "") + "\"" + attribute("x", x) + attribute("y", chart_base - height) +
                   attribute("width", chart_bar) + attribute("height", height) + "/>";
        }
        if (number % 7 == 1)
            out += "<text text-anchor=\"middle\"" + attribute("x", x + chart_bar / 2) + attribute("y", chart_base + 24) + ">" + std::to_string(number) + "</text>";
    }
    return out + "</svg>";
}

/// Worth drawing: more than half of the days were read.
bool has_chart(const std::vector<engine::DayEnergy>& days)
{
    const auto read = std::ranges::count_if(days, [](const engine::DayEnergy& day) { return day.energy_wh && !day.estimated; });
    return read * 2 > std::ssize(days);
}

std::string chart(const LetterFacts& facts)
{
    const Language language = facts.language;
    if (!has_chart(facts.days))
        return "<p class=\"legend\">" + Phrase{"There is no chart: too few days are known one by one.", "Il n'y a pas de graphique\u00a0: trop peu de jours sont connus un par un."}.in(language) + "</p>";
    const bool gas = facts.bill.energy == "gas";
    const std::string title = (gas ? Phrase{"Your gas day by day, in kWh", "Votre gaz jour après jour, en kWh"}
                                   : Phrase{"Your electricity day by day, in kWh", "Votre électricité jour après jour, en kWh"})
                                  .in(language);
    std::string legend;
    if (std::ranges::any_of(facts.days, [](const engine::DayEnergy& day) { return day.energy_wh && day.estimated; }))
        legend = Phrase{"White bar: estimated.", "Barre blanche\u00a0: estimation."}.in(language);
    if (std::ranges::any_of(facts.days, [](const engine::DayEnergy& day) { return !day.energy_wh; }))
        legend += (legend.empty() ? "" : " ") + Phrase{"No bar: not known.", "Pas de barre\u00a0: jour non connu."}.in(language);
    return "<h2>" + title + "</h2>" + chart_svg(facts, title) + (legend.empty() ? "" : "<p class=\"legend\">" + legend + "</p>");
}

// 260 mm of the sheet's 261: a page is never more than one.
constexpr std::string_view style =
    "@page{size:A4;margin:12mm}*{box-sizing:border-box}"
    "body{margin:0;font:16pt/1.25 \"DejaVu Sans\",Verdana,Arial,sans-serif;color:#000;background:#fff}"
    ".letter{width:186mm;height:272mm;margin:0 auto;overflow:hidden;break-after:page;display:flex;flex-direction:column}.letter>*{flex:none}.letter:last-of-type{break-after:auto}"
    "p{margin:0 0 1.9mm;overflow-wrap:anywhere}h1{font-size:21pt;line-height:1.2;margin:2mm 0}h2{font-size:15pt;margin:2mm 0 1mm}"
    "header{display:flex;justify-content:space-between;gap:8mm;min-height:18mm;font-size:14pt;line-height:1.25}header p{margin:0}.sender{font-weight:700;flex:0 1 68mm}.address{text-align:right;flex:0 0 auto;max-width:110mm}"
    ".amount{font-size:24pt}.note{border:1.5pt solid #000;padding:1mm 3mm}.legend{font-size:14pt}"
    "svg{width:100%;height:auto}svg text{font-size:20px;fill:#000}.grid{stroke:#777;stroke-width:1}.bar{fill:#222;stroke:#000;stroke-width:1}.bar.estimated{fill:#fff;stroke-width:2}"
    "footer{margin-top:auto;border-top:2pt solid #000;padding-top:3mm}footer p{margin:0}.telephone{font-size:24pt;font-weight:700}.small{font-size:14pt}";

} // namespace

Advice choose_advice(const LetterFacts& facts) { return advice_row(facts).advice; }

std::string letter_page(const LetterFacts& facts)
{
    const Language language = facts.language;
    const auto paragraph = [](std::string_view kind, const std::string& html) { return "<p class=\"" + std::string{kind} + "\">" + html + "</p>"; };
    std::string out = "<section class=\"letter\"><header>" + paragraph("sender", html_escaped(facts.sender));
    std::string address;
    for (const std::string& line : facts.address)
        address += (address.empty() ? "" : "<br>") + html_escaped(line);
    const std::string point = Phrase{"Usage point ", "Point de livraison "}.in(language) + html_escaped(facts.bill.usage_point.value);
    out += paragraph("address", address + (address.empty() ? "" : "<br>") + point) + "</header>";
    const Phrase heading = facts.bill.energy == "gas" ? Phrase{"Your gas in ", "Votre gaz en "} : Phrase{"Your electricity in ", "Votre électricité en "};
    out += "<h1>" + heading.in(language) + month_text(facts.bill.span.from, language) + "</h1>";
    for (const std::string& sentence : {used_sentence(facts), cost_sentence(facts), compared_sentence(facts), advice_sentence(facts)})
        out += paragraph("sentence", sentence);
    if (const std::string note = estimated_note(facts.bill, language); !note.empty())
        out += paragraph("note", note);
    if (!facts.bill.played.empty())
        out += paragraph("note", html_escaped(api::played_text(facts.bill.played, facts.language)));
    out += chart(facts);
    out += "<footer>" + paragraph("question", Phrase{"A question? Call us:", "Une question\u00a0? Appelez-nous\u00a0:"}.in(language)) + paragraph("telephone", html_escaped(facts.telephone)) +
           paragraph("small", Phrase{"This letter is not a bill.", "Cette lettre n'est pas une facture."}.in(language)) + "</footer></section>\n";
    return out;
}

std::string letter_head(Language language)
{
    std::string out = "<!doctype html><html lang=\"" + Phrase{"en", "fr"}.in(language) + "\"><head><meta charset=\"utf-8\">";
    out += "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">";
    out += "<title>" + Phrase{"Letters", "Lettres"}.in(language) + "</title><style>";
    return out.append(style).append("</style></head><body>\n");
}

std::string_view letter_tail() { return "</body></html>\n"; }

std::string letter_batch(std::span<const std::string> pages, Language language)
{
    std::string out = letter_head(language);
    for (const std::string& page : pages)
        out += page;
    return out.append(letter_tail());
}

} // namespace releve::app
