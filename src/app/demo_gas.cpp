// The gas of `releve demo`: real indexes of a home, sent as Wize frames by a simulated meter through a
// simulated gateway.

#include "csv_records.hpp"

#include <releve/api/listing.hpp>
#include <releve/app/coefficient_csv.hpp>
#include <releve/app/demo.hpp>
#include <releve/app/model_files.hpp>
#include <releve/app/series_files.hpp>
#include <releve/app/uplink_client.hpp>
#include <releve/codec/dlms/security.hpp>
#include <releve/codec/wize/frame.hpp>
#include <releve/codec/wize/message.hpp>
#include <releve/crypto/aes.hpp>
#include <releve/engine/gas.hpp>
#include <releve/sim/random.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <map>

namespace releve::app {

namespace {

using namespace std::chrono_literals;

constexpr const char* file_name = "gas-daily.csv";
constexpr const char* model_name = "releve-gas";
constexpr const char* layout = "day";
constexpr std::uint8_t layout_app = 0x20;
constexpr std::uint8_t network = 7;
constexpr std::uint64_t seed = 0x6761'7a70'6172;
constexpr std::int64_t dm3_per_m3 = 1'000;
constexpr Seconds heard_after{5}; // the day's end
constexpr std::int16_t signal_dbm = -91;
constexpr std::size_t frames_of_a_batch = 16;
constexpr std::size_t hours_of_a_message = 24;
// R, L and V as EN 13757-3 packs them, serial 00002024, a gas meter.
constexpr const char* address_hex = "964924200000"
                                    "0103";

crypto::Key128 key_of(std::uint64_t number)
{
    Writer key;
    key.u64_be(sim::mix(seed, 2 * number)).u64_be(sim::mix(seed, 2 * number + 1));
    return crypto::Key128::from(key.view()).value();
}
crypto::Key128 network_key()
{
    return key_of(0);
}
crypto::Key128 meter_key()
{
    return key_of(1);
}

DeviceAddress address()
{
    const Bytes octets = from_hex(address_hex).value();
    DeviceAddress out{};
    std::ranges::copy(octets, out.begin());
    return out;
}

/// The message of one morning: the index, and no hour, because the source has none.
result<net::UplinkFrame> frame_of(const MeterModel& model, Instant at, std::int64_t index_dm3,
                                  std::uint16_t counter)
{
    PushContent content;
    content.layout = layout;
    content.registers.push_back({model.main_channel()->channel, at, index_dm3});
    RELEVE_TRY(l7, wize::encode_message({model, content, at, hours_of_a_message}));
    const crypto::Key128 key = meter_key();
    const wize::Outgoing out{.c = wize::FrameType::data,
                             .address = address(),
                             .netid = network,
                             .cpt = counter,
                             .app = layout_app,
                             .tstamp = wize::tstamp_at(at, model.wize.clock_base),
                             .l7 = l7};
    return net::UplinkFrame{.kind = net::FrameKind::wize,
                            .frame = wize::encode_exchange(out, &key, network_key()),
                            .received_at = at + heard_after,
                            .signal_dbm = signal_dbm};
}

/// 16755 as "16.755": digits of integers, through no binary fraction.
std::string thousandths(std::int64_t value)
{
    return api::scaled_digits(value, -3);
}

Instant morning_of(CivilDay day)
{
    return paris().start_of(day, engine::gas_day_start);
}

} // namespace

std::int64_t DemoGasDay::energy_wh() const
{
    return engine::energy_wh_of(index_end_dm3 - index_start_dm3, kwh_per_m3_e5).value();
}

result<std::vector<DemoGasDay>> load_demo_gas(const std::filesystem::path& folder)
{
    RELEVE_TRY(text, read_text_file(folder / file_name));
    const CsvRecords records = split_records(text);
    const auto bad = [](std::size_t row, const char* why) {
        return fail(errc::bad_csv, std::string{file_name} + ": row " + std::to_string(row) + ": " + why);
    };
    if (records.problem)
        return fail(errc::bad_csv, std::string{file_name} + ": " + *records.problem);
    std::vector<DemoGasDay> days;
    for (std::size_t i = 1; i < records.rows.size(); ++i) {
        const auto& row = records.rows[i];
        constexpr std::size_t digits_max = 6;
        if (row.size() != 4)
            return bad(i + 1, "expected gas_day, index_start_m3, index_end_m3, kwh_per_m3");
        for (const std::size_t column : {1U, 2U})
            if (row[column].empty() || row[column].size() > digits_max || !is_digits(row[column]))
                return bad(i + 1, "an index is no whole number of m3");
        RELEVE_TRY(day, parse_day(row[0]));
        RELEVE_TRY(coefficient, parse_kwh_per_m3(row[3]));
        days.push_back({day, std::stoll(row[1]) * dm3_per_m3, std::stoll(row[2]) * dm3_per_m3, coefficient});
        const DemoGasDay& read = days.back();
        if (read.index_end_dm3 < read.index_start_dm3)
            return bad(i + 1, "the index goes backwards");
        if (days.size() > 1 && (read.day != days[days.size() - 2].day + std::chrono::days{1} ||
                                read.index_start_dm3 != days[days.size() - 2].index_end_dm3))
            return bad(i + 1, "does not go on from the day before");
    }
    if (days.empty())
        return fail(errc::bad_csv, std::string{file_name} + ": holds no day");
    return days;
}

result<std::vector<net::UplinkBatch>> demo_gas_batches(const std::vector<DemoGasDay>& days,
                                                       std::uint32_t counter_start)
{
    RELEVE_TRY(models, ModelRegistry::load({}));
    const MeterModel* model = models.find(model_name);
    if (model == nullptr || model->main_channel() == nullptr)
        return fail(errc::bad_model, std::string{model_name} + ": is not among the shipped models");
    std::vector<net::UplinkBatch> batches;
    const auto add = [&](CivilDay day, std::int64_t index_dm3, std::size_t number) -> result<void> {
        RELEVE_TRY(frame, frame_of(*model, morning_of(day), index_dm3,
                                   static_cast<std::uint16_t>(counter_start + number)));
        if (batches.empty() || batches.back().frames.size() == frames_of_a_batch)
            batches.push_back({.gateway = demo_gateway,
                               .sequence = std::uint64_t{counter_start} + batches.size() + 1,
                               .frames = {}});
        batches.back().frames.push_back(std::move(frame));
        return {};
    };
    for (std::size_t i = 0; i < days.size(); ++i)
        RELEVE_CHECK(add(days[i].day, days[i].index_start_dm3, i));
    RELEVE_CHECK(add(days.back().day + std::chrono::days{1}, days.back().index_end_dm3, days.size()));
    return batches;
}

result<void> register_demo_gas(store::AdminStore& admin, const crypto::Key256& master,
                               const std::string& organisation, const std::vector<DemoGasDay>& days,
                               Instant now)
{
    RELEVE_CHECK(admin.set_network(
        network, crypto::wrap_secret(master, network_key().bytes(), store::network_key_context(network))));
    const auto gateways = admin.list_gateways();
    if (std::ranges::find(gateways, demo_gateway, &store::GatewayRow::id) == gateways.end())
        RELEVE_CHECK(admin.add_gateway({.id = demo_gateway, .organisation = organisation, .label = "demo"}));
    store::MeterImportRow row;
    row.line = 2;
    row.system_title = address_hex;
    row.serial = "00002024";
    row.protocol = "wize";
    row.model = model_name;
    row.policy = dlms::policy_name(dlms::Policy::authenticated_encrypted);
    row.replay = "window";
    row.key_id = 1;
    const crypto::Key128 key = meter_key();
    row.encryption_key.assign(key.bytes().begin(), key.bytes().end());
    row.usage_point = demo_gas_point;
    row.energy = "gas";
    row.installed_from = morning_of(days.front().day);
    row.area = "linky-home";
    RELEVE_TRY(summary, admin.import_meters(std::span{&row, 1}, master, organisation, false));
    if (summary.usage_points_new > 0)
        RELEVE_CHECK(admin.choose_collection({demo_gas_point}, store::Collection::half_hour,
                                             "demo: the home agreed to more than daily totals", now));
    std::vector<store::Coefficient> coefficients;
    for (const DemoGasDay& day : days) {
        if (coefficients.empty() || coefficients.back().kwh_per_m3_e5 != day.kwh_per_m3_e5)
            coefficients.push_back(
                {.usage_point = demo_gas_point, .from = day.day, .kwh_per_m3_e5 = day.kwh_per_m3_e5});
        coefficients.back().to = day.day + std::chrono::days{1};
    }
    RELEVE_CHECK(admin.set_coefficients(coefficients));
    return {};
}

result<UplinkClientReport> send_demo_gas(std::vector<net::UplinkBatch> batches, std::uint16_t port,
                                         const ClientTls& tls)
{
    UplinkClientOptions options;
    options.gateway = demo_gateway;
    options.port = std::to_string(port);
    options.tls = tls;
    std::size_t next = 0;
    UplinkClientWork work;
    work.next = [&]() -> std::optional<net::UplinkBatch> {
        if (next == batches.size())
            return std::nullopt;
        return std::move(batches[next++]);
    };
    return send_batches(work, options);
}

result<std::vector<DemoGasDay>> differing_gas_days(std::string_view daily_json,
                                                   const std::vector<DemoGasDay>& days)
{
    const auto answer = nlohmann::json::parse(daily_json, nullptr, false);
    if (!answer.is_object() || !answer.contains("days") || !answer["days"].is_array())
        return fail(errc::bad_value, "the API's answer holds no days");
    std::map<std::string, nlohmann::json> by_date;
    for (const auto& day : answer["days"])
        if (day.is_object() && day.contains("date") && day["date"].is_string())
            by_date[day["date"].get<std::string>()] = day;
    std::vector<DemoGasDay> differing;
    for (const DemoGasDay& day : days) {
        const auto found = by_date.find(to_iso8601(day.day));
        if (found == by_date.end() ||
            found->second.value("volume_dm3", nlohmann::json{}) != day.volume_dm3() ||
            found->second.value("energy_wh", nlohmann::json{}) != day.energy_wh())
            differing.push_back(day);
    }
    return differing;
}

std::string demo_both_table(const std::vector<DemoDay>& electricity, const std::vector<DemoGasDay>& gas,
                            std::size_t days)
{
    std::string table = "  date        electricity kWh     gas kWh      gas m3   kWh/m3\n";
    for (const DemoGasDay& day : gas) {
        const auto same = std::ranges::find(electricity, to_iso8601(day.day), &DemoDay::date);
        if (same == electricity.end() || days == 0)
            continue;
        --days;
        char line[128];
        std::snprintf(line, sizeof line, "  %s %15s %11s %11s %8s\n", same->date.c_str(),
                      thousandths(same->energy_wh).c_str(), thousandths(day.energy_wh()).c_str(),
                      thousandths(day.volume_dm3()).c_str(), kwh_per_m3_text(day.kwh_per_m3_e5).c_str());
        table += line;
    }
    return table;
}

} // namespace releve::app
