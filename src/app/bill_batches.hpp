#pragma once
// Many bills at a time, as the command line tells of them.

#include "billing_desk.hpp"

namespace releve::app {

/// A new run of the span (and group), or the one of that number goes on. What was made, and what was not, is printed. An exit code:
/// 1 if it was stopped or some could not be billed.
int run_bills_of(BillingDesk& desk, const std::optional<engine::CivilSpan>& span, const std::string& group, std::int64_t resume);
/// Each draft of the run, one after another; done again it goes on with those that are left. 1 if some could not be issued.
int issue_run(BillingDesk& desk, std::int64_t run);
int show_run_failures(BillingDesk& desk, std::int64_t run);

} // namespace releve::app
