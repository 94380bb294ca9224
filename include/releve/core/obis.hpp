#pragma once
// OBIS codes (IEC 62056-6-1): six value groups A-B:C.D.E*F, written here "A.B.C.D.E.F".

#include <releve/core/bytes.hpp>

#include <array>
#include <compare>
#include <string>
#include <string_view>

namespace releve {

struct Obis {
    std::array<std::uint8_t, 6> groups{};
    auto operator<=>(const Obis&) const = default;
};

[[nodiscard]] std::string to_string(const Obis& obis);
/// Six dot-separated numbers 0-255. errc::bad_value.
[[nodiscard]] result<Obis> parse_obis(std::string_view text);
/// Exactly six bytes. errc::bad_length.
[[nodiscard]] result<Obis> obis_from_bytes(ByteView bytes);
[[nodiscard]] std::array<std::byte, 6> to_bytes(const Obis& obis);

} // namespace releve
