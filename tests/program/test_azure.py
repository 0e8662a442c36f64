# SPDX-License-Identifier: Apache-2.0
"""Azure Key Vault, with every kind of credential, against fakes of Entra and of a vault (tests/fakes/azure.py)."""
import json

import pytest

import cloud_cases as cases
from fakes import documents, faults
from fakes.azure import VERSION, Entra, Vault, pem_as_yaml
from fakes.base import Trap
from fakes.certificates import Certificates, context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def entra():
    with Entra() as fake:
        fake.secret = "canary-secret"
        yield fake


@pytest.fixture
def vault(entra, certificates):
    with Vault(entra, tls=context(certificates.server)) as fake:
        yield fake


@pytest.fixture
def env(entra, vault, certificates):
    return {**entra.environment(), **vault.environment(), "KRM_SOPS_CA_FILE": str(certificates.ca), "KRM_SOPS_TIMEOUT": "10"}


def entry(vault, **more):
    return {"vault_url": vault.url, "name": "k", "version": VERSION, "created_at": documents.CREATED, "enc": vault.enc(documents.DATA_KEY), **more}


@pytest.fixture
def decrypt(place, vault, env):
    def run(*entries, **more):
        return cases.decrypt(place, cases.text("azure_kv", *(entries or [entry(vault)])), {**env, **more})
    return run


def client(entra, **more):
    return {"AZURE_TENANT_ID": entra.tenant, "AZURE_CLIENT_ID": entra.client, **more}


def by_secret(entra):
    return client(entra, AZURE_CLIENT_SECRET=entra.secret)


@pytest.fixture
def certificate(place, entra):
    """A client's key and certificate in one PEM file, as `openssl` and the portal hand them out."""
    cases.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "c.key", "-out", "c.crt", "-days", "2", "-subj", "/CN=client", cwd=place.cwd)
    cases.openssl("x509", "-in", "c.crt", "-noout", "-pubkey", "-out", "c.pub", cwd=place.cwd)
    cases.openssl("pkcs12", "-export", "-inkey", "c.key", "-in", "c.crt", "-passout", "pass:canary-p12", "-out", "c.p12", cwd=place.cwd)
    entra.certificate, entra.public_key = place.cwd / "c.crt", place.cwd / "c.pub"
    return place.write("c.pem", (place.cwd / "c.key").read_text() + (place.cwd / "c.crt").read_text())


def test_client_secret(entra, vault, decrypt):
    cases.assert_open(decrypt(**by_secret(entra)))
    # Without a token first, as the vault is one that only the operator knows; then the token; then the key.
    assert [request.headers.get("authorization", "") != "" for request in vault.requests] == [False, True]
    assert len(entra.requests) == 1


def test_wrong_client_secret(entra, decrypt):
    cases.assert_closed(decrypt(**client(entra, AZURE_CLIENT_SECRET="canary-wrong")), "Entra's token endpoint: 'invalid_client'")
    assert len(entra.requests) == 1


def test_client_certificate(entra, decrypt, certificate):
    cases.assert_open(decrypt(**client(entra, AZURE_CLIENT_CERTIFICATE_PATH=str(certificate))))


def test_client_certificate_in_pkcs12(entra, decrypt, certificate):
    path = str(certificate.with_name("c.p12"))
    cases.assert_open(decrypt(**client(entra, AZURE_CLIENT_CERTIFICATE_PATH=path, AZURE_CLIENT_CERTIFICATE_PASSWORD="canary-p12")))
    cases.assert_closed(decrypt(**client(entra, AZURE_CLIENT_CERTIFICATE_PATH=path, AZURE_CLIENT_CERTIFICATE_PASSWORD="canary-p13")), "its password is another")


def test_workload_identity(entra, decrypt, place):
    entra.federated = "canary.token.one"
    token = place.write("token", "canary.token.one\n")
    some = client(entra, AZURE_FEDERATED_TOKEN_FILE=str(token))
    cases.assert_open(decrypt(**some))
    # The token rotates: the next run reads the new one.
    entra.federated = "canary.token.two"
    cases.assert_closed(decrypt(**some), "'invalid_client'")
    token.write_text("canary.token.two")
    cases.assert_open(decrypt(**some))


def test_app_service(entra, decrypt):
    entra.machine, entra.identity_header = True, "canary-header"
    cases.assert_open(decrypt(IDENTITY_ENDPOINT=entra.url + "/msi/token", IDENTITY_HEADER="canary-header"))


def test_machine_identity(entra, decrypt):
    entra.machine = True
    cases.assert_open(decrypt())


def test_az_runs_only_where_the_policy_says_so(entra, vault, decrypt, place):
    """`aws.credentialProcess`, another switch, does not count for it."""
    token = "canary-from-az"
    entra.tokens[token] = (vault.resource, 1e12)
    answer = json.dumps({"accessToken": token, "expires_on": 4102444800, "tokenType": "Bearer"})
    az = place.write("bin/az", f"#!/bin/sh\n[ \"$*\" = 'account get-access-token -o json --resource {vault.resource}' ] || exit 1\necho '{answer}'\n")
    az.chmod(0o700)
    for spec, opens in (("{azure: {cli: true}}", True), ("{aws: {credentialProcess: true}}", False), ("{azure: {cli: false}}", False)):
        policy = place.write("policy.yaml", f"apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: {spec}\n")
        policy.chmod(0o600)
        result = decrypt(KRM_SOPS_POLICY=str(policy), PATH=f"{az.parent}:/usr/bin:/bin", AZURE_TOKEN_CREDENTIALS="AzureCLICredential")
        if opens:
            cases.assert_open(result)
        else:
            cases.assert_closed(result, "no Azure credentials here")


def test_no_identity_at_all(decrypt):
    cases.assert_closed(decrypt(), "no Azure credentials here")


def test_identity_is_asked_through_no_proxy(entra, decrypt):
    entra.machine = True
    with Trap() as trap:
        env = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), f"http://{trap.address}")
        cases.assert_open(decrypt(**env, AZURE_POD_IDENTITY_AUTHORITY_HOST=entra.url.replace("127.0.0.1", "127.1")))
        assert trap.connections == 0


def test_differs_azure_newest_version(entra, vault, decrypt):
    cases.assert_open(decrypt(entry(vault, version=""), **by_secret(entra)))
    assert vault.requests[-2].method == "GET"


def test_version_that_is_not_there(entra, vault, decrypt):
    cases.assert_closed(decrypt(entry(vault, version="0" * 32), **by_secret(entra)), "KeyNotFound")


def test_no_token_for_a_vault_that_only_the_document_names(entra, decrypt, vault, env, place):
    with Trap() as trap:
        for address in (f"https://{trap.address}", "https://v.vault.azure.net.evil.example", f"https://v.vault.azure.net@{trap.address}"):
            result = cases.run_function(place, cases.resource_list(cases.text("azure_kv", entry(vault, vault_url=address))), {**env, **by_secret(entra)})
            assert result.status in (1, 77) and result.stdout == b"" and "canary" not in result.message, result.message
        assert trap.connections == 0
    assert not entra.requests


def test_no_token_for_a_resource_of_another(entra, vault, decrypt):
    """A vault that asks for a token that it could use elsewhere."""
    vault.resource = "https://management.azure.com"
    cases.assert_closed(decrypt(**by_secret(entra)), "which is another's")
    assert not entra.requests


def test_vault_with_a_strange_certificate(entra, certificates, place, env):
    with Vault(entra, tls=context(certificates.stranger)) as vault:
        result = cases.decrypt(place, cases.text("azure_kv", entry(vault)), {**env, **vault.environment(), **by_secret(entra)})
        cases.assert_closed(result, "azure_kv")
        assert not vault.requests


def test_one_token_for_a_whole_build(entra, vault, place, env):
    vault.delay = entra.delay = 0.05
    values = [cases.text("azure_kv", entry(vault, enc=vault.enc(documents.DATA_KEY) + "\n" * number)) for number in range(6)]
    result = cases.run_function(place, cases.resource_list(*values), {**env, **by_secret(entra)})
    assert result.status == 0, result.message
    assert len(entra.requests) == 1
    assert len([request for request in vault.requests if request.body]) == 6


@pytest.mark.parametrize("name", cases.FAULTS)
@pytest.mark.parametrize("where", ["entra", "vault"])
def test_faults(entra, vault, place, env, name, where):
    fault, status = cases.FAULTS[name]
    if where == "entra":
        entra.fail(fault, times=None)
    else:
        vault.fail(fault, times=None, only=lambda request: request.body)
    env = {**env, "KRM_SOPS_TIMEOUT": "3", **by_secret(entra)}
    cases.assert_closed(cases.run_function(place, cases.resource_list(cases.text("azure_kv", entry(vault))), env), "azure_kv", status=status)


def test_what_passes_is_asked_again(entra, vault, place, env):
    entra.fail(faults.status(503))
    vault.fail(faults.status(429), only=lambda request: request.body)
    vault.fail(faults.reset, only=lambda request: request.body)
    result = cases.run_function(place, cases.resource_list(cases.text("azure_kv", entry(vault))), {**env, **by_secret(entra)})
    assert result.status == 0, result.message


# Flux's decryption Secret


def with_secret(place, vault, env, value):
    keys = cases.key_folder(place, azure_kv=value)
    stdin = cases.resource_list(cases.text("azure_kv", entry(vault)), config=cases.flux_config())
    return cases.run_function(place, stdin, env, "--keys", keys, "--namespace", "flux-system")


def fields(entra, **more):
    """sops.azure-kv in JSON; the environment's authority is for what lies around only."""
    return json.dumps({"tenantId": entra.tenant, "clientId": entra.client, "authorityHost": entra.url, **more})


def test_secret(entra, vault, place, env):
    assert with_secret(place, vault, env, fields(entra, clientSecret=entra.secret)).status == 0
    assert with_secret(place, vault, env, fields(entra, clientSecret="canary-wrong")).status == 1


def test_secret_in_utf16(entra, vault, place, env):
    """What PowerShell writes."""
    for form in ("utf-16", "utf-8-sig"):
        result = with_secret(place, vault, env, fields(entra, clientSecret=entra.secret).encode(form))
        assert result.status == 0, result.message


def test_secret_of_az(entra, vault, place, env):
    value = {"tenant": entra.tenant, "appId": entra.client, "password": entra.secret, "displayName": "x", "authorityHost": entra.url}
    assert with_secret(place, vault, env, json.dumps(value)).status == 0


def test_secret_with_a_certificate(entra, vault, place, env, certificate):
    value = f"tenantId: {entra.tenant}\nclientId: {entra.client}\nauthorityHost: {entra.url}\nclientCertificate: |\n{pem_as_yaml(certificate)}"
    assert with_secret(place, vault, env, value).status == 0


def test_secret_for_a_managed_identity(entra, vault, place, env):
    entra.machine = True
    assert with_secret(place, vault, env, "clientId: canary-client\n").status == 0
    assert entra.requests[0].query["client_id"] == "canary-client"


@pytest.mark.parametrize("value, words", [
    ("", "requires a 'clientId' field"), ("tenantId: canary", "requires a 'clientId' field"), ("canary", "neither a YAML nor a JSON map"),
    ("tenantId: a\nclientId: b\nclientCertificate: canary", "PKCS #12"), ("clientId: [canary]", "not a string"),
])
def test_malformed_secrets(entra, vault, place, env, value, words):
    result = with_secret(place, vault, env, value)
    cases.assert_closed(result, "failed to import 'sops.azure-kv' data from sops decryption Secret 'flux-system/sops-keys': ", words, status=1)
    assert not entra.requests and not vault.requests
