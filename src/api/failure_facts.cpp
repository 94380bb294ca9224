#include "failure_facts.hpp"

#include <algorithm>
#include <array>

namespace releve::api {
namespace {

using engine::ValidationRule;

/// How a number of a failure is to be read.
enum class Reading : std::uint8_t {
    plain,   // a count, a code, a scaler, VA: as it is
    seconds, // with its unit
    channel, // in the channel's unit and scaler
    counted, // energy or volume of a day, with the scaler that the second detail is
};
struct RuleFacts {
    ValidationRule rule;
    Reading value;
    struct Detail {
        std::string_view name = {}; // empty: the rule has none, or it says how to read the others
        Reading reading = Reading::plain;
    };
    std::array<Detail, 2> details = {};
};

constexpr auto rule_facts = [] {
    using enum ValidationRule;
    using enum Reading;
    return std::array{
        RuleFacts{gap, plain, {{{"of_day", plain}, {}}}},
        RuleFacts{overlap, plain, {{{"of_day", plain}, {}}}},
        RuleFacts{duplicate, plain, {{{"of_day", plain}, {}}}},
        RuleFacts{interval_size, seconds, {{{"expected", seconds}, {}}}},
        RuleFacts{unit, plain, {{{"expected", plain}, {}}}},
        RuleFacts{multiplier, plain, {{{"expected", plain}, {}}}},
        RuleFacts{negative, channel},
        RuleFacts{high_power, channel, {{{"subscribed_va", plain}, {}}}},
        RuleFacts{high, channel, {{{"history_greatest", channel}, {"history_days", plain}}}},
        RuleFacts{low, channel, {{{"history_sum", channel}, {"history_days", plain}}}},
        RuleFacts{spike, channel, {{{"before", channel}, {"history_greatest", channel}}}},
        RuleFacts{frozen, channel, {{{"slots", plain}, {}}}},
        RuleFacts{zero, channel, {{{"slots", plain}, {"history_zero_slots", plain}}}},
        RuleFacts{sum_check, counted, {{{"register_difference", counted}, {}}}},
        RuleFacts{sibling, plain, {{{"total", plain}, {}}}},
        RuleFacts{inactive, channel},
        RuleFacts{clock, seconds},
    };
}();
consteval bool are_in_order()
{
    for (std::size_t i = 0; i < rule_facts.size(); ++i)
        if (rule_facts[i].rule != static_cast<ValidationRule>(i))
            return false;
    return rule_facts.size() == engine::validation_rules;
}
static_assert(are_in_order(), "one row for each rule, in their order");
/// What `sibling` says where it found drawn and fed in at once.
constexpr RuleFacts both_directions{ValidationRule::sibling, Reading::channel, {{{"other_direction", Reading::channel}, {}}}};

std::int64_t detail_at(const store::FailureRow& row, std::size_t index)
{
    return index < row.detail.size() ? row.detail[index] : 0;
}

const RuleFacts* find_facts(const store::FailureRow& row)
{
    const auto rule = engine::validation_rule_from_name(row.rule);
    if (!rule)
        return nullptr;
    if (*rule == ValidationRule::sibling && detail_at(row, 1) == 1)
        return &both_directions;
    return &rule_facts.at(static_cast<std::size_t>(*rule));
}

std::string digits_of(const store::FailureRow& row, Reading reading, std::int64_t number)
{
    constexpr int scaler_max = 12; // anything else was not written by us
    const int scaler = reading == Reading::counted
                           ? static_cast<int>(std::clamp<std::int64_t>(detail_at(row, 1), -scaler_max, scaler_max))
                       : reading == Reading::channel ? row.scaler
                                                     : 0;
    return scaled_digits(number, scaler);
}

Cell unit_cell(const store::FailureRow& row, Reading reading)
{
    switch (reading) {
    case Reading::plain:
        break;
    case Reading::seconds:
        return text_cell("s");
    case Reading::channel:
        return optional_cell(unit_symbol(row.unit));
    case Reading::counted:
        return text_cell(row.unit == Unit::cubic_metre ? "m3" : "Wh");
    }
    return no_cell();
}

void add_number(std::string& json, std::string_view name, const std::string& digits)
{
    json.append(json.size() > 1 ? ",\"" : "\"").append(name).append("\":").append(digits);
}

} // namespace

FailureFacts failure_facts(const store::FailureRow& row)
{
    const auto* facts = find_facts(row);
    if (facts == nullptr) {
        std::string numbers;
        for (const auto number : row.detail)
            numbers.append(numbers.empty() ? "" : ",").append(std::to_string(number));
        return {number_cell(row.value), no_cell(), "{\"detail\":[" + numbers + "]}"};
    }
    std::string json = "{";
    for (std::size_t i = 0; i < facts->details.size(); ++i)
        if (const auto& detail = facts->details.at(i); !detail.name.empty())
            add_number(json, detail.name, digits_of(row, detail.reading, detail_at(row, i)));
    return {digits_cell(digits_of(row, facts->value, row.value)), unit_cell(row, facts->value), json + "}"};
}

std::string limits_json(const store::FailureRow& row)
{
    std::string json = "{"; // the names are ours: proto/validation_rules.def
    for (const auto& [name, value] : row.limits)
        add_number(json, name, std::to_string(value));
    return json + "}";
}

std::string handling_json(const std::vector<store::HandlingRow>& rows)
{
    std::string out;
    for (const auto& row : rows)
        out.append(out.empty() ? "" : ",")
            .append(write_object({"step", "note", "who", "at"}, {text_cell(row.step), optional_cell(row.note),
                                                                 text_cell(row.who), text_cell(to_iso8601(row.at))}));
    return "[" + out + "]";
}

Cell handling_cell(const store::Identity& who, const std::vector<store::HandlingRow>& rows)
{
    return who.role == store::Role::operator_ ? json_cell(handling_json(rows)) : no_cell();
}

} // namespace releve::api
