#include "body.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace releve::api {
namespace {

using BodyJson = nlohmann::json;

/// What nlohmann's parser sees, event by event: it has no stack to run out of, and a number still has its digits.
class BodyEvents final : public nlohmann::json_sax<BodyJson> {
public:
    std::vector<Body::Member> members;

    bool null() override { return other(); }
    bool boolean(bool) override { return other(); }
    bool number_integer(number_integer_t value) override { return number(std::to_string(value)); }
    bool number_unsigned(number_unsigned_t value) override { return number(std::to_string(value)); }
    bool number_float(number_float_t, const string_t& digits) override { return number(digits); }
    bool string(string_t& value) override
    {
        if (depth_ != 1)
            return other();
        members.back().kind = Body::Kind::text;
        members.back().text = std::move(value);
        return true;
    }
    bool binary(binary_t&) override { return other(); }
    bool start_object(std::size_t) override { return ++depth_ == 1 || other(); }
    bool key(string_t& name) override
    {
        if (depth_ == 1)
            members.push_back({.name = std::move(name)});
        return true;
    }
    bool end_object() override { return depth_-- > 0; }
    bool start_array(std::size_t) override
    {
        if (depth_ != 1)
            return ++depth_ > 1 && other();
        ++depth_;
        members.back().kind = Body::Kind::numbers;
        return true;
    }
    bool end_array() override { return depth_-- > 0; }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

private:
    bool number(std::string digits)
    {
        if (depth_ != 2 || members.back().kind != Body::Kind::numbers)
            return other();
        members.back().numbers.push_back(std::move(digits));
        return true;
    }
    bool other()
    {
        if (members.empty())
            return false;
        members.back().kind = Body::Kind::other;
        return true;
    }
    int depth_ = 0;
};

bool is_continuation(char c)
{
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}
bool is_control(char c)
{
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

std::string size_text(Body::Size size)
{
    return std::to_string(size.min) + " to " + std::to_string(size.max) + " characters";
}

} // namespace

result<Body> Body::read(std::string_view json, std::string_view members)
{
    BodyEvents events;
    if (!BodyJson::sax_parse(json, &events))
        return fail(errc::malformed, "body: is not a JSON object");
    const std::string known = " " + std::string(members) + " ";
    for (auto member = events.members.begin(); member != events.members.end(); ++member) {
        const auto& name = member->name;
        if (name.empty() || name.find(' ') != std::string::npos || known.find(" " + name + " ") == std::string::npos)
            return fail(errc::bad_parameter, name.substr(0, 64) + ": no such member here");
        if (std::any_of(events.members.begin(), member, [&](const Member& earlier) { return earlier.name == name; }))
            return fail(errc::bad_parameter, name + ": given twice");
    }
    Body out;
    out.members_ = std::move(events.members);
    return out;
}

const Body::Member* Body::find(std::string_view name) const
{
    const auto found = std::ranges::find(members_, name, &Member::name);
    return found == members_.end() ? nullptr : &*found;
}

result<std::string> Body::text(std::string_view name, Size size) const
{
    const auto* member = find(name);
    if (member == nullptr && size.min == 0)
        return std::string{};
    if (member == nullptr)
        return fail(errc::bad_parameter, std::string(name) + ": is required");
    const auto characters =
        member->text.size() - static_cast<std::size_t>(std::ranges::count_if(member->text, is_continuation));
    if (member->kind != Kind::text || characters < size.min || characters > size.max)
        return fail(errc::bad_parameter, std::string(name) + ": must be a text of " + size_text(size));
    if (std::ranges::any_of(member->text, is_control))
        return fail(errc::bad_parameter, std::string(name) + ": holds a control character");
    return member->text;
}

result<std::vector<std::string>> Body::numbers(std::string_view name, std::size_t count_max) const
{
    const auto* member = find(name);
    if (member == nullptr)
        return std::vector<std::string>{};
    if (member->kind != Kind::numbers || member->numbers.size() > count_max)
        return fail(errc::bad_parameter,
                    std::string(name) + ": must be a list of at most " + std::to_string(count_max) + " numbers");
    return member->numbers;
}

result<std::int64_t> parse_scaled(std::string_view digits, int scaler)
{
    const auto point = std::min(digits.find('.'), digits.size());
    std::string whole(digits.substr(0, point));
    std::string_view fraction = digits.substr(std::min(point + 1, digits.size()));
    while (fraction.ends_with('0'))
        fraction.remove_suffix(1);
    const auto places = static_cast<std::size_t>(std::max(-scaler, 0));
    if (fraction.size() > places)
        return fail(errc::bad_value, "has more decimals than this channel");
    whole.append(fraction).append(places - fraction.size(), '0');
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
    if (error != std::errc{} || end != whole.data() + whole.size())
        return fail(errc::bad_value, "is not a plain decimal number of 64 bits");
    for (int i = 0; i < scaler; ++i) {
        if (value % 10 != 0)
            return fail(errc::bad_value, "is finer than this channel counts");
        value /= 10;
    }
    return value;
}

} // namespace releve::api
