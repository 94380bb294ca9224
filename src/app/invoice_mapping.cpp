#include <releve/app/invoice_csv.hpp>

#include "json_node.hpp"

namespace releve::app {

namespace {

constexpr std::size_t mapping_bytes_max = 1U << 20U;

/// Our columns, each with a cell.
InvoiceMapping::Fields read_fields(const JsonNode& node)
{
    InvoiceMapping::Fields out;
    for (const auto& [column, cell] : node.members()) {
        if (!is_invoice_column(column))
            cell.fail("is no column of invoices");
        out[column] = cell.text();
    }
    return out;
}

InvoiceMapping read_mapping(const JsonNode& node)
{
    InvoiceMapping out;
    node.only({"supplier", "columns", "values", "defaults", "last_day"});
    for (const auto& [theirs, ours] : node.at("columns").members()) {
        out.columns[theirs] = ours.text();
        if (!is_invoice_column(out.columns[theirs]))
            ours.fail("is no column of invoices");
    }
    if (node.has("values"))
        for (const auto& [column, cells] : node.at("values").members())
            for (const auto& [cell, fields] : cells.members())
                out.values[column][cell] = read_fields(fields);
    if (node.has("defaults"))
        out.defaults = read_fields(node.at("defaults"));
    if (node.has("supplier"))
        out.defaults["supplier"] = node.at("supplier").text();
    constexpr std::pair<std::string_view, bool> last_days[] = {{"included", true}, {"excluded", false}};
    if (node.has("last_day"))
        out.last_day_included = node.at("last_day").one_of<bool>(last_days);
    return out;
}

} // namespace

result<InvoiceMapping> parse_invoice_mapping(std::string_view json)
{
    if (json.size() > mapping_bytes_max)
        return fail(errc::bad_config, "mapping: larger than " + std::to_string(mapping_bytes_max) + " bytes");
    const auto document = nlohmann::json::parse(json, nullptr, false);
    if (document.is_discarded())
        return fail(errc::bad_config, "mapping: not JSON");
    std::optional<JsonProblem> problem;
    InvoiceMapping mapping = read_mapping({document, "", problem});
    if (problem)
        return fail(errc::bad_config, "mapping: " + problem->pointer + ": " + problem->reason);
    return mapping;
}

} // namespace releve::app
