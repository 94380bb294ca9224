"""Confirmed means committed: however the server ends with messages in flight, what it confirmed is there afterwards,
and what is sent again adds nothing."""
import contextlib
import datetime
import os
import select
import signal

import pytest

from dlms import energy_wh, half_hours
from link import PATIENCE_S, ClosedInside, confirms
from product import eventually

FIRST_DAY = datetime.date(2026, 1, 20)
METERS, WINDOW = 4, 12


@pytest.fixture
def fleet(make_server, new_meter):
    """A server that writes in small batches, and its meters."""
    server = make_server(collector__batch_frames=4, collector__batch_wait_ms=0)
    meters = [new_meter() for _ in range(METERS)]
    server.import_meters(*meters)
    return server, meters


class Sender:
    """One meter on one connection with a few messages outstanding, as a concentrator keeps them."""

    def __init__(self, server, pushes):
        self.link, self.unsent, self.outstanding, self.confirmed = server.connect(), list(pushes), [], []
        for _ in range(WINDOW):
            self.send_next()

    def send_next(self):
        if self.unsent:
            self.outstanding.append(self.unsent.pop(0))
            self.link.send(self.outstanding[-1])

    def receive(self):
        """Takes one confirmation; False at the end of the stream."""
        message = self.link.receive()
        if not message:
            return False
        assert confirms(self.outstanding[0], message[2]), "confirmations of a meter come in its order"
        self.confirmed.append(self.outstanding.pop(0))
        return True

    def take_one(self):
        """And what came with it."""
        assert self.receive(), "closed"
        self.send_next()
        while self.link.holds_message():
            self.receive()
            self.send_next()

    def receive_rest(self):
        """What is still in the socket. A message cut off by the end is none."""
        with contextlib.suppress(ClosedInside):
            while self.receive():
                pass
        self.link.close()


def confirm_until(senders, count):
    """Sends on with every confirmation until `count` have come in all."""
    while (done := sum(len(sender.confirmed) for sender in senders)) < count:
        readable, _, _ = select.select([sender.link.socket for sender in senders], [], [], PATIENCE_S)
        assert readable, f"{done} confirmations, then none for {PATIENCE_S:g} s"
        for sender in senders:
            if sender.link.socket in readable:
                sender.take_one()


def make_day(meters, day):
    starts = half_hours(day)
    return {meter: [meter.push(meter.single_value(start, 1000 * (n + 1) + 7 * at)) for at, start in enumerate(starts)]
            for n, meter in enumerate(meters)}


def begin_day(server, meters, day, confirmations):
    """Sends the day of each until so many confirmations have come in all, and leaves the rest in flight."""
    pushes = make_day(meters, day)
    senders = [Sender(server, pushes[meter]) for meter in meters]
    confirm_until(senders, confirmations)
    return pushes, senders


def values(n, count):
    return [1000 * (n + 1) + 7 * at for at in range(count)]


def check_all_confirmed_is_there(server, meters, senders, day):
    server.settled()
    for n, (meter, sender) in enumerate(zip(meters, senders)):
        stored = server.readings(meter, day)
        for start, value in list(zip(half_hours(day), values(n, 48)))[:len(sender.confirmed)]:
            assert stored.get(start) == value, f"confirmed and lost: {start}"


def send_everything_again(server, meters, pushes, day):
    """Gives how many were known already."""
    before = server.frames()
    with server.connect() as link:
        for meter in meters:
            link.send(*pushes[meter])
            for push in pushes[meter]:
                link.confirm(push)
    counts = server.frames_since(before)
    assert sum(counts.values()) == METERS * 48 and set(counts) <= {"accepted", "duplicate"}
    server.settled()
    for n, meter in enumerate(meters):
        assert server.readings(meter, day) == dict(zip(half_hours(day), values(n, 48)))
        assert server.daily(meter, day)["energy_wh"] == energy_wh(values(n, 48))
    return counts.get("duplicate", 0)


def test_killed_with_messages_in_flight(fleet):
    server, meters = fleet
    for turn, confirmations in enumerate([1, 30, 75, 120]):
        day = FIRST_DAY + datetime.timedelta(days=turn)
        pushes, senders = begin_day(server, meters, day, confirmations)
        assert server.kill() == -signal.SIGKILL
        assert server.postmaster(), "its PostgreSQL goes on without it"
        for sender in senders:
            sender.receive_rest()
        confirmed = sum(len(sender.confirmed) for sender in senders)
        assert confirmations <= confirmed < METERS * 48
        server.start()
        check_all_confirmed_is_there(server, meters, senders, day)
        assert send_everything_again(server, meters, pushes, day) >= confirmed
    assert server.sql("SELECT sum(readings) FROM batch") == [(str(4 * METERS * 48),)], "each was stored once"


def test_killed_together_with_its_database(fleet):
    server, meters = fleet
    pushes, senders = begin_day(server, meters, FIRST_DAY, 50)
    server.kill_with_database()
    for sender in senders:
        sender.receive_rest()
    server.start()
    check_all_confirmed_is_there(server, meters, senders, FIRST_DAY)
    send_everything_again(server, meters, pushes, FIRST_DAY)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_graceful_stop_answers_what_it_commits(fleet, number):
    server, meters = fleet
    pushes, senders = begin_day(server, meters, FIRST_DAY, 40)
    server.signal(number)
    for sender in senders:
        sender.receive_rest()
    assert server.wait() == 0
    assert server.postmaster() is None, "its PostgreSQL ends with it"
    confirmed = sum(len(sender.confirmed) for sender in senders)
    server.start()
    check_all_confirmed_is_there(server, meters, senders, FIRST_DAY)
    assert send_everything_again(server, meters, pushes, FIRST_DAY) == confirmed


def test_nothing_is_confirmed_while_the_database_is_away(make_server, new_meter):
    server = make_server()
    meter = new_meter()
    server.import_meters(meter)
    push = meter.push(meter.single_value(half_hours(FIRST_DAY)[0], 5))
    server.take_database_away()
    with server.connect() as link:
        link.send(push)
        eventually(lambda: server.metrics()["releve_database_lost_total"] >= 2)
        assert select.select([link.socket], [], [], 0)[0] == [], "not confirmed"
        eventually(lambda: server.ask("/readyz").status == 503)
        assert server.frames()["accepted"] == 0
        server.give_database_back()
        link.confirm(push)
    assert eventually(lambda: server.readings(meter, FIRST_DAY)) == {half_hours(FIRST_DAY)[0]: 5}
    eventually(lambda: server.ask("/readyz").status == 200)


def test_a_meter_that_says_nothing_between_a_kill_and_a_stop_is_remembered(make_server, new_meter):
    """The stop takes the counters out of the batches that the killed server wrote."""
    server = make_server()
    meters = [new_meter(replay=mode) for mode in ("strict", "window")]
    server.import_meters(*meters)
    pushes = [meter.push(meter.single_value(half_hours(FIRST_DAY)[0], 5)) for meter in meters]
    with server.connect() as link:
        for push in pushes:
            link.exchange(push)
    server.kill()
    server.start()
    assert server.stop() == 0
    server.start()
    before = server.frames()
    with server.connect() as link:
        for push in pushes:
            link.exchange(push)
    assert server.frames_since(before) == {"duplicate": len(meters)}


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGKILL])
def test_a_database_that_ends_is_started_again(fleet, number):
    server, meters = fleet
    _, senders = begin_day(server, meters, FIRST_DAY, 40)
    before = server.postmaster()
    os.kill(before, number)
    confirm_until(senders, METERS * 48)
    assert server.postmaster() not in (None, before)
    eventually(lambda: server.ask("/readyz").status == 200)
    check_all_confirmed_is_there(server, meters, senders, FIRST_DAY)
    counted = server.sql("SELECT sum(frames), sum(readings) FROM batch")
    assert counted == [(str(METERS * 48),) * 2], "each was stored once"
    assert server.stop() == 0


def test_two_collectors_do_not_share_a_data_folder(make_server):
    """A meter has one owning collector: two would each confirm what the other calls a replay."""
    server = make_server()
    second = server.cli("serve", code=None)
    assert second.code == 2 and not second.out, second
    assert server.ask("/readyz").status == 200


def test_a_start_that_waits_for_a_lost_database_ends_when_told(fleet):
    server, (meter, *_) = fleet
    push = meter.push(meter.single_value(half_hours(FIRST_DAY)[0], 5))
    with server.connect() as link:
        link.send(push)
        link.confirm(push)
    server.kill()
    server.sql("UPDATE batch SET deferred = frames")  # as of a process that ended with messages only archived
    keeper = server.start_companion("--role", "api")  # else PostgreSQL ends with the first to go
    with server.hold_tables("interval_day"):
        server.begin_start()
        eventually(lambda: server.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") == [("1",)])
        server.take_database_away()
    assert server.stop() == 2
    assert "told to stop" in server.log_text()
    server.give_database_back()
    server.start()
    keeper.stop()
    assert server.sql("SELECT sum(deferred) FROM batch") == [("0",)]
