"""A night of storm over a simulated fleet, as the morning's report tells it: what was planted, in the planted numbers.

A head-end sees silence in its own time only. So the server's clock stands where the test puts it, the fleet sends what is due
until then, and so on through the night: one in which the clocks go forward. It lies ahead of us because the database keeps
true time, and looks at a token's end.
"""
import csv
import datetime
import json

import pytest

from clock import Clock
from dlms import utc
from product import eventually, run_binary

METERS, FLOODED, FLOOD_TIMES = 60, 12, 6
NORTH, C3 = 30, 15
STORM = {
    "places": [
        {"area": "north", "concentrator": "C1", "meters": 15},
        {"area": "north", "concentrator": "C2", "meters": 15},
        {"area": "south", "concentrator": "C3", "meters": C3},
        {"area": "south", "concentrator": "C4", "meters": 15},
    ],
    "causes": [
        {"kind": "area_lost", "area": "north", "at": "2035-03-24T19:40:00Z", "last_gasp_percent": 60,
         "return": {"after_s": 14400, "over_s": 7200, "hole_percent": 10}},
        {"kind": "concentrator_down", "concentrator": "C3", "at": "2035-03-25T01:14:00Z", "return": {"after_s": 18000}},
        {"kind": "alarm_flood", "alarm": "cover_opened", "meters": FLOODED, "at": "2035-03-24T20:00:00Z",
         "times": FLOOD_TIMES, "every_s": 1800},
    ],
}
SILENT_FROM = utc(2035, 3, 24, 19, 30)  # of the north, the first half-hour that was not sent
SLOTS_MISSED_THAT_DAY = 7               # from then to 23:00 UTC, when the civil day ends; all are back after it


class Night:
    """The fleet and its server's clock. A step is an hour or so: what is usual for a meter is learned, and silence is thrice that."""

    def __init__(self, server, clock, folder):
        self.server, self.clock, self.sent_until, self.planted = server, clock, None, None
        (folder / "storm.json").write_text(json.dumps(STORM))
        self.fleet = ["simulate", "--meters", METERS, "--seed", 7, "--from", "2035-03-23", "--days", 3, "--every", "half_hour",
                      "--storm", folder / "storm.json"]
        self.install(folder / "fleet.csv")

    def install(self, file):
        done = run_binary(*self.fleet, "--write-import", file)
        assert done.code == 0, done
        with file.open(encoding="utf-8") as rows:
            for row in csv.DictReader(rows):
                self.server.keep_secret(*(bytes.fromhex(row[key]) for key in ("encryption_key", "authentication_key")))
        self.server.cli("meter", "import", file, "--organisation", "root")
        eventually(lambda: self.server.metrics()["releve_meters"] == METERS)

    def play(self, *until, leaving=0):
        """What is due until then and at that instant, heard at that instant. Waits until all who spoke (who is there, and who
        was until now) are noted as heard then, and so whoever was silent as back."""
        until = utc(2035, 3, *until)
        self.clock.stand_at(until)
        after = ["--after", iso(self.sent_until)] if self.sent_until else []
        self.sent_until = until + datetime.timedelta(seconds=1)
        done = run_binary(*self.fleet, "--connect", f"127.0.0.1:{self.server.ports['tcp']}", "--connections", 4, "--json", *after,
                          "--until", iso(self.sent_until))
        assert done.code == 0, done
        north, south, _ = self.planted = json.loads(done.out)["planted"]
        spoke = METERS - north["meters"] + north["back"] - south["meters"] + south["back"] + leaving
        heard_now = f"SELECT count(*) FROM meter_counter WHERE last_accepted_at = '{iso(until)}'"
        eventually(lambda: int(self.server.sql(heard_now)[0][0]) == spoke)

    def report(self):
        """In words, and as REST and --json give it, which is the same."""
        asked = self.server.get("/api/v1/reports/morning", role="operator")
        assert json.loads(self.server.cli("report", "morning", "--json").out) == asked
        return self.server.cli("report", "morning").out.splitlines(), asked

    def when(self, condition):
        """The report as soon as it is so: what is looked for every second must be seen first."""
        eventually(lambda: condition(self.server.get("/api/v1/reports/morning", role="operator")))
        return self.report()

    def gaps(self):
        return self.server.get("/api/v1/gaps", role="operator", limit=100)["gaps"]


def iso(instant):
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def read(instant):
    return datetime.datetime.fromisoformat(instant.replace("Z", "+00:00"))


def events(report):
    return {row["kind"]: row["count"] for row in report["events"]}


@pytest.fixture
def night(make_server, tmp_path):
    server = make_server(start=False, collector__checkpoint_s=1)
    clock = Clock(server.folder)
    assert clock.environment, "libfaketime is not there: ./dev setup test"
    clock.stand_at(utc(2035, 3, 24, 17, 40))
    server.environment = clock.environment
    server.start()
    return Night(server, clock, tmp_path)


def under_way(night):
    north, south, flood = night.planted
    assert (north["meters"], north["back"], south["meters"], flood["meters"]) == (NORTH, 0, 0, FLOODED)
    gasps, alarms = north["last_gasps"], FLOODED * FLOOD_TIMES
    assert 0 < gasps < NORTH and flood["alarms"] == alarms
    lines, report = night.when(lambda report: report["stopped"] == NORTH and
                               events(report) == {"cover_opened": alarms, "power_lost": gasps})
    assert lines == [
        "From 2035-03-23 18:00 to 2035-03-24 23:45",
        f"{NORTH} meters of {METERS} fell silent; heard again: 0.",
        f"Area north: silent since 20:40, {NORTH} of {NORTH} meters; power lost ({gasps} said so); none heard again",
        f"Collected on 2035-03-23: {48 * METERS} of {48 * METERS} intervals (100.0%); a week before: nothing was expected",
        "Gaps: 0 open; 0 closed",
        f"Events that nobody closed: cover_opened {alarms}, power_lost {gasps}",
    ]
    outage, = report["outages"]
    assert (outage["kind"], outage["place"], outage["cause"]) == ("area", "north", "power")
    assert (outage["meters"], outage["last_gasps"], outage["restored"]) == (NORTH, gasps, 0)


def one_is_back_the_other_is_not(night):
    north, south, _ = night.planted
    assert (north["back"], north["first_back_at"], north["last_back_at"]) == (NORTH, "2035-03-24T23:40:00Z", "2035-03-25T01:40:00Z")
    assert (south["meters"], south["back"], south["last_gasps"]) == (C3, 0, 0)
    gasps, holes = north["last_gasps"], north["holes"]
    assert holes > 0 and north["late"] > 0
    expected, missed = 48 * METERS, SLOTS_MISSED_THAT_DAY * holes
    lines, report = night.when(lambda report: report["stopped"] == NORTH + C3 and report["restored"] == NORTH)
    assert lines[1:] == [
        f"{NORTH + C3} meters of {METERS} fell silent; heard again: {NORTH}.",
        f"Area north: silent since 2035-03-24 20:40, {NORTH} of {NORTH} meters; power lost ({gasps} said so); "
        f"{NORTH} heard again between 00:40 and 03:40",
        f"Concentrator C3: silent since 03:14, {C3} of {C3} meters; link lost (no word of power lost); none heard again",
        f"Collected on 2035-03-24: {expected - missed} of {expected} intervals "
        f"({(expected - missed) * 1000 // expected / 10}%); a week before: nothing was expected",
        f"Gaps: {holes} open (Waiting: {holes}); 0 closed",
        f"Events that nobody closed: cover_opened {FLOODED * FLOOD_TIMES}, power_restored {NORTH}, power_lost {gasps}",
    ]
    assert report["outages"][0]["last_restored_at"] == north["last_back_at"]
    rates = night.server.get("/api/v1/collection", role="operator", date="2035-03-24", by="area")["rates"]
    of_all = night.server.get("/api/v1/collection", role="operator", date="2035-03-24")["rates"]
    assert [(row["of"], row["arrived"], row["expected"]) for row in of_all] == [(None, expected - missed, expected)], "without `by`"
    assert {row["of"]: row["arrived"] for row in rates} == {"north": 48 * NORTH - missed, "south": 48 * (METERS - NORTH)}


def all_are_back_but_for_what_does_not_come(night):
    north, south, _ = night.planted
    assert (south["back"], south["first_back_at"], south["missing"]) == (C3, "2035-03-25T06:14:00Z", 0)
    lines, _ = night.when(lambda report: report["restored"] == NORTH + C3)
    assert f"Concentrator C3: silent since 03:14, {C3} of {C3} meters; link lost (no word of power lost); " \
           f"{C3} heard again at 08:14" in lines
    gaps = night.gaps()
    assert [(gap["from"], gap["state"]) for gap in gaps] == [(iso(SILENT_FROM), "waiting")] * north["holes"]
    slots = sum((read(gap["to"]) - SILENT_FROM) // datetime.timedelta(minutes=30) for gap in gaps)
    assert slots + north["holes"] == north["missing"], "and of each the indexes of midnight"


def test_the_planted_causes_are_named_and_so_is_who_came_back(night):
    night.play(24, 17, 40)
    night.play(24, 18, 40)
    night.play(24, 19, 40, leaving=NORTH)
    night.play(24, 20, 40)
    night.play(24, 21, 40)
    night.play(24, 22, 45)
    under_way(night)

    night.play(24, 23, 40)  # the first of the north
    night.play(25, 0, 40)
    night.play(25, 1, 14, leaving=C3)
    night.play(25, 1, 40)  # the last of the north
    night.play(25, 2, 40)
    night.play(25, 3, 40)
    night.play(25, 4, 40)
    night.play(25, 5, 30)
    one_is_back_the_other_is_not(night)

    night.play(25, 6, 14)  # all of C3
    night.play(25, 6, 45)
    all_are_back_but_for_what_does_not_come(night)

    night.clock.stand_at(utc(2035, 3, 29, 6))  # the meters would have sent it again by now
    lines, _ = night.report()
    assert f"Gaps: {night.planted[0]['holes']} open (Not asked for: {night.planted[0]['holes']}); 0 closed" in lines
    assert {gap["state"] for gap in night.gaps()} == {"must_ask"}
