#pragma once
// The rows under which a simulated fleet is registered: for `releve meter import` as a file, for the demo as
// values.

#include <releve/sim/fleet.hpp>
#include <releve/store/records.hpp>

#include <string>

namespace releve::app {

struct ImportChoices {
    std::string replay = "window"; // or strict
    store::Collection collection = store::Collection::half_hour;
    Instant installed_from{};
    std::string concentrator, area;
};
[[nodiscard]] store::MeterImportRow import_row(const sim::Meter& meter, const ImportChoices& choices);
/// With the header `system_title,serial,...`. Holds keys.
[[nodiscard]] std::string import_csv(std::span<const store::MeterImportRow> rows);

} // namespace releve::app
