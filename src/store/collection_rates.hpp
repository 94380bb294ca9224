#pragma once
// How much of a civil day's intervals came, by place or by hour.

#include "api_impl.hpp"

namespace releve::store {

enum class RateBy : std::uint8_t { all, hour, concentrator, area, group };

/// Of the main channel of each meter that was installed that day in a home that keeps half-hours, as far as the token sees.
/// `all` gives one row, named "". Meters without the name of a place are in no place.
[[nodiscard]] result<std::vector<CollectionRate>> load_rates(Work& work, const ModelLookup& models, CivilDay day, RateBy by);

} // namespace releve::store
