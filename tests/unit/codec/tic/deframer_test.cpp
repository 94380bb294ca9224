#include "tic_fixture.hpp"

#include <algorithm>
#include <random>

namespace releve::tic {
namespace {

using namespace test;

Bytes operator+(Bytes a, const Bytes& b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

std::vector<Bytes> deframe(Deframer& deframer, ByteView stream, std::size_t piece)
{
    std::vector<Bytes> frames;
    while (!stream.empty()) {
        const ByteView next = stream.first(std::min(piece, stream.size()));
        std::ranges::move(deframer.feed(next), std::back_inserter(frames));
        stream = stream.subspan(next.size());
    }
    return frames;
}

TEST(TicDeframer, CapturedFramesComeOutWholeHoweverCut)
{
    const Bytes captured = load_captured();
    for (std::size_t piece = 1; piece <= captured.size(); piece += 1 + piece / 16) {
        Deframer deframer;
        const auto frames = deframe(deframer, captured, piece);
        ASSERT_EQ(frames.size(), 7U) << piece;
        Bytes joined;
        for (const Bytes& frame : frames)
            joined = joined + frame;
        EXPECT_EQ(joined, captured);
        EXPECT_EQ(deframer.pending_bytes(), 0U);
        EXPECT_EQ(deframer.dropped_frames(), 0U);
    }
}

/// The index of the rate in force grows from frame to frame, and no group is lost.
TEST(TicDeframer, CapturedFramesAreGood)
{
    Deframer deframer;
    std::vector<std::int64_t> blue_wh, power_va;
    for (const Bytes& bytes : deframer.feed(load_captured())) {
        const auto frame = decode_frame(bytes);
        ASSERT_TRUE(frame);
        EXPECT_EQ(frame->bad_groups, 0U);
        EXPECT_EQ(frame->mode, Mode::historic);
        EXPECT_EQ(frame->groups.size(), 16U);
        blue_wh.push_back(parse_number(frame->find("BBRHCJB")->value).value());
        power_va.push_back(parse_number(frame->find("PAPP")->value).value());
    }
    EXPECT_EQ(blue_wh, (std::vector<std::int64_t>{18'328'856, 18'328'857, 18'328'860, 18'328'862, 18'328'865, 18'328'867,
                                                  18'328'869}));
    EXPECT_EQ(power_va, (std::vector<std::int64_t>{2'840, 2'840, 2'840, 2'840, 2'840, 2'850, 2'860}));
}

TEST(TicDeframer, AFrameNotSeenFromItsBeginningIsDropped)
{
    const Bytes captured = load_captured();
    const std::size_t frame_size = captured.size() / 7;
    for (std::size_t skipped = 1; skipped <= frame_size; ++skipped) {
        Deframer deframer;
        const auto frames = deframer.feed(ByteView{captured}.subspan(skipped));
        EXPECT_EQ(frames.size(), 6U) << skipped;
        EXPECT_EQ(deframer.dropped_frames(), 0U);
    }
}

TEST(TicDeframer, AnInterruptedFrameIsDropped)
{
    const Bytes frame = bytes_of("\x02\nHCHC 094939439 8\r\x03"), begun = bytes_of("\x02\nHCHC 0949");
    Deframer deframer;
    EXPECT_EQ(deframer.feed(begun + bytes_of("\x04") + bytes_of("39439 8\r\x03") + frame), std::vector<Bytes>({frame}));
    EXPECT_EQ(deframer.dropped_frames(), 1U);
    EXPECT_EQ(deframer.feed(begun + frame), std::vector<Bytes>({frame})); // begun again without a word
    EXPECT_EQ(deframer.dropped_frames(), 2U);
    EXPECT_TRUE(deframer.feed(bytes_of("\x04\x04\x03\x03")).empty()); // between frames
    EXPECT_EQ(deframer.dropped_frames(), 2U);
}

TEST(TicDeframer, ParityBitsStayAndDoNotHideTheMarks)
{
    const Bytes captured = load_captured();
    Deframer plain, with;
    const auto expected = plain.feed(captured);
    const auto frames = with.feed(with_parity(captured));
    ASSERT_EQ(frames.size(), expected.size());
    for (std::size_t i = 0; i < frames.size(); ++i)
        EXPECT_EQ(decode_frame(frames[i]).value().text, expected[i]);
}

TEST(TicDeframer, KeepsNoMoreThanAFrame)
{
    const Bytes frame = bytes_of("\x02\nHCHC 094939439 8\r\x03");
    Deframer deframer;
    EXPECT_TRUE(deframer.feed(bytes_of("\x02" + std::string(frame_bytes_max - 1, 'x'))).empty());
    EXPECT_EQ(deframer.pending_bytes(), frame_bytes_max);
    EXPECT_TRUE(deframer.feed(bytes_of("x")).empty());
    EXPECT_EQ(deframer.pending_bytes(), 0U);
    EXPECT_EQ(deframer.dropped_frames(), 1U);
    EXPECT_TRUE(deframer.feed(bytes_of(std::string(3 * frame_bytes_max, 'x') + "\x03")).empty());
    EXPECT_EQ(deframer.pending_bytes(), 0U);
    EXPECT_EQ(deframer.feed(frame), std::vector<Bytes>({frame}));

    const Bytes largest = bytes_of("\x02" + std::string(frame_bytes_max - 2, 'x') + "\x03");
    EXPECT_EQ(deframer.feed(largest), std::vector<Bytes>({largest}));
    EXPECT_EQ(deframer.dropped_frames(), 1U);
}

TEST(TicDeframer, AnySplitOfNoiseGivesTheSameFrames)
{
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    for (int round = 0; round < 200; ++round) {
        std::string noise;
        for (int i = 0; i < 200; ++i)
            noise += static_cast<char>(random() % 8); // marks are frequent
        Deframer whole, cut;
        const Bytes stream = bytes_of(noise);
        EXPECT_EQ(deframe(cut, stream, 1 + random() % 20), whole.feed(stream));
        EXPECT_EQ(cut.dropped_frames(), whole.dropped_frames());
        EXPECT_EQ(cut.pending_bytes(), whole.pending_bytes());
    }
}

} // namespace
} // namespace releve::tic
