#include <releve/app/model_files.hpp>

#include <releve/codec/dlms/apdu.hpp>
#include <releve/codec/wize/message.hpp>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

namespace releve::app {

namespace {

constexpr std::uintmax_t file_bytes_max = 1'048'576;
constexpr std::byte event_notification_tag{0xc2};

std::string written(const IntervalReading& reading)
{
    return std::to_string(reading.value) + " from " + to_iso8601(reading.start) + " (" +
           std::string{quality_name(reading.quality)} + ")";
}

std::string written(const RegisterReading& reading)
{
    return std::to_string(reading.value) + " at " + to_iso8601(reading.at) + " (" +
           std::string{quality_name(reading.quality)} + ")";
}

std::string written(const AlarmReading& alarm)
{
    return "the alarm " + alarm.name + " at " + to_iso8601(alarm.at);
}

std::string described(const MeterModel&, const AlarmReading& alarm)
{
    return written(alarm);
}

template <class Reading>
std::string described(const MeterModel& model, const Reading& reading)
{
    return model.find(reading.channel)->name + " " + written(reading);
}

/// How two lists differ, or an empty text.
template <class Reading>
std::string difference(const MeterModel& model, const std::vector<Reading>& expected,
                       const std::vector<Reading>& got)
{
    const auto [e, g] = std::mismatch(expected.begin(), expected.end(), got.begin(), got.end());
    if (e == expected.end() && g == got.end())
        return {};
    const auto first = [&](auto at, auto end) { return at == end ? std::string{"nothing"} : described(model, *at); };
    return "expected " + first(e, expected.end()) + ", decoded " + first(g, got.end());
}

std::string difference(const MeterModel& model, const PushContent& expected, const PushContent& got)
{
    if (expected.layout != got.layout)
        return "expected the layout " + expected.layout + ", decoded by " + got.layout;
    if (expected.logical_device_name != got.logical_device_name)
        return "another logical device name";
    if (expected.ignored != got.ignored)
        return "expected " + std::to_string(expected.ignored) + " ignored values, found " +
               std::to_string(got.ignored);
    if (expected.opaque != got.opaque)
        return expected.opaque ? "expected to be opaque" : "not expected to be opaque";
    for (std::string text : {difference(model, expected.intervals, got.intervals),
                             difference(model, expected.registers, got.registers),
                             difference(model, expected.alarms, got.alarms)})
        if (!text.empty())
            return text;
    return {};
}

result<PushContent> decode_case(const MeterModel& model, const ModelTestCase& test)
{
    if (model.protocol == "wize")
        return wize::decode_message(model, test.app, test.message);
    if (!test.message.empty() && test.message.front() == event_notification_tag) {
        RELEVE_TRY(event, dlms::decode_event_notification(test.message));
        RELEVE_TRY(at, dlms::event_time(model, event, paris()));
        return dlms::decode_event(model, event, at);
    }
    RELEVE_TRY(notification, dlms::decode_data_notification(test.message));
    return dlms::decode_push(model, {notification.date_time, std::move(notification.body)}, paris());
}

/// Why the case fails, or an empty text.
std::string failure(const MeterModel& model, const ModelTestCase& test)
{
    const auto content = decode_case(model, test);
    if (test.refused && content)
        return "must be refused, but was decoded by the layout " + content->layout;
    if (test.refused)
        return content.error().code == test.reason
                   ? std::string{}
                   : "must be refused as " + std::string{error_name(test.reason)} +
                         ", but: " + to_string(content.error());
    return content ? difference(model, test.expected, *content) : to_string(content.error());
}

result<std::string> read_text(const std::filesystem::path& path)
{
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (!error && size > file_bytes_max)
        return fail(errc::bad_model,
                    path.string() + ": larger than " + std::to_string(file_bytes_max) + " bytes");
    std::ifstream stream{path, std::ios::binary};
    std::ostringstream text;
    if (error || !stream || !(text << stream.rdbuf()))
        return fail(errc::not_found_file, path.string() + ": cannot be read");
    return std::move(text).str();
}

/// Every *.json of the folder, in the order of their names.
result<std::vector<std::filesystem::path>> list_files(const std::filesystem::path& folder)
{
    std::error_code error;
    std::vector<std::filesystem::path> paths;
    for (std::filesystem::directory_iterator entry{folder, error}, end; !error && entry != end;
         entry.increment(error))
        if (entry->path().extension() == ".json")
            paths.push_back(entry->path());
    if (error)
        return fail(errc::not_found_file, folder.string() + ": " + error.message());
    std::sort(paths.begin(), paths.end());
    return paths;
}

/// What a household's dongle sends is named by labels that are the same for all: it needs no file.
MeterModel tic_model()
{
    MeterModel model;
    model.name = model.protocol = "tic";
    model.words = {"Customer port", "Télé-information client", "A dongle on the customer port of a household's meter.",
                   "Un module sur la sortie client du compteur d'un foyer."};
    RELEVE_ASSERT(!find_fault(model));
    return model;
}

result<MeterModel> checked_model(std::string_view json, const std::string& file_name)
{
    RELEVE_TRY(file, parse_model_file(json, file_name));
    RELEVE_CHECK(run_cases(file, file_name));
    return std::move(file.model);
}

} // namespace

result<void> run_cases(const ModelFile& file, const std::string& file_name)
{
    for (std::size_t i = 0; i < file.cases.size(); ++i) {
        const std::string reason = failure(file.model, file.cases[i]);
        if (!reason.empty())
            return fail(errc::bad_model, file_name + ": /tests/" + std::to_string(i) + " (" +
                                             file.cases[i].name + "): " + reason);
    }
    return {};
}

result<ModelRegistry> ModelRegistry::load(const std::filesystem::path& extra_dir)
{
    ModelRegistry registry;
    registry.models_.emplace("tic", tic_model());
    for (const ShippedModel& shipped : shipped_models()) {
        RELEVE_TRY(model, checked_model(shipped.json, std::string{shipped.file_name}));
        registry.models_.insert_or_assign(model.name, model);
    }
    if (extra_dir.empty())
        return registry;
    RELEVE_TRY(paths, list_files(extra_dir));
    std::set<std::string> added;
    for (const std::filesystem::path& path : paths) {
        RELEVE_TRY(text, read_text(path));
        RELEVE_TRY(model, checked_model(text, path.string()));
        if (!added.insert(model.name).second)
            return fail(errc::bad_model,
                        path.string() + ": /model: another file of the folder has this name");
        registry.models_.insert_or_assign(model.name, model);
    }
    return registry;
}

const MeterModel* ModelRegistry::find(std::string_view name) const
{
    const auto found = models_.find(name);
    return found == models_.end() ? nullptr : &found->second;
}

std::vector<std::string> ModelRegistry::names() const
{
    std::vector<std::string> out;
    for (const auto& [name, model] : models_)
        out.push_back(name);
    return out;
}

} // namespace releve::app
