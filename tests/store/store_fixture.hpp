#pragma once
// A real PostgreSQL for a run of tests, and a fresh migrated database for each test.

#include "pg.hpp"

#include <releve/store/collect_store.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <map>

namespace releve::store::test {

/// A folder under /tmp that the server's user can reach, removed at the end.
class Folder {
public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// The cluster of this run; the same for all tests of the binary.
[[nodiscard]] Cluster& cluster();
/// A copy of a migrated database with partitions for March and April 2024, under a name of its own.
[[nodiscard]] DatabaseAddress fresh_database();

[[nodiscard]] Instant at(const char* text);
[[nodiscard]] CivilDay day(const char* text);

/// Asks until it is so. A failure of the test, which then goes on, if a minute is not enough.
void wait_until(const std::function<bool()>& holds);

class StoreTest : public ::testing::Test {
protected:
    DatabaseAddress address = fresh_database();

    /// Rows as text, "a|b" per row and "-" for null; "error 42501" when it was refused.
    std::string ask(DbRole role, const std::string& sql, const std::string& token_key = {});
    void owner(const std::string& sql);
    /// Until `rows` ("FROM ... WHERE ...") finds some, seen as the owner.
    void wait_until_some(const std::string& rows);
    MeterId add_meter(const std::string& title);
    void add_usage_point(const std::string& id, const std::string& organisation = "root",
                         const std::string& collection = "half_hour");
    /// A token of that role and these scopes, as what opens row-level security.
    std::string add_token(const std::string& role, const std::vector<std::string>& organisations,
                          const std::vector<std::string>& usage_points,
                          const char* expires = "2100-01-01T00:00:00Z");
    void install(MeterId meter, const std::string& usage_point, const char* from = "2024-01-01T00:00:00Z");
};

/// A day of half-hours of 2024, all slots with that value.
[[nodiscard]] DayBlock day_block(const char* day, std::int64_t value, std::uint64_t counter);
/// A frame that brings one such day in channel 1.
/// As a frame brings it.
[[nodiscard]] DayPart part_of(const DayBlock& block);
[[nodiscard]] FrameWrite frame(MeterId meter, std::uint64_t counter, const char* day, std::int64_t value);
/// Of such a frame only the slots from `from` to before `to`.
[[nodiscard]] FrameWrite slots_of(FrameWrite write, std::uint32_t from, std::uint32_t to);

/// Channel 1: mean power in W, half-hours, main. Channel 20: a register in Wh.
[[nodiscard]] const MeterModel* test_model(std::string_view name);

/// A day of which the values are given, and `missing` empty slots at its end.
[[nodiscard]] DailyTotalWrite daily_write(const char* usage_point, const char* day, std::int64_t energy_wh,
                                          std::uint64_t counter);

/// Numbers batches as the collector does.
struct Numbers {
    std::int64_t last = 0;
    int waits = 0; // attempts before the caller gives up; 0: never
    BatchWriter::Request request(std::span<FrameWrite> frames,
                                 std::span<const QuarantineWrite> quarantine = {});
};

} // namespace releve::store::test
