#include <releve/engine/bill_compare.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace releve::engine {
namespace {

CivilDay day(const char* text)
{
    return *parse_day(text);
}

/// Lines that no tariff would write.
class RandomBills {
public:
    explicit RandomBills(unsigned seed) : random_(seed) {}
    std::int64_t between(std::int64_t low, std::int64_t high)
    {
        return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
    }
    CivilSpan span()
    {
        const CivilDay from = day("2023-11-20") + std::chrono::days{between(0, 900)};
        return {from, from + std::chrono::days{between(1, 400)}};
    }
    Bill bill(CivilSpan span)
    {
        Bill bill;
        bill.usage_point = UsagePointId{"7"};
        bill.energy = "electricity";
        bill.span = span;
        bill.rests = static_cast<Rests>(between(0, 2));
        bill.contracts.resize(static_cast<std::size_t>(between(0, 2)));
        for (ContractTerms& terms : bill.contracts)
            terms = {span, between(0, 1) == 0 ? "a" : "b", {}, {between(3, 4) * 1000}};
        for (std::int64_t left = between(0, 14); left > 0; --left)
            bill.lines.push_back(line(span, bill));
        for (const BillLine& line : bill.lines)
            if (!line.contained)
                bill.total += line.amount;
        return bill;
    }
    Weather weather(CivilSpan before, CivilSpan now)
    {
        Weather weather;
        for (const auto& [days, span] : {std::pair{&weather.before, before}, std::pair{&weather.now, now}})
            for (CivilDay at = span.from; at < span.to; at += std::chrono::days{1})
                days->push_back({static_cast<int>(between(-1'000, 1'000)), between(0, 50'000)});
        return weather;
    }

private:
    BillLine line(CivilSpan span, const Bill& so_far)
    {
        constexpr const char* calendars[] = {"", "base", "hphc"};
        constexpr const char* classes[] = {"HP", "HC", "BASE"};
        constexpr int divisors[] = {1, 12, 365, 366, 372, 0};
        BillLine line;
        line.tariff = between(0, 5) == 0 ? "other" : "tariff";
        line.component = "c" + std::to_string(between(0, 3));
        line.section = static_cast<Section>(between(0, 3));
        line.vat = static_cast<VatGroup>(between(0, 2));
        line.contained = between(0, 6) == 0;
        line.unit =
            static_cast<PriceUnit>(between(0, static_cast<std::int64_t>(price_unit_rows().size()) - 1));
        if (line.section == Section::vat)
            line.unit = PriceUnit::percent;
        line.proration = static_cast<Proration>(between(0, 2));
        line.divisor = divisors[between(0, 5)];
        line.calendar = calendars[between(0, 2)];
        line.time_class = line.calendar.empty() ? "" : classes[between(0, 2)];
        line.span = between(0, 3) == 0
                        ? CivilSpan{span.from, span.from + (span.to - span.from) / 2 + std::chrono::days{1}}
                        : span;
        line.quantity = {between(-300'000, 2'000'000), static_cast<std::uint8_t>(between(0, 3))};
        line.price = {between(-5, 2'000), static_cast<std::uint8_t>(between(0, 4))};
        if (line.unit == PriceUnit::percent)
            line.quantity = {so_far.total.value + between(-100, 10'000), 2};
        line.amount = {between(-20'000, 100'000)};
        const PriceUnitRow& unit = price_unit_row(line.unit);
        if (line.divisor > 0 && between(0, 2) != 0) // as its price and quantity say
            if (const auto amount =
                    cents_of(ratio_of(line.price) * Ratio{unit.euros, Wide{unit.per} * line.divisor} *
                             ratio_of(line.quantity)))
                line.amount = {amount->value % 10'000'000};
        return line;
    }
    std::mt19937_64 random_;
};

TEST(BillCompareRandom, parts_add_up_to_the_cent_whatever_the_lines)
{
    int with_parts = 0;
    for (unsigned seed = 1; seed <= 2'000; ++seed) {
        RandomBills random{seed};
        const CivilSpan before_span = random.span(), now_span = random.span();
        const Bill before = random.bill(before_span), known = random.bill(before_span),
                   now = random.bill(now_span), old_contract = random.bill(now_span);
        CompareFacts facts;
        if (random.between(0, 2) == 0)
            facts.before_as_known_now = &known;
        if (random.between(0, 2) == 0)
            facts.now_under_old_contract = &old_contract;
        if (random.between(0, 2) == 0)
            facts.weather = random.weather(before_span, now_span);
        const auto difference = compare_bills(before, now, facts);
        ASSERT_TRUE(difference) << "seed " << seed << ": " << to_string(difference.error());
        Cents sum;
        for (const BillDifference::Part& part : difference->parts) {
            sum += part.amount;
            EXPECT_NE(part.amount, Cents{}) << "seed " << seed;
            EXPECT_FALSE(part.sentence_en.empty() || part.sentence_fr.empty()) << "seed " << seed;
            if (part.part == DifferencePart::catch_up) {
                EXPECT_EQ(part.amount, known.total - before.total) << "seed " << seed;
            }
        }
        EXPECT_EQ(sum, now.total - before.total) << "seed " << seed;
        EXPECT_TRUE(std::ranges::is_sorted(difference->parts, {}, &BillDifference::Part::part))
            << "seed " << seed;
        with_parts += difference->parts.size() >= 3;
        const auto none = compare_bills(before, before, {});
        ASSERT_TRUE(none);
        EXPECT_TRUE(none->parts.empty()) << "seed " << seed << ": " << none->parts.front().sentence_en;
    }
    EXPECT_GT(with_parts, 1'000);
}

TEST(BillCompareRandom, what_cannot_be_compared_is_refused)
{
    RandomBills random{5};
    const CivilSpan span = random.span(), other_span{span.from, span.to + std::chrono::days{1}};
    const Bill bill = random.bill(span);
    const auto refused = [&](auto change, errc code, const CompareFacts& facts = {}) {
        Bill other = bill;
        change(other);
        const auto difference = compare_bills(bill, other, facts);
        EXPECT_TRUE(difference.has_error() && difference.error().code == code);
        const auto turned = compare_bills(other, bill, {});
        EXPECT_TRUE(facts.weather || facts.before_as_known_now || facts.now_under_old_contract ||
                    (turned.has_error() && turned.error().code == code));
    };
    refused([](Bill& other) { other.usage_point = UsagePointId{"8"}; }, errc::bad_parameter);
    refused([](Bill& other) { other.energy = "gas"; }, errc::bad_parameter);
    refused([](Bill& other) { other.total += Cents{1}; }, errc::bad_parameter);
    refused([](Bill& other) { other.span.to = other.span.from; }, errc::bad_parameter);
    const auto one_line = [](PriceUnit unit, Decimal quantity, std::int64_t cents) {
        return [=](Bill& other) {
            other.lines.resize(1);
            BillLine& line = other.lines.front();
            line.contained = false;
            line.section = Section::supply;
            line.unit = unit;
            line.quantity = quantity;
            other.total = line.amount = {cents};
        };
    };
    refused(one_line(PriceUnit::eur_year, {1, 0}, 10'000'000'001), errc::bad_value);
    refused(one_line(PriceUnit::eur_kwh, {10'000'000'001, 0}, 1), errc::bad_value);
    const Bill longer = random.bill(other_span);
    const auto nothing = [](Bill&) {};
    refused(nothing, errc::bad_parameter, {.before_as_known_now = &longer});
    refused(nothing, errc::bad_parameter, {.now_under_old_contract = &longer});
    Bill of_another = bill;
    of_another.usage_point = UsagePointId{"9"};
    refused(nothing, errc::bad_parameter, {.before_as_known_now = &of_another});
    refused(nothing, errc::bad_parameter, {.now_under_old_contract = &of_another});
    CompareFacts facts;
    facts.weather = random.weather(span, other_span);
    refused(nothing, errc::bad_parameter, facts);
    facts.weather = random.weather(span, span);
    EXPECT_TRUE(compare_bills(bill, bill, facts));
    for (const WeatherDay& wrong :
         {WeatherDay{1'001, 0}, WeatherDay{-1'001, 0}, WeatherDay{0, -1}, WeatherDay{0, 10'000'000'001}}) {
        facts.weather->now.back() = wrong;
        refused(nothing, errc::bad_parameter, facts);
    }
}

} // namespace
} // namespace releve::engine
