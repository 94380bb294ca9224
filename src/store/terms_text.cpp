#include <releve/store/billing_records.hpp>

#include <algorithm>

namespace releve::store {

namespace {

/// Texts between semicolons; of nothing none. One after the last semicolon is there as well, and empty.
std::vector<std::string_view> pieces_of(std::string_view text)
{
    std::vector<std::string_view> pieces;
    if (text.empty())
        return pieces;
    for (std::size_t end = text.find(';'); end != std::string_view::npos; end = text.find(';')) {
        pieces.push_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    pieces.push_back(text);
    return pieces;
}

} // namespace

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
    for (const std::string_view piece : pieces_of(text)) {
        const auto kva = parse_decimal(piece);
        constexpr std::int64_t kva_max = 1'000'000;
        if (!kva || kva->scale > 3 || *kva <= Decimal{0, 0} || *kva > Decimal{kva_max, 0} || powers.size() == engine::time_classes_max)
            return fail(errc::bad_value, "expected kVA like 9, or one for each class like 36;36;36;100");
        powers.push_back(kva->digits * static_cast<std::int64_t>(power_of_ten(3 - kva->scale)));
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
    for (const std::string_view one : pieces_of(text)) {
        const std::size_t sign = one.find('=');
        const auto is_word = [](std::string_view word) {
            return !word.empty() && std::ranges::all_of(word, [](unsigned char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '.' || c == '-'; });
        };
        if (sign == std::string_view::npos || !is_word(one.substr(0, sign)) || !is_word(one.substr(sign + 1)) ||
            !parameters.emplace(one.substr(0, sign), one.substr(sign + 1)).second)
            return fail(errc::bad_value, "expected names and values like fta=BTINFMUDT;user=household_le36, each once");
    }
    return parameters;
}

} // namespace releve::store
