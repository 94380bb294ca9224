"""Files of readings that a network operator gives, taken in by the binary and out again, value for value."""
import csv
import datetime
import io
import json
import http.client
import re
import subprocess
import urllib.parse
import zoneinfo

import pytest

from dlms import Meter
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


def test_what_a_file_said_is_no_hindrance_to_a_meter_that_comes(make_server):
    server = make_server()
    take(server, DATA / "enedis-hour.csv", *create())
    hung = "SELECT m.protocol, count(*) FROM installation i JOIN meter m ON m.id = i.meter_id GROUP BY 1 ORDER BY 1"
    assert server.sql(hung) == [("import", "1")]
    meter = Meter("e2e-after-a-file")
    server.import_meters(meter, usage_point=HOME, installed_from="2023-01-01")
    assert server.sql(hung) == [("dlms", "1"), ("import", "1")], "until then the file holds"
    server.import_meters(meter, usage_point=HOME, installed_from="2022-01-01", wait=False)
    assert server.sql(hung) == [("dlms", "1")]


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


# ------------------------------------------------------------------ over REST

NEIGHBOUR, DAILY = "14290000000003", "14290000000004"


def add_points(server, **points):
    """Of an organisation each, with half-hours unless it is DAILY."""
    server.cli("usage-point", "organisation", "east", "East", "--parent", "root")
    for point, organisation in points.items():
        point = point.removeprefix("p")
        collection = "daily" if point == DAILY else "half_hour"
        server.sql("INSERT INTO usage_point (id, energy, collection, organisation) "
                   f"VALUES ('{point}', 'electricity', '{collection}', '{organisation}')")


def post(server, body, token, path="/api/v1/imports", headers=None, **query):
    """Status and what was answered; the body goes out whole before the answer is read."""
    connection = http.client.HTTPConnection("127.0.0.1", server.ports["api"], timeout=60)
    try:
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        connection.request("POST", target, body, {**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def finished(server, number, token):
    """What became of it, once it is over."""
    return eventually(lambda: (told := server.get(f"/api/v1/imports/{number}", token))["state"] in ("done", "failed") and told)


@pytest.fixture(scope="module")
def town():
    """A server with homes, and tokens for them."""
    server = Releve()
    try:
        server.start()
        add_points(server, **{f"p{HOME}": "east", f"p{OTHER}": "east", f"p{NEIGHBOUR}": "root", f"p{DAILY}": "east"})
        server.manager = server.token("energy_manager", "east")
        server.household = server.token("household", OTHER)
        yield server
    finally:
        server.close()


def test_a_customer_export_over_rest(town):
    file, curve = (DATA / "enedis-hour.csv").read_bytes(), len(curve_of(DATA / "enedis-hour.csv"))
    status, told = post(town, file, town.manager, usage_point=HOME, name="Enedis_Conso_Heure.csv")
    assert status == 202, told
    assert (told["format"], told["file_name"], told["usage_point_ids"], told["proven"]) == ("enedis_curve", "Enedis_Conso_Heure.csv", [HOME], True)
    over = finished(town, told["id"], town.manager)
    assert (over["state"], over["imported"], over["unchanged"], over["refused"], over["problems"]) == ("done", curve, 0, 0, 0)
    check_curve(exported(town, HOME))
    # The same again changes nothing, however it comes.
    blocks = town.sql("SELECT channel, day, rev, md5(data) FROM interval_day ORDER BY 1, 2")
    status, again = post(town, file, town.manager, usage_point=HOME, name="other-name.csv")
    assert (status, again["id"]) == (200, told["id"])
    assert f"already imported as number {told['id']}" in take(town, DATA / "enedis-hour.csv", "--usage-point", HOME).out
    status, more = post(town, file + b"\n", town.manager, usage_point=HOME)
    assert status == 202
    assert (lambda row: (row["imported"], row["unchanged"]))(finished(town, more["id"], town.manager)) == (0, curve)
    assert town.sql("SELECT channel, day, rev, md5(data) FROM interval_day ORDER BY 1, 2") == blocks
    listed = town.get("/api/v1/imports", town.manager, limit=1)
    assert [row["id"] for row in listed["imports"]] == [more["id"]] and listed["next"] == str(more["id"])
    assert {row["id"] for row in town.get("/api/v1/imports", town.manager, after=more["id"])["imports"]} >= {told["id"]}


def test_rows_that_are_wrong_over_rest(town):
    lines = (DATA / "enedis-day.csv").read_text(encoding="utf-8").splitlines()
    at = next(at for at, line in enumerate(lines) if re.match(r"2\d{3}-", line))
    lines[at] = lines[at].split(";")[0] + ";" + lines[at].split(";")[1] + ";many" + ";" * 14
    status, told = post(town, "\n".join(lines).encode(), town.manager, usage_point=HOME)
    assert status == 202, told
    assert told["problems"] >= 1 and at + 1 in [problem["line"] for problem in told["problem_lines"]], told
    over = finished(town, told["id"], town.manager)
    assert over["imported"] > 50 and over["problem_lines"] == told["problem_lines"]
    status, refused = post(town, b"a;b\n1;2\n", town.manager)
    assert (status, refused["type"]) == (400, "/problems/bad_csv"), refused
    status, refused = post(town, (DATA / "enedis-hour.csv").read_bytes(), town.manager)
    assert status == 400 and "give the usage point yourself" in refused["detail"], refused
    status, refused = post(town, b"", town.manager)
    assert status == 400 and "empty" in refused["detail"], refused


def test_a_file_that_is_too_large(town):
    before = town.sql("SELECT count(*) FROM import")
    status, refused = post(town, b";" * ((16 << 20) + 1), town.manager, usage_point=HOME)
    assert status == 413 and str(16 << 20) in refused["detail"], refused
    assert town.sql("SELECT count(*) FROM import") == before


def test_who_may_send_and_see_files(town):
    file = (DATA / "enedis-hour.csv").read_bytes()
    auditor = town.root_token("auditor")
    assert post(town, file, None, usage_point=HOME)[0] == 401
    assert post(town, file, "rlv_wrong", usage_point=HOME)[0] == 401
    assert post(town, file, auditor, usage_point=HOME)[0] == 403
    assert town.ask("/api/v1/imports", auditor).status == 403
    before = town.sql("SELECT count(*) FROM import")
    for token in (town.household, town.manager):  # a neighbour's, of another town
        status, refused = post(town, file, token, usage_point=NEIGHBOUR)
        assert (status, refused["type"]) == (404, "/problems/not_found"), refused
    assert post(town, file, town.household, usage_point=HOME)[0] == 404
    assert post(town, file, town.manager, usage_point="99999999999999")[0] == 404, "what may not be seen is as what is not there"
    assert town.sql("SELECT count(*) FROM import") == before
    status, told = post(town, file, town.root_token("operator"), usage_point=NEIGHBOUR)
    assert status == 202
    for token in (town.household, town.manager):
        assert town.ask(f"/api/v1/imports/{told['id']}", token).status == 404
        assert told["id"] not in [row["id"] for row in town.get("/api/v1/imports", token)["imports"]]


def test_what_a_household_sends_is_seen_and_never_billed(town):
    file, curve = (DATA / "enedis-hour.csv").read_bytes(), len(curve_of(DATA / "enedis-hour.csv"))
    status, told = post(town, file, town.household, usage_point=OTHER)
    assert (status, told["proven"]) == (202, False), told
    assert finished(town, told["id"], town.household)["imported"] == curve
    day = {"from_": "2022-10-30", "to": "2022-10-31"}
    path = f"/api/v1/usage-points/{OTHER}/readings"
    assert {row["quality"] for row in town.get(path, town.household, **day)["readings"]} == {"unauthenticated"}
    contract = town.folder / "contract.csv"
    contract.write_text(f"usage_point,tariff,from,to,powers_kva\n{OTHER},trv_base,2022-01-01,,6\n", encoding="utf-8")
    town.cli("contract", "import", contract)
    bill = f"/api/v1/usage-points/{OTHER}/bill?from=2022-10-30&to=2022-10-31"
    refused = town.ask(bill, town.household)
    assert (refused.status, refused.json["type"]) == (422, "/problems/readings_incomplete"), refused.body
    # The same bytes from the operator are proven; what the household says afterwards does not take their place.
    status, proven = post(town, file, town.manager, usage_point=OTHER)
    assert (status, proven["proven"]) == (202, True) and proven["id"] != told["id"]
    assert finished(town, proven["id"], town.manager)["imported"] == curve
    eventually(lambda: town.sql("SELECT count(*) FROM check_due") == [("0",)])
    readings = town.get(path, town.household, **day)["readings"]
    assert "unauthenticated" not in {row["quality"] for row in readings}
    billed = town.ask(bill, town.household)
    assert billed.status == 200, billed.body
    forged = re.sub(rb"(2022-10-30T1[0-9]:[0-9:]*\+01:00);\d+", rb"\1;1", file)
    assert forged != file
    status, told = post(town, forged, town.household, usage_point=OTHER)
    assert status == 202
    assert (lambda row: (row["imported"], row["unchanged"]))(finished(town, told["id"], town.household)) == (0, curve)
    assert town.get(path, town.household, **day)["readings"] == readings


def test_a_home_with_daily_totals_over_rest(town):
    status, told = post(town, (DATA / "enedis-hour.csv").read_bytes(), town.manager, usage_point=DAILY)
    assert status == 202 and "only daily totals are kept" in told["problem_lines"][0]["reason"], told
    over = finished(town, told["id"], town.manager)
    assert over["imported"] == 0 and over["refused"] == len(curve_of(DATA / "enedis-hour.csv"))
    status, told = post(town, (DATA / "enedis-day.csv").read_bytes(), town.manager, usage_point=DAILY)
    assert status == 202 and finished(town, told["id"], town.manager)["imported"] > 50
    assert town.sql("SELECT count(*) FROM import_part") == [("0",)]
    assert town.sql("SELECT count(*) FROM interval_day d JOIN installation i ON i.meter_id = d.meter_id "
                    f"WHERE i.usage_point = '{DAILY}'") == [("0",)]


def test_missing_files_of_a_flow_over_rest(town):
    text = (DATA / "r151.xml").read_text(encoding="utf-8")
    point = re.search(r"<Id_PRM>(\d{14})</Id_PRM>", text).group(1)
    add = f"INSERT INTO usage_point (id, energy, collection, organisation) VALUES ('{point}', 'electricity', 'half_hour', 'east') ON CONFLICT DO NOTHING"
    town.sql(add)
    for number in (1, 4):
        name = f"ERDF_R151_0001_C_S_{number:05d}_Q_00001_00001_20240115000000.xml"
        status, told = post(town, (text + "\n" * number).encode(), town.root_token("operator"), name=name)
        assert (status, told["flow"], told["number"]) == (202, "R151", number), told
    missing = town.get("/api/v1/imports/missing", role="operator")["missing"]
    assert [(row["flow"], row["numbers"]) for row in missing] == [("R151", [2, 3])]


def test_a_tariff_over_rest_holds_for_bills_that_are_made_later(town):
    operator, document = town.root_token("operator"), json.loads((ROOT / "proto/tariffs/example_market_hphc.json").read_text(encoding="utf-8"))
    as_json = {"Content-Type": "application/json"}

    def add(token=operator, **changed):
        return post(town, json.dumps({**document, **changed}).encode(), token, "/api/v1/tariffs", as_json)

    own = {"tariff": "own_offer", "source": "a test"}
    assert add(town.manager, **own)[0] == 403
    assert add(town.token("operator", "east"), **own)[0] == 403, "prices hold for everybody"
    status, told = add(**own)
    assert (status, told) == (201, {"id": "own_offer", "kind": "tariff", "edition": 1, "added": True})
    listed = {row["id"]: row for row in town.get("/api/v1/tariffs", town.household)["documents"]}
    first = listed["own_offer"]["known_from"]
    assert add(**own) == (200, {"id": "own_offer", "kind": "tariff", "edition": 1, "added": False})
    status, refused = add(**{**own, "source": "another test"})
    assert status == 400 and "edition: 1 of own_offer is known" in refused["detail"], refused
    components = json.loads(json.dumps(document["components"]))
    components[1]["rows"][0]["value"] = 0.5
    status, refused = add(**own, edition=2, components=components)
    assert status == 400 and "/components/1/rows/0/value: must not be a number" in refused["detail"], refused
    components[1]["rows"] = [{"from": "2025-01-01", "to": "2026-01-01", "value": "0.1"}, {"from": "2025-06-01", "value": "0.2"}]
    status, refused = add(**own, edition=2, components=components)
    assert status == 400 and "energy_hp" in refused["detail"], refused
    assert [row["known_from"] for row in town.get("/api/v1/tariffs", operator)["documents"] if row["id"] == "own_offer"] == [first]
    components[1]["rows"] = [{"from": "2025-01-01", "to": "2028-01-01", "value": "9.99"}]
    assert add(**own, edition=2, components=components)[0] == 201
    assert town.get("/api/v1/tariffs/own_offer", operator)["edition"] == 2
    assert town.get("/api/v1/tariffs/own_offer", operator, as_of=first)["edition"] == 1, "what bills rest on stays"
