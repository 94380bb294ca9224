// Questions over a fleet give what the stored days say, however the table is cut into portions and connections.

#include "store_fixture.hpp"

#include <releve/engine/month_totals.hpp>
#include <releve/store/fleet_store.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <map>

namespace releve::store::test {

class FleetStoreTest : public StoreTest {
protected:
    static constexpr const char* the_day = "2024-04-10";
    ChannelModel power = *test_model("test")->find_by_name("active_power_import");

    void store_block(std::int32_t meter, std::int16_t channel, const char* text, const DayBlock& block)
    {
        pg::Connection connection{address, DbRole::owner};
        connection.run("INSERT INTO interval_day (meter_id, channel, day, rev, batch, data) VALUES ($1, $2, $3, 1, 1, $4)",
                       pg::Params{}.add(meter).add(channel).add(day(text)).add(ByteView{encode_day_block(block).value()}));
    }
    void store_day(std::int32_t meter, const char* text, std::int64_t value)
    {
        store_block(meter, 1, text, day_block(text, value, 1));
    }
    FleetCurve curve(const char* text, const FleetStore::Options& options = {})
    {
        return FleetStore{address, options}.fleet_curve(day(text), power, paris()).value();
    }
    static DayEnergy energy(std::int64_t energy_wh, int slots = 48, int missing = 0, Quality quality = Quality::raw)
    {
        return {energy_wh, slots, missing, quality};
    }
};

TEST_F(FleetStoreTest, the_curve_sums_every_slot_and_counts_who_is_in_it)
{
    store_day(1, the_day, 100);
    store_day(2, the_day, -30);
    DayBlock late = day_block(the_day, 7, 1);
    for (std::size_t i = 0; i < 40; ++i)
        late.slots[i].reset();
    store_block(3, 1, the_day, late);
    store_block(1, 2, the_day, day_block(the_day, 5'000, 1)); // another channel
    store_day(1, "2024-04-11", 9'000);                       // another day
    const FleetCurve found = curve(the_day);
    EXPECT_EQ(found.first, at("2024-04-09T22:00:00Z"));
    EXPECT_EQ(found.step, Seconds{1800});
    ASSERT_EQ(found.slots.size(), 48U);
    EXPECT_EQ(found.slots[39], (FleetCurve::Slot{70, 2}));
    EXPECT_EQ(found.slots[40], (FleetCurve::Slot{77, 3}));
    EXPECT_EQ(found.meters, 3);
    EXPECT_EQ(found.other_shapes, 0);
}

TEST_F(FleetStoreTest, days_on_which_clocks_change_have_46_and_50_slots)
{
    CollectStore::ensure_partitions(address, day("2024-10-01"), day("2024-10-31"));
    store_day(1, "2024-03-31", 10);
    store_day(1, "2024-10-27", 10);
    EXPECT_EQ(curve("2024-03-31").slots, std::vector(46, FleetCurve::Slot{10, 1}));
    EXPECT_EQ(curve("2024-10-27").slots, std::vector(50, FleetCurve::Slot{10, 1}));
}

TEST_F(FleetStoreTest, a_day_without_readings_or_without_a_partition_is_empty)
{
    EXPECT_EQ(curve(the_day).slots, std::vector(48, FleetCurve::Slot{}));
    EXPECT_EQ(curve("1999-01-01").meters, 0);
}

TEST_F(FleetStoreTest, a_day_of_another_shape_is_counted_and_not_summed)
{
    store_day(1, the_day, 100);
    DayBlock hours = day_block(the_day, 400, 1);
    hours.step = Seconds{3600};
    hours.slots.resize(24);
    store_block(2, 1, the_day, hours);
    DayBlock shifted = day_block(the_day, 400, 1);
    shifted.first += Seconds{60};
    store_block(3, 1, the_day, shifted);
    const FleetCurve found = curve(the_day);
    EXPECT_EQ(found.slots, std::vector(48, FleetCurve::Slot{100, 1}));
    EXPECT_EQ(found.other_shapes, 2);
}

TEST_F(FleetStoreTest, the_curve_is_the_same_in_any_number_of_portions_and_connections)
{
    FleetCurve expected = curve(the_day);
    for (std::int32_t meter = 1; meter <= 400; ++meter) {
        store_day(meter, the_day, meter);
        expected.meters += 1;
        for (auto& slot : expected.slots) {
            slot.sum += meter;
            slot.meters += 1;
        }
    }
    owner("UPDATE interval_day SET rev = 2 WHERE meter_id % 3 = 0"); // moves them to other pages
    for (const int connections : {1, 2, 3})
        for (const int pages : {1, 2, 7, 1'000})
            EXPECT_EQ(curve(the_day, {.connections = connections, .portion_pages = pages}), expected)
                << connections << " connections, " << pages << " pages";
}

TEST_F(FleetStoreTest, a_sum_beyond_64_bits_and_a_damaged_block_are_errors_on_whichever_connection)
{
    constexpr auto highest = std::numeric_limits<std::int64_t>::max();
    store_day(1, the_day, highest);
    store_day(2, the_day, 1);
    FleetStore store{address, {.connections = 2, .portion_pages = 1}};
    EXPECT_EQ(store.fleet_curve(day(the_day), power, paris()).error().code, errc::bad_value);
    const std::vector one{MeterId{1}};
    EXPECT_EQ(store.area_day(one, day(the_day), power).error().code, errc::bad_value);
    owner("UPDATE interval_day SET data = '\\x1100'");
    EXPECT_EQ(store.fleet_curve(day(the_day), power, paris()).error().code, errc::bad_block);
    EXPECT_EQ(store.area_day(one, day(the_day), power).error().code, errc::bad_block);
    EXPECT_EQ(store.home_month({1}, {1}, day("2024-04-01"), day("2024-05-01")).error().code, errc::bad_block);
    EXPECT_EQ(store.home_year_daily({1}, power, std::chrono::year{2024}).error().code, errc::bad_block);
}

TEST_F(FleetStoreTest, an_area_is_answered_in_the_order_asked)
{
    store_day(1, the_day, 100);
    store_day(2, the_day, 201); // 4824 Wh
    DayBlock part = day_block(the_day, 3, 1);
    for (std::size_t i = 1; i < 48; ++i)
        part.slots[i].reset(); // 1.5 Wh
    store_block(3, 1, the_day, part);
    FleetStore store{address};
    const std::vector<MeterId> meters{{2}, {77}, {1}, {3}, {2}};
    const auto answer = store.area_day(meters, day(the_day), power).value();
    const std::vector<std::optional<DayEnergy>> expected{energy(4'824), std::nullopt, energy(2'400),
                                                         energy(2, 48, 47, Quality::incomplete), energy(4'824)};
    EXPECT_EQ(answer, expected);
    EXPECT_EQ(store.area_day(std::vector(10'001, MeterId{1}), day(the_day), power).error().code, errc::bad_parameter);
    EXPECT_EQ(store.area_day({}, day(the_day), power).value().size(), 0U);
}

TEST_F(FleetStoreTest, every_day_of_a_fleet_is_visited_once_with_its_meter)
{
    std::map<std::int32_t, Bytes> expected;
    for (std::int32_t meter = 1; meter <= 300; ++meter) {
        store_day(meter, the_day, meter);
        expected[meter] = encode_day_block(day_block(the_day, meter, 1)).value();
    }
    store_day(7, "2024-04-11", 9'000);                    // another day
    store_block(8, 2, the_day, day_block(the_day, 5, 1)); // another channel
    for (const int connections : {1, 2}) {
        FleetStore store{address, {.connections = connections, .portion_pages = 1}};
        std::array<std::map<std::int32_t, Bytes>, 2> found; // by thread
        ASSERT_TRUE(store.for_each_day(day(the_day), {1}, [&](std::size_t thread, MeterId meter, ByteView block) -> result<void> {
            EXPECT_TRUE(found.at(thread).emplace(meter.value, Bytes{block.begin(), block.end()}).second);
            return {};
        }));
        EXPECT_EQ(found[0].size() + found[1].size(), expected.size());
        found[0].merge(found[1]);
        EXPECT_EQ(found[0], expected);
        const auto refused = store.for_each_day(day(the_day), {1}, [](std::size_t, MeterId, ByteView) -> result<void> {
            return fail(errc::bad_value, "enough");
        });
        EXPECT_EQ(refused.error().code, errc::bad_value);
    }
}

TEST_F(FleetStoreTest, an_areas_stored_totals_tell_the_days_that_were_summed_and_are_not_due)
{
    const auto store_month = [&](std::int32_t meter, std::int16_t channel, const char* through, std::int64_t energy_wh) {
        const std::vector<engine::DayTotal> totals{{day("2024-04-09"), 1, 48, 0, 0, Quality::valid},
                                                   {day(the_day), energy_wh, 48, 2, 1, Quality::incomplete}};
        pg::Connection connection{address, DbRole::owner};
        connection.run("INSERT INTO interval_month (meter_id, channel, month, through, batch, data) VALUES ($1, $2, $3, $4, 1, $5)",
                       pg::Params{}.add(meter).add(channel).add(day("2024-04-01")).add(day(through)).add(
                           ByteView{engine::encode_month(totals, day("2024-04-01")).value()}));
    };
    store_month(1, 1, "2024-04-30", 100);
    store_month(2, 1, the_day, 200);
    store_month(2, 2, "2024-04-30", 9'000);    // another channel
    store_month(3, 1, "2024-04-09", 300);      // not summed yet
    store_month(4, 1, "2024-04-30", 400);      // due
    store_month(5, 1, "2024-04-30", 500);      // due before that day
    owner("INSERT INTO check_due (meter_id, day_from, day_to, batch) VALUES (4, '2024-04-10', '2024-04-10', 1), (5, '2024-04-01', '2024-04-09', 1)");
    FleetStore store{address};
    const std::vector<MeterId> meters{{2}, {77}, {1}, {3}, {4}, {5}, {2}};
    const auto total = [](std::int64_t energy_wh) { return std::optional{energy(energy_wh, 48, 2, Quality::incomplete)}; };
    const std::vector<std::optional<DayEnergy>> expected{total(200), std::nullopt, total(100), std::nullopt, std::nullopt, total(500), total(200)};
    EXPECT_EQ(store.area_day_totals(meters, day(the_day), {1}).value(), expected);
    EXPECT_FALSE(store.area_day_totals(meters, day("2024-04-08"), {1}).value()[2]) << "no such day";
    EXPECT_EQ(store.area_day_totals(std::vector(10'001, MeterId{1}), day(the_day), {1}).error().code, errc::bad_parameter);
    owner("UPDATE interval_month SET data = '\\x3100'");
    EXPECT_EQ(store.area_day_totals(meters, day(the_day), {1}).error().code, errc::bad_block);
}

TEST_F(FleetStoreTest, a_homes_month_has_its_values_by_time_and_no_others)
{
    store_day(1, "2024-03-31", 46);
    DayBlock gap = day_block("2024-04-01", 10, 1);
    gap.slots[0].reset();
    store_block(1, 1, "2024-04-01", gap);
    store_day(1, "2024-04-30", 30);
    store_day(2, "2024-04-02", 99);
    FleetStore store{address};
    const auto month = store.home_month({1}, {1}, day("2024-04-01"), day("2024-05-01")).value();
    ASSERT_EQ(month.size(), 95U);
    EXPECT_EQ(month.front(), (TimedValue{at("2024-03-31T22:30:00Z"), 10}));
    EXPECT_EQ(month.back(), (TimedValue{at("2024-04-30T21:30:00Z"), 30}));
    EXPECT_TRUE(std::ranges::is_sorted(month, {}, &TimedValue::start));
    EXPECT_EQ(store.home_month({1}, {1}, day("2024-04-01"), day("2024-04-01")).error().code, errc::bad_parameter);
    EXPECT_EQ(store.home_month({1}, {1}, day("2024-04-01"), day("2025-04-03")).error().code, errc::bad_parameter);
}

TEST_F(FleetStoreTest, a_homes_year_has_a_figure_for_each_day_that_is_stored)
{
    store_day(1, "2024-04-01", 10);
    store_day(1, "2024-03-31", 10);
    DayBlock nothing = day_block("2024-04-02", 0, 1);
    for (auto& slot : nothing.slots)
        slot.reset();
    store_block(1, 1, "2024-04-02", nothing);
    FleetStore store{address};
    const std::vector<EnergyOfDay> expected{{day("2024-03-31"), energy(230, 46)},
                                            {day("2024-04-01"), energy(240)},
                                            {day("2024-04-02"), energy(0, 48, 48, Quality::missing)}};
    EXPECT_EQ(store.home_year_daily({1}, power, std::chrono::year{2024}).value(), expected);
    EXPECT_EQ(store.home_year_daily({1}, power, std::chrono::year{2023}).value().size(), 0U);
}

} // namespace releve::store::test
