"""Files of readings that a network operator gives, taken in by the binary and out again, value for value."""
import csv
import datetime
import io
import json
import re
import subprocess
import zoneinfo

import pytest

from product import BINARY, ROOT, Releve, eventually

DATA = ROOT / "tests/data/import"
HOME, OTHER, GAS = "14290000000001", "14290000000002", "GI000001"
UTC, PARIS = datetime.timezone.utc, zoneinfo.ZoneInfo("Europe/Paris")


@pytest.fixture
def offline(request):
    """A data folder on which no server runs."""
    product = Releve()
    request.addfinalizer(product.close)
    return product


def take(server, *arguments, code=0):
    return server.cli("import", "readings", *arguments, code=code)


def numbers(done):
    """Imported, unchanged, refused, of our meters, holes."""
    found = re.search(r"import \d+: (\d+) values imported, (\d+) unchanged, (\d+) refused, (\d+) of times .*, (\d+) holes", done.out)
    assert found, done
    return tuple(map(int, found.groups()))


def exported(server, point, *arguments):
    done = server.cli("export", "readings", point, "--from", "2010-01-01", "--to", "2026-01-01", *arguments)
    return list(csv.DictReader(io.StringIO(done.out)))


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def curve_of(file):
    """{end: power} of a customer's export, as it is written."""
    lines = file.read_text(encoding="utf-8-sig").splitlines()[3:]
    rows = (line.split(";")[:2] for line in lines if line.strip())
    return {instant(at): int(value) for at, value in rows if value}


def half_hours_expected():
    rows = csv.DictReader((DATA / "enedis-hour-expected.csv").open(encoding="utf-8"))
    return [(instant(row["start_utc"]), int(row["power_w"]), int(row["source_interval_min"])) for row in rows if row["power_w"]]


def check_curve(rows):
    """What was exported is what the operator wrote: each value once, at the end of its own interval."""
    ends = {instant(row["start_utc"]) + datetime.timedelta(seconds=int(row["step_s"])): int(row["value"]) for row in rows}
    assert ends == curve_of(DATA / "enedis-hour.csv")
    # Another program moved the same values to half-hours.
    halves = {}
    for row in rows:
        for part in range(int(row["step_s"]) // 1800):
            halves[instant(row["start_utc"]) + datetime.timedelta(seconds=1800 * part)] = (int(row["value"]), int(row["step_s"]) // 60)
    assert halves == {start: (power, minutes) for start, power, minutes in half_hours_expected()}


def check_index(rows):
    lines = (DATA / "enedis-day.csv").read_text(encoding="utf-8-sig").splitlines()
    names = ["supplier_%d" % n for n in range(1, 11)] + ["distributor_%d" % n for n in range(1, 5)] + ["total"]
    expected = {}
    for line in lines[3:]:
        cells = line.split(";")
        if re.match(r"\d{4}-\d\d-\d\dT", cells[0]) and cells[1].startswith("Arrêté"):
            for name, value in zip(names, cells[2:]):
                if value:
                    # Written as 01:00 in summer: the index holds at the midnight that begins the date.
                    midnight = datetime.datetime.fromisoformat(cells[0][:10]).replace(tzinfo=PARIS)
                    expected[midnight.astimezone(UTC), "active_energy_import_" + name] = int(value)
    assert len(expected) > 50
    assert {(instant(row["at_utc"]), row["register"]): int(row["value"]) for row in rows} == expected


def create(organisation="root"):
    return ["--usage-point", HOME, "--create", organisation, "--collection", "half_hour", "--proof", "the customer's own export"]


def test_two_customer_exports_without_a_server(offline):
    done = take(offline, DATA / "enedis-hour.csv", DATA / "enedis-day.csv", *create())
    curve = len(curve_of(DATA / "enedis-hour.csv"))
    assert f": {curve} values imported, 0 unchanged, 0 refused" in done.out.splitlines()[0]
    check_curve(exported(offline, HOME))
    check_index(exported(offline, HOME, "--channel", "registers"))
    before = offline.cli("import", "list").out
    again = take(offline, DATA / "enedis-hour.csv", "--usage-point", HOME)
    assert "already imported as number 1; nothing changed" in again.out
    assert offline.cli("import", "list").out == before


def test_a_running_server_carries_it_out(make_server, tmp_path):
    server = make_server()
    curve = len(curve_of(DATA / "enedis-hour.csv"))
    assert numbers(take(server, DATA / "enedis-hour.csv", *create()))[:4] == (curve, 0, 0, 0)
    check_curve(exported(server, HOME))
    # The same values in another file change nothing, and one that the operator corrected is known from then on.
    blocks = server.sql("SELECT channel, day, rev, md5(data) FROM interval_day ORDER BY 1, 2")
    copy = tmp_path / "copy.csv"
    text = (DATA / "enedis-hour.csv").read_text(encoding="utf-8")
    copy.write_text(text + "\n", encoding="utf-8")
    assert numbers(take(server, copy, "--usage-point", HOME))[:2] == (0, curve)
    assert server.sql("SELECT channel, day, rev, md5(data) FROM interval_day ORDER BY 1, 2") == blocks
    copy.write_text(text.replace("2022-10-30T00:30:00+02:00;296", "2022-10-30T00:30:00+02:00;297"), encoding="utf-8")
    assert numbers(take(server, copy, "--usage-point", HOME))[:2] == (1, curve - 1)
    first = exported(server, HOME, "--channel", "active_power_import")[0]
    assert (first["start_utc"], first["value"]) == ("2022-10-29T22:00:00Z", "297")
    assert server.sql("SELECT count(*) FROM interval_history") == [("1",)]
    # The API tells the same, and the server's own meters count as before.
    rows = server.get(f"/api/v1/usage-points/{HOME}/readings", from_="2022-10-30", to="2022-10-31")["readings"]
    assert rows[0]["value"] == 297
    eventually(lambda: server.sql("SELECT count(*) FROM check_due") == [("0",)])
    assert server.metrics()["releve_meters"] == 0


def test_an_import_goes_on_after_a_kill(make_server):
    server = make_server()
    take(server, DATA / "enedis-day.csv", *create())
    with server.hold_tables("interval_day"):
        waiting = subprocess.Popen([BINARY, "import", "readings", str(DATA / "enedis-hour.csv"), "--usage-point", HOME, "--config",
                                    str(server.config)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        eventually(lambda: server.sql("SELECT count(*) FROM import_part") == [("1",)])
        server.kill()
    server.start()
    out, err = waiting.communicate(timeout=120)
    assert waiting.returncode == 0, out + err
    check_curve(exported(server, HOME))
    assert server.sql("SELECT state, imported FROM import ORDER BY id DESC LIMIT 1") == [("done", str(len(curve_of(DATA / "enedis-hour.csv"))))]


def test_a_home_with_daily_totals_takes_the_index_only(offline):
    take(offline, DATA / "enedis-day.csv", "--usage-point", HOME, "--create", "root")
    done = take(offline, DATA / "enedis-hour.csv", "--usage-point", HOME, code=1)
    assert f"{HOME}: only daily totals are kept of it" in done.err
    assert numbers(done)[0] == 0
    check_index(exported(offline, HOME, "--channel", "registers"))
    refused = offline.cli("export", "readings", HOME, "--from", "2022-01-01", "--to", "2023-01-01", code=2)
    assert "only daily totals" in refused.err


def test_errors_by_line(offline, tmp_path):
    file = tmp_path / "broken.csv"
    lines = (DATA / "enedis-hour.csv").read_text(encoding="utf-8").splitlines()
    lines[5] = lines[5].split(";")[0] + ";many"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = take(offline, file, *create(), code=1)
    assert re.search(rf"^{re.escape(str(file))}: line 6: Valeur: ", done.err, re.M), done.err
    assert numbers(done)[0] == len(curve_of(DATA / "enedis-hour.csv")) - 1
    nothing = tmp_path / "nothing.csv"
    nothing.write_text("a;b\n1;2\n", encoding="utf-8")
    assert str(nothing) in take(offline, nothing, code=2).err
    unknown = take(offline, DATA / "enedis-hour.csv", "--usage-point", OTHER, code=1)
    assert f"{OTHER}: there is no such usage point" in unknown.err
    # It is taken as soon as the usage point is there.
    assert numbers(take(offline, DATA / "enedis-hour.csv", "--usage-point", OTHER, "--create", "root", "--collection", "half_hour",
                        "--proof", "signed"))[0] > 100
    masked = take(offline, DATA / "enedis-hour.csv", code=2)
    assert "give the usage point yourself" in masked.err


def test_published_gas(offline):
    periods = [row for point in json.loads((DATA / "grdf-published.json").read_text(encoding="utf-8")).values() for row in point["releves"]]
    done = take(offline, DATA / "grdf-published.json", "--usage-point", GAS, "--create", "root")
    assert numbers(done)[2] == 0
    # Indexes at six in the morning, in dm3; the energy to the bills as it was published.
    expected = {}
    for row in periods:
        for day, index in ((row["dateDebutReleve"], row["indexDebut"]), (row["dateFinReleve"], row["indexFin"])):
            expected[day[:10]] = index * 1000
    rows = exported(offline, GAS, "--channel", "registers")
    assert {row["at_utc"][:10]: int(row["value"]) for row in rows} == expected
    assert {row["at_utc"][11:] for row in rows} <= {"04:00:00Z", "05:00:00Z"}
    again = take(offline, DATA / "grdf-informative.json", "--usage-point", GAS)
    assert numbers(again)[2] == 0
    assert {row["quality"] for row in exported(offline, GAS, "--channel", "volume_index")} == {"raw", "unauthenticated"}


def test_flows_name_what_did_not_come(offline, tmp_path):
    for number in (1, 3):
        file = tmp_path / f"ERDF_R151_0001_C_S_{number:05d}_Q_00001_00001_20240115000000.xml"
        file.write_text((DATA / "r151.xml").read_text(encoding="utf-8") + "\n" * number, encoding="utf-8")
        take(offline, file, "--create", "root", code=None)
    missing = offline.cli("import", "list", "--missing").out.splitlines()[1]
    assert missing.split()[0] == "R151" and missing.split()[-1] == "2"
