# SPDX-License-Identifier: Apache-2.0
"""Tenants of a sidecar: one socket and one key set each, by the operator's policy. Who may have what opened, what those hear that may not, and what becomes of
it when the policy is broken, or another."""
import json
import os
import shutil
import statistics
import subprocess
import time

import pytest
import yaml

from conftest import DATA
from grpc_client import call, question
from sidecar import Sidecar, sidecars, until

SETS = ("a", "b", "both", "narrow", "empty", "plain")
DOCUMENTS = {"a": (DATA / "attacks/secret.yaml").read_bytes(), "b": (DATA / "bad/secret.yaml").read_bytes()}
AGE = {name: yaml.safe_load(text)["sops"]["age"][0] for name, text in DOCUMENTS.items()}
KEYS = {"a": DATA / "attacks/age.agekey", "b": DATA / "bad/keys/age.agekey"}
OPENS = {("a", "a"), ("b", "b"), ("both", "a"), ("plain", "b")}  # (key set, document)
NOTHING = "no key of this key set opens it"


def policy(place, **sets):
    path = place.write("policy.yaml", yaml.safe_dump({"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Policy", "spec": {"keySets": sets}}))
    path.chmod(0o600)
    return path


def folder(place, *names):
    made = place.path / "-".join(("keys", *names))
    made.mkdir(exist_ok=True)
    for name in names:
        shutil.copy(KEYS[name], made / f"{name}.agekey")
    return str(made)


@pytest.fixture
def usual(place):
    """Each in its own way: a key of its own; both keys and the right to one of them; a key and no right to any; none at all."""
    return {"a": {"folder": folder(place, "a"), "keys": {"age": [AGE["a"]["recipient"]]}}, "b": {"folder": folder(place, "b")},
            "both": {"folder": folder(place, "a", "b"), "keys": {"age": [AGE["a"]["recipient"]]}}, "narrow": {"folder": folder(place, "a"), "keys": {"age": []}},
            "empty": {"folder": folder(place)}}


@pytest.fixture
def tenants(place, usual):
    """A socket for each, and one with the sidecar's own keys, which are those of b; in its environment lies that of a."""
    run = place.path / "run"
    listens = [word for name in SETS[1:] for word in ("--listen", f"unix://{run}/{name}.sock" + (f"={name}" if name in usual else ""))]
    with sidecars(place) as start:
        sidecar = start(*listens, "--keys-flat", folder(place, "b"), keyset="=a", socket_name="a.sock", env={"KRM_SOPS_POLICY": str(policy(place, **usual))})
        yield sidecar


def socket_of(tenants, name):
    return tenants.folder / f"{name}.sock"


# What is asked: (sidecar's socket, document) to whether it was opened, and what was said where it was not.

def http(path, body=lambda text: text):
    def ask(place, tenants, name, document):
        answer = tenants.post(path, body(DOCUMENTS[document]), where=socket_of(tenants, name))
        return answer.status == 200, (answer.status, answer.body if answer.status != 200 else b"")
    return ask


def listing(text):
    return yaml.safe_dump({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [yaml.safe_load(text)]}).encode()


def client(place, tenants, name, document):
    file = place.write(f"{document}.yaml", DOCUMENTS[document])
    result = place.run("decrypt", "--socket", socket_of(tenants, name), file)
    return result.status == 0, (result.status, result.message)


def key_service(place, tenants, name, document):
    answer = call(place, socket_of(tenants, name), question(AGE[document]))
    return answer.status == 0, (answer.status, answer.fields.get("grpc-message"))


@pytest.mark.parametrize("ask", [http("/v1/decrypt?input-type=yaml"), http("/v1/filter"), http("/v1/resourcelist", listing), client, key_service],
                         ids=["decrypt", "filter", "resourcelist", "client", "key-service"])
def test_each_has_its_own_and_nothing_of_anothers(place, tenants, ask):
    """Whatever the reason that it does not, a tenant hears the same of the same document; the audit has the true one."""
    heard = {"a": set(), "b": set()}
    for name in SETS:
        for document in DOCUMENTS:
            opened, said = ask(place, tenants, name, document)
            assert opened == ((name, document) in OPENS), (name, document, said)
            if not opened and name != "plain":
                assert NOTHING in str(said)
                heard[document].add(said)
    assert [len(said) for said in heard.values()] == [1, 1]
    for line in tenants.audit():
        name = line.get("keySet", "plain")
        document = next(key for key in AGE if AGE[key]["recipient"] == line["key"])
        assert line["opened"] == ((name, document) in OPENS) and line["socket"] == str(socket_of(tenants, name))
        if not line["opened"]:
            refused = (name, document) in {("a", "b"), ("both", "b"), ("narrow", "a"), ("narrow", "b")}
            assert ("not allowed by the operator's policy" in line["why"]) == refused, line


def test_how_long_it_takes_tells_nothing(place, tenants):
    """Refused by the policy, which needs no look at the key, or tried with all that there is: a failure comes at a multiple of ten milliseconds."""
    times = {}
    for name in ("narrow", "a", "b", "empty"):
        document = "b" if name == "a" else "a"
        times[name] = []
        for _ in range(25):
            began = time.monotonic()
            assert tenants.post("/v1/decrypt?input-type=yaml", DOCUMENTS[document], where=socket_of(tenants, name)).status == 422
            times[name].append(time.monotonic() - began)
    least = [min(values) for values in times.values()]
    assert min(least) >= 0.009 and max(least) - min(least) < 0.008, {name: (min(values), statistics.median(values)) for name, values in times.items()}


def test_a_tenant_can_not_ask_for_anothers_secret_ref(place, tenants):
    """What a functionConfig names is looked for among the tenant's own keys."""
    items = yaml.safe_load(listing(DOCUMENTS["a"]))
    items["functionConfig"] = {"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Decrypt", "metadata": {"name": "x", "namespace": "flux-system"},
                               "spec": {"decryption": {"provider": "sops", "secretRef": {"name": "../keys-a"}}}}
    for name in ("b", "empty", "narrow"):
        answer = tenants.post("/v1/resourcelist", yaml.safe_dump(items).encode(), where=socket_of(tenants, name))
        assert answer.status in (400, 403, 422), answer.body


def test_all_sockets_have_what_the_environment_gives(place):
    """The first that looks takes it out of the environment, so that no other process sees it."""
    text = next(line for line in KEYS["a"].read_text().splitlines() if line.startswith("AGE-SECRET-KEY-"))
    path = policy(place, c={"ambient": True}, d={"ambient": False}, e={})
    run = place.path / "run"
    with sidecars(place) as start:
        sidecar = start("--listen", f"unix://{run}/b.sock", "--listen", f"unix://{run}/c.sock=c", "--listen", f"unix://{run}/d.sock=d",
                        "--listen", f"unix://{run}/e.sock=e", env={"SOPS_AGE_KEY": text, "KRM_SOPS_POLICY": str(path)})
        statuses = {name: sidecar.post("/v1/decrypt?input-type=yaml", DOCUMENTS["a"], where=run / f"{name}.sock").status for name in "sbcde"}
        assert statuses == {"s": 200, "b": 200, "c": 200, "d": 422, "e": 422}


# The policy itself


@pytest.mark.parametrize("text, mode, status, told", [
    ("spec: [", 0o600, 1, "policy.yaml"),
    ("apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: {keySets: {a: {folders: /x}}}", 0o600, 1, "spec.keySets.a"),
    ("apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: {keySets: {a: {folder: keys}}}", 0o600, 1, "is not an absolute path"),
    ("apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: {keySets: {a: {ambient: maybe}}}", 0o600, 1, "is neither true nor false"),
    ("apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: {keySets: {a: {peers: {uids: [root]}}}}", 0o600, 1, "no number of a user or group"),
    ("apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: {keySets: {'a/b': {}}}", 0o600, 1, "a name that no socket can have"),
    ("apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: {keySets: {b: {}}}", 0o600, 2, "has no key set 'a'"),
    ("apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: {keySets: {a: {folder: /nonexistent}}}", 0o600, None, "/nonexistent"),
    ("apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: {keySets: {a: {}}}", 0o620, 77, "may be written by others"),
    ("", 0o600, None, "policy.yaml"),
    (None, 0o600, 1, "cannot read policy"),
])
def test_a_policy_that_is_wrong_is_the_end(place, text, mode, status, told):
    path = place.cwd / "policy.yaml"
    if text is not None:
        path.write_text(text)
        path.chmod(mode)
    sidecar = Sidecar(place, keyset="=a", env={"KRM_SOPS_POLICY": str(path)})
    got = sidecar.process.wait(20)
    assert got != 0 and (status is None or got == status) and told in sidecar.log, sidecar.log
    assert not sidecar.socket.exists()


def test_a_policy_that_is_broken_later_leaves_all_as_it_was(place, tenants, usual):
    for number, text in enumerate(("spec: [", yaml.safe_dump({"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Policy", "spec": {"keySets": {"a": usual["a"]}}}))):
        (place.cwd / "policy.yaml").write_text(text)
        until(lambda: tenants.metric("krm_sops_reload_failures_total") > number, "the failed reload")
        opened = {(name, document) for name in SETS for document in DOCUMENTS
                  if tenants.post("/v1/decrypt?input-type=yaml", DOCUMENTS[document], where=socket_of(tenants, name)).status == 200}
        assert opened == OPENS
    assert "policy.yaml" in tenants.log and "has no key set 'b'" in tenants.log


def test_another_policy_is_in_effect_within_seconds(place, tenants, usual):
    usual["a"]["keys"] = {"age": []}
    usual["narrow"]["keys"] = {"age": [AGE["a"]["recipient"]]}
    policy(place, **usual)
    ask = lambda name: tenants.post("/v1/decrypt?input-type=yaml", DOCUMENTS["a"], where=socket_of(tenants, name)).status
    until(lambda: (ask("a"), ask("narrow")) == (422, 200), "the new policy")
    assert tenants.metric("krm_sops_worker_restarts_total") == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be somebody else")
def test_who_may_connect_is_the_policys_word_at_any_time(place, tenants, usual):
    """Argo CD's plugins have a uid of their own: let in by `peers`, and out again."""
    for above in [place.path, *place.path.parents]:
        if above.stat().st_mode & 0o005 != 0o005 and str(above).startswith("/tmp"):
            above.chmod(above.stat().st_mode | 0o055)
    path = socket_of(tenants, "a")
    path.chmod(0o666)

    def ask():
        code = ("import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.send(b'GET /healthz HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n');"
                "print(s.recv(100)[9:12].decode())")
        return subprocess.run(["/usr/bin/python3", "-c", code, str(path)], user=4711, group=4712, extra_groups=[], capture_output=True, text=True, cwd="/",
                              check=False).stdout.strip()

    assert ask() == "403"
    usual["a"]["peers"] = {"uids": [4711]}
    policy(place, **usual)
    until(lambda: ask() == "200", "the peer's entry")
    del usual["a"]["peers"]
    policy(place, **usual)
    until(lambda: ask() == "403", "its end")
    assert json.loads(tenants.request("GET", "/readyz", where=path).body)["keySets"] == len(SETS)
