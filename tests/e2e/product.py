"""The real binary under test: its folder, its process, its command line, its API and its database."""
import contextlib
import copy
import csv
import ctypes
import datetime
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from link import PATIENCE_S, Link
from traces import forms_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("RELEVE_BINARY") or str(ROOT / "build/release/releve")
START_S, STOP_S, COMMAND_S = 300.0, 120.0, 120.0

# Servers that a killed product leaves behind become ours: whatever runs as process 1 may not look after them.
PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

running = []  # every product that is up, for the report of a failure


def eventually(check, seconds=PATIENCE_S):
    """Polls until `check` neither asserts nor gives something false; gives what it gave. The only wait of the tests."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        try:
            value = check()
            if value:
                return value
            problem = AssertionError(f"still {value!r} after {seconds:g} s")
        except AssertionError as error:
            problem = error
        if time.monotonic() >= deadline:
            raise problem
        pause.wait(0.02)


class Done:
    """A finished command."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit {self.code}\n{self.out}{self.err}"


def run_binary(*arguments, environment=None):
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=COMMAND_S,
                          check=False, env={**os.environ, **(environment or {})})
    return Done(done.returncode, done.stdout, done.stderr)


def write_csv(path, *rows):
    """Rows of the same columns, {column: text}; gives the path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        table.writerows(rows)
    return path


def postmaster_of(data):
    """The PostgreSQL on this data folder, also one whose server is no more; None when there is none."""
    try:
        pid = int((data / "postgresql/postmaster.pid").read_text().split()[0])
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError, ValueError, IndexError):
        return None
    return pid if str(data).encode() in command else None


def end_orphan(data):
    """Ends the PostgreSQL that a killed server left behind on its data folder."""
    if pid := postmaster_of(data):
        os.kill(pid, signal.SIGINT)
        eventually(lambda: postmaster_of(data) is None)
        os.waitpid(pid, 0)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Releve:
    """`releve serve` on its own data folder with its own PostgreSQL. Settings as in the documentation, dotted."""

    def __init__(self, **settings):
        """`collector__idle_timeout_s=1` for collector.idle_timeout_s."""
        # Short, because of the socket's path; passable, because as root the database runs as another user.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="releve-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self.config = self.folder / "releve.toml"
        self.log = self.folder / "log"
        self.settings = {"data_dir": str(self.data), "collector.dlms_tcp": "127.0.0.1:0", "api.listen": "127.0.0.1:0"}
        self.settings.update({key.replace("__", "."): value for key, value in settings.items()})
        self.process = None
        self.environment = {}  # more of it, for the server and the commands
        self.ports = {}
        self.tokens = {}
        self.secrets = set()
        self.said = b""  # by commands, where no secret may show either
        self.write_config()

    # ---------------------------------------------------------------- process

    def write_config(self):
        groups = {}
        for key, value in self.settings.items():
            group, _, name = key.rpartition(".")
            groups.setdefault(group, []).append(f"{name} = {json.dumps(value)}")
        text = "\n".join(groups.pop("", [])) + "\n"
        text += "".join(f"\n[{group}]\n" + "\n".join(lines) + "\n" for group, lines in groups.items())
        self.config.write_text(text, encoding="utf-8")

    def begin_start(self, *flags):
        """Does not wait until it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([BINARY, "serve", "--config", str(self.config), *flags],
                                            stdout=subprocess.PIPE, stderr=log, start_new_session=True,
                                            env={**os.environ, **self.environment})
        if self not in running:
            running.append(self)

    def start(self, *flags):
        self.begin_start(*flags)
        line = self.read_ready_line()
        found = dict(re.findall(r"(TCP|TLS|API|gateways)\)? (?:http://)?127\.0\.0\.1:(\d+)", line))
        self.ports = {name.lower(): int(port) for name, port in found.items()}
        return self

    def start_companion(self, *flags):
        """A second process on the same data; the caller stops it."""
        other = copy.copy(self)
        other.process, other.ports, other.log = None, {}, self.folder / "log-of-companion"
        return other.start(*flags)

    def read_ready_line(self):
        deadline = time.monotonic() + START_S
        line = b""
        while not line.endswith(b"\n"):
            readable, _, _ = select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            assert readable, f"not ready within {START_S:g} s\n{self.log_text()}"
            piece = os.read(self.process.stdout.fileno(), 4096)
            assert piece, f"ended before it was ready: exit {self.process.wait(STOP_S)}\n{self.log_text()}"
            line += piece
        text = line.decode()
        assert text.startswith("releve is ready: ") and text.count("\n") == 1, text
        return text

    def signal(self, number):
        os.kill(self.process.pid, number)

    def wait(self):
        code = self.process.wait(STOP_S)
        self.process.stdout.close()
        self.process = None
        return code

    def stop(self):
        """SIGTERM; gives the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        """SIGKILL of releve alone: its PostgreSQL goes on, an orphan."""
        self.signal(signal.SIGKILL)
        return self.wait()

    def kill_with_database(self):
        """As when the machine loses its power, but for the page cache."""
        postmaster = self.postmaster()
        self.kill()
        os.kill(postmaster, signal.SIGKILL)
        os.waitpid(postmaster, 0)

    def close(self):
        try:
            if self.process and self.process.poll() is None:
                code = self.stop()
                assert code == 0, f"exit {code} on SIGTERM\n{self.log_text()}"
            leaks = self.find_leaks()
            assert not leaks, f"a secret is in {', '.join(leaks)}"
        finally:
            self.discard()

    def discard(self):
        """In whatever state it is: no process and no file of it stays."""
        if self in running:
            running.remove(self)
        if self.process:
            self.process.kill()
            self.wait()
        end_orphan(self.data)
        shutil.rmtree(self.folder, ignore_errors=True)

    def postmaster(self):
        return postmaster_of(self.data)

    def log_text(self):
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    # ---------------------------------------------------------------- secrets

    def keep_secret(self, *secrets):
        self.secrets.update(secrets)

    def find_leaks(self):
        """Files of text, and what commands said, that hold a key, a token or a curve."""
        texts = {"what a command said": self.said}
        texts.update({f"the {file.name}": file.read_bytes() for file in self.folder.glob("log*")})
        server_log = self.data / "postgresql/server.log"
        if server_log.exists():
            texts["PostgreSQL's log"] = server_log.read_bytes()
        forms = {form for secret in self.secrets for form in forms_of(secret)}
        return sorted(name for name, text in texts.items() if any(form in text for form in forms))

    # ---------------------------------------------------------------- command line

    def cli(self, *arguments, secret_output=False, code=0):
        done = run_binary(*arguments, "--config", self.config, environment=self.environment)
        if not secret_output:
            self.said += (done.out + done.err).encode()
        assert code is None or done.code == code, f"{arguments}: {done}"
        return done

    def import_meters(self, *meters, wait=True, organisation="root", **columns):
        rows = [{**meter.csv_row(), **columns} for meter in meters]
        for row in rows:
            self.keep_secret(*(bytes.fromhex(row[key]) for key in ("encryption_key", "authentication_key") if row[key]))
        file = write_csv(self.folder / "meters.csv", *rows)
        before = self.metrics()["releve_meters"] if wait else 0
        done = self.cli("meter", "import", file, "--organisation", organisation)
        file.unlink()
        if wait:
            new = int(re.search(r"(\d+) meters new", done.out).group(1))
            eventually(lambda: self.metrics()["releve_meters"] >= before + new)
        return done

    def token(self, role, *scopes, label=None, expires="2099-12-31"):
        label = label or f"{role} of the tests"
        arguments = ["token", "create", "--role", role, "--expires", expires, "--label", label]
        for scope in scopes or ("root",):
            arguments += ["--scope", scope]
        text = self.cli(*arguments, secret_output=True).out.strip()
        self.keep_secret(text.encode())
        return text

    def root_token(self, role):
        if role not in self.tokens:
            self.tokens[role] = self.token(role)
        return self.tokens[role]

    # ---------------------------------------------------------------- API

    def ask(self, path, token=None, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports['api']}{path}",
                                         headers={k.replace("_", "-"): v for k, v in headers.items()})
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read().decode())

    def get(self, path, token=None, role="energy_manager", **query):
        if query:
            path += "?" + urllib.parse.urlencode({key.rstrip("_"): value for key, value in query.items()})
        answer = self.ask(path, token or self.root_token(role))
        assert answer.status == 200, f"{path}: {answer.status} {answer.body}"
        return answer.json

    def daily(self, meter, day, days=1, **query):
        """The row of one civil day, or the rows of several."""
        end = day + datetime.timedelta(days=days)
        rows = self.get(f"/api/v1/usage-points/{meter.usage_point}/daily", from_=day, to=end, **query)["days"]
        assert len(rows) == days
        return rows[0] if days == 1 else rows

    def readings(self, meter, day, days=1, **query):
        """{start: value} of a civil day."""
        end = day + datetime.timedelta(days=days)
        answer = self.get(f"/api/v1/usage-points/{meter.usage_point}/readings", from_=day, to=end, **query)
        return {datetime.datetime.fromisoformat(row["start"].replace("Z", "+00:00")): row["value"]
                for row in answer["readings"]}

    def settled(self):
        """Waits until all that was confirmed is in its day and not only in the archive."""
        eventually(lambda: self.metrics()["releve_deferred_readings"] == 0)

    def quarantine(self, **query):
        """Refused messages, by id."""
        rows = self.get("/api/v1/quarantine", role="operator", limit=1000, **query)["quarantine"]
        return {row["id"]: row for row in rows}

    def metrics(self):
        answer = self.ask("/metrics")
        assert answer.status == 200, answer.body
        lines = (line.rpartition(" ") for line in answer.body.splitlines() if line and not line.startswith("#"))
        return {name: float(value) if "." in value else int(value) for name, _, value in lines}

    def frames(self):
        """Received frames by state."""
        pattern = re.compile(r'releve_frames_total\{state="(\w+)"\}')
        return {found.group(1): value for name, value in self.metrics().items() if (found := pattern.fullmatch(name))}

    def frames_since(self, before):
        """States whose count changed, with by how much."""
        return {state: count - before[state] for state, count in self.frames().items() if count != before[state]}

    # ---------------------------------------------------------------- database

    @property
    def database_words(self):
        """What names its cluster, and the owner in it, to PostgreSQL's own programs."""
        return ["-h", str(self.data / "run"), "-p", "5432", "-U", "releve_owner"]

    def database_command(self, program, *arguments):
        done = subprocess.run([program, *self.database_words, *arguments], capture_output=True, timeout=COMMAND_S,
                              check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def sql(self, query, database="releve"):
        """Rows as tuples of text."""
        out = self.database_command("psql", "-d", database, "-qAtX", "-F", "\t", "-c", query).decode()
        return [tuple(line.split("\t")) for line in out.splitlines()]

    @contextlib.contextmanager
    def hold_tables(self, names):
        """Nobody else reads or writes them; until the block ends or the database is taken away."""
        with subprocess.Popen(["psql", *self.database_words, "-d", "releve", "-qAt"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as holder:
            holder.stdin.write(f"BEGIN; LOCK TABLE {names}; SELECT 'held';\n".encode())
            holder.stdin.flush()
            assert holder.stdout.readline() == b"held\n"
            yield

    def take_database_away(self):
        """As a network or a failover would: sessions end, new ones are refused."""
        self.sql("ALTER DATABASE releve ALLOW_CONNECTIONS false", "postgres")
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'releve'", "postgres")

    def give_database_back(self):
        self.sql("ALTER DATABASE releve ALLOW_CONNECTIONS true", "postgres")

    def dump(self):
        """Everything the database holds, bytes as lower-case hexadecimal."""
        return self.database_command("pg_dump", "--data-only", "releve")

    # ---------------------------------------------------------------- meters

    def connect(self, tls=None, address=None):
        """`address`: from which the meter comes."""
        return Link(self.ports["tls" if tls else "tcp"], tls, address)
