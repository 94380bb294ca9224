#pragma once
// One connection of a gateway: picks the form by the first octet, hands frames over as the sink takes them, and writes
// answers as they come. Lives on one thread. Private to src/net.

#include "uplink_turns.hpp"

#include <releve/net/session.hpp>

namespace releve::net {

/// What all connections of an uplink share; outlives them.
struct UplinkShared {
    UplinkLimits limits;
    std::function<std::unique_ptr<UplinkForm>()> make_text_form;
    UplinkLedger& ledger;
    UplinkCounters& counters;
    std::shared_ptr<UplinkTurns> turns;
};

[[nodiscard]] std::shared_ptr<Session> make_uplink_session(boost::asio::ip::tcp::socket socket, SessionSetup setup,
                                                           std::shared_ptr<const UplinkShared> shared);

} // namespace releve::net
