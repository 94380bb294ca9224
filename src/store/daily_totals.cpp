#include "daily_totals.hpp"

#include <bit>
#include <tuple>

namespace releve::store {

namespace {

using Slots = std::array<std::uint64_t, 5>;

int count(const Slots& bits)
{
    int sum = 0;
    for (const auto word : bits)
        sum += std::popcount(word);
    return sum;
}

bool overlap(const Slots& a, const Slots& b)
{
    for (std::size_t i = 0; i < a.size(); ++i)
        if ((a[i] & b[i]) != 0)
            return true;
    return false;
}

bool covers(const Slots& all, const Slots& some)
{
    for (std::size_t i = 0; i < all.size(); ++i)
        if ((some[i] & ~all[i]) != 0)
            return false;
    return true;
}

std::tuple<bool, std::uint16_t, std::uint64_t, std::int64_t> rank(const DailyTotal& total)
{
    return std::tuple_cat(store::rank(total.provenance), std::tuple{total.energy_mj});
}

/// False when the sum would not fit.
bool add(DailyTotal& stored, const DailyTotal& incoming)
{
    engine::DaySummary& sum = stored.summary;
    if (__builtin_add_overflow(stored.energy_mj, incoming.energy_mj, &stored.energy_mj))
        return false;
    for (std::size_t i = 0; i < stored.present.size(); ++i)
        stored.present[i] |= incoming.present[i];
    sum.energy_wh = engine::millijoules_to_wh(stored.energy_mj);
    sum.missing = sum.slots - count(stored.present);
    if (incoming.summary.maximum &&
        (!sum.maximum || *incoming.summary.maximum > *sum.maximum ||
         (*incoming.summary.maximum == *sum.maximum && incoming.summary.maximum_at < sum.maximum_at))) {
        sum.maximum = incoming.summary.maximum;
        sum.maximum_at = incoming.summary.maximum_at;
    }
    stored.worst = worse(stored.worst, incoming.worst);
    sum.quality = sum.missing > 0 ? worse(Quality::incomplete, stored.worst) : stored.worst;
    const bool authenticated = stored.provenance.authenticated && incoming.provenance.authenticated;
    if (store::rank(stored.provenance) < store::rank(incoming.provenance))
        stored.provenance = incoming.provenance;
    stored.provenance.authenticated = authenticated;
    return true;
}

} // namespace

DailyTotal total_of(const DailyTotalWrite& write)
{
    return {write.summary, write.energy_mj, write.provenance.quality, write.present, write.provenance};
}

MergeEffect combine(DailyTotal& stored, const DailyTotal& incoming)
{
    const auto replace_if = [&](bool wins) {
        if (wins)
            stored = incoming;
        return wins ? MergeEffect::changed : MergeEffect::unchanged;
    };
    const bool newer = rank(stored) < rank(incoming);
    if (stored.summary.slots != incoming.summary.slots) // the model now says another step
        return replace_if(newer && count(incoming.present) == incoming.summary.slots);
    if (incoming.present == stored.present)
        return replace_if(newer);
    if (count(stored.present) > 0 && covers(incoming.present, stored.present))
        return replace_if(incoming.provenance.authenticated || !stored.provenance.authenticated);
    if (count(incoming.present) == 0 || overlap(stored.present, incoming.present))
        return MergeEffect::unchanged;
    DailyTotal sum = stored;
    if (!add(sum, incoming))
        return MergeEffect::unchanged;
    stored = sum;
    return MergeEffect::added;
}

} // namespace releve::store
