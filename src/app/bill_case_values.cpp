// The file of bill cases as values, and reading an input of it.

#include "bill_cases_parts.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace releve::app::bills {

namespace {

constexpr std::size_t depth_max = 32, members_max = 1'000;

/// Keeps each number as its text: nlohmann's own values would make a double of 21.93.
class CaseReader : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit CaseReader(CaseValue& root) : root_(&root) {}
    std::string problem; // empty: all is well

    bool null() override { return put({}); }
    bool boolean(bool flag) override { return put(truth(flag)); }
    bool number_integer(number_integer_t number) override { return put(whole_number(number)); }
    bool number_unsigned(number_unsigned_t number) override { return put_number(std::to_string(number)); }
    bool number_float(number_float_t, const string_t& text) override { return put_number(text); }
    bool string(string_t& text) override { return put(value_of(std::move(text))); }
    bool binary(binary_t&) override { return refuse("binary"); }
    bool start_object(std::size_t) override { return open(CaseValue::Kind::object); }
    bool start_array(std::size_t) override { return open(CaseValue::Kind::list); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(string_t& name) override
    {
        CaseValue& object = *open_.back();
        if (object.find(name) != nullptr)
            return refuse("the member " + name + " stands twice");
        if (object.names.size() == members_max)
            return refuse("an object of more than " + std::to_string(members_max) + " members");
        object.names.push_back(std::move(name));
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override
    {
        return refuse("not JSON at byte " + std::to_string(position));
    }

private:
    bool refuse(std::string why)
    {
        problem = std::move(why);
        return false;
    }
    bool put_number(std::string text)
    {
        CaseValue number;
        number.kind = CaseValue::Kind::number;
        number.text = std::move(text);
        return put(std::move(number));
    }
    bool put(CaseValue value)
    {
        place(std::move(value));
        return true;
    }
    /// An open value is the last of its parent, so it does not move before it is closed.
    CaseValue& place(CaseValue value)
    {
        if (open_.empty())
            return *root_ = std::move(value);
        return open_.back()->items.emplace_back(std::move(value));
    }
    bool open(CaseValue::Kind kind)
    {
        if (open_.size() == depth_max)
            return refuse("nested too deeply");
        CaseValue value;
        value.kind = kind;
        open_.push_back(&place(std::move(value)));
        return true;
    }
    bool close()
    {
        open_.pop_back();
        return true;
    }

    CaseValue* root_;
    std::vector<CaseValue*> open_;
};

std::string with_separators(const CaseValue& value)
{
    const bool object = value.kind == CaseValue::Kind::object;
    std::string text = object ? "{" : "[";
    for (std::size_t i = 0; i < value.items.size(); ++i)
        text += (i > 0 ? ", " : "") + (object ? '"' + value.names[i] + "\": " : "") + shown(value.items[i]);
    return text + (object ? "}" : "]");
}

std::optional<std::int64_t> whole_of(const Decimal& number, int scale)
{
    const Wide scaled = Wide{number.digits} * power_of_ten(scale), divisor = power_of_ten(number.scale);
    if (scaled % divisor != 0 || !fits_64_bits(scaled / divisor))
        return std::nullopt;
    return static_cast<std::int64_t>(scaled / divisor);
}

} // namespace

const CaseValue* CaseValue::find(std::string_view name) const
{
    const auto found = std::ranges::find(names, name);
    const auto index = static_cast<std::size_t>(found - names.begin());
    return found == names.end() || index >= items.size() ? nullptr : &items[index];
}

CaseValue& CaseValue::add(std::string name, CaseValue value)
{
    kind = Kind::object;
    names.push_back(std::move(name));
    items.push_back(std::move(value));
    return *this;
}

CaseValue value_of(const Decimal& number)
{
    CaseValue out;
    out.kind = CaseValue::Kind::number;
    out.text = to_string(number);
    return out;
}

CaseValue value_of(Cents amount)
{
    return value_of(Decimal{amount.value, 2});
}
CaseValue whole_number(std::int64_t number)
{
    return value_of(Decimal{number, 0});
}

CaseValue value_of(std::string text)
{
    CaseValue out;
    out.kind = CaseValue::Kind::text;
    out.text = std::move(text);
    return out;
}

CaseValue truth(bool flag)
{
    CaseValue out;
    out.kind = CaseValue::Kind::boolean;
    out.flag = flag;
    return out;
}

CaseValue list_of(std::vector<CaseValue> items)
{
    CaseValue out;
    out.kind = CaseValue::Kind::list;
    out.items = std::move(items);
    return out;
}

std::string shown(const CaseValue& value)
{
    std::string text;
    switch (value.kind) {
    case CaseValue::Kind::null:
        text = "null";
        break;
    case CaseValue::Kind::boolean:
        text = value.flag ? "true" : "false";
        break;
    case CaseValue::Kind::number:
    case CaseValue::Kind::text:
        text = value.text;
        break;
    default:
        text = with_separators(value);
    }
    constexpr std::size_t characters_max = 300;
    return text.size() > characters_max ? text.substr(0, characters_max) + "..." : text;
}

result<CaseValue> parse_case_json(std::string_view json)
{
    if (json.size() > bill_case_bytes_max)
        return releve::fail(errc::too_large,
                            "a file of cases has at most " + std::to_string(bill_case_bytes_max) + " bytes");
    CaseValue root;
    CaseReader reader{root};
    if (!nlohmann::json::sax_parse(json, &reader))
        return releve::fail(errc::malformed, reader.problem);
    return root;
}

std::optional<Decimal> decimal_of(std::string_view number)
{
    const bool negative = number.starts_with('-');
    number.remove_prefix(negative ? 1 : 0);
    const std::size_t at = std::min(number.find_first_of("eE"), number.size());
    int exponent = 0;
    if (at < number.size()) {
        std::string_view power = number.substr(at + 1);
        power.remove_prefix(power.starts_with('+') ? 1 : 0);
        const auto [end, problem] = std::from_chars(power.data(), power.data() + power.size(), exponent);
        if (problem != std::errc{} || end != power.data() + power.size() || exponent < -400 || exponent > 400)
            return std::nullopt;
    }
    std::string digits;
    int before_point = 0;
    bool point = false;
    for (const char c : number.substr(0, at)) {
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9')
            return std::nullopt;
        digits += c;
        before_point += point ? 0 : 1;
    }
    if (digits.empty())
        return std::nullopt;
    const std::int64_t kept =
        std::int64_t{before_point} + exponent + decimal_scale_max; // digits, to nine decimals
    Wide sum = 0;
    for (std::int64_t i = 0; i < kept; ++i) {
        sum = sum * 10 +
              (i < static_cast<std::int64_t>(digits.size()) ? digits[static_cast<std::size_t>(i)] - '0' : 0);
        if (sum > power_of_ten(27))
            return std::nullopt;
    }
    if (kept >= 0 && kept < static_cast<std::int64_t>(digits.size()) &&
        digits[static_cast<std::size_t>(kept)] >= '5')
        ++sum;
    int scale = decimal_scale_max;
    for (; scale > 0 && sum % 10 == 0; --scale)
        sum /= 10;
    if (sum >= power_of_ten(18))
        return std::nullopt;
    return Decimal{static_cast<std::int64_t>(negative ? -sum : sum), static_cast<std::uint8_t>(scale)};
}

void CaseNode::fail(const std::string& wanted) const
{
    if (!*problem_)
        *problem_ =
            CaseProblem{field_, wanted, value_->kind == CaseValue::Kind::null ? "(nothing)" : shown(*value_)};
}

bool CaseNode::has(std::string_view name) const
{
    const CaseValue* member = value_->find(name);
    return member != nullptr && member->kind != CaseValue::Kind::null;
}

CaseNode CaseNode::at(std::string_view name) const
{
    static const CaseValue nothing;
    const CaseValue* member = value_->find(name);
    return {member == nullptr ? nothing : *member, (field_.empty() ? "" : field_ + ".") + std::string{name},
            *problem_};
}

std::vector<CaseNode> CaseNode::items() const
{
    std::vector<CaseNode> out;
    if (value_->kind != CaseValue::Kind::list || value_->items.empty())
        fail("a list");
    else
        for (std::size_t i = 0; i < value_->items.size(); ++i)
            out.emplace_back(value_->items[i], field_ + "[" + std::to_string(i) + "]", *problem_);
    return out;
}

std::string CaseNode::text() const
{
    if (value_->kind == CaseValue::Kind::text && !value_->text.empty())
        return value_->text;
    fail("a text");
    return {};
}

Decimal CaseNode::decimal(std::int64_t lowest, std::int64_t highest) const
{
    if (value_->kind == CaseValue::Kind::number)
        if (const auto number = decimal_of(value_->text);
            number && *number >= Decimal{lowest, 0} && *number <= Decimal{highest, 0})
            return *number;
    fail("a number from " + std::to_string(lowest) + " to " + std::to_string(highest));
    return {lowest, 0};
}

std::int64_t CaseNode::scaled(std::int64_t lowest, std::int64_t highest, int scale) const
{
    if (const auto whole = whole_of(decimal(lowest, highest), scale))
        return *whole;
    fail(scale == 0 ? "a whole number" : "a number of at most " + std::to_string(scale) + " decimals");
    return static_cast<std::int64_t>(lowest * power_of_ten(scale));
}

CivilDay CaseNode::day() const
{
    const auto day = value_->kind == CaseValue::Kind::text ? parse_day(value_->text)
                                                           : result<CivilDay>{releve::fail(errc::bad_time)};
    if (day)
        return *day;
    fail("a day such as 2025-08-01");
    return CivilDay{};
}

Instant CaseNode::instant() const
{
    const auto at = value_->kind == CaseValue::Kind::text ? parse_instant(value_->text)
                                                          : result<Instant>{releve::fail(errc::bad_time)};
    if (at)
        return *at;
    fail("an instant such as 2025-01-01T06:00:00+01:00");
    return Instant{};
}

Seconds CaseNode::duration() const
{
    constexpr std::int64_t day_s = 86'400;
    std::string_view rest =
        value_->kind == CaseValue::Kind::text ? std::string_view{value_->text} : std::string_view{};
    std::int64_t total = 0;
    bool good = rest.starts_with("PT") && rest.size() > 2;
    rest.remove_prefix(good ? 2 : 0);
    while (good && !rest.empty()) {
        std::int64_t number = 0;
        const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        const std::int64_t unit = rest.starts_with('H')   ? 3600
                                  : rest.starts_with('M') ? 60
                                  : rest.starts_with('S') ? 1
                                                          : 0;
        good = problem == std::errc{} && unit > 0 && number >= 0 && number <= day_s;
        total += good ? number * unit : 0;
        rest.remove_prefix(rest.empty() ? 0 : 1);
    }
    if (good && total > 0 && total <= day_s)
        return Seconds{total};
    fail("a duration such as PT30M, up to a day");
    return Seconds{1800};
}

} // namespace releve::app::bills
