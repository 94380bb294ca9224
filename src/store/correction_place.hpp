#pragma once
// Where a correction that somebody asks for belongs: which meter, channel, day and slots.

#include "api_impl.hpp"

namespace releve::store {

struct LocatedCorrection {
    MeterId meter;
    ChannelId channel;
    CivilDay day{};
    std::vector<std::int64_t> slots; // one behind the other
};

/// errc::daily_only for a home that keeps no intervals; errc::bad_parameter names the field.
[[nodiscard]] result<LocatedCorrection> locate_correction(const SeenUsagePoint& point, const CorrectionAsked& asked);

} // namespace releve::store
