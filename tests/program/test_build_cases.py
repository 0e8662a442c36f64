# SPDX-License-Identifier: Apache-2.0
"""What Flux decrypts in which object, by the numbers of the acceptance cases, through `krm-sops build` with a stub in kustomize's place."""
import base64
import json

import pytest
import yaml

from conftest import DATA
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
