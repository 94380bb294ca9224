"""Gateways: who they are, batches that come once, twice, out of order and from several of them, commands on their way back,
and a household's dongle."""
import datetime
import random
import ssl
import struct

import pytest

import certs
from product import eventually
from uplink import GasNetwork, Heard, Refused, now
from wize import COMMAND, HOUR, MINUTE, WIZE_EPOCH, GasMeter, crc16, day_end, gas_day_start

DAY = datetime.date(2026, 2, 3)


@pytest.fixture
def network(make_server, tmp_path):
    return GasNetwork(make_server, tmp_path)


def day_frame(meter, day=DAY, index=1_000_000, deltas=(7,) * 24, heard_after=5, dbm=-90, **fields):
    end = day_end(day)
    octets = meter.day(end, index, deltas, sent_at=end + MINUTE, **fields)
    return Heard("wize", octets, end + MINUTE + datetime.timedelta(seconds=heard_after), dbm)


def test_a_day_of_gas_is_committed_before_it_is_acknowledged(network):
    [meter] = network.meters(1, "one")
    gateway = network.gateway("gw-1").connect()
    ack = gateway.deliver([day_frame(meter, deltas=range(24))])
    assert ack.counts == (1, 0, 0)
    assert network.hours(meter, DAY) == list(range(24))
    assert network.index(meter, DAY) == 1_000_000


def test_every_reason_is_the_true_one(network):
    server = network.server
    [meter] = network.meters(1, "refused")
    stranger = GasMeter("nobody knows it", kmac=network.kmac)
    gateway = network.gateway("gw-refused").connect()
    good = day_frame(meter).frame

    def flipped(at):
        damaged = bytearray(good)
        damaged[at] ^= 1
        return bytes(damaged)

    cases = {
        "malformed": good[:-3],
        "bad_crc": flipped(-1),
        "unknown_protocol": meter.day(day_end(DAY), 1, (), ci=0x72),
        "unknown_network": meter.day(day_end(DAY), 1, (), network=9),
        "unknown_frame": meter.day(day_end(DAY), 1, (), c=COMMAND),
        "gateway_auth": flipped(20)[:-2] + crc16(flipped(20)[:-2]),
        "unknown_meter": stranger.day(day_end(DAY), 1, ()),
        "no_key": meter.day(day_end(DAY), 1, (), keysel=3),
        "bad_tag": meter.day(day_end(DAY), 1, (), kenc=bytes(16)),
        "policy": meter.day(day_end(DAY), 1, (), keysel=0),
        "time_out_of_range": meter.day(gas_day_start(datetime.date(2017, 12, 1)), 1, ()),
    }
    before = server.frames()
    at = day_end(DAY) + MINUTE
    ack = gateway.deliver([Heard("wize", octets, at) for octets in cases.values()])
    assert [ack.reasons.get(i) for i in range(len(cases))] == list(cases)
    assert server.frames_since(before) == dict.fromkeys(cases, 1)
    kept = [row["reason"] for row in server.quarantine().values()]
    assert sorted(kept) == sorted(cases)
    assert network.hours(meter, DAY) == []


def test_a_crc_of_zero_is_taken_only_from_a_gateway_that_may(network):
    [meter] = network.meters(1, "zero")
    heard = day_frame(meter)
    zeroed = heard._replace(frame=heard.frame[:-2] + b"\0\0")
    strict, lenient = network.gateway("gw-strict").connect(), network.gateway("gw-wan", crc_may_be_zero=True).connect()
    assert strict.deliver([zeroed]).reasons == {0: "bad_crc"}
    assert lenient.deliver([zeroed]).counts == (1, 0, 0)
    assert strict.deliver([heard]).counts == (0, 1, 0), "the same emission, whatever became of its CRC"


def test_three_gateways_hear_ten_thousand_meters_and_each_reading_is_stored_once(network):
    server = network.server
    meters = network.meters(10_000, "crowd")
    heard = [day_frame(meter, index=number, deltas=[number % 50] * 24) for number, meter in enumerate(meters)]
    gateways = [network.gateway(f"gw-{letter}").connect() for letter in "abc"]
    chance = random.Random(7)
    before = server.metrics()["releve_readings_total"]
    outstanding = []
    for place, gateway in enumerate(gateways):
        own = [one._replace(dbm=-100 + (number + place * 3) % 9) for number, one in enumerate(heard)]
        chance.shuffle(own)
        outstanding += [(gateway, own[at:at + 1000]) for at in range(0, len(own), 1000)]
    chance.shuffle(outstanding)
    accepted = duplicate = 0
    for gateway, frames in outstanding:
        gateway.send_batch(gateway.next_sequence(), frames)
        ack = gateway.receive_ack()
        assert ack.refused == 0
        accepted, duplicate = accepted + ack.accepted, duplicate + ack.duplicate
    assert (accepted, duplicate) == (10_000, 20_000)
    assert server.metrics()["releve_readings_total"] == before + 10_000 * 25
    assert server.sql("SELECT count(*), count(DISTINCT meter_id) FROM interval_day") == [("10000", "10000")]
    for number in chance.sample(range(10_000), 20):
        assert network.hours(meters[number], DAY) == [number % 50] * 24

    gateways[0].deliver([day_frame(meters[0], DAY + datetime.timedelta(days=1), index=10, dbm=-100)])
    gateways[0].deliver([day_frame(meters[-1], DAY + datetime.timedelta(days=1), index=10_010, dbm=-100)])
    rows = dict(server.sql("SELECT m.address, r.signal_dbm FROM meter_reception r JOIN meter m ON m.id = r.meter_id"))
    wrong = [number for number, meter in enumerate(meters[1:-1], 1)
             if int(rows[meter.title]) != max(-100 + (number + place * 3) % 9 for place in range(3))]
    assert not wrong


def test_a_backlog_out_of_order_while_the_server_is_killed(network):
    """A gateway without its link for a day: its batches come back in any order, on a server that dies twice."""
    server = network.server
    meters = network.meters(40, "backlog")
    days = [DAY + datetime.timedelta(days=number) for number in range(5)]
    frames = {(meter.title, day): day_frame(meter, day, index=1000 + 24 * number, deltas=[1] * 24)
              for meter in meters for number, day in enumerate(days)}
    keys, chance = sorted(frames), random.Random(11)
    chance.shuffle(keys)
    batches = {sequence: [frames[key] for key in keys[at:at + 8]]
               for sequence, at in enumerate(range(0, len(keys), 8), 1)}
    gateway = network.gateway("gw-backlog").connect()
    waiting, acknowledged, kills = list(batches), {}, 2
    chance.shuffle(waiting)
    while waiting:
        try:
            if gateway.socket is None:
                gateway.connect()
            for sequence in waiting[:3]:
                gateway.send_batch(sequence, batches[sequence])
            if kills and len(acknowledged) > 5 * (3 - kills):
                kills -= 1
                server.kill_with_database()
            for _ in range(min(3, len(waiting))):
                ack = gateway.receive_ack()
                acknowledged[ack.sequence] = ack
        except (ConnectionError, ssl.SSLError, OSError):
            gateway.close()
            server.start()
            gateway.port = server.ports["gateways"]
        waiting = [sequence for sequence in waiting if sequence not in acknowledged]
        chance.shuffle(waiting)
    assert kills == 0
    assert all(ack.refused == 0 and sum(ack.counts) == 8 for ack in acknowledged.values())
    for meter in meters:
        assert network.hours(meter, DAY, days=len(days)) == [1] * 24 * len(days)
    rows = server.sql("SELECT sum(frames), sum(readings) FROM batch")
    assert rows == [(str(len(frames)), str(len(frames) * 25))], "nothing twice"
    gateway.close()
    gateway.connect()
    assert gateway.acknowledged_up_to == len(batches)
    # Whatever is sent again is answered as before.
    for sequence in chance.sample(sorted(batches), 4):
        assert gateway.deliver(batches[sequence], sequence).counts == acknowledged[sequence].counts


def test_a_batch_is_answered_once_and_its_number_serves_once(network):
    [meter] = network.meters(1, "once")
    gateway = network.gateway("gw-once").connect()
    first = [day_frame(meter)]
    assert gateway.deliver(first, 1).counts == (1, 0, 0)
    assert gateway.deliver(first, 1).counts == (1, 0, 0), "the very same answer"
    status, answer = gateway.post(first, 1)
    assert (status, answer["accepted"], answer["duplicate"]) == (200, 1, 0), "also in the other form"
    with pytest.raises(Refused) as refused:
        gateway.deliver([day_frame(meter, DAY + datetime.timedelta(days=1))], 1)
    assert (refused.value.name, refused.value.sequence) == ("sequence_reused", 1)
    assert gateway.deliver([first[0]], 2).counts == (0, 1, 0), "under another number the frame itself is known"


def test_json_over_https_is_the_same(network):
    [meter] = network.meters(1, "json")
    gateway = network.gateway("gw-json")
    status, answer = gateway.post([day_frame(meter, deltas=range(24))])
    assert (status, answer["accepted"]) == (200, 1)
    assert network.hours(meter, DAY) == list(range(24))
    status, problem = gateway.post([Heard("wize", b"", now())])
    assert status == 400 and "frames[0]" in problem["detail"]
    status, problem = gateway.post([day_frame(meter)], gateway="gw-other")
    assert status == 403


def test_only_gateways_that_are_registered_and_show_their_certificate(network, tmp_path):
    stranger = certs.Authority(tmp_path, "strangers.example")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        network.gateway("gw-forged", register=False, authority=stranger).connect()
    with pytest.raises(Refused) as refused:
        network.gateway("gw-nobody", register=False).connect()
    assert refused.value.name == "unknown_gateway"
    network.gateway("gw-known")
    with pytest.raises(Refused):
        network.gateway("gw-liar").connect(hello="gw-known")
    network.server.cli("gateway", "disable", "gw-known")
    with pytest.raises(Refused):
        network.gateway("gw-known", register=False).connect()


def test_a_command_waits_for_the_meter_and_comes_back_with_its_answer(network):
    server = network.server
    [meter] = network.meters(1, "command")
    server.cli("command", "read", meter.title, "--parameter", "20")
    gateway = network.gateway("gw-command").connect()
    old = gateway.deliver([day_frame(meter)])
    assert old.downlinks == {}, "the meter has long stopped listening"

    def deliver_live():
        at = now()
        index = 2_000_000 + meter.counter
        octets = meter.day(at.replace(minute=0, second=0) , index, (), sent_at=at)
        return gateway.deliver([Heard("wize", octets, at)]), at

    def sent():
        ack, at = deliver_live()
        return (ack.downlinks[0], at) if ack.downlinks else None

    (command, after_ms), at = eventually(sent)
    assert after_ms == 5000
    counter, l7 = meter.open(command)
    assert l7 == bytes([0x10, 0x20])
    assert server.sql("SELECT state, attempts > 0 FROM command") == [("sent", "t")]
    again, _ = eventually(sent)
    assert meter.open(again[0])[0] == counter, "until it has answered, the same command under the same number"
    epoch = struct.pack(">I", int((at - WIZE_EPOCH).total_seconds()))
    answer = meter.answer(command, at, values=b"\x20" + epoch)
    assert gateway.deliver([Heard("wize", answer, now())]).counts == (1, 0, 0)
    [(state, result)] = server.sql("SELECT state, result FROM command")
    assert state == "done" and epoch.hex() in result
    assert deliver_live()[0].downlinks == {}


def tic_frame(address, **values):
    def group(label, value):
        body = f"{label} {value}"
        return f"\n{body} {chr((sum(body.encode()) & 0x3F) + 0x20)}\r"

    return ("\x02" + group("ADCO", address) + "".join(group(k, v) for k, v in values.items()) + "\x03").encode()


def test_a_dongle_is_live_and_never_billed(network):
    server, address, point = network.server, "021861348497", "09876543210987"
    rows = {"system_title": address, "serial": "", "protocol": "tic", "model": "tic", "key_id": "", "encryption_key": "",
            "authentication_key": "", "usage_point": point, "energy": "electricity", "installed_from": "2020-01-01",
            "collection": "half_hour"}

    class Dongle:
        def csv_row(self):
            return rows

    server.import_meters(Dongle())
    gateway = network.gateway("gw-dongle").connect()
    start = now().replace(minute=0, second=0) - HOUR
    second = datetime.timedelta(seconds=1)
    frames = [Heard("tic", tic_frame(address, BASE=f"{1000 + i:09}", PAPP=f"{100 * i:05}"), start + second * i)
              for i in range(1, 4)]
    assert gateway.deliver(frames).counts == (3, 0, 0)
    assert gateway.deliver([frames[1]]).counts == (0, 1, 0)
    late = Heard("tic", tic_frame(address, PAPP="09999"), start)
    assert gateway.deliver([late]).reasons == {0: "outdated"}
    assert server.sql("SELECT value FROM live_value WHERE label = 'PAPP'") == [("300",)]
    assert server.sql("SELECT samples, total FROM live_half_hour WHERE label = 'PAPP'") == [("3", "600")]
    assert server.sql("SELECT count(*) FROM interval_day") == [("0",)] == server.sql("SELECT count(*) FROM register_day")
    live = server.get(f"/api/v1/usage-points/{point}/live")
    assert not live["billable"]
    server.cli("usage-point", "collection", point, "daily", "--proof", "letter")
    assert server.sql("SELECT count(*) FROM live_value") == [("0",)] == server.sql("SELECT count(*) FROM live_half_hour")
    eventually(lambda: gateway.deliver([Heard("tic", tic_frame(address, PAPP="00100"), now())]) and
               server.frames()["not_agreed"])
    assert server.sql("SELECT count(*) FROM live_value") == [("0",)]


def test_a_home_with_daily_totals_leaves_no_hour_and_no_live_value(network):
    server = network.server
    [meter] = network.meters(1, "private", collection="daily")
    gateway = network.gateway("gw-private").connect()
    assert gateway.deliver([day_frame(meter, deltas=[4321] * 24, index=123_456)]).counts == (1, 0, 0)
    assert server.sql("SELECT count(*) FROM interval_day") == [("0",)]
    assert server.sql("SELECT count(*) FROM frame_archive") == [("0",)]
    assert network.index(meter, DAY) == 123_456
