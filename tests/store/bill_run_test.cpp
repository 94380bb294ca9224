// Many bills at a time are those that would be made one by one, to the byte, and each is made once.

#include "bill_fixture.hpp"

#include <releve/app/bill_run.hpp>
#include <releve/crypto/aes.hpp>

#include <gmock/gmock.h>

namespace releve::store::test {
namespace {

using testing::HasSubstr;

constexpr const char *overlaid = "01000000000001", *plain = "01000000000002", *exchanged = "01000000000003", *gas = "01000000000004", *with_registers = "01000000000005",
                     *missing_day = "01000000000006", *hole = "01000000000007", *off_peak = "01000000000008", *changed_later = "01000000000009", *moved_in = "01000000000010";
constexpr const char* billable[] = {overlaid, plain, exchanged, gas, with_registers, off_peak, changed_later};

class BillRun : public Bills {
protected:
    BillBulk bulk{address};
    std::atomic<bool> stop{false};

    void SetUp() override
    {
        Bills::SetUp();
        ASSERT_TRUE(billing.add_tariffs(std::vector{gas_tariff()}));
        const CivilSpan around = span_of("2024-02-29", "2024-04-02");
        owner("UPDATE usage_point SET zone = 'Europe/Paris'");
        CollectStore::ensure_partitions(address, around.from, around.to);
        read_curve(meter, around);
        read_curve(add_home(plain, "4c4b590000000002"), march);
        const MeterId old = add_home(exchanged, "4c4b590000000003"), fresh = add_meter("4c4b590000000013");
        owner("UPDATE installation SET validity = tstzrange('2024-02-01', '2024-03-15T10:00:00Z') WHERE meter_id = " + std::to_string(old.value));
        install(fresh, exchanged, "2024-03-15T10:00:00Z");
        read_curve(old, march);
        read_curve(fresh, march);
        owner("INSERT INTO usage_point (id, energy, organisation, collection) VALUES ('01000000000004', 'gas', 'root', 'daily')");
        owner("INSERT INTO published_gas (usage_point, from_day, to_day, index_from_m3, index_to_m3, kwh_per_m3_e5, energy_kwh, quality, known_from) VALUES "
              "('01000000000004', '2024-02-20', '2024-03-10', 100, 120, 1100000, 220, 1, 0), ('01000000000004', '2024-03-10', '2024-04-05', 120, 150, 1110000, 333, 1, 0)");
        const MeterId counted = add_home(with_registers, "4c4b590000000005");
        read_curve(counted, march);
        read_index(counted, "2024-03-01", 1'000'400);
        read_index(counted, "2024-03-20", 1'100'000);
        read_index(counted, "2024-04-01", 1'234'900);
        read_curve(add_home(missing_day, "4c4b590000000006"), march, "2024-03-20");
        read_curve(add_home(hole, "4c4b590000000007"), march);
        read_curve(add_home(off_peak, "4c4b590000000008"), march);
        const MeterId later = add_home(changed_later, "4c4b590000000009");
        read_curve(later, march);
        read_curve(add_home(moved_in, "4c4b590000000010"), march);
        add_home("01000000000011", "4c4b590000000011"); // without a contract
        ContractRow at_night = contract(off_peak, "2024-01-01", nullptr, "trv_hphc");
        at_night.offpeak = "HC (22H00-6H00)";
        agree({contract(overlaid), contract(plain), contract(exchanged), contract(gas, "2024-01-01", nullptr, "acme_gas"), contract(with_registers), contract(missing_day),
               contract(hole, "2024-01-01", "2024-03-10"), contract(hole, "2024-03-15"), at_night, contract(changed_later), contract(moved_in, "2024-03-12")});
        ask_correction("set", "2024-03-11", "4,5", "50,60");
        change = [this, later] {
            FrameWrite one = slots_of(frame(later, ++counter, "2024-03-12", 900), 20, 21);
            write({one});
        };
    }
    std::function<void()> change; // of readings, after a run began

    app::BillRunSummary go_on(const BulkRun& run, app::BillRunOptions options = {})
    {
        options.stop = &stop;
        const auto done = app::run_bills(address, billed_model, run, options);
        EXPECT_TRUE(done) << (done ? "" : to_string(done.error()));
        return done ? *done : app::BillRunSummary{};
    }
    std::string bills_of(const BulkRun& run) { return ask(DbRole::owner, "SELECT usage_point, count(*) FROM bill WHERE run = " + std::to_string(run.id) + " GROUP BY 1 ORDER BY 1"); }
    std::string failures_of(const BulkRun& run)
    {
        std::string text;
        for (const auto& [point, reason] : bulk.failures(run.id, 100))
            text += point.value + ": " + reason + "\n";
        return text;
    }
};

std::string each_once()
{
    std::string text;
    for (const char* point : billable)
        text += (text.empty() ? "" : "\n") + std::string{point} + "|1";
    return text;
}

TEST_F(BillRun, gives_the_bills_that_would_be_made_one_by_one)
{
    const BulkRun run = bulk.begin(march, "").value();
    change(); // what comes while it runs is not in it
    std::vector<std::pair<std::int64_t, std::int64_t>> told;
    const auto done = go_on(run, {.progress = [&](std::int64_t count, std::int64_t total) { told.emplace_back(count, total); }});
    EXPECT_TRUE(done.finished);
    EXPECT_EQ(done.billed, std::ssize(billable));
    EXPECT_EQ(done.failed, 3);
    EXPECT_GE(done.plain, 4) << "most are read in bulk";
    EXPECT_LE(done.plain, done.billed + done.failed - 4) << "the others are not: overlaid, exchanged, of gas, changed since";
    ASSERT_FALSE(told.empty());
    EXPECT_EQ(told.back(), (std::pair<std::int64_t, std::int64_t>{10, 10}));
    ASSERT_EQ(bills_of(run), each_once());
    Cents total;
    for (const StoredBill& listed : billing.bills({}, 100)) {
        const StoredBill bill = billing.bill(listed.id).value();
        SCOPED_TRACE(bill.usage_point.value);
        EXPECT_EQ(bill.document, document_of(bill.usage_point.value.c_str(), march, run.known));
        EXPECT_EQ(bill.hash, to_hex(crypto::sha256(as_bytes(bill.document))));
        const engine::Bill read = engine::parse_document(bill.document).value();
        EXPECT_EQ(bill.total, read.total);
        EXPECT_EQ(bill.energy_wh, read.energy_wh);
        EXPECT_EQ(bill.rests, read.rests);
        EXPECT_EQ(bill.known, run.known);
        EXPECT_EQ(bill.state, BillState::draft);
        total += bill.total;
    }
    EXPECT_EQ(done.total_cents, total.value);
    EXPECT_NE(document_of(changed_later, march), document_of(changed_later, march, run.known));
    EXPECT_EQ(bill_of(overlaid, march)->estimated_days, std::vector{day("2024-03-11")});
    EXPECT_EQ(bill_of(with_registers, march)->energy_wh, 234'000) << "whole kWh, cut and subtracted";
}

TEST_F(BillRun, names_what_cannot_be_billed)
{
    const BulkRun run = bulk.begin(march, "").value();
    const auto done = go_on(run);
    EXPECT_EQ(done.failed, 3);
    const auto failures = bulk.failures(run.id, 100);
    ASSERT_EQ(failures.size(), 3U);
    for (const auto& [point, reason] : failures) // as one by one
        EXPECT_EQ(reason, to_string(bill_of(point.value.c_str(), march, run.known).error()));
    EXPECT_EQ(failures[0].first.value, missing_day);
    EXPECT_THAT(failures[0].second, HasSubstr("2024-03-20"));
    EXPECT_EQ(failures[1].first.value, hole);
    EXPECT_THAT(failures[1].second, HasSubstr("2024-03-10"));
    EXPECT_EQ(failures[2].first.value, moved_in);
    EXPECT_THAT(failures[2].second, HasSubstr("2024-03-01"));
    EXPECT_EQ(bulk.resume(run.id).error().code, errc::bill_state) << "it is finished";
    EXPECT_EQ(bulk.resume(99).error().code, errc::not_found);
}

TEST_F(BillRun, that_was_stopped_goes_on_where_it_was)
{
    const BulkRun run = bulk.begin(march, "").value();
    int portions = 0;
    const auto first = go_on(run, {.threads = 1, .portion = 2, .progress = [&](std::int64_t, std::int64_t) { stop = ++portions == 2; }});
    EXPECT_FALSE(first.finished);
    EXPECT_LT(first.billed + first.failed, 10);
    EXPECT_GT(first.billed, 0);
    stop = false;
    change(); // in between
    agree({contract(plain, "2024-03-05", nullptr, "trv_hphc")});
    const BulkRun again = bulk.resume(run.id).value();
    EXPECT_EQ(again.known, run.known);
    const auto second = go_on(again, {.threads = 2, .portion = 3});
    EXPECT_TRUE(second.finished);
    EXPECT_EQ(first.billed + second.billed, std::ssize(billable));
    EXPECT_EQ(first.failed + second.failed, 3);
    EXPECT_EQ(bills_of(run), each_once());
    for (const StoredBill& listed : billing.bills({}, 100))
        EXPECT_EQ(billing.bill(listed.id)->document, document_of(listed.usage_point.value.c_str(), march, run.known)) << listed.usage_point.value;
    EXPECT_EQ(std::ranges::count(failures_of(run), '\n'), 3);
}

TEST_F(BillRun, of_a_group_is_of_its_members_in_these_days)
{
    owner("INSERT INTO usage_group (id, organisation, label) VALUES ('street', 'root', '')");
    owner("INSERT INTO usage_group_member VALUES ('street', '01000000000002', daterange('2024-01-01', NULL)), ('street', '01000000000008', daterange('2024-03-31', NULL)), "
          "('street', '01000000000005', daterange('2024-04-01', NULL))");
    const BulkRun run = bulk.begin(march, "street").value();
    EXPECT_EQ(go_on(run).billed, 2);
    EXPECT_EQ(bills_of(run), "01000000000002|1\n01000000000008|1");
}

TEST_F(BillRun, for_its_totals_only_keeps_nothing)
{
    const BulkRun run = bulk.begin(march, "").value();
    const auto done = go_on(run, {.totals_only = true});
    EXPECT_EQ(done.billed, std::ssize(billable));
    EXPECT_GT(done.total_cents, 0);
    EXPECT_EQ(bills_of(run), "");
    EXPECT_EQ(failures_of(run), "");
    EXPECT_TRUE(bulk.resume(run.id)) << "the bills can still be made";
}

} // namespace
} // namespace releve::store::test
