#pragma once
// Files of readings on their way into the database. Whoever reads a file stages it: a row of `import`, and its days in parts. The
// collector carries the parts out, because one process numbers what is known. Also takes readings out again, value for value.

#include <releve/store/database.hpp>
#include <releve/store/records.hpp>

#include <map>
#include <memory>
#include <span>

namespace releve::store {

// ---------------------------------------------------------------- what is staged

enum class ImportPartKind : std::uint8_t { intervals, registers, gas };
[[nodiscard]] std::string_view import_part_kind_name(ImportPartKind kind);

/// A channel's day, or (channel 0) the register reads of a day.
struct ImportBlock {
    ChannelId channel;
    CivilDay day{};
    /// Of register reads, in the registers' unit: 1,000 where the file gives whole kWh of Wh, rounded down.
    std::int64_t resolution = 1;
    Bytes data; // an encoded block
    bool operator==(const ImportBlock&) const = default;
};
/// Gas of some gas days as published for bills; `to` is not included.
struct PublishedGasWrite {
    CivilDay from{}, to{};
    std::int64_t index_from_m3 = 0, index_to_m3 = 0, kwh_per_m3_e5 = 0, energy_kwh = 0;
    Quality quality = Quality::raw;
    bool operator==(const PublishedGasWrite&) const = default;
};
/// The content of a part; reading it is errc::bad_block for what was not written here.
[[nodiscard]] Bytes pack_import_blocks(std::span<const ImportBlock> blocks);
[[nodiscard]] result<std::vector<ImportBlock>> unpack_import_blocks(ByteView content);
[[nodiscard]] Bytes pack_published_gas(std::span<const PublishedGasWrite> rows);
[[nodiscard]] result<std::vector<PublishedGasWrite>> unpack_published_gas(ByteView content);

inline constexpr std::size_t import_part_bytes = 128 * 1024; // about; a part becomes one transaction or less

struct StagedPart {
    UsagePointId usage_point;
    ImportPartKind kind = ImportPartKind::intervals;
    std::string serial;      // of the meter, where the file says it
    Instant first{}, last{}; // of its values
    std::int64_t values = 0;
    Bytes content;
};
/// What is wrong with a line of the file; 0: with no line of it.
struct ImportLine {
    std::int64_t line = 0;
    std::string field, reason;
    bool operator==(const ImportLine&) const = default;
};
inline constexpr std::size_t import_lines_max = 50; // that are kept; all are counted

struct StagedImport {
    std::string file_name;
    Bytes sha256;
    std::string options; // that change what the file means
    std::string format, flow, series;
    std::optional<std::int64_t> number{}; // in the series of the flow
    std::vector<std::string> usage_points; // that are known, each once
    std::vector<StagedPart> parts;
    std::int64_t problems = 0, empty_values = 0;
    std::int64_t refused = 0; // values that may be taken another time: of unknown usage points, of homes with daily totals
    /// False: by a household. What it says is kept as not proven, and takes the place of nothing that is.
    bool proven = true;
    std::vector<ImportLine> lines{}; // problems; the first import_lines_max are kept
};

// ---------------------------------------------------------------- who stages

inline constexpr std::int64_t import_waiting_max = 16; // files of a token that are not carried out yet

struct ImportPoint {
    std::string energy, organisation;
    Collection collection = Collection::daily;
};
struct NewImportPoints {
    std::string organisation;
    Collection collection = Collection::daily;
    std::string proof; // of half-hours: what the occupant agreed to
};

struct ImportRow {
    std::int64_t id = 0;
    std::string file_name, format, flow, series, state, asked_by, detail; // detail: lines of what was refused when it was carried out
    std::optional<std::int64_t> number;
    std::vector<std::string> usage_points;
    Instant asked_at{};
    std::optional<Instant> finished_at;
    std::int64_t problems = 0, empty_values = 0, refused = 0, imported = 0, unchanged = 0, own_meter = 0;
    std::int64_t parts = 0, parts_over = 0;
    bool proven = true;
    std::vector<ImportLine> lines;
    [[nodiscard]] bool over() const { return state == "done" || state == "failed"; }
};
struct FlowSeen {
    std::string flow, series;
    std::vector<std::int64_t> numbers; // in rising order, each once
};

/// A value as it is stored, of an interval channel or a register.
struct StoredValue {
    std::string_view channel; // lives as long as the model
    Instant at{};             // of an interval: its start
    Seconds step{0};          // 0: a register's read
    std::int64_t value = 0;
    Unit unit = Unit::watt;
    int scaler = 0;
    Quality quality = Quality::raw;
};
struct StoredRange {
    UsagePointId usage_point;
    std::string channel; // empty: all interval channels; "registers": all registers
    Instant from{}, to{};
    std::string who; // for the access list
};

class ImportStore {
public:
    /// As releve_work; with what opens row-level security (Identity::key) as releve_api, under the rights of that token.
    explicit ImportStore(DatabaseAddress address, std::string token_key = {}, std::int64_t token_id = 0);
    ~ImportStore();

    /// Those that exist (for a token: that it may see).
    [[nodiscard]] std::map<std::string, ImportPoint> points(std::span<const std::string> ids);
    /// Makes those that do not exist. How many. errc::not_found for the organisation, errc::bad_parameter where half-hours come
    /// without a proof. Not for tokens.
    [[nodiscard]] result<std::int64_t> create_points(std::span<const std::string> ids, const std::string& energy,
                                                     const NewImportPoints& how);
    /// The number under which the same bytes with the same options are there already, with nothing refused that may be taken now.
    [[nodiscard]] std::optional<std::int64_t> find(ByteView sha256, const std::string& options);

    struct Staged {
        std::int64_t id = 0;
        bool already = false; // staged before: nothing was done
    };
    /// All of it or nothing. Tells the collector. errc::daily_only: a home whose half-hours are among it has chosen daily totals
    /// meanwhile. errc::unavailable: import_waiting_max files of this token wait.
    [[nodiscard]] result<Staged> stage(const StagedImport& import);
    /// errc::not_found.
    [[nodiscard]] result<ImportRow> show(std::int64_t id);
    /// The newest first; `before`: those with a lower number, 0 for all.
    [[nodiscard]] std::vector<ImportRow> list(int limit, std::int64_t before = 0);
    [[nodiscard]] std::vector<FlowSeen> flows();

    /// Gives measured values to `use` in the order of channel and time; what nobody measured is left out. It is in the usage point's
    /// access list. errc::not_found for the usage point, errc::bad_parameter for the channel, errc::daily_only for half-hours of a
    /// home with daily totals. Not for tokens.
    [[nodiscard]] result<std::int64_t> read_out(const StoredRange& range, const ModelLookup& models,
                                                const std::function<void(const StoredValue&)>& use);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// ---------------------------------------------------------------- who carries out

/// Why a part waits on when its home's choice has changed since it was judged.
inline constexpr const char* import_choice_changed = "a choice has changed meanwhile";

struct ImportPortion {
    struct Item {
        std::string address; // of the meter, 16 hexadecimal digits
        FrameWrite write;    // with `imported`; of it nothing is archived, and no counter is touched
    };
    std::vector<Item> items;
    std::int64_t choice_version = 0; // under which they were judged
    CivilDay first{}, last{};
};
struct ImportRefusal {
    ImportedPart part;
    std::string reason;
};

/// As role releve_collect, beside the one collector; one object, one thread.
class ImportCarrier {
public:
    ImportCarrier(DatabaseAddress address, ModelLookup models);
    ~ImportCarrier();

    /// The next parts as writes, without what is stored already. The ones before must be written or refused. Nothing: no part waits.
    [[nodiscard]] std::optional<ImportPortion> next(Instant now);
    /// Of writes that the database refused: the part is given up and its reason noted; one whose home's choice has changed waits on.
    void refuse(std::span<const ImportRefusal> refusals);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace releve::store
