#include <releve/app/fleet_import.hpp>

namespace releve::app {

namespace {

/// The weakest policy that takes what the meter sends.
dlms::Policy policy_for(std::uint8_t security_control)
{
    switch (security_control & (dlms::sc::authentication | dlms::sc::encryption)) {
    case dlms::sc::authentication | dlms::sc::encryption:
        return dlms::Policy::authenticated_encrypted;
    case dlms::sc::authentication:
        return dlms::Policy::authenticated;
    default:
        return dlms::Policy::encrypted;
    }
}

Bytes copy(std::span<const std::byte, 16> key)
{
    return {key.begin(), key.end()};
}

} // namespace

store::MeterImportRow import_row(const sim::Meter& meter, const ImportChoices& choices)
{
    const sim::MeterIdentity& identity = meter.identity();
    store::MeterImportRow row;
    row.system_title = to_hex(identity.system_title);
    row.serial = identity.serial;
    row.protocol = "dlms";
    row.model = "linky";
    row.policy = dlms::policy_name(policy_for(meter.options().security_control));
    row.replay = choices.replay;
    row.encryption_key = copy(identity.encryption.bytes());
    row.authentication_key = copy(identity.authentication.bytes());
    row.usage_point = identity.usage_point;
    row.energy = "electricity";
    row.installed_from = choices.installed_from;
    row.collection = choices.collection;
    row.concentrator = choices.concentrator;
    row.area = choices.area;
    return row;
}

std::string import_csv(std::span<const store::MeterImportRow> rows)
{
    std::string csv =
        "system_title,serial,protocol,model,policy,replay,encryption_key,authentication_key,usage_point,"
        "energy,installed_from,collection,concentrator,area\n";
    for (const store::MeterImportRow& row : rows) {
        const std::string collection = row.collection == store::Collection::daily ? "daily" : "half_hour";
        for (const std::string& cell :
             {row.system_title, row.serial, row.protocol, row.model, row.policy, row.replay,
              to_hex(row.encryption_key), to_hex(row.authentication_key), row.usage_point, row.energy,
              to_iso8601(row.installed_from), collection, row.concentrator})
            csv += cell + ",";
        csv += row.area + "\n";
    }
    return csv;
}

} // namespace releve::app
