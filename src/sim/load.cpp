#include <releve/sim/load.hpp>

#include <releve/sim/random.hpp>

#include <algorithm>

namespace releve::sim {

namespace {

/// Per cent of the mean day, by month, and weight of each local hour.
constexpr std::array<int, 12> month_percent{138, 132, 116, 98, 84, 76, 72, 70, 80, 96, 114, 130};
constexpr std::array<int, 24> hour_weight{20, 16, 14, 14, 14, 16, 26, 44, 46, 36, 32, 34,
                                          46, 42, 32, 28, 28, 34, 52, 66, 64, 52, 40, 28};
constexpr std::int64_t start_index_wh_min = 1'000'000;
constexpr std::int64_t start_index_wh_max = 30'000'000;

constexpr std::uint64_t salt_mean = 1, salt_start = 2, salt_day = 3, salt_slot = 4;

/// By the time passed since midnight: on the two days of a clock change habits are off by an hour, which is
/// near enough.
std::int64_t slot_weight(std::uint64_t day_seed, std::size_t slot)
{
    const std::size_t hour = std::min<std::size_t>(slot / 2, hour_weight.size() - 1);
    return hour_weight[hour] * between(mix(day_seed, slot), 60, 140);
}

} // namespace

std::optional<std::int32_t> Curve::at(Instant start) const
{
    if (start < first || start >= end() || (start - first) % slot_length != Seconds{0})
        return std::nullopt;
    return power_w[static_cast<std::size_t>((start - first) / slot_length)];
}

RecordedLoad::RecordedLoad(Curve curve, std::vector<IndexRead> indexes, const Zone& zone,
                           std::int64_t start_index_wh)
    : curve_(std::move(curve)), indexes_(std::move(indexes)), zone_(&zone), start_index_wh_(start_index_wh)
{
    std::ranges::sort(indexes_, {}, &IndexRead::day);
    if (!indexes_.empty())
        return;
    energy_ws_.reserve(curve_.power_w.size() + 1);
    std::int64_t sum = 0;
    energy_ws_.push_back(sum);
    for (const auto& power : curve_.power_w)
        energy_ws_.push_back(sum += power.value_or(0) * slot_length.count());
}

std::optional<IndexRead> RecordedLoad::index_at(CivilDay day) const
{
    if (!indexes_.empty()) {
        const auto found = std::ranges::lower_bound(indexes_, day, {}, &IndexRead::day);
        return found != indexes_.end() && found->day == day ? std::optional{*found} : std::nullopt;
    }
    const Instant at = zone_->start_of(day);
    if (at < curve_.first || at > curve_.end())
        return std::nullopt;
    const auto before = static_cast<std::size_t>((at - curve_.first) / slot_length);
    // A meter shows whole Wh: what is below one waits for the next half-hours.
    const std::int64_t total = start_index_wh_ + energy_ws_[before] / 3600;
    IndexRead read{.day = day, .total_wh = total};
    read.supplier_wh[0] = total;
    read.distributor_wh[0] = total;
    return read;
}

GeneratedLoad::GeneratedLoad(std::uint64_t seed, const Zone& zone)
    : seed_(seed), zone_(&zone), mean_day_wh_(between(mix(seed, salt_mean), 4'000, 22'000))
{
}

CivilDay GeneratedLoad::first_day()
{
    using namespace std::chrono_literals;
    return CivilDay{2010y / 1 / 1};
}

std::int64_t GeneratedLoad::day_energy_wh(CivilDay day) const
{
    const std::chrono::year_month_day date{day};
    const int season = month_percent[static_cast<unsigned>(date.month()) - 1];
    const auto noise =
        between(mix(mix(seed_, salt_day), static_cast<std::uint64_t>(day_number(day))), 70, 130);
    return mean_day_wh_ * season * noise / 10'000;
}

std::optional<std::int32_t> GeneratedLoad::power_w(Instant start) const
{
    const CivilDay day = zone_->day_of(start);
    const Instant midnight = zone_->start_of(day);
    if (day < first_day() || (start - midnight) % slot_length != Seconds{0})
        return std::nullopt;
    // The day's energy is cut at the cumulated weights, so that the pieces always sum to it.
    const std::uint64_t day_seed = mix(mix(seed_, salt_slot), static_cast<std::uint64_t>(day_number(day)));
    const auto slots = static_cast<std::size_t>(zone_->length_of(day) / slot_length);
    const auto asked = static_cast<std::size_t>((start - midnight) / slot_length);
    std::int64_t before = 0, own = 0, all = 0;
    for (std::size_t slot = 0; slot < slots; ++slot) {
        const std::int64_t weight = slot_weight(day_seed, slot);
        all += weight;
        before += slot < asked ? weight : 0;
        own += slot == asked ? weight : 0;
    }
    const std::int64_t energy = day_energy_wh(day);
    const std::int64_t slot_wh = energy * (before + own) / all - energy * before / all;
    return static_cast<std::int32_t>(slot_wh * 2);
}

std::optional<IndexRead> GeneratedLoad::index_at(CivilDay day) const
{
    if (day < first_day())
        return std::nullopt;
    std::int64_t total = between(mix(seed_, salt_start), start_index_wh_min, start_index_wh_max);
    for (CivilDay before = first_day(); before < day; before += std::chrono::days{1})
        total += day_energy_wh(before);
    IndexRead read{.day = day, .total_wh = total};
    read.supplier_wh[0] = total;
    read.distributor_wh[0] = total;
    return read;
}

std::optional<std::int32_t> power_w(const Load& load, Instant start)
{
    return std::visit([start](const auto& any) { return any.power_w(start); }, load);
}

std::optional<IndexRead> index_at(const Load& load, CivilDay day)
{
    return std::visit([day](const auto& any) { return any.index_at(day); }, load);
}

} // namespace releve::sim
