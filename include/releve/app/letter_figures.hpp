#pragma once
// What a letter says beside its bill, from the readings and the contract that the bill rests on. Pure.

#include <releve/app/letter.hpp>

namespace releve::app {

/// The least mean power of any slot that lies between 2:00 and 5:00, in W, rounded down. Nothing where fewer than 20 nights
/// of the span were read as a whole: what was never seen is not called "never".
[[nodiscard]] std::optional<std::int64_t> night_least_w(const engine::BillFacts& facts, engine::CivilSpan span, const Zone& zone);

/// From the bill's lines. Nothing without classes that go by the usage point's own off-peak hours, or where those hours are
/// not known on the bill's last day.
[[nodiscard]] std::optional<PeakUse> peak_use(const engine::Bill& bill, const engine::BillFacts& facts, const engine::TariffBook& book);

} // namespace releve::app
