#pragma once
// Batches to speak of.

#include <releve/net/uplink.hpp>

namespace releve::net::test {

inline constexpr InstantMs some_morning{std::chrono::milliseconds{1'769'839'205'250}}; // 2026-01-31T06:00:05.250Z

inline Bytes bytes_of(std::string_view hex)
{
    return from_hex(hex).value();
}

/// One frame of each kind, with everything that can be told of it.
inline UplinkBatch some_batch(std::uint64_t sequence)
{
    return {.gateway = {},
            .sequence = sequence,
            .frames = {{.kind = FrameKind::dlms,
                        .frame = bytes_of("0f00000001"),
                        .received_at = some_morning,
                        .signal_dbm = 0,
                        .source_wport = 102,
                        .destination_wport = 0},
                       {.kind = FrameKind::wize,
                        .frame = bytes_of("1a44"),
                        .received_at = some_morning + std::chrono::milliseconds{1},
                        .signal_dbm = -93},
                       {.kind = FrameKind::tic,
                        .frame = bytes_of("0203"),
                        .received_at = InstantMs{},
                        .signal_dbm = -200}}};
}

} // namespace releve::net::test
