#include "bench_gas_load.hpp"

#include <releve/app/model_files.hpp>
#include <releve/codec/dlms/security.hpp>
#include <releve/codec/wize/frame.hpp>
#include <releve/codec/wize/message.hpp>
#include <releve/sim/random.hpp>

#include <algorithm>

namespace releve::app {

namespace {

using namespace std::chrono_literals;

constexpr const char* index_channel = "volume_index";
constexpr const char* layout = "day";
constexpr std::uint8_t layout_app = 0x20;
constexpr std::int32_t wh_per_dm3 = 11;
constexpr std::int64_t start_index_dm3 = 1'000'000;
constexpr Seconds gas_day_start{6h};
constexpr Seconds heard_after{5}; // the day's end
constexpr std::int16_t signal_dbm = -87;
constexpr std::uint64_t salt_key = 0x6761'73, salt_order = 0x6f72'64;
// "RLV" as EN 13757-3 packs it, its low octet first; a gas meter.
constexpr std::uint16_t manufacturer = ('R' - 64) << 10 | ('L' - 64) << 5 | ('V' - 64);
constexpr std::uint8_t version = 1, type_gas = 3;

crypto::Key128 key_of(std::uint64_t number)
{
    Writer key;
    key.u64_be(sim::mix(bench_seed ^ salt_key, 2 * number)).u64_be(sim::mix(bench_seed ^ salt_key, 2 * number + 1));
    return crypto::Key128::from(key.view()).value();
}

/// The network's key is the one before those of the meters.
crypto::Key128 meter_key(std::uint32_t meter)
{
    return key_of(meter + 1U);
}

std::string digits(std::uint64_t number, std::size_t count)
{
    std::string text = std::to_string(number);
    return std::string(count - std::min(count, text.size()), '0') + text;
}

DeviceAddress address_of(std::uint32_t meter)
{
    Writer address;
    address.u8(manufacturer & 0xff).u8(manufacturer >> 8);
    for (std::uint32_t rest = meter, i = 0; i < 4; ++i, rest /= 100)
        address.u8(static_cast<std::uint8_t>(rest / 10 % 10 << 4 | rest % 10));
    address.u8(version).u8(type_gas);
    DeviceAddress out;
    std::ranges::copy(address.view(), out.begin());
    return out;
}

} // namespace

std::uint32_t gas_meters_of(std::uint32_t electricity_meters)
{
    return static_cast<std::uint32_t>((2 * electricity_meters * france_gas + france_electricity) / (2 * france_electricity));
}

std::string gas_gateway_id(std::uint32_t gateway)
{
    return "bench-gateway-" + std::to_string(gateway + 1);
}

crypto::Key128 gas_network_key()
{
    return key_of(0);
}

store::MeterImportRow gas_import_row(std::uint32_t meter, Instant installed_from)
{
    const crypto::Key128 key = meter_key(meter);
    store::MeterImportRow row;
    row.system_title = to_hex(address_of(meter));
    row.serial = digits(meter, 8);
    row.protocol = "wize";
    row.model = gas_model;
    row.policy = dlms::policy_name(dlms::Policy::authenticated_encrypted);
    row.replay = "window";
    row.key_id = 1;
    row.encryption_key.assign(key.bytes().begin(), key.bytes().end());
    row.usage_point = "98" + digits(meter, 12); // beside the made-up ones of the electricity meters
    row.energy = "gas";
    row.installed_from = installed_from;
    row.collection = store::Collection::half_hour;
    row.area = "bench";
    return row;
}

GasLoad::GasLoad(const BenchLoad& electricity, MeterModel model)
    : electricity_(&electricity),
      model_(std::move(model)),
      hours_(model_.find_by_name(gas_hours_channel)->channel),
      index_(model_.find_by_name(index_channel)->channel),
      meters_(gas_meters_of(electricity.options().meters))
{
    orders_.resize(std::min(gas_gateways, meters_));
    for (std::uint32_t meter = 0; meter < meters_; ++meter)
        orders_[meter % orders_.size()].push_back(meter);
    for (auto& order : orders_)
        for (std::size_t i = order.size(); i > 1; --i)
            std::swap(order[i - 1], order[sim::mix(electricity.options().seed ^ salt_order, i) % i]);
}

result<GasLoad> GasLoad::make(const BenchLoad& electricity)
{
    RELEVE_ASSERT(electricity.options().kind == BenchKind::day);
    RELEVE_TRY(models, ModelRegistry::load({}));
    const MeterModel* model = models.find(gas_model);
    if (!model || !model->find_by_name(gas_hours_channel) || !model->find_by_name(index_channel))
        return fail(errc::bad_model, std::string{gas_model} + ": is not among the shipped models");
    return GasLoad{electricity, *model};
}

std::size_t GasLoad::items_of(std::uint32_t gateway) const
{
    return orders_.at(gateway).size() * rounds();
}

std::uint64_t GasLoad::items() const
{
    return std::uint64_t{meters_} * rounds();
}

GasLoad::Item GasLoad::item(std::uint32_t gateway, std::size_t index) const
{
    const auto& order = orders_.at(gateway);
    const std::size_t round = index / order.size();
    return {order[(index + round * 7'919) % order.size()], static_cast<std::uint32_t>(round)};
}

/// The day before the electricity's: the clocks change at night, within the gas day that began the morning before.
CivilDay GasLoad::day_of(std::uint32_t round) const
{
    return electricity_->day_of(round) - std::chrono::days{1};
}

GasLoad::Hours GasLoad::hours(const Item& item) const
{
    const auto half_hours = electricity_->slots(item);
    const Instant start = paris().start_of(day_of(item.round), gas_day_start);
    Hours hours;
    hours.reserve(half_hours.size() / 2);
    for (std::size_t i = 0; i + 1 < half_hours.size(); i += 2)
        hours.emplace_back(start + 1h * static_cast<std::int64_t>(i / 2),
                           (half_hours[i].second + half_hours[i + 1].second) / 2 / wh_per_dm3);
    return hours;
}

std::optional<std::uint32_t> GasLoad::meter_of(std::string_view address)
{
    const auto octets = from_hex(address);
    if (!octets || octets->size() != DeviceAddress{}.size())
        return std::nullopt;
    std::uint32_t meter = 0;
    for (std::size_t i = 4; i > 0; --i) {
        const auto pair = std::to_integer<std::uint32_t>((*octets)[1 + i]);
        meter = meter * 100 + (pair >> 4) * 10 + (pair & 15);
    }
    return std::ranges::equal(*octets, address_of(meter)) ? std::optional{meter} : std::nullopt;
}

net::UplinkFrame GasLoad::frame_of(const Item& item, const Hours& hours, std::int64_t index_dm3) const
{
    const Instant end = hours.back().first + 1h;
    PushContent content;
    content.layout = layout;
    for (const auto& [start, volume_dm3] : hours)
        content.intervals.push_back({hours_, start, volume_dm3});
    content.registers.push_back({index_, end, index_dm3});
    const Bytes l7 = wize::encode_message({model_, content, end, hours.size()}).value();
    const crypto::Key128 key = meter_key(item.meter);
    const wize::Outgoing out{.c = wize::FrameType::data,
                             .address = address_of(item.meter),
                             .netid = gas_network,
                             .cpt = static_cast<std::uint16_t>(item.round + 1),
                             .app = layout_app,
                             .tstamp = wize::tstamp_at(end, model_.wize.clock_base),
                             .l7 = l7};
    return {.kind = net::FrameKind::wize,
            .frame = wize::encode_exchange(out, &key, gas_network_key()),
            .received_at = end + heard_after,
            .signal_dbm = signal_dbm};
}

std::vector<GasLoad::Batch> GasLoad::batches_of(std::uint32_t gateway) const
{
    std::vector<Batch> batches;
    std::vector<std::int64_t> index_dm3(meters_, start_index_dm3);
    net::UplinkBatch batch;
    const auto finish = [&] {
        batch.sequence = batches.size() + 1;
        batches.push_back({net::with_length(net::encode_message(batch)), batch.sequence,
                           static_cast<std::uint32_t>(batch.frames.size())});
        batch.frames.clear();
    };
    for (std::size_t i = 0; i < items_of(gateway); ++i) {
        const Item what = item(gateway, i);
        const Hours of_day = hours(what);
        for (const auto& [start, volume_dm3] : of_day)
            index_dm3[what.meter] += volume_dm3;
        batch.frames.push_back(frame_of(what, of_day, index_dm3[what.meter]));
        if (batch.frames.size() == gas_batch_frames)
            finish();
    }
    if (!batch.frames.empty())
        finish();
    return batches;
}

} // namespace releve::app
