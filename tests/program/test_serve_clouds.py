# SPDX-License-Identifier: Apache-2.0
"""The sidecar with keys behind a network: questions of many clients are under way at the same time, and some are never answered."""
import os
import sys
import threading
import time

import pytest
import yaml

from conftest import ROOT
from sidecar import cpu_seconds, sidecars, until

sys.path.insert(0, str(ROOT / "tests"))
from fakes import faults, secrets  # noqa: E402
from fakes.certificates import context  # noqa: E402
from fakes.aws import ARN, ROLE, Aws, jwt  # noqa: E402
from fakes.documents import DATA_KEY, PLAIN, values  # noqa: E402
from fakes.vault import Vault, account_token  # noqa: E402

CLIENTS, KEYS = 8, 20


@pytest.fixture
def serve(place):
    """serve(env, options): a sidecar that has what its environment gives it."""
    with sidecars(place) as start:
        yield lambda env, *options, **more: start(*options, env=env, **more)


@pytest.fixture
def kms_serve(serve):
    """It has AWS KMS alone."""
    def start(aws, *options):
        aws.user("AKIAROLE", "role/secret")
        return serve({**aws.env(), "AWS_ACCESS_KEY_ID": "AKIAROLE", "AWS_SECRET_ACCESS_KEY": "role/secret"}, *options)

    return start


@pytest.fixture
def irsa_serve(place, serve):
    """It has a role of AWS, by a token in a file."""
    def start(aws, *options):
        aws.role(ROLE)
        token = place.write("token", jwt())
        return serve({**aws.env(), "AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(token)}, *options)

    return start


def document(aws, number):
    return secrets.text(number, kms=[aws.entry(ARN, secrets.data_key(number))]).encode()


def test_questions_of_many_clients_are_under_way_at_once(kms_serve):
    with Aws(delay=0.02) as aws:
        sidecar = kms_serve(aws)
        wrong = []

        def client(first):
            for number in range(first, KEYS, CLIENTS):
                answer = sidecar.post("/v1/decrypt?input-type=json", document(aws, number))
                if answer.status != 200 or secrets.plain(number).encode() not in answer.body:
                    wrong.append((number, answer.status, answer.body))

        threads = [threading.Thread(target=client, args=(i,)) for i in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong
        assert sidecar.metric("krm_sops_keeper_restarts_total") == 0
        assert aws.count("Decrypt") == KEYS


def test_questions_that_are_answered_too_late_leave_nothing_behind(kms_serve):
    with Aws(delay=2) as aws:
        sidecar = kms_serve(aws, "--request-time", "1s")
        keeper = sidecar.children()[0]
        before = len(os.listdir(f"/proc/{keeper}/fd"))
        for number in range(3):
            answer = sidecar.post("/v1/decrypt?input-type=json", document(aws, number))
            assert answer.status == 503, answer.body
        began = time.monotonic()
        # libcurl has a pair of its own, and keeps its connections
        until(lambda: len(os.listdir(f"/proc/{keeper}/fd")) <= before + 2 + 3, "the end of the questions")
        assert time.monotonic() - began < 15
        assert sidecar.children()[0] == keeper


def test_a_service_that_says_nothing_is_waited_for_and_not_in_circles(kms_serve):
    """Its question is over long before it gives up: whoever asked has been told so."""
    with Aws(delay=6) as aws:
        sidecar = kms_serve(aws, "--request-time", "1s")
        keeper = sidecar.children()[0]
        answer = sidecar.post("/v1/decrypt?input-type=json", document(aws, 0))
        assert answer.status == 503, answer.body
        time.sleep(0.5)
        before = cpu_seconds(keeper)
        time.sleep(2)
        assert cpu_seconds(keeper) - before < 0.5
        assert sidecar.children()[0] == keeper


def opens(sidecar, aws, number):
    """How long it took, and with which token KMS was asked."""
    began = time.monotonic()
    answer = sidecar.post("/v1/decrypt?input-type=json", document(aws, number))
    assert answer.status == 200, answer.body
    return time.monotonic() - began, aws.requests[-1].headers.get("x-amz-security-token")


def is_renewal(request):
    return b"Action=AssumeRoleWithWebIdentity" in request.body


def renewals(aws):
    return sum(map(is_renewal, list(aws.requests))) - 1


def test_tokens_are_renewed_before_they_end_and_nobody_waits(irsa_serve):
    """One lives for twelve seconds, and is renewed after eight, though nobody asks for anything; while STS takes its time the old one is in use."""
    with Aws() as aws:
        aws.lifetime = 12
        sidecar = irsa_serve(aws)
        _, first = opens(sidecar, aws, 0)
        slow = 2
        aws.delay_of = lambda request: slow if is_renewal(request) else 0
        until(lambda: renewals(aws) == 1, "the renewal")
        took, token = opens(sidecar, aws, 1)
        assert (took < slow, token) == (True, first)
        time.sleep(slow + 1)
        took, token = opens(sidecar, aws, 2)
        assert (took < slow, token != first) == (True, True)
        assert renewals(aws) == 1 and aws.count("Decrypt") == 3  # none was refused for a token that had ended


def test_a_renewal_that_fails_costs_nobody_anything(irsa_serve):
    with Aws() as aws:
        aws.lifetime = 12
        sidecar = irsa_serve(aws)
        _, first = opens(sidecar, aws, 0)
        ends = time.monotonic() + aws.lifetime
        aws.fail(faults.status(403), times=None, only=is_renewal)
        until(lambda: renewals(aws) >= 1, "the renewal that fails")
        assert opens(sidecar, aws, 1)[1] == first
        aws.heal()
        time.sleep(max(0, ends - time.monotonic()))
        assert opens(sidecar, aws, 2)[1] != first
        assert aws.count("Decrypt") == 3


def test_vault_is_logged_in_to_anew_in_time(place, serve):
    """By a lease of six seconds, twice before anybody asks again."""
    jwt_ = account_token("a", "b", "x")
    with Vault(roles={"a_b": jwt_}, tokens=(), lease=6) as vault:
        text = values(hc_vault=[vault.entry(DATA_KEY)])
        sidecar = serve({"VAULT_ADDR": vault.url, "KRM_SOPS_VAULT_LOGIN": "auth/kubernetes/login", "KRM_SOPS_VAULT_JWT_FILE": str(place.write("jwt", jwt_))})
        ask = lambda: sidecar.post("/v1/decrypt?input-type=yaml", text)
        assert ask().status == 200 and vault.logins == 1
        until(lambda: vault.logins == 3, "two logins that nobody has asked for")
        answer = ask()
        assert answer.status == 200 and PLAIN in answer.body
        assert vault.logins == 3


def test_certificates_and_bounds_of_the_network_are_the_operators(serve, certificates):
    with Aws(tls=context(certificates.server)) as aws:
        aws.user("AKIAROLE", "role/secret")
        env = {**aws.env(), "AWS_ACCESS_KEY_ID": "AKIAROLE", "AWS_SECRET_ACCESS_KEY": "role/secret"}
        trusting = serve(env, "--ca-file", certificates.ca, socket_name="trusting.sock")
        opens(trusting, aws, 0)
        answer = serve(env, socket_name="other.sock").post("/v1/decrypt?input-type=json", document(aws, 0))
        assert answer.status == 403 and b"certificate" in answer.body, answer.body
        aws.delay = 0.3
        began = time.monotonic()
        several = serve(env, "--ca-file", certificates.ca, "--at-once", "1", socket_name="one.sock")
        threads = [threading.Thread(target=opens, args=(several, aws, number)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - began > 4 * aws.delay


def test_a_tenant_with_a_slow_service_does_not_keep_others_waiting(place, serve):
    """Both ask the same host, where one has more under way than fits at once."""
    policy = {"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Policy", "spec": {"keySets": {name: {"ambient": True, "keys": {"kms": ["arn:aws:kms:*"]}} for name in ("a", "b")}}}
    path = place.write("policy.yaml", yaml.safe_dump(policy))
    path.chmod(0o600)
    slow = ARN.replace("us-east-1", "eu-west-1")
    with Aws() as aws:
        aws.user("AKIAROLE", "role/secret")
        aws.delay_of = lambda request: 3 if b"eu-west-1" in request.body else 0
        other = place.path / "run/b.sock"
        sidecar = serve({**aws.env(), "AWS_ACCESS_KEY_ID": "AKIAROLE", "AWS_SECRET_ACCESS_KEY": "role/secret", "KRM_SOPS_POLICY": str(path)},
                        "--listen", f"unix://{other}=b", keyset="=a")
        body = secrets.text(0, kms=[aws.entry(slow, secrets.data_key(0))]).encode()
        threads = [threading.Thread(target=sidecar.post, args=("/v1/decrypt?input-type=json", body)) for _ in range(40)]
        for thread in threads:
            thread.start()
        until(lambda: aws.count("Decrypt") >= 16, "the others' calls")
        began = time.monotonic()
        answer = sidecar.post("/v1/decrypt?input-type=json", document(aws, 1), where=other)
        assert answer.status == 200, sidecar.log
        took = time.monotonic() - began
        assert aws.count("Decrypt") < 40
        for thread in threads:
            thread.join()
        assert took < 3


def test_a_login_that_was_revoked_is_made_anew(place, serve):
    """Vault says 403 to that as to a key that may not be used; for the latter nobody logs in again and again."""
    jwt_ = account_token("a", "b", "x")
    with Vault(roles={"a_b": jwt_}, tokens=(), lease=3600) as vault:
        text, denied = (values(hc_vault=[vault.entry(DATA_KEY, key=key)]) for key in ("k1", "k2"))
        vault.fail(faults.status(403, {"errors": ["permission denied"]}), times=None, only=lambda request: request.path.endswith("/k2"))
        sidecar = serve({"VAULT_ADDR": vault.url, "KRM_SOPS_VAULT_LOGIN": "auth/kubernetes/login", "KRM_SOPS_VAULT_JWT_FILE": str(place.write("jwt", jwt_))})
        ask = lambda body: sidecar.post("/v1/decrypt?input-type=yaml", body).status
        assert [ask(text), ask(denied), ask(denied), vault.logins] == [200, 403, 403, 1]
        time.sleep(5.1)
        vault.tokens.clear()
        threads = [threading.Thread(target=ask, args=(text,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [ask(text), ask(denied), ask(denied), vault.logins] == [200, 403, 403, 2]
        assert sidecar.metric('krm_sops_unwraps_total{result="failed"}') == 4


def test_a_bundle_of_certificates_is_read_once_behind_the_walls_too(place, serve, certificates):
    """libcurl opens what the keeper has put into memory as a file (http_curl_trust.c)."""
    once = certificates.stranger.cert.read_text()
    bundle = place.write("bundle.pem", once * (100 * 1024 // len(once)) + certificates.ca.read_text())
    with Vault(tls=context(certificates.server)) as fake:
        sidecar = serve({"VAULT_ADDR": fake.url, "VAULT_TOKEN": "s.fake-token-7Jq2", "KRM_SOPS_CA_FILE": str(bundle)})
        answer = sidecar.post("/v1/decrypt?input-type=json", values(hc_vault=[fake.entry(DATA_KEY)]))
        assert answer.status == 200 and PLAIN in answer.body, answer.body
        keeper = f"/proc/{sidecar.children()[0]}/fd"
        assert any("memfd:certificates" in os.readlink(f"{keeper}/{name}") for name in os.listdir(keeper))
