#include <releve/core/overlay.hpp>

#include <algorithm>

namespace releve {

namespace {

enum class Kind : std::uint8_t { none, verdict, edit, estimate };

constexpr Kind kind_of(Quality quality)
{
    switch (quality) {
    case Quality::valid:
    case Quality::questionable: return Kind::verdict;
    case Quality::edited: return Kind::edit;
    case Quality::estimated_linear:
    case Quality::estimated_reference_day:
    case Quality::derived: return Kind::estimate;
    default: return Kind::none;
    }
}

bool same_day(const DayBlock& a, const DayBlock& b)
{
    return a.first == b.first && a.step == b.step && a.slots.size() == b.slots.size();
}

/// Whether the overlay's slot says something beside what is measured there.
bool matters(const std::optional<Slot>& measured, const Slot& over)
{
    switch (kind_of(over.provenance.quality)) {
    case Kind::edit: return true;
    case Kind::verdict: return measured && measured->value == over.value;
    case Kind::estimate: return !measured;
    case Kind::none: break;
    }
    return false;
}

ResolvedSlot seen_measured(const Slot& slot, const Checked& checked)
{
    const Quality quality = slot.provenance.quality;
    return {.value = slot.value,
            .quality = checked.all && quality == Quality::raw ? Quality::valid : quality,
            .version = 0,
            .batch = slot.provenance.batch,
            .measured = {}};
}

/// A verdict never makes a value better than its meter said it is, unless somebody accepted it.
Quality judged(Quality measured, Quality verdict)
{
    return verdict == Quality::valid ? (measured == Quality::unauthenticated ? measured : Quality::verified) : worse(measured, verdict);
}

ResolvedSlot seen(const std::optional<Slot>& measured, const std::optional<Slot>& over, const Checked& checked)
{
    if (!over || !matters(measured, *over))
        return measured ? seen_measured(*measured, checked) : ResolvedSlot{};
    ResolvedSlot out{.value = over->value,
                     .quality = over->provenance.quality,
                     .version = static_cast<std::int32_t>(over->provenance.counter),
                     .batch = over->provenance.batch,
                     .measured = {}};
    if (kind_of(over->provenance.quality) == Kind::verdict)
        out.quality = judged(measured->provenance.quality, over->provenance.quality);
    else if (measured)
        out.measured = measured->value;
    return out;
}

} // namespace

result<std::vector<ResolvedSlot>> resolve(const DayBlock* measured, const DayBlock* overlay, const Checked& checked)
{
    RELEVE_ASSERT(measured != nullptr || overlay != nullptr);
    if (measured != nullptr && overlay != nullptr && !same_day(*measured, *overlay))
        return fail(errc::bad_block, "the overlay is of another day");
    const std::size_t slots = measured != nullptr ? measured->slots.size() : overlay->slots.size();
    std::vector<ResolvedSlot> out;
    out.reserve(slots);
    for (std::size_t i = 0; i < slots; ++i)
        out.push_back(seen(measured != nullptr ? measured->slots[i] : std::nullopt,
                           overlay != nullptr ? overlay->slots[i] : std::nullopt, checked));
    return out;
}

result<std::optional<DayBlock>> still_needed(const DayBlock& measured, const DayBlock& overlay)
{
    if (!same_day(measured, overlay))
        return fail(errc::bad_block, "the overlay is of another day");
    std::vector<std::uint32_t> idle;
    for (std::size_t i = 0; i < overlay.slots.size(); ++i)
        if (overlay.slots[i] && !matters(measured.slots[i], *overlay.slots[i]))
            idle.push_back(static_cast<std::uint32_t>(i));
    return take_off(overlay, idle);
}

result<DayBlock> lay_over(const DayBlock* overlay, const DayBlock& shape, std::span<const OverlayValue> values,
                          std::int32_t version, std::int64_t batch)
{
    if (overlay != nullptr && !same_day(*overlay, shape))
        return fail(errc::bad_block, "the overlay is of another day");
    DayBlock out{shape.first, shape.step, std::vector<std::optional<Slot>>(shape.slots.size())};
    if (overlay != nullptr)
        out.slots = overlay->slots;
    for (const OverlayValue& value : values) {
        if (value.slot >= out.slots.size())
            return fail(errc::bad_value, "slot " + std::to_string(value.slot) + " is beyond the day");
        if (kind_of(value.quality) == Kind::none)
            return fail(errc::bad_value, "an overlay has no value that is " + std::string(quality_name(value.quality)));
        out.slots[value.slot] = Slot{value.value,
                                     {.authenticated = false,
                                      .key_generation = 0,
                                      .counter = static_cast<std::uint64_t>(version),
                                      .quality = value.quality,
                                      .batch = batch}};
    }
    return out;
}

std::optional<DayBlock> take_off(const DayBlock& overlay, std::span<const std::uint32_t> slots)
{
    DayBlock out = overlay;
    for (const std::uint32_t slot : slots)
        if (slot < out.slots.size())
            out.slots[slot].reset();
    if (std::ranges::none_of(out.slots, [](const auto& slot) { return slot.has_value(); }))
        return std::nullopt;
    return out;
}

} // namespace releve
