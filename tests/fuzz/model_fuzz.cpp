// The text of a meter model: refused with its place, or a model without a fault, under which any push can be
// decoded.

#include <releve/app/model_files.hpp>

#include <releve/codec/dlms/apdu.hpp>
#include <releve/codec/wize/message.hpp>

#include <algorithm>
#include <cstdint>

namespace {

using namespace releve;
using namespace releve::app;

/// The short ones of the pushes of the models that ship.
std::vector<Bytes> shipped_pushes()
{
    std::vector<Bytes> pushes;
    for (const ShippedModel& shipped : shipped_models()) {
        const auto file = parse_model_file(shipped.json, std::string{shipped.file_name});
        for (const ModelTestCase& test : file->cases)
            if (file->model.protocol == "dlms" && test.message.size() <= 128)
                pushes.push_back(test.message);
    }
    return pushes;
}

void check_content(const MeterModel& model, const PushContent& content)
{
    const auto is_named = [&](const auto& layout) { return layout.name == content.layout; };
    RELEVE_ASSERT(std::ranges::any_of(model.layouts, is_named) || std::ranges::any_of(model.wize_layouts, is_named));
    for (const IntervalReading& reading : content.intervals)
        RELEVE_ASSERT(model.find(reading.channel) &&
                      model.find(reading.channel)->kind == ChannelKind::interval);
    for (const RegisterReading& reading : content.registers)
        RELEVE_ASSERT(model.find(reading.channel) &&
                      model.find(reading.channel)->kind == ChannelKind::reading);
}

void check_push(const MeterModel& model, ByteView apdu)
{
    auto notification = dlms::decode_data_notification(apdu);
    const auto head = dlms::decode_data_notification_head(apdu);
    const auto direct =
        head ? dlms::decode_push_directly(model, head->date_time, head->body, paris()) : std::nullopt;
    if (!notification) {
        RELEVE_ASSERT(!direct);
        return;
    }
    const auto content =
        dlms::decode_push(model, {notification->date_time, std::move(notification->body)}, paris());
    RELEVE_ASSERT(!direct || (content && *direct == *content));
    if (content)
        check_content(model, *content);
    else
        RELEVE_ASSERT(content.error().code == errc::undecoded ||
                      content.error().code == errc::time_undefined);
}

void check_message(const MeterModel& model, std::uint8_t app, ByteView l7)
{
    const auto content = wize::decode_message(model, app, l7);
    if (content)
        check_content(model, *content);
    else
        RELEVE_ASSERT(content.error().code == errc::undecoded);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const std::vector<Bytes> pushes = shipped_pushes();
    const auto file = parse_model_file(as_text(std::as_bytes(std::span{data, size})), "fuzz.json");
    if (!file) {
        RELEVE_ASSERT(file.error().code == errc::bad_model && file.error().detail.starts_with("fuzz.json: "));
        return 0;
    }
    const MeterModel& model = file->model;
    RELEVE_ASSERT(!find_fault(model) && !file->cases.empty());
    for (const ChannelModel& channel : model.channels)
        RELEVE_ASSERT(model.find_by_name(channel.name) == &channel);
    for (const ModelTestCase& test : file->cases) {
        for (const IntervalReading& reading : test.expected.intervals)
            RELEVE_ASSERT(model.find(reading.channel)->kind == ChannelKind::interval);
        for (const RegisterReading& reading : test.expected.registers)
            RELEVE_ASSERT(model.find(reading.channel)->kind == ChannelKind::reading);
        check_push(model, test.message);
        check_message(model, test.app, test.message);
    }
    const auto ran = run_cases(*file, "fuzz.json");
    RELEVE_ASSERT(ran || ran.error().code == errc::bad_model);
    for (const Bytes& push : pushes)
        check_push(model, push);
    return 0;
}
