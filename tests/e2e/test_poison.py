"""A row that the database refuses does not hold up the others of its batch, and is told."""
import datetime
import select

from dlms import half_hours
from product import eventually

DAY = datetime.date(2026, 2, 7)
STARTS = half_hours(DAY)


def test_what_the_database_refuses_is_isolated_told_and_taken_later(make_server, new_meter):
    # All of it in one batch: one writer, and time to gather.
    server = make_server(collector__writers=1, collector__batch_wait_ms=200)
    meters = [new_meter() for _ in range(8)]
    poisoned = meters[3]
    server.import_meters(*meters)
    ((number,),) = server.sql(f"SELECT id FROM meter WHERE address = '{poisoned.title.hex()}'")
    server.sql(f"ALTER TABLE interval_day ADD CONSTRAINT poison CHECK (meter_id <> {number})")
    pushes = {meter: meter.push(meter.day(STARTS, [n] * 48)) for n, meter in enumerate(meters)}
    before = server.frames()
    links = {meter: server.connect() for meter in meters}
    for meter in meters:
        links[meter].send(pushes[meter])
    for meter in meters:
        if meter is not poisoned:
            links[meter].confirm(pushes[meter])
    eventually(lambda: server.frames_since(before) == {"accepted": 7, "store_refused": 1})
    assert select.select([links[poisoned].socket], [], [], 0)[0] == []
    (row,) = server.quarantine(reason="store_refused").values()
    assert row["system_title"] == poisoned.title.hex() and row["counter"] == pushes[poisoned].counter
    for n, meter in enumerate(meters):
        assert server.readings(meter, DAY) == ({} if meter is poisoned else {start: n for start in STARTS})

    server.sql("ALTER TABLE interval_day DROP CONSTRAINT poison")
    links[poisoned].exchange(pushes[poisoned])  # it was never accepted: no duplicate, no replay
    assert server.readings(poisoned, DAY) == {start: 3 for start in STARTS}
    for link in links.values():
        link.close()
