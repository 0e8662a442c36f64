# SPDX-License-Identifier: Apache-2.0
"""The sidecar as sops's key service: curl speaks HTTP/2, the messages are made here by hand. Stock sops is the client in tests/interop/sidecar.py."""
import contextlib
import itertools
import json
import socket
import struct
import subprocess
import time

import pytest
import yaml

from conftest import DATA
from sidecar import Sidecar, until

BAD = DATA / "bad"
SECRET = yaml.safe_load((BAD / "secret.yaml").read_text())
AGE = SECRET["sops"]["age"][0]
MESSAGE_MAX = 1024 * 1024
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def varint(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(number << 3 | 2) + varint(len(data)) + data


def message(data, compressed=0):
    return bytes([compressed]) + struct.pack(">I", len(data)) + data


def question(recipient=AGE["recipient"], enc=AGE["enc"], which=6):
    """A DecryptRequest: Key, whose member 6 is an age recipient, and the wrapped key."""
    return message(field(1, field(which, field(1, recipient))) + field(2, enc))


class Answer:
    def __init__(self, head, body):
        self.body = body
        lines = [line.partition(": ") for line in head.decode().splitlines() if ": " in line]
        self.fields = {name.lower(): value for name, _, value in lines}
        self.status = int(self.fields["grpc-status"]) if "grpc-status" in self.fields else None


def call(place, path, body, to="/KeyService/Decrypt"):
    (place.path / "question").write_bytes(body)
    done = subprocess.run(["curl", "-sS", "--max-time", "60", "--http2-prior-knowledge", "--unix-socket", path, "-H", "content-type: application/grpc", "-H", "te: trailers",
                           "--data-binary", f"@{place.path}/question", "-D", place.path / "head", "-o", place.path / "body", f"http://x{to}"],
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    body = place.path / "body"
    got = body.read_bytes() if body.exists() else b""
    body.unlink(missing_ok=True)
    return Answer((place.path / "head").read_bytes(), got)


@pytest.fixture
def keys(place):
    folder = place.path / "keys"
    folder.mkdir()
    for name in (BAD / "keys").glob("*.agekey"):
        (folder / name.name).write_bytes(name.read_bytes())
    return folder


@pytest.fixture
def serve(place, keys):
    started = []

    def start(*options, **more):
        sidecar = Sidecar(place, *(options or ("--keys-flat", keys)), **more)
        started.append(sidecar)
        return sidecar.wait_ready()

    yield start
    for sidecar in started:
        assert sidecar.metric("krm_sops_worker_restarts_total") == 0
        assert sidecar.stop() == 0, sidecar.log
        assert "ERROR: AddressSanitizer" not in sidecar.log and "runtime error" not in sidecar.log, sidecar.log


def data_key():
    return bytes.fromhex(json.loads((BAD / "canaries.json").read_text())["data_keys"]["secret.yaml"])


def test_a_data_key_is_opened(place, serve):
    sidecar = serve()
    answer = call(place, sidecar.socket, question())
    assert (answer.status, answer.body) == (0, message(field(1, data_key())))
    assert answer.fields["content-type"] == "application/grpc"
    event = sidecar.audit()[-1]
    assert (event["opened"], event["door"], event["key"], event["label"]) == (True, "grpc", AGE["recipient"], "keyservice")


@pytest.mark.parametrize("body, to, status, told", [
    (question(), "/KeyService/Encrypt", 12, "this key service decrypts only"),
    (question(), "/KeyService/Other", 12, "this key service decrypts only"),
    (question(), "/" + "a" * 100, 12, "this key service decrypts only"),
    (b"", "/KeyService/Decrypt", 3, "can not be read"),
    (question()[:-1], "/KeyService/Decrypt", 3, "can not be read"),
    (question() + b"x", "/KeyService/Decrypt", 3, "can not be read"),
    (question()[:5] + b"\xff" * (len(question()) - 5), "/KeyService/Decrypt", 3, "can not be read"),
    (message(question()[5:], compressed=1), "/KeyService/Decrypt", 12, "compressed messages are not offered"),
    (question(which=9), "/KeyService/Decrypt", 12, "no key of a type that is known"),
    (message(b"x" * (MESSAGE_MAX + 1)), "/KeyService/Decrypt", 8, "the message is too long"),
    (question(enc="nonsense"), "/KeyService/Decrypt", 3, ""),
    (question(enc=""), "/KeyService/Decrypt", 3, ""),
], ids=itertools.count())
def test_what_is_refused(place, serve, body, to, status, told):
    sidecar = serve()
    answer = call(place, sidecar.socket, body, to)
    assert (answer.status, answer.body) == (status, b"") and told in answer.fields.get("grpc-message", "")
    assert call(place, sidecar.socket, question()).status == 0


def test_a_tenant_hears_one_answer_whatever_is_wrong(place, serve, keys):
    """A key that is not there, one that the policy refuses, one that is damaged."""
    other = place.path / "other"
    other.mkdir()
    (other / "x.agekey").write_bytes((DATA / "other.agekey").read_bytes())
    policy = place.write("policy.yaml", yaml.safe_dump({"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Policy", "spec": {"keySets": {
        "a": {"folder": str(keys)}, "b": {"folder": str(other)}, "narrow": {"folder": str(keys), "keys": {"age": []}}}}}))
    policy.chmod(0o600)
    folder = place.path / "run"
    sidecar = serve("--listen", f"unix://{folder}/b.sock=b", "--listen", f"unix://{folder}/narrow.sock=narrow", keyset="=a", env={"KRM_SOPS_POLICY": str(policy)})
    assert call(place, sidecar.socket, question()).status == 0
    answers = [call(place, folder / "b.sock", question()), call(place, folder / "narrow.sock", question()),
               call(place, folder / "b.sock", question(enc=AGE["enc"].replace("A", "B", 5)))]
    assert {(answer.status, answer.fields["grpc-message"]) for answer in answers} == {(5, "no key of this key set opens it")}


# HTTP/2 by hand


def frame(kind, flags, stream, data=b""):
    return struct.pack(">I", len(data))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + data


def literal(name, value):
    return b"\x10" + bytes([len(name)]) + name + bytes([len(value)]) + value


HEAD = b"".join(literal(*pair) for pair in ((b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/KeyService/Decrypt"), (b":authority", b"x")))
SETTINGS = frame(4, 0, 0)


def talk(path, data, end=False):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(60)
    client.connect(str(path))
    with contextlib.suppress(OSError):
        client.sendall(data)
        if end:
            client.shutdown(socket.SHUT_WR)
    return client


@pytest.mark.parametrize("data", [
    PREFACE, PREFACE[:10], PREFACE + SETTINGS, PREFACE + SETTINGS + frame(1, 4, 1, HEAD), PREFACE + SETTINGS + frame(1, 4, 1, HEAD) + frame(0, 0, 1, question()[:20]),
    PREFACE + SETTINGS + frame(1, 4, 1, HEAD)[:-5], PREFACE + frame(0, 1, 1, question()), PREFACE + SETTINGS + frame(1, 4, 2, HEAD),
    PREFACE + SETTINGS + frame(1, 4, 1, b"\x80" * 50), PREFACE + SETTINGS + frame(1, 4, 1, HEAD + literal(b"a", b"b" * 120) * 200),
    PREFACE + SETTINGS + b"".join(frame(1, 4, 2 * i + 1, HEAD) for i in range(100)), PREFACE + SETTINGS + b"".join(frame(6, 0, 0, b"12345678") for _ in range(5000)),
    PREFACE + SETTINGS + frame(1, 5, 1, HEAD) + frame(3, 0, 1, b"\0\0\0\x08"), PREFACE + frame(4, 0, 0, b"x" * 17), PREFACE + b"\xff\xff\xff" + b"\0" * 100,
], ids=itertools.count())
def test_halves_and_oddities_cost_one_connection(place, serve, data):
    sidecar = serve()
    with talk(sidecar.socket, data, end=True) as client, contextlib.suppress(OSError):
        while client.recv(65536):
            pass
    until(lambda: sidecar.metric("krm_sops_connections") == 1, "the end of the connection")
    assert call(place, sidecar.socket, question()).status == 0


def test_slow_clients_are_cut(place, serve):
    """One that never ends its first frame, and one that never ends its call, however busily they send; one that has nothing to ask is left alone."""
    sidecar = serve()
    head, body, idle = (talk(sidecar.socket, data) for data in (PREFACE[:-1], PREFACE + SETTINGS + frame(1, 4, 1, HEAD), PREFACE + SETTINGS))
    began = time.monotonic()
    ended = {}
    slow = {"head": (head, b"\n" + b"\0" * 9), "body": (body, frame(0, 0, 1, b"\0"))}
    while len(ended) < 2 and time.monotonic() < began + 50:
        time.sleep(0.5)
        for name, (client, data) in slow.items():
            if name in ended:
                continue
            try:
                if name == "body":
                    client.sendall(data)
                client.setblocking(False)
                while client.recv(65536):
                    pass
                ended[name] = time.monotonic() - began
            except BlockingIOError:
                pass
            except OSError:
                ended[name] = time.monotonic() - began
            client.setblocking(True)
    assert 9 < ended["head"] < 20 and 29 < ended["body"] < 45
    assert sidecar.metric("krm_sops_cut_slow_total") == 2
    idle.sendall(frame(6, 0, 0, b"12345678"))
    got = b""
    while b"12345678" not in got:
        part = idle.recv(65536)
        assert part, "the idle one was cut"
        got += part
    for client in (head, body, idle):
        client.close()
