"""What the command line says, and with which exit code: 0 well, 1 the answer is no, 2 wrong arguments or settings."""
import json

import pytest

from dlms import Meter
from product import ROOT, run_binary, write_csv

VECTORS = ROOT / "tests/vectors/dlms.json"
VECTOR = next(v for v in json.loads(VECTORS.read_text()) if v["id"] == "dlms-push-linky-daily-index")


def complaint(done):
    assert done.code == 2 and not done.out, done
    lines = done.err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("releve: "), done.err
    return lines[0].removeprefix("releve: ")


@pytest.mark.parametrize("text, line, said", [
    ('data_dir = "/tmp/x"\n\n[collector]\ndlms_tcp = "nowhere"\n', 4, "collector.dlms_tcp: expected host:port"),
    ('data_dir = "/tmp/x"\n[collector]\nwriters = 0\n', 3, "collector.writers: expected a whole number from 1 to 64"),
    ('[collector]\n\nwritters = 2\n', 3, "collector.writters: no such setting"),
    ('[api]\nlisten = true\n', 2, "api.listen: expected host:port"),
    ('[collector]\ntls_client_certificate = "perhaps"\n', 2, "collector.tls_client_certificate: expected one of"),
    ('data_dir = "/tmp/x"\n[collector\n', 2, ""),
])
@pytest.mark.parametrize("command", [["serve"], ["config", "show"], ["token", "list"]])
def test_a_wrong_setting_is_named_with_file_line_and_key(tmp_path, text, line, said, command):
    file = tmp_path / "releve.toml"
    file.write_text(text)
    assert complaint(run_binary(*command, "--config", file)).startswith(f"{file}:{line}: {said}")


def test_wrong_settings_from_environment_and_flags_are_named():
    said = complaint(run_binary("config", "show", environment={"RELEVE_COLLECTOR_WRITERS": "many"}))
    assert said.startswith("RELEVE_COLLECTOR_WRITERS: expected a whole number")
    assert complaint(run_binary("config", "show", "--set", "log.level=loud")).startswith("log.level: expected one of")
    assert "expected key=value" in complaint(run_binary("config", "show", "--set", "log.level"))
    said = complaint(run_binary("serve", "--set", "collector.dlms_tls=127.0.0.1:0", "--data-dir", "/tmp/releve-none"))
    assert said.startswith("collector.dlms_tls: needs collector.tls_cert")


def test_a_simulated_time_without_an_instant_in_it_is_refused():
    for until in ("2024-03-30T06:00:00Z", "2024-03-30T05:00:00Z"):
        done = run_binary("simulate", "--after", "2024-03-30T06:00:00Z", "--until", until)
        assert (done.code, done.out, done.err) == (2, "", "releve simulate: --until: must be later than --after\n")


def test_config_show_prints_what_is_in_force_without_secrets(tmp_path):
    file = tmp_path / "releve.toml"
    file.write_text('[collector]\nwriters = 3\nbatch_frames = 30\nqueue_frames = 300\n'
                    '[database]\nurl = "postgresql://releve:Geheimnis7@db.example/releve"\n')
    done = run_binary("config", "show", "--config", file, "--set", "collector.queue_frames=400",
                      environment={"RELEVE_COLLECTOR_BATCH_FRAMES": "31", "RELEVE_COLLECTOR_QUEUE_FRAMES": "301"})
    assert done.code == 0 and "Geheimnis7" not in done.out + done.err
    values = dict(line.split("#")[0].split(" = ") for line in done.out.splitlines() if " = " in line)
    values = {key: value.strip() for key, value in values.items()}
    assert (values["writers"], values["batch_frames"], values["queue_frames"]) == ("3", "31", "400")
    assert values["url"] == '"postgresql://releve:(hidden)@db.example/releve"'
    again = tmp_path / "again.toml"
    again.write_text(done.out.replace("(hidden)", "Geheimnis7"))
    assert run_binary("config", "show", "--config", again).out == done.out, "it can be read again"


def test_wrong_cells_are_named_by_row_and_column_and_keys_are_not_repeated(shared, tmp_path, new_meter):
    rows = [new_meter().csv_row() for _ in range(4)]
    rows[1]["system_title"] = "4c4b59"
    rows[1]["policy"] = "hope"
    rows[2]["encryption_key"] = rows[2]["encryption_key"][:-2]
    rows[3]["installed_from"] = "yesterday"
    file = write_csv(tmp_path / "meters.csv", *rows)
    before = shared.sql("SELECT count(*) FROM meter")
    done = shared.cli("meter", "import", file, code=2)
    said = [line.removeprefix(f"releve: {file}: ").split(":")[0] for line in done.err.splitlines()]
    assert said == ["row 3, column system_title", "row 3, column policy", "row 4, column encryption_key",
                    "row 5, column installed_from"]
    assert rows[2]["encryption_key"] not in done.err
    assert shared.sql("SELECT count(*) FROM meter") == before, "all rows or none"


def test_headers_are_checked(shared, tmp_path, new_meter):
    row = new_meter().csv_row()
    row["colour"] = "green"
    del row["serial"]
    done = shared.cli("meter", "import", write_csv(tmp_path / "meters.csv", row), code=2)
    assert "row 1: no column is named 'colour'" in done.err and "row 1: column serial is missing" in done.err
    done = shared.cli("meter", "import", tmp_path / "missing.csv", code=2)
    assert "missing.csv" in done.err


def test_a_meter_cannot_be_where_another_is_or_take_our_own_title(shared, tmp_path, new_meter):
    one, two = new_meter().csv_row(), new_meter().csv_row()
    two["usage_point"] = one["usage_point"]
    before = shared.sql("SELECT count(*) FROM meter")
    done = shared.cli("meter", "import", write_csv(tmp_path / "meters.csv", one, two), code=2)
    assert "3, column " in done.err
    assert shared.sql("SELECT count(*) FROM meter") == before
    one["system_title"] = "524c560000000001"
    done = shared.cli("meter", "import", write_csv(tmp_path / "meters.csv", one), code=2)
    assert "row 2, column system_title: is the system title of our own confirmations" in done.err


def test_a_dry_run_changes_nothing(shared, tmp_path, new_meter):
    file = write_csv(tmp_path / "meters.csv", new_meter().csv_row())
    before = shared.sql("SELECT (SELECT count(*) FROM meter), (SELECT count(*) FROM usage_point)")
    done = shared.cli("meter", "import", file, "--dry-run")
    assert "1 meters new" in done.out and "dry run" in done.out
    assert shared.sql("SELECT (SELECT count(*) FROM meter), (SELECT count(*) FROM usage_point)") == before
    shared.cli("meter", "import", file)
    assert "0 meters new, 0 changed, 0 keys new, 0 usage points new" in shared.cli("meter", "import", file).out


def test_tokens_are_refused_for_what_does_not_exist(shared):
    create = ["token", "create", "--label", "x"]
    good = {"--role": "household", "--scope": "root", "--expires": "2099-01-01"}
    for flag, wrong, said in [("--role", "king", "--role"), ("--scope", "12345678901234", "--scope"),
                              ("--expires", "2001-01-01", "in the past"), ("--expires", "soon", "--expires")]:
        arguments = [word for pair in {**good, flag: wrong}.items() for word in pair]
        assert said in complaint(shared.cli(*create, *arguments, code=2))
    shared.cli("token", "revoke", 999_999, code=2)
    shared.cli("quarantine", "show", 999_999, code=2)
    shared.cli("usage-point", "collection", Meter("nobody's").usage_point, "daily", "--proof", "x", code=2)
    assert "name an id" in complaint(shared.cli("quarantine", "retry", code=2))
    assert "no such reason" in complaint(shared.cli("quarantine", "list", "--reason", "weather", code=2))


def test_decode_reads_the_vector_layer_by_layer():
    inputs = VECTOR["inputs"]
    keys = ["--key", inputs["encryption_key"], "--auth-key", inputs["authentication_key"]]
    done = run_binary("decode", inputs["stream"], *keys)
    assert done.code == 0 and "18234567" in done.out and "4c4b590012345678" in done.out.lower()
    as_json = run_binary("decode", inputs["stream"], *keys, "--json")
    assert as_json.code == 0 and "18234567" in json.dumps(json.loads(as_json.out))
    wrong = run_binary("decode", inputs["stream"], "--key", "00" * 16, "--auth-key", inputs["authentication_key"])
    assert wrong.code == 1 and "18234567" not in wrong.out
    cut = run_binary("decode", inputs["stream"][:-10], *keys)
    assert cut.code == 1
    bad = run_binary("decode", inputs["stream"], "--key", "abcd")
    assert bad.code == 2 and "--key" in bad.err and "abcd" not in bad.err
    assert run_binary("decode", "xyz").code == 2


def test_check_vectors_passes_them_all_and_can_fail(tmp_path):
    done = run_binary("check", "vectors", VECTORS, ROOT / "tests/vectors/crypto-sanity.json")
    summary = done.out.splitlines()[-1]
    assert done.code == 0 and ", 0 failed, " in summary and not summary.startswith("0 passed"), done
    altered = json.loads(json.dumps(VECTOR))
    altered["expected"]["invocation_counter"] = 7
    file = tmp_path / "altered.json"
    file.write_text(json.dumps([altered]))
    done = run_binary("check", "vectors", file)
    assert done.code == 1 and "0 passed, 1 failed" in done.out and "invocation_counter" in done.out


def test_help_and_unknown_commands():
    done = run_binary("--help")
    assert done.code == 0 and all(name in done.out for name in ("serve", "meter", "token", "quarantine", "decode"))
    for command in ("serve", "meter", "token", "quarantine", "usage-point", "config", "reprocess"):
        assert run_binary(command, "--help").code == 0
    assert run_binary("sever").code == 2
    assert run_binary("meter", "export").code == 2
