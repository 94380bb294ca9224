#pragma once
// What the sources of BillMaker share: a contract's components made ready, and the quantities of one bill.

#include <releve/engine/bill.hpp>

#include <array>
#include <deque>
#include <unordered_map>

namespace releve::engine {

inline constexpr int kwh_scaler = 3; // of an index that is cut to whole kWh

// ---- plans: a tariff under one contract's parameters

struct PlannedComponent {
    UsedComponent used;
    std::vector<const RateRow*> rows{};   // of the contract's key, by time
    std::vector<std::string> row_texts{}; // of each
    const Calendar* calendar = nullptr;
    std::vector<std::size_t> classes{};   // the one that it is the price of, or several in order; none: all energy
    std::vector<std::size_t> under{};     // shares that count this one's amounts, also by way of other shares
    std::vector<std::size_t> of{};        // of a share: the components whose amounts it counts
    std::size_t power_price = 0;        // of overrun_quadratic
    bool may_be_unknown = false;        // contained, and nothing that is charged rests on it
    [[nodiscard]] const Component& component() const { return *used.component; }
};
struct Plan {
    const Tariff* tariff = nullptr;
    const Calendar* calendar = nullptr; // that all energy is summed by
    std::vector<PlannedComponent> components;
};
/// errc::unknown_tariff, errc::bad_contract, errc::bad_tariff.
[[nodiscard]] result<Plan> make_plan(const TariffBook& book, const ContractTerms& terms);

// ---- which class a slot is in, for all bills

class ClassTables {
public:
    ClassTables(const TariffBook& book, const Zone& zone) : book_(&book), zone_(&zone) {}
    /// As classes_of_day. The pointer holds until the next call.
    [[nodiscard]] result<const std::vector<std::uint8_t>*> of(const Calendar& calendar, const std::vector<DayWindow>* offpeak, CivilDay day, Seconds step);

private:
    struct Key {
        const Calendar* calendar = nullptr;
        std::size_t windows = 0; // number of `windows_`
        std::int32_t day = 0, step = 0;
        bool operator==(const Key&) const = default;
    };
    struct Hash {
        std::size_t operator()(const Key& key) const;
    };
    std::size_t number_of(const std::vector<DayWindow>* offpeak);

    const TariffBook* book_;
    const Zone* zone_;
    std::vector<std::vector<DayWindow>> windows_;
    std::unordered_map<Key, std::vector<std::uint8_t>, Hash> tables_;
};

// ---- quantities

/// One day under a calendar.
struct ClassDay {
    std::array<std::int64_t, time_classes_max> wh{};
    std::int64_t covered_s = 0, length_s = 0;
    int doubtful = 0;
};

/// Energies of one stretch by class, with what they rest on.
struct ClassEnergies {
    std::vector<std::int64_t> wh;
    std::vector<std::vector<std::uint32_t>> sources; // of each class
};

class Quantities {
public:
    Quantities(const BillFacts& facts, CivilSpan span, const Zone& zone, ClassTables& tables, Bill& bill)
        : facts_(&facts), span_(span), zone_(&zone), tables_(&tables), bill_(&bill)
    {
    }
    /// From the meter's registers where they say it, else from the curve.
    [[nodiscard]] result<ClassEnergies> energies(const Calendar& calendar, const ContractTerms& terms, const Tariff& tariff, CivilSpan span);
    [[nodiscard]] result<std::vector<std::int64_t>> curve_energies(const Calendar& calendar, CivilSpan span);
    /// kWh of gas, and what they rest on.
    using GasEnergy = std::pair<std::int64_t, std::vector<std::uint32_t>>;
    [[nodiscard]] result<GasEnergy> gas_kwh(CivilSpan span);

    struct Overrun {
        std::int64_t seconds = 0;
        Wide square_w = 0; // sum over 10-minute points
    };
    struct Overruns {
        std::vector<Overrun> classes;
        std::vector<std::uint32_t> sources;
    };
    /// `limits_w`: of each of `classes`. `squares`: 10-minute points are needed.
    [[nodiscard]] result<Overruns> overruns(const Calendar& calendar, std::span<const std::size_t> classes, std::span<const std::int64_t> limits_w,
                                            bool squares, CivilSpan span);
    [[nodiscard]] std::uint32_t curve_source(CivilSpan span);

private:
    /// All days of the bill. An error if a day of `span` has no classes (off-peak hours or published days that nobody knows); other
    /// days may be another contract's.
    [[nodiscard]] result<const std::vector<ClassDay>*> class_days(const Calendar& calendar, CivilSpan span);
    [[nodiscard]] const std::vector<DayWindow>* offpeak_on(CivilDay day) const;
    /// Empty: all is there.
    [[nodiscard]] std::string what_is_missing(const std::vector<ClassDay>& days, CivilSpan span) const;
    struct CountedRegister {
        const RegisterFacts* facts = nullptr;
        RegisterResult kwh, exact; // cut to kWh at each index; in Wh (gas: m3 and dm3)
    };
    [[nodiscard]] result<const CountedRegister*> counted(const std::string& name);
    [[nodiscard]] result<std::optional<ClassEnergies>> register_energies(const Calendar& calendar, CivilSpan span, std::string& why_not);
    void add_register_sources(const RegisterFacts& facts, CivilSpan span, Seconds day_start, std::vector<std::uint32_t>& to);
    std::uint32_t add_source(BillSource source);
    [[nodiscard]] result<GasEnergy> count_gas(CivilSpan span);
    void compare(const Calendar& calendar, CivilSpan span);
    [[nodiscard]] result<std::optional<std::int64_t>> metered_gas_kwh(CivilSpan span, std::vector<std::uint32_t>& sources, std::string& why_not);

    const BillFacts* facts_;
    CivilSpan span_;
    const Zone* zone_;
    ClassTables* tables_;
    Bill* bill_;
    std::map<const Calendar*, std::vector<ClassDay>> days_;
    std::map<std::pair<const Calendar*, CivilDay>, Error> unclassed_;
    std::map<std::string, CountedRegister> counted_;
    std::map<std::tuple<const Calendar*, CivilDay, CivilDay>, ClassEnergies> energies_;
    std::map<std::pair<CivilDay, CivilDay>, std::uint32_t> curve_sources_;
    std::map<std::pair<CivilDay, CivilDay>, GasEnergy> gas_;
};

// ---- lines

/// A stretch of days under one plan.
struct Piece {
    const ContractTerms* terms = nullptr;
    const Plan* plan = nullptr;
    CivilSpan span;
};

/// The lines of one bill as they come to be.
struct Billing {
    const BillWanted& wanted;
    Quantities& quantities;
    Bill& bill;
    bool gas = false;
    std::vector<std::pair<const PlannedComponent*, std::size_t>> made{}; // component of each line, in the piece at hand

    [[nodiscard]] std::size_t row_index(const PlannedComponent& planned, CivilDay day) const;
    [[nodiscard]] result<BillLine> begin_line(const PlannedComponent& planned, CivilSpan span) const;
    [[nodiscard]] result<void> finish(const PlannedComponent& planned, BillLine line);
    [[nodiscard]] result<void> annual(const Piece& piece, const PlannedComponent& planned, CivilSpan span);
    [[nodiscard]] result<void> energy(const Piece& piece, const PlannedComponent& planned, CivilSpan span);
    [[nodiscard]] result<void> overrun(const Piece& piece, const PlannedComponent& planned, CivilSpan span);
    [[nodiscard]] result<void> share(const Piece& piece, const PlannedComponent& planned, CivilSpan span);
    [[nodiscard]] result<void> component(const Piece& piece, const PlannedComponent& planned);
    [[nodiscard]] result<void> piece(const Piece& piece);
};

} // namespace releve::engine
