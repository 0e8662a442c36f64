# SPDX-License-Identifier: Apache-2.0
"""Vault and OpenBao: which token goes where, what is told of each failure, and that none of it shows a secret."""
import json
import time

import pytest
from fakes import faults
from fakes.base import Trap
from fakes.certificates import context
from fakes.documents import DATA_KEY, PLAIN, values
from fakes.vault import Vault, account_token

TOKEN = "s.fake-token-7Jq2"
NO_KEY, RETRY, POLICY, ERROR = 128, 75, 77, 1


@pytest.fixture
def vault():
    with Vault() as fake:
        yield fake


def document(fake, **more):
    return values(hc_vault=[fake.entry(DATA_KEY, **more)])


def decrypt(run, place, text, env=None, *options, **more):
    place.write("values.json", text)
    return run("decrypt", *options, "values.json", env=env or {}, **more)


def ambient(fake, **more):
    return {"VAULT_ADDR": fake.url, "VAULT_TOKEN": TOKEN, **more}


def opened(result):
    assert result.status == 0, result.message
    assert PLAIN in result.stdout
    return True


def clean(result):
    """Neither a crash nor a secret."""
    assert not result.crashed
    assert result.stdout == b""
    for secret in (TOKEN.encode(), PLAIN, DATA_KEY.hex().encode(), b"vault:v1:"):
        assert secret not in result.stderr
    return True


def test_opens_with_the_token_of_the_environment(run, place, vault):
    assert opened(decrypt(run, place, document(vault), ambient(vault)))
    request = vault.requests[0]
    assert (request.method, request.target) == ("PUT", "/v1/sops/transit/decrypt/k1")
    assert request.headers["x-vault-token"] == TOKEN
    assert "x-vault-namespace" not in request.headers
    assert request.json == {"ciphertext": vault.wrap(DATA_KEY)}


def test_opens_with_the_token_in_the_home(run, place, vault):
    (place.home / ".vault-token").write_text(f"  {TOKEN}\n")
    assert opened(decrypt(run, place, document(vault), {"VAULT_ADDR": vault.url + "/"}))


def test_without_a_token_nothing_is_sent(run, place, vault):
    result = decrypt(run, place, document(vault), {"VAULT_ADDR": vault.url})
    assert result.status == NO_KEY and "found no Vault token in 'VAULT_TOKEN', '~/.vault-token'" in result.message
    assert vault.connections == 0 and clean(result)


def test_offline_keys_come_first(run, place, vault):
    text = values(hc_vault=[vault.entry(DATA_KEY)], age=True)
    keys = (place.cwd / "age.agekey")
    place.copy("bad/keys/age.agekey")
    assert opened(decrypt(run, place, text, ambient(vault, SOPS_AGE_KEY_FILE=str(keys))))
    assert vault.connections == 0


@pytest.mark.parametrize("engine, key, target", [
    ("sops/transit", "k1", "/v1/sops/transit/decrypt/k1"),
    ("/a//b/./c/", "k1", "/v1/a/b/c/decrypt/k1"),
    ("transit", "a/b", "/v1/transit/decrypt/a/b"),
    ("tr?n#sit", "k 1%2e", "/v1/tr%3Fn%23sit/decrypt/k%201%252e"),
])
def test_engine_paths(run, place, vault, engine, key, target):
    decrypt(run, place, document(vault, engine_path=engine, key_name=key), ambient(vault))
    assert [request.target for request in vault.requests] == [target]


@pytest.mark.parametrize("field", ["engine_path", "key_name"])
@pytest.mark.parametrize("path", ["../sys/raw", "a/../../auth/token/lookup-self", "..", ""])
def test_differs_vault_paths(run, place, vault, field, path):
    result = decrypt(run, place, document(vault, **{field: path}), ambient(vault))
    assert result.status in (NO_KEY, ERROR) and vault.connections == 0 and clean(result)


def test_namespace(run, place):
    with Vault(namespace="team/a") as fake:
        assert opened(decrypt(run, place, document(fake), ambient(fake, VAULT_NAMESPACE="team/a")))
        result = decrypt(run, place, document(fake), ambient(fake))
        assert result.status == NO_KEY and "no handler for route: HTTP status 404" in result.message


# Addresses

def policy_of(place, text):
    path = place.path / "policy.yaml"
    path.write_text(f"apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: {text}\n")
    path.chmod(0o600)
    return {"KRM_SOPS_POLICY": str(path)}


def test_a_hostile_address_gets_no_packet(run, place):
    with Trap() as trap:
        text = values(hc_vault=[Vault.entry(Stub(f"http://{trap.address}"), DATA_KEY)])
        for env in ({}, {"VAULT_ADDR": "https://vault.example"}, {"SOPS_HC_VAULT_ALLOWLIST": "none"}, {"SOPS_HC_VAULT_ALLOWLIST": "all"},
                    {"SOPS_HC_VAULT_ALLOWLIST": "https://a.example,http://127.0.0.1"}, {"SOPS_HC_VAULT_ALLOWLIST": f"https://{trap.address}"},
                    policy_of(place, "{vault: {addresses: []}}")):
            result = decrypt(run, place, text, {"VAULT_TOKEN": TOKEN, **env})
            assert result.status == NO_KEY and "Vault" in result.message and clean(result), env
        assert trap.connections == 0
        assert decrypt(run, place, text, {"VAULT_TOKEN": TOKEN, "VAULT_ADDR": f"http://{trap.address}"}).status == NO_KEY
        assert trap.connections > 0  # the trap does work


def test_a_token_for_this_machine_goes_through_no_proxy(run, place, vault):
    with Trap() as trap:
        proxy = f"http://{trap.address}"
        env = ambient(vault, http_proxy=proxy, https_proxy=proxy, all_proxy=proxy)
        assert opened(decrypt(run, place, document(vault), env))
        assert trap.connections == 0
        decrypt(run, place, document(vault).replace(b"127.0.0.1", b"127.1"), {**env, "VAULT_ADDR": vault.url.replace("127.0.0.1", "127.1")})
        assert trap.connections > 0  # another name: the proxy is asked


class Stub:
    """What entry() needs of a fake, without one."""

    engine, wrap = "sops/transit", Vault.wrap

    def __init__(self, url):
        self.url = url


def test_the_refusal_prints_what_to_add(run, place, vault):
    result = decrypt(run, place, document(vault), {"VAULT_TOKEN": TOKEN})
    assert f"nothing that the operator has set lets a Vault token be sent to '{vault.url}'" in result.message
    assert f'hint: to let it: `vault: {{addresses: ["{vault.url}"]}}` below `spec` of the operator\'s policy, or VAULT_ADDR={vault.url}' in result.message


@pytest.mark.parametrize("allow, good", [
    ("{url}", True), ("{url}/", True), (" https://a.example/ , {url} ", True), ("{url}/v1", False), ("http://127.0.0.1", False), ("https://127.0.0.1:{port}", False),
])
def test_differs_vault_address(run, place, vault, allow, good):
    """sops lets any address have the token, unless its list says otherwise."""
    env = {"VAULT_TOKEN": TOKEN, "SOPS_HC_VAULT_ALLOWLIST": allow.format(url=vault.url, port=vault.port), "VAULT_ADDR": vault.url}
    result = decrypt(run, place, document(vault), env)
    assert opened(result) if good else result.status == NO_KEY and vault.connections == 0 and clean(result)


@pytest.mark.parametrize("allow", ["", ",", "http:", "https://", "x,http://127.0.0.1:1"])
def test_a_list_that_can_not_be_read(run, place, vault, allow):
    result = decrypt(run, place, document(vault), {"VAULT_TOKEN": TOKEN, "SOPS_HC_VAULT_ALLOWLIST": allow})
    assert result.status == NO_KEY and vault.connections == 0


def test_the_policy_comes_first(run, place, vault):
    env = policy_of(place, f'{{vault: {{addresses: ["{vault.url}/"]}}}}')
    assert opened(decrypt(run, place, document(vault), {"VAULT_TOKEN": TOKEN, "VAULT_ADDR": "https://other.example", **env}))
    env = policy_of(place, '{vault: {addresses: ["https://vault.example"]}}')
    result = decrypt(run, place, document(vault), ambient(vault, **env))
    assert result.status == NO_KEY and "is not allowed by the operator's policy" in result.message and len(vault.requests) == 1


@pytest.mark.parametrize("tail", ["/../x", "/%2e%2e/x", "?a=b", "#x", "/a b", "\\@evil.example", "/./"])
def test_addresses_that_could_be_read_in_two_ways(run, place, vault, tail):
    result = decrypt(run, place, document(vault, vault_address=vault.url + tail), {"VAULT_TOKEN": TOKEN, "SOPS_HC_VAULT_ALLOWLIST": vault.url})
    assert result.status in (NO_KEY, ERROR) and vault.connections == 0 and clean(result)


def test_no_redirect_is_followed(run, place, vault):
    with Trap() as trap:
        vault.fail(faults.redirect(f"http://{trap.address}/"))
        result = decrypt(run, place, document(vault), ambient(vault))
        assert result.status == NO_KEY and "a redirect, which is not followed: HTTP status 307" in result.message
        assert trap.connections == 0


# The Secret

CONFIG = """apiVersion: config.kubernetes.io/v1
kind: ResourceList
functionConfig:
  apiVersion: krm-sops.dev/v1alpha1
  kind: Decrypt
  metadata: {name: d, namespace: flux-system}
  spec: {stringData: true, decryption: {provider: sops, secretRef: {name: sops-keys}}}
items:
- apiVersion: v1
  kind: Secret
  metadata: {name: s, namespace: shop}
  stringData: {values.json: %s}
"""


def function(run, place, text, secret, env=None):
    folder = place.path / "keys/flux-system/sops-keys"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, value in secret.items():
        (folder / name).write_text(value)
    listed = CONFIG % json.dumps(text.decode())
    return run("--keys", place.path / "keys", "--namespace", "flux-system", stdin=listed.encode(), env=env or {})


def test_the_secrets_token_goes_to_the_secrets_address(run, place, vault):
    result = function(run, place, document(vault), {"sops.vault-token": f"\n {TOKEN} \n", "sops.vault-addr": f"{vault.url}/\n"})
    assert result.status == 0, result.message
    assert vault.requests[0].headers["x-vault-token"] == TOKEN


def test_the_secrets_token_goes_nowhere_else(run, place, vault):
    result = function(run, place, document(vault), {"sops.vault-token": TOKEN, "sops.vault-addr": "https://vault.example"})
    assert result.status == POLICY and vault.connections == 0 and clean(result)


def test_an_empty_token_counts_as_none(run, place, vault):
    """Flux takes it as not set; then the controller's own is used, if there is one."""
    result = function(run, place, document(vault), {"sops.vault-token": " \n"}, ambient(vault))
    assert result.status == 0, result.message


def test_a_token_of_two_lines_is_malformed(run, place, vault):
    result = function(run, place, document(vault), {"sops.vault-token": f"{TOKEN}\nX-Evil: 1"}, ambient(vault))
    assert result.status == ERROR and vault.connections == 0
    assert "failed to import 'sops.vault-token' data from sops decryption Secret 'flux-system/sops-keys'" in result.message and clean(result)


@pytest.mark.parametrize("name", ["x.vault-token", "sops.vault-Token", "vault-token"])
def test_other_names_are_ignored(run, place, vault, name):
    result = function(run, place, document(vault), {name: TOKEN}, {"VAULT_ADDR": vault.url})
    assert result.status != 0 and vault.connections == 0


# Login

def login_env(place, fake, token, **more):
    path = place.path / "jwt"
    path.write_text(token + "\n")
    return {"VAULT_ADDR": fake.url, "KRM_SOPS_VAULT_LOGIN": "auth/kubernetes/login", "KRM_SOPS_VAULT_JWT_FILE": str(path), **more}


def test_logs_in_by_service_account_once(run, place):
    jwt = account_token("flux-system", "kustomize-controller", ["https://vault.example"])
    with Vault(roles={"flux-system_kustomize-controller": jwt}, tokens=()) as fake:
        text = values(hc_vault=[fake.entry(DATA_KEY, enc="vault:v1:AAAA"), fake.entry(DATA_KEY, key="k2")])
        assert opened(decrypt(run, place, text, login_env(place, fake, jwt, VAULT_TOKEN="s.not-used")))
        assert fake.logins == 1 and len(fake.decrypts) == 2


def test_a_role_of_ones_own(run, place):
    jwt = account_token("a", "b", "x")
    with Vault(roles={"mine": jwt}, tokens=()) as fake:
        assert opened(decrypt(run, place, document(fake), login_env(place, fake, jwt, KRM_SOPS_VAULT_ROLE="mine")))


@pytest.mark.parametrize("token, told", [
    (account_token("a", "stranger", "x"), "login by service account: could not be found: HTTP status 400"),
    ("not.a", "it is no JSON web token"), ("a.b.c", "it is no JSON web token"),
    (account_token("a", "b", "x", sub="user:me"), "it is not a service account's"),
])
def test_logins_that_fail_leave_the_other_token_alone(run, place, token, told):
    """As Flux: no way back to VAULT_TOKEN."""
    with Vault() as fake:
        result = decrypt(run, place, document(fake), login_env(place, fake, token, VAULT_TOKEN=TOKEN))
        assert result.status == NO_KEY and told in result.message and not fake.decrypts and clean(result)
        assert token not in result.message


# TLS

@pytest.mark.parametrize("pair, told", [
    ("stranger", "certificate"), ("expired", "certificate has expired"), ("named", "target host name"),
])
def test_differs_vault_skip_verify(run, place, certificates, pair, told):
    with Vault(tls=context(getattr(certificates, pair))) as fake:
        result = decrypt(run, place, document(fake), ambient(fake, VAULT_CACERT=str(certificates.ca), VAULT_SKIP_VERIFY="true"))
        assert result.status == NO_KEY and told in result.message and "VAULT_SKIP_VERIFY is not obeyed" in result.message
        assert not fake.requests and clean(result)


@pytest.mark.parametrize("how", ["VAULT_CACERT", "VAULT_CACERT_BYTES", "KRM_SOPS_CA_FILE", "SSL_CERT_FILE", "--ca-file"])
def test_own_certificates(run, place, certificates, how):
    value = certificates.ca.read_text() if how == "VAULT_CACERT_BYTES" else str(certificates.ca)
    with Vault(tls=context(certificates.server)) as fake:
        if how == "--ca-file":
            assert opened(decrypt(run, place, document(fake), ambient(fake), how, value))
        else:
            assert opened(decrypt(run, place, document(fake), ambient(fake, **{how: value})))
        result = decrypt(run, place, document(fake), ambient(fake))
        assert result.status == NO_KEY and "TLS with" in result.message


def test_client_certificate_and_server_name(run, place, certificates):
    with Vault(tls=context(certificates.named, certificates.ca)) as fake:
        env = ambient(fake, VAULT_CACERT=str(certificates.ca), VAULT_TLS_SERVER_NAME="vault.example")
        result = decrypt(run, place, document(fake), env)
        assert result.status == NO_KEY and not fake.requests and fake.address in result.message
        env.update(VAULT_CLIENT_CERT=str(certificates.client.cert), VAULT_CLIENT_KEY=str(certificates.client.key))
        assert opened(decrypt(run, place, document(fake), env))
        assert fake.requests[0].headers["host"] == fake.address


@pytest.mark.parametrize("name", ["VAULT_AGENT_ADDR", "VAULT_PROXY_ADDR"])
def test_differs_vault_agent(run, place, vault, name):
    with Trap() as trap:
        assert opened(decrypt(run, place, document(vault), ambient(vault, **{name: f"http://{trap.address}"})))
        assert trap.connections == 0


def test_differs_vault_capath(run, place, vault, certificates):
    result = decrypt(run, place, document(vault), ambient(vault, VAULT_CAPATH=str(certificates.folder)))
    assert result.status == NO_KEY and "VAULT_CAPATH" in result.message and "VAULT_CACERT" in result.message


# Failures: what is told, whether it is asked again, and how a run ends

FAULTS = [
    ("denied", faults.status(403, {"errors": ["permission denied"]}), NO_KEY, 1, "permission denied: HTTP status 403"),
    ("not found", faults.status(404, {"errors": []}), NO_KEY, 1, "HTTP status 404"),
    ("bad ciphertext", faults.status(400, {"errors": ["invalid ciphertext: no prefix"]}), NO_KEY, 1, "invalid ciphertext: HTTP status 400"),
    ("throttled", faults.status(429, {"errors": []}), RETRY, 3, "3 tries: HTTP status 429"),
    ("throttled for long", faults.status(429, {}, Retry_After=3600), RETRY, 1, "HTTP status 429"),
    ("replica", faults.status(412, {}), RETRY, 3, "3 tries: HTTP status 412"),
    ("standby", faults.status(473, {}), RETRY, 3, "3 tries: HTTP status 473"),
    ("failing", faults.status(500, "<html>"), RETRY, 3, "3 tries: HTTP status 500"),
    ("sealed", faults.status(503, {"errors": ["Vault is sealed"]}), RETRY, 3, "Vault is sealed: 3 tries: HTTP status 503"),
    ("not initialized", faults.status(501, {"errors": []}), NO_KEY, 1, "HTTP status 501"),
    ("reset", faults.reset, RETRY, 3, "3 tries: connection broken by"),
    ("closed", faults.close, RETRY, 3, "3 tries: connection broken by"),
    ("cut", faults.cut, RETRY, 3, "3 tries: connection broken by"),
    ("garbage", faults.garbage, NO_KEY, 1, "no HTTP is spoken by"),
    ("hotel", faults.no_json, NO_KEY, 1, "the answer is not JSON"),
    ("empty", faults.status(200, {}), NO_KEY, 1, "the answer has no 'data.plaintext'"),
    ("no base64", faults.status(200, {"data": {"plaintext": "?"}}), NO_KEY, 1, "'data.plaintext' of the answer is not base64"),
    ("huge", faults.huge, NO_KEY, 1, "too much sent by"),
    ("huge length", faults.huge_length, NO_KEY, 1, "too much sent by"),
    ("huge headers", faults.huge_headers, NO_KEY, 1, "too much sent by"),
    ("slow", faults.slow, RETRY, 1, "not done within the 1000 ms that a run has"),
    ("trickle", faults.trickle, RETRY, 1, "not done within the 1000 ms that a run has"),
]


@pytest.mark.parametrize("name, fault, status, tries, told", FAULTS, ids=[fault[0] for fault in FAULTS])
def test_faults(run, place, vault, name, fault, status, tries, told):
    """`decrypt` has sops's statuses, so the function is asked for ours."""
    vault.fail(fault, times=None)
    env = {"KRM_SOPS_TIMEOUT": "1"} if name in ("slow", "trickle") else {}
    result = decrypt(run, place, document(vault), ambient(vault, **env))
    assert result.status == NO_KEY and told in result.message and clean(result), result.message
    assert f"hc_vault '{vault.url}/v1/sops/transit/keys/k1': " in result.message
    assert len(vault.requests) == tries
    result = function(run, place, document(vault), {"sops.vault-token": TOKEN, "sops.vault-addr": vault.url}, env)
    assert result.status == (status if status == RETRY else ERROR) and clean(result), result.message


@pytest.mark.parametrize("fault, least", [(faults.status(429, {}, Retry_After=1), 1), (faults.status(503, {}), 0), (faults.reset, 0), (faults.cut, 0)],
                         ids=["throttled", "failing", "reset", "cut"])
def test_what_passes_is_asked_again(run, place, vault, fault, least):
    """After as many seconds as it asks for, at least."""
    vault.fail(fault, times=2)
    assert opened(decrypt(run, place, document(vault), ambient(vault)))
    times = [request.time for request in vault.requests]
    assert len(times) == 3 and min(times[1] - times[0], times[2] - times[1]) >= least


def test_no_retry_passes_the_deadline(run, place, vault):
    vault.fail(faults.status(503, {}, Retry_After=50), times=None)
    start = time.monotonic()
    result = decrypt(run, place, document(vault), ambient(vault), "--timeout", "40")
    assert result.status == NO_KEY and len(vault.requests) == 1 and time.monotonic() - start < 40


def test_each_key_is_told_of(run, place, vault):
    """One that is down, one that denies, one that nobody allowed."""
    vault.fail(faults.status(403, {}), times=None, only=lambda request: request.path.endswith("/k2"))
    vault.fail(faults.reset, times=None, only=lambda request: request.path.endswith("/k1"))
    text = values(hc_vault=[vault.entry(DATA_KEY), vault.entry(DATA_KEY, key="k2"), vault.entry(DATA_KEY, vault_address="https://evil.example")])
    result = function(run, place, text, {"sops.vault-token": TOKEN, "sops.vault-addr": vault.url})
    assert result.status == RETRY
    for told in (f"{vault.url}/v1/sops/transit/keys/k1': 3 tries: connection broken by", f"{vault.url}/v1/sops/transit/keys/k2': HTTP status 403",
                 "https://evil.example/v1/sops/transit/keys/k1': nothing that the operator has set"):
        assert [line for line in result.message.split("\n") if line.startswith("krm-sops:   hc_vault '" + told)]
