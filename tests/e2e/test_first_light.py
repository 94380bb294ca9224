"""From a meter's push to a committed reading and a household's day."""
import datetime
import json

import pytest

from dlms import Meter, energy_wh, half_hours, utc, wrap
from product import ROOT, eventually

VECTOR = next(v for v in json.loads((ROOT / "tests/vectors/dlms.json").read_text()) if v["id"] == "dlms-push-linky-daily-index")
ORDINARY_DAY = datetime.date(2026, 1, 14)
CLOCKS_FORWARD, CLOCKS_BACK = datetime.date(2026, 3, 29), datetime.date(2025, 10, 26)


def vector_meter():
    meter = Meter("vector")
    meter.title = bytes.fromhex(VECTOR["expected"]["system_title"])
    meter.encryption_key = bytes.fromhex(VECTOR["inputs"]["encryption_key"])
    meter.authentication_key = bytes.fromhex(VECTOR["inputs"]["authentication_key"])
    return meter


def vector_push(meter):
    """The public frame as it is, with what its confirmation must repeat."""
    plaintext = bytes.fromhex(VECTOR["expected"]["plaintext"])
    push = meter.push(b"", counter=VECTOR["expected"]["invocation_counter"])
    push.apdu = bytes.fromhex(VECTOR["inputs"]["stream"])[8:]
    push.invoke_id = int(VECTOR["expected"]["decoded"]["long_invoke_id_and_priority"], 16)
    push.sent_at = plaintext[6:18]
    assert push.frame.hex() == VECTOR["inputs"]["stream"]
    return push


def test_the_public_vector_becomes_indexes(shared):
    meter = vector_meter()
    shared.import_meters(meter)
    before = shared.frames()
    with shared.connect() as link:
        link.exchange(vector_push(meter))
    assert shared.frames_since(before) == {"accepted": 1}
    values = [element["v"] for element in VECTOR["expected"]["decoded"]["body"]["v"]][2:]
    channels = ["total", "supplier_1", "supplier_2", "distributor_1", "distributor_2"]
    day = datetime.date(2026, 3, 1)
    for channel, value in zip(channels, values):
        read = shared.readings(meter, day, channel=f"active_energy_import_{channel}")
        assert read == {utc(2026, 3, 1): value}, channel
    assert shared.daily(meter, day)["energy_wh"] is None, "indexes alone are no curve"


@pytest.mark.parametrize("day, slots", [(ORDINARY_DAY, 48), (CLOCKS_FORWARD, 46), (CLOCKS_BACK, 50)])
def test_a_day_of_half_hours(shared, new_meter, day, slots):
    meter = new_meter()
    shared.import_meters(meter)
    starts = half_hours(day)
    values = [300 + 37 * i % 600 for i in range(slots)]
    assert len(starts) == slots
    with shared.connect() as link:
        link.exchange(meter.push(meter.day(starts, values, total=21_000_000), sent_at=starts[-1]))
    assert shared.readings(meter, day) == dict(zip(starts, values))
    total = {"date": day.isoformat(), "energy_wh": energy_wh(values), "slots": slots, "missing": 0, "estimated": 0}
    eventually(lambda: shared.daily(meter, day) == {**total, "quality": "valid"})  # "raw" until the rules have looked
    midnight = half_hours(day + datetime.timedelta(days=1))[0]
    index = shared.readings(meter, day + datetime.timedelta(days=1), channel="active_energy_import_total")
    assert index == {midnight: 21_000_000}


def test_energy_is_rounded_once_and_half_upwards(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    starts = half_hours(ORDINARY_DAY)
    with shared.connect() as link:
        link.exchange(meter.push(meter.day(starts, [1] * 47 + [0])))
    assert shared.daily(meter, ORDINARY_DAY)["energy_wh"] == 24, "47 half-hours of 1 W are 23.5 Wh"


def test_missing_half_hours_are_shown_as_missing(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    starts = half_hours(ORDINARY_DAY)
    with shared.connect() as link:
        for at in (3, 4, 40):
            link.exchange(meter.push(meter.single_value(starts[at], 1000 + at)))
    assert shared.readings(meter, ORDINARY_DAY) == {starts[at]: 1000 + at for at in (3, 4, 40)}
    assert shared.daily(meter, ORDINARY_DAY) == {"date": ORDINARY_DAY.isoformat(), "energy_wh": 1524, "slots": 48,
                                                 "missing": 45, "estimated": 0, "quality": "incomplete"}


def test_an_unconfirmed_push_is_stored_and_not_answered(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    start = half_hours(ORDINARY_DAY)[0]
    before = shared.frames()
    with shared.connect() as link:
        link.send(meter.push(meter.single_value(start, 700), confirmed=False))
        link.exchange(meter.push(meter.single_value(start, 700)))  # the first answer is to the second message
    assert shared.frames_since(before) == {"accepted_unconfirmed": 1, "accepted": 1}
    assert shared.readings(meter, ORDINARY_DAY) == {start: 700}


def test_addresses_of_the_wrapper_come_back_exchanged(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    push = meter.push(meter.single_value(half_hours(ORDINARY_DAY)[0], 1))
    with shared.connect() as link:
        link.send(wrap(push.apdu, source=0x11, destination=0x67))
        assert link.receive()[:2] == (0x67, 0x11)
