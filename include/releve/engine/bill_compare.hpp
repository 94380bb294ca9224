#pragma once
// Why is this bill higher than that one? Two bills of one usage point, and the parts of their difference:
// they add up to the cent, whatever the bills. Pure; asks for no reading and makes no bill.
//
// Four bills: A, the earlier one as issued; A', the same as known now (or A); B, the later one; C, B's days
// under A's last contract (or B). The way from A' to C is walked in this order, each step at the prices of
// the one before it:
//   days      A' as if it had B's number of days. Energy goes by days; an annual price by its own proration:
//   two whole
//             months of a price by twelfths cost the same. Also what a leap year makes of a day's share of a
//             year.
//   use       of each class, C's kWh less A' scaled: at A' price of the class, with its share of levies and
//   VAT, the average
//             where it changed. A class without kWh in A' takes C's price. Classes are those of the
//             supplier's calendar; energy priced otherwise (by no class, by the network's) is shared out by
//             kWh. Bills of different calendars are compared in all their energy, as one class "".
//   weather   of these kWh, what degree days explain, see below: taken out of `use`, shared out over classes
//   by their kWh. overruns  C's amounts for power exceeded less those of A', taxes included, not scaled.
//   prices    of supply and network: C's quantities at C's prices less at A' prices, with taxes at the rates
//   of A'. taxes     the rest of C: other rates of levies and VAT. Prices that include taxes hide them: there
//   they are prices.
// And outside of it:
//   contract  B - C. Where the contract changed and C is not given, prices and taxes as well, for nothing
//   tells them apart. catch_up  A' - A: negative where the earlier bill asked for more than its days should
//   have cost. With this sign
//             the parts sum to B - A.
// What is charged is the lines that are not `contained`. A line counts as price times quantity before it was
// rounded, a share (VAT, CTA) as its rate of those, so a part is nothing where nothing of its kind differs.
// Each step is rounded as the bill up to it; the cents by which lines were rounded otherwise than exactly go
// to the largest part, and, if there is none, to `prices`.
//
// Degree days: base 17.0 C less the day's mean, never below 0. Wh per degree day: the slope of the least
// squares line through all days of both periods, never below 0. What they explain may be more than the change
// of use, which then is less.

#include <releve/engine/bill.hpp>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace releve::engine {

/// In the order in which they are told.
enum class DifferencePart : std::uint8_t {
#define RELEVE_BILL_PART(name, ...) name,
#include "bill_parts.def"
};
struct DifferencePartRow {
    DifferencePart part;
    std::string_view name;
    Words words;
};
[[nodiscard]] std::span<const DifferencePartRow> difference_part_rows();
[[nodiscard]] const DifferencePartRow& difference_part_row(DifferencePart part);

inline constexpr int degree_day_base_c_e1 = 170;

inline constexpr std::int64_t weather_energy_max_wh = 10'000'000'000; // of a day

struct WeatherDay {
    int mean_c_e1 = 0;          // tenths of a degree Celsius, -1000 to 1000
    std::int64_t energy_wh = 0; // 0 to weather_energy_max_wh
};
struct Weather {
    std::vector<WeatherDay> before, now; // a day each of the bills
};
/// Wh per tenth of a degree day. Neither period needs a day.
[[nodiscard]] Ratio heating_sensitivity(const Weather& weather);

/// The days of a bill as day_energies tells them; `mean_c_e1`: the outdoor temperatures that are known. Nothing unless every day
/// of the span has both.
[[nodiscard]] std::optional<std::vector<WeatherDay>> weather_days(const BillFacts& facts, const std::map<CivilDay, int>& mean_c_e1, CivilSpan span, const Zone& zone);

struct CompareFacts {
    const Bill* before_as_known_now = nullptr; // the earlier bill computed again; null: unchanged
    const Bill* now_under_old_contract =
        nullptr; // made with BillWanted::instead; null: the contract did not change, or nobody knows
    std::optional<Weather> weather{};
    const TariffBook* book = nullptr; // words and order of classes; null: their ids
};

struct BillDifference {
    struct Part {
        DifferencePart part{};
        std::string calendar{}, time_class{};   // use: of the class; both empty: all energy
        Cents amount{};                         // more, or, negative, less; never zero
        std::int64_t before_wh = 0, now_wh = 0; // days, use, weather: what the step goes from and to; else 0
        int before_days = 0, now_days = 0;
        std::string sentence_en{}, sentence_fr{};
    };
    Cents before, now;
    std::vector<Part> parts; // those that are not zero; sum: now - before
};

/// errc::bad_parameter: bills of different usage points, energies or spans, or whose lines are not their
/// total; weather of another number of days. errc::bad_value: beyond 100 million euros or 10 TWh.
[[nodiscard]] result<BillDifference> compare_bills(const Bill& before, const Bill& now,
                                                   const CompareFacts& facts);

// ---- words

/// What sentences say beside the numbers of their part.
struct SentenceFacts {
    const TariffBook* book = nullptr;
    bool weather_apart = false;               // there is a part for the weather
    bool was_estimated = false;               // the earlier bill, in part
    bool only_rounding = false;               // `prices` is but cents of rounding
    bool prices_with_contract = false;        // `contract` holds those of prices as well
    const ContractTerms* old_terms = nullptr; // null: as before
    const ContractTerms* new_terms = nullptr;
    bool power_in_kw = false;
};
/// A sentence of each part in both languages, as compare_bills does.
void write_sentences(BillDifference& difference, const SentenceFacts& facts);

} // namespace releve::engine
