#include <releve/codec/replay.hpp>

#include <releve/core/error.hpp>
#include <releve/core/limits.hpp>

#include <algorithm>

namespace releve {

ReplayWindow::ReplayWindow(ReplayMode mode, std::span<const Entry> entries) : mode_(mode)
{
    for (const Entry& entry : entries)
        accept(entry.counter, entry.digest);
}

std::optional<std::uint64_t> ReplayWindow::last() const
{
    if (recent_.empty())
        return std::nullopt;
    return recent_.back().counter;
}

ReplayWindow::Verdict ReplayWindow::check(std::uint64_t counter, std::uint64_t digest) const
{
    if (recent_.empty() || counter > recent_.back().counter)
        return Verdict::fresh;
    const auto known = std::ranges::lower_bound(recent_, counter, {}, &Entry::counter);
    if (known != recent_.end() && known->counter == counter)
        return known->digest == digest ? Verdict::duplicate : Verdict::replay;
    const bool inside = recent_.back().counter - counter < limits::replay_window;
    return mode_ == ReplayMode::window && inside ? Verdict::fresh : Verdict::replay;
}

ReplayWindow::Change ReplayWindow::accept(std::uint64_t counter, std::uint64_t digest)
{
    const bool highest = recent_.empty() || counter > recent_.back().counter; // as a rule
    const auto place = highest ? recent_.end() : std::ranges::lower_bound(recent_, counter, {}, &Entry::counter);
    if (place != recent_.end() && place->counter == counter)
        return {};
    recent_.insert(place, {counter, digest});
    Change change{.added = true};
    // The lowest counter goes, not the one accepted first: the window spans as many counters as there are entries, so
    // every counter inside it that was accepted is still known, in whatever order they came.
    if (recent_.size() > limits::replay_window) {
        change.dropped = recent_.front();
        recent_.erase(recent_.begin());
    }
    return change;
}

void ReplayWindow::take_back(std::uint64_t counter, const Change& change)
{
    if (!change.added)
        return;
    if (change.dropped)
        recent_.insert(recent_.begin(), *change.dropped); // may be the very one
    const auto place = std::ranges::lower_bound(recent_, counter, {}, &Entry::counter);
    RELEVE_ASSERT(place != recent_.end() && place->counter == counter);
    recent_.erase(place);
}

} // namespace releve
