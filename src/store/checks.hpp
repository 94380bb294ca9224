#pragma once
// What a writer remembers of its meters so that most new days are judged in the batch that brings them, and which meters are
// due for a closer look. Follows the transaction: what it concludes holds once keep() was called.

#include "pg.hpp"
#include "series_tables.hpp"

#include <releve/engine/meter_checks.hpp>
#include <releve/store/collect_store.hpp>

#include <map>
#include <unordered_map>

namespace releve::store {

class Checks {
public:
    /// Under other rules or models nothing that was remembered holds.
    void use(std::shared_ptr<const CheckPlan> plan);
    [[nodiscard]] const CheckPlan* plan() const { return plan_.get(); }
    /// errc::bad_model: no file of that name is loaded.
    [[nodiscard]] result<const engine::CheckedModel*> model(const std::string& name, const std::string& group);

    // ---- while a batch is written; without a plan these do nothing
    void note_day(const SeriesKey& key, ByteView block);
    void note_repeats(const SeriesKey& key, const engine::DayRepeats& repeats);
    /// `block` lives until the batch is written.
    void note_reads(std::int32_t meter, const RegisterBlock& block);
    /// How far clocks are off counts for the day in which it was seen.
    void note_clocks(std::span<const FrameWrite> frames);
    /// Days that need a closer look, in the batch that made it so; to the end of their month, so that a meter whose next
    /// days come before anybody looked is written down once.
    void write_due(pg::Connection& connection, BatchNumber number);
    void keep();
    void drop();
    /// Nothing that is remembered is sure any more: a lost connection, an erased curve.
    void forget();
    /// Meters that came to another place, or whose readings may be kept otherwise than before.
    void forget(std::span<const MeterId> meters);
    /// What is due of whom may have been cut or erased.
    void forget_if_older(std::int64_t choice_version);

    // ---- the closer look
    [[nodiscard]] std::size_t due() const { return due_.size(); }
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> due_since() const { return due_since_; }
    /// Whatever the database says is due of them.
    void look_later(std::span<const MeterId> meters);
    [[nodiscard]] std::vector<std::int32_t> next_due(std::size_t most) const;
    void looked_at(std::int32_t meter, const engine::CheckedModel* model, engine::MeterMemory memory);
    void nothing_due(std::int32_t meter);

private:
    struct Remembered {
        const engine::CheckedModel* model = nullptr;
        engine::MeterMemory memory;
    };
    struct ChangedDay {
        SeriesKey key;
        Bytes block;
    };
    struct ChangedReads {
        std::int32_t meter = 0;
        const RegisterBlock* block = nullptr;
    };
    struct Range {
        CivilDay from{}, to{};
        [[nodiscard]] bool contains(const Range& other) const { return from <= other.from && other.to <= to; }
    };
    void judge(std::int32_t meter, std::span<const ChangedDay> days, std::span<const ChangedReads> reads);
    void add_due(std::int32_t meter, CivilDay from, CivilDay to);
    void write_repeats(pg::Connection& connection);

    std::shared_ptr<const CheckPlan> plan_;
    std::map<std::pair<std::string, std::string>, std::unique_ptr<engine::CheckedModel>> models_;
    std::unordered_map<std::int32_t, Remembered> remembered_;
    std::map<std::int32_t, std::optional<Range>> due_; // with what the database says of it, where that is known
    std::optional<std::chrono::steady_clock::time_point> due_since_;
    std::int64_t choice_version_ = -1;

    // of the batch that is being written
    std::vector<ChangedDay> days_;
    std::vector<ChangedReads> reads_;
    std::map<SeriesKey, engine::DayRepeats> repeats_;
    std::map<std::int32_t, Range> now_due_;
    std::vector<std::pair<std::int32_t, Remembered>> passed_;
    std::vector<engine::FreshDay> fresh_days_; // of the meter that is being judged
    std::vector<engine::BoundaryRead> fresh_reads_;
};

/// One character a slot, as PostgreSQL writes bit(320).
[[nodiscard]] std::string to_bits(const engine::SlotSet& slots);
[[nodiscard]] engine::SlotSet from_bits(std::string_view bits);

} // namespace releve::store
