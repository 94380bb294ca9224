#include <releve/app/demo.hpp>
#include <releve/app/series_files.hpp>

#include <algorithm>

namespace releve::app {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t demo_seed = 2024;
constexpr std::int64_t london_start_index_wh = 5'000'000;

struct Span {
    CivilDay from{};
    int days = 0;
};

DemoHome make_home(std::uint32_t number, sim::Load load, const Span& span, std::uint32_t counter_start,
                   const ImportChoices& choices)
{
    sim::Meter meter{
        sim::make_identity(demo_seed, number), std::move(load), paris(), {.counter_start = counter_start}};
    // The indexes of the first midnight, so that the first day has a difference too.
    std::vector<sim::Push> pushes{{sim::PushKind::daily_index, paris().start_of(span.from)}};
    std::ranges::copy(sim::schedule(paris(), span.from, span.days, sim::Every::day),
                      std::back_inserter(pushes));
    std::erase_if(pushes, [&](const sim::Push& push) { return !meter.has(push); });
    store::MeterImportRow row = import_row(meter, choices);
    return {.meter = std::move(meter),
            .pushes = std::move(pushes),
            .import = std::move(row),
            .opted_in = choices.collection == store::Collection::half_hour};
}

} // namespace

result<DemoHomes> load_demo_homes(const std::filesystem::path& folder, std::uint32_t counter_start)
{
    constexpr Span linky_span{CivilDay{2024y / 1 / 10}, 112};
    constexpr Span london_span{CivilDay{2013y / 3 / 16}, 31};
    const auto read = [&](const char* name) { return read_text_file(folder / name); };

    RELEVE_TRY(curve_text, read("linky-curve.csv"));
    RELEVE_TRY(index_text, read("linky-index.csv"));
    RELEVE_TRY(london_text, read("london-homes.csv"));
    RELEVE_TRY(curve, parse_curve(curve_text, "linky-curve.csv"));
    RELEVE_TRY(indexes, parse_indexes(index_text, "linky-index.csv"));
    RELEVE_TRY(london, parse_energy_table(london_text, "london-homes.csv"));

    DemoHomes all{.homes = {}, .linky_indexes = indexes};
    ImportChoices choices{.replay = "strict",
                          .collection = store::Collection::half_hour,
                          .installed_from = paris().start_of(linky_span.from),
                          .concentrator = "",
                          .area = "linky-home"};
    all.homes.push_back(make_home(0, sim::RecordedLoad{std::move(curve), std::move(indexes), paris()},
                                  linky_span, counter_start, choices));
    choices.replay = "window";
    choices.installed_from = paris().start_of(london_span.from);
    choices.area = "london";
    choices.concentrator = "demo-concentrator";
    for (NamedCurve& home : london) {
        const auto number = static_cast<std::uint32_t>(all.homes.size());
        // Every second home has agreed to half-hours.
        choices.collection = number % 2 == 0 ? store::Collection::half_hour : store::Collection::daily;
        all.homes.push_back(
            make_home(number, sim::RecordedLoad{std::move(home.curve), {}, paris(), london_start_index_wh},
                      london_span, counter_start, choices));
    }
    return all;
}

result<std::filesystem::path> find_demo_data(const std::filesystem::path& given)
{
    std::vector<std::filesystem::path> places{given};
    if (given.empty()) {
        std::error_code unknown;
        const auto binary = std::filesystem::canonical("/proc/self/exe", unknown).parent_path();
        places = {"data/demo", binary / ".." / ".." / "data" / "demo",
                  binary / ".." / "share" / "releve" / "demo"};
    }
    for (const auto& place : places)
        if (std::filesystem::exists(place / "linky-curve.csv"))
            return place;
    return fail(errc::not_found_file,
                "the demo's data (data/demo of the sources): name its folder with --demo-data");
}

} // namespace releve::app
