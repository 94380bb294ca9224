// What follows from the outcome of a batch: undone in the devices, or answered.

#include "ingest_shard.hpp"

#include <ranges>
#include <set>

namespace releve::app {

void Ingest::Shard::roll_back(const Batch& batch)
{
    for (const Remembered& frame : std::views::reverse(batch.remembered)) {
        if (frame.window)
            frame.device->window_for_update(*frame.window).take_back(frame.entry.counter, frame.change);
        frame.device->last_accepted_at = frame.last_accepted_at;
        frame.device->replay_dirty = frame.replay_dirty;
    }
}

/// A frame the database refused was never accepted: its meter's state is built again from those that were.
void Ingest::Shard::roll_back_refused(const Batch& batch, const store::BatchResult& result)
{
    const auto was_refused = [&](const Remembered& frame) {
        return result.outcomes[frame.write_index] == store::FrameOutcome::refused;
    };
    std::set<Device*> touched;
    for (const Remembered& frame : batch.remembered)
        if (was_refused(frame))
            touched.insert(frame.device);
    if (touched.empty())
        return;
    const auto of_touched = [&](const Remembered& frame) { return frame.window && touched.contains(frame.device); };
    for (const Remembered& frame : std::views::reverse(batch.remembered))
        if (of_touched(frame))
            frame.device->window_for_update(*frame.window).take_back(frame.entry.counter, frame.change);
    for (const Remembered& frame : batch.remembered)
        if (of_touched(frame) && !was_refused(frame))
            frame.device->window_for_update(*frame.window).accept(frame.entry.counter, frame.entry.digest);
}

/// Answered, or over in the database, which may know more than the devices that were loaded from it.
void Ingest::Shard::forget_finished_commands(Batch& batch, const store::BatchResult& result)
{
    for (Pending& pending : batch.frames) {
        if (!pending.write_index || result.outcomes[*pending.write_index] != store::FrameOutcome::committed)
            continue;
        const auto& extras = batch.writes[*pending.write_index].extras;
        if (!extras)
            continue;
        const auto forget = [&](CommandId id) {
            std::erase_if(pending.device->commands, [&](const PendingCommand& command) { return command.id == id; });
        };
        if (extras->command_result)
            forget(extras->command_result->id);
        if (!extras->command_is_over)
            continue;
        forget(*extras->command_sent);
        pending.reply.apdu.clear();
    }
}

void Ingest::Shard::answer(Batch& batch, const store::BatchResult& result)
{
    std::unordered_map<net::ReplyTarget*, std::pair<std::shared_ptr<net::ReplyTarget>, std::vector<net::Reply>>> replies;
    std::set<std::pair<Device*, std::uint64_t>> refused; // a repetition of a refused frame is not confirmed either
    for (Pending& pending : batch.frames) {
        FrameState state = pending.state;
        if (pending.write_index) {
            const store::FrameWrite& write = batch.writes[*pending.write_index];
            if (result.outcomes[*pending.write_index] == store::FrameOutcome::refused) {
                state = FrameState::store_refused;
                pending.reply.detail = result.reasons[*pending.write_index];
                refused.emplace(pending.device, pending.digest);
            } else {
                owner_.counters_.readings += write.readings;
            }
        }
        owner_.counters_.count(state);
        if (state == FrameState::store_refused || refused.contains({pending.device, pending.digest})) {
            state = FrameState::store_refused;
            pending.reply.apdu.clear();
        }
        pending.reply.state = state;
        if (!pending.reply_to)
            continue;
        auto& [target, list] = replies[pending.reply_to.get()];
        target = std::move(pending.reply_to);
        list.push_back(std::move(pending.reply));
    }
    for (auto& [key, reply] : replies)
        reply.first->deliver(std::move(reply.second));
}

} // namespace releve::app
