#pragma once
// A part of the archive: accepted frames one after the other, as received. Pure.
//
//   part   := frame*
//   frame  := meter i32 | generation u16 | counter u64 | digest u64 | received_at i64 (s) | length varint |
//   apdu
//
// An erased frame keeps its place with length 0, so that "the third frame of the part" stays true.

#include <releve/store/records.hpp>

#include <span>

namespace releve::store {

inline constexpr std::size_t archive_part_bytes = 256 * 1024;

struct ArchivePart {
    std::vector<std::int32_t> meters; // one a frame, in order
    Bytes data;
};
/// Where a frame went: part and position; nothing for one that is not archived.
struct ArchivePlace {
    std::int32_t part = -1, position = -1;
};
struct PackedArchive {
    std::vector<ArchivePart> parts;
    std::vector<ArchivePlace> places; // one for each frame given
};
[[nodiscard]] PackedArchive pack_archive(std::span<const FrameWrite> frames);

/// errc::bad_block for what pack_archive did not write, or a position that is not there.
[[nodiscard]] result<Bytes> archived_frame(ByteView part, std::int32_t position);
/// All that are still there.
[[nodiscard]] result<std::vector<ArchivedFrame>> archived_frames(ByteView part);
/// The part without the bodies of one meter.
[[nodiscard]] result<Bytes> erase_meter(ByteView part, MeterId meter);

} // namespace releve::store
