#pragma once
// What the sources of compare_bills share: a bill as costs that can be scaled, in fine money.

#include <releve/engine/bill_compare.hpp>

#include <array>

namespace releve::engine {

// Money on the way, in 10^-12 euros: an integer that holds price times quantity of one line nearly always
// exactly.
inline constexpr Wide fine_per_cent = power_of_ten(10);
/// A step smaller than that, a ten-thousandth of a cent, is what divisions left: nothing.
inline constexpr Wide fine_noise = power_of_ten(6);

constexpr Wide size_of_wide(Wide x)
{
    return x < 0 ? -x : x;
}

constexpr Wide divided_to_nearest(Wide x, Wide divisor)
{
    const Wide quotient = (size_of_wide(x) + divisor / 2) / divisor;
    return x < 0 ? -quotient : quotient;
}

/// x * dividend / divisor to the nearer, away from zero; the divisor is positive, what comes out fits.
[[nodiscard]] Wide in_proportion(Wide x, Wide dividend, Wide divisor);

/// What price and quantity give before they are rounded, if that is how the amount came to be; else the
/// amount. In fine money.
[[nodiscard]] Wide exact_amount(const BillLine& line);

/// The VAT line that counts a line; null: none.
[[nodiscard]] const BillLine* vat_line_of(const Bill& bill, const BillLine& line);

struct Cost {
    Wide net = 0, levy = 0, vat = 0;
    [[nodiscard]] Wide gross() const { return net + levy + vat; }
    Cost& operator+=(const Cost& other)
    {
        net += other.net;
        levy += other.levy;
        vat += other.vat;
        return *this;
    }
    [[nodiscard]] Cost times(Wide dividend, Wide divisor) const
    {
        return {in_proportion(net, dividend, divisor), in_proportion(levy, dividend, divisor),
                in_proportion(vat, dividend, divisor)};
    }
};

struct ClassCost {
    std::string calendar, time_class;
    Wide wh = 0;
    Cost cost{};
};

using AnnualCosts = std::array<std::array<Cost, 3>, 3>; // by section (supply, network, levy) and VAT group

/// A bill, as steps need it.
struct CostedBill {
    AnnualCosts annual{};   // as if of another span
    Wide annual_before = 0; // gross, as charged
    Wide overruns = 0;      // gross
    std::vector<ClassCost> classes{};
    [[nodiscard]] Wide wh() const
    {
        Wide sum = 0;
        for (const ClassCost& one : classes)
            sum += one.wh;
        return sum;
    }
};

/// The class in `classes`, where it is put if it is not there.
ClassCost& class_of(std::vector<ClassCost>& classes, const std::string& calendar,
                    const std::string& time_class);
[[nodiscard]] std::int64_t length_in_days(CivilSpan span);
/// errc::bad_parameter, errc::bad_value: as compare_bills.
[[nodiscard]] result<CostedBill> cost_bill(const Bill& bill, CivilSpan as_if);

} // namespace releve::engine
