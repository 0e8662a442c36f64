# SPDX-License-Identifier: Apache-2.0
"""Streams of manifests through `filter`: shapes in which ciphertext could get through unseen. Nothing comes out of any that is not decrypted."""
import pathlib

import pytest
import yaml

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "attacks"
TOKEN = "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]"
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"password": TOKEN}}


def in_list(*items, **more):
    return {"apiVersion": "v1", "kind": "List", "items": list(items), **more}


def text_of(*documents):
    return "---\n".join(yaml.safe_dump(document, sort_keys=False, width=10**6) for document in documents).encode()


@pytest.mark.parametrize("document", [
    in_list(SECRET),
    in_list(in_list(SECRET)),
    in_list(in_list(in_list(SECRET))),
    {**SECRET, "stringData": {"<<": {"password": TOKEN}}},
    {"metadata": {"name": "a"}, "<<": {"kind": "Secret", "stringData": {"password": TOKEN}}},
    # a list with metadata of its own is one document, as sops wrote it
    in_list({"kind": "ConfigMap", "data": {"password": TOKEN}}, sops={"mac": TOKEN}),
    {"kind": "AllowList", "items": [TOKEN], "sops": {"mac": TOKEN}},
])
def test_ciphertext_in_odd_places_is_refused(run, document):
    result = run("filter", stdin=text_of({"kind": "ConfigMap"}, document))
    assert result.status != 0 and not result.crashed
    assert result.stdout == b""
    assert TOKEN not in result.message


@pytest.mark.parametrize("document", [in_list(SECRET), in_list(in_list(SECRET))])
def test_a_list_as_an_item_is_looked_through(run, document):
    items = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [document]}
    result = run(stdin=text_of(items))
    assert result.status == 1
    assert result.stdout == b""
    assert "Secret a: stringData.password: ciphertext is left" in result.message


def test_lists_in_lists_are_decrypted(place):
    place.copy("attacks/age.agekey")
    secret = yaml.safe_load((DATA / "secret.yaml").read_text())
    result = place.run("filter", stdin=text_of(in_list(in_list(secret))), env={"SOPS_AGE_KEY_FILE": "age.agekey"})
    assert result.status == 0, result.message
    assert b"ENC[" not in result.stdout and b"sops:" not in result.stdout
    assert b"attack-" in result.stdout


def test_a_copy_that_was_changed_is_not_taken_for_the_source(place):
    """It has the MAC and all ciphertexts, comes first by its name, and lacks a value that only the MAC knows of."""
    place.copy("attacks/age.agekey")
    text = (DATA / "secret.yaml").read_text()
    place.write("b.yaml", text)
    changed = text.replace("metadata:\n", "metadata:\n    annotations:\n        by: hand\n", 1)
    assert changed != text
    place.write("a.yaml", changed)
    done = place.run("filter", stdin=text.encode(), env={"SOPS_AGE_KEY_FILE": "age.agekey"})
    assert done.status == 0 and b"attack-" in done.stdout, done.message
    done = place.run("filter", stdin=changed.encode(), env={"SOPS_AGE_KEY_FILE": "age.agekey"})
    assert done.status != 0 and done.stdout == b"" and "MAC" in done.message


def test_many_keys_beside_many_ciphertexts_take_no_square_of_time(place):
    """Forty thousand of each: a look through all of the ones for each of the others took half a minute in a sanitized build."""
    sops = yaml.safe_dump({"sops": yaml.safe_load((DATA / "secret.yaml").read_text())["sops"]}, width=10**6)
    data = "".join(f"  k{i:06}: {TOKEN}\n" for i in range(40000))
    beside = "".join(f"  z{i:06}: x\n" for i in range(40000))
    text = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\ndata:\n{data}stringData:\n{beside}{sops}"
    place.write("secret.yaml", text)
    result = place.run("filter", stdin=text.encode(), timeout=15)
    assert result.status != 0 and not result.crashed
    assert result.stdout == b""
