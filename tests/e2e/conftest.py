"""Fixtures. One server is shared by tests that do not disturb each other: each brings meters of its own."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import pytest

import product
from dlms import Meter
from traces import family_of


def pytest_sessionstart():
    if not os.access(product.BINARY, os.X_OK):
        pytest.exit(f"{product.BINARY} is not there: ./dev build, or name another one in RELEVE_BINARY", returncode=2)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for server in product.running:
            report.sections.append((f"log of {server.folder}", server.log_text()[-4000:]))


@pytest.fixture(scope="session", autouse=True)
def nothing_left_running():
    """What a killed server leaves behind becomes ours (product.py): the test that killed it ends it too."""
    before = family_of(os.getpid())
    yield
    left = family_of(os.getpid()) - before
    assert not left, [pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0") for pid in left]


@pytest.fixture(scope="session")
def shared(nothing_left_running):  # named, so that this server ends first
    server = product.Releve()
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def make_server(request):
    """Starts servers with settings of their own, and ends them after the test."""

    def make(start=True, **settings):
        server = product.Releve(**settings)
        request.addfinalizer(server.close)
        return server.start() if start else server

    return make


@pytest.fixture
def new_meter(request):
    """Meters that no other test has."""
    made = []

    def make(**columns):
        made.append(Meter(f"{request.node.nodeid} {len(made)}", **columns))
        return made[-1]

    return make
