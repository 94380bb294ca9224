#pragma once
// A storm over a simulated fleet: what fails when, which meters it hits and what each of them says meanwhile. A pure
// function of the description and the seed, so that what was planted can be held against what a head-end reports. Knows no
// socket and no clock; the loads know nothing of it: what a meter missed tells what it would have measured.

#include <releve/sim/faults.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace releve::sim {

/// Where meters hang: the first so many of the fleet that no row before has taken.
struct PlaceRow {
    std::string area, concentrator;
    std::size_t meters = 0;
};
struct Place {
    std::string area, concentrator; // empty: not in the storm's list
    bool operator==(const Place&) const = default;
};

/// How the meters of a cause are heard again: evenly spread, in an order drawn from the seed.
struct Return {
    Seconds after{0}; // the cause: the first; at least half an hour
    Seconds over{0};  // from the first to the last
    int hole_percent = 0; // of them never send what they missed
};

struct Cause {
    enum class Kind : std::uint8_t {
        area_lost,         // no power: perhaps a last gasp, then nothing; afterwards they say that power is back
        concentrator_down, // nothing is heard of its meters, which know nothing of it
        alarm_flood,       // meters that nothing else befalls report one thing again and again
    };
    Kind kind = Kind::area_lost;
    Instant at{};
    std::string place;              // the area or the concentrator
    int last_gasp_percent = 0;      // area_lost: how probable it is that a meter sends one
    std::optional<Return> back{};   // not of a flood; nothing: they stay away
    std::size_t meters = 0;         // alarm_flood
    MeterAlarm alarm = MeterAlarm::cover_opened;
    std::size_t times = 1;          // alarm_flood: reports of each meter
    Seconds every = slot_length;    // between them, at least half an hour
};
[[nodiscard]] std::string_view cause_name(Cause::Kind kind);

struct Storm {
    std::vector<PlaceRow> places;
    std::vector<Cause> causes;
};

/// What befalls one meter: the earliest cause that reaches it, once.
struct Fate {
    std::optional<std::size_t> cause{}; // in the storm's list; nothing: it passes by
    bool last_gasp = false;
    bool hole = false; // never sends what it missed
    std::optional<Instant> back_at{};
    bool operator==(const Fate&) const = default;
};

struct StormPlan {
    std::vector<Place> places; // by the meter's number, as are the fates
    std::vector<Fate> fates;
};
/// errc::bad_parameter with the place in the description ("/causes/0/place: ...") and the reason: places of more meters
/// than there are, a place that is not listed, numbers out of range, a flood of more meters than are left.
[[nodiscard]] result<StormPlan> plan_storm(const Storm& storm, std::size_t meters, std::uint64_t seed);

/// One thing that a meter sends: a push of its list or an alarm.
struct Act {
    Instant at{}; // when it is sent; of a push that was missed, when the meter is back
    std::optional<std::size_t> push{};
    MeterAlarm alarm{}; // if it is no push
    bool operator==(const Act&) const = default;
};
/// What a meter with this fate sends, in order of time. A push due when the meter is away is sent when it is back, or never.
/// At one instant pushes come before alarms, so that counters only rise.
[[nodiscard]] std::vector<Act> acts_of(const Fate& fate, const Storm& storm, std::span<const Push> pushes);
/// The messages of an act, each due at the act's time.
[[nodiscard]] std::vector<Delivery> deliveries(const Meter& meter, std::size_t meter_number, std::span<const Push> pushes,
                                               const Act& act, const FaultPlan& plan);

/// What a cause comes to by an instant.
struct Planted {
    std::size_t meters = 0;     // hit
    std::size_t last_gasps = 0;
    std::size_t back = 0;       // heard again before `until`
    std::size_t holes = 0;      // of those that are back
    std::size_t late = 0;       // pushes sent after they were due
    std::size_t missing = 0;    // pushes due before `until` and not sent before it
    std::size_t alarms = 0;     // of any kind, last gasps included
    std::optional<Instant> first_back_at{}, last_back_at{};
    bool operator==(const Planted&) const = default;
};
/// One for each cause. All meters have the same pushes.
[[nodiscard]] std::vector<Planted> planted_by(const StormPlan& plan, const Storm& storm, std::span<const Push> pushes,
                                              Instant until = Instant::max());

} // namespace releve::sim
