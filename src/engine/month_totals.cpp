#include <releve/engine/month_totals.hpp>

#include <releve/core/limits.hpp>
#include <releve/engine/consumption.hpp>

#include <algorithm>

namespace releve::engine {

namespace {

constexpr std::uint8_t month_version_1 = 0x31; // high digit: kind of block; low digit: version

// The head byte of a day. The bits say which numbers follow.
constexpr std::uint8_t day_quality_mask = 0x0f;
constexpr std::uint8_t new_slots_bit = 0x10; // differs from the day before
constexpr std::uint8_t missing_bit = 0x20;   // not 0
constexpr std::uint8_t estimated_bit = 0x40; // not 0
constexpr std::int64_t usual_slots = 48;

Error bad_month(std::string detail)
{
    return fail(errc::bad_block, std::move(detail));
}

result<void> check_day_total(const DayTotal& day, const CivilSpan& month)
{
    if (day.day < month.from || day.day >= month.to)
        return bad_month(to_iso8601(day.day) + " is of another month");
    if (day.slots < 1 || day.slots > limits::slots_per_day_max)
        return bad_month(to_iso8601(day.day) + ": slots not 1 to " + std::to_string(limits::slots_per_day_max));
    if (day.missing < 0 || day.missing > day.slots || day.estimated < 0 || day.estimated > day.slots - day.missing)
        return bad_month(to_iso8601(day.day) + ": more slots missing or estimated than there are");
    return {};
}

void write_day(Writer& out, const DayTotal& day, std::int64_t slots_before)
{
    const auto bit = [](bool set, std::uint8_t value) { return set ? value : 0; };
    out.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(day.quality) | bit(day.slots != slots_before, new_slots_bit) |
                                     bit(day.missing != 0, missing_bit) | bit(day.estimated != 0, estimated_bit)));
    out.zigzag(day.energy_wh);
    if (day.slots != slots_before)
        out.varint(static_cast<std::uint64_t>(day.slots));
    if (day.missing != 0)
        out.varint(static_cast<std::uint64_t>(day.missing));
    if (day.estimated != 0)
        out.varint(static_cast<std::uint64_t>(day.estimated));
}

DayTotal read_day(Reader& in, CivilDay at, std::int64_t slots_before)
{
    const std::uint8_t head = in.u8();
    const auto number = [&](std::uint8_t bit, std::int64_t otherwise) {
        return head & bit ? static_cast<std::int64_t>(in.varint()) : otherwise;
    };
    DayTotal day{.day = at, .quality = static_cast<Quality>(head & day_quality_mask)};
    if (day.quality > Quality::missing)
        in.set_error(errc::bad_block, "no such quality");
    day.energy_wh = in.zigzag();
    day.slots = number(new_slots_bit, slots_before);
    day.missing = number(missing_bit, 0);
    day.estimated = number(estimated_bit, 0);
    return day;
}

} // namespace

result<DayTotal> day_total(std::span<const ResolvedSlot> slots, Seconds step, CivilDay day, const ChannelModel& channel)
{
    DayBlock seen{.first = {}, .step = step, .slots = {}};
    seen.slots.reserve(slots.size());
    for (const ResolvedSlot& slot : slots) {
        if (slot.there())
            seen.slots.emplace_back(Slot{slot.value, {.quality = slot.quality}});
        else
            seen.slots.emplace_back();
    }
    RELEVE_TRY(summary, summarise(seen, channel));
    return DayTotal{day, summary.energy_wh, summary.slots, summary.missing, summary.estimated, summary.quality};
}

result<Bytes> encode_month(std::span<const DayTotal> days, CivilDay month)
{
    const CivilSpan span = period_around(month, Period::month);
    if (span.from != month)
        return bad_month(to_iso8601(month) + " is no first of a month");
    std::uint32_t present = 0;
    CivilDay next = month;
    for (const DayTotal& day : days) {
        RELEVE_CHECK(check_day_total(day, span));
        if (day.day < next)
            return bad_month(to_iso8601(day.day) + " is out of order");
        next = day.day + std::chrono::days{1};
        present |= std::uint32_t{1} << (day.day - month).count();
    }
    Writer out;
    out.u8(month_version_1).u32_be(present);
    std::int64_t slots_before = usual_slots;
    for (const DayTotal& day : days) {
        write_day(out, day, slots_before);
        slots_before = day.slots;
    }
    return std::move(out).take();
}

// month := 0x31 present day*
//   present   4 bytes big-endian, one bit a day, the first of the month the lowest; bits after its last day 0
//   day       for each day that is there, in order: head energy [slots] [missing] [estimated]
//   head      1 byte: quality (bits 0-3), slots, missing, estimated follow (4, 5, 6), 0 (7)
//   energy    zigzag varint, Wh
//   slots     varint, differs from the day before (48 before the first), 1 to 300
//   missing   varint, not 0
//   estimated varint, not 0
result<std::vector<DayTotal>> decode_month(ByteView bytes, CivilDay month)
{
    Reader in{bytes};
    if (in.u8() != month_version_1)
        in.set_error(errc::bad_block, "another kind or version of block");
    const std::uint32_t present = in.u32_be();
    std::vector<DayTotal> days;
    std::int64_t slots_before = usual_slots;
    for (int i = 0; i < 32 && !in.failed(); ++i)
        if (present >> i & 1U) {
            days.push_back(read_day(in, month + std::chrono::days{i}, slots_before));
            slots_before = days.back().slots;
        }
    const auto decoded = in.finish(true);
    if (!decoded)
        return Error{errc::bad_block, decoded.error().detail, decoded.error().offset};
    // What a day may be, and that there is no second way to write it, is said in one place.
    RELEVE_TRY(again, encode_month(days, month));
    if (!std::ranges::equal(again, bytes))
        return bad_month("not in its shortest form");
    return days;
}


result<std::optional<DayTotal>> find_day_total(ByteView bytes, CivilDay month, CivilDay day)
{
    const CivilSpan span = period_around(month, Period::month);
    if (day < span.from || day >= span.to)
        return bad_month(to_iso8601(day) + " is of another month");
    Reader in{bytes};
    if (in.u8() != month_version_1)
        in.set_error(errc::bad_block, "another kind or version of block");
    const std::uint32_t present = in.u32_be();
    const auto wanted = (day - month).count();
    DayTotal total{.day = month, .slots = usual_slots};
    if ((present >> wanted & 1U) != 0)
        for (int i = 0; i <= wanted && !in.failed(); ++i)
            if (present >> i & 1U)
                total = read_day(in, month + std::chrono::days{i}, total.slots);
    if (in.failed())
        return Error{errc::bad_block, in.error().detail, in.error().offset};
    if ((present >> wanted & 1U) == 0)
        return std::optional<DayTotal>{};
    RELEVE_CHECK(check_day_total(total, span));
    return std::optional{total};
}

} // namespace releve::engine
