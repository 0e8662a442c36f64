# SPDX-License-Identifier: Apache-2.0
"""HTTP/2, which Vault, Google and most services speak over TLS: all data keys of a run share one connection, and what goes wrong on it is told and asked again
as on any other."""
import json
import resource
import subprocess

import h2.errors
import pytest
from fakes import documents, faults, http2, secrets
from fakes.aws import ARN, Aws
from fakes.certificates import context
from fakes.gcp import Google
from fakes.vault import Vault

TOKEN = "s.fake-token-7Jq2"
COUNT = 50
RETRY, ERROR = 75, 1
RESOURCE = "projects/shop/locations/global/keyRings/ring/cryptoKeys/key"


class Vault2(http2.Http2, Vault):
    """OpenBao's own server is Go's, which speaks HTTP/2."""


class Aws2(http2.Http2, Aws):
    pass


class Google2(http2.Http2, Google):
    pass


@pytest.fixture
def vault(certificates):
    with Vault2(tls=http2.context(certificates.server), delay=0.02) as fake:
        yield fake


def resource_list(items):
    return json.dumps({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items}).encode()


def items_of(fake, count):
    return [secrets.secret(number, hc_vault=[fake.entry(secrets.data_key(number))]) for number in range(count)]


@pytest.fixture
def ask(place, certificates):
    def run(fake, *argv, count=1, items=None, ca=None, **env):
        env = {"KRM_SOPS_CA_FILE": str(ca or certificates.ca), "VAULT_ADDR": fake.url, "VAULT_TOKEN": TOKEN, **env}
        return place.run("--timeout", "10", *argv, stdin=resource_list(items or items_of(fake, count)), env=env)
    return run


def opened(result, count=1):
    assert result.status == 0, result.message
    assert all(secrets.plain(number) in result.stdout.decode() for number in range(count))
    return True


def test_all_keys_of_a_run_share_one_connection(ask, vault):
    assert opened(ask(vault, count=COUNT), COUNT)
    assert vault.connections == 1 and len(vault.requests) == COUNT
    assert 1 < vault.most <= 16


@pytest.mark.parametrize("at_once", [1, 3])
def test_so_many_at_a_time_as_the_operator_allows(ask, vault, at_once):
    assert opened(ask(vault, "--at-once", str(at_once), count=12), 12)
    assert vault.connections == 1 and vault.most == at_once


def test_a_server_without_it_is_asked_over_several(ask, certificates):
    with Vault(tls=context(certificates.server), delay=0.02) as fake:
        assert opened(ask(fake, count=COUNT), COUNT)
        assert 1 < fake.connections <= 16 and len(fake.requests) == COUNT


def test_google_and_aws(ask, certificates):
    with Google2(tls=http2.context(certificates.server), delay=0.02) as fake:
        fake.tokens["canary-static"] = 1e12
        items = [secrets.secret(number, gcp_kms=[{"resource_id": RESOURCE, "created_at": documents.CREATED, "enc": fake.enc(RESOURCE, secrets.data_key(number))}])
                 for number in range(COUNT)]
        assert opened(ask(fake, items=items, GOOGLE_OAUTH_ACCESS_TOKEN="canary-static", SOPS_GCP_KMS_ENDPOINT=fake.url), COUNT)
        assert fake.connections == 1 and len(fake.requests) == COUNT
    with Aws2(tls=http2.context(certificates.server), delay=0.02) as fake:
        fake.user("AKIAUSER", "user/secret")
        items = [secrets.secret(number, kms=[fake.entry(ARN, secrets.data_key(number))]) for number in range(COUNT)]
        assert opened(ask(fake, items=items, **fake.env(AWS_ACCESS_KEY_ID="AKIAUSER", AWS_SECRET_ACCESS_KEY="user/secret")), COUNT)
        assert fake.connections <= 16 and fake.count("Decrypt") == COUNT


FAULTS = {
    "403": (faults.status(403, {"errors": ["permission denied"]}), ERROR, 1, "permission denied: HTTP status 403"),
    "429": (faults.status(429, {}, Retry_After=0), RETRY, 3, "3 tries: HTTP status 429"),
    "500": (faults.status(500, "<html>"), RETRY, 3, "3 tries: HTTP status 500"),
    "hotel": (faults.status(200, "<html>"), ERROR, 1, "the answer is not JSON"),
    "huge": (faults.status(200, b"A" * (2 * 1024 * 1024)), ERROR, 1, "too much sent by"),
    "reset": (http2.end_stream(), RETRY, 3, "3 tries: connection broken by"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(ask, vault, name):
    fault, status, tries, told = FAULTS[name]
    vault.fail(fault, times=None)
    result = ask(vault)
    assert not result.crashed and result.status == status and result.stdout == b"" and told in result.message, result.message
    assert TOKEN not in result.message and "vault:v1:" not in result.message
    assert len(vault.requests) == tries


@pytest.mark.parametrize("fault", [http2.end_stream(), http2.end_stream(h2.errors.ErrorCodes.REFUSED_STREAM), http2.go_away, faults.status(503, {})],
                         ids=["reset", "refused", "go away", "503"])
def test_what_passes_is_asked_again(ask, vault, fault):
    vault.fail(fault, times=1, only=lambda request: len(vault.requests) == 5)
    assert opened(ask(vault, count=12), 12)
    assert len(vault.requests) >= 12


def test_a_stranger_gets_no_token(ask, certificates):
    with Vault2(tls=http2.context(certificates.stranger)) as fake:
        result = ask(fake, count=3)
        assert result.status == 77 and "certificate" in result.message and not fake.requests


# A whole bundle of certificates

def bundle(place, certificates):
    """As large as the system's, with the one that counts at its end."""
    once = certificates.stranger.cert.read_text() + certificates.expired.cert.read_text()
    path = place.write("bundle.pem", once * (200 * 1024 // len(once)))
    path.write_text(path.read_text() + certificates.ca.read_text())
    return path


def test_a_large_bundle_is_trusted_as_a_small_one(ask, place, certificates, vault):
    assert opened(ask(vault, count=3, ca=bundle(place, certificates)), 3)
    with Vault(tls=context(certificates.named)) as fake:
        assert ask(fake, ca=bundle(place, certificates)).status == 77


def test_a_large_bundle_is_read_once(place, certificates, plain_program):
    """Not once for each connection, of which a server without HTTP/2 gets many: libcurl 7.87 and later keep what is a file."""
    def cpu(count):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        env = {"PATH": "/usr/bin:/bin", "HOME": str(place.home), "VAULT_ADDR": fake.url, "VAULT_TOKEN": TOKEN}
        done = subprocess.run([plain_program, "--ca-file", path], input=resource_list(items_of(fake, count)), env=env, capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode == 0, done.stderr
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    path = bundle(place, certificates)
    with Vault(tls=context(certificates.server), delay=0.05) as fake:
        one = min(cpu(1) for _ in range(3))
        many = min(cpu(16) for _ in range(3))
        assert fake.connections >= 3 + 3 * 8
        assert many < 3 * one, (one, many)
