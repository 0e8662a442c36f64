# SPDX-License-Identifier: Apache-2.0
"""The sidecar as sops's key service. Stock sops is the client in tests/interop/sidecar.py."""
import contextlib
import itertools
import json
import socket
import time

import pytest
import yaml

from conftest import DATA
from grpc_client import HEAD, PREFACE, SETTINGS, call, field, frame, literal, message, question
from sidecar import sidecars, until

BAD = DATA / "bad"
SECRET = yaml.safe_load((BAD / "secret.yaml").read_text())
AGE = SECRET["sops"]["age"][0]
MESSAGE_MAX = 1024 * 1024


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


def test_a_slow_client_is_cut(serve):
    """One that never ends its first frame; one that has nothing to ask is left alone. One that never ends its call: tests/load_sidecar.py."""
    sidecar = serve()
    began = time.monotonic()
    with talk(sidecar.socket, PREFACE[:-1]) as slow, talk(sidecar.socket, PREFACE + SETTINGS) as idle:
        slow.settimeout(30)
        while slow.recv(65536):
            pass
        assert 9 < time.monotonic() - began < 20
        assert sidecar.metric("krm_sops_cut_slow_total") == 1
        idle.sendall(frame(6, 0, 0, b"12345678"))
        got = b""
        while b"12345678" not in got:
            part = idle.recv(65536)
            assert part, "the idle one was cut"
            got += part
