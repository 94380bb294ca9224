#pragma once
// Strong identifiers. None of them is a number one calculates with.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace releve {

struct MeterId {
    std::int32_t value = 0;
    auto operator<=>(const MeterId&) const = default;
};

/// Number of a channel within its meter, given by the meter model's file.
struct ChannelId {
    std::int16_t value = 0;
    auto operator<=>(const ChannelId&) const = default;
};

/// PRM (14 digits), PCE (14 digits, or "GI" + 6 digits).
struct UsagePointId {
    std::string value;
    auto operator<=>(const UsagePointId&) const = default;
};

/// A committed or attempted transaction of readings.
struct BatchNumber {
    std::int64_t value = 0;
    auto operator<=>(const BatchNumber&) const = default;
};

/// DLMS system title: 3 ASCII letters of the manufacturer, 5 bytes (IEC 62056-5-3).
using SystemTitle = std::array<std::byte, 8>;
/// What names a device to the collector: a DLMS system title; M and A of a Wize frame as sent (EN 13757-4); for a TIC
/// dongle 00 00 and the twelve digits of the meter's address, two to an octet.
using DeviceAddress = SystemTitle;

struct CommandId {
    std::int64_t value = 0;
    auto operator<=>(const CommandId&) const = default;
};

} // namespace releve

template <>
struct std::hash<releve::MeterId> {
    std::size_t operator()(releve::MeterId id) const noexcept { return std::hash<std::int32_t>{}(id.value); }
};
