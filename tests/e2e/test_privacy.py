"""What a person has not agreed to is not kept, and who looks is written down."""
import datetime
import hashlib
import itertools
import re
import struct

import pytest

import product
from dlms import Meter, energy_wh, half_hours, structure, u32
from product import eventually

DAY = datetime.date(2026, 3, 3)
STARTS = half_hours(DAY)


@pytest.fixture(scope="module")
def private():
    server = product.Releve()
    try:
        yield server.start()
    finally:
        server.close()


def curve_of(meter):
    """Five digits each, of no pattern, and no other meter's."""
    return [10_000 + int.from_bytes(hashlib.sha256(meter.title + bytes([i])).digest()[:2], "big") * 3 // 4 for i in range(48)]


def zigzag_varints(values):
    out = bytearray()
    for before, value in itertools.pairwise(values):
        number = (value - before) << 1 if value >= before else ((before - value) << 1) - 1
        while number >= 0x80:
            out.append(number & 0x7F | 0x80)
            number >>= 7
        out.append(number)
    return bytes(out)


def traces_of(push, curve=None):
    """Byte strings that would give the curve away, by what they are."""
    curve = curve or curve_of(push.meter)
    middle = len(push.apdu) // 2
    traces = {"the frame": push.apdu[middle:middle + 24], "the frame's end": push.apdu[-24:],
              "the deciphered frame": push.plaintext[len(push.plaintext) // 2:][:40],
              "the stored block": zigzag_varints(curve)[20:36]}
    for form in ("H", "I", "Q"):
        for order in "<>":
            traces[f"{order}{form} numbers"] = struct.pack(f"{order}3{form}", *curve[20:23])
    for separator in (",", " ", ", ", ";"):
        traces[f"text {separator!r}"] = separator.join(map(str, curve[20:23])).encode()
    return traces


def found_in_database(server, push, curve=None):
    curve = curve or curve_of(push.meter)
    dump = server.dump()
    found = {what for what, trace in traces_of(push, curve).items() if trace in dump or trace.hex().encode() in dump}
    tokens = set(re.split(rb"[^0-9A-Za-z]+", dump))
    values = [value for value in curve if str(value).encode() in tokens and value != max(curve)]
    return found | ({f"values {values}"} if values else set())


def found_in_files(server, push):
    """Also where deleted rows and the write-ahead log are."""
    found = set()
    for file in server.folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            found |= {what for what, trace in traces_of(push).items() if trace in content}
    return found


def send_day(server, meter, **how):
    push = meter.push(meter.day(STARTS, curve_of(meter), total=5_000_000), **how)
    server.keep_secret(*traces_of(push).values())
    with server.connect() as link:
        link.exchange(push)
    return push


def choose(server, meter, collection):
    server.cli("usage-point", "collection", meter.usage_point, collection, "--proof", "form 12 of the tests")


def problem(server, path, token, status):
    answer = server.ask(path, token)
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.json["type"].rpartition("/")[2]


def period(meter, what):
    return f"/api/v1/usage-points/{meter.usage_point}/{what}?from={DAY}&to={DAY + datetime.timedelta(days=1)}"


def test_a_home_under_daily_keeps_no_curve(private, new_meter):
    meter = new_meter(collection="daily")
    private.import_meters(meter)
    before = private.frames()
    push = send_day(private, meter)
    assert private.frames_since(before) == {"accepted": 1}
    assert found_in_database(private, push) == set()
    assert found_in_files(private, push) == set()
    assert private.daily(meter, DAY) == {"date": DAY.isoformat(), "energy_wh": energy_wh(curve_of(meter)), "slots": 48, "missing": 0,
                                         "estimated": 0, "quality": "raw"}
    maximum = private.sql(f"SELECT maximum FROM daily_total WHERE usage_point = '{meter.usage_point}'")
    assert maximum == [(str(max(curve_of(meter))),)]
    index = private.readings(meter, DAY + datetime.timedelta(days=1), channel="active_energy_import_total")
    assert list(index.values()) == [5_000_000]
    assert problem(private, period(meter, "readings"), private.root_token("energy_manager"), 403) == "daily_only"
    with private.connect() as link:
        link.exchange(push)
    assert private.frames_since(before) == {"accepted": 1, "duplicate": 1}


def test_the_search_finds_the_curve_of_a_home_that_agreed_and_nothing_after_it_changed_its_mind(private, new_meter):
    meter = new_meter(collection="half_hour")
    private.import_meters(meter)
    push = send_day(private, meter)
    assert {"the frame", "the frame's end", "the stored block"} <= found_in_database(private, push)
    assert {"the frame", "the stored block"} <= found_in_files(private, push)
    before = private.daily(meter, DAY)
    assert before["energy_wh"] == energy_wh(curve_of(meter)) and len(private.readings(meter, DAY)) == 48

    # Kept elsewhere too: a superseded block, an authentic message refused, one that nothing explains.
    wrong = meter.push(meter.single_value(STARTS[0], 1))
    correction = meter.push(meter.single_value(STARTS[0], curve_of(meter)[0]))
    refused = meter.push(meter.day(STARTS, curve_of(meter)), counter=push.counter)
    unexplained = meter.push(structure([meter.profile(STARTS, curve_of(meter)), u32(1)]))
    with private.connect() as link:
        link.exchange(wrong)
        link.exchange(correction)
        link.send(refused)
        link.exchange(unexplained)
    for kept in (refused, unexplained):
        eventually(lambda kept=kept: "the frame" in found_in_database(private, kept))
    assert "the stored block" in found_in_database(private, push)

    choose(private, meter, "daily")
    for kept in (push, correction, refused, unexplained):
        assert found_in_database(private, kept) == set()
    assert private.daily(meter, DAY) == {**before, "quality": "raw"}, "what the rules thought of half-hours is gone with them"
    assert problem(private, period(meter, "readings"), private.root_token("energy_manager"), 403) == "daily_only"

    day = DAY + datetime.timedelta(days=1)
    other = curve_of(meter)[::-1]
    later = meter.push(meter.day(half_hours(day), other))
    with private.connect() as link:
        link.exchange(later)
    assert found_in_database(private, later, other) == set()
    assert private.daily(meter, day)["energy_wh"] == energy_wh(curve_of(meter))
    choose(private, meter, "half_hour")
    assert private.readings(meter, DAY, days=2) == {}, "what was erased does not come back"


def test_a_choice_is_in_force_at_once_for_a_running_server(private, new_meter):
    meter = new_meter(collection="daily")
    private.import_meters(meter)
    choose(private, meter, "half_hour")

    def kept():
        with private.connect() as link:
            link.exchange(meter.push(meter.single_value(STARTS[0], 11)))
        return private.readings(meter, DAY)

    eventually(kept)


def test_messages_that_waited_for_a_key_are_not_kept_once_they_are_a_daily_home_s(private, new_meter):
    meter = new_meter(collection="daily", encryption_key="", authentication_key="")
    private.import_meters(meter)
    push = meter.push(meter.day(STARTS, curve_of(meter)))
    with private.connect() as link:
        link.send(push)
        eventually(lambda: "the frame" in found_in_database(private, push))
    meter.columns = {"collection": "daily"}
    private.import_meters(meter)
    eventually(lambda: private.daily(meter, DAY)["energy_wh"] == energy_wh(curve_of(meter)))
    assert found_in_database(private, push) == set()


def test_a_refused_message_of_a_daily_home_is_told_but_not_kept(private, new_meter):
    meter = new_meter(collection="daily", installed_from="2026-03-10")
    private.import_meters(meter)
    late = meter.push(meter.day(STARTS, curve_of(meter)))
    odd = meter.push(structure([meter.profile(STARTS, curve_of(meter)), u32(1)]))
    before = private.frames()
    with private.connect() as link:
        link.send(late, odd)
        eventually(lambda: sum(private.frames_since(before).values()) == 2)
    assert private.frames_since(before) == {"time_out_of_range": 1, "undecoded_not_kept": 1}
    assert found_in_files(private, late) | found_in_files(private, odd) == set()
    for row in private.quarantine().values():
        if row["system_title"] == meter.title.hex():
            assert "frame     (not kept)\n" in private.cli("quarantine", "show", row["id"]).out


# ------------------------------------------------------------------ who may see what


def test_a_household_sees_its_own_and_nothing_else(private, new_meter):
    own, other = new_meter(), new_meter()
    private.import_meters(own, other)
    send_day(private, own)
    send_day(private, other)
    token = private.token("household", own.usage_point, label="Dupont")
    assert private.readings(own, DAY, token=token) == dict(zip(STARTS, curve_of(own)))
    assert private.daily(own, DAY, token=token)["energy_wh"] == energy_wh(curve_of(own))
    points = private.get("/api/v1/usage-points", token)["usage_points"]
    assert [point["id"] for point in points] == [own.usage_point]
    missing = Meter("nobody's")
    for meter in (other, missing):  # what exists elsewhere looks like what does not exist
        answers = set()
        for path in (f"/api/v1/usage-points/{meter.usage_point}", period(meter, "readings"), period(meter, "daily"),
                     f"/api/v1/usage-points/{meter.usage_point}/accesses"):
            answers.add(problem(private, path, token, 404))
        assert answers == {"not_found"}
    for path in ("/api/v1/meters", "/api/v1/quarantine", "/api/v1/operations"):
        assert private.ask(path, token).status == 403


def test_organisations_see_what_is_theirs(private, new_meter):
    ours, theirs = new_meter(), new_meter()
    for name in ("north", "south"):
        private.cli("usage-point", "organisation", name, name.title())
    for meter, name in ((ours, "north"), (theirs, "south")):
        private.import_meters(meter, organisation=name)
        send_day(private, meter)
    token = private.token("energy_manager", "north")
    assert private.daily(ours, DAY, token=token)["energy_wh"] == energy_wh(curve_of(ours))
    assert private.ask(period(theirs, "daily"), token).status == 404
    assert [meter["address"] for meter in private.get("/api/v1/meters", token)["meters"]] == [ours.title.hex()]


def test_the_person_reads_who_looked(private, new_meter):
    meter = new_meter()
    private.import_meters(meter)
    send_day(private, meter)
    household = private.token("household", meter.usage_point, label="Dupont")
    adviser = private.token("energy_manager", "root", label="adviser 7")
    private.readings(meter, DAY, token=adviser)
    private.daily(meter, DAY, token=household)
    accesses = private.get(f"/api/v1/usage-points/{meter.usage_point}/accesses", household)["accesses"]
    seen = [(row["role"], row["who"], row["what"]) for row in accesses]
    assert seen == [("household", "Dupont", "daily"), ("energy_manager", "adviser 7", "readings")]
    assert {row["from"] for row in accesses} == {DAY.isoformat()}
    # Who was refused saw nothing, and is not in it.
    assert private.ask(period(meter, "daily"), household + "x").status == 401
    auditor = private.root_token("auditor")
    assert private.ask(period(meter, "daily"), auditor).status == 403
    after = private.get(f"/api/v1/usage-points/{meter.usage_point}/accesses", household)["accesses"]
    assert [row for row in after if row["what"] != "accesses"] == [row for row in accesses if row["what"] != "accesses"]


def test_tokens_end(private, new_meter):
    meter = new_meter()
    private.import_meters(meter)
    path = f"/api/v1/usage-points/{meter.usage_point}"
    assert problem(private, path, None, 401) == "unauthorized"
    assert problem(private, path, "rlv_" + "A" * 43, 401) == "unauthorized"
    revoked, expired = (private.token("household", meter.usage_point, label=label) for label in ("one", "two"))
    assert private.ask(path, revoked).status == private.ask(path, expired).status == 200
    listed = private.cli("token", "list").out.splitlines()
    id_of_one = next(line.split()[0] for line in listed if " one " in line)
    private.cli("token", "revoke", id_of_one)
    private.sql("UPDATE token SET expires_at = now() - interval '1 second' WHERE label = 'two'")
    assert problem(private, path, revoked, 401) == problem(private, path, expired, 401) == "unauthorized"
    states = {line.split()[2]: line.split()[4] for line in private.cli("token", "list").out.splitlines()[1:]
              if line.split()[2] in ("one", "two")}
    assert states == {"one": "revoked", "two": "expired"}


def test_the_database_itself_refuses_what_is_not_ones_own(private, new_meter):
    """As the API's role, without a token's scope: rows of usage points do not exist, keys may not be asked for."""
    meter = new_meter()
    private.import_meters(meter)
    send_day(private, meter)
    counts = private.sql("SET ROLE releve_api; SELECT (SELECT count(*) FROM usage_point) + (SELECT count(*) FROM meter)")
    assert counts[-1] == ("0",)
    with pytest.raises(AssertionError, match="permission denied"):
        private.sql("SET ROLE releve_api; SELECT count(*) FROM meter_key")
