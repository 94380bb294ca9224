// A push that names its values: anywhere in the body an octet-string of six bytes is an OBIS code, what
// follows it is its value, and a structure {integer, enum} after that is the value's scaler and unit.

#include "push_parts.hpp"

namespace releve::dlms {

namespace {

constexpr Obis clock_obis{{0, 0, 1, 0, 0, 255}};
constexpr Obis device_name_obis{{0, 0, 42, 0, 0, 255}};

struct Named {
    const ChannelModel* channel;
    const Data* value;
    std::optional<ScalerUnit> scaler_unit;
};

/// Everything the body names. Values are kept until the end, because the clock may come after them.
class Walk {
public:
    explicit Walk(const MeterModel& model) : model_(model) {}

    std::vector<Named> values;
    std::optional<DateTime> clock;
    bool clocks_differ = false;
    std::string logical_device_name;
    std::size_t ignored = 0;

    [[nodiscard]] result<void> list(const Data& data)
    {
        const std::vector<Data>& children = data.children;
        for (std::size_t i = 0; i < children.size(); ++i) {
            const auto obis = as_obis(children[i]);
            const bool followed = i + 1 < children.size();
            if (obis && followed && !names_a_value(children[i + 1])) {
                const bool scaled = i + 2 < children.size() && read_scaler_unit(children[i + 2]).has_value();
                RELEVE_CHECK(pair(*obis, children[i + 1],
                                  scaled ? read_scaler_unit(children[i + 2]) : std::optional<ScalerUnit>{}));
                i += scaled ? 2 : 1;
            } else if (children[i].is_list()) {
                RELEVE_CHECK(list(children[i]));
            } else if (auto read = read_clock(children[i])) {
                found_clock(*read);
            }
        }
        return {};
    }

private:
    static std::optional<Obis> as_obis(const Data& data)
    {
        if (data.type != DataType::octet_string || data.bytes.size() != 6)
            return std::nullopt;
        return *obis_from_bytes(data.bytes);
    }

    /// Two codes in a row: the first is not followed by its value but stands alone (a push setup's own name).
    [[nodiscard]] bool names_a_value(const Data& data) const
    {
        const auto obis = as_obis(data);
        return obis && (model_.find(*obis) != nullptr || *obis == clock_obis || *obis == device_name_obis);
    }

    [[nodiscard]] result<void> pair(const Obis& obis, const Data& value,
                                    std::optional<ScalerUnit> scaler_unit)
    {
        if (obis == clock_obis) {
            RELEVE_TRY(read, read_clock(value));
            found_clock(read);
            return {};
        }
        if (obis == device_name_obis) {
            logical_device_name = printable_text(value);
            return {};
        }
        const ChannelModel* channel = model_.find(obis);
        if (channel == nullptr) {
            ++ignored;
            return value.is_list() ? list(value) : result<void>{};
        }
        if (value.is_list())
            return fail(errc::undecoded, channel->name + ": a list where one value is expected");
        values.push_back({channel, &value, scaler_unit});
        return {};
    }

    void found_clock(const DateTime& found)
    {
        clocks_differ = clocks_differ || (clock && *clock != found);
        clock = found;
    }

    const MeterModel& model_;
};

} // namespace

result<std::optional<PushContent>> decode_self_describing(const PushLayout& layout, const MeterModel& model,
                                                          const PushBody& push, const Zone& zone)
{
    Walk walk{model};
    RELEVE_CHECK(walk.list(push.body));
    if (walk.values.empty())
        return std::optional<PushContent>{};
    if (walk.clocks_differ)
        return fail(errc::undecoded, "two clocks that differ");
    PushReadings readings{model, zone, walk.clock ? walk.clock : push.sent_at};
    readings.logical_device_name = std::move(walk.logical_device_name);
    readings.ignored = walk.ignored;
    for (const Named& named : walk.values)
        RELEVE_CHECK(readings.add_value(*named.channel, *named.value, Stamp::end, named.scaler_unit));
    RELEVE_TRY(content, std::move(readings).finish(layout.name));
    return std::optional{std::move(content)};
}

} // namespace releve::dlms
