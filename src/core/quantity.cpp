#include <releve/core/error.hpp>
#include <releve/core/quantity.hpp>

namespace releve {

namespace {
struct UnitRow {
    Unit unit;
    std::string_view symbol;
};
constexpr UnitRow units[] = {
#define RELEVE_UNIT(code, name, symbol) {Unit::name, symbol},
#include "units.def"
};
constexpr QualityRow qualities[] = {
#define RELEVE_QUALITY(number, name, espi, ...) {Quality::name, #name, espi, {__VA_ARGS__}},
#include "quality.def"
};
constexpr FrameStateRow states[] = {
#define RELEVE_FRAME_STATE(name, kept, ...) {FrameState::name, #name, kept != 0, {__VA_ARGS__}},
#include "frame_states.def"
};
} // namespace

std::string_view unit_symbol(Unit unit)
{
    for (const UnitRow& row : units)
        if (row.unit == unit)
            return row.symbol;
    RELEVE_ASSERT(!"every unit has a row");
    return {};
}

std::optional<Unit> unit_from_symbol(std::string_view symbol)
{
    for (const UnitRow& row : units)
        if (row.symbol == symbol)
            return row.unit;
    return std::nullopt;
}

std::optional<Unit> unit_from_code(std::uint8_t code)
{
    for (const UnitRow& row : units)
        if (static_cast<std::uint8_t>(row.unit) == code)
            return row.unit;
    return std::nullopt;
}

std::span<const QualityRow> quality_rows()
{
    return qualities;
}

std::string_view quality_name(Quality quality)
{
    return qualities[quality_rank(quality)].name;
}

std::span<const FrameStateRow> frame_state_rows()
{
    return states;
}

const FrameStateRow& frame_state_row(FrameState state)
{
    return states[static_cast<std::size_t>(state)];
}

std::optional<FrameState> frame_state_from_name(std::string_view name)
{
    for (const FrameStateRow& row : states)
        if (row.name == name)
            return row.state;
    return std::nullopt;
}

} // namespace releve
