#pragma once
// What the sources that look for faults of a meter model share. Private to them.

#include <releve/core/meter_model.hpp>

#include <optional>
#include <string>

namespace releve {

using Fault = std::optional<ModelFault>;

/// A label or plain text that is missing in one language.
[[nodiscard]] Fault words_fault(const OwnWords& words, const std::string& where);
/// wize_model.cpp: of the layouts of a model of the protocol wize.
[[nodiscard]] Fault wize_layouts_fault(const MeterModel& model);

} // namespace releve
