#pragma once
// The handlers of the route table, one source file per resource.

#include <releve/api/routes.hpp>

namespace releve::api {

// usage_point_handlers.cpp
[[nodiscard]] result<Response> list_usage_points(const Call& call);
[[nodiscard]] result<Response> show_usage_point(const Call& call);
[[nodiscard]] result<Response> list_readings(const Call& call);
[[nodiscard]] result<Response> list_daily(const Call& call);
[[nodiscard]] result<Response> list_accesses(const Call& call);
[[nodiscard]] result<Response> list_coefficients(const Call& call);

// live_handlers.cpp
[[nodiscard]] result<Response> list_live(const Call& call);
[[nodiscard]] result<Response> list_live_half_hours(const Call& call);

// series_handlers.cpp
[[nodiscard]] result<Response> list_revisions(const Call& call);
[[nodiscard]] result<Response> list_totals(const Call& call);
[[nodiscard]] result<Response> list_groups(const Call& call);
[[nodiscard]] result<Response> list_group_members(const Call& call);
[[nodiscard]] result<Response> list_group_totals(const Call& call);
[[nodiscard]] result<Response> list_group_curve(const Call& call);

// check_handlers.cpp
[[nodiscard]] result<Response> list_failures(const Call& call);
[[nodiscard]] result<Response> list_failures_of_point(const Call& call);
[[nodiscard]] result<Response> show_failure(const Call& call);
[[nodiscard]] result<Response> handle_failure(const Call& call);
[[nodiscard]] result<Response> handle_event(const Call& call);
[[nodiscard]] result<Response> list_gaps(const Call& call);
[[nodiscard]] result<Response> list_gaps_of_point(const Call& call);
[[nodiscard]] result<Response> list_breaches(const Call& call);
[[nodiscard]] result<Response> list_jobs(const Call& call);
[[nodiscard]] result<Response> ask_correction(const Call& call);
[[nodiscard]] result<Response> show_correction(const Call& call);

// morning_handlers.cpp
[[nodiscard]] result<Response> list_collection(const Call& call);
[[nodiscard]] result<Response> show_morning(const Call& call);

// operations_handlers.cpp
[[nodiscard]] result<Response> list_meters(const Call& call);
[[nodiscard]] result<Response> show_meter(const Call& call);
[[nodiscard]] result<Response> list_commands(const Call& call);
[[nodiscard]] result<Response> list_events(const Call& call);
[[nodiscard]] result<Response> list_gateways(const Call& call);
[[nodiscard]] result<Response> list_quarantine(const Call& call);
[[nodiscard]] result<Response> show_operations(const Call& call);

// bill_handlers.cpp
[[nodiscard]] result<Response> compute_bill(const Call& call);
[[nodiscard]] result<Response> compare_computed_bill(const Call& call);
[[nodiscard]] result<Response> list_bills(const Call& call);
[[nodiscard]] result<Response> make_bill(const Call& call);
[[nodiscard]] result<Response> show_bill(const Call& call);
[[nodiscard]] result<Response> compare_bill(const Call& call);
[[nodiscard]] result<Response> explain_bill(const Call& call);
[[nodiscard]] result<Response> propose_correction(const Call& call);
[[nodiscard]] result<Response> change_bill_state(const Call& call);
[[nodiscard]] result<Response> list_contracts(const Call& call);

// index_handlers.cpp
[[nodiscard]] result<Response> tell_index(const Call& call);
[[nodiscard]] result<Response> list_told_indexes(const Call& call);

// tariff_handlers.cpp
[[nodiscard]] result<Response> list_tariffs(const Call& call);
[[nodiscard]] result<Response> show_tariff(const Call& call);
[[nodiscard]] result<Response> add_tariff(const Call& call);

// import_handlers.cpp
[[nodiscard]] result<Response> create_import(const Call& call);
[[nodiscard]] result<Response> list_imports(const Call& call);
[[nodiscard]] result<Response> list_missing_files(const Call& call);
[[nodiscard]] result<Response> show_import(const Call& call);

// service_handlers.cpp
[[nodiscard]] result<Response> show_me(const Call& call);
[[nodiscard]] result<Response> show_words(const Call& call);
[[nodiscard]] result<Response> show_problem(const Call& call);
[[nodiscard]] result<Response> show_health(const Call& call);
[[nodiscard]] result<Response> show_readiness(const Call& call);
[[nodiscard]] result<Response> show_metrics(const Call& call);
[[nodiscard]] result<Response> show_web_file(const Call& call);

} // namespace releve::api
