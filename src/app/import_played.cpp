#include <releve/app/import_files.hpp>

#include <algorithm>
#include <map>

namespace releve::app {

namespace {

std::string year_of(CivilDay day) { return std::to_string(static_cast<int>(std::chrono::year_month_day{day}.year())); }

} // namespace

std::map<std::string, std::string> play_later(ImportedFile& file, int weeks, const Zone& zone)
{
    const std::chrono::days later{7 * weeks};
    std::map<std::string, CivilDay> first;
    const auto note = [&first](const std::string& usage_point, CivilDay day) {
        const auto [place, fresh] = first.try_emplace(usage_point, day);
        if (!fresh)
            place->second = std::min(place->second, day);
    };
    for (ImportedInterval& one : file.intervals) {
        note(one.usage_point, zone.day_of(one.start));
        one.start += later;
    }
    for (ImportedRead& one : file.reads) { // an index of midnight stays one of midnight
        note(one.usage_point, zone.day_of(one.at));
        one.at = zone.to_instant(zone.to_local(one.at) + later);
    }
    for (ImportedGas& one : file.gas) {
        note(one.usage_point, one.from);
        one.from += later;
        one.to += later;
    }
    std::map<std::string, std::string> said;
    for (const auto& [usage_point, day] : first)
        said.emplace(usage_point, "curve of " + year_of(day) + ", played as " + year_of(day + later));
    return said;
}

} // namespace releve::app
