#pragma once
// An answer that is a list: written as a JSON object with one array, or as CSV with a header row. Numbers are kept as
// their digits, so nothing passes through a binary float.

#include <releve/api/http.hpp>

#include <cstdint>
#include <optional>

namespace releve::api {

/// value * 10^scaler in decimal digits: (2301, -1) is "230.1", (12, 3) is "12000".
[[nodiscard]] std::string scaled_digits(std::int64_t value, int scaler);

struct Cell {
    enum class Kind : std::uint8_t { nothing, number, text, json };
    Kind kind = Kind::nothing;
    std::string text; // the digits of a number; JSON as it is, which a CSV quotes
    bool operator==(const Cell&) const = default;
};
[[nodiscard]] inline Cell no_cell() { return {}; }
[[nodiscard]] inline Cell text_cell(std::string_view text) { return {Cell::Kind::text, std::string(text)}; }
[[nodiscard]] inline Cell number_cell(std::int64_t value) { return {Cell::Kind::number, std::to_string(value)}; }
[[nodiscard]] inline Cell digits_cell(std::string digits) { return {Cell::Kind::number, std::move(digits)}; }
[[nodiscard]] inline Cell boolean_cell(bool value) { return {Cell::Kind::number, value ? "true" : "false"}; }
[[nodiscard]] inline Cell json_cell(std::string json) { return {Cell::Kind::json, std::move(json)}; }
template <class T>
[[nodiscard]] Cell maybe_number_cell(const std::optional<T>& value)
{
    return value ? number_cell(*value) : no_cell();
}
/// Text, or null when empty.
[[nodiscard]] inline Cell optional_cell(std::string_view text) { return text.empty() ? no_cell() : text_cell(text); }

using Field = std::pair<std::string, Cell>;

struct Listing {
    std::vector<Field> before = {};             // members of the JSON object before the array
    std::string items = {};                     // name of the array
    /// Of each row, in order: JSON members, CSV columns. Neighbours "a.b" and "a.c" are one JSON object "a", which is null when
    /// nothing is in it.
    std::vector<std::string_view> columns = {};
    std::vector<std::vector<Cell>> rows = {};
    std::vector<Field> after = {};         // members of the JSON object after the array: "next"
    std::vector<Field> csv_constants = {}; // CSV columns with one value for all rows
    std::string file_name = {};            // of the CSV, without suffix
};

[[nodiscard]] std::string write_json(const Listing& listing);
/// A JSON object of one row; as the whole of an answer, with the end of its line.
[[nodiscard]] std::string write_object(const std::vector<std::string_view>& columns, const std::vector<Cell>& row);
[[nodiscard]] std::string write_json(const std::vector<std::string_view>& columns, const std::vector<Cell>& row);
/// RFC 4180. A text that a spreadsheet would take for a formula gets a leading apostrophe.
[[nodiscard]] std::string write_csv(const Listing& listing);

/// As ?format= or Accept ask. errc::not_acceptable, errc::bad_parameter.
[[nodiscard]] result<Response> respond(const Listing& listing, const Request& request);
/// JSON and nothing else.
[[nodiscard]] result<Response> respond_json(std::string body, const Request& request);

} // namespace releve::api
