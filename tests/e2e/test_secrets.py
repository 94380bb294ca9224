"""No key, token or curve in a log or in what a command says. Every server is also searched when its test ends."""
import datetime

from dlms import half_hours
from product import eventually

DAY = datetime.date(2026, 3, 5)


def test_the_log_holds_no_secret_after_all_kinds_of_trouble(make_server, new_meter):
    server = make_server(log__level="debug")
    meter, stranger = new_meter(), new_meter()
    server.import_meters(meter)
    token = server.root_token("operator")
    curve = [10_007 + (7_919 * i * i) % 50_021 for i in range(48)]
    push = meter.push(meter.day(half_hours(DAY), curve))
    server.keep_secret(push.plaintext[100:140], push.apdu[100:140], stranger.encryption_key)
    before = server.frames()
    with server.connect() as link:
        link.exchange(push)
        link.send(stranger.push(stranger.day(half_hours(DAY), curve)),
                  meter.push(meter.day(half_hours(DAY), curve), counter=push.counter),
                  meter.push(b"\x02\x01\x16\x01"), b"\x00\x02" + token.encode())
        eventually(lambda: sum(server.frames_since(before).values()) == 5)
    server.ask("/api/v1/meters", token + "x")
    server.ask(f"/api/v1/meters?token={token}", token)
    server.take_database_away()
    with server.connect() as link:
        link.send(meter.push(meter.day(half_hours(DAY), curve)))
        eventually(lambda: server.metrics()["releve_database_lost_total"] >= 2)
        server.give_database_back()
        eventually(lambda: server.frames_since(before)["accepted"] == 2)
    assert server.stop() == 0
    log = server.log_text()
    assert "stopping" in log and "database" in log, "there is something to search"
    assert server.find_leaks() == []
    server.log.write_text(log + meter.encryption_key.hex())
    assert server.find_leaks() == ["the log"], "the search finds what is there"
    server.log.write_text(log)


def test_the_shared_server_has_leaked_nothing_so_far(shared):
    shared.root_token("operator")
    assert shared.secrets and shared.find_leaks() == []


def test_keys_are_stored_wrapped_and_the_process_cannot_be_dumped(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    dump = shared.dump()
    for key in (meter.encryption_key, meter.authentication_key):
        assert key.hex().encode() not in dump
    assert meter.title.hex().encode() in dump
    master = shared.data / "master.key"
    assert master.stat().st_mode & 0o777 == 0o600 and master.read_bytes().hex().encode() not in dump
    limits = open(f"/proc/{shared.process.pid}/limits", encoding="utf-8").read()
    core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]
