#pragma once
// The parts of `releve demo`: its homes, the comparison with the customer export, the loopback HTTP client,
// and the certificates it makes for itself. command_demo.cpp puts them together around app::Server.

#include <releve/app/demo_certificates.hpp>
#include <releve/app/fleet_import.hpp>
#include <releve/app/uplink_client.hpp>
#include <releve/store/admin_store.hpp>
#include <releve/store/billing_records.hpp>

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
/// The Linky home's, as its meter is programmed: regulated Tempo, 9 kVA.
[[nodiscard]] std::vector<store::ContractRow> demo_contracts(const DemoHomes& demo);
/// What its electricity cost on the days of its indexes, under its contract and under two others, as lines of text.
[[nodiscard]] result<std::string> demo_bills(const store::DatabaseAddress& database, const store::ModelLookup& models, const DemoHomes& demo);
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

/// What the ledger found that does not add up.
struct DemoLedger {
    std::size_t differences = 0;
    std::string text; // for people: how many meters, and the first differences
};
/// `breaches_json`: the body of GET /api/v1/breaches after a ledger of so many meters. errc::bad_value when it is no such answer.
[[nodiscard]] result<DemoLedger> demo_ledger(std::string_view breaches_json, std::int64_t meters);

/// GET over plain HTTP on loopback; the body of a 200. errc::unavailable otherwise (names the status).
[[nodiscard]] result<std::string> get_loopback(std::uint16_t port, const std::string& target,
                                               const std::string& token);

// ---------------------------------------------------------------- gas, in demo_gas.cpp

inline constexpr const char* demo_gateway = "demo-gateway";
inline constexpr const char* demo_gas_point = "09000000002024"; // made up

/// One gas day of data/demo.
struct DemoGasDay {
    CivilDay day{};
    std::int64_t index_start_dm3 = 0, index_end_dm3 = 0;
    std::int64_t kwh_per_m3_e5 = 0;
    [[nodiscard]] std::int64_t volume_dm3() const { return index_end_dm3 - index_start_dm3; }
    [[nodiscard]] std::int64_t energy_wh() const; // rounded half up
    bool operator==(const DemoGasDay&) const = default;
};
/// By day, without a hole. errc::not_found_file, errc::bad_csv.
[[nodiscard]] result<std::vector<DemoGasDay>> load_demo_gas(const std::filesystem::path& folder);
/// The gateway, its radio network, the meter with its key, and the coefficients; what is there already stays.
[[nodiscard]] result<void> register_demo_gas(store::AdminStore& admin, const crypto::Key256& master,
                                             const std::string& organisation, const std::vector<DemoGasDay>& days, Instant now);
/// One Wize frame each morning at 06:00 with the index, as the gateway hands them over. `counter_start` as for
/// load_demo_homes. errc::bad_model.
[[nodiscard]] result<std::vector<net::UplinkBatch>> demo_gas_batches(const std::vector<DemoGasDay>& days,
                                                                     std::uint32_t counter_start);
/// Over TLS with the gateway's certificate.
[[nodiscard]] result<UplinkClientReport> send_demo_gas(std::vector<net::UplinkBatch> batches, std::uint16_t port,
                                                       const ClientTls& tls);
/// Of which volume or energy in the body of GET .../daily are not exactly those. errc::bad_value when it is no such answer.
[[nodiscard]] result<std::vector<DemoGasDay>> differing_gas_days(std::string_view daily_json,
                                                                 const std::vector<DemoGasDay>& days);
/// The first `days` that both have, side by side in kWh.
[[nodiscard]] std::string demo_both_table(const std::vector<DemoDay>& electricity, const std::vector<DemoGasDay>& gas,
                                          std::size_t days);

} // namespace releve::app
