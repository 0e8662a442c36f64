# SPDX-License-Identifier: Apache-2.0
"""The KRM function: what goes in and what comes out, in the three modes, on documents of the real sops (tests/data/function) and on what the
real kustomize sends for examples/demo. What must fail is in test_bad_input.py and test_attacks.py, but for what belongs to functionConfig.
"""
import base64
import json
import re
import shutil

import pytest
import yaml

from conftest import DATA, ROOT

DEMO = ROOT / "examples" / "demo"
OURS = DATA / "function"
KEYS = {"SOPS_AGE_KEY_FILE": str(DATA / "age.agekey")}
FORMATS = json.loads((OURS / "formats.json").read_text())
PLAIN = {name: base64.b64decode(text) for name, text in json.loads((OURS / "plain.json").read_text()).items()}
HEAD = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"
EMPTY = HEAD + "items: []\n"
ID = "kustomize.config.k8s.io/id"


def decrypt_config(spec=None, **metadata):
    config = {"apiVersion": "krm-sops.dev/v1alpha1", "kind": "Decrypt", "metadata": {"name": "decrypt", **metadata}}
    return {**config, "spec": spec} if spec else config


def listing(items, config=None, **more):
    out = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items, **more}
    if config:
        out["functionConfig"] = config
    return yaml.safe_dump(out, sort_keys=False, width=10**6, allow_unicode=True).encode()


def items_of(result):
    assert result.status == 0, result.message
    return yaml.safe_load(result.stdout)["items"]


def secret(data=None, name="s", **more):
    out = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, **more}
    if data is not None:
        out["data"] = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return out


def stored(name):
    return next(base64.b64decode(entry["text"]) for entry in FORMATS if entry["name"] == name)


def refused(result, *words, status=2):
    assert (result.status, result.stdout) == (status, b""), result.message
    for word in words:
        assert word in result.message
    return result


# ---------------------------------------------------------------------------------------------- what kustomize sends

def demo(place):
    shutil.copytree(DEMO / "repo", place.cwd / "repo")
    return {"KRM_SOPS_KEYS": str(DEMO / "keys"), "KRM_SOPS_NAMESPACE": "flux-system"}


def test_a_config_named_under_the_wrong_list_is_told_of(place):
    """kustomize hands a generator its config as the only item: nothing would be decrypted, and all ciphertext of the build go by."""
    for config in (decrypt_config(), decrypt_config({"mode": "transform"}), {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "d"}, "data": {"mac": "verify"}}):
        refused(place.run(stdin=listing([config], config)), "a generator without 'files' and 'secretFrom'", "hint: to decrypt what is built, name it under transformers:")
    generates = decrypt_config({"files": ["x.yaml"]})
    refused(place.run(stdin=listing([secret()], generates)), "hint: name it under generators:, not under transformers:")


def test_where_keys_lie_by_namespace_a_secret_ref_names_one(place):
    result = place.run("filter", "--keys", ".", "--namespace", "a", stdin=(DATA / "attacks/secret.yaml").read_bytes())
    assert result.status == 1 and "hint: --keys is for a secretRef, and there is none; one Secret's folder is named by --keys-flat DIR" in result.message


def test_what_kustomize_sends_comes_back_decrypted(place):
    result = place.run(stdin=(DEMO / "resourcelist.yaml").read_bytes(), env=demo(place))
    assert result.stderr == b""
    items = items_of(result)
    before = yaml.safe_load((DEMO / "resourcelist.yaml").read_text())
    after = list(yaml.safe_load_all((DEMO / "after.yaml").read_text()))
    assert [item["metadata"] for item in items] == [item["metadata"] for item in before["items"]]
    for item in items:
        name = item["metadata"]["name"]
        built = next(doc for doc in after if doc["kind"] == item["kind"] and (doc["metadata"]["name"] + "-").startswith(name + "-"))
        for field in ("data", "stringData", "type"):
            assert item.get(field) == built.get(field)
        assert "sops" not in item


def test_lines_without_a_change_stay_as_they_are(place):
    """Every line of the output is a line of the input, in order, but for the values that were opened."""
    before = (DEMO / "resourcelist.yaml").read_bytes().splitlines(keepends=True)
    after = place.run(stdin=b"".join(before), env=demo(place)).stdout.splitlines(keepends=True)
    at, new = 0, []
    for line in after:
        try:
            at = before.index(line, at) + 1
        except ValueError:
            new.append(line)
    values = b"".join(new)
    assert b"sops" not in values and b"annotations" not in values and len(new) < 25


def test_a_second_run_needs_no_key_and_changes_nothing(place):
    once = place.run(stdin=(DEMO / "resourcelist.yaml").read_bytes(), env=demo(place)).stdout
    twice = place.run(stdin=once)
    assert (twice.status, twice.stdout, twice.stderr) == (0, once, b"")


@pytest.mark.parametrize("text", [
    EMPTY, HEAD, HEAD + "items:\n", "{\"kind\": \"ResourceList\", \"items\": [null]}", HEAD + "items:\n- kind: A   # kept\n  x: {a:  'b'}\n-\n",
    "\ufeff" + HEAD + "items:\n- kind: Secret\n  data: {a: eA==, b: \"%%%\"}\n", HEAD.replace("\n", "\r\n") + "items:\r\n- kind: A\r\n  t: |\r\n    x\r\n",
    HEAD + "items:\n- kind: ConfigMap\n  data: {a: 'ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]'}\n",
    HEAD + "items:\n- kind: Secret\n  data: {sops_note: eA==, n: eW91ciBbc29wc10gaW4gcHJvc2U=}\nresults: []\n",
    HEAD + "items:\n- kind: Secret\n  metadata: {annotations: {kustomize.toolkit.fluxcd.io/decrypt: Disabled}}\n  sops: {mac: x}\n"])
def test_cases_3_14_and_46_what_holds_no_ciphertext_leaves_byte_for_byte(place, text):
    result = place.run(stdin=text.encode())
    assert (result.status, result.stdout, result.stderr) == (0, text.encode(), b"")


# ---------------------------------------------------------------------------------------------- documents inside values

KEY_OF = {"yaml": ["a.yaml", "b.yml"], "json": ["a.json", ".dockerconfigjson", "x.dockerconfigjson"], "dotenv": [".env", "a.env"], "ini": ["a.ini"],
          "binary": ["plain", "A.YAML", "app.env.enc", "yaml"]}
# sops prints Go's dump of nested values into INI; we do not (docs/differs.md).
DIFFERS = {("json", "ini")}


@pytest.mark.parametrize("detection", ["strict", "flux"])
@pytest.mark.parametrize("output", KEY_OF)
@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: entry["name"])
def test_a_value_has_the_format_of_its_key(place, entry, output, detection):
    want = entry["as"][output]
    for key in KEY_OF[output]:
        item = secret({key: base64.b64decode(entry["text"]), "other": b"x"})
        result = place.run(stdin=listing([item], decrypt_config({"detection": detection})), env=KEYS)
        if want is None or (entry["name"], output) in DIFFERS:
            refused(result, f"Secret s: data.{key}: ", status=1)
            continue
        assert items_of(result)[0]["data"] == {key: want, "other": "eA=="}


def test_differs_documents_are_told_by_parsing(place):
    text = json.dumps(json.loads(stored("binary-text")), separators=(",", ":")).encode()
    result = place.run(stdin=listing([secret({"a": text})]), env=KEYS)
    assert base64.b64decode(items_of(result)[0]["data"]["a"]) == b"just text\r\nwith lines\n"
    result = place.run(stdin=listing([secret({"a": text})], decrypt_config({"detection": "flux"})), env=KEYS)
    refused(result, "Secret s: data.a: ciphertext is left", status=1)


def test_prose_is_an_error_in_flux_only(place):
    item = secret({"readme": b"An INI file has a [sops] section.\n"})
    assert place.run(stdin=listing([item])).status == 0
    refused(place.run(stdin=listing([item], decrypt_config({"detection": "flux"})), env=KEYS), "Secret s: data.readme: ", status=1)


def test_string_data_is_looked_at_when_asked(place):
    item = secret(stringData={"a.yaml": stored("flat-yaml").decode()})
    refused(place.run(stdin=listing([item]), env=KEYS), "stringData.a.yaml: ciphertext is left", "stringData: true", status=1)
    result = place.run(stdin=listing([item], decrypt_config({"stringData": True})), env=KEYS)
    assert items_of(result)[0]["stringData"]["a.yaml"] == 'A: one\nB: "two\\nlines"\nC: 3\n'.replace('"two\\nlines"', "|-\n    two\n    lines")


def sealed():
    return yaml.safe_load((OURS / "repo" / "secret.enc.yaml").read_text())


def test_differs_object_and_documents_in_one_secret(place):
    """An encrypted patch (its source is in the repository) over a Secret that a generator made of an encrypted file."""
    shutil.copytree(OURS / "repo", place.cwd, dirs_exist_ok=True)
    item = {**sealed(), "data": {"a.yaml": base64.b64encode(stored("flat-yaml")).decode()}}
    result = place.run(stdin=listing([item]), env=KEYS)
    out = items_of(result)[0]
    assert result.stderr == b"" and out["data"]["a.yaml"] == next(e["as"]["yaml"] for e in FORMATS if e["name"] == "flat-yaml")
    assert out["stringData"] == yaml.safe_load(PLAIN["secret.enc.yaml"])["stringData"] and "sops" not in out
    refused(place.run(stdin=listing([item], decrypt_config({"detection": "flux"})), env=KEYS), "data.a.yaml: ciphertext is left", status=1)


def test_differs_keeps_what_a_patch_merged_in(place):
    shutil.copytree(OURS / "repo", place.cwd, dirs_exist_ok=True)
    item = sealed()
    item["stringData"]["added"] = "by a patch"
    result = place.run(stdin=listing([item]), env=KEYS)
    assert items_of(result)[0]["stringData"] == {**yaml.safe_load(PLAIN["secret.enc.yaml"])["stringData"], "added": "by a patch"}


def test_differs_refuses_text_that_is_not_utf8(place):
    item = yaml.safe_load((OURS / "bytes.enc.yaml").read_text())
    refused(place.run(stdin=listing([item]), env=KEYS), "Secret bytes: stringData.a: ", "UTF-8", status=1)


def test_differs_ciphertext_left_is_an_error(place):
    item = {**secret(), "metadata": {"name": "s"}, "stringData": {"a": "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]"}}
    refused(place.run(stdin=listing([item])), "Secret s: stringData.a: ciphertext is left", status=1)


@pytest.mark.parametrize("hashed", [True, False])
def test_base64_is_wrapped_where_a_hash_is_made_of_it(place, hashed):
    item = secret({"b": stored("binary")})
    if hashed:
        item["metadata"]["annotations"] = {"internal.config.kubernetes.io/needsHashSuffix": "enabled"}
    want = base64.b64encode(bytes(range(256)) * 2).decode()
    if hashed:
        want = "".join(want[at:at + 70] + "\n" for at in range(0, len(want), 70))
    assert items_of(place.run(stdin=listing([item]), env=KEYS))[0]["data"]["b"] == want


def test_case_13_a_dotenv_in_pieces_is_put_together_again(place):
    lines = dict(line.split("=", 1) for line in stored("dotenv").decode().splitlines() if not line.startswith("#"))
    item = secret({key: value.encode() for key, value in lines.items()} | {"literal": b"in the clear"})
    result = place.run(stdin=listing([item]), env=KEYS)
    data = {key: base64.b64decode(value) for key, value in items_of(result)[0]["data"].items()}
    assert data == {"A": b"one", "B": b'"quoted"', "C": b"with\\nbreak", "EMPTY": b"", "literal": b"in the clear"}


@pytest.mark.parametrize("style", ["block", "flow", "json"])
def test_case_46_comes_back_in_the_style_that_came(place, style):
    item = secret({"a.json": stored("flat-yaml")}, stringData={"b": "c"})
    whole = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [{"kind": "A"}, item]}
    text = json.dumps(whole) if style == "json" else yaml.safe_dump(whole, default_flow_style=style == "flow", width=10**6)
    result = place.run(stdin=text.encode(), env=KEYS)
    assert items_of(result)[1]["data"]["a.json"] == next(e["as"]["json"] for e in FORMATS if e["name"] == "flat-yaml")
    old = item["data"]["a.json"]
    new = items_of(result)[1]["data"]["a.json"]
    assert result.stdout == text.replace(old, new).encode()


# ---------------------------------------------------------------------------------------------- modes

def test_case_9_validate_answers_with_an_empty_list(place):
    result = place.run(stdin=listing([secret({"a": b"x"}), {"kind": "A"}], decrypt_config({"mode": "validate"})))
    assert (result.status, result.stdout, result.stderr) == (0, EMPTY.encode(), b"")


def test_case_10_validate_tells_all_that_is_encrypted_and_needs_no_key(place):
    items = [secret({"a.yaml": stored("yaml")}, name="one"), secret({"A": b"x"}, name="two"), {"kind": "W", "metadata": {"name": "three"}, "sops": {"mac": "x"}},
             secret(stringData={"b": "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]"}, name="four")]
    result = place.run(stdin=listing(items, decrypt_config({"mode": "validate"})))
    refused(result, "Secret one: data.a.yaml: ", "W three: sops: ", "Secret four: stringData.b: ", status=1)
    assert "Secret two" not in result.message


def test_further_kinds_are_in_scope_when_named(place):
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "x ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]"}}
    assert place.run(stdin=listing([item])).status == 0
    result = place.run(stdin=listing([item], decrypt_config({"kinds": ["Secret", "ConfigMap"]})))
    refused(result, "ConfigMap c: data.a: ciphertext is left", status=1)


def test_differs_sops_secret_is_left(place):
    item = {"apiVersion": "isindir.github.com/v1alpha3", "kind": "SopsSecret", "metadata": {"name": "x", "namespace": "n"}, "sops": {"mac": "y"}}
    result = place.run(stdin=listing([item]))
    assert result.status == 0 and items_of(result) == [item]
    assert result.message == "krm-sops: SopsSecret n/x is left to its operator\n"


@pytest.mark.parametrize("word, stays", [("disabled", True), ("Disabled", True), ("disable", False), ("true", False)])
def test_what_its_author_takes_out_of_decryption_stays_encrypted(place, word, stays):
    """Without any key, and no word of ciphertext that is left: a whole object, a document in a value, a dotenv in pieces."""
    note = {"annotations": {"kustomize.toolkit.fluxcd.io/decrypt": word}}
    whole = yaml.safe_load((OURS / "repo" / "secret.enc.yaml").read_text())
    whole["metadata"].update(note)
    value, pieces = secret({"values.yaml": stored("flat-yaml")}, "v"), secret({}, "d")
    pieces["data"] = {key: base64.b64encode(text.encode()).decode() for key, text in (line.split("=", 1) for line in stored("dotenv").decode().splitlines() if line[:1] != "#")}
    for item in (value, pieces):
        item["metadata"].update(note)
    for item in (whole, value, pieces):
        given = listing([item])
        result = place.run(stdin=given)
        assert (result.status, result.stdout, result.stderr) == (0, given, b"") if stays else (result.status, result.stdout) == (1, b""), result.message


def test_flux_without_decryption_decrypts_nothing(place):
    config = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "apps"}, "spec": {"interval": "1m"}}
    assert place.run(stdin=listing([secret({"a": b"x"})], config)).status == 0
    refused(place.run(stdin=listing([secret({"a.yaml": stored("yaml")})], config), env=KEYS), "Secret s: data.a.yaml: ciphertext is left", status=1)


def test_flux_kustomization_names_the_key_secret(place):
    config = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "apps", "namespace": "flux-system"},
              "spec": {"decryption": {"provider": "sops", "secretRef": {"name": "keys"}}}}
    manifest = place.write("key.yaml", yaml.safe_dump({**secret({"a.agekey": (DATA / "age.agekey").read_bytes()}, name="keys"),
                                                       "metadata": {"name": "keys", "namespace": "flux-system"}}))
    data = listing([secret({"a.yaml": stored("flat-yaml")})], config)
    refused(place.run(stdin=data), "flux-system/keys", status=1)
    for argv in (["--key-secret", manifest], [f"--key-secret={manifest}"]):
        assert items_of(place.run(*argv, stdin=data))[0]["data"]["a.yaml"] == next(e["as"]["yaml"] for e in FORMATS if e["name"] == "flat-yaml")
    flat = place.write("flat/x.agekey", (DATA / "age.agekey").read_bytes()).parent
    assert place.run("--keys-flat", flat, stdin=data).status == 0
    assert place.run(stdin=data, env={"KRM_SOPS_KEYS_FLAT": str(flat)}).status == 0


def test_a_local_config_secret_in_the_input_is_a_key(place):
    config = decrypt_config({"decryption": {"provider": "sops", "secretRef": {"name": "keys"}}}, namespace="n")
    key = secret({"a.agekey": (DATA / "age.agekey").read_bytes()}, name="keys")
    key["metadata"] |= {"namespace": "n", "annotations": {"config.kubernetes.io/local-config": "true"}}
    result = place.run(stdin=listing([secret({"a.yaml": stored("flat-yaml")}), key], config))
    assert items_of(result)[1] == key


# ---------------------------------------------------------------------------------------------- functionConfig

@pytest.mark.parametrize("spec, word", [
    ({"file": []}, "unknown field 'spec.file'"), ({"mode": "build"}, "'spec.mode'"), ({"mac": "never"}, "never"), ({"detection": 1}, "'spec.detection'"),
    ({"files": ["a"]}, "mode generate"), ({"mode": "transform", "secretFrom": []}, "mode generate"), ({"mode": "generate"}, "under generators:")])
def test_a_wrong_config_is_named(place, spec, word):
    refused(place.run(stdin=listing([{"kind": "A"}], decrypt_config(spec))), word)


def test_an_unknown_config_is_named(place):
    refused(place.run(stdin=listing([], {"apiVersion": "example.com/v1", "kind": "Decrypt"})), "example.com/v1", "hint: ")


def test_a_config_map_has_the_settings_flat(place):
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "function-input"}, "data": {"mode": "validate"}}
    assert place.run(stdin=listing([secret({"a": b"x"})], config)).stdout == EMPTY.encode()
    config["data"] = {"stringData": "true"}
    result = place.run(stdin=listing([secret(stringData={"a.env": stored("dotenv").decode()})], config), env=KEYS)
    assert items_of(result)[0]["stringData"]["a.env"].startswith("# c\nA=one\n") or "A=one\n" in items_of(result)[0]["stringData"]["a.env"]
    config["data"] = {"colour": "red"}
    refused(place.run(stdin=listing([], config)), "data.colour")


@pytest.mark.parametrize("argv", [["--bogus"], ["extra"], ["--keys"], ["--keys="]])
def test_a_wrong_command_line_is_told(place, argv):
    assert refused(place.run(*argv, stdin=EMPTY.encode())).message.startswith("krm-sops: ")


def test_help_fits_a_screen(place):
    for argv in (["filter", "--help"], ["help", "function"], ["filter", "-h"]):
        result = place.run(*argv)
        assert result.status == 0 and result.stdout.startswith(b"usage: krm-sops")
        lines = result.stdout.decode().splitlines()
        assert len(lines) <= 24 and max(map(len, lines)) <= 80 and lines[-1].startswith("example: ")


# ---------------------------------------------------------------------------------------------- kpt and `kustomize fn run`

def on_disk(item, path="a.yaml"):
    item["metadata"].setdefault("annotations", {})["internal.config.kubernetes.io/path"] = path
    return item


def test_case_50_plaintext_is_not_written_back_to_disk(place):
    item = on_disk(secret({"a.yaml": stored("yaml")}))
    result = place.run(stdin=listing([item]), env=KEYS)
    assert result.status == 77
    assert "Secret s (a.yaml): data.a.yaml: would be written back" in result.message and "allowPlaintextOnDisk: true" in result.message
    out = yaml.safe_load(result.stdout)
    assert out["items"] == [item] and out["results"][0]["severity"] == "error"
    assert out["results"][0]["resourceRef"] == {"apiVersion": "v1", "kind": "Secret", "name": "s"} and out["results"][0]["file"] == {"path": "a.yaml"}
    allowed = place.run(stdin=listing([item], decrypt_config({"allowPlaintextOnDisk": True})), env=KEYS)
    assert items_of(allowed)[0]["data"]["a.yaml"] != item["data"]["a.yaml"]


def test_a_build_is_not_taken_for_a_tree_on_disk(place):
    item = on_disk(secret({"a.yaml": stored("yaml")}))
    item["metadata"]["annotations"][ID] = "kind: Secret\nname: s\n"
    assert place.run(stdin=listing([item]), env=KEYS).status == 0


def test_case_5_results_are_written_for_callers_that_say_so(place):
    items = [secret({"a.yaml": stored("yaml")}, name="a"), secret({"b": b"x"}, name="b"), secret({"c.yaml": stored("yaml")}, name="c")]
    data = listing(items, decrypt_config())
    assert place.run(stdin=data).stdout == b""
    result = place.run(stdin=data, env={"STRUCTURED_RESULTS": "true"})
    out = yaml.safe_load(result.stdout)
    assert result.status == 1 and out["items"] == items
    assert [entry["resourceRef"]["name"] for entry in out["results"]] == ["a", "c"]
    told = re.sub(r";?\nkrm-sops:   ", " ", result.message)  # what was tried stands on lines of its own there
    assert all(re.sub("; ", " ", entry["message"]) in told and set(entry) == {"message", "severity", "resourceRef"} for entry in out["results"])


# ---------------------------------------------------------------------------------------------- generators

def generate(place, spec, config=None, env=None, mode=None):
    config = config or decrypt_config({**({"mode": mode} if mode else {}), **spec})
    if not (place.cwd / "blob.bin").exists():
        shutil.copytree(OURS / "repo", place.cwd, dirs_exist_ok=True)
    item = json.loads(json.dumps(config))
    item["metadata"]["annotations"] = {"config.kubernetes.io/local-config": "true"}
    return place.run(stdin=listing([item], config), env=KEYS if env is None else env)


def test_files_become_objects(place):
    items = items_of(generate(place, {"files": ["secret.enc.yaml", "two.enc.yaml", "config.enc.json", "wholly.enc"]}))
    want = [doc for name in ("secret.enc.yaml", "two.enc.yaml", "config.enc.json", "wholly.enc") for doc in ([json.loads(PLAIN[name])] if name.endswith(".json") else yaml.safe_load_all(PLAIN[name]))]
    assert items == want and items[0]["metadata"]["annotations"] == {"kustomize.config.k8s.io/needs-hash": "true"}


def test_secret_from_makes_secrets(place):
    metadata = {"name": "made", "namespace": "n", "labels": {"a": "y"}, "annotations": {"kustomize.config.k8s.io/needs-hash": "true"}}
    items = items_of(generate(place, {"secretFrom": [
        {"metadata": metadata, "type": "Opaque", "files": ["values.yaml", "k=./values.yaml"], "binaryFiles": ["blob.bin", "b=blob.bin"], "envs": ["app.env"]},
        {"metadata": {"name": "bare"}}]}))
    values, blob = PLAIN["values.yaml"].decode(), base64.b64encode(PLAIN["blob.bin"]).decode()
    assert items == [
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque",
         "stringData": {"values.yaml": values, "k": values, "A": "two words", "B": "x", "C": "two words!", "D": "$A"}, "data": {"blob.bin": blob, "b": blob}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bare"}}]


def test_a_ksops_object_is_a_generator(place):
    config = {"apiVersion": "viaduct.ai/v1", "kind": "ksops", "metadata": {"name": "k"}, "files": ["two.enc.yaml", "secret.enc.yaml"],
              "secretFrom": [{"metadata": {"name": "a", "ignored": 1}, "envs": ["app.env"]}], "unknown": {"x": 1}}
    items = items_of(generate(place, None, config))
    # As the SDK of KSOPS sorts: by apiVersion, kind, namespace and name.
    assert [(item["kind"], item["metadata"]["name"]) for item in items] == [("ConfigMap", "b"), ("ConfigMap", "z"), ("Secret", "a"), ("Secret", "made")]
    assert items[2]["metadata"] == {"name": "a"}
    config = {"apiVersion": "viaduct.ai/v1", "kind": "ksops", "metadata": {"name": "k"}, "files": []}
    assert generate(place, None, config, env={}).stdout == EMPTY.encode()


def test_a_later_value_of_a_key_wins(place):
    items = items_of(generate(place, {"secretFrom": [{"metadata": {"name": "s"}, "envs": ["app.env"], "files": ["A=values.yaml", "x=values.yaml", "x=app.ini"]}]}))
    assert items[0]["stringData"] == {"A": "two words", "x": PLAIN["app.ini"].decode(), "B": "x", "C": "two words!", "D": "$A"}


@pytest.mark.parametrize("spec, words, status", [
    ({"files": ["nothing.yaml"]}, ["spec.files[0]", "nothing.yaml", "No such file"], 1),
    ({"files": ["."]}, ["not a regular file"], 1),
    ({"files": ["plain-list.enc.yaml"]}, ["plain-list.enc.yaml: no Kubernetes object"], 1),
    ({"files": ["app.ini"]}, ["app.ini: no Kubernetes object: a ini file"], 1),
    ({"secretFrom": [{"metadata": {}}]}, ["spec.secretFrom[0].metadata.name"], 2),
    ({"files": ["secret.enc.yaml", "nothing.yaml", "nowhere.yaml"]}, ["nothing.yaml", "nowhere.yaml"], 1)])
def test_what_can_not_be_generated_is_told(place, spec, words, status):
    refused(generate(place, spec), *words, status=status)


def test_differs_ksops_text_is_utf8(place):
    refused(generate(place, {"secretFrom": [{"metadata": {"name": "s"}, "files": ["blob.bin"]}]}), "blob.bin: not UTF-8", "binaryFiles", status=1)


def test_differs_ksops_stays_below_the_root(place):
    place.write("../outside.yaml", (OURS / "repo" / "secret.enc.yaml").read_bytes())
    (place.cwd / "link.yaml").symlink_to("../outside.yaml")
    for path in ("../outside.yaml", "link.yaml", str(place.cwd.parent / "outside.yaml"), "/etc/hostname"):
        refused(generate(place, {"files": [path]}), "leads out of", "--root", status=77)
    shutil.copytree(OURS / "repo", place.cwd, dirs_exist_ok=True)
    config = decrypt_config({"mode": "generate", "files": ["../outside.yaml"]})
    assert place.run("--root", place.cwd.parent, stdin=listing([config], config), env=KEYS).status == 0


def test_differs_ksops_leaves_no_ciphertext(place):
    refused(generate(place, {"files": ["left.enc.yaml"]}), "left.enc.yaml: ", "data.b: ciphertext is left", status=1)
    refused(generate(place, {"secretFrom": [{"metadata": {"name": "s"}, "files": ["left.enc.yaml"]}]}), "ciphertext is left", status=1)


def test_a_generated_document_must_carry_its_mac(place):
    shutil.copytree(OURS / "repo", place.cwd, dirs_exist_ok=True)
    text = (OURS / "repo" / "secret.enc.yaml").read_text().replace("name: made", "name: other")
    place.write("secret.enc.yaml", text)
    refused(generate(place, {"files": ["secret.enc.yaml"]}), "secret.enc.yaml: ", "MAC", status=1)


def test_a_generator_does_not_write_to_disk_either(place):
    config = decrypt_config({"files": ["secret.enc.yaml"]})
    result = place.run(stdin=listing([on_disk(json.loads(json.dumps(config)))], config), env=KEYS)
    assert result.status == 77 and "allowPlaintextOnDisk" in result.message


def test_a_config_that_is_the_only_item_of_a_transformer_stays(place):
    """kpt sends it so where it is the only file: an empty answer would delete that."""
    config = decrypt_config(annotations={"config.kubernetes.io/path": "decrypt.yaml", "config.kubernetes.io/index": "0"})
    result = place.run(stdin=listing([config], config))
    assert items_of(result) == [config]
