#include <releve/core/meter_model.hpp>

#include <algorithm>

namespace releve {

namespace {
template <class Predicate>
const ChannelModel* find_channel(const std::vector<ChannelModel>& channels, Predicate predicate)
{
    const auto found = std::find_if(channels.begin(), channels.end(), predicate);
    return found == channels.end() ? nullptr : &*found;
}
} // namespace

const ChannelModel* MeterModel::find(const Obis& obis) const
{
    return find_channel(channels, [&](const ChannelModel& c) { return c.obis == obis; });
}

const ChannelModel* MeterModel::find(ChannelId channel) const
{
    return find_channel(channels, [&](const ChannelModel& c) { return c.channel == channel; });
}

const ChannelModel* MeterModel::find_by_name(std::string_view channel_name) const
{
    return find_channel(channels, [&](const ChannelModel& c) { return c.name == channel_name; });
}

const ChannelModel* MeterModel::main_channel() const
{
    return find_channel(channels, [](const ChannelModel& c) { return c.main; });
}

} // namespace releve
