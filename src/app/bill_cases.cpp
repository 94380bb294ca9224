#include "bill_cases_parts.hpp"

#include <algorithm>
#include <iterator>

namespace releve::app {

using namespace bills;

namespace {

struct TopicRow {
    std::string_view name;
    Topic compute;
};
constexpr TopicRow topics[] = {
    {"turpe-c4-fixed-annual", turpe_c4_fixed},
    {"turpe-c4-energy+overrun", turpe_c4_energy},
    {"subscription-validation", subscription_validation},
    {"turpe-c5-fixed-prorated", turpe_c5_prorated},
    {"turpe-c5-energy", turpe_c5_energy},
    {"turpe-c5-year", turpe_c5_year},
    {"cta", cta},
    {"turpe-hta", turpe_hta},
    {"cmdps-hta", cmdps_hta},
    {"f12-line-rounding", f12_line},
    {"trv-price-ttc", trv_price},
    {"household-bill", household_bill},
    {"tempo-bill", tempo_bill},
    {"tempo-season", tempo_season},
    {"dst-day", dst_day},
    {"power-to-energy", power_to_energy},
    {"date-convention", date_convention},
    {"index-rounding", index_rounding},
    {"gas-conversion", gas_conversion},
    {"gas-bill-lines", gas_bill_lines},
    {"gas-cta", gas_cta},
    {"gas-atrd-year", gas_network_year},
    {"gas-t4-fixed", gas_t4_fixed},
    {"gas-option", gas_option},
    {"gas-informative", gas_informative},
};

/// Cases that need the choice of a subscription, which is not there yet.
constexpr std::string_view later = "optimise-";

/// Fields that speak to people; nothing is compared with them.
bool is_prose(std::string_view name)
{
    return name == "reason" || name == "note";
}

Wide size_of_difference(const Decimal& a, const Decimal& b)
{
    const Wide difference = Wide{a.digits} * power_of_ten(decimal_scale_max - a.scale) -
                            Wide{b.digits} * power_of_ten(decimal_scale_max - b.scale);
    return difference < 0 ? -difference : difference;
}

struct Comparison {
    const std::string& id;
    Decimal tolerance;
    std::vector<BillCaseDifference>& differences;

    void differ(const std::string& field, const CaseValue& expected, const CaseValue* got) const
    {
        differences.push_back({id, field, shown(expected), got == nullptr ? "(nothing)" : shown(*got)});
    }

    [[nodiscard]] bool same_number(const CaseValue& expected, const CaseValue& got) const
    {
        const auto a = decimal_of(expected.text), b = decimal_of(got.text);
        return a && b && size_of_difference(*a, *b) <= size_of_difference(tolerance, {});
    }

    [[nodiscard]] static bool same_text(const std::string& expected, const std::string& got)
    {
        if (expected == got)
            return true;
        const auto a = parse_instant(expected), b = parse_instant(got); // of any offset
        return a && b && *a == *b;
    }

    void compare(const std::string& field, const CaseValue& expected, const CaseValue* got) const
    {
        if (got == nullptr || expected.kind != got->kind)
            return differ(field, expected, got);
        switch (expected.kind) {
        case CaseValue::Kind::object:
            for (std::size_t i = 0; i < expected.items.size(); ++i)
                if (!is_prose(expected.names[i]))
                    compare((field.empty() ? "" : field + ".") + expected.names[i], expected.items[i],
                            got->find(expected.names[i]));
            return;
        case CaseValue::Kind::list:
            if (expected.items.size() != got->items.size())
                return differ(field, expected, got);
            for (std::size_t i = 0; i < expected.items.size(); ++i)
                compare(field + "[" + std::to_string(i) + "]", expected.items[i], &got->items[i]);
            return;
        case CaseValue::Kind::number:
            if (!same_number(expected, *got))
                differ(field, expected, got);
            return;
        default:
            if (expected.flag != got->flag || !same_text(expected.text, got->text))
                differ(field, expected, got);
        }
    }
};

/// A case as the file has it, with its parts looked up.
struct Case {
    std::string id, topic;
    const CaseValue* input = nullptr;
    const CaseValue* expected = nullptr;
    Decimal tolerance;
};

std::optional<CaseProblem> read_tolerance(const CaseValue* written, Decimal& tolerance)
{
    if (written == nullptr || written->kind == CaseValue::Kind::null)
        return std::nullopt; // exact
    std::optional<CaseProblem> problem;
    tolerance = CaseNode{*written, "tolerance", problem}.decimal(0, 1'000'000);
    return problem;
}

std::optional<CaseProblem> read_case(const CaseValue& written, Case& out)
{
    std::optional<CaseProblem> problem;
    const CaseNode node{written, "", problem};
    out.id = node.at("id").text();
    out.topic = node.at("topic").text();
    out.input = written.find("input");
    out.expected = written.find("expected");
    for (const char* name : {"input", "expected"})
        if (!node.at(name).is_object())
            node.at(name).fail("an object");
    if (problem)
        return problem;
    if (std::ranges::all_of(out.expected->names, is_prose))
        return CaseProblem{"expected", "something to compare", "nothing"};
    return read_tolerance(written.find("tolerance"), out.tolerance);
}

std::vector<BillCaseDifference> differences_of(const Case& one, Topic compute, const engine::TariffBook& book)
{
    std::optional<CaseProblem> problem;
    const auto got = compute(CaseNode{*one.input, "input", problem}, book);
    if (problem)
        return {{one.id, problem->field, problem->wanted, problem->got}};
    if (!got)
        return {{one.id, "input", "something that can be computed", to_string(got.error())}};
    std::vector<BillCaseDifference> differences;
    Comparison{one.id, one.tolerance, differences}.compare("", *one.expected, &*got);
    return differences;
}

void run_case(const CaseValue& written, std::size_t index, const engine::TariffBook& book,
              BillCaseReport& report)
{
    Case one;
    auto problem = read_case(written, one);
    const bool skip = !problem && one.topic.starts_with(later);
    const auto row = std::ranges::find(topics, one.topic, &TopicRow::name);
    if (skip || (!one.topic.empty() && row == std::end(topics))) {
        ++report.skipped;
        if (!skip)
            ++report.unknown_topics[one.topic];
        return;
    }
    if (one.id.empty())
        one.id = "cases[" + std::to_string(index) + "]";
    auto differences =
        problem ? std::vector<BillCaseDifference>{{one.id, problem->field, problem->wanted, problem->got}}
                : differences_of(one, row->compute, book);
    ++(differences.empty() ? report.passed : report.failed);
    std::ranges::move(differences, std::back_inserter(report.differences));
}

} // namespace

result<void> run_bill_cases(std::string_view json, const engine::TariffBook& book, BillCaseReport& report)
{
    RELEVE_TRY(file, parse_case_json(json));
    const CaseValue* cases = file.kind == CaseValue::Kind::object ? file.find("cases") : &file;
    if (cases == nullptr || cases->kind != CaseValue::Kind::list)
        return fail(errc::malformed, "no list of cases");
    for (std::size_t i = 0; i < cases->items.size(); ++i)
        run_case(cases->items[i], i, book, report);
    return {};
}

} // namespace releve::app
