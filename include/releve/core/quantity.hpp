#pragma once
// Units, reading quality and frame states: the tables of proto/*.def as enumerations with their rows.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace releve {

/// DLMS unit code (IEC 62056-6-2).
enum class Unit : std::uint8_t {
#define RELEVE_UNIT(code, name, symbol) name = code,
#include "units.def"
};
[[nodiscard]] std::string_view unit_symbol(Unit unit);
[[nodiscard]] std::optional<Unit> unit_from_symbol(std::string_view symbol);
[[nodiscard]] std::optional<Unit> unit_from_code(std::uint8_t code);

/// Words in both languages that people read.
struct Words {
    std::string_view label_en, label_fr, plain_en, plain_fr;
};

/// The numbers are stored and say nothing of better or worse: see worse().
enum class Quality : std::uint8_t {
#define RELEVE_QUALITY(number, name, ...) name = number,
#include "quality.def"
};
struct QualityRow {
    Quality quality;
    std::string_view name;
    int espi;
    Words words;
};
/// From best to worst.
[[nodiscard]] std::span<const QualityRow> quality_rows();
[[nodiscard]] std::string_view quality_name(Quality quality);
/// Greatest number that a slot of a stored block can have: incomplete, missing and verified are said of what is read.
inline constexpr std::uint8_t stored_quality_max = 7;
namespace detail {
inline constexpr auto quality_ranks = [] {
    std::array<std::uint8_t, 256> ranks{};
    std::uint8_t rank = 0;
#define RELEVE_QUALITY(number, ...) ranks[number] = rank++;
#include "quality.def"
    return ranks;
}();
} // namespace detail
/// 0 for the best.
[[nodiscard]] constexpr int quality_rank(Quality quality) { return detail::quality_ranks[static_cast<std::uint8_t>(quality)]; }
[[nodiscard]] constexpr Quality worse(Quality a, Quality b) { return quality_rank(a) < quality_rank(b) ? b : a; }

/// What became of a received frame.
enum class FrameState : std::uint8_t {
#define RELEVE_FRAME_STATE(name, ...) name,
#include "frame_states.def"
};
struct FrameStateRow {
    FrameState state;
    std::string_view name;
    bool kept; // in quarantine
    Words words;
};
[[nodiscard]] std::span<const FrameStateRow> frame_state_rows();
[[nodiscard]] const FrameStateRow& frame_state_row(FrameState state);
[[nodiscard]] inline std::string_view frame_state_name(FrameState s) { return frame_state_row(s).name; }
[[nodiscard]] std::optional<FrameState> frame_state_from_name(std::string_view name);

} // namespace releve
