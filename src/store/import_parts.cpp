// Parts of files: how they are written down, and how the collector takes them on.

#include "batch_rows.hpp"

#include <releve/store/import_store.hpp>

#include <algorithm>

namespace releve::store {

namespace {

constexpr std::uint8_t blocks_version_1 = 0x41, gas_version_1 = 0x42;
constexpr std::int64_t content_at_once = 1 << 20; // of the parts of one portion

ImportPartKind kind_of(const std::string& name)
{
    return name == "gas" ? ImportPartKind::gas : name == "registers" ? ImportPartKind::registers : ImportPartKind::intervals;
}

} // namespace

std::string_view import_part_kind_name(ImportPartKind kind)
{
    constexpr std::string_view names[] = {"intervals", "registers", "gas"};
    return names[static_cast<std::size_t>(kind)];
}

// blocks := 0x41 block*     block := channel varint | day varint | resolution varint | length varint | data
Bytes pack_import_blocks(std::span<const ImportBlock> blocks)
{
    Writer out;
    out.u8(blocks_version_1);
    for (const ImportBlock& block : blocks) {
        out.varint(static_cast<std::uint64_t>(block.channel.value)).varint(static_cast<std::uint64_t>(day_number(block.day)));
        out.varint(static_cast<std::uint64_t>(block.resolution)).varint(block.data.size()).bytes(block.data);
    }
    return std::move(out).take();
}

result<std::vector<ImportBlock>> unpack_import_blocks(ByteView content)
{
    Reader in{content};
    std::vector<ImportBlock> blocks;
    if (in.u8() != blocks_version_1)
        in.set_error(errc::bad_block, "not the days of a file");
    while (in.remaining() > 0) {
        ImportBlock block;
        block.channel.value = static_cast<std::int16_t>(in.varint());
        block.day = day_from_number(static_cast<std::int32_t>(in.varint()));
        block.resolution = static_cast<std::int64_t>(in.varint());
        const ByteView data = in.take(in.varint());
        block.data.assign(data.begin(), data.end());
        if (block.channel.value < 0 || block.resolution < 1)
            in.set_error(errc::bad_block, "no such channel");
        blocks.push_back(std::move(block));
    }
    if (in.failed())
        return fail(errc::bad_block, in.error().detail, in.error().offset);
    return blocks;
}

// gas := 0x42 row*     row := from varint | to varint | indexes, coefficient, energy zigzag | quality u8
Bytes pack_published_gas(std::span<const PublishedGasWrite> rows)
{
    Writer out;
    out.u8(gas_version_1);
    for (const PublishedGasWrite& row : rows) {
        out.varint(static_cast<std::uint64_t>(day_number(row.from))).varint(static_cast<std::uint64_t>(day_number(row.to)));
        out.zigzag(row.index_from_m3).zigzag(row.index_to_m3).zigzag(row.kwh_per_m3_e5).zigzag(row.energy_kwh);
        out.u8(static_cast<std::uint8_t>(row.quality));
    }
    return std::move(out).take();
}

result<std::vector<PublishedGasWrite>> unpack_published_gas(ByteView content)
{
    Reader in{content};
    std::vector<PublishedGasWrite> rows;
    if (in.u8() != gas_version_1)
        in.set_error(errc::bad_block, "not the gas of a file");
    while (in.remaining() > 0) {
        PublishedGasWrite row;
        row.from = day_from_number(static_cast<std::int32_t>(in.varint()));
        row.to = day_from_number(static_cast<std::int32_t>(in.varint()));
        row.index_from_m3 = in.zigzag();
        row.index_to_m3 = in.zigzag();
        row.kwh_per_m3_e5 = in.zigzag();
        row.energy_kwh = in.zigzag();
        row.quality = static_cast<Quality>(in.u8());
        if (row.to <= row.from)
            in.set_error(errc::bad_block, "no days");
        rows.push_back(row);
    }
    if (in.failed())
        return fail(errc::bad_block, in.error().detail, in.error().offset);
    return rows;
}

namespace {

/// One place for all ways in which a part ends: it is gone, and its import has counted it. Nothing happens twice.
void end_parts(pg::Connection& db, std::span<const ImportedPart> parts, std::optional<BatchNumber> batch)
{
    if (parts.empty())
        return;
    pg::Params params;
    params.array(parts, [](const ImportedPart& p) { return p.import; })
        .array(parts, [](const ImportedPart& p) { return p.part; })
        .array(parts, [](const ImportedPart& p) { return p.imported; })
        .array(parts, [](const ImportedPart& p) { return p.unchanged; })
        .array(parts, [](const ImportedPart& p) { return p.own_meter; });
    if (batch)
        params.add(batch->value);
    else
        params.add_null();
    static const pg::Statement end{
        "import_parts_end",
        "WITH gone AS (DELETE FROM import_part p USING unnest($1::int8[], $2::int4[], $3::int8[], $4::int8[], $5::int8[]) "
        "AS k (i, n, imported, unchanged, own_meter) WHERE p.import = k.i AND p.part = k.n RETURNING k.*), "
        "sums AS (SELECT i, sum(imported) AS imported, sum(unchanged) AS unchanged, sum(own_meter) AS own_meter, count(*) AS parts FROM gone GROUP BY i) "
        "UPDATE import t SET state = 'running', imported = t.imported + s.imported, unchanged = t.unchanged + s.unchanged, "
        "own_meter = t.own_meter + s.own_meter, parts_done = t.parts_done + s.parts, first_batch = coalesce(t.first_batch, $6::int8), "
        "last_batch = coalesce($6::int8, t.last_batch) FROM sums s WHERE t.id = s.i"};
    db.run(end, params);
}

/// Of what a file says of a day: what is new or another value, by what is stored of it.
struct Sifter {
    const std::vector<Validity>& places;
    std::uint64_t import = 0;
    ImportedPart counts{};
    bool proven = true; // false: by a household

    [[nodiscard]] Quality kept_as(Quality quality) const { return proven ? quality : worse(quality, Quality::unauthenticated); }

    [[nodiscard]] bool is_placed(Instant from, Instant to) const
    {
        return std::ranges::any_of(places, [&](const Validity& place) { return from >= place.from && (!place.to || to <= *place.to); });
    }
    /// True if what is stored stays: what a meter proved, the same, or what an operator said where this is not proven.
    bool stays(const Provenance& stored, bool same_value, Quality quality)
    {
        if (stored.authenticated) {
            ++counts.own_meter;
            return true;
        }
        const bool weaker = quality == Quality::unauthenticated && stored.quality != Quality::unauthenticated;
        if (weaker || (same_value && stored.quality == quality)) {
            ++counts.unchanged;
            return true;
        }
        return false;
    }

    result<std::optional<DayPart>> sift(DayBlock incoming, const DayBlock* stored)
    {
        if (stored && (stored->first != incoming.first || stored->step != incoming.step || stored->slots.size() != incoming.slots.size()))
            return fail(errc::bad_block, "a stored day has another shape");
        DayPart part{.first = incoming.first, .step = incoming.step, .slots = static_cast<std::uint32_t>(incoming.slots.size()), .values = {}};
        for (std::size_t i = 0; i < incoming.slots.size(); ++i) {
            auto& slot = incoming.slots[i];
            if (!slot)
                continue;
            const Instant from = incoming.first + incoming.step * static_cast<std::int64_t>(i);
            if (!is_placed(from, from + incoming.step)) {
                ++counts.own_meter;
                continue;
            }
            slot->provenance.quality = kept_as(slot->provenance.quality);
            const auto* known = stored && stored->slots[i] ? &*stored->slots[i] : nullptr;
            if (known && stays(known->provenance, known->value == slot->value, slot->provenance.quality))
                continue;
            slot->provenance.counter = import;
            part.values.push_back({static_cast<std::uint32_t>(i), *slot});
            ++counts.imported;
        }
        return part.values.empty() ? std::nullopt : std::optional{std::move(part)};
    }

    RegisterBlock sift(const RegisterBlock& incoming, std::int64_t resolution, const RegisterBlock* stored)
    {
        RegisterBlock block;
        for (RegisterRead read : incoming.reads) {
            if (!is_placed(read.at, read.at)) { // an index at the very end is the closing one
                ++counts.own_meter;
                continue;
            }
            read.provenance.quality = kept_as(read.provenance.quality);
            const RegisterRead* known = nullptr;
            if (stored)
                for (const RegisterRead& one : stored->reads)
                    if (one.channel == read.channel && one.at == read.at)
                        known = &one;
            // Whole kWh say nothing else than the Wh that are known.
            if (known && stays(known->provenance, known->value - known->value % resolution == read.value, read.provenance.quality))
                continue;
            read.provenance.counter = import;
            block.reads.push_back(read);
            ++counts.imported;
        }
        return block;
    }
};

} // namespace

void finish_import_parts(pg::Connection& connection, BatchNumber number, std::span<const FrameWrite> frames)
{
    std::vector<ImportedPart> parts;
    for (const FrameWrite& frame : frames)
        if (frame.imported)
            parts.push_back(*frame.imported);
    end_parts(connection, parts, number);
}

struct ImportCarrier::Impl : pg::KeptConnection<ImportCarrier::Impl> {
    DatabaseAddress address;
    ModelLookup models;

    struct Waiting {
        ImportedPart part;
        UsagePointId usage_point;
        ImportPartKind kind = ImportPartKind::intervals;
        std::string serial;
        Instant first{}, last{};
        std::int32_t values = 0;
        Bytes content;
        bool daily = false, proven = true;
    };

    pg::Connection& connected()
    {
        if (!connection) {
            connection.emplace(address, DbRole::collect);
            connection->exec("SET enable_seqscan = off"); // days are found by key, whatever the statistics say
        }
        return *connection;
    }

    static std::vector<Waiting> load(pg::Connection& db, std::int64_t& choice_version);
    static void end_imports(pg::Connection& db);
    static void give_up(pg::Connection& db, const Waiting& waiting, const std::string& reason);
    static void note(pg::Connection& db, std::int64_t import, const std::string& line, std::int64_t refused);
    void publish(pg::Connection& db, const Waiting& waiting);
    result<ImportPortion::Item> make_item(pg::Connection& db, const Waiting& waiting, Instant now);
    result<void> sift_days(pg::Connection& db, MeterId meter, const std::vector<ImportBlock>& blocks, Sifter& sifter, FrameWrite& write);
    result<void> sift_reads(pg::Connection& db, MeterId meter, const std::vector<ImportBlock>& blocks, bool daily, Sifter& sifter,
                            FrameWrite& write);
};

ImportCarrier::ImportCarrier(DatabaseAddress address, ModelLookup models)
    : impl_(std::make_unique<Impl>(Impl{{}, std::move(address), std::move(models)}))
{
}
ImportCarrier::~ImportCarrier() = default;

/// The next ones, with the choices in force at one moment.
std::vector<ImportCarrier::Impl::Waiting> ImportCarrier::Impl::load(pg::Connection& db, std::int64_t& choice_version)
{
    const pg::Rows rows = db.run("SELECT p.import, p.part, p.usage_point, p.kind, p.serial, p.starts, p.ends, p.amount, p.content, "
                                 "u.collection = 'daily', (SELECT version FROM choice_version), i.proven "
                                 "FROM (SELECT * FROM import_part ORDER BY import, part LIMIT 64) p JOIN usage_point u ON u.id = p.usage_point "
                                 "JOIN import i ON i.id = p.import "
                                 "ORDER BY p.import, p.part");
    std::vector<Waiting> list;
    std::int64_t bytes = 0;
    for (int i = 0; i < rows.size() && bytes < content_at_once; ++i) {
        const ByteView content = rows.bytes(i, 8);
        bytes += static_cast<std::int64_t>(content.size());
        list.push_back({.part = {rows.int8(i, 0), rows.int4(i, 1)},
                        .usage_point = UsagePointId{rows.text(i, 2)},
                        .kind = kind_of(rows.text(i, 3)),
                        .serial = rows.text(i, 4),
                        .first = rows.instant(i, 5),
                        .last = rows.instant(i, 6),
                        .values = rows.int4(i, 7),
                        .content = Bytes{content.begin(), content.end()},
                        .daily = rows.boolean(i, 9),
                        .proven = rows.boolean(i, 11)});
        choice_version = rows.int8(i, 10);
    }
    return list;
}

void ImportCarrier::Impl::end_imports(pg::Connection& db)
{
    db.exec("UPDATE import t SET state = CASE WHEN parts > 0 AND parts_refused = parts THEN 'failed' ELSE 'done' END, finished_at = now() "
            "WHERE state IN ('staged', 'running') AND NOT EXISTS (SELECT FROM import_part p WHERE p.import = t.id)");
}

void ImportCarrier::Impl::note(pg::Connection& db, std::int64_t import, const std::string& line, std::int64_t refused)
{
    // The last of very many are only counted.
    db.run("UPDATE import SET detail = left(detail || $2 || chr(10), 4000), refused = refused + $3::int8 WHERE id = $1::int8",
           pg::Params{}.add(import).add(line).add(refused));
}

void ImportCarrier::Impl::give_up(pg::Connection& db, const Waiting& waiting, const std::string& reason)
{
    pg::Transaction transaction{db};
    const auto place = pg::Params{}.add(waiting.part.import).add(waiting.part.part);
    if (db.run("DELETE FROM import_part WHERE import = $1::int8 AND part = $2::int4", place).affected() > 0) {
        db.run("UPDATE import SET whole = false, parts_refused = parts_refused + 1 WHERE id = $1::int8", pg::Params{}.add(waiting.part.import));
        note(db, waiting.part.import, waiting.usage_point.value + ": " + reason, waiting.values);
    }
    transaction.commit();
}

/// What the operator published is told to bills as it is, whosever meter measured it.
void ImportCarrier::Impl::publish(pg::Connection& db, const Waiting& waiting)
{
    const auto rows = unpack_published_gas(waiting.content);
    if (!rows) {
        give_up(db, waiting, to_string(rows.error()));
        return;
    }
    pg::Transaction transaction{db};
    ImportedPart part = waiting.part;
    for (const PublishedGasWrite& row : *rows) {
        pg::Params params;
        params.add(waiting.usage_point.value).add(row.from).add(row.to).add(row.index_from_m3).add(row.index_to_m3);
        params.add(row.kwh_per_m3_e5).add(row.energy_kwh).add(static_cast<std::int16_t>(row.quality));
        const std::string answer =
            db.run("SELECT releve_publish_gas($1, $2::date, $3::date, $4::int8, $5::int8, $6::int8, $7::int8, $8::int2)", params).text(0, 0);
        if (answer == "same")
            ++part.unchanged;
        else if (answer == "new" || answer == "changed")
            ++part.imported;
        else
            note(db, part.import,
                 waiting.usage_point.value + ": " + to_iso8601(row.from) + " to " + to_iso8601(row.to) + " overlaps what was published for " + answer, 1);
    }
    end_parts(db, {&part, 1}, std::nullopt);
    transaction.commit();
}

result<void> ImportCarrier::Impl::sift_days(pg::Connection& db, MeterId meter, const std::vector<ImportBlock>& blocks, Sifter& sifter,
                                            FrameWrite& write)
{
    std::vector<SeriesKey> keys;
    for (const ImportBlock& block : blocks)
        keys.push_back({meter.value, block.channel.value, block.day});
    std::ranges::sort(keys);
    const auto stored = lock_rows(db, interval_table, keys);
    for (const ImportBlock& block : blocks) {
        RELEVE_TRY(incoming, decode_day_block(block.data));
        const SeriesKey key{meter.value, block.channel.value, block.day};
        const auto row = std::ranges::lower_bound(stored, key, {}, &SeriesRow::key);
        std::optional<DayBlock> known;
        if (row != stored.end() && row->key == key) {
            RELEVE_TRY(decoded, decode_day_block(row->data));
            known = std::move(decoded);
        }
        RELEVE_TRY(part, sifter.sift(std::move(incoming), known ? &*known : nullptr));
        if (part)
            write.interval_days.push_back({block.channel, block.day, std::move(*part)});
    }
    return {};
}

result<void> ImportCarrier::Impl::sift_reads(pg::Connection& db, MeterId meter, const std::vector<ImportBlock>& blocks, bool daily,
                                             Sifter& sifter, FrameWrite& write)
{
    std::vector<SeriesKey> keys;
    for (const ImportBlock& block : blocks)
        keys.push_back({meter.value, 0, block.day});
    std::ranges::sort(keys);
    const auto same = std::ranges::unique(keys); // Wh and kWh of one day
    keys.erase(same.begin(), same.end());
    const auto stored = lock_rows(db, register_table, keys);
    for (const ImportBlock& block : blocks) {
        RELEVE_TRY(incoming, decode_register_block(block.data));
        const SeriesKey key{meter.value, 0, block.day};
        const auto row = std::ranges::lower_bound(stored, key, {}, &SeriesRow::key);
        std::optional<RegisterBlock> known;
        if (row != stored.end() && row->key == key) {
            RELEVE_TRY(decoded, decode_register_block(row->data));
            known = std::move(decoded);
        }
        RegisterBlock fresh = sifter.sift(incoming, block.resolution, known ? &*known : nullptr);
        if (daily)
            keep_first_reads(fresh);
        if (!fresh.reads.empty())
            write.register_days.push_back({block.day, std::move(fresh), daily});
    }
    return {};
}

result<ImportPortion::Item> ImportCarrier::Impl::make_item(pg::Connection& db, const Waiting& waiting, Instant now)
{
    RELEVE_TRY(blocks, unpack_import_blocks(waiting.content));
    pg::Params params;
    params.add(waiting.usage_point.value).add(waiting.serial).add(waiting.first).add(waiting.last);
    const pg::Rows rows = db.run("SELECT meter, since, until, place, made_by FROM "
                                 "releve_place_import($1, $2, $3::timestamptz, $4::timestamptz)",
                                 params);
    std::vector<Validity> places;
    ImportPortion::Item item;
    for (int i = 0; i < rows.size(); ++i) {
        places.push_back({rows.instant(i, 1), rows.null(i, 2) ? std::nullopt : std::optional{rows.instant(i, 2)}});
        item.write.meter = MeterId{rows.int4(i, 0)};
        item.address = rows.text(i, 3);
        if (models(rows.text(i, 4)) == nullptr)
            return fail(errc::bad_model, rows.text(i, 4));
    }
    item.write.received_at = now;
    item.write.again = true; // nothing that a meter sent: no frame is counted, nor any counter used
    Sifter sifter{places, static_cast<std::uint64_t>(waiting.part.import), waiting.part, waiting.proven};
    RELEVE_CHECK(waiting.kind == ImportPartKind::intervals ? sift_days(db, item.write.meter, blocks, sifter, item.write)
                                                           : sift_reads(db, item.write.meter, blocks, waiting.daily, sifter, item.write));
    item.write.imported = std::make_shared<const ImportedPart>(sifter.counts);
    return item;
}

std::optional<ImportPortion> ImportCarrier::next(Instant now)
{
    return impl_->with_connection([&](pg::Connection& db) -> std::optional<ImportPortion> {
        for (;;) {
            ImportPortion portion;
            const auto waiting = Impl::load(db, portion.choice_version);
            if (waiting.empty()) {
                Impl::end_imports(db);
                return std::nullopt;
            }
            std::vector<ImportedPart> nothing_new;
            for (const Impl::Waiting& part : waiting) {
                if (part.kind == ImportPartKind::gas && !part.proven) {
                    Impl::give_up(db, part, "what a household says is not told to bills");
                    continue;
                }
                if (part.kind == ImportPartKind::gas) {
                    impl_->publish(db, part);
                    continue;
                }
                // What one part brings, the next one of the same home must see: a portion has one file's only.
                if (!portion.items.empty() && portion.items.front().write.imported->import != part.part.import)
                    break;
                if (part.daily && part.kind == ImportPartKind::intervals) {
                    Impl::give_up(db, part, "only daily totals are kept of it");
                    continue;
                }
                auto item = impl_->make_item(db, part, now);
                if (!item) {
                    Impl::give_up(db, part, to_string(item.error()));
                    continue;
                }
                if (item->write.interval_days.empty() && item->write.register_days.empty()) {
                    nothing_new.push_back(*item->write.imported);
                    continue;
                }
                const CivilDay first = paris().day_of(part.first) - std::chrono::days{1}, last = paris().day_of(part.last);
                portion.first = portion.items.empty() ? first : std::min(portion.first, first);
                portion.last = portion.items.empty() ? last : std::max(portion.last, last);
                portion.items.push_back(std::move(*item));
            }
            end_parts(db, nothing_new, std::nullopt);
            if (!portion.items.empty())
                return portion;
        }
    });
}

void ImportCarrier::refuse(std::span<const ImportRefusal> refusals)
{
    impl_->with_connection([&](pg::Connection& db) {
        for (const ImportRefusal& refusal : refusals) {
            if (refusal.reason == import_choice_changed)
                continue;
            const pg::Rows found = db.run("SELECT usage_point, amount FROM import_part WHERE import = $1::int8 AND part = $2::int4",
                                          pg::Params{}.add(refusal.part.import).add(refusal.part.part));
            if (found.size() == 0)
                continue;
            Impl::Waiting part;
            part.part = refusal.part;
            part.usage_point.value = found.text(0, 0);
            part.values = found.int4(0, 1);
            Impl::give_up(db, part, refusal.reason);
        }
    });
}

} // namespace releve::store
