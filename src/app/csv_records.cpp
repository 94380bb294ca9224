#include "csv_records.hpp"

#include <releve/core/bytes.hpp>

#include <algorithm>

namespace releve::app {

CsvRecords split_records(std::string_view text, char separator)
{
    CsvRecords records;
    if (text.starts_with("\xef\xbb\xbf"))
        text.remove_prefix(3);
    std::vector<std::string> row;
    std::string cell;
    bool quoted = false;
    bool any = false;
    std::size_t line = 1, begun = 1;
    const auto end_row = [&] {
        if (any || !row.empty()) {
            row.push_back(std::move(cell));
            records.rows.push_back(std::move(row));
            records.lines.push_back(begun);
        }
        begun = line;
        row.clear();
        cell.clear();
        any = false;
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        line += c == '\n' ? 1 : 0;
        if (quoted) {
            if (c != '"')
                cell.push_back(c);
            else if (i + 1 < text.size() && text[i + 1] == '"')
                cell.push_back(text[++i]);
            else
                quoted = false;
        } else if (c == '"' && cell.empty()) {
            quoted = any = true;
        } else if (c == separator) {
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

std::string shown(const std::string& cell)
{
    constexpr std::size_t shorter_than_any_key = 20;
    return cell.size() <= shorter_than_any_key ? "'" + cell + "'"
                                               : "a text of " + std::to_string(cell.size()) + " characters";
}

bool is_digits(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_plain_text(std::string_view text)
{
    return is_utf8(text) && std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool is_usage_point(std::string_view text)
{
    const bool metered = text.size() == 14 && is_digits(text);
    const bool industrial = text.size() == 8 && text.starts_with("GI") && is_digits(text.substr(2));
    return metered || industrial;
}

} // namespace releve::app
