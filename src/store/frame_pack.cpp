#include "frame_pack.hpp"

namespace releve::store {

namespace {

struct PackedFrame {
    std::int32_t meter = 0;
    ByteView head; // from the generation to the instant
    ByteView apdu;
};

PackedFrame read_frame(Reader& reader)
{
    PackedFrame frame;
    frame.meter = reader.i32_be();
    frame.head = reader.take(2 + 8 + 8 + 8);
    frame.apdu = reader.take(reader.varint());
    return frame;
}

Error damaged()
{
    return fail(errc::bad_block, "an archive part cannot be read");
}

} // namespace

PackedArchive pack_archive(std::span<const FrameWrite> frames)
{
    PackedArchive packed;
    Writer writer;
    std::vector<std::int32_t> meters;
    const auto finish_part = [&] {
        if (!meters.empty())
            packed.parts.push_back({std::move(meters), std::move(writer).take()});
        meters.clear();
        writer = Writer{};
    };
    for (const FrameWrite& frame : frames) {
        if (frame.archive.empty()) {
            packed.places.emplace_back();
            continue;
        }
        if (!meters.empty() && writer.size() + frame.archive.size() > archive_part_bytes)
            finish_part();
        packed.places.push_back(
            {static_cast<std::int32_t>(packed.parts.size()), static_cast<std::int32_t>(meters.size())});
        meters.push_back(frame.meter.value);
        writer.u32_be(static_cast<std::uint32_t>(frame.meter.value)).u16_be(frame.generation);
        writer.u64_be(frame.counter).u64_be(frame.digest);
        writer.u64_be(static_cast<std::uint64_t>(frame.received_at.time_since_epoch().count()));
        writer.varint(frame.archive.size()).bytes(frame.archive);
    }
    finish_part();
    return packed;
}

result<Bytes> archived_frame(ByteView part, std::int32_t position)
{
    Reader reader{part};
    PackedFrame frame;
    for (std::int32_t i = 0; i <= position; ++i)
        frame = read_frame(reader);
    if (reader.failed() || position < 0)
        return damaged();
    return Bytes{frame.apdu.begin(), frame.apdu.end()};
}

result<std::vector<ArchivedFrame>> archived_frames(ByteView part)
{
    Reader reader{part};
    std::vector<ArchivedFrame> rows;
    while (reader.remaining() > 0) {
        const PackedFrame frame = read_frame(reader);
        if (reader.failed())
            break;
        if (frame.apdu.empty())
            continue;
        Reader head{frame.head};
        ArchivedFrame row;
        row.meter = MeterId{frame.meter};
        row.generation = head.u16_be();
        row.counter = head.u64_be();
        row.digest = head.u64_be();
        row.received_at = Instant{Seconds{static_cast<std::int64_t>(head.u64_be())}};
        row.frame.assign(frame.apdu.begin(), frame.apdu.end());
        rows.push_back(std::move(row));
    }
    if (reader.failed())
        return damaged();
    return rows;
}

result<Bytes> erase_meter(ByteView part, MeterId meter)
{
    Reader reader{part};
    Writer writer;
    while (reader.remaining() > 0) {
        const PackedFrame frame = read_frame(reader);
        const ByteView kept = frame.meter == meter.value ? ByteView{} : frame.apdu;
        writer.u32_be(static_cast<std::uint32_t>(frame.meter)).bytes(frame.head);
        writer.varint(kept.size()).bytes(kept);
    }
    if (reader.failed())
        return damaged();
    return std::move(writer).take();
}

} // namespace releve::store
