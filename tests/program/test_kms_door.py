# SPDX-License-Identifier: Apache-2.0
"""The sidecar as AWS KMS (--aws-kms): a client that signs as AWS's SDKs do, a KMS behind it (tests/fakes/aws.py) that the sidecar asks with credentials
of its own. Real sops is the client in tests/interop/sidecar.py."""
import base64
import http.client
import json
import socket
import sys
import pathlib
import time

import pytest
import yaml

from sidecar import Sidecar, until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from fakes import faults, secrets  # noqa: E402
from fakes.aws import ARN, ROLE, Aws, jwt  # noqa: E402
from fakes.sigv4 import sign  # noqa: E402

PAIR = ("AKIADOOR", "door/secret+canary")
OWN = {"AWS_ACCESS_KEY_ID": "AKIAOWN", "AWS_SECRET_ACCESS_KEY": "own/secret+canary"}
OTHER_ARN = ARN.replace("us-east-1", "eu-central-1")


def pair_file(pair=PAIR):
    return f"[default]\naws_access_key_id = {pair[0]}\naws_secret_access_key = {pair[1]}\n"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Door:
    def __init__(self, sidecar, port, aws):
        self.sidecar, self.host, self.aws = sidecar, f"127.0.0.1:{port}", aws
        self.connection = http.client.HTTPConnection(self.host, timeout=60)

    def send(self, body, headers, method="POST"):
        """The answer's status and object; the connection is kept."""
        self.connection.request(method, "/", body, headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def call(self, body, pair=PAIR, method="POST", **more):
        return self.send(body, sign(pair, self.host, body, method=method, **more), method)

    def body(self, number=0, arn=ARN, context=None):
        wrapped = self.aws.wrap(arn, secrets.data_key(number), context)
        return json.dumps({"CiphertextBlob": base64.b64encode(wrapped).decode(), "KeyId": arn, **({"EncryptionContext": context} if context else {})}).encode()

    def ask(self, number=0, arn=ARN, context=None, **more):
        return self.call(self.body(number, arn, context), **more)


def assert_opened(answer, number=0, arn=ARN):
    assert answer == (200, {"KeyId": arn, "Plaintext": base64.b64encode(secrets.data_key(number)).decode(), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"})


def ends(sidecar):
    """The status of one that ends by itself."""
    try:
        return sidecar.process.wait(20)
    finally:
        sidecar.process.kill()


def assert_refused(answer, status, name):
    assert (answer[0], answer[1]["__type"]) == (status, name)
    assert set(answer[1]) == {"__type", "message"} and "canary" not in json.dumps(answer[1])
    return answer[1]["message"]


@pytest.fixture
def aws():
    with Aws() as fake:
        fake.user("AKIAOWN", "own/secret+canary")
        fake.role(ROLE)
        yield fake


@pytest.fixture
def door(place, aws):
    """door(options..., env=): a sidecar with this door, and a client of it."""
    started = []

    def start(*options, env=None, **more):
        pair = place.write("door/credentials", pair_file())
        port = free_port()
        sidecar = Sidecar(place, "--aws-kms", f"127.0.0.1:{port}", "--aws-kms-key", pair, *options, env={**aws.env(), **(OWN if env is None else env)}, **more)
        started.append(sidecar)
        return Door(sidecar.wait_ready(), port, aws)

    yield start
    for sidecar in started:
        assert sidecar.stop() == 0, sidecar.log
        assert "ERROR: AddressSanitizer" not in sidecar.log and "runtime error" not in sidecar.log, sidecar.log
        assert "canary" not in sidecar.log
        for number in range(4):
            key = secrets.data_key(number)
            assert base64.b64encode(key).decode() not in sidecar.log and key.hex() not in sidecar.log


def test_a_key_is_opened_with_the_sidecars_own_credentials(door, aws):
    door = door()
    assert_opened(door.ask())
    assert_opened(door.ask(1, OTHER_ARN, {"app": "shop", "Stage": "prod"}), 1, OTHER_ARN)
    assert aws.calls == ["Decrypt", "Decrypt"]
    event = door.sidecar.audit()[0]
    assert event["opened"] is True and event["key"] == ARN and event["door"] == "kms"


def test_what_sdks_sign_besides_is_taken(door):
    headers = {"amz_sdk_invocation_id": "12345678-1234-1234-1234-123456789012", "amz_sdk_request": "attempt=1;  max=3"}
    assert_opened(door().ask(**headers))


def test_the_cloud_role_is_the_sidecars(place, door, aws):
    door = door(env={"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(place.write("token", jwt()))})
    for number in range(3):
        assert_opened(door.ask(number), number)
    assert aws.calls == ["AssumeRoleWithWebIdentity", "Decrypt", "Decrypt", "Decrypt"]


def test_a_session_token_in_the_request_does_not_matter(door):
    """The controller may have one in its environment: signed, like all that is sent."""
    assert_opened(door().ask(x_amz_security_token="anything"))


# Who is not the client


@pytest.mark.parametrize("name, more", [
    ("InvalidSignatureException", {"pair": (PAIR[0], "guessed")}),
    ("UnrecognizedClientException", {"pair": ("AKIAOTHER", PAIR[1])}),
    ("UnrecognizedClientException", {"pair": (OWN["AWS_ACCESS_KEY_ID"], OWN["AWS_SECRET_ACCESS_KEY"])}),
    ("InvalidSignatureException", {"when": "late"}),
    ("InvalidSignatureException", {"when": "early"}),
    ("InvalidSignatureException", {"left_out": ["host"]}),
    ("InvalidSignatureException", {"left_out": ["x-amz-target"]}),
    ("InvalidSignatureException", {"left_out": ["x-amz-date"]}),
    ("IncompleteSignatureException", {"service": "sts"}),
])
def test_whoever_does_not_sign_right_is_refused(door, aws, name, more):
    door = door()
    if "when" in more:
        more = {"when": time.time() + (-16 if more["when"] == "late" else 16) * 60}
    assert_refused(door.ask(**more), 403, name)
    assert aws.calls == [] and door.sidecar.audit() == []
    assert_opened(door.ask())


@pytest.mark.parametrize("minutes", [-14, 14])
def test_clocks_may_differ_by_a_quarter_of_an_hour(door, minutes):
    assert_opened(door().ask(when=time.time() + minutes * 60))


@pytest.mark.parametrize("change", [
    lambda headers, body: (headers, body.replace(b'"KeyId"', b' "KeyId"')),
    lambda headers, body: ({**headers, "x-amz-target": "TrentService.Encrypt"}, body),
    lambda headers, body: ({**headers, "host": "kms.us-east-1.amazonaws.com"}, body),
    lambda headers, body: ({**headers, "authorization": headers["authorization"].replace("eu-central-1", "eu-central-2")}, body),
    lambda headers, body: ({**headers, "authorization": headers["authorization"][:-1] + "01"[headers["authorization"][-1] == "0"]}, body),
], ids=["body", "target", "host", "region", "signature"])
def test_what_was_changed_behind_the_signature_is_refused(door, aws, change):
    door = door()
    body = door.body()
    headers, body = change(sign(PAIR, door.host, body), body)
    headers["content-length"] = str(len(body))
    assert_refused(door.send(body, headers), 403, "InvalidSignatureException")
    assert aws.calls == []


@pytest.mark.parametrize("text, name", [
    (None, "MissingAuthenticationTokenException"),
    ("Bearer door/secret", "IncompleteSignatureException"),
    ("AWS4-HMAC-SHA256", "IncompleteSignatureException"),
    ("AWS4-HMAC-SHA256 Credential=AKIADOOR", "IncompleteSignatureException"),
    ("AWS4-HMAC-SHA256 Credential=AKIADOOR////, SignedHeaders=, Signature=" + "0" * 64, "IncompleteSignatureException"),
])
def test_no_signature_at_all(door, text, name):
    door = door()
    headers = {**sign(PAIR, door.host, door.body()), "authorization": text}
    if text is None:
        del headers["authorization"]
    assert_refused(door.send(door.body(), headers), 403, name)


# What is asked


@pytest.mark.parametrize("target", ["TrentService.Encrypt", "TrentService.GenerateDataKey", "TrentService.decrypt", ""])
def test_it_decrypts_and_nothing_else(door, aws, target):
    assert_refused(door().ask(target=target), 400, "UnknownOperationException")
    assert aws.calls == []


def test_it_hears_post_only(door):
    assert_refused(door().ask(method="PUT"), 400, "UnknownOperationException")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", b'{"KeyId": 1, "CiphertextBlob": 2}', b'{"KeyId": "a"}', b'{"CiphertextBlob": "YQ=="}', b"\xff\xfe"])
def test_bodies_that_are_none(door, aws, body):
    door = door()
    assert_refused(door.call(body), 400, "ValidationException")
    assert aws.calls == []
    assert_opened(door.ask())


@pytest.mark.parametrize("change", [{"CiphertextBlob": "!"}, {"CiphertextBlob": "YQ=="}, {"KeyId": "alias/x"}, {"KeyId": "arn:aws:kms:evil.example.org/:1:key/x"},
                                    {"EncryptionContext": {"other": "context"}}])
def test_keys_that_do_not_open_are_told_alike(door, change):
    door = door()
    body = json.dumps({**json.loads(door.body()), **change}).encode()
    assert assert_refused(door.call(body), 400, "AccessDeniedException") == "this key does not open it, or may not be used"
    assert door.sidecar.audit()[-1]["opened"] is False


def test_the_policy_bounds_the_arns(place, door, aws):
    policy = {"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Policy", "spec": {"keys": {"kms": ["arn:aws:kms:us-east-1:111122223333:key/*"]}}}
    path = place.write("policy.yaml", yaml.safe_dump(policy))
    path.chmod(0o600)
    door = door(env={**OWN, "KRM_SOPS_POLICY": str(path)})
    assert_opened(door.ask())
    message = assert_refused(door.ask(1, OTHER_ARN), 400, "AccessDeniedException")
    assert "policy" not in message
    assert aws.calls == ["Decrypt"]
    assert "not allowed by the operator's policy" in door.sidecar.audit()[-1]["why"]


# The cache


def test_a_thousand_requests_cost_one_call_for_each_key(door, aws):
    door = door("--data-key-ttl", "1h")
    bodies = [door.body(number) for number in range(4)]
    for turn in range(1000):
        number = turn % len(bodies)
        assert_opened(door.call(bodies[number]), number)
    assert aws.calls == ["Decrypt"] * len(bodies)
    assert door.sidecar.metric("krm_sops_cache_hits_total") == 1000 - len(bodies)


def test_without_a_cache_each_request_costs_a_call(door, aws):
    door = door()
    for _ in range(3):
        assert_opened(door.ask())
    assert aws.calls == ["Decrypt"] * 3


def test_the_context_is_part_of_what_is_cached(door, aws):
    door = door("--data-key-ttl", "1h")
    assert_opened(door.ask(context={"app": "shop"}))
    blob = json.loads(door.body(context={"app": "shop"}))
    for context in ({"app": "other"}, {}, {"app": "shop", "b": "c"}):
        assert_refused(door.call(json.dumps({**blob, "EncryptionContext": context}).encode()), 400, "AccessDeniedException")
    assert_opened(door.ask(context={"app": "shop"}))
    assert aws.calls == ["Decrypt"] * 4


# Trouble


def test_a_service_that_is_down_is_worth_another_try(door, aws):
    door = door()
    aws.fail(faults.status(503), times=None)
    assert_refused(door.ask(), 503, "DependencyTimeoutException")
    assert door.sidecar.metric('krm_sops_unwraps_total{result="unreachable"}') == 1
    aws.heal()
    assert_opened(door.ask())


def test_a_service_that_is_not_there_is_worth_another_try(door):
    door = door(env={**OWN, "AWS_ENDPOINT_URL_KMS": f"http://127.0.0.1:{free_port()}", "KRM_SOPS_TIMEOUT": "5"})
    assert_refused(door.ask(), 503, "DependencyTimeoutException")


def test_a_service_that_refuses_is_not(door, aws):
    aws.users.clear()
    door = door()
    assert_refused(door.ask(), 400, "AccessDeniedException")
    assert "UnrecognizedClientException" in door.sidecar.audit()[-1]["why"]


def test_garbage_costs_one_connection(door):
    door = door()
    for bytes_ in (b"\x00" * 100, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100, b"POST / HTTP/1.1\r\n" + b"a" * 100000):
        with socket.create_connection(door.host.split(":"), 20) as client:
            try:
                client.sendall(bytes_)
                client.shutdown(socket.SHUT_WR)
                assert not client.recv(4096).startswith(b"HTTP/1.1 200")
            except OSError:
                pass
    assert_opened(door.ask())
    assert door.sidecar.metric("krm_sops_worker_restarts_total") == 0


# The key pair


def test_a_new_pair_is_in_effect_and_the_old_one_gone(place, door):
    door = door()
    assert_opened(door.ask())
    fresh = ("AKIAFRESH", "fresh/secret+canary")
    place.write("door/credentials", pair_file(fresh))

    def taken():
        door.connection.close()
        return door.ask(pair=fresh)[0] == 200

    until(taken, "the new pair")
    assert_refused(door.ask(), 403, "UnrecognizedClientException")


def test_a_pair_that_can_not_be_read_later_leaves_the_old_one(place, door):
    door = door("--recycle", "1", "--workers", "1")
    place.write("door/credentials", "[default]\naws_secret_access_key = canary\n")
    until(lambda: door.sidecar.metric("krm_sops_reload_failures_total") >= 1, "the failed reload")
    for _ in range(3):  # each by a worker that was started after the file broke
        door.connection.close()
        assert_opened(door.ask())
    assert door.sidecar.metric("krm_sops_worker_restarts_total") == 0


@pytest.mark.parametrize("text, message", [
    ("", "no aws_access_key_id and aws_secret_access_key"),
    ("[other]\naws_access_key_id = A\naws_secret_access_key = canary\n", "no aws_access_key_id and aws_secret_access_key"),
    ("[default]\naws_secret_access_key = canary\n", "no aws_access_key_id and aws_secret_access_key"),
])
def test_a_file_without_a_pair_is_the_end(place, text, message):
    sidecar = Sidecar(place, "--aws-kms", f"127.0.0.1:{free_port()}", "--aws-kms-key", place.write("pair", text), env=OWN)
    assert ends(sidecar) == 1, sidecar.log
    assert message in sidecar.log and "canary" not in sidecar.log


@pytest.mark.parametrize("address", ["0.0.0.0:1", "10.0.0.1:1", "localhost:1", "127.0.0.1", "127.0.0.1:70000", "[::]:1", ":1"])
def test_it_listens_on_loopback_only(place, address):
    sidecar = Sidecar(place, "--aws-kms", address, "--aws-kms-key", place.write("pair", pair_file()), env=OWN)
    assert ends(sidecar) == 2
    assert "is not 127.0.0.1:PORT or [::1]:PORT" in sidecar.log
