#pragma once
// Days put into the tables as the collector leaves them, for tests of what is read from them.

#include "store_fixture.hpp"

#include <releve/engine/month_totals.hpp>
#include <releve/store/api_store.hpp>

namespace releve::store::test {

/// "test": half-hours in W, drawn (1) and injected (2). "ten": drawn in Wh by ten minutes (1).
inline const MeterModel* flow_model(std::string_view name)
{
    static const MeterModel both = [] {
        MeterModel made = *test_model("test");
        ChannelModel out = made.channels.at(0);
        out.channel = ChannelId{2};
        out.name = "active_power_export";
        out.main = false;
        made.channels.push_back(out);
        return made;
    }();
    static const MeterModel ten = [] {
        MeterModel made;
        made.name = "ten";
        ChannelModel energy;
        energy.channel = ChannelId{1};
        energy.name = "active_energy_import";
        energy.quantity = Quantity::energy;
        energy.unit = Unit::watt_hour;
        energy.step = Seconds{600};
        energy.main = true;
        made.channels = {energy};
        return made;
    }();
    return name == both.name ? &both : name == ten.name ? &ten : nullptr;
}

class StoredDays : public StoreTest {
protected:
    ApiStore store{address, flow_model};
    Identity who;

    void SetUp() override { who = sign_in(add_token("operator", {"root"}, {})); }
    Identity sign_in(const std::string& key) { return store.authenticate(key, at("2024-06-01T00:00:00Z")).value(); }
    MeterId add_home(const std::string& id, const std::string& title, const char* collection = "half_hour",
                     const char* model = "test")
    {
        add_usage_point(id, "root", collection);
        const MeterId meter = add_meter(title);
        owner("UPDATE meter SET model = '" + std::string{model} + "' WHERE id = " + std::to_string(meter.value));
        install(meter, id);
        return meter;
    }
    /// Committed a minute after the one before.
    void batches(std::int64_t last)
    {
        owner("INSERT INTO batch (batch, writer, committed_at, frames, readings, refused, watermark) SELECT n, 1, "
              "timestamptz '2024-06-01T08:00:00Z' + n * interval '1 minute', 0, 0, 0, n - 1 FROM generate_series(1, " +
              std::to_string(last) + ") AS n");
    }
    void write(const std::string& sql, MeterId meter, const char* text, std::int64_t rev, std::int64_t batch, ByteView data,
               std::int16_t channel = 1)
    {
        pg::Connection connection{address, DbRole::owner};
        connection.run(
            sql,
            pg::Params{}.add(meter.value).add(channel).add(day(text)).add(static_cast<std::int32_t>(rev)).add(batch).add(data));
    }
    void measured(MeterId meter, const char* text, const DayBlock& block, std::int16_t channel = 1, std::int64_t rev = 1)
    {
        write("INSERT INTO interval_day VALUES ($1, $2, $3, $4, $5, $6)", meter, text, rev, batch_of(block),
              encode_day_block(block).value(), channel);
    }
    void measured_before(MeterId meter, const char* text, const DayBlock& block, std::int64_t rev, std::int64_t superseded_by)
    {
        write("INSERT INTO interval_history VALUES ($1, $2, $3, $4, $5, " + std::to_string(superseded_by) + ", $6)", meter, text,
              rev, batch_of(block), encode_day_block(block).value());
    }
    void laid_over(MeterId meter, const char* text, const DayBlock& block, std::int64_t rev, const std::string& told)
    {
        write("INSERT INTO interval_overlay_day VALUES ($1, $2, $3, $4, $5, $6, " + told + ")", meter, text, rev, batch_of(block),
              encode_day_block(block).value());
    }
    void laid_over_before(MeterId meter, const char* text, const DayBlock& block, std::int64_t rev, std::int64_t superseded_by,
                          const std::string& told)
    {
        write("INSERT INTO overlay_history VALUES ($1, $2, $3, $4, $5, " + std::to_string(superseded_by) + ", $6, " + told + ")",
              meter, text, rev, batch_of(block), encode_day_block(block).value());
    }
    void month(MeterId meter, const char* text, const char* through, const std::vector<engine::DayTotal>& days,
               std::int16_t channel = 1)
    {
        pg::Connection connection{address, DbRole::owner};
        connection.run("INSERT INTO interval_month VALUES ($1, $2, $3, $4, 1, $5)",
                       pg::Params{}
                           .add(meter.value)
                           .add(channel)
                           .add(day(text))
                           .add(day(through))
                           .add(ByteView{engine::encode_month(days, day(text)).value()}));
    }
    void due(MeterId meter, const char* from, const char* to, const char* job = "NULL")
    {
        owner("INSERT INTO check_due VALUES (" + std::to_string(meter.value) + ", '" + from + "', '" + to + "', 1, " + job +
              ") ON CONFLICT (meter_id) "
              "DO UPDATE SET day_from = excluded.day_from, day_to = excluded.day_to, job = excluded.job");
    }
    static std::int64_t batch_of(const DayBlock& block)
    {
        std::int64_t last = 0;
        for (const auto& slot : block.slots)
            last = std::max(last, slot ? slot->provenance.batch : 0);
        return last;
    }
    static DayBlock full(const char* text, std::int64_t value, std::int64_t batch = 1)
    {
        DayBlock block = day_block(text, value, static_cast<std::uint64_t>(batch));
        set_batch(block, batch);
        return block;
    }
    /// Of ten minutes, in Wh.
    static DayBlock tens(const char* text, std::int64_t value)
    {
        DayBlock block{paris().start_of(day(text)), Seconds{600}, {}};
        block.slots.assign(static_cast<std::size_t>(paris().length_of(day(text)) / block.step),
                           Slot{value, {true, 1, 1, Quality::raw, 1}});
        return block;
    }
};

} // namespace releve::store::test
