# SPDX-License-Identifier: Apache-2.0
"""Every fault of every call to every service: what gives a token or a role, and what opens the key. None of them opens the document, none crashes, prints on
stdout or leaves a file; and what was sent, what was answered, the data key and the plaintext are in no message, in no form. Servers that answer with what they
were sent are among the faults.
"""
import contextlib
import json
import re

import pytest
from fakes import documents, faults, secrets
from fakes.aws import ARN, ROLE, Aws, Container, Metadata, jwt
from fakes.azure import VERSION, Entra
from fakes.azure import Vault as KeyVault
from fakes.certificates import context
from fakes.gcp import Google
from fakes.hckms import Huawei
from fakes.kubernetes import Kubernetes, kubeconfig, service_account
from fakes.vault import Vault, account_token

from test_canary import encodings, files_below, no_core_limit

RETRY = 75
RESOURCE = "projects/shop/locations/global/keyRings/ring/cryptoKeys/key"
HUAWEI_KEY = "0d0466b0-e727-4d9c-b35d-f84bb474a37f"
POOL = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/k"
EMAIL = "sops@shop.iam.gserviceaccount.com"
OTHER_ROLE = "arn:aws:iam::111122223333:role/other"


class World:
    """One way to open a document: fakes, environment, the document's keys; `calls` says which requests there are, by (fake, predicate)."""

    def __init__(self, place, certificates, strange):
        self.place, self.certificates, self.strange = place, certificates, strange
        self.stack = contextlib.ExitStack()
        self.env = {"KRM_SOPS_CA_FILE": str(certificates.ca), "AWS_EC2_METADATA_DISABLED": "true"}
        self.keys, self.calls, self.fakes, self.account = {}, {}, [], None
        self.secrets = {documents.PLAIN, secrets.data_key(0), secrets.plain(0).encode()}

    def start(self, kind, *argv, tls=True, name="", **more):
        """A fake. It shows a certificate of nobody's where the world is a strange one there."""
        pair = self.certificates.stranger if self.strange and self.strange == name else self.certificates.server
        fake = self.stack.enter_context(kind(*argv, tls=context(pair) if tls else None, **more))
        self.fakes.append(fake)
        return fake

    def secret(self, text):
        """A text that no message may show."""
        self.secrets.add(text.encode())
        return text

    def file(self, name, text):
        return str(self.place.write(name, text))


def vault(world):
    fake = world.start(Vault, name="decrypt", tokens=(world.secret("s.matrix-token-4c7F9"),))
    world.env.update(VAULT_ADDR=fake.url, VAULT_TOKEN="s.matrix-token-4c7F9")
    world.keys["hc_vault"] = [fake.entry(secrets.data_key(0))]
    world.calls["decrypt"] = fake, lambda request: "/decrypt/" in request.path


def vault_login(world):
    token = account_token("flux-system", "controller", "x")
    fake = world.start(Vault, name="log in", tokens=(), roles={"flux-system_controller": world.secret(token)})
    world.env.update(VAULT_ADDR=fake.url, KRM_SOPS_VAULT_LOGIN="auth/kubernetes/login", KRM_SOPS_VAULT_JWT_FILE=world.file("jwt", token))
    world.keys["hc_vault"] = [fake.entry(secrets.data_key(0))]
    world.calls["log in"] = fake, lambda request: "/auth/" in request.path
    world.calls["decrypt"] = fake, lambda request: "/decrypt/" in request.path


def aws_calls(world, fake):
    world.calls["decrypt"] = fake, lambda request: "x-amz-target" in request.headers
    world.calls["role"] = fake, lambda request: "x-amz-target" not in request.headers


def aws_keys(world):
    fake = world.start(Aws, name="decrypt")
    fake.user("AKIAUSER", world.secret("user/secret+9fK2mQ"))
    fake.role(ROLE)
    world.env.update(fake.env(AWS_ACCESS_KEY_ID="AKIAUSER", AWS_SECRET_ACCESS_KEY="user/secret+9fK2mQ"))
    world.keys["kms"] = [fake.entry(ARN, secrets.data_key(0), role=ROLE)]
    aws_calls(world, fake)


def aws_irsa(world):
    fake = world.start(Aws, name="role")
    fake.role(ROLE)
    world.env.update(fake.env(AWS_ROLE_ARN=ROLE, AWS_WEB_IDENTITY_TOKEN_FILE=world.file("token", world.secret(jwt()))))
    world.keys["kms"] = [fake.entry(ARN, secrets.data_key(0))]
    aws_calls(world, fake)


def aws_pod_identity(world):
    fake = world.start(Aws)
    pod = world.start(Container, fake, world.secret("pod-token-8Hs3nV"), tls=False)
    world.env.update(fake.env(AWS_CONTAINER_CREDENTIALS_FULL_URI=pod.url + "/v1/credentials",
                              AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=world.file("pod-token", "pod-token-8Hs3nV")))
    world.keys["kms"] = [fake.entry(ARN, secrets.data_key(0))]
    world.calls["credentials"] = pod, lambda request: True


def aws_machine(world):
    fake = world.start(Aws)
    machine = world.start(Metadata, fake, tls=False)
    world.env.update(fake.env(AWS_EC2_METADATA_DISABLED="", AWS_EC2_METADATA_SERVICE_ENDPOINT=machine.url))
    world.secret("metadata-token==")
    world.keys["kms"] = [fake.entry(ARN, secrets.data_key(0))]
    world.calls["token"] = machine, lambda request: request.method == "PUT"
    world.calls["credentials"] = machine, lambda request: request.path.endswith("node-role")


def aws_account(world):
    fake = world.start(Aws)
    fake.role(ROLE)
    cluster = world.start(Kubernetes, service_account("flux-system", "decryptor", role_arn=ROLE), name="token")
    world.account = "decryptor"
    world.env.update(fake.env(KUBECONFIG=str(kubeconfig(world.place.path, cluster, world.certificates))))
    world.keys["kms"] = [fake.entry(ARN, secrets.data_key(0))]
    world.calls["account"] = cluster, lambda request: request.method == "GET"
    world.calls["token"] = cluster, lambda request: request.method == "POST"
    world.calls["role"] = fake, lambda request: "x-amz-target" not in request.headers


def google_entries(world, fake):
    world.env.update(fake.environment())
    world.keys["gcp_kms"] = [{"resource_id": RESOURCE, "created_at": documents.CREATED, "enc": fake.enc(RESOURCE, secrets.data_key(0))}]
    world.calls["decrypt"] = fake, lambda request: request.path.endswith(":decrypt")


def google_user(world):
    fake = world.start(Google, name="token")
    fake.user = {"client_id": "client", "client_secret": world.secret("client-secret-2pW8xR"), "refresh_token": world.secret("refresh-token-7bN4kL")}
    google_entries(world, fake)
    world.env["GOOGLE_CREDENTIALS"] = json.dumps({"type": "authorized_user", **fake.user})
    world.calls["token"] = fake, lambda request: request.path == "/token"


def google_workload(world):
    fake = world.start(Google, name="decrypt")
    fake.subject, fake.pool, fake.account = world.secret("subject-token-5vC9dM"), POOL, EMAIL
    google_entries(world, fake)
    file = {"type": "external_account", "audience": POOL, "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": {"file": world.file("subject", fake.subject)},
            "service_account_impersonation_url": f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{EMAIL}:generateAccessToken"}
    world.env["GOOGLE_APPLICATION_CREDENTIALS"] = world.file("external.json", json.dumps(file))
    world.calls["exchange"] = fake, lambda request: request.path == "/v1/token"
    world.calls["impersonate"] = fake, lambda request: "generateAccessToken" in request.path


def google_machine(world):
    fake = world.start(Google)
    machine = world.start(Google, tls=False)
    machine.machine, machine.tokens = True, fake.tokens
    google_entries(world, fake)
    world.env["GCE_METADATA_HOST"] = machine.address
    world.calls["token"] = machine, lambda request: True


def azure_entries(world, entra):
    fake = world.start(KeyVault, entra, name="decrypt")
    world.env.update(**entra.environment(), **fake.environment())
    world.keys["azure_kv"] = [{"vault_url": fake.url, "name": "k", "version": VERSION, "created_at": documents.CREATED, "enc": fake.enc(secrets.data_key(0))}]
    world.calls["decrypt"] = fake, lambda request: bool(request.body)


def azure_secret(world):
    entra = world.start(Entra, name="token")
    entra.secret = world.secret("client-secret-6tY1zQ")
    azure_entries(world, entra)
    world.env.update(AZURE_TENANT_ID=entra.tenant, AZURE_CLIENT_ID=entra.client, AZURE_CLIENT_SECRET=entra.secret)
    world.calls["token"] = entra, lambda request: True


def azure_workload(world):
    entra = world.start(Entra)
    entra.federated = world.secret("federated-token-3jB5gS")
    azure_entries(world, entra)
    world.env.update(AZURE_TENANT_ID=entra.tenant, AZURE_CLIENT_ID=entra.client, AZURE_FEDERATED_TOKEN_FILE=world.file("federated", entra.federated))
    world.calls["token"] = entra, lambda request: True


def azure_machine(world):
    entra = world.start(Entra, tls=False)
    entra.machine, entra.identity_header = True, world.secret("identity-header-1qF7wE")
    azure_entries(world, entra)
    world.env.update(IDENTITY_ENDPOINT=entra.url + "/msi/token", IDENTITY_HEADER=entra.identity_header)
    world.calls["token"] = entra, lambda request: True


def huawei_keys(world):
    fake = world.start(Huawei, name="projects")
    fake.keys["ak"] = (world.secret("secret-key-0rU6hD"), world.secret("security-token-2kJ8aP"))
    world.env.update(fake.environment(), HUAWEICLOUD_SDK_AK="ak", HUAWEICLOUD_SDK_SK="secret-key-0rU6hD", HUAWEICLOUD_SDK_SECURITY_TOKEN="security-token-2kJ8aP")
    world.keys["hckms"] = [{"key_id": f"local-1:{HUAWEI_KEY}", "created_at": documents.CREATED, "enc": fake.enc(HUAWEI_KEY, secrets.data_key(0))}]
    world.calls["projects"] = fake, lambda request: request.path.rstrip("/").endswith("projects")
    world.calls["decrypt"] = fake, lambda request: "decrypt-data" in request.path


def huawei_pod(world):
    fake = world.start(Huawei)
    pod = world.start(Huawei, tls=False)
    pod.keys = fake.keys
    fake.keys["ak"] = (world.secret("secret-key-0rU6hD"), world.secret("security-token-2kJ8aP"))
    pod.pod_token = world.secret("pod-token-9lM3cX")
    world.env.update(fake.environment(), HC_CONTAINER_CREDENTIALS_FULL_URI=pod.url + "/pod", HC_CONTAINER_AUTHORIZATION_TOKEN_FILE=world.file("pod", pod.pod_token))
    world.keys["hckms"] = [{"key_id": f"local-1:{HUAWEI_KEY}", "created_at": documents.CREATED, "enc": fake.enc(HUAWEI_KEY, secrets.data_key(0))}]
    world.calls["credentials"] = pod, lambda request: True


WORLDS = {"vault": (vault, ["decrypt"]), "vault, login": (vault_login, ["log in", "decrypt"]), "aws, keys": (aws_keys, ["role", "decrypt"]),
          "aws, irsa": (aws_irsa, ["role"]), "aws, pod identity": (aws_pod_identity, ["credentials"]), "aws, machine": (aws_machine, ["token", "credentials"]),
          "aws, service account": (aws_account, ["account", "token", "role"]), "google, user": (google_user, ["token"]),
          "google, workload": (google_workload, ["exchange", "impersonate", "decrypt"]), "google, machine": (google_machine, ["token"]),
          "azure, secret": (azure_secret, ["token", "decrypt"]), "azure, workload": (azure_workload, ["token"]), "azure, machine": (azure_machine, ["token"]),
          "huawei, keys": (huawei_keys, ["projects", "decrypt"]), "huawei, pod": (huawei_pod, ["credentials"])}


def everywhere(text):
    """An answer that has it wherever a reason is looked for."""
    return {"error": text, "message": text, "errors": [text], "__type": text, "code": text, "error_code": text}


def echo(code):
    """Answers with all that it was sent, as some proxies do; the secrets first."""
    def spoil(handler):
        request = handler.fake.requests[-1]
        sent = "\n".join([*sent_words(request), request.body.decode(), *(f"{name}: {value}" for name, value in request.headers.items())])
        handler.reply(code, json.dumps(everywhere(sent)).encode(), {"Content-Type": "application/json"})
    return spoil


def echo_word(handler):
    """Answers with a secret of what it was sent as if that were the reason's name."""
    words = sent_words(handler.fake.requests[-1]) or ["nothing"]
    handler.reply(400, json.dumps(everywhere(words[0])).encode(), {"Content-Type": "application/json", "x-amzn-ErrorType": words[0]})


def sent_words(request):
    """What looks most like a secret in a request: the longest text without blanks that could be the name of something."""
    text = request.body.decode()
    values = [value.split(" ")[-1] for name, value in request.headers.items() if re.search("auth|token|header|secret", name)]
    with contextlib.suppress(ValueError):
        values += [value for value in request.form.values() if isinstance(value, str)]
    with contextlib.suppress(ValueError, AttributeError):
        values += [value for value in json.loads(text).values() if isinstance(value, str)]
    return sorted((value for value in values if len(value) > 8 and "://" not in value and not value.startswith("urn:")), key=lambda value: (len(value) > 60, -len(value)))


# Whether another try may help.
GOOGLE = {"Metadata_Flavor": "Google"}  # else it is not even Google's metadata service that says so
FAULTS = {"403": (faults.status(403, {"error": {"code": 403}}, **GOOGLE), False), "429": (faults.status(429, {}, Retry_After=0, **GOOGLE), True),
          "500": (faults.status(500, "<html>", **GOOGLE), True),
          "reset": (faults.reset, True), "slow": (faults.slow, True), "trickle": (faults.trickle, True), "garbage": (faults.garbage, False),
          "huge": (faults.huge, False), "cut": (faults.cut, True), "redirect": (faults.redirect("https://127.0.0.1:1/"), False),
          "echo as an error": (echo(400), False), "echo as an answer": (echo(200), False),
          "echo of a word": (echo_word, False)}


def run(world, *argv):
    """The function on a Secret that only these keys open."""
    spec = {"decryption": {"provider": "sops", "serviceAccountName": world.account}} if world.account else {}
    config = {"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Decrypt", "metadata": {"name": "d", "namespace": "flux-system"}, "spec": spec}
    items = [secrets.secret(0, **world.keys)]
    stdin = json.dumps({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items, "functionConfig": config})
    cluster = ["--cluster", "--namespace", "flux-system"] if world.account else []
    return world.place.run(*cluster, *argv, stdin=stdin.encode(), env=world.env, preexec_fn=no_core_limit)


def given(world):
    """What the fakes have given out."""
    for fake in world.fakes:
        for name in ("tokens", "made"):
            for text in getattr(fake, name, None) or ():
                yield text if isinstance(text, str) else getattr(fake, name)[text]
        for user in getattr(fake, "users", {}).values():
            yield from (user["secret"], user["token"])


def check_clean(world, result, before):
    """No secret in any form, whether we had it, were given it, or were told it again."""
    assert not result.crashed and result.stdout == b"", result.message
    needles = world.secrets | {text.encode() for text in given(world) if text}
    files = {file: data for file, data in files_below(world.place.path).items() if before.get(file) != data}
    assert not files, f"files are left: {list(files)}"
    for secret in needles:
        for form in encodings(secret):
            assert len(form) < 8 or form not in result.stderr, f"'{secret[:5]}...' in {result.message}"
    assert not re.search(r"Credential=|Signature=|Bearer |eyJ", result.message), result.message


@pytest.fixture
def open_world(place, certificates):
    with contextlib.ExitStack() as stack:
        def make(name, strange=None):
            world = World(place, certificates, strange)
            stack.enter_context(world.stack)
            WORLDS[name][0](world)
            return world
        yield make


@pytest.mark.parametrize("name", WORLDS)
def test_each_world_opens_when_all_is_well(open_world, name):
    """Else the tests below would prove nothing."""
    world = open_world(name)
    result = run(world)
    assert result.status == 0 and secrets.plain(0) in result.stdout.decode(), result.message
    for call in WORLDS[name][1]:
        fake, is_meant = world.calls[call]
        assert [request for request in fake.requests if is_meant(request)], call


CALLS = [(name, call) for name, (_, calls) in WORLDS.items() for call in calls]
# Nobody has answered so far: as on a machine that is none of Amazon's, where there is nothing to wait for.
NOT_THERE = {("aws, machine", "token", fault) for fault in ("reset", "slow", "trickle", "cut")}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name, call", CALLS, ids=map(": ".join, CALLS))
def test_no_fault_opens_or_leaks(open_world, place, name, call, fault):
    world = open_world(name)
    fake, is_meant = world.calls[call]
    spoil, may_pass = FAULTS[fault]
    fake.fail(spoil, times=None, only=is_meant)
    before = files_below(place.path)
    result = run(world, "--timeout", "1" if fault in ("slow", "trickle") else "8")
    may_pass = may_pass and (name, call, fault) not in NOT_THERE
    assert result.status == RETRY if may_pass else result.status in (1, 77), (result.status, result.message)
    assert [request for request in fake.requests if is_meant(request)]
    check_clean(world, result, before)


STRANGE = [("vault", "decrypt"), ("vault, login", "log in"), ("aws, keys", "decrypt"), ("aws, irsa", "role"), ("aws, service account", "token"),
           ("google, user", "token"), ("google, workload", "decrypt"), ("azure, secret", "token"), ("azure, secret", "decrypt"), ("huawei, keys", "projects")]


@pytest.mark.parametrize("name, call", STRANGE, ids=map(": ".join, STRANGE))
def test_a_stranger_is_told_nothing(open_world, place, name, call):
    """A certificate that nobody we trust has signed: the call is not made."""
    world = open_world(name, strange=call)
    before = files_below(place.path)
    result = run(world, "--timeout", "8")
    assert result.status == 77 and "certificate" in result.message, (result.status, result.message)
    assert not world.calls[call][0].requests
    check_clean(world, result, before)
