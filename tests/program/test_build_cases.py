# SPDX-License-Identifier: Apache-2.0
"""What Flux decrypts in which object, by the numbers of the acceptance cases, through `krm-sops build` with a stub in kustomize's place."""
import base64

import pytest
import yaml

from conftest import DATA
from test_build import APPS, KEYS, STUB, build, objects, plain, refused, repo  # noqa: F401  pylint: disable=unused-import

INSIDE = yaml.safe_load((DATA / "flux/repo/apps/web/inside.yaml").read_text())
SEALED = INSIDE["data"]["conf.json"]
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


def test_case_20_text_in_a_config_map_stays_as_it_is(repo):  # noqa: F811
    put_inside(repo, kind="ConfigMap", data={"conf.json": plain(SEALED)})
    for compat in ((), ("--compat", "flux")):
        assert objects(build(repo, *APPS, *compat))["ConfigMap", "inside"]["data"]["conf.json"] == plain(SEALED)


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
