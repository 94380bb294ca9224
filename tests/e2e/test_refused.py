"""Each refusal over the real socket: counted under its own state, kept with its reason, not confirmed, not stored; and
an honest meter is served afterwards."""
import datetime
import re

import pytest

from dlms import AUTHENTICATED, ENCRYPTED, GENERAL_CIPHERING, half_hours, length, protect, utc, wrap
from product import eventually

DAY = datetime.date(2026, 2, 4)
STARTS = half_hours(DAY)


def body(meter, value=4321):
    return meter.single_value(STARTS[20], value)


@pytest.fixture
def honest(shared, new_meter):
    """Checks that the server goes on as if nothing had happened."""
    meter = new_meter()
    shared.import_meters(meter)

    def check(link=None):
        push = meter.push(body(meter, 600))
        if link:
            link.exchange(push)
        with shared.connect() as other:
            other.exchange(meter.push(body(meter, 600)))
        return 2 if link else 1

    return check


def check_refused(server, state, send, honest, sender, frame, stream_goes_on=True, detail=""):
    """`send(link)` must add exactly one refused frame. `frame`: the bytes that are kept."""
    before, known = server.frames(), server.quarantine()
    with server.connect() as link:
        send(link)
        eventually(lambda: server.frames() != before)
        # On the same connection the first answer is the honest meter's: the refused frame got none.
        accepted = honest(link if stream_goes_on else None)
        if not stream_goes_on:
            assert link.receive() is None, "the stream is lost: it is closed without a word"
    assert server.frames_since(before) == {state: 1, "accepted": accepted}
    rows = [row for id, row in server.quarantine().items() if id not in known]
    assert [row["reason"] for row in rows] == [state]
    row = rows[0]
    assert row["peer"] == "127.0.0.1" and row["frame_bytes"] == len(frame)
    assert row["system_title"] == (sender.title.hex() if sender else None)
    assert row["detail"] and re.search(detail, row["detail"]), row["detail"]
    check_command_line(server, row, frame)
    return row


def check_command_line(server, row, frame):
    listed = server.cli("quarantine", "list", "--reason", row["reason"]).out.splitlines()
    line = next(line for line in listed if line.startswith(f"{row['id']} "))
    assert line.split()[2:4] == [row["reason"], row["system_title"] or "-"] and line.endswith(row["detail"])
    shown = server.cli("quarantine", "show", row["id"]).out
    assert f"reason    {row['reason']} - " in shown and f"frame     {frame.hex()}\n" in shown


def check_not_stored(server, meter):
    assert server.readings(meter, DAY) == {}
    assert server.daily(meter, DAY)["missing"] == 48


def test_unknown_meter(shared, new_meter, honest):
    stranger = new_meter()
    push = stranger.push(body(stranger))
    row = check_refused(shared, "unknown_meter", lambda link: link.send(push), honest, stranger, push.apdu)
    assert row["counter"] == push.counter and row["meter"] is None


def test_no_key(shared, new_meter, honest):
    meter = new_meter(encryption_key="", authentication_key="")
    shared.import_meters(meter)
    push = meter.push(body(meter))
    check_refused(shared, "no_key", lambda link: link.send(push), honest, meter, push.apdu)
    check_not_stored(shared, meter)


def test_wrong_key(shared, new_meter, honest):
    meter = new_meter()
    shared.import_meters(meter)
    push = meter.push(body(meter), encryption_key=b"another key here")
    row = check_refused(shared, "wrong_key", lambda link: link.send(push), honest, meter, push.apdu)
    assert row["meter"] is not None
    check_not_stored(shared, meter)


@pytest.mark.parametrize("where", ["tag", "text"])
def test_bad_tag(shared, new_meter, honest, where):
    meter = new_meter()
    shared.import_meters(meter)
    push = meter.push(body(meter))
    at = len(push.apdu) - (1 if where == "tag" else 14)
    altered = push.apdu[:at] + bytes([push.apdu[at] ^ 1]) + push.apdu[at + 1:]
    check_refused(shared, "bad_tag", lambda link: link.send(wrap(altered)), honest, meter, altered)
    check_not_stored(shared, meter)


def test_bad_tag_for_another_authentication_key(shared, new_meter, honest):
    meter = new_meter()
    shared.import_meters(meter)
    push = meter.push(body(meter), authentication_key=b"another key here")
    check_refused(shared, "bad_tag", lambda link: link.send(push), honest, meter, push.apdu)


def test_a_forged_high_counter_does_not_block_the_meter(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    forged = meter.push(body(meter), counter=0xFFFFFFFF, encryption_key=b"another key here")
    with shared.connect() as link:
        link.send(forged)
        link.exchange(meter.push(body(meter, 555)))
    assert shared.readings(meter, DAY) == {STARTS[20]: 555}


def test_replay(shared, new_meter, honest):
    meter = new_meter()
    shared.import_meters(meter)
    with shared.connect() as link:
        first = meter.push(body(meter, 300))
        link.exchange(first)
    push = meter.push(body(meter, 999), counter=first.counter)
    check_refused(shared, "replay", lambda link: link.send(push), honest, meter, push.apdu, detail=str(first.counter))
    assert shared.readings(meter, DAY) == {STARTS[20]: 300}


@pytest.mark.parametrize("control", [ENCRYPTED, AUTHENTICATED, 0x00])
def test_policy_weaker_protection(shared, new_meter, honest, control):
    meter = new_meter()
    shared.import_meters(meter)
    push = meter.push(body(meter), control=control)
    check_refused(shared, "policy", lambda link: link.send(push), honest, meter, push.apdu, detail="missing")
    check_not_stored(shared, meter)


def test_policy_in_clear_from_a_meter_that_is_known_by_this_connection(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    before = shared.frames()
    with shared.connect() as link:
        link.exchange(meter.push(meter.single_value(STARTS[0], 10)))
        link.send(meter.push(body(meter), control=None))
        eventually(lambda: shared.frames_since(before).get("policy"))
        link.exchange(meter.push(meter.single_value(STARTS[1], 11)))
    assert shared.frames_since(before) == {"accepted": 2, "policy": 1}
    assert shared.readings(meter, DAY) == {STARTS[0]: 10, STARTS[1]: 11}


def test_clear_from_nobody_in_particular(shared, new_meter, honest):
    """In clear anybody can claim a name: it does not become the name of a meter that protects its messages."""
    meter = new_meter()
    shared.import_meters(meter)
    push = meter.push(body(meter), control=None)
    check_refused(shared, "unknown_meter", lambda link: link.send(push), honest, None, push.apdu)
    check_not_stored(shared, meter)


@pytest.mark.parametrize("apdu", [b"\xff\x00garbage", b"\xc0\x01\xc1\x00\x08\x00\x00\x01\x00\x00\xff\x02\x00", b"\xdb"])
def test_malformed_apdu(shared, honest, apdu):
    check_refused(shared, "malformed", lambda link: link.send(wrap(apdu)), honest, None, apdu)


def test_malformed_trailing_bytes(shared, new_meter, honest):
    meter = new_meter()
    shared.import_meters(meter)
    apdu = meter.push(body(meter)).apdu + b"\x00"
    check_refused(shared, "malformed", lambda link: link.send(wrap(apdu)), honest, meter, apdu)
    check_not_stored(shared, meter)


def test_malformed_wrapper_version(shared, new_meter, honest):
    meter = new_meter()
    shared.import_meters(meter)
    frame = wrap(meter.push(body(meter)).apdu, version=2)
    check_refused(shared, "malformed", lambda link: link.send(frame), honest, None, frame, stream_goes_on=False,
                  detail="version 0002")
    check_not_stored(shared, meter)


def test_malformed_connection_cut_inside_a_message(shared, new_meter, honest):
    meter = new_meter()
    shared.import_meters(meter)
    cut = meter.push(body(meter)).frame[:-5]

    def send(link):
        link.send(cut)
        link.finish_sending()

    check_refused(shared, "malformed", send, honest, None, cut, stream_goes_on=False, detail="inside a message")
    check_not_stored(shared, meter)


@pytest.mark.parametrize("at", [utc(2025, 9, 30, 20, 0), "future"])
def test_time_out_of_range(shared, new_meter, honest, at):
    meter = new_meter()
    shared.import_meters(meter)
    if at == "future":
        hour = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)
        at = hour + datetime.timedelta(days=3)
    push = meter.push(meter.single_value(at, 5))
    check_refused(shared, "time_out_of_range", lambda link: link.send(push), honest, meter, push.apdu)
    assert shared.readings(meter, at.date() - datetime.timedelta(days=1), days=3) == {}


def test_unsupported_general_ciphering(shared, new_meter, honest):
    """Its default is off; title and keys are right."""
    meter = new_meter()
    shared.import_meters(meter)
    push = meter.push(body(meter))
    content = protect(push.plaintext, meter.title, push.counter, meter.encryption_key, meter.authentication_key)
    apdu = (bytes([GENERAL_CIPHERING]) + b"\x00" + b"\x08" + meter.title + b"\x00\x00\x00" + b"\x00" +
            length(len(content)) + content)
    check_refused(shared, "unsupported", lambda link: link.send(wrap(apdu)), honest, meter, apdu,
                  detail="general-ciphering")
    check_not_stored(shared, meter)


@pytest.mark.parametrize("control", [0x31, 0x70, 0xB0])
def test_unsupported_suite_broadcast_and_compression(shared, new_meter, honest, control):
    meter = new_meter()
    shared.import_meters(meter)
    push = meter.push(body(meter), control=control)
    check_refused(shared, "unsupported", lambda link: link.send(push), honest, meter, push.apdu)
    check_not_stored(shared, meter)
