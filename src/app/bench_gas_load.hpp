#pragma once
// The gas of the load `france`: Wize meters that send a gas day in a frame, behind gateways that send batches of them.
// Private to src/app.

#include <releve/app/bench.hpp>
#include <releve/core/meter_model.hpp>
#include <releve/crypto/secret.hpp>
#include <releve/net/uplink.hpp>
#include <releve/store/records.hpp>

namespace releve::app {

/// By frames: so many electricity days to so many gas days.
inline constexpr std::uint64_t france_electricity = 35, france_gas = 11;
inline constexpr std::uint32_t gas_gateways = 8;
inline constexpr std::size_t gas_batch_frames = 500;
inline constexpr std::uint8_t gas_network = 1;
inline constexpr const char* gas_model = "releve-gas";
inline constexpr const char* gas_hours_channel = "volume";

/// Of a fleet of electricity meters: how many gas meters are to it as 11 to 35, rounded.
[[nodiscard]] std::uint32_t gas_meters_of(std::uint32_t electricity_meters);
[[nodiscard]] std::string gas_gateway_id(std::uint32_t gateway);
/// Of the whole radio network.
[[nodiscard]] crypto::Key128 gas_network_key();
/// What a gas meter is registered as.
[[nodiscard]] store::MeterImportRow gas_import_row(std::uint32_t meter, Instant installed_from);

/// A function of the electricity's load alone. An hour's volume is what two of its half-hours come to, at 11 Wh a dm3, so that
/// gas days have 23, 24 and 25 hours in the same rounds in which civil days have 46, 48 and 50 half-hours. A round is a gas
/// day; within it a gateway's meters come in a pseudo-random order.
class GasLoad {
public:
    using Item = BenchLoad::Item;
    using Hours = std::vector<std::pair<Instant, std::int32_t>>;

    /// `electricity` outlives it and is of days. errc::bad_model when the shipped model cannot be had.
    [[nodiscard]] static result<GasLoad> make(const BenchLoad& electricity);

    [[nodiscard]] std::uint32_t meters() const { return meters_; }
    [[nodiscard]] std::uint32_t gateways() const { return static_cast<std::uint32_t>(orders_.size()); }
    [[nodiscard]] std::uint32_t rounds() const { return electricity_->options().rounds; }
    [[nodiscard]] std::size_t items_of(std::uint32_t gateway) const;
    /// Of all gateways.
    [[nodiscard]] std::uint64_t items() const;
    [[nodiscard]] Item item(std::uint32_t gateway, std::size_t index) const;
    /// The gas day of a round: 06:00 Paris to 06:00.
    [[nodiscard]] CivilDay day_of(std::uint32_t round) const;
    /// Start and volume in dm3 of each hour of the item's frame.
    [[nodiscard]] Hours hours(const Item& item) const;
    /// Which of its channels the hours are.
    [[nodiscard]] ChannelId hours_channel() const { return hours_; }
    /// Which meter has this address; nothing for an electricity meter's.
    [[nodiscard]] static std::optional<std::uint32_t> meter_of(std::string_view address);

    struct Batch {
        Bytes message; // as it goes on the line
        std::uint64_t sequence = 0;
        std::uint32_t frames = 0;
    };
    /// All of a gateway, in the order in which it sends them. Every frame has the meter's index beside its hours.
    [[nodiscard]] std::vector<Batch> batches_of(std::uint32_t gateway) const;

private:
    GasLoad(const BenchLoad& electricity, MeterModel model);
    [[nodiscard]] net::UplinkFrame frame_of(const Item& item, const Hours& hours, std::int64_t index_dm3) const;

    const BenchLoad* electricity_;
    MeterModel model_;
    ChannelId hours_, index_;
    std::uint32_t meters_;
    std::vector<std::vector<std::uint32_t>> orders_; // of each gateway's meters
};

} // namespace releve::app
