#pragma once
// Files of readings as tests write them, and the carrying out of what was staged.

#include "store_fixture.hpp"

#include <releve/crypto/aes.hpp>
#include <releve/store/import_store.hpp>

#include <algorithm>

namespace releve::store::test {

using namespace std::chrono_literals;

inline constexpr const char* home = "01000000000001";

inline const MeterModel* import_model(std::string_view name)
{
    static const auto model = [](const char* called, std::vector<ChannelModel> channels) {
        MeterModel made;
        made.name = called;
        made.protocol = "import";
        made.channels = std::move(channels);
        return made;
    };
    const auto channel = [](std::int16_t number, const char* called, Seconds step) {
        ChannelModel made;
        made.channel = ChannelId{number};
        made.name = called;
        made.step = step;
        if (step == 0s) {
            made.kind = ChannelKind::reading;
            made.quantity = Quantity::cumulative;
            made.unit = Unit::watt_hour;
        }
        return made;
    };
    static const MeterModel power = model("imported", {channel(1, "active_power_import", 1800s), channel(60, "active_power_import_60", 3600s),
                                                       channel(10, "active_energy_import_total", 0s)});
    static const MeterModel gas = model("imported-gas", {channel(1, "volume_index", 0s)});
    return name == power.name ? &power : name == gas.name ? &gas : test_model(name);
}

/// A civil day of half-hours (or hours), all with one value, as a file says it.
inline ImportBlock file_day(const char* on, std::int64_t value, Quality quality = Quality::raw, std::int16_t channel = 1)
{
    DayBlock block = day_block(on, value, 0);
    if (channel == 60) {
        block.step = 3600s;
        block.slots.resize(block.slots.size() / 2);
    }
    for (auto& slot : block.slots)
        slot->provenance = {.quality = quality};
    return {ChannelId{channel}, day(on), 1, encode_day_block(block).value()};
}

inline ImportBlock file_read(const char* when, std::int64_t value, std::int64_t resolution = 1, Quality quality = Quality::raw)
{
    const RegisterBlock block{{{ChannelId{10}, at(when), value, {.quality = quality}}}};
    return {ChannelId{0}, paris().day_of(at(when)), resolution, encode_register_block(block).value()};
}

inline StagedPart part(const std::vector<ImportBlock>& blocks, const char* first, const char* last, const char* point = home)
{
    return {.usage_point = {point},
            .kind = blocks.at(0).channel.value == 0 ? ImportPartKind::registers : ImportPartKind::intervals,
            .serial = "",
            .first = at(first),
            .last = at(last),
            .values = 48 * static_cast<std::int64_t>(blocks.size()),
            .content = pack_import_blocks(blocks)};
}
inline StagedPart march(int from, int to, std::int64_t value, Quality quality = Quality::raw)
{
    std::vector<ImportBlock> blocks;
    const auto text = [](int on) { return std::string{"2024-03-"} + (on < 10 ? "0" : "") + std::to_string(on); };
    for (int on = from; on < to; ++on)
        blocks.push_back(file_day(text(on).c_str(), value, quality));
    return part(blocks, (text(from - 1) + "T23:00:00Z").c_str(), (text(to - 1) + "T22:30:00Z").c_str());
}

class Imports : public StoreTest {
protected:
    ImportStore store{address};
    BatchWriter writer{address, 1};
    Numbers numbers;
    std::vector<std::string> reasons; // why parts were refused

    static StagedImport import(const char* name, std::vector<StagedPart> parts)
    {
        StagedImport made;
        made.file_name = name;
        const auto sum = crypto::sha256(as_bytes(name));
        made.sha256.assign(sum.begin(), sum.end());
        made.format = "enedis_curve";
        for (const StagedPart& one : parts)
            if (std::ranges::find(made.usage_points, one.usage_point.value) == made.usage_points.end())
                made.usage_points.push_back(one.usage_point.value);
        made.parts = std::move(parts);
        return made;
    }
    std::int64_t stage(const char* name, std::vector<StagedPart> parts)
    {
        const auto staged = store.stage(import(name, std::move(parts)));
        EXPECT_TRUE(staged) << to_string(staged.error());
        return staged ? staged->id : 0;
    }
    bool write(ImportCarrier& carrier, const ImportPortion& portion)
    {
        std::vector<FrameWrite> writes;
        for (const ImportPortion::Item& item : portion.items)
            writes.push_back(item.write);
        auto request = numbers.request(writes);
        request.choice_version = portion.choice_version;
        const auto result = writer.write(request);
        std::vector<ImportRefusal> refused;
        for (std::size_t i = 0; result && i < writes.size(); ++i)
            if (result->outcomes[i] == FrameOutcome::refused) {
                refused.push_back({*writes[i].imported, result->reasons[i]});
                reasons.push_back(result->reasons[i]);
            }
        carrier.refuse(refused);
        return refused.empty();
    }
    void carry_out()
    {
        ImportCarrier carrier{address, import_model};
        while (const auto portion = carrier.next(at("2024-06-01T08:00:00Z")))
            if (!write(carrier, *portion) && reasons.size() > 20)
                FAIL() << reasons.back();
    }
    /// State and counts: imported, unchanged, refused, of our meters.
    std::string told(std::int64_t id)
    {
        return ask(DbRole::owner, "SELECT state, imported, unchanged, refused, own_meter FROM import WHERE id = " + std::to_string(id));
    }
    std::vector<StoredValue> stored(const char* from, const char* to, const std::string& channel = "")
    {
        std::vector<StoredValue> values;
        const auto given = store.read_out({{home}, channel, at(from), at(to), "tests"}, import_model,
                                          [&](const StoredValue& value) { values.push_back(value); });
        EXPECT_TRUE(given) << to_string(given.error());
        return values;
    }
    std::string days() { return ask(DbRole::owner, "SELECT channel, day, rev, md5(data) FROM interval_day ORDER BY 1, 2"); }
    std::string batches() { return ask(DbRole::owner, "SELECT count(*) FROM batch"); }
};

} // namespace releve::store::test
