#include "series_tables.hpp"

#include <algorithm>

namespace releve::store {

// The bounds of `day` come as parameters so that a prepared plan opens the partitions in question and no
// others.
const SeriesTable interval_table{
    {"interval_insert", "INSERT INTO interval_day (meter_id, channel, day, rev, batch, data) "
                        "SELECT k.m, k.c, k.d, 1, $5::int8, k.b "
                        "FROM unnest($1::int4[], $2::int2[], $3::date[], $4::bytea[]) AS k (m, c, d, b) "
                        "ON CONFLICT DO NOTHING RETURNING meter_id, channel, day"},
    {"interval_lock", "SELECT t.meter_id, t.channel, t.day, t.data, t.rev "
                      "FROM unnest($1::int4[], $2::int2[], $3::date[]) AS k (m, c, d) "
                      "JOIN interval_day t ON t.meter_id = k.m AND t.channel = k.c AND t.day = k.d "
                      "WHERE t.day BETWEEN $4::date AND $5::date "
                      "ORDER BY t.meter_id, t.channel, t.day FOR UPDATE OF t"},
    {"interval_keep_old",
     "INSERT INTO interval_history (meter_id, channel, day, rev, batch, superseded_by, data) "
     "SELECT t.meter_id, t.channel, t.day, t.rev, t.batch, $6::int8, t.data "
     "FROM unnest($1::int4[], $2::int2[], $3::date[]) AS k (m, c, d) "
     "JOIN interval_day t ON t.meter_id = k.m AND t.channel = k.c AND t.day = k.d "
     "WHERE t.day BETWEEN $4::date AND $5::date"},
    {"interval_update",
     "UPDATE interval_day t SET rev = t.rev + 1, batch = $7::int8, data = k.b "
     "FROM unnest($1::int4[], $2::int2[], $3::date[], $6::bytea[]) AS k (m, c, d, b) "
     "WHERE t.meter_id = k.m AND t.channel = k.c AND t.day = k.d AND t.day BETWEEN $4::date AND $5::date"},
};

// Same parameters; the channel is there and not looked at.
const SeriesTable register_table{
    {"register_insert", "INSERT INTO register_day (meter_id, day, rev, batch, data) "
                        "SELECT k.m, k.d, 1, $5::int8, k.b "
                        "FROM unnest($1::int4[], $2::int2[], $3::date[], $4::bytea[]) AS k (m, c, d, b) "
                        "ON CONFLICT DO NOTHING RETURNING meter_id, 0::int2, day"},
    {"register_lock", "SELECT t.meter_id, 0::int2, t.day, t.data, t.rev "
                      "FROM unnest($1::int4[], $2::int2[], $3::date[]) AS k (m, c, d) "
                      "JOIN register_day t ON t.meter_id = k.m AND t.day = k.d "
                      "WHERE t.day BETWEEN $4::date AND $5::date "
                      "ORDER BY t.meter_id, t.day FOR UPDATE OF t"},
    {"register_keep_old", "INSERT INTO register_history (meter_id, day, rev, batch, superseded_by, data) "
                          "SELECT t.meter_id, t.day, t.rev, t.batch, $6::int8, t.data "
                          "FROM unnest($1::int4[], $2::int2[], $3::date[]) AS k (m, c, d) "
                          "JOIN register_day t ON t.meter_id = k.m AND t.day = k.d "
                          "WHERE t.day BETWEEN $4::date AND $5::date"},
    {"register_update", "UPDATE register_day t SET rev = t.rev + 1, batch = $7::int8, data = k.b "
                        "FROM unnest($1::int4[], $2::int2[], $3::date[], $6::bytea[]) AS k (m, c, d, b) "
                        "WHERE t.meter_id = k.m AND t.day = k.d AND t.day BETWEEN $4::date AND $5::date"},
};

namespace {

const SeriesKey& key_of(const SeriesKey& key)
{
    return key;
}
const SeriesKey& key_of(const SeriesRow& row)
{
    return row.key;
}

template <class Range>
pg::Params& add_keys(pg::Params& params, const Range& range)
{
    return params.array(range, [](const auto& item) { return key_of(item).meter; })
        .array(range, [](const auto& item) { return key_of(item).channel; })
        .array(range, [](const auto& item) { return key_of(item).day; });
}

template <class Range>
pg::Params& add_day_bounds(pg::Params& params, const Range& range)
{
    const auto [first, last] =
        std::ranges::minmax_element(range, {}, [](const auto& item) { return key_of(item).day; });
    return params.add(key_of(*first).day).add(key_of(*last).day);
}

SeriesKey read_key(const pg::Rows& rows, int i)
{
    return {rows.int4(i, 0), rows.int2(i, 1), rows.day(i, 2)};
}

ByteView data_of(const SeriesRow& row)
{
    return row.data;
}

} // namespace

std::vector<SeriesKey> insert_new(pg::Connection& connection, const SeriesTable& table, BatchNumber batch,
                                  const std::vector<SeriesRow>& rows)
{
    pg::Params params;
    add_keys(params, rows).array(rows, data_of).add(batch.value);
    const pg::Rows inserted = connection.run(table.insert, params);
    std::vector<SeriesKey> existing;
    if (static_cast<std::size_t>(inserted.size()) == rows.size())
        return existing;
    std::vector<SeriesKey> fresh;
    for (int i = 0; i < inserted.size(); ++i)
        fresh.push_back(read_key(inserted, i));
    std::ranges::sort(fresh);
    for (const SeriesRow& row : rows)
        if (!std::ranges::binary_search(fresh, row.key))
            existing.push_back(row.key);
    return existing;
}

std::vector<SeriesRow> lock_rows(pg::Connection& connection, const SeriesTable& table,
                                 const std::vector<SeriesKey>& keys)
{
    pg::Params params;
    add_day_bounds(add_keys(params, keys), keys);
    const pg::Rows rows = connection.run(table.lock, params);
    std::vector<SeriesRow> found;
    for (int i = 0; i < rows.size(); ++i) {
        const ByteView data = rows.bytes(i, 3);
        found.push_back({read_key(rows, i), Bytes{data.begin(), data.end()}, rows.int4(i, 4)});
    }
    return found;
}

std::vector<SeriesKey> update_if_unchanged(pg::Connection& connection, BatchNumber batch,
                                           const std::vector<SeriesRow>& rows)
{
    static const pg::Statement statement{
        "interval_update_if_unchanged",
        "UPDATE interval_day t SET rev = t.rev + 1, batch = $7::int8, data = k.b "
        "FROM unnest($1::int4[], $2::int2[], $3::date[], $6::bytea[], $8::int4[]) AS k (m, c, d, b, r) "
        "WHERE t.meter_id = k.m AND t.channel = k.c AND t.day = k.d AND t.day BETWEEN $4::date AND $5::date "
        "AND t.rev = k.r RETURNING t.meter_id, t.channel, t.day"};
    pg::Params params;
    add_day_bounds(add_keys(params, rows), rows).array(rows, data_of).add(batch.value);
    params.array(rows, [](const SeriesRow& row) { return row.revision; });
    const pg::Rows updated = connection.run(statement, params);
    std::vector<SeriesKey> keys;
    for (int i = 0; i < updated.size(); ++i)
        keys.push_back(read_key(updated, i));
    std::ranges::sort(keys);
    return keys;
}

void keep_old_rows(pg::Connection& connection, const SeriesTable& table, BatchNumber superseded_by,
                   const std::vector<SeriesKey>& keys)
{
    pg::Params params;
    add_day_bounds(add_keys(params, keys), keys).add(superseded_by.value);
    connection.run(table.keep_old, params);
}

void update_rows(pg::Connection& connection, const SeriesTable& table, BatchNumber batch,
                 const std::vector<SeriesRow>& rows)
{
    pg::Params params;
    add_day_bounds(add_keys(params, rows), rows).array(rows, data_of).add(batch.value);
    connection.run(table.update, params);
}

} // namespace releve::store
