# SPDX-License-Identifier: Apache-2.0
"""The program under the names `ksops` and `SopsSecretGenerator`, on files of the real sops (tests/data/ksops). The numbers are those of the
acceptance cases for a drop-in; what needs a kustomize is in tests/interop/ksops.py.
"""
import base64
import json
import os
import pty
import shutil
import subprocess

import pytest
import yaml

from conftest import DATA, program_path

OURS = DATA / "ksops"
PLAIN = {name: base64.b64decode(text) for name, text in json.loads((OURS / "plain.json").read_text()).items()}
KEYS = {"SOPS_AGE_KEY_FILE": str(DATA / "age.agekey")}
EMPTY = b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n"
DIALECT = {"A": "a", "B": "two words", "C": "x", "D": "ay", "E": "$A", "F": "a#b", "G": "a", "H": "line\nbreak", "I": "", "K": "blanks"}


def link(place, name="ksops"):
    """The program by another name; the files of tests/data/ksops are in the working directory."""
    if not (place.cwd / "blob").exists():
        shutil.copytree(OURS / "repo", place.cwd, dirs_exist_ok=True)
    path = place.path / name
    if not path.is_symlink():
        path.symlink_to(program_path())
    return str(path)


def config(name="g", **lists):
    return {"apiVersion": "viaduct.ai/v1", "kind": "ksops", "metadata": {"name": name}, **lists}


def listing(*items):
    return yaml.safe_dump({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": list(items), "functionConfig": items[0] if items else None}, sort_keys=False).encode()


def function(place, *items, name="ksops", env=None, args=(), **more):
    stdin = items[0] if len(items) == 1 and isinstance(items[0], bytes) else listing(*items)
    return place.run(*args, stdin=stdin, program=link(place, name), env=KEYS if env is None else env, **more)


def plugin(place, item, name="ksops", env=None, path="config.yaml", **more):
    program = link(place, name)
    place.write(path, item if isinstance(item, str) else yaml.safe_dump(item))
    return place.run(path, program=program, env=KEYS if env is None else env, **more)


def items_of(result):
    assert (result.status, result.stderr) == (0, b""), result.message
    out = yaml.safe_load(result.stdout)
    assert out["kind"] == "ResourceList"
    return out["items"]


def documents(result):
    assert (result.status, result.stderr) == (0, b""), result.message
    return list(yaml.safe_load_all(result.stdout))


def refused(result, *words, status=1):
    assert (result.status, result.stdout) == (status, b""), result.message
    for word in words:
        assert word in result.message, result.message


def plain(name):
    return yaml.safe_load(PLAIN[name])


def secret(name, **fields):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, **fields}


ENTRIES = [
    {"metadata": {"name": "one", "namespace": "ns", "labels": {"a": "b"}, "annotations": {"c": "d"}}, "type": "Opaque",
     "files": ["values.enc.yaml", "k=./secret-a.enc.yaml"], "binaryFiles": ["blob", "b=blob"], "envs": ["dialect.enc.env"]},
    {"metadata": {"name": "two"}, "envs": ["plain.enc.env"]}]


# ---------------------------------------------------------------------------------------------- acceptance cases 36 to 43

def test_case_36_files_and_secrets(place):
    """In the order of KSOPS's SDK: apiVersion, kind, namespace, name."""
    blob = base64.b64encode(PLAIN["blob"]).decode()
    one = {**secret("one"), "metadata": ENTRIES[0]["metadata"], "type": "Opaque", "data": {"blob": blob, "b": blob},
           "stringData": {"values.enc.yaml": PLAIN["values.enc.yaml"].decode(), "k": PLAIN["secret-a.enc.yaml"].decode(), **DIALECT}}
    two = secret("two", stringData={"username": "admin", "password": "1f2d1e2e67df"})
    items = items_of(function(place, config(files=["./secret-b.enc.yaml", "secret-a.enc.yaml"], secretFrom=ENTRIES)))
    assert items == [plain("secret-a.enc.yaml"), plain("secret-b.enc.yaml"), two, one]
    # A plugin prints them as they are asked for.
    assert documents(plugin(place, config(files=["./secret-b.enc.yaml", "secret-a.enc.yaml"], secretFrom=ENTRIES))) == [
        plain("secret-b.enc.yaml"), plain("secret-a.enc.yaml"), one, two]


# What KSOPS publishes tests of, in the same shapes.
SHAPES = {
    "single": (config(files=["./secret-a.enc.yaml"]), [plain("secret-a.enc.yaml")]),
    "multiple": (config(files=["./secret-a.enc.yaml", "./secret-b.enc.yaml", "./secret-c.enc.yaml"]), [plain(f"secret-{x}.enc.yaml") for x in "abc"]),
    "hash": (config(files=["./hash.enc.yaml"]), [plain("hash.enc.yaml")]),
    "behaviors": ({**config(files=["./replace.enc.yaml"]), "apiVersion": "viaduct.ai/v2"}, [plain("replace.enc.yaml")]),
    "file": (config(secretFrom=[{"metadata": {"name": "s"}, "type": "Opaque", "files": ["./secret-a.enc.yaml"]}]),
             [secret("s", type="Opaque", stringData={"secret-a.enc.yaml": PLAIN["secret-a.enc.yaml"].decode()})]),
    "binaryfile": (config(secretFrom=[{"metadata": {"name": "s"}, "type": "Opaque", "binaryFiles": ["./secret-a.enc.yaml"]}]),
                   [secret("s", type="Opaque", data={"secret-a.enc.yaml": base64.b64encode(PLAIN["secret-a.enc.yaml"]).decode()})]),
    "envs": (config(secretFrom=[{"metadata": {"name": "s"}, "envs": ["./plain.enc.env"]}]), [secret("s", stringData={"username": "admin", "password": "1f2d1e2e67df"})]),
    "override": (config(secretFrom=[{"metadata": {"name": "s"}, "type": "Opaque", "files": ["secret.yaml=secret-a.enc.yaml"]}]),
                 [secret("s", type="Opaque", stringData={"secret.yaml": PLAIN["secret-a.enc.yaml"].decode()})]),
    "metadata": (config(secretFrom=[{"metadata": {"name": "s", "namespace": "test", "labels": {"foo": "bar"}, "annotations": {"abc": "xyz"}}, "envs": ["./plain.enc.env"]}]),
                 [{**secret("s", stringData={"username": "admin", "password": "1f2d1e2e67df"}),
                   "metadata": {"name": "s", "namespace": "test", "labels": {"foo": "bar"}, "annotations": {"abc": "xyz"}}}]),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_case_37_the_shapes_that_ksops_publishes(place, shape):
    asked, want = SHAPES[shape]
    assert items_of(function(place, asked)) == want
    assert documents(plugin(place, asked)) == want


@pytest.mark.parametrize("text, words", [
    ("files:\n", "missing the required 'files' or 'secretFrom' key"),
    ("x: 1\n", "missing the required 'files' or 'secretFrom' key"),
    ("files: a\n", "'files' must be a list"),
    ("files: [[a]]\n", "'files[0]' must be a string"),
    ("secretFrom: {}\n", "'secretFrom' must be a list"),
    ("secretFrom: [{metadata: {name: s}, files: [a=b=c]}]\n", "invalid format in file generator a=b=c"),
    ("files: [nothing]\n", "error decrypting file \"nothing\" from manifest.Files: "),
    ("secretFrom: [{metadata: {name: s}, files: [k=nothing]}]\n", "error decrypting file \"nothing\" from secretFrom.Files: "),
    ("secretFrom: [{metadata: {name: s}, binaryFiles: [nothing]}]\n", "error decrypting file \"nothing\" from secretFrom.BinaryFiles: "),
    ("secretFrom: [{metadata: {name: s}, envs: [nothing]}]\n", "error decrypting file \"nothing\" from secretFrom.Envs: "),
    ("secretFrom: [{metadata: {name: s}, envs: [vars.enc.json]}]\n", "error unmarshalling .env file \"vars.enc.json\": line 1"),
    ("secretFrom: [{type: x}]\n", "'secretFrom[0].metadata.name'")])
def test_case_38_what_is_refused(place, text, words):
    """Status 1, and the words by which KSOPS's users know the place."""
    text = f"apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: {{name: g}}\n{text}"
    refused(plugin(place, text), words)
    refused(function(place, yaml.safe_load(text)), words)


def test_case_38_what_is_taken(place):
    for lists in ({"files": []}, {"secretFrom": []}, {"files": None, "secretFrom": []}):
        assert function(place, config(**lists), env={}).stdout == EMPTY
        assert documents(plugin(place, config(**lists), env={})) == []
    assert function(place, EMPTY, env={}).stdout == EMPTY
    strange = {"apiVersion": "viaduct.ai/v2", "kind": "Anything", "metadata": {"name": "g", "uid": 1}, "spec": {"files": ["nothing"]}, "immutable": True,
               "Files": ["secret-a.enc.yaml"], "SECRETFROM": [{"Metadata": {"NAME": "s"}, "immutable": True, "stringdata": {"a": "b"}}]}
    assert items_of(function(place, strange)) == [plain("secret-a.enc.yaml"), secret("s")]
    # Neither group nor kind decide, also not one that would be another config for krm-sops itself.
    assert items_of(function(place, {**strange, "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization"})) == [plain("secret-a.enc.yaml"), secret("s")]


def test_case_39_the_dialect_of_envs(place):
    items = items_of(function(place, config(secretFrom=[{"metadata": {"name": "s"}, "envs": ["dialect.enc.env", "map.enc.yaml"]}])))
    assert items[0]["stringData"] == {**DIALECT, "username": "admin", "port": "5432", "flag": "true"}


def test_case_40_and_41_annotations_are_the_file_s_own(place):
    """merge and a hash that is asked for with a wrong word are kustomize's to judge: they pass as they are."""
    for name in ("merge.enc.yaml", "replace.enc.yaml", "hash-word.enc.yaml"):
        assert items_of(function(place, config(files=[name]))) == [plain(name)]
    assert plain("hash-word.enc.yaml")["metadata"]["annotations"] == {"kustomize.config.k8s.io/needs-hash": "yes"}


def test_case_42_a_plugin_s_files_are_relative_to_the_working_directory(place):
    asked = config(files=["./secret-a.enc.yaml"])
    more = {"KUSTOMIZE_PLUGIN_CONFIG_STRING": yaml.safe_dump(config(files=["nothing"])), "KUSTOMIZE_PLUGIN_CONFIG_ROOT": "/nowhere"}
    want = documents(plugin(place, asked, env={**KEYS, **more}, path="../elsewhere/config.yaml"))
    assert want == [plain("secret-a.enc.yaml")]
    refused(place.run("nothing.yaml", program=link(place)), "unable to read in manifest: ")


def test_case_43_however_it_is_named(place):
    program = link(place)
    shutil.copytree(place.cwd, place.cwd / "apps", ignore=shutil.ignore_patterns("apps"))
    stdin = listing(config(files=["./secret-a.enc.yaml"]))
    run = lambda argv, cwd: subprocess.run([argv], input=stdin, cwd=cwd, capture_output=True, check=True, env=place.env(**KEYS, PATH=f"{place.path}:/usr/bin:/bin")).stdout
    (place.cwd / "ksops").symlink_to(program)
    outputs = {run("ksops", place.cwd), run("./ksops", place.cwd), run("../ksops", place.cwd / "apps"), run(program, place.cwd), run(program, place.cwd / "apps")}
    assert len(outputs) == 1 and b"a-user" in outputs.pop()


# ---------------------------------------------------------------------------------------------- what else KSOPS does

def test_every_item_is_a_config(place):
    """Not the functionConfig; and one opened key serves all."""
    items = items_of(function(place, config("x", files=["secret-b.enc.yaml"]), config("y", files=["secret-a.enc.yaml"]), config("z", secretFrom=[{"metadata": {"name": "0"}}])))
    assert [item["metadata"]["name"] for item in items] == ["0", "a", "b"]
    result = function(place, config("x", files=["secret-b.enc.yaml"]), config("y"), config("z", files="no"))
    refused(result, "ksops y: functionConfig: missing the required", "ksops z: functionConfig: 'files' must be a list")


def test_three_hundred_configs_are_one_run(place):
    """SOPS_AGE_KEY_CMD runs once, whatever the number of configs: all data keys are opened together."""
    script = place.write("../key.sh", f"#!/bin/sh\necho run >> {place.path}/runs\ncat {DATA}/age.agekey\n")
    script.chmod(0o755)
    asked = [config(f"c{at}", secretFrom=[{"metadata": {"name": f"s{at:03}"}, "files": ["values.enc.yaml"], "envs": ["plain.enc.env"]}]) for at in range(300)]
    items = items_of(function(place, *asked, env={"SOPS_AGE_KEY_CMD": str(script)}))
    assert [item["metadata"]["name"] for item in items] == [f"s{at:03}" for at in range(300)]
    assert (place.path / "runs").read_text() == "run\n"


def test_scalars_become_texts_as_in_go(place):
    """KSOPS goes through JSON by way of YAML 1.1. The table was made with KSOPS 4.5.1 itself."""
    text = """
apiVersion: a/v1
kind: ksops
secretFrom:
- type: 1e3
  metadata: {name: yes, labels: {a: 1, b: true, c: 0.1, d: 123456.75, e: 1234567.5, f: 1e21, g: 010, h: 2020-01-01, i: ~, j: off, k: 0x1F, l: 1_000,
    m: .inf, n: 0.00001, o: "off", p: 1.0, q: 18446744073709551615, r: 0.0001234, s: -0.5, 1: x, y: z, t: 100000.0, u: 3.4e50, "y ": w}}
"""
    found = documents(plugin(place, text, env={}))
    assert found == [{"apiVersion": "v1", "kind": "Secret", "type": "1000", "metadata": {"name": "true", "labels": {
        "1": "x", "a": "1", "b": "true", "c": "0.1", "d": "123456.75", "e": "1.2345675e+06", "f": "1e+21", "false": "1e-05", "g": "8", "h": "2020-01-01", "i": "", "j": "false",
        "k": "31", "l": "1000", "m": "+Inf", "o": "off", "p": "1", "q": "18446744073709551615", "r": "0.0001234", "s": "-0.5", "t": "100000", "true": "z", "u": "+Inf", "y ": "w"}}}]


def test_merge_keys_of_a_config_count(place):
    text = "x: &base {metadata: {name: s}, type: T}\nsecretFrom:\n- <<: *base\n  envs: [plain.enc.env]\n"
    assert documents(plugin(place, text))[0]["type"] == "T"


@pytest.mark.parametrize("value, fine", [("20", True), ("1", True), ("+7", True), ("007", True), ("", True), ("0", False), ("-1", False), ("many", False), ("3 ", False), (" 3", False),
                                         ("1_0", False), ("99999999999999999999", False), ("+", False), ("+-1", False)])
def test_the_limit_of_files_at_a_time(place, value, fine):
    result = function(place, config(files=["secret-a.enc.yaml"]), env={**KEYS, "KSOPS_CONCURRENCY_LIMIT": value})
    if fine:
        assert items_of(result) == [plain("secret-a.enc.yaml")]
    else:
        refused(result, "error parsing KSOPS_CONCURRENCY_LIMIT value")


@pytest.mark.parametrize("damage, words", [
    (lambda text: b"apiVersion: v1\n", "sops metadata not found"),
    (lambda text: text.replace(b"name: a", b"name: b"), "MAC"),
    (lambda text: text.replace(b"user: ENC[AES256_GCM,data:", b"user: ENC[AES256_GCM,data:AAAA"), "stringData.user"),
    (lambda text: b"", "manifest.Files: ")])
def test_a_bad_file_is_told_once(place, damage, words):
    link(place)
    place.write("secret-a.enc.yaml", damage((OURS / "repo/secret-a.enc.yaml").read_bytes()))
    result = function(place, config(files=["secret-a.enc.yaml"]))
    refused(result, 'error decrypting file "secret-a.enc.yaml" from manifest.Files: ', words)
    assert result.message.count("secret-a.enc.yaml") == 1 and "a-user" not in result.message


def test_without_a_key_the_recipient_is_named(place):
    refused(function(place, config(files=["secret-a.enc.yaml"]), env={}), "manifest.Files: ", "age1")


def test_usage_goes_to_stderr(place):
    program = link(place)
    for argv in (["a", "b"], ["a", "b", "c"], ["--keys"]):
        refused(place.run(*argv, program=program), "usage: ksops")
    with open("/dev/null", "rb") as null:
        done = subprocess.run([program], stdin=null, capture_output=True, env=place.env(), cwd=place.cwd, check=False)
    assert (done.returncode, done.stdout) == (1, b"") and done.stderr.startswith(b"usage: ksops")
    controller, terminal = pty.openpty()
    done = subprocess.run([program], stdin=terminal, capture_output=True, env=place.env(), cwd=place.cwd, check=False)
    os.close(controller)
    os.close(terminal)
    assert (done.returncode, done.stdout) == (1, b"") and done.stderr.startswith(b"usage: ksops")


def test_help_and_version(place):
    for name in ("ksops", "SopsSecretGenerator"):
        result = place.run("--help", program=link(place, name))
        lines = result.stdout.decode().splitlines()
        assert result.status == 0 and lines[0].startswith(f"usage: {name}") and len(lines) <= 24 and max(map(len, lines)) <= 80
        assert place.run("help", name).stdout == result.stdout
        assert place.run("--version", program=link(place, name)).stdout.startswith(b"krm-sops ")


def test_keys_of_the_operator(place):
    (place.path / "mount").mkdir()
    (place.path / "mount" / "x.agekey").write_text((DATA / "age.agekey").read_text())
    asked = config(files=["secret-a.enc.yaml"])
    assert items_of(function(place, asked, env={}, args=["--keys-flat", place.path / "mount"])) == [plain("secret-a.enc.yaml")]
    assert items_of(function(place, asked, env={"KRM_SOPS_KEYS_FLAT": str(place.path / "mount")})) == [plain("secret-a.enc.yaml")]
    assert documents(plugin(place, asked, env={"KRM_SOPS_KEYS_FLAT": str(place.path / "mount")})) == [plain("secret-a.enc.yaml")]


@pytest.mark.parametrize("data", [b"", b"a: [", b"kind: Secret\n", b"kind: ResourceList\nitems: x\n", b"kind: ResourceList\nitems: [1]\n"])
def test_what_is_no_list_is_refused(place, data):
    refused(function(place, data), "stdin: ")


def test_differs_ksops_secret_has_a_name(place):
    for metadata in ({}, {"name": ""}, None):
        refused(function(place, config(secretFrom=[{"metadata": metadata}])), "'secretFrom[0].metadata.name' must be the name of the Secret")


def test_differs_ksops_key_has_a_name(place):
    refused(function(place, config(secretFrom=[{"metadata": {"name": "s"}, "files": ["=secret-a.enc.yaml"]}])), "'secretFrom[0].files[0]' must be PATH or KEY=PATH")


def test_differs_ksops_maps_are_written_once(place):
    refused(function(place, config(secretFrom=[{"metadata": {"name": "s"}, "Metadata": {"namespace": "ns"}}])), "'secretFrom[0].metadata' must be written once")
    for field in ("labels", "annotations"):
        refused(function(place, config(secretFrom=[{"metadata": {"name": "s", field: {"a": "b"}, field.upper(): {"c": "d"}}}])), f"metadata.{field}' must be written once")
    # Of texts and lists the last one counts, by the bytes of its name.
    assert items_of(function(place, config(FILES=["nothing"], files=[], secretFrom=[{"metadata": {"NAME": "x", "name": "s"}}]))) == [secret("s")]


def test_differs_ksops_writes_no_plaintext_into_the_tree(place):
    item = config(files=["secret-a.enc.yaml"])
    item["metadata"]["annotations"] = {"internal.config.kubernetes.io/path": "a.yaml"}
    refused(function(place, item), "would be written to files decrypted")


def test_output_that_can_not_be_written_is_an_error(place):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([link(place)], input=listing(config(files=["secret-a.enc.yaml"])), stdout=full, stderr=subprocess.PIPE, env=place.env(**KEYS), cwd=place.cwd, check=False)
    assert done.returncode == 1 and b"cannot write to stdout" in done.stderr


# ---------------------------------------------------------------------------------------------- install

def test_install_copies_the_program(place):
    target = place.path / "tools"
    target.mkdir()
    result = place.run("install", target, program=link(place))
    assert (result.status, result.stdout, result.message) == (0, b"", f"installed {target}/ksops\n")
    assert sorted(path.name for path in target.iterdir()) == ["ksops"]
    assert (target / "ksops").stat().st_mode & 0o7777 == 0o755 and not (target / "ksops").is_symlink()
    assert items_of(function(place, config(files=[]), env={})) == []
    assert place.run(program=str(target / "ksops"), stdin=listing(config(files=[]))).stdout == EMPTY
    # What is there already is replaced.
    (target / "ksops").write_bytes(b"old")
    assert place.run("install", f"{target}/", program=link(place)).status == 0
    assert (target / "ksops").read_bytes() == open(program_path(), "rb").read()


def test_install_under_our_own_name(place):
    target = place.path / "tools"
    target.mkdir()
    result = place.run("install", target)
    assert (result.status, result.stdout) == (0, b"") and (target / "ksops").readlink().name == "krm-sops"
    assert place.run(program=str(target / "ksops"), stdin=listing(config(files=[]))).stdout == EMPTY
    assert place.run("install", target).status == 0


def test_install_with_kustomize(place):
    target = place.path / "tools"
    target.mkdir()
    result = place.run("install", "--with-kustomize", target, program=link(place))
    if not os.path.exists("/usr/local/bin/kustomize"):
        refused(result, "no kustomize in /usr/local/bin, nor on PATH")
    fake = place.write("../bin/kustomize", "#!/bin/sh\n")
    fake.chmod(0o755)
    result = place.run("install", target, "--with-kustomize", program=link(place), env={"PATH": f"{fake.parent}:/usr/bin:/bin"})
    assert result.status == 0 and (target / "kustomize").stat().st_mode & 0o777 == 0o755
    if not os.path.exists("/usr/local/bin/kustomize"):
        assert (target / "kustomize").read_text() == "#!/bin/sh\n"


@pytest.mark.parametrize("argv, words", [([], "install requires a destination directory"), (["--with-kustomize"], "install requires a destination directory"),
                                         (["nowhere"], "cannot open 'nowhere'"), (["."] * 2, "unknown argument"), (["--x", "."], "unknown argument '--x'")])
def test_install_that_fails(place, argv, words):
    refused(place.run("install", *argv, program=link(place)), words)


def test_install_into_a_full_or_foreign_place_leaves_nothing(place):
    target = place.path / "tools"
    (target / "ksops" / "folder").mkdir(parents=True)
    refused(place.run("install", target, program=link(place)), "cannot create 'ksops'")
    assert [path.name for path in target.iterdir()] == ["ksops"]


# ---------------------------------------------------------------------------------------------- SopsSecretGenerator

def generator(name="s", **fields):
    return {"apiVersion": "goabout.com/v1beta1", "kind": "SopsSecretGenerator", "metadata": {"name": name}, **fields}


def b64(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


HASHED = {"kustomize.config.k8s.io/needs-hash": "true"}
FULL = generator(envs=["vars.enc.env", "vars.enc.yaml", "vars.enc.json"], files=["ENV_A=blob", "./values.enc.yaml"], type="Opaque", behavior="merge")
FULL["metadata"] |= {"namespace": "n", "labels": {"app": "x"}, "annotations": {"a": "b", "config.kubernetes.io/function": "exec: {}", "config.kubernetes.io/local-config": "true",
                                                                               "internal.config.kubernetes.io/index": "0"}}
MADE = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "s", "namespace": "n", "labels": {"app": "x"}, "annotations": {"a": "b", "kustomize.config.k8s.io/behavior": "merge", **HASHED}},
        "data": {"ENV_A": b64(PLAIN["blob"]), "ENV_B": b64('"quoted" # kept'), "ENV_C": "", "VAR_A": b64("one"), "VAR_N": b64("10"), "VAR_F": b64("1.5"), "VAR_B": b64("true"), "VAR_Z": "",
                 "JSON_A": b64("one"), "JSON_B": b64("two\nlines"), "values.enc.yaml": b64(PLAIN["values.enc.yaml"])}}


@pytest.mark.parametrize("name", ["SopsSecretGenerator", None])
def test_a_sops_secret_generator(place, name):
    """Under its name, and as the functionConfig of krm-sops itself. Values as SopsSecretGenerator 1.6 makes them."""
    link(place)
    run = (lambda item: function(place, item, name=name)) if name else (lambda item: place.run(stdin=listing(item), env=KEYS))
    assert items_of(run(FULL)) == [MADE]
    assert items_of(run(generator(disableNameSuffixHash=True))) == [{**secret("s"), "data": {}}]
    assert items_of(run({**generator(), "kind": "SopsSecret"})) == [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "annotations": HASHED}, "data": {}}]


def test_a_sops_secret_generator_as_plugin(place):
    assert documents(plugin(place, FULL, name="SopsSecretGenerator")) == [MADE]
    # yaml.v3 keeps the text of a scalar, and takes YAML 1.1's words where the field is a truth value.
    text = "apiVersion: goabout.com/v1beta1\nkind: SopsSecretGenerator\nmetadata: {name: 0012, labels: {a: yes, b: 1.50, c: !!int 7}}\ndisableNameSuffixHash: on\nunknown: 1\nFILES: [x]\n"
    found = documents(plugin(place, text, name="SopsSecretGenerator", env={}))
    assert found == [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "0012", "labels": {"a": "yes", "b": "1.50", "c": "7"}}, "data": {}}]


@pytest.mark.parametrize("item, words", [
    (config(files=[]), "input must be apiVersion goabout.com/v1beta1, kind SopsSecretGenerator"),
    (generator(""), "'metadata.name'"),
    (generator(envs=["vars.enc.ini"]), 'env source "vars.enc.ini": unknown file format, use dotenv, yaml or json'),
    (generator(envs=["blob"]), 'env source "blob": unknown file format'),
    (generator(envs=["numbers.enc.json"]), "env source \"numbers.enc.json\": 'JSON_A' is not a text"),
    (generator(envs=["secret-a.enc.yaml"]), "env source \"secret-a.enc.yaml\": 'metadata' is not a text"),
    (generator(envs=["nothing"]), 'env source "nothing": '),
    (generator(files=["k=nothing"]), 'file source "nothing": '),
    (generator(files=["a=b=c"]), "invalid format in file generator a=b=c"),
    (generator(files=["=b"]), "'files[0]'"),
    (generator(files=["b="]), "'files[0]'"),
    (generator(disableNameSuffixHash="maybe"), "'disableNameSuffixHash' must be true or false")])
def test_a_sops_secret_generator_that_is_wrong(place, item, words):
    refused(function(place, item, name="SopsSecretGenerator"), words)
    refused(plugin(place, item, name="SopsSecretGenerator"), words, status=2)
