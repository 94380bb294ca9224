#pragma once
// A row of the table quarantine without its frame, as the API and the command line read it.

#include "session.hpp"

#include <releve/store/records.hpp>

namespace releve::store {

/// Columns in order: id, reason, detail, received_at (epoch), peer, system_title, meter_id, counter, frame_bytes.
inline QuarantineRow read_quarantine(const Row& row)
{
    QuarantineRow refused;
    refused.id = row.integer(0);
    refused.reason = frame_state_from_name(row.text(1)).value_or(FrameState::malformed);
    refused.detail = row.text(2);
    refused.received_at = row.instant(3);
    refused.peer = row.text(4);
    refused.system_title = row.text(5);
    if (!row.null(6))
        refused.meter = MeterId{static_cast<std::int32_t>(row.integer(6))};
    if (!row.null(7))
        refused.counter = static_cast<std::uint64_t>(row.integer(7));
    refused.frame_bytes = static_cast<std::size_t>(row.integer(8));
    return refused;
}

} // namespace releve::store
