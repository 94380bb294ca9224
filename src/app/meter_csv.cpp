#include <releve/app/meter_csv.hpp>

#include <releve/app/device.hpp>

#include <algorithm>
#include <cctype>

namespace releve::app {

namespace {

struct Records {
    std::vector<std::vector<std::string>> rows;
    std::optional<std::string> problem;
};

/// RFC 4180: commas, optional double quotes, CRLF or LF; a byte order mark is skipped.
Records split_records(std::string_view text)
{
    Records records;
    if (text.starts_with("\xef\xbb\xbf"))
        text.remove_prefix(3);
    std::vector<std::string> row;
    std::string cell;
    bool quoted = false;
    bool any = false;
    const auto end_row = [&] {
        if (any || !row.empty()) {
            row.push_back(std::move(cell));
            records.rows.push_back(std::move(row));
        }
        row.clear();
        cell.clear();
        any = false;
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c != '"')
                cell.push_back(c);
            else if (i + 1 < text.size() && text[i + 1] == '"')
                cell.push_back(text[++i]);
            else
                quoted = false;
        } else if (c == '"' && cell.empty()) {
            quoted = any = true;
        } else if (c == ',') {
            row.push_back(std::move(cell));
            cell.clear();
            any = true;
        } else if (c == '\n') {
            end_row();
        } else if (c != '\r') {
            cell.push_back(c);
            any = true;
        }
    }
    if (quoted)
        records.problem = "row " + std::to_string(records.rows.size() + 1) + ": a quoted cell is not closed";
    end_row();
    return records;
}

using Row = store::MeterImportRow;
struct Context {
    const ModelRegistry& models;
    const std::string& acknowledgement_title;
};

/// What went wrong with a cell, or nothing.
using Problem = std::optional<std::string>;

/// A cell, to be told to a person. Where the header is missing or columns are shifted it may be a key: what is as long
/// as one, in hexadecimal or base64, is not repeated.
std::string shown(const std::string& cell)
{
    constexpr std::size_t shorter_than_any_key = 20;
    return cell.size() <= shorter_than_any_key ? "'" + cell + "'"
                                               : "a text of " + std::to_string(cell.size()) + " characters";
}

/// Whether a text would be stored in clear that looks like a key.
bool looks_like_key(const std::string& cell)
{
    const auto bytes = from_hex(cell);
    return bytes && bytes->size() == 16;
}

Problem set_title(Row& row, const std::string& cell, const Context& context)
{
    const auto title = parse_system_title(cell);
    if (!title)
        return "expected 16 hexadecimal digits";
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

Problem set_usage_point(Row& row, const std::string& cell)
{
    const auto digits = [](std::string_view text) {
        return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    };
    const bool prm = cell.size() == 14 && digits(cell);
    const bool industrial = cell.size() == 8 && cell.starts_with("GI") && digits(std::string_view{cell}.substr(2));
    if (!cell.empty() && !prm && !industrial)
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
        RELEVE_TRY(policy, dlms::parse_policy(text.empty() ? "authenticated_encrypted" : text));
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

/// What a database's text column takes and a terminal shows.
bool is_plain_text(std::string_view text)
{
    return is_utf8(text) && std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
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
    {"protocol", true, [](Row& r, const std::string& c, const Context&) { return one_of(r.protocol, c, {"dlms"}); }},
    {"model", true, set_model},
    {"policy", false, [](Row& r, const std::string& c, const Context&) { return set_policy(r, c); }},
    {"replay", false, [](Row& r, const std::string& c, const Context&) { return one_of(r.replay, c, {"strict", "window"}); }},
    {"encryption_key", false, [](Row& r, const std::string& c, const Context&) { return set_key(r.encryption_key, c); }},
    {"authentication_key", false, [](Row& r, const std::string& c, const Context&) { return set_key(r.authentication_key, c); }},
    {"usage_point", false, [](Row& r, const std::string& c, const Context&) { return set_usage_point(r, c); }},
    {"energy", false, [](Row& r, const std::string& c, const Context&) { return one_of(r.energy, c, {"electricity", "gas"}); }},
    {"installed_from", true, [](Row& r, const std::string& c, const Context&) { return set_installed_from(r, c); }},
    {"collection", false, [](Row& r, const std::string& c, const Context&) { return set_collection(r, c); }},
    {"concentrator", false, [](Row& r, const std::string& c, const Context&) { return set_text(r.concentrator, c); }},
    {"area", false, [](Row& r, const std::string& c, const Context&) { return set_text(r.area, c); }},
};

/// For each column of the file the row of the table, and what is wrong with the header.
std::vector<const Column*> read_header(const std::vector<std::string>& header, std::vector<std::string>& problems)
{
    std::vector<const Column*> order;
    for (const std::string& name : header) {
        const auto found = std::find_if(std::begin(columns), std::end(columns), [&](const Column& c) { return c.name == name; });
        if (found == std::end(columns))
            problems.push_back("row 1: no column is named " + shown(name));
        else if (std::find(order.begin(), order.end(), found) != order.end())
            problems.push_back("row 1: column " + name + " stands twice");
        order.push_back(found == std::end(columns) ? nullptr : found);
    }
    for (const Column& column : columns)
        if (column.required && std::find(order.begin(), order.end(), &column) == order.end())
            problems.push_back("row 1: column " + std::string{column.name} + " is missing");
    return order;
}

/// What no single cell can say.
void check_row(const Row& row, const std::string& at, std::vector<std::string>& problems)
{
    if (row.encryption_key.empty() && !row.authentication_key.empty())
        problems.push_back(at + "encryption_key: is missing beside authentication_key");
    if (row.policy != "encrypted" && row.policy != "clear" && !row.encryption_key.empty() &&
        row.authentication_key.empty())
        problems.push_back(at + "authentication_key: is needed under the policy " + row.policy);
    if (row.policy == "clear" && row.serial.empty())
        problems.push_back(at + "serial: names a meter that sends without protection (its logical device name)");
}

} // namespace

MeterCsv parse_meter_csv(std::string_view text, const ModelRegistry& models, const std::string& acknowledgement_title)
{
    MeterCsv csv;
    const Records records = split_records(text);
    if (records.problem)
        csv.problems.push_back(*records.problem);
    if (records.rows.empty())
        csv.problems.push_back("row 1: the file is empty");
    if (!csv.problems.empty())
        return csv;
    const std::vector<const Column*> order = read_header(records.rows.front(), csv.problems);
    if (!csv.problems.empty())
        return csv;
    const Context context{models, acknowledgement_title};
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
        row.policy = dlms::policy_name(dlms::Policy::authenticated_encrypted);
        const std::size_t problems_before = csv.problems.size();
        for (std::size_t c = 0; c < cells.size(); ++c)
            if (const Problem problem = order[c]->set(row, cells[c], context))
                csv.problems.push_back(at + std::string{order[c]->name} + ": " + *problem);
        // A wrong cell would look like a missing one.
        if (csv.problems.size() == problems_before)
            check_row(row, at, csv.problems);
        csv.rows.push_back(std::move(row));
    }
    return csv;
}

} // namespace releve::app
