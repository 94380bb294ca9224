#include <releve/app/bench.hpp>

#include <releve/app/demo.hpp>
#include <releve/codec/dlms/security.hpp>
#include <releve/codec/dlms/wrapper.hpp>
#include <releve/sim/random.hpp>

#include <algorithm>

namespace releve::app {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t curve_count = 512; // different stretches of the recorded half-hours
constexpr std::size_t slots_max = 50;
constexpr std::uint16_t wport = 1;
constexpr std::int64_t start_index_wh = 5'000'000;

/// Each with 46 and 50 half-hours among them; counters follow the calendar, so the days do too.
CivilDay day_of_round(BenchKind kind, std::uint32_t round)
{
    if (kind == BenchKind::half_hour) // a year of its own, with its 46-slot day first
        return round < 46 ? CivilDay{2025y / 3 / 30} : CivilDay{2025y / 10 / 26} + std::chrono::days{(round - 46) / 48};
    if (round == 0)
        return CivilDay{2024y / 3 / 31};
    return CivilDay{2024y / 10 / 27} + std::chrono::days{round - 1};
}

std::size_t slot_of_round(std::uint32_t round)
{
    return round < 46 ? round : (round - 46) % 48;
}

} // namespace

result<BenchLoad> BenchLoad::make(const Options& options)
{
    RELEVE_ASSERT(options.connections > 0 && options.meters >= options.connections);
    BenchLoad load;
    load.options_ = options;
    RELEVE_TRY(folder, find_demo_data(options.demo_data));
    RELEVE_TRY(demo, load_demo_homes(folder, 0));
    for (const DemoHome& home : demo.homes)
        for (const sim::Push& push : home.pushes)
            for (const Instant start : sim::half_hours(push.at - std::chrono::days{1}, push.at))
                if (const auto power = power_w(home.meter.load(), start))
                    load.powers_.push_back(*power);
    if (load.powers_.size() < curve_count + slots_max)
        return fail(errc::bad_csv, folder.string() + ": fewer half-hours than a benchmark needs");
    for (std::uint32_t connection = 0; connection < options.connections; ++connection) {
        auto& order = load.orders_.emplace_back();
        for (std::uint32_t meter = connection; meter < options.meters; meter += options.connections)
            order.push_back(meter);
        for (std::size_t i = order.size(); i > 1; --i)
            std::swap(order[i - 1], order[sim::mix(options.seed, i) % i]);
    }
    return load;
}

std::size_t BenchLoad::meters_of(std::uint32_t connection) const
{
    return orders_.at(connection).size();
}

std::size_t BenchLoad::items_of(std::uint32_t connection) const
{
    return meters_of(connection) * options_.rounds;
}

BenchLoad::Item BenchLoad::item(std::uint32_t connection, std::size_t index) const
{
    const auto& order = orders_.at(connection);
    const std::size_t round = index / order.size();
    return {order[(index + round * 7'919) % order.size()], static_cast<std::uint32_t>(round)};
}

CivilDay BenchLoad::day_of(std::uint32_t round) const
{
    return day_of_round(options_.kind, round);
}

std::size_t BenchLoad::slots_of(std::uint32_t round) const
{
    if (options_.kind == BenchKind::half_hour)
        return 1;
    return static_cast<std::size_t>(paris().length_of(day_of(round), Seconds{0}) / sim::slot_length);
}

Instant BenchLoad::first_slot(std::uint32_t round) const
{
    const Instant midnight = paris().start_of(day_of(round));
    if (options_.kind != BenchKind::half_hour)
        return midnight;
    return midnight + sim::slot_length * static_cast<std::int64_t>(slot_of_round(round));
}

std::size_t BenchLoad::curve_of(std::uint32_t meter) const
{
    return sim::mix(options_.seed, meter) % curve_count;
}

std::vector<std::pair<Instant, std::int32_t>> BenchLoad::slots(const Item& item) const
{
    const std::size_t stride = (powers_.size() - slots_max) / curve_count;
    const std::size_t first = curve_of(item.meter) * stride +
                              (options_.kind == BenchKind::half_hour ? slot_of_round(item.round) : item.round % stride);
    std::vector<std::pair<Instant, std::int32_t>> slots;
    const Instant start = first_slot(item.round);
    for (std::size_t i = 0; i < slots_of(item.round); ++i)
        slots.emplace_back(start + sim::slot_length * static_cast<std::int64_t>(i),
                           powers_[std::min(first + i, powers_.size() - 1)]);
    return slots;
}

BenchLoad::Template BenchLoad::make_template(std::size_t curve, std::uint32_t round) const
{
    // Any meter of this curve will do: what differs between them is the serial number, the title and the keys.
    std::uint32_t any = 0;
    while (curve_of(any) != curve)
        ++any;
    sim::Curve recorded{.first = first_slot(round), .power_w = {}};
    for (const auto& [start, power] : slots({any, round}))
        recorded.power_w.emplace_back(power);
    const sim::Push push{options_.kind == BenchKind::day ? sim::PushKind::day_curve : sim::PushKind::half_hour,
                         recorded.end()};
    const sim::MeterIdentity identity = sim::make_identity(options_.seed, any);
    const sim::Meter meter{identity, sim::RecordedLoad{std::move(recorded), {}, paris(), start_index_wh}, paris(), {}};
    Template made{.plaintext = meter.notification(push), .serial_at = 0, .counter = meter.counter_of(push)};
    made.serial_at = as_text(made.plaintext).find(identity.serial);
    RELEVE_ASSERT(made.serial_at != std::string_view::npos);
    return made;
}

void BenchLoad::make_templates(std::uint32_t rounds)
{
    for (auto round = static_cast<std::uint32_t>(templates_.size()); round < rounds; ++round) {
        auto& made = templates_.emplace_back();
        for (std::size_t curve = 0; curve < curve_count; ++curve)
            made.push_back(make_template(curve, round));
    }
}

BenchLoad::Frames BenchLoad::frames_of(std::uint32_t connection, std::size_t first, std::size_t count) const
{
    return make_frames(connection, first, count, 0);
}

BenchLoad::Frames BenchLoad::cloned_frames_of(std::uint32_t connection, std::size_t first, std::size_t count) const
{
    return make_frames(connection, first, count, 1);
}

BenchLoad::Frames BenchLoad::make_frames(std::uint32_t connection, std::size_t first, std::size_t count,
                                         std::uint32_t rounds_ahead) const
{
    Frames frames;
    const std::size_t end = first + std::min(count, items_of(connection) - std::min(first, items_of(connection)));
    frames.lengths.reserve(end - first);
    Writer out;
    Bytes plaintext;
    for (std::size_t i = first; i < end; ++i) {
        const Item what = item(connection, i);
        const Template& from = templates_.at(what.round + rounds_ahead).at(curve_of(what.meter));
        const sim::MeterIdentity identity = sim::make_identity(options_.seed, what.meter);
        plaintext = from.plaintext;
        const auto serial = as_bytes(identity.serial);
        std::copy(serial.begin(), serial.end(), plaintext.begin() + static_cast<std::ptrdiff_t>(from.serial_at));
        const std::size_t before = out.size();
        dlms::write_wrapper(out, wport, wport,
                      dlms::protect(plaintext, {identity.encryption, identity.authentication},
                                    {.system_title = identity.system_title,
                                     .invocation_counter = templates_.at(what.round).at(curve_of(what.meter)).counter,
                                     .security_control = 0x30}));
        frames.lengths.push_back(static_cast<std::uint32_t>(out.size() - before));
    }
    frames.bytes = std::move(out).take();
    return frames;
}

} // namespace releve::app
