"""The server's memory: no core file, and no other process without root's rights looks into it. Root may: that is its
nature."""
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

import pytest

import product
from product import BINARY


class OtherUser:
    """Who runs the server here, and who looks at it: the same user without rights of root, which is what may most."""

    identity = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}

    LOOK = """
import ctypes, json, os, sys
pid = int(sys.argv[1])
seen = {}
for what in ("environ", "mem", "maps", "auxv"):
    try:
        with open(f"/proc/{pid}/{what}", "rb") as file:
            if what == "mem":
                start = int(open(f"/proc/{pid}/maps").readline().split("-")[0], 16)
                file.seek(start)
            seen[what] = len(file.read(16))
    except OSError as error:
        seen[what] = error.strerror
libc = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
if libc.ptrace(PTRACE_ATTACH, pid, 0, 0) == 0:
    os.waitpid(pid, 0x40000000)
    libc.ptrace(PTRACE_DETACH, pid, 0, 0)
    seen["ptrace"] = "attached"
else:
    seen["ptrace"] = os.strerror(ctypes.get_errno())
class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
buffer = ctypes.create_string_buffer(16)
here, there = Vector(ctypes.addressof(buffer), 16), Vector(ctypes.addressof(buffer), 16)
count = libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
error = ctypes.get_errno()
seen["process_vm_readv"] = "allowed" if count >= 0 or error != 1 else os.strerror(error)
print(json.dumps(seen))
"""

    def look_at(self, pid):
        done = subprocess.run([sys.executable, "-c", self.LOOK, str(pid)], capture_output=True, check=True,
                              **self.identity)
        return json.loads(done.stdout)


@pytest.fixture
def unprivileged():
    """A server that runs as a user without rights, allowed to leave core files of any size in its folder."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="releve-", dir="/tmp"))
    folder.chmod(0o755)
    if OtherUser.identity:
        shutil.chown(folder, OtherUser.identity["user"], OtherUser.identity["group"])
    unlimited = resource.RLIM_INFINITY

    def prepare():
        resource.setrlimit(resource.RLIMIT_CORE, (unlimited, unlimited))
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # ignored by what a shell starts in the background

    def start(*command, **how):
        return subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, preexec_fn=prepare, **OtherUser.identity, **how)

    started = []
    start.folder = folder
    start.binary = shutil.copy(BINARY, folder / "releve")  # where it was built this user may not reach it
    start.started = started
    try:
        yield start
    finally:
        for process in started:
            if process.poll() is None:
                process.terminate()
                process.wait(product.STOP_S)
            process.stdin.close()
            process.stdout.close()
        product.end_orphan(folder / "data")
        shutil.rmtree(folder, ignore_errors=True)


def start_server(start, url):
    process = start(start.binary, "serve", "--role", "api", "--data-dir", str(start.folder / "data"),
                    "--set", "api.listen=127.0.0.1:0", env={**os.environ, "RELEVE_DATABASE_URL": url} if url else None)
    start.started.append(process)
    assert process.stdout.readline().startswith(b"releve is ready")
    return process


def ending_of(process):
    """It stays to be waited for."""
    return product.eventually(lambda: os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG))


def core_files(start, pid):
    return [path.name for path in start.folder.glob("**/*core*")] + [
        path.name for path in pathlib.Path("/tmp").glob(f"core*{pid}*")]


def test_even_its_own_user_may_not_look_into_the_server(unprivileged):
    server = start_server(unprivileged, None)
    refused = OtherUser().look_at(server.pid)
    assert set(refused.values()) <= {"Permission denied", "Operation not permitted"}, refused
    # The same look at a process that does not protect itself; what the machine forbids in general is not our merit.
    sleeper = unprivileged(sys.executable, "-c", "print(flush=True); input()")
    unprivileged.started.append(sleeper)
    sleeper.stdout.readline()
    seen = OtherUser().look_at(sleeper.pid)
    assert seen["environ"] == seen["maps"] == 16, seen


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV, signal.SIGQUIT])
def test_a_crash_leaves_no_core_file(unprivileged, number):
    server = start_server(unprivileged, None)
    limits = pathlib.Path(f"/proc/{server.pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0", limits), "whatever it was started with"
    os.kill(server.pid, number)
    ended = ending_of(server)
    assert (ended.si_status, ended.si_code) == (number, os.CLD_KILLED), "killed, not dumped"
    assert core_files(unprivileged, server.pid) == []
    server.wait()
    # A process that does not protect itself shows that the search would have found one, where the machine leaves any.
    sleeper = unprivileged(sys.executable, "-c", "print(flush=True); input()")
    unprivileged.started.append(sleeper)
    sleeper.stdout.readline()
    os.kill(sleeper.pid, number)
    ended = ending_of(sleeper)
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if ended.si_code == os.CLD_DUMPED and not pattern.startswith(("|", "/")):
        assert core_files(unprivileged, sleeper.pid), "the search finds what is there"
