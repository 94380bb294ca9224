// Stored values, as they came, for whoever takes them out of the database.

#include "api_impl.hpp"
#include "import_session.hpp"

#include <releve/engine/gas.hpp>

#include <algorithm>

namespace releve::store {

namespace {

constexpr const char* all_registers = "registers";

bool is_wanted(const ChannelModel& channel, const std::string& name)
{
    if (name.empty())
        return channel.kind == ChannelKind::interval;
    return name == all_registers ? channel.kind == ChannelKind::reading : channel.name == name;
}

class Exporter {
public:
    Exporter(Work& work, const StoredRange& range, const std::function<void(const StoredValue&)>& use) : work_(work), range_(range), use_(use) {}

    result<void> intervals(const MeterPeriod& period, const ChannelModel& channel)
    {
        for (const Row& row : rows("interval_day", period, {channel.channel.value})) {
            RELEVE_TRY(block, decode_day_block(row.bytes(0)));
            for (std::size_t i = 0; i < block.slots.size(); ++i) {
                const Instant start = block.first + block.step * static_cast<std::int64_t>(i);
                if (block.slots[i] && start >= range_.from && start < range_.to && period.validity.contains(start))
                    give(channel, start, block.step, block.slots[i]->value, block.slots[i]->provenance.quality);
            }
        }
        return {};
    }

    /// Each channel's reads in the order of time; a day's block holds those of all.
    result<void> registers(const MeterPeriod& period)
    {
        std::vector<RegisterRead> reads;
        for (const Row& row : rows("register_day", period, {})) {
            RELEVE_TRY(block, decode_register_block(row.bytes(0)));
            for (const RegisterRead& read : block.reads) {
                const ChannelModel* channel = period.model->find(read.channel);
                const bool there = period.validity.contains(read.at) || (period.validity.to && read.at == *period.validity.to);
                if (channel && is_wanted(*channel, range_.channel) && there && read.at >= range_.from && read.at < range_.to)
                    reads.push_back(read);
            }
        }
        std::ranges::stable_sort(reads, {}, [](const RegisterRead& read) { return std::pair{read.channel, read.at}; });
        for (const RegisterRead& read : reads)
            give(*period.model->find(read.channel), read.at, Seconds{0}, read.value, read.provenance.quality);
        return {};
    }

    [[nodiscard]] std::int64_t given() const { return given_; }

private:
    Table rows(const std::string& table, const MeterPeriod& period, const std::vector<Arg>& channel)
    {
        // A civil day may begin before the date of its first instant in UTC, and a gas day ends on the next.
        const auto day_of = [](Instant at) { return std::chrono::local_days{std::chrono::floor<std::chrono::days>(at).time_since_epoch()}; };
        std::vector<Arg> args{period.meter.value, day_of(range_.from) - std::chrono::days{2}, day_of(range_.to) + std::chrono::days{2}};
        args.insert(args.end(), channel.begin(), channel.end());
        return work_.run("SELECT data FROM " + table + " WHERE meter_id = $1::int4 AND day BETWEEN $2::date AND $3::date" +
                             (channel.empty() ? "" : " AND channel = $4::int2") + " ORDER BY day",
                         args);
    }
    void give(const ChannelModel& channel, Instant at, Seconds step, std::int64_t value, Quality quality)
    {
        ++given_;
        use_({channel.name, at, step, value, channel.unit, channel.scaler, quality});
    }

    Work& work_;
    const StoredRange& range_;
    const std::function<void(const StoredValue&)>& use_;
    std::int64_t given_ = 0;
};

} // namespace

result<std::int64_t> ImportStore::read_out(const StoredRange& range, const ModelLookup& models,
                                           const std::function<void(const StoredValue&)>& use)
{
    return impl_->transaction([&](Work& work) -> result<std::int64_t> {
        const Table point = work.run("SELECT collection FROM usage_point WHERE id = $1", {range.usage_point.value});
        if (point.empty())
            return fail(errc::not_found, "there is no usage point " + range.usage_point.value);
        const bool daily = point[0].text(0) == "daily";
        const auto periods = meter_periods(work, range.usage_point, models);
        const bool known = std::ranges::any_of(periods, [&](const MeterPeriod& period) {
            return period.model && std::ranges::any_of(period.model->channels, [&](const ChannelModel& c) { return is_wanted(c, range.channel); });
        });
        if (!periods.empty() && !known)
            return fail(errc::bad_parameter, "channel: no meter of this usage point has the channel " + range.channel);
        work.run("INSERT INTO access_log (token, role, who, usage_point, what, day_from, day_to) VALUES (0, 'operator', $2, $1, 'readings', "
                 "($3::timestamptz AT TIME ZONE 'Europe/Paris')::date, ($4::timestamptz AT TIME ZONE 'Europe/Paris')::date)",
                 {range.usage_point.value, range.who, range.from, range.to});
        Exporter exporter{work, range, use};
        std::vector<std::string> names; // the same channel of one meter after the other
        for (const MeterPeriod& period : periods)
            for (const ChannelModel& channel : period.model ? period.model->channels : std::vector<ChannelModel>{})
                if (channel.kind == ChannelKind::interval && is_wanted(channel, range.channel) && std::ranges::find(names, channel.name) == names.end())
                    names.push_back(channel.name);
        if (daily && !names.empty())
            return fail(errc::daily_only, "only daily totals are kept of " + range.usage_point.value);
        for (const std::string& name : names)
            for (const MeterPeriod& period : periods)
                if (const ChannelModel* channel = period.model ? period.model->find_by_name(name) : nullptr)
                    RELEVE_CHECK(exporter.intervals(period, *channel));
        if (names.empty())
            for (const MeterPeriod& period : periods)
                if (period.model)
                    RELEVE_CHECK(exporter.registers(period));
        return exporter.given();
    });
}

} // namespace releve::store
