#include <releve/app/morning_text.hpp>

#include <releve/engine/gaps.hpp>

#include <array>

namespace releve::app {

namespace {

using api::Language;

/// What is said in one language. A number takes the place of each #, a text of each @, in order.
struct MorningWords {
    std::string_view decimal_point, percent, colon;
    std::array<std::string_view, engine::place_kinds> places; // by engine::PlaceKind
    std::string_view title, quiet, stopped_one, stopped, place_one, place, alone_one, alone;
    std::string_view power_lost_one, power_lost, link_lost, link_lost_but_one, link_lost_but, none_back, one_back, back_at, back;
    std::string_view rate, nothing_expected, week_before, gaps, events, no_events;
};

constexpr MorningWords english{
    .decimal_point = ".",
    .percent = "%",
    .colon = ": ",
    .places = {"Concentrator", "Feeder", "Area"},
    .title = "From @ to @",
    .quiet = "None of # meters fell silent.",
    .stopped_one = "1 meter of # fell silent; heard again: #.",
    .stopped = "# meters of # fell silent; heard again: #.",
    .place_one = "@ @: silent since @, 1 of # meters; @; @",
    .place = "@ @: silent since @, # of # meters; @; @",
    .alone_one = "No common place: 1 meter, silent since @; @; @",
    .alone = "No common place: # meters, the last one silent since @; @; @",
    .power_lost_one = "power lost (1 said so)",
    .power_lost = "power lost (# said so)",
    .link_lost = "link lost (no word of power lost)",
    .link_lost_but_one = "link lost (1 said that it lost power)",
    .link_lost_but = "link lost (# said that they lost power)",
    .none_back = "none heard again",
    .one_back = "1 heard again at @",
    .back_at = "# heard again at @",
    .back = "# heard again between @ and @",
    .rate = "Collected on @: # of # intervals (@)",
    .nothing_expected = "nothing was expected",
    .week_before = "; a week before: @",
    .gaps = "Gaps: # open@; # closed",
    .events = "Events that nobody closed: @",
    .no_events = "No event is open.",
};

constexpr MorningWords french{
    .decimal_point = ",",
    .percent = " %",
    .colon = " : ",
    .places = {"Concentrateur", "Départ", "Secteur"},
    .title = "Du @ au @",
    .quiet = "Aucun des # compteurs ne s'est tu.",
    .stopped_one = "1 compteur sur # s'est tu ; entendu à nouveau : #.",
    .stopped = "# compteurs sur # se sont tus ; entendus à nouveau : #.",
    .place_one = "@ @ : silence depuis @, 1 compteur sur # ; @ ; @",
    .place = "@ @ : silence depuis @, # compteurs sur # ; @ ; @",
    .alone_one = "Sans lieu commun : 1 compteur, silence depuis @ ; @ ; @",
    .alone = "Sans lieu commun : # compteurs, le dernier en silence depuis @ ; @ ; @",
    .power_lost_one = "courant coupé (1 l'a dit)",
    .power_lost = "courant coupé (# l'ont dit)",
    .link_lost = "liaison perdue (aucune coupure de courant signalée)",
    .link_lost_but_one = "liaison perdue (1 a signalé une coupure de courant)",
    .link_lost_but = "liaison perdue (# ont signalé une coupure de courant)",
    .none_back = "aucun entendu à nouveau",
    .one_back = "1 entendu à nouveau à @",
    .back_at = "# entendus à nouveau à @",
    .back = "# entendus à nouveau entre @ et @",
    .rate = "Collecte du @ : # intervalles sur # (@)",
    .nothing_expected = "rien n'était attendu",
    .week_before = " ; une semaine avant : @",
    .gaps = "Trous : # ouverts@ ; # refermés",
    .events = "Événements que personne n'a clos : @",
    .no_events = "Aucun événement n'est ouvert.",
};

/// Puts numbers and texts where the pattern has # and @.
class Sentence {
public:
    explicit Sentence(std::string_view pattern) : rest_(pattern) {}
    template <class Integer>
    requires std::is_integral_v<Integer> Sentence& with(Integer number)
    {
        fill('#', std::to_string(number));
        return *this;
    }
    Sentence& with(std::string_view text)
    {
        fill('@', text);
        return *this;
    }
    [[nodiscard]] std::string text() const { return text_ + std::string{rest_}; }

private:
    void fill(char mark, std::string_view value)
    {
        const std::size_t at = rest_.find_first_of("#@");
        RELEVE_ASSERT(at != std::string_view::npos && rest_[at] == mark);
        text_.append(rest_.substr(0, at)).append(value);
        rest_.remove_prefix(at + 1);
    }
    std::string_view rest_;
    std::string text_;
};

/// "02:14" on the last day of the report, else with the day; the second of two hours of one name is told apart.
class LocalTimes {
public:
    explicit LocalTimes(Instant to) : last_day_(paris().day_of(to)) {}
    [[nodiscard]] std::string time(Instant at) const { return paris().day_of(at) == last_day_ ? clock(at) : with_day(at); }
    [[nodiscard]] static std::string with_day(Instant at) { return to_iso8601(paris().day_of(at)) + " " + clock(at); }

private:
    static std::string clock(Instant at)
    {
        const auto local = paris().to_local(at);
        const auto minutes =
            std::chrono::floor<std::chrono::minutes>(local - std::chrono::floor<std::chrono::days>(local)).count();
        const auto two_digits = [](auto number) { return (number < 10 ? "0" : "") + std::to_string(number); };
        std::string text = two_digits(minutes / 60) + ":" + two_digits(minutes % 60);
        if (paris().to_instant(local) != paris().to_instant(local, true))
            text += paris().offset_at(at) == Seconds{7200} ? " (UTC+2)" : " (UTC+1)";
        return text;
    }
    CivilDay last_day_;
};

std::string cause_text(const engine::Outage& outage, const MorningWords& words)
{
    if (outage.last_gasps == 1)
        return std::string{outage.power_lost ? words.power_lost_one : words.link_lost_but_one};
    if (outage.power_lost)
        return Sentence{words.power_lost}.with(outage.last_gasps).text();
    if (outage.last_gasps > 0)
        return Sentence{words.link_lost_but}.with(outage.last_gasps).text();
    return std::string{words.link_lost};
}

std::string return_text(const engine::Outage& outage, const MorningWords& words, const LocalTimes& times)
{
    if (outage.restored == 0 || !outage.first_restored_at || !outage.last_restored_at)
        return std::string{words.none_back};
    if (outage.restored == 1)
        return Sentence{words.one_back}.with(times.time(*outage.first_restored_at)).text();
    const std::string first = times.time(*outage.first_restored_at), last = times.time(*outage.last_restored_at);
    if (first == last)
        return Sentence{words.back_at}.with(outage.restored).with(first).text();
    return Sentence{words.back}.with(outage.restored).with(first).with(last).text();
}

std::string outage_text(const engine::Outage& outage, const MorningWords& words, const LocalTimes& times)
{
    const bool one = outage.meters == 1;
    Sentence line{outage.common ? (one ? words.place_one : words.place) : (one ? words.alone_one : words.alone)};
    const std::string since = times.time(outage.since);
    if (outage.common) {
        line.with(words.places[static_cast<std::size_t>(outage.kind)]).with(outage.place).with(since);
        if (!one)
            line.with(outage.meters);
        line.with(outage.of);
    } else {
        if (!one)
            line.with(outage.meters);
        line.with(since);
    }
    return line.with(cause_text(outage, words)).with(return_text(outage, words, times)).text();
}

std::string stopped_text(const store::MorningReport& report, const MorningWords& words)
{
    if (report.stopped == 0)
        return Sentence{words.quiet}.with(report.meters).text();
    if (report.stopped == 1)
        return Sentence{words.stopped_one}.with(report.meters).with(report.restored).text();
    return Sentence{words.stopped}.with(report.stopped).with(report.meters).with(report.restored).text();
}

std::string percent_text(const store::CollectionRate& rate, const MorningWords& words)
{
    if (rate.expected <= 0)
        return std::string{words.nothing_expected};
    const std::int64_t permille = rate.arrived * 1'000 / rate.expected; // a fleet's day is far from 64 bits
    return std::to_string(permille / 10) + std::string{words.decimal_point} + std::to_string(permille % 10) +
           std::string{words.percent};
}

std::string rate_text(const store::MorningReport& report, const MorningWords& words)
{
    return Sentence{words.rate}
               .with(to_iso8601(report.day))
               .with(report.rate.arrived)
               .with(report.rate.expected)
               .with(percent_text(report.rate, words))
               .text() +
           Sentence{words.week_before}.with(percent_text(report.rate_week_before, words)).text();
}

std::string gaps_text(const store::MorningReport& report, const MorningWords& words, Language language)
{
    std::string states;
    for (const auto& [name, count] : report.gaps_by_state) {
        const auto state = engine::gap_state_from_name(name);
        const Words* own = state ? &engine::gap_state_row(*state).words : nullptr;
        const std::string_view label = own == nullptr             ? std::string_view{name}
                                       : language == Language::fr ? own->label_fr
                                                                  : own->label_en;
        states.append(states.empty() ? " (" : ", ").append(label).append(words.colon).append(std::to_string(count));
    }
    if (!states.empty())
        states += ")";
    return Sentence{words.gaps}.with(report.gaps_open).with(states).with(report.gaps_closed).text();
}

std::string events_text(const store::MorningReport& report, const MorningWords& words)
{
    if (report.events_by_kind.empty())
        return std::string{words.no_events};
    std::string kinds;
    for (const auto& [kind, count] : report.events_by_kind)
        kinds.append(kinds.empty() ? "" : ", ").append(kind).append(" ").append(std::to_string(count));
    return Sentence{words.events}.with(kinds).text();
}

} // namespace

std::string morning_text(const store::MorningReport& report, api::Language language)
{
    const MorningWords& words = language == Language::fr ? french : english;
    const LocalTimes times{report.to};
    std::string text =
        Sentence{words.title}.with(LocalTimes::with_day(report.from)).with(LocalTimes::with_day(report.to)).text() + "\n";
    text += stopped_text(report, words) + "\n";
    for (const engine::Outage& outage : report.outages)
        text += outage_text(outage, words, times) + "\n";
    text += rate_text(report, words) + "\n";
    text += gaps_text(report, words, language) + "\n";
    text += events_text(report, words) + "\n";
    return text;
}

} // namespace releve::app
