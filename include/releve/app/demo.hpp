#pragma once
// The parts of `releve demo`: its homes, the comparison with the customer export, the loopback HTTP client,
// and the certificate it makes for itself. command_demo.cpp puts them together around app::Server.

#include <releve/app/fleet_import.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace releve::app {

/// One home of data/demo as a virtual meter, with the pushes it has something to say in.
struct DemoHome {
    sim::Meter meter;
    std::vector<sim::Push> pushes;
    store::MeterImportRow import;
    bool opted_in = false; // half-hours may be kept
};
struct DemoHomes {
    std::vector<DemoHome> homes; // the Linky home first
    std::vector<sim::IndexRead> linky_indexes;
};
/// errc::not_found_file, errc::bad_csv. `counter_start`: greater than that of any earlier run on the same
/// database.
[[nodiscard]] result<DemoHomes> load_demo_homes(const std::filesystem::path& folder,
                                                std::uint32_t counter_start);
/// Next to the working directory, the binary, or in the system's share folder. errc::not_found_file.
[[nodiscard]] result<std::filesystem::path> find_demo_data(const std::filesystem::path& given);

/// One local day: what the product's API says and what the customer export's indexes differ by.
struct DemoDay {
    std::string date;
    std::int64_t energy_wh = 0, index_difference_wh = 0;
    int slots = 0, missing = 0;
    bool found = false; // the API's answer has this day
    [[nodiscard]] bool equal() const { return found && missing == 0 && energy_wh == index_difference_wh; }
    bool operator==(const DemoDay&) const = default;
};
/// `daily_json`: the body of GET .../daily. errc::bad_value when it is not such an answer.
[[nodiscard]] result<std::vector<DemoDay>> compare_days(std::string_view daily_json,
                                                        const std::vector<sim::IndexRead>& indexes);
/// The first days, those around `middle` and the last ones; "..." for what is left out.
[[nodiscard]] std::string demo_table(const std::vector<DemoDay>& days, const std::string& middle);
/// Empty if all is equal; else the first few days that are not, one a line.
[[nodiscard]] std::string demo_differences(const std::vector<DemoDay>& days);

/// GET over plain HTTP on loopback; the body of a 200. errc::unavailable otherwise (names the status).
[[nodiscard]] result<std::string> get_loopback(std::uint16_t port, const std::string& target,
                                               const std::string& token);

/// A self-signed EC P-256 certificate for 127.0.0.1 and localhost, valid for 30 days; the key with mode 0600.
[[nodiscard]] result<void> make_demo_certificate(const std::filesystem::path& certificate,
                                                 const std::filesystem::path& private_key);

} // namespace releve::app
