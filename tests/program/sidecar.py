# SPDX-License-Identifier: Apache-2.0
"""A running `krm-sops serve` for tests, and HTTP over its Unix socket."""
import contextlib
import dataclasses
import http.client
import os
import pathlib
import signal
import socket
import subprocess
import time

from conftest import program_path

DEADLINE = 20  # seconds in which anything must have happened


class Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout=DEADLINE):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


@dataclasses.dataclass
class Answer:
    status: int
    body: bytes
    headers: dict


def until(condition, what="it"):
    """Waits until condition() is true and returns what it gave."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {DEADLINE} s")


class Sidecar:
    def __init__(self, place, *options, env=None, socket_name="s.sock", listen=True, keyset="", before=()):
        self.place = place
        self.folder = place.path / "run"
        self.folder.mkdir(mode=0o755, exist_ok=True)
        self.socket = self.folder / socket_name
        self.log_path = place.path / f"serve-{socket_name}.log"
        argv = [program_path(), "serve", *(["--listen", f"unix://{self.socket}{keyset}"] if listen else []), *map(str, options)]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([*before, *argv], env=place.env(**(env or {})), cwd=place.cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    def audit(self):
        import json
        return [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]

    def wait_ready(self):
        def ready():
            assert self.process.poll() is None, self.log
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.get("/readyz").status == 200
            return False
        until(ready, "readiness")
        return self

    def request(self, method, path, body=None, headers=None, where=None, timeout=DEADLINE):
        connection = Connection(where or self.socket, timeout)
        try:
            try:
                connection.request(method, path, body, headers or {}, encode_chunked="Transfer-Encoding" in (headers or {}))
            except BrokenPipeError:
                pass  # refused before all of it was sent: the answer says why
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), dict(answer.getheaders()))
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, body, **more):
        return self.request("POST", path, body, **more)

    def metric(self, name):
        for line in self.get("/metrics").body.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
        raise AssertionError(f"no metric {name}")

    def children(self, pid=None):
        text = pathlib.Path(f"/proc/{pid or self.process.pid}/task/{pid or self.process.pid}/children").read_text()
        return [int(word) for word in text.split()]

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(DEADLINE * 3)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def cpu_seconds(pid):
    words = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def sidecars(place, *usual):
    """start(options..., ready=, more): a sidecar with these options, else the usual ones. All of them have to end well, and to have kept quiet about keys."""
    started = []

    def start(*options, ready=True, **more):
        sidecar = Sidecar(place, *(options or usual), **more)
        started.append(sidecar)
        return sidecar.wait_ready() if ready else sidecar

    yield start
    for sidecar in started:
        assert sidecar.stop() == 0, sidecar.log
        assert "ERROR: AddressSanitizer" not in sidecar.log and "runtime error" not in sidecar.log, sidecar.log
        assert "AGE-SECRET-KEY" not in sidecar.log
