// What is remembered of a meter gives the verdicts of a closer look at all of its days.

#include "../core/random_blocks.hpp"
#include "judged_days.hpp"

#include <releve/engine/meter_checks.hpp>

namespace releve::engine {
namespace {

using namespace test;
using namespace releve::test;
using Days = std::chrono::days;

constexpr ChannelId curve{1};
const CivilDay first_day = *parse_day("2024-02-05");

const MeterModel& meter_model()
{
    static const MeterModel model = [] {
        MeterModel made;
        made.channels.push_back(watts());
        made.channels[0].channel = curve;
        for (std::int16_t number = 10; number < 15; ++number) { // the total and four tariffs
            ChannelModel index;
            index.channel = {number};
            index.obis = Obis{{1, 1, 1, 8, static_cast<std::uint8_t>(number - 10), 255}};
            index.kind = ChannelKind::reading;
            index.quantity = Quantity::cumulative;
            index.unit = Unit::watt_hour;
            index.digits = 9;
            made.channels.push_back(index);
        }
        return made;
    }();
    return model;
}
const CheckedModel& checked_model()
{
    static const CheckedModel model = [] {
        RuleBook book;
        RuleSet& rules = book[RuleKind::electricity_import];
        for (const ValidationRuleRow& row : validation_rule_rows())
            rules[row.rule].on = true;
        rules[Rule::high_power].limits = {110};
        rules[Rule::high].limits = {300, 3'000};
        rules[Rule::low].limits = {10, 50};
        rules[Rule::spike].limits = {80, 150, 3'000};
        rules[Rule::frozen].limits = {24, 100};
        rules[Rule::zero].limits = {48, 1};
        rules[Rule::sum_check].limits = {2};
        rules[Rule::sibling].limits = {12, 3'000};
        rules[Rule::clock].limits = {60};
        return CheckedModel{meter_model(), book};
    }();
    return model;
}

Values any_home_day(Random& random)
{
    Values values = lively(48);
    for (auto& value : values)
        value = *value + static_cast<std::int64_t>(below(random, 40));
    const std::size_t at = below(random, 40);
    switch (below(random, 12)) {
    case 0:
        values[at] = -5;
        break;
    case 1:
        values[at] = std::nullopt;
        break;
    case 2:
        values[at] = one_in(random, 30) ? 3'000'000'000 : 40'000 + static_cast<std::int64_t>(below(random, 50'000));
        break;
    case 3:
        values = with(values, at, flat(48 - at, 300)); // goes on in the next day, perhaps
        break;
    case 4:
        values = with(values, 0, flat(at, 300));
        break;
    case 5:
        values = flat(48, 0);
        break;
    default:
        break;
    }
    return values;
}
Bytes encoded(const Values& values, CivilDay day)
{
    DayBlock block{.first = paris().start_of(day), .step = Seconds{1'800}, .slots = {}};
    for (const auto& value : values)
        block.slots.emplace_back(value ? std::optional{Slot{*value, {}}} : std::nullopt);
    return encode_day_block(block).value();
}

/// A meter with an index at each midnight and at times one that does not fit.
class Home {
public:
    explicit Home(Random& random) : random_{random} { read(first_day, 0); }
    void add_day()
    {
        const CivilDay day = first_day + Days{static_cast<std::int64_t>(days.channels[curve].size())};
        const Values values = any_home_day(random_);
        std::int64_t sum = 0;
        for (const auto& value : values)
            sum += value.value_or(0);
        days.channels[curve][day] = encoded(values, day);
        read(day + Days{1}, sum / 2 + (one_in(random_, 10) ? 100 : 0));
    }
    [[nodiscard]] CivilDay last() const { return days.channels.at(curve).rbegin()->first; }
    [[nodiscard]] const Bytes& block(CivilDay day) const { return days.channels.at(curve).at(day); }
    [[nodiscard]] MeterVerdict look(CivilDay from) const { return judge_meter(checked_model(), days, from, last()).value(); }

    MeterDays days;

private:
    void read(CivilDay at, std::int64_t counted)
    {
        const std::int64_t parts[] = {counted / 3, counted - counted / 3, 0, 0};
        index_[0] += counted;
        for (std::size_t i = 0; i < 4; ++i)
            index_[i + 1] += parts[i] + (one_in(random_, 40) ? 50 : 0);
        for (std::size_t i = 0; i < index_.size(); ++i)
            if (i < 3 || one_in(random_, 30)) // few are read at both ends
                days.reads.push_back({ChannelId{static_cast<std::int16_t>(10 + i)}, paris().start_of(at), index_[i]});
    }
    Random& random_;
    std::array<std::int64_t, 5> index_{999'995'000, 5'000'000, 6'000'000, 7'000'000, 8'000'000};
};

std::vector<BoundaryRead> reads_at(const MeterDays& days, Instant at)
{
    std::vector<BoundaryRead> found;
    std::ranges::copy_if(days.reads, std::back_inserter(found), [&](const BoundaryRead& read) { return read.at == at; });
    return found;
}

TEST(MeterMemory, judges_each_next_day_as_a_closer_look_at_all_days_would)
{
    int kept = 0;
    for_each_seed(200, [&](Random& random) {
        Home home{random};
        home.days.point.subscribed_va = 9'000;
        for (int i = 0; i < 60; ++i) // up to 2024-04-04
            home.add_day();
        MeterMemory memory = home.look(home.last()).memory;
        for (int i = 0; i < 25; ++i) {
            home.add_day();
            const FreshDay fresh{curve, home.last(), home.block(home.last())};
            const MeterVerdict verdict = home.look(home.last());
            ASSERT_EQ(verdict.days.size(), 1U);
            const bool keeps = verdict.days[0].failures.empty();
            kept += keeps ? 1 : 0;
            MeterMemory now = memory;
            const bool taken = now.take(checked_model(), {&fresh, 1}, reads_at(home.days, paris().start_of(home.last() + Days{1})), paris());
            // A day with a hole is never walked over: then nothing is said, although the next one may keep all rules.
            ASSERT_TRUE(keeps || !taken) << to_iso8601(home.last());
            if (!taken && keeps) {
                ASSERT_FALSE(memory.channels[0].end->is_whole);
            }
            if (taken) {
                ASSERT_EQ(now.channels, verdict.memory.channels);
            }
            memory = taken ? now : verdict.memory;
        }
    });
    EXPECT_GT(kept, 1'000);
    EXPECT_LT(kept, 4'000);
}

TEST(MeterMemory, judges_every_day_that_a_batch_brings)
{
    Values good = lively(48), bad = with(good, 7, {-3});
    MeterDays days;
    for (int i = 0; i < 2; ++i)
        days.channels[curve][first_day + Days{i}] = encoded(good, first_day + Days{i});
    const MeterMemory memory = judge_meter(checked_model(), days, first_day, first_day + Days{1}).value().memory;
    const CivilDay next = first_day + Days{2}, after = first_day + Days{3};
    const auto takes_both = [&](const Values& one, const Values& other) {
        const Bytes blocks[] = {encoded(one, next), encoded(other, after)};
        const std::array fresh{FreshDay{curve, next, blocks[0]}, FreshDay{curve, after, blocks[1]}};
        MeterMemory now = memory;
        return now.take(checked_model(), fresh, {}, paris());
    };
    EXPECT_TRUE(takes_both(good, good));
    EXPECT_FALSE(takes_both(good, bad));
    EXPECT_FALSE(takes_both(bad, good)) << "the day that is followed by another is judged too";
}

TEST(MeterMemory, takes_a_day_that_grows_and_is_read_again)
{
    Values values = lively(48);
    const Values part = with(values, 20, Values(28, missing));
    MeterDays days;
    days.channels[curve][first_day] = encoded(part, first_day);
    MeterMemory memory = judge_meter(checked_model(), days, first_day, first_day).value().memory;
    const CivilDay next = first_day + Days{1};
    const auto take = [&](const Values& of, CivilDay day) {
        const Bytes block = encoded(of, day);
        const FreshDay fresh{curve, day, block};
        MeterMemory now = memory;
        const bool taken = now.take(checked_model(), {&fresh, 1}, {}, paris());
        if (taken)
            memory = now;
        return taken;
    };
    EXPECT_FALSE(take(values, next)) << "the day before is not whole";
    EXPECT_TRUE(take(values, first_day));
    EXPECT_TRUE(take(values, next));
    EXPECT_FALSE(take(values, next + Days{2}));
    EXPECT_FALSE(take(values, first_day));
}

} // namespace
} // namespace releve::engine
