#pragma once
// What the sending processes report to the one that measures: a line of JSON, with the fields of each report named once
// for both sides. Private to src/app.

#include "bench_attacks.hpp"
#include "bench_france.hpp"
#include "bench_honest.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace releve::app {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(BenchSent, frames, unconfirmed, seconds, cpu_seconds, answer_p50_ms, answer_p99_ms,
                                   bytes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FranceSent, electricity, gas, seconds, cpu_seconds)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(HonestReport, confirmed, confirmed_in_time, readings_in_time, unconfirmed,
                                   connections, failed_connections, lost_connections, seconds, cpu_seconds,
                                   answer_p50_ms, answer_p99_ms)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AttackReport, attempts, connections, seconds, cpu_seconds)

/// Of a sending process: its report on its standard output.
template <class Report>
void say_report(const Report& report)
{
    std::cout << nlohmann::json(report).dump() << std::endl;
}

/// Of the measuring one. errc::unavailable when no report has come by then.
template <class Report>
[[nodiscard]] result<Report> hear_report(BenchProcess& process, std::chrono::seconds at_most)
{
    RELEVE_TRY(line, process.hear(at_most));
    const auto report = nlohmann::json::parse(line, nullptr, false);
    if (!report.is_object())
        return fail(errc::unavailable, "not a report: " + line);
    return report.get<Report>();
}

} // namespace releve::app
