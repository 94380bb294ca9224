#include "batch_rows.hpp"

#include <algorithm>
#include <compare>

namespace releve::store {

namespace {

struct Key {
    std::string usage_point;
    CivilDay day{};
    std::int16_t channel = 0;
    auto operator<=>(const Key&) const = default;
};
struct Row {
    Key key;
    DailyTotal total;
};

/// By key, those of one key in the order they came.
std::vector<Row> incoming_rows(BatchNumber number, std::span<FrameWrite> frames)
{
    std::vector<Row> rows;
    for (FrameWrite& frame : frames)
        for (DailyTotalWrite& write : frame.daily_totals) {
            write.provenance.batch = number.value;
            rows.push_back({{write.usage_point.value, write.day, write.channel.value}, total_of(write)});
        }
    std::ranges::stable_sort(rows, {}, &Row::key);
    return rows;
}

void keep_first_of_each_key(std::vector<Row>& sorted)
{
    const auto same_key = [](const Row& a, const Row& b) { return a.key == b.key; };
    sorted.erase(std::unique(sorted.begin(), sorted.end(), same_key), sorted.end());
}

Bytes to_bytes(const std::array<std::uint64_t, 5>& present)
{
    Writer writer;
    for (const auto word : present)
        writer.u64_be(word);
    return std::move(writer).take();
}

void add_keys(pg::Params& params, const std::vector<Row>& rows)
{
    params.array(rows, [](const Row& r) { return std::string_view{r.key.usage_point}; })
        .array(rows, [](const Row& r) { return r.key.day; })
        .array(rows, [](const Row& r) { return r.key.channel; });
}

pg::Params all_columns(BatchNumber number, const std::vector<Row>& rows)
{
    std::vector<Bytes> present;
    for (const Row& row : rows)
        present.push_back(to_bytes(row.total.present));
    pg::Params params;
    add_keys(params, rows);
    params.add(number.value)
        .array(rows, [](const Row& r) { return r.total.summary.energy_wh; })
        .array(rows, [](const Row& r) { return static_cast<std::int16_t>(r.total.summary.slots); })
        .array(rows, [](const Row& r) { return static_cast<std::int16_t>(r.total.summary.missing); })
        .array(rows, [](const Row& r) { return static_cast<std::int16_t>(r.total.summary.quality); })
        .array(rows, [](const Row& r) { return static_cast<std::int16_t>(r.total.worst); })
        .array(rows, [](const Row& r) { return r.total.summary.maximum; })
        .array(rows, [](const Row& r) { return r.total.summary.maximum_at; })
        .array(present, [](const Bytes& bytes) { return ByteView{bytes}; })
        .array(rows, [](const Row& r) { return r.total.provenance.authenticated; })
        .array(rows,
               [](const Row& r) { return static_cast<std::int32_t>(r.total.provenance.key_generation); })
        .array(rows, [](const Row& r) { return static_cast<std::int64_t>(r.total.provenance.counter); })
        .array(rows, [](const Row& r) { return r.total.energy_mj; });
    return params;
}

#define RELEVE_DAILY_ARRAYS                                                                                  \
    "unnest($1::text[], $2::date[], $3::int2[], $5::int8[], $6::int2[], $7::int2[], $8::int2[], "            \
    "$9::int2[], "                                                                                           \
    "$10::int8[], $11::timestamptz[], $12::bytea[], $13::bool[], $14::int4[], $15::int8[], $16::int8[]) "                 \
    "AS k (u, d, c, energy, slots, missing, quality, worst, maximum, maximum_at, present, authenticated, "   \
    "generation, counter, energy_mj) "

constexpr pg::Statement insert{"daily_insert",
                               "INSERT INTO daily_total (usage_point, day, channel, rev, batch, energy_wh, "
                               "slots, missing, quality, worst, maximum, "
                               "maximum_at, present, authenticated, key_generation, counter, energy_mj) "
                               "SELECT k.u, k.d, k.c, 1, $4::int8, k.energy, k.slots, k.missing, k.quality, "
                               "k.worst, k.maximum, k.maximum_at, k.present, "
                               "k.authenticated, k.generation, k.counter, k.energy_mj FROM " RELEVE_DAILY_ARRAYS
                               "ON CONFLICT DO NOTHING RETURNING usage_point, day, channel"};
constexpr pg::Statement update{"daily_update",
                               "UPDATE daily_total t SET rev = t.rev + 1, batch = $4::int8, energy_wh = "
                               "k.energy, slots = k.slots, missing = k.missing, "
                               "quality = k.quality, worst = k.worst, maximum = k.maximum, maximum_at = "
                               "k.maximum_at, present = k.present, "
                               "authenticated = k.authenticated, key_generation = k.generation, counter = "
                               "k.counter, energy_mj = k.energy_mj FROM " RELEVE_DAILY_ARRAYS
                               "WHERE t.usage_point = k.u AND t.day = k.d AND t.channel = k.c"};
constexpr pg::Statement lock{"daily_lock",
                             "SELECT t.usage_point, t.day, t.channel, t.energy_wh, t.slots, t.missing, "
                             "t.quality, t.worst, t.maximum, t.maximum_at, "
                             "t.present, t.authenticated, t.key_generation, t.counter, t.batch, t.energy_mj "
                             "FROM unnest($1::text[], $2::date[], $3::int2[]) AS k (u, d, c) "
                             "JOIN daily_total t ON t.usage_point = k.u AND t.day = k.d AND t.channel = k.c "
                             "ORDER BY t.usage_point COLLATE \"C\", t.day, t.channel FOR UPDATE OF t"};
constexpr pg::Statement keep_old{
    "daily_keep_old", "INSERT INTO daily_total_history SELECT t.*, $4::int8 FROM unnest($1::text[], "
                      "$2::date[], $3::int2[]) AS k (u, d, c) "
                      "JOIN daily_total t ON t.usage_point = k.u AND t.day = k.d AND t.channel = k.c"};

Row read_row(const pg::Rows& rows, int i)
{
    Row row{{rows.text(i, 0), rows.day(i, 1), rows.int2(i, 2)}, {}};
    DailyTotal& total = row.total;
    total.summary = {
        rows.int8(i, 3), rows.int2(i, 4), rows.int2(i, 5), static_cast<Quality>(rows.int2(i, 6)), {}, {}};
    total.worst = static_cast<Quality>(rows.int2(i, 7));
    if (!rows.null(i, 8))
        total.summary.maximum = rows.int8(i, 8);
    if (!rows.null(i, 9))
        total.summary.maximum_at = rows.instant(i, 9);
    Reader present{rows.bytes(i, 10)};
    for (auto& word : total.present)
        word = present.u64_be();
    total.provenance = {rows.boolean(i, 11), static_cast<std::uint16_t>(rows.int4(i, 12)),
                        static_cast<std::uint64_t>(rows.int8(i, 13)), total.worst, rows.int8(i, 14)};
    total.energy_mj = rows.int8(i, 15);
    return row;
}

void merge_into_stored(pg::Connection& connection, BatchNumber number, const std::vector<Row>& incoming)
{
    std::vector<Row> keys{incoming};
    keep_first_of_each_key(keys);
    pg::Params which;
    add_keys(which, keys);
    const pg::Rows rows = connection.run(lock, which);
    std::vector<Row> changed, written;
    for (int i = 0; i < rows.size(); ++i) {
        Row stored = read_row(rows, i);
        // One by one, as if each had come alone: what is left does not depend on how frames fell into batches.
        MergeEffect effect = MergeEffect::unchanged;
        const bool was_whole = stored.total.summary.missing == 0;
        for (const Row& row : std::ranges::equal_range(incoming, stored.key, {}, &Row::key))
            effect = std::max(effect, combine(stored.total, row.total));
        if (effect == MergeEffect::unchanged)
            continue;
        // Of a day that grows there is no history: the differences between its parts would be the curve.
        if (effect == MergeEffect::changed && was_whole)
            changed.push_back(stored);
        written.push_back(std::move(stored));
    }
    if (!changed.empty()) {
        pg::Params params;
        add_keys(params, changed);
        connection.run(keep_old, params.add(number.value));
    }
    if (!written.empty())
        connection.run(update, all_columns(number, written));
}

} // namespace

void write_daily_totals(pg::Connection& connection, BatchNumber number, std::span<FrameWrite> frames)
{
    std::vector<Row> rows = incoming_rows(number, frames);
    if (rows.empty())
        return;
    // The first of each day makes its row; what is there already, and the others, are put into it.
    std::vector<Row> first{rows};
    keep_first_of_each_key(first);
    const pg::Rows inserted = connection.run(insert, all_columns(number, first));
    if (static_cast<std::size_t>(inserted.size()) == rows.size())
        return;
    std::vector<Key> fresh;
    for (int i = 0; i < inserted.size(); ++i)
        fresh.push_back({inserted.text(i, 0), inserted.day(i, 1), inserted.int2(i, 2)});
    std::ranges::sort(fresh);
    std::vector<Row> rest;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const bool is_first = i == 0 || rows[i - 1].key != rows[i].key;
        if (!is_first || !std::ranges::binary_search(fresh, rows[i].key))
            rest.push_back(std::move(rows[i]));
    }
    merge_into_stored(connection, number, rest);
}

} // namespace releve::store
