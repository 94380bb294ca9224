#include <releve/api/routes.hpp>

#include <releve/api/handlers.hpp>

#include <algorithm>
#include <array>

namespace releve::api {
namespace {

using store::Role;

constexpr Role op = Role::operator_, manager = Role::energy_manager, household = Role::household,
               auditor = Role::auditor;

constexpr Rule everyone = Rule::everyone();
constexpr Rule own_points = Rule::roles({op, manager, household, auditor}, Scope::own_rows);
constexpr Rule one_point = Rule::roles({op, manager, household, auditor}, Scope::usage_point);
constexpr Rule consumption = Rule::roles({op, manager, household}, Scope::usage_point);
constexpr Rule billing = Rule::roles({op, manager}, Scope::usage_point);
constexpr Rule corrections = Rule::roles({op}, Scope::usage_point);
constexpr Rule meters = Rule::roles({op, manager}, Scope::own_rows); // of meters, events, groups and the fleet
constexpr Rule files = Rule::roles({op, manager, household}, Scope::own_rows); // of what is in them the database sees to the rest
constexpr Rule operators = Rule::roles({op}, Scope::own_rows);
constexpr Rule refusals = Rule::roles({op, auditor}, Scope::whole);

constexpr BodyRule readings_file{BodyRule::Form::file, 16U << 20U};
constexpr BodyRule tariff_document{BodyRule::Form::json, 1U << 20U};

constexpr std::array table{
    Route{Verb::get, "/api/v1/usage-points", own_points, list_usage_points, "listUsagePoints", "limit after format"},
    Route{Verb::get, "/api/v1/usage-points/{id}", one_point, show_usage_point, "getUsagePoint", ""},
    Route{Verb::get, "/api/v1/usage-points/{id}/readings", consumption, list_readings, "listReadings",
          "from to channel as_of format"},
    Route{Verb::get, "/api/v1/usage-points/{id}/daily", consumption, list_daily, "listDaily",
          "from to channel as_of format"},
    Route{Verb::get, "/api/v1/usage-points/{id}/accesses", one_point, list_accesses, "listAccesses",
          "limit after format"},
    Route{Verb::get, "/api/v1/usage-points/{id}/coefficients", consumption, list_coefficients, "listCoefficients",
          "limit after format"},
    Route{Verb::get, "/api/v1/usage-points/{id}/live", consumption, list_live, "listLive", "format"},
    Route{Verb::get, "/api/v1/usage-points/{id}/live/half-hours", consumption, list_live_half_hours, "listLiveHalfHours",
          "from to format"},
    Route{Verb::get, "/api/v1/usage-points/{id}/revisions", consumption, list_revisions, "listRevisions",
          "at channel as_of format"},
    Route{Verb::get, "/api/v1/usage-points/{id}/totals", consumption, list_totals, "listTotals", "period from to as_of format"},
    Route{Verb::get, "/api/v1/usage-points/{id}/gaps", consumption, list_gaps_of_point, "listGapsOfUsagePoint",
          "state limit after format"},
    Route{Verb::get, "/api/v1/usage-points/{id}/failures", consumption, list_failures_of_point, "listFailuresOfUsagePoint",
          "rule severity from to cleared limit after format"},
    Route{Verb::post, "/api/v1/usage-points/{id}/corrections", corrections, ask_correction, "askCorrection", ""},
    Route{Verb::get, "/api/v1/usage-points/{id}/contracts", consumption, list_contracts, "listContracts", "as_of format"},
    Route{Verb::get, "/api/v1/usage-points/{id}/bill", consumption, compute_bill, "computeBill",
          "from to as_of tariff powers_kva parameters prices_as_of format lang"},
    Route{Verb::get, "/api/v1/usage-points/{id}/bill/compare", consumption, compare_computed_bill, "compareComputedBill", "from to with"},
    Route{Verb::get, "/api/v1/usage-points/{id}/bills", consumption, list_bills, "listBills", "limit after format"},
    Route{Verb::post, "/api/v1/usage-points/{id}/bills", billing, make_bill, "makeBill", ""},
    Route{Verb::get, "/api/v1/usage-points/{id}/bills/{bill}", consumption, show_bill, "getBill", "format lang"},
    Route{Verb::get, "/api/v1/usage-points/{id}/bills/{bill}/compare", consumption, compare_bill, "compareBill", "with"},
    Route{Verb::get, "/api/v1/usage-points/{id}/bills/{bill}/explain", consumption, explain_bill, "explainBill", "line format"},
    Route{Verb::get, "/api/v1/usage-points/{id}/bills/{bill}/correction", consumption, propose_correction, "proposeCorrection", ""},
    Route{Verb::post, "/api/v1/usage-points/{id}/bills/{bill}/state", billing, change_bill_state, "changeBillState", ""},
    Route{Verb::get, "/api/v1/usage-points/{id}/index-readings", consumption, list_told_indexes, "listIndexReadings", "limit after format"},
    Route{Verb::post, "/api/v1/usage-points/{id}/index-readings", consumption, tell_index, "tellIndex", ""},
    Route{Verb::get, "/api/v1/tariffs", own_points, list_tariffs, "listTariffs", "as_of format"},
    Route{Verb::post, "/api/v1/tariffs", operators, add_tariff, "addTariff", "", tariff_document},
    Route{Verb::get, "/api/v1/tariffs/{id}", own_points, show_tariff, "getTariff", "as_of"},
    Route{Verb::get, "/api/v1/imports", files, list_imports, "listImports", "limit after format"},
    Route{Verb::post, "/api/v1/imports", files, create_import, "createImport", "usage_point name", readings_file},
    Route{Verb::get, "/api/v1/imports/missing", files, list_missing_files, "listMissingFiles", "format"},
    Route{Verb::get, "/api/v1/imports/{id}", files, show_import, "getImport", ""},
    Route{Verb::get, "/api/v1/corrections/{id}", operators, show_correction, "getCorrection", ""},
    Route{Verb::get, "/api/v1/groups", meters, list_groups, "listGroups", "limit after format"},
    Route{Verb::get, "/api/v1/groups/{id}/members", meters, list_group_members, "listGroupMembers", "limit after format"},
    Route{Verb::get, "/api/v1/groups/{id}/totals", meters, list_group_totals, "listGroupTotals", "period from to as_of format"},
    Route{Verb::get, "/api/v1/groups/{id}/curve", meters, list_group_curve, "listGroupCurve", "from to as_of format"},
    Route{Verb::get, "/api/v1/failures", meters, list_failures, "listFailures",
          "rule severity meter from to cleared limit after format"},
    Route{Verb::get, "/api/v1/failures/{id}", meters, show_failure, "getFailure", ""},
    Route{Verb::post, "/api/v1/failures/{id}/handling", operators, handle_failure, "handleFailure", ""},
    Route{Verb::get, "/api/v1/gaps", meters, list_gaps, "listGaps", "state meter limit after format"},
    Route{Verb::get, "/api/v1/breaches", meters, list_breaches, "listBreaches", "limit after format"},
    Route{Verb::get, "/api/v1/jobs", operators, list_jobs, "listJobs", "limit after format"},
    Route{Verb::get, "/api/v1/collection", meters, list_collection, "listCollection", "date by format"},
    Route{Verb::get, "/api/v1/reports/morning", meters, show_morning, "getMorningReport", "format"},
    Route{Verb::get, "/api/v1/meters", meters, list_meters, "listMeters", "limit after format"},
    Route{Verb::get, "/api/v1/meters/{id}", meters, show_meter, "getMeter", ""},
    Route{Verb::get, "/api/v1/meters/{id}/commands", operators, list_commands, "listCommands", "limit after format"},
    Route{Verb::get, "/api/v1/events", meters, list_events, "listEvents", "kind meter from to limit after format"},
    Route{Verb::post, "/api/v1/events/{id}/handling", operators, handle_event, "handleEvent", ""},
    Route{Verb::get, "/api/v1/gateways", operators, list_gateways, "listGateways", "limit after format"},
    Route{Verb::get, "/api/v1/quarantine", refusals, list_quarantine, "listQuarantine", "reason limit after format"},
    Route{Verb::get, "/api/v1/operations", Rule::roles({op}, Scope::whole), show_operations, "getOperations", ""},
    Route{Verb::get, "/api/v1/me", own_points, show_me, "getMe", ""},
    Route{Verb::get, "/api/v1/words", everyone, show_words, "getWords", ""},
    Route{Verb::get, "/problems/{name}", everyone, show_problem, "getProblem", ""},
    Route{Verb::get, "/healthz", everyone, show_health, "getHealth", ""},
    Route{Verb::get, "/readyz", Rule::everyone(Place::database_thread), show_readiness, "getReadiness", ""},
    Route{Verb::get, "/metrics", refusals.or_loopback(), show_metrics, "getMetrics", ""},
    Route{Verb::get, "/", everyone, show_web_file, "getPage", ""},
    Route{Verb::get, "/index.html", everyone, show_web_file, "getPageFile", ""},
    Route{Verb::get, "/style.css", everyone, show_web_file, "getPageStyle", ""},
    Route{Verb::get, "/app.js", everyone, show_web_file, "getPageScript", ""},
    Route{Verb::get, "/chart.js", everyone, show_web_file, "getPageCharts", ""},
    Route{Verb::get, "/live.js", everyone, show_web_file, "getPageLive", ""},
    Route{Verb::get, "/checks.js", everyone, show_web_file, "getPageChecks", ""},
    Route{Verb::get, "/bills.js", everyone, show_web_file, "getPageBills", ""},
    Route{Verb::get, "/words.js", everyone, show_web_file, "getPageWords", ""},
    Route{Verb::get, "/icon.svg", everyone, show_web_file, "getPageIcon", ""},
};

/// The rules that the type alone cannot say.
consteval bool table_is_sound()
{
    for (std::size_t i = 0; i < table.size(); ++i) {
        const Route& route = table[i];
        if (!route.path.starts_with('/') || route.operation_id.empty() || route.handler == nullptr)
            return false;
        if (!route.rule.is_public() && !route.rule.has_roles())
            return false;
        // What belongs to one usage point is never reached by the role alone.
        if (route.path.starts_with("/api/v1/usage-points/{id}") && route.rule.scope() != Scope::usage_point)
            return false;
        // What changes something is done by somebody, never by a machine's address.
        if (route.verb == Verb::post && (route.rule.is_public() || route.rule.allows_loopback()))
            return false;
        if (route.body.bytes_max == 0 || route.body.bytes_max > large_body_bytes_max)
            return false;
        for (std::size_t j = 0; j < i; ++j)
            if (table[j].operation_id == route.operation_id ||
                (table[j].path == route.path && table[j].verb == route.verb))
                return false;
    }
    return true;
}
static_assert(table_is_sound(), "a row of the route table breaks a rule");

/// One segment off the front of a path that starts with '/'.
std::string_view take_segment(std::string_view& path)
{
    path.remove_prefix(1);
    const auto segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
}

result<bool> matches(std::string_view pattern, std::string_view path, std::vector<std::string>& values)
{
    values.clear();
    while (!pattern.empty() && !path.empty()) {
        const auto expected = take_segment(pattern);
        const auto got = take_segment(path);
        if (expected.starts_with('{')) {
            RELEVE_TRY(value, percent_decode(got));
            if (value.empty())
                return false;
            values.push_back(std::move(value));
        } else if (expected != got) {
            return false;
        }
    }
    return pattern.empty() && path.empty();
}

} // namespace

std::span<const Route> routes() { return table; }

result<Match> find_route(std::string_view path, std::optional<Verb> verb)
{
    if (!path.starts_with('/'))
        return fail(errc::not_found);
    Match match;
    errc code = errc::not_found;
    for (const auto& route : table) {
        RELEVE_TRY(fits, matches(route.path, path, match.path_values));
        if (!fits)
            continue;
        if (verb == route.verb) {
            match.route = &route;
            return match;
        }
        code = errc::method_not_allowed;
    }
    return fail(code);
}

std::string allowed_methods(std::string_view path)
{
    std::string out;
    for (const auto& [verb, names] : {std::pair{Verb::get, "GET, HEAD"}, std::pair{Verb::post, "POST"}})
        if (find_route(path, verb))
            out.append(out.empty() ? "" : ", ").append(names);
    return out;
}

result<void> authorise(const Route& route, const store::Identity& identity, std::span<const std::string> path_values)
{
    if (!route.rule.allows(identity.role))
        return fail(errc::forbidden);
    if (route.rule.scope() != Scope::usage_point)
        return {};
    RELEVE_ASSERT(!path_values.empty());
    // A scope of organisations is a tree that only the database knows; a scope of usage points is decided here too.
    const bool listed = std::ranges::any_of(identity.usage_points,
                                            [&](const UsagePointId& id) { return id.value == path_values.front(); });
    if (!listed && identity.organisations.empty() &&
        (identity.role == Role::household || !identity.usage_points.empty()))
        return fail(errc::not_found);
    return {};
}

result<void> check_parameters(const Route& route, const Request& request)
{
    for (const auto& [name, value] : request.query) {
        const std::string padded = " " + std::string(route.parameters) + " ";
        if (name.empty() || name.find(' ') != std::string::npos ||
            padded.find(" " + name + " ") == std::string::npos)
            return fail(errc::bad_parameter, name + ": no such parameter here");
    }
    return {};
}

} // namespace releve::api
