// The CSV of `releve meter import`: refused by row and column, or rows that are written and read again as
// themselves.

#include <releve/app/device.hpp>
#include <releve/app/meter_csv.hpp>

#include <releve/codec/dlms/security.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>

namespace {

using namespace releve;
using namespace releve::app;
using Row = store::MeterImportRow;

const std::string own_title = "524c560000000001";

std::string in_quotes(std::string_view cell)
{
    std::string text = "\"";
    for (const char c : cell)
        text += c == '"' ? std::string{"\"\""} : std::string{c};
    return text + "\"";
}

std::string written(const std::vector<Row>& rows)
{
    std::string text = "key_id,area,concentrator,collection,installed_from,energy,usage_point,authentication_key,"
                       "encryption_key,replay,"
                       "policy,model,protocol,serial,system_title\r\n";
    for (const Row& row : rows) {
        std::string line;
        const std::string key_id = row.key_id == 0 ? "" : std::to_string(row.key_id);
        for (const std::string& cell :
             {key_id, row.area, row.concentrator, std::string{store::collection_name(row.collection)},
              to_iso8601(row.installed_from), row.energy, row.usage_point, to_hex(row.authentication_key),
              to_hex(row.encryption_key), row.replay, row.policy, row.model, row.protocol, row.serial,
              row.system_title})
            line += (line.empty() ? "" : ",") + in_quotes(cell);
        text += line + "\r\n";
    }
    return text;
}

/// PostgreSQL takes UTF-8 without a zero byte.
bool can_be_stored(const std::string& text)
{
    using Json = nlohmann::json;
    const auto with = [&](Json::error_handler_t handler) { return Json(text).dump(-1, ' ', false, handler); };
    return text.find('\0') == std::string::npos &&
           with(Json::error_handler_t::ignore) == with(Json::error_handler_t::replace);
}

void check_row(const Row& row, const ModelRegistry& models)
{
    RELEVE_ASSERT(parse_system_title(row.system_title) && row.system_title != own_title);
    RELEVE_ASSERT(models.find(row.model) && row.protocol == models.find(row.model)->protocol);
    RELEVE_ASSERT(dlms::parse_policy(row.policy) && parse_replay_mode(row.replay));
    RELEVE_ASSERT(row.protocol == "wize" ? (row.key_id != 0) == !row.encryption_key.empty() : row.key_id == 0);
    RELEVE_ASSERT(row.protocol == "dlms" || row.authentication_key.empty());
    RELEVE_ASSERT(row.protocol != "tic" || (row.system_title.starts_with("0000") && !row.usage_point.empty()));
    for (const Bytes& key : {row.encryption_key, row.authentication_key})
        RELEVE_ASSERT(key.empty() || key.size() == 16);
    for (const std::string& text : {row.serial, row.usage_point, row.concentrator, row.area})
        RELEVE_ASSERT(can_be_stored(text));
}

bool same(const Row& a, const Row& b)
{
    return written({a}) == written({b}) && a.line == b.line;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const ModelRegistry models = ModelRegistry::load({}).value();
    const auto csv = parse_meter_csv(as_text(std::as_bytes(std::span{data, size})), models, own_title);
    if (!csv.problems.empty()) {
        for (const std::string& problem : csv.problems)
            RELEVE_ASSERT(problem.starts_with("row "));
        return 0;
    }
    for (const Row& row : csv.rows)
        check_row(row, models);
    const auto again = parse_meter_csv(written(csv.rows), models, own_title);
    RELEVE_ASSERT(again.problems.empty() && std::ranges::equal(csv.rows, again.rows, same));
    return 0;
}
