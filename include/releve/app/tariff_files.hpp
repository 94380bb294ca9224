#pragma once
// Reads tariff documents (proto/tariffs/*.json, docs/TARIFFS.md): tariffs, calendars of time classes,
// published days. A new one needs no build. JSON is seen only in the source. Each document is held against
// proto/tariff.schema.json first. Errors are errc::bad_tariff and name file, line, JSON pointer and reason
// ("own.json:14: /components/3/unit: no unit has this name").

#include <releve/engine/tariff.hpp>

#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace releve::app {

struct TariffDocument {
    std::string file_name; // for messages
    std::string id;        // once per kind; the same word may name a calendar and published days
    int edition = 1;
    std::variant<engine::Tariff, engine::Calendar, engine::PublishedDays>
        content;       // rows not yet closed: make_book does it
    std::string cases; // worked examples, a JSON list; "[]" if there are none
};
[[nodiscard]] result<TariffDocument> parse_tariff_document(std::string_view json,
                                                           const std::string& file_name);

/// Puts documents together; of one id the latest edition counts. Gives rows their ends and checks what
/// documents say of each other. errc::bad_tariff: overlaps and holes between rows, two documents of one
/// edition, an include, calendar, published days, parameter or component that nothing has, includes that go
/// in circles.
[[nodiscard]] result<engine::TariffBook> make_book(std::span<const TariffDocument> documents);

/// A file of proto/tariffs as compiled in (cmake/embed.cmake lists them and writes these functions).
struct ShippedTariff {
    std::string_view file_name;
    std::string_view json;
};
[[nodiscard]] std::span<const ShippedTariff> shipped_tariffs();
[[nodiscard]] std::string_view shipped_tariff_schema();
[[nodiscard]] result<engine::TariffBook> load_shipped_tariffs();

} // namespace releve::app
