// The months-long holes of a school's gas, as they were, and longer ones made of them: each is one gap, is filled as far as
// docs/VALIDATION.md says and no further, and whoever reads its totals can tell. Gas in kWh is written as a meter of electricity
// would send it, as mean power beside an index: what matters is its shape and its holes.

#include "checks_fixture.hpp"

#include <releve/store/api_store.hpp>

#include <fstream>
#include <set>
#include <sstream>

namespace releve::store::test {

namespace {

using Days = std::chrono::days;
using namespace std::chrono_literals;

constexpr Seconds half_hour{1800};
constexpr std::int64_t unread_wh = 150; // counted by the index in each half-hour that nobody read

/// Wh of a half-hour; nothing where nothing was read. From 2015-01-01 on, two years.
const std::vector<std::optional<std::int64_t>>& school()
{
    static const auto readings = [] {
        std::vector<std::optional<std::int64_t>> made;
        for (const char* name : {"school-gas-2015.csv", "school-gas-2016.csv"}) {
            std::ifstream file{std::filesystem::path{RELEVE_SOURCE_DIR} / "tests" / "data" / name};
            std::string line;
            std::getline(file, line);
            while (std::getline(file, line)) {
                std::istringstream cells{line + ","};
                std::string cell;
                std::getline(cells, cell, ',');
                for (int i = 0; i < 48; ++i) {
                    std::getline(cells, cell, ',');
                    made.emplace_back();
                    if (const auto point = cell.find('.'); point != std::string::npos) // one decimal
                        made.back() = std::stoll(cell.substr(0, point)) * 1'000 + std::stoll(cell.substr(point + 1)) * 100;
                }
            }
        }
        EXPECT_EQ(made.size(), (365U + 366U) * 48);
        return made;
    }();
    return readings;
}

Instant slot_start(std::size_t slot)
{
    static const Instant first = at("2015-01-01T00:00:00Z");
    return first + half_hour * static_cast<std::int64_t>(slot);
}

std::size_t slot_at(Instant start)
{
    return static_cast<std::size_t>((start - slot_start(0)) / half_hour);
}

/// What the index counted in [from, to).
std::int64_t counted_wh(Instant from, Instant to)
{
    std::int64_t sum = 0;
    for (std::size_t slot = slot_at(from); slot_start(slot) < to; ++slot)
        sum += school()[slot].value_or(unread_wh);
    return sum;
}

/// What the meter sends, and what of it is kept from us.
struct Sent {
    const char *from, *to; // civil days
    bool index = true;     // of each midnight, with the day that it ends
    Instant hidden_from{}, hidden_to{};
    bool only_hidden = false; // these late ones now, and nothing else
};

engine::RuleBook rules_of_schools()
{
    engine::RuleBook book;
    engine::RuleSet& rules = book[engine::RuleKind::electricity_import];
    using Rule = engine::ValidationRule;
    rules[Rule::gap] = {true, engine::Severity::note, {0}};
    rules[Rule::negative] = {true, engine::Severity::doubt, {}};
    rules[Rule::sum_check] = {true, engine::Severity::doubt, {0}};
    return book;
}

constexpr const char* point = "01000000000001";
constexpr const char* by_index = "prorated|releve|nothing was received; the index says how much it was in all";

} // namespace

class Schools : public Checked_ {
protected:
    ApiStore api{address, checked_model};
    Identity who;

    void SetUp() override
    {
        plan->rules = rules_of_schools();
        CollectStore::ensure_partitions(address, day("2015-01-01"), day("2017-01-31"));
        add_usage_point(point);
        install(meter, point, "2015-01-01T00:00:00Z");
        who = api.authenticate(add_token("operator", {"root"}, {}), at("2016-01-01T00:00:00Z")).value();
    }
    [[nodiscard]] FrameWrite push_of(CivilDay date, const Sent& sent) const
    {
        FrameWrite write = frame(meter, static_cast<std::uint64_t>(date.time_since_epoch().count()), to_iso8601(date).c_str(), 0);
        write.received_at = now;
        auto& values = write.interval_days[0].part.values;
        std::erase_if(values, [&](auto& value) {
            const Instant start = paris().start_of(date) + half_hour * static_cast<std::int64_t>(value.index);
            const bool hidden = start >= sent.hidden_from && start < sent.hidden_to;
            if (hidden != sent.only_hidden || !school()[slot_at(start)])
                return true;
            value.slot.value = *school()[slot_at(start)] * 2; // W
            return false;
        });
        write.readings = static_cast<std::uint32_t>(values.size());
        const Instant midnight = paris().start_of(date + Days{1});
        if (sent.index)
            write.register_days.push_back({date + Days{1},
                                           {{{ChannelId{20}, midnight, counted_wh(slot_start(0), midnight), {true, 1, write.counter, Quality::raw, 0}}}},
                                           false});
        return write;
    }
    /// A day without any value is not pushed, nor is its index.
    void receive(const Sent& sent)
    {
        std::vector<FrameWrite> frames;
        for (CivilDay date = day(sent.from); date < day(sent.to); date += Days{1})
            if (FrameWrite write = push_of(date, sent); !write.interval_days[0].part.values.empty())
                frames.push_back(std::move(write));
        write_and_look(std::move(frames));
    }
    /// As the collector does every ten minutes; whether a gap was old enough.
    bool look_at_gaps_after(std::chrono::hours more)
    {
        now += more;
        CollectStore store{address};
        const bool due = store.look_at_gaps(now, plan->estimate_after);
        look_at_what_is_due(store);
        return due;
    }
    std::string ledger()
    {
        owner("INSERT INTO job (kind) VALUES ('ledger')");
        finish_jobs();
        return ask(DbRole::owner, "SELECT kind, day, expected, found FROM ledger_breach WHERE cleared_at IS NULL ORDER BY 1, 2");
    }
    /// "start|end|estimated", UTC.
    std::string longest_gap()
    {
        return ask(DbRole::owner, "SELECT starts AT TIME ZONE 'UTC', ends AT TIME ZONE 'UTC', estimated FROM gap WHERE closed IS NULL "
                                  "ORDER BY ends - starts DESC LIMIT 1");
    }
    /// What the API says at a time of the gap that holds this instant.
    std::string state_of_gap(const char* inside, const char* when)
    {
        for (const GapRow& gap : api.gaps(who, {}, {.limit = 1'000, .after = {}}, at(when)).value())
            if (gap.from <= at(inside) && at(inside) < gap.to)
                return std::string{gap_state_name(gap.state)};
        return "none";
    }
    struct Laid {
        std::size_t slots = 0;
        std::int64_t watts = 0;
        std::set<std::string> told; // "method|author|reason" of the days
        bool operator==(const Laid&) const = default;
    };
    /// Estimates that begin in [from, to).
    Laid laid_over(Instant from, Instant to)
    {
        Laid laid;
        pg::Connection connection{address, DbRole::collect};
        const auto rows = connection.run("SELECT data, method, author, reason FROM interval_overlay_day");
        for (int i = 0; i < rows.size(); ++i) {
            const DayBlock block = decode_day_block(rows.bytes(i, 0)).value();
            for (std::size_t slot = 0; slot < block.slots.size(); ++slot) {
                const Instant start = block.first + block.step * static_cast<std::int64_t>(slot);
                if (!block.slots[slot] || start < from || start >= to)
                    continue;
                ++laid.slots;
                laid.watts += block.slots[slot]->value;
                laid.told.insert(rows.text(i, 1) + "|" + rows.text(i, 2) + "|" + rows.text(i, 3));
            }
        }
        return laid;
    }
    /// "energy/days -missing ~estimated quality" of each month.
    std::string total(const char* from, const char* to)
    {
        std::string text;
        for (const TotalsRow& row : api.totals(who, {point}, engine::Period::month, day(from), day(to)).value().rows)
            text += (text.empty() ? "" : "; ") + std::to_string(row.drawn.energy_wh) + "/" + std::to_string(row.drawn.days) + "d -" +
                    std::to_string(row.drawn.missing) + " ~" + std::to_string(row.drawn.estimated) + " " + std::string{quality_name(row.drawn.quality)};
        return text;
    }
    std::int64_t sum_of_days(const char* from, const char* to)
    {
        std::int64_t sum = 0;
        for (const TotalsRow& row : api.totals(who, {point}, engine::Period::day, day(from), day(to)).value().rows)
            sum += row.drawn.energy_wh;
        return sum;
    }
};

TEST_F(Schools, a_summer_that_nobody_read_is_one_gap_and_is_filled_from_the_index_alone)
{
    const Instant from = at("2015-06-24T00:00:00Z"), to = at("2015-10-08T00:00:00Z"); // 106 days
    now = at("2015-10-09T06:00:00Z");
    receive({.from = "2015-04-01", .to = "2015-10-09"});
    EXPECT_EQ(longest_gap(), "2015-06-24 00:00:00|2015-10-08 00:00:00|f");
    const char* inside = "2015-08-01T12:00:00Z";
    EXPECT_EQ(state_of_gap(inside, "2015-10-09T06:00:00Z"), "waiting");
    EXPECT_EQ(state_of_gap(inside, "2015-10-11T00:00:00Z"), "must_ask");
    EXPECT_EQ(state_of_gap(inside, "2016-10-07T00:00:00Z"), "lost");
    EXPECT_EQ(total("2015-07-01", "2015-08-01"), "0/0d -0 ~0 missing");
    EXPECT_EQ(total("2015-06-01", "2015-07-01"), "1194200/21d -192 ~0 incomplete") << "9 days are not there, nor parts of others";

    EXPECT_FALSE(look_at_gaps_after(47h)) << "the readings may still come";
    EXPECT_EQ(laid_over(from, to), Laid{});
    EXPECT_TRUE(look_at_gaps_after(1h));
    const Laid laid = laid_over(from, to);
    EXPECT_EQ(laid.slots, 106U * 48);
    EXPECT_EQ(laid.watts, 106 * 48 * unread_wh * 2) << "what the index counted, neither more nor less";
    EXPECT_EQ(laid.told, std::set<std::string>{by_index});
    EXPECT_EQ(longest_gap(), "2015-06-24 00:00:00|2015-10-08 00:00:00|t");
    EXPECT_EQ(state_of_gap(inside, "2015-10-11T06:00:00Z"), "estimated");
    EXPECT_EQ(state_of_gap(inside, "2017-01-01T00:00:00Z"), "estimated");
    EXPECT_EQ(total("2015-06-01", "2015-10-01"), "1287525/30d -0 ~624 derived; 223382/31d -0 ~1488 derived; "
                                                 "222937/31d -0 ~1488 derived; 216090/30d -0 ~1440 derived");
    EXPECT_EQ(sum_of_days("2015-06-24", "2015-10-09"),
              counted_wh(paris().start_of(day("2015-06-24")), paris().start_of(day("2015-10-09"))))
        << "every level adds up";
    EXPECT_EQ(ledger(), "");
}

/// In autumn, when nearly every day was read, and nothing but half-hours comes.
class AutumnWithoutIndex : public Schools {
protected:
    const Instant from = paris().start_of(day("2016-10-10"));
    static constexpr const char* inside = "2016-10-20T00:00:00Z";

    Laid laid_after_a_gap_of(Seconds length)
    {
        now = at("2016-11-26T08:00:00Z");
        receive({.from = "2016-09-30", .to = "2016-11-26", .index = false, .hidden_from = from, .hidden_to = from + length});
        EXPECT_EQ(state_of_gap(inside, "2016-11-26T08:00:00Z"), "must_ask");
        EXPECT_TRUE(look_at_gaps_after(48h));
        return laid_over(from, from + length);
    }
};

TEST_F(AutumnWithoutIndex, of_35_days_is_filled_by_the_days_around_it)
{
    const Laid laid = laid_after_a_gap_of(Days{35});
    EXPECT_EQ(laid.slots, 35U * 48);
    EXPECT_EQ(laid.told, std::set<std::string>{"profile|releve|nothing was received"});
    EXPECT_EQ(state_of_gap(inside, "2016-11-28T08:00:00Z"), "estimated");
}

TEST_F(AutumnWithoutIndex, of_a_half_hour_more_is_not_filled)
{
    EXPECT_EQ(laid_after_a_gap_of(Days{35} + half_hour), Laid{});
    EXPECT_EQ(state_of_gap(inside, "2016-11-28T08:00:00Z"), "must_ask");
}

/// All but its first and last months are hidden; the index is read at both ends.
class YearWithIndex : public Schools {
protected:
    const Instant from = at("2015-06-24T00:00:00Z");
    static constexpr const char* inside = "2016-01-01T00:00:00Z";

    Laid laid_after_a_gap_of(Seconds length)
    {
        now = at("2016-07-01T06:00:00Z");
        receive({.from = "2015-04-01", .to = "2016-07-01", .hidden_from = from, .hidden_to = from + length});
        EXPECT_TRUE(look_at_gaps_after(48h));
        return laid_over(from, from + length);
    }
};

TEST_F(YearWithIndex, of_366_days_is_filled_from_the_index)
{
    const Laid laid = laid_after_a_gap_of(Days{366});
    EXPECT_EQ(laid.slots, 366U * 48);
    EXPECT_EQ(laid.watts, counted_wh(from, from + Days{366}) * 2);
    EXPECT_EQ(laid.told, std::set<std::string>{by_index});
    EXPECT_EQ(state_of_gap(inside, "2018-01-01T00:00:00Z"), "estimated");
}

TEST_F(YearWithIndex, of_a_half_hour_more_is_never_filled)
{
    EXPECT_EQ(laid_after_a_gap_of(Days{366} + half_hour), Laid{});
    EXPECT_EQ(state_of_gap(inside, "2016-07-03T08:00:00Z"), "must_ask");
    EXPECT_EQ(state_of_gap(inside, "2018-01-01T00:00:00Z"), "lost");
    EXPECT_EQ(total("2015-12-01", "2016-01-01"), "0/0d -0 ~0 missing");
}

TEST_F(Schools, what_comes_after_all_puts_the_estimate_into_the_history_with_its_error)
{
    const Instant from = paris().start_of(day("2016-10-06")), to = paris().start_of(day("2016-11-21")); // with the day of 25 hours
    const Instant half = paris().start_of(day("2016-11-01"));
    const std::size_t slots = 46 * 48 + 2;
    now = at("2016-11-25T06:00:00Z");
    receive({.from = "2016-09-01", .to = "2016-11-25", .hidden_from = from, .hidden_to = to});
    EXPECT_TRUE(look_at_gaps_after(48h));
    const Laid laid = laid_over(from, to);
    EXPECT_EQ(laid.slots, slots);
    EXPECT_EQ(laid.watts, counted_wh(from, to) * 2);
    EXPECT_EQ(total("2016-10-01", "2016-12-01"), "11934578/31d -0 ~1250 derived; 11178622/24d -0 ~960 incomplete");

    now = at("2016-12-20T06:00:00Z"); // the later half first
    receive({.from = "2016-11-01", .to = "2016-11-21", .hidden_from = half, .hidden_to = to, .only_hidden = true});
    EXPECT_EQ(laid_over(half, to), Laid{});
    EXPECT_EQ(laid_over(from, half), (Laid{26U * 48 + 2, counted_wh(from, half) * 2, {by_index}})) << "anew, as the index says less now";
    EXPECT_EQ(longest_gap(), "2016-10-05 22:00:00|2016-10-31 23:00:00|t");
    receive({.from = "2016-10-06", .to = "2016-11-01", .hidden_from = from, .hidden_to = half, .only_hidden = true});
    EXPECT_EQ(laid_over(from, to), Laid{});
    EXPECT_EQ(state_of_gap("2016-10-20T00:00:00Z", "2016-12-20T06:00:00Z"), "none");
    EXPECT_EQ(ask(DbRole::owner, "SELECT day >= '2016-11-01', count(*), min(method), max(method), min(author), min(length(reason)) > 0 "
                                 "FROM overlay_history WHERE day BETWEEN '2016-10-06' AND '2016-11-20' GROUP BY 1 ORDER BY 1"),
              "f|52|prorated|prorated|releve|t\nt|20|prorated|prorated|releve|t")
        << "October's were estimated twice";
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*), sum(slots), sum(measured), sum(absolute) > 0, min(method) FROM estimate_error "
                                 "WHERE day BETWEEN '2016-10-06' AND '2016-11-20'"),
              "46|" + std::to_string(slots) + "|" + std::to_string(counted_wh(from, to) * 2) + "|t|prorated");
    EXPECT_EQ(ask(DbRole::owner, "SELECT sum(estimated) - sum(measured) FROM estimate_error WHERE day BETWEEN '2016-10-06' AND '2016-10-31'"), "0")
        << "the index was right, so what was wrong is only how it was spread";
    const RevisionsAnswer known = api.revisions(who, {point}, at("2016-10-20T10:00:00Z"), "").value();
    ASSERT_EQ(known.revisions.size(), 3U);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(known.revisions[i].method, "prorated");
        EXPECT_TRUE(known.revisions[i].superseded_by);
    }
    EXPECT_EQ(known.revisions[2].method, "measured");
    EXPECT_EQ(known.revisions[2].value, *school()[slot_at(at("2016-10-20T10:00:00Z"))] * 2);
    EXPECT_EQ(total("2016-10-01", "2016-12-01"), "9712100/31d -0 ~0 valid; 13401100/24d -0 ~0 incomplete") << "six days are yet to come";
    EXPECT_EQ(ledger(), "");
}

} // namespace releve::store::test
