#pragma once
// A virtual Gazpar-style meter: sends its index and hours in Relevé's own layout (docs/WIZE.md) as DATA
// frames, and answers COMMANDs. Knows no radio and no clock; what it sends is up to a gateway to hand over.

#include <releve/codec/wize/admin.hpp>
#include <releve/codec/wize/frame.hpp>

#include <map>
#include <optional>
#include <vector>

namespace releve::sim {

struct WizeIdentity {
    DeviceAddress address{};
    std::map<std::uint8_t, crypto::Key128> kencs; // by KEYSEL; 15 is Kchg
    wize::NetworkKey network;
};

/// What a meter tells in one DATA frame.
struct GasReport {
    Instant at{}; // of the index: a whole hour
    std::int64_t index_dm3 = 0;
    std::vector<std::optional<std::uint16_t>> hours_dm3; // oldest first, the last ends at `at`
    std::uint16_t alarms = 0;
};

class WizeMeter {
public:
    struct Options {
        std::uint8_t ci = wize::ci_wize;
        std::uint8_t keysel = 1;
        std::uint8_t app = 0x20;
        std::uint16_t counter = 0; // of the first frame; goes on from 65535 with 0
        ClockBase clock_base = ClockBase::unix_epoch;
        Seconds clock_error{0}; // how far ahead its clock is
        bool priority = false;  // sends DATA_PRIO
    };
    /// KEYSEL must be one of the identity's keys, or 0.
    WizeMeter(WizeIdentity identity, Options options);

    [[nodiscard]] const WizeIdentity& identity() const { return identity_; }
    [[nodiscard]] const Options& options() const { return options_; }

    /// The next DATA frame, sent at `now`.
    [[nodiscard]] Bytes report(const GasReport& report, Instant now);
    /// The next INSTPING frame, in clear.
    [[nodiscard]] Bytes ping(Instant now);

    /// What it sends back when it hears a frame: the RESPONSE to a COMMAND that is for it and authentic,
    /// nothing otherwise. A counter that it has just answered gets the same RESPONSE again, and nothing is
    /// done twice. A written clock counts at once.
    [[nodiscard]] std::optional<Bytes> answer(ByteView command_frame, Instant now);

    /// How many COMMANDs it has carried out.
    [[nodiscard]] std::size_t commands_done() const { return commands_done_; }
    /// A parameter as a READ would tell it; empty if nobody ever wrote it and it is none that the meter
    /// itself knows.
    [[nodiscard]] Bytes parameter(wize::Parameter parameter, Instant now) const;

private:
    [[nodiscard]] const crypto::Key128* kenc(std::uint8_t keysel) const;
    [[nodiscard]] Bytes send(wize::FrameType type, std::uint8_t keysel, std::uint8_t app, std::uint16_t cpt,
                             ByteView l7, Instant now) const;
    [[nodiscard]] wize::AdminResponse carry_out(ByteView l7, std::uint8_t keysel, Instant now);
    void read(const wize::AdminCommand& command, Instant now, wize::AdminResponse& response) const;
    void write(const wize::AdminCommand& command, Instant now, wize::AdminResponse& response);
    [[nodiscard]] bool may_be(const wize::ParameterValue& value) const;
    void set(const wize::ParameterValue& value, Instant now);
    void write_key(const wize::AdminCommand& command, std::uint8_t keysel, wize::AdminResponse& response);

    struct Answered {
        std::uint16_t cpt = 0;
        Bytes frame;
    };
    WizeIdentity identity_;
    Options options_;
    std::map<std::uint8_t, Bytes> written_;
    std::optional<Answered> answered_;
    std::size_t commands_done_ = 0;
};

} // namespace releve::sim
