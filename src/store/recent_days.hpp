#pragma once
// The days that a writer wrote last and that are not yet complete, as they are in the database: where values come one by
// one, the next value of a day needs no reading. A hint: a row is only updated while it has the revision noted here.

#include "series_tables.hpp"

#include <unordered_map>

namespace releve::store {

class RecentDays {
public:
    struct Entry {
        std::int32_t revision = 0;
        Bytes data;
    };

    [[nodiscard]] const Entry* find(const SeriesKey& key) const
    {
        for (const Map* map : {&young_, &old_})
            if (const auto found = map->find(key); found != map->end())
                return &found->second;
        return nullptr;
    }
    /// Known from now on if the transaction commits.
    void note(const SeriesKey& key, Entry entry) { noted_.emplace_back(key, std::move(entry)); }
    void forget(const SeriesKey& key) { noted_.emplace_back(key, Entry{}); }

    /// The transaction committed.
    void keep()
    {
        for (auto& [key, entry] : noted_) {
            old_.erase(key);
            if (entry.data.empty())
                young_.erase(key);
            else
                young_.insert_or_assign(key, std::move(entry));
        }
        noted_.clear();
        if (young_.size() >= generation_max)
            old_ = std::exchange(young_, {});
    }
    /// It did not.
    void drop() { noted_.clear(); }
    void clear()
    {
        noted_.clear();
        young_.clear();
        old_.clear();
    }
    /// Somebody may have erased days.
    void forget_if_older(std::int64_t choice_version)
    {
        if (std::exchange(choice_version_, choice_version) != choice_version)
            clear();
    }

private:
    static constexpr std::size_t generation_max = 200'000; // twice as many days at most, about 200 bytes each
    struct Hash {
        std::size_t operator()(const SeriesKey& key) const noexcept
        {
            const auto meter = static_cast<std::uint64_t>(static_cast<std::uint32_t>(key.meter));
            const auto rest = static_cast<std::uint64_t>(static_cast<std::uint16_t>(key.channel)) << 32 |
                              static_cast<std::uint32_t>(day_number(key.day));
            return static_cast<std::size_t>((meter * 0x9e37'79b9'7f4a'7c15U) ^ (rest * 0xff51'afd7'ed55'8ccdU));
        }
    };
    using Map = std::unordered_map<SeriesKey, Entry, Hash>;
    Map young_, old_;
    std::vector<std::pair<SeriesKey, Entry>> noted_;
    std::int64_t choice_version_ = -1;
};

} // namespace releve::store
