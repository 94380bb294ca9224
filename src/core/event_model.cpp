// Faults in what a model says about events.

#include "model_fault.hpp"

#include <map>

namespace releve {

namespace {

constexpr int event_bits = 64;

std::string list_of(const EventModel& event, const std::string& where)
{
    return where + (event.form == EventModel::Form::bits ? "/bits" : "/values");
}

Fault event_fault(const EventModel& event, const std::string& where)
{
    if (event.name.empty())
        return ModelFault{where + "/name", "empty"};
    // 0 stands for all attributes of an object; negative ones are a manufacturer's own.
    if (event.attribute < -128 || event.attribute > 127 || event.attribute == 0)
        return ModelFault{where + "/attribute", "must lie between -128 and 127 and not be 0"};
    const bool bits = event.form == EventModel::Form::bits;
    const std::string list = list_of(event, where);
    if (event.alarms.empty())
        return ModelFault{list, "names at least one"};
    for (std::size_t i = 0; i < event.alarms.size(); ++i)
        if (const int number = event.alarms[i].bit; number < 0 || (bits && number >= event_bits))
            return ModelFault{list + "/" + std::to_string(i) + (bits ? "/bit" : "/value"),
                              bits ? "must lie within 64 bits" : "must be 0 or more"};
    return alarm_list_fault(event.alarms, list, bits ? "bit" : "value");
}

/// A name is one thing wherever it is reported.
Fault words_clash(const MeterModel& model)
{
    std::map<std::string_view, std::pair<std::string, const OwnWords*>> known;
    for (std::size_t i = 0; i < model.events.size(); ++i) {
        const std::string list = list_of(model.events[i], "/events/" + std::to_string(i));
        for (std::size_t j = 0; j < model.events[i].alarms.size(); ++j) {
            const AlarmModel& alarm = model.events[i].alarms[j];
            const std::string at = list + "/" + std::to_string(j);
            const auto first = known.try_emplace(alarm.name, at, &alarm.words).first;
            if (*first->second.second != alarm.words)
                return ModelFault{at + "/name", "has other words at " + first->second.first};
        }
    }
    return std::nullopt;
}

} // namespace

Fault alarm_list_fault(const std::vector<AlarmModel>& alarms, const std::string& list, const std::string& number)
{
    for (std::size_t i = 0; i < alarms.size(); ++i) {
        const std::string at = list + "/" + std::to_string(i);
        if (alarms[i].name.empty())
            return ModelFault{at + "/name", "empty"};
        for (std::size_t j = 0; j < i; ++j) {
            const std::string other = list + "/" + std::to_string(j);
            if (alarms[i].bit == alarms[j].bit)
                return ModelFault{at + "/" + number, "the same " + number + " as " + other};
            if (alarms[i].name == alarms[j].name)
                return ModelFault{at + "/name", "the same name as " + other};
        }
        if (auto fault = words_fault(alarms[i].words, at))
            return fault;
    }
    return std::nullopt;
}

Fault events_fault(const MeterModel& model)
{
    for (std::size_t i = 0; i < model.events.size(); ++i) {
        const EventModel& event = model.events[i];
        const std::string where = "/events/" + std::to_string(i);
        if (auto fault = event_fault(event, where))
            return fault;
        for (std::size_t j = 0; j < i; ++j) {
            const std::string other = "/events/" + std::to_string(j);
            if (event.name == model.events[j].name)
                return ModelFault{where + "/name", "the same name as " + other};
            if (event.obis == model.events[j].obis && event.attribute == model.events[j].attribute)
                return ModelFault{where + "/obis", "the same attribute as " + other};
        }
    }
    return words_clash(model);
}

} // namespace releve
