"""Radio networks, gateways, gas meters and dongles, commands and conversion coefficients, from the command line."""
import hashlib
import re
import subprocess

import pytest

from product import BINARY, COMMAND_S, write_csv


class GasMeter:
    """What an operator knows of one, made from a name so that a failure repeats."""

    def __init__(self, name):
        digest = hashlib.sha256(f"releve gas {name}".encode()).digest()
        number = int.from_bytes(digest[:6], "big")
        self.address = "8d04" + f"{number % 10**8:08d}" + "0103"
        self.usage_point = f"{2 * 10**13 + number % 10**13}"
        self.keys = {key_id: hashlib.sha256(bytes([key_id]) + digest).digest()[:16] for key_id in range(1, 16)}

    def row(self, key_id):
        return {"system_title": self.address, "serial": "", "protocol": "wize", "model": "releve-gas", "key_id": key_id,
                "encryption_key": self.keys[key_id].hex(), "authentication_key": "", "usage_point": self.usage_point,
                "energy": "gas", "installed_from": "2026-01-01"}


@pytest.fixture
def gas_meter(request, shared, tmp_path):
    meter = GasMeter(request.node.nodeid)
    shared.keep_secret(*meter.keys.values())
    shared.cli("meter", "import", write_csv(tmp_path / "gas.csv", meter.row(1), meter.row(15)))
    return meter


def complaint(server, *arguments):
    done = server.cli(*arguments, code=2)
    lines = done.err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("releve: ") and not done.out, done
    return lines[0].removeprefix("releve: ")


def queued(server, *arguments):
    """The number of the command."""
    return re.match(r"command (\d+) waits ", server.cli("command", *arguments).out).group(1)


def listed(server, *arguments):
    """Rows of a list, by what their first column says."""
    return {line.split()[0]: line for line in server.cli(*arguments).out.splitlines()[1:]}


def write_key_file(folder, content):
    file = folder / "key"
    file.write_bytes(content)
    return file


# ------------------------------------------------------------------ meters


def test_a_gas_meter_has_a_row_for_each_key(shared, tmp_path, gas_meter):
    file = write_csv(tmp_path / "gas.csv", gas_meter.row(1), gas_meter.row(15))
    assert "0 meters new, 0 changed, 0 keys new" in shared.cli("meter", "import", file).out
    write_csv(file, gas_meter.row(1), gas_meter.row(2))
    assert "0 meters new, 0 changed, 1 keys new" in shared.cli("meter", "import", file).out
    write_csv(file, gas_meter.row(1), gas_meter.row(1))
    assert "row 3, column key_id" in complaint(shared, "meter", "import", file)
    write_csv(file, {**gas_meter.row(1), "model": "linky"})
    assert "row 2, column model: linky is of the protocol dlms, not wize" in complaint(shared, "meter", "import", file)


def test_a_dongle_hangs_beside_the_meter(shared, tmp_path, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    digits = f"{int.from_bytes(meter.title, 'big') % 10**12:012d}"
    row = {"system_title": digits, "serial": "", "protocol": "tic", "model": "tic", "usage_point": meter.usage_point,
           "installed_from": "2026-01-01"}
    shared.cli("meter", "import", write_csv(tmp_path / "dongle.csv", row))
    assert shared.sql("SELECT m.address, i.purpose FROM installation i JOIN meter m ON m.id = i.meter_id WHERE "
                      f"i.usage_point = '{meter.usage_point}' AND upper_inf(i.validity) ORDER BY 2") == [
        ("0000" + digits, "live"), (meter.title.hex(), "metering")]
    write_csv(tmp_path / "dongle.csv", {**row, "usage_point": ""})
    assert "column usage_point: is needed" in complaint(shared, "meter", "import", tmp_path / "dongle.csv")


# ------------------------------------------------------------------ networks and gateways


def test_a_kmac_comes_from_a_file_or_standard_input(shared, tmp_path):
    kmac = hashlib.sha256(b"kmac of the tests").digest()[:16]
    shared.keep_secret(kmac)
    shared.cli("network", "add", "--id", 231, "--kmac-file", write_key_file(tmp_path, kmac.hex().encode() + b"\n"))
    shared.cli("network", "add", "--id", 232, "--kmac-file", write_key_file(tmp_path, kmac))
    piped = subprocess.run([BINARY, "network", "add", "--id", "233", "--config", str(shared.config)], input=kmac.hex().encode(),
                           capture_output=True, timeout=COMMAND_S, check=True)
    assert kmac.hex().encode() not in piped.stdout + piped.stderr
    assert {"231", "232", "233"} <= set(listed(shared, "network", "list"))
    assert kmac.hex().encode() not in shared.dump()
    for content in b"", kmac.hex().encode()[:-1], kmac.hex().encode() + b"00", b"x" * 1000:
        said = complaint(shared, "network", "add", "--id", 231, "--kmac-file", write_key_file(tmp_path, content))
        assert said.startswith("--kmac-file") and "must hold 16 bytes, or 32 hexadecimal digits" in said
    assert "No such file" in complaint(shared, "network", "add", "--id", 231, "--kmac-file", tmp_path / "none")
    assert "--id" in complaint(shared, "network", "add", "--id", 256)


def test_gateways_are_added_disabled_and_enabled(shared):
    shared.cli("gateway", "add", "e2e-roof.1", "--label", "Town hall", "--crc-may-be-zero")
    assert "e2e-roof.1" in complaint(shared, "gateway", "add", "e2e-roof.1")
    assert complaint(shared, "gateway", "add", "a roof").startswith("id: a gateway is named")
    assert complaint(shared, "gateway", "add", "e2e-roof.2", "--organisation", "nowhere").startswith("--organisation: ")
    assert complaint(shared, "gateway", "add", "e2e-roof.2", "--label", "a\nb").startswith("--label: ")
    assert complaint(shared, "gateway", "disable", "e2e-roof.9").startswith("id: there is no gateway")
    row = listed(shared, "gateway", "list")["e2e-roof.1"]
    assert row.split() == ["e2e-roof.1", "root", "enabled", "or", "zero", "-", "0", "Town", "hall"]
    shared.cli("gateway", "disable", "e2e-roof.1")
    assert " disabled " in listed(shared, "gateway", "list")["e2e-roof.1"]
    shared.cli("gateway", "enable", "e2e-roof.1")
    assert " enabled " in listed(shared, "gateway", "list")["e2e-roof.1"]


# ------------------------------------------------------------------ commands


def test_commands_wait_are_listed_and_cancelled(shared, gas_meter):
    of_meter = ["command", "list", "--address", gas_meter.address]
    read = queued(shared, "read", gas_meter.address, "--parameter", "clock", "0x18")
    write = queued(shared, "write", gas_meter.address.upper(), "--parameter", "exch_rx_delay=05")
    corrected = queued(shared, "set-clock", gas_meter.address, "--by", "-12")
    clock = queued(shared, "set-clock", gas_meter.address, "--expires", 720)
    ping = queued(shared, "ping", gas_meter.address, "--expires", 1)
    rows = listed(shared, *of_meter)
    assert list(rows) == [ping, clock, corrected, write, read]
    for number, said in (read, "clock, exch_rx_delay"), (write, "exch_rx_delay = 05"), (corrected, "by -12 s"), (ping, "exec_instping"):
        assert said in rows[number] and " queued " in rows[number]
    assert re.search(r" to (\S+T00:00:00Z)$", rows[clock]).group(1) in rows[clock].split()[:-1], "and not sent after that"
    shared.cli("command", "cancel", read)
    assert read not in listed(shared, *of_meter, "--open") and " cancelled " in listed(shared, *of_meter)[read]
    assert complaint(shared, "command", "cancel", read) == f"id: command {read} is cancelled already"
    meter_id = f"(SELECT id FROM meter WHERE address = '{gas_meter.address}')"
    assert [row[0] for row in shared.sql(f"SELECT counter FROM command WHERE meter_id = {meter_id} ORDER BY id")] == list("12345")


def test_a_written_key_is_known_from_then_on_and_shown_nowhere(shared, gas_meter, tmp_path):
    file = write_key_file(tmp_path, gas_meter.keys[2].hex().encode())
    number = queued(shared, "write-key", gas_meter.address, "--key-id", 2, "--key-file", file)
    assert listed(shared, "command", "list", "--address", gas_meter.address)[number].split()[-3:] == ["15", "key", "2"]
    known = shared.sql("SELECT key_id, generation FROM meter_key k JOIN meter m ON m.id = k.meter_id WHERE m.address = "
                       f"'{gas_meter.address}' ORDER BY 2")
    assert known == [("1", "1"), ("15", "2"), ("2", "3")]
    assert gas_meter.keys[2].hex().encode() not in shared.dump()
    file = write_key_file(tmp_path, gas_meter.keys[3])
    assert "brought another key 2" in complaint(shared, "command", "write-key", gas_meter.address, "--key-id", 2, "--key-file", file)


def test_what_is_no_command_is_refused(shared, gas_meter, new_meter):
    electric = new_meter()
    shared.import_meters(electric)
    for arguments, said in [
            (["read", "12", "--parameter", "clock"], "address: expected 16"),
            (["read", "0000000000000001", "--parameter", "clock"], "there is no meter"),
            (["read", electric.title.hex(), "--parameter", "clock"], "is a meter of the protocol dlms"),
            (["read", gas_meter.address, "--parameter", "weather"], "--parameter weather: no parameter"),
            (["read", gas_meter.address, "--parameter", "clock_offset"], "--parameter: parameter 21"),
            (["write", gas_meter.address, "--parameter", "exch_rx_delay"], "expected NAME=HEX"),
            (["write", gas_meter.address, "--parameter", "exch_rx_delay=0005"], "exch_rx_delay: expected 2 hexadecimal"),
            (["write", gas_meter.address, "--parameter", "key_count=05"], "--parameter: parameter 29"),
            (["set-clock", gas_meter.address, "--by", "40000"], "--by: "),
            (["ping", gas_meter.address, "--expires", "721"], "--expires"),
            (["write-key", gas_meter.address, "--key-id", "15", "--key-file", "x"], "--key-id")]:
        assert said in complaint(shared, "command", *arguments)
    assert listed(shared, "command", "list", "--address", gas_meter.address) == {}


def test_sixteen_commands_wait_for_a_meter_at_most(shared, gas_meter):
    for _ in range(16):
        queued(shared, "ping", gas_meter.address)
    assert complaint(shared, "command", "ping", gas_meter.address).startswith("16 commands wait for this meter already")


# ------------------------------------------------------------------ conversion coefficients


def test_a_coefficient_is_corrected_and_stays_known_as_it_was(shared, gas_meter, tmp_path):
    point = gas_meter.usage_point
    shared.cli("coefficient", "set", point, "--from", "2026-01-01", "--kwh-per-m3", "11.2")
    shared.sql("UPDATE conversion_coefficient SET known = tstzrange('2026-01-01', NULL) WHERE usage_point = "
               f"'{point}' RETURNING 1")
    file = write_csv(tmp_path / "coefficients.csv",
                     {"usage_point": point, "from": "2026-02-01", "to": "2026-03-01", "kwh_per_m3": "11.29"})
    assert "1 rows, 1 changed" in shared.cli("coefficient", "import", file).out
    assert "1 rows, 0 changed" in shared.cli("coefficient", "import", file).out
    days = [line.split()[:3] for line in listed(shared, "coefficient", "list", point).values()]
    assert days == [["2026-01-01", "2026-02-01", "11.2"], ["2026-02-01", "2026-03-01", "11.29"], ["2026-03-01", "-", "11.2"]]
    before = listed(shared, "coefficient", "list", point, "--as-known-at", "2026-01-15T00:00:00Z")
    assert [line.split()[:3] for line in before.values()] == [["2026-01-01", "-", "11.2"]]


def test_what_is_no_coefficient_is_refused(shared, gas_meter, new_meter, tmp_path):
    point, electric = gas_meter.usage_point, new_meter()
    shared.import_meters(electric)
    for arguments, said in [([point, "--from", "today", "--kwh-per-m3", "11"], "--from: "),
                            ([point, "--from", "2026-01-01", "--to", "2026-01-01", "--kwh-per-m3", "11"], "--to: is not after"),
                            ([point, "--from", "2026-01-01", "--kwh-per-m3", "11,29"], "--kwh-per-m3: expected"),
                            ([point, "--from", "2026-01-01", "--kwh-per-m3", "21"], "--kwh-per-m3: must be from 1 to 20"),
                            (["99999999999999", "--from", "2026-01-01", "--kwh-per-m3", "11"], "usage_point: there is no"),
                            ([electric.usage_point, "--from", "2026-01-01", "--kwh-per-m3", "11"], "has electricity, not gas")]:
        assert said in complaint(shared, "coefficient", "set", *arguments)
    rows = [{"usage_point": each, "from": "2026-01-01", "to": "", "kwh_per_m3": "11"} for each in (point, electric.usage_point)]
    assert "row 3, column usage_point" in complaint(shared, "coefficient", "import", write_csv(tmp_path / "c.csv", *rows))
    assert listed(shared, "coefficient", "list", point) == {}, "all rows or none"
