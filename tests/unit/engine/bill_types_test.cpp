#include <releve/engine/bill_compare.hpp>

#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace releve::engine {
namespace {

/// Neither it nor what it holds is a binary floating point number. A structure has no such member unless one is listed below:
/// whoever adds one finds the source test.
template <class T>
constexpr bool is_exact = std::is_integral_v<T> || std::is_enum_v<T> || std::is_same_v<T, Wide> || std::is_same_v<T, Decimal> || std::is_same_v<T, Cents>;
template <class T>
constexpr bool is_exact<std::optional<T>> = is_exact<T>;
template <class T>
constexpr bool is_exact<std::vector<T>> = is_exact<T>;
template <class A, class B>
constexpr bool is_exact<std::pair<A, B>> = is_exact<A> && is_exact<B>;
static_assert(!is_exact<double> && !is_exact<std::optional<float>> && !is_exact<std::vector<double>>);

#define EXACT(type, member) static_assert(is_exact<decltype(type::member)>)
EXACT(Decimal, digits);
EXACT(Decimal, scale);
EXACT(Cents, value);
EXACT(Ratio, dividend);
EXACT(Ratio, divisor);
EXACT(RateRow, values);
EXACT(Component, steps);
EXACT(Component, power_factor);
EXACT(Component, unit_price_decimals);
EXACT(PriceUnitRow, euros);
EXACT(PriceUnitRow, per);
EXACT(ContractTerms, powers_va);
EXACT(ContractTerms, daily_capacity_kwh);
EXACT(CurveDay, energy_mj);
EXACT(PublishedGas, index_from_m3);
EXACT(PublishedGas, index_to_m3);
EXACT(PublishedGas, kwh_per_m3_e5);
EXACT(PublishedGas, energy_kwh);
EXACT(ConversionCoefficient, kwh_per_m3_e5);
EXACT(BillLine, quantity);
EXACT(BillLine, price);
EXACT(BillLine, divisor);
EXACT(BillLine, unit_price);
EXACT(BillLine, amount);
EXACT(Bill, total);
EXACT(Bill, before_vat);
EXACT(Bill, energy_wh);
EXACT(RegisterCheck, register_wh);
EXACT(RegisterCheck, curve_wh);
EXACT(BillSource, index_from);
EXACT(BillSource, index_to);
EXACT(BillSource, scaler);
EXACT(BillSource, kwh_per_m3_e5);
EXACT(WeatherDay, mean_c_e1);
EXACT(WeatherDay, energy_wh);
EXACT(BillDifference, before);
EXACT(BillDifference, now);
EXACT(BillDifference::Part, amount);
EXACT(BillDifference::Part, before_wh);
EXACT(BillDifference::Part, now_wh);
static_assert(is_exact<decltype(std::declval<RegisterCheck>().difference_wh())>);
static_assert(is_exact<decltype(integer_root(0))>);
#undef EXACT

std::string source(const std::string& path)
{
    std::ifstream stream{RELEVE_SOURCE_DIR "/" + path, std::ios::binary};
    EXPECT_TRUE(stream) << path;
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

/// Comments and texts become spaces.
std::string code_of(std::string text)
{
    bool comment = false, quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\n')
            comment = quoted = false;
        else if (!comment && c == '"')
            quoted = !quoted;
        else if (!quoted && text.compare(i, 2, "//") == 0)
            comment = true;
        if (quoted && c == '\\' && i + 1 < text.size())
            text[i++] = ' ';
        if ((comment || quoted) && c != '\n')
            text[i] = ' ';
    }
    return text;
}

/// The first word that has to do with binary floating point; "" if there is none.
std::string inexact_word(const std::string& text)
{
    static const std::set<std::string, std::less<>> banned{"double", "float", "strtod", "strtof", "stod", "stof", "atof", "round", "lround", "llround", "nearbyint", "sqrt", "pow", "cmath", "math.h"};
    const std::string code = code_of(text);
    const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '\''; };
    for (std::size_t i = 0; i < code.size();) {
        if (!is_part(code[i])) {
            ++i;
            continue;
        }
        const bool number = std::isdigit(static_cast<unsigned char>(code[i])) != 0;
        const std::size_t from = i;
        while (i < code.size() && (is_part(code[i]) || (number && code[i] == '.')))
            ++i;
        const std::string word = code.substr(from, i - from);
        const bool hex = word.starts_with("0x") || word.starts_with("0X");
        if (banned.contains(word) || (number && !hex && word.find_first_of(".eE") != std::string::npos))
            return word;
    }
    return {};
}

/// Whether a text names one of the types of money, prices and what they are multiplied by.
bool has_money(const std::string& code)
{
    const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
    for (const std::string_view word : {"Cents", "Decimal", "Ratio", "cents_of"})
        for (std::size_t at = code.find(word); at != std::string::npos; at = code.find(word, at + 1))
            if ((at == 0 || !is_part(code[at - 1])) && (at + word.size() == code.size() || !is_part(code[at + word.size()])))
                return true;
    return false;
}

TEST(BillSources, hold_no_binary_floating_point)
{
    // Quantities of bills; beside them, whatever names money.
    std::set<std::string> paths{"include/releve/core/wide.hpp",         "include/releve/engine/calendar.hpp", "include/releve/engine/consumption.hpp", "include/releve/engine/gas.hpp",
                                "include/releve/engine/registers.hpp",  "src/engine/bill_parts.hpp",          "src/engine/bill_plan.cpp",              "src/engine/bill_quantities.cpp",
                                "src/engine/bill_costs.hpp",            "src/engine/calendar.cpp",            "src/engine/consumption.cpp",            "src/engine/gas.cpp",
                                "src/engine/registers.cpp"};
    const std::size_t of_quantities = paths.size();
    const std::filesystem::path root{RELEVE_SOURCE_DIR};
    for (const char* part : {"include", "src"})
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root / part)) {
            const std::string name = entry.path().extension().string();
            if ((name == ".hpp" || name == ".cpp") && has_money(code_of(source(entry.path().lexically_relative(root).generic_string()))))
                paths.insert(entry.path().lexically_relative(root).generic_string());
        }
    for (const char* sure : {"include/releve/core/decimal.hpp", "include/releve/engine/bill_compare.hpp", "src/engine/bill_lines.cpp", "src/engine/bill_compare.cpp", "src/api/bill_json.cpp"})
        EXPECT_TRUE(paths.contains(sure)) << sure;
    EXPECT_GT(paths.size(), of_quantities + 20);
    for (const std::string& path : paths)
        EXPECT_EQ(inexact_word(source(path)), "") << path;
}

TEST(BillSources, would_be_found_out)
{
    for (const char* text : {"double x;", "std::vector<float> y;", "std::round(x)", "return std::sqrt(2);", "strtod(text, &end)", "x * 0.2", "1e-9", "#include <cmath>"})
        EXPECT_NE(inexact_word(text), "") << text;
    for (const char* text : {"rounded(x)", "Rounding::half_up", "round_to(x, 2)", "integer_root(x)", "std::chrono::floor<std::chrono::days>(x)", "power_of_ten(2)", "1'000", "doubtful", "0x9E37U", "// a double", "\"0.1952\""})
        EXPECT_EQ(inexact_word(text), "") << text;
    for (const char* text : {"Cents x;", "engine::Ratio{1, 2}", "(Decimal)", "cents_of(x)"})
        EXPECT_TRUE(has_money(text)) << text;
    for (const char* text : {"CentsRow", "in_cents_of_a_euro", "ratio", "DecimalSeparator", ""})
        EXPECT_FALSE(has_money(text)) << text;
}

} // namespace
} // namespace releve::engine
