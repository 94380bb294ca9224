#include "random_registers.hpp"

#include <releve/engine/registers.hpp>

#include <limits>

namespace releve::engine {
namespace {

using namespace test;
using Fault = RegisterFault::Kind;

std::vector<std::int64_t> amounts_of(const RegisterResult& counted)
{
    std::vector<std::int64_t> amounts;
    for (const Consumption& interval : counted.intervals)
        amounts.push_back(interval.amount);
    return amounts;
}

using Amounts = std::vector<std::int64_t>;
using Faults = std::vector<RegisterFault>;

TEST(Registers, give_intervals_that_sum_to_what_was_consumed)
{
    int rollovers = 0, exchanges = 0;
    for_each_seed(500, [&](Random& random) {
        const RandomHome home = any_home(random);
        const RegisterResult counted = count(home.series, home.options);
        ASSERT_TRUE(counted.faults.empty());
        ASSERT_EQ(sum_of_amounts(counted.intervals), home.consumed);
        for (const Consumption& interval : counted.intervals)
            ASSERT_EQ(interval.amount, home.true_total.at(interval.to) - home.true_total.at(interval.from));
        int seen = 0;
        for (const Consumption& interval : counted.intervals)
            seen += interval.rollover ? 1 : 0;
        ASSERT_EQ(seen, home.rollovers);
        ASSERT_EQ(counted.exchanges.size() + 1, home.series.size());
        rollovers += home.rollovers;
        exchanges += static_cast<int>(counted.exchanges.size());
    });
    EXPECT_GT(rollovers, 100);
    EXPECT_GT(exchanges, 100);
}

TEST(Registers, do_not_mind_order_repetition_and_batches)
{
    for_each_seed(300, [](Random& random) {
        RandomHome home = any_home(random);
        for (RegisterSeries& series : home.series)
            for (IndexRead& read : series.reads)
                if (one_in(random, 6)) { // what a clock or a line made of it
                    read.value = any_value(random);
                    read.authenticated = !one_in(random, 3);
                    read.quality = static_cast<Quality>(below(random, stored_quality_max + 1));
                }
        home.options.authenticated_only = one_in(random, 2);
        home.options.backwards = one_in(random, 2) ? BackwardsStep::flag : BackwardsStep::refuse;
        const auto once = consumption_of(home.series, home.options);
        for (RegisterSeries& series : home.series)
            shuffle_and_repeat(random, series.reads);
        for (std::size_t i = home.series.size(); i > 1; --i)
            std::swap(home.series[i - 1], home.series[below(random, i)]);
        ASSERT_TRUE(consumption_of(home.series, home.options) == once);
    });
}

/// Whatever comes: nothing negative, nothing across a fault, and each interval is the difference of its own
/// indexes.
TEST(Registers, of_any_reads_tell_differences_only)
{
    for_each_seed(500, [](Random& random) {
        RegisterSeries series;
        series.digits = static_cast<int>(below(random, 6));
        std::map<Instant, std::int64_t> index;
        for (std::uint64_t i = 0, reads = below(random, 60); i < reads; ++i) {
            const Instant at = at_hour(static_cast<std::int64_t>(below(random, 2'000)));
            const auto value = static_cast<std::int64_t>(below(random, 200'000)) - 1'000;
            if (index.try_emplace(at, value).second)
                series.reads.push_back(read_at(at, value));
        }
        RegisterOptions options;
        options.max_per_day = static_cast<std::int64_t>(below(random, 1'000));
        options.backwards = one_in(random, 2) ? BackwardsStep::flag : BackwardsStep::refuse;
        const RegisterResult counted = count({series}, options);
        Instant reached{};
        for (const Consumption& interval : counted.intervals) {
            ASSERT_LE(reached, interval.from);
            ASSERT_LT(interval.from, interval.to);
            ASSERT_GE(interval.amount, 0);
            ASSERT_EQ(interval.amount, index.at(interval.to) - index.at(interval.from) +
                                           (interval.rollover ? pow10(series.digits) : 0));
            reached = interval.to;
        }
        for (const RegisterFault& fault : counted.faults) {
            ASSERT_EQ(fault.after, index.at(fault.at));
            if (options.backwards == BackwardsStep::refuse || fault.kind == Fault::out_of_range)
                continue;
            for (const Consumption& interval : counted.intervals)
                ASSERT_FALSE(interval.from < fault.at && fault.at <= interval.to);
        }
    });
}

TEST(Registers, roll_over_at_every_number_of_digits)
{
    for (int digits = 1; digits <= 18; ++digits) {
        const std::int64_t turn = pow10(digits);
        RegisterOptions options;
        options.max_per_day = 24 * 5;
        const RegisterResult counted = count({hourly({turn - 3, turn - 1, 2, 4}, digits)}, options);
        EXPECT_EQ(amounts_of(counted), (Amounts{2, 3, 2})) << digits;
        ASSERT_EQ(counted.intervals.size(), 3u);
        EXPECT_TRUE(counted.intervals[1].rollover);
        EXPECT_FALSE(counted.intervals[2].rollover);
        EXPECT_TRUE(counted.faults.empty());
    }
    EXPECT_EQ(count({hourly({9, 0, 0})}).faults.size(), 1u) << "without digits there is none";
}

TEST(Registers, roll_over_by_no_more_than_the_stated_bound)
{
    RegisterOptions options;
    options.max_per_day = 240; // 10 an hour, and one that was due
    EXPECT_EQ(amounts_of(count({hourly({995, 6}, 3)}, options)), Amounts{11});
    const RegisterResult beyond = count({hourly({995, 7, 9}, 3)}, options);
    EXPECT_EQ(amounts_of(beyond), Amounts{2});
    EXPECT_EQ(beyond.faults, (Faults{{Fault::reset, at_hour(1), 995, 7}}));
    EXPECT_EQ(count({hourly({890, 102}, 3)}, options).faults,
              (Faults{{Fault::implausible_rollover, at_hour(1), 890, 102}}));
    EXPECT_EQ(count({hourly({9, 5})}, options).faults, (Faults{{Fault::backwards, at_hour(1), 9, 5}}))
        << "near 0 before and after is no reset";
    EXPECT_EQ(count({hourly({600, 500}, 3)}, options).faults,
              (Faults{{Fault::backwards, at_hour(1), 600, 500}}));
}

TEST(Registers, allow_more_over_a_longer_hole)
{
    RegisterOptions options;
    options.max_per_day = 24;
    RegisterSeries series = hourly({990}, 3);
    series.reads.push_back(read_at(at_hour(100), 80));
    EXPECT_EQ(amounts_of(count({series}, options)), Amounts{90});
    series.reads.back().at = at_hour(50);
    EXPECT_TRUE(count({series}, options).intervals.empty());
}

TEST(Registers, that_step_back_are_flagged_and_go_on_from_there)
{
    const RegisterResult counted = count({hourly({100, 110, 90, 120})});
    EXPECT_EQ(amounts_of(counted), (Amounts{10, 30}));
    EXPECT_EQ(counted.intervals[1].from, at_hour(2));
    EXPECT_EQ(counted.faults, (Faults{{Fault::backwards, at_hour(2), 110, 90}}));
}

TEST(Registers, that_step_back_can_be_refused_until_they_are_past)
{
    RegisterOptions options;
    options.backwards = BackwardsStep::refuse;
    const RegisterResult counted = count({hourly({100, 110, 90, 109, 120})}, options);
    EXPECT_EQ(amounts_of(counted), (Amounts{10, 10}));
    EXPECT_EQ(counted.intervals[1], (Consumption{at_hour(1), at_hour(4), 10, Quality::raw, false}));
    EXPECT_EQ(counted.faults.size(), 2u);
}

TEST(Registers, that_were_reset_count_again_from_there_whatever_is_said_of_steps_back)
{
    for (const BackwardsStep policy : {BackwardsStep::flag, BackwardsStep::refuse}) {
        RegisterOptions options;
        options.max_per_day = 240;
        options.backwards = policy;
        const RegisterResult counted = count({hourly({5'000, 5'010, 0, 7})}, options);
        EXPECT_EQ(amounts_of(counted), (Amounts{10, 7}));
        EXPECT_EQ(counted.faults, (Faults{{Fault::reset, at_hour(2), 5'010, 0}}));
    }
}

TEST(Registers, of_a_replaced_meter_meet_at_closing_and_opening_index)
{
    RegisterSeries before = hourly({100, 105}), after = hourly({});
    before.to = at_hour(1);
    after.from = at_hour(2);
    after.reads = {read_at(at_hour(2), 3), read_at(at_hour(4), 10)};
    const RegisterResult counted = count({after, before});
    EXPECT_EQ(amounts_of(counted), (Amounts{5, 7}));
    EXPECT_EQ(counted.exchanges, (std::vector<Exchange>{{at_hour(1), at_hour(2)}}));
    EXPECT_TRUE(counted.faults.empty());
    const auto across = consumption_between(counted, at_hour(0), at_hour(4));
    ASSERT_TRUE(across);
    EXPECT_EQ(across->amount, 12);

    after.reads.front().at += Seconds{1};
    const RegisterResult unread = count({before, after});
    EXPECT_EQ(unread.faults, (Faults{{Fault::unread_exchange, at_hour(2), 0, 0}}));
    EXPECT_TRUE(unread.exchanges.empty());
    EXPECT_EQ(sum_of_amounts(unread.intervals), 12) << "no interval from one meter to the other";
    EXPECT_FALSE(consumption_between(unread, at_hour(0), at_hour(4)));

    after.reads.front().at = at_hour(2);
    before.reads.back().at -= Seconds{1};
    EXPECT_EQ(count({before, after}).faults, (Faults{{Fault::unread_exchange, at_hour(2), 0, 0}}));
}

TEST(Registers, are_not_read_while_they_are_elsewhere)
{
    RegisterSeries series = hourly({1, 2, 3, 4});
    series.from = at_hour(1);
    series.to = at_hour(2);
    const RegisterResult counted = count({series});
    EXPECT_EQ(amounts_of(counted), Amounts{1});
    EXPECT_EQ(counted.faults, (Faults{{Fault::outside_installation, at_hour(0), 0, 1},
                                      {Fault::outside_installation, at_hour(3), 0, 4}}));
}

TEST(Registers, have_no_index_beyond_their_digits)
{
    const RegisterResult counted = count({hourly({1, -1, 100, 3}, 2)});
    EXPECT_EQ(amounts_of(counted), Amounts{2});
    EXPECT_EQ(counted.faults,
              (Faults{{Fault::out_of_range, at_hour(1), 0, -1}, {Fault::out_of_range, at_hour(2), 0, 100}}));
}

TEST(Registers, read_twice_at_one_instant_take_the_proven_then_the_better_then_the_greater)
{
    RegisterOptions all;
    all.authenticated_only = false;
    const auto taken = [&](IndexRead one, IndexRead other) {
        RegisterSeries series = hourly({0});
        series.reads.insert(series.reads.end(), {one, other, one});
        const RegisterResult counted = count({series}, all);
        EXPECT_EQ(counted.faults.size(), 1u);
        EXPECT_EQ(counted.faults[0].kind, Fault::conflicting);
        EXPECT_EQ(counted.faults[0].before, counted.intervals[0].amount);
        return counted.intervals[0].amount;
    };
    const Instant at = at_hour(5);
    EXPECT_EQ(taken({at, 9, Quality::raw, false}, {at, 5, Quality::questionable, true}), 5);
    EXPECT_EQ(taken({at, 9, Quality::questionable, true}, {at, 5, Quality::raw, true}), 5);
    EXPECT_EQ(taken({at, 9, Quality::raw, true}, {at, 5, Quality::raw, true}), 9);
}

TEST(Registers, that_nothing_proves_change_no_bill)
{
    RegisterSeries series = hourly({100, 110, 120});
    const RegisterResult proven = count({series});
    series.reads.push_back({at_hour(1) + Seconds{60}, 999'999, Quality::raw, false});
    series.reads.push_back({at_hour(2), 999'999, Quality::raw, false});
    series.reads.push_back({at_hour(3), 125, Quality::raw, false});
    EXPECT_EQ(count({series}), proven);
    series.reads.erase(series.reads.begin() + 3, series.reads.begin() + 5);
    RegisterOptions all;
    all.authenticated_only = false;
    EXPECT_EQ(count({series}, all).intervals.back(),
              (Consumption{at_hour(2), at_hour(3), 5, Quality::unauthenticated, false}));
}

TEST(Registers, that_nothing_proves_divide_what_is_proven_and_never_change_it)
{
    std::size_t divided = 0;
    for_each_seed(300, [&](Random& random) {
        RandomHome home = any_home(random);
        home.options.backwards = one_in(random, 2) ? BackwardsStep::flag : BackwardsStep::refuse;
        if (one_in(random, 2))
            home.series[0].reads[below(random, home.series[0].reads.size())].value = 0;
        const RegisterResult proven = count(home.series, home.options);
        for (RegisterSeries& series : home.series)
            for (std::size_t i = 0, reads = series.reads.size(); i < reads; ++i) {
                IndexRead read = series.reads[i];
                read.at += Seconds{below(random, 7'200)};
                read.value += one_in(random, 2) ? static_cast<std::int64_t>(below(random, 3))
                                                : any_value(random) % 1'000;
                read.authenticated = false;
                series.reads.push_back(read);
            }
        home.options.authenticated_only = false;
        const auto all = consumption_of(home.series, home.options).value();
        for (const Consumption& interval : proven.intervals) {
            const auto same = consumption_between(all, interval.from, interval.to);
            ASSERT_TRUE(same);
            ASSERT_EQ(same->amount, interval.amount);
        }
        divided += all.intervals.size() - proven.intervals.size();
    });
    EXPECT_GT(divided, 1'000u);
}

TEST(Registers, cut_to_a_coarser_unit_lose_nothing_on_the_way)
{
    RegisterOptions kilo;
    kilo.scaler = 3;
    EXPECT_EQ(amounts_of(count({hourly({1'900, 2'100, 2'900, 3'000})}, kilo)), (Amounts{1, 0, 1}));
    for_each_seed(300, [](Random& random) {
        const RandomHome home = any_home(random);
        RegisterOptions options = home.options;
        options.scaler = static_cast<int>(1 + below(random, 4));
        const std::int64_t unit = pow10(options.scaler);
        options.max_per_day = home.options.max_per_day / unit + 1;
        for (const RegisterSeries& series : home.series) {
            const std::int64_t first = series.reads.front().value;
            const std::int64_t begun = home.true_total.at(series.reads.front().at);
            std::int64_t sum = 0;
            for (const Consumption& interval : count({series}, options).intervals) {
                sum += interval.amount; // at each read the cut index so far, rollovers included
                const std::int64_t index = first + home.true_total.at(interval.to) - begun;
                ASSERT_EQ(sum, index / unit - first / unit);
            }
        }
    });
}

TEST(Registers, that_count_coarsely_are_exact_in_a_finer_unit)
{
    RegisterSeries whole_m3 = hourly({10'373, 10'380, 10'393}), dm3 = hourly({500, 750});
    dm3.scaler = -3;
    whole_m3.to = dm3.from = at_hour(2);
    for (IndexRead& read : dm3.reads)
        read.at += Seconds{2 * 3600};
    RegisterOptions options;
    options.scaler = -3;
    EXPECT_EQ(amounts_of(count({whole_m3, dm3}, options)), (Amounts{7'000, 13'000, 250}));
}

TEST(Registers, of_tariff_classes_sum_to_the_total)
{
    RegisterResult peak = count({hourly({0, 5, 5, 9})}), off_peak = count({hourly({7, 7, 10, 10})});
    const RegisterResult total = count({hourly({100, 105, 108, 113})});
    const std::vector parts{peak, off_peak};
    EXPECT_EQ(amounts_of(sum_of(parts).value()), (Amounts{5, 3, 4}));
    const auto checks = compare_with_total(parts, total).value();
    ASSERT_EQ(checks.size(), 3u);
    EXPECT_EQ(checks[0].difference(), 0);
    EXPECT_EQ(checks[2], (TotalCheck{at_hour(2), at_hour(3), 4, 5}));
    EXPECT_EQ(checks[2].difference(), -1);
    EXPECT_TRUE(sum_of({}).value().intervals.empty());
}

TEST(Registers, of_tariff_classes_are_summed_between_instants_that_all_were_read_at)
{
    RegisterSeries off_peak = hourly({7, 7, 10, 10});
    off_peak.reads.erase(off_peak.reads.begin() + 1);
    const std::vector parts{count({hourly({0, 5, 5, 9})}), count({off_peak})};
    EXPECT_EQ(amounts_of(sum_of(parts).value()), (Amounts{8, 4}));
    const std::vector with_fault{count({hourly({0, 5, 4, 9})}), count({off_peak})};
    EXPECT_EQ(amounts_of(sum_of(with_fault).value()), Amounts{5});
    EXPECT_EQ(sum_of(with_fault).value().faults.size(), 1u);
}

TEST(Registers, of_tariff_classes_follow_an_exchange_together)
{
    for_each_seed(100, [](Random& random) {
        const RandomHome home = any_home(random);
        const RegisterResult one = count(home.series, home.options);
        const RegisterResult two = sum_of(std::vector{one, one}).value();
        ASSERT_EQ(sum_of_amounts(two.intervals), 2 * home.consumed);
        ASSERT_EQ(two.exchanges, one.exchanges);
        for (const TotalCheck& check : compare_with_total(std::vector{two}, one).value())
            ASSERT_EQ(check.difference(), check.total);
    });
}

TEST(Registers, that_make_no_sense_are_refused_by_field)
{
    const auto reason = [](std::vector<RegisterSeries> series, RegisterOptions options = {}) {
        const auto counted = consumption_of(series, options);
        return counted ? "" : to_string(counted.error());
    };
    RegisterSeries series = hourly({1, 2});
    const auto with = [&](auto change) {
        RegisterSeries changed = series;
        change(changed);
        return changed;
    };
    EXPECT_NE(reason({with([](auto& s) { s.digits = 19; })}).find("digits"), std::string::npos);
    EXPECT_NE(reason({with([](auto& s) { s.digits = -1; })}).find("digits"), std::string::npos);
    EXPECT_NE(reason({with([](auto& s) { s.scaler = 19; })}).find("scaler"), std::string::npos);
    EXPECT_NE(reason({with([](auto& s) { s.scaler = std::numeric_limits<int>::min(); })}).find("scaler"),
              std::string::npos);
    EXPECT_NE(reason({with([](auto& s) { s.to = s.from; })}).find("before it begins"), std::string::npos);
    EXPECT_NE(reason({series, series}).find("before the one before ends"), std::string::npos);
    RegisterOptions options;
    options.max_per_day = -1;
    EXPECT_NE(reason({series}, options).find("max_per_day"), std::string::npos);
}

TEST(Registers, beyond_64_bits_are_refused_and_not_wrapped)
{
    constexpr auto highest = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(amounts_of(count({hourly({0, highest})})), Amounts{highest});
    RegisterOptions finer;
    finer.scaler = -1;
    EXPECT_FALSE(consumption_of(std::vector{hourly({0, highest})}, finer));
    EXPECT_FALSE(consumption_of(std::vector{hourly({0, highest, 0, highest})}, {}));
    EXPECT_FALSE(sum_of(std::vector{count({hourly({0, highest})}), count({hourly({0, 1})})}));
    RegisterOptions bound;
    bound.max_per_day = highest;
    bound.scaler = 18;
    EXPECT_TRUE(consumption_of(std::vector{hourly({pow10(18) - 1, 0}, 18)}, bound));
    bound.scaler = -18;
    EXPECT_FALSE(count({hourly({pow10(18) - 1, 500}, 18)}, bound).faults.empty());
}

} // namespace
} // namespace releve::engine
