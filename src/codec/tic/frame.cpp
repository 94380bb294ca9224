#include <releve/codec/tic/frame.hpp>

#include <algorithm>

namespace releve::tic {

// frame    = 02 group... 03
// historic = 0A label 20 value 20 checksum 0D
// standard = 0A label 09 [horodate 09] value 09 checksum 0D

namespace {

constexpr char stx = 0x02, etx = 0x03, eot = 0x04, tab = '\t', line_feed = '\n', carriage_return = '\r';

constexpr std::byte without_parity(std::byte octet)
{
    return octet & std::byte{0x7f};
}

constexpr char character(std::byte octet)
{
    return static_cast<char>(without_parity(octet));
}

constexpr char separator_of(Mode mode)
{
    return mode == Mode::historic ? ' ' : tab;
}

/// Of label..value and, in the standard mode, the separator that follows: the low six bits of the sum, made printable.
char checksum(std::string_view summed)
{
    unsigned sum = 0;
    for (const char c : summed)
        sum += static_cast<unsigned char>(c);
    return static_cast<char>((sum & 0x3f) + 0x20);
}

bool is_label(std::string_view text)
{
    const auto allowed = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-'; };
    return !text.empty() && text.size() <= label_characters_max && std::ranges::all_of(text, allowed);
}

bool is_printable(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7e; });
}

/// A label that the table does not have may hold anything printable.
result<void> check_value(const LabelRow* row, std::string_view value)
{
    if (row == nullptr || row->kind == Kind::text)
        return is_printable(value) ? result<void>{} : fail(errc::malformed, "not printable");
    if (row->kind == Kind::status) {
        RELEVE_CHECK(decode_status(value));
        return {};
    }
    RELEVE_CHECK(parse_number(value));
    return {};
}

/// The mode whose separator comes first.
std::optional<Mode> mode_of(std::string_view line)
{
    const std::size_t at = line.find_first_of(" \t");
    if (at == std::string_view::npos)
        return std::nullopt;
    return line[at] == tab ? Mode::standard : Mode::historic;
}

/// Label, horodate and value of a body whose checksum is right.
result<Group> split_body(Mode mode, std::string_view body)
{
    const std::size_t end_of_label = body.find(separator_of(mode));
    if (end_of_label == std::string_view::npos)
        return fail(errc::malformed, "no separator after the label");
    Group group{body.substr(0, end_of_label), body.substr(end_of_label + 1), std::nullopt};
    if (!is_label(group.label))
        return fail(errc::malformed, "not a label");
    const std::string name{group.label};
    if (mode == Mode::standard) {
        if (const std::size_t at = group.value.find(tab); at != std::string_view::npos) {
            group.horodate = group.value.substr(0, at);
            group.value.remove_prefix(at + 1);
        }
    }
    const LabelRow* const row = find_label(mode, group.label);
    if (row != nullptr && row->has_horodate != group.horodate.has_value())
        return fail(errc::malformed, name + ": " + (row->has_horodate ? "has no date" : "has a date"));
    if (group.horodate && !is_horodate(*group.horodate))
        return fail(errc::malformed, name + ": not a date");
    if (const auto fits = check_value(row, group.value); !fits)
        return fail(errc::malformed, name + ": " + fits.error().detail);
    return group;
}

/// A group without its 0A and 0D. The value and the checksum may be spaces: it is cut from the right, nothing is trimmed.
result<Group> read_line(Mode mode, std::string_view line)
{
    if (line.size() < 2 || line[line.size() - 2] != separator_of(mode))
        return fail(errc::malformed, "no separator before the checksum");
    const std::string_view body = line.substr(0, line.size() - 2);
    const char computed = checksum(mode == Mode::standard ? line.substr(0, line.size() - 1) : body);
    if (computed != line.back()) {
        const std::string_view label = body.substr(0, body.find(separator_of(mode)));
        return fail(errc::bad_checksum, is_label(label) ? std::string{label} : "of a group whose label is damaged too");
    }
    return split_body(mode, body);
}

struct ReadGroup {
    Mode mode;
    Group group;
};

/// `text` is a group from 0A to 0D, without parity bits.
result<ReadGroup> read_group(std::string_view text)
{
    if (text.size() < 2 || text.front() != line_feed || text.back() != carriage_return)
        return fail(errc::malformed, "a group is between 0a and 0d");
    const std::string_view line = text.substr(1, text.size() - 2);
    const auto mode = mode_of(line);
    if (!mode)
        return fail(errc::malformed, "no separator");
    RELEVE_TRY(group, read_line(*mode, line));
    return ReadGroup{*mode, group};
}

/// The groups of a frame without parity bits, one after another.
class Groups {
public:
    explicit Groups(std::string_view content) : rest_(content) {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    /// A group of the mode of the first good one. errc::malformed, errc::bad_checksum.
    [[nodiscard]] result<Group> next()
    {
        RELEVE_TRY(read, read_group(take()));
        if (mode_ && *mode_ != read.mode)
            return fail(errc::malformed, "a group of the other mode");
        mode_ = read.mode;
        return read.group;
    }
    [[nodiscard]] std::optional<Mode> mode() const { return mode_; }

private:
    /// Up to 0D, or to before the next 0A: whichever of the two is damaged, only one group is lost.
    std::string_view take()
    {
        std::size_t size = rest_.find_first_of("\r\n", 1);
        if (size == std::string_view::npos)
            size = rest_.size();
        else if (rest_[size] == carriage_return)
            ++size;
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    std::string_view rest_;
    std::optional<Mode> mode_;
};

/// The octets of a whole frame without their parity bits.
result<Bytes> open_frame(ByteView frame)
{
    if (frame.size() > frame_bytes_max)
        return fail(errc::too_large,
                    "a frame of " + std::to_string(frame.size()) + " bytes, of at most " + std::to_string(frame_bytes_max));
    if (!frame.empty() && character(frame.front()) != stx)
        return fail(errc::malformed, "does not begin with 02", 0);
    if (frame.size() < 2 || character(frame.back()) != etx)
        return fail(errc::truncated, "does not end with 03", static_cast<std::ptrdiff_t>(frame.size()));
    Bytes text(frame.size());
    std::ranges::transform(frame, text.begin(), without_parity);
    return text;
}

/// Between 02 and 03.
std::string_view content_of(ByteView text)
{
    return as_text(text.subspan(1, text.size() - 2));
}

bool is_address(Mode mode, const Group& group)
{
    return group.label == (mode == Mode::historic ? "ADCO" : "ADSC") && group.value.size() == 12 &&
           std::ranges::all_of(group.value, [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

const Group* Frame::find(std::string_view label) const
{
    const auto group = std::ranges::find(groups, label, &Group::label);
    return group == groups.end() ? nullptr : &*group;
}

result<Group> decode_group(ByteView group)
{
    if (group.size() > frame_bytes_max)
        return fail(errc::too_large, "a group longer than a frame");
    RELEVE_TRY(read, read_group(as_text(group)));
    return read.group;
}

result<Frame> decode_frame(ByteView bytes)
{
    Frame frame;
    RELEVE_TRY(text, open_frame(bytes));
    frame.text = std::move(text);
    Groups groups{content_of(frame.text)};
    while (!groups.at_end()) {
        if (frame.groups.size() + frame.bad_groups == groups_max)
            return fail(errc::too_large, "more than " + std::to_string(groups_max) + " groups");
        auto group = groups.next();
        if (group) {
            frame.groups.push_back(*group);
        } else {
            ++frame.bad_groups;
            if (!frame.first_problem)
                frame.first_problem = std::move(group).error();
        }
    }
    if (frame.groups.empty())
        return frame.first_problem ? *frame.first_problem : fail(errc::malformed, "no groups");
    frame.mode = *groups.mode();
    return frame;
}

std::optional<DeviceAddress> peek_address(ByteView bytes)
{
    const auto text = open_frame(bytes);
    if (!text)
        return std::nullopt;
    Groups groups{content_of(*text)};
    for (std::size_t i = 0; i < groups_max && !groups.at_end(); ++i) {
        const auto group = groups.next();
        if (!group || !is_address(*groups.mode(), *group))
            continue;
        DeviceAddress address{};
        for (std::size_t pair = 0; pair < 6; ++pair) {
            const int high = group->value[2 * pair] - '0', low = group->value[2 * pair + 1] - '0';
            address[2 + pair] = static_cast<std::byte>(high << 4 | low);
        }
        return address;
    }
    return std::nullopt;
}

std::vector<LiveReading> live_readings(const Frame& frame, Instant received_at)
{
    Instant at = received_at;
    if (const Group* date = frame.find("DATE"); date != nullptr && date->horodate)
        if (const auto horodate = parse_horodate(*date->horodate); horodate && !horodate->clock_degraded)
            at = horodate->at;
    std::vector<LiveReading> readings;
    for (const Group& group : frame.groups) {
        const LabelRow* const row = find_label(frame.mode, group.label);
        if (row == nullptr || !row->live || frame.find(group.label) != &group)
            continue;
        // The form was checked when the group was read.
        const std::int64_t value = parse_number(group.value).value();
        readings.push_back({row->label, value, row->unit, row->scaler, row->kind == Kind::index,
                            row->kind == Kind::power, at});
    }
    return readings;
}

Bytes encode_frame(Mode mode, std::span<const Group> groups)
{
    const std::string separator{separator_of(mode)};
    std::string text{stx};
    for (const Group& group : groups) {
        std::string summed{group.label};
        summed += separator;
        if (group.horodate)
            summed.append(*group.horodate) += separator;
        summed += group.value;
        if (mode == Mode::standard)
            summed += separator;
        text += line_feed;
        text += summed;
        if (mode == Mode::historic)
            text += separator;
        text += checksum(summed);
        text += carriage_return;
    }
    text += etx;
    const ByteView bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

std::vector<Bytes> Deframer::feed(ByteView bytes)
{
    std::vector<Bytes> frames;
    for (const std::byte octet : bytes) {
        const char c = character(octet);
        const bool full = begun_.size() == frame_bytes_max;
        if (!begun_.empty() && (c == stx || c == eot || full)) {
            ++dropped_;
            begun_.clear();
        }
        if (begun_.empty() && c != stx)
            continue;
        begun_.push_back(octet);
        if (c == etx)
            frames.push_back(std::exchange(begun_, {}));
    }
    return frames;
}

} // namespace releve::tic
