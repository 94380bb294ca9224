#pragma once
// What the command line changes: meters and keys, tokens, collection choices, refused messages, radio networks, gateways,
// commands to meters, conversion coefficients, groups and their rules, long jobs, corrections. As role releve_work.

#include <releve/crypto/secret.hpp>
#include <releve/store/database.hpp>
#include <releve/store/records.hpp>
#include <releve/store/validated_records.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <span>

namespace releve::store {

struct NewToken {
    Role role = Role::household;
    std::vector<std::string> scopes; // usage point ids or organisation ids, told apart by what exists
    Instant expires_at{};
    std::string label;
};

struct KnownNetwork {
    std::uint8_t netid = 0;
    Instant recorded_at{}; // of its newest Kmac
};

/// No more than this many wait for one meter at a time: it listens twice a day.
inline constexpr int commands_open_max = 16;
/// `kind` is one of the table's: read_parameters, write_parameters, write_key, set_clock, exec_instping.
struct NewCommand {
    std::string address, kind, summary; // summary: for people, without secrets; of write_key it is made here
    Bytes message;                      // L7 in clear
    Instant created_at{}, expires_at{};
    std::uint8_t new_key_id = 0; // of write_key: KEYSEL 1 to 14 of `new_key`
    crypto::Key128 new_key{};
};
struct QueuedCommand {
    CommandId id;
    std::uint16_t counter = 0;
    std::uint8_t key_id = 0; // KEYSEL it is sent with
};
struct CommandListRow {
    CommandId id;
    std::string address, kind, summary, state, created_by, result;
    std::uint16_t counter = 0;
    std::uint8_t key_id = 0;
    int attempts = 0;
    Instant created_at{}, expires_at{};
    std::optional<Instant> sent_at{}, finished_at{};
};

/// kWh per m3 in hundred-thousandths, from gas day `from` to before gas day `to`; no end = until further notice.
struct Coefficient {
    std::string usage_point;
    CivilDay from{};
    std::optional<CivilDay> to{};
    std::int64_t kwh_per_m3_e5 = 0; // 100,000 to 2,000,000
    std::size_t line = 0;           // of the CSV, for messages; 0: not from one
};
struct KnownCoefficient : Coefficient {
    Instant known_from{}; // in whole seconds, rounded
    std::optional<Instant> known_to{};
};

/// A time of a usage point in a group, in civil days.
struct GroupMembership {
    std::string group, label; // label: of the group; empty: as it is
    std::string usage_point;
    CivilDay from{};
    std::optional<CivilDay> to{}; // not included; none: until further notice
    std::size_t line = 0;         // of the CSV, for messages; 0: not from one
};
struct GroupImport {
    std::int64_t groups_new = 0, members_changed = 0; // usage points, counted in each group
};
struct JobAsked {
    std::string kind{};  // validate, estimate, ledger
    std::string group{}; // its members only; empty: all meters
};

class AdminStore {
public:
    /// `models` are needed to reduce half-hours to totals: without them choose_collection to `daily` is
    /// errc::bad_model where there are any.
    explicit AdminStore(DatabaseAddress address, ModelLookup models = {});
    ~AdminStore();

    /// One transaction; a row that cannot be (meter already installed elsewhere, ...) is errc::bad_csv naming
    /// its line and column. New or changed keys get the next generation. Another meter at a usage point is an
    /// exchange: the one before ends there. `collection` counts when the usage point is new; later only
    /// choose_collection changes it. Notifies releve_devices. `dry_run` rolls back.
    [[nodiscard]] result<ImportSummary> import_meters(std::span<const MeterImportRow> rows,
                                                      const crypto::Key256& master,
                                                      const std::string& organisation, bool dry_run);
    /// The token's text, shown once: "rlv_" + 43 characters. errc::not_found for a scope that does not exist.
    [[nodiscard]] result<std::string> create_token(const NewToken& token);
    [[nodiscard]] std::vector<TokenRow> list_tokens();
    [[nodiscard]] result<void> revoke_token(std::int64_t id);
    [[nodiscard]] result<void> create_organisation(const std::string& id, const std::string& name,
                                                   const std::string& parent);
    /// Records the choice (who, when, proof) and applies it from now on; to `daily`: half-hours kept so far
    /// are reduced to totals and erased in the same transaction, with all that checks, estimates and people said of them. A
    /// total keeps what was measured: edits do not count in it, and slots that only an estimate filled are missing.
    /// Waits for confirmed half-hours that are still in the archive only; errc::unavailable when no collector takes them
    /// further within 30 s.
    [[nodiscard]] result<void> choose_collection(const UsagePointId& id, Collection collection,
                                                 const std::string& proof, Instant now);

    [[nodiscard]] std::vector<QuarantineRow> list_quarantine(const std::string& reason,
                                                             const std::string& system_title, int limit);
    [[nodiscard]] result<QuarantineRow> show_quarantine(std::int64_t id);
    /// Marks for retry (all of a title, of a reason, or one id) and notifies the collector. How many.
    [[nodiscard]] std::int64_t request_retry(std::optional<std::int64_t> id, const std::string& system_title,
                                             const std::string& reason);
    void request_reprocess();

    /// `kmac`: wrapped under network_key_context(netid). A network that is there gets a new one. Notifies releve_devices.
    [[nodiscard]] result<void> set_network(std::uint8_t netid, ByteView kmac);
    [[nodiscard]] std::vector<KnownNetwork> list_networks();

    /// Takes id, organisation, label and crc_may_be_zero. errc::not_found for the organisation, errc::bad_parameter for an id
    /// that is no certificate's name or is there already.
    [[nodiscard]] result<void> add_gateway(const GatewayRow& gateway);
    [[nodiscard]] std::vector<GatewayRow> list_gateways();
    /// errc::not_found. What a disabled gateway hands over is refused; nothing of it is forgotten.
    [[nodiscard]] result<void> set_gateway_disabled(const std::string& id, bool disabled);
    /// What is not given stays; from the gateway's next connection on. errc::not_found.
    [[nodiscard]] result<void> change_gateway(const std::string& id, const std::optional<std::string>& label,
                                              std::optional<bool> crc_may_be_zero);

    /// The command waits from the commit on, under a counter that no earlier one of the meter's last 65,536 had. A key to write
    /// is known to the collector from then on too, beside the one before. errc::not_found for the meter; errc::bad_parameter
    /// when it is no Wize meter, a key is wanting, or commands_open_max wait already. Notifies releve_devices.
    [[nodiscard]] result<QueuedCommand> queue_command(const NewCommand& command, const crypto::Key256& master);
    /// The newest first; all meters when `address` is empty. An open one whose time is over counts as expired.
    [[nodiscard]] std::vector<CommandListRow> list_commands(const std::string& address, bool open_only, int limit);
    /// It is not sent again; what was sent already may still be carried out. errc::not_found, errc::bad_parameter when it is over.
    [[nodiscard]] result<void> cancel_command(CommandId id);

    /// All or none. What was believed of those days is believed no longer from now on, and stays readable as it was known; days
    /// outside of it keep what they have. How many changed what was believed. errc::bad_csv names the row; without one
    /// errc::bad_parameter.
    [[nodiscard]] result<std::int64_t> set_coefficients(std::span<const Coefficient> coefficients);
    /// By day; as known now or at an instant. errc::not_found.
    [[nodiscard]] result<std::vector<KnownCoefficient>> list_coefficients(const std::string& usage_point,
                                                                          std::optional<Instant> as_known_at);

    // ---- groups and their rules (admin_groups.cpp)

    /// All rows or none. What they say of a usage point in a group takes the place of all that was said of the two; other
    /// members stay. A group that is not there is made, of the organisation. errc::bad_csv names the row; errc::not_found for
    /// the organisation.
    [[nodiscard]] result<GroupImport> import_groups(std::span<const GroupMembership> rows, const std::string& organisation,
                                                    bool dry_run);
    /// By id; members of that day.
    [[nodiscard]] std::vector<GroupRow> list_groups(CivilDay today);
    /// By usage point and time. errc::not_found.
    [[nodiscard]] result<std::vector<GroupMemberRow>> list_members(const std::string& group);
    /// errc::not_found; errc::bad_parameter for a group with rules of its own or an open job.
    [[nodiscard]] result<void> remove_group(const std::string& group);
    /// As if it never had been a member. errc::not_found.
    [[nodiscard]] result<void> remove_member(const std::string& group, const UsagePointId& usage_point);

    /// Daily means outdoors where the group is, in tenths of a degree; what is there of these days gives way. How many days changed.
    /// errc::not_found for the group.
    [[nodiscard]] result<std::int64_t> set_temperatures(const std::string& group, const std::map<CivilDay, int>& mean_c_e1);
    /// `rules`: the text of a file that was checked. Asks for a `validate` job of the group, whose number it gives, and so does
    /// clearing. errc::not_found.
    [[nodiscard]] result<std::int64_t> set_rules(const std::string& group, const std::string& rules);
    [[nodiscard]] result<std::int64_t> clear_rules(const std::string& group);
    /// The text as it was set; nothing: the shipped rules hold. errc::not_found for the group.
    [[nodiscard]] result<std::optional<std::string>> rules_of(const std::string& group);

    // ---- long jobs, which a running server carries out (admin_jobs.cpp)

    /// Its number; that of a like one, if one waits already. errc::bad_parameter for the kind, errc::not_found for the group.
    [[nodiscard]] result<std::int64_t> ask_job(const JobAsked& asked);
    /// The newest first.
    [[nodiscard]] std::vector<JobRow> list_jobs(int limit);
    /// errc::not_found.
    [[nodiscard]] result<JobRow> show_job(std::int64_t id);
    /// What is done stays done. errc::not_found, errc::bad_parameter when it is over or stopped.
    [[nodiscard]] result<void> stop_job(std::int64_t id);
    /// Goes on behind the last meter that is done. errc::not_found, errc::bad_parameter when it is neither stopped nor failed.
    [[nodiscard]] result<void> resume_job(std::int64_t id);

    // ---- corrections (admin_correct.cpp)

    /// Asks the collector and waits for it at most so long; then the row still says `waiting`, and it will be carried out when
    /// a server runs. errc::not_found for the usage point, errc::daily_only, errc::bad_parameter naming the field.
    [[nodiscard]] result<CorrectionRow> correct(const CorrectionAsked& asked, std::chrono::milliseconds wait_at_most);

private:
    [[nodiscard]] result<void> choose_collection_at_once(const UsagePointId& id, Collection collection, const std::string& proof,
                                                         Instant now, bool& wait);
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace releve::store
