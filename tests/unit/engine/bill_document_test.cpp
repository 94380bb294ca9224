#include "bill_facts.hpp"

#include <limits>

namespace releve::engine {
namespace {

using namespace test;

/// One with everything in it.
Bill full_bill()
{
    const CivilSpan period = span("2025-07-20", "2025-08-03");
    BillFacts facts = home_facts(period, flat_curve(period, 100));
    facts.registers = registers_of(hphc_calendar(), facts.curve);
    facts.curve[2].estimated = 2;
    facts.contracts.front().meter_calendar = "hphc";
    facts.contracts.front().parameters = {{"fta", "BTINFMUDT"}, {"use", "household"}};
    Bill bill = bill_of(home_book(), facts, {.span = period, .prices_as_of = day("2025-07-21"), .played = "2013, played as 2025"});
    bill.estimated_days = {day("2025-07-21")};
    bill.remarks = {"one", "two: \xC3\xA9t\xC3\xA9"};
    bill.contracts.front().daily_capacity_kwh = 12;
    bill.sources.push_back({.kind = BillSource::Kind::intervals, .span = period, .quality = Quality::derived, .slots = 5, .estimated = 2, .revisions = {{1, 0}, {1, 0}, {1, 0}, {1, 2}, {3, 0}}});
    bill.sources.push_back({.kind = BillSource::Kind::published_gas, .span = period, .index_from = -3, .index_to = 7, .scaler = -3, .kwh_per_m3_e5 = 1'117'000});
    bill.lines.erase(bill.lines.begin() + 5, bill.lines.end() - 1); // short enough to change each byte of its document
    bill.lines.back().contained = true;
    bill.lines.back().sources = {0, 2};
    return bill;
}

TEST(BillDocument, says_all_of_the_bill)
{
    const Bill bill = full_bill();
    const std::string document = to_document(bill);
    const Bill read = parse_document(document).value();
    EXPECT_EQ(to_document(read), document);
    EXPECT_EQ(read.usage_point, bill.usage_point);
    EXPECT_EQ(read.energy, bill.energy);
    EXPECT_EQ(read.span, bill.span);
    EXPECT_EQ(read.as_of, bill.as_of);
    EXPECT_EQ(read.comparison, bill.comparison);
    EXPECT_EQ(read.prices_as_of, bill.prices_as_of);
    EXPECT_EQ(read.played, bill.played);
    ASSERT_EQ(read.contracts.size(), 1u);
    EXPECT_EQ(read.contracts[0].span, bill.contracts[0].span);
    EXPECT_EQ(read.contracts[0].tariff, bill.contracts[0].tariff);
    EXPECT_EQ(read.contracts[0].parameters, bill.contracts[0].parameters);
    EXPECT_EQ(read.contracts[0].powers_va, bill.contracts[0].powers_va);
    EXPECT_EQ(read.contracts[0].daily_capacity_kwh, bill.contracts[0].daily_capacity_kwh);
    EXPECT_EQ(read.contracts[0].meter_calendar, bill.contracts[0].meter_calendar);
    EXPECT_EQ(read.rests, bill.rests);
    EXPECT_EQ(read.estimated_days, bill.estimated_days);
    EXPECT_EQ(read.sources, bill.sources);
    EXPECT_EQ(read.lines, bill.lines);
    EXPECT_EQ(read.checks, bill.checks);
    EXPECT_FALSE(read.checks.empty());
    EXPECT_EQ(read.remarks, bill.remarks);
    EXPECT_EQ(read.total, bill.total);
    EXPECT_EQ(read.before_vat, bill.before_vat);
    EXPECT_EQ(read.energy_wh, bill.energy_wh);
    for (std::size_t i = 0; i < bill.lines.size(); ++i) // also how the numbers were written
        EXPECT_EQ(to_string(read.lines[i].price), to_string(bill.lines[i].price));
}

TEST(BillDocument, of_nothing_is_one_too)
{
    const std::string document = to_document(Bill{});
    EXPECT_EQ(to_document(parse_document(document).value()), document);
}

TEST(BillDocument, says_once_what_two_days_share)
{
    Bill bill = full_bill();
    bill.sources.back().revisions = {{4, 1}, {4, 1}, {4, 2}};
    EXPECT_NE(to_document(bill).find("\t4.1*2,4.2\n"), std::string::npos);
}

TEST(BillDocument, is_another_for_whatever_differs)
{
    const Bill bill = full_bill();
    const std::string document = to_document(bill);
    const std::vector<std::function<void(Bill&)>> changes{
        [](Bill& b) { b.total.value += 1; },
        [](Bill& b) { b.before_vat.value -= 1; },
        [](Bill& b) { b.energy_wh += 1; },
        [](Bill& b) { b.as_of += 1; },
        [](Bill& b) { b.comparison = !b.comparison; },
        [](Bill& b) { b.prices_as_of.reset(); },
        [](Bill& b) { b.played.clear(); },
        [](Bill& b) { b.span.to += Days{1}; },
        [](Bill& b) { b.rests = Rests::mixed; },
        [](Bill& b) { b.estimated_days.clear(); },
        [](Bill& b) { b.remarks.pop_back(); },
        [](Bill& b) { b.usage_point.value += "1"; },
        [](Bill& b) { b.contracts[0].powers_va[0] += 1; },
        [](Bill& b) { b.contracts[0].parameters["fta"] = "BTINFLU"; },
        [](Bill& b) { b.contracts[0].daily_capacity_kwh.reset(); },
        [](Bill& b) { b.contracts[0].meter_calendar.clear(); },
        [](Bill& b) { std::swap(b.lines[0], b.lines[1]); },
        [](Bill& b) { b.lines[0].price.digits += 1; },
        [](Bill& b) { b.lines[0].price.digits *= 10, ++b.lines[0].price.scale; },
        [](Bill& b) { b.lines[0].quantity.digits += 1; },
        [](Bill& b) { b.lines[0].unit_price = dec("1"); },
        [](Bill& b) { b.lines[0].divisor += 1; },
        [](Bill& b) { b.lines[0].unit = PriceUnit::eur_year; },
        [](Bill& b) { b.lines[0].contained = true; },
        [](Bill& b) { b.lines[0].edition += 1; },
        [](Bill& b) { b.lines[0].row += "x"; },
        [](Bill& b) { b.lines[0].source += "x"; },
        [](Bill& b) { b.lines[0].sources = {1}; },
        [](Bill& b) { b.lines[0].amount.value += 1; },
        [](Bill& b) { b.lines[0].vat = VatGroup::none; },
        [](Bill& b) { b.lines[0].proration = Proration::days_365; },
        [](Bill& b) { b.sources[0].index_to += 1; },
        [](Bill& b) { b.sources[0].quality = Quality::derived; },
        [](Bill& b) { b.sources[0].meter.value += 1; },
        [](Bill& b) { b.sources[0].channel.value += 1; },
        [](Bill& b) { b.sources[0].revisions = {{0, 1}}; },
        [](Bill& b) { b.checks[0].curve_wh += 1; },
        [](Bill& b) { b.checks[0].register_wh += 1; },
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        Bill other = bill;
        changes[i](other);
        EXPECT_NE(to_document(other), document) << "change " << i;
        const auto read = parse_document(to_document(other));
        ASSERT_TRUE(read) << "change " << i;
        EXPECT_EQ(to_document(*read), to_document(other)) << "change " << i;
    }
}

TEST(BillDocument, that_is_cut_is_refused)
{
    const std::string document = to_document(full_bill());
    for (std::size_t size = 0; size < document.size(); ++size)
        ASSERT_FALSE(parse_document(std::string_view{document}.substr(0, size))) << size;
    EXPECT_FALSE(parse_document(document + "\n"));
    EXPECT_FALSE(parse_document(document + document));
    EXPECT_FALSE(parse_document("\n"));
    EXPECT_FALSE(parse_document("releve-bill\t1\n"));
}

TEST(BillDocument, with_a_changed_byte_is_refused_or_is_another_bills)
{
    const std::string document = to_document(full_bill());
    constexpr std::string_view others{"\0\t\n-019.x*,;", 12};
    std::size_t accepted = 0;
    for (std::size_t at = 0; at < document.size(); ++at)
        for (const char c : {others[at % others.size()], static_cast<char>(document[at] ^ 1), static_cast<char>(document[at] ^ 0x80)}) {
            std::string changed = document;
            changed[at] = c;
            const auto read = parse_document(changed);
            if (read) {
                ASSERT_EQ(to_document(*read), changed) << at;
                ++accepted;
            } else {
                ASSERT_EQ(read.error().code, errc::bad_value);
            }
        }
    EXPECT_GT(accepted, 100u);
}

TEST(BillDocument, has_one_writing)
{
    const std::string document = to_document(full_bill());
    const auto refused = [&](const std::string& from, const std::string& to) {
        std::string changed = document;
        const std::size_t at = changed.find(from);
        ASSERT_NE(at, std::string::npos) << from;
        changed.replace(at, from.size(), to);
        EXPECT_FALSE(parse_document(changed)) << to;
    };
    refused("as_of\t7\n", "as_of\t07\n");
    refused("as_of\t7\n", "as_of\t+7\n");
    refused("comparison\t1\n", "comparison\t2\n");
    refused("1.0*3,1.2,3.0", "1.0,1.0*2,1.2,3.0");
    refused("1.0*3,1.2,3.0", "1.0*3,1.2*1,3.0");
    refused("1.0*3,1.2,3.0", "1.0*3,4294967297.2,3.0x");
    refused("1.0*3,1.2,3.0", "1.0*3,1.4294967298,3.0");
    refused("1.0*3,1.2,3.0", "1.0*99999999,1.2");
    refused("1.0*3,1.2,3.0", "1.0*7000,1.1*7000,1.0*7000,1.1*7000,1.0*7000,1.1*7000,1.0*7000");
    refused("fta=BTINFMUDT;use=household", "use=household;fta=BTINFMUDT");
    refused("fta=BTINFMUDT;use=household", "fta=BTINFMUDT;use");
    refused("energy_wh\t", "energy_wh\t0");
    refused("usage_point\t12345678901234\n", "");
    refused("usage_point\t12345678901234\n", "usage_point\t12345678901234\nusage_point\t12345678901234\n");
    refused("releve-bill\t1", "releve-bill\t2");
    refused("\ntotal\t", "\ntotal\t0");
    refused("\t0,2\t", "\t0,4294967298\t");
}

TEST(BillDocument, holds_no_sign_that_would_end_a_cell)
{
    Bill bill = full_bill();
    bill.lines[0].row = "a\tb\nc\r\x01";
    bill.remarks = {"line\ntotal\t0.00"};
    bill.played = "\t";
    const std::string document = to_document(bill);
    const auto read = parse_document(document);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(to_document(*read), document);
    EXPECT_EQ(read->lines.size(), bill.lines.size());
    EXPECT_EQ(read->total, bill.total);
}

TEST(BillDocument, of_any_text_is_refused_or_read)
{
    const std::string document = to_document(full_bill());
    for_each_seed(1'000, [&](Random& random) {
        std::string text = document;
        for (std::uint64_t i = 0, edits = 1 + below(random, 4); i < edits; ++i) {
            const std::size_t at = below(random, text.size()), size = below(random, 20);
            if (one_in(random, 2))
                text.erase(at, size);
            else
                text.insert(at, document.substr(below(random, document.size()), size));
        }
        if (const auto read = parse_document(text)) {
            ASSERT_EQ(to_document(*read), text);
        }
    });
}

} // namespace
} // namespace releve::engine
