#include <releve/app/uplink_desk.hpp>

namespace releve::app {

UplinkDesk::UplinkDesk(store::DatabaseAddress address, std::function<Instant()> now, std::function<void(std::string_view)> log)
    : store_(std::move(address)), now_(std::move(now)), log_(std::move(log))
{
    thread_ = std::thread{[this] { run(); }};
}

UplinkDesk::~UplinkDesk()
{
    drain_and_stop();
}

void UplinkDesk::look_up(const std::string& gateway, std::uint64_t sequence, std::uint64_t digest,
                         std::function<void(Looked)> done)
{
    {
        const std::scoped_lock lock{mutex_};
        if (!stopping_) {
            work_.questions.push_back({gateway, sequence, digest, std::move(done)});
            wake_.notify_one();
            return;
        }
    }
    done({});
}

void UplinkDesk::acknowledge(const std::string& gateway, std::uint64_t sequence, std::uint64_t digest, Bytes ack,
                             std::function<void(bool)> done)
{
    {
        const std::scoped_lock lock{mutex_};
        if (!stopping_) {
            work_.acknowledgements.push_back({{gateway, sequence, digest, std::move(ack), now_()}, std::move(done)});
            wake_.notify_one();
            return;
        }
    }
    done(false);
}

void UplinkDesk::state_of(const std::string& gateway, std::function<void(State)> done)
{
    {
        const std::scoped_lock lock{mutex_};
        if (!stopping_) {
            work_.states.push_back({gateway, std::move(done)});
            wake_.notify_one();
            return;
        }
    }
    State nobody_knows;
    nobody_knows.available = false;
    done(std::move(nobody_knows));
}

void UplinkDesk::drain_and_stop()
{
    {
        const std::scoped_lock lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable())
        thread_.join();
}

void UplinkDesk::run()
{
    for (;;) {
        Work work;
        {
            std::unique_lock lock{mutex_};
            wake_.wait(lock, [&] { return stopping_ || !work_.empty(); });
            work = std::exchange(work_, {});
            if (work.empty())
                return;
        }
        write(work.acknowledgements);
        for (const Question& question : work.questions)
            answer(question);
        for (const StateQuestion& question : work.states)
            answer(question);
    }
}

UplinkDesk::Looked UplinkDesk::find(const Question& question)
{
    if (auto row = store_.find(question.gateway, question.sequence)) {
        if (row->digest != question.digest)
            return {Found::reused, {}};
        return {Found::acknowledged, std::move(row->ack)};
    }
    const auto gateway = store_.gateway(question.gateway);
    if (gateway && gateway->disabled_at)
        return {}; // since it connected: told to come again, and refused then
    const bool past = gateway && question.sequence <= gateway->acknowledged_up_to;
    return {past ? Found::too_old : Found::fresh, {}};
}

/// A gateway that gets no answer comes again: a lost database is no reason to keep it waiting here.
void UplinkDesk::answer(const Question& question)
{
    Looked looked;
    try {
        looked = find(question);
    } catch (const std::exception& e) {
        log_(std::string{"uplink: "} + e.what());
    }
    question.done(std::move(looked));
}

void UplinkDesk::answer(const StateQuestion& question)
{
    State state;
    state.available = false;
    try {
        const auto row = store_.gateway(question.gateway);
        state = {.available = true, .known = row && !row->disabled_at, .peer = {}, .acknowledged_up_to = 0};
        if (row) {
            state.peer = {row->id, row->crc_may_be_zero};
            state.acknowledged_up_to = row->acknowledged_up_to;
        }
    } catch (const std::exception& e) {
        log_(std::string{"uplink: "} + e.what());
    }
    question.done(std::move(state));
}

void UplinkDesk::write(std::vector<Acknowledgement>& acknowledgements)
{
    if (acknowledgements.empty())
        return;
    bool written = false;
    std::vector<store::UplinkAckRow> rows;
    for (Acknowledgement& one : acknowledgements)
        rows.push_back(std::move(one.row));
    try {
        store_.save(rows);
        written = true;
    } catch (const std::exception& e) {
        log_(std::string{"uplink: "} + e.what());
    }
    for (const Acknowledgement& one : acknowledgements)
        one.done(written);
}

} // namespace releve::app
