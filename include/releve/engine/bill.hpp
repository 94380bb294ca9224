#pragma once
// A bill: what a usage point should pay for some civil days, and where every cent of it comes from. A pure function of the
// readings, contracts and tariffs that are handed in; docs/BILLING.md says the same in prose.
//
// Each component of the contract's tariff gives a line for each stretch of days in which nothing of it changes: its price,
// the rates of levies and VAT over it, the contract, and, where it is prorated by days, the length of the year. Each line's
// amount is rounded to the cent on its own; the total is the sum of the lines. Quantities of parts add up to those of the
// whole, wherever a period is split.

#include <releve/core/block.hpp>
#include <releve/core/decimal.hpp>
#include <releve/engine/gas.hpp>
#include <releve/engine/registers.hpp>
#include <releve/engine/tariff.hpp>
#include <releve/engine/totals.hpp>

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace releve::engine {

inline constexpr int bill_days_max = 3'660; // ten years

// ---- what is handed in

/// A contract, as far as it holds.
struct ContractTerms {
    CivilSpan span;
    std::string tariff;
    Parameters parameters;
    std::vector<std::int64_t> powers_va{}; // one, or one a class (kVA or kW times 1000)
    std::optional<std::int64_t> daily_capacity_kwh{}; // gas, T4
    std::string meter_calendar{}; // that the meter's supplier registers follow; empty: the tariff's own
};

/// Off-peak windows of the usage point.
struct OffpeakPeriod {
    CivilSpan span;
    std::vector<DayWindow> windows;
};

/// A civil day (or the part of it that one channel of one meter counted) of a load curve.
struct CurveDay {
    static constexpr std::int64_t nothing = std::numeric_limits<std::int64_t>::min();
    CivilDay day{};
    Instant first{};
    Seconds step{1800};
    std::vector<std::int64_t> energy_mj; // by slot; `nothing` where there is none
    Quality quality = Quality::missing;  // worst of the slots there are
    int estimated = 0;                   // slots filled by an estimate or an edit
    int doubtful = 0;                    // slots that a bill must not use
    MeterId meter;
    ChannelId channel;
    std::int64_t batch = 0;           // the last one that wrote what is seen of it
    std::int32_t overlay_version = 0; // the last estimate or edit in it; 0: none
};

/// The meters' own registers of one name, in turn.
struct RegisterFacts {
    std::string name; // of the models' channels
    std::vector<RegisterSeries> series;
    std::vector<MeterId> meters; // of each series
    std::vector<ChannelId> channels;
};

/// Gas of some gas days, as the network operator published it for bills.
struct PublishedGas {
    CivilSpan span;
    std::int64_t index_from_m3 = 0, index_to_m3 = 0;
    std::int64_t kwh_per_m3_e5 = 0;
    std::int64_t energy_kwh = 0;
    Quality quality = Quality::raw;
};

struct BillFacts {
    UsagePointId usage_point;
    std::string energy; // "electricity" | "gas"
    std::vector<ContractTerms> contracts{}; // by time, without overlap
    std::vector<OffpeakPeriod> offpeak{};   // by time, without overlap
    std::vector<CurveDay> curve{};          // by day
    std::vector<RegisterFacts> registers{}; // electricity: Wh after their scaler; gas: dm3
    std::vector<PublishedGas> published_gas{}; // by time, without overlap
    std::vector<ConversionCoefficient> coefficients{}; // of the gas meter's own index, sorted
    std::int64_t as_of = 0; // the batch up to which all of it is known
};

struct BillWanted {
    CivilSpan span; // civil days; of gas: gas days
    /// All prices as of this day, whatever the days billed: a comparison, never a bill.
    std::optional<CivilDay> prices_as_of{};
    /// In place of the contract's own: what if it had been so. A comparison as well.
    std::optional<ContractTerms> instead{};
    std::string played{}; // "curve of 2013, played as 2025"; empty: the days are real ones
};

// ---- what comes out

/// Readings that lines rest on.
struct BillSource {
    enum class Kind : std::uint8_t { registers, intervals, published_gas };
    Kind kind{};
    MeterId meter{};
    ChannelId channel{};
    CivilSpan span{};
    Quality quality = Quality::missing; // the worst
    // intervals
    int slots = 0, estimated = 0;
    std::vector<std::pair<std::int64_t, std::int32_t>> revisions{}; // of each day: batch and overlay version, see CurveDay
    // registers and published gas: the indexes, in the register's own unit and scaler
    std::int64_t index_from = 0, index_to = 0;
    int scaler = 0;
    std::int64_t kwh_per_m3_e5 = 0;
    bool operator==(const BillSource&) const = default;
};

struct BillLine {
    std::string tariff, component;
    int edition = 1;        // of the tariff's document
    Section section{};
    VatGroup vat{};
    bool contained = false; // already in another line's price: no part of the total
    std::string calendar, time_class; // of the quantity; empty: of all
    CivilSpan span;
    Decimal quantity;       // exact
    std::string quantity_unit; // kWh, day, month, kVA.day, kVA.month, kW.day, kW.month, kWh/day.day, kWh/day.month, h, kW, EUR
    Decimal price;          // as the row says
    PriceUnit unit{};
    /// Annual prices: the quantity is divided by it: 365, 366, 12, or 12 times the days of a month. Else 1.
    int divisor = 1;
    std::optional<Decimal> unit_price{}; // euros per quantity unit, rounded, where the tariff rounds it
    Proration proration{};
    std::string row;        // "fta=BTINFMUDT from 2025-08-01 to 2026-08-01"
    std::string source;     // who set the price
    std::vector<std::uint32_t> sources{}; // indexes into Bill::sources
    Cents amount;
    bool operator==(const BillLine&) const = default;
};

/// Registers beside the curve, where both say it.
struct RegisterCheck {
    std::string calendar, time_class;
    CivilSpan span;
    std::int64_t register_wh = 0, curve_wh = 0;
    [[nodiscard]] std::int64_t difference_wh() const { return curve_wh - register_wh; }
    bool operator==(const RegisterCheck&) const = default;
};

enum class Rests : std::uint8_t { read, estimated, mixed };
[[nodiscard]] std::string_view rests_name(Rests rests);

struct Bill {
    UsagePointId usage_point;
    std::string energy;
    CivilSpan span;
    std::int64_t as_of = 0;
    bool comparison = false; // not a bill: other prices or another contract than those of the days
    std::optional<CivilDay> prices_as_of{};
    std::string played;
    std::vector<ContractTerms> contracts; // cut to the span
    Rests rests = Rests::read;
    std::vector<CivilDay> estimated_days; // with an estimate or an edit in them
    std::vector<BillSource> sources;
    std::vector<BillLine> lines;
    std::vector<RegisterCheck> checks;
    std::vector<std::string> remarks; // what was left out and why, for engineers: "contained turpe_c5/...: no price for ..."
    Cents total;      // all taxes included
    Cents before_vat; // without the VAT lines; where prices include VAT: less the VAT in them
    std::int64_t energy_wh = 0; // billed
};

/// Makes bills of one book of tariffs. Keeps what many bills share (classes of days, resolved tariffs), so one object serves
/// a thread; the answers do not depend on what it made before.
class BillMaker {
public:
    /// Both stay alive.
    BillMaker(const TariffBook& book, const Zone& zone);
    ~BillMaker();
    /// errc::bad_parameter: the span (empty, reversed, too long); errc::contract_hole: days without a contract, naming them;
    /// errc::bad_contract: a parameter or power that the tariff does not take; errc::unknown_tariff; errc::no_tariff_row: a
    /// price that is not known, naming its row; errc::readings_incomplete: what is missing, of registers and of the curve;
    /// errc::bad_value: beyond what fits.
    [[nodiscard]] result<Bill> make(const BillFacts& facts, const BillWanted& wanted);

    /// Energy by class of the calendar in [span), from the curve alone: a class's Wh of a day is rounded so that the classes of
    /// a day sum to the day's Wh. errc::readings_incomplete and as above.
    [[nodiscard]] result<std::vector<std::int64_t>> class_energies(const BillFacts& facts, const std::string& calendar, CivilSpan span);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Whether the powers go with the tariff: whole, positive, and not decreasing in the order of classes.
[[nodiscard]] result<void> check_powers(const TariffBook& book, const ContractTerms& terms);

/// price * the square root of `square_w` (W^2) in kW, rounded once. errc::bad_value: negative, or beyond what fits.
[[nodiscard]] result<Cents> overrun_amount(const Decimal& price, Wide square_w);

/// The bill as text, one encoding for each bill: what is hashed, stored and compared. See docs/BILLING.md.
[[nodiscard]] std::string to_document(const Bill& bill);
/// errc::bad_value for whatever to_document does not give.
[[nodiscard]] result<Bill> parse_document(std::string_view document);

} // namespace releve::engine
