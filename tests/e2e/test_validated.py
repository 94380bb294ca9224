"""Groups, rules, long jobs, corrections and the morning's report on the command line."""
import json

import pytest

from product import run_binary, write_csv


def complaint(done):
    assert done.code == 2 and not done.out, done
    lines = done.err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("releve: "), done.err
    return lines[0].removeprefix("releve: ")


@pytest.fixture
def home(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    return meter


def write_group(path, name, *homes, **columns):
    row = {"group": name, "label": "", "from": "2025-10-01", "to": ""}
    return write_csv(path, *({**row, "usage_point": home.usage_point, **columns} for home in homes))


def test_groups_come_from_a_file(shared, tmp_path, home):
    file = write_group(tmp_path / "groups.csv", "e2e-schools", home, label="Schools")
    assert "1 groups new, 1 members changed (dry run" in shared.cli("group", "import", file, "--dry-run").out
    assert "1 groups new, 1 members changed" in shared.cli("group", "import", file).out
    assert "0 groups new, 0 members changed" in shared.cli("group", "import", file).out
    assert ["e2e-schools", "root", "1", "Schools"] in [line.split() for line in shared.cli("group", "list").out.splitlines()]
    assert shared.cli("group", "show", "e2e-schools").out.splitlines()[1].split() == [home.usage_point, "2025-10-01", "-"]
    shared.cli("group", "remove", "e2e-schools", home.usage_point)
    shared.cli("group", "remove", "e2e-schools")
    assert "there is no group `e2e-schools`" in complaint(shared.cli("group", "show", "e2e-schools", code=2))


def test_a_wrong_row_of_a_group_is_named(shared, tmp_path, home, new_meter):
    for columns, said in [({"group": "two words"}, "row 2, column group: expected 1 to 64"),
                          ({"from": "today"}, "row 2, column from: expected a date"),
                          ({"to": "2025-10-01"}, "row 2, column to: is not after `from`")]:
        file = write_group(tmp_path / "groups.csv", "e2e-wrong", home, **columns)
        assert complaint(shared.cli("group", "import", file, code=2)).startswith(f"{file}: {said}")
    file = write_group(tmp_path / "groups.csv", "e2e-wrong", home, new_meter())
    assert "row 3, column usage_point: there is no usage point" in complaint(shared.cli("group", "import", file, code=2))
    assert "e2e-wrong" not in shared.cli("group", "list").out, "all rows or none"


def test_rules_of_a_group_are_checked_kept_and_cleared(shared, tmp_path, home):
    assert json.loads(shared.cli("rules", "show").out)["volume"]
    shared.cli("group", "import", write_group(tmp_path / "groups.csv", "e2e-rules", home))
    wrong, right = tmp_path / "wrong.json", tmp_path / "right.json"
    wrong.write_text('{\n  "volume": {"spike": {"severity": "grave"}}\n}\n')
    right.write_text('{"electricity_import": {"spike": {"severity": "off"}}}\n')
    for done in (run_binary("rules", "check", wrong), shared.cli("rules", "set", "--group", "e2e-rules", wrong, code=2)):
        assert complaint(done).startswith(f"{wrong}:2: /volume/spike/severity: ")
    done = run_binary("rules", "check", right)
    assert done.code == 0 and done.out.startswith(f"{right}: is right as rules of a group; validation.rules needs more: {right}:1: "), done
    whole = tmp_path / "whole.json"
    whole.write_text(shared.cli("rules", "show").out)
    assert run_binary("rules", "check", whole).out == f"{whole}: is right\n"
    shared.cli("rules", "set", "--group", "e2e-rules", right)
    assert shared.cli("rules", "show", "--group", "e2e-rules").out == right.read_text()
    shared.cli("rules", "clear", "--group", "e2e-rules")
    assert json.loads(shared.cli("rules", "show", "--group", "e2e-rules").out) == {}
    assert "nobody" in complaint(shared.cli("rules", "set", "--group", "nobody", right, code=2))


def test_a_job_is_watched_until_it_is_done(shared):
    number = shared.cli("job", "start", "ledger").out.split()[1]
    assert ": done" in shared.cli("job", "watch", number).out.splitlines()[-1]
    assert "is done" in complaint(shared.cli("job", "stop", number, code=2))
    assert "is done" in complaint(shared.cli("job", "resume", number, code=2))
    assert "expected validate, estimate or ledger" in complaint(shared.cli("job", "start", "paint", code=2))
    assert "there is no group" in complaint(shared.cli("job", "start", "validate", "--group", "nobody", code=2))
    for word in ("stop", "resume", "watch"):
        assert "there is no job 999999" in complaint(shared.cli("job", word, "999999", code=2))


def test_what_cannot_be_corrected_is_named_by_its_flag(shared, home):
    good = {"--usage-point": home.usage_point, "--from": "2025-11-03T10:00:00Z", "--to": "2025-11-03T11:00:00Z",
            "--values": "500,600", "--reason": "read on the meter"}
    for flag, wrong, said in [("--usage-point", "09999999999999", "--usage-point: there is no usage point"),
                              ("--from", "noon", "--from: expected an instant"), ("--from", "2025-11-03T10:10:00Z", "--from: "),
                              ("--to", "2025-11-04T11:00:00Z", "--to: must be within"), ("--values", "500", "--values: one for"),
                              ("--reason", "x", "--reason: 3 to 500")]:
        arguments = [word for pair in {**good, flag: wrong}.items() for word in pair]
        assert complaint(shared.cli("correct", "set", *arguments, code=2)).startswith(said)
    ahead = {**good, "--from": "2098-11-03T10:00:00Z", "--to": "2098-11-03T11:00:00Z"}
    assert complaint(shared.cli("correct", "set", *[word for pair in ahead.items() for word in pair], code=2)) == "--from: must not be in the future"
    arguments = [word for pair in good.items() for word in pair]
    assert complaint(shared.cli("correct", "paint", *arguments, code=2)).startswith("action: must be")


def test_the_morning_is_told_in_words_and_as_the_api_tells_it(shared):
    assert shared.cli("report", "morning").out and shared.cli("report", "morning", "--lang", "fr").out
    told, asked = json.loads(shared.cli("report", "morning", "--json").out), shared.get("/api/v1/reports/morning", role="operator")
    assert told.keys() == asked.keys() and told["from"] == asked["from"]
    complaint(shared.cli("report", "morning", "--lang", "de", code=2))
    states = [line.split() for line in shared.cli("token", "list").out.splitlines() if "releve report" in line]
    assert states and all("revoked" in words for words in states)
