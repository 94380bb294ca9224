#include <releve/core/obis.hpp>

#include <charconv>

namespace releve {

std::string to_string(const Obis& obis)
{
    std::string text;
    for (std::uint8_t group : obis.groups) {
        if (!text.empty())
            text.push_back('.');
        text.append(std::to_string(group));
    }
    return text;
}

result<Obis> parse_obis(std::string_view text)
{
    Obis obis;
    const char* at = text.data();
    const char* const end = text.data() + text.size();
    for (std::size_t i = 0; i < 6; ++i) {
        const auto [next, error] = std::from_chars(at, end, obis.groups[i]);
        const bool separated = i == 5 ? next == end : next != end && *next == '.';
        if (error != std::errc{} || !separated)
            return fail(errc::bad_value, "'" + std::string{text.substr(0, 40)} + "' is not an OBIS code like 1.1.1.8.0.255");
        at = next + 1;
    }
    return obis;
}

result<Obis> obis_from_bytes(ByteView bytes)
{
    if (bytes.size() != 6)
        return fail(errc::bad_length, "an OBIS code has 6 bytes");
    Obis obis;
    for (std::size_t i = 0; i < 6; ++i)
        obis.groups[i] = std::to_integer<std::uint8_t>(bytes[i]);
    return obis;
}

std::array<std::byte, 6> to_bytes(const Obis& obis)
{
    std::array<std::byte, 6> bytes;
    for (std::size_t i = 0; i < 6; ++i)
        bytes[i] = static_cast<std::byte>(obis.groups[i]);
    return bytes;
}

} // namespace releve
