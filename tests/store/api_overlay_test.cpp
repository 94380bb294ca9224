// What is read of a day over which checks, estimates and corrections lie, now and as it was known before.

#include "stored_days.hpp"

namespace releve::store::test {

class ApiOverlay : public StoredDays {
protected:
    static constexpr const char* home = "01000000000001";
    static constexpr const char* the_day = "2024-03-20"; // begins at 23:00 UTC
    MeterId meter;

    void SetUp() override
    {
        StoredDays::SetUp();
        meter = add_home(home, "4c4b590000000001");
        batches(9);
    }
    static AsOf number(std::int64_t batch) { return {.batch = BatchNumber{batch}}; }
    static DayBlock over(std::initializer_list<OverlayValue> values, std::int32_t version, std::int64_t batch,
                         const DayBlock* before = nullptr)
    {
        return lay_over(before, full(the_day, 0), values, version, batch).value();
    }
    /// The first half-hours: "100 valid, 250 edited (200)".
    std::string seen(const AsOf& as_of = {}, const char* to = "2024-03-20T01:00:00Z")
    {
        std::string text;
        for (const auto& row : store.readings(who, {home}, at("2024-03-19T23:00:00Z"), at(to), "", as_of).value().readings)
            text += (text.empty() ? "" : ", ") + std::to_string(row.value) + " " + std::string{quality_name(row.quality)} +
                    (row.measured ? " (" + std::to_string(*row.measured) + ")" : "");
        return text;
    }
    /// "100 raw measured by meter 1..3 at 08:01".
    std::string told(const AsOf& as_of = {}, const char* instant = "2024-03-19T23:10:00Z")
    {
        std::string text;
        for (const auto& row : store.revisions(who, {home}, at(instant), "", as_of).value().revisions)
            text += (text.empty() ? "" : "; ") +
                    (row.value ? std::to_string(*row.value) + " " + std::string{quality_name(row.quality)} : "off") + " " +
                    row.method + " by " + row.author + (row.reason.empty() ? "" : " (" + row.reason + ")") + " " +
                    std::to_string(row.batch.value) + ".." + (row.superseded_by ? std::to_string(row.superseded_by->value) : "") +
                    " at " + (row.known_from ? to_iso8601(*row.known_from).substr(11, 5) : "?");
        return text;
    }
};

TEST_F(ApiOverlay, what_no_check_doubts_is_valid_once_the_day_was_checked)
{
    measured(meter, the_day, full(the_day, 100));
    due(meter, "2024-03-19", the_day);
    EXPECT_EQ(seen({}, "2024-03-19T23:30:00Z"), "100 raw");
    due(meter, "2024-03-21", "2024-03-22");
    EXPECT_EQ(seen({}, "2024-03-19T23:30:00Z"), "100 valid") << "other days are due";
    due(meter, "2024-03-19", the_day, "7");
    EXPECT_EQ(seen({}, "2024-03-19T23:30:00Z"), "100 valid") << "a job looks again: it was checked before";
    EXPECT_EQ(store.daily(who, {home}, day(the_day), day("2024-03-21"), "").value().days[0].summary.quality, Quality::valid);
}

TEST_F(ApiOverlay, estimates_edits_and_verdicts_are_seen_in_their_place)
{
    DayBlock block = full(the_day, 100);
    block.slots[0].reset();
    measured(meter, the_day, block);
    laid_over(meter, the_day,
              over({{0, 70, Quality::estimated_linear},
                    {1, 250, Quality::edited},
                    {2, 100, Quality::questionable},
                    {3, 100, Quality::valid}},
                   1, 2),
              1, "'linear', 'releve', ''");
    EXPECT_EQ(seen(), "70 estimated_linear, 250 edited (100), 100 questionable, 100 verified");
    const auto summary = store.daily(who, {home}, day(the_day), day("2024-03-21"), "").value().days[0].summary;
    EXPECT_EQ(summary.energy_wh, (70 + 250 + 46 * 100) / 2);
    EXPECT_EQ(summary.missing, 0);
    EXPECT_EQ(summary.estimated, 2);
    EXPECT_EQ(summary.quality, Quality::questionable);
}

TEST_F(ApiOverlay, a_day_of_which_nothing_came_can_be_estimated)
{
    std::vector<OverlayValue> all;
    for (std::uint32_t i = 0; i < 48; ++i)
        all.push_back({i, 40, Quality::estimated_reference_day});
    laid_over(meter, the_day, lay_over(nullptr, full(the_day, 0), all, 1, 2).value(), 1, "'like_day', 'releve', ''");
    const auto summary = store.daily(who, {home}, day(the_day), day("2024-03-21"), "").value().days[0].summary;
    EXPECT_EQ(summary.energy_wh, 960);
    EXPECT_EQ(summary.estimated, 48);
    EXPECT_EQ(summary.quality, Quality::estimated_reference_day);
}

TEST_F(ApiOverlay, only_the_time_at_the_usage_point_is_seen)
{
    owner("UPDATE installation SET validity = tstzrange('2024-03-19T23:30:00Z', NULL)");
    measured(meter, the_day, full(the_day, 100));
    laid_over(meter, the_day, over({{0, 250, Quality::edited}, {1, 260, Quality::edited}}, 1, 2), 1, "'set', 'Ada', 'x'");
    EXPECT_EQ(seen({}, "2024-03-20T00:00:00Z"), "260 edited (100)");
}

TEST_F(ApiOverlay, an_overlay_of_another_shape_says_nothing)
{
    measured(meter, the_day, full(the_day, 100));
    DayBlock other = over({{0, 250, Quality::edited}}, 1, 2);
    other.step = Seconds{600};
    laid_over(meter, the_day, other, 1, "'set', 'Ada', 'x'");
    EXPECT_EQ(seen({}, "2024-03-19T23:30:00Z"), "100 valid");
}

/// Batch 1 measures 100; 2 doubts it; 3 brings 200; 4 edits it; 5 edits another slot; 6 undoes the first edit.
TEST_F(ApiOverlay, each_number_knows_what_lay_over_the_day_then)
{
    measured_before(meter, the_day, full(the_day, 100), 1, 3);
    measured(meter, the_day, full(the_day, 200, 3), 1, 2);
    const DayBlock doubt = over({{0, 100, Quality::questionable}}, 1, 2), edit = over({{0, 250, Quality::edited}}, 2, 4),
                   both = over({{1, 300, Quality::edited}}, 3, 5, &edit), last = over({{1, 300, Quality::edited}}, 3, 5);
    laid_over_before(meter, the_day, doubt, 1, 3, "'check', 'releve', 'spike'");
    laid_over_before(meter, the_day, edit, 2, 5, "'set', 'Ada', 'seen on site'");
    laid_over_before(meter, the_day, both, 3, 6, "'set', 'Bob', 'the other one'");
    laid_over(meter, the_day, last, 4, "'undo', 'Ada', 'a mistake'");
    owner("UPDATE interval_overlay_day SET batch = 6"); // it only took something away
    const auto first_two = [&](std::int64_t batch) { return seen(number(batch), "2024-03-20T00:00:00Z"); };
    EXPECT_EQ(first_two(0), "");
    EXPECT_EQ(first_two(1), "100 raw, 100 raw");
    EXPECT_EQ(first_two(2), "100 questionable, 100 raw");
    EXPECT_EQ(first_two(3), "200 raw, 200 raw") << "when a check passed is not kept";
    EXPECT_EQ(first_two(4), "250 edited (200), 200 raw");
    EXPECT_EQ(first_two(5), "250 edited (200), 300 edited (200)");
    EXPECT_EQ(first_two(6), "200 raw, 300 edited (200)");
    EXPECT_EQ(seen({}, "2024-03-20T00:00:00Z"), "200 valid, 300 edited (200)");

    EXPECT_EQ(told(), "100 raw measured by meter 1..3 at 08:01; 100 questionable check by releve (spike) 2..3 at 08:02; "
                      "200 valid measured by meter 3.. at 08:03; off check by releve (what was measured stands for itself again) 3..4 at 08:03; "
                      "250 edited set by Ada (seen on site) 4..6 at 08:04; off undo by Ada (a mistake) 6.. at 08:06");
    EXPECT_EQ(told(number(4)), "100 raw measured by meter 1..3 at 08:01; 100 questionable check by releve (spike) 2..3 at 08:02; "
                               "200 raw measured by meter 3.. at 08:03; off check by releve (what was measured stands for itself again) 3..4 at "
                               "08:03; 250 edited set by Ada (seen on site) 4.. at 08:04");
    EXPECT_EQ(told(number(2)), "100 raw measured by meter 1.. at 08:01; 100 questionable check by releve (spike) 2.. at 08:02");
    EXPECT_EQ(told({}, "2024-03-19T23:59:00Z"),
              "100 raw measured by meter 1..3 at 08:01; 200 valid measured by meter 3.. at 08:03; "
              "300 edited set by Bob (the other one) 5.. at 08:05");
}

TEST_F(ApiOverlay, an_undo_after_which_nothing_lies_over_the_day_is_told)
{
    measured(meter, the_day, full(the_day, 100));
    laid_over_before(meter, the_day, over({{0, 250, Quality::edited}, {1, 260, Quality::edited}}, 1, 2), 1, 3,
                     "'set', 'Ada', 'a guess'");
    owner("INSERT INTO correction (meter_id, channel, day, action, slots, reason, author, state, batch) "
          "VALUES (" +
          std::to_string(meter.value) + ", 1, '2024-03-20', 'undo', '{0,1}', 'a mistake', 'Bob', 'done', 3)");
    EXPECT_EQ(told(), "100 valid measured by meter 1.. at 08:01; 250 edited set by Ada (a guess) 2..3 at 08:02; "
                      "off undo by Bob (a mistake) 3.. at 08:03");
    EXPECT_EQ(told(number(2)), "100 raw measured by meter 1.. at 08:01; 250 edited set by Ada (a guess) 2.. at 08:02");
    EXPECT_EQ(told({}, "2024-03-20T00:10:00Z"), "100 valid measured by meter 1.. at 08:01") << "nothing ever lay over it";
}

TEST_F(ApiOverlay, an_estimate_that_gave_way_to_what_came_is_not_told_twice)
{
    measured(meter, the_day, full(the_day, 100, 3));
    laid_over_before(meter, the_day, over({{0, 70, Quality::estimated_linear}}, 1, 2), 1, 3, "'linear', 'releve', ''");
    EXPECT_EQ(told(), "70 estimated_linear linear by releve 2..3 at 08:02; 100 valid measured by meter 3.. at 08:03");
}

TEST_F(ApiOverlay, versions_name_their_interval_and_are_for_those_who_see_half_hours)
{
    measured(meter, the_day, full(the_day, 100));
    laid_over(meter, the_day, over({{1, 100, Quality::valid}}, 1, 2), 1, "'accept', 'Ada', 'a party'");
    const auto answer = store.revisions(who, {home}, at("2024-03-19T23:44:00Z"), "").value();
    EXPECT_EQ(answer.start, at("2024-03-19T23:30:00Z"));
    EXPECT_EQ(answer.step, Seconds{1800});
    EXPECT_EQ(answer.channel, "active_power_import");
    EXPECT_EQ(told({}, "2024-03-19T23:44:00Z"),
              "100 raw measured by meter 1.. at 08:01; 100 verified accept by Ada (a party) 2.. at 08:02");
    EXPECT_TRUE(store.revisions(who, {home}, at("2024-03-25T12:10:00Z"), "").value().revisions.empty());
    EXPECT_EQ(store.revisions(who, {home}, at("2024-03-25T12:10:00Z"), "").value().start, at("2024-03-25T12:00:00Z"));
    EXPECT_EQ(store.revisions(who, {home}, at("2024-03-20T12:00:00Z"), "active_energy_import").error().detail,
              "channel: has no intervals");
    EXPECT_EQ(store.revisions(who, {home}, at("2024-03-20T12:00:00Z"), "", number(99)).error().code, errc::bad_parameter);
    EXPECT_EQ(store
                  .revisions(sign_in(add_token("household", {}, {"01000000000001"})), {"02000000000002"},
                             at("2024-03-20T12:00:00Z"), "")
                  .error()
                  .code,
              errc::not_found);
    owner("UPDATE usage_point SET collection = 'daily'");
    EXPECT_EQ(store.revisions(who, {home}, at("2024-03-19T23:44:00Z"), "").error().code, errc::daily_only);
}

} // namespace releve::store::test
