#include <releve/app/meter_csv.hpp>

#include "csv_records.hpp"

#include <releve/app/device.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <unordered_map>
#include <utility>

namespace releve::app {

namespace {

using Row = store::MeterImportRow;
constexpr std::string_view default_policy = "authenticated_encrypted";
struct Context {
    const ModelRegistry& models;
    const std::string& acknowledgement_title;
};

/// What went wrong with a cell, or nothing.
using Problem = std::optional<std::string>;

/// Whether a text would be stored in clear that looks like a key.
bool looks_like_key(const std::string& cell)
{
    const auto bytes = from_hex(cell);
    return bytes && bytes->size() == 16;
}

Problem set_title(Row& row, const std::string& cell, const Context& context)
{
    // A dongle is named by what its frames say, the twelve digits of the meter: check_row() tells whether it may be.
    if (cell.size() == 12 && is_digits(cell)) {
        row.system_title = cell;
        return {};
    }
    const auto title = parse_system_title(cell);
    if (!title)
        return "expected 16 hexadecimal digits, or of a dongle the 12 digits of its meter's address";
    row.system_title = to_text(*title);
    if (row.system_title == context.acknowledgement_title)
        return "is the system title of our own confirmations";
    return {};
}

Problem set_key(Bytes& key, const std::string& cell)
{
    if (cell.empty())
        return {};
    auto bytes = from_hex(cell);
    if (!bytes || bytes->size() != 16)
        return "expected 32 hexadecimal digits";
    key = std::move(*bytes);
    return {};
}

Problem set_key_id(Row& row, const std::string& cell)
{
    if (cell.empty())
        return {};
    const bool number = cell.size() <= 2 && is_digits(cell);
    const int value = number ? std::stoi(cell) : 0;
    if (value < 1 || value > 15)
        return "expected a number from 1 to 15 (KEYSEL)";
    row.key_id = static_cast<std::uint8_t>(value);
    return {};
}

Problem set_usage_point(Row& row, const std::string& cell)
{
    if (!cell.empty() && !is_usage_point(cell))
        return "expected 14 digits (the number on the bill), or GI and 6 digits";
    row.usage_point = cell;
    return {};
}

Problem set_installed_from(Row& row, const std::string& cell)
{
    if (const auto day = parse_day(cell))
        row.installed_from = paris().start_of(*day);
    else if (const auto instant = parse_instant(cell))
        row.installed_from = *instant;
    else
        return "expected a date like 2024-01-10";
    if (row.installed_from < Instant{std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}})
        return "lies before the year 2000";
    if (row.installed_from >= Instant{std::chrono::sys_days{std::chrono::year{2100} / 1 / 1}})
        return "lies after the year 2099";
    return {};
}

template <class Parse>
Problem set_word(std::string& word, const std::string& cell, Parse parse)
{
    const auto parsed = parse(cell);
    if (!parsed)
        return parsed.error().detail;
    word = *parsed;
    return {};
}

Problem one_of(std::string& word, const std::string& cell, std::initializer_list<std::string_view> words)
{
    word = cell.empty() ? std::string{*words.begin()} : cell;
    if (std::find(words.begin(), words.end(), word) != words.end())
        return {};
    std::string list;
    for (std::string_view w : words)
        list += (list.empty() ? "" : " or ") + std::string{w};
    return "expected " + list + ", got " + shown(word);
}

Problem set_policy(Row& row, const std::string& cell)
{
    return set_word(row.policy, cell, [](const std::string& text) -> result<std::string> {
        RELEVE_TRY(policy, dlms::parse_policy(text.empty() ? std::string{default_policy} : text));
        return std::string{dlms::policy_name(policy)};
    });
}

Problem set_model(Row& row, const std::string& cell, const Context& context)
{
    row.model = cell;
    if (context.models.find(cell))
        return {};
    std::string names;
    for (const std::string& name : context.models.names())
        names += (names.empty() ? "" : ", ") + name;
    return "no meter model is named " + shown(cell) + " (there are: " + names + ")";
}

Problem set_collection(Row& row, const std::string& cell)
{
    if (cell.empty())
        return {}; // what nobody has agreed to is not kept: daily
    const auto collection = store::parse_collection(cell);
    if (!collection)
        return "expected daily or half_hour";
    row.collection = *collection;
    return {};
}

Problem set_text(std::string& text, const std::string& cell)
{
    if (looks_like_key(cell))
        return "looks like a key; keys belong into their own columns, all others are stored as they are";
    text = cell;
    if (cell.size() > 200)
        return "is longer than 200 characters";
    return is_plain_text(cell) ? Problem{} : Problem{"is not plain text in UTF-8"};
}

struct Column {
    std::string_view name;
    bool required;
    Problem (*set)(Row&, const std::string&, const Context&);
};

constexpr Column columns[] = {
    {"system_title", true, set_title},
    {"serial", true, [](Row& r, const std::string& c, const Context&) { return set_text(r.serial, c); }},
    {"protocol", true, [](Row& r, const std::string& c, const Context&) { return one_of(r.protocol, c, {"dlms", "wize", "tic"}); }},
    {"model", true, set_model},
    {"policy", false, [](Row& r, const std::string& c, const Context&) { return set_policy(r, c); }},
    {"replay", false, [](Row& r, const std::string& c, const Context&) { return one_of(r.replay, c, {"strict", "window"}); }},
    {"encryption_key", false, [](Row& r, const std::string& c, const Context&) { return set_key(r.encryption_key, c); }},
    {"authentication_key", false, [](Row& r, const std::string& c, const Context&) { return set_key(r.authentication_key, c); }},
    {"key_id", false, [](Row& r, const std::string& c, const Context&) { return set_key_id(r, c); }},
    {"usage_point", false, [](Row& r, const std::string& c, const Context&) { return set_usage_point(r, c); }},
    {"energy", false, [](Row& r, const std::string& c, const Context&) { return one_of(r.energy, c, {"electricity", "gas"}); }},
    {"installed_from", true, [](Row& r, const std::string& c, const Context&) { return set_installed_from(r, c); }},
    {"collection", false, [](Row& r, const std::string& c, const Context&) { return set_collection(r, c); }},
    {"concentrator", false, [](Row& r, const std::string& c, const Context&) { return set_text(r.concentrator, c); }},
    {"area", false, [](Row& r, const std::string& c, const Context&) { return set_text(r.area, c); }},
};

/// For each column of the file the row of the table, and what is wrong with the header.
/// Problems of a row, by column.
using Complaint = std::vector<std::pair<std::string_view, std::string>>;

void check_dlms(const Row& row, Complaint& complaint)
{
    if (row.system_title.size() != 16)
        complaint.emplace_back("system_title", "expected 16 hexadecimal digits: only dongles are named by 12 digits");
    if (row.key_id != 0)
        complaint.emplace_back("key_id", "only keys of Wize meters are numbered");
    if (row.encryption_key.empty() && !row.authentication_key.empty())
        complaint.emplace_back("encryption_key", "is missing beside authentication_key");
    if (row.policy != "encrypted" && row.policy != "clear" && !row.encryption_key.empty() && row.authentication_key.empty())
        complaint.emplace_back("authentication_key", "is needed under the policy " + row.policy);
    if (row.policy == "clear" && row.serial.empty())
        complaint.emplace_back("serial", "names a meter that sends without protection (its logical device name)");
}

void check_wize(const Row& row, Complaint& complaint)
{
    if (row.system_title.size() != 16)
        complaint.emplace_back("system_title", "expected 16 hexadecimal digits: M and A as its frames have them");
    if (!row.authentication_key.empty())
        complaint.emplace_back("authentication_key", "a Wize meter has none; the Kmac is its network's (`releve network add`)");
    if (!row.encryption_key.empty() && row.key_id == 0)
        complaint.emplace_back("key_id", "is needed beside a Wize meter's key: 1 to 14, or 15 for Kchg");
    if (row.encryption_key.empty() && row.key_id != 0)
        complaint.emplace_back("encryption_key", "is missing beside key_id");
    if (row.policy != default_policy)
        complaint.emplace_back("policy", "is for DLMS meters");
}

void check_tic(Row& row, Complaint& complaint)
{
    if (row.system_title.size() == 12)
        row.system_title.insert(0, "0000");
    if (!row.system_title.starts_with("0000") || !is_digits(row.system_title))
        complaint.emplace_back("system_title", "of a dongle: the 12 digits of its meter's address (ADCO, ADSC), perhaps after 0000");
    if (!row.encryption_key.empty())
        complaint.emplace_back("encryption_key", "a dongle has none");
    if (!row.authentication_key.empty())
        complaint.emplace_back("authentication_key", "a dongle has none");
    if (row.key_id != 0)
        complaint.emplace_back("key_id", "only keys of Wize meters are numbered");
    if (row.usage_point.empty())
        complaint.emplace_back("usage_point", "is needed: whose dongle this is");
    if (row.policy != default_policy)
        complaint.emplace_back("policy", "is for DLMS meters");
}

/// What no single cell can say.
Complaint check_row(Row& row, const Context& context)
{
    Complaint complaint;
    if (const std::string& spoken = context.models.find(row.model)->protocol; spoken != row.protocol)
        complaint.emplace_back("model", row.model + " is of the protocol " + spoken + ", not " + row.protocol);
    if (row.protocol == "wize")
        check_wize(row, complaint);
    else if (row.protocol == "tic")
        check_tic(row, complaint);
    else
        check_dlms(row, complaint);
    return complaint;
}

/// What the rows of one Wize meter, a row for each key, have in common.
struct Common {
    std::string_view column;
    bool (*same)(const Row&, const Row&);
};
constexpr Common common[] = {
    {"serial", [](const Row& a, const Row& b) { return a.serial == b.serial; }},
    {"model", [](const Row& a, const Row& b) { return a.model == b.model; }},
    {"replay", [](const Row& a, const Row& b) { return a.replay == b.replay; }},
    {"usage_point", [](const Row& a, const Row& b) { return a.usage_point == b.usage_point; }},
    {"energy", [](const Row& a, const Row& b) { return a.energy == b.energy; }},
    {"installed_from", [](const Row& a, const Row& b) { return a.installed_from == b.installed_from; }},
    {"collection", [](const Row& a, const Row& b) { return a.collection == b.collection; }},
    {"concentrator", [](const Row& a, const Row& b) { return a.concentrator == b.concentrator; }},
    {"area", [](const Row& a, const Row& b) { return a.area == b.area; }},
};

/// Rows of Wize meters so far: by meter the first one, by key the line.
struct WizeRows {
    std::unordered_map<std::string, std::size_t> first; // its place in the answer
    std::map<std::pair<std::string, std::uint8_t>, std::size_t> lines;
};

Complaint check_repeated(const Row& row, const std::vector<Row>& rows, WizeRows& seen)
{
    if (row.protocol != "wize")
        return {};
    Complaint complaint;
    if (const auto [at, fresh] = seen.first.try_emplace(row.system_title, rows.size()); !fresh)
        for (const Common& one : common)
            if (!one.same(row, rows[at->second]))
                complaint.emplace_back(one.column, "differs from row " + std::to_string(rows[at->second].line) + " of the same meter");
    if (const auto [at, fresh] = seen.lines.try_emplace({row.system_title, row.key_id}, row.line); !fresh)
        complaint.emplace_back("key_id", "this meter and key stand in row " + std::to_string(at->second) + " already");
    return complaint;
}

} // namespace

MeterCsv parse_meter_csv(std::string_view text, const ModelRegistry& models, const std::string& acknowledgement_title)
{
    MeterCsv csv;
    const CsvRecords records = split_records(text);
    if (records.problem)
        csv.problems.push_back(*records.problem);
    if (records.rows.empty())
        csv.problems.push_back("row 1: the file is empty");
    if (!csv.problems.empty())
        return csv;
    const std::vector<const Column*> order = read_header(columns, records.rows.front(), csv.problems);
    if (!csv.problems.empty())
        return csv;
    const Context context{models, acknowledgement_title};
    WizeRows wize_rows;
    for (std::size_t i = 1; i < records.rows.size(); ++i) {
        const auto& cells = records.rows[i];
        const std::string at = "row " + std::to_string(i + 1) + ", column ";
        if (cells.size() != order.size()) {
            csv.problems.push_back("row " + std::to_string(i + 1) + ": has " + std::to_string(cells.size()) +
                                   " cells, the header has " + std::to_string(order.size()));
            continue;
        }
        Row row;
        row.line = i + 1;
        row.protocol = "dlms";
        row.replay = "strict";
        row.energy = "electricity";
        row.policy = default_policy;
        const std::size_t problems_before = csv.problems.size();
        for (std::size_t c = 0; c < cells.size(); ++c)
            if (const Problem problem = order[c]->set(row, cells[c], context))
                csv.problems.push_back(at + std::string{order[c]->name} + ": " + *problem);
        // A wrong cell would look like a missing one.
        if (csv.problems.size() == problems_before) {
            Complaint complaint = check_row(row, context);
            std::ranges::move(check_repeated(row, csv.rows, wize_rows), std::back_inserter(complaint));
            for (const auto& [column, reason] : complaint)
                csv.problems.push_back(at + std::string{column} + ": " + reason);
        }
        csv.rows.push_back(std::move(row));
    }
    return csv;
}

} // namespace releve::app
