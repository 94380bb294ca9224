// Bills as they are kept: the same for ever from what was known, never altered, seen by whom they concern.

#include "bill_fixture.hpp"

#include <releve/crypto/aes.hpp>
#include <releve/store/api_store.hpp>

#include <gmock/gmock.h>

#include <future>

namespace releve::store::test {
namespace {

using testing::HasSubstr;

/// A changed value of one half-hour.
FrameWrite later_value(MeterId meter, std::uint64_t counter, const char* on, std::int64_t value)
{
    return slots_of(frame(meter, counter, on, value), 20, 21);
}

class KeptBills : public Bills {
protected:
    void SetUp() override
    {
        Bills::SetUp();
        agree({contract(home)});
        read_curve(meter, march);
    }
    std::string states() { return ask(DbRole::owner, "SELECT id, state, coalesce(corrects, 0), reason FROM bill ORDER BY id"); }
    std::string touched()
    {
        std::string ids;
        for (const IssuedBill& one : billing.issued_bills("", 0, 100))
            ids += (ids.empty() ? "" : " ") + std::to_string(one.bill.id) + (one.touched ? "+" : "");
        return ids;
    }
};

TEST_F(KeptBills, from_the_same_two_numbers_come_the_same_bytes_whatever_came_later)
{
    const Knowledge then = now_known();
    const std::string first = document_of(home, march);
    ASSERT_THAT(first, HasSubstr("trv_base"));
    write({later_value(meter, ++counter, "2024-03-12", 900)});
    EXPECT_EQ(document_of(home, march, then), first) << "later readings";
    const Knowledge after_readings = now_known();
    const std::string second = document_of(home, march);
    EXPECT_NE(second, first);
    agree({contract(home, "2024-03-10", "2024-03-20", "trv_hphc")});
    ContractRow power = contract(home, "2024-03-20");
    power.powers_va = {9'000};
    power.offpeak = "HC (22H00-6H00)";
    agree({power});
    EXPECT_EQ(document_of(home, march, then), first) << "later contracts";
    TariffText changed;
    for (const TariffText& text : billing.tariffs())
        if (text.id == "trv_base" && text.kind == "tariff")
            changed = text;
    changed.content.replace(changed.content.find("\"edition\": 1"), 12, "\"edition\": 2");
    changed.content.replace(changed.content.find("EDF's regulated price"), 5, "Their");
    changed.edition = 2;
    changed.origin = "added";
    ASSERT_EQ(billing.add_tariffs(std::vector{changed}).value(), 1);
    ask_correction("set", "2024-03-11", "4,5", "50,60");
    EXPECT_EQ(document_of(home, march, then), first) << "later tariffs, and values that a person put there";
    EXPECT_EQ(document_of(home, march, after_readings), second);
    ask_correction("undo", "2024-03-11", "4,5", "");
    EXPECT_EQ(document_of(home, march, then), first);
    EXPECT_EQ(document_of(home, march, after_readings), second);
    BillingStore other{address, billed_model};
    EXPECT_EQ(other.basis({home}, march, then)->facts.curve.size(), 31U);
}

TEST_F(KeptBills, what_nobody_knows_yet_cannot_be_asked_for)
{
    Knowledge known = now_known();
    for (const Knowledge& wrong : {Knowledge{BatchNumber{known.batch.value + 1}, known.terms}, Knowledge{known.batch, known.terms + 1}, Knowledge{BatchNumber{-1}, 0}, Knowledge{known.batch, -1}})
        EXPECT_EQ(billing.basis({home}, march, wrong).error().code, errc::bad_parameter);
    EXPECT_EQ(billing.basis({"01000000000099"}, march, {}).error().code, errc::not_found);
    EXPECT_EQ(billing.basis({home}, span_of("2024-03-02", "2024-03-02"), {}).error().code, errc::bad_parameter);
    EXPECT_EQ(billing.basis({home}, span_of("2014-03-02", "2024-03-12"), {}).error().code, errc::bad_parameter);
}

TEST_F(KeptBills, a_bill_is_kept_with_the_hash_of_its_document)
{
    const std::int64_t id = save(home, march).value();
    const StoredBill bill = billing.bill(id).value();
    EXPECT_EQ(bill.document, document_of(home, march));
    EXPECT_EQ(bill.hash, to_hex(crypto::sha256(as_bytes(bill.document))));
    EXPECT_EQ(bill.known, now_known());
    EXPECT_EQ(bill.state, BillState::draft);
    EXPECT_EQ(engine::parse_document(bill.document)->total, bill.total);
    auto comparison = bill_of(home, march).value();
    comparison.comparison = true;
    EXPECT_EQ(billing.save({.bill = &comparison, .document = "x", .terms = 1}).error().code, errc::bill_state);
    EXPECT_EQ(billing.bill(id + 1).error().code, errc::not_found);
}

TEST_F(KeptBills, who_made_changed_and_saw_a_bill_is_told)
{
    BillingStore ana{address, billed_model, "command line (ana)"};
    const engine::Bill bill = bill_of(home, march).value();
    const std::int64_t id = ana.save({.bill = &bill, .document = engine::to_document(bill), .terms = now_known().terms}).value();
    ASSERT_TRUE(ana.set_state(id, BillState::issued, ""));
    ASSERT_TRUE(ana.set_state(id, BillState::cancelled, "wrong person"));
    ana.note_access({home}, "bill", march);
    const std::string who = "command line (ana)";
    EXPECT_EQ(ask(DbRole::owner, "SELECT made_by, issued_by, cancelled_by FROM bill"), who + "|" + who + "|" + who);
    EXPECT_EQ(ask(DbRole::owner, "SELECT who, what, day_from, day_to FROM access_log"), who + "|bill|2024-03-01|2024-04-01");
}

TEST_F(KeptBills, states_go_one_way)
{
    const std::int64_t id = save(home, march).value();
    EXPECT_EQ(billing.set_state(id, BillState::draft, "").error().code, errc::bill_state);
    ASSERT_TRUE(billing.set_state(id, BillState::issued, ""));
    EXPECT_EQ(billing.set_state(id, BillState::issued, "").error().code, errc::bill_state);
    EXPECT_EQ(billing.set_state(id, BillState::cancelled, "no").error().code, errc::bad_parameter) << "a reason is needed";
    const std::int64_t overlapping = save(home, span_of("2024-03-31", "2024-04-01")).value();
    EXPECT_EQ(billing.set_state(overlapping, BillState::issued, "").error().code, errc::bill_state) << "a day is billed once";
    ASSERT_TRUE(billing.set_state(id, BillState::cancelled, "wrong person"));
    EXPECT_EQ(billing.set_state(id, BillState::cancelled, "once more").error().code, errc::bill_state);
    EXPECT_EQ(billing.set_state(id, BillState::issued, "").error().code, errc::bill_state);
    EXPECT_TRUE(billing.set_state(overlapping, BillState::issued, ""));
    EXPECT_EQ(billing.set_state(999, BillState::issued, "").error().code, errc::not_found);
    EXPECT_EQ(states(), "1|cancelled|0|wrong person\n2|issued|0|");
}

TEST_F(KeptBills, a_day_is_billed_once_also_when_two_are_issued_at_the_same_time)
{
    const std::int64_t first = save(home, march).value(), second = save(home, span_of("2024-03-31", "2024-04-01")).value();
    pg::Connection somebody{address, DbRole::work};
    pg::Transaction transaction{somebody};
    (void)somebody.run("SELECT pg_advisory_xact_lock(hashtextextended('bill of ' || $1, 0))", pg::Params{}.add(home));
    (void)somebody.run("UPDATE bill SET state = 'issued', issued_at = now() WHERE id = $1::int8", pg::Params{}.add(first));
    auto other = std::async(std::launch::async, [&] { return BillingStore{address, billed_model}.set_state(second, BillState::issued, ""); });
    wait_until_some("FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
    transaction.commit();
    const auto done = other.get();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, errc::bill_state);
}

TEST_F(KeptBills, an_issued_bill_is_altered_by_nobody)
{
    const std::string number = std::to_string(issue(home, march));
    const std::string before = ask(DbRole::owner, "SELECT md5(bill::text) FROM bill");
    const std::string key = add_token("operator", {"root"}, {});
    for (const char* change : {"total_cents = 1", "energy_wh = 1", "document = 'x'", "hash = sha256('x')", "from_day = '2024-02-01'", "batch = 0", "terms = 0", "usage_point = '01000000000002'",
                               "corrects = 1", "made_by = 'me'", "made_at = now()", "run = 1", "rests = 'estimated'", "state = 'draft', issued_at = NULL"}) {
        const std::string sql = std::string{"UPDATE bill SET "} + change + " WHERE id = " + number;
        EXPECT_EQ(ask(DbRole::owner, sql), "error RL001") << change;
        for (const DbRole role : {DbRole::work, DbRole::api, DbRole::collect})
            EXPECT_THAT(ask(role, sql, role == DbRole::api ? key : ""), testing::AnyOf("error 42501", "error RL001")) << change;
    }
    EXPECT_EQ(ask(DbRole::owner, "DELETE FROM bill"), "error RL001");
    EXPECT_EQ(ask(DbRole::work, "DELETE FROM bill"), "error RL001");
    EXPECT_EQ(ask(DbRole::api, "DELETE FROM bill", key), "error 42501");
    EXPECT_EQ(ask(DbRole::collect, "DELETE FROM bill"), "error 42501");
    EXPECT_EQ(ask(DbRole::work, "TRUNCATE bill"), "error 42501");
    EXPECT_EQ(ask(DbRole::owner, "SELECT md5(bill::text) FROM bill"), before);
    EXPECT_EQ(ask(DbRole::work, "UPDATE bill SET state = 'cancelled', cancelled_at = now(), reason = 'void' RETURNING state"), "cancelled") << "only this";
    EXPECT_EQ(ask(DbRole::owner, "UPDATE bill SET state = 'issued', cancelled_at = NULL"), "error RL001");
    (void)save(home, march).value();
    EXPECT_EQ(ask(DbRole::work, "DELETE FROM bill WHERE state = 'draft' RETURNING id"), "2") << "a draft may go";
}

TEST_F(KeptBills, a_usage_point_with_bills_keeps_its_number)
{
    owner("INSERT INTO usage_point (id, energy, organisation) VALUES ('01000000000077', 'electricity', 'root')");
    EXPECT_EQ(ask(DbRole::owner, "UPDATE usage_point SET id = '01000000000078' WHERE id = '01000000000077' RETURNING id"), "01000000000078") << "without bills";
    (void)save(home, march).value();
    owner("INSERT INTO bill (usage_point, from_day, to_day, state, batch, terms, total_cents, energy_wh, rests, hash, document) "
          "SELECT '01000000000078', from_day, to_day, state, batch, terms, total_cents, energy_wh, rests, hash, document FROM bill");
    EXPECT_EQ(ask(DbRole::owner, "UPDATE usage_point SET id = '01000000000079' WHERE id = '01000000000078'"), "error 23503");
    EXPECT_EQ(ask(DbRole::owner, "DELETE FROM usage_point WHERE id = '01000000000078'"), "error 23503");
    EXPECT_EQ(ask(DbRole::owner, "DELETE FROM bill WHERE usage_point = '01000000000078' RETURNING usage_point"), "01000000000078");
    EXPECT_EQ(ask(DbRole::owner, "DELETE FROM usage_point WHERE id = '01000000000078' RETURNING id"), "01000000000078");
}

TEST_F(KeptBills, a_correction_takes_the_place_of_what_it_corrects)
{
    const std::int64_t id = issue(home, march);
    const std::string first = billing.bill(id)->document;
    write({later_value(meter, ++counter, "2024-03-12", 9'000)});
    const std::string fresh = document_of(home, march);
    ASSERT_NE(fresh, first);
    EXPECT_EQ(save(home, span_of("2024-03-01", "2024-03-31"), id).error().code, errc::bill_state) << "other days";
    EXPECT_EQ(save(home, march, 999).error().code, errc::not_found);
    const std::int64_t correction = save(home, march, id).value();
    const std::int64_t rival = save(home, march, id).value();
    EXPECT_EQ(save(home, march, correction).error().code, errc::bill_state) << "a draft is not corrected";
    EXPECT_EQ(billing.bill(id)->corrected_by, rival);
    ASSERT_TRUE(billing.set_state(correction, BillState::issued, ""));
    EXPECT_EQ(states(), "1|cancelled|0|corrected by bill 2\n2|issued|1|\n3|draft|1|");
    EXPECT_FALSE(billing.set_state(rival, BillState::issued, "")) << "one of them is enough";
    EXPECT_EQ(billing.bill(id)->document, first);
    EXPECT_EQ(billing.bill(correction)->document, fresh) << "what a fresh bill would say";
    const engine::Bill a = engine::parse_document(first).value(), b = engine::parse_document(fresh).value();
    EXPECT_EQ(billing.bill(id)->total + (b.total - a.total), billing.bill(correction)->total);
}

TEST_F(KeptBills, those_seeing_them_are_their_home_and_their_organisation)
{
    owner("INSERT INTO organisation (id, name, parent) VALUES ('north', 'North', 'root'), ('elsewhere', 'Elsewhere', 'root')");
    owner("UPDATE usage_point SET organisation = 'north'");
    const MeterId other = add_home("01000000000002", "4c4b590000000002", "elsewhere");
    read_curve(other, march);
    agree({contract("01000000000002")});
    const std::int64_t mine = issue(home, march), draft = save(home, span_of("2024-03-01", "2024-03-02")).value(), others = issue("01000000000002", march);
    const std::string all = std::to_string(mine) + "\n" + std::to_string(draft) + "\n" + std::to_string(others);
    const std::string own = std::to_string(mine) + "\n" + std::to_string(draft);
    const auto seen_by = [&](const std::string& key) { return ask(DbRole::api, "SELECT id FROM bill ORDER BY id", key); };
    const std::string household = add_token("household", {}, {home}), manager = add_token("energy_manager", {"elsewhere"}, {});
    EXPECT_EQ(seen_by(household), own);
    EXPECT_EQ(seen_by(manager), std::to_string(others));
    EXPECT_EQ(seen_by(add_token("operator", {"root"}, {})), all);
    EXPECT_EQ(seen_by(add_token("auditor", {"root"}, {})), "");
    EXPECT_EQ(seen_by(add_token("household", {}, {})), "");
    EXPECT_EQ(seen_by(""), "");
    const std::string cancel = "UPDATE bill SET state = 'cancelled', cancelled_at = now(), reason = 'mine' RETURNING id";
    EXPECT_EQ(ask(DbRole::api, cancel, household), "") << "a household changes none";
    EXPECT_EQ(ask(DbRole::api, cancel, manager), std::to_string(others));
    const std::string make = "INSERT INTO bill (usage_point, from_day, to_day, state, batch, terms, total_cents, energy_wh, rests, hash, document, made_by) VALUES "
                             "('01000000000001', '2024-03-01', '2024-03-02', 'draft', 1, 1, 1, 1, 'read', sha256('x'), 'x', 'me')";
    EXPECT_EQ(ask(DbRole::api, make, household), "error 42501");
    EXPECT_EQ(ask(DbRole::api, make, manager), "error 42501") << "another organisation's";
    EXPECT_EQ(ask(DbRole::api, make, add_token("energy_manager", {"north"}, {})), "");
    for (const char* table : {"contract", "offpeak_period", "bill"})
        EXPECT_EQ(ask(DbRole::api, std::string{"SELECT count(*) FROM "} + table + " WHERE usage_point = '01000000000001'", manager), "0") << table;
}

TEST_F(KeptBills, an_index_that_somebody_read_stands_beside_the_readings)
{
    ApiStore store{address, billed_model};
    const auto sign_in = [&](const std::string& key) { return store.authenticate(key, at("2024-06-01T00:00:00Z")).value(); };
    const Identity household = sign_in(add_token("household", {}, {home}));
    const std::string before = document_of(home, march);
    const CustomerRead read{.register_name = "total", .at = at("2024-03-15T10:00:00Z"), .value = 12'345, .unit = "", .note = "in the cellar"};
    EXPECT_EQ(store.tell_index(household, {home}, read, at("2024-06-01T00:00:00Z"))->unit, "kWh");
    ASSERT_EQ(store.told_indexes(household, {home}, {.limit = 10, .after = {}})->size(), 1U);
    EXPECT_EQ(document_of(home, march), before) << "it is never a reading";
    CustomerRead wrong = read;
    wrong.value = -1;
    EXPECT_EQ(store.tell_index(household, {home}, wrong, at("2024-06-01T00:00:00Z")).error().code, errc::bad_parameter);
    EXPECT_EQ(store.tell_index(household, {home}, read, at("2024-03-01T00:00:00Z")).error().code, errc::bad_parameter) << "of tomorrow";
    add_usage_point("01000000000002");
    EXPECT_EQ(store.tell_index(household, {"01000000000002"}, read, at("2024-06-01T00:00:00Z")).error().code, errc::not_found);
    const Identity neighbour = sign_in(add_token("household", {}, {"01000000000002"}));
    EXPECT_EQ(store.told_indexes(neighbour, {home}, {.limit = 10, .after = {}}).error().code, errc::not_found);
    EXPECT_EQ(ask(DbRole::api, "SELECT count(*) FROM customer_read", neighbour.key), "0");
    EXPECT_EQ(ask(DbRole::api, "UPDATE customer_read SET value = 1", household.key), "error 42501");
    EXPECT_EQ(ask(DbRole::api,
                  "INSERT INTO customer_read (usage_point, register, read_at, value, unit, token) SELECT '01000000000001', 'total', now(), 1, 'kWh', id FROM token WHERE false "
                  "UNION ALL SELECT '01000000000001', 'total', now(), 1, 'kWh', releve_token()",
                  neighbour.key),
              "error 42501");
}

TEST_F(KeptBills, an_issued_bill_is_touched_by_what_came_after_it_and_concerns_it)
{
    const MeterId other = add_home("01000000000002", "4c4b590000000002");
    owner("UPDATE installation SET recorded_at = now() - interval '1 hour'");
    read_curve(other, march);
    agree({contract("01000000000002")});
    issue(home, march);
    (void)save(home, span_of("2024-03-01", "2024-03-02")).value(); // a draft is none
    issue("01000000000002", march);
    EXPECT_EQ(touched(), "1 3");
    EXPECT_EQ(billing.count_issued_bills(""), 2);
    write({later_value(other, ++counter, "2024-04-20", 900)});
    EXPECT_EQ(touched(), "1 3") << "other days";
    write({later_value(other, ++counter, "2024-03-20", 900)});
    EXPECT_EQ(touched(), "1 3+");
    agree({contract(home, "2024-03-20", nullptr, "trv_hphc")});
    EXPECT_EQ(touched(), "1+ 3+");
    EXPECT_EQ(billing.issued_bills("", 1, 100).size(), 1U);
    owner("INSERT INTO usage_group (id, organisation, label) VALUES ('street', 'root', '')");
    owner("INSERT INTO usage_group_member VALUES ('street', '01000000000002', daterange('2024-01-01', NULL))");
    EXPECT_EQ(billing.count_issued_bills("street"), 1);
    EXPECT_EQ(billing.issued_bills("street", 0, 100).at(0).bill.id, 3);
}

struct Cause {
    const char* name;
    const char* sql; // as the owner
};
class Touching : public KeptBills, public testing::WithParamInterface<Cause> {};

TEST_P(Touching, makes_a_bill_worth_another_look)
{
    owner("UPDATE installation SET recorded_at = now() - interval '1 hour'");
    issue(home, march);
    ASSERT_EQ(touched(), "1");
    owner(GetParam().sql);
    EXPECT_EQ(touched(), "1+");
}

INSTANTIATE_TEST_SUITE_P(
    Bill, Touching,
    testing::Values(Cause{"tariff", "INSERT INTO tariff_document (id, known_from, kind, edition, content, origin) VALUES ('new', 999, 'tariff', 1, '{}', 'added')"},
                    Cause{"offpeak", "INSERT INTO offpeak_period (usage_point, windows, validity, known_from) VALUES ('01000000000001', 'HC (1H00-2H00)', daterange('2024-01-01', NULL), 999)"},
                    Cause{"contract_ended", "UPDATE contract SET known_to = 999"},
                    Cause{"published_gas", "INSERT INTO published_gas (usage_point, from_day, to_day, index_from_m3, index_to_m3, kwh_per_m3_e5, energy_kwh, quality, known_from) "
                                           "VALUES ('01000000000001', '2024-03-01', '2024-04-01', 1, 2, 1100000, 11, 0, 999)"},
                    Cause{"coefficient", "INSERT INTO conversion_coefficient (usage_point, kwh_per_m3_e5, validity, known_from) VALUES ('01000000000001', 1100000, '[2024-01-01,)', 999)"},
                    Cause{"meter_removed", "UPDATE installation SET validity = tstzrange('2024-02-01', '2024-03-10')"},
                    Cause{"meter_told_of", "UPDATE installation SET recorded_at = now() + interval '1 second'"},
                    Cause{"readings", "UPDATE interval_day SET batch = 999 WHERE day = '2024-03-12'"},
                    Cause{"registers", "INSERT INTO register_day VALUES (1, '2024-04-01', 1, 999, 'x')"},
                    Cause{"estimate", "INSERT INTO interval_overlay_day VALUES (1, 1, '2024-03-12', 1, 999, 'x', 'm', 'a', 'r')"},
                    Cause{"estimate_taken_away", "INSERT INTO overlay_history VALUES (1, 1, '2024-03-12', 1, 1, 999, 'x', 'm', 'a', 'r')"}),
    [](const auto& cause) { return std::string{cause.param.name}; });

} // namespace
} // namespace releve::store::test
