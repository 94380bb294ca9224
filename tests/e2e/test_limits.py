"""Every connection has deadlines, and there is a bound on their number. The settings are short here; nothing asserts how
long something took."""
import datetime
import socket

from dlms import half_hours
from product import eventually

DAY = datetime.date(2026, 2, 26)
STARTS = half_hours(DAY)


def count(server, name, label):
    return server.metrics()[f"{name}{{{label}}}"]


def test_idle_and_message_deadlines(make_server, new_meter):
    server = make_server(collector__idle_timeout_s=1, collector__message_timeout_s=1)
    meter = new_meter()
    server.import_meters(meter)
    with server.connect() as silent:
        assert silent.receive() is None
    eventually(lambda: count(server, "releve_timeouts_total", 'deadline="idle"') == 1)

    before = server.frames()
    frame = meter.push(meter.single_value(STARTS[0], 5)).frame
    with server.connect() as slow:
        slow.send(frame[:20])
        assert slow.receive() is None
    eventually(lambda: count(server, "releve_timeouts_total", 'deadline="message"') == 1)
    eventually(lambda: server.frames_since(before) == {"malformed": 1})

    with server.connect() as dripping:  # further bytes do not extend the deadline of a message
        def drip():
            try:
                dripping.send(frame[:1])
            except ConnectionError:
                return True
            return count(server, "releve_timeouts_total", 'deadline="message"') == 2

        dripping.send(frame[:8])
        eventually(drip)
    with server.connect() as link:
        link.exchange(meter.push(meter.single_value(STARTS[1], 6)))
    assert server.readings(meter, DAY) == {STARTS[1]: 6}


def test_connections_of_one_address(make_server, new_meter):
    server = make_server(collector__connections_per_address_max=2)
    meter = new_meter()
    server.import_meters(meter)
    first, second = server.connect(), server.connect()
    eventually(lambda: server.metrics()["releve_connections_open"] == 2)
    with server.connect() as third:
        assert third.receive() is None, "over the limit: closed without a word"
    assert count(server, "releve_connections_refused_total", 'limit="address"') == 1
    with server.connect(address="127.0.0.2") as neighbour:
        neighbour.exchange(meter.push(meter.single_value(STARTS[0], 1)))
    first.close()
    eventually(lambda: server.metrics()["releve_connections_open"] == 1)
    with server.connect() as link:
        link.exchange(meter.push(meter.single_value(STARTS[1], 2)))
    second.close()


def test_connections_in_all(make_server):
    server = make_server(collector__connections_max=1)
    with server.connect():
        eventually(lambda: server.metrics()["releve_connections_open"] == 1)
        with server.connect(address="127.0.0.2") as refused:
            assert refused.receive() is None
        assert count(server, "releve_connections_refused_total", 'limit="total"') == 1


def test_a_full_queue_stops_the_reading_of_sockets_and_loses_nothing(make_server, new_meter):
    server = make_server(collector__queue_frames=16, collector__batch_frames=4, collector__writers=1,
                         collector__frames_outstanding_max=1000)
    meters = [new_meter() for _ in range(8)]
    server.import_meters(*meters)
    links = [server.connect() for _ in meters]
    pushes = {meter: [meter.push(meter.single_value(start, n)) for start in STARTS] for n, meter in enumerate(meters)}
    for link, meter in zip(links, meters):
        link.send(*pushes[meter])
    for link, meter in zip(links, meters):
        for push in pushes[meter]:
            link.confirm(push)
        link.close()
    assert server.metrics()["releve_read_pauses_total"] > 0
    assert server.frames()["accepted"] == 8 * 48
    for n, meter in enumerate(meters):
        assert server.readings(meter, DAY) == {start: n for start in STARTS}


def test_a_message_longer_than_allowed(make_server, new_meter):
    server = make_server(collector__apdu_bytes_max=500)
    meter = new_meter()
    server.import_meters(meter)
    with server.connect() as link:
        link.send(meter.push(meter.day(STARTS, [1] * 48)))
        assert link.receive() is None
    assert server.frames()["malformed"] == 1
    with server.connect() as link:
        link.exchange(meter.push(meter.single_value(STARTS[1], 6)))


def test_one_who_takes_no_confirmations_is_not_read_on(make_server, new_meter):
    """Repetitions of a message are confirmed again: what nobody takes of that must not pile up here."""
    server = make_server(collector__write_timeout_s=300)
    meter = new_meter()
    server.import_meters(meter)
    push = meter.push(meter.single_value(STARTS[0], 1))
    with server.connect() as link:
        link.exchange(push)
    with server.connect() as deaf:
        deaf.socket.setblocking(False)
        deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        rest = bytearray()

        def is_waiting():
            rest.extend(b"" if rest else push.frame * 256)
            try:
                del rest[:deaf.socket.send(rest)]
            except BlockingIOError:
                pass
            return server.metrics()["releve_answer_pauses_total"] >= 1

        eventually(is_waiting)
        with server.connect() as link:
            link.exchange(meter.push(meter.single_value(STARTS[1], 2)))
    assert server.readings(meter, DAY) == {STARTS[0]: 1, STARTS[1]: 2}
