#pragma once
// The total of a channel's day as people see it, and a month of them as it is stored: one small value a channel and month,
// so that years of totals are read without their half-hours. Pure.

#include <releve/core/bytes.hpp>
#include <releve/core/meter_model.hpp>
#include <releve/core/overlay.hpp>
#include <releve/engine/totals.hpp>

#include <optional>
#include <span>
#include <vector>

namespace releve::engine {

/// Energy in Wh as summarise() rounds it: once a day, half away from zero; estimates and edits count as what they say.
/// Quality: the worst of the slots that are there, `incomplete` if some are missing, `missing` if all are.
/// errc::bad_value if the energy would not fit 64 bits.
[[nodiscard]] result<DayTotal> day_total(std::span<const ResolvedSlot> slots, Seconds step, CivilDay day,
                                         const ChannelModel& channel);

/// `days`: of the month that begins with `month`, by day, each at most once; any of them may be absent. Every month has
/// exactly one encoding. errc::bad_block: `month` is no first of a month, a day is of another month or out of order, or
/// has not 1 to 300 slots, or more missing and estimated ones than slots.
[[nodiscard]] result<Bytes> encode_month(std::span<const DayTotal> days, CivilDay month);
/// errc::bad_block for whatever encoding does not give.
[[nodiscard]] result<std::vector<DayTotal>> decode_month(ByteView bytes, CivilDay month);
/// The month's total of this day; nothing where none is stored. What follows the day is not looked at. errc::bad_block:
/// `day` is of another month, or what stands up to it cannot be read.
[[nodiscard]] result<std::optional<DayTotal>> find_day_total(ByteView bytes, CivilDay month, CivilDay day);

} // namespace releve::engine
