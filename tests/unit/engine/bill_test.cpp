#include "bill_facts.hpp"

#include <map>

namespace releve::engine {
namespace {

using namespace test;

TEST(Bill, is_the_sum_of_its_lines)
{
    const TariffBook book = home_book();
    const CivilSpan july = span("2025-07-01", "2025-08-01");
    const Bill bill = bill_of(book, home_facts(july, flat_curve(july, 100)), {july});
    // 31 days of 48 slots of 100 Wh, of which 16 are off-peak.
    EXPECT_EQ(bill.energy_wh, 148'800);
    EXPECT_EQ(wh_of(bill, "energy_hp"), 99'200);
    EXPECT_EQ(wh_of(bill, "energy_hc"), 49'600);
    EXPECT_EQ(amount_of(bill, "subscription"), Cents{1'000});
    EXPECT_EQ(amount_of(bill, "energy_hp"), Cents{1'224});  // 99.2 * 0.1234 = 12.24128
    EXPECT_EQ(amount_of(bill, "energy_hc"), Cents{490});    // 49.6 * 0.0987 = 4.89552
    EXPECT_EQ(amount_of(bill, "cg"), Cents{143});           // 16.80 * 31/365 = 1.42684
    EXPECT_EQ(amount_of(bill, "cs_fixed"), Cents{618});     // 12.13/365 = 0.03323 * 186 = 6.18078
    EXPECT_EQ(amount_of(bill, "cs_hp"), Cents{490});        // 99.2 * 0.0494 = 4.90048
    EXPECT_EQ(amount_of(bill, "cs_hc"), Cents{174});        // 49.6 * 0.035 = 1.736
    EXPECT_EQ(amount_of(bill, "cta"), Cents{167});          // 7.61 * 21.93 % = 1.668873
    EXPECT_EQ(amount_of(bill, "excise"), Cents{501});       // 148.8 * 0.0337 = 5.01456
    EXPECT_EQ(amount_of(bill, "vat_subscription"), Cents{106}); // 19.28 * 5.5 % = 1.0604
    EXPECT_EQ(amount_of(bill, "vat_consumption"), Cents{576});  // 28.79 * 20 % = 5.758
    EXPECT_EQ(bill.total, Cents{5'489});
    EXPECT_EQ(bill.before_vat, Cents{4'807});
    EXPECT_FALSE(bill.comparison);
    EXPECT_EQ(bill.rests, Rests::read);
    EXPECT_EQ(bill.contracts.size(), 1u);
    EXPECT_TRUE(bill.checks.empty() && bill.remarks.empty());
}

TEST(Bill, changes_vat_and_network_prices_on_their_day)
{
    const CivilSpan period = span("2025-07-15", "2025-08-15");
    const Bill bill = bill_of(home_book(), home_facts(period, flat_curve(period, 100)), {period});
    const auto vat = lines_of(bill, "vat_subscription");
    ASSERT_EQ(vat.size(), 2u);
    EXPECT_EQ(vat[0]->span, span("2025-07-15", "2025-08-01"));
    EXPECT_EQ(vat[1]->span, span("2025-08-01", "2025-08-15"));
    EXPECT_EQ(vat[0]->price, dec("5.5"));
    EXPECT_EQ(vat[1]->price, dec("20"));
    EXPECT_EQ(lines_of(bill, "vat_consumption").size(), 1u) << "its rate did not change";
    // What VAT is of: the lines of its group within its days, once each.
    for (const char* id : {"vat_subscription", "vat_consumption"}) {
        std::int64_t base = 0, of = 0;
        for (const BillLine* line : lines_of(bill, id))
            base += line->quantity.digits;
        for (const BillLine& line : bill.lines)
            if (line.section != Section::vat && line.vat == (id == std::string_view{"vat_subscription"} ? VatGroup::subscription : VatGroup::consumption))
                of += line.amount.value;
        EXPECT_EQ(base, of) << id;
    }
    for (const BillLine& line : bill.lines)
        if (line.vat == VatGroup::subscription) {
            EXPECT_TRUE(line.span.to <= day("2025-08-01") || line.span.from >= day("2025-08-01")) << line.component;
        }
    EXPECT_EQ(lines_of(bill, "excise").size(), 2u);
    EXPECT_EQ(lines_of(bill, "energy_hp").size(), 1u);
    EXPECT_EQ(lines_of(bill, "cs_fixed").size(), 2u);
}

TEST(Bill, divides_what_a_levy_is_of_where_the_levy_or_its_vat_changes)
{
    const CivilSpan period = span("2026-01-20", "2026-02-10");
    const Bill bill = bill_of(home_book(), home_facts(period, flat_curve(period, 100)), {period});
    const auto cta = lines_of(bill, "cta");
    ASSERT_EQ(cta.size(), 2u);
    for (const BillLine* levy : cta) {
        std::int64_t base = 0;
        for (const char* id : {"cg", "cs_fixed"})
            for (const BillLine* line : lines_of(bill, id))
                if (line->span.from >= levy->span.from && line->span.to <= levy->span.to)
                    base += line->amount.value;
        EXPECT_EQ(levy->quantity, (Decimal{base, 2}));
    }
    EXPECT_EQ(cta[0]->price, dec("21.93"));
    EXPECT_EQ(cta[1]->price, dec("15"));
    ASSERT_EQ(lines_of(bill, "cg").size(), 2u);
    EXPECT_EQ(lines_of(bill, "vat_subscription").size(), 1u);
    EXPECT_EQ(lines_of(bill, "subscription").size(), 2u) << "the parts of two months; no levy on it changed";
}

/// Energies of each component and time class, in Wh.
std::map<std::string, std::int64_t> energies_of(const Bill& bill)
{
    std::map<std::string, std::int64_t> out;
    for (const BillLine& line : bill.lines)
        if (line.quantity_unit == "kWh")
            out[line.component] += static_cast<std::int64_t>(Wide{line.quantity.digits} * 1'000 / power_of_ten(line.quantity.scale));
    out["bill"] = bill.energy_wh;
    return out;
}

TEST(Bill, cut_anywhere_bills_the_same_energies)
{
    const TariffBook book = home_book();
    int registers = 0;
    for_each_seed(24, [&](Random& random) {
        const CivilDay from = day(one_in(random, 2) ? "2025-03-20" : "2025-10-15") - Days{below(random, 20)};
        const CivilSpan whole{from, from + Days{20 + below(random, 30)}};
        BillFacts facts = home_facts(whole, random_curve(random, whole));
        if (one_in(random, 2)) {
            facts.registers = registers_of(hphc_calendar(), facts.curve, static_cast<std::int64_t>(below(random, 5'000'000)));
            facts.registers.push_back(registers_of(base_calendar(), facts.curve).front());
            ++registers;
        }
        const auto wanted = energies_of(bill_of(book, facts, {whole}));
        std::map<std::string, std::int64_t> sum;
        for (CivilDay at = whole.from; at < whole.to;) {
            const CivilDay until = std::min(at + Days{1 + below(random, 25)}, whole.to);
            for (const auto& [id, wh] : energies_of(bill_of(book, facts, {{at, until}})))
                sum[id] += wh;
            at = until;
        }
        ASSERT_EQ(sum, wanted);
        ASSERT_EQ(wanted.at("bill"), wanted.at("energy_hp") + wanted.at("energy_hc"));
        ASSERT_EQ(wanted.at("cs_hp"), wanted.at("energy_hp"));
        if (facts.registers.empty()) {
            ASSERT_EQ(wanted.at("excise"), wanted.at("bill"));
        }
    });
    EXPECT_GT(registers, 5);
}

TEST(Bill, is_the_same_from_readings_in_any_order)
{
    const TariffBook book = home_book();
    BillMaker maker{book, paris()};
    for_each_seed(15, [&](Random& random) {
        const CivilSpan whole = span("2025-07-10", "2025-08-10");
        BillFacts facts = home_facts(whole, random_curve(random, whole));
        facts.registers = registers_of(hphc_calendar(), facts.curve);
        for (RegisterFacts& one : facts.registers)
            for (IndexRead& read : one.series.front().reads)
                read.quality = one_in(random, 3) ? Quality::valid : Quality::raw;
        for (RegisterFacts& one : facts.registers) { // what a line or somebody made of some of them
            const auto reads = one.series.front().reads;
            for (IndexRead read : {reads.front(), reads[15], reads.back()}) {
                read.value += 1 + static_cast<std::int64_t>(below(random, 3));
                read.authenticated = one_in(random, 2);
                read.quality = Quality::questionable;
                one.series.front().reads.push_back(read);
            }
        }
        const std::string once = to_document(maker.make(facts, {whole}).value());
        for (std::size_t i = facts.registers.size(); i > 1; --i)
            std::swap(facts.registers[i - 1], facts.registers[below(random, i)]);
        for (RegisterFacts& one : facts.registers) {
            auto& reads = one.series.front().reads;
            reads.push_back(reads[below(random, reads.size())]);
            for (std::size_t i = reads.size(); i > 1; --i)
                std::swap(reads[i - 1], reads[below(random, i)]);
        }
        ASSERT_EQ(to_document(maker.make(facts, {whole}).value()), once);
        ASSERT_EQ(to_document(bill_of(book, facts, {whole})), once) << "by a maker that made nothing before";
    });
}

TEST(Bill, goes_by_the_registers_and_tells_how_the_curve_differs)
{
    const CivilSpan june = span("2025-06-01", "2025-07-01");
    BillFacts facts = home_facts(june, flat_curve(june, 101));
    facts.registers = registers_of(hphc_calendar(), facts.curve, 999'500);
    for (IndexRead& read : facts.registers[0].series[0].reads)
        if (read.at > paris().start_of(day("2025-06-15")))
            read.value += 2'000; // that the curve does not have
    const Bill bill = bill_of(home_book(), facts, {june});
    // 101 Wh * 32 * 30 = 96.96 kWh, off-peak 48.48: from 999.5 to 1098.46 and 1047.98, each cut to kWh.
    EXPECT_EQ(wh_of(bill, "energy_hp"), 99'000);
    EXPECT_EQ(wh_of(bill, "energy_hc"), 48'000);
    EXPECT_EQ(bill.energy_wh, 147'000);
    ASSERT_EQ(bill.checks.size(), 2u);
    EXPECT_EQ(bill.checks[0], (RegisterCheck{"hphc", "HP", june, 98'960, 96'960}));
    EXPECT_EQ(bill.checks[0].difference_wh(), -2'000);
    EXPECT_EQ(bill.checks[1], (RegisterCheck{"hphc", "HC", june, 48'480, 48'480}));
    const BillLine* line = lines_of(bill, "energy_hc").front();
    ASSERT_EQ(line->sources.size(), 1u);
    const BillSource& source = bill.sources[line->sources.front()];
    EXPECT_EQ(source.kind, BillSource::Kind::registers);
    EXPECT_EQ(source.span, june);
    EXPECT_EQ(source.channel, ChannelId{11});
    EXPECT_EQ(source.index_from, 999'500);
    EXPECT_EQ(source.index_to, 1'047'980);
    facts.curve.clear();
    EXPECT_EQ(bill_of(home_book(), facts, {june}).total, bill.total) << "no curve is needed";
}

TEST(Bill, names_a_meter_twice_where_it_was_replaced)
{
    const CivilSpan june = span("2025-06-01", "2025-07-01");
    BillFacts facts = home_facts(june, flat_curve(june, 100));
    facts.registers = registers_of(hphc_calendar(), facts.curve, 1'000'000);
    const Instant change = paris().start_of(day("2025-06-16"));
    for (RegisterFacts& one : facts.registers) {
        RegisterSeries after = one.series.front();
        one.series.front().to = after.from = change;
        const std::int64_t closed = after.reads[15].value;
        std::erase_if(one.series.front().reads, [&](const IndexRead& read) { return read.at > change; });
        std::erase_if(after.reads, [&](const IndexRead& read) { return read.at < change; });
        for (IndexRead& read : after.reads)
            read.value -= closed;
        one.series.push_back(after);
        one.meters.push_back({2});
        one.channels.push_back({21});
    }
    const Bill bill = bill_of(home_book(), facts, {june});
    EXPECT_EQ(wh_of(bill, "energy_hp"), 96'000);
    const auto& sources = lines_of(bill, "energy_hp").front()->sources;
    ASSERT_EQ(sources.size(), 2u);
    EXPECT_EQ(bill.sources[sources[1]].meter, MeterId{2});
    EXPECT_EQ(bill.sources[sources[1]].index_from, 0);
}

TEST(Bill, does_not_use_registers_that_follow_another_calendar)
{
    const CivilSpan june = span("2025-06-01", "2025-07-01");
    BillFacts facts = home_facts(june, flat_curve(june, 100));
    facts.registers = registers_of(hphc_calendar(), facts.curve);
    for (RegisterFacts& one : facts.registers)
        for (IndexRead& read : one.series.front().reads)
            read.value += (read.at - paris().start_of(june.from)).count() / 3'600; // of other hours
    facts.contracts.front().meter_calendar = "tempo";
    const Bill bill = bill_of(home_book(), facts, {june});
    EXPECT_EQ(wh_of(bill, "energy_hp"), 96'000);
    EXPECT_EQ(bill.sources.front().kind, BillSource::Kind::intervals);
    facts.curve.clear();
    const Error none = refusal(home_book(), facts, {june});
    EXPECT_EQ(none.code, errc::readings_incomplete);
    EXPECT_NE(none.detail.find("another calendar"), std::string::npos);
    facts.contracts.front().meter_calendar = "hphc";
    EXPECT_EQ(bill_of(home_book(), facts, {june}).sources.front().kind, BillSource::Kind::registers);
}

/// The energy of a bill of one price for each class of four, with a total register beside.
TEST(Bill, believes_registers_that_differ_from_their_total_by_rounding_only)
{
    std::vector<Component> prices;
    for (const char* one : {"HPH", "HCH", "HPB", "HCB"})
        prices.push_back(of_class(component(std::string{"energy_"} + one, Section::supply, PriceUnit::eur_kwh, {row("2020-01-01", {"0.1"})}), "four_class", one));
    const TariffBook book = book_of({tariff("four", prices, "four_class")});
    for_each_seed(20, [&](Random& random) {
        const CivilSpan period = span("2025-10-28", "2025-11-06");
        BillFacts facts = home_facts(period, random_curve(random, period, 400 * mj_per_wh));
        facts.contracts.front().tariff = "four";
        facts.registers = registers_of(four_class_calendar(), facts.curve, static_cast<std::int64_t>(below(random, 1'000)));
        RegisterFacts total = facts.registers.front();
        total.name = "active_energy_import_total"; // what the others say together
        for (std::size_t i = 1; i < 4; ++i)
            for (std::size_t k = 0; k < total.series[0].reads.size(); ++k)
                total.series[0].reads[k].value += facts.registers[i].series[0].reads[k].value;
        facts.registers.push_back(total);
        const Bill bill = bill_of(book, facts, {period});
        ASSERT_EQ(bill.sources.front().kind, BillSource::Kind::registers);
        facts.registers.back().series[0].reads.back().value += 20'000;
        ASSERT_EQ(bill_of(book, facts, {period}).sources.front().kind, BillSource::Kind::intervals);
        auto& reads = facts.registers.back().series[0].reads;
        reads.back().value -= 20'000;
        for (std::size_t k = 0; k < reads.size(); ++k)
            reads[k].value -= static_cast<std::int64_t>(k) * 1'500;
        ASSERT_EQ(bill_of(book, facts, {period}).sources.front().kind, BillSource::Kind::intervals);
    });
}

TEST(Bill, takes_no_step_backwards_for_a_rollover)
{
    const CivilSpan june = span("2025-06-01", "2025-07-01");
    BillFacts facts = home_facts(june, flat_curve(june, 100));
    facts.registers = registers_of(hphc_calendar(), facts.curve);
    for (RegisterFacts& one : facts.registers)
        one.series.front().digits = 9; // a Linky's: back to 0 after 999,999.999 kWh
    EXPECT_EQ(wh_of(bill_of(home_book(), facts, {june}), "energy_hp"), 96'000);
    for (IndexRead& read : facts.registers[0].series[0].reads)
        if (read.at > paris().start_of(day("2025-06-15")))
            read.value -= 500'000;
    const Bill bill = bill_of(home_book(), facts, {june});
    EXPECT_EQ(wh_of(bill, "energy_hp"), 96'000);
    EXPECT_EQ(bill.sources.front().kind, BillSource::Kind::intervals) << "a million kWh in a day is a fault, not a rollover";
}

TEST(Bill, says_what_rests_on_estimates)
{
    const CivilSpan june = span("2025-06-01", "2025-07-01");
    BillFacts facts = home_facts(june, flat_curve(june, 100));
    facts.curve[4].estimated = 3;
    facts.curve[4].quality = Quality::estimated_linear;
    const Bill bill = bill_of(home_book(), facts, {june});
    EXPECT_EQ(bill.rests, Rests::mixed);
    EXPECT_EQ(bill.estimated_days, std::vector<CivilDay>{day("2025-06-05")});
    EXPECT_EQ(bill.sources.front().estimated, 3);
    EXPECT_EQ(bill.sources.front().slots, 30 * 48);
    EXPECT_EQ(bill.sources.front().quality, Quality::estimated_linear);
    for (CurveDay& one : facts.curve)
        one.estimated = 1;
    EXPECT_EQ(bill_of(home_book(), facts, {june}).rests, Rests::estimated);
    facts.curve.assign(1, facts.curve.front());
    facts.curve = flat_curve(june, 100);
    facts.registers = registers_of(hphc_calendar(), facts.curve);
    facts.registers[1].series[0].reads.back().quality = Quality::derived;
    const Bill by_index = bill_of(home_book(), facts, {june});
    EXPECT_EQ(by_index.rests, Rests::mixed);
    EXPECT_EQ(by_index.estimated_days, std::vector<CivilDay>{day("2025-06-30")}) << "the index at its end";
}

TEST(Bill, as_a_comparison_has_one_price)
{
    const CivilSpan period = span("2025-07-15", "2025-08-15");
    BillFacts facts = home_facts(period, flat_curve(period, 100));
    const Bill bill = bill_of(home_book(), facts, {.span = period, .prices_as_of = day("2026-03-01")});
    EXPECT_TRUE(bill.comparison);
    for (const char* id : {"vat_subscription", "excise", "cta", "cs_fixed"})
        EXPECT_EQ(lines_of(bill, id).size(), 1u) << id;
    EXPECT_EQ(lines_of(bill, "cta").front()->price, dec("15"));
    EXPECT_EQ(lines_of(bill, "excise").front()->price, dec("29.98"));
    ContractTerms other = contract({}, "home", {9'000});
    const Bill instead = bill_of(home_book(), facts, {.span = period, .instead = other, .played = "played"});
    EXPECT_TRUE(instead.comparison);
    EXPECT_EQ(instead.played, "played");
    ASSERT_EQ(instead.contracts.size(), 1u);
    EXPECT_EQ(instead.contracts.front().span, period);
    EXPECT_EQ(lines_of(instead, "cs_fixed").front()->quantity, dec("153")); // 9 kVA, 17 days
    facts.contracts.clear();
    EXPECT_EQ(bill_of(home_book(), facts, {.span = period, .instead = other, .played = "played"}).total, instead.total);
    EXPECT_EQ(refusal(home_book(), facts, {.span = period, .prices_as_of = day("2019-12-31")}).code, errc::contract_hole);
    EXPECT_EQ(refusal(home_book(), facts, {.span = period, .prices_as_of = day("2019-12-31"), .instead = other}).code, errc::no_tariff_row);
}

TEST(Bill, goes_from_one_contract_to_the_next)
{
    const CivilSpan june = span("2025-06-01", "2025-07-01");
    BillFacts facts = home_facts(june, flat_curve(june, 100));
    facts.contracts = {contract(span("2024-01-01", "2025-06-11"), "home", {6'000}), contract(span("2025-06-11", "2026-01-01"), "home", {9'000})};
    const Bill bill = bill_of(home_book(), facts, {june});
    ASSERT_EQ(bill.contracts.size(), 2u);
    EXPECT_EQ(bill.contracts[0].span, span("2025-06-01", "2025-06-11"));
    EXPECT_EQ(bill.contracts[1].span, span("2025-06-11", "2025-07-01"));
    const auto power = lines_of(bill, "cs_fixed");
    ASSERT_EQ(power.size(), 2u);
    EXPECT_EQ(power[0]->quantity, dec("60"));  // 6 kVA, 10 days
    EXPECT_EQ(power[1]->quantity, dec("180")); // 9 kVA, 20 days
    EXPECT_EQ(wh_of(bill, "energy_hp"), 96'000);
    EXPECT_EQ(bill.energy_wh, 144'000);
    facts.contracts[1].span.from = day("2025-06-13");
    const Error hole = refusal(home_book(), facts, {june});
    EXPECT_EQ(hole.code, errc::contract_hole);
    EXPECT_NE(hole.detail.find("2025-06-11"), std::string::npos);
    facts.contracts.erase(facts.contracts.begin());
    EXPECT_NE(refusal(home_book(), facts, {june}).detail.find("2025-06-01"), std::string::npos);
    facts.contracts.front().span = span("2025-05-01", "2025-06-30");
    EXPECT_NE(refusal(home_book(), facts, {june}).detail.find("none is known for 2025-06-30"), std::string::npos);
}

TEST(Bill, refuses_what_makes_no_period_or_contract)
{
    const CivilSpan june = span("2025-06-01", "2025-07-01");
    BillFacts facts = home_facts(june, flat_curve(june, 100));
    for (const CivilSpan wrong : {span("2025-06-01", "2025-06-01"), span("2025-06-02", "2025-06-01"), span("2010-01-01", "2025-01-01")})
        EXPECT_EQ(refusal(home_book(), facts, {wrong}).code, errc::bad_parameter);
    const auto refused = [&](const std::function<void(ContractTerms&)>& spoil) {
        const TariffBook book = home_book();
        BillMaker used{book, paris()};
        EXPECT_TRUE(used.make(facts, {june})); // what it made before changes nothing
        BillFacts spoilt = facts;
        spoil(spoilt.contracts.front());
        const auto again = used.make(spoilt, {june});
        const Error first = refusal(book, spoilt, {june});
        EXPECT_FALSE(again);
        EXPECT_EQ(again.error(), first);
        return first.code;
    };
    EXPECT_EQ(refused([](ContractTerms& t) { t.tariff = "nothing"; }), errc::unknown_tariff);
    EXPECT_EQ(refused([](ContractTerms& t) { t.powers_va = {9'000, 6'000}; }), errc::bad_contract) << "decreasing";
    EXPECT_EQ(refused([](ContractTerms& t) { t.powers_va = {-1, 6'000}; }), errc::bad_contract);
    EXPECT_EQ(refused([](ContractTerms& t) { t.powers_va.clear(); }), errc::bad_contract);
    EXPECT_EQ(refused([](ContractTerms& t) { t.powers_va = {2'000'000'000'000}; }), errc::bad_contract);
    EXPECT_EQ(refused([](ContractTerms& t) { t.parameters["a"] = "b;c"; }), errc::bad_contract) << "what its document could not say";
    EXPECT_EQ(refused([](ContractTerms& t) { t.parameters["a=b"] = "c"; }), errc::bad_contract);
    facts.energy = "gas";
    EXPECT_EQ(refusal(home_book(), facts, {june}).code, errc::bad_contract);
}

TEST(Bill, names_the_price_that_is_not_known)
{
    TariffBook book = home_book();
    book.tariffs.at("network").components[0].rows[0].to = day("2025-06-20");
    ASSERT_EQ(complete(book.tariffs.at("network"), book.calendars), std::nullopt);
    const CivilSpan june = span("2025-06-01", "2025-07-01");
    const BillFacts facts = home_facts(june, flat_curve(june, 100));
    const Error missing = refusal(book, facts, {june});
    EXPECT_EQ(missing.code, errc::no_tariff_row);
    EXPECT_EQ(missing.detail, "network/cg: no price for 2025-06-20");
    EXPECT_TRUE(BillMaker(book, paris()).make(facts, {span("2025-06-01", "2025-06-20")}));
}

TEST(Bill, names_the_days_that_are_missing_or_doubtful)
{
    const CivilSpan june = span("2025-06-01", "2025-07-01");
    const auto missing = [&](const std::function<void(BillFacts&)>& spoil) {
        BillFacts facts = home_facts(june, flat_curve(june, 100));
        spoil(facts);
        const Error error = refusal(home_book(), facts, {june});
        EXPECT_EQ(error.code, errc::readings_incomplete);
        return error.detail;
    };
    EXPECT_NE(missing([](BillFacts& f) { f.curve[6].energy_mj[3] = CurveDay::nothing; }).find("missing 2025-06-07 (in part)"), std::string::npos);
    EXPECT_NE(missing([](BillFacts& f) { f.curve.erase(f.curve.begin() + 7); }).find("missing 2025-06-08 (nothing)"), std::string::npos);
    EXPECT_NE(missing([](BillFacts& f) { f.curve[8].doubtful = 1; }).find("missing 2025-06-09 (doubtful)"), std::string::npos);
    EXPECT_NE(missing([](BillFacts& f) { f.curve.erase(f.curve.begin() + 1, f.curve.begin() + 10); }).find("and 4 more days"), std::string::npos);
    EXPECT_NE(missing([](BillFacts& f) { f.curve.clear(); }).find("curve"), std::string::npos);
    BillFacts halves = home_facts(june, flat_curve(june, 100)); // a meter was replaced at noon: two parts of one day
    CurveDay other = halves.curve[9];
    for (std::size_t slot = 0; slot < 48; ++slot)
        (slot < 24 ? other : halves.curve[9]).energy_mj[slot] = CurveDay::nothing;
    halves.curve.insert(halves.curve.begin() + 10, other);
    EXPECT_EQ(bill_of(home_book(), halves, {june}).energy_wh, 144'000);
}

TEST(Bill, shows_what_is_contained_without_counting_it)
{
    Tariff all_in = home_tariff();
    all_in.includes = {{"network", true}, {"vat", true}};
    TariffBook book = book_of({all_in, network_tariff(), vat_tariff()});
    const CivilSpan june = span("2025-06-01", "2025-07-01");
    const BillFacts facts = home_facts(june, flat_curve(june, 100));
    const Bill bill = bill_of(book, facts, {june});
    EXPECT_EQ(bill.total, amount_of(bill, "subscription") + amount_of(bill, "energy_hp") + amount_of(bill, "energy_hc") + amount_of(bill, "excise"));
    EXPECT_EQ(amount_of(bill, "vat_subscription"), Cents{52}); // 10.00 * 5.5 / 105.5 = 0.5213
    EXPECT_EQ(bill.before_vat, bill.total - amount_of(bill, "vat_subscription") - amount_of(bill, "vat_consumption"));
    EXPECT_EQ(amount_of(bill, "cg"), Cents{138});
    book.tariffs.at("network").components[0].rows[0].to = day("2025-06-20");
    ASSERT_EQ(complete(book.tariffs.at("network"), book.calendars), std::nullopt);
    const Bill unknown = bill_of(book, facts, {june});
    EXPECT_EQ(unknown.total, bill.total);
    ASSERT_EQ(unknown.remarks.size(), 1u);
    EXPECT_NE(unknown.remarks.front().find("network/cg: no price for 2025-06-20"), std::string::npos);
}

} // namespace
} // namespace releve::engine
