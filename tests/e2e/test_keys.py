"""Keys that come late, keys that were wrong, and messages that wait for a description of their meter."""
import datetime
import json
import signal

from dlms import Meter, date_time, half_hours, octets, structure, u16, u32
from product import eventually, write_csv

DAY = datetime.date(2026, 2, 22)
STARTS = half_hours(DAY)


def three_values(meter, first=300, **how):
    return [meter.push(meter.single_value(STARTS[at], first + at), **how) for at in range(3)]


def send_and_count(server, state, *pushes):
    before = server.frames()
    with server.connect() as link:
        link.send(*pushes)
        eventually(lambda: sum(server.frames_since(before).values()) == len(pushes))
    assert server.frames_since(before) == {state: len(pushes)}


def waiting_for(server, meter):
    return [row for row in server.quarantine().values() if row["system_title"] == meter.title.hex()]


def test_messages_wait_for_their_key(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter, encryption_key="", authentication_key="")
    pushes = three_values(meter)
    send_and_count(shared, "no_key", *pushes)
    assert {row["reason"] for row in waiting_for(shared, meter)} == {"no_key"} and len(waiting_for(shared, meter)) == 3
    shared.import_meters(meter)
    eventually(lambda: len(shared.readings(meter, DAY)) == 3)
    assert shared.readings(meter, DAY) == {STARTS[at]: 300 + at for at in range(3)}
    eventually(lambda: not waiting_for(shared, meter))
    before = shared.frames()
    with shared.connect() as link:
        for push in pushes:
            link.exchange(push)  # never confirmed, so the meter sends it again
    assert shared.frames_since(before) == {"duplicate": 3}


def test_messages_wait_for_their_meter(shared, new_meter):
    meter = new_meter()
    send_and_count(shared, "unknown_meter", *three_values(meter))
    shared.import_meters(meter)
    eventually(lambda: len(shared.readings(meter, DAY)) == 3)
    eventually(lambda: not waiting_for(shared, meter))


def test_wrong_key_then_the_right_one(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter, encryption_key=b"not the key yet!".hex())
    send_and_count(shared, "wrong_key", *three_values(meter))
    assert shared.readings(meter, DAY) == {}
    shared.import_meters(meter)
    eventually(lambda: len(shared.readings(meter, DAY)) == 3)
    eventually(lambda: not waiting_for(shared, meter))


def test_a_meter_goes_on_with_its_old_key_until_it_takes_the_new_one(shared, new_meter):
    meter, renewed = new_meter(), new_meter()
    old = dict(encryption_key=meter.encryption_key, authentication_key=meter.authentication_key)
    shared.import_meters(meter)
    with shared.connect() as link:
        link.exchange(meter.push(meter.single_value(STARTS[0], 1)))
        meter.encryption_key, meter.authentication_key = renewed.encryption_key, renewed.authentication_key
        waiting = meter.push(meter.single_value(STARTS[1], 2), counter=1)  # the new key begins at its own first counter
        send_and_count(shared, "wrong_key", waiting)
        shared.import_meters(meter)
        eventually(lambda: len(shared.readings(meter, DAY)) == 2)
        fresh = meter.push(meter.single_value(STARTS[2], 3), counter=2)
        meter.encryption_key, meter.authentication_key = old.values()
        link.exchange(meter.push(meter.single_value(STARTS[3], 4)))
        meter.encryption_key, meter.authentication_key = renewed.encryption_key, renewed.authentication_key
        link.exchange(fresh)
    assert shared.readings(meter, DAY) == {STARTS[at]: at + 1 for at in range(4)}


def test_retry_by_hand_after_the_installation_was_corrected(shared, new_meter):
    meter = new_meter(installed_from="2026-02-23")
    shared.import_meters(meter)
    push = meter.push(meter.single_value(STARTS[5], 42))
    send_and_count(shared, "time_out_of_range", push)
    (row,) = waiting_for(shared, meter)
    before = shared.frames()
    assert "1 refused messages" in shared.cli("quarantine", "retry", row["id"]).out
    eventually(lambda: shared.frames() != before)
    assert shared.frames_since(before) == {"time_out_of_range": 1}, "nothing has changed yet"
    (row,) = waiting_for(shared, meter)
    before = shared.frames()
    shared.import_meters(meter, installed_from="2026-02-01")

    def retried():
        for row in waiting_for(shared, meter):
            shared.cli("quarantine", "retry", row["id"])
        return shared.frames_since(before).get("accepted")

    eventually(retried)
    assert shared.readings(meter, DAY) == {STARTS[5]: 42}
    assert not waiting_for(shared, meter)


# ------------------------------------------------------------------ models


def own_model(*layouts):
    """A meter that no release describes: one quarter-hourly channel and an index, in its own order."""
    words = {"label": {"en": "A value", "fr": "Une valeur"}, "plain": {"en": "A value.", "fr": "Une valeur."}}
    acme = Meter("acme's own")
    curve, index = "1.0.1.29.0.255", "1.0.1.8.0.255"
    described = {"clock": {"role": "clock"}, "name": {"role": "logical_device_name"}, "ignored": {"role": "ignored"},
                 "curve": {"role": "reading", "obis": curve, "stamp": "end"},
                 "index": {"role": "reading", "obis": index}}
    return {
        "model": "acme", "protocol": "dlms", "label": {"en": "Acme", "fr": "Acme"},
        "plain": {"en": "A meter of the tests.", "fr": "Un compteur des essais."},
        "quirks": {"undefined_deviation_is_local": True, "doubtful_clock_mask": 3},
        "channels": [
            {"channel": 1, "name": "quarters", "obis": curve, "kind": "interval", "quantity": "energy", "unit": "Wh",
             "step_s": 900, "main": True, **words},
            {"channel": 2, "name": "index", "obis": index, "kind": "reading", "quantity": "cumulative", "unit": "Wh",
             **words}],
        "layouts": [{"name": "-".join(elements), "elements": [described[e] for e in elements]} for elements in layouts],
        "tests": [{"name": "one value", "origin": "made for this test",
                   "apdu": acme.push(acme_bodies(acme, STARTS[0])[0]).plaintext.hex(),
                   "expect": {"layout": "clock-curve", "intervals": [
                       {"channel": "quarters", "start": f"{STARTS[0]:%Y-%m-%dT%H:%M:%SZ}", "values": [77]}]}}],
    }


def write_model(folder, model):
    folder.mkdir(exist_ok=True)
    (folder / "acme.json").write_text(json.dumps(model), encoding="utf-8")


def acme_bodies(meter, start):
    end = octets(date_time(start + datetime.timedelta(minutes=15)))
    return structure([end, u16(77)]), structure([end, u32(5_000), octets(meter.serial.encode()), u16(88)])


def test_a_meter_model_by_a_file_alone(make_server, new_meter):
    """A running server, a model nobody built in, and messages that waited for a layout."""
    server = make_server(start=False)
    models = server.folder / "models"
    models.mkdir()
    server.settings["models.dir"] = str(models)
    server.write_config()
    server.start()
    meter = new_meter(model="acme")
    server.keep_secret(meter.encryption_key, meter.authentication_key)
    refused = server.cli("meter", "import", write_csv(server.folder / "acme.csv", meter.csv_row()), code=2)
    assert "column model" in refused.err and "linky" in refused.err

    write_model(models, own_model(("clock", "curve")))
    server.signal(signal.SIGHUP)
    eventually(lambda: "were read again" in server.log_text())
    server.import_meters(meter)
    known, unknown = acme_bodies(meter, STARTS[2])
    with server.connect() as link:
        link.exchange(meter.push(known))
        before = server.frames()
        link.exchange(meter.push(unknown))  # genuine: kept and confirmed though not understood
    assert server.frames_since(before) == {"undecoded": 1}
    assert server.readings(meter, DAY) == {STARTS[2]: 77}

    write_model(models, own_model(("clock", "curve"), ("clock", "index", "name", "curve")))
    server.cli("reprocess")
    eventually(lambda: server.readings(meter, DAY) == {STARTS[2]: 88})
    assert list(server.readings(meter, DAY, channel="index").values()) == [5_000]
    eventually(lambda: server.sql("SELECT count(*) FROM undecoded") == [("0",)])
    assert server.daily(meter, DAY)["slots"] == 96


def test_a_broken_model_file_stops_the_start_and_not_the_running_server(make_server, new_meter):
    server = make_server(start=False)
    models = server.folder / "models"
    write_model(models, own_model(("clock", "curve")))
    server.settings["models.dir"] = str(models)
    server.write_config()
    server.start()
    meter = new_meter(model="acme")
    server.import_meters(meter)
    (models / "acme.json").write_text('{"model": "acme", "channels": 7}', encoding="utf-8")
    server.signal(signal.SIGHUP)
    eventually(lambda: "the old settings go on" in server.log_text())
    with server.connect() as link:
        link.exchange(meter.push(acme_bodies(meter, STARTS[0])[0]))
    assert server.readings(meter, DAY) == {STARTS[0]: 77}
    assert server.stop() == 0
    refused = server.cli("serve", code=None)
    assert refused.code == 2 and "acme.json" in refused.err and not refused.out
