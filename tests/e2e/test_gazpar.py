"""Real gas through the whole way: a simulated meter, a gateway, TLS, the store and the API.

One French home with a Gazpar meter that shows whole cubic metres, index by index and period by period as its distributor
published them; and a school's gas, made into the pulses a meter would have counted, with its hole of months.
"""
import csv
import datetime
import fractions
import random

import pytest

import product
from uplink import GasNetwork, Heard, iso
from wize import HOUR, MINUTE, day_end, gas_day_start

DAY = datetime.timedelta(days=1)
DATA = product.ROOT / "tests/data"
SCHOOL_KWH_PER_M3 = fractions.Fraction("11.2")
TENTH = fractions.Fraction(1, 10)  # of a kWh: what the school's logger resolves


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    servers = []

    def make(**settings):
        servers.append(product.Releve(**settings))
        return servers[-1].start()

    try:
        yield GasNetwork(make, tmp_path_factory.mktemp("gazpar"))
    finally:
        for server in servers:
            server.close()


def rows_of(name):
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def deliver_shuffled(network, name, frames, at_once=100):
    """Through one gateway, in any order, in batches."""
    frames = list(frames)
    random.Random(name).shuffle(frames)
    gateway = network.gateway(name).connect()
    for at in range(0, len(frames), at_once):
        ack = gateway.deliver(frames[at:at + at_once])
        assert ack.counts == (len(frames[at:at + at_once]), 0, 0), ack.reasons
    gateway.close()


def date(text):
    return datetime.date.fromisoformat(text)


def heard(meter, end, index_dm3, deltas):
    return Heard("wize", meter.day(end, index_dm3, deltas, sent_at=end + MINUTE), end + MINUTE, -80)


def test_the_real_home_comes_out_index_by_index(network):
    server = network.server
    [meter] = network.meters(1, "gazpar home")
    days = rows_of("gazpar-home-daily.csv")
    index = {gas_day_start(date(row["gas_day"])): int(row["index_start_m3"]) * 1000 for row in days if row["index_start_m3"]}
    index |= {day_end(date(row["gas_day"])): int(row["index_end_m3"]) * 1000 for row in days if row["index_end_m3"]}
    assert len(index) == len(days), "the index between the absent day and the next one is missing"
    # The window of a counter is 64: a gateway's backlog is at most a month of two frames a day.
    instants = sorted(index)
    for at in range(0, len(instants), 60):
        deliver_shuffled(network, f"gw-home-{at}", [heard(meter, end, index[end], ()) for end in instants[at:at + 60]])
    first, count = date(days[0]["gas_day"]), len(days) + 1
    stored = {}
    for at in range(0, count, 366):
        stored |= dict(network.values(meter, "volume_index", first + DAY * at, min(366, count - at)))
    assert stored == {iso(end): value for end, value in index.items()}

    daily = {}
    for at in range(0, len(days), 366):
        for row in server.daily(meter, first + DAY * at, min(366, len(days) - at)):
            daily[row["date"]] = row["volume_dm3"]
    ends = {row["gas_day"]: (index.get(gas_day_start(date(row["gas_day"]))), index.get(day_end(date(row["gas_day"]))))
            for row in days}
    assert daily == {day: None if None in both else both[1] - both[0] for day, both in ends.items()}
    assert [day for day, volume in daily.items() if volume is None] == ["2021-08-10", "2021-08-11"]

    compared = 0
    for period in rows_of("gazpar-home-published.csv"):
        begin, end = date(period["from_day"]), date(period["to_day"])
        if begin < first or end > first + DAY * len(days):
            continue
        compared += 1
        volumes = [daily[(begin + DAY * n).isoformat()] for n in range((end - begin).days)]
        if None in volumes:  # two days with one amount
            [covering] = [row["covering"] for row in server.daily(meter, date("2021-08-10"), 2) if row["covering"]][:1]
            volumes = [volume or 0 for volume in volumes] + [covering["volume_dm3"]]
        assert sum(volumes) == (int(period["index_end_m3"]) - int(period["index_start_m3"])) * 1000
    assert compared == 47, "those that lie within the daily series"


def school_hours():
    """{hour: kWh or None}, UTC: two half-hours each."""
    hours = {}
    for row in rows_of("school-gas-2015.csv"):
        midnight = datetime.datetime.combine(date(row["day"]), datetime.time(0), datetime.timezone.utc)
        values = [row[f"{n // 2:02}:{30 * (n % 2):02}"] for n in range(48)]
        for hour in range(24):
            both = values[2 * hour:2 * hour + 2]
            hours[midnight + HOUR * hour] = sum(map(fractions.Fraction, both)) if all(both) else None
    return hours


def test_a_schools_gas_makes_the_round_trip_with_its_hole(network):
    [meter] = network.meters(1, "school", installed_from="2014-01-01")
    hours = school_hours()
    assert 24 * 60 < sum(value is None for value in hours.values()), "months without a reading"
    energy, pulses, frames = fractions.Fraction(0), {}, []
    counted = 0
    for hour in sorted(hours):
        if hours[hour] is None:
            continue
        energy += hours[hour]
        total = int(energy * 1000 / SCHOOL_KWH_PER_M3)  # whole dm3; the rest goes on to the next hour
        pulses[hour], counted = total - counted, total
    day = min(hours).date()
    index = 7_000_000
    while day_end(day) <= max(hours) + HOUR:
        begin, end = gas_day_start(day), day_end(day)
        deltas = [pulses.get(begin + HOUR * n) for n in range((end - begin) // HOUR)]
        if any(value is not None for value in deltas):
            index += sum(value or 0 for value in deltas)
            frames.append(heard(meter, end, index, deltas))
        day += DAY
    lengths = {len(range((day_end(d) - gas_day_start(d)) // HOUR)) for d in (datetime.date(2015, 3, 28), datetime.date(2015, 10, 24))}
    assert lengths == {23, 25}
    for at in range(0, len(frames), 60):
        deliver_shuffled(network, f"gw-school-{at}", frames[at:at + 60])

    first = min(hours).date()
    stored = {}
    for n in range((max(hours).date() - first).days + 1):
        stored |= dict(network.values(meter, "volume", first + DAY * n))
    begin = gas_day_start(first)
    sent = {iso(hour): value for hour, value in pulses.items() if begin <= hour < day_end(day - DAY)}
    assert stored == sent
    # And back to the tenth of a kWh: the least energy that gives so many pulses in all.
    before = sum(value for hour, value in pulses.items() if hour < begin)
    total, known = before, sum((hours[hour] for hour in hours if hours[hour] is not None and hour < begin), fractions.Fraction(0))
    for hour in sorted(stored):
        total += stored[hour]
        least = -(-(total * SCHOOL_KWH_PER_M3 / 1000) // TENTH) * TENTH
        at = datetime.datetime.fromisoformat(hour.replace("Z", "+00:00"))
        assert least - known == hours[at], hour
        known = least
