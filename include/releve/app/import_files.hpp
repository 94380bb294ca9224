#pragma once
// Files of readings that a customer or a town gets from a network operator, read into one form: Enedis' customer exports
// (load curve, indexes), R63 (CSV), R64 (JSON), R151 and R15 (XML), and GRDF's consumption (JSON). A line that is not right
// is a problem with its place and reason; the good ones are kept. Knows no database.

#include <releve/core/error.hpp>
#include <releve/core/ids.hpp>
#include <releve/core/quantity.hpp>
#include <releve/core/time.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace releve::app {

inline constexpr std::size_t import_bytes_max = 64U << 20U; // of one file
inline constexpr std::size_t import_problems_max = 1'000;   // the first ones; more are counted

/// What a file is, found out from its content.
enum class ImportFormat : std::uint8_t { enedis_curve, enedis_index, r63, r64, r151, r15, grdf };
[[nodiscard]] std::string_view import_format_name(ImportFormat format); // "enedis_curve", ...

struct ImportProblem {
    std::size_t line = 0; // from 1; of XML and JSON: the line where the element begins, or 0
    std::string field;    // as the file names it: "Valeur"; may be empty
    std::string reason;

    bool operator==(const ImportProblem&) const = default;
};

/// Mean power over [start, start + step), on a mark of its step in UTC.
struct ImportedInterval {
    std::string usage_point;
    bool injected = false; // fed into the grid
    Instant start{};
    Seconds step{0};
    std::int64_t power_w = 0;
    /// estimated_linear where the file says that the operator estimated it, edited where it says corrected, questionable where
    /// it doubts the value or says something that is not known.
    Quality quality = Quality::raw;

    bool operator==(const ImportedInterval&) const = default;
};

/// An index at an instant.
struct ImportedRead {
    std::string usage_point;
    bool injected = false;
    /// As the models' channels are named after "active_energy_import_": "total", "supplier_1" to "supplier_10",
    /// "distributor_1" to "distributor_4".
    std::string register_name;
    Instant at{};
    std::int64_t value_wh = 0;
    /// 1,000 where the file gives whole kWh, which are rounded down: no other than an index in Wh of the same instant.
    std::int64_t resolution_wh = 1;
    Quality quality = Quality::raw;
    std::string serial;                // of the meter, where the file says it
    bool passed_zero = false;          // since the read before, where the file says it
    std::int64_t rolls_over_at_wh = 0; // where the file says how many digits are shown; 0: it does not

    bool operator==(const ImportedRead&) const = default;
};

/// Gas of some gas days as the operator published it (for bills) or informs of it (never for bills).
struct ImportedGas {
    std::string usage_point;
    CivilDay from{}, to{}; // gas days; `to` is not included
    /// What is published has both, and the coefficient; what is informative often lacks one.
    std::optional<std::int64_t> index_from_m3{}, index_to_m3{};
    std::int64_t kwh_per_m3_e5 = 0; // 0: the file has none
    /// Rounded half up to whole ones; GRDF's energy is of a finer volume than the one that it shows.
    std::optional<std::int64_t> volume_m3{};
    std::optional<std::int64_t> energy_kwh{}; // none where the operator has no figure
    bool published = false;                   // only then for bills
    bool passed_zero = false;                 // the index is lower at the end
    Quality quality = Quality::raw;
    bool provisional = false;

    bool operator==(const ImportedGas&) const = default;
};

/// Flow files are numbered; a hole in the numbers is a file that did not come. The number stands in the file's name only, as
/// five digits: "ERDF_R151_<recipient>_<contract>_<subscription>_00042_Q_00001_00001_<time>" (number, rhythm, part, parts), or
/// before the time at the end, as in "ENEDIS_R63_P_CdC_<request>_00001_<time>".
struct FlowNumber {
    std::string flow;   // "R151"
    std::string series; // what is numbered together: all that stands between the flow and the number; may be empty
    std::int64_t number = 0;

    bool operator==(const FlowNumber&) const = default;
};
/// As above, of a path or a name; none where the name has another form.
[[nodiscard]] std::optional<FlowNumber> flow_number(std::string_view file_name, std::string_view flow);

struct ImportedFile {
    ImportFormat format{};
    /// In the order of the file, what is written twice only once. Of two values that exclude each other the first is kept and
    /// the other is a problem.
    std::vector<ImportedInterval> intervals;
    std::vector<ImportedRead> reads;
    std::vector<ImportedGas> gas;
    std::size_t empty_values = 0;        // lines without a value: holes that the operator shows
    std::vector<ImportProblem> problems; // in the order of the file
    std::size_t more_problems = 0; // beyond import_problems_max
    std::optional<FlowNumber> number{};
};

struct ImportOptions {
    std::string file_name;
    /// In place of one that was masked: customer exports are sent around with it as "1429xxxxxxxxxx" or as zeros. Where the file
    /// names another, it is refused. Empty: the file's own.
    std::string usage_point;
};

/// UTF-8 or Windows-1252. errc::bad_csv: no format that is known, or nothing of the file can be read (its header is wrong, the XML
/// or JSON is broken), naming what is missing, or the file names another usage point than the options; errc::too_large.
[[nodiscard]] result<ImportedFile> parse_import(std::string_view bytes, const ImportOptions& options);

/// For a demo: moves all that the file says by whole weeks, so that prices exist for its days. Intervals keep their order and number
/// (a week later in UTC: by the civil clock an hour off while one of the days has summer time and the other not), indexes and gas
/// days their civil time. What is to be said of each usage point: "curve of 2013, played as 2025".
[[nodiscard]] std::map<std::string, std::string> play_later(ImportedFile& file, int weeks, const Zone& zone);

inline constexpr std::size_t missing_numbers_max = 10'000; // the first ones

/// Numbers between the lowest and the highest that were seen, and not among them; in rising order.
[[nodiscard]] std::vector<std::int64_t> missing_numbers(std::vector<std::int64_t> seen);

} // namespace releve::app
