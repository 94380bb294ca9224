"""What was confirmed before an instant is there after restoring to it, and what came later is not."""
import datetime
import re
import shutil
import time

import pytest

from dlms import Meter, half_hours
from product import Releve, eventually
from traces import Search

FIRST_DAY = datetime.date(2026, 1, 20)
PASSPHRASE = "six words nobody else would say"
COUNTS = (1, 2, 4)  # half-hours that were there at each of the instants


def next_second():
    """An instant that lies after all that was done and before all that will be."""
    instant = int(time.time()) + 1
    eventually(lambda: time.time() > instant + 1)
    return datetime.datetime.fromtimestamp(instant, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def push(server, meter, at):
    """The half-hour's value is its number."""
    message = meter.push(meter.single_value(half_hours(FIRST_DAY)[at], 100 + at))
    with server.connect() as link:
        link.exchange(message)
    return message


def values(count):
    return {start: 100 + at for at, start in enumerate(half_hours(FIRST_DAY)[:count])}


def export_key(server, copy, passphrase=PASSPHRASE + "\n", code=0):
    return key_command(server, "export", copy, passphrase, code)


def import_key(server, copy, passphrase=PASSPHRASE + "\n", code=0):
    return key_command(server, "import", copy, passphrase, code)


def key_command(server, verb, copy, passphrase, code):
    file = server.folder / "passphrase"
    file.write_text(passphrase)
    return server.cli("master-key", verb, copy, "--passphrase-file", file, code=code)


def restore(server, backups, *until):
    """Into a new server's folder."""
    server.cli("restore", backups, *until)
    return server


def same_tokens(server, source):
    """The restored server's tokens are those of the first."""
    server.tokens, server.secrets = dict(source.tokens), set(source.secrets)
    return server


@pytest.fixture(scope="module")
def backed_up():
    """A server whose backup was continued: after one half-hour, and after four; the instants after COUNTS of them."""
    server, meter = Releve(), Meter("backed up")
    try:
        server.start()
        server.import_meters(meter)
        export_key(server, server.folder / "key.copy")
        backups = server.folder / "backups"
        instants, messages = [], []
        for upto in COUNTS:
            while len(messages) < upto:
                messages.append(push(server, meter, len(messages)))
            if upto == 1:
                server.cli("backup", backups)
            instants.append(next_second())
        assert server.readings(meter, FIRST_DAY) == values(4)  # and makes the token that is restored with the rest
        server.cli("backup", backups)
        yield server, meter, backups, instants, messages
    finally:
        server.close()


@pytest.fixture
def own_copy(backed_up, tmp_path):
    """Of the backups, to go on with or to damage."""
    return shutil.copytree(backed_up[2], tmp_path / "backups")


@pytest.mark.parametrize("which, count", enumerate(COUNTS))
def test_restored_to_each_instant(backed_up, make_server, which, count):
    server, meter, backups, instants, messages = backed_up
    assert len(list(backups.glob("2*"))) == 1, "the second call went on from the first"
    restored = restore(make_server(start=False), backups, "--until", instants[which])
    import_key(restored, server.folder / "key.copy")
    restored.start()
    assert restored.readings(meter, FIRST_DAY) == values(count)
    before = restored.frames()
    with restored.connect() as link:
        for message in messages:
            link.exchange(message)
    new = {"accepted": 4 - count} if count < 4 else {}
    assert restored.frames_since(before) == {"duplicate": count, **new}, "replay state is of that instant too"
    assert restored.readings(meter, FIRST_DAY) == values(4)


def test_restored_to_the_end(backed_up, own_copy, make_server):
    server, meter, backups, _, messages = backed_up
    done = server.cli("backup", backups)
    assert "any instant from" in done.out and "master-key export" in done.out
    restored = same_tokens(restore(make_server(start=False), backups), server)
    import_key(restored, server.folder / "key.copy")
    restored.start()
    assert restored.readings(meter, FIRST_DAY) == values(4)
    before = restored.frames()
    with restored.connect() as link:
        link.exchange(messages[-1])
    assert restored.frames_since(before) == {"duplicate": 1}
    done = restored.cli("backup", own_copy)
    assert "cannot be continued" in done.err and len(list(own_copy.glob("2*"))) == 2, "it begins a set of its own"


def test_what_cannot_be_restored_is_said(backed_up, make_server):
    server, _, backups, _, _ = backed_up
    empty = make_server(start=False)
    for arguments, reason in [((backups, "--until", "2020-01-01T00:00:00Z"), "the oldest backup begins at"),
                              ((backups, "--until", "2100-01-01T00:00:00Z"), "the backup reaches"),
                              ((backups, "--until", "yesterday"), "expected an instant"),
                              ((backups / "none",), "No such file"),
                              ((server.folder,), "holds no finished backup")]:
        done = empty.cli("restore", *arguments, code=2)
        assert reason in done.err and done.err.count("\n") == 1, done
    assert not (empty.data / "postgresql").exists()
    done = server.cli("restore", backups, code=2)
    assert "another collector is running" in done.err, "not under a running server"
    (empty.data / "postgresql").mkdir(parents=True)
    done = empty.cli("restore", backups, code=2)
    assert "is there already" in done.err, "a database is never written over"


def test_an_interrupted_copy_is_cleared_and_the_slots_stay_few(backed_up, own_copy):
    server = backed_up[0]
    started = own_copy / "20200101T000000Z.releve-unfinished"
    (started / "data").mkdir(parents=True)
    foreign = own_copy / "20190101T000000Z"
    foreign.mkdir()
    server.sql("SELECT pg_create_physical_replication_slot('releve_20200101t000000z', true)")
    server.cli("backup", own_copy, "--full")
    assert not started.exists() and foreign.exists(), "what is not ours stays"
    assert len(list(own_copy.glob("2*/backup.json"))) == 2
    assert len(server.sql("SELECT slot_name FROM pg_replication_slots")) == 1


def test_a_backup_reaches_what_it_says_and_begins_where_it_says(backed_up, tmp_path, make_server):
    server, meter, _, _, _ = backed_up
    done = server.cli("backup", tmp_path / "new")
    first, last = re.search(r"any instant from (\S+) to (\S+) can", done.out).groups()
    for instant in (first, last):
        restored = same_tokens(restore(make_server(start=False), tmp_path / "new", "--until", instant), server)
        restored.start("--role", "api")
        assert restored.readings(meter, FIRST_DAY) == values(4)


def test_a_missing_piece_of_the_log_is_noticed(own_copy, make_server):
    folder = next(own_copy.glob("2*"))
    pieces = sorted((folder / "wal").glob("*.gz"))
    pieces[-1].unlink()
    target = make_server(start=False)
    assert "PostgreSQL did not start" in target.cli("restore", own_copy, code=2).err
    assert not list(target.data.glob("postgresql*")), "it can be tried again"


def test_a_damaged_backup_is_refused_and_leaves_nothing(own_copy, make_server):
    control = next(own_copy.glob("2*")) / "data/global/pg_control"
    control.write_bytes(bytes(len(control.read_bytes())))
    target = make_server(start=False)
    done = target.cli("restore", own_copy, code=2)
    assert "PostgreSQL did not start" in done.err, done
    assert not list(target.data.glob("postgresql*")), "it can be tried again"


def test_a_lost_master_key_is_said_and_readings_stay_readable(backed_up):
    server, meter, _, _, _ = backed_up
    assert server.stop() == 0
    key = server.data / "master.key"
    secret = key.read_bytes()
    key.unlink()
    done = server.cli("serve", code=2)
    assert "master.key" in done.err and "is not there" in done.err and "master-key import" in done.err, done
    assert not key.exists(), "no new key is made where one is missed"
    server.start("--role", "api")
    assert server.readings(meter, FIRST_DAY) == values(4)
    assert server.stop() == 0

    key.write_bytes(bytes(32))
    key.chmod(0o600)
    assert "is another key" in server.cli("serve", code=2).err
    copy = server.folder / "key.copy"
    assert "holds another key already" in import_key(server, copy, code=2).err
    key.unlink()
    assert "the passphrase is another one" in import_key(server, copy, PASSPHRASE.upper(), code=2).err
    assert not key.exists()
    import_key(server, copy, PASSPHRASE)  # the end of the line does not count
    assert key.read_bytes() == secret and key.stat().st_mode & 0o777 == 0o600
    server.start()
    push(server, meter, 4)
    assert server.readings(meter, FIRST_DAY) == values(5)


def test_the_copy_of_the_key_is_sealed(shared, tmp_path):
    copy = tmp_path / "key.copy"
    export_key(shared, copy)
    assert Search(master_key=(shared.data / "master.key").read_bytes()).in_file(copy) == set()
    assert copy.stat().st_mode & 0o777 == 0o600
    assert "File exists" in export_key(shared, copy, code=2).err
    assert "at least 12 characters" in export_key(shared, tmp_path / "other", "short", code=2).err


def test_your_own_database_has_its_own_backup(shared):
    done = shared.cli("backup", shared.folder / "backups", "--database", "postgresql://somewhere/releve", code=2)
    assert "database of yours" in done.err and not (shared.folder / "backups").exists()
