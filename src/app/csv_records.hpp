#pragma once
// What the texts that the command line takes, most of them CSV files, have in common.

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace releve::app {

struct CsvRecords {
    std::vector<std::vector<std::string>> rows; // without empty lines
    std::vector<std::size_t> lines;             // in which each begins, from 1
    std::optional<std::string> problem; // "row 3: a quoted cell is not closed"
};
/// RFC 4180: commas (or another separator), optional double quotes, CRLF or LF; a byte order mark is skipped.
[[nodiscard]] CsvRecords split_records(std::string_view text, char separator = ',');

/// A cell, to be told to a person. Where the header is missing or columns are shifted it may be a key: what is as long
/// as one, in hexadecimal or base64, is not repeated.
[[nodiscard]] std::string shown(const std::string& cell);

/// The header's columns in its order, of an array of columns with `name` and `required`. Where there are problems, an entry may
/// stand for no column.
template <class Column, std::size_t count>
[[nodiscard]] std::vector<const Column*> read_header(const Column (&columns)[count], const std::vector<std::string>& header,
                                                     std::vector<std::string>& problems)
{
    std::vector<const Column*> order;
    for (const std::string& name : header) {
        const Column* found = std::ranges::find(columns, std::string_view{name}, &Column::name);
        if (found == std::end(columns))
            problems.push_back("row 1: no column is named " + shown(name));
        else if (std::ranges::find(order, found) != order.end())
            problems.push_back("row 1: column " + name + " stands twice");
        order.push_back(found);
    }
    for (const Column& column : columns)
        if (column.required && std::ranges::find(order, &column) == order.end())
            problems.push_back("row 1: column " + std::string{column.name} + " is missing");
    return order;
}

/// 0 to 9 only; also of nothing.
[[nodiscard]] bool is_digits(std::string_view text);
/// What a database's text column takes and a terminal shows.
[[nodiscard]] bool is_plain_text(std::string_view text);
/// 14 digits (PRM, PCE), or GI and 6 digits.
[[nodiscard]] bool is_usage_point(std::string_view text);

} // namespace releve::app
