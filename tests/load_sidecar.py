# SPDX-License-Identifier: Apache-2.0
"""The sidecar's part of `make check-load`: very many clients, very many requests, workers that die, keys that change and clients that dawdle, all the
while with every answer compared to the byte (tests/tools/sidecar_load.c). Figures are told, claims are about what comes out.
"""
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "program"))
import grpc_client  # noqa: E402
from conftest import Place  # noqa: E402
from sidecar import Sidecar, until  # noqa: E402

CLIENTS = 200
MEMORY_FROM, MEMORY_TO = 1000, 100 * 1000  # requests
MEMORY_GROWTH = 0.05
IDLE = 2.5  # seconds until workers have given free memory back
SLOW_CLIENTS = 40
GONE_WITHIN = 1.0  # seconds until a removed key opens nothing any more


class Documents:
    """What is asked and what has to come back: {name: (path of the API, file with the body, file with the answer)}."""

    def __init__(self, load, place):
        self.keys = place.path / "keys"
        self.keys.mkdir()
        self.identity = load.forged("identity")
        (self.keys / "age.agekey").write_bytes(self.identity)
        self.all = {}
        for name, path, words, argv in (("small", "/v1/decrypt?input-type=yaml", ("manifest", 1), ("decrypt", "--input-type", "yaml", "--output-type", "yaml")),
                                        ("large", "/v1/decrypt?input-type=yaml", ("doc", 2000), ("decrypt", "--input-type", "yaml", "--output-type", "yaml")),
                                        ("stream", "/v1/resourcelist", ("list", 5, 200), ())):
            body = place.path / name
            body.write_bytes(load.forged(*words))
            answer = place.path / f"{name}.plain"
            answer.write_bytes(load.run(body.read_bytes(), *argv, *(["/dev/stdin"] if argv else [])).stdout)
            assert answer.stat().st_size > 0, name
            self.all[name] = (path, str(body), str(answer))


class Clients:
    """Clients at work in the background; result() waits for their end."""

    def __init__(self, tool, sidecar, document, clients, amount):
        path, body, answer = document
        self.process = subprocess.Popen([tool, str(sidecar.socket), path, body, answer, str(clients), str(amount)], stdout=subprocess.PIPE, text=True)

    def result(self):
        out, _ = self.process.communicate(timeout=900)
        return json.loads(out)


def told(got):
    return ", ".join(f"{got[name]} {name}" for name in ("requests", "wrong", "failed", "refused", "reconnects")) + \
        f"; {got['per_second']}/s, p50 {got['p50_us'] / 1000:.1f} ms, p99 {got['p99_us'] / 1000:.1f} ms"


def all_right(got):
    return got["requests"] > 0 and got["wrong"] == got["failed"] == 0


def idle_pss(sidecar):
    """KiB of the supervisor and all its children: all of it, and the part that is their own. The rest is pages of libraries, which whoever else runs on this
    machine shares, and which nobody can leak."""
    time.sleep(IDLE)
    total = own = 0
    for pid in [sidecar.process.pid, *sidecar.children()]:
        sizes = {line.split()[0]: int(line.split()[1]) for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]}
        total += sizes["Pss:"]
        own += sizes["Pss:"] - sizes.get("Pss_File:", 0)
    return total, own


class SidecarLoad:
    def __init__(self, load, tool, seconds):
        self.load, self.tool, self.seconds = load, tool, seconds
        (load.folder / "sidecar").mkdir()
        self.place = Place(load.folder / "sidecar")
        self.documents = Documents(load, self.place)

    @contextlib.contextmanager
    def serving(self, *options):
        sidecar = Sidecar(self.place, "--keys-flat", self.documents.keys, "--audit", "/dev/null", *options).wait_ready()
        try:
            yield sidecar
        finally:
            self.load.claim("  and it ends well", sidecar.stop() == 0)

    def clients(self, sidecar, clients, amount, document="small"):
        return Clients(self.tool, sidecar, self.documents.all[document], clients, amount)

    def many_at_once(self):
        with self.serving("--connections", str(CLIENTS)) as sidecar:
            got = self.clients(sidecar, CLIENTS, f"{self.seconds}s").result()
            self.load.claim(f"{CLIENTS} clients at once for {self.seconds} s", all_right(got) and got["refused"] == got["reconnects"] == 0, told(got))

    def flat_memory(self):
        with self.serving("--recycle", "0") as sidecar:
            first = self.clients(sidecar, 10, MEMORY_FROM // 10).result()
            before = idle_pss(sidecar)
            second = self.clients(sidecar, 10, (MEMORY_TO - MEMORY_FROM) // 10).result()
            after = idle_pss(sidecar)
            grown = after[1] - before[1]
            self.load.claim(f"memory stays flat from request {MEMORY_FROM} to {MEMORY_TO}",
                            all_right(first) and all_right(second) and grown <= before[0] * MEMORY_GROWTH,
                            f"sum of PSS {before[0]} KiB, then {after[0]} KiB; without pages of files {before[1]}, then {after[1]} KiB: {grown:+} KiB are "
                            f"{grown / before[0] * 100:+.1f} % of all; {told(second)}")

    def sizes_mixed(self):
        with self.serving() as sidecar:
            mixed = [self.clients(sidecar, 20, f"{max(self.seconds // 6, 3)}s", name) for name in self.documents.all]
            for name, clients in zip(self.documents.all, mixed):
                got = clients.result()
                size = pathlib.Path(self.documents.all[name][1]).stat().st_size
                self.load.claim(f"sizes mixed: '{name}', {size} bytes", all_right(got), told(got))

    def workers_die(self):
        with self.serving("--workers", "4") as sidecar:
            keeper = sidecar.children()[0]
            working = self.clients(sidecar, 32, f"{max(self.seconds // 4, 5)}s")
            killed = 0
            while working.process.poll() is None:
                time.sleep(0.3)
                workers = [pid for pid in sidecar.children() if pid != keeper]
                if workers:
                    os.kill(random.choice(workers), signal.SIGKILL)
                    killed += 1
            got = working.result()
            self.load.claim("workers killed at random: no wrong answer, no lost listener",
                            all_right(got) and killed > 5 and got["reconnects"] > 0 and sidecar.get("/healthz").status == 200, f"{killed} killed; {told(got)}")
            until(lambda: len(sidecar.children()) == 5, "all workers again")

    def keys_rotate(self):
        with self.serving() as sidecar:
            working = self.clients(sidecar, 8, "8s")
            path, body, _ = self.documents.all["small"]
            body = pathlib.Path(body).read_bytes()
            key = self.documents.keys / "age.agekey"
            ended, again = [], []
            for _ in range(2):
                time.sleep(1)
                aside = self.place.path / "aside"
                shutil.move(key, aside)
                ended.append(self.wait_for_status(sidecar, path, body, 422))
                again.append(any(sidecar.post(path, body).status == 200 for _ in range(20)))
                shutil.move(aside, key)
                self.wait_for_status(sidecar, path, body, 200)
            got = working.result()
            self.load.claim(f"keys rotate under load: a removed one opens nothing after {GONE_WITHIN} s, and no answer is wrong",
                            max(ended) < GONE_WITHIN and not any(again) and got["wrong"] == 0 and got["failed"] > 0,
                            f"gone after {', '.join(f'{t:.2f}' for t in ended)} s; {told(got)}")

    @staticmethod
    def wait_for_status(sidecar, path, body, status):
        began = time.monotonic()
        until(lambda: sidecar.post(path, body).status == status, f"status {status}")
        return time.monotonic() - began

    def slow_clients(self):
        with self.serving() as sidecar:
            end = threading.Event()
            dawdling = threading.Thread(target=dawdle, args=(sidecar.socket, end))
            dawdling.start()
            got = self.clients(sidecar, 32, "33s").result()
            end.set()
            dawdling.join()
            cut = sidecar.metric("krm_sops_cut_slow_total")
            self.load.claim(f"{SLOW_CLIENTS} clients that send a byte a second are cut, and cost the others nothing",
                            all_right(got) and got["refused"] == 0 and cut >= SLOW_CLIENTS, f"{cut:.0f} cut; {told(got)}")


def dawdle(path, end):
    """They stop within a head, within a body, and within a call of the key service, whose data come a frame at a time."""
    begins = ((b"POST /v1/filter HTTP/1.1\r\nHost: x\r\nX: ", b"y"), (b"POST /v1/filter HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na", b"y"),
              (grpc_client.PREFACE + grpc_client.SETTINGS + grpc_client.frame(1, 4, 1, grpc_client.HEAD), grpc_client.frame(0, 0, 1, b"y")))
    clients = []
    for number in range(SLOW_CLIENTS):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(path))
        begin, more = begins[number % len(begins)]
        client.sendall(begin)
        clients.append((client, more))
    while not end.wait(1):
        for client, more in clients:
            with contextlib.suppress(OSError):
                client.send(more)
    for client, _ in clients:
        client.close()


def run(load, tool, seconds):
    sidecar = SidecarLoad(load, tool, seconds)
    sidecar.many_at_once()
    sidecar.flat_memory()
    sidecar.sizes_mixed()
    sidecar.workers_die()
    sidecar.keys_rotate()
    sidecar.slow_clients()
