#include "frame_pack.hpp"
#include "store_fixture.hpp"

namespace releve::store::test {

namespace {

FrameWrite archived(std::int32_t meter, std::size_t size, char letter)
{
    FrameWrite write;
    write.meter = MeterId{meter};
    write.archive.assign(size, static_cast<std::byte>(letter));
    return write;
}

} // namespace

TEST(FramePack, frames_are_found_again_in_parts_of_bounded_size)
{
    const std::vector<FrameWrite> frames{archived(1, 200'000, 'a'), archived(2, 0, ' '),
                                         archived(3, 100'000, 'c'), archived(4, 5, 'd')};
    const PackedArchive packed = pack_archive(frames);
    ASSERT_EQ(packed.parts.size(), 2U);
    EXPECT_EQ(packed.parts[1].meters, (std::vector<std::int32_t>{3, 4}));
    EXPECT_EQ(packed.places[1].part, -1);
    EXPECT_EQ(packed.places[3].part, 1);
    EXPECT_EQ(packed.places[3].position, 1);
    EXPECT_EQ(archived_frame(packed.parts[1].data, 1).value(), frames[3].archive);
    EXPECT_FALSE(archived_frame(packed.parts[1].data, 2));
    EXPECT_FALSE(archived_frame(packed.parts[1].data, -1));
}

TEST(FramePack, erasing_a_meter_keeps_the_places_of_the_others)
{
    const std::vector<FrameWrite> frames{archived(1, 3, 'a'), archived(2, 3, 'b'), archived(1, 3, 'c'),
                                         archived(3, 3, 'd')};
    const Bytes part = pack_archive(frames).parts.at(0).data;
    const Bytes rest = erase_meter(part, MeterId{1}).value();
    EXPECT_EQ(rest.size(), part.size() - 6);
    EXPECT_TRUE(archived_frame(rest, 0).value().empty());
    EXPECT_EQ(archived_frame(rest, 1).value(), frames[1].archive);
    EXPECT_TRUE(archived_frame(rest, 2).value().empty());
    EXPECT_EQ(archived_frame(rest, 3).value(), frames[3].archive);
}

TEST(FramePack, a_truncated_part_is_an_error)
{
    const std::vector<FrameWrite> frames{archived(1, 3, 'a')};
    const Bytes part = pack_archive(frames).parts.at(0).data;
    for (std::size_t size = 1; size < part.size(); ++size) {
        EXPECT_FALSE(archived_frame(ByteView{part}.first(size), 0)) << size;
        EXPECT_FALSE(erase_meter(ByteView{part}.first(size), MeterId{1})) << size;
    }
}

} // namespace releve::store::test
