#include "api_impl.hpp"

#include <releve/engine/gas.hpp>

#include <map>

namespace releve::store {

ApiStore::ApiStore(DatabaseAddress address, ModelLookup models)
    : impl_(std::make_unique<Impl>(Impl{Session{std::move(address), DbRole::api}, std::move(models)}))
{
}
ApiStore::~ApiStore() = default;

void ApiStore::ping()
{
    (void)impl_->session.transaction([](Work& work) -> result<void> {
        work.run("SELECT 1");
        return {};
    });
}

result<Identity> ApiStore::authenticate(const std::string& key, Instant now)
{
    Identity who;
    who.key = key;
    return impl_->as(who, [&](Work& work) -> result<Identity> {
        const Table rows = work.run(
            "SELECT id, role, label, extract(epoch FROM expires_at)::int8, organisations, usage_points "
            "FROM releve_identity()");
        if (rows.empty() || rows[0].instant(3) <= now)
            return fail(errc::unauthorized);
        RELEVE_TRY(role, parse_role(rows[0].text(1)));
        who.token_id = rows[0].integer(0);
        who.role = role;
        who.label = rows[0].text(2);
        who.organisations = rows[0].list(4);
        for (auto& id : rows[0].list(5))
            who.usage_points.push_back({std::move(id)});
        return who;
    });
}

namespace {

// The area is that of the meter that was installed last.
constexpr const char* usage_point_columns = "SELECT u.id, u.energy, u.zone, u.collection, coalesce(s.name, "
                                            "''), coalesce(s.kind, ''), u.organisation, "
                                            "coalesce((SELECT m.area FROM installation i JOIN meter m ON "
                                            "m.id = i.meter_id WHERE i.usage_point = u.id AND i.purpose = 'metering' "
                                            "ORDER BY lower(i.validity) DESC LIMIT 1), '') "
                                            "FROM usage_point u LEFT JOIN site s ON s.id = u.site ";

result<UsagePointRow> read_usage_point(const Row& row)
{
    RELEVE_TRY(collection, parse_collection(row.text(3)));
    return UsagePointRow{{row.text(0)}, row.text(1), row.text(2), collection,
                         row.text(4),   row.text(5), row.text(6), row.text(7)};
}

} // namespace

result<std::vector<UsagePointRow>> ApiStore::list_usage_points(const Identity& who, const Page& page)
{
    return impl_->as(who, [&](Work& work) -> result<std::vector<UsagePointRow>> {
        std::vector<UsagePointRow> list;
        for (const Row& row :
             work.run(std::string{usage_point_columns} + "WHERE u.id > $1 ORDER BY u.id LIMIT $2::int4",
                      {page.after, page.limit})) {
            RELEVE_TRY(point, read_usage_point(row));
            list.push_back(std::move(point));
        }
        return list;
    });
}

result<UsagePointRow> ApiStore::usage_point(const Identity& who, const UsagePointId& id)
{
    return impl_->as(who, [&](Work& work) -> result<UsagePointRow> {
        const Table rows = work.run(std::string{usage_point_columns} + "WHERE u.id = $1", {id.value});
        if (rows.empty())
            return fail(errc::not_found);
        note_access(work, who, {id, "usage_point", {}, {}});
        return read_usage_point(rows[0]);
    });
}

result<std::string> ApiStore::zone_name(const Identity& who, const UsagePointId& id)
{
    return impl_->as(who, [&](Work& work) -> result<std::string> {
        const Table rows = work.run("SELECT zone FROM usage_point WHERE id = $1", {id.value});
        if (rows.empty())
            return fail(errc::not_found);
        return rows[0].text(0);
    });
}

result<std::vector<AccessRow>> ApiStore::accesses(const Identity& who, const UsagePointId& id,
                                                  const Page& page)
{
    return impl_->as(who, [&](Work& work) -> result<std::vector<AccessRow>> {
        RELEVE_CHECK(impl_->see(work, id));
        std::vector<AccessRow> list;
        const Table rows = work.run(
            "SELECT id, extract(epoch FROM at)::int8, role, who, what, day_from, day_to FROM access_log "
            "WHERE usage_point = $1 AND ($2 = '' OR id < nullif($2, '')::int8) "
            "ORDER BY id DESC LIMIT $3::int4",
            {id.value, page.after, page.limit});
        for (const Row& row : rows) {
            AccessRow access{row.integer(0), row.instant(1), row.text(2), row.text(3), row.text(4), {}, {}};
            if (!row.null(5))
                access.from = row.day(5);
            if (!row.null(6))
                access.to = row.day(6);
            list.push_back(std::move(access));
        }
        // People who look at who looked at them would otherwise only see themselves.
        if (who.role != Role::household)
            note_access(work, who, {id, "accesses", {}, {}});
        return list;
    });
}

result<SeenUsagePoint> ApiStore::Impl::see(Work& work, const UsagePointId& id) const
{
    auto point = find_usage_point(work, id, models);
    if (!point && point.error().code == errc::not_found)
        return fail(errc::not_found); // one that is not there and one that may not be seen are told alike
    return point;
}

result<SeenUsagePoint> find_usage_point(Work& work, const UsagePointId& id, const ModelLookup& models)
{
    const Table points = work.run("SELECT zone, energy, collection FROM usage_point WHERE id = $1", {id.value});
    if (points.empty())
        return fail(errc::not_found, "there is no usage point " + id.value);
    RELEVE_TRY(collection, parse_collection(points[0].text(2)));
    return SeenUsagePoint{id, points[0].text(0), points[0].text(1), collection, meter_periods(work, id, models)};
}

std::vector<MeterPeriod> meter_periods(Work& work, const UsagePointId& id, const ModelLookup& models)
{
    std::vector<MeterPeriod> meters;
    for (const Row& row : work.run("SELECT i.meter_id, m.model, extract(epoch FROM lower(i.validity))::int8, extract(epoch FROM upper(i.validity))::int8 "
                                   "FROM installation i JOIN meter m ON m.id = i.meter_id WHERE i.usage_point = $1 AND i.purpose = 'metering' "
                                   "ORDER BY lower(i.validity)",
                                   {id.value}))
        meters.push_back({MeterId{static_cast<std::int32_t>(row.integer(0))}, models ? models(row.text(1)) : nullptr, row.validity(2, 3)});
    return meters;
}

void note_access(Work& work, const Identity& who, const AccessNote& note)
{
    work.run("INSERT INTO access_log (token, role, who, usage_point, what, day_from, day_to) "
             "VALUES ($1::int8, $2, $3, $4, $5, $6::date, $7::date)",
             {who.token_id, role_name(who.role), who.label, note.usage_point.value, note.what, note.from,
              note.to});
}

result<const ChannelModel*> choose_channel(const SeenUsagePoint& point, const std::string& name)
{
    bool known = point.meters.empty();
    for (auto period = point.meters.rbegin(); period != point.meters.rend(); ++period) {
        if (period->model == nullptr)
            continue;
        known = true;
        if (const ChannelModel* channel =
                name.empty() ? period->model->main_channel() : period->model->find_by_name(name))
            return channel;
    }
    if (!known)
        return fail(errc::internal, "the description of this meter's model is not loaded");
    static const ChannelModel half_hours{}, gas_index = [] {
        ChannelModel made;
        made.name = "volume_index";
        made.kind = ChannelKind::reading;
        made.quantity = Quantity::cumulative;
        made.unit = Unit::cubic_metre;
        made.scaler = -3;
        made.day_start = engine::gas_day_start;
        return made;
    }();
    if (name.empty())
        return point.energy == "gas" ? &gas_index : &half_hours;
    return fail(errc::bad_parameter, "channel: the meter has none of this name");
}

result<const Zone*> zone_of(const SeenUsagePoint& point) { return zone_named(point.zone); }

} // namespace releve::store
