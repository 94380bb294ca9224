#include <releve/sim/fleet.hpp>

#include <releve/crypto/aes.hpp>
#include <releve/sim/random.hpp>

#include <algorithm>

namespace releve::sim {

namespace {

crypto::Key128 derive_key(std::uint64_t seed, std::uint32_t number, std::string_view purpose)
{
    Writer writer;
    writer.text("releve simulated meter").u64_be(seed).u32_be(number).text(purpose);
    const auto digest = crypto::sha256(writer.view());
    return crypto::Key128{std::span{digest}.first<16>()};
}

std::string digits(std::uint64_t value, std::size_t count)
{
    std::string text(count, '0');
    for (std::size_t i = count; i > 0; --i, value /= 10)
        text[i - 1] = static_cast<char>('0' + value % 10);
    return text;
}

constexpr std::uint64_t salt_title = 11, salt_serial = 12, salt_usage_point = 13, salt_load = 14;

} // namespace

MeterIdentity make_identity(std::uint64_t seed, std::uint32_t number)
{
    RELEVE_ASSERT(number < 1u << 24);
    MeterIdentity identity;
    // "LKY", two bytes of the fleet, three of the meter.
    Writer title;
    title.text("LKY")
        .u16_be(static_cast<std::uint16_t>(mix(seed, salt_title)))
        .u8(static_cast<std::uint8_t>(number >> 16));
    title.u16_be(static_cast<std::uint16_t>(number));
    std::ranges::copy(title.view(), identity.system_title.begin());
    identity.serial = digits(mix(seed, salt_serial), 4) + digits(number, 8);
    // No distribution area has the number 99: these usage points are plainly made up.
    identity.usage_point = "99" + digits(mix(seed, salt_usage_point), 4) + digits(number, 8);
    identity.encryption = derive_key(seed, number, "encryption");
    identity.authentication = derive_key(seed, number, "authentication");
    return identity;
}

Fleet::Fleet(const Options& options, const Zone& zone, std::vector<Load> first)
{
    meters_.reserve(options.meters);
    for (std::uint32_t number = 0; number < options.meters; ++number) {
        Load load = number < first.size()
                        ? std::move(first[number])
                        : Load{GeneratedLoad{mix(mix(options.seed, salt_load), number), zone}};
        meters_.emplace_back(make_identity(options.seed, number), std::move(load), zone, options.meter);
    }
}

std::vector<Push> schedule(const Zone& zone, CivilDay from, int days, Every every)
{
    std::vector<Push> pushes;
    if (every == Every::half_hour)
        pushes.push_back({PushKind::daily_index, zone.start_of(from)});
    for (int i = 0; i < days; ++i) {
        const CivilDay day = from + std::chrono::days{i};
        const Instant midnight = zone.start_of(day + std::chrono::days{1});
        if (every == Every::day) {
            pushes.push_back({PushKind::day, midnight});
            continue;
        }
        for (const Instant start : half_hours(zone.start_of(day), midnight - slot_length))
            pushes.push_back({PushKind::half_hour, start + slot_length});
        pushes.push_back({PushKind::daily_index, midnight});
        pushes.push_back({PushKind::half_hour, midnight});
    }
    return pushes;
}

} // namespace releve::sim
