#include "daily_totals.hpp"

#include <bit>
#include <tuple>

namespace releve::store {

namespace {

int count(const std::array<std::uint64_t, 5>& bits)
{
    int sum = 0;
    for (const auto word : bits)
        sum += std::popcount(word);
    return sum;
}

bool overlap(const std::array<std::uint64_t, 5>& a, const std::array<std::uint64_t, 5>& b)
{
    for (std::size_t i = 0; i < a.size(); ++i)
        if ((a[i] & b[i]) != 0)
            return true;
    return false;
}

bool whole(const DailyTotal& total)
{
    return total.summary.slots > 0 && count(total.present) == total.summary.slots;
}

auto rank(const Provenance& p)
{
    return std::tuple{p.authenticated, p.key_generation, p.counter};
}

auto rank(const DailyTotal& total)
{
    return std::tuple_cat(rank(total.provenance), std::tuple{total.summary.energy_wh});
}

void add(DailyTotal& stored, const DailyTotal& incoming)
{
    engine::DaySummary& sum = stored.summary;
    for (std::size_t i = 0; i < stored.present.size(); ++i)
        stored.present[i] |= incoming.present[i];
    sum.energy_wh += incoming.summary.energy_wh;
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
    if (rank(stored.provenance) < rank(incoming.provenance))
        stored.provenance = incoming.provenance;
    stored.provenance.authenticated = authenticated;
}

} // namespace

DailyTotal total_of(const DailyTotalWrite& write)
{
    return {write.summary, write.provenance.quality, write.present, write.provenance};
}

MergeEffect combine(DailyTotal& stored, const DailyTotal& incoming)
{
    const bool had_all = whole(stored), brings_all = whole(incoming);
    if (brings_all && (!had_all || rank(stored) < rank(incoming))) {
        stored = incoming;
        return MergeEffect::changed;
    }
    if (stored.summary.slots != incoming.summary.slots || count(incoming.present) == 0 ||
        overlap(stored.present, incoming.present))
        return MergeEffect::unchanged;
    add(stored, incoming);
    return MergeEffect::added;
}

} // namespace releve::store
