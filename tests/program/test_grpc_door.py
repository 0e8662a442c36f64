# SPDX-License-Identifier: Apache-2.0
"""The sidecar as sops's key service. Stock sops is the client in tests/interop/sidecar.py."""
import contextlib
import itertools
import json
import socket
import struct
import time

import pytest
import yaml

from conftest import DATA
from grpc_client import call, field, message, question
from sidecar import sidecars, until

BAD = DATA / "bad"
SECRET = yaml.safe_load((BAD / "secret.yaml").read_text())
AGE = SECRET["sops"]["age"][0]
MESSAGE_MAX = 1024 * 1024
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.fixture
def keys(place):
    folder = place.path / "keys"
    folder.mkdir()
    for name in (BAD / "keys").glob("*.agekey"):
        (folder / name.name).write_bytes(name.read_bytes())
    return folder


@pytest.fixture
def serve(place, keys):
    with sidecars(place, "--keys-flat", keys) as start:
        yield start


def data_key():
    return bytes.fromhex(json.loads((BAD / "canaries.json").read_text())["data_keys"]["secret.yaml"])


def test_a_data_key_is_opened(place, serve):
    sidecar = serve()
    answer = call(place, sidecar.socket, question(AGE))
    assert (answer.status, answer.body) == (0, message(field(1, data_key())))
    assert answer.fields["content-type"] == "application/grpc"
    event = sidecar.audit()[-1]
    assert (event["opened"], event["door"], event["key"], event["label"]) == (True, "grpc", AGE["recipient"], "keyservice")


@pytest.mark.parametrize("body, to, status, told", [
    (question(AGE), "/KeyService/Encrypt", 12, "this key service decrypts only"),
    (question(AGE), "/KeyService/Other", 12, "this key service decrypts only"),
    (question(AGE), "/" + "a" * 100, 12, "this key service decrypts only"),
    (b"", "/KeyService/Decrypt", 3, "can not be read"),
    (question(AGE)[:-1], "/KeyService/Decrypt", 3, "can not be read"),
    (question(AGE) + b"x", "/KeyService/Decrypt", 3, "can not be read"),
    (question(AGE)[:5] + b"\xff" * (len(question(AGE)) - 5), "/KeyService/Decrypt", 3, "can not be read"),
    (message(question(AGE)[5:], compressed=1), "/KeyService/Decrypt", 12, "compressed messages are not offered"),
    (question(AGE, which=9), "/KeyService/Decrypt", 12, "no key of a type that is known"),
    (message(b"x" * (MESSAGE_MAX + 1)), "/KeyService/Decrypt", 8, "the message is too long"),
    (question(AGE, enc="nonsense"), "/KeyService/Decrypt", 3, ""),
    (question(AGE, enc=""), "/KeyService/Decrypt", 3, ""),
], ids=itertools.count())
def test_what_is_refused(place, serve, body, to, status, told):
    sidecar = serve()
    answer = call(place, sidecar.socket, body, to)
    assert (answer.status, answer.body) == (status, b"") and told in answer.fields.get("grpc-message", "")
    assert call(place, sidecar.socket, question(AGE)).status == 0


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
    PREFACE, PREFACE[:10], PREFACE + SETTINGS, PREFACE + SETTINGS + frame(1, 4, 1, HEAD), PREFACE + SETTINGS + frame(1, 4, 1, HEAD) + frame(0, 0, 1, question(AGE)[:20]),
    PREFACE + SETTINGS + frame(1, 4, 1, HEAD)[:-5], PREFACE + frame(0, 1, 1, question(AGE)), PREFACE + SETTINGS + frame(1, 4, 2, HEAD),
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
    assert call(place, sidecar.socket, question(AGE)).status == 0
    assert sidecar.metric("krm_sops_worker_restarts_total") == 0


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
