#pragma once
// What a benchmark asks of the database: what is stored, what it takes on disk, and the same readings written the usual
// way, one row each. As the owner; not for the product.

#include <releve/core/bytes.hpp>
#include <releve/core/ids.hpp>
#include <releve/core/time.hpp>
#include <releve/store/database.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace releve::store {

struct StoredDay {
    std::string address; // of the meter
    ChannelId channel;
    CivilDay day{};
    ByteView data;
};

/// Bytes on disk, with indexes and everything that belongs to a table.
struct StoredBytes {
    std::int64_t intervals = 0, registers = 0, history = 0, archive = 0;
};

class BenchStore {
public:
    explicit BenchStore(DatabaseAddress address);
    ~BenchStore();

    /// Every stored day of [from, to).
    void for_each_day(CivilDay from, CivilDay to, const std::function<void(const StoredDay&)>& take);
    /// Of the months of [from, to); history and archive in all.
    [[nodiscard]] StoredBytes bytes(CivilDay from, CivilDay to);
    /// Frames in the archive, each time one is there.
    [[nodiscard]] std::int64_t archived_frames();
    [[nodiscard]] std::int64_t refused_messages();
    /// Meters with days that no rule has looked at.
    [[nodiscard]] std::int64_t due_meters();
    /// Since the server was made.
    [[nodiscard]] std::int64_t wal_bytes();
    /// Dirty pages to disk, so that what comes next does not pay for what was before.
    void settle();
    /// CPU time of the server with all its processes, in seconds; 0 where /proc does not tell.
    [[nodiscard]] double server_cpu_seconds();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// One row a reading: table (meter_id int4, channel int2, ts timestamptz, value int4, rev int4, quality int2), partitioned by
/// day, primary key (meter_id, channel, ts).
struct BaselineReading {
    std::int32_t meter = 0;
    Instant at{};
    std::int32_t value = 0;
};
enum class Baseline : std::uint8_t {
    plain_copy, // COPY ... FROM STDIN (FORMAT binary), a transaction a batch
    row_upsert, // INSERT ... SELECT FROM unnest(six arrays) ON CONFLICT DO UPDATE WHERE row.rev < excluded.rev
};
/// Writes the batches (readings sorted by key) over so many connections into an empty table and gives readings a second. Its
/// own work is done before: only sending is on the clock. Stops after `seconds`.
[[nodiscard]] double measure_baseline(const DatabaseAddress& address, Baseline how, int connections, int seconds,
                                      const std::vector<std::vector<BaselineReading>>& batches);

} // namespace releve::store
