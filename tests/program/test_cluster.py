# SPDX-License-Identifier: Apache-2.0
"""Keys from the cluster: what is asked of the API server and by whom, what is told of each failure, that nobody else is asked, and that none of it shows a secret."""
import base64
import json
import os
import shutil
import sys

import pytest
import yaml
from conftest import DATA
from fakes import faults
from fakes.base import Trap
from fakes.certificates import context
from fakes.kubernetes import TOKEN, Kubernetes, config_map, kubeconfig, pod, secret

from test_build import STUB

KEY = (DATA / "bad" / "keys" / "age.agekey").read_text()
CANARY = json.loads((DATA / "bad" / "canaries.json").read_text())
KEYS = secret("flux-system", "sops-keys", age_agekey=KEY)
CONFIG = ("apiVersion: krm-sops.dev/v1alpha1\nkind: Decrypt\nmetadata: {name: decrypt, namespace: flux-system}\n"
          "spec: {decryption: {provider: sops, secretRef: {name: sops-keys}}}\n")
OURS = ("--namespace", "flux-system")
TARGET = "/api/v1/namespaces/flux-system/secrets/sops-keys"
DATA_ERROR, USAGE, RETRY, POLICY = 1, 2, 75, 77


@pytest.fixture
def cluster(certificates):
    with Kubernetes(KEYS, tls=context(certificates.server)) as fake:
        yield fake


@pytest.fixture
def use(place, certificates):
    """use(fake, **more): the environment with a kubeconfig for that cluster."""
    def make(fake, **more):
        return {"KUBECONFIG": str(kubeconfig(place.path, fake, certificates, **more))}
    return make


def ask(place, *argv, env=None, config=CONFIG, **more):
    """Decrypts a Secret with the key Secret that the config names."""
    return place.run("filter", "--config", place.write("config.yaml", config), *argv, stdin=(DATA / "bad" / "secret.yaml").read_bytes(), env=env or {}, **more)


def clean(result):
    """Neither a crash nor a secret."""
    assert not result.crashed
    assert result.stdout == b""
    identity = KEY.strip().rsplit("\n", 1)[-1].encode()
    for one in (TOKEN.encode(), identity, base64.b64encode(KEY.encode()), *(text.encode() for text in CANARY["plaintexts"]), b"PRIVATE KEY"):
        assert one not in result.stderr
    return True


def opened(result):
    assert result.status == 0, result.message
    assert b"ENC[" not in result.stdout and any(text.encode() in result.stdout for text in CANARY["plaintexts"])
    return True


def refused(result, *words, status):
    assert result.status == status, result.message
    for word in words:
        assert word in result.message, result.message
    return clean(result)


def policy_of(place, text):
    path = place.path / "policy.yaml"
    path.write_text(f"apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: {text}\n")
    path.chmod(0o600)
    return {"KRM_SOPS_POLICY": str(path)}


# ------------------------------------------------------------------------------------------------------------ who is asked

def test_reads_exactly_the_named_secret(place, cluster, use):
    assert opened(ask(place, "--cluster", *OURS, env=use(cluster)))
    assert [(one.method, one.target) for one in cluster.requests] == [("GET", TARGET)]
    assert cluster.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_outside_a_pod_only_when_asked_to(place, cluster, use):
    assert refused(ask(place, *OURS, env=use(cluster)), "Secret 'flux-system/sops-keys' not found", status=DATA_ERROR)
    assert cluster.connections == 0
    assert opened(ask(place, *OURS, env={**use(cluster), "KRM_SOPS_CLUSTER": "."}))


def test_the_usual_kubeconfig(place, cluster, certificates):
    (place.home / ".kube").mkdir()
    kubeconfig(place.home / ".kube", cluster, certificates)
    assert opened(ask(place, "--cluster", *OURS))
    assert refused(ask(place, "--cluster", *OURS, env={"KUBECONFIG": "/nonexistent"}), "no kubeconfig in 'KUBECONFIG'", status=USAGE)


def test_a_context_by_name_out_of_several_files(place, cluster, use, certificates):
    with Trap() as trap:
        first = kubeconfig(place.path, trap_fake(trap), certificates, name="a")
        second = kubeconfig(place.path, cluster, certificates, name="b", context="prod")
        env = {"KUBECONFIG": f"{first}::/nonexistent:{second}"}
        assert opened(ask(place, "--cluster=prod", *OURS, env=env))
        assert opened(ask(place, *OURS, env={**env, "KRM_SOPS_CLUSTER": "prod"}))
        assert trap.connections == 0
        assert refused(ask(place, "--cluster=none", *OURS, env=env), "there is no context 'none'", status=USAGE)


def trap_fake(trap):
    class Stub:
        url = f"https://{trap.address}"
    return Stub


def test_nearer_places_come_first(place, cluster, use):
    folder = place.path / "keys" / "flux-system" / "sops-keys"
    folder.mkdir(parents=True)
    (folder / "age.agekey").write_text(KEY)
    assert opened(ask(place, "--cluster", *OURS, "--keys", place.path / "keys", env=use(cluster)))
    assert cluster.connections == 0


@pytest.mark.parametrize("argv, policy", [((), None), (("--namespace", "shop"), None), ((), "{namespaces: [shop, flux-sys]}"),
                                          (OURS, "{namespaces: [shop]}")])
def test_a_namespace_that_is_not_permitted_gets_no_packet(place, cluster, use, argv, policy):
    env = {**use(cluster), **(policy_of(place, policy) if policy else {})}
    assert refused(ask(place, "--cluster", *argv, env=env), "namespace 'flux-system'", "hint: ", status=POLICY)
    assert cluster.connections == 0


def test_the_policy_names_the_namespace(place, cluster, use):
    assert opened(ask(place, "--cluster", env={**use(cluster), **policy_of(place, "{namespaces: [flux-*]}")}))


@pytest.mark.parametrize("name", ["a/b", "..", "a%2fb", "a?b", "A", ""])
def test_a_name_that_is_none_gets_no_packet(place, cluster, use, name):
    config = CONFIG.replace("name: sops-keys", f"name: '{name}'")
    result = ask(place, "--cluster", *OURS, env=use(cluster), config=config)
    assert result.status != 0 and clean(result) and cluster.connections == 0


def test_without_a_secret_ref_nobody_is_asked(place, cluster, use):
    config = CONFIG.replace(", secretRef: {name: sops-keys}", "")
    assert ask(place, "--cluster", *OURS, env=use(cluster), config=config).status == DATA_ERROR
    assert cluster.connections == 0


def test_the_global_age_key(place, cluster, use):
    config = CONFIG.replace(", secretRef: {name: sops-keys}", "")
    assert opened(ask(place, "--cluster", "--global-age", "flux-system/sops-keys", env=use(cluster), config=config))
    assert [one.target for one in cluster.requests] == [TARGET]


# ------------------------------------------------------------------------------------------------------------ in a pod

def test_in_a_pod_by_the_service_account(place, cluster, certificates):
    env = pod(place.path / "account", cluster, certificates, token=TOKEN + "\n")
    assert opened(ask(place, *OURS, env=env))
    assert [one.target for one in cluster.requests] == [TARGET]


@pytest.mark.parametrize("missing", ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "token"])
def test_no_pod(place, cluster, certificates, missing):
    env = pod(place.path / "account", cluster, certificates)
    env.pop(missing, None)
    if missing == "token":
        (place.path / "account" / "token").unlink()
    assert refused(ask(place, *OURS, env=env), "not found", status=DATA_ERROR)
    assert cluster.connections == 0


def test_a_pod_needs_the_namespace_too(place, cluster, certificates):
    assert refused(ask(place, env=pod(place.path / "account", cluster, certificates)), "KRM_SOPS_NAMESPACE", status=POLICY)
    assert cluster.connections == 0


def test_ipv6_of_a_pod(place, cluster, certificates):
    env = {**pod(place.path / "account", cluster, certificates), "KUBERNETES_SERVICE_HOST": "::1", "KUBERNETES_SERVICE_PORT": "1"}
    result = ask(place, "--timeout", "2", *OURS, env=env)
    assert refused(result, "'[::1]:1'", status=RETRY)


def test_a_kubeconfig_goes_before_the_pod_where_asked_for(place, cluster, use, certificates):
    with Trap() as trap:
        env = {**pod(place.path / "account", cluster, certificates), **use(cluster), "KUBERNETES_SERVICE_PORT": str(trap.port)}
        assert opened(ask(place, "--cluster", *OURS, env=env))
        assert trap.connections == 0
    env = {**pod(place.path / "account", cluster, certificates), "KUBECONFIG": "/nonexistent"}
    assert opened(ask(place, "--cluster", *OURS, env=env))


# ------------------------------------------------------------------------------------------------------------ who we are

def test_client_certificates(place, certificates):
    with Kubernetes(KEYS, tokens=None, tls=context(certificates.server, client_ca=certificates.ca)) as fake:
        for user in ({"client-certificate": str(certificates.client.cert), "client-key": str(certificates.client.key)},
                     {"client-certificate-data": base64.b64encode(certificates.client.cert.read_bytes()).decode(),
                      "client-key-data": base64.b64encode(certificates.client.key.read_bytes()).decode()}):
            env = {"KUBECONFIG": str(kubeconfig(place.path, fake, certificates, user=user))}
            assert opened(ask(place, "--cluster", *OURS, env=env))
        before = len(fake.requests)
        env = {"KUBECONFIG": str(kubeconfig(place.path, fake, certificates, user={}))}
        assert ask(place, "--cluster", *OURS, env=env).status != 0
        assert len(fake.requests) == before


def test_a_token_in_a_file(place, cluster, use):
    (place.path / "token").write_text(TOKEN + "\n")
    assert opened(ask(place, "--cluster", *OURS, env=use(cluster, user={"tokenFile": "token", "token": "old"})))
    (place.path / "token").write_text("\n")
    assert refused(ask(place, "--cluster", *OURS, env=use(cluster, user={"tokenFile": "token"})), "is empty", status=DATA_ERROR)


def test_a_token_with_a_line_break_is_not_sent(place, cluster, use):
    assert refused(ask(place, "--cluster", *OURS, env=use(cluster, user={"token": "a\nImpersonate-User: admin"})), "line break", status=DATA_ERROR)
    assert not cluster.requests


def test_a_token_that_was_replaced_is_read_again(place, cluster, certificates):
    env = pod(place.path / "account", cluster, certificates, token="old")

    def replace(handler):
        (place.path / "account" / "token").write_text(TOKEN)
        faults.status(401)(handler)

    cluster.fail(replace)
    assert opened(ask(place, *OURS, env=env))
    assert [one.headers["authorization"] for one in cluster.requests] == ["Bearer old", f"Bearer {TOKEN}"]


def test_the_name_in_the_certificate(place, certificates):
    with Kubernetes(KEYS, tls=context(certificates.named)) as fake:
        env = {"KUBECONFIG": str(kubeconfig(place.path, fake, certificates, cluster={"tls-server-name": "vault.example"}))}
        assert opened(ask(place, "--cluster", *OURS, env=env))


def test_a_path_before_the_api(place, certificates):
    with Kubernetes(KEYS, prefix="/k8s/clusters/c-1", tls=context(certificates.server)) as fake:
        env = {"KUBECONFIG": str(kubeconfig(place.path, fake, certificates, cluster={"server": fake.url + "/k8s/clusters/c-1/"}))}
        assert opened(ask(place, "--cluster", *OURS, env=env))


def test_kubectl_proxy_is_shown_no_token(place, certificates):
    with Kubernetes(KEYS, tokens=None) as fake:
        env = {"KUBECONFIG": str(kubeconfig(place.path, fake, certificates))}
        assert opened(ask(place, "--cluster", *OURS, env=env))
    env = {"KUBECONFIG": str(kubeconfig(place.path, fake, certificates, cluster={"server": "http://192.0.2.1"}))}
    assert refused(ask(place, "--cluster", *OURS, env=env), "is not an https one", status=POLICY)


# ------------------------------------------------------------------------------------------------------------ plugins

def plugin(place, status=None, version="v1", text=None, body=""):
    """A program that prints a credential and writes down what it was started with."""
    output = text if text is not None else json.dumps({"apiVersion": f"client.authentication.k8s.io/{version}", "kind": "ExecCredential",
                                                       "status": {"token": TOKEN} if status is None else status})
    (place.path / "plugin.out").write_text(output)
    path = place.path / "plugin"
    path.write_text(f"#!{sys.executable}\nimport json, os, sys\n{body}\n"
                    f"json.dump([sys.argv[1:], dict(os.environ)], open({str(place.path / 'plugin.log')!r}, 'a'))\n"
                    f"sys.stdout.write(open({str(place.path / 'plugin.out')!r}).read())\n")
    path.chmod(0o755)
    return {"exec": {"apiVersion": f"client.authentication.k8s.io/{version}", "command": "./plugin", "args": ["get-token", "$HOME"],
                     "env": [{"name": "AWS_PROFILE", "value": "prod"}], "interactiveMode": "IfAvailable", "provideClusterInfo": True}}


ALLOWED = "{cluster: {execPlugins: true}}"


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_plugin_that_the_policy_allows(place, cluster, use, version):
    env = {**use(cluster, user=plugin(place, version=version)), **policy_of(place, ALLOWED), "SOPS_AGE_KEY": KEY, "VAULT_TOKEN": "s.x", "AWS_PROFILE": "test"}
    assert opened(ask(place, "--cluster", *OURS, env=env))
    argv, seen = json.loads((place.path / "plugin.log").read_text())
    assert argv == ["get-token", "$HOME"] and seen["AWS_PROFILE"] == "prod"
    assert not [name for name in seen if name.startswith(("SOPS_", "VAULT_", "KRM_SOPS_"))]
    info = json.loads(seen["KUBERNETES_EXEC_INFO"])
    assert info["apiVersion"] == f"client.authentication.k8s.io/{version}" and info["spec"]["interactive"] is False
    assert info["spec"]["cluster"]["server"] == cluster.url
    assert base64.b64decode(info["spec"]["cluster"]["certificate-authority-data"]).startswith(b"-----BEGIN CERTIFICATE")


@pytest.mark.parametrize("policy", [None, "{}", "{cluster: {execPlugins: false}}"])
def test_a_plugin_that_nobody_allows_does_not_run(place, cluster, use, policy):
    env = {**use(cluster, user=plugin(place)), **(policy_of(place, policy) if policy else {})}
    assert refused(ask(place, "--cluster", *OURS, env=env), "cluster.execPlugins", "hint: ", status=POLICY)
    assert not (place.path / "plugin.log").exists() and cluster.connections == 0


def test_a_plugin_with_a_certificate(place, certificates):
    pair = certificates.client
    status = {"clientCertificateData": pair.cert.read_text(), "clientKeyData": pair.key.read_text()}
    with Kubernetes(KEYS, tokens=None, tls=context(certificates.server, client_ca=certificates.ca)) as fake:
        env = {"KUBECONFIG": str(kubeconfig(place.path, fake, certificates, user=plugin(place, status))), **policy_of(place, ALLOWED)}
        assert opened(ask(place, "--cluster", *OURS, env=env))


@pytest.mark.parametrize("text, word", [
    ("", "no JSON"), ("{}", "no ExecCredential"), ("hello " + TOKEN, "no JSON"),
    (json.dumps({"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", "status": {"token": TOKEN}}), "no ExecCredential"),
    (json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"clientKeyData": TOKEN}}), "neither a token"),
])
def test_what_a_plugin_prints_may_be_wrong(place, cluster, use, text, word):
    env = {**use(cluster, user=plugin(place, text=text)), **policy_of(place, ALLOWED)}
    assert refused(ask(place, "--cluster", *OURS, env=env), "exec plugin", word, status=DATA_ERROR)
    assert cluster.connections == 0


def test_a_plugin_fails(place, cluster, use):
    env = {**use(cluster, user=plugin(place, body="sys.exit(3)")), **policy_of(place, ALLOWED)}
    assert refused(ask(place, "--cluster", *OURS, env=env), "exec plugin", "3", status=DATA_ERROR)


# ------------------------------------------------------------------------------------------------------------ what is refused

@pytest.mark.parametrize("user, part, word, status", [
    (None, {"insecure-skip-tls-verify": True}, "insecure-skip-tls-verify", POLICY),
    (None, {"proxy-url": "http://proxy"}, "proxy-url", DATA_ERROR),
    ({"auth-provider": {"name": "gcp"}}, None, "auth-provider", DATA_ERROR),
    ({"username": "a", "password": "hunter2"}, None, "username", DATA_ERROR),
    ({"token": TOKEN, "as": "admin"}, None, "'as'", DATA_ERROR),
    ({"client-certificate": "x"}, None, "not both", DATA_ERROR),
])
def test_what_a_kubeconfig_may_not_ask_for(place, cluster, use, user, part, word, status):
    result = ask(place, "--cluster", *OURS, env=use(cluster, user=user, cluster=part))
    assert refused(result, "kubeconfig", word, status=status) and b"hunter2" not in result.stderr
    assert cluster.connections == 0


# ------------------------------------------------------------------------------------------------------------ answers

def test_not_there_yet_is_worth_another_try(place, use, certificates):
    with Kubernetes(tls=context(certificates.server)) as fake:
        assert refused(ask(place, "--cluster", *OURS, env=use(fake)), "Secret 'flux-system/sops-keys' not found", "the cluster of context 'test'", status=RETRY)


def test_who_may_not_read_it_is_told_what_would_let_him(place, cluster, use):
    cluster.readable = {"secrets/flux-system/other"}
    assert refused(ask(place, "--cluster", *OURS, env=use(cluster)), "HTTP status 403", "`get` secrets 'sops-keys' in namespace 'flux-system'",
                   "examples/cluster/rbac.yaml", status=DATA_ERROR)


def test_who_is_not_known(place, cluster, use):
    assert refused(ask(place, "--cluster", *OURS, env=use(cluster, user={"token": "other"})), "HTTP status 401", "expired", status=DATA_ERROR)
    assert len(cluster.requests) == 1


@pytest.mark.parametrize("fault, words, status", [
    (faults.status(404, "404 page not found"), ("HTTP status 404", "Kubernetes API"), DATA_ERROR),
    (faults.status(404, {"kind": "Status", "reason": "NotFound", "details": {"kind": "secrets", "name": "other"}}), ("HTTP status 404",), DATA_ERROR),
    (faults.status(200, {"kind": "Secret", "metadata": {"name": "other", "namespace": "flux-system"}}), ("another object",), DATA_ERROR),
    (faults.status(200, {"kind": "Secret", "metadata": {"name": "sops-keys", "namespace": "shop"}}), ("another object",), DATA_ERROR),
    (faults.status(200, {"kind": "SecretList", "items": []}), ("another object",), DATA_ERROR),
    (faults.status(200, {**KEYS, "data": {"age.agekey": "!" + TOKEN}}), ("'age.agekey'", "not base64"), DATA_ERROR),
    (faults.status(200, {**KEYS, "data": {"age.agekey": base64.b64encode(b"no key").decode()}}), ("age.agekey",), DATA_ERROR),
    (faults.no_json, ("not JSON",), DATA_ERROR), (faults.huge, ("too much",), DATA_ERROR), (faults.huge_length, ("too much",), DATA_ERROR),
    (faults.huge_headers, ("too much",), DATA_ERROR), (faults.garbage, ("no HTTP",), DATA_ERROR), (faults.redirect("https://127.0.0.1:1/"), ("307",), DATA_ERROR),
    (faults.status(503), ("HTTP status 503", "3 tries"), RETRY), (faults.status(429), ("HTTP status 429", "3 tries"), RETRY),
    (faults.reset, ("3 tries",), RETRY), (faults.close, ("3 tries",), RETRY), (faults.cut, ("3 tries",), RETRY),
])
def test_answers_that_are_none(place, cluster, use, fault, words, status):
    cluster.fail(fault, times=None)
    assert refused(ask(place, "--cluster", *OURS, env=use(cluster)), "Secret 'flux-system/sops-keys'", *words, status=status)


def test_what_may_pass_is_tried_again(place, cluster, use):
    cluster.fail(faults.status(503), times=1)
    cluster.fail(faults.reset, times=1)
    assert opened(ask(place, "--cluster", *OURS, env=use(cluster)))
    assert len(cluster.requests) == 3


def test_one_that_never_answers(place, cluster, use):
    cluster.fail(faults.slow, times=None)
    assert refused(ask(place, "--cluster", "--timeout", "1", *OURS, env=use(cluster)), "of the cluster", status=RETRY)


def test_nobody_there(place, certificates, use):
    with Kubernetes() as fake:
        pass
    fake.url = f"https://{fake.address}"
    assert refused(ask(place, "--cluster", *OURS, env=use(fake)), f"connecting to '{fake.address}'", status=RETRY)


@pytest.mark.parametrize("pair", ["stranger", "named", "expired"])
def test_tls_trouble(place, certificates, use, pair):
    with Kubernetes(KEYS, tls=context(getattr(certificates, pair))) as fake:
        assert refused(ask(place, "--cluster", *OURS, env=use(fake)), "TLS with", "certificate-authority", status=POLICY)
        assert not fake.requests


def test_the_secret_is_wiped_with_the_run(place, cluster, use):
    """No copy is left in files: neither key nor token."""
    assert opened(ask(place, "--cluster", *OURS, env=use(cluster)))
    identity = KEY.strip().rsplit("\n", 1)[-1].encode()
    for path, _, files in os.walk(place.path):
        for name in files:
            if name != "config":
                assert not {one for one in (identity, TOKEN.encode()) if one in open(os.path.join(path, name), "rb").read()}, name


# ------------------------------------------------------------------------------------------------------------ what a build takes from it

@pytest.fixture
def repo(place):
    """tests/data/flux/repo as the working directory; its Kustomization takes variables from a ConfigMap and a Secret."""
    shutil.copytree(DATA / "flux" / "repo", place.cwd, dirs_exist_ok=True)
    path = place.cwd / "clusters/prod/apps.yaml"
    path.write_text(path.read_text() + "  postBuild:\n    substituteFrom:\n    - {kind: ConfigMap, name: vars}\n    - {kind: Secret, name: vars}\n"
                    "    - {kind: Secret, name: more, optional: true}\n")
    place.write("apps/db/settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: '${A}', b: '${B}'}\n")
    return place


FLUX_KEYS = secret("flux-system", "sops-keys", age_agekey=(DATA / "age.agekey").read_text())
VARS = (config_map("flux-system", "vars", A="one", B="two"), secret("flux-system", "vars", B="canary-variable"))


def build(place, *argv, env, name="apps"):
    return place.run("build", "--kustomize", STUB, "--name", name, *OURS, *argv, ".", env=env)


def test_a_build_takes_variables_from_the_cluster(repo, certificates, use):
    with Kubernetes(FLUX_KEYS, *VARS, tls=context(certificates.server)) as fake:
        result = build(repo, "--cluster", env=use(fake))
        assert result.status == 0, result.message
        assert [one.path.split("/namespaces/flux-system/")[1] for one in fake.requests] == ["secrets/sops-keys", "configmaps/vars", "secrets/vars", "secrets/more"]
        assert b"a: one" in result.stdout and b"b: canary-variable" in result.stdout


def test_the_token_rotates_between_two_lookups(repo, certificates):
    """Each request shows the token of then."""
    with Kubernetes(FLUX_KEYS, *VARS, tls=context(certificates.server)) as fake:
        env = pod(repo.path / "account", fake, certificates)
        shown, usual = [], fake.answer

        def answer(request):
            shown.append(request.headers["authorization"])
            got = usual(request)
            token = f"{TOKEN}-{len(shown)}"
            fake.tokens = {token}
            (repo.path / "account" / "token").write_text(token)
            return got

        fake.answer = answer
        result = build(repo, env=env)
        assert result.status == 0, result.message
        assert shown == [f"Bearer {TOKEN}", *(f"Bearer {TOKEN}-{n}" for n in (1, 2, 3))]


def test_a_variable_source_that_is_not_there(repo, certificates, use):
    with Kubernetes(FLUX_KEYS, VARS[1], tls=context(certificates.server)) as fake:
        result = build(repo, "--cluster", env=use(fake))
        assert refused(result, "ConfigMap 'vars' of 'substituteFrom' is not there", "nor is it in the cluster", status=RETRY)


def test_given_manifests_come_before_the_cluster(repo, certificates, use):
    with Kubernetes(FLUX_KEYS, VARS[1], tls=context(certificates.server)) as fake:
        path = repo.write("vars.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\ndata: {A: mine}\n")
        result = build(repo, "--cluster", "--substitute-from", path, env=use(fake))
        assert result.status == 0 and b"a: mine" in result.stdout, result.message
        assert not [one for one in fake.requests if "configmaps" in one.path]


@pytest.mark.parametrize("name", ["..", "../../../shop/secrets/db", "a?limit=1", "A"])
def test_variable_sources_have_names(repo, certificates, use, name):
    path = repo.cwd / "clusters/prod/apps.yaml"
    path.write_text(path.read_text().replace("{kind: ConfigMap, name: vars}", f"{{kind: ConfigMap, name: '{name}'}}"))
    with Kubernetes(FLUX_KEYS, *VARS, tls=context(certificates.server)) as fake:
        assert refused(build(repo, "--cluster", env=use(fake)), "is not a name of a ConfigMap", status=USAGE)
        assert [one.path for one in fake.requests] == [TARGET]


def flux_objects(repo):
    """The objects of the repository as the API server has them, with what it adds."""
    path = repo.cwd / "clusters/prod/apps.yaml"
    source, apps = yaml.safe_load_all(path.read_text())
    apps["metadata"] |= {"uid": "0-1", "managedFields": [{"manager": "flux", "fieldsV1": {"f:spec": {".": {}}}}]}
    return source, {**apps, "status": {"observedGeneration": 1}}


def test_the_kustomization_itself_from_the_cluster(repo, certificates, use):
    with Kubernetes(FLUX_KEYS, *VARS, *flux_objects(repo), tls=context(certificates.server)) as fake:
        near = build(repo, "--cluster", env=use(fake))
        assert near.status == 0 and not [one for one in fake.requests if "/apis/" in one.path], near.message
        shutil.rmtree(repo.cwd / "clusters")
        far = build(repo, "--cluster", env=use(fake))
        assert (far.status, far.stdout) == (0, near.stdout), far.message
        assert [one.path for one in fake.requests if "/apis/" in one.path] == [
            "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/apps",
            "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/flux-system"]
        # What the source ignores is not in the build.
        source = fake.objects["/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/flux-system"]
        source["spec"]["ignore"] = "/apps/db/settings.yaml\n"
        assert build(repo, "--cluster", env=use(fake)).status != 0


def test_a_kustomization_that_is_nowhere(repo, certificates, use):
    source, apps = flux_objects(repo)
    shutil.rmtree(repo.cwd / "clusters")
    with Kubernetes(FLUX_KEYS, *VARS, apps, tls=context(certificates.server)) as fake:
        assert refused(build(repo, "--cluster", env=use(fake), name="web"), "Kustomization 'flux-system/web' is not in the cluster", status=RETRY)
        assert refused(build(repo, "--cluster", env=use(fake)), "GitRepository 'flux-system/flux-system' is not in the cluster", status=RETRY)
        path = repo.write("source.yaml", yaml.safe_dump(source))
        assert build(repo, "--cluster", "--source", path, env=use(fake)).status == 0
        result = repo.run("build", "--kustomize", STUB, "--name", "apps", "--cluster", ".", env=use(fake))
        assert refused(result, "say its --namespace", status=USAGE)
        apps["spec"]["sourceRef"]["kind"] = "ExternalArtifact"
        assert refused(build(repo, "--cluster", env=use(fake)), "'ExternalArtifact' is not read from the cluster", status=DATA_ERROR)
