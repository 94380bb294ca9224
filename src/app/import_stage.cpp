#include <releve/app/import_stage.hpp>

#include <releve/core/limits.hpp>
#include <releve/engine/gas.hpp>

#include <algorithm>
#include <functional>
#include <set>
#include <tuple>

namespace releve::app {

namespace {

using store::ImportBlock;
using store::ImportPartKind;
using store::StagedPart;

constexpr std::size_t blocks_per_part = 400; // a year of days and some

/// What one usage point has of a kind, as blocks in the order of days.
struct PointBlock {
    ImportBlock block;
    Instant first{}, last{};
    std::int64_t values = 0;
};

/// How often a reason held, of one usage point.
using Refusals = std::map<std::pair<std::string, std::string>, std::int64_t>;

std::string channel_name(const ImportedInterval& row)
{
    const std::string name = row.injected ? "active_power_export" : "active_power_import";
    return row.step == Seconds{1800} ? name : name + "_" + std::to_string(row.step / Seconds{60});
}

std::string channel_name(const ImportedRead& row)
{
    return (row.injected ? "active_energy_export_" : "active_energy_import_") + row.register_name;
}

/// A read that is to be kept, of whatever energy.
struct Read {
    const ChannelModel* channel = nullptr;
    Instant at{};
    std::int64_t value = 0, resolution = 1;
    Quality quality = Quality::raw;
};

class Stager {
public:
    Stager(const std::map<std::string, store::ImportPoint>& points, const StageContext& context) : points_(points), context_(context) {}

    StagedFile stage(const ImportedFile& file)
    {
        for (const std::string& id : usage_points_of(file))
            if (points_.contains(id))
                out_.import.usage_points.push_back(id);
        for (const ImportedRead& row : file.reads) // the last one that the file names
            if (context_.proven && !row.serial.empty() && row.at >= serials_[row.usage_point].second)
                serials_[row.usage_point] = {row.serial, row.at};
        add_intervals(file);
        for (const ImportedRead& row : file.reads)
            add_read(row);
        add_gas(file);
        for (const auto& [id, days] : intervals_)
            finish_intervals(id, days);
        for (const auto& [id, reads] : reads_)
            finish_reads(id, reads);
        for (const auto& [id, rows] : published_)
            finish_gas(id, rows);
        for (const auto& [of, count] : refusals_) {
            out_.import.refused += count;
            out_.problems.push_back({0, of.first, of.second + " (" + std::to_string(count) + (count == 1 ? " value)" : " values)")});
        }
        out_.import.format = import_format_name(file.format);
        out_.import.empty_values = static_cast<std::int64_t>(file.empty_values);
        out_.import.problems = static_cast<std::int64_t>(file.problems.size() + file.more_problems + out_.problems.size());
        out_.import.proven = context_.proven;
        for (const std::vector<ImportProblem>& problems : {std::cref(out_.problems), std::cref(file.problems)})
            for (const ImportProblem& problem : problems)
                if (out_.import.lines.size() < store::import_lines_max)
                    out_.import.lines.push_back({static_cast<std::int64_t>(problem.line), problem.field, problem.reason});
        if (file.number) {
            out_.import.flow = file.number->flow;
            out_.import.series = file.number->series;
            out_.import.number = file.number->number;
        }
        return std::move(out_);
    }

private:
    using DayKey = std::pair<CivilDay, ChannelId>;
    using Days = std::map<DayKey, DayBlock>;

    void refuse(const std::string& id, std::string reason) { ++refusals_[{id, std::move(reason)}]; }

    /// The usage point, if it exists and has that energy, and the instant is none of the future.
    const store::ImportPoint* point_of(const std::string& id, const char* energy, Instant end)
    {
        const auto found = points_.find(id);
        if (found == points_.end()) {
            refuse(id, "there is no such usage point");
            return nullptr;
        }
        if (found->second.energy != energy) {
            refuse(id, "is a usage point of " + found->second.energy);
            return nullptr;
        }
        if (end > context_.now + limits::future_max) {
            refuse(id, "lies in the future");
            return nullptr;
        }
        constexpr std::chrono::days household_past_max{3'660};
        if (!context_.proven && end < context_.now - household_past_max) {
            refuse(id, "lies more than ten years back");
            return nullptr;
        }
        return &found->second;
    }

    void add_intervals(const ImportedFile& file)
    {
        for (const ImportedInterval& row : file.intervals) {
            const store::ImportPoint* point = point_of(row.usage_point, "electricity", row.start + row.step);
            if (point == nullptr)
                continue;
            if (point->collection == store::Collection::daily) {
                refuse(row.usage_point, "only daily totals are kept of it, as its occupant chose: its curve is not taken");
                continue;
            }
            const ChannelModel* channel = context_.electricity.find_by_name(channel_name(row));
            if (channel == nullptr || channel->kind != ChannelKind::interval) {
                refuse(row.usage_point, "a step of " + std::to_string(row.step.count()) + " s is not kept");
                continue;
            }
            add_slot(intervals_[row.usage_point], *channel, row);
        }
    }

    void add_slot(Days& days, const ChannelModel& channel, const ImportedInterval& row)
    {
        const CivilDay day = context_.zone.day_of(row.start, channel.day_start);
        const auto [at, fresh] = days.try_emplace(DayKey{day, channel.channel});
        DayBlock& block = at->second;
        if (fresh) {
            block.first = context_.zone.start_of(day, channel.day_start);
            block.step = channel.step;
            block.slots.resize(static_cast<std::size_t>(context_.zone.length_of(day, channel.day_start) / channel.step));
        }
        const Seconds offset = row.start - block.first;
        const auto index = static_cast<std::size_t>(offset / channel.step);
        if (offset % channel.step != Seconds{0} || index >= block.slots.size()) {
            refuse(row.usage_point, to_iso8601(row.start) + " is not the start of an interval");
            return;
        }
        block.slots[index] = Slot{row.power_w, {.authenticated = false, .key_generation = 0, .counter = 0, .quality = row.quality}};
    }

    void add_read(const ImportedRead& row)
    {
        if (point_of(row.usage_point, "electricity", row.at) == nullptr)
            return;
        const ChannelModel* channel = context_.electricity.find_by_name(channel_name(row));
        if (channel == nullptr || channel->kind != ChannelKind::reading) {
            refuse(row.usage_point, "the register " + row.register_name + " is not kept");
            return;
        }
        reads_[row.usage_point].push_back({channel, row.at, row.value_wh, row.resolution_wh, row.quality});
    }

    /// What was published says it better than what only informs: it comes first, and the first counts.
    void add_gas(const ImportedFile& file)
    {
        std::vector<const ImportedGas*> order;
        for (const ImportedGas& row : file.gas)
            order.push_back(&row);
        std::ranges::stable_sort(order, std::greater{}, [](const ImportedGas* row) { return row->published && !row->provisional; });
        for (const ImportedGas* row : order)
            add_gas(*row);
    }

    void add_gas(const ImportedGas& row)
    {
        const ChannelModel* channel = context_.gas.find_by_name("volume_index");
        RELEVE_ASSERT(channel);
        if (point_of(row.usage_point, "gas", context_.zone.start_of(row.to, channel->day_start)) == nullptr)
            return;
        const bool for_bills = row.published && !row.provisional && context_.proven;
        const auto index = [&](const std::optional<std::int64_t>& m3, CivilDay day) {
            if (m3) // dm3
                add_gas_read(row.usage_point, {channel, context_.zone.start_of(day, channel->day_start), *m3 * 1'000, 1,
                                               for_bills ? row.quality : worse(row.quality, Quality::unauthenticated)});
        };
        index(row.index_from_m3, row.from);
        index(row.index_to_m3, row.to);
        if (!for_bills)
            return;
        if (!row.energy_kwh) {
            refuse(row.usage_point, "was published without an energy");
            return;
        }
        published_[row.usage_point].push_back(
            {row.from, row.to, row.index_from_m3.value_or(0), row.index_to_m3.value_or(0), row.kwh_per_m3_e5, *row.energy_kwh, row.quality});
    }

    void add_gas_read(const std::string& id, const Read& read)
    {
        const auto [known, fresh] = gas_reads_.try_emplace({id, read.at}, read);
        if (fresh)
            reads_[id].push_back(read);
        else if (known->second.value != read.value && known->second.quality != Quality::unauthenticated && read.quality != Quality::unauthenticated)
            refuse(id, "two indexes for " + to_iso8601(read.at) + ", as where the meter was exchanged: the first is kept");
    }

    // ------------------------------------------------------------ what was collected becomes parts

    /// In the order of days, so that the first part of a usage point begins with its earliest value.
    void add_parts(const std::string& id, ImportPartKind kind, std::vector<PointBlock> blocks)
    {
        const auto serial = serials_.find(id);
        std::vector<ImportBlock> chunk;
        StagedPart part;
        std::size_t bytes = 0;
        const auto flush = [&] {
            if (chunk.empty())
                return;
            part.usage_point.value = id;
            part.kind = kind;
            part.serial = serial == serials_.end() ? std::string{} : serial->second.first;
            part.content = store::pack_import_blocks(chunk);
            out_.import.parts.push_back(std::move(part));
            part = {};
            chunk.clear();
            bytes = 0;
        };
        for (PointBlock& one : blocks) {
            const bool new_day = chunk.empty() || chunk.back().day != one.block.day;
            if (new_day && (chunk.size() >= blocks_per_part || bytes >= store::import_part_bytes))
                flush();
            part.first = chunk.empty() ? one.first : std::min(part.first, one.first);
            part.last = chunk.empty() ? one.last : std::max(part.last, one.last);
            part.values += one.values;
            bytes += one.block.data.size();
            chunk.push_back(std::move(one.block));
        }
        flush();
    }

    void finish_intervals(const std::string& id, const Days& days)
    {
        std::vector<PointBlock> blocks;
        for (const auto& [key, block] : days) {
            PointBlock one{.block = {key.second, key.first, 1, {}}, .first = {}, .last = {}, .values = 0};
            for (std::size_t i = 0; i < block.slots.size(); ++i) {
                if (!block.slots[i])
                    continue;
                one.last = block.first + block.step * static_cast<std::int64_t>(i);
                if (one.values++ == 0)
                    one.first = one.last;
            }
            auto data = encode_day_block(block);
            if (one.values == 0)
                continue;
            if (!data) {
                refusals_[{id, to_iso8601(key.first) + ": " + data.error().detail}] += one.values;
                continue;
            }
            one.block.data = std::move(*data);
            blocks.push_back(std::move(one));
        }
        add_parts(id, ImportPartKind::intervals, std::move(blocks));
    }

    void finish_reads(const std::string& id, const std::vector<Read>& reads)
    {
        std::map<std::pair<CivilDay, std::int64_t>, RegisterBlock> days; // by day and resolution
        for (const Read& read : reads)
            days[{context_.zone.day_of(read.at, read.channel->day_start), read.resolution}].reads.push_back(
                {read.channel->channel, read.at, read.value, {.quality = read.quality}});
        const bool daily = points_.at(id).collection == store::Collection::daily;
        std::vector<PointBlock> blocks;
        for (auto& [key, block] : days) {
            std::ranges::sort(block.reads, {}, [](const RegisterRead& read) { return std::pair{read.channel, read.at}; });
            if (daily)
                keep_first_reads(block);
            PointBlock one{.block = {ChannelId{0}, key.first, key.second, {}},
                           .first = std::ranges::min(block.reads, {}, &RegisterRead::at).at,
                           .last = std::ranges::max(block.reads, {}, &RegisterRead::at).at,
                           .values = static_cast<std::int64_t>(block.reads.size())};
            auto data = encode_register_block(block);
            if (!data) {
                refusals_[{id, to_iso8601(key.first) + ": " + data.error().detail}] += one.values;
                continue;
            }
            one.block.data = std::move(*data);
            blocks.push_back(std::move(one));
        }
        add_parts(id, ImportPartKind::registers, std::move(blocks));
    }

    void finish_gas(const std::string& id, const std::vector<store::PublishedGasWrite>& rows)
    {
        StagedPart part;
        part.usage_point.value = id;
        part.kind = ImportPartKind::gas;
        part.first = context_.zone.start_of(std::ranges::min(rows, {}, &store::PublishedGasWrite::from).from, engine::gas_day_start);
        part.last = context_.zone.start_of(std::ranges::max(rows, {}, &store::PublishedGasWrite::to).to, engine::gas_day_start);
        part.values = static_cast<std::int64_t>(rows.size());
        part.content = store::pack_published_gas(rows);
        out_.import.parts.push_back(std::move(part));
    }

    const std::map<std::string, store::ImportPoint>& points_;
    const StageContext& context_;
    StagedFile out_;
    Refusals refusals_;
    std::map<std::string, std::pair<std::string, Instant>> serials_; // with the instant of the read that names it
    std::map<std::string, Days> intervals_;
    std::map<std::string, std::vector<Read>> reads_;
    std::map<std::pair<std::string, Instant>, Read> gas_reads_;
    std::map<std::string, std::vector<store::PublishedGasWrite>> published_;
};

} // namespace

std::vector<std::string> usage_points_of(const ImportedFile& file)
{
    std::set<std::string> ids;
    for (const ImportedInterval& row : file.intervals)
        ids.insert(row.usage_point);
    for (const ImportedRead& row : file.reads)
        ids.insert(row.usage_point);
    for (const ImportedGas& row : file.gas)
        ids.insert(row.usage_point);
    return {ids.begin(), ids.end()};
}

StagedFile stage_import(const ImportedFile& file, const std::map<std::string, store::ImportPoint>& points, const StageContext& context)
{
    return Stager{points, context}.stage(file);
}

} // namespace releve::app
