# SPDX-License-Identifier: Apache-2.0
"""Keys that are opened in the name of a service account, as Flux does it by spec.decryption.serviceAccountName: the cluster makes a token for what it is
shown to, and the account's annotations say who it is there. Nobody but the one it is for sees it."""
import json

import pytest

import cloud_cases as cases
from fakes import documents, faults, secrets
from fakes.aws import ARN, ROLE, Aws, claims_of
from fakes.azure import VERSION, Entra
from fakes.azure import Vault as KeyVault
from fakes.certificates import context
from fakes.gcp import Google
from fakes.kubernetes import TOKEN, Kubernetes, kubeconfig, pod, service_account
from fakes.vault import Vault, account_token

NAME = "flux-system/decryptor"
RETRY, POLICY, ERROR = 75, 77, 1
PROVIDER = "projects/1/locations/global/workloadIdentityPools/p/providers/k"
EMAIL = "sops@shop.iam.gserviceaccount.com"
RESOURCE = "projects/shop/locations/global/keyRings/ring/cryptoKeys/key"


@pytest.fixture
def cluster(certificates):
    with Kubernetes(tls=context(certificates.server)) as fake:
        yield fake


@pytest.fixture
def ask(place, cluster, certificates):
    """The function on a Secret whose document has these entries, in the account's name."""
    def run(env, account="decryptor", argv=("--cluster", "--namespace", "flux-system", "--timeout", "10"), where=None, count=1, **entries):
        config = {"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Decrypt", "metadata": {"name": "d", "namespace": "flux-system"},
                  "spec": {"decryption": {"provider": "sops", "serviceAccountName": account}}}
        items = [secrets.secret(number, **entries) for number in range(count)]
        stdin = json.dumps({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items, "functionConfig": config})
        where = {"KUBECONFIG": str(kubeconfig(place.path, cluster, certificates))} if where is None else where
        return place.run(*argv, stdin=stdin.encode(), env={**where, **env})
    return run


def opened(result, number=0):
    assert result.status == 0, result.message
    assert secrets.plain(number) in result.stdout.decode()
    return True


def refused(result, cluster, *words, status=ERROR):
    """Nothing on stdout, and neither tokens nor what they were changed for in the message."""
    assert not result.crashed and result.status == status and result.stdout == b"", (result.status, result.message)
    for word in words:
        assert word in result.message, result.message
    for token in (TOKEN, *cluster.made.values()):
        assert token not in result.message
    assert "canary" not in result.message, result.message
    return True


def asked(cluster):
    return [(request.method, request.path.removeprefix("/api/v1/namespaces/")) for request in cluster.requests]


MADE = [("POST", "flux-system/serviceaccounts/decryptor/token")]
READ = [("GET", "flux-system/serviceaccounts/decryptor")]


# ------------------------------------------------------------------------------------------------------------- Vault

@pytest.fixture
def vault(cluster):
    with Vault(tokens=()) as fake:
        fake.roles["flux-system_decryptor"] = lambda: cluster.made[NAME, fake.url]
        cluster.put(service_account("flux-system", "decryptor"))
        yield fake


def login(vault, **more):
    return {"VAULT_ADDR": vault.url, "KRM_SOPS_VAULT_LOGIN": "auth/kubernetes/login", **more}


def vault_entries(vault):
    return {"hc_vault": [vault.entry(secrets.data_key(0))]}


def test_vault_login_with_a_token_for_that_address(ask, cluster, vault):
    """fluxcd/pkg asks for the audience and takes the role from the token's own subject."""
    assert opened(ask(login(vault, VAULT_TOKEN="s.not-used"), **vault_entries(vault)))
    assert asked(cluster) == MADE and vault.logins == 1
    assert cluster.requests[0].json["spec"]["audiences"] == [vault.url]
    assert cluster.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert not [request for request in vault.requests if TOKEN in request.headers.values() or TOKEN.encode() in request.body]


def test_vault_login_in_a_pod_with_a_token_of_its_own_account(ask, place, cluster, vault, certificates):
    """As Flux's controller does it without serviceAccountName: its token is for the API server, so it has one made for Vault."""
    own = account_token("flux-system", "decryptor", ["https://kubernetes.default.svc"])
    cluster.tokens = {own}
    where = pod(place.path / "account", cluster, certificates, token=own)
    assert opened(ask(login(vault), account="", argv=("--namespace", "flux-system"), where=where, **vault_entries(vault)))
    assert asked(cluster) == MADE and vault.logins == 1 and cluster.requests[0].headers["authorization"] == f"Bearer {own}"


def test_vault_login_in_a_pod_whose_token_is_meant_for_vault_asks_nobody(ask, place, cluster, vault, certificates):
    own = account_token("flux-system", "decryptor", [vault.url])
    vault.roles["flux-system_decryptor"] = own
    where = pod(place.path / "account", cluster, certificates, token=own)
    assert opened(ask(login(vault), account="", argv=("--namespace", "flux-system"), where=where, **vault_entries(vault)))
    assert asked(cluster) == []


def test_vault_login_without_a_cluster_sends_no_token_that_is_meant_for_others(place, vault):
    folder = place.path / "account"
    folder.mkdir()
    (folder / "token").write_text(account_token("a", "b", ["https://kubernetes.default.svc"]))
    place.write("values.json", documents.values(hc_vault=[vault.entry(documents.DATA_KEY)]))
    result = place.run("decrypt", "values.json", env=login(vault, KRM_SOPS_SERVICE_ACCOUNT=str(folder)))
    assert result.status == 128 and "it is not meant for this address" in result.message and vault.connections == 0


def test_an_address_that_nobody_allowed_gets_no_token(ask, cluster, vault):
    result = ask(login(vault, VAULT_ADDR="https://vault.example"), **vault_entries(vault))
    assert refused(result, cluster, "nothing that the operator has set lets a Vault token be sent to", status=POLICY)
    assert cluster.connections == 0 and vault.connections == 0


# -------------------------------------------------------------------------------------------------------------- AWS

@pytest.fixture
def aws(cluster):
    with Aws() as fake:
        fake.role(ROLE)
        cluster.put(service_account("flux-system", "decryptor", role_arn=ROLE))
        yield fake


def kms(aws, count=1):
    return {"kms": [aws.entry(ARN, secrets.data_key(0))]}


def test_aws_role_of_the_annotation(ask, cluster, aws):
    aws.user("AKIAOTHER", "x")
    result = ask(aws.env(AWS_ACCESS_KEY_ID="AKIAOTHER", AWS_SECRET_ACCESS_KEY="wrong"), **kms(aws))
    assert opened(result)
    assert asked(cluster) == READ + MADE and aws.calls == ["AssumeRoleWithWebIdentity", "Decrypt"]
    assert claims_of(aws.seen_tokens[0])["aud"] == ["sts.amazonaws.com"]
    assert aws.sessions == ["decryptor.flux-system.us-east-1.fluxcd.io"]


def test_aws_role_of_the_entry_comes_on_top(ask, cluster, aws):
    other = "arn:aws:iam::111122223333:role/more"
    aws.role(other)
    assert opened(ask(aws.env(), kms=[aws.entry(ARN, secrets.data_key(0), role=other)]))
    assert aws.calls == ["AssumeRoleWithWebIdentity", "AssumeRole", "Decrypt"]


def test_one_token_and_one_role_for_all(ask, cluster, aws):
    """Two regions are two roles' sessions, and still one token."""
    there = ARN.replace("us-east-1", "eu-central-1")
    entries = {"kms": [aws.entry(there, bytes(32)) | {"enc": "AAAA"}, aws.entry(ARN, secrets.data_key(0))]}
    assert opened(ask(aws.env(), **entries))
    assert asked(cluster) == READ + MADE and aws.count("AssumeRoleWithWebIdentity") == 2


def test_a_token_that_has_ended_is_asked_for_once_more(ask, cluster, aws):
    cluster.lifetime = -10
    result = ask(aws.env(), **kms(aws))
    assert refused(result, cluster, f"AWS role '{ROLE}' by service account 'flux-system/decryptor'", "ExpiredTokenException")
    assert asked(cluster) == READ + MADE * 2


@pytest.mark.parametrize("annotations, words", [
    ({}, ["service account 'flux-system/decryptor' has no annotation 'eks.amazonaws.com/role-arn'"]),
    ({"role_arn": "admin"}, ["annotation 'eks.amazonaws.com/role-arn'", "is not the ARN of an IAM role"]),
])
def test_annotations_that_name_no_role(ask, cluster, aws, annotations, words):
    cluster.put(service_account("flux-system", "decryptor", **annotations))
    assert refused(ask(aws.env(AWS_ACCESS_KEY_ID="AKIA", AWS_SECRET_ACCESS_KEY="x"), **kms(aws)), cluster, *words)
    assert asked(cluster) == READ and aws.calls == []


def test_wrong_audience(ask, cluster, aws):
    aws.role(ROLE, audience="sts.example")
    assert refused(ask(aws.env(), **kms(aws)), cluster, "InvalidIdentityToken")


# -------------------------------------------------------------------------------------------------------------- Azure

def test_azure_identity_of_the_annotations(ask, cluster, certificates):
    with Entra() as entra, KeyVault(entra, tls=context(certificates.server)) as vault:
        entra.federated = lambda: cluster.made[NAME, "api://AzureADTokenExchange"]
        cluster.put(service_account("flux-system", "decryptor", tenant_id=entra.tenant, client_id=entra.client))
        entry = {"vault_url": vault.url, "name": "k", "version": VERSION, "created_at": documents.CREATED, "enc": vault.enc(secrets.data_key(0))}
        env = {**entra.environment(), **vault.environment(), "KRM_SOPS_CA_FILE": str(certificates.ca)}
        assert opened(ask({**env, "AZURE_CLIENT_ID": "other", "AZURE_TENANT_ID": "other", "AZURE_CLIENT_SECRET": "wrong"}, azure_kv=[entry]))
        assert asked(cluster) == READ + MADE
        for missing in ("tenant_id", "client_id"):
            have = {"tenant_id": "t", "client_id": "c"}
            del have[missing]
            cluster.put(service_account("flux-system", "decryptor", **have))
            name = "azure.workload.identity/" + missing.replace("_", "-")
            assert refused(ask(env, azure_kv=[entry]), cluster, f"service account 'flux-system/decryptor' has no annotation '{name}'")


# ------------------------------------------------------------------------------------------------------------- Google

@pytest.fixture
def google():
    with Google() as fake:
        yield fake


def gcp_entries(google):
    return {"gcp_kms": [{"resource_id": RESOURCE, "created_at": documents.CREATED, "enc": google.enc(RESOURCE, secrets.data_key(0))}]}


@pytest.mark.parametrize("email", [None, EMAIL])
def test_google_provider_of_the_annotation(ask, cluster, google, email):
    audience = "//iam.googleapis.com/" + PROVIDER
    google.pool, google.subject, google.account = audience, lambda: cluster.made[NAME, audience], EMAIL
    cluster.put(service_account("flux-system", "decryptor", workload_identity_provider=PROVIDER, **({"gcp_service_account": email} if email else {})))
    assert opened(ask({**google.environment(), "GOOGLE_OAUTH_ACCESS_TOKEN": "wrong"}, **gcp_entries(google)))
    assert asked(cluster) == READ + MADE and len(google.calls("generateAccessToken")) == (1 if email else 0)
    assert not google.calls("computeMetadata")


def test_google_pool_of_the_cluster(ask, cluster, google):
    pool = "shop.svc.id.goog"
    google.cluster = ("shop", "europe-west1", "prod")
    google.pool = f"identitynamespace:{pool}:https://container.googleapis.com/v1/projects/shop/locations/europe-west1/clusters/prod"
    google.subject, google.account = lambda: cluster.made[NAME, pool], EMAIL
    cluster.put(service_account("flux-system", "decryptor", gcp_service_account=EMAIL))
    assert opened(ask(google.environment(), **gcp_entries(google)))
    assert len(google.calls("computeMetadata")) == 3


def test_google_pool_where_no_cluster_is_googles(ask, cluster, google):
    cluster.put(service_account("flux-system", "decryptor"))
    assert refused(ask(google.environment(), **gcp_entries(google)), cluster, "what answers at the metadata address is not Google's")
    assert asked(cluster) == READ


@pytest.mark.parametrize("annotations, word", [
    ({"workload_identity_provider": "projects/x/locations/global/workloadIdentityPools/p/providers/k"}, "is no workload identity provider"),
    ({"workload_identity_provider": PROVIDER + "/"}, "is no workload identity provider"),
    ({"gcp_service_account": "a/../b@shop.iam.gserviceaccount.com"}, "is no service account's address"),
    ({"gcp_service_account": "sops@shop.iam.gserviceaccount.com.evil"}, "is no service account's address"),
])
def test_google_annotations_that_are_malformed(ask, cluster, google, annotations, word):
    cluster.put(service_account("flux-system", "decryptor", **annotations))
    assert refused(ask(google.environment(), **gcp_entries(google)), cluster, word)
    assert google.connections == 0 and asked(cluster) == READ


# ---------------------------------------------------------------------------------------------------- who may, and what fails

def test_nothing_is_asked_before_a_document_wants_it(ask, cluster, aws):
    assert ask(aws.env(), count=0).status == 0 and cluster.connections == 0


def test_the_secrets_own_credentials_come_first(place, cluster, aws, certificates):
    """Flux: the Secret's, then the account's."""
    aws.user("AKIAUSER", "user/secret")
    place.write("keys/flux-system/sops-keys/sops.aws-kms", "aws_access_key_id: AKIAUSER\naws_secret_access_key: user/secret\n")
    config = {"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Decrypt", "metadata": {"name": "d", "namespace": "flux-system"},
              "spec": {"decryption": {"provider": "sops", "serviceAccountName": "decryptor", "secretRef": {"name": "sops-keys"}}}}
    stdin = json.dumps({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [secrets.secret(0, **kms(aws))], "functionConfig": config})
    env = {"KUBECONFIG": str(kubeconfig(place.path, cluster, certificates)), **aws.env()}
    assert opened(place.run("--cluster", "--namespace", "flux-system", "--keys", "keys", stdin=stdin.encode(), env=env))
    assert cluster.connections == 0 and aws.calls == ["Decrypt"]


def test_differs_accounts_need_the_cluster(ask, aws):
    """As on a laptop; there the machine's own credentials serve."""
    aws.user("AKIAUSER", "user/secret")
    keys = {"AWS_ACCESS_KEY_ID": "AKIAUSER", "AWS_SECRET_ACCESS_KEY": "user/secret"}
    assert opened(ask(aws.env(**keys), argv=("--namespace", "flux-system"), **kms(aws)))
    result = ask(aws.env(**{**keys, "AWS_SECRET_ACCESS_KEY": "wrong"}), argv=("--namespace", "flux-system"), **kms(aws))
    assert result.status == ERROR and "serviceAccountName 'decryptor' is not looked up without --cluster" in result.message


def test_a_namespace_that_is_not_permitted_gets_no_packet(ask, cluster, aws):
    assert refused(ask(aws.env(), argv=("--cluster",), **kms(aws)), cluster, "namespace 'flux-system'", status=POLICY)
    assert cluster.connections == 0 and aws.connections == 0


@pytest.mark.parametrize("name", ["a/b", "..", "A", "a?b"])
def test_a_name_that_is_none_gets_no_packet(ask, cluster, aws, name):
    result = ask(aws.env(), account=name, **kms(aws))
    assert result.status != 0 and result.stdout == b"" and "is not a name of a ServiceAccount" in result.message and cluster.connections == 0


def test_one_who_may_not_is_told_what_to_allow(ask, cluster, vault, aws):
    cluster.creatable = set()
    result = ask(login(vault), **vault_entries(vault))
    assert refused(result, cluster, "a token of service account 'flux-system/decryptor': HTTP status 403",
                   "who asks may not `create` serviceaccounts/token 'decryptor' in namespace 'flux-system'; examples/cluster/rbac.yaml")
    cluster.readable = set()
    assert refused(ask(aws.env(), **kms(aws)), cluster, "service account 'flux-system/decryptor': HTTP status 403")


def test_an_account_that_is_not_there(ask, cluster, aws):
    cluster.objects.clear()
    assert refused(ask(aws.env(), **kms(aws)), cluster, "service account 'flux-system/decryptor': the cluster has no such account: HTTP status 404")


FAULTS = {"403": (faults.status(403, "canary"), ERROR, 1), "429": (faults.status(429, {}, Retry_After=0), RETRY, 3), "500": (faults.status(500, "canary"), RETRY, 3),
          "reset": (faults.reset, RETRY, 3), "cut": (faults.cut, RETRY, 3), "slow": (faults.slow, RETRY, 1), "garbage": (faults.garbage, ERROR, 1),
          "no JSON": (faults.no_json, ERROR, 1), "empty": (faults.status(201, {}), ERROR, 1), "another": (faults.status(200, {"kind": "Secret"}), ERROR, 1),
          "huge": (faults.huge, ERROR, 1), "redirect": (faults.redirect("https://127.0.0.1:1/"), ERROR, 1)}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_the_cluster(ask, cluster, aws, name, method):
    fault, status, tries = FAULTS[name]
    cluster.fail(fault, times=None, only=lambda request: request.method == method)
    argv = ("--cluster", "--namespace", "flux-system", "--timeout", "1" if name == "slow" else "10")
    result = ask(aws.env(), argv=argv, **kms(aws))
    assert refused(result, cluster, "service account 'flux-system/decryptor': ", status=status)
    # libcurl itself asks once more where a kept connection is broken.
    more = 1 if fault is faults.reset and method == "POST" else 0
    assert tries <= len([request for request in cluster.requests if request.method == method]) <= tries + more and aws.calls == []


def test_a_stranger_is_not_asked(ask, aws, place, certificates):
    with Kubernetes(service_account("flux-system", "decryptor", role_arn=ROLE), tls=context(certificates.stranger)) as fake:
        result = ask(aws.env(), where={"KUBECONFIG": str(kubeconfig(place.path, fake, certificates))}, **kms(aws))
        assert result.status == POLICY and "certificate" in result.message and not fake.requests and aws.calls == []


def test_a_token_that_the_cluster_does_not_know_any_more(ask, place, cluster, aws, certificates):
    """One that rotates is read again, once."""
    folder = place.path / "account"
    where = pod(folder, cluster, certificates, token="old.canary.token")
    result = ask(aws.env(), argv=("--namespace", "flux-system"), where=where, **kms(aws))
    assert refused(result, cluster, "service account 'flux-system/decryptor': HTTP status 401", "the cluster does not know who asks")
    assert asked(cluster) == READ * 2
