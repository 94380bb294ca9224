#include <releve/sim/faults.hpp>

#include <releve/sim/fleet.hpp>
#include <releve/sim/random.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace releve::sim {

namespace {

constexpr std::array<std::string_view, fault_count> names{
    "duplicate", "reorder",     "wrong_key", "bad_tag",   "replay",
    "truncated", "clock_drift", "silence",   "downgrade", "unknown",
};
/// Numbers of the strangers' identities, out of the range of a fleet's own.
constexpr std::uint32_t strangers_from = 0x80'0000;
constexpr std::uint8_t encryption_only = dlms::sc::encryption;

template <class Number>
bool parse_number(std::string_view text, Number& number)
{
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

/// Where a fault can fall: a replay needs a push before, a swap begins at the first of a pair.
bool possible(Fault fault, std::size_t index)
{
    return !(fault == Fault::replay && index == 0) && !(fault == Fault::reorder && index % 2 == 1);
}

class Group {
public:
    Group(const Meter& meter, std::size_t meter_number, std::span<const Push> pushes, std::size_t index,
          const FaultPlan& plan)
        : meter_(meter), meter_number_(meter_number), pushes_(pushes), index_(index), plan_(plan)
    {
    }

    std::vector<Delivery> make()
    {
        if (!sent(index_) || (index_ > 0 && swapped(index_ - 1)))
            return {};
        add_forgeries();
        if (hit(Fault::truncated)) {
            add(Fault::truncated, Expect::nothing, meter_.build(push()));
            out_.back().cut = true;
        }
        if (swapped(index_)) {
            out_.push_back({.frame = meter_.build(pushes_[index_ + 1]), .at = pushes_[index_ + 1].at});
            add(Fault::reorder, Expect::maybe, meter_.build(push()));
            for (Delivery& delivery : out_)
                delivery.at = pushes_[index_ + 1].at;
        } else if (hit(Fault::clock_drift)) {
            add(Fault::clock_drift, Expect::maybe,
                meter_.build(push(), {.clock_drift = plan_.clock_drift()}));
        } else {
            out_.push_back({.frame = meter_.build(push()), .at = push().at});
            if (hit(Fault::duplicate))
                add(Fault::duplicate, Expect::confirm, out_.back().frame);
        }
        return std::move(out_);
    }

private:
    const Push& push() const { return pushes_[index_]; }
    bool hit(Fault fault) const { return plan_.befalls(fault, meter_number_, index_); }
    bool sent(std::size_t index) const
    {
        return meter_.has(pushes_[index]) && !plan_.befalls(Fault::silence, meter_number_, index);
    }
    bool swapped(std::size_t index) const
    {
        return index + 1 < pushes_.size() && plan_.befalls(Fault::reorder, meter_number_, index) &&
               sent(index) && sent(index + 1);
    }
    void add(Fault fault, Expect expect, Frame frame)
    {
        out_.push_back({.frame = std::move(frame), .expect = expect, .fault = fault, .at = push().at});
    }
    std::uint32_t variant(Fault fault) const { return static_cast<std::uint32_t>(fault) + 1; }

    void add_forgeries()
    {
        if (hit(Fault::replay) && sent(index_ - 1))
            add(Fault::replay, Expect::nothing,
                meter_.build(pushes_[index_ - 1], {.variant = variant(Fault::replay)}));
        if (hit(Fault::wrong_key)) {
            MeterIdentity other = make_identity(~plan_.seed(), static_cast<std::uint32_t>(meter_number_));
            other.system_title = meter_.identity().system_title;
            add(Fault::wrong_key, Expect::nothing,
                meter_.build(push(), {.variant = variant(Fault::wrong_key), .identity = &other}));
        }
        if (hit(Fault::bad_tag)) {
            add(Fault::bad_tag, Expect::nothing, meter_.build(push(), {.variant = variant(Fault::bad_tag)}));
            out_.back().frame.apdu.back() ^= std::byte{1};
        }
        if (hit(Fault::downgrade))
            add(Fault::downgrade, Expect::nothing,
                meter_.build(push(),
                             {.security_control = encryption_only, .variant = variant(Fault::downgrade)}));
        if (hit(Fault::unknown)) {
            const MeterIdentity stranger =
                make_identity(plan_.seed(), strangers_from + static_cast<std::uint32_t>(meter_number_));
            add(Fault::unknown, Expect::nothing,
                meter_.build(push(), {.variant = variant(Fault::unknown), .identity = &stranger}));
        }
    }

    const Meter& meter_;
    std::size_t meter_number_;
    std::span<const Push> pushes_;
    std::size_t index_;
    const FaultPlan& plan_;
    std::vector<Delivery> out_;
};

} // namespace

std::string_view fault_name(Fault fault)
{
    return names[static_cast<std::size_t>(fault)];
}

std::optional<Fault> fault_from_name(std::string_view name)
{
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name)
            return static_cast<Fault>(i);
    return std::nullopt;
}

result<void> FaultPlan::add(std::string_view text)
{
    const std::size_t equals = text.find('=');
    const auto fault = fault_from_name(text.substr(0, equals));
    if (!fault || equals == std::string_view::npos)
        return fail(errc::bad_parameter,
                    "not a fault: '" + std::string{text} + "' (NAME=RATE or NAME=COUNTx)");
    std::string_view amount = text.substr(equals + 1);
    if (const std::size_t colon = amount.find(':');
        *fault == Fault::clock_drift && colon != std::string_view::npos) {
        std::int64_t seconds = 0;
        if (!parse_number(amount.substr(colon + 1), seconds))
            return fail(errc::bad_parameter, "clock_drift: seconds expected after ':'");
        clock_drift_ = Seconds{seconds};
        amount = amount.substr(0, colon);
    }
    std::size_t count = 0;
    if (amount.ends_with('x') && parse_number(amount.substr(0, amount.size() - 1), count)) {
        counts_[*fault] = count;
        return {};
    }
    double rate = 0;
    if (!parse_number(amount, rate) || !(rate >= 0 && rate <= 1))
        return fail(errc::bad_parameter,
                    std::string{fault_name(*fault)} + ": a rate from 0 to 1 or a count like 3x is expected");
    rates_[*fault] = rate;
    return {};
}

void FaultPlan::settle(std::size_t meters, std::size_t pushes)
{
    for (const auto& [fault, count] : counts_) {
        auto& drawn = drawn_[fault];
        // Every place gets a number from the seed; the smallest ones are hit.
        std::vector<std::pair<std::uint64_t, std::pair<std::size_t, std::size_t>>> places;
        for (std::size_t meter = 0; meter < meters; ++meter)
            for (std::size_t index = 0; index < pushes; ++index)
                if (possible(fault, index))
                    places.push_back({mix(mix(mix(seed_, static_cast<std::uint64_t>(fault)), meter), index),
                                      {meter, index}});
        std::ranges::sort(places);
        places.resize(std::min(count, places.size()));
        for (const auto& [number, place] : places)
            drawn.insert(place);
    }
}

bool FaultPlan::befalls(Fault fault, std::size_t meter, std::size_t index) const
{
    if (!possible(fault, index))
        return false;
    if (const auto drawn = drawn_.find(fault);
        drawn != drawn_.end() && drawn->second.contains({meter, index}))
        return true;
    const auto rate = rates_.find(fault);
    return rate != rates_.end() &&
           happens(mix(mix(mix(seed_, 100 + static_cast<std::uint64_t>(fault)), meter), index), rate->second);
}

std::vector<Delivery> deliveries(const Meter& meter, std::size_t meter_number, std::span<const Push> pushes,
                                 std::size_t index, const FaultPlan& plan)
{
    return Group{meter, meter_number, pushes, index, plan}.make();
}

} // namespace releve::sim
