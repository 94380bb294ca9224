#pragma once
// From the rows of an operator's file to days as they are stored, by usage point: what the collector carries out. Pure.

#include <releve/app/import_files.hpp>
#include <releve/core/meter_model.hpp>
#include <releve/store/import_store.hpp>

#include <map>

namespace releve::app {

struct StageContext {
    const MeterModel& electricity; // the models of imported readings
    const MeterModel& gas;
    const Zone& zone;
    Instant now{};
    bool proven = true; // false: a household's: nothing of it is told to bills
};
struct StagedFile {
    store::StagedImport import; // without name, sum and options of the file
    std::vector<ImportProblem> problems; // of usage points, and of values that cannot be kept; no line of the file is to blame
};

inline constexpr std::string_view imported_model = "imported", imported_gas_model = "imported-gas";

/// Each once, in order.
[[nodiscard]] std::vector<std::string> usage_points_of(const ImportedFile& file);

/// `points`: those that exist. Each value stands in the channel of its step. Half-hours of a home with daily totals are refused
/// and not staged, and of its indexes only the first of each day is; what lies more than a day ahead is refused.
[[nodiscard]] StagedFile stage_import(const ImportedFile& file, const std::map<std::string, store::ImportPoint>& points,
                                      const StageContext& context);

} // namespace releve::app
