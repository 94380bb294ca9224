#include <releve/app/morning_text.hpp>

#include <gtest/gtest.h>

namespace releve::app {
namespace {

using api::Language;

Instant at(const char* text)
{
    return parse_instant(text).value();
}

engine::Outage at_place(engine::PlaceKind kind, const char* place, const char* since, std::size_t meters, std::size_t of)
{
    engine::Outage outage;
    outage.common = true;
    outage.kind = kind;
    outage.place = place;
    outage.since = at(since);
    outage.meters = meters;
    outage.of = of;
    return outage;
}

/// The night before 2024-03-28, 07:00.
store::MorningReport storm()
{
    store::MorningReport report;
    report.from = at("2024-03-27T17:00:00Z");
    report.to = at("2024-03-28T06:00:00Z");
    report.meters = 2'000;
    engine::Outage south = at_place(engine::PlaceKind::area, "south", "2024-03-27T20:02:59Z", 900, 940);
    south.power_lost = true;
    south.last_gasps = 40;
    south.restored = 700;
    south.first_restored_at = at("2024-03-28T03:10:00Z");
    south.last_restored_at = at("2024-03-28T04:02:00Z");
    engine::Outage c12 = at_place(engine::PlaceKind::concentrator, "C12", "2024-03-28T01:14:00Z", 812, 812);
    engine::Outage alone;
    alone.since = at("2024-03-28T02:30:00Z");
    alone.meters = alone.of = 1;
    alone.restored = 1;
    alone.first_restored_at = alone.last_restored_at = at("2024-03-28T05:59:59Z");
    report.outages = {south, c12, alone};
    report.stopped = 1'713;
    report.restored = 701;
    report.day = parse_day("2024-03-27").value();
    report.rate = {"", 2'000, 96'000, 95'951};
    report.rate_week_before = {"", 2'000, 96'000, 96'000};
    report.gaps_open = 5;
    report.gaps_closed = 2;
    report.gaps_by_state = {{"waiting", 3}, {"must_ask", 1}, {"estimated", 1}};
    report.events_by_kind = {{"power_lost", 40}, {"clock_alarm", 1}};
    return report;
}

TEST(MorningText, names_each_cause_in_a_line_in_english)
{
    EXPECT_EQ(
        morning_text(storm(), Language::en),
        "From 2024-03-27 18:00 to 2024-03-28 07:00\n"
        "1713 meters of 2000 fell silent; heard again: 701.\n"
        "Area south: silent since 2024-03-27 21:02, 900 of 940 meters; power lost (40 said so); 700 heard again between 04:10 "
        "and 05:02\n"
        "Concentrator C12: silent since 02:14, 812 of 812 meters; link lost (no word of power lost); none heard again\n"
        "No common place: 1 meter, silent since 03:30; link lost (no word of power lost); 1 heard again at 06:59\n"
        "Collected on 2024-03-27: 95951 of 96000 intervals (99.9%); a week before: 100.0%\n"
        "Gaps: 5 open (Waiting: 3, Not asked for: 1, Estimated: 1); 2 closed\n"
        "Events that nobody closed: power_lost 40, clock_alarm 1\n");
}

TEST(MorningText, names_each_cause_in_a_line_in_french)
{
    EXPECT_EQ(
        morning_text(storm(), Language::fr),
        "Du 2024-03-27 18:00 au 2024-03-28 07:00\n"
        "1713 compteurs sur 2000 se sont tus ; entendus à nouveau : 701.\n"
        "Secteur south : silence depuis 2024-03-27 21:02, 900 compteurs sur 940 ; courant coupé (40 l'ont dit) ; 700 entendus "
        "à "
        "nouveau entre 04:10 et 05:02\n"
        "Concentrateur C12 : silence depuis 02:14, 812 compteurs sur 812 ; liaison perdue (aucune coupure de courant signalée) "
        "; aucun entendu à nouveau\n"
        "Sans lieu commun : 1 compteur, silence depuis 03:30 ; liaison perdue (aucune coupure de courant signalée) ; 1 entendu "
        "à nouveau à 06:59\n"
        "Collecte du 2024-03-27 : 95951 intervalles sur 96000 (99,9 %) ; une semaine avant : 100,0 %\n"
        "Trous : 5 ouverts (En attente : 3, Non demandés : 1, Estimés : 1) ; 2 refermés\n"
        "Événements que personne n'a clos : power_lost 40, clock_alarm 1\n");
}

TEST(MorningText, a_quiet_night_is_told_as_one)
{
    store::MorningReport report;
    report.from = at("2024-03-27T17:00:00Z");
    report.to = at("2024-03-28T06:00:00Z");
    report.day = parse_day("2024-03-27").value();
    report.meters = 12;
    EXPECT_EQ(morning_text(report, Language::en), "From 2024-03-27 18:00 to 2024-03-28 07:00\n"
                                                  "None of 12 meters fell silent.\n"
                                                  "Collected on 2024-03-27: 0 of 0 intervals (nothing was expected); a week "
                                                  "before: nothing was expected\n"
                                                  "Gaps: 0 open; 0 closed\n"
                                                  "No event is open.\n");
    EXPECT_NE(morning_text(report, Language::fr).find("Aucun événement n'est ouvert.\n"), std::string::npos);
}

TEST(MorningText, a_few_meters_and_a_few_last_gasps_are_told_as_they_are)
{
    store::MorningReport report = storm();
    engine::Outage feeder =
        at_place(engine::PlaceKind::feeder, "F3#@", "2024-03-28T01:00:00Z", 1, 1); // a name is not a pattern
    feeder.last_gasps = 2;
    engine::Outage alone;
    alone.since = at("2024-03-28T02:30:00Z");
    alone.meters = alone.of = 7;
    alone.power_lost = true;
    alone.last_gasps = 7;
    report.outages = {feeder, alone};
    report.stopped = 1;
    for (const auto& [language, wanted] :
         {std::pair{Language::en, "Feeder F3#@: silent since 02:00, 1 of 1 meters; link lost (2 said "
                                  "that they lost power); none heard again\n"
                                  "No common place: 7 meters, the last one silent since 03:30; "
                                  "power lost (7 said so); none heard again\n"},
          {Language::fr, "Départ F3#@ : silence depuis 02:00, 1 compteur sur 1 ; liaison perdue (2 ont "
                         "signalé une coupure de courant) ; aucun entendu à nouveau\n"
                         "Sans lieu commun : 7 compteurs, le dernier en silence depuis 03:30 ; "
                         "courant coupé (7 l'ont dit) ; aucun entendu à nouveau\n"}})
        EXPECT_NE(morning_text(report, language).find(wanted), std::string::npos) << morning_text(report, language);
    EXPECT_NE(morning_text(report, Language::en).find("1 meter of 2000 fell silent; heard again: 701."), std::string::npos);
    EXPECT_NE(morning_text(report, Language::fr).find("1 compteur sur 2000 s'est tu ;"), std::string::npos);
}

TEST(MorningText, one_last_gasp_is_told_of_one_meter)
{
    store::MorningReport report = storm();
    report.outages[0].last_gasps = report.outages[1].last_gasps = 1;
    report.stopped = 1;
    const std::string english = morning_text(report, Language::en), french = morning_text(report, Language::fr);
    for (const char* said : {"power lost (1 said so)", "link lost (1 said that it lost power)"})
        EXPECT_NE(english.find(said), std::string::npos) << english;
    for (const char* said : {"courant coupé (1 l'a dit)", "liaison perdue (1 a signalé une coupure de courant)", "s'est tu ; entendu à"})
        EXPECT_NE(french.find(said), std::string::npos) << french;
}

TEST(MorningText, who_came_back_in_one_minute_came_back_at_a_time)
{
    store::MorningReport report = storm();
    report.outages[0].last_restored_at = at("2024-03-28T03:10:59Z");
    EXPECT_NE(morning_text(report, Language::en).find("; 700 heard again at 04:10\n"), std::string::npos);
    EXPECT_NE(morning_text(report, Language::fr).find(" ; 700 entendus à nouveau à 04:10\n"), std::string::npos);
}

TEST(MorningText, the_two_hours_of_one_name_are_told_apart)
{
    store::MorningReport report = storm();
    report.to = at("2023-10-29T05:00:00Z");
    report.outages = {at_place(engine::PlaceKind::concentrator, "C1", "2023-10-29T00:30:00Z", 3, 3),
                      at_place(engine::PlaceKind::concentrator, "C2", "2023-10-29T01:30:00Z", 3, 3)};
    const std::string text = morning_text(report, Language::en);
    EXPECT_NE(text.find("C1: silent since 02:30 (UTC+2),"), std::string::npos) << text;
    EXPECT_NE(text.find("C2: silent since 02:30 (UTC+1),"), std::string::npos) << text;
}

} // namespace
} // namespace releve::app
