# SPDX-License-Identifier: Apache-2.0
"""The function, by the numbers of the acceptance cases, where no other test has them: what it must refuse and with which words, what it is run in, and how
much it is given. What needs the real kustomize is in tests/interop/kustomize.py. `make lint` counts that every number has a test.
"""
import base64
import copy
import ctypes
import json
import os
import resource
import shutil
import subprocess

import pytest
import yaml

from conftest import DATA, become_nobody, let_nobody_in, need, program_path
from test_function import ID, KEYS, decrypt_config, items_of, listing, refused, secret, stored

OURS = DATA / "function"


def sealed():
    """An encrypted Secret without its source: nothing of it lies below the working directory."""
    return yaml.safe_load((OURS / "repo/secret.enc.yaml").read_text())


def in_build(item):
    item = copy.deepcopy(item)
    item["metadata"].setdefault("annotations", {})[ID] = "kind: Secret\n"
    return item


def test_case_4_no_key(place):
    item = sealed()
    result = refused(place.run(stdin=listing([item])), "Secret made: no key opens it", "age 'age1", status=1)
    assert "ENC[" not in result.message


def test_case_12_the_mac_of_an_item_without_its_source(place):
    items = listing([in_build(sealed())], decrypt_config({"mac": "verify"}))
    refused(place.run(stdin=items, env=KEYS), "Secret made", "MAC", status=1)
    result = place.run(stdin=listing([in_build(sealed())]), env=KEYS)
    assert items_of(result)[0]["stringData"] and "1 item could not be verified" in result.message
    shutil.copytree(OURS / "repo", place.cwd, dirs_exist_ok=True)
    assert items_of(place.run(stdin=items, env=KEYS))[0]["stringData"]


def test_case_15_an_ini_file_in_envs(place):
    lines = stored("ini").decode().splitlines()
    assert "[sops]" in lines
    data = {line.partition("=")[0].strip(): line.partition("=")[2].encode() for line in lines if line and line[0] not in "#;"}
    refused(place.run(stdin=listing([secret(data)]), env=KEYS), "Secret s: an encrypted INI file came in through 'envs:'", "hint:", status=1)


def test_case_16_a_value_in_the_clear_beside_ciphertext(place):
    """By a patch: told with its path, never with its value; an error where everything is to be verified."""
    item = in_build(sealed())
    item["stringData"]["added"] = "by a patch"
    result = place.run(stdin=listing([item]), env=KEYS)
    assert items_of(result)[0]["stringData"]["added"] == "by a patch"
    assert "stringData.added" in result.message and "by a patch" not in result.message
    result = refused(place.run(stdin=listing([item], decrypt_config({"mac": "verify"})), env=KEYS), "Secret made", status=1)
    assert "by a patch" not in result.message


def test_case_17_a_ciphertext_that_was_copied(place):
    item = in_build(sealed())
    name = sorted(item["stringData"])[0]
    item["stringData"]["copied"] = item["stringData"][name]
    result = refused(place.run(stdin=listing([item]), env=KEYS), "Secret made", "stringData.copied", status=1)
    assert "ENC[" not in result.message


def test_case_18_an_encrypted_kind(place):
    """kustomize can not build with it; a generator reads it from its file, and in a pipe it is decrypted."""
    path = DATA / "ksops/repo/secret-c.enc.yaml"
    item, plain = yaml.safe_load(path.read_text()), [yaml.safe_load(base64.b64decode(json.loads((DATA / "ksops/plain.json").read_text())[path.name]))]
    result = refused(place.run(stdin=listing([in_build(item)]), env=KEYS), "'kind' is encrypted", "encrypted_regex: ^(data|stringData)$", status=1)
    assert result.message.startswith("krm-sops: (encrypted) (encrypted)") and "ENC[" not in result.message
    assert items_of(place.run(stdin=listing([item]), env=KEYS)) == plain
    shutil.copy(path, place.cwd / "c.yaml")
    config = {"apiVersion": "viaduct.ai/v1", "kind": "ksops", "metadata": {"name": "g"}, "files": ["c.yaml"]}
    assert items_of(place.run(stdin=listing([config], config), env=KEYS)) == plain


def in_a_container():
    """For preexec_fn: nobody, without a network, as docker runs a function (`--user nobody --network none`)."""
    if ctypes.CDLL(None, use_errno=True).unshare(0x40000000) != 0:  # CLONE_NEWNET
        raise OSError(ctypes.get_errno(), "unshare")
    become_nobody()


def container(place, stdin, *argv, **env):
    """No HOME, nothing of the caller's environment; the working directory is nobody's to write to."""
    env = {name: value for name, value in place.env(LOG_TO_STDERR="true", STRUCTURED_RESULTS="true", **env).items() if name not in ("HOME", "TMPDIR", "PATH")}
    return subprocess.run([program_path(), *map(str, argv)], input=stdin, env=env, cwd="/", capture_output=True, timeout=30, check=False, preexec_fn=in_a_container)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_case_44_in_a_container(place):
    need(in_a_container)
    keys = place.path / "keys"
    keys.mkdir()
    shutil.copy(DATA / "age.agekey", keys)
    let_nobody_in(keys)
    items = listing([secret({"a.yaml": stored("yaml")})])
    done = container(place, items, KRM_SOPS_KEYS_FLAT=str(keys))
    assert done.returncode == 0, done.stderr
    assert "sops" not in base64.b64decode(yaml.safe_load(done.stdout)["items"][0]["data"]["a.yaml"]).decode()
    # A key that only the network has: told at once, and the list comes back as it was.
    kms = {"kms": [{"arn": "arn:aws:kms:eu-central-1:111122223333:key/1", "created_at": "2026-01-01T00:00:00Z", "enc": "AQI=", "aws_profile": ""}],
           "lastmodified": "2026-01-01T00:00:00Z", "mac": "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]", "version": "3.13.3"}
    item = secret(stringData={"a": "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]"}, sops=kms)
    done = container(place, listing([item]), AWS_ACCESS_KEY_ID="AKIA1", AWS_SECRET_ACCESS_KEY="secret")
    assert done.returncode == 75, done.stderr
    assert b"kms.eu-central-1.amazonaws.com" in done.stderr or b"arn:aws:kms" in done.stderr
    out = yaml.safe_load(done.stdout)
    assert out["items"] == [item] and out["results"][0]["severity"] == "error" and b"secret" not in done.stderr.replace(b"Secret", b"")


def test_case_45_a_key_that_kustomize_dropped(place):
    """`envs:` of an exec function: an age key has no '=' and arrives; what did not is not there to be told of, but where to look is."""
    config = decrypt_config(annotations={"config.kubernetes.io/function": 'exec: {path: krm-sops, envs: ["SOPS_AGE_KEY_CMD=cat key=1"]}\n'})
    items = [secret({"a.yaml": stored("yaml")})]
    refused(place.run(stdin=listing(items, config)), "no key opens it", "hint: of `exec: {envs: [...]}` kustomize drops what has a second '='", status=1)
    key = next(line for line in (DATA / "age.agekey").read_text().splitlines() if line.startswith("AGE-SECRET-KEY-"))
    assert items_of(place.run(stdin=listing(items, config), env={"SOPS_AGE_KEY": key}))
    config["metadata"].pop("annotations")
    assert "hint: of `exec:" not in place.run(stdin=listing(items, config)).message


def test_case_48_items_that_look_alike(place):
    items = [secret({"a.yaml": stored("yaml")}), secret({"a.yaml": stored("yaml")})]
    out = items_of(place.run(stdin=listing(items), env=KEYS))
    assert len(out) == 2 and out[0] == out[1]


def bounded():
    """A gigabyte of address space: three times what the 20 MB take."""
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))


@pytest.mark.parametrize("items", [[("big", 20_000_000)], [(f"c{n}", 20) for n in range(10_000)]], ids=["20 MB", "10,000 items"])
def test_case_49_much_input(place, plain_program, items):
    """Time and memory are bounded: run.py's benchmark holds them to be linear."""
    texts = "".join(f"- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: {name}\n  data:\n    a: {'x' * size}\n" for name, size in items)
    sealed_item = yaml.safe_dump([in_build(sealed())], width=10**6)
    stdin = f"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n{texts}{sealed_item}".encode()
    done = subprocess.run([plain_program], input=stdin, env=place.env(**KEYS), cwd=place.cwd, capture_output=True, timeout=30, check=False, preexec_fn=bounded)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(stdin[:len(stdin) - len(sealed_item)]) and b"ENC[" not in done.stdout
