#include "store_fixture.hpp"

#include <releve/crypto/aes.hpp>
#include <releve/store/admin_store.hpp>
#include <releve/store/api_store.hpp>

namespace releve::store::test {

class Admin : public StoreTest {
protected:
    AdminStore store{address, test_model};
    crypto::Key256 master = crypto::Key256::from(Bytes(32, std::byte{9})).value();

    static MeterImportRow row(const std::string& title, const std::string& usage_point, char key = 1)
    {
        MeterImportRow row;
        row.line = 2;
        row.system_title = title;
        row.serial = "S1";
        row.protocol = "dlms";
        row.model = "test";
        row.policy = "authenticated_encrypted";
        row.replay = "strict";
        row.encryption_key = Bytes(16, static_cast<std::byte>(key));
        row.authentication_key = Bytes(16, static_cast<std::byte>(key + 1));
        row.usage_point = usage_point;
        row.energy = "electricity";
        row.installed_from = at("2024-01-01T00:00:00Z");
        return row;
    }
    result<ImportSummary> import(std::vector<MeterImportRow> rows, bool dry_run = false)
    {
        return store.import_meters(rows, master, "root", dry_run);
    }
    std::string complaint(const std::vector<MeterImportRow>& rows)
    {
        const auto answer = import(rows);
        EXPECT_FALSE(answer);
        EXPECT_EQ(answer ? errc::internal : answer.error().code, errc::bad_csv);
        return answer ? "" : answer.error().detail;
    }
};

TEST_F(Admin, imports_once_and_wraps_keys_so_that_the_collector_can_open_them)
{
    CollectStore collector{address};
    (void)collector.last_batch(); // listens from now on
    const auto first =
        import({row("4C4B590000000001", "01000000000001"), row("4c4b590000000002", "GI123456", 5)}).value();
    EXPECT_EQ(first.meters_new, 2);
    EXPECT_EQ(first.keys_new, 2);
    EXPECT_EQ(first.usage_points_new, 2);
    const auto again =
        import({row("4C4B590000000001", "01000000000001"), row("4c4b590000000002", "GI123456", 5)}).value();
    EXPECT_EQ(again.meters_new + again.meters_updated + again.keys_new + again.usage_points_new, 0);
    EXPECT_EQ(collector.wait_for_notifications(std::chrono::minutes{1}),
              (std::vector<std::string>{"devices:4c4b590000000001", "devices:4c4b590000000002"}));

    const auto device = collector.load_devices().rows.at(0);
    EXPECT_EQ(device.installations.at(0).collection, Collection::daily);
    const auto& key = device.keys.at(0);
    EXPECT_EQ(
        crypto::unwrap_secret(master, key.encryption, key_context(device.meter, 1, "encryption")).value(),
        Bytes(16, std::byte{1}));
    EXPECT_EQ(
        crypto::unwrap_secret(master, key.authentication, key_context(device.meter, 1, "authentication"))
            .value(),
        Bytes(16, std::byte{2}));
    EXPECT_FALSE(
        crypto::unwrap_secret(master, key.encryption, key_context(device.meter, 1, "authentication")));
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM meter_key WHERE "
                                 "position('\\x01010101010101010101010101010101'::bytea IN encryption) > 0"),
              "0");
}

TEST_F(Admin, a_changed_key_is_the_next_generation_and_a_changed_word_an_update)
{
    (void)import({row("4c4b590000000001", "01000000000001")}).value();
    auto changed = row("4c4b590000000001", "01000000000001", 7);
    changed.area = "north";
    const auto summary = import({changed}).value();
    EXPECT_EQ(summary.keys_new, 1);
    EXPECT_EQ(summary.meters_updated, 1);
    EXPECT_EQ(CollectStore{address}.load_devices().rows.at(0).keys.at(0).generation, 2);
}

TEST_F(Admin, a_dry_run_counts_and_leaves_nothing)
{
    EXPECT_EQ(import({row("4c4b590000000001", "01000000000001")}, true).value().meters_new, 1);
    EXPECT_EQ(ask(DbRole::owner, "SELECT (SELECT count(*) FROM meter) + (SELECT count(*) FROM usage_point) + "
                                 "(SELECT count(*) FROM audit)"),
              "0");
}

TEST_F(Admin, a_row_that_cannot_be_names_its_line_and_column_and_nothing_is_imported)
{
    auto bad = row("4c4b590000000002", "0123");
    bad.line = 7;
    EXPECT_EQ(complaint({row("4c4b590000000001", "01000000000001"), bad}),
              "row 7, column usage_point: must be 14 digits, or GI and 6 digits");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM meter"), "0");
    (void)import({row("4c4b590000000001", "01000000000001")}).value();
    EXPECT_EQ(complaint({row("4c4b590000000001", "02000000000002")}),
              "row 2, column usage_point: this meter is installed at 01000000000001");
    EXPECT_EQ(complaint({row("4c4b590000000002", "01000000000001")}),
              "row 2, column installed_from: another meter has been at this usage point since "
              "2024-01-01T00:00:00Z");
    auto gas = row("4c4b590000000001", "01000000000001");
    gas.energy = "gas";
    EXPECT_EQ(complaint({gas}), "row 2, column energy: this usage point has electricity");
    EXPECT_EQ(store.import_meters({}, master, "nowhere", false).error().code, errc::not_found);
}

TEST_F(Admin, another_meter_later_is_an_exchange)
{
    (void)import({row("4c4b590000000001", "01000000000001")}).value();
    auto next = row("4c4b590000000002", "01000000000001");
    next.installed_from = at("2024-02-01T00:00:00Z");
    (void)import({next}).value();
    const auto devices = CollectStore{address}.load_devices().rows;
    EXPECT_EQ(devices.at(0).installations.at(0).validity.to, at("2024-02-01T00:00:00Z"));
    EXPECT_FALSE(devices.at(1).installations.at(0).validity.to);
}

TEST_F(Admin, a_token_opens_what_it_names_until_it_is_revoked)
{
    add_usage_point("01000000000001");
    const auto text =
        store.create_token({Role::household, {"01000000000001"}, at("2100-01-01T00:00:00Z"), "flat 3"})
            .value();
    ASSERT_EQ(text.size(), 47U);
    EXPECT_EQ(text.substr(0, 4), "rlv_");
    EXPECT_NE(
        text,
        store.create_token({Role::household, {"01000000000001"}, at("2100-01-01T00:00:00Z"), ""}).value());
    ApiStore api{address, test_model};
    const std::string key = to_hex(crypto::sha256(as_bytes(text)));
    EXPECT_EQ(api.authenticate(key, at("2024-01-01T00:00:00Z")).value().label, "flat 3");
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM token WHERE hash = '" + key + "'"), "0");

    const auto tokens = store.list_tokens();
    ASSERT_EQ(tokens.size(), 2U);
    EXPECT_EQ(tokens[0].scopes, std::vector<std::string>{"01000000000001"});
    EXPECT_TRUE(store.revoke_token(tokens[0].id));
    EXPECT_EQ(api.authenticate(key, at("2024-01-01T00:00:00Z")).error().code, errc::unauthorized);
    EXPECT_EQ(store.revoke_token(99).error().code, errc::not_found);
}

TEST_F(Admin, scopes_that_do_not_exist_or_do_not_fit_are_refused)
{
    const auto expires = at("2100-01-01T00:00:00Z");
    EXPECT_EQ(store.create_token({Role::operator_, {"nowhere"}, expires, ""}).error().code, errc::not_found);
    EXPECT_EQ(store.create_token({Role::household, {"root"}, expires, ""}).error().code, errc::bad_parameter);
    EXPECT_EQ(store.create_token({Role::operator_, {}, expires, ""}).error().code, errc::bad_parameter);
    EXPECT_TRUE(store.create_organisation("town", "Town", ""));
    EXPECT_EQ(store.create_organisation("town", "Town", "").error().code, errc::bad_parameter);
    EXPECT_EQ(store.create_organisation("Town Hall", "Town", "").error().code, errc::bad_parameter);
    EXPECT_EQ(store.create_organisation("village", "Village", "nowhere").error().code, errc::not_found);
    EXPECT_TRUE(store.create_token({Role::operator_, {"town"}, expires, ""}));
    EXPECT_EQ(ask(DbRole::owner, "SELECT count(*) FROM token"), "1");
}

TEST_F(Admin, refused_messages_are_listed_shown_and_marked_for_retry)
{
    BatchWriter writer{address, 1};
    Numbers numbers;
    const std::vector<QuarantineWrite> rows{{FrameState::no_key, "none", at("2024-06-01T08:00:00Z"),
                                             "192.0.2.1:1", "4c4b590000000001", std::nullopt, 5,
                                             Bytes(3, std::byte{1}), 1, 0},
                                            {FrameState::replay,
                                             "old",
                                             at("2024-06-01T08:00:00Z"),
                                             "192.0.2.1:1",
                                             "4c4b590000000002",
                                             std::nullopt,
                                             5,
                                             {},
                                             1,
                                             0}};
    (void)writer.write(numbers.request({}, rows));
    CollectStore collector{address};
    (void)collector.last_batch();
    ASSERT_EQ(store.list_quarantine("", "", 10).size(), 2U);
    const auto listed = store.list_quarantine("no_key", "4c4b590000000001", 10);
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_TRUE(listed[0].frame.empty());
    EXPECT_EQ(store.show_quarantine(listed[0].id).value().frame, Bytes(3, std::byte{1}));
    EXPECT_EQ(store.show_quarantine(99).error().code, errc::not_found);
    EXPECT_EQ(store.request_retry(std::nullopt, "", ""), 1) << "what has no body cannot be tried again";
    EXPECT_EQ(collector.wait_for_notifications(std::chrono::minutes{1}), std::vector<std::string>{"retry:"});
    EXPECT_EQ(collector.load_requested_retries(10).size(), 1U);
    store.request_reprocess();
    EXPECT_EQ(collector.wait_for_notifications(std::chrono::minutes{1}),
              std::vector<std::string>{"reprocess:"});
}

TEST_F(Admin, choosing_half_hours_is_recorded_with_its_proof)
{
    (void)import({row("4c4b590000000001", "01000000000001")}).value();
    // Whichever clock is ahead, the database's (import) or the caller's.
    ASSERT_TRUE(store.choose_collection({"01000000000001"}, Collection::half_hour, "signed form 12",
                                        at("2024-02-01T00:00:00Z")));
    EXPECT_EQ(ask(DbRole::work,
                  "SELECT collection, how, proof, isempty(validity) FROM collection_choice ORDER BY id"),
              "daily|import|row 2 of the import|t\nhalf_hour|choice|signed form 12|f");
    EXPECT_EQ(CollectStore{address}.load_devices().rows.at(0).installations.at(0).collection,
              Collection::half_hour);
    EXPECT_EQ(store.choose_collection({"99999999999999"}, Collection::daily, "", at("2024-02-01T00:00:00Z"))
                  .error()
                  .code,
              errc::not_found);
}

} // namespace releve::store::test
