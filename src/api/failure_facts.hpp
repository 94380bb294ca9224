#pragma once
// The numbers of a failed check, as people read them: which of them are in the channel's unit, and what the others count.

#include <releve/api/listing.hpp>
#include <releve/store/validated_records.hpp>

namespace releve::api {

struct FailureFacts {
    Cell value;       // exact digits in `unit`
    Cell unit;        // null: a number of slots, or a code
    std::string json; // an object: what the value was compared with beside the rule's limits, by name
};
/// Of a rule that this version does not know: the numbers as they are stored, in an object with one list.
[[nodiscard]] FailureFacts failure_facts(const store::FailureRow& row);
/// {"percent":300,"floor_w":3000}
[[nodiscard]] std::string limits_json(const store::FailureRow& row);

/// What people did, oldest first: a JSON array for operators, null for who may not see it.
[[nodiscard]] Cell handling_cell(const store::Identity& who, const std::vector<store::HandlingRow>& rows);
[[nodiscard]] std::string handling_json(const std::vector<store::HandlingRow>& rows);

} // namespace releve::api
