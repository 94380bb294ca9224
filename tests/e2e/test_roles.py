"""Collector and API as two processes on one database."""
import datetime

from dlms import half_hours
from product import eventually

DAY = datetime.date(2026, 2, 15)
STARTS = half_hours(DAY)


def test_collector_and_api_apart(make_server, new_meter):
    collector = make_server(start=False)
    collector.start("--role", "collect")
    assert set(collector.ports) == {"tcp"}
    api = collector.start_companion("--role", "api")
    assert set(api.ports) == {"api"}
    meter = new_meter()
    api.import_meters(meter, wait=False)
    eventually(lambda: api.get("/api/v1/meters", role="operator")["meters"])
    pushes = [meter.push(meter.single_value(start, 60)) for start in STARTS[:2]]
    with collector.connect() as link:
        link.send(pushes[0])  # perhaps before the collector has heard of the meter; then it waits
        eventually(lambda: api.readings(meter, DAY) == {STARTS[0]: 60})
        link.send(pushes[1])
        eventually(lambda: api.readings(meter, DAY) == {start: 60 for start in STARTS[:2]})
    assert collector.stop() == 0
    assert api.ask("/readyz").status == 200, "the database stays as long as one needs it"
    assert len(api.readings(meter, DAY)) == 2
    collector.start("--role", "collect")
    with collector.connect() as link:
        for push in pushes:
            link.exchange(push)
    assert api.stop() == 0
    assert collector.postmaster()
