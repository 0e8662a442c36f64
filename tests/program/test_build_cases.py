# SPDX-License-Identifier: Apache-2.0
"""What Flux decrypts in which object, by the numbers of the acceptance cases, through `krm-sops build` with a stub in kustomize's place."""
import base64
import json

import pytest
import yaml
from fakes import secrets
from fakes.base import Trap
from fakes.documents import CREATED

from conftest import DATA
from test_function import DIFFERS, FORMATS, KEY_OF
from test_build import APPS, KEYS, STUB, build, objects, plain, refused, repo  # noqa: F401  pylint: disable=unused-import

INSIDE = yaml.safe_load((DATA / "flux/repo/apps/web/inside.yaml").read_text())
SEALED = INSIDE["data"]["conf.json"]
PLAIN = ("--name", "plain", "--namespace", "flux-system")
OPEN = '{\n\t"a": 1,\n\t"secret": "in-side"\n}\n'


def put_inside(place, **parts):
    item = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "inside"}, **parts}
    place.write("apps/web/inside.yaml", yaml.safe_dump(item))


@pytest.mark.parametrize("word, opened", [("disabled", False), ("Disabled", False), ("DISABLED", False), (" disabled", True), ("false", True)])
def test_case_19_the_annotation_that_says_no(repo, word, opened):  # noqa: F811
    put_inside(repo, metadata={"name": "inside", "annotations": {"kustomize.toolkit.fluxcd.io/decrypt": word}}, data=INSIDE["data"])
    data = objects(build(repo, *APPS))["Secret", "inside"]["data"]
    assert data["conf.json"] == SEALED if not opened else plain(data["conf.json"]) == OPEN


@pytest.mark.parametrize("kind", ["ConfigMap", "Thing"])
def test_case_20_objects_of_any_kind(repo, kind):  # noqa: F811
    text = (repo.cwd / "apps/db/secret.yaml").read_text()
    repo.write("apps/db/secret.yaml", text.replace("kind: Secret", f"kind: {kind}"))
    item = objects(build(repo, *APPS))[kind, "db"]
    assert item["stringData"]["user"] == "orders" and "sops" not in item


@pytest.mark.parametrize("kind, part", [("ConfigMap", "data"), ("ConfigMap", "binaryData"), ("Thing", "spec")])
def test_case_20_text_in_other_kinds_is_an_error(repo, kind, part):  # noqa: F811
    """Flux applies it as it is; so do we, when asked to, and say so."""
    text = SEALED if part == "binaryData" else plain(SEALED)
    put_inside(repo, kind=kind, **{part: {"conf.json": text}})
    refused(build(repo, *APPS), f"{kind} inside", f"{part}.conf.json: ciphertext is left", "hint:", "--compat flux")
    result = build(repo, *APPS, "--compat", "flux")
    assert objects(result)[kind, "inside"][part]["conf.json"] == text
    assert f"warning: {kind} inside: {part}.conf.json: ciphertext is left" in result.message


def test_case_20_where_nothing_is_to_be_decrypted(repo):  # noqa: F811
    """A ConfigMap Flux applies; it is a Secret with `sops` that it does not."""
    repo.write("apps/db/kustomization.yaml", "resources: [settings.yaml]\n")
    repo.write("apps/db/settings.yaml", yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": plain(SEALED)}}))
    result = refused(build(repo, *PLAIN), "ConfigMap settings: data.a: ciphertext is left", "so does '--compat flux'")
    assert "does not apply" not in result.message
    assert ("ConfigMap", "settings") in objects(build(repo, *PLAIN, "--compat", "flux"))


def test_case_20_its_author_may_except_it(repo):  # noqa: F811
    put_inside(repo, kind="ConfigMap", metadata={"name": "inside", "annotations": {"kustomize.toolkit.fluxcd.io/decrypt": "disabled"}}, data={"a": plain(SEALED)})
    result = build(repo, *APPS)
    assert objects(result)["ConfigMap", "inside"]["data"]["a"] == plain(SEALED) and result.message == ""


def test_case_20_a_token_alone_is_ciphertext(repo):  # noqa: F811
    token = json.loads(plain(SEALED))["secret"]
    put_inside(repo, kind="ConfigMap", data={"url": f"https://user:{token}@host/"})
    refused(build(repo, *APPS), "ConfigMap inside", "data.url: ciphertext is left")
    put_inside(repo, kind="ConfigMap", data={"about": "values look like ENC[AES256_GCM,data:..."})
    assert objects(build(repo, *APPS))["ConfigMap", "inside"]


def test_case_20_without_keys_it_fails_as_well(repo):  # noqa: F811
    put_inside(repo, kind="ConfigMap", data={"conf.json": plain(SEALED)})
    refused(build(repo, *APPS, "--placeholder", keys=False), "ConfigMap inside", "data.conf.json: ciphertext is left")


def test_case_20_a_variable_that_brings_it_along(repo):  # noqa: F811
    put_inside(repo, kind="ConfigMap", data={"a": "${A}"})
    path = repo.cwd / "clusters/prod/apps.yaml"
    token = json.loads(plain(SEALED))["secret"]
    path.write_text(path.read_text() + f"  postBuild: {{substitute: {{A: '{token}'}}}}\n")
    refused(build(repo, *APPS), "ConfigMap inside", "data.a: ciphertext is left")
    result = build(repo, *APPS, "--compat", "flux")
    assert objects(result)["ConfigMap", "inside"]["data"]["a"] == token
    assert "warning: ConfigMap inside: data.a: ciphertext is left" in result.message


def test_leaves_a_sops_secret_to_its_operator_where_nothing_is_decrypted(repo):  # noqa: F811
    text = (repo.cwd / "apps/db/secret.yaml").read_text()
    repo.write("apps/db/secret.yaml", text.replace("kind: Secret", "kind: SopsSecret").replace("apiVersion: v1", "apiVersion: isindir.github.com/v1alpha3"))
    item = objects(build(repo, *PLAIN))["SopsSecret", "db"]
    assert item["sops"]["mac"].startswith("ENC[")
    # Flux decrypts any object with `sops` where it decrypts at all.
    assert "sops" not in objects(build(repo, *APPS))["SopsSecret", "db"]


def test_case_22_text_in_string_data(repo):  # noqa: F811
    put_inside(repo, stringData={"conf.json": plain(SEALED)})
    result = build(repo, *APPS, "--compat", "flux")
    assert objects(result)["Secret", "inside"]["stringData"]["conf.json"] == plain(SEALED)
    refused(build(repo, *APPS), "Secret inside", "stringData.conf.json", "ciphertext is left")


def test_case_32_a_tree_that_is_decrypted_needs_no_key(repo):  # noqa: F811
    first = repo.run("build", "--kustomize", STUB, "apps/prod", env=KEYS)
    sealed = [path for path in (repo.cwd / "apps").rglob("*") if path.is_file() and (".enc" in path.name or path.name == "secret.yaml")]
    for path in sealed:
        done = repo.run("decrypt", path, env=KEYS)
        assert done.status == 0, done.message
        path.write_bytes(done.stdout)
    put_inside(repo, data={**INSIDE["data"], "conf.json": base64.b64encode(OPEN.encode()).decode()})
    assert len(sealed) == 6
    second = repo.run("build", "--kustomize", STUB, "apps/prod")
    assert objects(second) == objects(first)


# ------------------------------------------------------------------------------------------------------- case 23

def kinds_of_keys(entry):
    """(key, what the API server gets, or None for an error) for the 13 names of keys."""
    return [(key, None if (entry["name"], output) in DIFFERS else entry["as"][output]) for output, keys in KEY_OF.items() for key in keys]


@pytest.mark.parametrize("compat", [(), ("--compat", "flux")], ids=["ours", "flux"])
@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: entry["name"])
def test_case_23_each_kind_under_each_key(repo, entry, compat):  # noqa: F811
    keys = kinds_of_keys(entry)
    good = {key: want for key, want in keys if want is not None}
    put_inside(repo, data={**dict.fromkeys(good, entry["text"]), "other": "eA=="})
    assert objects(build(repo, *APPS, *compat))["Secret", "inside"]["data"] == {**good, "other": "eA=="}
    bad = [key for key, want in keys if want is None]
    put_inside(repo, data=dict.fromkeys(bad, entry["text"]))
    if bad:
        refused(build(repo, *APPS, *compat), *(f"Secret inside: data.{key}: " for key in bad))


# ------------------------------------------------------------------------------------------------------- case 33

AGE = (DATA / "age.agekey").read_text()
OTHER = (DATA / "other.agekey").read_text()
JUNK = "nothing that anybody knows"
AZURE_TREE = "tenantId: t\nclientId: c\n"
# name of the data key, its value, the words of the refusal; None: taken or not looked at. krm-and-flux.md 4.3
IMPORTS = {
    "age comments only": ("b.agekey", "# nothing\n\n", None),
    "age empty": ("b.agekey", "", None),
    "age several": ("b.agekey", OTHER + OTHER, None),
    "age CRLF": ("b.agekey", OTHER.replace("\n", "\r\n"), None),
    "age without a name": (".agekey", OTHER, None),
    "age plugin": ("b.agekey", "AGE-PLUGIN-YUBIKEY-1QGPQ2W\n", None),
    "age junk": ("b.agekey", JUNK, "failed to import 'b.agekey' data from sops decryption Secret 'flux-system/sops-keys'"),
    "age of SSH": ("b.agekey", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n", "failed to import 'b.agekey'"),
    "age cut": ("b.agekey", OTHER.splitlines()[-1][:-4] + "\n", "failed to import 'b.agekey'"),
    "age recipient": ("b.agekey", "age10ymv8w7s5ddtskg568lk2g4uxddwfh9myhyluc3kts3ex97erq4swq4t84\n", "failed to import 'b.agekey'"),
    "pgp junk": ("a.asc", JUNK, "failed to import 'a.asc' data from sops decryption Secret 'flux-system/sops-keys'"),
    "pgp empty": ("a.asc", "", "failed to import 'a.asc'"),
    "pgp without a name": (".asc", JUNK, "failed to import '.asc'"),
    "vault token": ("sops.vault-token", " s.token \n", None),
    "vault token empty": ("sops.vault-token", " \n", None),
    "aws": ("sops.aws-kms", "aws_access_key_id: a\naws_secret_access_key: b\naws_session_token: c\nmore: 1\n", None),
    "aws JSON": ("sops.aws-kms", '{"aws_access_key_id": "a"}', None),
    "aws empty map": ("sops.aws-kms", "{}\n", None),
    "aws INI": ("sops.aws-kms", "[default]\naws_access_key_id = a\n", "failed to import 'sops.aws-kms'"),
    "aws text": ("sops.aws-kms", JUNK, "failed to import 'sops.aws-kms'"),
    "azure secret": ("sops.azure-kv", AZURE_TREE + "clientSecret: s\n", None),
    "azure managed": ("sops.azure-kv", "clientId: c\n", None),
    "azure password": ("sops.azure-kv", "tenant: t\nappId: a\npassword: p\n", None),
    "azure UTF-16": ("sops.azure-kv", ("\ufeff" + AZURE_TREE + "clientSecret: s\n").encode("utf-16-le"), None),
    "azure certificate": ("sops.azure-kv", AZURE_TREE + "clientCertificate: eA==\n", "failed to import 'sops.azure-kv'"),
    "azure nothing": ("sops.azure-kv", "tenantId: t\n", "failed to import 'sops.azure-kv'"),
    "azure text": ("sops.azure-kv", JUNK, "failed to import 'sops.azure-kv'"),
    "azure empty": ("sops.azure-kv", "", "failed to import 'sops.azure-kv'"),
    "gcp empty": ("sops.gcp-kms", "", "failed to import 'sops.gcp-kms'"),
    "gcp text": ("sops.gcp-kms", JUNK, "failed to import 'sops.gcp-kms'"),
    "gcp without type": ("sops.gcp-kms", "{}", "failed to import 'sops.gcp-kms'"),
    "gcp unknown type": ("sops.gcp-kms", '{"type": "x"}', "failed to import 'sops.gcp-kms'"),
    "gcp user": ("sops.gcp-kms", '{"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"}', None),
    "vault by another name": ("x.vault-token", JUNK, None),
    "aws by another name": ("my.aws-kms", JUNK, None),
    "age by another case": ("a.AGEKEY", JUNK, None),
    "age by another suffix": ("a.agekey.bak", JUNK, None),
    "anything": ("README", JUNK, None),
}


@pytest.mark.parametrize("name", IMPORTS)
def test_case_33_what_a_key_secret_holds(repo, name):  # noqa: F811
    """One data key more, beside the one that opens the documents."""
    key, value, words = IMPORTS[name]
    (repo.path / "keys/flux-system/sops-keys" / key).write_bytes(value if isinstance(value, bytes) else value.encode())
    result = build(repo, *APPS)
    if words is None:
        assert objects(result)["Secret", "db"]["stringData"]["user"] == "orders"
    else:
        refused(result, words)
        assert JUNK not in result.message


# ------------------------------------------------------------------------------------------------------- case 35

@pytest.mark.parametrize("own", [False, True], ids=["ambient", "of the Secret"])
def test_case_35_a_vault_that_nobody_allows(repo, own):  # noqa: F811
    """The address stands in the document; nothing is sent there."""
    with Trap() as trap:
        entry = {"vault_address": f"http://{trap.address}", "engine_path": "sops", "key_name": "k", "created_at": CREATED, "enc": "vault:v1:eA=="}
        repo.write("apps/db/secret.yaml", secrets.text(0, hc_vault=[entry]))
        if own:
            (repo.path / "keys/flux-system/sops-keys/sops.vault-token").write_text("s.token")
        result = build(repo, *APPS, env={} if own else {"VAULT_TOKEN": "s.token"})
        refused(result, "lets a Vault token be sent to", trap.address, "hint:", status=77)
        assert "s.token" not in result.message and trap.connections == 0
