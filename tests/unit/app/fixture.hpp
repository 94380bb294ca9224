#pragma once
// A simulated home as the collector sees it.

#include <releve/app/judge.hpp>
#include <releve/sim/fleet.hpp>

namespace releve::app::testing_fixture {

inline CivilDay first_day()
{
    return parse_day("2024-01-10").value();
}

struct Home {
    explicit Home(std::uint32_t number = 0)
        : models(ModelRegistry::load({}).value()),
          meter(sim::make_identity(1, number), sim::GeneratedLoad{number + 1, paris()}, paris(), {})
    {
        const sim::MeterIdentity& identity = meter.identity();
        device.meter = MeterId{static_cast<std::int32_t>(number + 1)};
        device.title = identity.system_title;
        device.serial = identity.serial;
        device.model = models.find("linky");
        device.keys.push_back({.generation = 1, .keys = {identity.encryption, identity.authentication}});
        device.installations.push_back({.usage_point = UsagePointId{identity.usage_point},
                                        .validity = {.from = paris().start_of(first_day()), .to = std::nullopt},
                                        .collection = store::Collection::half_hour});
        rules.acknowledgement_title = parse_system_title("524c560000000001").value();
        rules.zone = &paris();
    }

    /// The whole of civil day `n` after the first, pushed at its end.
    sim::Push push(int n) const
    {
        return {sim::PushKind::day, paris().start_of(first_day() + std::chrono::days{n + 1})};
    }
    sim::Frame day_frame(int n) const { return meter.build(push(n)); }
    net::InboundFrame inbound(Bytes apdu) const
    {
        net::InboundFrame frame;
        frame.apdu = std::move(apdu);
        frame.source_wport = frame.destination_wport = 1;
        frame.received_at = received_at;
        frame.peer = std::make_shared<const std::string>("127.0.0.1");
        return frame;
    }

    ModelRegistry models;
    sim::Meter meter;
    Device device;
    JudgeRules rules;
    Instant received_at = parse_instant("2024-06-01T00:00:00Z").value();
};

} // namespace releve::app::testing_fixture
