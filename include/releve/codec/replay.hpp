#pragma once
// Which invocation counters of one sender and one key generation were accepted. Pure: the caller verifies the frame
// first, asks, and accepts once the frame is to be stored; what `accept` gives is the way back.
// Counters are extended to 64 bits by the caller, so that they do not wrap.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace releve {

enum class ReplayMode : std::uint8_t {
    strict, // one frame outstanding: counters only rise
    window, // behind a concentrator that reorders: each of the last 64 counters once, in any order (as in RFC 6479)
};

enum class ReplayVerdict : std::uint8_t {
    fresh,     // never seen: may be accepted
    duplicate, // the same counter over the same bytes: was accepted, may be confirmed again
    replay,    // the same counter over other bytes, or too old to tell
};

class ReplayWindow {
public:
    using Verdict = ReplayVerdict;
    struct Entry {
        std::uint64_t counter = 0;
        std::uint64_t digest = 0;
        bool operator==(const Entry&) const = default;
    };

    /// What an `accept` has done.
    struct Change {
        bool added = false;
        std::optional<Entry> dropped{}; // to make room
    };

    explicit ReplayWindow(ReplayMode mode = ReplayMode::strict) : mode_(mode) {}
    /// From what `recent` gave earlier, in any order, or from the accepted frames of an archive.
    ReplayWindow(ReplayMode mode, std::span<const Entry> entries);

    /// The first counter of all is fresh whatever it is.
    [[nodiscard]] Verdict check(std::uint64_t counter, std::uint64_t digest) const;
    /// Remembers a frame. Never forgets or lowers anything: an entry for a known counter changes nothing.
    Change accept(std::uint64_t counter, std::uint64_t digest);
    /// Undoes the `accept` of this counter. Several are undone newest first.
    void take_back(std::uint64_t counter, const Change& change);

    [[nodiscard]] ReplayMode mode() const { return mode_; }
    /// The highest counter accepted.
    [[nodiscard]] std::optional<std::uint64_t> last() const;
    /// At most limits::replay_window entries with the highest counters, rising: what is saved.
    [[nodiscard]] std::span<const Entry> recent() const { return recent_; }
    bool operator==(const ReplayWindow&) const = default;

private:
    ReplayMode mode_;
    std::vector<Entry> recent_; // rising counters
};

} // namespace releve
