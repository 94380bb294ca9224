#include "bill_facts.hpp"

#include <releve/engine/bill_compare.hpp>

#include <map>

// What holds of bills of random tariffs, contracts and curves.

namespace releve::engine {
namespace {

using namespace test;

struct RandomHome {
    Random& random;
    CivilSpan whole{};
    TariffBook book{};
    BillFacts facts{};

    explicit RandomHome(Random& from) : random(from)
    {
        whole.from = day("2023-11-20") + Days{below(random, 500)};
        whole.to = whole.from + Days{2 + below(random, 60)};
        const bool four = one_in(random, 3);
        const std::vector<std::string> classes = four ? std::vector<std::string>{"HPH", "HCH", "HPB", "HCB"} : std::vector<std::string>{"HP", "HC"};
        const std::string calendar_id = four ? "four_class" : "hphc";
        std::vector<Component> own{annual("subscription", Section::supply, PriceUnit::eur_month), annual("management", Section::network, PriceUnit::eur_year),
                                   annual("power", Section::network, PriceUnit::eur_kva_year)};
        for (const std::string& one : classes)
            own.push_back(of_class(priced("energy_" + one, Section::supply, PriceUnit::eur_kwh), calendar_id, one));
        own.push_back(priced("network_energy", Section::network, PriceUnit::ct_kwh));
        if (four) {
            own.push_back(of_classes(priced("overruns", Section::network, PriceUnit::eur_hour), calendar_id, classes));
            own.back().power_factor = dec("0.93");
        }
        own.push_back(priced("excise", Section::levy, PriceUnit::eur_mwh));
        own.push_back(share_of(priced("cta", Section::levy, PriceUnit::percent), {"management", "power"}, VatGroup::subscription));
        Tariff offer = tariff("offer", std::move(own), calendar_id);
        offer.includes = {{"vat", one_in(random, 4)}};
        book = book_of({offer, vat_tariff()});
        facts = home_facts(whole, curve(whole, [&](Instant) { return static_cast<std::int64_t>(below(random, 12'000 * mj_per_wh)); }, Seconds{3'600}));
        const CivilDay change = one_in(random, 2) ? within() : whole.to;
        facts.contracts = {contract({whole.from, change}, "offer", {6'000})};
        if (change < whole.to)
            facts.contracts.push_back(contract({change, whole.to}, "offer", {4'500}));
    }
    CivilDay within() { return whole.from + Days{1 + below(random, static_cast<std::uint64_t>((whole.to - whole.from).count()) - 1)}; }
    Component priced(const std::string& id, Section section, PriceUnit unit)
    {
        const auto price = [&] { return std::to_string(1 + below(random, 30)) + "." + std::to_string(10'000 + below(random, 90'000)); };
        Component out = component(id, section, unit, {row("2020-01-01", {price()})});
        if (one_in(random, 3))
            out.rows.push_back(row(to_iso8601(within()), {price()}));
        return out;
    }
    Component annual(const std::string& id, Section section, PriceUnit unit)
    {
        const auto how = static_cast<Proration>(below(random, 3));
        return in_group(prorated(priced(id, section, unit), how, one_in(random, 2) ? std::optional{5} : std::nullopt), VatGroup::subscription);
    }
    Bill bill(CivilSpan span) { return bill_of(book, facts, {span}); }
};

/// What each price was multiplied by, in parts of one that all divisors divide. Shares are of amounts: these are rounded.
std::map<std::string, std::int64_t> quantities_of(const Bill& bill)
{
    constexpr std::int64_t parts = 16LL * 9 * 5 * 7 * 29 * 31 * 61 * 73; // of 60, 365, 366, and 12 times 28 to 31
    std::map<std::string, std::int64_t> out;
    for (const BillLine& line : bill.lines) {
        if (line.unit == PriceUnit::percent)
            continue;
        EXPECT_EQ(parts % line.divisor, 0);
        out[line.component + " " + line.time_class + " at " + to_string(line.price)] +=
            static_cast<std::int64_t>(Wide{line.quantity.digits} * (parts / line.divisor) * 1'000 / power_of_ten(line.quantity.scale));
    }
    out["energy"] = bill.energy_wh;
    return out;
}

TEST(BillProperties, quantities_of_parts_add_up_wherever_a_period_is_cut)
{
    for_each_seed(40, [](Random& random) {
        RandomHome home{random};
        const auto wanted = quantities_of(home.bill(home.whole));
        std::map<std::string, std::int64_t> sum;
        for (CivilDay at = home.whole.from; at < home.whole.to;) {
            const CivilDay until = std::min(at + Days{1 + below(random, 30)}, home.whole.to);
            for (const auto& [key, quantity] : quantities_of(home.bill({at, until})))
                sum[key] += quantity;
            at = until;
        }
        ASSERT_EQ(sum, wanted);
    });
}

/// Amounts by what a line is of.
std::map<std::string, std::int64_t> amounts_of(const Bill& bill)
{
    std::map<std::string, std::int64_t> out;
    for (const BillLine& line : bill.lines)
        if (!line.contained) {
            const std::string key = line.tariff + "/" + line.component + " " + line.time_class + " " + to_iso8601(line.span.from) + " " + to_iso8601(line.span.to);
            EXPECT_TRUE(out.emplace(key, line.amount.value).second) << "twice " << key;
        }
    return out;
}

TEST(BillProperties, a_bill_and_its_correction_are_the_bill_made_anew)
{
    for_each_seed(40, [](Random& random) {
        RandomHome home{random};
        const Bill old = home.bill(home.whole);
        for (CurveDay& part : home.facts.curve) // what is known now
            for (std::int64_t& mj : part.energy_mj)
                mj = one_in(random, 5) ? 0 : mj;
        const Bill fresh = home.bill(home.whole);
        const auto before = amounts_of(old), now = amounts_of(fresh);
        std::map<std::string, std::int64_t> correction = now;
        for (const auto& [key, cents] : before)
            correction[key] -= cents;
        std::int64_t sum = 0;
        std::map<std::string, std::int64_t> corrected = before;
        for (const auto& [key, cents] : correction) {
            sum += cents;
            corrected[key] += cents;
        }
        std::erase_if(corrected, [&](const auto& one) { return one.second == 0 && !now.contains(one.first); });
        ASSERT_EQ(corrected, now);
        ASSERT_EQ(Cents{sum}, fresh.total - old.total);
    });
}

TEST(BillProperties, parts_of_a_comparison_add_up_for_any_two_bills)
{
    for_each_seed(40, [](Random& random) {
        RandomHome one{random}, other{random};
        Bill before = one.bill({one.whole.from, one.within()}), now = one_in(random, 2) ? one.bill(one.whole) : other.bill(other.whole);
        const BillDifference difference = compare_bills(before, now, {}).value();
        Cents sum;
        for (const BillDifference::Part& part : difference.parts)
            sum += part.amount;
        ASSERT_EQ(sum, now.total - before.total);
    });
}

} // namespace
} // namespace releve::engine
