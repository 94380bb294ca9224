"""Bills of the real binary: contracts and readings in, bills out, issued, compared, corrected; and every mistake named."""
import csv
import datetime
import hashlib
import io
import json
import re
import zoneinfo

import pytest

from product import Releve, eventually, run_binary, write_csv

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
FIRST, AFTER = datetime.date(2025, 1, 6), datetime.date(2025, 1, 11)
DAYS = ["--from", FIRST, "--to", AFTER]
LOW, HIGH = 300, 500  # W, by turns: a value that never changes is doubtful
TARIFF = "trv_base"
COLUMNS = {"tariff": TARIFF, "from": "2024-01-01", "to": "", "powers_kva": "6", "parameters": "", "offpeak": "", "meter_calendar": "", "daily_capacity_kwh": ""}
TOTAL, LATER_TOTAL = "14.16", "14.18"  # 5/365 of 152.16, and 48 or 48.1 kWh at 0.2516, each rounded


@pytest.fixture(scope="module")
def server():
    product = Releve()
    try:
        yield product.start()
    finally:
        product.close()


def write_curve(file, changed=None):
    """An operator's file: each half-hour at its end."""
    lines = ["Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;Etape metier;Unite;Pas en minutes",
             "1429xxxxxxxxxx;Courbe de charge;06/01/2025;11/01/2025;Energie active;Consommation;Comptage Brut;W;", "Horodate;Valeur"]
    start = datetime.datetime.combine(FIRST, datetime.time(), PARIS)
    for slot in range(48 * (AFTER - FIRST).days):
        end = start + datetime.timedelta(minutes=30 * (slot + 1))
        lines.append(f"{end.isoformat()};{LOW if slot % 2 == 0 and slot != changed else HIGH}")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


class Home:
    def __init__(self, server, folder, number):
        self.server, self.folder, self.point = server, folder, f"1429000000{number:04d}"
        self.read(create=True)

    def read(self, changed=None, create=False):
        more = ["--create", "root", "--collection", "half_hour", "--proof", "the occupant's own export"] if create else []
        self.server.cli("import", "readings", write_curve(self.folder / "curve.csv", changed), "--usage-point", self.point, *more)
        eventually(lambda: self.server.sql("SELECT count(*) FROM check_due") == [("0",)])

    def agree(self, *rows, code=0):
        """Contracts of those columns."""
        file = write_csv(self.folder / "contracts.csv", *({"usage_point": self.point, **COLUMNS, **row} for row in rows or ({},)))
        return self.server.cli("contract", "import", file, code=code)

    def compute(self, *arguments, code=0):
        return self.server.cli("bill", "compute", self.point, *DAYS, *arguments, code=code)

    def make(self):
        return number_of(self.server.cli("bill", "make", self.point, *DAYS))

    def issue(self):
        number = self.make()
        self.server.cli("bill", "issue", number)
        return number


def number_of(done):
    return int(re.match(r"bill (\d+): a draft of ", done.out).group(1))


def known_of(server, number):
    """The two numbers, as `bill list` shows them."""
    return next(row[8] for row in (line.split() for line in server.cli("bill", "list").out.splitlines()[1:]) if row[0] == str(number))


@pytest.fixture
def new_home(server, tmp_path, count=iter(range(1, 10_000))):
    return lambda: Home(server, tmp_path, next(count))


@pytest.fixture
def home(new_home):
    made = new_home()
    made.agree()
    return made


def complaint(done):
    assert done.code == 2 and not done.out, done
    lines = done.err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("releve: "), done.err
    return lines[0].removeprefix("releve: ")


def test_a_bill_in_each_form_says_the_same(home):
    bill = json.loads(home.compute("--format", "json").out)
    assert str(bill["total_eur"]) == TOTAL and bill["energy_kwh"] == 48 and bill["rests_on"] == "read" and not bill["comparison"]
    lines = [line for line in bill["lines"] if not line["contained"]]
    assert sum(round(line["amount_eur"] * 100) for line in lines) == round(float(TOTAL) * 100)
    assert all(line["tariff"] and line["row"] and line["price"] for line in lines)
    rows = list(csv.DictReader(io.StringIO(home.compute("--format", "csv").out)))
    assert len(rows) == len(bill["lines"])
    text, page = home.compute().out, home.compute("--format", "html", "--lang", "fr").out
    assert TOTAL in text and "<html" in page and "14,16" in page and "<script" not in page


def test_a_kept_bill_is_the_hash_of_its_document(server, home):
    number = home.make()
    shown = json.loads(server.cli("bill", "show", number, "--format", "json").out)
    document = server.cli("bill", "show", number, "--format", "document").out
    assert hashlib.sha256(document.encode()).hexdigest() == shown["hash"]
    assert document == home.compute("--format", "document", "--as-of", known_of(server, number)).out, "the same knowledge, the same bytes"
    again = server.cli("bill", "make", home.point, *DAYS, "--as-of", known_of(server, number))
    assert json.loads(server.cli("bill", "show", number_of(again), "--format", "json").out)["hash"] == shown["hash"]
    assert shown["state"] == "draft"


def test_as_of_an_earlier_bill_nothing_that_came_later_counts(server, home):
    known = re.search(r"as of (\d+\.\d+)", home.compute().out).group(1)
    then = home.compute("--format", "document", "--as-of", known).out
    home.read(changed=20)
    home.agree({"powers_kva": "9"})
    assert home.compute("--format", "document").out != then
    assert home.compute("--format", "document", "--as-of", known).out == then
    for wrong, said in (("soon", "--as-of: expected two numbers"), ("1", "--as-of: expected two numbers"), ("999999.1", "as_of: no answer has named this number yet")):
        assert said in complaint(home.compute("--as-of", wrong, code=2))


def test_an_issued_bill_stays_and_its_correction_takes_its_place(server, home):
    number = home.issue()
    before = server.cli("bill", "show", number, "--format", "document").out
    again = home.make()
    assert f"bill {number} was issued for some of these days" in complaint(server.cli("bill", "issue", again, code=2))
    assert "is issued" in complaint(server.cli("bill", "issue", number, code=2))
    server.cli("bill", "cancel", again, "--reason", "made twice")

    def due():
        return [line.split() for line in server.cli("bill", "due").out.splitlines()[1:] if home.point in line]

    assert due() == []
    home.read(changed=20)
    assert due() == [[str(number), home.point, str(FIRST), str(AFTER), TOTAL, LATER_TOTAL, "0.02", "readings"]]
    told = server.get(f"/api/v1/usage-points/{home.point}/bills/{number}/correction")
    assert told["due"] and told["cause"] == "readings" and str(told["difference_eur"]) == "0.02"
    done = server.cli("bill", "correct", "--due")
    correction = int(re.search(rf"bill (\d+): a draft of {LATER_TOTAL} for {home.point}, .* corrects bill {number} of {TOTAL} \(readings\)", done.out).group(1))
    assert f" corrects bill {number} " not in server.cli("bill", "correct", "--due").out, "once is enough"
    fresh = home.compute("--format", "document", "--as-of", known_of(server, correction)).out
    assert server.cli("bill", "show", correction, "--format", "document").out == fresh
    server.cli("bill", "issue", correction)
    listed = [line.split() for line in server.cli("bill", "list", home.point).out.splitlines()[1:]]
    states = {row[0]: (row[4], row[9]) for row in listed}
    assert states[str(number)] == ("cancelled", "-") and states[str(correction)] == ("issued", str(number))
    assert server.cli("bill", "show", number, "--format", "document").out == before
    assert due() == []


def test_a_later_contract_makes_bills_of_a_group_due(server, new_home, tmp_path):
    homes = [new_home() for _ in range(2)]
    for one in homes:
        one.agree()
        one.issue()
    group = {"group": "e2e-due", "label": "", "from": "2024-01-01", "to": ""}
    server.cli("group", "import", write_csv(tmp_path / "groups.csv", {**group, "usage_point": homes[0].point}))
    for one in homes:
        one.agree({"powers_kva": "9"})
    lines = server.cli("bill", "due", "--group", "e2e-due").out.splitlines()[1:]
    assert len(lines) == 1 and lines[0].split()[1] == homes[0].point and lines[0].endswith(" terms")
    out = server.cli("bill", "correct", "--due", "--group", "e2e-due").out
    assert "1 drafts made, 0 were there already, 0 could not be made" in out
    assert "0 drafts made, 1 were there already, 0 could not be made" in server.cli("bill", "correct", "--due", "--group", "e2e-due").out
    homes[0].agree({"from": "2025-01-08", "to": "2025-01-09", "tariff": "trv_hphc"})  # nobody knows its off-peak hours
    assert "cannot be worked out now" in server.cli("bill", "due", "--group", "e2e-due").out
    assert "1 could not be made" in server.cli("bill", "correct", "--due", "--group", "e2e-due", code=1).out


def test_many_at_a_time_are_those_one_by_one(server, new_home, tmp_path):
    homes = [new_home() for _ in range(3)]
    for one in homes[:2]:
        one.agree()
    homes[2].agree({"to": "2025-01-08"})
    group = {"group": "e2e-run", "label": "", "from": "2024-01-01", "to": ""}
    server.cli("group", "import", write_csv(tmp_path / "groups.csv", *({**group, "usage_point": one.point} for one in homes)))
    done = server.cli("bill", "run", *DAYS, "--group", "e2e-run", code=1)
    assert re.match(r"run \d+: 2 drafts, 28\.32 EUR in all; 1 could not be billed\n", done.out), done
    assert f"  {homes[2].point}: " in done.out and "2025-01-08" in done.out
    for one in homes[:2]:
        number = server.cli("bill", "list", one.point).out.splitlines()[1].split()[0]
        assert server.cli("bill", "show", number, "--format", "document").out == one.compute("--format", "document", "--as-of", known_of(server, number)).out
    run = re.match(r"run (\d+)", done.out).group(1)
    assert "is finished" in complaint(server.cli("bill", "run", "--resume", run, code=2))
    assert "there is no run 999999" in complaint(server.cli("bill", "run", "--resume", "999999", code=2))
    for wrong in ("2025-13", "now"):
        assert complaint(server.cli("bill", "run", "--month", wrong, code=2)).startswith("--month: ")
    assert complaint(server.cli("bill", "run", *DAYS, "--group", "nobody", code=2)).startswith("--group: there is no group")
    assert homes[2].point in server.cli("bill", "failures", run).out
    listed = server.cli("bill", "list", "--run", run, "--state", "draft").out.splitlines()
    assert {line.split()[1] for line in listed[1:]} == {one.point for one in homes[:2]}
    # Issued all at once, and not billed again.
    assert server.cli("bill", "issue", "--run", run).out == f"run {run}: 2 bills issued, 0 could not be issued\n"
    assert "has no drafts" in complaint(server.cli("bill", "issue", "--run", run, code=2))
    again = server.cli("bill", "run", *DAYS, "--group", "e2e-run", code=1).out
    assert ": 0 drafts, " in again and "2 usage points have an issued bill" in again


def test_the_database_lets_no_day_be_issued_twice(server, home):
    number = home.issue()
    other = home.make()
    assert f"bill {number} was issued" in complaint(server.cli("bill", "issue", other, code=2))
    with pytest.raises(Exception, match="bill_issued_once"):
        server.sql(f"UPDATE bill SET state = 'issued', issued_at = now() WHERE id = {other}")


def test_who_looks_at_a_bill_on_the_command_line_is_listed(server, home, tmp_path, monkeypatch):
    monkeypatch.setenv("USER", "ana")

    def seen():
        return [row[0] for row in server.sql(f"SELECT what FROM access_log WHERE usage_point = '{home.point}' AND who = 'command line (ana)'")]

    home.compute()
    assert seen() == ["bill"]
    number = home.issue()
    assert server.sql(f"SELECT made_by, issued_by FROM bill WHERE id = {number}") == [("command line (ana)",) * 2]
    server.cli("bill", "show", number)
    assert seen() == ["bill"] * 2
    letters = tmp_path / "letters.html"
    server.cli("letter", "--usage-point", home.point, "--month", "2025-01", "--telephone", "01 02", "--output", letters, code=1)
    assert not letters.exists(), "the month is not read as a whole"


def test_a_letter_is_for_its_owner_only(server, new_home, tmp_path):
    home = new_home()
    start = datetime.datetime(2025, 2, 1, tzinfo=PARIS)
    lines = ["Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;Etape metier;Unite;Pas en minutes",
             "1429xxxxxxxxxx;Courbe de charge;01/02/2025;01/03/2025;Energie active;Consommation;Comptage Brut;W;", "Horodate;Valeur"]
    lines += [f"{(start + datetime.timedelta(minutes=30 * (n + 1))).isoformat()};{LOW + n % 7}" for n in range(48 * 28)]
    (tmp_path / "february.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    server.cli("import", "readings", tmp_path / "february.csv", "--usage-point", home.point)
    eventually(lambda: server.sql("SELECT count(*) FROM check_due") == [("0",)])
    home.agree()
    letters = tmp_path / "letters.html"
    asked = ["letter", "--usage-point", home.point, "--month", "2025-02", "--telephone", "01 02 03 04 05", "--output", letters]
    assert server.cli(*asked).out == f"1 letter in {letters}\n"
    assert letters.stat().st_mode & 0o777 == 0o600
    text = letters.read_text(encoding="utf-8")
    assert text.count('class="letter"') == 1 and home.point in text and "01 02 03 04 05" in text and "février 2025" in text
    assert "--force" in complaint(server.cli(*asked, code=2))
    assert server.cli(*asked, "--force", "--lang", "en").code == 0 and "February 2025" in letters.read_text(encoding="utf-8")


def test_the_weather_is_a_part_of_a_comparison(server, home, tmp_path):
    group = {"group": "e2e-cold", "label": "", "from": "2024-01-01", "to": "", "usage_point": home.point}
    server.cli("group", "import", write_csv(tmp_path / "groups.csv", group))
    days = [FIRST + datetime.timedelta(days=n) for n in range(5)]
    file = write_csv(tmp_path / "days.csv", *({"day": day, "mean_c": "-3.4" if n > 2 else "12"} for n, day in enumerate(days)))
    assert "5 days, 5 changed" in server.cli("group", "temperatures", "e2e-cold", file).out
    assert "5 days, 0 changed" in server.cli("group", "temperatures", "e2e-cold", file).out
    assert complaint(server.cli("group", "temperatures", "nobody", file, code=2)).startswith("group: there is no group")
    wrong = write_csv(tmp_path / "wrong.csv", {"day": FIRST, "mean_c": "cold"})
    assert "row 2, column mean_c: expected degrees Celsius" in complaint(server.cli("group", "temperatures", "e2e-cold", wrong, code=2))
    home.read(changed=3 * 48 + 2)  # more on a cold day
    token = server.token("operator")
    compared = server.get(f"/api/v1/usage-points/{home.point}/bill/compare?from=2025-01-09&to=2025-01-11&with=previous", token)
    parts = {part["part"]: part for part in compared["parts"]}
    assert round(sum(part["amount_eur"] for part in parts.values()) * 100) == round(compared["difference_eur"] * 100)
    assert "weather" in parts, parts


def test_a_file_can_be_played_later_and_says_so(server, tmp_path):
    point = "14290000009998"
    file = write_curve(tmp_path / "curve.csv")
    asked = ["import", "readings", file, "--usage-point", point, "--create", "root", "--collection", "half_hour", "--proof", "a demo", "--played-weeks", "52"]
    server.cli(*asked)
    eventually(lambda: server.sql("SELECT count(*) FROM check_due") == [("0",)])
    server.cli("contract", "import", write_csv(tmp_path / "contracts.csv", {"usage_point": point, **COLUMNS}))
    text = server.cli("bill", "compute", point, "--from", "2026-01-05", "--to", "2026-01-10").out
    assert "Curve of 2025, played as 2026" in text


@pytest.mark.parametrize("arguments, said", [
    (["--from", "2025-01-11", "--to", "2025-01-06"], "--to: is not after --from"),
    (["--from", "2025-01-06", "--to", "2025-01-06"], "--to: is not after --from"),
    (["--from", "today", "--to", "2025-01-06"], "--from: expected a date"),
    (["--from", "2025-01-06", "--to", "2025-02-30"], "--to: expected a date"),
    (["--from", "2012-01-06", "--to", "2025-01-06"], "to: a bill is of at most 3660 days"),
    ([*DAYS, "--prices-as-of", "x"], "--prices-as-of: expected a date"),
    ([*DAYS, "--tariff", "trv_bose", "--powers", "6"], "trv_bose"),
    ([*DAYS, "--tariff", TARIFF, "--powers", "-6"], "--powers: expected kVA"),
    ([*DAYS, "--tariff", TARIFF, "--powers", "six"], "--powers: expected kVA"),
    ([*DAYS, "--tariff", TARIFF, "--powers", "1e9"], "--powers: expected kVA"),
    ([*DAYS, "--tariff", TARIFF, "--powers", "7"], "power_kva: tariff trv_base has no 7"),
    ([*DAYS, "--powers", "6"], "--tariff: is needed"),
    ([*DAYS, "--tariff", TARIFF, "--powers", "6", "--parameters", "fta"], "--parameters: expected names and values"),
    (["--from", "2025-01-06", "--to", "2025-01-12"], "2025-01-11"),  # no readings of that day
])
def test_what_is_asked_wrongly_is_named(server, home, arguments, said):
    for command in ["compute"] + (["make"] if len(arguments) == 4 else []):
        assert said in complaint(server.cli("bill", command, home.point, *arguments, code=2))


def test_unknown_usage_points_and_bills_are_named(server):
    assert "usage_point: there is no usage point 09999999999999" in complaint(server.cli("bill", "compute", "09999999999999", *DAYS, code=2))
    for command in (["show", "999999"], ["issue", "999999"], ["correct", "999999"], ["cancel", "999999", "--reason", "none"]):
        assert "there is no bill 999999" in complaint(server.cli("bill", *command, code=2))
    assert complaint(server.cli("bill", "correct", code=2)) == "id: is needed, or --due"
    assert "id = many" in complaint(server.cli("bill", "show", "many", code=2))


@pytest.mark.parametrize("columns, said", [
    ({"tariff": "trv_bose"}, "row 2, column tariff: there is no tariff 'trv_bose'"),
    ({"powers_kva": "-6"}, "row 2, column powers_kva: expected kVA"),
    ({"powers_kva": "six"}, "row 2, column powers_kva: expected kVA"),
    ({"powers_kva": "1000000000"}, "row 2, column powers_kva: expected kVA"),
    ({"to": "2023-12-31"}, "row 2, column to: is not after `from`"),
    ({"from": "soon"}, "row 2, column from: expected a date"),
    ({"usage_point": "123"}, "row 2, column usage_point: expected 14 digits"),
    ({"usage_point": "09999999999999"}, "row 2, column usage_point: there is no usage point"),
    ({"daily_capacity_kwh": "-1"}, "row 2, column daily_capacity_kwh: expected whole kWh"),
    ({"offpeak": "at night"}, "row 2, column offpeak: "),
])
def test_a_wrong_cell_of_a_contract_is_named(server, home, columns, said):
    before = server.cli("contract", "list", home.point).out
    assert said in complaint(home.agree(columns, code=2))
    assert server.cli("contract", "list", home.point).out == before


def test_contracts_of_days_that_are_not_covered_or_twice(home):
    assert "row 3, column from: row 2 has that day" in complaint(home.agree({}, {"from": "2024-06-01"}, code=2))
    home.agree({"offpeak": "HC (22H00-6H00)"})
    home.agree({"from": "2025-01-08", "to": "2025-01-09", "tariff": "trv_hphc"})
    bill = json.loads(home.compute("--format", "json").out)
    assert [(one["tariff"], one["from"], one["to"]) for one in bill["contracts"]] == [
        (TARIFF, "2025-01-06", "2025-01-08"), ("trv_hphc", "2025-01-08", "2025-01-09"), (TARIFF, "2025-01-09", "2025-01-11")]
    assert bill["energy_kwh"] == 48 and str(bill["total_eur"]) != TOTAL


def test_a_hole_between_contracts_is_named_by_its_days(new_home):
    home = new_home()
    home.agree({"to": "2025-01-08"}, {"from": "2025-01-09"})
    assert "2025-01-08" in complaint(home.compute(code=2))


def test_prices_of_another_day_or_tariff_are_a_comparison(server, home):
    bill = json.loads(home.compute("--prices-as-of", "2025-09-01", "--format", "json").out)
    assert bill["comparison"] and bill["prices_as_of"] == "2025-09-01" and str(bill["total_eur"]) != TOTAL
    other = json.loads(home.compute("--tariff", "trv_base", "--powers", "9", "--format", "json").out)
    assert other["comparison"] and other["prices_as_of"] is None
    assert "comparison" in home.compute("--prices-as-of", "2025-09-01").out.lower()
    assert "--prices-as-of" in complaint(server.cli("bill", "make", home.point, *DAYS, "--prices-as-of", "2025-09-01", code=2))


def test_network_prices_that_are_not_known_are_refused_by_their_row(home):
    home.agree({"tariff": "example_market_hphc", "powers_kva": "6", "offpeak": "HC (22H00-6H00)"})
    home.compute("--prices-as-of", "2026-07-31")
    said = complaint(home.compute("--prices-as-of", "2026-08-01", code=2))
    assert "turpe_c5/" in said and "2026-08-01" in said and "fta=" in said, said


def test_a_household_sees_its_bill_and_what_it_rests_on(server, new_home):
    mine, other = new_home(), new_home()
    for one in (mine, other):
        one.agree()
    token, number, others = server.token("household", mine.point), mine.issue(), other.issue()
    days = f"from={FIRST}&to={AFTER}"
    assert str(server.get(f"/api/v1/usage-points/{mine.point}/bill?{days}", token)["total_eur"]) == TOTAL
    bill = server.get(f"/api/v1/usage-points/{mine.point}/bills/{number}", token)
    assert str(bill["total_eur"]) == TOTAL and bill["state"] == "issued"
    energy = next(n for n, line in enumerate(bill["lines"]) if line["component"] == "energy")
    explained = server.get(f"/api/v1/usage-points/{mine.point}/bills/{number}/explain", token, line=energy)
    assert explained["component"] == "energy"
    assert [row["energy_wh"] for row in explained["readings"]] == [LOW // 2, HIGH // 2] * 24 * 5
    for path in (f"{other.point}/bill?{days}", f"{other.point}/bills", f"{other.point}/bills/{others}", f"{mine.point}/bills/{others}", f"{other.point}/bills/{others}/explain?line=1"):
        assert server.ask(f"/api/v1/usage-points/{path}", token).status == 404, path


def test_days_played_are_said_on_every_output(server, home):
    server.cli("contract", "played", home.point, "--of", "2013", "--as", "2025")
    said = "curve of 2013, played as 2025"
    for form in ("text", "json", "html", "document"):
        assert said in home.compute("--format", form).out.lower(), form  # people read it as a sentence
    assert complaint(server.cli("contract", "played", home.point, code=2)).startswith("--of: is needed")
    server.cli("contract", "played", home.point, "--real")
    assert said not in home.compute().out.lower()
    home.make()
    assert "are kept" in complaint(server.cli("contract", "played", home.point, "--of", "2013", "--as", "2025", code=2))


def own_tariff(edition=1, value="0.2000"):
    words = {"label": {"en": "Own", "fr": "Propre"}, "plain": {"en": "One price.", "fr": "Un prix."}}
    return {"tariff": "e2e_own", "edition": edition, "energy": "electricity", "segments": ["C5"], **words, "source": "the tests", "calendar": "base", "prices_include_vat": True,
            "components": [{"id": "energy", **words, "section": "supply", "basis": "energy", "unit": "EUR/kWh", "calendar": "base", "class": "BASE", "vat": "none",
                            "rows": [{"from": "2024-01-01", "value": value}]}]}


def test_tariffs_are_listed_shown_checked_and_added(server, home, tmp_path):
    listed = [line.split() for line in server.cli("tariff", "list").out.splitlines()]
    assert any(row[:4] == [TARIFF, "tariff", "1", "electricity"] for row in listed)
    assert json.loads(server.cli("tariff", "show", TARIFF).out)["tariff"] == TARIFF
    assert "there is no document e2e_nothing" in complaint(server.cli("tariff", "show", "e2e_nothing", code=2))
    file = tmp_path / "own.json"
    file.write_text(json.dumps(own_tariff(), indent=1), encoding="utf-8")
    server.cli("tariff", "add", file)
    home.agree({"tariff": "e2e_own", "powers_kva": ""})
    assert "9.60" in home.compute().out
    known = re.search(r"as of (\d+\.\d+)", home.compute().out).group(1)
    then = home.compute("--format", "document", "--as-of", known).out
    file.write_text(json.dumps(own_tariff(value="0.3000"), indent=1), encoding="utf-8")
    assert "e2e_own: edition 1 is known; a changed document needs a greater one" in server.cli("tariff", "add", file, code=2).err
    file.write_text(json.dumps(own_tariff(edition=2, value="0.3000"), indent=1), encoding="utf-8")
    server.cli("tariff", "add", file)
    assert "14.40" in home.compute().out
    assert home.compute("--format", "document", "--as-of", known).out == then


@pytest.mark.parametrize("change, said", [
    (lambda one: one["components"][0].update(unit="EUR/ton"), "/components/0/unit"),
    (lambda one: one["components"][0]["rows"][0].update(value="-0.2x"), "/components/0/rows/0/value"),
    (lambda one: one["components"][0]["rows"][0].update(value=0.2), "/components/0/rows/0/value"),
    (lambda one: one["components"][0]["rows"][0].update(to="2023-01-01"), "rows/0"),
    (lambda one: one.update(calendar="moon"), "moon"),
    (lambda one: one.pop("source"), "source"),
])
def test_a_wrong_tariff_is_named_by_file_and_place(server, tmp_path, change, said):
    wrong = own_tariff()
    change(wrong)
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps(wrong, indent=1), encoding="utf-8")
    for command in ("check", "add"):
        done = server.cli("tariff", command, file, code=2) if command == "add" else run_binary("tariff", "check", file)
        line = complaint(done)
        assert str(file) in line and said in line, line
