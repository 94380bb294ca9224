#pragma once
// The statements of the two series tables, which differ in their key only. Rows come and go as arrays sorted
// by key.

#include "pg.hpp"

#include <releve/store/records.hpp>

namespace releve::store {

/// A register day has channel 0.
struct SeriesKey {
    std::int32_t meter = 0;
    std::int16_t channel = 0;
    CivilDay day{};
    auto operator<=>(const SeriesKey&) const = default;
};
struct SeriesRow {
    SeriesKey key;
    Bytes data;
    std::int32_t revision = 0; // of the row that is there
};

struct SeriesTable {
    pg::Statement insert, lock, keep_old, update;
};
extern const SeriesTable interval_table, register_table;

/// Inserts what is not there yet; the keys of what is, in order.
[[nodiscard]] std::vector<SeriesKey> insert_new(pg::Connection&, const SeriesTable&, BatchNumber,
                                                const std::vector<SeriesRow>& rows);
/// Reads rows for update, in key order.
[[nodiscard]] std::vector<SeriesRow> lock_rows(pg::Connection&, const SeriesTable&,
                                               const std::vector<SeriesKey>& keys);
/// Copies the rows as they stand into the history.
void keep_old_rows(pg::Connection&, const SeriesTable&, BatchNumber superseded_by,
                   const std::vector<SeriesKey>& keys);
/// Writes those rows that still have the revision given; their keys, in order.
[[nodiscard]] std::vector<SeriesKey> update_if_unchanged(pg::Connection&, BatchNumber, const std::vector<SeriesRow>& rows);
void update_rows(pg::Connection&, const SeriesTable&, BatchNumber, const std::vector<SeriesRow>& rows);

} // namespace releve::store
