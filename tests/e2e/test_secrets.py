"""No key, token, password or curve where it does not belong: logs, errors, answers, the database, what other processes
see of ours. Every server's texts are also searched when its test ends."""
import base64
import datetime
import gzip
import os
import pathlib
import re
import socket
import subprocess
import sys

import pytest

import product
from dlms import Meter, half_hours
from product import BINARY, ROOT, eventually, run_binary, write_csv
from traces import Search, forms_of, processes_of

DAY = datetime.date(2026, 3, 5)
DAY_BEFORE, DAY_AFTER = DAY - datetime.timedelta(days=1), DAY + datetime.timedelta(days=1)
PASSWORD = "Zitronenfalter-am-Fenster-27"
ROLES = ("operator", "energy_manager", "household", "auditor")


def curve():
    return [10_007 + (7_919 * i * i) % 50_021 for i in range(48)]


class Guarded:
    """A server with a meter and tokens of every role, after what may go wrong has gone wrong, and the search for all of
    its secrets."""

    def __init__(self, server, meter):
        self.server, self.meter = server, meter
        server.import_meters(meter)
        self.tokens = {role: server.token(role, meter.usage_point if role == "household" else "root") for role in ROLES}
        self.master = (server.data / "master.key").read_bytes()
        self.search = Search(encryption_key=meter.encryption_key, authentication_key=meter.authentication_key,
                             master_key=self.master,
                             **{f"token_of_{role}": text.encode() for role, text in self.tokens.items()})

    def send_everything(self):
        """A day that is stored, and messages that end in quarantine with a secret in their bytes."""
        server, meter = self.server, self.meter
        before = server.frames()
        with server.connect() as link:
            link.exchange(meter.push(meter.day(half_hours(DAY_BEFORE), curve())))
            push = meter.push(meter.day(half_hours(DAY), curve()))
            link.exchange(push)
            link.send(meter.push(meter.day(half_hours(DAY), curve()), counter=push.counter),
                      meter.push(b"\x02\x01\x16\x01"),
                      meter.push(meter.day(half_hours(DAY), curve()), encryption_key=bytes(16)))
            eventually(lambda: sum(server.frames_since(before).values()) == 5)


@pytest.fixture(scope="module")
def guarded():
    server = product.Releve(log__level="debug")
    try:
        home = Guarded(server.start(), Meter("guarded home"))
        home.send_everything()
        yield home
    finally:
        server.close()


# ------------------------------------------------------------------ the search itself


@pytest.mark.parametrize("size", [16, 32, 43])
def test_the_search_finds_each_form_wherever_it_stands(tmp_path, size):
    secret = bytes((37 * at + 11) % 256 for at in range(size))
    search = Search(key=secret)
    for at, form in enumerate(forms_of(secret)):
        (tmp_path / "folder").mkdir(exist_ok=True)
        file = tmp_path / "folder" / f"file {at}"
        file.write_bytes(b"\0" * (5 * at) + form + b"end")
        assert search.in_folder(tmp_path)[f"folder/file {at}"], form
        file.unlink()
    for before in range(3):
        for after in range(3):
            text = base64.b64encode(b"x" * before + secret + b"y" * after)
            assert search.in_bytes(text) == {"key (base64)"}
    assert search.in_folder(tmp_path) == {}
    (tmp_path / secret.hex()).touch()
    assert search.in_folder(tmp_path), "names of files count"
    assert search.in_bytes(secret[1:] + secret[:-1]) == set(), "and what is not all of it does not"


def test_the_search_finds_a_secret_of_a_process():
    secret = os.urandom(16)
    search = Search(key=secret)
    for arguments, environment in (([secret.hex()], {}), ([], {"KEY": secret.hex()})):
        with subprocess.Popen([sys.executable, "-c", "print(flush=True); input()", *arguments], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, env={**os.environ, **environment}) as process:
            process.stdout.readline()
            what = "environ" if environment else "cmdline"
            assert list(search.in_processes({process.pid})) == [f"{process.pid} {what}"]
            process.communicate(b"\n")


# ------------------------------------------------------------------ logs, database, files


def test_the_log_holds_no_secret_after_all_kinds_of_trouble(make_server, new_meter):
    server = make_server(log__level="debug")
    meter, stranger = new_meter(), new_meter()
    server.import_meters(meter)
    token = server.root_token("operator")
    push = meter.push(meter.day(half_hours(DAY), curve()))
    server.keep_secret(push.plaintext[100:140], push.apdu[100:140], stranger.encryption_key)
    before = server.frames()
    with server.connect() as link:
        link.exchange(push)
        link.send(stranger.push(stranger.day(half_hours(DAY), curve())),
                  meter.push(meter.day(half_hours(DAY), curve()), counter=push.counter),
                  meter.push(b"\x02\x01\x16\x01"), b"\x00\x02" + token.encode())
        eventually(lambda: sum(server.frames_since(before).values()) == 5)
    server.ask("/api/v1/meters", token + "x")
    server.ask(f"/api/v1/meters?token={token}", token)
    server.take_database_away()
    with server.connect() as link:
        link.send(meter.push(meter.day(half_hours(DAY), curve())))
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


def test_the_database_holds_keys_wrapped_and_tokens_hashed(guarded):
    server, meter = guarded.server, guarded.meter
    wrapped = server.sql("SELECT encode(encryption, 'hex'), encode(authentication, 'hex') FROM meter_key k "
                         f"JOIN meter m ON m.id = k.meter_id WHERE m.address = '{meter.title.hex()}'")
    hashes = server.sql("SELECT hash FROM token")
    dump = server.database_command("pg_dump", "releve")  # plain: bytes as hexadecimal
    escaped = server.database_command("psql", "-d", "releve", "-c", "SET bytea_output = escape", "-c",
                                      "SELECT * FROM meter_key", "-c", "SELECT frame FROM quarantine")
    assert guarded.search.in_bytes(dump) == guarded.search.in_bytes(escaped) == set()
    there = Search(wrapped_encryption=bytes.fromhex(wrapped[0][0]), wrapped_authentication=bytes.fromhex(wrapped[0][1]),
                   title=meter.title, **{f"hash_{at}": row[0].encode() for at, row in enumerate(hashes)})
    found = {name.partition(" (")[0] for name in there.in_bytes(dump)}
    hash_names = {f"hash {at}" for at in range(len(hashes))}
    assert found == {"wrapped encryption", "wrapped authentication", "title"} | hash_names
    assert len(wrapped) == 1 and len(hashes) == len(ROLES)


def test_no_file_of_the_server_holds_a_secret_but_the_master_key_s_own(guarded):
    server = guarded.server
    server.sql("CHECKPOINT")
    found = guarded.search.in_folder(server.folder, but={"data/master.key"})
    assert found == {}
    assert list(guarded.search.in_folder(server.folder)) == ["data/master.key"], "the search finds what is there"
    assert (server.data / "master.key").stat().st_mode & 0o777 == 0o600
    wrapped = bytes.fromhex(server.sql("SELECT encode(encryption, 'hex') FROM meter_key")[0][0])
    files = Search(wrapped=wrapped).in_folder(server.data / "postgresql")
    assert any(name.startswith("base/") for name in files) and any(name.startswith("pg_wal/") for name in files), \
        "the wrapped form is in the table's file and in the write-ahead log"


def test_no_backup_holds_a_secret(guarded, tmp_path):
    server = guarded.server
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("a passphrase of this test\n")
    server.cli("backup", tmp_path / "backups")
    server.cli("master-key", "export", tmp_path / "key.copy", "--passphrase-file", passphrase)
    for packed in tmp_path.rglob("*.gz"):  # the search reads bytes as they lie
        packed.with_suffix(".open").write_bytes(gzip.decompress(packed.read_bytes()))
    assert guarded.search.in_folder(tmp_path) == {}
    wrapped = bytes.fromhex(server.sql("SELECT encode(encryption, 'hex') FROM meter_key")[0][0])
    files = Search(wrapped=wrapped).in_folder(tmp_path)
    assert any("/data/base/" in name for name in files), "the wrapped form is in it"


def test_postgresql_s_log_repeats_no_value_of_a_failed_statement(guarded):
    """Statements that fail with a secret among their values: constraint, type, syntax, rights."""
    server, meter = guarded.server, guarded.meter
    key, token = meter.encryption_key.hex(), guarded.tokens["operator"]
    log = server.data / "postgresql/server.log"
    before = log.stat().st_size
    provoked = [f"INSERT INTO meter_key VALUES (1, 1, '\\x{key}', '\\x{key}', '{key}', 'empty')",
                f"INSERT INTO token (hash, role, label, expires_at) VALUES (NULL, '{token}', '{key}', now())",
                f"SELECT '{token}'::int8", f"SELECT FROM {token}.x",
                f"SET ROLE releve_api; SELECT '{key}' FROM meter_key"]
    for statement in provoked:
        done = subprocess.run(["psql", *server.database_words, "-d", "releve", "-qc", statement], capture_output=True,
                              check=False)
        assert done.returncode == 1, done.stderr
    new = log.read_bytes()[before:]
    assert new.count(b"ERROR:") == len(provoked), new
    # The words of a message are the server's; the one value that it must name is one that the statement itself
    # converts. The product's own statements have only parameters.
    assert not guarded.search.in_bytes(new) & guarded.search.in_bytes(key), new
    kept = [line for line in new.splitlines() if guarded.search.in_bytes(line)]
    assert len(kept) == 1 and b"invalid input syntax" in kept[0], kept
    log.write_bytes(log.read_bytes()[:before])


# ------------------------------------------------------------------ what is said


def bills_of(guarded):
    """Two bills of successive days, the later one issued."""
    server, point = guarded.server, guarded.meter.usage_point
    row = {"usage_point": point, "tariff": "trv_base", "from": "2026-01-01", "to": "", "powers_kva": "36"}
    server.cli("contract", "import", write_csv(server.data.parent / "contracts.csv", row))
    if server.sql("SELECT count(*) FROM bill") == [("0",)]:
        eventually(lambda: server.sql("SELECT count(*) FROM check_due") == [("0",)])
        for day, end in ((DAY_BEFORE, DAY), (DAY, DAY_AFTER)):
            server.cli("bill", "make", point, "--from", day, "--to", end)
        server.cli("bill", "issue", server.sql("SELECT max(id) FROM bill")[0][0])
    return server.sql("SELECT max(id) FROM bill")[0][0]


def known_of(guarded):
    """Something to show for each kind of number that a route names: {what stands in the path: number}."""
    server, meter = guarded.server, guarded.meter
    row = {"group": "e2e-secrets", "usage_point": meter.usage_point, "from": "2020-01-01"}
    server.cli("group", "import", write_csv(server.data.parent / "groups.csv", row))
    number = server.sql(f"SELECT id FROM meter WHERE address = '{meter.title.hex()}'")[0][0]
    correction = server.sql("INSERT INTO correction (meter_id, channel, day, action, slots, reason, author, state) VALUES "
                            f"({number}, 1, '{DAY}', 'accept', '{{1}}', 'a test', 'a test', 'refused') RETURNING id")[0][0]
    failure = server.sql("INSERT INTO validation_failure (meter_id, channel, day, rule, severity, first_slot, last_slot, value, limits, "
                         f"detail, batch) VALUES ({number}, 1, '{DAY}', 'high', 'note', 1, 1, 1, '{{0,0,0}}', '{{0,0}}', 1) "
                         "RETURNING id")[0][0]
    taken = server.sql("INSERT INTO import (file_name, sha256, format, usage_points, state, whole) VALUES "
                       f"('a file', sha256('a file'), 'r63', '{{{meter.usage_point}}}', 'done', false) RETURNING id")[0][0]
    return {"usage-points/{id}": f"usage-points/{meter.usage_point}", "meters/{id}": f"meters/{number}", "{name}": "wrong_key",
            "groups/{id}": "groups/e2e-secrets", "failures/{id}": f"failures/{failure}", "corrections/{id}": f"corrections/{correction}",
            "tariffs/{id}": "tariffs/trv_base", "imports/{id}": f"imports/{taken}", "{bill}": bills_of(guarded)}


def every_path(guarded):
    """Each route of proto/openapi.yaml with something in its parameters."""
    paths = re.findall(r"^  (/\S*):$", (ROOT / "proto/openapi.yaml").read_text(), re.M)
    assert "/metrics" in paths and len(paths) > 15
    known, days = known_of(guarded), f"?from={DAY}&to={DAY_AFTER}"
    asked = {"/readings": days, "/daily": days, "/half-hours": days, "/bill": days, "/bill/compare": days, "/curve": days,
             "/totals": days + "&period=day", "/revisions": f"?at={DAY}T12:00:00Z", "/collection": f"?date={DAY}&by=hour",
             "/explain": "?line=0"}
    for path in paths:
        if path.endswith(("/handling", "/corrections", "/state")):  # only taken, never given
            continue
        query = max((end for end in asked if path.endswith(end)), key=len, default=None)
        for name, value in known.items():
            path = path.replace(name, value)
        assert "{" not in path, f"{path}: nothing is known for it"
        yield path + asked.get(query, "")


def test_no_answer_of_the_api_holds_a_secret(guarded):
    server, seen = guarded.server, {}
    for path in every_path(guarded):
        for role in (*ROLES, None):
            for accept in ("application/json", "text/csv, */*;q=0.5"):
                answer = server.ask(path, guarded.tokens.get(role), Accept=accept)
                text = f"{answer.headers}{answer.body}"
                assert guarded.search.in_bytes(text) == set(), f"{path} as {role}"
                seen.setdefault(answer.status, set()).add(path)
    assert len(seen[200]) == len(list(every_path(guarded))), "each was answered to somebody"
    assert {401, 403} <= set(seen)
    secret = guarded.meter.encryption_key.hex()
    for path in (f"/api/v1/meters?after={secret}", f"/api/v1/quarantine?reason={secret}",
                 f"/api/v1/usage-points/x/daily?from={secret}&to=1&as_of={secret}"):
        answer = server.ask(path, guarded.tokens["operator"])
        assert answer.status in (400, 404) and secret not in answer.body, answer.body
    answer = server.ask(f"/api/v1/meters?{secret}=1", guarded.tokens["operator"])
    assert answer.status == 400 and answer.body.count(secret) == 1 and f'"{secret}: no such' in answer.body, \
        "the name of a parameter that does not exist is the one thing repeated"
    assert guarded.search.in_bytes(server.log.read_bytes()) == set()


def test_wrong_tokens_are_not_repeated(guarded):
    server, token = guarded.server, guarded.tokens["operator"]
    for wrong in (token + "x", token[:-1], token.swapcase(), "Basic " + token):
        answer = server.ask("/api/v1/me", wrong)
        assert answer.status == 401 and guarded.search.in_bytes(f"{answer.headers}{answer.body}") == set()
    for header in (f"Basic {token}", token, f"Bearer  {token} x"):
        answer = server.ask("/api/v1/me", Authorization=header)
        assert answer.status == 401 and guarded.search.in_bytes(f"{answer.headers}{answer.body}") == set()
    with socket.create_connection(("127.0.0.1", server.ports["api"])) as raw:  # what is no HTTP at all
        raw.sendall(f"{token} {token}\r\n{token}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400") and guarded.search.in_bytes(answer) == set()
    assert guarded.search.in_bytes(server.log.read_bytes()) == set()


def csv_texts(meter):
    """Files for `meter import` in which keys stand where they should not."""
    row = meter.csv_row()
    key, other = row["encryption_key"], row["authentication_key"]
    names = list(row)
    yield "no header", [], list(row.values())
    yield "a key names a column", [*names, key], [*row.values(), "x"]
    yield "shifted to the left", names, [*list(row.values())[1:], ""]
    yield "shifted to the right", names, ["x", *list(row.values())[:-1]]
    yield "another count", names, [*row.values(), key]
    for column in names:
        if not column.endswith("_key"):
            yield f"a key as {column}", names, list({**row, column: key}.values())
    yield "too short", names, list({**row, "encryption_key": key[:-2]}.values())
    yield "too long", names, list({**row, "encryption_key": key + other[:2]}.values())
    yield "no hexadecimal", names, list({**row, "encryption_key": "g" + key[1:]}.values())
    yield "a quote", names, list({**row, "encryption_key": '"' + key}.values())
    yield "one without the other", names, list({**row, "encryption_key": ""}.values())


def test_no_message_about_an_import_repeats_a_key(guarded, new_meter, tmp_path):
    meter = new_meter()
    parts = Search(encryption_key=meter.encryption_key, authentication_key=meter.authentication_key,
                   part=meter.encryption_key[:10], end=meter.encryption_key[-10:],
                   other_part=meter.authentication_key[:10])
    file = tmp_path / "meters.csv"
    for what, *rows in csv_texts(meter):
        file.write_text("".join(",".join(row) + "\n" for row in rows if row))
        done = guarded.server.cli("meter", "import", file, code=2)
        assert done.err and parts.in_bytes(done.out + done.err) == set(), f"{what}: {done}"
    assert parts.in_bytes(guarded.server.dump()) == set(), "and none is stored in clear"


def test_what_commands_say_holds_no_secret(guarded, tmp_path):
    server, meter = guarded.server, guarded.meter
    refused = server.sql("SELECT id FROM quarantine ORDER BY id")
    assert len(refused) == 2
    said = [server.cli(*words, code=None) for words in (
        ["config", "show"], ["migrate"], ["token", "list"], ["quarantine", "list"],
        *(["quarantine", "show", row[0]] for row in refused), ["quarantine", "retry", "--reason", "none"],
        ["token", "revoke", "1" * 30],
        ["usage-point", "collection", meter.encryption_key.hex()[:14], "daily", "--proof", "x"],
        ["meter", "import", tmp_path / "missing.csv"])]
    frame = meter.push(meter.day(half_hours(DAY), curve())).apdu.hex()
    key, other = tmp_path / "key", tmp_path / "other"
    key.write_text(meter.encryption_key.hex() + "\n")
    other.write_text(meter.authentication_key.hex())
    wrong = tmp_path / "wrong"
    wrong.write_text(meter.encryption_key.hex()[:-2])
    for words in (["--key", f"@{key}", "--auth-key", f"@{other}"], ["--key", f"@{other}", "--auth-key", f"@{key}"],
                  ["--key", f"@{key}"], ["--key", f"@{wrong}"], ["--key", meter.encryption_key.hex() + "0"],
                  ["--key", "x" + meter.encryption_key.hex()[1:]], ["--auth-key", meter.encryption_key.hex() * 2],
                  ["--key", f"@{key}", "--auth-key", f"@{other}", "--json"]):
        said.append(run_binary("decode", frame, *words))
    assert [done.code for done in said[-8:]] == [0, 1, 0, 2, 2, 2, 2, 0], said[-8:]
    short = Search(part=meter.encryption_key[:15], rest=meter.encryption_key[1:])
    for done in said:
        text = done.out + done.err
        assert guarded.search.in_bytes(text) | short.in_bytes(text) == set(), done


@pytest.mark.parametrize("mode, code", [(0o600, 0), (0o640, 2), (0o604, 2)])
def test_a_master_key_that_others_may_read_is_refused(guarded, tmp_path, mode, code):
    key = tmp_path / "master.key"
    key.write_bytes(guarded.master)
    key.chmod(mode)
    file = write_csv(tmp_path / "meters.csv", guarded.meter.csv_row())
    done = guarded.server.cli("meter", "import", file, "--set", f"keys.master_key_file={key}", code=code)
    assert ("is readable by others: chmod 600" in done.err) == (code == 2)
    assert guarded.search.in_bytes(done.out + done.err) == set()


@pytest.mark.parametrize("url", [
    "postgresql://releve_owner:{password}@%2Fnowhere/releve", "postgresql://a@127.0.0.1:1/releve?password={password}",
    "postgresql://a:{password}@127.0.0.1:99999/releve", "postgresql://a:{password}@127.0.0.1:x/releve",
    "postgresql://a:{password}@[::1/releve", "postgresql://a:{password}%zz@127.0.0.1/releve",
    "postgresql://127.0.0.1/releve?nonsense&password={password}", "postgresql://127.0.0.1/releve?{password}",
    "postgresql://a:x@{password}@127.0.0.1:1/releve", "postgresql://a:x/{password}@127.0.0.1:1/releve",
    "postgresql://a:{password}/x@127.0.0.1:1/releve", "host=/nowhere user=a password={password}"])
def test_a_database_s_password_is_never_said(tmp_path, url):
    file = tmp_path / "releve.toml"
    file.write_text(f'data_dir = "{tmp_path}/data"\n[database]\nurl = "{url.format(password=PASSWORD)}"\n')
    search = Search(password=PASSWORD.encode())
    assert search.in_bytes(file.read_bytes())
    for command in (["migrate"], ["token", "list"], ["serve"]):
        done = run_binary(*command, "--config", file)
        assert search.in_bytes(done.out + done.err) == set(), done
        assert done.code == 2 and len(done.err) > 20, done
    shown = run_binary("config", "show", "--config", file)
    # What stands where the name of an URL's setting is expected is taken for a name, and names are shown.
    assert bool(search.in_bytes(shown.out + shown.err)) == ("?{password}" in url), shown


def test_a_server_with_a_password_shows_it_to_nobody(guarded, make_server, monkeypatch):
    """A second server on the first one's database, whose address comes with a password in its environment."""
    database, search = guarded.server, Search(password=PASSWORD.encode())
    url = f"postgresql://releve_owner:{PASSWORD}@/releve?host={database.data}/run&port=5432"
    server = make_server(start=False, log__level="debug")
    monkeypatch.setenv("RELEVE_DATABASE_URL", url)
    server.start("--role", "api")
    processes = search.in_processes({server.process.pid, *processes_of(database)})
    for_root_alone = [f"{server.process.pid} environ"]  # as it was given
    assert list(processes) == (for_root_alone if os.geteuid() == 0 else [])
    for command in (["config", "show"], ["token", "list"], ["quarantine", "list"]):
        done = server.cli(*command)
        assert search.in_bytes(done.out + done.err) == set(), done
    for path in every_path(guarded):
        answer = server.ask(path, guarded.tokens["operator"])
        assert search.in_bytes(f"{answer.headers}{answer.body}") == set()
    database.take_database_away()
    assert server.ask("/api/v1/me", guarded.tokens["operator"]).status == 503
    database.give_database_back()
    eventually(lambda: server.ask("/api/v1/me", guarded.tokens["operator"]).status == 200)
    assert search.in_folder(server.folder) == {} and search.in_folder(database.folder) == {}


# ------------------------------------------------------------------ processes


def test_no_process_shows_a_secret_in_its_arguments_or_environment(guarded, tmp_path):
    server = guarded.server
    family = processes_of(server)
    assert len(family) > 5, "releve, PostgreSQL and its sessions"
    assert guarded.search.in_processes() == {}
    # A command while it runs: held up by a lock that it needs, keys already in its memory.
    file = write_csv(tmp_path / "meters.csv", guarded.meter.csv_row())
    with server.hold_tables("meter, token"):
        commands = [subprocess.Popen([BINARY, *words, "--config", str(server.config)], stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE)
                    for words in (["meter", "import", str(file)],
                                  ["token", "create", "--role", "auditor", "--scope", "root",
                                   "--expires", "2099-01-01"])]
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'releve_work' AND wait_event_type = 'Lock'"
        eventually(lambda: server.sql(waiting) == [("2",)])
        assert guarded.search.in_processes() == {}
        for command in commands:
            limits = pathlib.Path(f"/proc/{command.pid}/limits").read_text()
            assert re.search(r"Max core file size\s+0\s+0", limits), "no core file of who holds keys or tokens"
    for command in commands:
        out, err = command.communicate(timeout=product.COMMAND_S)
        assert command.returncode == 0, err
        assert guarded.search.in_bytes(out + err) == set()
