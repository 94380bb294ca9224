#pragma once
// What the sources that look for faults of a meter model share. Private to them.

#include <releve/core/meter_model.hpp>

#include <optional>
#include <string>

namespace releve {

using Fault = std::optional<ModelFault>;

/// A label or plain text that is missing in one language.
[[nodiscard]] Fault words_fault(const OwnWords& words, const std::string& where);
/// event_model.cpp: an alarm without a name or words, or two of one number or name. `list` is where they stand, `number`
/// the member that holds the number.
[[nodiscard]] Fault alarm_list_fault(const std::vector<AlarmModel>& alarms, const std::string& list, const std::string& number);
/// event_model.cpp.
[[nodiscard]] Fault events_fault(const MeterModel& model);
/// wize_model.cpp: of the layouts of a model of the protocol wize.
[[nodiscard]] Fault wize_layouts_fault(const MeterModel& model);

} // namespace releve
