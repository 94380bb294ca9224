#pragma once
// A virtual Linky: builds the protected DataNotifications of its civil days, half-hours and indexes, and
// checks the confirmations it gets back. Knows no socket and no clock. IEC 62056-5-3 (data-notification,
// security suite 0).

#include <releve/codec/dlms/apdu.hpp>
#include <releve/codec/dlms/security.hpp>
#include <releve/sim/load.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace releve::sim {

/// Who a meter is, where it hangs, and its keys.
struct MeterIdentity {
    SystemTitle system_title{};
    std::string serial;      // 12 digits
    std::string usage_point; // PRM, 14 digits
    crypto::Key128 encryption;
    crypto::Key128 authentication;
};

/// One push. The instant is when the meter would send it.
struct Frame {
    Bytes apdu;
    std::uint32_t invocation_counter = 0;
    std::uint8_t security_control = 0x30;
    dlms::LongInvokeId invoke_id;
    Bytes date_time_octets;
};

enum class PushKind : std::uint8_t {
    daily_index,
    half_hour,
    day,       // the half-hours and the indexes
    day_curve, // the half-hours alone; a meter sends one or the other: they share their counters
};

/// What is pushed and when: `at` is the end of what it tells (the midnight after a day, the end of a
/// half-hour, the instant of the indexes).
struct Push {
    PushKind kind = PushKind::day;
    Instant at{};
    bool operator==(const Push&) const = default;
};

/// What a meter reports of itself without being asked: the bits of the alarm register that the model linky describes.
enum class MeterAlarm : std::uint8_t { power_lost, power_restored, cover_opened };
[[nodiscard]] std::string_view alarm_name(MeterAlarm alarm);
[[nodiscard]] std::optional<MeterAlarm> alarm_from_name(std::string_view name);

struct AlarmReport {
    MeterAlarm alarm = MeterAlarm::power_lost;
    Instant at{};
    bool operator==(const AlarmReport&) const = default;
};

/// How one copy of a push deviates from what the meter would honestly send.
struct Deviation {
    std::optional<std::uint8_t> security_control{};
    Seconds clock_drift{0};
    /// Another notification under the same counter: not 0 changes the invoke id, and so the bytes.
    std::uint32_t variant = 0;
    const MeterIdentity* identity = nullptr; // whose title and keys protect it instead of the meter's own
};

class Meter {
public:
    struct Options {
        std::uint8_t security_control = 0x30;
        std::uint32_t counter_start = 0; // added to every counter
        bool confirmed = true;           // asks for a confirmation
    };
    /// `zone` must outlive the meter.
    Meter(MeterIdentity identity, Load load, const Zone& zone, Options options);

    [[nodiscard]] const MeterIdentity& identity() const { return identity_; }
    [[nodiscard]] const Load& load() const { return load_; }
    [[nodiscard]] const Zone& zone() const { return *zone_; }
    [[nodiscard]] const Options& options() const { return options_; }

    /// Whether there is something to say: at least one half-hour, and the indexes where they belong to it.
    /// Nothing before 2000, where counters begin.
    [[nodiscard]] bool has(const Push& push) const;
    /// The protected APDU; `has(push)` must hold. The counter is a function of the push, so that a repeated
    /// run repeats the bytes (which are duplicates) and a later one goes on.
    [[nodiscard]] Frame build(const Push& push) const;
    [[nodiscard]] Frame build(const Push& push, const Deviation& deviation) const;
    [[nodiscard]] std::uint32_t counter_of(const Push& push) const;
    /// The protected EventNotification, which nobody confirms. Its counter is a function of the half-hour in which it falls
    /// and lies above those of all pushes up to then: one alarm in a half-hour, no more.
    [[nodiscard]] Frame build(const AlarmReport& report) const;
    [[nodiscard]] std::uint32_t counter_of(const AlarmReport& report) const;
    /// What `build` protects: the encoded DataNotification.
    [[nodiscard]] Bytes notification(const Push& push) const;

    /// Verifies a DataNotification-Confirm against the frame it should answer: protected as that was, under
    /// another system title and the frame's counter, with its invoke id and date-time. errc::bad_tag,
    /// errc::wrong_key, errc::policy, errc::bad_value (names what differs), or what decoding says.
    [[nodiscard]] result<void> check_confirm(const Frame& sent, ByteView apdu) const;

private:
    [[nodiscard]] dlms::Data body(const Push& push, Seconds clock_drift) const;

    MeterIdentity identity_;
    Load load_;
    const Zone* zone_;
    Options options_;
};

/// The half-hours that begin within [from, to).
[[nodiscard]] std::vector<Instant> half_hours(Instant from, Instant to);

} // namespace releve::sim
