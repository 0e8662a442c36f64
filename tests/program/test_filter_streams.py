# SPDX-License-Identifier: Apache-2.0
"""`krm-sops filter`, the ordinary ways: a stream of manifests in, the same stream decrypted out. Documents of the real sops (tests/data/function) and a build of
the real kustomize (examples/demo).
"""
import base64
import json
import shutil

import pytest
import yaml

from conftest import DATA, ROOT

DEMO = ROOT / "examples" / "demo"
OURS = DATA / "function"
KEYS = {"SOPS_AGE_KEY_FILE": str(DATA / "age.agekey")}
PLAIN = {name: base64.b64decode(text) for name, text in json.loads((OURS / "plain.json").read_text()).items()}
SEALED = (OURS / "repo" / "secret.enc.yaml").read_text()
FIRST = "# kept\nkind:   ConfigMap # and this\ndata: {a:  'b'}\n"


def documents(result):
    assert result.status == 0, result.message
    return list(yaml.safe_load_all(result.stdout))


def sources(place):
    shutil.copytree(OURS / "repo", place.cwd, dirs_exist_ok=True)
    return KEYS


@pytest.mark.parametrize("text", [
    "", "\n", "---\n", "# Source: chart\n---\n# nothing\n", FIRST, "---\n" + FIRST + "...\n---\n" + FIRST, "\ufeff" + FIRST,
    FIRST.replace("\n", "\r\n"), '{"kind": "List", "items": [{"kind": "A", "x": "\\/\\ud83d\\ude00"}]}', "kind: A", "kind: Secret\nstringData: {a: [sops]}\n"])
def test_what_holds_no_ciphertext_leaves_byte_for_byte(place, text):
    result = place.run("filter", stdin=text.encode())
    assert (result.status, result.stdout, result.stderr) == (0, text.encode(), b"")


def test_an_encrypted_document_comes_out_plain(place):
    result = place.run("filter", stdin=SEALED.encode(), env=sources(place))
    assert result.stderr == b""
    assert documents(result) == list(yaml.safe_load_all(PLAIN["secret.enc.yaml"]))


def test_its_comments_are_decrypted_where_they_stand(place):
    assert b"    # why\n    password: " in place.run("filter", stdin=SEALED.encode(), env=sources(place)).stdout


def test_only_the_changed_ranges_differ(place):
    stream = f"---\n{FIRST}---\n{SEALED}---\n# between\n---\n{FIRST}"
    out = place.run("filter", stdin=stream.encode(), env=sources(place)).stdout.decode()
    assert out.startswith(f"---\n{FIRST}---\n") and out.endswith(f"---\n# between\n---\n{FIRST}")
    sealed, plain = SEALED.splitlines(), out[len(f"---\n{FIRST}---\n"):-len(f"---\n# between\n---\n{FIRST}")].splitlines()
    kept = [line for line in sealed[:sealed.index("sops:")] if "ENC[" not in line]
    assert [line for line in plain if line in kept] == kept


def test_a_stream_of_sops_is_one_source(place):
    """sops encrypts all documents of a file under one MAC: each of them names that file."""
    result = place.run("filter", stdin=(OURS / "repo" / "two.enc.yaml").read_bytes(), env=sources(place))
    assert result.stderr == b""
    assert documents(result) == list(yaml.safe_load_all(PLAIN["two.enc.yaml"]))


@pytest.mark.parametrize("style", ["yaml", "flow", "json"])
def test_lists_are_looked_into(place, style):
    whole = {"apiVersion": "v1", "kind": "List", "items": [{"kind": "A"}, yaml.safe_load(SEALED), {"kind": "B"}]}
    text = json.dumps(whole, indent=1) if style == "json" else yaml.safe_dump(whole, default_flow_style=style == "flow", width=10**6)
    out = documents(place.run("filter", stdin=text.encode(), env=sources(place)))
    assert out == [{**whole, "items": [{"kind": "A"}, yaml.safe_load(PLAIN["secret.enc.yaml"]), {"kind": "B"}]}]


def test_a_build_of_kustomize_comes_out_as_with_the_function(place):
    """But for the names: they were made of the ciphertext."""
    shutil.copytree(DEMO / "repo", place.cwd / "repo")
    env = {"KRM_SOPS_KEYS": str(DEMO / "keys"), "KRM_SOPS_NAMESPACE": "flux-system"}
    result = place.run("filter", "--config", "repo/prod/decrypt.yaml", stdin=(DEMO / "before.yaml").read_bytes(), env=env)
    got = {doc["metadata"]["name"].rsplit("-", 1)[0]: doc.get("data") for doc in documents(result) if doc["kind"] == "Secret"}
    want = {doc["metadata"]["name"].rsplit("-", 1)[0]: doc.get("data") for doc in yaml.safe_load_all((DEMO / "after.yaml").read_text())
            if doc["kind"] == "Secret"}
    unwrap = lambda data: data and {key: value.replace("\n", "") for key, value in data.items()}
    assert {name: unwrap(data) for name, data in got.items()} == {name: unwrap(data) for name, data in want.items()}


def test_keys_come_from_a_manifest_or_a_mounted_secret(place):
    sources(place)
    key = (DATA / "age.agekey").read_bytes()
    manifest = place.write("k.yaml", yaml.safe_dump({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "namespace": "n"},
                                                     "data": {"a.agekey": base64.b64encode(key).decode()}}))
    flat = place.write("flat/any.agekey", key).parent
    other = place.write("o.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: y}\nstringData: {b: c}\n")
    for argv in (["--key-secret", manifest], ["--keys-flat", flat], [f"--key-secret={other}", f"--key-secret={manifest}"]):
        result = place.run("filter", *argv, stdin=SEALED.encode())
        assert result.status == 0, result.message
    assert place.run("filter", "--key-secret", other, stdin=SEALED.encode()).status == 1


@pytest.mark.parametrize("argv, word, status", [
    (["--bogus"], "--bogus", 2), (["file.yaml"], "file.yaml", 2), (["--config"], "'--config' needs a value", 2), (["--config", "nowhere"], "nowhere", 1),
    (["--config=bad.yaml"], "'bad.yaml': functionConfig: unknown field 'spec.x'", 2), (["--config=generate.yaml"], "only mode transform", 2),
    (["--config=two.yaml"], "more than one document", 2), (["--key-secret", "nowhere"], "nowhere", 1)])
def test_a_wrong_command_line_is_told(place, argv, word, status):
    head = "apiVersion: krm-sops.dev/v1alpha1\nkind: Decrypt\n"
    place.write("bad.yaml", head + "spec: {x: 1}\n")
    place.write("generate.yaml", head + "spec: {mode: generate}\n")
    place.write("two.yaml", head + "---\n" + head)
    result = place.run("filter", *argv, stdin=SEALED.encode())
    assert (result.status, result.stdout) == (status, b"") and word in result.message


@pytest.mark.parametrize("text, word", [
    ("- a\n", "stdin: "), ("kind: A\n---\nkind: \"B\n", "stdin: "), ("a: 1\na: 2\n", "stdin: "), ("\x00", "stdin: "), ("text\n", "stdin: ")])
def test_what_is_no_manifest_is_refused(place, text, word):
    result = place.run("filter", stdin=text.encode())
    assert (result.status, result.stdout) == (1, b"") and word in result.message


def test_one_bad_document_stops_all(place):
    bad = "".join(line if "password: ENC[" not in line else line.replace("tag:", "tag:AA") for line in SEALED.splitlines(keepends=True))
    result = place.run("filter", stdin=f"{FIRST}---\n{bad}---\n{SEALED}".encode(), env=sources(place))
    assert (result.status, result.stdout) == (1, b"") and "Secret made: stringData.password: " in result.message


def test_what_is_to_be_written_back_is_refused_here_too(place):
    """A path annotation is refused here too: somebody pipes what kpt has annotated."""
    text = SEALED.replace("    annotations:\n", "    annotations:\n        config.kubernetes.io/path: a.yaml\n")
    result = place.run("filter", stdin=text.encode(), env=sources(place))
    assert result.status == 77 and result.stdout == b""
