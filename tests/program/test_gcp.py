# SPDX-License-Identifier: Apache-2.0
"""Google Cloud KMS, with every kind of credential, against a fake that checks signatures and tokens (tests/fakes/gcp.py)."""
import json
import os

import pytest

import cloud_cases as cases
from fakes import documents, faults
from fakes.base import Trap
from fakes.gcp import Google

RESOURCE = "projects/example.com:shop/locations/global/keyRings/ring/cryptoKeys/key"
POOL = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/k"
ACCOUNT = "sops@shop.iam.gserviceaccount.com"
USER = {"client_id": "canary-client", "client_secret": "canary-secret", "refresh_token": "canary-refresh"}
STATIC = {"GOOGLE_OAUTH_ACCESS_TOKEN": "canary-static"}


@pytest.fixture
def google():
    with Google() as fake:
        fake.tokens["canary-static"] = 1e12
        fake.user = dict(USER)
        yield fake


def entry(google, resource=RESOURCE, key=documents.DATA_KEY):
    return {"resource_id": resource, "created_at": documents.CREATED, "enc": google.enc(resource, key)}


@pytest.fixture
def decrypt(place, google):
    def run(*entries, env=None, argv=("--timeout", "10")):
        return cases.decrypt(place, cases.text("gcp_kms", *(entries or [entry(google)])), {**google.environment(), **(env or {})}, *argv)
    return run


def user_file(place, **more):
    return str(place.write("user.json", json.dumps({"type": "authorized_user", **USER, **more})))


@pytest.fixture
def account_file(place, google):
    """A service account's key, whose public half the fake has. Its token_uri is nobody's."""
    cases.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "sa.key", cwd=place.cwd)
    cases.openssl("pkey", "-in", "sa.key", "-pubout", "-out", "sa.pub", cwd=place.cwd)
    google.public_key, google.email = place.cwd / "sa.pub", ACCOUNT
    file = {"type": "service_account", "client_email": ACCOUNT, "private_key_id": "k1", "private_key": (place.cwd / "sa.key").read_text(),
            "token_uri": "https://127.0.0.1:1/token"}
    return str(place.write("sa.json", json.dumps(file)))


def external_file(place, source, **more):
    file = {"type": "external_account", "audience": POOL, "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token", "credential_source": source, **more}
    return str(place.write("external.json", json.dumps(file)))


def test_access_token(google, decrypt):
    cases.assert_open(decrypt(env=STATIC))
    assert len(google.requests) == 1
    assert google.requests[0].path == f"/v1/{RESOURCE}:decrypt"


def test_access_token_that_has_ended(google, decrypt):
    google.tokens["canary-static"] = 1
    cases.assert_closed(decrypt(env=STATIC), "UNAUTHENTICATED")
    assert len(google.requests) == 1


def test_service_account_signs_for_itself(google, decrypt, account_file):
    cases.assert_open(decrypt(env={"GOOGLE_APPLICATION_CREDENTIALS": account_file}))
    assert len(google.requests) == 1


def test_service_account_of_another_key(google, decrypt, account_file, place):
    cases.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "other.key", cwd=place.cwd)
    file = json.loads((place.cwd / "sa.json").read_text())
    place.write("sa.json", json.dumps({**file, "private_key": (place.cwd / "other.key").read_text()}))
    cases.assert_closed(decrypt(env={"GOOGLE_APPLICATION_CREDENTIALS": account_file}), "UNAUTHENTICATED")


def test_user(google, decrypt, place):
    cases.assert_open(decrypt(env={"GOOGLE_CREDENTIALS": user_file(place)}))
    assert [request.path for request in google.requests] == ["/token", f"/v1/{RESOURCE}:decrypt"]


def test_user_in_the_variable_itself(decrypt):
    cases.assert_open(decrypt(env={"GOOGLE_CREDENTIALS": json.dumps({"type": "authorized_user", **USER})}))


def test_user_where_gcloud_leaves_it(decrypt, place):
    path = place.home / ".config/gcloud/application_default_credentials.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"type": "authorized_user", **USER}))
    cases.assert_open(decrypt())


def test_user_who_has_to_log_in_again(google, decrypt, place):
    google.user = {}
    cases.assert_closed(decrypt(env={"GOOGLE_CREDENTIALS": user_file(place)}), "invalid_grant")
    assert len(google.requests) == 1


def test_workload_identity(google, decrypt, place):
    google.subject, google.pool = "canary.subject.one", POOL
    token = place.write("token", "canary.subject.one\n")
    env = {"GOOGLE_APPLICATION_CREDENTIALS": external_file(place, {"file": str(token)})}
    cases.assert_open(decrypt(env=env))
    # The token rotates: the next run reads the new one.
    google.subject = "canary.subject.two"
    cases.assert_closed(decrypt(env=env), "Google's token exchange: 'invalid_grant'")
    token.write_text("canary.subject.two")
    cases.assert_open(decrypt(env=env))


def test_workload_identity_of_another_audience(google, decrypt, place):
    google.subject, google.pool = "canary.subject", POOL + "x"
    token = place.write("token", "canary.subject")
    cases.assert_closed(decrypt(env={"GOOGLE_APPLICATION_CREDENTIALS": external_file(place, {"file": str(token)})}), "invalid_grant")


def test_workload_identity_as_a_service_account(google, decrypt, place):
    google.subject, google.pool, google.account = "canary.subject", POOL, ACCOUNT
    token = place.write("token", json.dumps({"id": "canary.subject"}))
    url = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"
    source = {"file": str(token), "format": {"type": "json", "subject_token_field_name": "id"}}
    env = {"GOOGLE_APPLICATION_CREDENTIALS": external_file(place, source, service_account_impersonation_url=url)}
    cases.assert_open(decrypt(env=env))
    google.account = "another"
    cases.assert_closed(decrypt(env=env), "Google's service account credentials: 'PERMISSION_DENIED'")


def test_differs_google_files_name_no_command_and_no_host_command(google, decrypt, place):
    seen = place.cwd / "seen"
    path = external_file(place, {"executable": {"command": f"touch {seen}"}})
    result = decrypt(env={"GOOGLE_APPLICATION_CREDENTIALS": path, "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": "1"})
    assert not result.crashed and result.status != 0 and "none is run" in result.message
    assert not os.path.exists(seen) and not google.requests


def test_differs_google_files_name_no_command_and_no_host(google, decrypt, place):
    token = place.write("token", "canary.subject")
    path = external_file(place, {"file": str(token)}, token_url="https://sts.googleapis.com.evil.example/v1/token")
    result = decrypt(env={"GOOGLE_APPLICATION_CREDENTIALS": path})
    assert result.status != 0 and "nothing is sent but to https://*.googleapis.com" in result.message and not google.requests


def test_the_machine_itself(google, decrypt):
    google.machine = True
    cases.assert_open(decrypt())
    google.machine = False
    cases.assert_closed(decrypt(), "no Google service account")


def test_metadata_goes_through_no_proxy(google, decrypt):
    """127.1 is an address that does not say of itself that it is this machine's."""
    google.machine = True
    with Trap() as trap:
        env = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), f"http://{trap.address}")
        cases.assert_open(decrypt(env={**env, "GCE_METADATA_HOST": google.address.replace("127.0.0.1", "127.1")}))
        assert trap.connections == 0


def test_key_of_another_resource(google, decrypt):
    wrong = {**entry(google), "resource_id": RESOURCE + "2"}
    cases.assert_closed(decrypt(wrong, env=STATIC), "INVALID_ARGUMENT", "keyRings/ring")


@pytest.mark.parametrize("resource", ["projects/p", "projects/../locations/l/keyRings/r/cryptoKeys/k", RESOURCE + "/cryptoKeyVersions/1"])
def test_resource_that_is_none(google, decrypt, resource):
    cases.assert_closed(decrypt({**entry(google), "resource_id": resource}, env=STATIC), "not 'projects/P/locations/L/keyRings/R/cryptoKeys/K'")
    assert not google.requests


def test_one_token_for_a_whole_build(google, place):
    env = {**google.environment(), "GOOGLE_CREDENTIALS": user_file(place)}
    google.delay = 0.05
    many = [cases.text("gcp_kms", entry(google, RESOURCE + str(number))) for number in range(8)]
    result = cases.run_function(place, cases.resource_list(*many, *many), env)
    assert result.status == 0, result.message
    assert len(google.calls("^/token$")) == 1 and len(google.calls(":decrypt$")) == 8


def test_no_packet_while_an_age_key_opens_it(google, place):
    age = {"SOPS_AGE_KEY_FILE": str(documents.BAD / "keys" / "age.agekey")}
    document = documents.values(gcp_kms=[entry(google)], age=True)
    cases.assert_open(cases.decrypt(place, document, {**google.environment(), **STATIC, **age}))
    assert not google.requests


@pytest.mark.parametrize("name", cases.FAULTS)
@pytest.mark.parametrize("where", ["/token", ":decrypt"])
def test_faults(google, place, name, where):
    fault, status = cases.FAULTS[name]
    env = {**google.environment(), "GOOGLE_CREDENTIALS": user_file(place)}
    google.fail(fault, times=None, only=lambda request: request.path.endswith(where))
    result = cases.run_function(place, cases.resource_list(cases.text("gcp_kms", entry(google))), env, "--timeout", "3")
    cases.assert_closed(result, "gcp_kms", status=status)
    # libcurl by itself tries once more where a connection that it has kept alive is dead.
    assert len(google.calls(where + "$")) <= 3 + 1


@pytest.mark.parametrize("where", ["/token", ":decrypt"])
def test_what_passes_is_asked_again(google, place, where):
    env = {**google.environment(), "GOOGLE_CREDENTIALS": user_file(place)}
    google.fail(faults.status(503), times=1, only=lambda request: request.path.endswith(where))
    google.fail(faults.reset, times=1, only=lambda request: request.path.endswith(where))
    result = cases.run_function(place, cases.resource_list(cases.text("gcp_kms", entry(google))), env)
    assert result.status == 0, result.message


def test_token_that_is_taken_back_is_renewed_once(google, place):
    env = {**google.environment(), "GOOGLE_CREDENTIALS": user_file(place)}
    google.fail(faults.status(401, {}), times=1, only=lambda request: request.path.endswith(":decrypt"))
    result = cases.run_function(place, cases.resource_list(cases.text("gcp_kms", entry(google))), env)
    assert result.status == 0, result.message
    assert len(google.calls("^/token$")) == 2


# Flux's decryption Secret


def with_secret(place, google, value, env=None):
    keys = cases.key_folder(place, gcp_kms=value)
    stdin = cases.resource_list(cases.text("gcp_kms", entry(google)), config=cases.flux_config())
    return cases.run_function(place, stdin, {**google.environment(), **(env or {})}, "--keys", keys, "--namespace", "flux-system")


def test_secret(google, place):
    result = with_secret(place, google, "\n" + json.dumps({"type": "authorized_user", **USER}) + "\n")
    assert result.status == 0, result.message


def test_secret_goes_before_what_lies_around(google, place):
    result = with_secret(place, google, json.dumps({"type": "authorized_user", **USER}), {"GOOGLE_OAUTH_ACCESS_TOKEN": "canary-other"})
    assert result.status == 0, result.message
    assert "canary-other" not in [request.headers.get("authorization", "").removeprefix("Bearer ") for request in google.requests]


@pytest.mark.parametrize("value, words", [
    ("", "not a JSON object"), ("canary", "not a JSON object"), ("{}", "no 'type'"), ('{"type":"canary_type"}', "credentials of type"),
    ('{"type":"service_account","client_email":"a","private_key":"canary"}', "'private_key'"),
])
def test_malformed_secrets(google, place, value, words):
    result = with_secret(place, google, value)
    assert result.status == 1 and result.stdout == b"", result.message
    assert "failed to import 'sops.gcp-kms' data from sops decryption Secret 'flux-system/sops-keys': " in result.message and words in result.message
    assert not google.requests


def test_credentials_in_the_functions_own_input(google, place):
    """Cloud credentials come from the operator's side."""
    own = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "sops-keys", "namespace": "flux-system",
                                                              "annotations": {"config.kubernetes.io/local-config": "true"}},
           "stringData": {"sops.gcp-kms": json.dumps({"type": "authorized_user", **USER})}}
    stdin = cases.resource_list(cases.text("gcp_kms", entry(google)), config=cases.flux_config(), more=[own])
    cases.assert_closed(cases.run_function(place, stdin, google.environment()), "operator's side", status=77)
    assert not google.requests
