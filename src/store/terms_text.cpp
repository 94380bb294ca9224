#include <releve/store/billing_records.hpp>

#include <algorithm>

namespace releve::store {

std::string parameters_text(const engine::Parameters& parameters)
{
    std::string text;
    for (const auto& [name, value] : parameters)
        text += (text.empty() ? "" : ";") + name + "=" + value;
    return text;
}

result<std::vector<std::int64_t>> parse_powers(std::string_view text)
{
    std::vector<std::int64_t> powers;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(';'), text.size());
        const auto kva = parse_decimal(text.substr(0, end));
        constexpr std::int64_t kva_max = 1'000'000;
        if (!kva || kva->scale > 3 || *kva <= Decimal{0, 0} || *kva > Decimal{kva_max, 0} || powers.size() == engine::time_classes_max)
            return fail(errc::bad_value, "expected kVA like 9, or one for each class like 36;36;36;100");
        powers.push_back(kva->digits * static_cast<std::int64_t>(power_of_ten(3 - kva->scale)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return powers;
}

std::string powers_text(const std::vector<std::int64_t>& powers_va)
{
    std::string text;
    for (const std::int64_t va : powers_va)
        text += (text.empty() ? "" : ";") + to_string(shortest({va, 3}));
    return text;
}

result<engine::Parameters> parse_parameters(std::string_view text)
{
    engine::Parameters parameters;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(';'), text.size());
        const std::string_view one = text.substr(0, end);
        const std::size_t sign = one.find('=');
        const auto is_word = [](std::string_view word) {
            return !word.empty() && std::ranges::all_of(word, [](unsigned char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '.' || c == '-'; });
        };
        if (sign == std::string_view::npos || !is_word(one.substr(0, sign)) || !is_word(one.substr(sign + 1)) ||
            !parameters.emplace(one.substr(0, sign), one.substr(sign + 1)).second)
            return fail(errc::bad_value, "expected names and values like fta=BTINFMUDT;user=household_le36, each once");
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parameters;
}

} // namespace releve::store
