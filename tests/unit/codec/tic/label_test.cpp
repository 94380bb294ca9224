#include <releve/codec/tic/label.hpp>

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace releve::tic {
namespace {

TEST(TicLabel, RowsAreUniqueAndWhole)
{
    std::set<std::pair<Mode, std::string_view>> seen;
    for (const LabelRow& row : label_rows()) {
        EXPECT_TRUE(seen.emplace(row.mode, row.label).second) << row.label;
        EXPECT_EQ(find_label(row.mode, row.label), &row);
        const bool measures = row.kind != Kind::text && row.kind != Kind::digits && row.kind != Kind::status;
        EXPECT_EQ(row.unit != Unit::no_unit, measures) << row.label;
        EXPECT_TRUE(measures || !row.live) << row.label;
        EXPECT_FALSE(row.mode == Mode::historic && row.has_horodate) << row.label;
        EXPECT_FALSE(row.live && row.has_horodate) << row.label; // its time would not be the frame's
        for (const std::string_view words : {row.words.label_en, row.words.label_fr, row.words.plain_en, row.words.plain_fr})
            EXPECT_FALSE(words.empty()) << row.label;
    }
    EXPECT_EQ(find_label(Mode::historic, "EAST"), nullptr);
    EXPECT_EQ(find_label(Mode::standard, "ADCO"), nullptr);
    EXPECT_EQ(find_label(Mode::standard, ""), nullptr);
}

TEST(TicLabel, UnitsAndScalers)
{
    const auto check = [](Mode mode, std::string_view label, Kind kind, Unit unit, int scaler) {
        const LabelRow* row = find_label(mode, label);
        ASSERT_NE(row, nullptr) << label;
        EXPECT_EQ(row->kind, kind) << label;
        EXPECT_EQ(row->unit, unit) << label;
        EXPECT_EQ(row->scaler, scaler) << label;
    };
    check(Mode::historic, "BBRHPJR", Kind::index, Unit::watt_hour, 0);
    check(Mode::historic, "PAPP", Kind::power, Unit::volt_ampere, 0);
    check(Mode::historic, "PMAX", Kind::power, Unit::watt, 0);
    check(Mode::historic, "IINST3", Kind::current, Unit::ampere, 0);
    check(Mode::standard, "EASF10", Kind::index, Unit::watt_hour, 0);
    check(Mode::standard, "ERQ4", Kind::index, Unit::var_hour, 0);
    check(Mode::standard, "PREF", Kind::power, Unit::volt_ampere, 3);
    check(Mode::standard, "CCASN-1", Kind::power, Unit::watt, 0);
    check(Mode::standard, "UMOY2", Kind::voltage, Unit::volt, 0);
    check(Mode::standard, "STGE", Kind::status, Unit::no_unit, 0);
}

TEST(TicLabel, Numbers)
{
    EXPECT_EQ(parse_number("023591827").value(), 23'591'827);
    EXPECT_EQ(parse_number("0").value(), 0);
    EXPECT_EQ(parse_number("999999999999999").value(), 999'999'999'999'999);
    for (const char* wrong : {"", " 1", "1 ", "-1", "+1", "1.5", "0p1", "1000000000000000"})
        EXPECT_EQ(parse_number(wrong).error().code, errc::malformed) << wrong;
}

std::string instant(std::string_view text)
{
    const auto horodate = parse_horodate(text);
    return horodate ? to_iso8601(horodate->at) + (horodate->clock_degraded ? " degraded" : "")
                    : std::string{error_name(horodate.error().code)};
}

TEST(TicHorodate, SeasonSaysTheOffset)
{
    EXPECT_EQ(instant("E200426181830"), "2020-04-26T16:18:30Z");
    EXPECT_EQ(instant("H240115120000"), "2024-01-15T11:00:00Z");
    EXPECT_EQ(instant("H240101003000"), "2023-12-31T23:30:00Z");
    EXPECT_EQ(instant("H991231235959"), "2099-12-31T22:59:59Z");
    EXPECT_EQ(instant("e200426181830"), "2020-04-26T16:18:30Z degraded");
    EXPECT_EQ(instant("h240115120000"), "2024-01-15T11:00:00Z degraded");
}

TEST(TicHorodate, TheHourThatExistsTwice)
{
    EXPECT_EQ(instant("E241027023000"), "2024-10-27T00:30:00Z");
    EXPECT_EQ(instant("H241027023000"), "2024-10-27T01:30:00Z");
    EXPECT_EQ(instant("H240331015959"), "2024-03-31T00:59:59Z");
    EXPECT_EQ(instant("E240331030000"), "2024-03-31T01:00:00Z");
}

TEST(TicHorodate, WhatIsNoDate)
{
    EXPECT_EQ(instant("             "), "time_undefined");
    EXPECT_EQ(instant(" 000000000000"), "time_undefined");
    for (const char* wrong : {"", "E", "E20042618183", "E2004261818300", "X200426181830", "E20042618183p", "E200026181830",
                              "E201326181830", "E200400181830", "E200431181830", "E230229000000", "E200426241830",
                              "E200426186030", "E200426181860", "H            ", " 00000000000x"})
        EXPECT_EQ(instant(wrong), "bad_time") << wrong;
    EXPECT_EQ(instant("H240229000000"), "2024-02-28T23:00:00Z");
    EXPECT_TRUE(is_horodate("H000000000000")); // a meter that never had a date: well formed, and no instant
    EXPECT_EQ(instant("H000000000000"), "bad_time");
}

TEST(TicStatus, CapturedRegister)
{
    StatusRegister expected;
    expected.dry_contact_open = true;
    expected.standard_mode = true;
    expected.euridis = 3;
    expected.plc_state = 1;
    EXPECT_EQ(decode_status("003A0001").value(), expected);
}

/// Each field alone, at its highest value, and nothing else with it.
TEST(TicStatus, EveryFieldHasItsBits)
{
    const auto only = [](auto change) {
        StatusRegister status;
        change(status);
        return status;
    };
    using S = StatusRegister;
    const std::pair<const char*, StatusRegister> cases[] = {
        {"00000000", S{}},
        {"00000001", only([](S& s) { s.dry_contact_open = true; })},
        {"0000000E", only([](S& s) { s.breaker = Breaker::not_defined; })},
        {"0000000C", only([](S& s) { s.breaker = Breaker::open_overheat_low; })},
        {"00000002", only([](S& s) { s.breaker = Breaker::open_over_power; })},
        {"00000008", only([](S& s) { s.breaker = Breaker::open_by_order; })},
        {"00000010", only([](S& s) { s.terminal_cover_open = true; })},
        {"00000020", S{}}, // not assigned
        {"00000040", only([](S& s) { s.over_voltage = true; })},
        {"00000080", only([](S& s) { s.over_reference_power = true; })},
        {"00000100", only([](S& s) { s.producer = true; })},
        {"00000200", only([](S& s) { s.injecting = true; })},
        {"00003C00", only([](S& s) { s.supplier_rate = 16; })},
        {"0000C000", only([](S& s) { s.network_rate = 4; })},
        {"00010000", only([](S& s) { s.clock_degraded = true; })},
        {"00020000", only([](S& s) { s.standard_mode = true; })},
        {"00040000", S{}}, // not assigned
        {"00180000", only([](S& s) { s.euridis = 3; })},
        {"00600000", only([](S& s) { s.plc_state = 3; })},
        {"00800000", only([](S& s) { s.plc_synchronised = true; })},
        {"01000000", only([](S& s) { s.today = Tempo::blue; })},
        {"03000000", only([](S& s) { s.today = Tempo::red; })},
        {"08000000", only([](S& s) { s.tomorrow = Tempo::white; })},
        {"30000000", only([](S& s) { s.peak_notice = 3; })},
        {"C0000000", only([](S& s) { s.peak = 3; })},
    };
    for (const auto& [text, status] : cases)
        EXPECT_EQ(decode_status(text).value(), status) << text;
    for (const char* wrong : {"", "0000000", "000000000", "0000000a", "0000000G", "0x000000", " 0000000"})
        EXPECT_EQ(decode_status(wrong).error().code, errc::malformed) << wrong;
}

} // namespace
} // namespace releve::tic
