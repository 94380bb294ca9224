#pragma once
// What the store gives and takes, as plain values. No SQL, no libpqxx here.

#include <releve/core/block.hpp>
#include <releve/core/meter_model.hpp>
#include <releve/engine/consumption.hpp>
#include <releve/engine/registers.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace releve::store {

enum class Role : std::uint8_t { operator_, energy_manager, household, auditor };
[[nodiscard]] std::string_view role_name(Role role); // "operator", "energy_manager", "household", "auditor"
[[nodiscard]] result<Role> parse_role(std::string_view text);

enum class Collection : std::uint8_t { daily, half_hour };
[[nodiscard]] std::string_view collection_name(Collection collection);
[[nodiscard]] result<Collection> parse_collection(std::string_view text);

/// Validity of something, start inclusive, end exclusive; no end = until further notice.
struct Validity {
    Instant from{};
    std::optional<Instant> to;
    [[nodiscard]] bool contains(Instant at) const { return at >= from && (!to || at < *to); }
    bool operator==(const Validity&) const = default;
};

// ---------------------------------------------------------------- the collector's side

struct WrappedKey {
    std::uint16_t generation = 0; // 1, 2, ... per meter
    std::uint8_t key_id = 0;      // KEYSEL of a Wize meter
    Bytes encryption;             // wrapped under the master key, see crypto::wrap_secret and key_context()
    Bytes authentication;
    Validity validity;
};
struct KeySample {
    Bytes wrapped, context;
};
/// The additional data under which a key is wrapped: binds it to its meter, role and generation.
[[nodiscard]] Bytes key_context(MeterId meter, std::uint16_t generation,
                                std::string_view role /* "encryption" | "authentication" */);

/// The additional data under which a network's Kmac and a command's message are wrapped.
[[nodiscard]] Bytes network_key_context(std::uint8_t netid);
[[nodiscard]] Bytes command_context(MeterId meter, std::uint16_t counter);

struct NetworkRow {
    std::uint8_t netid = 0;
    Bytes kmac; // wrapped
};
struct GatewayRow {
    std::string id, organisation, label;
    bool crc_may_be_zero = false;
    std::optional<Instant> disabled_at{}, last_batch_at{};
    std::uint64_t acknowledged_up_to = 0;
};
/// A command that waits until its meter listens, or for the meter's answer.
struct CommandRow {
    CommandId id;
    MeterId meter;
    std::uint8_t key_id = 1;
    std::uint16_t counter = 0;
    Bytes payload; // wrapped
    Instant expires_at{};
};

struct InstallationRow {
    UsagePointId usage_point;
    Validity validity;
    Collection collection = Collection::daily;
    bool operator==(const InstallationRow&) const = default;
};

struct DeviceRow {
    MeterId meter;
    std::string address; // system title as 16 hex digits (DLMS), Wize address later
    std::string serial, protocol, model, policy, replay;
    std::vector<WrappedKey> keys;               // newest generation first, at most 2
    std::vector<InstallationRow> installations; // by time
    std::vector<CommandRow> commands;           // open ones, oldest first
};

/// Replay state of one meter under one key generation, as saved and restored.
struct CounterRow {
    MeterId meter;
    std::uint16_t generation = 0;
    std::uint64_t counter = 0; // extended
    std::uint64_t digest = 0;  // first 8 bytes of SHA-256 of the APDU
};
/// The newest state the store knows for a meter, plus up to 64 last (counter, digest) pairs.
struct ReplayRow {
    MeterId meter;
    std::vector<CounterRow> recent; // newest last
    std::optional<Instant> last_accepted_at;
    bool from_batches = false; // not yet in the meter's own row: lost when the batches let go of their counters
};

struct DailyTotalWrite {
    UsagePointId usage_point;
    CivilDay day{};
    ChannelId channel;
    engine::DaySummary summary;
    std::int64_t energy_mj = 0; // the same energy in millijoules: parts of a day add up exactly
    /// Which slots this frame brought, one bit a slot: a later frame may only add slots that are not there
    /// yet, or replace the total when it brings all of those that are in it.
    std::array<std::uint64_t, 5> present{};
    Provenance provenance;
};

/// The kind of an event that says how far a device's clock is off: its detail begins with that many seconds.
inline constexpr std::string_view clock_alarm_event = "clock_alarm";

/// What few frames bring beside readings.
struct FrameExtras {
    struct Event {
        std::string kind, detail;
        Instant at{};
    };
    struct Live {
        std::string label;
        Instant at{};
        std::int64_t value = 0;
        Unit unit = Unit::no_unit;
        int scaler = 0;
        bool mean = false; // also summed by half-hour
    };
    struct CommandResult {
        CommandId id;
        bool done = false; // else the meter refused it
        std::string result;
    };
    std::vector<Event> events;
    std::vector<Live> live;
    std::optional<CommandId> command_sent;
    bool command_is_over = false; // set by the writer: it was cancelled, expired or answered meanwhile
    std::optional<CommandResult> command_result;
};

/// Where a frame was heard.
struct ReceptionWrite {
    MeterId meter;
    std::uint64_t counter = 0; // extended
    std::string gateway;
    std::int16_t signal_dbm = 0; // the best of those that heard it
    Instant received_at{};
    std::int16_t heard_by = 1;
};
/// The better of two: of the later frame, of one frame the stronger signal.
void combine(ReceptionWrite& known, const ReceptionWrite& heard);

/// A part of a file of readings that a frame's place in a batch is for: taken away in the same transaction.
struct ImportedPart {
    std::int64_t import = 0;
    std::int32_t part = 0;
    std::int64_t imported = 0, unchanged = 0, own_meter = 0; // values
};

/// All that one accepted frame writes. The batch number in every Provenance is filled in by the writer.
struct FrameWrite {
    MeterId meter;
    std::uint16_t generation = 0;
    std::uint64_t counter = 0;
    std::uint64_t digest = 0;
    Instant received_at{};
    std::uint32_t readings = 0;
    Bytes archive;          // the APDU as received; empty: not archived (daily collection)
    bool again = false;     // read from the archive once more: an earlier batch has counted it
    bool undecoded = false; // archived, waits for `releve reprocess`
    std::string undecoded_reason;
    struct IntervalDay {
        ChannelId channel;
        CivilDay day{};
        DayPart part;
    };
    struct RegisterDay {
        CivilDay day{};
        RegisterBlock block;
        bool first_reads_only = false; // of a home with daily totals
    };
    std::vector<IntervalDay> interval_days;
    std::vector<RegisterDay> register_days;
    std::vector<DailyTotalWrite> daily_totals;
    std::int64_t retry_of = 0; // id of the quarantine row this frame waited in: it is deleted
    std::shared_ptr<FrameExtras> extras;
    std::shared_ptr<const ImportedPart> imported{}; // from a file, not from a meter
    [[nodiscard]] FrameExtras& extra();
};

struct QuarantineWrite {
    FrameState reason = FrameState::malformed;
    std::string detail;
    Instant received_at{};
    std::string peer;         // address of the sender
    std::string system_title; // 16 hex digits, empty if not named
    std::optional<MeterId> meter;
    std::optional<std::uint64_t> counter; // invocation counter, if it could be read
    Bytes frame; // empty when it must not be kept (an authentic frame of a daily-only home)
    std::uint64_t digest = 0;
    std::int64_t retry_of = 0; // id of the row that was retried: it is replaced
    std::string protocol = "dlms", gateway{};
};

struct QuarantineRow {
    std::int64_t id = 0;
    FrameState reason = FrameState::malformed;
    std::string detail;
    Instant received_at{};
    std::string peer, system_title;
    std::optional<MeterId> meter;
    std::optional<std::uint64_t> counter;
    std::size_t frame_bytes = 0;
    Bytes frame; // only from show / for retry
    std::string protocol = "dlms", gateway{}; // only for retry
};

/// A frame as it was accepted.
struct ArchivedFrame {
    MeterId meter;
    std::uint16_t generation = 0;
    std::uint64_t counter = 0;
    std::uint64_t digest = 0;
    Instant received_at{};
    Bytes frame;
};
/// Whose batch committed it to the archive only.
struct DeferredRow : ArchivedFrame {
    BatchNumber batch{};
    bool served = true; // whether the collector knows the meter, so that it can be read
};
/// That no layout explains yet.
struct UndecodedRow : ArchivedFrame {
    std::int64_t id = 0;
};

// ---------------------------------------------------------------- the API's side

/// Finds the model of a meter by name, so that channels have names and kinds; owned by app.
using ModelLookup = std::function<const MeterModel*(std::string_view model)>;

/// Who asks: a token that is valid now. `key` opens row-level security: SHA-256 of the token's text in hex;
/// the database stores only SHA-256 of that.
struct Identity {
    std::string key;
    std::int64_t token_id = 0;
    Role role = Role::household;
    std::string label;
    std::vector<std::string> organisations;
    std::vector<UsagePointId> usage_points;
};

struct UsagePointRow {
    UsagePointId id;
    std::string energy; // "electricity" | "gas"
    std::string zone;   // "Europe/Paris"
    Collection collection = Collection::daily;
    std::string site_name, site_kind, organisation, area;
};

/// What an answer may know: all that is stored (neither set), what was known at an instant, or the batches up to a number
/// that an earlier answer named.
struct AsOf {
    std::optional<Instant> instant{};
    std::optional<BatchNumber> batch{};
    Instant now{}; // of the one who asks: what is later is not known yet
    [[nodiscard]] bool asked() const { return instant || batch; }
};

struct DayRow {
    CivilDay day{};
    engine::DaySummary summary;
};
/// What one amount was counted of: days of which the reads between are missing, or of which only a part was counted.
struct CoveringStretch {
    CivilDay from{}, to{}; // `to` is not included
    std::int64_t amount = 0;
    std::optional<std::int64_t> energy_wh; // of gas, where one coefficient holds on all of these days
    bool complete = false;                 // all that was consumed on these days
    bool operator==(const CoveringStretch&) const = default;
};
/// A day of a register: dm3 of gas, Wh of electricity.
struct RegisterDayRow {
    CivilDay day{};
    std::optional<std::int64_t> amount;                   // nothing: not known of this day alone
    std::optional<std::int64_t> index_start{}, index_end{}; // in the answer's unit and scaler
    Quality quality = Quality::missing;
    std::optional<CoveringStretch> covering{};
    std::optional<std::int64_t> kwh_per_m3_e5{}; // gas
    std::optional<std::int64_t> energy_wh{};     // gas: derived, rounded half up, each day on its own
    bool operator==(const RegisterDayRow&) const = default;
};
struct RegisterDays {
    std::string channel;
    Unit unit = Unit::watt_hour;
    int scaler = 0;       // of the indexes
    Seconds day_start{0}; // after local midnight; a day is named by the date on which it begins
    std::vector<RegisterDayRow> days;
    std::vector<engine::RegisterFault> faults; // of these days
};
struct DailyAnswer {
    UsagePointId usage_point;
    std::string zone;
    std::vector<DayRow> days;         // every civil day asked for, also those without a reading
    std::optional<BatchNumber> as_of; // up to which batch it knows, if that was asked for
    std::optional<RegisterDays> registers{}; // of a register channel: then `days` is empty
};
struct ReadingRow {
    Instant start{};
    std::int64_t value = 0;
    Quality quality = Quality::raw;
    std::optional<std::int64_t> measured{}; // what the meter said, where something else stands in its place
};
struct ReadingsAnswer {
    std::string channel;
    Unit unit = Unit::watt;
    int scaler = 0;
    Seconds step{0}; // 0 for registers: `start` is then the instant of the read
    std::vector<ReadingRow> readings;
    std::optional<BatchNumber> as_of;
};
struct AccessRow {
    std::int64_t id = 0; // newest first; Page::after is the last one shown
    Instant at{};
    std::string role, who, what; // who: label of the token; what: "daily", "readings", ...
    std::optional<CivilDay> from, to;
};
struct ReceptionRow {
    std::string gateway;
    std::optional<int> signal_dbm;
    Instant received_at{};
    int heard_by = 1; // copies of the last frame
};
struct MeterRow {
    MeterId meter;
    std::string address, serial, protocol, model, policy, replay, concentrator, area;
    /// The worst that holds: replay_alarm, key_fault, refused (for another reason), silent, clock_drift, gaps, on_time or
    /// never_seen.
    std::string state;
    std::optional<Instant> last_accepted_at;
    std::string usage_point; // where it is installed now, may be empty
    std::int64_t refused_24h = 0;
    std::optional<ReceptionRow> reception{}; // only of one meter that was asked for, if gateways hear it
    std::optional<Instant> state_since{};    // of a state that is a fault
};
struct OperationsSummary {
    std::vector<std::pair<std::string, std::int64_t>> meters_by_state;
    std::vector<std::pair<std::string, std::int64_t>> refused_by_reason; // kept in quarantine now
    std::int64_t readings_last_minute = 0;
    std::int64_t readings_total = 0;
};

/// kWh per m3 on these gas days, and when we believed it.
struct CoefficientRow {
    std::int64_t id = 0;
    std::optional<CivilDay> from, to; // `to` is not included
    std::int64_t kwh_per_m3_e5 = 0;
    Instant known_from{};
    std::optional<Instant> known_to;
};
/// The last value of a label of a household's dongle, or a half-hour of it. Nothing proves them.
struct LiveRow {
    std::string label;
    Instant at{};           // of the value, or the start of the half-hour
    std::int64_t value = 0; // a half-hour: its mean, rounded half up
    Unit unit = Unit::no_unit;
    int scaler = 0;
    int samples = 1;
};
struct EventFilter {
    std::string kind; // empty: all
    std::optional<MeterId> meter{};
    std::optional<Instant> from{}, to{}; // when it happened; `to` is not included
};
struct EventRow {
    std::int64_t id = 0;
    MeterId meter;
    std::string kind, detail;
    Instant at{}, received_at{};
    std::optional<OwnWords> words{}; // of an alarm that the meter's model lists
};
struct CommandShown {
    std::int64_t id = 0;
    std::string kind, summary, state, result, created_by;
    int attempts = 0;
    Instant created_at{}, expires_at{};
    std::optional<Instant> sent_at, finished_at;
};

// ---------------------------------------------------------------- administration

struct MeterImportRow {
    std::size_t line = 0; // of the CSV, for messages
    std::string system_title, serial, protocol, model, policy, replay;
    std::uint8_t key_id = 0; // KEYSEL of a Wize meter's encryption_key
    Bytes encryption_key, authentication_key; // clear, wiped after wrapping; empty: none given
    std::string usage_point, energy;
    Instant installed_from{};
    Collection collection = Collection::daily;
    std::string concentrator, area;
};
struct ImportSummary {
    std::int64_t meters_new = 0, meters_updated = 0, keys_new = 0, usage_points_new = 0;
};
struct TokenRow {
    std::int64_t id = 0;
    Role role = Role::household;
    std::string label;
    std::vector<std::string> scopes;
    Instant created_at{}, expires_at{};
    std::optional<Instant> revoked_at;
};

} // namespace releve::store
