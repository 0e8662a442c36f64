# SPDX-License-Identifier: Apache-2.0
"""The sidecar: how many requests, how soon, in how much memory; how often a key service is asked; and builds through the socket beside `sops decrypt`."""
import json
import os
import pathlib
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "program"))
from conftest import Place  # noqa: E402
from fakes import secrets  # noqa: E402
from fakes.aws import ARN, Aws  # noqa: E402
from load_sidecar import idle_pss  # noqa: E402
from sidecar import Sidecar  # noqa: E402

BUILDS = 300
RECONCILES, KEYS = 1000, 10
PAIR = {"AWS_ACCESS_KEY_ID": "AKIADOOR", "AWS_SECRET_ACCESS_KEY": "door/secret"}


def cpu_us(sidecar):
    """Microseconds that the keeper and the workers have computed."""
    ticks = 0
    for pid in sidecar.children():
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks * 1e6 / os.sysconf("SC_CLK_TCK")


class Served:
    def __init__(self, b, name, *options, **more):
        (b.folder / name).mkdir()
        os.environ["KRM_SOPS"] = b.program
        self.b, self.place = b, Place(b.folder / name)
        self.sidecar = Sidecar(self.place, *options, **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sidecar.stop()

    def load(self, clients, requests):
        """(the client's figures, microseconds of CPU of one request in the sidecar)."""
        body, answer = (self.place.path / name for name in ("body", "answer"))
        body.write_bytes(self.b.forged("manifest", 1))
        answer.write_bytes(subprocess.run([self.b.program, "decrypt", "--input-type", "yaml", "--output-type", "yaml", str(body)], env=self.b.env,
                                          check=True, capture_output=True).stdout)
        before = cpu_us(self.sidecar)
        argv = [str(pathlib.Path(self.b.forge).parent / "sidecar_load"), str(self.sidecar.socket), "/v1/decrypt?input-type=yaml", str(body), str(answer),
                str(clients), str(requests)]
        got = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
        return got, (cpu_us(self.sidecar) - before) / (clients * requests)


def requests(b):
    keys = b.folder / "sidecar-keys"
    keys.mkdir()
    (keys / "age.agekey").write_bytes(b.forged("identity"))
    with Served(b, "requests", "--keys-flat", keys) as served:
        served.sidecar.wait_ready()
        one, cost = served.load(1, 1000)
        memory = idle_pss(served.sidecar)[0] / 1024
        b.row("memory of an idle sidecar after 1,000 requests, sum of PSS", f"{memory:.1f} MiB", "at most 12 MiB", memory <= 12)
        one, cost = served.load(1, 5000)
        b.row("the sidecar: a small age Secret over one kept-alive connection",
              f"p50 {one['p50_us'] / 1000:.2f} ms, p99 {one['p99_us'] / 1000:.2f} ms, {one['per_second']}/s; {cost:.0f} us of CPU a request", "p50 at most 0.3 ms",
              one["p50_us"] <= 300)
        many, cost = served.load(64, 400)
        b.row(f"the same over 64 connections at once, {os.cpu_count()} cores, no cache",
              f"{many['per_second']}/s, p50 {many['p50_us'] / 1000:.1f} ms, p99 {many['p99_us'] / 1000:.1f} ms; {cost:.0f} us of CPU a request",
              "at least 5,000 a second on two cores", many["per_second"] >= 5000)
        generators(b, served)


def generators(b, served):
    """What a KSOPS generator costs when the key is in the sidecar, beside the real sops with the key in a file."""
    if not b.sops:
        return
    where = b.folder / "generator"
    where.mkdir()
    (where / "secret.yaml").write_bytes(b.forged("manifest", 1))
    (b.folder / "ksops").symlink_to(b.program)
    config = {"apiVersion": "viaduct.ai/v1", "kind": "ksops", "metadata": {"name": "g"}, "files": ["./secret.yaml"]}
    (where / "list").write_text(json.dumps({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [], "functionConfig": config}))
    usual, usual_place = b.env, b.place
    b.env = {**b.env, "KRM_SOPS_SOCKET": str(served.sidecar.socket)}
    b.place = where
    try:
        ours, theirs = b.run(BUILDS, [[str(b.folder / "ksops")], [b.sops, "decrypt", "secret.yaml"]], str(where / "list"))
    finally:
        b.env, b.place = usual, usual_place
    b.row(f"{BUILDS} KSOPS generators through the socket, without a key of their own", f"{ours[0]:.1f} ms each (p90 {ours[1]:.1f}); "
          f"`sops decrypt` with the key in a file {theirs[0]:.1f} ms: {theirs[0] / ours[0]:.1f} times", "faster than sops", ours[0] < theirs[0])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def kms_calls(b):
    pair, port = b.folder / "pair", free_port()
    pair.write_text("[default]\n" + "".join(f"{name.lower()} = {value}\n" for name, value in PAIR.items()))
    pair.chmod(0o600)
    with Aws() as aws:
        aws.user("AKIAROLE", "role/secret")
        env = {**aws.env(), "AWS_ACCESS_KEY_ID": "AKIAROLE", "AWS_SECRET_ACCESS_KEY": "role/secret"}
        text = secrets.stream([secrets.secret(number, kms=[aws.entry(ARN, secrets.data_key(number))]) for number in range(KEYS)])
        with Served(b, "kms", "--aws-kms", f"127.0.0.1:{port}", "--aws-kms-key", pair, "--data-key-ttl", "1h", env=env) as served:
            served.sidecar.wait_ready()
            got = b.filter(RECONCILES, text, {"AWS_ENDPOINT_URL_KMS": f"http://127.0.0.1:{port}", **PAIR})
        calls = aws.count("Decrypt")
    b.row(f"KMS calls of {RECONCILES:,} reconciles of {KEYS} keys through the KMS door, cache on", f"{calls}; {got[0]:.1f} ms a reconcile", "one a distinct key",
          calls == KEYS)


def run(b):
    requests(b)
    kms_calls(b)
