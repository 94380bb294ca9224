"""The same bytes again are a duplicate and confirmed again; the same number over other bytes is a replay."""
import datetime

from dlms import energy_wh, half_hours
from product import eventually

DAY = datetime.date(2026, 2, 17)
STARTS = half_hours(DAY)


def value(meter, at, watts, counter):
    return meter.push(meter.single_value(STARTS[at], watts), counter=counter)


def revisions(server, meter):
    return server.sql("SELECT day, rev, batch FROM interval_day JOIN meter ON id = meter_id "
                      f"WHERE address = '{meter.title.hex()}'")


def refuse(server, link, push, state="replay"):
    before = server.frames()
    link.send(push)
    eventually(lambda: server.frames() != before)
    assert server.frames_since(before) == {state: 1}


def test_a_duplicate_gets_the_same_answer_and_is_stored_once(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    push = meter.push(meter.day(STARTS, list(range(400, 448))))
    before, readings = shared.frames(), shared.metrics()["releve_readings_total"]
    with shared.connect() as link:
        answers = [link.exchange(push)]
        written = revisions(shared, meter)
        answers += [link.exchange(push), link.exchange(push)]
    with shared.connect() as link:
        link.send(push, push)
        answers += [link.confirm(push), link.confirm(push)]
    assert len(set(answers)) == 1
    assert shared.frames_since(before) == {"accepted": 1, "duplicate": 4}
    assert shared.metrics()["releve_readings_total"] - readings == 48 + 15
    assert shared.readings(meter, DAY) == dict(zip(STARTS, range(400, 448)))
    assert revisions(shared, meter) == written


def test_a_duplicate_in_the_same_segment_waits_for_the_same_commit(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    push = value(meter, 0, 20, 7)
    before = shared.frames()
    with shared.connect() as link:
        link.send(push, push, push)
        assert len({link.confirm(push) for _ in range(3)}) == 1
    assert shared.frames_since(before) == {"accepted": 1, "duplicate": 2}


def test_strict_counters_only_rise(shared, new_meter):
    meter = new_meter(replay="strict")
    shared.import_meters(meter)
    with shared.connect() as link:
        link.exchange(value(meter, 0, 100, 50))
        link.exchange(last := value(meter, 1, 101, 60))
        refuse(shared, link, value(meter, 2, 102, 55))
        refuse(shared, link, value(meter, 1, 999, 60))
        link.exchange(last)
        link.exchange(value(meter, 3, 103, 61))
    assert shared.readings(meter, DAY) == {STARTS[0]: 100, STARTS[1]: 101, STARTS[3]: 103}


def test_window_takes_what_a_concentrator_reorders(shared, new_meter):
    meter = new_meter(replay="window")
    shared.import_meters(meter)
    with shared.connect() as link:
        for at, counter in enumerate([100, 103, 101, 102, 40, 164]):
            link.exchange(value(meter, at, 100 + at, counter))
        refuse(shared, link, value(meter, 20, 1, 100))  # exactly 64 behind: too old to tell
        link.exchange(value(meter, 21, 121, 110))
        refuse(shared, link, value(meter, 22, 2, 110))
        refuse(shared, link, value(meter, 23, 3, 41))
    expected = {STARTS[at]: 100 + at for at in range(6)}
    assert shared.readings(meter, DAY) == {**expected, STARTS[21]: 121}


def test_zero_and_the_greatest_counter_are_counters(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    with shared.connect() as link:
        link.exchange(value(meter, 0, 1, 0))
        link.exchange(value(meter, 1, 2, 0xFFFFFFFF))
        refuse(shared, link, value(meter, 2, 3, 1))
    assert shared.readings(meter, DAY) == {STARTS[0]: 1, STARTS[1]: 2}


def test_the_later_message_corrects_the_earlier_and_history_stays(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    with shared.connect() as link:
        link.exchange(meter.push(meter.day(STARTS, [200] * 48)))
        link.exchange(meter.push(meter.single_value(STARTS[9], 900)))
    assert shared.readings(meter, DAY) == {start: 900 if at == 9 else 200 for at, start in enumerate(STARTS)}
    assert shared.daily(meter, DAY)["energy_wh"] == energy_wh([200] * 47 + [900])
    history = shared.sql("SELECT count(*) FROM interval_history JOIN meter ON id = meter_id "
                         f"WHERE address = '{meter.title.hex()}'")
    assert history == [("1",)]


def test_repetitions_are_known_after_a_restart(make_server, new_meter):
    server = make_server()
    strict, window = new_meter(), new_meter(replay="window")
    server.import_meters(strict, window)
    pushes = [value(meter, at, 10 + at, 500 + at) for at in range(3) for meter in (strict, window)]
    with server.connect() as link:
        answers = [link.exchange(push) for push in pushes]
    assert server.stop() == 0
    server.start()
    with server.connect() as link:
        assert [link.exchange(push) for push in pushes] == answers
        refuse(server, link, value(strict, 9, 1, 501))
        refuse(server, link, value(strict, 9, 1, 490))
        refuse(server, link, value(window, 9, 1, 501))
        link.exchange(value(window, 9, 19, 490))
    frames = server.frames()
    assert (frames["duplicate"], frames["replay"], frames["accepted"]) == (6, 3, 1)
