"""A stream of bytes has no message boundaries: however it is cut, the same messages come out of it."""
import datetime

from dlms import blocks, half_hours, wrap
from link import confirms
from product import eventually

DAY = datetime.date(2026, 2, 11)
STARTS = half_hours(DAY)


def test_byte_by_byte(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    push = meter.push(meter.single_value(STARTS[0], 1234))
    with shared.connect() as link:
        for octet in push.frame:
            link.send(bytes([octet]))
        link.confirm(push)
    assert shared.readings(meter, DAY) == {STARTS[0]: 1234}


def test_two_messages_in_one_segment_and_a_cut_in_the_next(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    pushes = [meter.push(meter.single_value(STARTS[i], 100 + i)) for i in range(4)]
    with shared.connect() as link:
        link.send(pushes[0], pushes[1], pushes[2].frame[:50])
        link.confirm(pushes[0])
        link.confirm(pushes[1])
        link.send(pushes[2].frame[50:], pushes[3])
        link.confirm(pushes[2])
        link.confirm(pushes[3])
    assert shared.readings(meter, DAY) == {STARTS[i]: 100 + i for i in range(4)}


def test_two_meters_on_one_connection(shared, new_meter):
    meters = [new_meter(), new_meter()]
    shared.import_meters(*meters)
    with shared.connect() as link:
        for i in range(3):
            pushes = [meter.push(meter.single_value(STARTS[i], 10 * (n + 1) + i)) for n, meter in enumerate(meters)]
            link.send(*pushes)
            # They have different writers perhaps: the order of two meters' answers is not promised.
            apdus = [link.receive()[2], link.receive()[2]]
            assert all(sum(confirms(push, apdu) for apdu in apdus) == 1 for push in pushes)
    for n, meter in enumerate(meters):
        assert shared.readings(meter, DAY) == {STARTS[i]: 10 * (n + 1) + i for i in range(3)}


def test_one_meter_on_two_connections(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    with shared.connect() as first, shared.connect() as second:
        first.exchange(meter.push(meter.single_value(STARTS[0], 5)))
        second.exchange(meter.push(meter.single_value(STARTS[1], 6)))
        first.exchange(meter.push(meter.single_value(STARTS[2], 7)))
    assert shared.readings(meter, DAY) == {STARTS[0]: 5, STARTS[1]: 6, STARTS[2]: 7}


def test_empty_messages_carry_nothing(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    before = shared.frames()
    with shared.connect() as link:
        link.send(wrap(b"") * 3)
        link.exchange(meter.push(meter.single_value(STARTS[0], 8)))
    assert shared.frames_since(before) == {"accepted": 1}


def test_the_meter_closes_its_direction_and_is_still_answered(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    push = meter.push(meter.single_value(STARTS[0], 9))
    with shared.connect() as link:
        link.send(push)
        link.finish_sending()
        link.confirm(push)
        assert link.receive() is None


def test_many_messages_without_waiting_for_answers(shared, new_meter):
    """More than may be outstanding on a connection: the socket is not read meanwhile, and nothing is lost."""
    meters = [new_meter() for _ in range(4)]
    shared.import_meters(*meters)
    pushes = [meter.push(meter.single_value(start, 50 + n)) for start in STARTS for n, meter in enumerate(meters)]
    with shared.connect() as link:
        link.send(*pushes)
        waiting = list(pushes)
        for _ in pushes:
            apdu = link.receive()[2]
            answered = next(push for push in waiting if confirms(push, apdu))
            # Of one meter, in order.
            assert answered is next(push for push in waiting if push.meter is answered.meter)
            waiting.remove(answered)
    for n, meter in enumerate(meters):
        assert shared.readings(meter, DAY) == {start: 50 + n for start in STARTS}


def test_block_transfer_of_a_ciphered_push(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    push = meter.push(meter.day(STARTS, list(range(200, 248))))
    pieces = list(blocks(push.apdu, 100))
    assert len(pieces) > 5
    before = shared.frames()
    with shared.connect() as link:
        link.send(*(wrap(piece) for piece in pieces))
        link.confirm(push)
    assert shared.frames_since(before) == {"accepted": 1}
    assert shared.readings(meter, DAY) == dict(zip(STARTS, range(200, 248)))


def test_block_transfer_begun_again(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    push = meter.push(meter.single_value(STARTS[7], 77))
    pieces = [wrap(piece) for piece in blocks(push.apdu, 30)]
    with shared.connect() as link:
        link.send(*pieces[:2], *pieces)
        link.confirm(push)
    assert shared.readings(meter, DAY) == {STARTS[7]: 77}


def test_block_transfer_with_a_hole(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    push = meter.push(meter.single_value(STARTS[7], 77))
    pieces = [wrap(piece) for piece in blocks(push.apdu, 30)]
    before = shared.frames()
    with shared.connect() as link:
        link.send(pieces[0], pieces[2])
        eventually(lambda: shared.frames_since(before).get("malformed"))
        link.exchange(push)  # in one piece
    assert shared.frames_since(before) == {"malformed": 1, "accepted": 1}
