"""TLS: versions, certificates of both sides, reload, and peers that do not follow it."""
import datetime
import signal
import socket
import ssl

import pytest

import certs
from dlms import half_hours
from product import eventually

DAY = datetime.date(2026, 2, 24)
STARTS = half_hours(DAY)
TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certs.Authority(tmp_path_factory.mktemp("certs"), "meters.authority.example")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return certs.Authority(tmp_path_factory.mktemp("stranger"), "stranger.example")


@pytest.fixture
def make_tls_server(make_server, authority):
    def make(kind="ecdsa", **settings):
        certificate, key = authority.issue("meters.example", kind)
        return make_server(collector__dlms_tls="127.0.0.1:0", collector__tls_cert=str(certificate),
                           collector__tls_key=str(key), **settings)

    return make


def failures(server):
    return {name: count for name, count in server.metrics().items()
            if name.startswith("releve_tls_handshake_failures_total") and count}


def push_over(server, meter, tls, at=0):
    with server.connect(tls) as link:
        link.exchange(meter.push(meter.single_value(STARTS[at], 100 + at)))
        return link.socket.version()


def expect_failure(server, reason, act):
    before = failures(server)
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        act()
    name = f'releve_tls_handshake_failures_total{{reason="{reason}"}}'
    eventually(lambda: failures(server) == {**before, name: before.get(name, 0) + 1})


def test_ecdsa_versions_strangers_and_reload(make_tls_server, new_meter, authority, stranger):
    server = make_tls_server(collector__handshake_timeout_s=1)
    meter = new_meter()
    server.import_meters(meter)
    assert push_over(server, meter, certs.client(authority)) == "TLSv1.3"

    expect_failure(server, "protocol_version",
                   lambda: push_over(server, meter, certs.client(authority, version=TLS12)))
    expect_failure(server, "server_certificate_refused", lambda: push_over(server, meter, certs.client(stranger)))

    before = server.frames()
    plain = meter.push(meter.single_value(STARTS[1], 9))

    def push_in_clear():
        with socket.create_connection(("127.0.0.1", server.ports["tls"]), timeout=60) as peer:
            peer.sendall(plain.frame)
            while peer.recv(4096):
                pass  # perhaps an alert
            raise ConnectionError

    expect_failure(server, "not_tls", push_in_clear)

    def say_nothing():
        with socket.create_connection(("127.0.0.1", server.ports["tls"]), timeout=60) as peer:
            assert peer.recv(4096), "ended by the server"

    expect_failure(server, "timeout", say_nothing)
    assert server.frames_since(before) == {}, "nothing that came before a handshake is a message"

    # The meter on the plain port, the TLS hello there: garbage.
    with pytest.raises((ssl.SSLError, ConnectionError)):
        certs.client().wrap_socket(socket.create_connection(("127.0.0.1", server.ports["tcp"]), timeout=60))
    eventually(lambda: server.frames_since(before) == {"malformed": 1})

    # A new certificate for new connections; the old connection goes on.
    with server.connect(certs.client(authority)) as old:
        old.exchange(meter.push(meter.single_value(STARTS[2], 102)))
        first = old.socket.getpeercert()["serialNumber"]
        authority.issue("meters.example")
        server.signal(signal.SIGHUP)
        eventually(lambda: serial_number(server, authority) != first)
        old.exchange(meter.push(meter.single_value(STARTS[3], 103)))
    assert push_over(server, meter, certs.client(authority), at=4) == "TLSv1.3"

    # Files that cannot be used change nothing.
    current = serial_number(server, authority)
    (authority.folder / "meters.example.crt").write_text("not a certificate")
    server.signal(signal.SIGHUP)
    eventually(lambda: "the old settings go on" in server.log_text())
    assert serial_number(server, authority) == current


def serial_number(server, authority):
    with server.connect(certs.client(authority)) as link:
        return link.socket.getpeercert()["serialNumber"]


def test_rsa_and_tls_1_2_where_configured(make_tls_server, new_meter, authority):
    server = make_tls_server("rsa", collector__tls_min_version="1.2")
    meter = new_meter()
    server.import_meters(meter)
    assert push_over(server, meter, certs.client(authority, version=TLS12)) == "TLSv1.2"
    assert push_over(server, meter, certs.client(authority, version=TLS13), at=1) == "TLSv1.3"
    assert server.readings(meter, DAY) == {STARTS[0]: 100, STARTS[1]: 101}
    assert failures(server) == {}


@pytest.mark.parametrize("mode", ["required", "optional"])
def test_client_certificates(make_tls_server, new_meter, authority, stranger, mode):
    server = make_tls_server(collector__tls_client_ca=str(authority.file), collector__tls_client_certificate=mode)
    meter = new_meter()
    server.import_meters(meter)
    good, bad = authority.issue("gateway.example"), stranger.issue("gateway.example")
    expect_failure(server, "client_certificate_refused",
                   lambda: push_over(server, meter, certs.client(authority, certificate=bad)))
    if mode == "required":
        expect_failure(server, "client_certificate_missing", lambda: push_over(server, meter, certs.client(authority)))
    else:
        push_over(server, meter, certs.client(authority), at=1)
    assert push_over(server, meter, certs.client(authority, certificate=good)) == "TLSv1.3"
    expected = {STARTS[0]: 100, **({} if mode == "required" else {STARTS[1]: 101})}
    assert server.readings(meter, DAY) == expected


def test_a_certificate_that_cannot_be_used_stops_the_start(make_server, authority, stranger):
    certificate, _ = authority.issue("meters.example", file="one")
    _, key = stranger.issue("meters.example", file="two")
    server = make_server(start=False, collector__dlms_tls="127.0.0.1:0", collector__tls_cert=str(certificate),
                         collector__tls_key=str(key))
    refused = server.cli("serve", code=2)
    assert "key" in refused.err and not refused.out


def test_silent_handshakes_of_one_address_hold_up_nobody_else(make_tls_server, new_meter, authority):
    """All of one address's handshakes stand open, with others of it waiting; another address has its own."""
    server = make_tls_server(collector__handshakes_max=4, collector__handshakes_per_address_max=2,
                             collector__handshake_timeout_s=300)
    meter = new_meter()
    server.import_meters(meter)
    silent = [socket.create_connection(("127.0.0.1", server.ports["tls"])) for _ in range(6)]
    eventually(lambda: server.metrics()["releve_connections_open"] == 6)
    with server.connect(certs.client(authority), address="127.0.0.2") as neighbour:
        neighbour.exchange(meter.push(meter.single_value(STARTS[0], 1)))
    for connection in silent[:5]:  # those that waited get their turn: the last one is served
        connection.close()
    eventually(lambda: server.metrics()["releve_connections_open"] == 1)
    push_over(server, meter, certs.client(authority), at=1)
    silent += [socket.create_connection(("127.0.0.1", server.ports["tls"])) for _ in range(3)]
    eventually(lambda: server.metrics()["releve_connections_open"] == 4)
    assert server.stop() == 0, "with handshakes open and others waiting"
    for connection in silent:
        connection.close()
