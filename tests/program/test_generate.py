# SPDX-License-Identifier: Apache-2.0
"""The generator: as far as somebody who may only write its config can wear out the machine that runs it, and what it lets through."""
import base64

import pytest
import yaml

from conftest import DATA

ATTACKS = DATA / "attacks"
TOKEN = b"ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]"
MEBI = 1024 * 1024


def test_one_file_named_often_is_bounded(place):
    with (place.cwd / "big.bin").open("wb") as file:
        file.truncate(60 * MEBI)
    config = {"apiVersion": "viaduct.ai/v1", "kind": "ksops", "metadata": {"name": "x"}, "files": ["big.bin"] * 100}
    items = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "functionConfig": config, "items": []}
    result = place.run(stdin=yaml.safe_dump(items).encode())
    assert result.status == 1
    assert result.stdout == b""
    assert "manifest.Files: the files have more than 268435456 bytes in all" in result.message


def generate(place, files, **env):
    config = {"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Decrypt", "metadata": {"name": "g"}, "spec": {"mode": "generate", "mac": "ignore", "files": files}}
    items = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "functionConfig": config, "items": []}
    policy = place.write("policy.yaml", "apiVersion: krm-sops.dev/v1alpha1\nkind: Policy\nspec: {mac: ignore}\n")
    policy.chmod(0o600)
    return place.run(stdin=yaml.safe_dump(items).encode(), env={"SOPS_AGE_KEY_FILE": str(ATTACKS / "age.agekey"), "KRM_SOPS_POLICY": str(policy), **env})


def secret(value, **metadata):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "deep", **metadata}, "data": {"a": base64.b64encode(value).decode()}}


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_secrets_in_lists_are_looked_at_for_ciphertext(place, depth):
    """Its base64 is undone wherever a Secret stands; the file's rule names stringData alone, so `data` is its author's own text."""
    sops = {**yaml.safe_load((ATTACKS / "secret.yaml").read_text())["sops"], "encrypted_regex": "^stringData$"}

    def write(inner):
        for _ in range(depth):
            inner = {"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}, inner]}
        place.write("list.yaml", yaml.safe_dump({**inner, "sops": sops}))
        return generate(place, ["list.yaml"])

    result = write(secret(TOKEN))
    assert (result.status, result.stdout) == (1, b"")
    assert ("Secret deep: " if depth else "") + "data.a: ciphertext is left" in result.message
    result = write(secret(b"plain"))
    assert result.status == 0, result.message
    excepted = write(secret(TOKEN, annotations={"kustomize.toolkit.fluxcd.io/decrypt": "disabled"}))
    assert excepted.status == 0, excepted.message
