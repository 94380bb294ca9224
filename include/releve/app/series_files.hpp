#pragma once
// Curves and indexes from CSV files, for the simulator and the demo. Errors name file, line and column
// (errc::bad_csv). An empty cell is a missing reading, never a zero.

#include <releve/sim/load.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace releve::app {

/// errc::not_found_file.
[[nodiscard]] result<std::string> read_text_file(const std::filesystem::path& path);

/// Columns `start_utc` (RFC 3339, on a half-hour) and `power_w` (whole W); others are ignored. Rows in order
/// of time; half-hours left out are missing.
[[nodiscard]] result<sim::Curve> parse_curve(std::string_view csv, const std::string& file_name);

/// Columns `day` and `total_wh`, perhaps `supplier_1_wh`..`supplier_10_wh` and
/// `distributor_1_wh`..`distributor_4_wh`. Also the daily index export of Enedis' customer area as it is
/// (`Horodate;...;EAS F1;...;EAS T`, UTF-8): its rows hold at the local midnight that begins the date they
/// name.
[[nodiscard]] result<std::vector<sim::IndexRead>> parse_indexes(std::string_view csv,
                                                                const std::string& file_name);

struct NamedCurve {
    std::string name;
    sim::Curve curve;
};
/// Column `start_utc`, then one column a home with whole Wh per half-hour.
[[nodiscard]] result<std::vector<NamedCurve>> parse_energy_table(std::string_view csv,
                                                                 const std::string& file_name);

} // namespace releve::app
