#pragma once
// The server's own counters, as Prometheus text. One thread.

#include <array>
#include <cstdint>
#include <string>

namespace releve::api {

struct Counters {
    std::array<std::uint64_t, 6> responses{}; // by status class: [2] = 2xx
    std::uint64_t connections = 0;            // accepted, ever
    std::uint64_t connections_refused = 0;    // over the limit
    std::uint64_t sign_ins_failed = 0;
    std::uint64_t sign_ins_held_up = 0;
    std::uint64_t bodies_refused = 0; // large ones, because as many were held already

    void count(unsigned status) { ++responses[status / 100 < responses.size() ? status / 100 : 5]; }
};

[[nodiscard]] inline std::string write_metrics(const Counters& counters, std::size_t open, std::uint64_t pool_refused)
{
    std::string out = "# HELP releve_api_responses_total HTTP responses by status class.\n"
                      "# TYPE releve_api_responses_total counter\n";
    for (std::size_t i = 2; i < counters.responses.size(); ++i)
        out += "releve_api_responses_total{status=\"" + std::to_string(i) + "xx\"} " +
               std::to_string(counters.responses[i]) + "\n";
    const auto add = [&out](const char* name, const char* kind, const char* help, std::uint64_t value) {
        out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name);
        out.append(" ").append(kind).append("\n").append(name).append(" ").append(std::to_string(value)).append("\n");
    };
    add("releve_api_connections", "gauge", "Open HTTP connections.", open);
    add("releve_api_connections_total", "counter", "HTTP connections accepted.", counters.connections);
    add("releve_api_connections_refused_total", "counter", "HTTP connections over the limit.",
        counters.connections_refused);
    add("releve_api_sign_ins_failed_total", "counter", "Requests with a token that is not valid.",
        counters.sign_ins_failed);
    add("releve_api_sign_ins_held_up_total", "counter", "Requests refused after too many failed sign-ins.",
        counters.sign_ins_held_up);
    add("releve_api_queue_full_total", "counter", "Requests refused because the database queue was full.",
        pool_refused);
    add("releve_api_bodies_refused_total", "counter", "Files refused because others were being taken.", counters.bodies_refused);
    return out;
}

} // namespace releve::api
