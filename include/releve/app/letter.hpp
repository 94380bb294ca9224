#pragma once
// A home's month on one sheet of paper, for people who do not use the web: what was used, what it costs, how that compares
// with the year before, one thing to do, a chart and a telephone number. Pure: from figures to HTML. A page says nothing but
// what its own facts say; every text that comes from outside is escaped. docs/BILLING.md, "Letters".

#include <releve/api/http.hpp>
#include <releve/engine/day_energies.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace releve::app {

/// Energy of the month inside and outside of the contract's off-peak hours.
struct PeakUse {
    std::int64_t peak_wh = 0, offpeak_wh = 0;
    std::vector<engine::DayWindow> windows; // the off-peak hours
    bool operator==(const PeakUse&) const = default;
};

struct LetterFacts {
    std::vector<std::string> address{};          // lines as on an envelope; none: only the usage point is named
    engine::Bill bill;                           // of a whole civil month, which is the letter's
    std::optional<engine::Bill> year_before{};   // of the same month; nothing: not known
    std::vector<engine::DayEnergy> days{};               // of the month, by day
    std::optional<PeakUse> peak{};               // only where the contract has off-peak hours
    std::optional<std::int64_t> night_least_w{}; // the least power of any night, 2:00 to 5:00
    std::string telephone, sender;
    api::Language language = api::Language::fr;
};

/// The one thing to do, in the order in which they are tried: the rows of `advice_rows` in letter.cpp.
enum class Advice : std::uint8_t { wait, call_us, always_on, off_peak, nothing };
[[nodiscard]] Advice choose_advice(const LetterFacts& facts);

/// One element of class "letter", which prints as one page.
[[nodiscard]] std::string letter_page(const LetterFacts& facts);

/// A document without scripts or outside resources: head, pages one after another as they come, tail.
[[nodiscard]] std::string letter_head(api::Language language);
[[nodiscard]] std::string_view letter_tail();
[[nodiscard]] std::string letter_batch(std::span<const std::string> pages, api::Language language);

} // namespace releve::app
